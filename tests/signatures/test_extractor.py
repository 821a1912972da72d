"""What an extractor takes and refuses, and how it names what it gives."""

import json
import subprocess
import sys

import numpy as np
import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import SIGNATURE_METHODS
from subject_zoo.signatures.extractor import ActivationSignatureExtractor
from tests.signatures.activations import PATTERNS, assorted, compute, extractor, gaussian, probe_patterns

COMPARED = {"mean", "std", "max", "min", "sparsity", "pca", "svd", "entropy", "clustering", "fourier", "pattern_wise"}


def test_each_method_is_compared_with_a_reference():
    """By a test above; nothing below says that a method computes what its name says."""
    assert set(SIGNATURE_METHODS) == COMPARED, "write such a test, then name the method in COMPARED"


def test_constant_neurons():
    activations = np.full((30, 3), 0.1, dtype=np.float32)
    activations[:, 2] = -7
    features = compute(activations)
    for name in ("mean", "max", "min", "clustering.low", "clustering.high"):
        np.testing.assert_array_equal(features[name], activations[0], err_msg=name)
    for name in (*PATTERNS, "none"):
        np.testing.assert_array_equal(features[f"pattern_wise.{name}"], activations[0])
    for name in ("std", "entropy", "sparsity", "clustering.share", "pca.0", "pca.1", "fourier.0", "svd.1"):
        assert (features[name] == 0).all(), name
    np.testing.assert_allclose(features["svd.0"], [-0.1, -0.1, 7], rtol=1e-6)


def test_no_negative_zero_and_the_input_stays():
    batch = -np.abs(assorted(6, 90, 10))
    batch[batch == 0] = -0.0
    before = batch.tobytes()
    features = extractor(90).extract(batch)
    assert features.dtype == np.float32
    assert not np.signbit(features[features == 0]).any()
    assert batch.tobytes() == before


def test_feature_names_and_their_order():
    subject = extractor(9, ["pattern_wise", "clustering", "pca", "mean", "fourier"], components=2)
    assert subject.methods == ("mean", "pca", "clustering", "fourier", "pattern_wise")
    assert subject.feature_names == (
        "mean", "pca.0", "pca.1", "clustering.low", "clustering.high", "clustering.share", "fourier.0",
        "fourier.1", "pattern_wise.first", "pattern_wise.second", "pattern_wise.third", "pattern_wise.none",
    )  # fmt: skip
    assert subject.extract(np.zeros((2, 9, 4), dtype=np.float32)).shape == (2, 4, 12)


@pytest.mark.parametrize("methods", [SIGNATURE_METHODS, ["std"], ["pattern_wise", "svd"]])
def test_profile_names_every_feature(methods):
    subject = extractor(20, methods, components=2)
    row = subject.extract(gaussian(0, 20, 3)[None])[0, 1]
    profile = json.loads(json.dumps(subject.profile(row)))
    flat = {}
    for method, part in profile.items():
        if isinstance(part, list):
            labels = subject.list_entries.get(method, range(len(part)))
            flat |= {f"{method}.{label}": value for label, value in zip(labels, part, strict=True)}
        else:
            flat[method] = part
    assert tuple(flat) == subject.feature_names
    assert list(flat.values()) == row.tolist()
    assert subject.profile(row.tolist()) == profile


def test_columns_are_those_of_the_methods_named():
    subject = extractor(20, ["mean", "std", "pca", "clustering"], components=2)
    assert subject.columns(["pca", "mean"]) == [0, 2, 3]
    assert subject.columns(["clustering"]) == [4, 5, 6]
    assert subject.columns(["entropy"]) == []


def test_profile_has_the_records_shape():
    subject = extractor(20, ["mean", "pca", "clustering", "pattern_wise"], components=2)
    assert subject.profile([1.5, 2, 3, 4, 5, 0.5, 6, 7, 8, 9]) == {
        "mean": 1.5,
        "pca": [2, 3],
        "clustering": [4, 5, 0.5],
        "pattern_wise": [6, 7, 8, 9],
    }
    assert subject.list_entries == {
        "clustering": ["low", "high", "share"],
        "pattern_wise": ["first", "second", "third", "none"],
    }
    with pytest.raises(ValueError, match="9 features, expected 10"):
        subject.profile([0.0] * 9)


@pytest.mark.parametrize(
    ("methods", "options", "message"),
    [
        (["mean", "median"], {}, "signature.methods.*median"),
        ([], {}, "signature.methods"),
        (["pca"], {"components": 0}, "signature.components"),
        (["entropy"], {"entropy_bins": 1}, "signature.entropy_bins"),
    ],
)
def test_bad_settings(methods, options, message):
    with pytest.raises(UserError, match=message):
        extractor(10, methods, **options)


def test_a_pattern_without_probes():
    member = probe_patterns(10)
    member[:, 1] = False
    with pytest.raises(UserError, match=r"pattern_wise\.second"):
        ActivationSignatureExtractor(["pattern_wise"], member, PATTERNS)
    ActivationSignatureExtractor(["mean"], member, PATTERNS)
    with pytest.raises(UserError, match=r"pattern_wise\.none"):
        ActivationSignatureExtractor(["pattern_wise"], np.ones((10, 3), dtype=bool), PATTERNS)


def test_bad_probes():
    with pytest.raises(ValueError, match="expected"):
        ActivationSignatureExtractor(["mean"], np.ones((10, 2), dtype=bool), PATTERNS)
    with pytest.raises(UserError, match="probes"):
        ActivationSignatureExtractor(["mean"], np.ones((1, 3), dtype=bool), PATTERNS)


@pytest.mark.parametrize("values", [[np.nan], [np.inf], [-np.inf], [np.inf, -np.inf]])
@pytest.mark.parametrize("methods", [SIGNATURE_METHODS, ["max"]])
@pytest.mark.filterwarnings("error")
def test_activations_must_be_finite(values, methods):
    activations = np.zeros((2, 10, 3), dtype=np.float32)
    activations[1, 4 : 4 + len(values), 2] = values
    with pytest.raises(ValueError, match="NaN or infinity"):
        extractor(10, methods).extract(activations)


@pytest.mark.filterwarnings("error")
def test_the_largest_floats_are_finite():
    largest = np.finfo(np.float32).max
    activations = np.full((1, 10, 2), largest)
    activations[:, ::2, 1] = -largest
    features = extractor(10).extract(activations)
    assert np.isfinite(features).all()
    assert features[0, 0, 0] == largest


@pytest.mark.parametrize("shape", [(10, 3), (2, 9, 3), (2, 3, 10)])
def test_activations_must_have_the_probes(shape):
    with pytest.raises(ValueError, match="expected"):
        extractor(10).extract(np.zeros(shape, dtype=np.float32))


def test_the_module_needs_no_torch():
    code = "import sys, subject_zoo.signatures.extractor; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
