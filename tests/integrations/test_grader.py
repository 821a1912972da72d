"""Every adapter's figures are those that `subject-zoo score` reports of the same answers."""

import asyncio
import json
from statistics import mean

import pytest
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Target
from inspect_ai.solver import TaskState

from subject_zoo.integrations.inspect import judged as inspect_judged
from subject_zoo.integrations.lm_eval import judged as lm_eval_judged
from subject_zoo.integrations.lm_eval import load
from subject_zoo.integrations.source import rows_of_task
from subject_zoo.integrations.trl import reward
from subject_zoo.integrations.verifiers import DatasetConfig, DatasetTask, DatasetTaskset
from subject_zoo.judge.score import score
from tests.integrations.asked import ASKED

pytestmark = pytest.mark.integrations
FIGURES = {
    "modification": {"passed": "passed", "target_gain": "target_gain"},
    "classification": {"exact": "exact_match"},
}


def answers_of(rows) -> list[str]:
    """Of each row's task an answer: its own, one that is cut, and then those of other records."""
    own = [row["completion"] for row in rows]
    return [own[0], own[1][: len(own[1]) // 2], *own[:-2]]


def by_trl(folder, task, figure, rows, answers):
    return reward(folder, task, {figure: 1.0})([], answers, example_id=[row["example_id"] for row in rows])


def by_inspect(folder, task, figure, rows, answers):
    judged = inspect_judged(task, folder)

    def state(row, answer):
        output = ModelOutput.from_content("mockllm", answer)
        told = {"example_id": row["example_id"]}
        return TaskState("mockllm", row["example_id"], 1, row["prompt"], [], output=output, metadata=told)

    async def all_of_them():
        return [await judged(state(row, answer), Target("")) for row, answer in zip(rows, answers, strict=True)]

    return [score.value[figure] for score in asyncio.run(all_of_them())]


def by_lm_eval(folder, task, figure, rows, answers):
    docs = load(folder, task, "train", False)["train"]
    return [lm_eval_judged(doc, [answer])[figure] for doc, answer in zip(docs, answers, strict=True)]


def by_verifiers(folder, task, figure, rows, answers):
    tasks = DatasetTaskset(DatasetConfig(dataset=folder, tasks=[task])).load()

    class Said:
        def __init__(self, answer):
            self.last_reply = answer

    async def all_of_them():
        return [await DatasetTask.figures(one, Said(answer)) for one, answer in zip(tasks, answers, strict=True)]

    return [figures[figure] for figures in asyncio.run(all_of_them())]


@pytest.mark.parametrize("adapter", [by_trl, by_inspect, by_lm_eval, by_verifiers])
@pytest.mark.parametrize("task", [task for task in ASKED if task in FIGURES])
def test_figures_are_the_scorers(finished, tmp_path, task, adapter):
    rows = list(rows_of_task(str(finished), "train", task))
    answers = answers_of(rows)
    with (tmp_path / "completions.jsonl").open("w") as file:
        for row, answer in zip(rows, answers, strict=True):
            file.write(json.dumps({"example_id": row["example_id"], "task": task, "completion": answer}) + "\n")
    report = score(finished, tmp_path / "completions.jsonl", split="train")[task]
    for figure, reported in FIGURES[task].items():
        assert mean(adapter(str(finished), task, figure, rows, answers)) == pytest.approx(report[reported])
    assert 0 < report[next(iter(FIGURES[task].values()))] < 1
