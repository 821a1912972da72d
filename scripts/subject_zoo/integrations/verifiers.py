"""Environments for verifiers, version 1 of its interface, and so for prime-rl: the records of a dataset, and records
that are made as they are asked for.

    vf-eval subject-zoo-dataset --env.taskset.dataset results/dataset --env.taskset.split test
    vf-eval subject-zoo-fresh --env.taskset.config config.yaml --env.taskset.part test -n 100

A model is asked once, by a harness that has no tools; where another one brings tools, the rollout ends before the model
is called.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import openai
import orjson
import verifiers.v1 as vf

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import format_id
from subject_zoo.dataset.shards import table_row
from subject_zoo.integrations.fresh import fresh_examples
from subject_zoo.integrations.grader import Grader, failures, headline, numbers
from subject_zoo.integrations.source import rows_of_task


class Question(vf.TaskData):
    """What is asked of a record: its task, and the recorded answer."""

    task: str
    example_id: int
    completion: str


class DatasetQuestion(Question):
    """Of a dataset's folder or repository."""

    dataset: str
    trusted: bool


class FreshQuestion(Question):
    """Of an example that is made by a configuration's file, under overrides in JSON."""

    config: str
    overrides: str


class _Judged:
    """How an answer is judged, whatever the record comes from."""

    data: Any

    @property
    def grader(self) -> Grader:
        """What judges answers to the record."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """The record's own name: "000007/modification"."""
        return f"{format_id(self.data.example_id)}/{self.data.task}"

    def _grade(self, text: str) -> dict[str, Any]:
        return self.grader.grade(self.data.task, self.data.example_id, text)

    @vf.stop
    async def has_answered(self, trace: vf.Trace) -> bool:
        """One answer, and no second try."""
        return bool(trace.num_turns >= 1)

    @vf.stop
    async def has_tools(self, request: vf.Request) -> bool:
        """Closed-book: who may run the printed network is right without reading it."""
        return bool(request.tools)

    @vf.reward
    async def right(self, trace: vf.Trace) -> float:
        """The figure of the task's that counts, 1 or 0."""
        return numbers(self._grade(trace.last_reply))[headline(self.data.task)]

    @vf.metric
    async def figures(self, trace: vf.Trace) -> dict[str, float]:
        """All figures, and a 1 for each kind of failure."""
        figures = self._grade(trace.last_reply)
        return numbers(figures) | {f"fails_{kind}": 1.0 for kind in failures(figures)}

    async def validate(self, runtime: vf.Runtime) -> bool:
        """Whether the recorded answer is right."""
        return bool(self._grade(self.data.completion)[headline(self.data.task)])


class DatasetTask(_Judged, vf.Task[DatasetQuestion, vf.State, vf.TaskConfig]):
    """One task of a dataset's record."""

    @property
    def grader(self) -> Grader:
        return Grader.of_dataset(self.data.dataset, self.data.trusted)


class FreshTask(_Judged, vf.Task[FreshQuestion, vf.State, vf.TaskConfig]):
    """One task of a fresh record."""

    @property
    def grader(self) -> Grader:
        return fresh_examples(self.data.config, self.data.overrides).grader


class DatasetConfig(vf.TasksetConfig):
    """Which records are asked about: a folder or a repository on the Hub, one of its splits, and tasks or all."""

    dataset: str = "results/dataset"
    split: Literal["train", "validation", "test"] = "train"
    tasks: list[str] = []  # noqa: RUF012  # pydantic copies it
    trusted: bool = False


class DatasetTaskset(vf.Taskset[DatasetTask, DatasetConfig]):
    """The tasks of a dataset's records, task by task in the order of their ids."""

    def load(self) -> Iterator[DatasetTask]:
        """Raises UserError for a dataset that cannot be used."""
        config = self.config
        for task in _asked(config.tasks, Grader.of_dataset(config.dataset, config.trusted).tasks):
            for row in rows_of_task(config.dataset, config.split, task, config.trusted):
                where = {"dataset": config.dataset, "trusted": config.trusted}
                yield DatasetTask(DatasetQuestion(**_told(task, row), **where), config.task)


class FreshConfig(vf.TasksetConfig):
    """Which records are made: by a whole configuration's file and what overlays it; to train on or to test on, whose
    ids never meet, from the so-manieth on."""

    config: str = "config.yaml"
    overrides: dict[str, Any] = {}  # noqa: RUF012
    part: Literal["train", "test"] = "train"
    first: int = 0
    tasks: list[str] = []  # noqa: RUF012  # pydantic copies it


class FreshTaskset(vf.Taskset[FreshTask, FreshConfig]):
    """The tasks of records that are made one after the other."""

    INFINITE = True

    def load(self) -> Iterator[FreshTask]:
        """Raises UserError for a configuration that is wrong."""
        config, overrides = self.config, orjson.dumps(self.config.overrides).decode()
        made = fresh_examples(config.config, overrides)
        tasks = _asked(config.tasks, made.grader.tasks)
        for record in made.records(config.part, config.first):
            for task in tasks:
                where = {"config": config.config, "overrides": overrides}
                yield FreshTask(FreshQuestion(**_told(task, table_row(task, record)), **where), config.task)


def _asked(tasks: Sequence[str], there: Sequence[str]) -> Sequence[str]:
    """The tasks that are asked for, all where none is named. Raises UserError for one that is not there."""
    if strangers := [task for task in tasks if task not in there]:
        raise UserError(f"taskset.tasks: {strangers[0][:40]!r} is not there; there are {', '.join(there)}")
    return tasks or there


def _told(task: str, row: dict[str, Any]) -> dict[str, Any]:
    texts = {key: row[key] for key in ("example_id", "prompt", "completion")}
    return {"id": f"{format_id(row['example_id'])}/{task}", "task": task, **texts}


class ClosedBook(vf.Harness[vf.HarnessConfig]):
    """A harness that puts the prompt to the model and takes its answer: no tools, no program, no sandbox."""

    APPENDS_SYSTEM_PROMPT = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: vf.ModelContext,
        trace: vf.Trace,
        runtime: vf.Runtime,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: vf.TaskData,
    ) -> vf.ProgramResult:
        """One request, whose failure is the program's: verifiers tells of what lies behind it."""
        system, prompt = self.resolve_text_prompt(data)
        messages = [{"role": role, "content": text} for role, text in (("system", system), ("user", prompt)) if text]
        try:
            async with openai.AsyncOpenAI(base_url=endpoint, api_key=secret, timeout=None) as client:
                await client.chat.completions.create(model=ctx.model, messages=messages)
        except openai.OpenAIError as error:
            return vf.ProgramResult(exit_code=1, stdout="", stderr=str(error))
        return vf.ProgramResult(exit_code=0, stdout="", stderr="")


class ClosedBookConfig(vf.SingleAgentEnvConfig):
    """One agent, which needs no box: nothing of it is run."""

    agent: vf.AgentConfig = vf.AgentConfig(runtime=vf.SubprocessConfig())


class ClosedBookEnv(vf.SingleAgentEnv, vf.Env[ClosedBookConfig]):
    """The environment of both tasksets."""
