"""Activation signatures: statistics of every neuron's activations over the fixed signature dataset.

One call takes one layer of k models at once. Below, a is one neuron's activations a_0 ... a_{m-1} over the
m probes, in the signature dataset's order; W is the layer's (padded) width. kernels/signature.c computes, in float64.

- mean: sum(a) / m.
- std: the population standard deviation, sqrt(sum((a - mean)^2) / m).
- max, min: the largest and the smallest activation.
- sparsity: the share of the probes where |a| <= SPARSITY_THRESHOLD.
- pca: v_i * sqrt(lambda), v_i the neuron's entry of the eigenvector v, for the `components` largest eigenpairs of the
  layer's population covariance: the neuron's entry of the principal axis, scaled by the component's standard
  deviation. Source: I. T. Jolliffe, Principal Component Analysis (2nd ed., 2002).
- svd: v_i * s / sqrt(m), v the right singular vectors of the uncentred activations [m, W] and s their singular values.
  The squares over all components sum to the neuron's mean square. They come from the mean products, the covariance
  and mean mean^T: a sum of squares, in which nothing cancels.
- entropy: -sum(p log2 p) in bits, p the shares of the probes in `entropy_bins` equal bins, min(a) to max(a). Bins are
  those of numpy.histogram of the float64 values: the left edge belongs to the bin, the last bin holds its right edge
  too. A constant neuron has 0. Source: C. E. Shannon, A Mathematical Theory of Communication (1948).
- clustering: the optimal two-means of the m values: low centre, high centre, share of the probes in the high cluster.
  In one dimension the optimum cuts the sorted values in two (W. D. Fisher, On Grouping for Maximum Homogeneity, 1958),
  so all m - 1 cuts are tried: with C_j, which is negative, the sum of the j smallest values of a - mean, the sum of
  squares between the clusters is C_j^2 (1/j + 1/(m - j)), and the largest wins (as in N. Otsu, 1979). Ties
  (TIE_TOLERANCE, of the root): the fewest values in the low cluster. A constant neuron has low = high = its value and
  share 0.
- fourier: 2 |sum_t (a_t - mean) exp(-2 pi i f t / m)| / m for f = 1 ... `components`, t the probe's position. It is
  2 |numpy.fft.rfft(a - mean)[f]| / m: the amplitude of a sinusoid of f periods over the probes (twice it at f = m / 2).
  Frequencies above m / 2 do not exist and have 0. No other method reads the probes' order: where that tells of
  patterns, as in a dataset of a person's own that lists one after another, so does this method.
- pattern_wise: the mean activation over the probes that satisfy each enabled pattern, then over those of none.

Loadings, pca's and svd's, come from eigenpairs of the mean products [W, W], smaller than a decomposition of [m, W]
(G. H. Golub, C. F. Van Loan, Matrix Computations, 4th ed., 2013). The sign makes each component's largest magnitude
positive (the first neuron of equals, TIE_TOLERANCE). Components beyond W or beyond the rank (RANK_TOLERANCE) are
exactly 0, as are the loadings of neurons whose (centred, in pca) activations are all 0. Where eigenvalues coincide,
the directions within their space are the solver's choice.

Contract: what is computed for a model depends on that model's activations and on (m, W) alone, bit for bit,
not on k, on the other models or on its place among them, nor does a method depend on which others are on, nor
anything on the processor. W itself matters to the last bits of pca and svd alone.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from subject_zoo.base.elementary import circle, log2
from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import SIGNATURE_METHODS
from subject_zoo.kernels.signature import SignatureKernel
from subject_zoo.signatures.features import NUMBERED, feature_names, labels_of
from subject_zoo.signatures.probes import check_coverage

SPARSITY_THRESHOLD = 1e-3
"""An activation of at most this magnitude (compared in float32) counts as silent."""

RANK_TOLERANCE = 1e-12
"""An eigenvalue of at most this share of the layer's largest counts as zero. The inputs are float32:
directions whose standard deviation is below 1e-6 of the largest are their rounding, not information."""

TIE_TOLERANCE = 1e-9
"""Two magnitudes this close, relatively, are equal: rounding must not choose between mirrored neurons."""


class ActivationSignatureExtractor:
    """Computes the configured signature methods for one layer of a batch of models.

    Args:
        methods: names out of `SIGNATURE_METHODS`; the order given and repetitions do not matter.
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
            if method not in SIGNATURE_METHODS:
                raise UserError(f"signature.methods: {method!r} is unknown; choose from {', '.join(SIGNATURE_METHODS)}")
        if not wanted:
            raise UserError(f"signature.methods: empty; choose at least one of {', '.join(SIGNATURE_METHODS)}")
        if components < 1:
            raise UserError(f"signature.components: {components} is too small; at least 1")
        if entropy_bins < 2:
            raise UserError(f"signature.entropy_bins: {entropy_bins} is too small; at least 2")
        member = np.asarray(probe_patterns, dtype=bool)
        if member.ndim != 2 or member.shape[1] != len(pattern_names):
            raise ValueError(f"probe_patterns is {member.shape}, expected [m, {len(pattern_names)}]")
        if len(member) < 2:
            raise UserError(f"signature dataset: {len(member)} probes; at least 2 are needed")

        self.methods = tuple(method for method in SIGNATURE_METHODS if method in wanted)
        self.pattern_names = tuple(pattern_names)
        self.num_probes = len(member)
        self.components = components
        self.entropy_bins = entropy_bins
        # [m, P + 1] 0.0 / 1.0: the probes of each pattern, and those of none.
        groups = np.column_stack([member, ~member.any(axis=1)]).astype(np.float64)
        sizes = groups.sum(axis=0)
        check_coverage(member, self.pattern_names, self.methods)
        self._parts = [(method, labels_of(method, pattern_names, components)) for method in self.methods]
        self._kernel = SignatureKernel(
            self.methods,
            groups / np.maximum(sizes, 1),
            _waves(self.num_probes, components)
            if "fourier" in self.methods
            else np.zeros((len(member), 2 * components)),
            _information(self.num_probes) if "entropy" in self.methods else np.zeros(len(member) + 1),
            _cut_weights(self.num_probes),
            entropy_bins,
            SPARSITY_THRESHOLD,
            RANK_TOLERANCE,
            TIE_TOLERANCE,
        )

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The F features in order: `mean`, `pca.0`, `clustering.low`, `pattern_wise.none`, ...

        Methods stand in the order of `SIGNATURE_METHODS`; `fourier.0` is frequency 1.
        """
        return feature_names(self.methods, self.pattern_names, self.components)

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
            numpy.linalg.LinAlgError: the eigenvalues of a layer's products cannot be found.
        """
        features = self._kernel.features(np.asarray(activations, dtype=np.float32)).astype(np.float32)
        features += 0.0  # -0.0 becomes 0.0: it would be written with its sign
        return features

    def columns(self, methods: Collection[str]) -> list[int]:
        """The places of these methods' features among the F."""
        return [place for place, name in enumerate(self.feature_names) if name.partition(".")[0] in methods]

    def profile(self, features: Sequence[float] | np.ndarray) -> dict[str, Any]:
        """One neuron's features [F] as the JSON-ready profile of a record, in Python floats.

        `mean`, `std`, `max`, `min`, `sparsity`, `entropy` are numbers, all others lists of them: `pca`, `svd`,
        `fourier` of `components` numbers, `clustering` and `pattern_wise` as `list_entries` says. Round before, in
        float64: a float32 such as 0.1 is 0.10000000149011612 as a Python float.

        Raises:
            ValueError: the number of features is not F.
        """
        values = np.asarray(features).tolist()
        if len(values) != len(self.feature_names):
            raise ValueError(f"{len(values)} features, expected {len(self.feature_names)}")
        profile: dict[str, Any] = {}
        start = 0
        for method, labels in self._parts:
            part = values[start : start + (1 if labels is None else len(labels))]
            profile[method] = part[0] if labels is None else part
            start += len(part)
        return profile

    @cached_property
    def list_entries(self) -> dict[str, list[str]]:
        """What the lists of a profile hold, entry by entry, by method, where entries have names and not numbers."""
        return {method: list(labels) for method, labels in self._parts if labels and method not in NUMBERED}


def _waves(num_probes: int, components: int) -> np.ndarray:
    """float64 [m, 2 * components]: cosines, then sines, of frequencies 1 ... components; 0 above m / 2."""
    frequencies = np.arange(1, components + 1)
    waves = np.array(circle(num_probes))[
        np.outer(np.arange(num_probes), frequencies) % num_probes
    ]  # [m, components, 2]
    waves[:, frequencies > num_probes // 2] = 0.0
    return np.concatenate([waves[..., 0], waves[..., 1]], axis=1)


def _information(num_probes: int) -> np.ndarray:
    """float64 [m + 1]: what a bin of c probes adds to the entropy, -(c/m) log2(c/m); 0 for c = 0 and m."""
    inside = [-(count / num_probes) * log2(count / num_probes) for count in range(1, num_probes)]
    return np.array([0.0, *inside, 0.0])


def _cut_weights(num_probes: int) -> np.ndarray:
    """float64 [m - 1]: sqrt(1/j + 1/(m - j)) for j = 1 ... m - 1 values in the low cluster."""
    low_size = np.arange(1, num_probes)
    return np.sqrt(1 / low_size + 1 / (num_probes - low_size))
