"""Requests, responses and errors, free of sockets: what the routes work with."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request whose body has arrived whole; `path` is still percent-encoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise HubError(400, f"the body is not JSON: {error}") from error


@dataclass(frozen=True)
class Response:
    """An answer. A body that costs something to make is a function, with its length in `headers`."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Callable[[], bytes] = b""


class HubError(Exception):
    """A request that the hub refuses; `code` is the Hub's X-Error-Code, by which clients tell 404s apart."""

    def __init__(self, status: int, message: str, code: str | None = None, **headers: str):
        super().__init__(message)
        self.status = status
        self.headers = {"X-Error-Message": message.encode("latin-1", "replace").decode("latin-1")} | headers
        if code is not None:
            self.headers["X-Error-Code"] = code

    def response(self) -> Response:
        return json_response({"error": str(self)}, self.status, self.headers)


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    headers = {"Content-Type": "application/json", **(headers or {})}
    return Response(status, headers, json.dumps(data).encode())
