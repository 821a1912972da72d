"""Draws what a language model reads: held-out loss where prompts show their own networks, and those of other records.

python benchmarks/language_model/picture.py benchmarks/language_model/results.json docs/language_model.svg
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
import numpy as np

INK, GREY = "#1f2933", "#6b7780"
CURVES = {  # of a look, by its key: colour and words
    "dealt_out": ("#c2410c", "shown another\nrecord's network"),
    "true": ("#1d6fb8", "shown its own\nnetwork"),
}


def draw(results: dict, path: Path) -> None:
    """One line for each seed and kind of network, over training records seen."""
    batch, looks = results["settings"]["batch"], [one["looks"] for one in results["seeds"]]
    mpl.rcParams.update(
        {"font.family": "sans-serif", "font.size": 11, "svg.fonttype": "none", "svg.hashsalt": "language_model"}
    )
    figure, axes = plt.subplots(figsize=(7.6, 4.0), layout="constrained")
    figure.patch.set_facecolor("white")
    last = looks[0][-1]["step"] * batch

    def name(words: str, end: float, colour: str) -> None:
        """To the right of where a curve ends."""
        axes.annotate(f"{words}: {end:.2f}", (last, end), (8, 0), textcoords="offset points", va="center", color=colour)

    for key, (colour, words) in CURVES.items():
        for of_seed in looks:
            shown = [look for look in of_seed if look["step"] > 0]
            axes.plot([look["step"] * batch for look in shown], [look[key] for look in shown], color=colour)
        name(words, float(np.mean([of_seed[-1][key] for of_seed in looks])), colour)
    unread = results["unread"]["validation"]
    axes.axhline(unread, color=GREY, linewidth=1.2, linestyle=(0, (5, 3)))
    name("without reading,\nat best", unread, GREY)
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, last)
    axes.set_xlabel("training records seen", color=INK)
    axes.set_ylabel("loss, nats a held-out completion", color=INK)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    source, target = map(Path, sys.argv[1:3])
    draw(json.loads(source.read_bytes()), target)


if __name__ == "__main__":
    main()
