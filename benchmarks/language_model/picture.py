"""Draws what a language model reads: held-out loss behind true networks, and behind those of other records.

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
    "dealt_out": ("#c2410c", "behind another record's network"),
    "true": ("#1d6fb8", "behind its own network"),
}


def draw(results: dict, path: Path) -> None:
    """One line for each seed and kind of network, over training records seen."""
    batch, looks = results["settings"]["batch"], [one["looks"] for one in results["seeds"]]
    mpl.rcParams.update(
        {"font.family": "sans-serif", "font.size": 11, "svg.fonttype": "none", "svg.hashsalt": "language_model"}
    )
    figure, axes = plt.subplots(figsize=(7.6, 4.0), layout="constrained")
    figure.patch.set_facecolor("white")
    for key, (colour, words) in CURVES.items():
        for of_seed in looks:
            shown = [look for look in of_seed if look["step"] > 0]
            seen = np.array([look["step"] for look in shown]) * batch
            axes.plot(seen, [look[key] for look in shown], color=colour, linewidth=1.6, alpha=0.85)
        end = float(np.mean([of_seed[-1][key] for of_seed in looks]))
        axes.annotate(
            f"{words}: {end:.2f}", (seen[-1], end), (-4, 9), textcoords="offset points", ha="right", color=colour
        )
    unread = results["unread"]["validation"]
    axes.axhline(unread, color=GREY, linewidth=1.2, linestyle=(0, (5, 3)))
    axes.annotate(
        f"at best, without reading a network: {unread:.2f}",
        (seen[-1], unread),
        (-4, 6),
        textcoords="offset points",
        ha="right",
        color=GREY,
    )
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, seen[-1])
    axes.set_xlabel("training records seen", color=INK)
    axes.set_ylabel("nats a completion, held-out records", color=INK)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    source, target = map(Path, sys.argv[1:3])
    draw(json.loads(source.read_bytes()), target)


if __name__ == "__main__":
    main()
