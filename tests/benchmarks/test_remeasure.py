"""The independent measurement of published records: that it is independent, right, and catches a false record."""

import ast
import itertools
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from fresh_sequences import CENSUS, HELD_OUT, UNTESTED, Fresh, Sample
from one_number_repairs import mended_by
from published_records import read_records
from remeasure import completed, measure, remeasure
from second_definitions import Network, Space, predicates
from torch import nn

from subject_zoo.patterns.definitions import PATTERNS
from subject_zoo.patterns.sequences import satisfied_patterns
from subject_zoo.patterns.space import PatternSpace
from tests.pipeline import ROOT, snakemake, succeed
from tests.plain_patterns import truth
from tests.record_tables import edit_record, records_of

SCRIPT = ROOT / "benchmarks" / "remeasure.py"
ALL = {"enabled": list(predicates(0, 0)), "starts_with": "C", "ends_with": "A"}


def space_of(vocab_size: int, length: int) -> Space:
    return Space(ALL | {"vocab_size": vocab_size, "sequence_length": length})


def texts_of(space: Space) -> list[str]:
    return ["".join(letters) for letters in itertools.product("ABCDEFGHI"[: space.vocab_size], repeat=space.length)]


OWN = (
    *("remeasure", "fresh_sequences", "published_records", "second_definitions", "exact_figures", "one_number_repairs"),
)


STRICT = {
    "min_degradation_threshold": 0.2,
    "min_specificity": 0.1,
    "max_other_degradation": 0.05,
    "min_accuracy": 0.93,
    "allow_simple_repairs": False,
}


@pytest.mark.parametrize("name", OWN)
def test_it_shares_no_code_with_the_library(name):
    imported = set()
    for node in ast.walk(ast.parse((ROOT / "benchmarks" / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module.split(".")[0])
    assert imported - sys.stdlib_module_names <= {"numpy", "pyarrow", *OWN}


def test_every_pattern_is_defined_a_second_time():
    lacking = set(PATTERNS) - set(ALL["enabled"])
    assert not lacking, f"in predicates() of benchmarks/second_definitions.py {lacking}"


@pytest.mark.parametrize(("vocab_size", "length"), [(5, 4), (6, 4), (5, 5), (9, 3)])
def test_patterns_are_those_of_plain_enumeration(vocab_size, length):
    space = space_of(vocab_size, length)
    texts = texts_of(space)
    assert ["".join("ABCDEFGHI"[token] for token in row) for row in space.tokens.tolist()] == texts
    truths = [truth(PatternSpace(9, 4, starts_with=2, ends_with=0), text) for text in texts]
    for name, members, count in zip(space.names, space.satisfied, space.counts, strict=True):
        assert members.tolist() == [holds[name] for holds in truths], name
        assert count == sum(holds[name] for holds in truths)


def test_near_misses_are_one_token_away_and_no_members():
    space = space_of(5, 4)
    distance = (space.tokens[:, None] != space.tokens[None]).sum(2)
    for members, near in zip(space.satisfied, space.near, strict=True):
        np.testing.assert_array_equal(near, (distance[members] == 1).any(0) & ~members)


def test_on_the_default_space_the_library_means_the_same():
    space = space_of(7, 7)
    library = PatternSpace(7, 7, starts_with=2, ends_with=0)
    np.testing.assert_array_equal(space.satisfied.T, satisfied_patterns(library, space.names, space.tokens))


@pytest.mark.parametrize("encoding", ["ordinal", "one_hot"])
@pytest.mark.parametrize(
    ("activation", "module"),
    [
        ("relu", nn.ReLU),
        ("gelu", nn.GELU),
        ("tanh", nn.Tanh),
        ("sigmoid", nn.Sigmoid),
        ("leaky_relu", nn.LeakyReLU),
    ],
)
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_networks_compute_what_torch_computes(encoding, activation, module, dropout):
    vocab_size, length, widths = 6, 4, [7] * 12
    torch.manual_seed(0)
    inputs = length * (vocab_size if encoding == "one_hot" else 1)
    layers, tensors = [], {}
    for before, after in itertools.pairwise([inputs, *widths]):
        layers += [nn.Linear(before, after), module(), *([nn.Dropout(dropout)] if dropout else [])]
    layers.append(nn.Linear(widths[-1], 1))
    network = nn.Sequential(*layers).double().eval()
    for place, layer in reversed(list(enumerate(network))):  # the order of the text must not matter
        if isinstance(layer, nn.Linear):
            layer.weight.data *= 3
            tensors[f"network.{place}.weight"] = layer.weight.tolist()
            tensors[f"network.{place}.bias"] = layer.bias.tolist()
    config = {"input_encoding": encoding, "activation_type": activation, "vocab_size": vocab_size}
    tokens = space_of(vocab_size, length).tokens
    encoded = torch.from_numpy(tokens.astype(float))
    if encoding == "one_hot":
        encoded = nn.functional.one_hot(torch.from_numpy(tokens.astype(int)), vocab_size).flatten(1).double()
    with torch.no_grad():
        expected = network(encoded)[:, 0].numpy()
    logits = Network(json.dumps({"config": config, "weights": tensors})).logits(tokens)
    np.testing.assert_allclose(logits, expected, rtol=1e-6, atol=1e-6)


def pools_of(space: Space, path: Path, seed: int = 0) -> dict[str, np.ndarray]:
    """Pools that hold a third of the space, and of no_repeats all; a tenth of their rows is in the test set."""
    rng = np.random.default_rng(seed)
    drawn = rng.random(space.size) < 1 / 3
    drawn |= space.satisfied[space.names.index("no_repeats")]
    tokens = space.tokens[drawn]
    slices = rng.choice([0, 1, 2], len(tokens), p=[0.6, 0.3, 0.1]).astype(np.uint8)
    test = rng.permutation(np.flatnonzero(slices == 1))[: len(tokens) // 10]
    arrays = {"tokens": tokens.astype(np.uint8), "slices": slices, "test_background": test[::2]}
    np.savez(path, **arrays, **{"test_members/palindrome": test[1::2]})
    return arrays | {"test": test}


def test_samples_are_fresh_and_stand_for_their_group(tmp_path):
    space = space_of(7, 5)
    pools = pools_of(space, tmp_path / "pools.npz")
    fresh = Fresh(space, tmp_path / "pools.npz", min_holdout=100)
    in_training = set(space.rows(pools["tokens"][pools["slices"] == 0]).tolist())
    in_test = set(space.rows(pools["tokens"][pools["test"]]).tolist())
    assert fresh.outside == space.size - len(pools["tokens"])
    assert in_training.isdisjoint(np.flatnonzero(fresh.untrained).tolist())
    rng = np.random.default_rng(0)
    tiers = set()
    for name, members, count, group in zip(space.names, space.satisfied, space.counts, fresh.members, strict=True):
        sample = group.draw(10**6, 0, rng)
        tiers.add(sample.tier)
        rows = sample.rows.tolist()
        assert members[sample.rows].all(), name
        if sample.tier == CENSUS:
            assert count < 100
            assert len(rows) == count
            continue
        assert count >= 100
        assert in_training.isdisjoint(rows), name
        assert (in_test.isdisjoint(rows)) == (sample.tier == UNTESTED)
        # What only depends on the patterns that a sequence satisfies is estimated without any error.
        reached = np.isin(space.cells, space.cells[sample.rows]) & members
        assert group.tiers[sample.tier].coverage == pytest.approx(reached.sum() / count)
        for other in space.satisfied:
            assert sample.estimate(other[sample.rows].astype(float))[0] == pytest.approx(other[reached].mean())
    assert tiers == {UNTESTED, HELD_OUT, CENSUS}


def test_a_sample_leaves_out_what_it_is_told_to_and_no_more(tmp_path):
    space = space_of(7, 5)
    pools_of(space, tmp_path / "pools.npz")
    fresh = Fresh(space, tmp_path / "pools.npz", min_holdout=100)
    first_last, starts = (space.names.index(name) for name in ("first_last_match", "starts_with"))
    draw = lambda wanted, without: fresh.members[first_last].draw(wanted, without, np.random.default_rng(1))  # noqa: E731
    every, some = set(draw(10**6, 0).rows.tolist()), set(draw(10**6, space.bits([starts])).rows.tolist())
    assert some == {row for row in every if not space.satisfied[starts][row]}
    assert some < every
    few = draw(50, space.bits([starts])).rows.tolist()
    assert len(set(few)) == 50
    assert set(few) < some


def test_errors_are_those_of_weighted_shares():
    equal = Sample(np.arange(400), np.ones(400), UNTESTED)
    values = (np.arange(400) < 100).astype(float)
    assert equal.estimate(values) == (pytest.approx(0.25), pytest.approx(0.25 * 0.75 / 400))
    doubled = Sample(np.arange(300), np.where(np.arange(300) < 100, 2.0, 1.0), UNTESTED)
    mean, variance = doubled.estimate((np.arange(300) < 100).astype(float))
    assert mean == pytest.approx(0.5)
    assert variance == pytest.approx(0.25 * (100 * 4 + 200) / 400**2)
    assert Sample(np.arange(4), np.ones(4), CENSUS).estimate(np.array([1.0, 0, 0, 0])) == (0.25, 0.0)
    assert math.isnan(Sample(np.arange(0), np.ones(0), HELD_OUT).estimate(np.zeros(0))[0])


def random_network(space: Space, seed: int) -> str:
    """The text of a network that calls about half of all sequences positive."""
    rng = np.random.default_rng(seed)
    inputs = space.length * space.vocab_size
    weights = {
        "network.0.weight": rng.normal(size=(8, inputs)).tolist(),
        "network.0.bias": rng.normal(size=8).tolist(),
        "network.2.weight": rng.normal(size=(1, 8)).tolist(),
        "network.2.bias": [0.0],
    }
    config = {"input_encoding": "one_hot", "activation_type": "tanh", "vocab_size": space.vocab_size}
    return json.dumps({"config": config, "weights": weights})


@pytest.mark.parametrize(
    "selected",
    [
        ["starts_with"],
        ["palindrome", "first_last_match"],
        ["sorted_ascending", "sorted_descending", "all_same"],
        ["alternating", "starts_with", "ends_with"],
    ],
)
def test_a_record_is_measured_as_plain_counting_would(tmp_path, selected):
    """Where nothing was ever trained on and groups are small, all sequences count, and all the same."""
    space = space_of(5, 4)
    np.savez(tmp_path / "pools.npz", tokens=np.zeros((0, 4), np.uint8), slices=np.zeros(0, np.uint8))
    fresh = Fresh(space, tmp_path / "pools.npz", min_holdout=0)
    networks = {stage: random_network(space, seed) for seed, stage in enumerate(("degraded", "improved"))}
    accuracies = {"accuracy": dict.fromkeys([*selected, "background"], 0.5)}
    metadata = {"selected_patterns": selected, "target_pattern": selected[0], "improved": accuracies}
    record = {"example_id": 0, "metadata": json.dumps(metadata)}
    record |= {f"{stage}_model_weights": text for stage, text in networks.items()}
    measured = measure(record, space, fresh, {"dataset": {"near_miss_ratio": 0.4}, "validation": STRICT}, seed=0)
    assert measured["mended by one number"] == []  # of a network of random weights

    texts = texts_of(space)
    holds = {text: truth(PatternSpace(5, 4, starts_with=2, ends_with=0), text) for text in texts}
    members = {name: {text for text in texts if holds[text][name]} for name in ALL["enabled"]}
    negatives = {text for text in texts if not any(holds[text][name] for name in selected)}

    def owner(text: str) -> str | None:
        return min((n for n in selected if holds[text][n]), key=lambda n: len(members[n]), default=None)

    def beside(name: str) -> set[str]:
        changed = lambda text, place: {text[:place] + letter + text[place + 1 :] for letter in "ABCDE"}  # noqa: E731
        return {near for text in members[name] for place in range(4) for near in changed(text, place)} - members[name]

    unselected = [members[name] & negatives for name in ALL["enabled"] if name not in selected]
    close = [beside(name) & negatives for name in selected]
    parts = [(0.2, [group for group in unselected if group]), (0.2, [group for group in close if group])]
    parts.append((0.6, [{text for text in texts if not any(holds[text].values())}]))

    for stage, key in (("degraded", "before"), ("improved", "after")):
        called = dict(zip(texts, (Network(networks[stage]).logits(space.tokens) > 0).tolist(), strict=True))
        positive = lambda group: np.mean([called[text] for text in group])  # noqa: B023, E731
        for name in selected:
            expected = positive({text for text in texts if owner(text) == name})
            assert measured["figures"][name][key] == pytest.approx(expected)
        expected = sum(weight * np.mean([1 - positive(group) for group in groups]) for weight, groups in parts)
        assert measured["figures"]["background"][key] == pytest.approx(expected)
    for name in ALL["enabled"]:  # of the improved network
        assert measured["rates"][name][0] == pytest.approx(positive(members[name]) if members[name] else math.nan)
    for figure in measured["figures"].values():
        assert figure["change"] == pytest.approx(figure["after"] - figure["before"])


# ---- a real dataset, and lies in it

CONFIG = """
examples_per_job: 8
ranges_per_shard: 1
num_examples: 5
expected_acceptance: 0.9
patterns:
  enabled: [starts_with, ends_with, first_last_match, has_majority, all_same]
  sequence_length: 5
  min_patterns_per_batch: 2
  max_patterns_per_batch: 2
dataset: {num_sequences: 3000, pool_size: 1500, test_per_pattern: 300, test_background: 600}
model: {num_layers: [1, 1], neurons_per_layer: [16, 16], activation_types: [relu, gelu, tanh]}
training: {degraded_epochs: 15, improvement_epochs: 15, batch_size: 64}
validation:
  {min_degradation_threshold: 0.1, min_specificity: 0.0, max_other_degradation: 0.1, min_accuracy: 0.8, exact: true}
splits: {test: 0.3}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """The results of a small pipeline run."""
    folder = tmp_path_factory.mktemp("remeasure")
    (folder / "config.yaml").write_text(CONFIG)
    succeed(snakemake(folder / "run", configfile=folder / "config.yaml"))
    return folder / "run" / "results"


@pytest.mark.workflow
def test_a_network_that_one_number_mends_is_told():
    """starts_with with its logits a bit too low, and with the one neuron that knows it counting too little."""
    space = space_of(5, 4)
    is_positive = space.satisfied[space.names.index("starts_with")]
    groups = {
        name: [(1.0, Sample(rows, np.ones(len(rows)), CENSUS))]
        for name, rows in (("starts_with", np.flatnonzero(is_positive)), ("background", np.flatnonzero(~is_positive)))
    }
    first = [float(place == 2) for place in range(20)]  # the letter that the space's patterns start with
    for output, bias, expected in (([1.0], -1.5, ["bias", "weight"]), ([0.0], 0.0, ["weight"]), ([1.0], -0.5, [])):
        weights = {"network.0.weight": [first], "network.0.bias": [0.0]}
        weights |= {"network.2.weight": [output], "network.2.bias": [bias]}
        config = {"input_encoding": "one_hot", "vocab_size": 5, "activation_type": "relu"}
        network = Network(json.dumps({"config": config, "weights": weights}))
        assert mended_by(network, space, groups, "starts_with", STRICT) == expected


def test_an_honest_dataset_clears_the_bars(results):
    run = subprocess.run(
        [sys.executable, SCRIPT, results / "dataset"], capture_output=True, text=True, check=True, timeout=300
    )
    report = json.loads(run.stdout.splitlines()[-1])
    bars = {bar["bar"]: bar for bar in report["bars"]}
    assert report["records"] == 5
    assert report["failures"] == []
    assert bars["all three"]["measured"] == 1.0
    assert bars["true classification completions"]["measured"] == 1.0
    assert bars["true modification completions"]["measured"] == 1.0
    assert bars["true figures of the whole space (5)"]["measured"] == 1.0
    assert report["duplicates"] == 0
    assert (report["records_checked_for_that"], report["fresh_sequences_trained_on"]) == (5, 0)
    for row in report["by_pattern"].values():
        assert row["less than recorded"] is None or abs(row["less than recorded"]) < 0.05
    assert "| all three | 99 % | 1.0 | True |" in run.stdout


def falsified(results: Path, folder: Path, change: Callable[[dict], dict]) -> tuple[int, dict]:
    """The id of a record that was changed in a copy of the dataset, and the report on the copy."""
    shutil.copytree(results / "dataset", folder / "dataset")
    path = sorted((folder / "dataset" / "data").rglob("*.parquet"))[0]
    name = path.relative_to(folder / "dataset").as_posix()
    first = records_of(folder / "dataset", name)[0]
    edit_record(folder / "dataset", name, 0, change(first))
    return first["example_id"], remeasure(folder / "dataset", results / "pools.npz")


def edited_completion(record: dict) -> dict:
    listed = record["classification_completion"].split(", ")
    return {"classification_completion": ", ".join(listed[1:] or ["ends_with", "first_last_match"])}


def degraded_for_improved(record: dict) -> dict:
    weights = record["degraded_model_weights"]
    return {"improved_model_weights": weights, "modification_completion": json.dumps(json.loads(weights)["weights"])}


def another_target(record: dict) -> dict:
    metadata = json.loads(record["metadata"])
    absent = next(
        name
        for name in ("starts_with", "ends_with", "has_majority", "first_last_match")
        if name not in record["classification_completion"]
    )
    metadata["improved"]["accuracy"][absent] = metadata["improved"]["accuracy"][metadata["target_pattern"]]
    return {"metadata": json.dumps(metadata | {"target_pattern": absent, "selected_patterns": [absent]})}


def test_a_completion_is_all_tensors_or_a_patch_of_the_degraded_ones():
    degraded = {"network.0.weight": [[0.5, 1.0], [0.25, 0.0]], "network.0.bias": [0.1, 0.2]}
    assert completed(json.dumps(degraded), {name: [] for name in degraded}) == degraded
    patch = '{"network.0.weight":{"1":[0,-0.75,1,2.00]},"network.0.bias":[1,0.30]}'
    after = {"network.0.weight": [[0.5, 1.0], [-0.75, 2.0]], "network.0.bias": [0.1, 0.3]}
    assert completed(patch, degraded) == after != degraded
    assert completed("{}", degraded) == degraded


def another_answer(record: dict) -> dict:
    weights = json.loads(record["modification_completion"])
    weights["network.0.bias"][0] += 0.0001
    return {"modification_completion": json.dumps(weights)}


def one_more_is_positive(record: dict) -> dict:
    metadata = json.loads(record["metadata"])
    metadata["exact"]["improved"]["called_positive"] += 1
    return {"metadata": json.dumps(metadata)}


def a_rate_is_higher(record: dict) -> dict:
    metadata = json.loads(record["metadata"])
    metadata["exact"]["degraded"]["positive_rate"]["has_majority"]["all"] += 1e-3
    return {"metadata": json.dumps(metadata)}


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("lie", "caught_as"),
    [
        (edited_completion, {"classification"}),
        (degraded_for_improved, {"improves", "all three", "modification"}),
        (another_target, {"able", "all three"}),
        (another_answer, {"modification"}),
        (one_more_is_positive, {"exact"}),
        (a_rate_is_higher, {"exact"}),
    ],
)
def test_a_false_record_is_caught(results, tmp_path, lie, caught_as):
    example_id, report = falsified(results, tmp_path, lie)
    (failure,) = report["failures"]
    assert failure["example_id"] == example_id
    assert caught_as <= set(failure["fails"])
    holds = {bar["bar"]: bar["holds"] for bar in report["bars"]}
    assert holds["true classification completions"] == ("classification" not in failure["fails"])
    assert holds["all three"] == ("all three" not in failure["fails"])


@pytest.mark.workflow
def test_training_data_among_the_fresh_is_counted(results, tmp_path):
    """Pools that call everything held out lead it onto sequences that were trained on; it must say so."""
    with np.load(results / "pools.npz", allow_pickle=False) as arrays:
        np.savez(tmp_path / "pools.npz", **dict(arrays) | {"slices": np.ones_like(arrays["slices"])})
    report = remeasure(results / "dataset", tmp_path / "pools.npz", results / "examples")
    assert report["fresh_sequences_trained_on"] > 0
    assert report["records_checked_for_that"] == len(list(read_records(results / "dataset", []))) == 5
