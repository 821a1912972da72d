"""A Hub that refuses, or is unwell: one line that tells no secret."""

import json

import pytest
from huggingface_hub import HfApi

from subject_zoo.base.errors import UserError
from tests.hub.publishing import add
from tests.loopback_hub import Fault
from tests.published_zoo import REPO, write_dataset

pytest_plugins = ["tests.loopback_hub.fixtures"]


def test_a_repository_that_exists_may_be_told_without_its_address(hub, here, tmp_path):
    here().open()
    hub.set_faults([Fault("POST /api/repos/create", "status", status=409, body='{"error": "it exists"}')])
    assert here().open()[1]


@pytest.mark.parametrize(
    ("token", "repo", "status", "said"),
    [
        ("hf_canaryCANARY", REPO, None, "does not accept the token"),
        ("hf_loopback", "stranger/zoo", None, "the token may not write there"),
        ("hf_loopback", REPO, 403, "the token may not write there"),
        ("hf_loopback", REPO, 404, "has no such dataset"),
        ("hf_loopback", REPO, 404, "where it was deleted, `rm -r results/published` lets the next run make it anew"),
        ("hf_loopback", REPO, 402, "the storage that the Hub gives is full"),
        ("hf_loopback", REPO, 413, "what was sent is too large for the Hub"),
        ("hf_loopback", REPO, 418, "refuses, status 418"),
        ("hf_canary\x0bCANARY", REPO, None, "check HF_ENDPOINT and the token"),
        ("hf_canaryCANARY\N{SNOWMAN}", REPO, None, "check HF_ENDPOINT and the token"),
    ],
)
def test_what_a_person_has_to_mend_is_one_line_at_once(hub, here, monkeypatch, caplog, token, repo, status, said):
    monkeypatch.setenv("HF_TOKEN", token)
    if status:
        body = json.dumps({"error": f"no! {token} at https://x.y/z?secret=1"})
        hub.set_faults([Fault("POST .*/preupload/", "status", status=status, body=body)])
    with pytest.raises(UserError) as error:
        here(repo=repo).open()
    line = str(error.value)
    assert said in line
    assert line.startswith(repo)
    assert "\n" not in line
    assert not any(secret in line for secret in (token, "CANARY", "secret", "http"))
    assert error.value.__suppress_context__
    assert "next try" not in caplog.text


def test_patience_ends_with_a_line_that_says_what_was_waited_for(hub, here, caplog):
    hub.set_faults([Fault("GET /api/datasets", "status", status=503, times=1000)])
    with pytest.raises(UserError, match=r"^could not open tester/zoo: the Hub is unwell \(status 503\); tried \d+"):
        here().open()
    assert 1 < len(hub.log("GET /api/datasets")) < 1000
    assert any("open tester/zoo: the Hub is unwell (status 503); next try in 0 s" in line for line in caplog.messages)


def test_a_tree_that_is_not_what_was_sent_is_an_error(hub, here, tmp_path, monkeypatch):
    folder, zoo = write_dataset(tmp_path / "zoo"), here()
    zoo.open()
    before = HfApi.create_commit

    def other(self, repo_id, operations, **options):
        return before(self, repo_id, [op for op in operations if "weights" not in op.path_in_repo], **options)

    monkeypatch.setattr(HfApi, "create_commit", other)
    with pytest.raises(UserError, match=r"does not hold what was sent: weights/000000\.safetensors"):
        add(zoo, folder, "000000")
