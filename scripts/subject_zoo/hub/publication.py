"""What the repository of a dataset holds after each commit: always a whole dataset, that its manifest names exactly.

While shards are made, a commit adds some of them and brings the title pages up to date; at the end one commit makes
the repository equal to the finished folder. Each is planned from what the head holds, at every try anew: so nothing
is sent twice, whatever was interrupted, an answer that was lost is found to have been a success, and what a person did
there meanwhile is seen: what is ours is mended, what they wrote into the card stays, and beside files of theirs where
readers of the dataset would meet them nothing is published.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import parse_json
from subject_zoo.dataset.edited_card import with_edits
from subject_zoo.dataset.folder import describe_file, with_card
from subject_zoo.dataset.layout import CARD, MANIFEST, SEQUENCE_FILES, shard_of
from subject_zoo.dataset.standing import version_tag
from subject_zoo.hub.client import Patience, patiently
from subject_zoo.hub.comparison import Files, differences, examples_in, lost
from subject_zoo.hub.repository import Change, Content, Head, HubRepository, RemoteFile

_CHOOSE = "choose another publish.repo_id"
_REPLACE = f"set publish.replace to true if that is meant, or {_CHOOSE}"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _State:
    """What the head's tree holds, and what its manifest says: the entries of its files (none where nothing is
    published), the licence that was generated, and what makes it another dataset than this one, in words."""

    head: Head
    tree: Mapping[str, RemoteFile]
    files: Files
    license: str | None
    differences: str


class Publication:
    """A dataset, by its configuration and the digests of its manifest, and the repository that it is published in.

    A repository that is public where `private` is set is left alone, and so is one that holds anything else: every
    method raises UserError then. With `replace`, another dataset of this project may be replaced, by `complete`.
    """

    def __init__(
        self,
        repository: HubRepository,
        config: Mapping[str, Any],
        digests: Mapping[str, str],
        patience: Patience,
        *,
        private: bool,
        replace: bool = False,
    ) -> None:
        self._repository, self._name = repository, repository.repo_id
        self._config, self._digests, self._patience = config, digests, patience
        self._private, self._replace = private, replace

    def open(self) -> tuple[str, bool]:
        """Create the repository where it is missing, and see that the token may write there.

        Its head, and whether shards can be added one after the other: not where it holds another dataset, which stays
        as it is until `complete` replaces it all at once.
        """

        def look() -> _State:
            self._repository.create(self._private)
            state = self._look()
            there, wanted = examples_in(state.files), self._config["num_examples"]
            if there > wanted and not self._replace:
                raise UserError(
                    f"{self._name} holds {there} examples and num_examples is {wanted}: {there - wanted} would be "
                    f"taken away; ask for {there} or more, {_REPLACE}"
                )
            return state

        state = patiently(f"open {self._name}", look, self._patience)
        if not self._private and state.head.is_private:
            _log.warning("%s is private, though publish.private is false: it stays so", self._name)
        return state.head.commit, not state.differences

    def add_shards(
        self,
        shards: Iterable[str],
        files_of: Callable[[str], Mapping[str, Path]],
        sequences: Mapping[str, Path],
        title_pages: Callable[[Files], Mapping[str, bytes]],
    ) -> tuple[str, bool, Files]:
        """Bring whole shards into the repository, with title pages for all that it then holds, in one commit.

        files_of      a shard's files by path in the repository; of other shards too, to mend what was spoilt there
        sequences     the files of SEQUENCE_FILES
        title_pages   CARD and MANIFEST, as bytes, for a dataset of these files

        The id of a commit whose tree holds the shards, whether it was made here (not where the head holds them
        already), and their files' manifest entries.
        """
        names = sorted(shards)
        sources = {path: source for shard in names for path, source in files_of(shard).items()}
        contents = {path: Content(source) for path, source in sources.items()}
        files = {path: describe_file(source) for path, source in sources.items()}
        common = {path: Content(source) for path, source in sequences.items()}

        def change(state: _State) -> Change:
            if state.differences:
                raise UserError(f"{self._name} holds another dataset, which is replaced when this one is whole")
            before, remote = state.files, state.tree
            missing = {path: content for path, content in contents.items() if not content.is_in(remote.get(path))}
            missing |= self._mended(state, {*names}, files_of)
            outdated = {path for path in before if shard_of(path) in names} - {*files}
            standing = not missing and not outdated and all(before.get(path) == entry for path, entry in files.items())
            # What an earlier dataset tells of itself as a whole goes too: this one grows.
            outdated |= {path for path in before if shard_of(path) is None} - {CARD, *SEQUENCE_FILES}
            after = {path: entry for path, entry in before.items() if path not in {CARD, *outdated}} | files
            after |= {path: describe_file(source) for path, source in sequences.items()}
            self._keep(before, after)
            if standing:
                return Change({})
            changed = {path: content for path, content in common.items() if not content.is_in(remote.get(path))}
            pages = self._with_edits(state, title_pages(after))
            return Change({**missing, **changed, **pages}, outdated & {*remote})

        title = f"Shard {names[0]}" if len(names) == 1 else f"Shards {names[0]} to {names[-1]}"
        return *self._commit(change, title, f"publish {title.lower()}"), files

    def complete(self, folder: Path) -> str:
        """Make the repository equal to a finished dataset's folder, in one commit or none: the head's id then.

        What its manifest there names, and is not of the folder, is deleted; all else is left alone.
        """
        manifest_page = (folder / MANIFEST).read_bytes()
        files = json.loads(manifest_page)["files"]
        contents = {path: Content(folder / path) for path in files}

        def change(state: _State) -> Change:
            if not state.differences:
                self._keep(state.files, files)
            pages = self._with_edits(state, {CARD: (folder / CARD).read_bytes(), MANIFEST: manifest_page})
            wanted = {**contents, **pages}
            missing = {path: content for path, content in wanted.items() if not content.is_in(state.tree.get(path))}
            return Change(missing, {path for path in state.files if path in state.tree} - {*wanted})

        return self._commit(change, "The whole dataset", "publish the whole dataset")[0]

    def tag(self, commit: str) -> str:
        """Give a commit of a finished dataset the tag of that dataset, by its manifest there: one tag for each digest.

        Raises UserError that says that the dataset is whole all the same.
        """

        def attempt() -> str:
            name = version_tag(parse_json(self._repository.read(MANIFEST, commit)))
            self._repository.tag(name, commit)
            return name

        try:
            return patiently(f"tag the dataset in {self._name}", attempt, self._patience)
        except UserError as error:
            raise UserError(f"the dataset is whole at {commit[:12]}, but has no version tag: {error}") from None

    def _commit(self, plan: Callable[[_State], Change], title: str, what: str) -> tuple[str, bool]:
        def attempt() -> tuple[str, bool]:
            state = self._look()
            change = plan(state)
            head = state.head.commit
            return (self._repository.commit(change, title, parent=head), True) if change else (head, False)

        return patiently(f"{what} in {self._name}", attempt, self._patience)

    def _look(self) -> _State:
        """The state of the head, which is refused where something has to be asked or mended first."""
        head = self._repository.head()
        if self._private and not head.is_private:
            raise UserError(
                f"{self._name} is public, and publish.private is true: set publish.private to false, make the "
                f"repository private in its settings, or {_CHOOSE}"
            )
        state = self._state(head)
        if state.differences and not self._replace:
            raise UserError(f"{self._name} holds another dataset: {state.differences}; {_REPLACE}")
        return state

    def _state(self, head: Head) -> _State:
        tree = self._repository.files(head.commit)
        ours = sorted(path for path in tree if shard_of(path) is not None)
        if MANIFEST not in tree:
            if ours:
                raise UserError(
                    f"{self._name} holds {ours[0]}, and no {MANIFEST} that names it: bring that back from the "
                    f"repository's history or delete the file, or {_CHOOSE}"
                )
            return _State(head, tree, {}, None, "")
        try:
            manifest = parse_json(self._repository.read(MANIFEST, head.commit))
            files = {path: {**entry, "sha256": entry["sha256"]} for path, entry in manifest["files"].items()}
            examples_in(files)  # raises where an entry lacks what is read of it below
            differ = differences(manifest, self._config, self._digests)
            state = _State(head, tree, files, manifest.get("license"), differ)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UserError(
                f"{self._name} holds something else: its {MANIFEST} is not one of this project; bring that back from "
                f"the repository's history where it was one, or {_CHOOSE}"
            ) from None
        if strangers := [path for path in ours if path not in state.files]:
            raise UserError(
                f"{self._name} holds {strangers[0]}, which is none of this dataset's files: readers would mix them; "
                f"move it to another folder or delete it, or {_CHOOSE}"
            )
        return state

    def _keep(self, before: Files, after: Files) -> None:
        """See that published examples stay, but with `replace`."""
        if (words := lost(before, after)) and not self._replace:
            raise UserError(f"{self._name}: {words}; {_REPLACE}")

    def _mended(
        self, state: _State, but: set[str], files_of: Callable[[str], Mapping[str, Path]]
    ) -> dict[str, Content]:
        """What somebody deleted or changed of published shards, but those that are sent anyway."""
        mended = {}
        for path, entry in state.files.items():
            shard, remote = shard_of(path), state.tree.get(path)
            if shard is None or shard in but or (remote and remote.sha256 in (entry["sha256"], None)):
                continue
            source = files_of(shard).get(path)
            if source is None or not source.exists() or describe_file(source) != entry:
                raise UserError(
                    f"{self._name}: {path} was deleted or changed there, and is not here as it was; the whole dataset "
                    "brings it back when it is done"
                )
            mended[path] = Content(source)
        return mended

    def _with_edits(self, state: _State, pages: Mapping[str, bytes]) -> dict[str, Content]:
        """Title pages with what a person wrote into the card that stands there."""
        card = pages[CARD]
        if CARD in state.tree:
            standing = self._repository.read(CARD, state.head.commit).decode(errors="replace")
            try:
                card = with_edits(card.decode(), standing, state.license).encode()
            except UserError as error:
                raise UserError(f"{self._name}: {error}") from None
        manifest_page = pages[MANIFEST] if card == pages[CARD] else with_card(pages[MANIFEST], card)
        return {CARD: Content(card), MANIFEST: Content(manifest_page)}
