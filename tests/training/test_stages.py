"""The two trainings of an example: what each starts from, and on which labels."""

import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest

from subject_zoo.examples.plan import draw_plan
from subject_zoo.examples.sampler import PatternDatasetSampler
from subject_zoo.training import stages
from subject_zoo.training.stages import train_degraded, train_improved

IDS = (0, 1, 2)


@pytest.fixture
def setting(config, pools):
    config["training"] |= {"degraded_epochs": 2, "improvement_epochs": 2}
    sampler = PatternDatasetSampler(config, pools)
    plans = {i: draw_plan(config["seed"], i, config) for i in IDS}
    examples = {i: (plan, sampler.sample(plan)) for i, plan in plans.items()}
    return config, examples, train_degraded(config, examples, "cpu")


def test_stage_two_starts_from_exactly_the_published_weights_of_stage_one(setting):
    config, examples, degraded = setting
    still = copy.deepcopy(config)
    still["training"]["improvement_epochs"] = 0
    for i, model in train_improved(still, examples, degraded, "cpu").items():
        for name, array in model.weights.items():
            assert array.tobytes() == degraded[i].weights[name].tobytes()


def test_the_two_stages_differ(setting):
    config, examples, degraded = setting
    for i, model in train_improved(config, examples, degraded, "cpu").items():
        assert any((array != degraded[i].weights[name]).any() for name, array in model.weights.items())


def test_stage_one_learns_corrupted_labels_and_stage_two_clean_ones(setting):
    config, examples, degraded = setting
    corrupted = copy.deepcopy(config)
    corrupted["training"]["improvement_data"] = "corrupted"
    clean, control = (train_improved(c, examples, degraded, "cpu") for c in (config, corrupted))
    unflipped = {i: (plan, copy.copy(dataset)) for i, (plan, dataset) in examples.items()}
    for _, dataset in unflipped.values():
        object.__setattr__(dataset, "corrupted_labels", dataset.labels)
    for i in IDS:
        assert any((clean[i].weights[n] != control[i].weights[n]).any() for n in clean[i].weights)
    same = train_improved(corrupted, unflipped, degraded, "cpu")
    for i in IDS:
        assert all(np.array_equal(clean[i].weights[n], same[i].weights[n]) for n in clean[i].weights)


def test_networks_whose_prompt_could_never_fit_are_not_trained(setting):
    config, examples, _ = setting
    short = copy.deepcopy(config)
    most = sorted(plan.architecture.parameter_count for plan, _ in examples.values())[1]
    decimals = config["model"]["weight_decimals"]
    short["format"]["max_prompt_chars"] = most * len(f"-0.{'5' * decimals},")
    trained = train_degraded(short, examples, "cpu")
    assert 0 < len(trained) < len(IDS)
    assert set(trained) == {i for i in IDS if examples[i][0].architecture.parameter_count <= most}


def test_rates_are_in_the_nonlinearitys_unit(setting, monkeypatch):
    config, examples, degraded = setting
    seen = []
    monkeypatch.setattr(stages, "_train", lambda _, tasks, *__: seen.extend(tasks))
    units = {"sigmoid": 2.0, "tanh": 0.7, "relu": 1.0}
    activations = dict(zip(examples, itertools.cycle(units), strict=False))
    changed = {i: (with_activation(plan, activations[i]), dataset) for i, (plan, dataset) in examples.items()}
    train_degraded(config, changed, "cpu")
    train_improved(config, changed, degraded, "cpu")
    assert len(seen) == 2 * len(IDS)
    assert set(activations.values()) == set(units)
    for task in seen:
        i = task.example_id
        assert task.learning_rate == units[activations[i]] * examples[i][0].learning_rate


def with_activation(plan, activation):
    return replace(plan, architecture=replace(plan.architecture, activation_type=activation))
