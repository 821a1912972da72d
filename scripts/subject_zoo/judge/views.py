"""The tasks on other views of a dataset's networks: an interpreter that reads functions answers alike on all of them.

A view moves a network's neurons, and turns the signs of tanh's, so that other numbers stand in each place of a prompt,
each as exactly as before. What was measured of a network holds for all of its views, up to float32's rounding of sums.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import json_object
from subject_zoo.base.randomness import Purpose, example_generator
from subject_zoo.config.tasks import tasks_of
from subject_zoo.dataset.received import Received
from subject_zoo.judge.cases import Case, load_cases
from subject_zoo.judge.completions import LAST_VIEW
from subject_zoo.judge.intervals import Interval, mean_interval
from subject_zoo.networks.text import tensor_texts
from subject_zoo.networks.views import EXACT, draw_view
from subject_zoo.project import Project
from subject_zoo.signatures.sign import sign

_SAID = {"modification": "passed", "classification": "named", "diagnosis": "said"}  # what answers are compared by
_RIGHT = {"modification": "passed", "classification": "exact", "diagnosis": "exact"}


def view_of(case: Case, seed: int, number: int) -> Case:
    """A record as one of its views shows it, from the project's seed, its id and the view's number alone; 0 is the
    record as it stands."""
    if number == 0:
        return case
    rng = example_generator(seed, case.example_id, Purpose.VIEWS).spawn(number)[-1]
    view = draw_view(case.improved.architecture, rng, EXACT)
    degraded, improved = (replace(each, weights=view.of(each.weights)) for each in (case.degraded, case.improved))
    return replace(case, degraded=degraded, improved=improved)


def view_rows(folder: Path, split: str, views: int, trusted: bool = False) -> Iterator[dict[str, Any]]:
    """The tasks of every record of a split ("all": of every split) on its views 0 to `views`: rows of `example_id`,
    `task`, `view`, `prompt` and the true `completion`.

    Raises UserError for a folder that cannot be used, and for more views than LAST_VIEW.
    """
    if views > LAST_VIEW:
        raise UserError(f"views is {views}; it must be at most {LAST_VIEW}")
    received = Received(folder, trusted)
    manifest = received.manifest()
    config = manifest["config"]
    if config["format"]["shuffle"] != "none":
        raise UserError(
            f"{folder}: its prompts show other records' networks (format.shuffle), which have no views here"
        )
    project = received.project(config, provenance={})  # which stands in no prompt
    for case in load_cases(received, manifest, split):
        for number in range(views + 1):
            shown = view_of(case, config["seed"], number)
            for task in tasks_of(config["task_generation"]):
                prompt, completion = _texts(task, shown, project)
                yield {
                    "example_id": case.example_id,
                    "task": task,
                    "view": number,
                    "prompt": prompt,
                    "completion": completion,
                }


def _texts(task: str, case: Case, project: Project) -> tuple[str, str]:
    """(prompt, completion); the prompt shows the signature of the very network that it shows."""
    config, signature = project.config, project.config["signature"]
    shown = {"modification": case.degraded, "classification": case.improved}.get(task) or case.shown
    features = sign(
        {0: shown}, project.probes.tokens, project.extractor, signature["activations"], signature["layers"]
    )[0]
    prompt = project.formatter.prompt(task, shown, features, case.target_pattern, case.selected_patterns)
    if task == "modification":
        texts = tensor_texts(case.improved.weights, config["model"]["weight_decimals"])
        models = {"degraded": case.degraded, "improved": case.improved}
        return prompt, project.formatter.mended(models, json_object(texts))
    if task == "classification":
        return prompt, ", ".join(name for name in config["patterns"]["enabled"] if name in case.listed_patterns)
    return prompt, case.diagnosed.in_words


def over_views(task: str, of_records: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, Interval]:
    """Shares of records, with intervals, from the figures of each record's answers, one a view.

    views_agree  all can be read and say the same: the same patterns, or networks that all pass or all do not
    views_right  all are right
    """

    def agree(answers: Sequence[Mapping[str, Any]]) -> bool:
        said = [answer[_SAID[task]] for answer in answers]
        return all(answer["wrong"] is None for answer in answers) and all(one == said[0] for one in said)

    def right(answers: Sequence[Mapping[str, Any]]) -> bool:
        return all(answer[_RIGHT[task]] for answer in answers)

    return {
        name: mean_interval(np.array([holds(answers) for answers in of_records], np.float64))
        for name, holds in (("views_agree", agree), ("views_right", right))
    }
