"""What the tasks that a configuration asks for need: which models are published, and which of them are signed."""

from collections.abc import Mapping

from subject_zoo.base.terms import STAGES, TASKS

SHOWN_STAGES = {"modification": ("degraded",), "classification": ("improved",), "diagnosis": STAGES}
"""The stages of which a task's prompt shows a model: the one, or either of both."""


def tasks_of(task_generation: Mapping[str, bool]) -> list[str]:
    """The tasks that records carry, by the config's section `task_generation`."""
    return [task for task in TASKS if task_generation[f"include_{task}"]]


def published_stages(task_generation: Mapping[str, bool]) -> list[str]:
    """The stages whose models are measured and published: without modification no model is degraded."""
    return [stage for stage in STAGES if stage == "improved" or "modification" in tasks_of(task_generation)]


def signed_stages(task_generation: Mapping[str, bool]) -> list[str]:
    """The stages whose models have signatures, since a prompt shows them."""
    shown = {stage for task in tasks_of(task_generation) for stage in SHOWN_STAGES[task]}
    return [stage for stage in STAGES if stage in shown]


def left_out_tasks(task_generation: Mapping[str, bool]) -> dict[str, str]:
    """The tasks that records do not carry, each with the reason in words."""
    left_out = [task for task in TASKS if task not in tasks_of(task_generation)]
    return {task: f"task_generation.include_{task} is false" for task in left_out}
