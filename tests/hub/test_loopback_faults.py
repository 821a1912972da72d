"""The loopback hub's faults and deaths, as clients see them."""

import http.client
import json
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from huggingface_hub.errors import HfHubHTTPError

from tests.loopback_hub import Fault, LoopbackHub
from tests.loopback_hub.clients import REPO, ask, commit

pytest_plugins = ["tests.loopback_hub.fixtures"]

LARGE = random.Random(1).randbytes(100_000)


def wait_for(condition, seconds=10):
    """Wait until a condition holds; whether it came to hold."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_status_before_and_after_the_effect(hub, api):
    before = Fault("POST .*/commit/", "status", status=429, headers={"Retry-After": "7"})
    after = Fault("POST .*/commit/", "status", when="after", status=504)
    hub.set_faults([before, after])
    with pytest.raises(HfHubHTTPError) as error:
        commit(api, {"a.txt": b"a"})
    assert (error.value.response.status_code, error.value.response.headers["Retry-After"]) == (429, "7")
    assert len(hub.commits(REPO)) == 1
    with pytest.raises(HfHubHTTPError) as error:
        commit(api, {"a.txt": b"a"})
    assert error.value.response.status_code == 504
    assert len(hub.commits(REPO)) == 2
    assert hub.remaining_faults() == 0
    assert [entry["status"] for entry in hub.log("/commit/")] == [429, 504]


def test_page_of_a_gateway(hub, api):
    """An error page in HTML, where huggingface_hub reads the answer before it looks at the status."""
    hub.set_faults([Fault("validate-yaml", "status", status=502, body="<html>Bad Gateway</html>")])
    with pytest.raises(json.JSONDecodeError):
        commit(api, {"README.md": b"---\nlicense: mit\n---\n"})


@pytest.mark.parametrize("when", ["body", "before", "after"])
@pytest.mark.parametrize(
    ("kind", "exception"),
    [
        ("reset", (httpx2.ReadError, httpx2.WriteError)),
        ("disconnect", httpx2.RemoteProtocolError),
        ("silence", httpx2.RemoteProtocolError),
    ],
)
def test_answers_that_never_come(hub, api, kind, when, exception):
    hub.set_faults([Fault("POST .*/commit/", kind, when=when, seconds=0.3)])
    start = time.monotonic()
    with pytest.raises(exception):
        commit(api, {"a.txt": b"a" * 1000})
    assert time.monotonic() - start >= (0.3 if kind == "silence" else 0)
    assert len(hub.commits(REPO)) == (2 if when == "after" else 1)
    assert hub.log("/commit/")[-1]["fault"] == kind
    commit(api, {"a.txt": b"a" * 1000})
    assert len(hub.commits(REPO)) == 2


def test_truncated_answer(hub, api):
    hub.set_faults([Fault("POST .*/commit/", "truncate"), Fault("GET .*/resolve/", "truncate")])
    with pytest.raises(httpx2.RemoteProtocolError):
        commit(api, {"a.bin": LARGE})
    assert len(hub.commits(REPO)) == 2
    with pytest.raises(http.client.IncompleteRead) as error:
        ask(hub, "GET", f"/datasets/{REPO}/resolve/main/a.bin")
    assert error.value.partial == LARGE[:50_000]


def test_client_downloads_again_after_a_truncated_answer(hub, api, tmp_path):
    commit(api, {"a.bin": LARGE})
    hub.set_faults([Fault("GET .*/resolve/", "truncate")])
    got = api.hf_hub_download(REPO, "a.bin", repo_type="dataset", cache_dir=tmp_path / "cache")
    assert Path(got).read_bytes() == LARGE
    assert [entry["status"] for entry in hub.log("GET .*/resolve/")] == [None, 200]


def test_foreign_commit_comes_first(hub, api):
    head = hub.commits(REPO)[-1].oid
    hub.set_faults([Fault("POST .*/commit/", "foreign_commit")])
    with pytest.raises(HfHubHTTPError, match="412"):
        commit(api, {"a.txt": b"a"}, parent_commit=head)
    assert [made.title for made in hub.commits(REPO)] == ["initial commit", "foreign commit"]
    commit(api, {"a.txt": b"a"}, parent_commit=hub.commits(REPO)[-1].oid)
    assert sorted(hub.tree(REPO)) == [".gitattributes", "a.txt", "foreign/1.txt"]


def test_faults_are_counted(hub):
    hub.set_faults([Fault("GET /api/whoami", "status", status=500, skip=1, times=2), Fault("HEAD", "reset")])
    assert hub.remaining_faults() == 3
    assert [ask(hub, "GET", "/api/whoami-v2")[0] for _ in range(4)] == [200, 500, 500, 200]
    assert hub.remaining_faults() == 1
    hub.set_faults([Fault("whoami", "delay", seconds=0.3)])
    start = time.monotonic()
    assert ask(hub, "GET", "/api/whoami-v2")[0] == 200
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize(
    "wrong", [{"kind": "flood"}, {"kind": "truncate", "when": "before"}, {"kind": "silence", "seconds": 1e6}]
)
def test_impossible_faults_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        Fault("x", **wrong)


def test_client_tries_the_preupload_again(hub, api):
    hub.set_faults([Fault("POST .*/preupload/", "status", status=503)])
    commit(api, {"a.txt": b"a"})
    assert [entry["status"] for entry in hub.log("/preupload/")] == [503, 200]


def test_kill_and_restart_keep_everything(hub, api):
    made = commit(api, {"a.bin": LARGE, "b.txt": b"b"})
    before, url = (hub.commits(REPO), hub.tree(REPO)), hub.url
    hub.set_faults([Fault("GET", "reset", times=100)])
    hub.kill()
    assert (hub.commits(REPO), hub.tree(REPO)) == before
    with pytest.raises(httpx2.ConnectError):
        api.dataset_info(REPO)
    hub.restart()
    assert hub.url == url
    assert api.dataset_info(REPO).sha == made.oid
    assert ask(hub, "GET", f"/datasets/{REPO}/resolve/main/a.bin") == (200, LARGE)
    commit(api, {"c.txt": b"c"}, parent_commit=made.oid)
    assert len(hub.log("/commit/")) == 2


@pytest.mark.parametrize(("when", "commits"), [("body", 1), ("before", 1), ("after", 2)])
def test_server_dies_at_a_given_moment(hub, api, when, commits):
    hub.set_faults([Fault("POST .*/commit/", "die", when=when)])
    with pytest.raises(httpx2.TransportError):
        commit(api, {"a.txt": b"a" * 1000})
    hub.wait_until_dead(10)
    assert not hub.alive()
    assert len(hub.commits(REPO)) == commits
    hub.restart()
    commit(api, {"a.txt": b"a" * 1000})
    assert len(hub.commits(REPO)) == 2


def test_request_cut_short_has_no_effect(hub, api):
    body = b'{"key": "header", "value": {"summary": "x", "description": ""}}\n'
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as connection:
        head = f"POST /api/datasets/{REPO}/commit/main HTTP/1.1\r\nAuthorization: Bearer {hub.token}\r\n"
        connection.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % (len(body) + 50) + body)
    assert wait_for(lambda: hub.log("/commit/"))
    assert [(entry["status"], entry["received"]) for entry in hub.log("/commit/")] == [(None, len(body))]
    assert len(hub.commits(REPO)) == 1


def test_server_ends_with_its_parent(tmp_path):
    code = (
        "import os, sys; from tests.loopback_hub import LoopbackHub\n"
        "hub = LoopbackHub(sys.argv[1]); hub.start(); print(hub.port, flush=True); os._exit(1)"
    )
    parent = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "hub")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=30,
        check=False,
    )

    def refused():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(parent.stdout))) != 0

    assert wait_for(refused), "the server outlived its parent"


def test_failure_to_start_is_told(tmp_path, hub):
    with pytest.raises(RuntimeError, match="Address already in use"):
        LoopbackHub(tmp_path / "other", port=hub.port).start()


def test_client_environment_leads_nowhere_else(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", "hf_mine")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    env = hub.client_env(tmp_path, xet=False)
    assert (env["HF_ENDPOINT"], env["HF_TOKEN"], env["HF_HUB_DISABLE_XET"]) == (hub.url, hub.token, "1")
    assert not {"HF_HUB_OFFLINE", "HUGGING_FACE_HUB_TOKEN", "https_proxy"} & set(env)
    assert hub.client_env(tmp_path, xet=True)["HF_HUB_DISABLE_XET"] == "0"
    assert hub.commits("tester/nothing") == []
