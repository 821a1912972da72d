"""What a machine is asked to be ready for: a run of a configuration, in a folder, of so many records."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OF_CLONE = ("Snakefile", "config.yaml", "requirements.txt")


@dataclass(frozen=True)
class Asked:
    """A run: the `clone` whose workflow it is, None for an installed package, which has none; the `folder` that it
    works in; its checked configuration with the wanted `num_examples`, None where there is none to be had."""

    clone: Path | None
    folder: Path
    config: dict[str, Any] | None

    @property
    def results(self) -> Path:
        """Where files are made; it need not be there."""
        return self.folder / "results"

    @property
    def disk(self) -> Path:
        """The nearest folder that is there, of those that files are made in."""
        results = self.results.absolute()
        return next(path for path in (results, *results.parents) if path.is_dir())


def find_clone() -> Path | None:
    """The clone that this very code is in, None where it was installed without one."""
    root = Path(__file__).parents[3]
    return root if all((root / name).is_file() for name in _OF_CLONE) else None


def read_config(clone: Path, overlays: Sequence[Path], records: int | None) -> dict[str, Any]:
    """The clone's configuration, overlaid and checked. Raises UserError, as a run would, and ImportError."""
    from subject_zoo.config.check import check_config
    from subject_zoo.config.load import load_config, read_yaml
    from subject_zoo.records.lengths import check_reachable

    wanted = {} if records is None else {"num_examples": records}
    config = check_config(load_config(clone / "config.yaml", *map(read_yaml, overlays), wanted))
    check_reachable(config)
    return config


def usable_cores() -> int:
    """Those that this process may use: what `--cores all` means."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
