"""What options that are off by default cost, over the stages of the default configuration in the same run.

    python benchmarks/option_costs.py --candidates 120

prints a line for each: CPU milliseconds a candidate by stage, and the whole over that of the default. Blocks of the
settings take turns, each of the same candidates, and of each setting the fastest block counts.
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from sweep import configuration, timed_steps

from subject_zoo.provenance.machine import ONE_THREAD

OPTIONS = {
    "default": [],
    "dataset.twins": ["dataset.twins=true"],
    "validation.ablation": ["validation.ablation=true"],
    "validation.exact": ["validation.exact=true"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=120, help="in a block")
    parser.add_argument("--repeats", type=int, default=3, help="blocks of each setting")
    options = parser.parse_args()
    os.environ.update(ONE_THREAD)
    best: dict[str, dict[str, float]] = {}
    for _ in range(options.repeats):
        for name, settings in OPTIONS.items():
            _, seconds = timed_steps(configuration([], settings), 0, options.candidates)
            if name not in best or sum(seconds.values()) < sum(best[name].values()):
                best[name] = seconds
    for name, seconds in best.items():
        stages = ", ".join(f"{stage} {1000 * spent / options.candidates:.1f}" for stage, spent in seconds.items())
        print(f"{name:20} {sum(seconds.values()) / sum(best['default'].values()):.3f} of the default: {stages}")


if __name__ == "__main__":
    main()
