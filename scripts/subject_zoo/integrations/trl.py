"""Rewards for TRL's trainers that sample: GRPO, RLOO and their like.

trainer = GRPOTrainer(model, reward("results/dataset", "modification"), train_dataset=tasks)

The rows of a task's table have all that a reward needs: `prompt`, and `example_id`, by which the record is known; of
what `subject-zoo views` writes, `view` too.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.integrations.grader import Grader, check_task, failures, headline, numbers

Completion = str | Sequence[Mapping[str, Any]]  # a text, or the messages of a conversation


Reward = Callable[..., list[float | None]]
"""What TRL calls with `prompts`, `completions`, `completion_ids` and the columns; None is for rows of other tasks."""


def reward(dataset: str, task: str, weights: Mapping[str, float] | None = None, trusted: bool = False) -> Reward:
    """The reward function of a task of a dataset's folder, or of a repository on the Hub.

    A reward is the sum of the answer's figures (docs/judging.md), each by its weight, such as {"passed": 1,
    "repair_share": 0.2, "worst_fall": -1}; without weights it is `passed` or `exact`, 1 or 0. An answer that cannot be
    read has figures of 0.

    Where the rows have a column `task`, those of other tasks get None, so that several rewards may train together. The
    mean of each figure, and the share of answers with each kind of failure, are logged as metrics under its name,
    the kinds of each answer in the table of completions. Raises UserError for a dataset that cannot be used.
    """
    check_task(task)
    grader, weighed = Grader.of_dataset(dataset, trusted), dict(weights or {headline(task): 1.0})
    known = grader.known(task)
    if strangers := weighed.keys() - {*known}:
        raise UserError(f"{min(strangers)!r} is no figure of a {task}; the figures are {', '.join(known)}")
    seen: dict[str, None] = {}  # kinds of failure, which once seen are logged as 0 too

    def judged(
        prompts: Sequence[Any],
        completions: Sequence[Completion],
        completion_ids: Any = None,
        *,
        example_id: Sequence[int],
        log_metric: Callable[[str, float], None] | None = None,
        log_extra: Callable[[str, list[str]], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        tasks, views = columns.get("task", [task] * len(completions)), columns.get("view", [0] * len(completions))
        graded = [
            grader.grade(task, record, _text(completion), view) if of == task else None
            for of, record, completion, view in zip(tasks, example_id, completions, views, strict=True)
        ]
        own = [figures for figures in graded if figures is not None]
        if log_extra is not None:
            log_extra(f"{task}/failures", [", ".join(failures(figures)) if figures else "" for figures in graded])
        if log_metric is not None and own:
            counted = Counter(kind for figures in own for kind in failures(figures))
            seen.update(dict.fromkeys(sorted(counted)))
            for key in known:
                log_metric(f"{task}/{key}", sum(numbers(figures)[key] for figures in own) / len(own))
            for kind in seen:
                log_metric(f"{task}/fails/{kind}", counted[kind] / len(own))
        return [
            None if figures is None else sum(weight * numbers(figures)[key] for key, weight in weighed.items())
            for figures in graded
        ]

    judged.__name__ = f"{task}_reward"
    return judged


def _text(completion: Completion) -> str:
    """What a model wrote: the last message's text, where it is a conversation."""
    text = completion if isinstance(completion, str) else completion[-1]["content"]
    return text if isinstance(text, str) else ""
