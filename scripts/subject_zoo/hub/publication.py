"""What the repository of a dataset holds after each commit: always a whole dataset, that its manifest names exactly.

While shards are made, a commit adds some of them and brings the title pages up to date; at the end one commit makes
the repository equal to the finished folder. Each is planned from what the head holds, at every try anew: so nothing
is sent twice, whatever was interrupted, and an answer that was lost is found to have been a success.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.folder import describe_file
from subject_zoo.dataset.layout import CARD, MANIFEST, SEQUENCE_FILES, shard_of
from subject_zoo.hub.client import Patience, patiently
from subject_zoo.hub.repository import Change, Content, HubRepository

_CHOOSE = "choose another publish.repo_id"

Files = Mapping[str, Mapping[str, Any]]  # a manifest's entries: sha256, size and rows, by path


@dataclass(frozen=True)
class _Held:
    """What a manifest in the repository says: the entries of its files, and how examples are cut into shards."""

    files: Files
    arrangement: Mapping[str, Any]


class Publication:
    """A dataset, by its configuration and the digests of its manifest, and the repository that it is published in.

    A repository that holds anything else is left alone: every method raises UserError then.
    """

    def __init__(
        self, repository: HubRepository, config: Mapping[str, Any], digests: Mapping[str, str], patience: Patience
    ) -> None:
        self._repository = repository
        self._identity = {"seed": config["seed"], **digests}
        self._arrangement = _arrangement(config)
        self._patience = patience

    def open(self, private: bool) -> tuple[str, bool]:
        """Create the repository where it is missing, and see that the token may write there.

        Its head, and whether shards can be added one after the other: not where it holds the same examples cut into
        other shards, which stay as they are until `complete` replaces them all at once.
        """

        def look() -> tuple[str, bool]:
            self._repository.create(private)
            head = self._repository.head()
            held = self._held(head)
            return head, held is None or held.arrangement == self._arrangement

        return patiently(f"open {self._repository.repo_id}", look, self._patience)

    def add_shards(
        self,
        shards: Mapping[str, Mapping[str, Path]],
        sequences: Mapping[str, Path],
        title_pages: Callable[[Files], Mapping[str, bytes]],
    ) -> tuple[str, bool, Files]:
        """Bring whole shards into the repository, with title pages for all that it then holds, in one commit.

        shards        the files of each by path in the repository
        sequences     the files of SEQUENCE_FILES
        title_pages   CARD and MANIFEST, as bytes, for a dataset of these files

        The id of a commit whose tree holds the shards, whether it was made here (not where the head holds them
        already), and their files' manifest entries.
        """
        sources = {path: source for files in shards.values() for path, source in files.items()}
        contents = {path: Content(source) for path, source in sources.items()}
        files = {path: describe_file(source) for path, source in sources.items()}
        common = {path: Content(source) for path, source in sequences.items()}

        def change(head: str) -> Change:
            held = self._held(head)
            if held and held.arrangement != self._arrangement:
                raise UserError(f"{self._taken}: the same examples, cut into other shards; {_CHOOSE}")
            before = held.files if held else {}
            remote = self._repository.files(head, {*contents, *SEQUENCE_FILES})
            missing = {path: content for path, content in contents.items() if not content.is_in(remote.get(path))}
            outdated = {path for path in before if shard_of(path) in shards} - {*files}
            if not missing and not outdated and all(before.get(path) == entry for path, entry in files.items()):
                return Change({})
            # What an earlier dataset tells of itself as a whole goes too: this one grows.
            outdated |= {path for path in before if shard_of(path) is None} - {CARD, *SEQUENCE_FILES}
            after = {path: entry for path, entry in before.items() if path not in {CARD, *outdated}} | files
            after |= {path: describe_file(source) for path, source in sequences.items()}
            pages = {path: Content(page) for path, page in title_pages(after).items()}
            changed = {path: content for path, content in common.items() if not content.is_in(remote.get(path))}
            gone = {*self._repository.files(head, outdated)} if outdated else ()
            return Change({**missing, **changed, **pages}, gone)

        names = sorted(shards)
        title = f"Shard {names[0]}" if len(names) == 1 else f"Shards {names[0]} to {names[-1]}"
        return *self._commit(change, title, f"publish {title.lower()}"), files

    def complete(self, folder: Path, files: Iterable[str]) -> str:
        """Make the repository equal to a dataset folder with these files, in one commit or none: the head's id then.

        What lies in SHARD_FOLDERS there or is named by the manifest there, and is not of the folder, is deleted; all
        else is left alone.
        """
        contents = {path: Content(folder / path) for path in files}

        def change(head: str) -> Change:
            held = self._held(head)
            named = held.files if held else ()
            remote = self._repository.files(head)
            missing = {path: content for path, content in contents.items() if not content.is_in(remote.get(path))}
            return Change(
                missing, {path for path in remote if shard_of(path) is not None or path in named} - {*contents}
            )

        return self._commit(change, "The whole dataset", "publish the whole dataset")[0]

    def _commit(self, plan: Callable[[str], Change], title: str, what: str) -> tuple[str, bool]:
        def attempt() -> tuple[str, bool]:
            head = self._repository.head()
            change = plan(head)
            return (self._repository.commit(change, title, parent=head), True) if change else (head, False)

        return patiently(f"{what} in {self._repository.repo_id}", attempt, self._patience)

    def _held(self, head: str) -> _Held | None:
        """What the manifest in a commit's tree says; None where nothing is published yet."""
        if MANIFEST not in self._repository.files(head, [MANIFEST]):
            strangers = [path for path in self._repository.files(head) if shard_of(path) is not None]
            if strangers:
                raise UserError(f"{self._taken}: {strangers[0]}, and no {MANIFEST}; {_CHOOSE}")
            return None
        try:
            manifest = json.loads(self._repository.read(MANIFEST, head))
            identity = {key: manifest[key] for key in self._identity}
            held = _Held(manifest["files"], _arrangement(manifest["config"]))
        except (ValueError, KeyError, TypeError):
            raise UserError(f"{self._taken}: its {MANIFEST} is not one of this project; {_CHOOSE}") from None
        for key, value in self._identity.items():
            if identity[key] != value:
                raise UserError(f"{self._taken}: its {key} is {identity[key]}, here it is {value}; {_CHOOSE}")
        return held

    @property
    def _taken(self) -> str:
        return f"{self._repository.repo_id} holds something else"


def _arrangement(config: Mapping[str, Any]) -> dict[str, Any]:
    """What of a configuration decides which examples stand in which file of a shard."""
    return {"shard": config["examples_per_job"] * config["ranges_per_shard"], "splits": config["splits"]}
