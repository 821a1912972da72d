"""What a client goes through to make a commit: preupload, LFS or Xet, then the commit itself."""

import base64
import hashlib
import json
import time
from fnmatch import fnmatch
from typing import Any

from .hub import Hub
from .messages import HubError, Request, Response, json_response
from .storage import FileEntry, write_atomically

# Larger files go to LFS whatever their name.
LFS_THRESHOLD = 10_000_000
TOKEN_SECONDS = 3600


def preupload(hub: Hub, request: Request, repo: str, revision: str) -> Response:
    """Which files are to go to LFS, and the ids of those that the revision holds already."""
    commit = hub.commit_for(hub.repo_for(request, repo, write=True), revision)
    attributes = commit.files.get(".gitattributes")
    patterns = _lfs_patterns(hub.content(attributes).decode()) if attributes else []
    answers = []
    for file in request.json()["files"]:
        large = _is_large(file["path"], file["size"], base64.b64decode(file["sample"]), patterns)
        answer = {"path": file["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
        if (known := commit.files.get(file["path"])) is not None:
            answer["oid"] = known.sha256 if known.lfs else known.blob_id
        answers.append(answer)
    return json_response({"files": answers})


def _lfs_patterns(attributes: str) -> list[str]:
    return [line.split()[0] for line in attributes.splitlines() if "filter=lfs" in line]


def _is_large(path: str, size: int, sample: bytes, patterns: list[str]) -> bool:
    name = path.rpartition("/")[2]
    named = any(fnmatch(path if "/" in pattern else name, pattern) for pattern in patterns)
    return named or size > LFS_THRESHOLD or b"\0" in sample


def lfs_batch(hub: Hub, request: Request, repo: str) -> Response:
    """Where to send each content (git-lfs batch API, basic transfer); one that is here needs no sending."""
    hub.repo_for(request, repo, write=True)
    objects = []
    for wanted in request.json()["objects"]:
        answer: dict[str, Any] = {"oid": wanted["oid"], "size": wanted["size"], "authenticated": True}
        if not hub.has_content(wanted["oid"], wanted["size"]):
            upload = {"href": f"{hub.url}/lfs-storage/{wanted['oid']}"}
            verify = {"href": f"{hub.url}/datasets/{repo}.git/info/lfs/verify"}
            answer["actions"] = {"upload": upload, "verify": verify}
        objects.append(answer)
    return json_response({"transfer": "basic", "objects": objects})


def lfs_upload(hub: Hub, request: Request, oid: str) -> Response:
    """Takes a content; stands for the object storage, where the address itself is the permission."""
    if hashlib.sha256(request.body).hexdigest() != oid:
        raise HubError(400, "BadDigest: the content is not the one that was announced")
    write_atomically(hub.objects.path(oid), request.body)
    return Response(200, {"ETag": f'"{oid[:32]}"'})


def lfs_verify(hub: Hub, request: Request, repo: str) -> Response:
    hub.repo_for(request, repo, write=True)
    wanted = request.json()
    if not hub.has_content(wanted["oid"], wanted["size"]):
        raise HubError(404, "Object not found")
    return json_response({})


def xet_write_token(hub: Hub, request: Request, repo: str, revision: str) -> Response:
    hub.commit_for(hub.repo_for(request, repo, write=True), revision)
    return xet_connection(hub.xet.write_url)


def xet_connection(url: str) -> Response:
    """Where the Xet store is, in the body (for hf_xet) and in headers (for huggingface_hub)."""
    expires = int(time.time()) + TOKEN_SECONDS
    headers = {
        "X-Xet-Cas-Url": url,
        "X-Xet-Access-Token": "local",
        "X-Xet-Token-Expiration": str(expires),
    }
    return json_response({"casUrl": url, "accessToken": "local", "exp": expires}, headers=headers)


def commit(hub: Hub, request: Request, repo: str, revision: str) -> Response:
    """One commit from lines of JSON: a header, then one operation each."""
    hub.repo_for(request, repo, write=True)
    if revision != "main":
        raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    header, *operations = _operations(request.body)
    files = {operation["value"]["path"]: _file(hub, **operation) for operation in operations}
    if any(entry is not None and entry.xet_hash is not None for entry in files.values()):
        hub.xet.checkpoint()
    about = header["value"]
    made = hub.commit(
        repo,
        files,
        title=about["summary"],
        description=about["description"],
        parent=about.get("parentCommit"),
    )
    url = f"{hub.url}/datasets/{repo}/commit/{made.oid}"
    return json_response({"success": True, "commitOid": made.oid, "commitUrl": url, "hookOutput": ""})


def _operations(body: bytes) -> list[dict[str, Any]]:
    try:
        operations = [json.loads(line) for line in body.splitlines() if line.strip()]
    except ValueError as error:
        raise HubError(400, f"the commit is not lines of JSON: {error}") from error
    if not operations or operations[0]["key"] != "header":
        raise HubError(400, "the commit does not start with a header")
    return operations


def _file(hub: Hub, key: str, value: dict[str, Any]) -> FileEntry | None:
    """The file that an operation adds, None if it deletes one."""
    path = value["path"]
    if any(part in ("", ".", "..", ".git") for part in path.split("/")):
        raise HubError(400, f"invalid path: {path}")
    if key == "file":
        content = base64.b64decode(value["content"])
        hub.objects.put(content)
        return FileEntry.regular(content)
    if key == "lfsFile":
        if not hub.has_content(value["oid"], value["size"]):
            raise HubError(400, f"LFS pointer pointed to a file that does not exist: {path}")
        xet_file = hub.xet.find(value["oid"])
        return FileEntry.large(value["oid"], value["size"], xet_file and xet_file.hash)
    if key == "deletedFile":
        return None
    raise HubError(400, f"unknown operation: {key}")
