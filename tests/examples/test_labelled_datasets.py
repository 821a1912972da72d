"""The two datasets of the project, probes and the benchmark: of their slices, balanced, and apart from training."""

import json
from typing import Any

import numpy as np
import pytest

from subject_zoo.examples.plan import draw_plan
from subject_zoo.examples.sampler import PatternDatasetSampler
from tests.plain_sequences import PlainSequences


def check_labelled(plain: PlainSequences, data: dict[str, Any], config: dict[str, Any]) -> list[str]:
    """Its sequences, each once and with the patterns that it satisfies, in a mapping that JSON keeps."""
    assert json.loads(json.dumps(data)) == data
    assert {key: data[key] for key in ("vocab_size", "sequence_length")} == {"vocab_size": 7, "sequence_length": 5}
    assert data["pattern_tokens"] == {key: config["patterns"][key] for key in ("starts_with", "ends_with")}
    sequences = [example["sequence"] for example in data["examples"]]
    assert len(set(sequences)) == len(sequences)
    for example in data["examples"]:
        satisfied = plain.satisfied(example["sequence"])
        assert example["patterns"] == [name for name in plain.enabled if name in satisfied]
    return sequences


def test_the_benchmark_has_five_of_each_pattern_in_turn_and_then_the_background(pools, config):
    plain, wanted = PlainSequences(config), ["ends_with", "all_same", "palindrome"]
    sequences = check_labelled(
        plain, PatternDatasetSampler(config, pools).benchmark_dataset(config["seed"], 5, wanted), config
    )
    assert plain.rare == {"all_same", "alternating"}
    assert len(sequences) == 5 * len(wanted) + 5
    for position, name in enumerate(wanted):
        drawn = sequences[5 * position : 5 * position + 5]
        assert all(name in plain.satisfied(text) for text in drawn)
        assert {plain.slice_of(text) for text in drawn} == {"shared" if name in plain.rare else "test"}
    assert not any(plain.satisfied(text) for text in sequences[-5:])
    assert {plain.slice_of(text) for text in sequences[-5:]} == {"test"}


def test_probes_are_of_their_slice_and_balanced(pools, config):
    plain = PlainSequences(config)
    sequences = check_labelled(
        plain, PatternDatasetSampler(config, pools).signature_dataset(config["seed"], 5, 12), config
    )
    assert len(sequences) == 5 * len(plain.enabled) + 12
    for name in plain.enabled:
        assert sum(name in plain.satisfied(text) for text in sequences) >= 5
    assert sum(not plain.satisfied(text) for text in sequences) == 12
    for text in sequences:
        assert plain.slice_of(text) in (("probe", "shared") if plain.satisfied(text) & plain.rare else ("probe",))


def slow_waves(member: np.ndarray) -> np.ndarray:
    """The power of the three slowest waves in bool [m, P] over the m places, in units of a random order's."""
    power = np.abs(np.fft.rfft(member - member.mean(axis=0), axis=0)[1:4]) ** 2
    return power / (member.var(axis=0, ddof=1) * len(member))


def of_neighbours(member: np.ndarray) -> np.ndarray:
    """The correlation of bool [m, P] with itself one place further."""
    return np.array([np.corrcoef(column[1:], column[:-1])[0, 1] for column in member.T])


def test_the_order_of_probes_tells_nothing_of_patterns(pools, config):
    """Pattern by pattern, as probes are drawn, it would: a pattern is a bump, which has slow waves."""
    waves, neighbours, orders = [], [], set()
    for seed in range(20):
        examples = PatternDatasetSampler(config, pools).signature_dataset(seed, 20, 100)["examples"]
        member = np.array([[name in example["patterns"] for name in pools.names] for example in examples])
        waves.append(slow_waves(member).mean())
        neighbours.append(of_neighbours(member).mean())
        orders.add(tuple(example["sequence"] for example in examples))
    assert len(orders) == 20
    assert np.mean(waves) == pytest.approx(1, abs=0.25)
    assert np.mean(neighbours) == pytest.approx(0, abs=0.02)

    grouped = member[np.argsort(np.where(member.any(axis=1), member.argmax(axis=1), member.shape[1]), kind="stable")]
    assert slow_waves(grouped).mean() > 4
    assert of_neighbours(grouped).mean() > 0.3


def test_labelled_datasets_do_not_depend_on_what_was_sampled_before(pools, config):
    fresh, used = PatternDatasetSampler(config, pools), PatternDatasetSampler(config, pools)
    used.sample(draw_plan(0, 1, config))
    used.signature_dataset(0, 9, 9)
    assert used.benchmark_dataset(0, 6, ["palindrome"]) == fresh.benchmark_dataset(0, 6, ["palindrome"])
    assert used.signature_dataset(0, 4, 10) == fresh.signature_dataset(0, 4, 10)
    assert used.signature_dataset(1, 4, 10) != fresh.signature_dataset(0, 4, 10)


def test_no_model_trains_on_what_measures_or_signs_it(pools, config):
    plain, sampler = PlainSequences(config), PatternDatasetSampler(config, pools)
    trained = set()
    for example_id in range(60):
        trained.update(plain.texts(sampler.sample(draw_plan(0, example_id, config)).tokens))
    assert len(trained) > 3000
    labelled = [sampler.signature_dataset(0, 20, 100), sampler.benchmark_dataset(0, 20, plain.enabled)]
    measured = {example["sequence"] for data in labelled for example in data["examples"]}
    measured.update(plain.texts(pools.tokens[np.concatenate([*pools.test_members, *pools.test_near_misses])]))
    measured.update(plain.texts(pools.tokens[pools.test_background]))
    assert len(measured) > 800
    assert {text for text in trained & measured if not plain.satisfied(text) & plain.rare} == set()
    # and what is rare measures the rare patterns alone
    for name, rows in zip(pools.names, pools.test_members, strict=True):
        assert name in plain.rare or trained.isdisjoint(plain.texts(pools.tokens[rows]))
    assert all(trained.isdisjoint(plain.texts(pools.tokens[rows])) for rows in pools.test_near_misses)
