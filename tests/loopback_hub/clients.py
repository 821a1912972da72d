"""Clients for tests: in this process, without any library, or in a process of their own."""

import http.client
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import CommitInfo, CommitOperationAdd, HfApi

from .controller import LoopbackHub

REPO = "tester/zoo"


def commit(client: HfApi, files: Mapping[str, bytes], **options: str) -> CommitInfo:
    """Add files, {path: content}, to REPO in one commit."""
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    return client.create_commit(REPO, operations, **{"commit_message": "add", "repo_type": "dataset"} | options)


def ask(
    hub: LoopbackHub,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """One request with the user's token and no client library: status and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=20)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {hub.token}", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def run_client(hub: LoopbackHub, cache: Path, code: str, *, xet: bool, **variables: str) -> str:
    """What Python code prints in a process of its own, which knows the hub and uses nothing but `cache`."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=hub.client_env(cache, xet=xet) | variables,
        timeout=50,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
