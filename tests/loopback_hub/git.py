"""Git's own object names, so that the ids that the hub reports are those that a git client would compute."""

import hashlib
from collections.abc import Mapping


def _object_id(kind: str, content: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content).hexdigest()


def blob_id(content: bytes) -> str:
    """The sha1 of a file's content as git stores it."""
    return _object_id("blob", content)


def lfs_pointer(sha256: str, size: int) -> bytes:
    """The small text file that git holds in place of a large one (git-lfs specification, version 1)."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def tree_ids(blobs: Mapping[str, str]) -> dict[str, str]:
    """The id of every folder of a repository, from {path: blob id}; the root's name is ""."""
    children: dict[str, dict[str, str]] = {"": {}}
    for path, blob in blobs.items():
        parent, _, name = path.rpartition("/")
        children.setdefault(parent, {})[name] = blob
        while parent:
            parent, _, name = parent.rpartition("/")
            children.setdefault(parent, {}).setdefault(name, "")
    ids: dict[str, str] = {}
    for folder in sorted(children, key=lambda name: name.count("/") + bool(name), reverse=True):
        ids[folder] = _tree_id(folder, children[folder], ids)
    return ids


def _tree_id(folder: str, entries: Mapping[str, str], folder_ids: Mapping[str, str]) -> str:
    lines = []
    for name, blob in entries.items():
        if blob:
            lines.append((name.encode(), b"100644", blob))
        else:
            # Git sorts a folder as if its name ended with a slash.
            lines.append((name.encode() + b"/", b"40000", folder_ids[f"{folder}/{name}".lstrip("/")]))
    content = b"".join(
        mode + b" " + name.rstrip(b"/") + b"\0" + bytes.fromhex(oid) for name, mode, oid in sorted(lines)
    )
    return _object_id("tree", content)


def commit_id(*, tree: str, parent: str | None, author: str, seconds: int, message: str) -> str:
    """The id of a commit written in UTC by `author` ("Name <mail>"), who is the committer too."""
    lines = [f"tree {tree}"]
    if parent is not None:
        lines.append(f"parent {parent}")
    lines += [f"author {author} {seconds} +0000", f"committer {author} {seconds} +0000", "", message]
    return _object_id("commit", "\n".join(lines).encode())
