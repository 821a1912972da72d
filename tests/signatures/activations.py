"""Activations of layers of all kinds, and the signatures of them."""

import numpy as np
from hypothesis import strategies as st

from subject_zoo.base.terms import SIGNATURE_METHODS
from subject_zoo.signatures.extractor import ActivationSignatureExtractor

PATTERNS = ("first", "second", "third")


def probe_patterns(probes: int) -> np.ndarray:
    """Overlapping patterns, each with a probe, and at least one probe of none."""
    member = np.random.default_rng(probes).random((probes, len(PATTERNS))) < 0.3
    member[0] = True
    member[1] = False
    return member


def extractor(probes, methods=SIGNATURE_METHODS, **options):
    return ActivationSignatureExtractor(methods, probe_patterns(probes), PATTERNS, **options)


def compute(activations, methods=SIGNATURE_METHODS, **options) -> dict[str, np.ndarray]:
    """Every feature of one model [m, W] by name: {name: [W]}."""
    subject = extractor(len(activations), methods, **options)
    return dict(zip(subject.feature_names, subject.extract(activations[None])[0].T, strict=True))


def columns(features, method, count):
    return np.stack([features[f"{method}.{index}"] for index in range(count)], axis=1)


def gaussian(seed, probes, width):
    """Correlated neurons of clearly different sizes, so that no two singular values lie close together."""
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((probes, width)) * 0.5 ** np.arange(width)
    rotation = np.linalg.qr(rng.standard_normal((width, width)))[0]
    return (mixed @ rotation + rng.standard_normal(width)).astype(np.float32)


def relu(seed, probes, width):
    return np.maximum(gaussian(seed, probes, width), 0)


def stepped(seed, probes, width):
    """Many equal values, on both sides of 0, and values on the histogram's edges."""
    return np.round(gaussian(seed, probes, width) * 4) / 4


def with_silent(seed, probes, width):
    """A constant neuron and one that never fires among the others."""
    activations = gaussian(seed, probes, width + 2)
    activations[:, 0] = np.float32(0.1)
    activations[:, -1] = 0
    return activations


layers = st.builds(
    lambda kind, seed, probes, width: kind(seed, probes, width),
    st.sampled_from([gaussian, relu, stepped, with_silent]),
    st.integers(0, 2**32 - 1),
    st.integers(2, 60),
    st.integers(1, 6),
)


def assorted(models, probes, width):
    """Models of all kinds: dense, sparse, stepped, narrower than the padded width, silent throughout."""
    rng = np.random.default_rng(probes * width)
    batch = rng.standard_normal((models, probes, width)).astype(np.float32)
    batch[1::5] = np.maximum(batch[1::5], 0)
    batch[2::5] = np.round(batch[2::5])
    batch[3::5, :, width // 2 :] = 0
    batch[4::10] = 0
    return batch
