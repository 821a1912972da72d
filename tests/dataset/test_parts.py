"""How numbers of a merged dataset's parts are raised, and what its parts may differ in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subject_zoo import chain
from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import MAX_ID
from subject_zoo.config.seeds import shared_seed
from subject_zoo.dataset.parts import Part, arrange, merged_config, shards_of_parts
from subject_zoo.dataset.splits import split_of, traits_of
from subject_zoo.examples.plan import draw_plan
from subject_zoo.project import Project
from tests.finished_dataset import tiny_config

CONFIG = tiny_config()


def manifest(last_shard: int, **windows: int) -> dict:
    return {"files": {f"weights/{last_shard:06d}.safetensors": {}}, "config": {**CONFIG, **windows}, "num_examples": 1}


@given(last=st.lists(st.integers(0, 3000), min_size=2, max_size=8), largest=st.sampled_from([60, 960, 9600]))
def test_numbers_of_parts_never_meet_and_show_their_own(last, largest):
    manifests = [manifest(number, largest_job=largest, max_candidates=10**8) for number in last]
    parts = arrange(manifests)
    ends = [part.ids_of(f"{part.first_shard + number:06d}").stop for part, number in zip(parts, last, strict=True)]
    assert all(end <= following.first_example_id for end, following in zip(ends, parts[1:], strict=False))
    id_step, shard_step = parts[1].first_example_id, parts[1].first_shard
    assert id_step in [10**power for power in range(6, 10)]
    for place, (part, number, one) in enumerate(zip(parts, last, manifests, strict=True)):
        assert (part.first_example_id, part.first_shard) == (place * id_step, place * shard_step)
        whole, own = part.ids_of(f"{part.first_shard + number:06d}"), Part(one).ids_of(f"{number:06d}")
        assert [i % id_step for i in (whole.start, whole.stop - 1)] == [own.start, own.stop - 1]
    names = [f"{part.first_shard + number:06d}" for part, number in zip(parts, last, strict=True)]
    assert shards_of_parts(parts, names) == [[name] for name in names]


def test_too_many_parts_are_one_line():
    most = (MAX_ID + 1) // 1_000_000
    assert len(arrange([manifest(0)] * most)) == most
    with pytest.raises(UserError, match=f"{most} may be merged, or ids get more than nine digits"):
        arrange([manifest(0)] * (most + 1))


def test_the_whole_may_have_more_examples_than_a_part_may_have_candidates():
    parts = arrange([{**manifest(0, max_candidates=48), "num_examples": 40}] * 3)
    config = merged_config(parts)
    assert (config["num_examples"], config["max_candidates"], config["shared_seed"]) == (120, 120, CONFIG["seed"])


def drawn(seed: int, shared: int | None) -> tuple[bytes, bytes, dict, dict]:
    """Pools, probes and benchmark of a project, and its first examples' sequences."""
    project = Project(tiny_config({"seed": seed, "shared_seed": shared}))
    pools = b"".join(np.ascontiguousarray(array).tobytes() for array in project.pools.to_arrays().values())
    examples = chain.sample_dataset(project, range(3))
    tokens = {i: dataset.tokens.tobytes() for i, (_, dataset) in examples.items()}
    return pools, project.signature_dataset, project.benchmark_dataset, tokens


def test_seeds_share_what_is_held_out_and_probed_and_nothing_else():
    one, other, alone = drawn(1, None), drawn(2, 1), drawn(2, None)
    assert one[:3] == other[:3]
    assert all(a != b for a, b in zip(one[:3], alone[:3], strict=True))
    assert all(one[3][i] != other[3][i] for i in one[3])
    assert drawn(1, 1) == one


def test_a_set_of_patterns_is_in_one_split_whatever_the_seed():
    splits = {"holdout": "combination", "held_out": None, "validation": 0.3, "test": 0.3}
    found: dict[frozenset, set[str]] = {}
    for seed in (1, 2, 3):
        config = tiny_config({"seed": seed, "shared_seed": 5})
        for example_id in range(60):
            plan = draw_plan(seed, example_id, config)
            traits = traits_of(plan.selected_patterns, plan.architecture.to_dict())
            split = split_of(shared_seed(config), example_id, traits, **splits)
            found.setdefault(frozenset(plan.selected_patterns), set()).add(split)
    assert len(set.union(*found.values())) == 3
    assert all(len(there) == 1 for there in found.values())
