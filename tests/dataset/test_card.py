"""The dataset card: what `datasets` reads in it, what a person reads, and its pictures."""

import io
import re

import matplotlib.image
import numpy as np
import pytest
import yaml

from subject_zoo.dataset.card import dataset_card
from subject_zoo.dataset.pictures import DRAWINGS
from subject_zoo.dataset.validity import summarise
from subject_zoo.signatures.leaks import given_away
from tests.conftest import small_config
from tests.dataset.test_validity import verdict

DIGESTS = {"code_sha256": "c" * 64, "config_sha256": "d" * 64}
ROWS = {"train": 5, "validation": 0, "test": 2}


@pytest.fixture(scope="module")
def validity():
    return summarise([verdict(i, accepted=i % 3 > 0) for i in range(12)], [i for i in range(12) if i % 3])


def header_of(card: str) -> dict:
    return yaml.safe_load(card.split("---\n")[1])


def test_every_configuration_names_the_splits_that_have_rows():
    configs = header_of(dataset_card(small_config(), DIGESTS, ROWS, None))["configs"]
    assert [config["config_name"] for config in configs] == ["default", "modification", "classification"]
    for config, folder in zip(configs, ("data", "modification", "classification"), strict=True):
        assert config["data_files"] == [
            {"split": split, "path": f"{folder}/{split}/*.parquet"} for split in ("train", "test")
        ]


def test_a_task_that_is_left_out_is_no_configuration():
    config = small_config({"task_generation": {"include_classification": False}})
    card = dataset_card(config, DIGESTS, ROWS, None)
    assert [config["config_name"] for config in header_of(card)["configs"]] == ["default", "modification"]
    assert 'load_dataset("user/name", "modification")' in card


def test_it_shows_the_figures_the_pictures_and_the_whole_configuration(validity):
    config = small_config()
    card = dataset_card(config, DIGESTS, ROWS, validity, ["figures/accuracy.png"])
    blocks = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", card, re.M | re.S)]
    assert config in blocks
    assert "![accuracy](figures/accuracy.png)" in card
    assert "Of 12 candidates 8 were accepted." in card
    row = validity["by_pattern"]["starts_with"]
    counts = (row["target_of_accepted"], row["selected_in_accepted"], row["acceptance_as_target"])
    assert "| starts_with | {} | {} | {} |".format(*counts) in card
    assert not re.search(r"\$\w", card)


@pytest.mark.parametrize("methods", [["mean"], ["mean", "pattern_wise"]])
def test_a_signature_that_gives_the_answer_away_is_told(methods):
    config = small_config({"signature": {"methods": methods}})
    sentence = given_away(config)
    assert (sentence is None) == (methods == ["mean"])
    card = dataset_card(config, DIGESTS, ROWS, None)
    assert ("The answer is given away" in card) == (sentence is not None)
    assert sentence is None or f"{sentence}.\n" in card


def test_a_growing_dataset_says_so():
    assert "More are being made" in dataset_card(small_config(), DIGESTS, ROWS, None)


@pytest.mark.parametrize("name", DRAWINGS)
def test_pictures_are_equal_bytes_and_not_blank(validity, name):
    data = DRAWINGS[name](validity)
    assert data == DRAWINGS[name](validity)
    picture = matplotlib.image.imread(io.BytesIO(data))
    assert np.ptp(picture[..., :3]) > 0.5


@pytest.mark.parametrize("name", DRAWINGS)
def test_pictures_of_no_records_can_be_drawn(name):
    assert DRAWINGS[name](summarise([], []))
