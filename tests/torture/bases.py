"""Undisturbed runs, made once for a campaign: what every disturbed one is compared with, and copied to be spoilt."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.torture.trial import FailedError
from tests.torture.zoo import MORE, Zoo, seconds_file


def _finished(folder: Path, *settings: str) -> None:
    zoo = Zoo(folder, folder.with_name(f"{folder.name}-said"), form="snakemake", settings=settings)
    since = time.monotonic()
    done = zoo.run()
    seconds_file(folder).write_text(str(time.monotonic() - since))
    if done.status:
        raise FailedError(f"the undisturbed run failed:\n{done.err}")


BASES: dict[str, Callable[[Path], None]] = {
    "finished": _finished,
    "more": lambda folder: _finished(folder, MORE),
    "other": lambda folder: _finished(folder, "seed=1"),
}
