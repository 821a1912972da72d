"""Pools, against plain predicates one sequence at a time."""

import dataclasses

import numpy as np
import pytest

from subject_zoo.base.arrays import load_npz, save_npz
from subject_zoo.base.errors import UserError
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.slices import Slice
from tests.patterns.drawn import SLICE_NAMES, create, sized
from tests.plain_sequences import PlainSequences


@pytest.mark.parametrize("sizes", [(7, 5), (5, 4), (5, 6)], ids=str)
def test_pools_hold_what_they_say(sizes):
    config = sized(*sizes)
    config["patterns"] |= {"starts_with": "C", "ends_with": "E"}
    plain, pools, dataset = PlainSequences(config), create(config), config["dataset"]
    texts = plain.texts(pools.tokens)
    assert len(set(texts)) == len(texts)
    satisfied = [plain.satisfied(text) for text in texts]
    assert pools.names == tuple(config["patterns"]["enabled"])
    for mask, names in zip(pools.masks.tolist(), satisfied, strict=True):
        assert {name for bit, name in enumerate(pools.names) if mask >> bit & 1} == names
    assert [SLICE_NAMES[part] for part in pools.slices.tolist()] == [plain.slice_of(text) for text in texts]

    every = [plain.satisfied(text) for text in plain.everything()]
    for pattern, name in enumerate(pools.names):
        members, misses = pools.members[pattern].tolist(), pools.near_misses[pattern].tolist()
        count = sum(name in names for names in every)
        assert pools.counts[pattern] == count
        assert len(members) == len(set(members)) == min(count, dataset["pool_size"])
        assert all(name in satisfied[row] for row in members)
        assert 0 < len(misses) == len(set(misses)) <= dataset["pool_size"]
        member_texts = {texts[row] for row in members}
        for row in misses:
            assert name not in satisfied[row]
            assert not member_texts.isdisjoint(plain.one_token_away(texts[row]))
    background = pools.background.tolist()
    assert len(background) == len(set(background)) == min(every.count(set()), dataset["pool_size"])
    assert not any(satisfied[row] for row in background)


def test_test_rows_are_as_many_as_there_are_of_the_test_slice(pools, config):
    wanted = config["dataset"]["test_per_pattern"]
    groups = [
        *zip(pools.members, pools.test_members, [wanted] * 15, pools.counts, strict=True),
        *zip(pools.near_misses, pools.test_near_misses, [wanted // 4] * 15, [10**9] * 15, strict=True),
        (pools.background, pools.test_background, config["dataset"]["test_background"], 10**9),
    ]
    for pool, chosen, most, count in groups:
        rare = count < config["dataset"]["min_holdout"]
        candidates = {row for row in pool.tolist() if pools.slices[row] == (Slice.SHARED if rare else Slice.TEST)}
        assert len(set(chosen.tolist())) == len(chosen) == min(most, len(candidates)) > 0
        assert candidates.issuperset(chosen.tolist())


def test_pools_come_back_from_their_file(tmp_path):
    pools = create(sized(26, 20))
    assert max(pools.counts) > 2**64
    save_npz(tmp_path / "pools.npz", pools.to_arrays())
    back = Pools.from_arrays(load_npz(tmp_path / "pools.npz"))
    for field in dataclasses.fields(Pools):
        one, other = getattr(pools, field.name), getattr(back, field.name)
        assert type(one) is type(other)
        for left, right in zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]:
            np.testing.assert_array_equal(left, right, strict=isinstance(left, np.ndarray))


def test_pools_depend_on_the_seed_alone(pools, config):
    again = create(config)
    np.testing.assert_array_equal(pools.tokens, again.tokens)
    other = create(config | {"seed": 1})
    assert other.tokens.shape != pools.tokens.shape or (other.tokens != pools.tokens).any()


@pytest.mark.parametrize(
    ("dataset", "named"),
    [({"min_holdout": 0, "probe_fraction": 0.7}, "all_same"), ({"test_fraction": 0.0001}, "palindrome")],
)
def test_a_slice_that_is_nearly_empty_is_refused(dataset, named):
    with pytest.raises(UserError, match=rf"^patterns\.enabled: {named} has \d+ sequences to train on and \d+ to test"):
        create(sized(5, 5, **dataset))
