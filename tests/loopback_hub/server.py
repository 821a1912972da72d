"""HTTP over loopback: reads requests whole, brings the faults about, logs every request."""

import errno
import json
import os
import random
import signal
import socket
import struct
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from . import routes
from .faults import Fault
from .hub import Hub
from .messages import Request, Response, json_response

LOG = "requests.jsonl"
IDLE_SECONDS = 60
# Below the ports that the kernel gives to clients: while the server is down, none of them can take its port,
# nor connect to itself there.
PORTS = range(10_000, 30_000)


class Hangup(Exception):  # noqa: N818
    """The request ends without an answer: `act` is the last that is done, then the connection is closed."""

    def __init__(self, act: Callable[[], None] = lambda: None):
        super().__init__()
        self.act = act


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1; `port` 0 takes any that is free."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, root: Path, *, port: int, user: str, token: str, page_size: int):
        super().__init__(("127.0.0.1", port), Handler, bind_and_activate=False)
        self._bind(port)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.hub = Hub(root, user=user, token=token, page_size=page_size, url=self.url)
        self._log = os.open(root / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def _bind(self, port: int) -> None:
        for candidate in [port] if port else random.sample(PORTS, 100):
            self.server_address = ("127.0.0.1", candidate)
            try:
                self.server_bind()
            except OSError as error:
                if error.errno != errno.EADDRINUSE or port:
                    raise
            else:
                self.server_activate()
                return
        raise OSError(errno.EADDRINUSE, f"100 ports tried in {PORTS}, all in use")

    def write_log(self, entry: dict) -> None:
        """One write a line: lines of several threads do not mix, and a killed server leaves whole ones."""
        os.write(self._log, json.dumps(entry).encode() + b"\n")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def handle(self) -> None:
        with suppress(ConnectionError):  # a client that was killed resets its idle connection
            super().handle()

    def handle_request(self) -> None:
        self.arrived = time.time()
        self.address = urlsplit(self.path)
        self.received = 0
        control = self.address.path == routes.CONTROL
        fault = None if control else self.server.hub.faults.take(self.command, self.address.path)
        try:
            response = self._respond(fault)
            if not control:
                self._log(response.status, fault)
            self._send(response)
        except Hangup as hangup:
            self._log(None, fault)
            self.close_connection = True
            hangup.act()
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the client has gone

    do_GET = do_HEAD = do_POST = do_PUT = handle_request  # noqa: N815

    def _respond(self, fault: Fault | None) -> Response:
        """The answer, or the fault's; raises Hangup if there is to be none."""
        body = self._body(fault)
        if fault and fault.when == "before" and (instead := self._strike(fault)):
            return instead
        query = dict(parse_qsl(self.address.query))
        try:
            response = routes.answer(
                self.server.hub, Request(self.command, self.address.path, query, self.headers, body)
            )
        except Exception:
            traceback.print_exc()  # goes into the server's error log, which tests want empty
            response = json_response({"error": "the hub itself failed"}, 500)
        if fault and fault.when == "after" and (instead := self._strike(fault, response)):
            return instead
        return response

    def _body(self, fault: Fault | None) -> bytes:
        """The whole body; a client that hangs up before its end has asked for nothing."""
        length = int(self.headers.get("Content-Length", 0))
        first_half = self._read(length // 2)
        if fault and fault.when == "body":
            self._strike(fault)
        return first_half + self._read(length - len(first_half))

    def _read(self, count: int) -> bytes:
        part = self.rfile.read(count)
        self.received += len(part)
        if len(part) < count:
            raise Hangup
        return part

    def _strike(self, fault: Fault, response: Response | None = None) -> Response | None:
        """Bring a fault about: the answer that the client gets instead, or None if all goes on, or Hangup."""
        match fault.kind:
            case "status":
                kind = "application/json" if fault.body.startswith("{") else "text/html"
                return Response(fault.status, {"Content-Type": kind, **fault.headers}, fault.body.encode())
            case "delay":
                time.sleep(fault.seconds)
            case "foreign_commit":
                self.server.hub.foreign_commit("/".join(self.address.path.split("/")[3:5]))
            case "reset":
                raise Hangup(self._reset)
            case "disconnect":
                raise Hangup
            case "silence":
                raise Hangup(lambda: time.sleep(fault.seconds))
            case "truncate":
                raise Hangup(lambda: self._send(response, share=0.5))
            case "die":
                raise Hangup(lambda: os.kill(os.getpid(), signal.SIGKILL))
        return None

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())  # past the file objects that would keep the connection open

    def _send(self, response: Response, share: float = 1.0) -> None:
        """Send an answer; of its body no more than a share."""
        headers = dict(response.headers)
        body = b""
        if self.command != "HEAD":
            body = response.body() if callable(response.body) else response.body
        headers.setdefault("Content-Length", str(len(body)))
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: int(len(body) * share)])
        self.wfile.flush()

    def _log(self, status: int | None, fault: Fault | None) -> None:
        self.server.write_log(
            {
                "time": self.arrived,
                "method": self.command,
                "path": self.address.path,
                "query": self.address.query,
                "received": self.received,
                "status": status,
                "fault": fault and fault.kind,
            }
        )

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr: requests.jsonl holds what tests ask for."""
