"""The nearest training records: by plain loops, and of a dataset in which one was copied."""

import json
import sys

import nearest
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel
from tests.finished_dataset import edit_models

verdicts = st.integers(1, 40).flatmap(
    lambda m: st.tuples(*(hnp.arrays(bool, st.tuples(st.integers(1, 5), st.just(m))) for _ in range(2)))
)


@given(verdicts)
def test_the_nearest_agreement_is_that_of_a_plain_count(verdicts):
    tested, learned = verdicts
    expected = [max(np.mean(row == other) for other in learned) for row in tested]
    np.testing.assert_allclose(nearest.nearest_agreement(tested, learned), expected)


def network(seed: int, layers: int, neurons: int, dropout: float = 0.0) -> StoredModel:
    architecture = Architecture(5, 4, layers, neurons, "relu", dropout)
    rng = np.random.default_rng(seed)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in architecture.tensor_shapes}
    return StoredModel(architecture, weights, {})


forms = st.lists(st.builds(network, st.integers(0, 9), st.integers(1, 2), st.integers(3, 4)), min_size=1, max_size=6)


@given(forms, forms)
def test_the_nearest_cosine_is_over_networks_of_one_shape(tested, learned):
    found = nearest.nearest_cosine(tested, learned)
    for value, model in zip(found, tested, strict=True):
        mine = np.concatenate([array.ravel() for array in model.weights.values()])
        cosines = []
        for other in learned:
            theirs = np.concatenate([array.ravel() for array in other.weights.values()])
            if list(other.weights) == list(model.weights) and mine.shape == theirs.shape:
                cosines.append(mine @ theirs / np.linalg.norm(mine) / np.linalg.norm(theirs))
        assert value == pytest.approx(max(cosines), abs=1e-6) if cosines else np.isnan(value)


def test_dropout_changes_names_and_no_shape():
    one, other = network(3, 2, 4), network(3, 2, 4, dropout=0.1)
    assert nearest.nearest_cosine([one], [other]) == pytest.approx([1.0])


def report(folder, monkeypatch, capsys) -> dict:
    monkeypatch.setattr(sys, "argv", ["nearest.py", str(folder)])
    nearest.main()
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_copied_record_is_found(folder, monkeypatch, capsys):
    before = report(folder, monkeypatch, capsys)
    tested, learned = (nearest.improved_models(folder, split) for split in ("test", "train"))
    assert (before["test records"], before["training records"]) == (len(tested), len(learned))
    assert before["nearest cosine of weights, largest"] is None or before["nearest cosine of weights, largest"] < 0.999
    copied = next(iter(learned.values()))
    for path in folder.glob("weights/*"):
        copies = {f"{example_id:06d}/improved": copied for example_id in tested}
        edit_models(path, lambda models, copies=copies: models.update({k: v for k, v in copies.items() if k in models}))
    after = report(folder, monkeypatch, capsys)
    assert after["share that agrees with one on every sequence"] == after["nearest agreement, lowest"] == 1.0
    assert after["test records whose shape stands in training"] == len(tested)
    assert after["nearest cosine of weights, median"] == pytest.approx(1.0)


def test_a_dataset_without_test_records_says_so(folder, monkeypatch, capsys):
    for path in (folder / "data" / "test").glob("*"):
        path.unlink()
    with pytest.raises(SystemExit, match="0 test and"):
        report(folder, monkeypatch, capsys)
