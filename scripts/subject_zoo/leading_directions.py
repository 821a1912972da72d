"""The leading directions of neurons' activations, from their matrix of products."""

import numpy as np

RANK_TOLERANCE = 1e-12
"""An eigenvalue of at most this share of the layer's largest counts as zero. The inputs are float32:
directions whose standard deviation is below 1e-6 of the largest are their rounding, not information."""

TIE_TOLERANCE = 1e-9
"""Two magnitudes this close, relatively, are equal: rounding must not choose between mirrored neurons."""


def loadings(gram: np.ndarray, components: int) -> np.ndarray:
    """The neurons' loadings on the leading directions: float64 [k, W, components].

    With one model's rows [W, m] = U S V^T, U the directions in the space of neurons, the loading of neuron i on
    component c is U_ic S_c / sqrt(m). It comes from the eigenpairs of rows rows^T / m, which are U_c and
    S_c^2 / m (G. H. Golub, C. F. Van Loan, Matrix Computations, 4th ed., 2013): a W x W problem, smaller
    than the decomposition of rows and free of the probes' space, which no feature needs.
    The sign makes each component's largest magnitude positive (the first neuron of equals, TIE_TOLERANCE).
    Components beyond W or beyond the rank (RANK_TOLERANCE) are exactly 0, as are the loadings of all-zero rows.
    Where eigenvalues coincide, the directions within their space are the solver's choice.

    Args:
        gram: float64 [k, W, W], rows rows^T / m of each model; exactly 0 on the diagonal of an all-zero row.
        components: number of directions.
    """
    models, width, _ = gram.shape
    kept = min(components, width)
    values, vectors = np.linalg.eigh(gram)  # ascending
    values = values[:, : -kept - 1 : -1]
    sizes = np.sqrt(np.where(values > RANK_TOLERANCE * values[:, :1], values, 0.0))
    found = np.zeros((models, width, components))
    leading = found[..., :kept]
    np.multiply(vectors[..., : -kept - 1 : -1], sizes[:, None], out=leading)
    leading[gram.diagonal(axis1=1, axis2=2) == 0] = 0.0
    magnitudes = np.abs(leading)
    largest = magnitudes >= magnitudes.max(axis=1, keepdims=True) * (1 - TIE_TOLERANCE)
    decisive = np.take_along_axis(leading, largest.argmax(axis=1)[:, None], axis=1)
    np.negative(leading, out=leading, where=decisive < 0)
    return found
