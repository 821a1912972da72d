"""Completions, as a file of JSON lines: whatever a line holds, it costs a bounded amount of memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.foreign import open_regular
from subject_zoo.base.json_text import parse_json
from subject_zoo.base.terms import TASKS

LONGEST = 16_000_000  # bytes of a line that is read; of a longer one, its beginning
LAST_VIEW = 1000  # of a record, at most

_ID, _TASK = re.compile(rb'"example_id"\s*:\s*(\d{1,18})'), re.compile(rb'"task"\s*:\s*"(\w{1,40})"')
_VIEW = re.compile(rb'"view"\s*:\s*(\d{1,4})\b')


@dataclass(frozen=True)
class Completion:
    """A line: its number from 1, what it answers, and the text; or the `wrong` kind that it is of, and why.

    `view` is that of the record which the prompt showed, 0 the record as it stands.
    """

    line: int
    example_id: int | None
    task: str | None
    text: str
    wrong: str | None = None
    reason: str = ""
    view: int = 0


def read_completions(path: Path) -> Iterator[Completion]:
    """The lines of a file, empty ones left out: JSON objects with `example_id`, `task` and `completion`; and `view`,
    where that is not 0.

    Raises UserError for a file that cannot be read.
    """
    try:
        with open_regular(path) as file:
            number = 0
            while line := file.readline(LONGEST):
                number += 1
                if not line.endswith(b"\n") and len(line) == LONGEST:
                    yield _unread(number, line, _skip(file) + LONGEST)
                elif line.strip():
                    yield _read(number, line)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def _skip(file: object) -> int:
    """Read on to the end of the line; how many bytes that were."""
    skipped = 0
    while part := file.readline(LONGEST):  # type: ignore[attr-defined]
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped


def _unread(number: int, start: bytes, size: int) -> Completion:
    """A line that is too long: what its beginning, and its end, say of it."""
    example_id, task, view = (sought.search(start) for sought in (_ID, _TASK, _VIEW))
    return Completion(
        line=number,
        example_id=int(example_id[1]) if example_id else None,
        task=name if task and (name := task[1].decode()) in TASKS else None,
        text="",
        wrong="too_long",
        reason=f"the line has {size:,} bytes",
        view=int(view[1]) if view else 0,
    )


def _read(number: int, line: bytes) -> Completion:
    try:
        values = parse_json(line)
        example_id, task, text = values["example_id"], values["task"], values["completion"]
        view = values.get("view", 0)
    except (ValueError, KeyError, TypeError):
        return Completion(number, None, None, "", "bad_line", "not a JSON object with example_id, task and completion")
    if isinstance(example_id, bool) or not isinstance(example_id, int) or not isinstance(task, str):
        return Completion(number, None, None, "", "bad_line", "example_id is no whole number, or task is no text")
    if type(view) is not int or not 0 <= view <= LAST_VIEW:
        return Completion(number, None, None, "", "bad_line", f"view is no whole number from 0 to {LAST_VIEW}")
    if task not in TASKS:
        return Completion(number, example_id, None, "", "unknown_task", f"{task[:40]!r} is none of {', '.join(TASKS)}")
    return Completion(number, example_id, task, text if isinstance(text, str) else "", view=view)
