"""The tests' hand on the hub: starts, kills and restarts its process, plans faults, looks at its state."""

import http.client
import json
import os
import re
import select
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .faults import Fault
from .routes import CONTROL
from .server import LOG
from .storage import Commit, RepoStore

PACKAGE_FOLDER = Path(__file__).resolve().parents[__package__.count(".") + 1]
START_SECONDS = 30
STOP_SECONDS = 10


class LoopbackHub:
    """A hub in a process of its own, which keeps its state in `root` and ends with this process at latest.

    As a context manager it is started on entry and stopped on exit. The state can be asked for while the
    server is dead.
    """

    def __init__(
        self,
        root: str | os.PathLike,
        *,
        port: int = 0,
        user: str = "tester",
        token: str = "hf_loopback",
        page_size: int = 1000,
    ):
        self.root = Path(root).resolve()
        self.port = port
        self.user = user
        self.token = token
        self.page_size = page_size
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "LoopbackHub":
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address; the same after a restart."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server and wait until it listens; RuntimeError, with its error log, if it does not."""
        if self.alive():
            raise RuntimeError("the hub is running already")
        self.root.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", __package__, str(self.root), "--until-stdin-closes"]
        command += ["--port", str(self.port), "--user", self.user, "--token", self.token]
        command += ["--page-size", str(self.page_size)]
        with open(self._error_log, "ab") as error_log:
            self._process = subprocess.Popen(
                command,
                cwd=PACKAGE_FOLDER,
                env=_clean_environment() | {"HF_HOME": str(self.root / "home")},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=error_log,
            )
        ready, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        line = self._process.stdout.readline().decode() if ready else ""
        if not line:
            self.kill()
            raise RuntimeError(f"the hub did not start: {self.errors()}")
        self.port = int(line.rpartition(":")[2])

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        self._process.kill()
        self._wait()

    def wait_until_dead(self, seconds: float) -> None:
        """Wait for a fault of the kind "die"; raises subprocess.TimeoutExpired if it does not come."""
        self._process.wait(seconds)
        self._wait()

    def restart(self) -> None:
        """Start again on the same port with the same state; faults that were still to come are forgotten."""
        if self.alive():
            self.kill()
        self.start()

    def stop(self) -> None:
        if self.alive():
            self._process.terminate()
        if self._process is not None:
            self._wait()

    def _wait(self) -> None:
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
        self._process.stdin.close()
        self._process.stdout.close()

    def set_faults(self, faults: list[Fault]) -> None:
        """Plan these faults and forget those that were planned before."""
        self._control("PUT", json.dumps([asdict(fault) for fault in faults]).encode())

    def remaining_faults(self) -> int:
        """How many requests are still to go wrong."""
        return self._control("GET")

    def _control(self, method: str, body: bytes | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, CONTROL, body)
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"the hub refuses: {answer.read().decode()}")
            return json.load(answer)
        finally:
            connection.close()

    def log(self, match: str = "") -> list[dict[str, Any]]:
        """All requests since the first start whose "METHOD path" has the regular expression `match` in it.

        In the order in which they were answered; keys: time (of arrival, seconds since 1970), method, path,
        query, received (bytes of the body), status (None: no answer), fault (its kind or None).
        """
        path = self.root / LOG
        text = path.read_text() if path.exists() else ""
        entries = [json.loads(line) for line in text.splitlines()]
        return [entry for entry in entries if re.search(match, f"{entry['method']} {entry['path']}")]

    def errors(self) -> str:
        """What the server wrote to stderr: tracebacks of its own bugs, nothing if all is well."""
        return self._error_log.read_text()

    @property
    def _error_log(self) -> Path:
        return self.root / "errors.log"

    def commits(self, repo_id: str) -> list[Commit]:
        """The history of a repository, oldest first; [] if there is no such repository."""
        repo = RepoStore(self.root / "repos").load(repo_id)
        return [] if repo is None else repo.commits

    def tags(self, repo_id: str) -> dict[str, str]:
        """The commits' ids by the tags that name them."""
        repo = RepoStore(self.root / "repos").load(repo_id)
        return {} if repo is None else repo.tags

    def tree(self, repo_id: str) -> dict[str, str]:
        """The sha256 of every file at the head of `main`."""
        return {path: entry.sha256 for path, entry in self.commits(repo_id)[-1].files.items()}

    def client_env(self, cache: str | os.PathLike, *, xet: bool) -> dict[str, str]:
        """The environment of a client process that knows this hub and keeps all its files in `cache`."""
        cache = Path(cache).resolve()
        return _clean_environment() | {
            "HF_ENDPOINT": self.url,
            "HF_TOKEN": self.token,
            "HF_HOME": str(cache),
            "HF_HUB_CACHE": str(cache / "hub"),
            "HF_XET_CACHE": str(cache / "xet"),
            "HF_DATASETS_CACHE": str(cache / "datasets"),
            "HF_HUB_DISABLE_XET": "0" if xet else "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }


def _clean_environment() -> dict[str, str]:
    """This process's environment without what could lead a client elsewhere."""
    foreign = re.compile(r"(HF|HUGGING_?FACE|HUGGINGFACE_HUB)_.*|(HTTPS?|ALL|NO)_PROXY", re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if not foreign.fullmatch(name)}
