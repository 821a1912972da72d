"""Dataset folders and answers from people who mean harm."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.torture.damages import DAMAGES, SECRET
from tests.torture.processes import run
from tests.torture.trial import FailedError, Fault, Trial
from tests.torture.zoo import DATASET, ROOT, clean_environment, copy

_MOST_MEBIBYTES = 1024


@contextmanager
def no_network(trial: Trial) -> Iterator[dict[str, str]]:
    """An environment in which all that is fetched is asked of a listener here, and no listener may be asked."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0)
        here = f"http://127.0.0.1:{listener.getsockname()[1]}"
        names = ("HF_ENDPOINT", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
        yield clean_environment() | dict.fromkeys(names, here) | {"HF_HOME": str(trial.folder / "hub")}
        try:
            listener.accept()
        except BlockingIOError:
            return
        raise FailedError("something was fetched")


def folder(trial: Trial) -> str:
    """A hostile dataset folder is told of, in lines, by the commands that take one, in bounded time and memory."""
    name = trial.deal(list(DAMAGES))
    dataset = trial.folder / "dataset"
    copy(trial.bases / "finished" / DATASET, dataset)
    DAMAGES[name](trial.choose, dataset)
    command = trial.choose.choice(["verify", "verify", "show", "score", "info"])
    trial.note(f"{name}: {command}")
    arguments = {
        "verify": ["--retrain", "1"],
        "show": ["0"],
        "info": [],
        "score": [str(_answers(trial, dataset)), "--split", "all"],
    }
    return f"{name}: {command}: {_use(trial, command, dataset, arguments[command])}"


def _answers(trial: Trial, dataset: Path) -> Path:
    path = trial.folder / "answers.jsonl"
    tasks = ("classification", "modification")
    lines = [json.dumps({"example_id": n, "task": task, "completion": "none"}) for n in range(4) for task in tasks]
    path.write_text("\n".join(lines) + "\n")
    return path


def _use(trial: Trial, command: str, dataset: Path, arguments: list[str]) -> str:
    with no_network(trial) as env:
        done = run(
            [sys.executable, "-m", "tests.torture.bounded", str(_MOST_MEBIBYTES), command, str(dataset), *arguments],
            trial.folder,
            env | {"PYTHONPATH": f"{ROOT / 'scripts'}:{ROOT}"},
            timeout=90,
        )
    done.refuse_traceback()
    if list(trial.folder.rglob("PWNED")) or os.path.exists("PWNED"):
        raise FailedError("something of the folder was run")
    if SECRET in done.printed:
        raise FailedError("what stands outside the folder was read, and told")
    lines = done.printed.splitlines()
    if done.status not in (0, 1):
        raise FailedError(f"status {done.status}: {' | '.join(lines[-5:])[:500]}")
    if any(len(line) > 2000 for line in lines):
        raise FailedError(f"a line of {max(map(len, lines))} characters")
    if command == "verify" and done.status == 0:
        raise FailedError("verified, whatever was done to it")
    return lines[-1][:200] if lines else "nothing said"


ANSWERS: dict[str, Callable[[Path], Any]] = {
    "brackets": lambda path: path.write_text("[" * 100_000 + "\n"),
    "a completion of brackets": lambda path: path.write_text(_answer("[" * 1_000_000)),
    "a completion of numbers": lambda path: path.write_text(_answer("weights: " + "9" * 1_000_000)),
    "a long completion": lambda path: path.write_text(_answer("x" * 50_000_000)),
    "many completions": lambda path: path.write_text(_answer("none") * 100_000),
    "NaN": lambda path: path.write_text('{"example_id": NaN, "task": "classification", "completion": "x"}\n'),
    "a huge id": lambda path: path.write_text('{"example_id": 1' + "0" * 5000 + ', "task": "x", "completion": "x"}\n'),
    "other kinds": lambda path: path.write_text('{"example_id": [], "task": {}, "completion": 7}\n'),
    "bytes": lambda path: path.write_bytes(b"\xff\xfe\x00" * 1000),
    "NUL": lambda path: path.write_text(_answer("\0" * 1000)),
    "half a pair": lambda path: path.write_text(
        '{"example_id": 0, "task": "classification", "completion": "\\ud800"}\n'
    ),
    "a FIFO": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
    "nothing": lambda path: path.write_text(""),
    "no line": lambda path: path.write_text("\n\n\n"),
    "terminal codes": lambda path: path.write_text('{"example_id": 0, "task": "\\u001b[31m", "completion": ""}\n'),
}


def _answer(completion: str) -> str:
    tasks = ("classification", "modification")
    lines = [json.dumps({"example_id": n, "task": task, "completion": completion}) for n in range(2) for task in tasks]
    return "\n".join(lines) + "\n"


def answers(trial: Trial) -> str:
    """A hostile file of completions is judged, or refused in one line."""
    name = trial.deal(list(ANSWERS))
    trial.note(name)
    dataset = copy(trial.bases / "finished" / DATASET, trial.folder / "dataset")
    path = trial.folder / "answers.jsonl"
    ANSWERS[name](path)
    return f"{name}: {_use(trial, 'score', dataset, [str(path), '--split', 'all'])}"


FAULTS = [
    Fault("hostile-folders", 100, 3, folder, ("finished",)),
    Fault("hostile-answers", len(ANSWERS), 1, answers, ("finished",)),
]
