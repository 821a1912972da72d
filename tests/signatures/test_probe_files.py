"""Files of probes, of the project's own or of anybody's, as a project reads them."""

import json

import numpy as np
import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.examples.sampler import PatternDatasetSampler
from subject_zoo.project import Project
from subject_zoo.signatures.extractor import ActivationSignatureExtractor
from tests.plain_sequences import PlainSequences


def test_signature_datasets_are_read_as_written(tmp_path, pools, config):
    plain = PlainSequences(config)
    data = PatternDatasetSampler(config, pools).signature_dataset(0, 4, 10)
    path = tmp_path / "signature_dataset.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    methods = {"modification": ["entropy", "mean"], "classification": ["pca", "mean"]}
    config["signature"] |= {"methods": methods, "components": 2, "entropy_bins": 5}
    project = Project(config, probes_file=path)
    probes = project.probes
    assert plain.texts(probes.tokens) == [example["sequence"] for example in data["examples"]]
    for satisfied, example in zip(probes.satisfied, data["examples"], strict=True):
        assert [name for name, holds in zip(plain.enabled, satisfied, strict=True) if holds] == example["patterns"]

    extractor = project.extractor
    directly = ActivationSignatureExtractor(
        ["mean", "pca", "entropy"], probes.satisfied, plain.enabled, components=2, entropy_bins=5
    )
    activations = np.random.default_rng(0).normal(size=(1, len(probes.tokens), 3)).astype(np.float32)
    assert extractor.feature_names == directly.feature_names
    np.testing.assert_array_equal(extractor.extract(activations), directly.extract(activations))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "cannot be read"),
        ("not JSON", "not a signature dataset"),
        ("[1, 2]", "not a signature dataset"),
        ('{"examples": null}', "not a signature dataset"),
        ('{"examples": ["ABCDE", "ABCDE"]}', "not a signature dataset"),
        ('{"examples": [{"sequence": 5}]}', "not a signature dataset"),
        ('{"examples": [{"sequence": ["A", "B", "C", "D", "E"]}]}', "not a signature dataset"),
        ('{"examples": [{"sequence": "ABCDE"}, {"sequence": "ABCD"}]}', "sequence 2 is 'ABCD'"),
        ('{"examples": [{"sequence": "ABCDH"}, {"sequence": "ABCDE"}]}', "sequence 1 is 'ABCDH'"),
        ('{"examples": [{"sequence": "ABCDE"}]}', "1 sequences; a signature needs at least 2"),
        ('{"examples": []}', "0 sequences"),
    ],
)
def test_bad_signature_datasets_are_refused_by_name(tmp_path, config, text, complaint):
    path = tmp_path / "mine.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        _ = Project(config, probes_file=path).probes
    assert str(error.value).startswith(f"{path}: ")
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)
