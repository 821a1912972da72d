"""What a dataset could be mistaken in, a line each: said at the end of a run, on its report and by info."""

from collections.abc import Iterator, Mapping
from typing import Any


def cautions(config: Mapping[str, Any]) -> Iterator[str]:
    """None of the default's; each line names the key that made the dataset so."""
    if config["format"]["shuffle"] == "networks":
        yield "a control, not to train on: prompts show other records' networks (format.shuffle: networks)"
    if config["task_generation"]["include_modification"]:
        if config["dataset"]["corruption_rate"] == 0:
            yield "a control: no label was flipped, so that no network has a fault (dataset.corruption_rate: 0)"
        if config["training"]["improvement_data"] == "corrupted":
            yield "a control: stage 2 had flipped labels too, so that it mends nothing (training.improvement_data)"
    if config["dataset"]["twins"]:
        yield "twins: candidates 2k and 2k + 1 have one start and one dataset but for one pattern (dataset.twins)"
    if (maker := config["training"]["maker"]) != "kernel":
        yield f"its networks are another maker's, to test on what the default's taught (training.maker: {maker})"
