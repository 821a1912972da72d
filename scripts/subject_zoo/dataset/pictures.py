"""Pictures of how true a dataset's records are, as PNG; equal figures give equal bytes."""

import io
import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

os.environ["MPLBACKEND"] = "agg"  # read when matplotlib is loaded, which stops at a name that it does not know

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from subject_zoo.base.terms import CLAIMED_RATE

Drawing = Callable[[Mapping[str, Any]], bytes]

_BEFORE, _AFTER = "#d55e00", "#0072b2"  # of Okabe and Ito: told apart by the colour-blind, and in grey


def _by_default_settings(draw: Drawing) -> Drawing:
    """The drawing as matplotlib's own defaults make it, whatever a person's matplotlibrc says."""

    @wraps(draw)
    def drawn(validity: Mapping[str, Any]) -> bytes:
        with mpl.rc_context({key: value for key, value in mpl.rcParamsDefault.items() if key != "backend"}):
            return draw(validity)

    return drawn


@_by_default_settings
def draw_acceptance(validity: Mapping[str, Any]) -> bytes:
    """Of the candidates whose target is a pattern, the share that is accepted, pattern by pattern; of those that select
    it, where there are no targets."""
    role, kept, drawn, share = (
        ("target", "target_of_accepted", "target_of_candidates", "acceptance_as_target")
        if _has_targets(validity)
        else ("selected", "selected_in_accepted", "selected_in_candidates", "acceptance_as_selected")
    )
    rows = {name: row for name, row in validity["by_pattern"].items() if row[drawn]}
    figure, axes = _canvas(len(rows))
    axes.barh(range(len(rows)), [row[share] for row in rows.values()], color=_AFTER, height=0.7)
    for place, row in enumerate(rows.values()):
        # Beside the axes, in the page's ink: on a bar it could be read where that is long enough, and on no other.
        axes.text(1.02, place, f"{row[kept]} of {row[drawn]}", va="center", fontsize=8)
    overall = validity["funnel"]["acceptance"]
    if overall is not None:
        axes.axvline(overall, color="black", linewidth=1, linestyle="--")
        axes.set_title(f"Accepted candidates, by {role} pattern (all: {overall:.0%}, dashed)", fontsize=10)
    _name_rows(axes, list(rows))
    axes.set_xlim(0, 1)
    axes.set_xlabel("share accepted")
    return _png(figure)


@_by_default_settings
def draw_accuracy(validity: Mapping[str, Any]) -> bytes:
    """Median accuracy of each pattern before, as a target if there are any, and after, whenever it is selected."""
    mends = _has_targets(validity)
    rows = {name: row for name, row in validity["by_pattern"].items() if row["accuracy_after"] is not None}
    figure, axes = _canvas(len(rows))
    for place, row in enumerate(rows.values()):
        before, after = row.get("target_accuracy_before"), row["accuracy_after"]
        if before is not None:
            axes.plot([before, after], [place, place], color="#bbbbbb", linewidth=2, zorder=1)
            axes.scatter(before, place, color=_BEFORE, marker="s", label="degraded, as target", zorder=2)
        axes.scatter(after, place, color=_AFTER, label="mended" if mends else "trained", zorder=2)
    _name_rows(axes, list(rows))
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("share of held-out sequences called positive, median over records")
    axes.set_title("Accuracy before and after" if mends else "Accuracy", fontsize=10)
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    figure.legend(unique.values(), unique.keys(), fontsize=8, loc="outside lower center", ncols=2)
    return _png(figure)


@_by_default_settings
def draw_positive_rates(validity: Mapping[str, Any]) -> bytes:
    """How often the published networks call a pattern positive: patterns that a completion lists, and all others."""
    histograms = validity["histograms"]
    figure, axes = _canvas(8)
    edges = [place / histograms["bins"] for place in range(histograms["bins"] + 1)]
    for key, label, colour in (
        ("positive_rate_of_other_patterns", "not listed in the completion", _BEFORE),
        ("positive_rate_of_listed_patterns", "listed in the completion", _AFTER),
    ):
        axes.stairs(histograms[key], edges, fill=True, color=colour, alpha=0.75, label=label)
    axes.axvline(
        CLAIMED_RATE, color="black", linewidth=1, linestyle="--", label=f"the line between them, {CLAIMED_RATE}"
    )
    axes.set_xlim(0, 1)
    network = "mended network" if _has_targets(validity) else "network"
    axes.set_xlabel(f"share of a pattern's sequences that the {network} calls positive")
    axes.set_ylabel("patterns, over all records")
    axes.set_title("Are the classification completions true?", fontsize=10)
    axes.legend(fontsize=8, loc="upper center")
    return _png(figure)


DRAWINGS = {
    "acceptance": draw_acceptance,
    "accuracy": draw_accuracy,
    "positive_rates": draw_positive_rates,
}


def _has_targets(validity: Mapping[str, Any]) -> bool:
    return validity["beside_the_target"] is not None


def _canvas(rows: int) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7, 1.4 + 0.26 * rows), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _name_rows(axes: Any, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # Not by savefig, which draws twice; nor with the version, which would be in every picture.
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()
