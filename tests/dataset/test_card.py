"""The dataset card: what `datasets` reads in it, what a person reads, and its pictures."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import yaml

from subject_zoo.dataset.card import dataset_card
from subject_zoo.dataset.card_figures import cell
from subject_zoo.dataset.layout import picture_names
from subject_zoo.dataset.pictures import DRAWINGS
from subject_zoo.dataset.validity import summarise
from subject_zoo.signatures.leaks import given_away
from tests.conftest import small_config
from tests.dataset.test_validity import CONFIG, RECORDED, alone, exact_of, verdict
from tests.finished_dataset import make_dataset, tiny_config

DIGESTS = {"code_sha256": "c" * 64, "config_sha256": "d" * 64}
ENABLED = ["starts_with", "ends_with", "palindrome", "all_same"]
ROWS = {"train": 5, "validation": 0, "test": 2}
TABLES = {"data": "a" * 64, "modification": "b" * 64, "classification": "e" * 64}


@pytest.fixture(scope="module")
def validity():
    verdicts = [verdict(i, accepted=i % 3 > 0) for i in range(12)]
    return summarise(verdicts, [i for i in range(12) if i % 3], CONFIG)


def header_of(card: str) -> dict:
    return yaml.safe_load(card.split("---\n")[1])


def test_every_configuration_names_the_splits_that_have_rows():
    configs = header_of(dataset_card(small_config(), DIGESTS, ROWS, TABLES, None))["configs"]
    assert [config["config_name"] for config in configs] == ["default", "modification", "classification"]
    for config, folder in zip(configs, ("data", "modification", "classification"), strict=True):
        assert config["data_files"] == [
            {"split": split, "path": f"{folder}/{split}/*.parquet"} for split in ("train", "test")
        ]


def test_a_task_that_is_left_out_is_no_configuration():
    config = small_config({"task_generation": {"include_classification": False}})
    card = dataset_card(config, DIGESTS, ROWS, TABLES, None)
    assert [config["config_name"] for config in header_of(card)["configs"]] == ["default", "modification"]
    assert 'load_dataset("user/name", "modification", split="train")' in card
    assert re.findall(r"^\| `(\w+)` \| who", card, re.MULTILINE) == ["modification", "default"]


@pytest.mark.parametrize(
    ("task", "foreign"),
    [
        (
            "modification",
            [
                "improved_signature",
                "positive rate",
                "**classification**",
                "classifies",
                "each of these",
                "listed_patterns",
            ],
        ),
        ("classification", ["degraded_", "mended", "target", "each of these tasks", "corrupt"]),
    ],
)
def test_of_one_task_it_says_nothing_of_the_other_and_its_pictures_are_drawn(task, foreign):
    config, verdicts = alone(task)
    summary = summarise(verdicts, RECORDED, config)
    other = small_config({"task_generation": config["task_generation"]})
    figures = picture_names(config["task_generation"])
    card = dataset_card(other, DIGESTS, ROWS, TABLES, summary, figures)
    text = card.partition("\n# Subject Zoo")[2]
    told = text.partition("The configuration, in full")[0] + text.partition("## Check it")[2]
    assert [word for word in foreign if word in told] == []
    assert not re.search(r"^%|\$\w", told, re.MULTILINE)
    for name in figures:
        assert DRAWINGS[name](summary)
    assert ("positive_rates" in figures) == (task == "classification")


@pytest.mark.parametrize("others", [["modification", "classification"], ["modification"]])
def test_of_diagnoses_it_says_what_they_are_of_whatever_other_tasks(validity, others):
    asked = {"include_diagnosis": True, "include_classification": "classification" in others}
    config = small_config({"task_generation": asked, "dataset": {"corruption": "region"}})
    card = dataset_card(config, DIGESTS, ROWS, TABLES | {"diagnosis": "f" * 64}, validity)
    told = card.partition("\n# Subject Zoo")[2].partition("The configuration, in full")[0]
    assert re.findall(r"^- \*\*(\w+)\*\*", told, re.MULTILINE) == [*others, "diagnosis"]
    assert re.findall(r"^\| `(\w+)` \| who", told, re.MULTILINE) == [*others, "diagnosis", "default"]
    assert not re.search(r"^%|\$\w", told, re.MULTILINE)
    shown = validity["diagnosed"]
    assert f"here {shown['degraded']} show the degraded one, and {shown['improved']} the mended one" in told
    assert "an activation signature of both" in told
    assert told.count("`selected_patterns`") >= 2
    assert told.count("for whoever judges an answer") == 1


def test_it_says_what_a_modification_is_completed_with():
    for overlay, words in (
        ({"format": {"modification_completion": "full"}}, "completion is the mended network's weights"),
        ({"format": {"modification_completion": "patch"}}, "subject_zoo.apply_patch(prompt, completion)"),
        ({"task_generation": {"include_modification": False}}, "\n\nIn the task's table"),
    ):
        card = dataset_card(small_config(overlay), DIGESTS, ROWS, TABLES, None)
        assert words in card
        assert ("A modification's completion" in card) == ("format" in overlay)


def test_it_shows_the_figures_the_pictures_and_the_whole_configuration(validity):
    config = small_config()
    card = dataset_card(config, DIGESTS, ROWS, TABLES, validity, ["figures/accuracy.png"])
    blocks = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", card, re.M | re.S)]
    assert config in blocks
    assert "![accuracy](figures/accuracy.png)" in card
    assert "Of 12 candidates 8 were accepted." in card
    row = validity["by_pattern"]["starts_with"]
    counts = (row["target_of_accepted"], row["selected_in_accepted"], row["acceptance_as_target"])
    assert "| starts_with | {} | {} | {} |".format(*map(cell, counts)) in card
    text = " ".join(card.split())
    implied, beside = validity["implied"], validity["beside_the_target"]
    assert f"{implied['mean_listed']:.1f} on average where {implied['mean_selected']:.1f} were selected" in text
    assert f"more than were selected in {100 * implied['list_more']:.1f} % of" in text
    assert f"the background, in {100 * beside['degraded_below']:.1f} % of the records" in text
    assert not re.search(r"\$\w", card)


def test_it_says_what_classifies_means_and_with_figures_where_they_were_measured(validity):
    config = small_config()
    title, table = '## What "classifies" means', "| precision over the whole space |"
    for figures in (None, validity):
        card = dataset_card(config, DIGESTS, ROWS, TABLES, figures)
        assert f"{title}\n\nA network *classifies a pattern as positive* where it calls at least 85 % of" in card
        assert table not in card
    verdicts = [verdict(i, accepted=True) for i in range(9)]
    exact = summarise([v | {"exact": exact_of(v)} for v in verdicts], list(range(9)), CONFIG)["exact"]
    section = dataset_card(config, DIGESTS, ROWS, TABLES, validity | {"exact": exact}).split(title)[1].split("\n## ")[0]
    assert f"{table} {cell(exact['precision']['min'])} | {cell(exact['precision']['p10'])} |" in section
    assert f"{exact['records_of_true_lists']} of\n9 networks" in section
    assert "all 343 sequences" in section


def test_a_control_says_nothing_that_is_true_of_its_prompts_alone_where_they_show_their_own_networks(validity):
    plain, control = (
        " ".join(dataset_card(small_config(overlay), DIGESTS, ROWS, TABLES, validity).split())
        for overlay in ({}, {"format": {"shuffle": "networks"}})
    )
    assert "a true statement about the very weights in its prompt." in plain
    assert "a true statement about the very weights in the table `default`, which its prompt does not" in control
    assert "without the first of each split" in control
    assert "without the first of each split" not in plain


@pytest.mark.parametrize("labels", ["clean", "corrupted"])
def test_the_labels_of_stage_2_are_those_of_the_configuration(validity, labels):
    config = small_config({"training": {"improvement_data": labels}})
    card = " ".join(dataset_card(config, DIGESTS, ROWS, TABLES, validity).split())
    assert f"trained on with {labels} labels from there" in card


def test_each_maker_has_its_own_starts(validity):
    kernel, torch = (
        " ".join(dataset_card(small_config({"training": {"maker": maker}}), DIGESTS, ROWS, TABLES, validity).split())
        for maker in ("kernel", "torch")
    )
    assert "within the bounds of He" in kernel
    assert "within the bounds of He" not in torch
    assert "from normal distributions" in torch


@pytest.mark.parametrize("asked", [{}, {"include_modification": False}])
def test_a_column_of_effects_is_listed_where_there_is_one(validity, asked):
    for ablation in (False, True):
        config = small_config({"task_generation": asked, "validation": {"ablation": ablation}})
        card = dataset_card(config, DIGESTS, ROWS, TABLES, None)
        assert len(re.findall(r"^\| `ablation` \|", card, re.MULTILINE)) == ablation


def test_it_counts_pairs_of_twins(validity):
    section = "## How it was made"
    without = dataset_card(small_config(), DIGESTS, ROWS, TABLES, validity).split(section)[1]
    assert "no two records share a start." in without
    assert "twins" not in without.split("```yaml")[0]
    verdicts = [verdict(i, accepted=i in (0, 1, 2, 5, 7, 8, 9)) for i in range(12)]
    pairs = {0: ("palindrome", "ends_with"), 4: ("ends_with", "palindrome")}
    for told in verdicts:
        one, other = pairs.get(told["example_id"] // 2, ("starts_with", "palindrome"))
        here, there = (one, other) if told["example_id"] % 2 == 0 else (other, one)
        told["twin"] = {"example_id": told["example_id"] ^ 1, "only_here": here, "only_there": there}
    told = summarise(verdicts, [0, 1, 2, 5, 7, 8, 9], CONFIG)
    assert told["twins"] == {
        "pairs": 2,
        "pairs_by_pattern": {"starts_with": 0, "ends_with": 2, "palindrome": 2},
        "records_without_twin": 3,
    }
    config = small_config({"dataset": {"twins": True, "corruption": "region"}, "patterns": {"enabled": ENABLED}})
    text = " ".join(dataset_card(config, DIGESTS, ROWS, TABLES, told).split(section)[1].split())
    assert "twins share a start, and no other records do." in text
    assert "Whole pairs here: 2; records whose twin failed a gate, or would come next: 3." in text
    assert "that it tells apart: starts_with 0, ends_with 2, palindrome 2." in text


def test_it_says_how_long_a_sample_is_and_what_length_to_train_with(validity):
    counted = validity | {"tokens": {"classification": {"min": 9, "p10": 9, "median": 1200, "p90": 9, "max": 5000}}}
    config = small_config({"format": {"tokenizer": "folder/some.json"}})
    for figures, modification, classification, context in (
        (None, "told when the dataset is whole", "told when the dataset is whole", 32768),
        (validity, "2,022 at most, which are about 1,100 to 1,700 tokens", "4,022 at most, which are about", 4096),
        (counted, "2,022 at most, which", "1,200 tokens at the median, 5,000 at most (by some.json)", 8192),
    ):
        card = dataset_card(config, DIGESTS, ROWS, TABLES, figures)
        rows = dict(re.findall(r"^\| `(\w+)` \| who .* \| (.*) \|$", card, re.MULTILINE))
        assert modification in rows["modification"]
        assert classification in rows["classification"]
        assert f"max_length={context}," in card
        assert f"sequence_len: {context}\n" in card


@pytest.mark.parametrize("tasks", ["both", "modification"])
def test_its_python_runs(tasks, finished, tmp_path):
    """But for the fine-tuning, which needs TRL: tests/integrations tries that."""
    folder = finished
    if tasks != "both":
        folder = tmp_path / "dataset"
        alone = {"task_generation": {"include_classification": False}, "splits": {"validation": 0.0, "test": 0.999}}
        make_dataset(folder, tiny_config({"num_examples": 2}, alone))
        assert not (folder / "data" / "train").exists()  # so the card names another split
    card = (folder / "README.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"^```python\n(.*?)^```", card, re.M | re.S) if "trl" not in block]
    assert len(blocks) == 2
    code = "\n".join(blocks).replace("user/name", str(folder)) + "\nprint(len(both), both.column_names)"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "scripts"), "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said, columns = done.stdout.splitlines()
    assert said in ("[True]", "[False]")
    assert {"'prompt'", "'completion'", "'metadata'"} <= set(re.findall(r"'\w+'", columns))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *(
            (0.96653, "0.967"),
            (1.0, "1.000"),
            (-0.5, "-0.500"),
            (31864.0, "31,864"),
            (1, "1"),
            (0, "0"),
            (1200, "1,200"),
        ),
        *((True, "yes"), (False, "no"), (None, "-"), ("stability", "stability")),
    ],
)
def test_figures_are_shown_as_people_read_them(value, shown):
    assert cell(value) == shown


def test_the_licence_is_the_one_that_is_given():
    for given, shown in (((), "cc0-1.0"), (("cc-by-4.0",), "cc-by-4.0")):
        assert header_of(dataset_card(small_config(), DIGESTS, ROWS, TABLES, None, (), *given))["license"] == shown


def test_one_record_is_not_records(validity):
    one = summarise([verdict(0, accepted=True)], [0], CONFIG)
    card = " ".join(
        dataset_card(small_config(), DIGESTS, {"train": 1, "validation": 0, "test": 0}, TABLES, one).split()
    )
    assert "1 record (1 train, 0 validation, 0 test)." in card
    assert "Of 1 candidate 1 was accepted." in card
    assert "The records are of 1 combination of patterns; 0 of them hold the model of another." in card


def test_it_says_how_records_were_dealt():
    config = small_config({"splits": {"holdout": "activation", "held_out": ["tanh"]}})
    assert "every record whose network has the activation tanh" in dataset_card(config, DIGESTS, ROWS, TABLES, None)


def test_it_says_which_splits_no_record_fell_to(validity):
    sentence = "No record fell to validation here, so there is no such split to load."
    assert sentence in dataset_card(small_config(), DIGESTS, ROWS, TABLES, validity)
    assert sentence not in dataset_card(small_config(), DIGESTS, ROWS, TABLES, None)  # others are to come
    assert sentence not in dataset_card(small_config({"splits": {"validation": 0.0}}), DIGESTS, ROWS, TABLES, validity)


@pytest.mark.parametrize("methods", [["mean"], ["mean", "pattern_wise"]])
def test_a_signature_that_gives_the_answer_away_is_told(methods):
    config = small_config({"signature": {"methods": methods}})
    sentence = given_away(config)
    assert (sentence is None) == (methods == ["mean"])
    card = dataset_card(config, DIGESTS, ROWS, TABLES, None)
    assert ("The answer is given away" in card) == (sentence is not None)
    assert sentence is None or f"{sentence}.\n" in card


def test_an_unfinished_dataset_says_so():
    card = dataset_card(small_config({"num_examples": 9}), DIGESTS, ROWS, TABLES, None)
    assert "7 records (5 train, 0 validation, 2 test). Unfinished: 9 are asked for.\n" in card


@pytest.mark.parametrize("name", DRAWINGS)
def test_pictures_are_equal_bytes_and_not_blank(validity, name):
    data = DRAWINGS[name](validity)
    assert data == DRAWINGS[name](validity)
    picture = matplotlib.image.imread(io.BytesIO(data))
    assert np.ptp(picture[..., :3]) > 0.5


@pytest.mark.parametrize("share", [0.0, 0.05, 0.15, 0.5, 1.0])
def test_how_many_were_accepted_can_be_read_whatever_share_that_is(validity, share):
    """Once it was white, on a bar that a small share does not have."""
    drawn = []
    for count in (20, 88):
        rows = {
            name: row | {"target_of_candidates": count, "target_of_accepted": 0, "acceptance_as_target": share}
            for name, row in validity["by_pattern"].items()
        }
        data = DRAWINGS["acceptance"](validity | {"by_pattern": rows})
        drawn.append(matplotlib.image.imread(io.BytesIO(data))[..., :3])
    assert np.abs(drawn[0] - drawn[1]).max() > 0.5


@pytest.mark.parametrize("name", DRAWINGS)
def test_pictures_of_no_records_can_be_drawn(name):
    assert DRAWINGS[name](summarise([], [], CONFIG))


@pytest.mark.parametrize(
    "spoiled", [{"MPLBACKEND": "garbage"}, {"MATPLOTLIBRC": "savefig.dpi: 30\ntext.usetex: True\nfont.size: 33\n"}]
)
def test_pictures_are_the_same_whatever_a_persons_matplotlib_is_set_to(tmp_path, spoiled):
    code = (
        "from subject_zoo.dataset.pictures import DRAWINGS\nfrom subject_zoo.dataset.validity import summarise\n"
        "from tests.dataset.test_validity import CONFIG, RECORDED, VERDICTS\nimport hashlib\n"
        "validity = summarise(VERDICTS, RECORDED, CONFIG)\n"
        "print([hashlib.sha256(draw(validity)).hexdigest() for draw in DRAWINGS.values()])"
    )
    (tmp_path / "matplotlibrc").write_text(spoiled.get("MATPLOTLIBRC", ""))
    settings = {**spoiled, **({"MATPLOTLIBRC": str(tmp_path / "matplotlibrc")} if "MATPLOTLIBRC" in spoiled else {})}
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root / "scripts"), str(root)])
    digests = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": paths, **more},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for more in ({}, settings)
    ]
    assert digests[0] == digests[1] != ""
