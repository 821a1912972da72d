"""The classification rungs see of a signature what classification prompts show, and say what they leave out."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from subject_zoo.judge.bench import Bench
from subject_zoo.judge.material import Accepted, accepted_examples
from subject_zoo.judge.reading import KINDS, Readable, left_out
from subject_zoo.project import Project
from tests.conftest import small_config
from tests.finished_dataset import tiny_config


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ({"signature": {"methods": ["pattern_wise"], "layers": "all"}}, set()),
        ({"signature": {"methods": ["pattern_wise"], "layers": "hidden"}}, {"output_signature", "above_zero"}),
        ({"signature": {"methods": ["mean"], "layers": "all"}}, {"above_zero"}),
        (
            {
                "signature": {
                    "methods": {"modification": ["pattern_wise"], "classification": ["mean"]},
                    "layers": "all",
                }
            },
            {"above_zero"},
        ),
        (
            {"signature": {"methods": ["pattern_wise"], "layers": "all"}, "model": {"input_encoding": "ordinal"}},
            {"probes"},
        ),
    ],
)
def test_what_a_configuration_has_nothing_for_is_left_out_with_the_reason(overlay, expected):
    reasons = left_out(small_config(overlay))
    assert set(reasons) == expected
    assert expected <= {*KINDS, *(kind for kinds in KINDS.values() for kind in kinds)}
    assert all(len(reason) > 20 and "\n" not in reason for reason in reasons.values())


@pytest.mark.parametrize("layers", ["hidden", "all"])
def test_readers_see_the_classification_prompts_methods_and_no_others(layers):
    methods = {"modification": ["mean", "pattern_wise"], "classification": ["mean", "std"]}
    config = tiny_config({"signature": {"methods": methods, "layers": layers}})
    bench = Bench(Project(config), fresh_seed=1)
    records = list(islice(accepted_examples(config, None), 40))
    extractor = bench.project.extractor
    learned, tested = np.arange(30), np.arange(30, 40)

    def answers(scrambled: list[int]) -> dict[tuple[str, str], np.ndarray]:
        """Of each reader that is none of nets, of records with some of the signatures' columns drawn anew."""
        rng = np.random.default_rng(0)

        def scramble(one: Accepted) -> Accepted:
            after = one.signatures["improved"].copy()
            after[:, scrambled] = rng.normal(size=after[:, scrambled].shape)
            return replace(one, signatures=one.signatures | {"improved": after})

        readable = Readable([scramble(one) for one in records], bench)
        assert ("output_signature" in readable.kinds) == (layers == "all")
        return {
            (rung, kind): readable.answers(rung, kind, learned, tested, 0, 1)
            for rung, kinds in readable.kinds.items()
            for kind in kinds
            if kind == "regression"
        }

    untouched = answers([])
    unseen = answers(extractor.columns(["pattern_wise"]))
    seen = answers(extractor.columns(["mean", "std"]))
    for reader, found in untouched.items():
        np.testing.assert_array_equal(unseen[reader], found)
    assert (seen["hidden_signature", "regression"] != untouched["hidden_signature", "regression"]).any()
