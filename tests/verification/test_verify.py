"""A clean dataset folder passes; whatever is changed in one is found and named, also where hashes were updated."""

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import COLUMNS, STAGES
from subject_zoo.dataset.received import Received
from subject_zoo.verification.reader import ShardReader
from subject_zoo.verification.records import RecordChecker
from subject_zoo.verification.verify import project_of
from tests.finished_dataset import found, hide, longest_file, make_dataset, parquet_files, read_table_rows, tiny_config
from tests.record_tables import edit_record, edit_rows, place_of, records_of


def test_a_clean_folder_passes_and_is_trained_again(finished):
    told: list[str] = []
    assert found(finished, retrained=3, told=told) == []
    assert "7 records" in told[0]
    assert re.search(r"--seed-of-choice 0 chose \d{6}, \d{6}, \d{6}", told[1])
    assert "3 records were trained again" in told[2]


def test_the_dataset_under_test_has_several_shards_splits_and_rows(finished):
    files = parquet_files(finished)
    assert len({Path(name).stem for name in files}) > 1
    assert len({name.split("/")[1] for name in files}) > 1
    assert len(read_table_rows(finished / longest_file(finished))) > 1


@pytest.mark.parametrize(
    "overlay",
    [
        {
            "format": {"style": "interwoven", "modification_completion": "patch"},
            "model": {"precision": "bfloat16", "weight_decimals": None, "dropout_rate": [0.1, 0.2]},
            "task_generation": {"include_classification": False},
            "splits": {"holdout": "combination", "validation": 0.3, "test": 0.3},
            "signature": {"activations": "pre", "decimals": 5},
        },
        {
            "training": {"quantization": "int8"},
            "model": {"precision": "float16", "input_encoding": "ordinal"},
            "task_generation": {"include_modification": False},
            "splits": {"holdout": "activation", "held_out": ["relu", "gelu", "leaky_relu"]},
        },
    ],
    ids=["interwoven", "classification"],
)
def test_other_configurations_pass_and_their_edits_are_found(tmp_path, overlay):
    folder = tmp_path / "dataset"
    make_dataset(folder, tiny_config({"num_examples": 1, "examples_per_job": 3}, overlay))
    assert found(folder, retrained=1) == []
    name = parquet_files(folder)[0]
    row = records_of(folder, name)[0]
    prompt = next(column for column in row if column.endswith("_prompt"))
    edit_record(folder, name, 0, {prompt: change_digit(row[prompt], '"network.0.bias"')})
    hide(folder)
    (problem,) = found(folder)
    assert (problem.file, problem.row, problem.example_id) == (place_of(name, prompt)[0], 0, row["example_id"])
    assert prompt in problem.what


def test_a_patch_is_held_against_the_weights(tmp_path):
    """A patch that is edited, and one that says the same in another way, each in a folder that hides it."""
    folder = tmp_path / "dataset"
    overlay = {"num_examples": 1, "examples_per_job": 3, "format": {"modification_completion": "patch"}}
    make_dataset(folder, tiny_config(overlay))
    assert found(folder) == []
    name = parquet_files(folder)[0]
    patch = records_of(folder, name)[0]["modification_completion"]
    for edited in (change_digit(patch, '"network'), patch.replace(",", ", ", 1), "{}"):
        edit_record(folder, name, 0, {"modification_completion": edited})
        hide(folder)
        (problem,) = found(folder)
        assert problem.what.startswith("modification_completion differs")


def test_each_prompt_is_held_against_the_signature_of_its_own_task(tmp_path):
    folder = tmp_path / "dataset"
    methods = {"modification": ["mean", "pattern_wise"], "classification": ["std"]}
    overlay = {"num_examples": 1, "examples_per_job": 3, "signature": {"methods": methods, "layers": "hidden"}}
    make_dataset(folder, tiny_config(overlay))
    assert found(folder) == []
    name = parquet_files(folder)[0]
    row = records_of(folder, name)[0]
    shown = row["classification_prompt"].index("## Activation signature")
    whole = row["classification_prompt"][:shown] + row["modification_prompt"][-1000:]
    further = row["classification_prompt"].replace('{"0":{"std":', '{"0":{"mean":[0.1],"std":')
    assert further != row["classification_prompt"]
    for edited in (whole, further, change_digit(row["classification_prompt"], '"std"')):
        edit_record(folder, name, 0, {"classification_prompt": edited})
        hide(folder)
        (problem,) = found(folder)
        assert problem.file == place_of(name, "classification_prompt")[0]
        assert "classification_prompt differs" in problem.what


def change_digit(text: str, after: str) -> str:
    """The text with the first digit after a decimal point behind `after` changed."""
    place = text.index(".", text.index(after) + len(after)) + 1
    return text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]


# Edits of one row whose hashes are updated: (column, what is edited in it).
ROW_EDITS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "weight in a prompt": ("modification_prompt", lambda text: change_digit(text, "## Weights")),
    "signature in a prompt": ("classification_prompt", lambda text: change_digit(text, "## Activation signature")),
    "letter in a prompt": ("modification_prompt", lambda text: text.replace("Improve", "improve")),
    "space in a prompt": ("classification_prompt", lambda text: text + " "),
    "weight in a completion": ("modification_completion", lambda text: change_digit(text, "weight")),
    "name in a completion": ("classification_completion", lambda text: text + ", mountain_pattern"),
    "empty completion": ("classification_completion", lambda text: ""),
    "no completion": ("modification_completion", lambda text: None),
    "weight": ("degraded_model_weights", lambda text: change_digit(text, "network.0.bias")),
    "architecture": ("improved_model_weights", lambda text: text.replace("vocab_size", "vocab_Size")),
    "signature": ("improved_signature", lambda text: change_digit(text, '"1"')),
    "learning curve": ("training_metrics", lambda text: change_digit(text, "validation_loss")),
    "accuracy": ("metadata", lambda text: change_digit(text, "accuracy")),
    "provenance": ("metadata", lambda text: text.replace('"config_sha256":"', '"config_sha256":"0')),
    "broken JSON": ("metadata", lambda text: text[:-1]),
    "JSON of another kind": ("metadata", lambda text: "[]"),
    "short text": ("activation_type", lambda text: "swish"),
    "short number": ("improved_target_accuracy", lambda number: number / 2),
    "short list": ("selected_patterns", lambda names: [*names[::-1], "all_same"]),
}


@pytest.mark.parametrize("edit", ROW_EDITS, ids=str)
def test_an_edited_row_is_found_where_the_manifest_hides_it(folder, edit):
    column, change = ROW_EDITS[edit]
    name = longest_file(folder)
    row = records_of(folder, name)[1]
    assert change(row[column]) != row[column]
    edit_record(folder, name, 1, {column: change(row[column])})
    hide(folder)
    problems = found(folder)
    assert {(p.row, p.example_id) for p in problems} == {(1, row["example_id"])}
    assert place_of(name, column)[0] in {p.file for p in problems}
    assert any(p.what.startswith(column) for p in problems)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("modification", "target_pattern", "nothing"),
        ("modification", "selected_patterns", ["ends_with"]),
        ("classification", "listed_patterns", []),
    ],
)
def test_what_a_task_tells_its_judge_is_checked(folder, table, column, value):
    name = longest_file(folder).replace("data", table, 1)
    edit_rows(folder / name, lambda rows: rows[1].update({column: value}))
    hide(folder)
    [problem] = found(folder)
    assert (problem.file, problem.row) == (name, 1)
    assert problem.what.startswith(f"{table}_{column} is {value!r} instead of ")


class Checked:
    """The checks of single rows of a folder, ready to be repeated."""

    def __init__(self, folder: Path) -> None:
        received = Received(folder)
        manifest = received.manifest()
        self.records = RecordChecker(project_of(manifest, received), equal_environment=True)
        reader = ShardReader(received, manifest, self.records.project.extractor.feature_names, [])
        self.rows = []
        for name in parquet_files(folder):
            shard = Path(name).stem
            models, signatures = reader.models(shard), reader.signatures(shard)
            for row in records_of(folder, name):
                i = row["example_id"]
                pair = {stage: models[f"{i:06d}/{stage}"] for stage in STAGES}
                self.rows.append((i, row, pair, signatures[i]))

    def problems(self, index: int, **changes: Any) -> list[str]:
        example_id, row, pair, signatures = self.rows[index]
        return [what for _, what in self.records.check(example_id, row | changes, pair, signatures)]


@pytest.fixture(scope="session")
def checked(finished) -> Checked:
    return Checked(finished)


def test_any_changed_character_of_any_text_is_found(checked):
    choose = random.Random(0)
    alphabet = '0123456789.,-+eE[]{}":ABab \n\té'
    for turn in range(240):
        index = choose.randrange(len(checked.rows))
        row = checked.rows[index][1]
        column = choose.choice([c for c in COLUMNS if isinstance(row.get(c), str)])
        text, place = row[column], choose.randrange(len(row[column]))
        kind = turn % 3
        new = choose.choice([c for c in alphabet if c != text[place]]) if kind == 0 else ""
        if kind == 1:
            new = choose.choice(alphabet) + text[place]
        problems = checked.problems(index, **{column: text[:place] + new + text[place + 1 :]})
        assert any(problem.startswith(column) for problem in problems), (column, place)


def test_a_record_without_edits_has_no_problem(checked):
    assert [problem for index in range(len(checked.rows)) for problem in checked.problems(index)] == []


def test_a_tokenizer_that_is_not_here_leaves_its_counts_unchecked(finished, tmp_path, monkeypatch):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"a": 0, "[UNK]": 1}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    overlay = {"num_examples": 1, "examples_per_job": 3, "format": {"tokenizer": str(tmp_path / "tokenizer.json")}}
    folder = tmp_path / "dataset"
    make_dataset(folder, tiny_config(overlay))
    assert found(folder, trusted=True) == []
    name = parquet_files(folder)[0]
    edit_record(folder, name, 0, {"metadata": change_tokens(records_of(folder, name)[0]["metadata"])})
    hide(folder)
    assert any("metadata" in problem.what for problem in found(folder, trusted=True))
    monkeypatch.setattr("subject_zoo.project.token_counter", raise_user_error)
    for trusted in (True, False):  # only the folder of a person's own has it loaded
        told: list[str] = []
        assert found(folder, told=told, trusted=trusted) == []
        assert any("tokens are not checked" in line for line in told)
    for count in ('"many"', "[1]", "null", "-1", "1e9", "true"):  # nor are counts taken that nothing can have
        metadata = re.sub(r'(_prompt_tokens":)\d+', rf"\g<1>{count}", records_of(folder, name)[0]["metadata"], count=1)
        other = Path(shutil.copytree(folder, tmp_path / f"with {ord(count[0])}"))
        edit_record(other, name, 0, {"metadata": metadata})
        hide(other)
        assert any("metadata" in problem.what for problem in found(other))


def raise_user_error(_name: str) -> None:
    raise UserError("format.tokenizer: cannot be loaded")


def change_tokens(metadata: str) -> str:
    return re.sub(r'(_prompt_tokens":)(\d+)', lambda match: f"{match[1]}{int(match[2]) + 1}", metadata, count=1)
