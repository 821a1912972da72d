"""verifiers' own evaluation and validation of both environments, with a model that is a table behind an endpoint."""

import asyncio
import json
import re
from dataclasses import dataclass

import pytest
import verifiers.v1 as vf
import yaml
from verifiers.v1.cli.eval.runner import run_eval
from verifiers.v1.cli.validate import main as validate
from verifiers.v1.configs.cli.eval import EvalConfig
from verifiers.v1.configs.env import default_agent_harness
from verifiers.v1.utils.loaders import load_taskset, taskset_config_type

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import SPLITS
from subject_zoo.integrations.fresh import PARTS, fresh_examples
from subject_zoo.integrations.grader import Grader
from tests.finished_dataset import tiny_config
from tests.integrations.asked import ASKED
from tests.integrations.chat_server import chat_server

pytestmark = pytest.mark.integrations
WITH_TOOLS = """
import openai
import verifiers.v1 as vf

TOOL = {"type": "function", "function": {"name": "bash", "parameters": {"type": "object", "properties": {}}}}

class WithTools(vf.Harness[vf.HarnessConfig]):
    NEEDS_CONTAINER = False

    async def launch(self, ctx, trace, runtime, endpoint, secret, mcp_urls, data):
        async with openai.AsyncOpenAI(base_url=endpoint, api_key=secret, max_retries=0) as client:
            messages = [{"role": "user", "content": data.prompt}]
            try:
                await client.chat.completions.create(model=ctx.model, messages=messages, tools=[TOOL])
            except openai.OpenAIError as error:
                return vf.ProgramResult(1, "", str(error))
        return vf.ProgramResult(0, "", "")

__all__ = ["WithTools"]
"""


@pytest.fixture(scope="module")
def configuration(tmp_path_factory) -> str:
    """A configuration's file of seconds of work."""
    path = tmp_path_factory.mktemp("configuration") / "config.yaml"
    path.write_text(yaml.safe_dump(tiny_config()))
    return str(path)


def tasks_of(taskset: str, **options) -> vf.Taskset:
    return load_taskset(taskset_config_type(taskset).model_validate({"id": taskset, **options}))


@dataclass
class Evaluated:
    traces: list
    requests: list


def evaluate(folder, taskset, answers, limit=None, agent=None, **options) -> Evaluated:
    """What verifiers' own evaluation makes of a model that knows these answers."""
    environment = {"taskset": {"id": taskset, **options}, **({"agent": agent} if agent else {})}
    with chat_server(answers) as (url, requests):
        config = EvalConfig.model_validate(
            {
                "env": environment,
                "model": "a table",
                "client": {"base_url": url, "api_key_var": "NONE_IS_NEEDED"},
                "select": {"limit": limit},
                "rich": None,
                "push": False,
                "output_dir": str(folder),
            }
        )
        episodes = asyncio.run(run_eval(config))
    return Evaluated([trace for episode in episodes for trace in episode.traces], requests)


def test_a_dataset_is_asked_about_record_by_record(finished):
    keys = [
        task.key for split in SPLITS for task in tasks_of("subject-zoo-dataset", dataset=str(finished), split=split)
    ]
    ids = sorted(Grader.of_dataset(str(finished)).cases)
    assert sorted(keys) == sorted(f"{i:06d}/{task}" for i in ids for task in ASKED)


def test_the_recorded_answers_are_right_and_others_are_not(finished, tmp_path):
    rows = list(tasks_of("subject-zoo-dataset", dataset=str(finished)))
    known = {task.data.prompt: task.data.completion for task in rows[::2]}
    done = evaluate(tmp_path, "subject-zoo-dataset", known, dataset=str(finished))
    assert len(done.traces) == len(rows) == len(done.requests)
    for trace, task in zip(sorted(done.traces, key=lambda trace: trace.task.data.idx), rows, strict=True):
        assert trace.ok, trace.errors
        assert trace.task.key == task.key
        is_known = task.data.prompt in known
        assert trace.reward == float(is_known)
        gained = "target_gain" if task.data.task == "modification" else "f1"
        assert (trace.metrics[gained] > 0) == is_known
        assert any(name.startswith("fails_") for name in trace.metrics) != is_known


def test_models_are_given_no_tools(finished, tmp_path):
    for taskset in ("subject-zoo-dataset", "subject-zoo-fresh"):
        assert not vf.load_harness(default_agent_harness(taskset)).EXECUTES_CODE
    known = {task.data.prompt: task.data.completion for task in tasks_of("subject-zoo-dataset", dataset=str(finished))}
    done = evaluate(tmp_path, "subject-zoo-dataset", known, limit=1, dataset=str(finished))
    assert not any(request.get("tools") for request in done.requests)
    assert done.traces[0].reward == 1.0


def test_a_harness_with_tools_gets_no_answer(finished, tmp_path, monkeypatch):
    (tmp_path / "harness_with_tools.py").write_text(WITH_TOOLS)
    monkeypatch.syspath_prepend(tmp_path)
    known = {task.data.prompt: task.data.completion for task in tasks_of("subject-zoo-dataset", dataset=str(finished))}
    agent = {"harness": {"id": "harness-with-tools"}, "runtime": {"type": "subprocess"}}
    done = evaluate(tmp_path, "subject-zoo-dataset", known, limit=1, agent=agent, dataset=str(finished))
    assert [(trace.stop_condition, trace.reward) for trace in done.traces] == [("has_tools", 0.0)]
    assert done.requests == []


def test_its_own_check_finds_every_recorded_answer_right(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["subject-zoo-dataset", "--taskset.dataset", str(finished), "--runtime.type", "subprocess", "-o", "out"]
    monkeypatch.setattr("sys.argv", ["vf-validate", *arguments, "--no-rich"])
    validate()
    [summary] = tmp_path.glob("out/*/summary.json")
    told = json.loads(summary.read_text())
    assert told["valid_rate"] == 1.0
    assert {check: counts["valid"] for check, counts in told["checks"].items()} == {
        "gold": told["total"],
        "noop": told["total"],
    }


def test_fresh_examples_have_one_datasets_probes_and_ids_that_never_meet(configuration, finished):
    made = fresh_examples(configuration)
    assert made.project.signature_dataset == (finished / "signature_dataset.json").read_bytes()
    assert PARTS["train"].stop <= PARTS["test"].start
    assert max(Grader.of_dataset(str(finished)).cases) < PARTS["train"].start
    seen = {}
    for part, ids in PARTS.items():
        tasks = list(tasks_of("subject-zoo-fresh", config=configuration, part=part).take(4))
        assert all(task.data.example_id in ids for task in tasks)
        assert [task.key for task in tasks] == [f"{task.data.example_id}/{task.data.task}" for task in tasks]
        seen[part] = {task.data.prompt for task in tasks}
        signature = re.compile(r"^## Activation signature$.*?^(\{.*)$", re.MULTILINE | re.DOTALL)
        assert all(signature.search(task.data.prompt) for task in tasks)
    assert not seen["train"] & seen["test"]


def test_fresh_examples_are_the_pipelines(configuration):
    """An id gives one record, whenever it is asked for and whatever was asked for before."""
    [task, *_] = tasks_of("subject-zoo-fresh", config=configuration, tasks=["classification"]).take(2)
    first = task.data.example_id - PARTS["train"].start
    [again] = tasks_of("subject-zoo-fresh", config=configuration, tasks=["classification"], first=first).take(1)
    assert again.data.prompt == task.data.prompt
    rebuilt = type(task)(task.data)
    fresh_examples.cache_clear()
    assert asyncio.run(rebuilt.validate(None))


def test_what_is_held_out_is_in_none_to_train_on_and_in_all_to_test_on(configuration):
    overrides = {"splits": {"holdout": "activation", "held_out": ["relu"], "test": 0.0}}
    for part in PARTS:
        tasks = tasks_of("subject-zoo-fresh", config=configuration, part=part, overrides=overrides).take(6)
        found = {'"activation_type":"relu"' in task.data.prompt for task in tasks}
        assert found == {part == "test"}


def test_fresh_examples_are_answered_and_judged(configuration, tmp_path):
    rows = list(tasks_of("subject-zoo-fresh", config=configuration, part="test").take(4))
    known = {task.data.prompt: task.data.completion for task in rows}
    done = evaluate(tmp_path, "subject-zoo-fresh", known, limit=4, config=configuration, part="test")
    assert [trace.reward for trace in done.traces] == [1.0] * 4


def test_a_task_that_is_not_there_is_one_line(finished):
    with pytest.raises(UserError, match="tasks: 'translation' is not there; there are modification, classification"):
        list(tasks_of("subject-zoo-dataset", dataset=str(finished), tasks=["translation"]))
