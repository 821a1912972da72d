"""The hub itself: what it holds, who may see it, and the one place where a commit comes about."""

import threading
import time
from pathlib import Path

from .faults import FaultPlan
from .messages import HubError, Request
from .storage import Commit, FileEntry, ObjectStore, Repo, RepoStore
from .xet_store import XetFile, XetStore

# What a new dataset repository keeps as large files, from the Hub's own template.
LFS_SUFFIXES = (
    "7z arrow avro bin bz2 ckpt ftz gz h5 joblib lfs.* lz4 mds mlmodel model msgpack npy npz onnx ot parquet "
    "pb pickle pkl pt pth rar safetensors tar.* tar tflite tgz wasm xz zip zst "
    "pcm sam raw aac flac mp3 ogg wav bmp gif png tiff jpg jpeg webp mp4 webm"
)
GITATTRIBUTES = "".join(f"*.{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LFS_SUFFIXES.split())


class Hub:
    """State and rules, without HTTP; `url` is where the server listens."""

    def __init__(self, root: Path, *, user: str, token: str, page_size: int, url: str):
        self.user = user
        self.token = token
        self.page_size = page_size
        self.url = url
        self.objects = ObjectStore(root / "objects")
        self.repos = RepoStore(root / "repos")
        self.xet = XetStore(root / "xet")
        self.faults = FaultPlan()
        self.lock = threading.Lock()

    def authenticated(self, request: Request) -> bool:
        """Whether the request bears the user's token; a wrong one is refused even where none is needed."""
        authorization = request.headers.get("Authorization")
        if authorization is None:
            return False
        if authorization != f"Bearer {self.token}":
            raise HubError(401, "Invalid credentials in Authorization header")
        return True

    def require_user(self, request: Request) -> None:
        if not self.authenticated(request):
            raise HubError(401, "Invalid username or password.")

    def repo_for(self, request: Request, repo_id: str, *, write: bool = False) -> Repo:
        """The repository; to a stranger, as on the Hub, one that is private is as if it were not there."""
        known = self.authenticated(request)
        repo = self.repos.load(repo_id)
        if not known and (write or repo is None or repo.private):
            raise HubError(401, "Invalid username or password.", "RepoNotFound")
        if repo is None:
            raise HubError(404, "Repository not found", "RepoNotFound")
        return repo

    def commit_for(self, repo: Repo, revision: str) -> Commit:
        commit = repo.find(revision)
        if commit is None:
            raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return commit

    def create_repo(self, repo_id: str, *, private: bool) -> None:
        repo = Repo(repo_id, private)
        attributes = GITATTRIBUTES.encode()
        self.objects.put(attributes)
        self._commit(repo, {".gitattributes": FileEntry.regular(attributes)}, "initial commit")

    def commit(
        self,
        repo_id: str,
        files: dict[str, FileEntry | None],
        *,
        title: str,
        description: str = "",
        parent: str | None = None,
    ) -> Commit:
        """Add or replace files, whose contents are here already, or delete them (None), all in one commit.

        Raises HubError 412 if `parent` is given and is not the head any more, 404 for a deleted file that
        is not there.
        """
        with self.lock:
            repo = self.repos.load(repo_id)
            if parent is not None and not repo.head.oid.startswith(parent):
                raise HubError(412, "A commit has happened since. Please refresh and try again.")
            after = dict(repo.head.files)
            for path, entry in files.items():
                if entry is not None:
                    after[path] = entry
                elif after.pop(path, None) is None:
                    raise HubError(404, "A file with this name doesn't exist", "EntryNotFound")
            return self._commit(repo, after, title, description)

    def foreign_commit(self, repo_id: str) -> Commit:
        """A commit by nobody who is under test: a new file foreign/{number of commits}.txt."""
        name = f"foreign/{len(self.repos.load(repo_id).commits)}.txt"
        self.objects.put(name.encode())
        return self.commit(repo_id, {name: FileEntry.regular(name.encode())}, title="foreign commit")

    def _commit(self, repo: Repo, files: dict[str, FileEntry], title: str, description: str = "") -> Commit:
        author = f"{self.user} <{self.user}@localhost>"
        commit = repo.add_commit(files, title=title, description=description, author=author, seconds=int(time.time()))
        self.repos.save(repo)
        return commit

    def has_content(self, sha256: str, size: int) -> bool:
        """Whether a file of this content has been uploaded, by LFS or Xet."""
        if self.objects.size(sha256) is not None:
            return self.objects.size(sha256) == size
        xet_file = self.xet.find(sha256)
        return xet_file is not None and xet_file.size == size

    def content(self, entry: FileEntry) -> bytes:
        """The content of a file; one that came by Xet is put together once and kept."""
        if self.objects.size(entry.sha256) is None:
            self.objects.put(self.xet.read(XetFile(entry.xet_hash, entry.sha256, entry.size)))
        return self.objects.read(entry.sha256)
