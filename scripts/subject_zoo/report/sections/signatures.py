"""Signatures laid out in two dimensions, and whether neighbours there share a pattern."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from subject_zoo.config.tasks import SHOWN_STAGES
from subject_zoo.report.charts.points import cloud, picture, places
from subject_zoo.report.charts.scale import percent
from subject_zoo.report.facts import Facts
from subject_zoo.report.parts import Figure, Section, table
from subject_zoo.signatures.layers import signed_layers

_QUANTILES = (0.1, 0.5, 0.9)
_CLOUD = "signature-points"


@dataclass(frozen=True)
class Agreement:
    """How many records have something, for how many of those the nearest other record has it too, and for what share
    one drawn at random would."""

    records: int
    agree: int
    chance: float

    @property
    def share(self) -> float:
        """The share whose nearest neighbour has it too."""
        return self.agree / self.records


def descriptors(facts: Facts, stage: str) -> np.ndarray:
    """Signatures as points, float64 [records, D], whatever their networks' sizes.

    Of the first and the last hidden layer, each statistic's mean, standard deviation and quantiles over neurons, in
    units of their spread over records; what is the same for all is left out.
    """
    layers = facts.config["signature"]["layers"]
    by_form: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for place, record in enumerate(facts.records):
        rows = list(signed_layers(record.models["improved"].architecture, layers).values())
        hidden = rows[: record.models["improved"].architecture.num_layers]
        by_form.setdefault(tuple((part.start, part.stop) for part in (hidden[0], hidden[-1])), []).append(place)
    found: np.ndarray | None = None
    for form, members in by_form.items():
        stacked = np.stack([facts.records[place].signatures[stage] for place in members]).astype(np.float64)
        parts = [_over_neurons(stacked[:, start:stop]) for start, stop in form]
        block = np.concatenate(parts, axis=1)
        if found is None:
            found = np.zeros((len(facts.records), block.shape[1]))
        found[members] = block
    assert found is not None
    scale = found.std(0)
    return (found - found.mean(0))[:, scale > 0] / scale[scale > 0]


def _over_neurons(values: np.ndarray) -> np.ndarray:
    """[k, neurons, F] as [k, 5 F]."""
    quantiles = np.quantile(values, _QUANTILES, axis=1)
    return np.concatenate([values.mean(1), values.std(1), *quantiles], axis=1)


def principal_components(points: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Centred points [n, D] along their two directions of most variance, [n, 2], and the shares of it that these have.

    A direction's largest loading is positive.
    """
    variances, directions = np.linalg.eigh(points.T @ points)  # the greatest last; a tenth of the time of an SVD
    two = np.zeros((2, points.shape[1]))
    two[: min(2, len(variances))] = directions.T[::-1][:2]
    largest = np.take_along_axis(two, np.abs(two).argmax(1, keepdims=True), axis=1)
    total = float(variances.sum()) or 1.0
    shares = [*(max(0.0, float(variance)) / total for variance in variances[::-1][:2]), 0.0][:2]
    return points @ (two * np.where(largest < 0, -1, 1)).T, shares


def nearest(points: np.ndarray) -> np.ndarray:
    """int [n]: the nearest other point of each, by Euclidean distance. There are two or more."""
    squares = (points**2).sum(1)
    distances = squares[:, None] + squares[None, :] - 2 * points @ points.T
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(1)


def agreement(has: np.ndarray, neighbours: np.ndarray) -> Agreement:
    """Of records that have something, bool [n]."""
    count = int(has.sum())
    return Agreement(count, int(has[neighbours[has]].sum()), (count - 1) / (len(has) - 1))


def signatures(facts: Facts) -> Section | None:
    """Of the network that the classification prompt shows, or else of the degraded one."""
    if len(facts.records) < 3:
        return None
    stage = "improved" if "improved" in facts.records[0].signatures else "degraded"
    points = descriptors(facts, stage)
    if not points.shape[1]:
        return None
    laid, shares = principal_components(points)
    neighbours, spots = nearest(points), places(laid.tolist())
    traits: dict[str, np.ndarray] = {
        name: np.array([name in record.selected for record in facts.records]) for name in facts.enabled
    }
    activations = np.array([r.models["improved"].architecture.activation_type for r in facts.records])
    forms: dict[str, np.ndarray] = {
        f"activation {name}": activations == name for name in sorted(set(activations.tolist()))
    }
    measured = {name: agreement(has, neighbours) for name, has in {**traits, **forms}.items() if has.any()}
    of_patterns, of_forms = (
        "".join(_small(name, has, measured[name], spots) for name, has in those.items() if name in measured)
        for those in (traits, forms)
    )
    overall, chance = _any_shared(np.stack(list(traits.values()), axis=1), neighbours)
    lines: list[Sequence[str | float]] = [
        [name, own.records, round(own.share, 3), round(own.chance, 3)] for name, own in measured.items()
    ]
    by_task = facts.records[0].metadata["signature"]["methods"]
    methods = ", ".join(next(methods for task, methods in by_task.items() if stage in SHOWN_STAGES[task]))
    network = "mended" if facts.mends and stage == "improved" else "degraded" if facts.mends else "trained"
    figure = Figure(
        f"The nearest signature shares a pattern in {percent(overall)} of the records; by chance in {percent(chance)}",
        f"{cloud(spots, _CLOUD)}<h4>By selected pattern</h4><div class='small-ones'>{of_patterns}</div>"
        f"<h4>By activation function, to compare</h4><div class='small-ones'>{of_forms}</div>",
        f"Each dot is a record's {network} network; in colour those of the picture's name. Along: the first principal "
        f"component ({percent(shares[0])} of the variance), up: the second ({percent(shares[1])}). Below: of the "
        "records in colour, the share whose nearest neighbour is in colour too, leave-one-out and in all dimensions, "
        "and what share would be by chance.",
        table(["records of", "count", "nearest neighbour agrees", "by chance"], lines),
        is_wide=True,
    )
    return Section(
        "signatures",
        "Signatures, laid out",
        f"A network's signature is statistics of each neuron over the probes ({methods}). Networks differ in size, so "
        "a point is made of their mean, standard deviation and 10, 50 and 90 % quantiles over the neurons of the first "
        f"and of the last hidden layer, standardised over {facts.these_records}.",
        [figure],
    )


def _any_shared(selects: np.ndarray, neighbours: np.ndarray) -> tuple[float, float]:
    """The share of records that share a pattern with their neighbour, and that of all pairs; `selects` bool [n, P]."""
    shared = (selects.astype(np.float64) @ selects.T.astype(np.float64)) > 0
    count = len(selects)
    own = float(shared[np.arange(count), neighbours].mean())
    return own, float((shared.sum() - np.trace(shared)) / (count * (count - 1)))


def _small(name: str, has: np.ndarray, own: Agreement, spots: Sequence[tuple[float, float]]) -> str:
    chosen = np.flatnonzero(has).tolist()
    drawn = picture(spots, chosen, _CLOUD, f"Points: {own.records} records of {name} among all")
    told = f"{percent(own.share)}, chance {percent(own.chance)}"
    title = escape(name.removeprefix("activation ")).replace("_", "_<wbr>")
    return f"<div><b>{title}</b>{drawn}<span>{escape(told)}</span></div>"
