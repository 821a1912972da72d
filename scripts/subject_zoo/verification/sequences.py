"""The folder's two sets of sequences, against those that the seed draws."""

from collections.abc import Iterator

from subject_zoo.base.files import json_bytes
from subject_zoo.dataset.layout import BENCHMARK_DATASET, SIGNATURE_DATASET
from subject_zoo.dataset.received import Received
from subject_zoo.project import Project
from subject_zoo.verification.problem import Problem


def check_sequences(folder: Received, project: Project) -> Iterator[Problem]:
    """Whether probes and benchmark are, byte for byte, what configuration and seed draw; a person's own probes are not
    drawn."""
    drawn = {BENCHMARK_DATASET: project.benchmark_dataset}
    if project.config["signature"]["dataset_path"] is None:
        drawn[SIGNATURE_DATASET] = project.drawn_signature_dataset
    for name, expected in drawn.items():
        try:
            actual = folder.read(name)
        except OSError:
            continue  # a problem already
        if actual != json_bytes(expected):
            yield Problem(name, "not what configuration and seed draw")
