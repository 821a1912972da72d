"""A dataset repository on the Hub: what it holds, and commits that are checked against it."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from subject_zoo.base.errors import UserError
from subject_zoo.hub.client import readable_errors

_TYPE = "dataset"
_IS_THERE = 409
_NOT_ALLOWED = {401, 402, 403}  # to create a repository; perhaps to write to one that is there
_PATHS = 500  # paths in one question: the Hub takes 1,000


@dataclass(frozen=True)
class RemoteFile:
    """A file as the repository's tree names it: by the sha256 of its content where that is large, else by git's id."""

    sha256: str | None
    blob_id: str


@dataclass(frozen=True)
class Content:
    """What a file is to hold: the bytes themselves, or those of a local file."""

    source: Path | bytes

    @cached_property
    def sha256(self) -> str:
        return self._digest(hashlib.sha256())

    @cached_property
    def blob_id(self) -> str:
        """git's id of a file that it stores itself."""
        size = len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size
        return self._digest(hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False))

    def _digest(self, digest: "hashlib._Hash") -> str:
        if isinstance(self.source, bytes):
            digest.update(self.source)
        else:
            with open(self.source, "rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()

    def is_in(self, remote: RemoteFile | None) -> bool:
        """Whether the remote file holds exactly this."""
        if remote is None:
            return False
        return self.blob_id == remote.blob_id if remote.sha256 is None else self.sha256 == remote.sha256


@dataclass(frozen=True)
class Head:
    """The last commit's id, and whether only those who may can see the repository."""

    commit: str
    is_private: bool


@dataclass(frozen=True)
class Change:
    """What one commit adds or replaces, and what it deletes, by path in the repository."""

    additions: Mapping[str, Content]
    deletions: Collection[str] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.additions or self.deletions)


class HubRepository:
    """A dataset repository's branch `main`.

    Every method asks once. It raises Transient for what may pass, "another change came first" included, and
    UserError for what a person has to mend; neither holds a token or an address.
    """

    def __init__(self, repo_id: str, endpoint: str | None = None) -> None:
        """`endpoint` is the Hub's address: None is that of HF_ENDPOINT, or the public one."""
        self.repo_id = repo_id
        self._api = HfApi(endpoint=endpoint)

    def create(self, private: bool) -> None:
        """Create the repository if it is not there, and see that the token may write to it."""
        with readable_errors(self.repo_id):
            try:
                self._api.create_repo(self.repo_id, repo_type=_TYPE, private=private)
            except HfHubHTTPError as error:
                status = error.response.status_code
                if status != _IS_THERE and not (status in _NOT_ALLOWED and self._exists()):
                    raise
            # The first step of a commit, which asks for the right to write and changes nothing.
            self._api.preupload_lfs_files(self.repo_id, [CommitOperationAdd("README.md", b"#")], repo_type=_TYPE)

    def _exists(self) -> bool:
        try:
            self._api.dataset_info(self.repo_id, expand=["sha"])
        except HfHubHTTPError:
            return False
        return True

    def _ask_to_send(self) -> None:
        """Raise what the Hub says where it does not let large files be sent."""
        address = f"{self._api.endpoint}/api/datasets/{self.repo_id}/xet-write-token/main"
        hf_raise_for_status(get_session().get(address, headers=build_hf_headers()))

    def head(self) -> Head:
        """The state of `main`."""
        with readable_errors(self.repo_id):
            info = self._api.dataset_info(self.repo_id, expand=["sha", "private"])
            return Head(str(info.sha), bool(info.private))

    def files(self, revision: str, paths: Collection[str] | None = None) -> dict[str, RemoteFile]:
        """The files that a commit's tree holds, by path: all of them, or those among `paths`."""
        with readable_errors(self.repo_id):
            if paths is None:
                found = self._api.list_repo_tree(self.repo_id, recursive=True, revision=revision, repo_type=_TYPE)
                return _remote_files(found)
            files: dict[str, RemoteFile] = {}
            asked = sorted(paths)
            for start in range(0, len(asked), _PATHS):
                part = asked[start : start + _PATHS]
                files |= _remote_files(self._api.get_paths_info(self.repo_id, part, revision=revision, repo_type=_TYPE))
            return files

    def read(self, path: str, revision: str) -> bytes:
        """The content of a file that is in the tree of a commit."""
        with readable_errors(self.repo_id):
            address = hf_hub_url(self.repo_id, path, repo_type=_TYPE, revision=revision, endpoint=self._api.endpoint)
            response = get_session().get(address, headers=build_hf_headers())
            hf_raise_for_status(response)
            return response.content

    def tag(self, name: str, commit: str) -> None:
        """Let a tag name a commit; one that is there stays where it is."""
        with readable_errors(self.repo_id):
            there = self._api.list_repo_refs(self.repo_id, repo_type=_TYPE).tags
            if name not in {ref.name for ref in there}:
                self._api.create_tag(self.repo_id, tag=name, revision=commit, repo_type=_TYPE)

    def commit(self, change: Change, title: str, parent: str) -> str:
        """Make a change in one commit on top of `parent`, check it against the new tree, and return its id.

        Operations are made anew at each call: the library notes in them how far an upload has come, and would make
        a second commit of those of a first whose answer was lost.
        """
        operations: list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete] = [
            *(CommitOperationAdd(path, content.source) for path, content in change.additions.items()),
            *(CommitOperationDelete(path, is_folder=False) for path in sorted(change.deletions)),
        ]
        with readable_errors(self.repo_id):
            try:
                made = self._api.create_commit(
                    self.repo_id, operations, commit_message=title, repo_type=_TYPE, parent_commit=parent
                )
            except ConnectionError:  # hf_xet's, which tells no reason of the Hub's
                self._ask_to_send()
                raise
        remote = self.files(made.oid, {*change.additions, *change.deletions})
        wrong = [path for path, content in change.additions.items() if not content.is_in(remote.get(path))]
        wrong += [path for path in change.deletions if path in remote]
        if wrong:
            raise UserError(
                f"{self.repo_id}: after commit {made.oid} the repository does not hold what was sent: {wrong[0]}"
            )
        return made.oid


def _remote_files(entries: Iterable[object]) -> dict[str, RemoteFile]:
    return {
        entry.path: RemoteFile(entry.lfs.sha256 if entry.lfs else None, entry.blob_id)
        for entry in entries
        if isinstance(entry, RepoFile)
    }
