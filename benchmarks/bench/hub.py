"""Whether publishing, and reading a dataset back, keep up with making it; the Hub is one on loopback."""

import sys
from pathlib import Path
from typing import Any

from bench.runs import ROOT, run_snakemake, used_by

_REPO = "tester/zoo"
RECORDS = 1000


def measure_publishing(folder: Path) -> dict[str, Any]:
    """A run that publishes while it makes, over one that does not; and reading it back, over making it."""
    sys.path.append(str(ROOT))
    from tests.loopback_hub import LoopbackHub

    wanted = f"num_examples={RECORDS}"
    made = run_snakemake(folder / "made", "--config", wanted, cores=2)
    with LoopbackHub(folder / "hub", token="of-the-benchmark") as hub:
        environment = hub.client_env(folder / "cache", xet=False)
        published = run_snakemake(
            folder / "published",
            "--config",
            wanted,
            f"publish={{repo_id: {_REPO}, every_shards: 1}}",
            cores=2,
            environment=environment,
        )
        code = "from datasets import load_dataset\nfor name in (None, 'modification', 'classification'):\n"
        code += f"    assert sum(map(len, load_dataset({_REPO!r}, name).values())) == {RECORDS}"
        read = used_by([sys.executable, "-c", code], environment)
    return {"publishing_over_making": published.wall / made.wall, "reading_over_making": read.wall / made.wall}
