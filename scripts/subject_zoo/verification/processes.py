"""Shards checked by several processes at once, which are copies of this one, made where the system can: on Linux."""

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.verification.problem import Problem
from subject_zoo.verification.reader import ShardReader
from subject_zoo.verification.shards import ShardChecker

_COPIED: list[tuple[ShardChecker, ShardReader]] = []  # in a process that is a copy: what it checks with

_Checked = tuple[list[Problem], dict[int, tuple[str, str, int]], dict[int, dict[str, Any]]]


def check_shards(checker: ShardChecker, reader: ShardReader, processes: int) -> Iterator[Problem]:
    """All problems of all shards, in their order; `checker` knows all places and verdicts then.

    Raises UserError where a process was ended from outside.
    """
    if min(processes, len(reader.shards)) < 2 or sys.platform != "linux":
        for shard in reader.shards:
            yield from checker.check(reader, shard)
        return
    _ = checker.records.project.exam  # made once, and copied
    pool = ProcessPoolExecutor(processes, get_context("fork"), _begin, (checker, reader))
    try:
        for problems, places, verdicts in pool.map(_check, reader.shards):
            checker.places |= places
            checker.records.verdicts |= verdicts
            yield from problems
    except BrokenProcessPool:
        why = "one of the processes that checked shards was ended, maybe for want of memory"
        raise UserError(f"{reader.folder.path}: {why}; --processes 1 takes less") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(checker: ShardChecker, reader: ShardReader) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that was copied
    _COPIED[:] = [(checker, reader)]


def _check(shard: str) -> _Checked:
    """One shard, in a copy."""
    [(checker, reader)] = _COPIED
    checker.places, checker.records.verdicts = {}, {}
    return list(checker.check(reader, shard)), checker.places, checker.records.verdicts
