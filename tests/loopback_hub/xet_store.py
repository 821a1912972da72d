"""The Xet side: a `local://` store that hf_xet itself writes and reads, and what the hub must know of it.

hf_xet opens a store's database (global_dedup_lookup.redb) exclusively and keeps it for as long as the
process lives. So one process at a time uploads, as publishing does, and whoever reads is given a view: links
to the store's data beside a copy of its database, taken when a commit arrived and no upload was under way.
"""

import hashlib
import os
import shutil
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

XORBS = Path("xet") / "xorbs"
DATABASE = "global_dedup_lookup.redb"

# Layout of a shard (xet-core, metadata_shard): a header, then one record a file. Every part has 48 bytes.
RECORD_BYTES = 48
HEADER_TAG = b"HFRepoMetaData"
END_OF_FILES = b"\xff" * 32
HAS_METADATA = 1 << 30
HAS_VERIFICATION = 1 << 31


@dataclass(frozen=True)
class XetFile:
    """A file in the store: hf_xet's own hash of it (hex), the sha256 of its content and its size in bytes."""

    hash: str
    sha256: str
    size: int


def parse_shard(shard: bytes) -> Iterator[XetFile]:
    """The files that a shard describes and whose sha256 it tells."""
    if not shard.startswith(HEADER_TAG):
        raise ValueError("this is no Xet shard")
    offset = RECORD_BYTES
    while (name := shard[offset : offset + 32]) != END_OF_FILES:
        flags, count = struct.unpack_from("<II", shard, offset + 32)
        segments = range(offset + RECORD_BYTES, offset + RECORD_BYTES * (1 + count), RECORD_BYTES)
        size = sum(struct.unpack_from("<I", shard, segment + 36)[0] for segment in segments)
        offset += RECORD_BYTES * (1 + count)
        if flags & HAS_VERIFICATION:
            offset += RECORD_BYTES * count
        if flags & HAS_METADATA:
            yield XetFile(_hex(name), _hex(shard[offset : offset + 32]), size)
            offset += RECORD_BYTES


def _hex(digest: bytes) -> str:
    """Xet writes a hash as four little-endian 64-bit numbers."""
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", digest))


class XetStore:
    """The store under `root`; safe to call from several threads."""

    def __init__(self, root: Path):
        self.store = root / "store"
        self.views = root / "views"
        self.database_copy = root / DATABASE
        self._files: dict[str, XetFile] = {}
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    @property
    def write_url(self) -> str:
        self.store.mkdir(parents=True, exist_ok=True)
        return f"local://{self.store}"

    def find(self, sha256: str) -> XetFile | None:
        """The file of this content, None if no upload of it has been completed."""
        with self._lock:
            if sha256 not in self._files:
                self._read_new_shards()
            return self._files.get(sha256)

    def _read_new_shards(self) -> None:
        for path in (self.store / XORBS / "shards").glob("*.mdb"):
            if path.name not in self._seen:
                self._files.update((file.sha256, file) for file in parse_shard(path.read_bytes()))
                self._seen.add(path.name)

    def checkpoint(self) -> None:
        """Copy the database for later readers; called when an upload has ended, at its commit."""
        with self._lock:
            temporary = self.database_copy.with_suffix(".new")
            shutil.copyfile(self.store / XORBS / DATABASE, temporary)
            os.replace(temporary, self.database_copy)

    def read_url(self) -> str:
        """A fresh view of the store as it was at the last checkpoint."""
        view = self.views / uuid.uuid4().hex / XORBS
        view.mkdir(parents=True)
        for name in ("xorbs", "shards"):
            (view / name).symlink_to(self.store / XORBS / name)
        with self._lock:
            shutil.copyfile(self.database_copy, view / DATABASE)
        return f"local://{view.parent.parent}"

    def read(self, file: XetFile) -> bytes:
        """The content of a file, put together again by hf_xet."""
        from hf_xet import XetFileInfo, XetSession

        url = self.read_url()
        target = Path(url.removeprefix("local://")) / "content"
        downloads = XetSession().new_file_download_group(
            endpoint=url, token="local", token_expiry_unix_secs=int(time.time()) + 3600
        )
        with downloads:
            downloads.start_download_file(XetFileInfo(file.hash, file.size), str(target))
        content = target.read_bytes()
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise ValueError(f"the Xet store holds something else under {file.sha256}")
        return content
