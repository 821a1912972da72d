"""Weights as whoever reads a record gets them from its texts, and where two models' weights differ."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from subject_zoo.base.errors import UserError
from subject_zoo.base.json_text import parse_json
from subject_zoo.base.lines import one_line
from subject_zoo.networks.model import StoredModel, Weights
from subject_zoo.networks.text import parse_weights, weights_of
from subject_zoo.records.headings import ARCHITECTURE_HEADING, WEIGHTS_HEADING, WEIGHTS_LABEL
from subject_zoo.records.patch import parse_patch

_IN_PROMPT = re.compile(rf"^(?:{WEIGHTS_HEADING}\n|{WEIGHTS_LABEL} )(\{{.*\}})$", re.MULTILINE)
_ARCHITECTURE = re.compile(rf"^{ARCHITECTURE_HEADING}\n(\{{.*\}})$", re.MULTILINE)
_STAGES = {  # of the model that a column shows, but for a diagnosis' prompt, which may show either
    "modification_prompt": "degraded",
    "modification_completion": "improved",
    "classification_prompt": "improved",
    "degraded_model_weights": "degraded",
    "improved_model_weights": "improved",
}


def weights_in(column: str, text: str, precision: str) -> Weights:
    """The weights in a column's text. Raises UserError, ValueError, TypeError or KeyError where none are."""
    if column.endswith("_completion"):
        return parse_weights(text, precision)
    if column.endswith("_prompt"):  # one object, or one for each layer
        parts = [parse_json(part) for part in _IN_PROMPT.findall(text)]
        return weights_of({name: rows for part in parts for name, rows in part.items()}, precision)
    return weights_of(parse_json(text)["weights"], precision)


def apply_patch(prompt: str, patch: str) -> Weights:
    """The weights that a modification's completion of the form `patch` makes of those in its prompt: of a record, the
    improved network's, bit for bit. Float32 arrays by tensor name.

    Raises UserError for a prompt that shows no network, and WrongPatch, which is one, for what is no patch of it.
    """
    try:
        (described,) = _ARCHITECTURE.findall(prompt)
        precision = parse_json(described)["precision"]
        weights = weights_in("modification_prompt", prompt, precision)
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"prompt: it shows no network ({one_line(error)})") from None
    return parse_patch(patch, weights, precision)


def parsing_differences(
    record: Mapping[str, Any],
    models: Mapping[str, StoredModel],
    modification_form: str,
    shown: Mapping[str, StoredModel],
    diagnosed: str | None,
) -> Iterator[tuple[str, str]]:
    """(column, what is wrong) of the texts that do not parse to the weights of `models`, by stage, bit for bit; prompts
    to those of `shown`, the record's own unless they are another's, and unread where these are not known. `diagnosed`
    is the stage that a diagnosis' prompt shows, if there is one and it is known.

    `modification_form` is the config's `format.modification_completion`; a patch is applied to the degraded model.
    """
    stages = {**_STAGES, **({} if diagnosed is None else {"diagnosis_prompt": diagnosed})}
    for column, stage in stages.items():
        of_column = shown if column.endswith("_prompt") else models
        if column not in record or stage not in of_column:
            continue
        model, text = of_column[stage], record[column]
        precision = model.architecture.precision
        try:
            if column == "modification_completion" and modification_form == "patch":
                parsed = parse_patch(text, models["degraded"].weights, precision)
            else:
                with np.errstate(over="ignore"):  # a number beyond the precision's range becomes infinity, and differs
                    parsed = weights_in(column, text, precision)
        except (UserError, ValueError, TypeError, KeyError) as error:
            yield column, f"its weights cannot be parsed ({one_line(error)})"
            continue
        if difference := weights_difference(parsed, model.weights):
            yield column, f"parsed, it is not the {stage} model: {difference}"


def weights_difference(actual: Weights, expected: Weights) -> str | None:
    """The first place where two models' weights differ in a bit, in words; None where there is none."""
    if list(actual) != list(expected):
        return f"it has the tensors {one_line(', '.join(actual))} instead of {', '.join(expected)}"
    for name, array in expected.items():
        if actual[name].shape != array.shape:
            return f"{name} is {list(actual[name].shape)} instead of {list(array.shape)}"
        differs = actual[name].view(np.uint32) != array.view(np.uint32)
        if differs.any():
            place = tuple(np.argwhere(differs)[0].tolist())
            return f"{name} {list(place)} is {actual[name][place]} instead of {array[place]}"
    return None
