"""Publishing in a process of its own against a Hub on loopback: faults at every endpoint, and deaths of both."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.loopback_hub import Fault, LoopbackHub
from tests.loopback_hub.clients import run_client
from tests.published_zoo import REPO, check_history, digests, publish, start, write_dataset

pytest_plugins = ["tests.loopback_hub.fixtures"]

MODES = pytest.mark.parametrize("xet", [False, True], ids=["lfs", "xet"])
COMMIT, RESOLVE = "POST .*/commit/", "GET .*/resolve/"
LOOKING = ("GET .*/tree/", "GET /api/datasets/tester/zoo$", "POST .*/paths-info/")
SENDING = {
    False: (
        "POST /api/validate-yaml",
        "POST .*/preupload/",
        "POST .*/objects/batch",
        "PUT /lfs-storage/",
        "POST .*/lfs/verify",
    ),
    True: ("POST /api/validate-yaml", "POST .*/preupload/", "GET .*/xet-write-token/"),
}
FAULTS = {
    "408": {"kind": "status", "status": 408},
    "429": {"kind": "status", "status": 429},
    "500": {"kind": "status", "status": 500},
    "502 of a gateway": {"kind": "status", "status": 502, "body": "<html>Bad Gateway</html>"},
    "503": {"kind": "status", "status": 503},
    "504": {"kind": "status", "status": 504},
    "504 after success": {"kind": "status", "status": 504, "when": "after"},
    "reset": {"kind": "reset"},
    "reset after success": {"kind": "reset", "when": "after"},
    "closed": {"kind": "disconnect"},
    "silence": {"kind": "silence", "seconds": 3},
    "silence after success": {"kind": "silence", "when": "after", "seconds": 3},
    "half an answer": {"kind": "truncate"},
}


@MODES
@pytest.mark.parametrize("fault", FAULTS)
def test_every_endpoint_may_fail_once(hub, tmp_path, xet, fault):
    folder = write_dataset(tmp_path / "zoo")
    # Looking is the same in both modes.
    endpoints = (*SENDING[xet], COMMIT) if xet else ("POST /api/repos/create", *LOOKING, RESOLVE, *SENDING[xet], COMMIT)
    hub.set_faults([Fault(endpoint, **FAULTS[fault]) for endpoint in endpoints])
    output = publish(hub, folder, tmp_path / "cache", xet=xet, each=2)
    assert hub.remaining_faults() == 0
    assert "next try in" in output
    assert hub.token not in output
    check_history(hub, folder, 2)


@pytest.mark.parametrize(
    ("status", "said"), [(401, "the Hub does not accept the token"), (403, "the token may not write there")]
)
def test_a_refusal_under_xet_is_told_with_its_reason_and_not_waited_out(hub, tmp_path, status, said):
    body = json.dumps({"error": "because of the moon"})
    hub.set_faults([Fault("GET .*/xet-write-token/", "status", status=status, body=body, times=99)])
    client = start(hub, write_dataset(tmp_path / "zoo"), tmp_path / "cache", xet=True, each=2)
    output, _ = client.communicate(timeout=50)
    assert client.returncode == 1
    assert f"UserError: tester/zoo: {said}" in output
    assert "(because of the moon): log in" in output
    assert "next try" not in output


@MODES
def test_what_is_there_is_neither_sent_nor_committed_again(hub, tmp_path, xet):
    folder = write_dataset(tmp_path / "zoo")
    publish(hub, folder, tmp_path / "cache", xet=xet, each=2)
    seen = len(hub.log())
    publish(hub, folder, tmp_path / "another", xet=xet, each=2)
    again = [f"{entry['method']} {entry['path']}" for entry in hub.log()[seen:]]
    assert not [line for line in again if "/commit/" in line or "lfs" in line or "xet-write" in line]
    check_history(hub, folder, 2)


@pytest.fixture
def deserted_hub(tmp_path: Path) -> Iterator[LoopbackHub]:
    """A hub whose clients die: of itself it reports that, too, so the fixture `hub` would fail."""
    with LoopbackHub(tmp_path / "hub") as running:
        yield running


@MODES
def test_killed_clients_leave_what_the_next_one_finishes(deserted_hub, tmp_path, xet):
    """Killed while it waits for each kind of answer: half of the request is sent, it had no effect yet, it had one."""
    hub, folder = deserted_hub, write_dataset(tmp_path / "zoo", shards=12)
    moments = ("body", "before", "after")
    # In an order in which none of them comes too late: what is there is not asked for again.
    deaths = [(endpoint, when) for endpoint in (*LOOKING, *SENDING[xet], COMMIT, RESOLVE) for when in moments]
    deaths += [(endpoint, "after") for endpoint in (COMMIT, SENDING[xet][-1], COMMIT)]
    for endpoint, when in deaths:
        hub.set_faults([Fault(endpoint, "silence", when=when, seconds=1)])
        client = start(hub, folder, tmp_path / "cache", xet=xet, each=1)
        wait_for(lambda client=client: hub.remaining_faults() == 0 or client.poll() is not None)
        client.send_signal(signal.SIGKILL)
        output, _ = client.communicate()
        assert client.returncode == -signal.SIGKILL, output
        assert hub.remaining_faults() == 0
    assert len(deaths) >= 25
    publish(hub, folder, tmp_path / "cache", xet=xet, each=1)
    check_history(hub, folder, 1)


@MODES
def test_a_server_that_dies_and_comes_back(hub, tmp_path, xet):
    """One client lives through all of it."""
    folder = write_dataset(tmp_path / "zoo", shards=6)
    deaths = [(endpoint, "before") for endpoint in ("POST /api/repos/create", *LOOKING, *SENDING[xet], COMMIT)]
    deaths += [(RESOLVE, "before"), (SENDING[xet][1], "body"), (COMMIT, "after"), (COMMIT, "body"), (COMMIT, "after")]
    hub.set_faults([Fault(deaths[0][0], "die", when=deaths[0][1])])
    client = start(hub, folder, tmp_path / "cache", xet=xet, each=1)
    for following in [*deaths[1:], None]:
        hub.wait_until_dead(30)
        assert client.poll() is None
        hub.restart()
        hub.set_faults([Fault(following[0], "die", when=following[1])] if following else [])
    output, _ = client.communicate(timeout=60)
    assert client.returncode == 0, output
    assert len(deaths) >= 12
    check_history(hub, folder, 1)


@MODES
def test_foreign_commits_in_between_stay(hub, tmp_path, xet):
    folder = write_dataset(tmp_path / "zoo")
    hub.set_faults([Fault("POST .*/commit/", "foreign_commit", times=4)])
    publish(hub, folder, tmp_path / "cache", xet=xet, each=2)
    assert len([name for name in hub.tree(REPO) if name.startswith("foreign/")]) == 4
    assert [entry["status"] for entry in hub.log("/commit/")].count(412) == 4  # none was built on a head unseen
    check_history(hub, folder, 2)


LOAD = """
import datasets, json
print(json.dumps({split: rows.to_list() for split, rows in datasets.load_dataset("tester/zoo").items()}))
"""
FETCH = """
import hashlib, huggingface_hub, json, pathlib
root = pathlib.Path(huggingface_hub.snapshot_download("tester/zoo", repo_type="dataset"))
files = [path for path in root.rglob("*") if path.is_file()]
print(json.dumps({path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}))
"""


@MODES
def test_it_comes_back_whole_from_a_fresh_cache(hub, tmp_path, xet):
    folder = write_dataset(tmp_path / "zoo")
    publish(hub, folder, tmp_path / "cache", xet=xet, each=2)
    fetched = json.loads(run_client(hub, tmp_path / "fresh", FETCH, xet=xet))
    del fetched[".gitattributes"]
    assert fetched == digests(folder)
    rows = {
        split: [row for path in sorted(folder.glob(f"data/{split}/*")) for row in pq.read_table(path).to_pylist()]
        for split in ("train", "validation")
    }
    assert json.loads(run_client(hub, tmp_path / "fresh", LOAD, xet=xet)) == rows


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
