"""lm-evaluation-harness finds the tasks that are written for a dataset, and runs them with a model that is a table."""

import sys

import pytest
import yaml
from lm_eval.__main__ import cli_evaluate
from lm_eval.api.model import LM
from lm_eval.evaluator import simple_evaluate
from lm_eval.tasks import TaskManager

from subject_zoo.integrations.grader import headline
from subject_zoo.integrations.lm_eval import main
from subject_zoo.integrations.source import most_tokens, rows_of_task
from tests.integrations.asked import ASKED

pytestmark = pytest.mark.integrations


class Table(LM):
    """A model that answers what it knows."""

    def __init__(self, answers):
        super().__init__()
        self.answers, self.asked = answers, []

    def generate_until(self, requests, disable_tqdm=False):
        self.asked += [request.args[1] for request in requests]
        return [self.answers.get(request.args[0], "I do not know.") for request in requests]

    def loglikelihood(self, requests):
        raise NotImplementedError

    def loglikelihood_rolling(self, requests):
        raise NotImplementedError


@pytest.fixture(scope="module")
def tasks(finished, tmp_path_factory):
    """The folder of the tasks of the training split."""
    folder = tmp_path_factory.mktemp("tasks")
    assert main([str(finished), str(folder), "--split", "train"]) == 0
    return folder


def test_its_own_check_finds_them(tasks, monkeypatch, capsys):
    names = ",".join(f"subject_zoo_{task}" for task in ASKED)
    monkeypatch.setattr(sys, "argv", ["lm-eval", "validate", "--tasks", names, "--include_path", str(tasks)])
    cli_evaluate()
    assert "All tasks found and valid" in capsys.readouterr().out


def test_figures_have_means_and_errors(finished, tasks):
    rows = {task: list(rows_of_task(str(finished), "train", task)) for task in ASKED}
    known = {row["prompt"]: row["completion"] for task in ASKED for row in rows[task][1:]}
    model = Table(known)
    manager = TaskManager(include_path=str(tasks), include_defaults=False)
    done = simple_evaluate(model, tasks=["subject_zoo"], task_manager=manager, bootstrap_iters=0)
    for task in ASKED:
        measured, count = done["results"][f"subject_zoo_{task}"], len(rows[task])
        assert measured[f"{headline(task)},none"] == pytest.approx((count - 1) / count)
        assert measured["unreadable,none"] == pytest.approx(1 / count)
        assert done["n-samples"][f"subject_zoo_{task}"]["effective"] == count
    longest = {most_tokens(row["completion"] for row in rows[task]) for task in ASKED}
    assert {asked["max_gen_toks"] for asked in model.asked} == longest
    assert all(asked["until"] == [] for asked in model.asked)


def test_every_figure_is_told_which_way_is_better(tasks):
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", lambda loader, node: node.value)
    for task in ASKED:
        told = yaml.load((tasks / f"subject_zoo_{task}.yaml").read_text(), Loader)
        better = {metric["metric"]: metric["higher_is_better"] for metric in told["metric_list"]}
        assert better[headline(task)]
        assert not better["unreadable"]


def test_a_dataset_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path / "nowhere"), str(tmp_path / "tasks")]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{tmp_path}/nowhere: no folder here")
    assert not (tmp_path / "tasks").exists()


def test_tasks_of_another_dataset_do_not_stay_under_the_tag(finished, tmp_path):
    (tmp_path / "subject_zoo_diagnosis.yaml").write_text("task: subject_zoo_diagnosis\ntag: subject_zoo\n")
    (tmp_path / "of_a_person.yaml").touch()
    assert main([str(finished), str(tmp_path), "--split", "train"]) == 0
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"of_a_person.yaml", *(f"subject_zoo_{task}.yaml" for task in ASKED)}


def test_a_file_in_the_place_of_the_folder_is_one_line(finished, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main([str(finished), str(tmp_path / "file"), "--split", "train"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "cannot be written to" in line
