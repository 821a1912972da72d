"""What a model that was trained on no record is asked: prompts as they stand, or behind records that are answered.

    for question in questions(Path("results/dataset"), "classification", shots=2, records=100):
        print(question["prompt"])

A line of the answers' file is a question's with `completion` in the place of `prompt`: what `score` reads.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.base.randomness import Purpose, example_generator
from subject_zoo.config.tasks import left_out_tasks, tasks_of
from subject_zoo.dataset.received import Received
from subject_zoo.judge.asked import asked_digest
from subject_zoo.judge.cases import task_rows

_DRAWN_FROM = 1000  # training records, the first: they are kept in memory
_CHARACTERS = 200_000_000  # of these, at most: whose folder it is may have written any

Row = dict[str, Any]


def questions(
    folder: Path, task: str | None, shots: int = 0, records: int | None = None, trusted: bool = False
) -> Iterator[Row]:
    """`example_id`, `task` and `prompt` of the first test records, in the order of their ids; None: of all.

    Of one task, or of all that the dataset has. With `shots`, so many training records with their answers stand before
    each prompt, drawn for each anew from the dataset's seed and the record's id. Raises UserError for a folder that
    cannot be used, that has no test record or lacks the task, or whose training split has fewer.
    """
    if records == 0:
        raise UserError("records is 0; it must be 1 or more")
    received = Received(folder, trusted)
    manifest = received.manifest()
    config = manifest["config"]
    if not manifest["rows"]["test"]:
        raise UserError(f"{folder}: the split test, which prompts are of, has no record")
    if reason := left_out_tasks(config["task_generation"]).get(task or ""):
        raise UserError(f"{folder}: has no prompts of {task}: {reason}")
    for one in [task] if task else tasks_of(config["task_generation"]):
        known = _kept(task_rows(received, manifest, "train", one)) if shots else []
        if shots > len(known):
            raise UserError(f"shots is {shots}; it must be at most {len(known)}, the training records to draw from")
        for row in islice(task_rows(received, manifest, "test", one), records):
            rng = example_generator(config["seed"], row["example_id"], Purpose.SHOTS)
            drawn = [known[place] for place in rng.permutation(len(known))[:shots]]
            yield {"example_id": row["example_id"], "task": one, "prompt": _asked(row, drawn)}


def digests(folder: Path, task: str | None, records: int | None = None, trusted: bool = False) -> dict[str, str]:
    """By task the digest of what `questions` asks of the test split, as `score` notes it of who answers all of it: of
    the records, whatever shots stand before them. Raises UserError as `questions`."""
    received = Received(folder, trusted)
    manifest = received.manifest()
    found = {}
    for one in [task] if task else tasks_of(manifest["config"]["task_generation"]):
        rows = islice(task_rows(received, manifest, "test", one), records)
        asked = None if records is None else {row["example_id"] for row in rows}
        found[one] = asked_digest(received, manifest, one, "test", asked)
    return found


def _kept(rows: Iterator[Row]) -> list[Row]:
    """As many of the first rows as examples are drawn from."""
    kept: list[Row] = []
    room = _CHARACTERS
    for row in islice(rows, _DRAWN_FROM):
        room -= len(row["prompt"]) + len(row["completion"])
        if room < 0:
            break
        kept.append(row)
    return kept


def _asked(row: Row, answered: list[Row]) -> str:
    """A record's prompt behind those of other records, each with its completion."""
    if not answered:
        return str(row["prompt"])
    examples = [
        f"# Example {number} of {len(answered)}\n\n{one['prompt']}\n## Answer\n{one['completion']}\n"
        for number, one in enumerate(answered, start=1)
    ]
    return "\n".join([*examples, f"# The network in question\n\n{row['prompt']}\n## Answer\n"])
