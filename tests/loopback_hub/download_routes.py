"""What a client goes through to read a file: over HTTP, whole or a range, or over Xet."""

import re

from .hub import Hub
from .messages import HubError, Request, Response
from .storage import FileEntry
from .upload_routes import xet_connection

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def resolve(hub: Hub, request: Request, repo: str, revision: str, path: str) -> Response:
    """The content of a file; headers tell its commit, its id and, if it came by Xet, its Xet hash."""
    commit = hub.commit_for(hub.repo_for(request, repo), revision)
    entry = commit.files.get(path)
    if entry is None:
        raise HubError(404, "Entry not found", "EntryNotFound", **{"X-Repo-Commit": commit.oid})
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "X-Repo-Commit": commit.oid,
        "ETag": f'"{entry.sha256 if entry.lfs else entry.blob_id}"',
    }
    if entry.lfs:
        headers |= {"X-Linked-Etag": headers["ETag"], "X-Linked-Size": str(entry.size)}
    if entry.xet_hash is not None:
        token_url = f"{hub.url}/api/datasets/{repo}/xet-read-token/{commit.oid}"
        headers |= {"X-Xet-Hash": entry.xet_hash, "Link": f'<{token_url}>; rel="xet-auth"'}
    return _content(hub, entry, headers, request.headers.get("Range"))


def _content(hub: Hub, entry: FileEntry, headers: dict[str, str], wanted: str | None) -> Response:
    match = RANGE.fullmatch(wanted or "")
    if match is None or match.groups() == ("", ""):
        headers["Content-Length"] = str(entry.size)
        return Response(200, headers, lambda: hub.content(entry))
    first, last = match.groups()
    if first:
        start, stop = int(first), min(int(last or entry.size) + 1, entry.size)
    else:
        start, stop = max(0, entry.size - int(last)), entry.size
    if start >= stop:
        raise HubError(416, "range not satisfiable", **{"Content-Range": f"bytes */{entry.size}"})
    headers["Content-Length"] = str(stop - start)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{entry.size}"
    return Response(206, headers, lambda: hub.content(entry)[start:stop])


def xet_read_token(hub: Hub, request: Request, repo: str, revision: str) -> Response:
    hub.commit_for(hub.repo_for(request, repo), revision)
    return xet_connection(hub.xet.read_url())
