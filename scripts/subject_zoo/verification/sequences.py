"""The folder's two sets of sequences, against those that the seed draws."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from subject_zoo.base.files import read_json
from subject_zoo.dataset.layout import BENCHMARK_DATASET, SIGNATURE_DATASET
from subject_zoo.project import Project
from subject_zoo.verification.problem import Problem


def check_sequences(folder: Path, project: Project) -> Iterator[Problem]:
    """Whether probes and benchmark are what configuration and seed draw; a person's own probes are not drawn."""
    drawn: dict[str, Any] = {BENCHMARK_DATASET: project.benchmark_dataset}
    if project.config["signature"]["dataset_path"] is None:
        drawn[SIGNATURE_DATASET] = project.drawn_signature_dataset
    for name, expected in drawn.items():
        try:
            actual = read_json(folder / name)
        except (OSError, ValueError, RecursionError):
            continue  # its hash is a problem already
        if actual != expected:
            yield Problem(name, "not what configuration and seed draw")
