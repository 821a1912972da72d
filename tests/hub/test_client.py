"""The Hub's client: what passes and what does not, how long is waited, and that no secret is ever told."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, constants, get_token, set_client_factory
from huggingface_hub.utils import get_session
from huggingface_hub.utils._http import default_client_factory

from subject_zoo.base.errors import UserError
from subject_zoo.hub import client as hub_client
from subject_zoo.hub.client import Patience, Transient, check_token, patiently, plain, readable_errors, use_hub
from subject_zoo.hub.environment import hub_environment
from tests.loopback_hub import Fault

pytest_plugins = ["tests.loopback_hub.fixtures"]

REPO = "tester/zoo"


@pytest.fixture
def client():
    """This client in the place of huggingface_hub's own, with a timeout of half a second."""
    use_hub(Patience(timeout=0.5))
    yield
    set_client_factory(default_client_factory)


@pytest.fixture
def pauses(monkeypatch) -> list[float]:
    """The pauses that are made, none of which takes time; the clock goes on all the same."""
    made: list[float] = []
    monkeypatch.setattr(hub_client.time, "sleep", made.append)
    monkeypatch.setattr(hub_client.time, "monotonic", lambda: sum(made))
    return made


def failing(*errors: Exception):
    """A call that raises these, one after the other, and then returns "done"."""
    left = list(errors)

    def attempt() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return attempt


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_raised_at_once_and_never_tried_again_by_the_library(hub, api, client, status):
    hub.set_faults([Fault("GET .*/tree/", "status", status=status, headers={"Retry-After": "7"}, times=9)])
    with pytest.raises(Transient, match=f"status {status}") as error:
        list(api.list_repo_tree(REPO, repo_type="dataset"))
    assert (error.value.status, error.value.retry_after) == (status, 7)
    assert len(hub.log("GET .*/tree/")) == 1


@pytest.mark.parametrize(("kind", "name"), [("reset", "ReadError"), ("disconnect", "RemoteProtocolError")])
@pytest.mark.parametrize("when", ["before", "after"])
def test_connections_that_end(hub, api, client, kind, name, when):
    hub.set_faults([Fault("GET .*/tree/", kind, when=when)])
    with pytest.raises(Transient, match=f"does not answer \\({name}\\)"):
        list(api.list_repo_tree(REPO, repo_type="dataset"))


def test_silence_ends_by_the_timeout_even_where_the_library_sets_none(hub, api, client):
    hub.set_faults([Fault("whoami|commit", "silence", seconds=5)])
    start = time.monotonic()
    with pytest.raises(Transient, match="ReadTimeout"):
        api.whoami()
    assert 0.4 < time.monotonic() - start < 4.5  # else it would wait for the end of the silence


def test_a_hub_that_is_not_there(hub, api, client):
    hub.kill()
    with pytest.raises(Transient, match="ConnectError"):
        api.dataset_info(REPO)


def test_half_an_answer(hub, api, client):
    hub.set_faults([Fault("GET .*/tree/", "truncate")])
    with pytest.raises(Transient, match="RemoteProtocolError"):
        list(api.list_repo_tree(REPO, repo_type="dataset"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Transient("x", 503), [1, 2, 4, 8, 16, 32, 60, 60]),
        (Transient("x"), [1, 2, 4, 8, 16, 32, 60, 60]),
        (Transient("x", 429), [300] * 8),
        (Transient("x", 429, 17), [17, 17, 17, 17, 17, 32, 60, 60]),
        (Transient("x", 429, 0), [1, 2, 4, 8, 16, 32, 60, 60]),
        (Transient("x", 429, 300), [300] * 8),
    ],
)
def test_pauses(pauses, error, expected):
    assert patiently("wait", failing(*[error] * 8), Patience()) == "done"
    assert pauses == expected


def test_patience_outlasts_an_hour_of_quota_and_ends(pauses, caplog):
    hour = [Transient("the quota is used up", 429)] * 12
    assert patiently("wait", failing(*hour), Patience()) == "done"
    assert sum(pauses) == 3600
    pauses.clear()
    with pytest.raises(UserError) as error:
        patiently("publish shard 000003", failing(*hour * 10), Patience())
    assert 6600 <= sum(pauses) <= 7200
    assert re.fullmatch(
        r"could not publish shard 000003: the quota is used up; tried 25 times, and to wait another 300 s is more than "
        r"the 120 minutes that are waited; the same command goes on from here later",
        str(error.value),
    )
    assert caplog.messages[-1] == "publish shard 000003: the quota is used up; next try in 300 s"


def test_what_takes_long_is_told_while_it_lasts(caplog):
    caplog.set_level("INFO")

    def attempt() -> str:
        time.sleep(0.5)
        return "done"

    assert patiently("send it", attempt, Patience(told=0.1)) == "done"
    assert caplog.messages == ["send it: still at it after 0 s"] * 2  # after 0.1 and 0.3 s
    assert patiently("send it", attempt, Patience()) == "done"
    assert len(caplog.messages) == 2


def test_a_pause_longer_than_all_patience_is_not_begun(pauses):
    with pytest.raises(UserError, match="to wait another 86400 s"):
        patiently("wait", failing(Transient("x", 429, 86400)), Patience())
    assert pauses == []


def test_other_errors_are_not_waited_for(pauses):
    with pytest.raises(UserError, match=r"^mend me$"):
        patiently("wait", failing(UserError("mend me")), Patience())
    with pytest.raises(ZeroDivisionError):
        patiently("wait", failing(ZeroDivisionError()), Patience())
    assert pauses == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0),
        ({"retry-after": " 120 "}, 120),
        ({"Retry-After": "soon"}, None),
        ({"RateLimit": '"api";r=0;t=55'}, 55),
        ({"RateLimit": '"api";r=3;t=55'}, None),
        ({"Retry-After": format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)}, 0),
    ],
)
def test_how_long_the_hub_asks_to_wait(headers, seconds):
    assert hub_client._asked_wait(httpx2.Headers(headers)) == seconds


def test_retry_after_as_a_date():
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert hub_client._asked_wait({"Retry-After": moment}) == pytest.approx(90, abs=3)


def test_texts_lose_tokens_and_addresses(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "canary-token")
    text = "no\nwith Bearer abc.def and canary-token and hf_AbC123 at https://u:p@h/x?X-Amz-Signature=1 " + "x" * 1000
    line = plain(text)
    assert line.startswith("no with ... and ... and ... at ... xxx")
    assert len(line) == 300


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (RuntimeError("Database already open. Cannot acquire lock."), Transient, "RuntimeError: Database already open"),
        (ConnectionError("hf_abc"), Transient, r"the upload failed \(ConnectionError: \.\.\.\)"),
        (json.JSONDecodeError("x", "", 0), Transient, "cut short"),
        (ConnectionError("HTTP status client error (503 Unwell)"), Transient, "the upload failed"),
        (ConnectionError("HTTP status client error (403 Forbidden)"), UserError, "the token may not write there: log"),
        (RuntimeError("HTTP status client error (401 Unauthorized)"), UserError, "does not accept the token: log in"),
        (PermissionError("no access"), UserError, f"^{REPO}: PermissionError: no access$"),
        (ValueError("Invalid metadata"), UserError, f"^{REPO}: ValueError: Invalid metadata$"),
        (httpx2.LocalProtocolError("Illegal header value b'Bearer hf_abc'"), UserError, "check HF_ENDPOINT"),
    ],
)
def test_errors_of_the_libraries_become_readable(error, kind, said):
    with pytest.raises(kind, match=said) as raised, readable_errors(REPO):
        raise error
    assert "hf_abc" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_an_error_inside_another_is_found():
    outer = RuntimeError("Error while uploading 'x' to the Hub.")
    outer.__cause__ = Transient("inside")
    with pytest.raises(Transient, match=r"^inside$"), readable_errors(REPO):
        raise outer


def test_a_token_is_found_in_the_variable_or_the_file_of_a_login(monkeypatch, tmp_path: Path):
    path = tmp_path / "token"
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(path))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match=r"^publish\.repo_id is set, but no token .* is found: log in with `hf auth"):
        check_token()
    path.write_text("hf_file")
    check_token()
    assert get_token() == "hf_file"
    path.unlink()
    monkeypatch.setenv("HF_TOKEN", "hf_variable")
    check_token()


def test_requests_bear_the_token_and_are_not_logged(hub, monkeypatch, client, caplog):
    caplog.set_level("DEBUG")
    monkeypatch.setenv("HF_TOKEN", hub.token)
    assert HfApi(endpoint=hub.url).whoami()["name"] == "tester"
    assert isinstance(get_session(), httpx2.Client)
    assert not [line for line in caplog.messages if "http://" in line and "HTTP Request" in line]


def test_offline_mode_is_told(hub, api, client, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE is set"), readable_errors(REPO):
        api.dataset_info(REPO)


def test_the_environment_bounds_every_wait_of_hf_xet():
    variables = hub_environment(30)
    assert variables["HF_XET_CLIENT_READ_TIMEOUT"] == variables["HF_XET_CLIENT_CONNECT_TIMEOUT"] == "30s"
    assert variables["HF_HUB_DISABLE_TELEMETRY"] == "1"
