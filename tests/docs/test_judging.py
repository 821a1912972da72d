"""The page on judging names each figure that score prints, and each kind of what can be wrong."""

import json
import re

import pyarrow.parquet as pq
import pytest

from subject_zoo.base.terms import COMPLETION_FAULTS, GATES
from subject_zoo.cli import main
from tests.docs.pages import ROOT

TABLES = (
    (ROOT / "docs/judging.md").read_text(encoding="utf-8").partition("### What score prints")[2].partition("\n## ")[0]
)
NAMED = [set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", part, re.MULTILINE)))) for part in
         TABLES.split("| kind |")]  # fmt: skip


def test_each_kind_of_fault_is_named():
    assert NAMED[1] == set(COMPLETION_FAULTS)


@pytest.mark.parametrize("view", [0, 1])
def test_each_figure_is_named(finished, tmp_path, capsys, view):
    with (tmp_path / "answers.jsonl").open("w") as file:
        for task in ("modification", "classification"):
            for path in sorted((finished / task).glob("test/*.parquet")):
                for row in pq.read_table(path, columns=["example_id"]).to_pylist():
                    for one in range(view + 1):
                        file.write(json.dumps({**row, "task": task, "view": one, "completion": "{}"}) + "\n")
    assert main(["score", str(finished), str(tmp_path / "answers.jsonl")]) == 0
    printed = re.findall(r"^  (\w+) +(?!first)\S", capsys.readouterr().out, re.MULTILINE)
    assert {"passed", "exact_match"} <= set(printed)
    assert ("views_agree" in printed) == bool(view)
    assert set(printed) - {"fails"} <= NAMED[0]
    assert not NAMED[0] & set(GATES)
