"""Inspect's task and scorer, which an installed package registers:

    inspect eval subject_zoo/interpret -T task=modification -T dataset=results/dataset --model openai/gpt-5
    inspect score logs/another.eval --scorer subject_zoo/judged -S task=modification -S dataset=results/dataset

A model gets the prompt and no tools.
"""

from inspect_ai import Task, task
from inspect_ai.dataset import Dataset, FieldSpec, hf_dataset
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState, generate

from subject_zoo.dataset.shards import table_schema
from subject_zoo.integrations.grader import Grader, check_task, failures, numbers
from subject_zoo.integrations.source import checked_manifest, most_tokens, received

_TEXTS = ("prompt", "completion")


@task(name="interpret")  # or it would be called as the argument below is
def interpret(
    task: str = "classification", dataset: str = "results/dataset", split: str = "test", trusted: bool = False
) -> Task:
    """One of the scorer's tasks on a split of a dataset's folder, or of a repository on the Hub.

    A model may write as much as the longest recorded answer takes, unless --max-tokens says otherwise. Raises UserError
    for a dataset that cannot be used.
    """
    samples = samples_of(task, dataset, split, trusted)
    return Task(
        dataset=samples,
        solver=generate(),
        scorer=judged(task, dataset, trusted),
        config=GenerateConfig(max_tokens=most_tokens(str(sample.target) for sample in samples)),
        name=f"interpret_{task}",
    )


def samples_of(task: str, dataset: str, split: str = "test", trusted: bool = False) -> Dataset:
    """The rows of a task's table as samples: the id is the record's, the metadata all columns that are no texts.

    Raises UserError as `checked_manifest`.
    """
    check_task(task)
    folder = received(dataset, trusted)
    checked_manifest(folder, split, task)
    columns = [name for name in table_schema(task, {}).names if name not in _TEXTS]
    fields = FieldSpec(input="prompt", target="completion", id="example_id", metadata=columns)
    return hf_dataset(str(folder.path), split, name=task, sample_fields=fields, cached=False, retry=False)


@scorer(metrics={"*": [mean(), stderr()]})
def judged(task: str, dataset: str = "results/dataset", trusted: bool = False) -> Scorer:
    """The figures of an answer (docs/judging.md), each by itself, with mean and standard error over records.

    A sample's metadata have `example_id`, and `view` where its prompt is one of `subject-zoo views`, not the record's
    own. The kinds of failure stand in a score's metadata, and there too whether the model had tools: who may run the
    printed network is right without reading it. Raises UserError for a dataset that cannot be used.
    """
    check_task(task)
    grader = Grader.of_dataset(dataset, trusted)

    async def score(state: TaskState, target: Target) -> Score:
        text, known = state.output.completion, state.metadata
        figures = grader.grade(task, int(known["example_id"]), text, int(known.get("view", 0)))
        told = {"failures": failures(figures), "book": "with tools" if state.tools else "closed"}
        return Score(value=dict(numbers(figures)), answer=text, explanation=figures["reason"], metadata=told)

    return score
