"""What the hub holds, on disk: contents by their sha256, and one JSON file a repository.

Every file appears by a rename, so a server killed at any moment leaves the state before a request or
after it. Nothing is fsynced: a killed process loses no write that the kernel has taken.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from . import git


def write_atomically(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(temporary, path)


class ObjectStore:
    """Contents of files, each under its sha256."""

    def __init__(self, root: Path):
        self.root = root

    def path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256

    def size(self, sha256: str) -> int | None:
        """The size of a content in bytes, None if it is not here."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        if self.size(sha256) is None:
            write_atomically(self.path(sha256), content)
        return sha256

    def read(self, sha256: str) -> bytes:
        return self.path(sha256).read_bytes()


@dataclass(frozen=True)
class FileEntry:
    """One file of one commit.

    `blob_id` is the sha1 of the content, or of the LFS pointer if `lfs`; `xet_hash` is hf_xet's name for a
    content that came by Xet.
    """

    size: int
    sha256: str
    blob_id: str
    lfs: bool
    xet_hash: str | None = None

    @classmethod
    def regular(cls, content: bytes) -> "FileEntry":
        return cls(len(content), hashlib.sha256(content).hexdigest(), git.blob_id(content), lfs=False)

    @classmethod
    def large(cls, sha256: str, size: int, xet_hash: str | None) -> "FileEntry":
        return cls(size, sha256, git.blob_id(git.lfs_pointer(sha256, size)), lfs=True, xet_hash=xet_hash)


@dataclass(frozen=True)
class Commit:
    """One commit with every file that the repository holds after it; `tree` is git's id of all of them."""

    oid: str
    parent: str | None
    tree: str
    title: str
    description: str
    author: str
    seconds: int
    files: dict[str, FileEntry]

    @property
    def date(self) -> str:
        return datetime.fromtimestamp(self.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass
class Repo:
    """A dataset repository: a line of commits, oldest first, the last one the head of `main`; commits' ids by tag."""

    id: str
    private: bool
    commits: list[Commit] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def find(self, revision: str) -> Commit | None:
        """The commit that `main`, a tag or (at least 7 digits of) a commit id names, None if there is none."""
        if revision in ("main", "refs/heads/main"):
            return self.head
        revision = self.tags.get(revision.removeprefix("refs/tags/"), revision)
        if len(revision) < 7:
            return None
        return next((commit for commit in self.commits if commit.oid.startswith(revision)), None)

    def add_commit(
        self, files: dict[str, FileEntry], *, title: str, description: str, author: str, seconds: int
    ) -> Commit:
        parent = self.head.oid if self.commits else None
        tree = git.tree_ids({path: entry.blob_id for path, entry in files.items()})[""]
        message = f"{title}\n\n{description}" if description else title
        oid = git.commit_id(tree=tree, parent=parent, author=author, seconds=seconds, message=message)
        self.commits.append(Commit(oid, parent, tree, title, description, author, seconds, files))
        return self.head


class RepoStore:
    """Repositories, each a JSON file; whoever changes one holds the hub's lock."""

    def __init__(self, root: Path):
        self.root = root

    def path(self, repo_id: str) -> Path:
        return self.root / f"{repo_id}.json"

    def load(self, repo_id: str) -> Repo | None:
        try:
            record = json.loads(self.path(repo_id).read_bytes())
        except FileNotFoundError:
            return None
        commits = record.pop("commits")
        for commit in commits:
            commit["files"] = {path: FileEntry(**entry) for path, entry in commit["files"].items()}
        return Repo(**record, commits=[Commit(**commit) for commit in commits])

    def save(self, repo: Repo) -> None:
        write_atomically(self.path(repo.id), json.dumps(asdict(repo)).encode())
