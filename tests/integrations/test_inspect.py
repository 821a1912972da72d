"""Inspect evaluates a dataset, and judges what another evaluation wrote, with a model that is a table."""

import math
import os
import subprocess
import sys
import tomllib

import pytest
from inspect_ai import Task, eval, score
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

from subject_zoo.base.errors import UserError
from subject_zoo.integrations.grader import headline
from subject_zoo.integrations.inspect import interpret, judged, samples_of
from subject_zoo.judge.views import view_rows
from tests.docs.pages import ROOT
from tests.integrations.asked import ASKED

pytestmark = pytest.mark.integrations
BY_NAME = """
import sys
from inspect_ai import eval
from inspect_ai._cli.main import inspect
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model

def exact(log):
    [score] = [score for score in log.results.scores if score.name == "exact"]
    print(log.status, log.eval.task, score.scorer, score.metrics["mean"].value)

output = ModelOutput.from_content("mockllm", "I do not know.")
output.usage = ModelUsage()
model = get_model("mockllm/model", custom_outputs=lambda *asked: output)
[log] = eval("subject_zoo/interpret", model=model, task_args={"dataset": sys.argv[1]}, display="none")
exact(log)
scorer = ["--scorer", "subject_zoo/judged", "-S", "task=classification", "-S", f"dataset={sys.argv[1]}"]
where = ["--action", "overwrite", "--output-file", "judged.eval", "--display", "none"]
inspect(["score", log.location, *scorer, *where], standalone_mode=False)
exact(read_eval_log("judged.eval"))
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Nothing is written into a person's home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))


def model_that_knows(answers):
    def answer(messages, tools, tool_choice, config):
        assert tools == []
        assert config.max_tokens is not None
        output = ModelOutput.from_content("mockllm", answers.get(messages[-1].text, "I do not know."))
        output.usage = ModelUsage()  # or it is counted, by a tokenizer that is downloaded
        return output

    return get_model("mockllm/model", custom_outputs=answer)


def metrics_of(log) -> dict[str, dict[str, float]]:
    """Value by metric of each figure."""
    assert log.status == "success", log.error
    return {one.name: {name: metric.value for name, metric in one.metrics.items()} for one in log.results.scores}


@pytest.mark.parametrize("task", ASKED)
def test_figures_have_means_and_errors(finished, task):
    samples = samples_of(task, str(finished), "train")
    known = {sample.input: sample.target for sample in list(samples)[1:]}
    [log] = eval(interpret(task, str(finished), "train"), model=model_that_knows(known), display="none")
    measured, count = metrics_of(log), len(samples)
    share = (count - 1) / count
    assert measured[headline(task)]["mean"] == pytest.approx(share)
    assert measured[headline(task)]["stderr"] == pytest.approx(math.sqrt(share * (1 - share) / (count - 1)))
    assert measured["unreadable"]["mean"] == pytest.approx(1 / count)
    first = log.samples[0]
    assert first.id == first.metadata["example_id"] == samples[0].metadata["example_id"]
    assert first.scores["judged"].metadata == {
        "failures": [first.scores["judged"].metadata["failures"][0]],
        "book": "closed",
    }


def test_another_evaluations_log_is_judged(finished):
    samples = samples_of("modification", str(finished), "train")
    known = {sample.input: sample.target for sample in samples}
    another = Task(dataset=samples, solver=generate(max_tokens=10_000), scorer=includes())
    [log] = eval(another, model=model_that_knows(known), display="none")
    scored = score(log, judged("modification", str(finished)), action="overwrite", display="none")
    measured = metrics_of(scored)
    assert measured["passed"]["mean"] == measured["repair_share"]["mean"] == 1.0


def test_answers_to_views_are_judged_by_the_networks_that_are_shown(finished):
    rows = [row for row in view_rows(finished, "train", 1) if row["task"] == "modification"]
    samples = [
        Sample(row["prompt"], target=row["completion"], metadata={key: row[key] for key in ("example_id", "view")})
        for row in rows
    ]
    known = {row["prompt"]: row["completion"] for row in rows}
    task = Task(dataset=samples, solver=generate(max_tokens=10_000), scorer=judged("modification", str(finished)))
    [log] = eval(task, model=model_that_knows(known), display="none")
    assert metrics_of(log)["targeted"]["mean"] == 1.0


def test_an_installed_package_registers_it(finished, tmp_path):
    """By the entry points of pyproject.toml, in a folder as an installer makes one."""
    entry_points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    packages = tmp_path / "site-packages"
    told = packages / "subject_zoo-0.dist-info"
    told.mkdir(parents=True)
    (packages / "subject_zoo").symlink_to(ROOT / "scripts/subject_zoo")
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: subject-zoo\nVersion: 0\n")
    lines = [f"{name} = {module}" for name, module in entry_points["inspect_ai"].items()]
    (told / "entry_points.txt").write_text("\n".join(["[inspect_ai]", *lines]))
    done = subprocess.run(
        [sys.executable, "-c", BY_NAME, str(finished)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = [line for line in done.stdout.splitlines() if line.startswith("success")]
    assert said == ["success interpret_classification judged 0.0"] * 2


def test_a_wrong_task_is_one_line(finished):
    with pytest.raises(UserError, match="task is 'translation'; it must be one of"):
        interpret("translation", str(finished))
    with pytest.raises(UserError, match=r"has no task diagnosis: task_generation\.include_diagnosis is false"):
        interpret("diagnosis", str(finished))
    with pytest.raises(UserError, match="the split nonsense has no record"):
        interpret("classification", str(finished), "nonsense")
