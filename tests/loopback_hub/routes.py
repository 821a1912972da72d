"""Every address that the hub answers."""

import re
from urllib.parse import unquote

from . import download_routes, repo_routes, upload_routes
from .faults import Fault
from .hub import Hub
from .messages import HubError, Request, Response, json_response

# The tests' own hand: plans faults. It is neither logged nor does it go wrong.
CONTROL = "/_faults"


def set_faults(hub: Hub, request: Request) -> Response:
    hub.faults.set([Fault(**fault) for fault in request.json()])
    return json_response(hub.faults.remaining())


def remaining_faults(hub: Hub, request: Request) -> Response:
    return json_response(hub.faults.remaining())


ADDRESSES = [
    ("PUT", CONTROL, set_faults),
    ("GET", CONTROL, remaining_faults),
    ("GET", "/api/whoami-v2", repo_routes.whoami),
    ("POST", "/api/repos/create", repo_routes.create_repo),
    ("POST", "/api/validate-yaml", repo_routes.validate_yaml),
    ("GET", "/api/datasets/{repo}", repo_routes.dataset_info),
    ("GET", "/api/datasets/{repo}/revision/{revision}", repo_routes.dataset_info),
    ("GET", "/api/datasets/{repo}/tree/{revision}", repo_routes.tree),
    ("GET", "/api/datasets/{repo}/tree/{revision}/{path}", repo_routes.tree),
    ("POST", "/api/datasets/{repo}/paths-info/{revision}", repo_routes.paths_info),
    ("GET", "/api/datasets/{repo}/commits/{revision}", repo_routes.commits),
    ("GET", "/api/datasets/{repo}/refs", repo_routes.refs),
    ("POST", "/api/datasets/{repo}/tag/{revision}", repo_routes.tag),
    ("POST", "/api/datasets/{repo}/preupload/{revision}", upload_routes.preupload),
    ("POST", "/datasets/{repo}.git/info/lfs/objects/batch", upload_routes.lfs_batch),
    ("PUT", "/lfs-storage/{oid}", upload_routes.lfs_upload),
    ("POST", "/datasets/{repo}.git/info/lfs/verify", upload_routes.lfs_verify),
    ("GET", "/api/datasets/{repo}/xet-write-token/{revision}", upload_routes.xet_write_token),
    ("POST", "/api/datasets/{repo}/commit/{revision}", upload_routes.commit),
    ("GET", "/api/datasets/{repo}/xet-read-token/{revision}", download_routes.xet_read_token),
    ("GET", "/datasets/{repo}/resolve/{revision}/{path}", download_routes.resolve),
    ("HEAD", "/datasets/{repo}/resolve/{revision}/{path}", download_routes.resolve),
]
PARAMETERS = {
    "{repo}": r"(?P<repo>[\w.-]+/[\w.-]+?)",
    "{revision}": r"(?P<revision>[^/]+)",
    "{path}": r"(?P<path>.+)",
    "{oid}": r"(?P<oid>[0-9a-f]{64})",
}


def _pattern(address: str) -> re.Pattern:
    parts = re.split(r"(\{\w+\})", address)
    return re.compile("".join(PARAMETERS.get(part, re.escape(part)) for part in parts))


ROUTES = [(method, _pattern(address), handler) for method, address, handler in ADDRESSES]


def answer(hub: Hub, request: Request) -> Response:
    """The answer to a request, be it an error."""
    for method, pattern, handler in ROUTES:
        match = pattern.fullmatch(request.path)
        if match and method == request.method:
            parameters = {name: unquote(value) for name, value in match.groupdict().items()}
            try:
                return handler(hub, request, **parameters)
            except HubError as error:
                return error.response()
    return HubError(404, f"no such address: {request.method} {request.path}").response()
