"""Sound configurations, what comes back of them, and the schema behind."""

import re
import subprocess
import sys
from collections import OrderedDict
from copy import deepcopy

import pytest
import yaml
from jsonschema import Draft202012Validator
from snakemake.cli import parse_config

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import ACTIVATIONS, SIGNATURE_METHODS, TASKS
from subject_zoo.config.check import check_config
from subject_zoo.config.load import load_config
from subject_zoo.patterns.definitions import PATTERNS
from tests.config.overlays import (
    DEFAULT,
    LEAVES,
    PRESETS,
    ROOT,
    RULES,
    SCHEMA,
    TEXT,
    by_task,
    leaves,
    merged,
    put_all,
    rules,
)

# The default, the presets and the files


def test_the_default_passes_and_keeps_its_values():
    assert check_config(DEFAULT) == by_task(DEFAULT)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_presets_pass_and_change_the_values_that_they_hold(preset):
    overlay = yaml.safe_load(preset.read_text(encoding="utf-8"))
    checked = check_config(merged(overlay))
    assert dict(leaves(checked)) == dict(leaves(by_task(put_all(DEFAULT, overlay))))
    assert checked != by_task(DEFAULT)


def test_the_presets_are_there():
    assert {"4k", "8k", "seed"} <= {path.stem for path in PRESETS}


@pytest.mark.parametrize("overlay", [{}, *PRESETS], ids=lambda overlay: getattr(overlay, "stem", "default"))
def test_every_shipped_configuration_mends_at_a_reduced_rate(overlay):
    config = merged(overlay if isinstance(overlay, dict) else overlay.read_text(encoding="utf-8"))
    assert config["training"]["improvement_lr_factor"] < 1


def test_schema_is_a_valid_schema_and_knows_exactly_the_keys_of_the_default():
    Draft202012Validator.check_schema(SCHEMA)
    assert {path for path, rule in RULES.items() if rule["type"] != "object"} == set(LEAVES)
    assert [key for key, _ in rules(SCHEMA) if len(key) == 1] == [(key,) for key in DEFAULT]


def test_every_schema_key_is_described_and_every_section_is_closed():
    methods = RULES["signature", "methods"]["properties"]
    for path, rule in {(): SCHEMA, **RULES, **methods}.items():
        assert rule["description"].endswith("."), path
        if "properties" in rule:
            assert rule["additionalProperties"] is False, path
            optional = ["diagnosis"] if path == ("signature", "methods") else []  # needed where it is asked for
            assert [*rule["required"], *optional] == list(rule["properties"]), path


def test_the_schema_takes_names_from_the_library_in_its_order():
    names = RULES["patterns", "enabled"]["items"]["enum"]
    assert tuple(names) == PATTERNS
    assert [name for name in names if name in DEFAULT["patterns"]["enabled"]] == DEFAULT["patterns"]["enabled"]
    assert RULES["benchmark", "patterns"]["items"]["enum"] == names
    assert tuple(RULES["model", "activation_types"]["items"]["enum"]) == ACTIVATIONS
    methods = RULES["signature", "methods"]
    for rule in (methods, *methods["properties"].values()):
        assert tuple(rule["items"]["enum"]) == SIGNATURE_METHODS
    comments = (ROOT / "config.yaml").read_text(encoding="utf-8")
    assert f"# {' '.join(SIGNATURE_METHODS)}\n" in comments, "the comment above signature.methods"


@pytest.mark.parametrize("file", [ROOT / "config.yaml", *PRESETS], ids=lambda path: path.name)
def test_every_key_has_a_comment_and_no_line_is_too_wide(file):
    keys, above = 0, ""
    for line in file.read_text(encoding="utf-8").splitlines():
        assert len(line) <= 110, line
        if key := re.match(r" *(\w+):(.*)", line):
            keys += 1
            is_section = not key[2].strip() and key[1] in SCHEMA["properties"]
            assert is_section or "  # " in line or above.strip().startswith("#"), line
        above = line
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert keys == len(dict(leaves(tree))) + sum(isinstance(value, dict) for value in tree.values())


def test_importing_the_module_is_light():
    code = "import sys, subject_zoo.config.check; print({'torch', 'pandas', 'scipy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


# What comes back


def test_the_result_is_a_copy_in_schema_order_whatever_mapping_and_order_came_in():
    shuffled = OrderedDict(reversed(DEFAULT.items()))
    shuffled["model"] = OrderedDict(reversed(DEFAULT["model"].items()))
    before = deepcopy(shuffled)
    checked = check_config(shuffled)
    assert repr(checked) == repr(check_config(DEFAULT))
    assert type(checked) is dict
    assert type(checked["model"]) is dict
    checked["patterns"]["enabled"].clear()
    checked["model"]["num_layers"][0] = 99
    assert shuffled == before


def test_text_of_the_command_line_reads_as_the_values_of_the_file():
    all_text = yaml.load(TEXT, Loader=yaml.BaseLoader)  # Snakemake's loader for values of --config
    assert all_text["seed"] == "0"
    assert repr(check_config(all_text)) == repr(check_config(DEFAULT))


@pytest.mark.parametrize(
    ("text", "key"),
    [("seed: 1\nseed: 2\n", "seed"), ("model:\n  precision: float16\n  precision: float32\n", "precision")],
)
def test_a_key_that_stands_twice_is_one_line(tmp_path, text, key):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=f"mine.yaml: {key} stands there twice"):
        load_config(path)


def test_checking_twice_changes_nothing():
    checked = check_config(DEFAULT)
    assert repr(check_config(checked)) == repr(checked)


@pytest.mark.parametrize(
    ("overlay", "path", "value"),
    [
        ("training: {improvement_lr_factor: 1e-3}", "training.improvement_lr_factor", 0.001),
        ("max_candidates: 1e6", "max_candidates", 1_000_000),
        ("num_examples: 20.0", "num_examples", 20),
        ("model: {dropout_rate: [0, 0]}", "model.dropout_rate", [0.0, 0.0]),
        ("training: {learning_rate: [1e-4, 1e-3]}", "training.learning_rate", [0.0001, 0.001]),
        ("training: {early_stopping_patience: null}", "training.early_stopping_patience", None),
        ("training: {early_stopping_patience: 'null'}", "training.early_stopping_patience", None),
        ("publish: {repo_id: '~'}", "publish.repo_id", None),
        ("publish: {repo_id: some-one/sub.ject_zoo}", "publish.repo_id", "some-one/sub.ject_zoo"),
        ("publish: {every_minutes: '7.5'}", "publish.every_minutes", 7.5),
        ("cleanup: 'True'", "cleanup", True),
        ("format: {tokenizer: hf-internal/hf_tokenizers}", "format.tokenizer", "hf-internal/hf_tokenizers"),
        ("splits: {validation: 0, test: 0}", "splits.test", 0.0),
        ("splits: {holdout: pattern, held_out: [all_same]}", "splits.held_out", ["all_same"]),
        ("splits: {holdout: depth, held_out: ['3']}", "splits.held_out", [3]),
        ("splits: {holdout: width, held_out: [20, 24.0]}", "splits.held_out", [20, 24]),
        ("splits: {holdout: activation, held_out: [relu, gelu, tanh, sigmoid], test: 0.9, validation: 0.2}",
         "splits.held_out", ["relu", "gelu", "tanh", "sigmoid"]),
        ("training: {quantization: ternary}", "training.quantization", "ternary"),
        ("dataset: {num_sequences: 128, validation_fraction: 0.25}\ntraining: {batch_size: 96}",
         "training.batch_size", 96),
    ],
)  # fmt: skip
def test_values_that_pass(overlay, path, value):
    found = check_config(merged(overlay))
    for key in path.split("."):
        found = found[key]
    assert repr(found) == repr(value)


LIST = {"signature": {"methods": ["mean", "std"]}}
BY_TASK = {"signature": {"methods": {"modification": ["max"], "classification": ["min"]}}}


def test_a_diagnosis_needs_methods_of_its_own():
    asked = {"task_generation": {"include_diagnosis": True}}
    assert check_config(merged(BY_TASK, asked))["signature"]["methods"]["diagnosis"] == ["mean"]
    with pytest.raises(
        UserError, match=r"^config: signature\.methods\.diagnosis is missing; with task_generation\.inc"
    ):
        check_config(merged(LIST, BY_TASK, asked))


@pytest.mark.parametrize(
    ("overlays", "expected"),
    [
        ([LIST], 3 * (["mean", "std"],)),
        ([BY_TASK], (["max"], ["min"], ["mean"])),
        ([BY_TASK, LIST], 3 * (["mean", "std"],)),
        ([LIST, BY_TASK], (["max"], ["min"])),  # with no diagnosis there needs to be none of it
        ([BY_TASK, {"signature": {"methods": {"modification": ["std"]}}}], (["std"], ["min"], ["mean"])),
        (
            [parse_config(["signature={methods: {modification: [pca], classification: [svd]}}"])],
            (["pca"], ["svd"], ["mean"]),
        ),
        ([parse_config(["signature={methods: [pca]}"])], 3 * (["pca"],)),
    ],
)
def test_signature_methods_are_one_list_or_one_for_each_task(overlays, expected):
    of_snakemake, of_library = merged(*overlays), load_config(ROOT / "config.yaml", *overlays)
    for config in (of_snakemake, of_library):
        checked = check_config(config)
        assert tuple(checked["signature"]["methods"].items()) == tuple(zip(TASKS, expected, strict=False))
        assert check_config(checked) == checked
