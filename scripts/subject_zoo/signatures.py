"""Activation signatures: statistics of every neuron's activations over the fixed signature dataset.

One call takes one layer of k models at once. Below, a is one neuron's activations a_0 ... a_{m-1} over the
m probes, in the signature dataset's order; W is the layer's (padded) width.

Contract: what is computed for a model depends on that model's activations and on (m, W) alone, bit for bit,
not on k, on the other models or on its place among them, nor does a method depend on which others are on.
So every reduction runs along one neuron's contiguous row or inside one model's matrix product, and nothing
is decided for a batch as a whole.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np

from subject_zoo.errors import UserError
from subject_zoo.layer_rows import LayerRows
from subject_zoo.leading_directions import TIE_TOLERANCE, loadings
from subject_zoo.scratch import Scratch

SPARSITY_THRESHOLD = 1e-3
"""An activation of at most this magnitude (compared in float32) counts as silent."""

BLOCK_ELEMENTS = 3 << 16
"""Activations worked on at once: enough for the layers of one model, as beginning a block costs as much as a layer,
and few enough for one block's arrays to stay in the cache."""

CLUSTER_FEATURES = ("low", "high", "share")
NO_PATTERN = "none"


class ActivationSignatureExtractor:
    """Computes the configured signature methods for one layer of a batch of models.

    Args:
        methods: names out of `METHODS`; the order given and repetitions do not matter.
        probe_patterns: bool [m, P], whether a probe satisfies a pattern, in the signature dataset's order.
        pattern_names: the P enabled patterns' names, in the config's order.
        components: number of pca components, of svd components and of fourier frequencies.
        entropy_bins: number of histogram bins of the entropy.

    Raises:
        UserError: an unknown method, no method at all, fewer than 2 probes, a number out of its range, or,
            where pattern_wise is on, a pattern that no probe satisfies.
        ValueError: `probe_patterns` is not [m, len(pattern_names)].
    """

    def __init__(
        self,
        methods: Iterable[str],
        probe_patterns: np.ndarray,
        pattern_names: Sequence[str],
        components: int = 3,
        entropy_bins: int = 16,
    ) -> None:
        wanted = list(methods)
        for method in wanted:
            if method not in METHODS:
                raise UserError(f"signature.methods: {method!r} is unknown; choose from {', '.join(METHODS)}")
        if not wanted:
            raise UserError(f"signature.methods: empty; choose at least one of {', '.join(METHODS)}")
        if components < 1:
            raise UserError(f"signature.components: {components} is too small; at least 1")
        if entropy_bins < 2:
            raise UserError(f"signature.entropy_bins: {entropy_bins} is too small; at least 2")
        member = np.asarray(probe_patterns, dtype=bool)
        if member.ndim != 2 or member.shape[1] != len(pattern_names):
            raise ValueError(f"probe_patterns is {member.shape}, expected [m, {len(pattern_names)}]")
        if len(member) < 2:
            raise UserError(f"signature dataset: {len(member)} probes; at least 2 are needed")

        self.methods = tuple(method for method in METHODS if method in wanted)
        self.pattern_names = tuple(pattern_names)
        self.num_probes = len(member)
        self.components = components
        self.entropy_bins = entropy_bins
        # [m, P + 1] 0.0 / 1.0: the probes of each pattern, and those of none.
        self._groups = np.column_stack([member, ~member.any(axis=1)]).astype(np.float64)
        if "pattern_wise" in self.methods:
            for name, size in zip((*self.pattern_names, NO_PATTERN), self._groups.sum(axis=0), strict=True):
                if size == 0:
                    what = "no enabled pattern" if name == NO_PATTERN else "this pattern"
                    raise UserError(
                        f"signature dataset: pattern_wise.{name} has no probe that satisfies {what}; "
                        "add one to the dataset or take pattern_wise out of signature.methods"
                    )
        sizes = np.maximum(self._groups.sum(axis=0), 1)
        # [m, P + 1 + 2 * components]: what each probe weighs in the means of pattern_wise and in fourier's sums.
        self._weights = np.hstack([self._groups / sizes, _waves(self.num_probes, components)])
        self._information = _information(self.num_probes)
        self._cut_weights = _cut_weights(self.num_probes)
        self._scratch = Scratch()
        self._parts = [(method, self._labels(method)) for method in self.methods]

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The F features in order: `mean`, `pca.0`, `clustering.low`, `pattern_wise.none`, ...

        Methods stand in the order of `METHODS`; `fourier.0` is frequency 1.
        """
        return tuple(
            name
            for method, labels in self._parts
            for name in ([method] if labels is None else [f"{method}.{label}" for label in labels])
        )

    def extract(self, activations: np.ndarray) -> np.ndarray:
        """The features of one layer's neurons.

        Args:
            activations: float32 [k, m, W], one layer of k models over the m probes in their fixed order.
                Widths are padded to W with columns of zeros, which have the features of a silent neuron
                and leave the other columns' features as they are, up to rounding.

        Returns:
            float32 [k, W, F], computed in float64, F as in `feature_names`. Never -0.0. Working memory is kept
            for the next call, so an extractor is not for several threads at once.

        Raises:
            ValueError: the shape is not [k, m, W], or a value is not finite.
        """
        activations = np.asarray(activations, dtype=np.float32)
        if activations.ndim != 3 or activations.shape[1] != self.num_probes:
            raise ValueError(f"activations are {activations.shape}, expected [k, {self.num_probes}, W]")
        models, _, width = activations.shape
        features = np.empty((models, width, len(self.feature_names)), dtype=np.float32)
        blocks = max(1, math.ceil(activations.size / BLOCK_ELEMENTS))
        step = max(1, math.ceil(models / blocks))  # blocks of about one size, not full ones and a small rest
        for start in range(0, models, step):
            self._fill(features[start : start + step], self._rows(activations[start : start + step]))
        features += 0.0  # -0.0 becomes 0.0: it would be written with its sign
        return features

    def _rows(self, activations: np.ndarray) -> LayerRows:
        return LayerRows(activations, self._weights, self._scratch)

    def _fill(self, features: np.ndarray, layer: LayerRows) -> None:
        """Write the features of one block of models into `features` [models, W, F]."""
        start = 0
        for method, labels in self._parts:
            stop = start + (1 if labels is None else len(labels))
            block = _COMPUTE[method](self, layer)
            features[..., start:stop] = block[..., None] if labels is None else block
            start = stop

    def profile(self, features: Sequence[float] | np.ndarray) -> dict:
        """One neuron's features [F] as the JSON-ready profile of a record, in Python floats.

        `mean`, `std`, `max`, `min`, `sparsity`, `entropy` are numbers; `pca`, `svd`, `fourier` lists of
        `components` numbers; `clustering` and `pattern_wise` dicts. Round before, in float64: a float32 such
        as 0.1 is 0.10000000149011612 as a Python float.

        Raises:
            ValueError: the number of features is not F.
        """
        values = np.asarray(features).tolist()
        if len(values) != len(self.feature_names):
            raise ValueError(f"{len(values)} features, expected {len(self.feature_names)}")
        profile: dict = {}
        start = 0
        for method, labels in self._parts:
            if labels is None:
                profile[method] = values[start]
                start += 1
                continue
            part = values[start : start + len(labels)]
            profile[method] = part if method in _LISTS else dict(zip(labels, part, strict=True))
            start += len(labels)
        return profile

    def _labels(self, method: str) -> tuple[str, ...] | None:
        """The names of a method's features within it; None where it is a single number."""
        if method in _LISTS:
            return tuple(str(index) for index in range(self.components))
        return {"clustering": CLUSTER_FEATURES, "pattern_wise": (*self.pattern_names, NO_PATTERN)}.get(method)

    # The methods: [k, W] or [k, W, number of labels], float64.

    def _mean(self, layer: LayerRows) -> np.ndarray:
        """sum(a) / m."""
        return layer.mean

    def _std(self, layer: LayerRows) -> np.ndarray:
        """Population standard deviation: sqrt(sum((a - mean)^2) / m)."""
        return np.sqrt(np.vecdot(layer.centred, layer.centred) / self.num_probes)

    def _max(self, layer: LayerRows) -> np.ndarray:
        """The largest activation."""
        return layer.single.max(axis=-1)

    def _min(self, layer: LayerRows) -> np.ndarray:
        """The smallest activation."""
        return layer.single.min(axis=-1)

    def _sparsity(self, layer: LayerRows) -> np.ndarray:
        """Share of the probes where |a| <= SPARSITY_THRESHOLD."""
        silent = np.abs(layer.single) <= np.float32(SPARSITY_THRESHOLD)
        return np.count_nonzero(silent, axis=-1) / self.num_probes

    def _pca(self, layer: LayerRows) -> np.ndarray:
        """v_i * sqrt(lambda) for the `components` largest eigenpairs of the layer's population covariance.

        Source: I. T. Jolliffe, Principal Component Analysis (2nd ed., 2002): the neuron's entry of the
        principal axis, scaled by the component's standard deviation. See `loadings` for sign and rank.
        """
        return loadings(layer.covariance, self.components)

    def _svd(self, layer: LayerRows) -> np.ndarray:
        """v_i * s / sqrt(m): right singular vectors of the uncentred activations [m, W], scaled alike.

        The squares of v_i * s / sqrt(m) over all components sum to the neuron's mean square. See `loadings`.
        The mean products are the covariance and mean mean^T: a sum of squares, in which nothing cancels.
        """
        return loadings(layer.covariance + layer.mean[:, :, None] * layer.mean[:, None], self.components)

    def _entropy(self, layer: LayerRows) -> np.ndarray:
        """-sum(p log2 p) in bits, p the shares of the probes in `entropy_bins` equal bins, min(a) to max(a).

        Source: C. E. Shannon, A Mathematical Theory of Communication (1948). Bins as in numpy.histogram of
        the float64 values: the left edge belongs to the bin, the last bin holds its right edge too. A
        constant neuron has 0.
        """
        low = layer.ordered[..., :1].astype(np.float64)
        step = (layer.ordered[..., -1:] - low) / self.entropy_bins
        # Not np.linspace: it takes another, differently rounded, path for all rows as soon as one step is 0.
        edges = low + np.arange(1, self.entropy_bins) * step
        below = np.zeros((*edges.shape[:2], self.entropy_bins + 1), dtype=np.intp)
        below[..., 1:-1] = _count_below(layer.ordered, edges)
        below[..., -1] = self.num_probes
        return self._information[below[..., 1:] - below[..., :-1]].sum(axis=-1)

    def _clustering(self, layer: LayerRows) -> np.ndarray:
        """Optimal two-means of the m values: low centre, high centre, share of the probes in the high one.

        In one dimension the optimum cuts the sorted values in two (W. D. Fisher, On Grouping for Maximum
        Homogeneity, 1958), so all m - 1 cuts are tried: with C_j the sum of the j smallest values of
        a - mean, the sum of squares between the clusters is C_j^2 (1/j + 1/(m - j)), and the largest wins
        (as in N. Otsu, 1979). Ties: the fewest values in the low cluster. A constant neuron has
        low = high = its value and share 0.
        """
        # C_j is negative: the least root of a sum of squares, with C_j's sign, is the best. All m values have 0.
        cuts = layer.scratch.take("cuts", layer.shape, np.float64)
        np.copyto(cuts, layer.ordered)
        cuts -= layer.mean[..., None]
        np.cumsum(cuts, axis=-1, out=cuts)
        cuts *= self._cut_weights
        cut = (cuts <= cuts.min(axis=-1, keepdims=True) * (1 - TIE_TOLERANCE)).argmax(axis=-1)
        total = np.take_along_axis(cuts, cut[..., None], axis=-1)[..., 0] / self._cut_weights[cut]
        low_size = cut + 1
        high_size = self.num_probes - low_size
        constant = layer.ordered[..., 0] == layer.ordered[..., -1]
        low = layer.mean + total / low_size
        high = layer.mean - total / high_size
        share = np.where(constant, 0.0, high_size / self.num_probes)
        return np.stack([low, high, share], axis=-1)

    def _fourier(self, layer: LayerRows) -> np.ndarray:
        """2 |sum_t (a_t - mean) exp(-2 pi i f t / m)| / m for f = 1 ... `components`, t the probe's position.

        That is 2 |numpy.fft.rfft(a - mean)[f]| / m: the amplitude of a sinusoid of f periods over the probes
        (twice it at f = m / 2). Frequencies above m / 2 do not exist and have 0.
        """
        parts = layer.weighted_sums[..., -2 * self.components :]
        return np.hypot(parts[..., : self.components], parts[..., self.components :]) * (2 / self.num_probes)

    def _pattern_wise(self, layer: LayerRows) -> np.ndarray:
        """Mean activation over the probes that satisfy each enabled pattern, then over those of none."""
        return layer.mean[..., None] + layer.weighted_sums[..., : -2 * self.components]


_LISTS = frozenset({"pca", "svd", "fourier"})

_COMPUTE: dict[str, Callable[[ActivationSignatureExtractor, LayerRows], np.ndarray]] = {
    "mean": ActivationSignatureExtractor._mean,
    "std": ActivationSignatureExtractor._std,
    "max": ActivationSignatureExtractor._max,
    "min": ActivationSignatureExtractor._min,
    "sparsity": ActivationSignatureExtractor._sparsity,
    "pca": ActivationSignatureExtractor._pca,
    "svd": ActivationSignatureExtractor._svd,
    "entropy": ActivationSignatureExtractor._entropy,
    "clustering": ActivationSignatureExtractor._clustering,
    "fourier": ActivationSignatureExtractor._fourier,
    "pattern_wise": ActivationSignatureExtractor._pattern_wise,
}

METHODS: tuple[str, ...] = tuple(_COMPUTE)
"""Every signature method, in the order of the features."""


def _waves(num_probes: int, components: int) -> np.ndarray:
    """float64 [m, 2 * components]: cosines, then sines, of frequencies 1 ... components; 0 above m / 2.

    By `math`, not numpy, whose cosine differs in the last bit between instruction sets.
    """
    angles = [2 * math.pi * position / num_probes for position in range(num_probes)]
    circle = np.array([[math.cos(angle), math.sin(angle)] for angle in angles])
    frequencies = np.arange(1, components + 1)
    waves = circle[np.outer(np.arange(num_probes), frequencies) % num_probes]  # [m, components, 2]
    waves[:, frequencies > num_probes // 2] = 0.0
    return np.concatenate([waves[..., 0], waves[..., 1]], axis=1)


def _information(num_probes: int) -> np.ndarray:
    """float64 [m + 1]: what a bin of c probes adds to the entropy, -(c/m) log2(c/m); 0 for c = 0 and m."""
    inside = [-(count / num_probes) * math.log2(count / num_probes) for count in range(1, num_probes)]
    return np.array([0.0, *inside, 0.0])


def _cut_weights(num_probes: int) -> np.ndarray:
    """float64 [m]: sqrt(1/j + 1/(m - j)) for j = 1 ... m - 1 values in the low cluster; 0 for all m, no cut."""
    low_size = np.arange(1, num_probes)
    return np.append(np.sqrt(1 / low_size + 1 / (num_probes - low_size)), 0.0)


def _count_below(ordered: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """intp [k, W, E]: how many of each row's sorted values float32 [k, W, m] are below its edges float64 [k, W, E].

    numpy.searchsorted (side "left") for every row at once, by bisection. A float32 is below an edge where it is
    below the first float32 that is not: so no value needs conversion.
    """
    bounds = edges.astype(np.float32)
    np.nextafter(bounds, np.float32(np.inf), out=bounds, where=bounds < edges)
    *lead, size = ordered.shape
    values = ordered.ravel()
    first = np.arange(0, values.size, size).reshape(*lead, 1)
    found = np.broadcast_to(first, bounds.shape).copy()
    room = size  # the first place not below a bound is one of found ... found + room
    while room > 1:
        half = room >> 1
        found += half * (values.take(found + (half - 1)) < bounds)
        room -= half
    found += values.take(found) < bounds
    return found - first
