"""One layer's activations by neuron: what several signature methods share."""

from functools import cached_property

import numpy as np

from subject_zoo.scratch import Scratch


class LayerRows:
    """One layer of k models over m probes, each quantity computed at most once.

    Neurons are rows here ([k, W, m], C order), so that sums run along contiguous memory, each by itself. The arrays
    of that shape lie in `scratch`, where the next layer overwrites them.

    Args:
        activations: float32 [k, m, W].
        weights: float64 [m, n], weights of the probes for `weighted_sums`.
        scratch: memory that no other layer in use lies in.

    Raises:
        ValueError: a value is not finite.
    """

    def __init__(self, activations: np.ndarray, weights: np.ndarray, scratch: Scratch) -> None:
        models, self.num_probes, width = activations.shape
        self.shape = (models, width, self.num_probes)
        self.weights = weights
        self.scratch = scratch
        self.single = scratch.take("single", self.shape, np.float32)
        np.copyto(self.single, activations.swapaxes(1, 2))
        self._double = scratch.take("double", self.shape, np.float64)
        np.copyto(self._double, self.single)
        with np.errstate(invalid="ignore"):  # infinities of both signs
            self.mean = np.vecdot(self._double, np.ones(self.num_probes)) / self.num_probes
        # Finite values have a finite sum: float64 has room for any number of float32.
        if not np.isfinite(self.mean).all():
            raise ValueError("activations hold NaN or infinity")

    @cached_property
    def centred(self) -> np.ndarray:
        """float64 [k, W, m]: the activations without their neuron's mean.

        Exactly 0 for a constant neuron: in float64 the sum of m equal float32 values has no rounding.
        """
        self._double -= self.mean[..., None]
        return self._double

    @cached_property
    def covariance(self) -> np.ndarray:
        """float64 [k, W, W]: population covariances of the neurons."""
        return self.centred @ self.centred.swapaxes(1, 2) / self.num_probes

    @cached_property
    def weighted_sums(self) -> np.ndarray:
        """float64 [k, W, n]: each neuron's sums of (a - mean) times the weights.

        All in one matrix product, whichever are wanted: how many there are may decide their last bits.
        """
        return self.centred @ self.weights

    @cached_property
    def ordered(self) -> np.ndarray:
        """float32 [k, W, m]: each neuron's activations in ascending order."""
        ordered = self.scratch.take("ordered", self.shape, np.float32)
        np.copyto(ordered, self.single)
        ordered.sort(axis=-1)
        return ordered
