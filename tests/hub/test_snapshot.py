"""A dataset of the Hub is used by its name as its folder is."""

import json

import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.hub.snapshot import snapshot
from tests.finished_dataset import SCRIPTS, read_facts, read_table_rows
from tests.loopback_hub.clients import REPO, commit, run_client

pytest_plugins = ["tests.loopback_hub.fixtures"]

GRADE = """
import json, os
from subject_zoo.integrations.grader import Grader
grader = Grader.of_dataset(os.environ["NAMED"])
answer = json.loads(os.environ["ANSWER"])
figures = grader.grade("modification", answer["example_id"], answer["completion"])
print(json.dumps([sorted(grader.cases), figures["passed"]]))
"""


def test_answers_are_judged_by_a_repository(hub, api, finished, tmp_path):
    commit(api, {name: (finished / name).read_bytes() for name in [*read_facts(finished)["files"], "manifest.json"]})
    rows = [row for path in sorted(finished.glob("modification/*/*.parquet")) for row in read_table_rows(path)]
    answer = json.dumps({key: rows[0][key] for key in ("example_id", "completion")})
    told = json.loads(run_client(hub, tmp_path, GRADE, xet=False, NAMED=REPO, ANSWER=answer, PYTHONPATH=str(SCRIPTS)))
    assert told == [sorted(row["example_id"] for row in rows), True]


@pytest.mark.parametrize("name", ["results/nowhere", "no/folder/of/mine"])
def test_what_is_neither_here_nor_there_is_one_line(monkeypatch, name):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=f"^{name}: no folder here, and no dataset of the Hub that can be had .*[^\n]$"):
        snapshot(name)
