"""The signature statistics of a layer's neurons by signature.c; signatures/extractor.py defines them."""

import ctypes
from collections.abc import Collection
from functools import cache
from pathlib import Path

import numpy as np

from subject_zoo.base.terms import SIGNATURE_METHODS
from subject_zoo.kernels.library import load_kernel
from subject_zoo.kernels.memory import address, aligned_zeros

_LANES = 8  # as in vectors.h
_NOT_FINITE, _NOT_CONVERGED = 1, 2  # of the C file's enum


class _Signature(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("weights", "information", "cut_weights")),
        *((name, ctypes.c_double) for name in ("silent", "rank_tolerance", "tie_tolerance")),
        *((name, ctypes.c_int64) for name in ("probes", "sums", "groups", "components", "bins", "features")),
        ("place", ctypes.c_int64 * len(SIGNATURE_METHODS)),
    ]


@cache
def _kernel() -> ctypes.CDLL:
    library = load_kernel(Path(__file__).with_name("signature.c"))
    signature, array, count = ctypes.POINTER(_Signature), ctypes.c_void_p, ctypes.c_int64
    library.scratch_doubles.argtypes = [signature, count]
    library.scratch_doubles.restype = count
    library.sign_layers.argtypes = [signature, array, count, count, array, array]
    library.sign_layers.restype = ctypes.c_int32
    return library


class SignatureKernel:
    """Computes the chosen statistics of layers over m probes. Not for several threads at once: it keeps its memory.

    The features of the methods that are on stand side by side in the order of SIGNATURE_METHODS: `components` of pca,
    svd and fourier, three of clustering, G of pattern_wise, one of any other.

    Args:
        methods: those that are on, of `SIGNATURE_METHODS`.
        groups: float64 [m, G], what each probe weighs in the means of pattern_wise.
        waves: float64 [m, 2 * components], cosines and sines of fourier.
        information: float64 [m + 1], what a bin of so many probes adds to the entropy.
        cut_weights: float64 [m - 1], what the sum of the 1 ... m - 1 smallest values weighs in clustering.
        bins: of the entropy.
        silent: the largest magnitude that counts as none in sparsity.
        rank_tolerance: an eigenvalue of at most this share of the largest counts as zero.
        tie_tolerance: magnitudes this close, relatively, are equal.

    Raises:
        ValueError: the tables are not of the same number of probes.
    """

    def __init__(
        self,
        methods: Collection[str],
        groups: np.ndarray,
        waves: np.ndarray,
        information: np.ndarray,
        cut_weights: np.ndarray,
        bins: int,
        silent: float,
        rank_tolerance: float,
        tie_tolerance: float,
    ) -> None:
        probes = len(groups)
        if (len(waves), information.shape, cut_weights.shape) != (probes, (probes + 1,), (probes - 1,)):
            raise ValueError(f"the tables of waves, information and cuts are not for {probes} probes")
        components = waves.shape[1] // 2
        sizes = dict.fromkeys(SIGNATURE_METHODS, 1) | dict.fromkeys(("pca", "svd", "fourier"), components)
        sizes |= {"clustering": 3, "pattern_wise": groups.shape[1]}
        places, features = [], 0
        for method in SIGNATURE_METHODS:
            places.append(features if method in methods else -1)
            features += sizes[method] if method in methods else 0
        groups = groups if "pattern_wise" in methods else groups[:, :0]
        waves = waves if "fourier" in methods else waves[:, :0]
        filling = np.zeros((probes, -(groups.shape[1] + waves.shape[1]) % _LANES))
        weights = np.hstack([groups, waves, filling])
        self._tables = [np.ascontiguousarray(table, np.float64) for table in (weights, information, cut_weights)]
        self._signature = _Signature(
            *(address(table) for table in self._tables),
            *(silent, rank_tolerance, tie_tolerance),
            *(probes, weights.shape[1], groups.shape[1], components, bins, features),
            tuple(places),
        )
        self._scratch = np.empty(0)

    def features(self, activations: np.ndarray) -> np.ndarray:
        """The features float64 [k, W, F] of activations float32 [k, m, W]; -0.0 may be among them.

        Raises:
            ValueError: the shape or the type is another, or a value is not finite.
            numpy.linalg.LinAlgError: the eigenvalues of a layer are not found in 30 steps each.
        """
        probes = self._signature.probes
        if activations.dtype != np.float32 or activations.ndim != 3 or activations.shape[1] != probes:
            shape = f"{activations.dtype} {activations.shape}"
            raise ValueError(f"activations are {shape}, expected float32 [k, {probes}, W]")
        activations = np.ascontiguousarray(activations)
        layers, _, width = activations.shape
        features = np.empty((layers, width, self._signature.features))
        needed = _kernel().scratch_doubles(self._signature, width)
        if len(self._scratch) < needed:
            self._scratch = aligned_zeros(needed, np.float64)
        status = _kernel().sign_layers(
            self._signature, address(activations), layers, width, address(self._scratch), address(features)
        )
        if status == _NOT_FINITE:
            raise ValueError("activations hold NaN or infinity")
        if status == _NOT_CONVERGED:
            raise np.linalg.LinAlgError("the eigenvalues of a layer's products were not found")
        return features
