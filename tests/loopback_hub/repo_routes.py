"""Accounts, repositories, and what a repository holds."""

import re
from typing import Any
from urllib.parse import parse_qs, urlencode

import yaml

from . import git
from .hub import Hub
from .messages import HubError, Request, Response, json_response
from .storage import FileEntry

FRONT_MATTER = re.compile(r"\s*---\r?\n(.*?)\r?\n---", re.DOTALL)


def whoami(hub: Hub, request: Request) -> Response:
    hub.require_user(request)
    role = {"type": "access_token", "accessToken": {"displayName": "tests", "role": "write"}}
    return json_response({"type": "user", "id": "1", "name": hub.user, "orgs": [], "auth": role})


def create_repo(hub: Hub, request: Request) -> Response:
    hub.require_user(request)
    wanted = request.json()
    if wanted.get("type") != "dataset":
        raise HubError(400, "this hub holds datasets only")
    owner = wanted.get("organization") or hub.user
    if owner != hub.user:
        raise HubError(403, f"You don't have the rights to create a dataset under the namespace {owner}")
    repo_id = f"{owner}/{wanted['name']}"
    url = f"{hub.url}/datasets/{repo_id}"
    with hub.lock:
        if hub.repos.load(repo_id) is not None:
            message = f"You already created this dataset repo: {repo_id}"
            return json_response({"error": message, "url": url}, 409)
        hub.create_repo(repo_id, private=wanted.get("visibility") == "private")
    return json_response({"url": url, "name": repo_id})


def validate_yaml(hub: Hub, request: Request) -> Response:
    """Whether the metadata of a README.md can be read; asked by clients before a commit that holds one."""
    try:
        metadata = front_matter(request.json()["content"])
    except (yaml.YAMLError, ValueError) as error:
        return json_response({"errors": [{"message": str(error)}], "warnings": []}, 400)
    missing = [] if metadata else [{"message": "empty or missing yaml metadata in repo card"}]
    return json_response({"errors": [], "warnings": missing})


def front_matter(card: str) -> dict[str, Any]:
    """The metadata at the top of a dataset card; raises YAMLError or ValueError if it is no mapping."""
    match = FRONT_MATTER.match(card)
    metadata = (yaml.safe_load(match[1]) or {}) if match else {}
    if not isinstance(metadata, dict):
        raise ValueError("the metadata is not a mapping")
    return metadata


def dataset_info(hub: Hub, request: Request, repo: str, revision: str = "main") -> Response:
    found = hub.repo_for(request, repo)
    commit = hub.commit_for(found, revision)
    card = commit.files.get("README.md")
    return json_response(
        {
            "id": found.id,
            "author": found.id.partition("/")[0],
            "sha": commit.oid,
            "createdAt": found.commits[0].date,
            "lastModified": commit.date,
            "private": found.private,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "cardData": front_matter(hub.content(card).decode()) if card else {},
            "siblings": [_sibling(path, entry, blobs="blobs" in request.query) for path, entry in commit.files.items()],
        }
    )


def _sibling(path: str, entry: FileEntry, *, blobs: bool) -> dict[str, Any]:
    sibling = {"rfilename": path}
    if blobs:
        sibling |= {"size": entry.size, "blobId": entry.blob_id}
        if entry.lfs:
            sibling["lfs"] = {"sha256": entry.sha256, "size": entry.size, "pointerSize": _pointer_size(entry)}
    return sibling


def tree(hub: Hub, request: Request, repo: str, revision: str, path: str = "") -> Response:
    commit = hub.commit_for(hub.repo_for(request, repo), revision)
    folders = git.tree_ids({name: entry.blob_id for name, entry in commit.files.items()})
    if path not in folders:
        raise HubError(404, f"{path} does not exist on {revision}", "EntryNotFound")
    above = f"{path}/" if path else ""
    below = [name for name in [*commit.files, *folders] if name and name.startswith(above)]
    if request.query.get("recursive", "").lower() != "true":
        below = [name for name in below if name.rpartition("/")[0] == path]
    return _page(hub, request, [_entry(name, commit.files.get(name), folders.get(name)) for name in sorted(below)])


def paths_info(hub: Hub, request: Request, repo: str, revision: str) -> Response:
    """What stands at some paths; a path that is not there is left out."""
    commit = hub.commit_for(hub.repo_for(request, repo), revision)
    folders = git.tree_ids({name: entry.blob_id for name, entry in commit.files.items()})
    paths = parse_qs(request.body.decode()).get("paths", [])
    known = [path for path in paths if path in commit.files or path in folders]
    return json_response([_entry(path, commit.files.get(path), folders.get(path)) for path in known])


def _entry(path: str, file: FileEntry | None, folder: str | None) -> dict[str, Any]:
    if file is None:
        return {"type": "directory", "path": path, "oid": folder, "size": 0}
    entry = {"type": "file", "path": path, "oid": file.blob_id, "size": file.size}
    if file.lfs:
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": _pointer_size(file)}
        if file.xet_hash is not None:
            entry["xetHash"] = file.xet_hash
    return entry


def _pointer_size(entry: FileEntry) -> int:
    return len(git.lfs_pointer(entry.sha256, entry.size))


def commits(hub: Hub, request: Request, repo: str, revision: str) -> Response:
    """The history that leads to a revision, newest first."""
    found = hub.repo_for(request, repo)
    last = found.commits.index(hub.commit_for(found, revision))
    history = [
        {
            "id": commit.oid,
            "title": commit.title,
            "message": commit.description,
            "authors": [{"user": hub.user}],
            "date": commit.date,
        }
        for commit in reversed(found.commits[: last + 1])
    ]
    return _page(hub, request, history)


def refs(hub: Hub, request: Request, repo: str) -> Response:
    """The branch and the tags, each with the commit that it names."""
    found = hub.repo_for(request, repo)
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": found.head.oid}
    tags = [{"name": name, "ref": f"refs/tags/{name}", "targetCommit": oid} for name, oid in found.tags.items()]
    return json_response({"branches": [main], "converts": [], "tags": tags})


def tag(hub: Hub, request: Request, repo: str, revision: str) -> Response:
    """Name a commit; a tag that is there stays where it is."""
    hub.repo_for(request, repo, write=True)
    with hub.lock:
        found = hub.repos.load(repo)
        name = request.json()["tag"]
        if name in found.tags:
            raise HubError(409, f"Tag {name} already exists")
        found.tags[name] = hub.commit_for(found, revision).oid
        hub.repos.save(found)
    return json_response({})


def _page(hub: Hub, request: Request, items: list[dict[str, Any]]) -> Response:
    """One page of a list; the Link header, as GitHub has it, leads to the next."""
    start = int(request.query.get("cursor", 0))
    stop = start + hub.page_size
    headers = {}
    if stop < len(items):
        query = urlencode({**request.query, "cursor": stop})
        headers["Link"] = f'<{hub.url}{request.path}?{query}>; rel="next"'
    return json_response(items[start:stop], headers=headers)
