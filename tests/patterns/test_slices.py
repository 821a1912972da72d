"""Which slice a sequence is of, against a plain hash, one sequence at a time."""

import numpy as np
import pytest

from subject_zoo.patterns.sequences import from_text
from subject_zoo.patterns.slices import Slice, slices_of
from tests.patterns.drawn import SLICE_NAMES
from tests.plain_sequences import PlainSequences


def test_slices_are_those_of_the_plain_hash(config):
    plain = PlainSequences(config)
    texts = plain.everything()[::5]
    arguments = config["seed"], config["dataset"]["test_fraction"], config["dataset"]["probe_fraction"]
    slices = slices_of(from_text(plain.space, texts), *arguments)
    assert [SLICE_NAMES[part] for part in slices.tolist()] == [plain.hashed_slice(text) for text in texts]
    alone = slices_of(from_text(plain.space, texts[7:8]), *arguments)
    assert alone.tolist() == slices[7:8].tolist()


@pytest.mark.parametrize(("test", "probe"), [(0.2, 0.05), (0.5, 0.3), (0.01, 0.6)])
def test_slices_have_their_shares_and_depend_on_the_seed(test, probe):
    tokens = np.random.default_rng(0).integers(0, 26, (40_000, 20), dtype=np.uint8)
    slices = slices_of(tokens, 1, test, probe)
    for part, share in ((Slice.TEST, test), (Slice.PROBE, probe), (Slice.TRAIN, 1 - test - probe)):
        assert abs((slices == part).mean() - share) < 5 * np.sqrt(share * (1 - share) / len(tokens))
    # another seed cuts anew: two cuts agree as often as chance has it
    chance = test**2 + probe**2 + (1 - test - probe) ** 2
    assert abs((slices == slices_of(tokens, 2, test, probe)).mean() - chance) < 0.02


def test_a_larger_test_slice_moves_no_sequence_into_training():
    tokens = np.random.default_rng(0).integers(0, 7, (5000, 7), dtype=np.uint8)
    less, more = (slices_of(tokens, 0, test, 0.05) for test in (0.2, 0.4))
    assert ((less == Slice.PROBE) == (more == Slice.PROBE)).all()
    assert (more[less == Slice.TEST] == Slice.TEST).all()
