"""The control `format.shuffle: networks`: records whose prompts show another record's network beside true completions.

Who answers them no worse than true ones guesses; what they lose is what is read from the network.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from subject_zoo.base.terms import PROMPTS
from subject_zoo.records.headings import ARCHITECTURE_HEADING, QUESTION_HEADING

SHOWN_EXAMPLE = "shown_example_id"  # the key of metadata that says whose network the prompts show


def with_network_of(
    record: Mapping[str, Any], other: Mapping[str, Any], count_tokens: Callable[[str], int] | None
) -> dict[str, Any]:
    """The record with what the prompts of `other` show of its network, architecture and signature included; what is
    asked, and all else, as it was. Its metadata say whose network it is, and how long the prompts are now.

    Of `other` are needed `example_id` and the prompts; `count_tokens` is None where tokens are not counted.
    """
    shuffled, metadata = dict(record), orjson.loads(record["metadata"])
    for name in (name for name in PROMPTS if name in record):
        shuffled[name] = text = showing(record[name], other[name])
        metadata["lengths"][f"{name}_chars"] = len(text)
        if count_tokens is not None:
            metadata["lengths"][f"{name}_tokens"] = count_tokens(text)
    metadata[SHOWN_EXAMPLE] = other["example_id"]
    shuffled["metadata"] = orjson.dumps(metadata).decode()
    return shuffled


def showing(prompt: str, other: str) -> str:
    """What a prompt asks, of the network that another prompt shows."""
    task, _, question = _parts(prompt)
    return task + _parts(other)[1] + question


def shown_in(prompt: str) -> str:
    """What a prompt shows of a network, as `Prompts.body` writes it."""
    return _parts(prompt)[1].removeprefix("\n\n")


def _parts(prompt: str) -> tuple[str, str, str]:
    """A prompt's task, what it shows of a network, and its question."""
    shown, question = prompt.index(f"\n\n{ARCHITECTURE_HEADING}\n"), prompt.rindex(f"\n\n{QUESTION_HEADING}\n")
    return prompt[:shown], prompt[shown:question], prompt[question:]
