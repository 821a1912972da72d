"""What a dataset repeats or shares with the test set, against plain sets of texts; and nothing that it must not."""

from collections import Counter

import numpy as np
import pytest

from subject_zoo.evaluation.audit import audit_sequences
from subject_zoo.evaluation.exam import Exam
from subject_zoo.examples.plan import draw_plan
from subject_zoo.examples.sampler import ExampleDataset, PatternDatasetSampler
from subject_zoo.patterns.sequences import satisfies, to_text
from subject_zoo.project import Project
from tests.conftest import small_config


@pytest.fixture(scope="module", params=[5, 8, 12, 20])  # a sequence in one to three words of eight bytes
def made(request):
    config = small_config({"patterns": {"sequence_length": request.param, "vocab_size": 22}})
    sampler = Project(config).sampler
    return config, sampler, Exam(sampler.pools, 0.5)


def plain_audit(dataset: ExampleDataset, test_set: Exam, sampler: PatternDatasetSampler) -> dict[str, int]:
    rows = to_text(sampler.space, dataset.tokens)
    test = to_text(sampler.space, test_set.tokens)
    sides = [{row for row, held in zip(rows, dataset.is_validation, strict=True) if held == side} for side in (0, 1)]
    whole = [name for name, held in zip(sampler.pools.names, sampler.pools.held_out, strict=True) if not held]
    shared = set(rows) & set(test)
    tokens = dict(zip(test, test_set.tokens, strict=True))
    of_whole = [t for t in shared if any(satisfies(sampler.space, name, tokens[t][None])[0] for name in whole)]
    return {
        "rows": len(rows),
        "copies": sum(count - 1 for count in Counter(rows).values()),
        "on_both_sides": len(sides[0] & sides[1]),
        "shared_with_test": len(shared),
        "shared_of_held_out": len(shared) - len(of_whole),
    }


@pytest.mark.parametrize("example_id", range(6))
def test_sampled_datasets_are_counted_and_share_nothing_that_is_held_out(made, example_id):
    config, sampler, test_set = made
    dataset = sampler.sample(draw_plan(config["seed"], example_id, config))
    counted = audit_sequences(dataset, test_set)
    assert counted == plain_audit(dataset, test_set, sampler)
    assert counted["on_both_sides"] == counted["shared_of_held_out"] == 0


def test_leaks_are_counted(made):
    config, sampler, test_set = made
    dataset = sampler.sample(draw_plan(config["seed"], 0, config))
    held_out = np.flatnonzero(test_set.masks == 0)[:5]
    tokens = np.concatenate([dataset.tokens, test_set.tokens[held_out], dataset.tokens[:7]])
    fill = lambda part, values: np.concatenate([part, values])  # noqa: E731
    leaky = ExampleDataset(
        tokens=tokens,
        is_validation=fill(dataset.is_validation, [False] * 5 + list(~dataset.is_validation[:7])),
        **{
            name: fill(getattr(dataset, name), getattr(dataset, name)[:12])
            for name in ("labels", "corrupted_labels", "owners", "is_near_miss")
        },
    )
    counted = audit_sequences(leaky, test_set)
    assert counted == plain_audit(leaky, test_set, sampler)
    assert counted["shared_of_held_out"] == 5
    assert counted["on_both_sides"] == len(set(to_text(sampler.space, dataset.tokens[:7])))
