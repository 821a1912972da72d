import datetime
import json
import math
import re
import subprocess
import sys
from collections import OrderedDict
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from huggingface_hub.utils import HFValidationError, validate_repo_id
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from snakemake.cli import parse_config
from snakemake.utils import update_config

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import ACTIVATIONS, SIGNATURE_METHODS, TASKS
from subject_zoo.config.check import check_config, load_schema
from subject_zoo.config.load import load_config
from subject_zoo.patterns.definitions import PATTERNS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "config.yaml").read_text(encoding="utf-8")
DEFAULT = yaml.safe_load(TEXT)
SCHEMA = load_schema()
PRESETS = sorted((ROOT / "presets").glob("*.yaml"))
TOKEN = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH"


def merged(*overlays):
    """config.yaml under overlays given as YAML text or mappings, merged as Snakemake merges them."""
    config = deepcopy(DEFAULT)
    for overlay in overlays:
        update_config(config, yaml.safe_load(overlay) if isinstance(overlay, str) else overlay)
    return config


def complaint(config):
    """The one line that a bad configuration gives."""
    with pytest.raises(UserError) as raised:
        check_config(config)
    line = str(raised.value)
    assert len(line.splitlines()) == 1
    assert line.startswith("config: ")
    return line


def leaves(tree, path=()):
    """(path, value) of every key of a tree of sections that is not a section itself, as methods by task are none."""
    for key, value in tree.items():
        if isinstance(value, dict) and key != "methods":
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def rules(schema, path=()):
    """(path, schema) of every key, sections included; what may be a list or a mapping is one key."""
    for key, rule in schema["properties"].items():
        yield (*path, key), rule
        if rule["type"] == "object":
            yield from rules(rule, (*path, key))


def put(config, path, value):
    for key in path[:-1]:
        config = config[key]
    config[path[-1]] = value


def put_all(config, overlay):
    """A copy of the configuration with the overlay's values."""
    config = deepcopy(config)
    for path, value in leaves(overlay):
        put(config, path, value)
    return config


def by_task(config):
    """The configuration with its signature methods, where they are one list, as one for each task."""
    signature = config["signature"]
    methods = signature["methods"]
    of_tasks = methods if isinstance(methods, dict) else dict.fromkeys(TASKS, methods)
    return {**config, "signature": {**signature, "methods": of_tasks}}


LEAVES = dict(leaves(DEFAULT))
RULES = dict(rules(SCHEMA))


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
    assert {"seed", "short", "tiny"} <= {path.stem for path in PRESETS}


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
            assert rule["required"] == list(rule["properties"]), path


def test_the_schema_takes_names_from_the_library_in_its_order():
    names = RULES["patterns", "enabled"]["items"]["enum"]
    assert tuple(names) == tuple(DEFAULT["patterns"]["enabled"]) == PATTERNS
    assert RULES["benchmark", "patterns"]["items"]["enum"] == names
    assert tuple(RULES["model", "activation_types"]["items"]["enum"]) == ACTIVATIONS
    methods = RULES["signature", "methods"]
    for rule in (methods, *methods["properties"].values()):
        assert tuple(rule["items"]["enum"]) == SIGNATURE_METHODS


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


@pytest.mark.parametrize(
    ("overlays", "expected"),
    [
        ([LIST], (["mean", "std"], ["mean", "std"])),
        ([BY_TASK], (["max"], ["min"])),
        ([BY_TASK, LIST], (["mean", "std"], ["mean", "std"])),
        ([LIST, BY_TASK], (["max"], ["min"])),
        ([BY_TASK, {"signature": {"methods": {"modification": ["std"]}}}], (["std"], ["min"])),
        ([parse_config(["signature={methods: {modification: [pca], classification: [svd]}}"])], (["pca"], ["svd"])),
        ([parse_config(["signature={methods: [pca]}"])], (["pca"], ["pca"])),
    ],
)
def test_signature_methods_are_one_list_or_one_for_each_task(overlays, expected):
    of_snakemake, of_library = merged(*overlays), load_config(ROOT / "config.yaml", *overlays)
    for config in (of_snakemake, of_library):
        checked = check_config(config)
        assert tuple(checked["signature"]["methods"].items()) == tuple(zip(TASKS, expected, strict=True))
        assert check_config(checked) == checked


# Mistakes

BAD = {
    # keys
    "training: {batchsize: 64}": ["training.batchsize is not a key; did you mean training.batch_size?"],
    "batch_size: 64": ["batch_size is not a key; did you mean training.batch_size?"],
    "model: {batch_size: 64}": ["model.batch_size is not a key; did you mean training.batch_size?"],
    "trainning: {batch_size: 64}": ["trainning is not a key; did you mean training?"],
    "NumExamples: 5": ["NumExamples is not a key; did you mean num_examples?"],
    "splits: {xyzzy: 1}": ["splits.xyzzy is not a key; section splits has holdout, held_out, validation"],
    "xyzzy: 1": ["xyzzy is not a key; the top level has seed, num_examples,"],
    "publish: {token: abc}": ["publish.token is not a key; log in with `hf auth login` or set HF_TOKEN"],
    "splits: {token: abc}": ["splits.token is not a key; log in with `hf auth login` or set HF_TOKEN"],
    "hf_token: abc": ["hf_token is not a key; log in with"],
    "true: 1": ["true is not a key"],
    '"a\\nb": 1': ["'a\\nb' is not a key"],
    # numbers
    "num_examples: ten": ["num_examples is 'ten'; it must be an integer, 1 or more"],
    "num_examples: 0": ["num_examples is 0; it must be 1 or more"],
    "num_examples: 2.5": ["num_examples is 2.5; it must be an integer, 1 or more"],
    "num_examples: true": ["num_examples is true; it must be an integer, 1 or more"],
    "num_examples:": ["num_examples is null; it must be an integer, 1 or more"],
    "num_examples: {a: 1}": ["num_examples is {'a': 1}; it must be an integer"],
    "num_examples: 1e30": ["num_examples is 1e+30; it must be an integer"],
    "seed: -1": ["seed is -1; it must be from 0 to 9223372036854775807"],
    "dataset: {negative_ratio: 1.5}": ["dataset.negative_ratio is 1.5; it must be above 0 and below 1"],
    "dataset: {negative_ratio: .nan}": ["is nan; it must be a number, above 0 and below 1"],
    "dataset: {negative_ratio: 'nan'}": ["dataset.negative_ratio is nan; it must be a number"],
    "publish: {every_minutes: .inf}": ["is inf; it must be a number, above 0, or null"],
    "publish: {every_minutes: 0}": ["publish.every_minutes is 0.0; it must be above 0, or null"],
    "publish: {every_shards: 0}": ["publish.every_shards is 0; it must be 1 or more"],
    "expected_acceptance: 0": ["expected_acceptance is 0.0; it must be above 0 and at most 1"],
    "patterns: {vocab_size: 27}": ["patterns.vocab_size is 27; it must be from 5 to 26"],
    "model: {weight_decimals: 0}": ["model.weight_decimals is 0; it must be from 1 to 9, or null"],
    "seed: 2020-01-01": ["seed is datetime.date(2020, 1, 1); it must be an integer"],
    # choices
    "device: cudda": ["device is 'cudda'; it must be one of auto, cpu, cuda, mps; did you mean cuda?"],
    "device:": ["device is null; it must be one of auto, cpu, cuda, mps"],
    "format: {style: interwowen}": ["one of separate, interwoven; did you mean interwoven?"],
    "training: {quantization: null}": ["quantization is null; it must be one of none, int8, int4,"],
    "cleanup: maybe": ["cleanup is 'maybe'; it must be true or false"],
    "cleanup: 1": ["cleanup is 1; it must be true or false"],
    "publish: {repo_id: ''}": ["publish.repo_id is ''; it must be of the form user/name"],
    "signature: {dataset_path: ''}": ["signature.dataset_path is ''; it must be the path of a JSON file"],
    "publish: {license: CC BY 4.0}": ["publish.license is 'CC BY 4.0'; it must be the Hub's name of a licence, as cc"],
    "publish: {repo_id: just-a-name}": ["publish.repo_id is 'just-a-name'; it must be of the form user/name"],
    "format: {tokenizer: 5}": ["format.tokenizer is 5; it must be the path", "or null"],
    "patterns: {starts_with: a}": ["patterns.starts_with is 'a'; it must be one capital letter"],
    # lists
    "model: {num_layers: [9, 6]}": ["model.num_layers is [9, 6]: min above max; write [min, max]", "[6, 9]"],
    "model: {num_layers: 6}": ["it must be [min, max], each an integer, from 1 to 16", "write [6, 6]"],
    "model: {num_layers: [0, 3]}": ["model.num_layers is [0, 3]; it must be [min, max]"],
    "model: {num_layers: [1, 2, 3]}": ["model.num_layers is [1, 2, 3]; it must be [min, max]"],
    "model: {dropout_rate: [0, 1]}": ["each a number, at least 0 and below 1"],
    "patterns: {enabled: [no_repeat]}": ["enabled lists 'no_repeat'; each", "did you mean no_repeats?"],
    "patterns: {enabled: [all_same, all_same]}": ["lists all_same 2 times; each entry may stand once"],
    "patterns: {enabled: []}": ["patterns.enabled is []; it must be a list of one or more of all_same"],
    "patterns: {enabled: all_same}": ["patterns.enabled is 'all_same'; it must be a list"],
    "model: {activation_types: [relu, [gelu]]}": ["activation_types lists ['gelu']; each entry must be"],
    "signature: {methods: [average]}": ["signature.methods lists 'average'; each entry must be one of mean"],
    "signature: {methods: []}": ["signature.methods is []; it must be a list of one or more of mean, std",
                                 "or a section with the keys modification, classification"],
    "signature: {methods: mean}": ["signature.methods is 'mean'; it must be a list of one or more of mean"],
    "signature: {methods: {modification: [mean], classification: [average]}}":
        ["signature.methods.classification lists 'average'; each entry must be one of mean"],
    "signature: {methods: {modification: [std, std], classification: [std]}}":
        ["signature.methods.modification lists std 2 times; each entry may stand once"],
    "signature: {methods: {modification: [std], classification: std}}":
        ["signature.methods.classification is 'std'; it must be a list of one or more of mean"],
    "signature: {methods: {modification: [std], classification: [std], classifications: [std]}}":
        ["signature.methods.classifications is not a key; did you mean signature.methods.classification?"],
    "signature: {layers: output}": ["signature.layers is 'output'; it must be one of hidden, all"],
    # sections
    "training: 5": ["training is 5; it must be a section with the keys learning_rate, lr_schedule"],
    "training:": ["training is null; it must be a section with the keys"],
    "training: []": ["training is []; it must be a section"],
    # between keys
    "num_examples: 2000\nmax_candidates: 1000": ["num_examples is 2000; it must be at most 1000"],
    "examples_per_job: 1000": ["examples_per_job is 1000; it must be at most 960, largest_job"],
    "largest_job: 0": ["largest_job is 0; it must be 1 or more"],
    "patterns: {sequence_length: 9}": ["patterns.enabled", "no_repeats", "cannot occur", "sequence_length"],
    "patterns: {ends_with: H}": ["patterns.ends_with", "H", "7 letters", "A to G"],
    "patterns: {min_patterns_per_batch: 4}": ["min_patterns_per_batch is 4; it must be at most 3"],
    "patterns: {max_patterns_per_batch: 16}": ["max_patterns_per_batch is 16; it must be at most 15"],
    "patterns: {enabled: [all_same, ends_with]}": ["max_patterns_per_batch is 3; it must be at most 2"],
    "{validation: {exact: true}, patterns: {sequence_length: 8, enabled: [all_same, palindrome, ends_with]}}":
        ["validation.exact is true; it must be false where", "4,000,000 sequences", "5,764,801", "patterns.vocab_size"],
    "dataset: {test_fraction: 0.9, probe_fraction: 0.2}": ["test_fraction + dataset.probe_fraction is 1.1"],
    "training: {batch_size: 38001}": ["training.batch_size is 38001; it must be at most 38000"],
    "{patterns: {enabled: [all_same, palindrome, no_repeats]}, benchmark: {patterns: [ends_with, all_same]}}":
        ["benchmark.patterns lists ends_with; each entry must stand in patterns.enabled"],
    "task_generation: {include_modification: false, include_classification: false}":
        ["task_generation.include_modification", "at least one of them must be true"],
    "splits: {validation: 0.5, test: 0.5}": ["splits.validation + splits.test is 1; it must be below 1"],
    "splits: {held_out: [tanh]}": ["splits.held_out is ['tanh']; with splits.holdout example it must be null"],
    "splits: {holdout: combination, held_out: [3]}": ["with splits.holdout combination it must be null"],
    "splits: {holdout: depth}": ["splits.held_out is null; with splits.holdout depth it must list some of model.num_l"],
    "splits: {holdout: width, held_out: []}": ["splits.held_out is []; it must be a list of one or more values"],
    "splits: {holdout: width, held_out: 24}": ["splits.held_out is 24; it must be a list of one", "or null"],
    "splits: {holdout: depth, held_out: [3, 3]}": ["splits.held_out is [3, 3]; it must be", "each once"],
    "splits: {holdout: depth, held_out: [4]}": ["splits.held_out lists 4; no example can have that by model.num_"],
    "splits: {holdout: width, held_out: [tanh]}": ["lists 'tanh'; no example can have that by model.neurons_per_layer"],
    "splits: {holdout: pattern, held_out: [palindrom]}":
        ["lists 'palindrom'; no example can have that by patterns.enabled; did you mean palindrome?"],
    "splits: {holdout: depth, held_out: [2, 3]}": ["held_out is [2, 3]; it leaves too few of model.num_layers"],
    "patterns: {enabled: [all_same, palindrome, no_repeats], min_patterns_per_batch: 2}\n"
    "splits: {holdout: pattern, held_out: [all_same, no_repeats]}":
        ["it leaves too few of patterns.enabled, and so nothing to train on"],
}  # fmt: skip


@pytest.mark.parametrize(("overlay", "expected"), BAD.items())
def test_a_mistake_is_one_line_that_says_what_would_be_right(overlay, expected):
    line = complaint(merged(overlay))
    for fragment in expected:
        assert fragment in line
    assert "more)" not in line


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["num_examples=ten"], "num_examples is 'ten'; it must be an integer, 1 or more"),
        (["num_examples="], "num_examples is null; it must be an integer, 1 or more"),
        (["device=gpuu"], "device is 'gpuu'; it must be one of auto, cpu, cuda, mps"),
        (["training={batch_size: many}"], "training.batch_size is 'many'; it must be an integer, 2 or more"),
        (["model={num_layers: [9, 6]}"], "model.num_layers is [9, 6]: min above max"),
        (["dataset={corruption_rate: yes}"], "corruption_rate is 'yes'; it must be a number, from 0 to 1"),
        (["batchsize=5"], "batchsize is not a key; did you mean training.batch_size?"),
    ],
)  # fmt: skip
def test_mistakes_on_the_command_line(entries, expected):
    assert expected in complaint(merged(parse_config(entries)))


def test_command_line_values_that_pass():
    entries = ["num_examples=7", "cleanup=true", "training={batch_size: 64, early_stopping_patience: null}"]
    checked = check_config(merged(parse_config(entries)))
    assert (checked["num_examples"], checked["cleanup"]) == (7, True)
    assert (checked["training"]["batch_size"], checked["training"]["early_stopping_patience"]) == (64, None)


def test_without_modification_no_pattern_needs_to_be_large_enough_for_a_fault():
    overlay = {"patterns": {"min_target_sequences": 10**9}}
    assert "patterns.min_target_sequences is 1000000000; it must be at most" in complaint(merged(overlay))
    check_config(merged(overlay, {"task_generation": {"include_modification": False}}))


@pytest.mark.parametrize("path", RULES, ids=".".join)
def test_a_missing_key_names_itself(path):
    config = deepcopy(DEFAULT)
    section = config
    for key in path[:-1]:
        section = section[key]
    del section[path[-1]]
    line = complaint(config)
    assert line.startswith(f"config: {'.'.join(path)} is missing; it must be ")
    assert "more)" not in line


def test_the_first_mistake_in_the_order_of_the_schema_is_shown_and_the_others_are_counted():
    overlay = {"cleanup": 3, "trainning": 1, "seed": -1, "model": {"num_layers": ["a", "b"]}}
    line = complaint(merged(overlay))
    assert line == "config: trainning is not a key; did you mean training? (and 3 more)"
    del overlay["trainning"]
    in_another_order = merged(dict(reversed(overlay.items())))
    assert complaint(in_another_order) == complaint(merged(overlay))
    assert complaint(in_another_order).startswith("config: seed is -1;")
    assert complaint(in_another_order).endswith(" (and 2 more)")


@pytest.mark.parametrize(
    ("config", "path"),
    [
        (merged({"publish": {"repo_id": TOKEN}}), "publish.repo_id"),
        (merged({"publish": {"hf_token": TOKEN}}), "publish.hf_token"),
        (merged({"format": {"tokenizer": TOKEN}}), "format.tokenizer"),
        (merged({"format": {"tokenizer": f"https://user:{TOKEN}@huggingface.co/x"}}), "format.tokenizer"),
        (merged({"splits": {"hf_token": TOKEN}}), "splits.hf_token"),
        (merged({"signature": {"methods": ["mean", TOKEN]}}), "signature.methods"),
        (merged({"seed": -1, "format": {"tokenizer": "hf_short"}}), "format.tokenizer"),
        (merged({TOKEN: 1}), "a key"),
        (merged({"training": {TOKEN: {"a": 1}}}), "a key"),
    ],
)
def test_a_token_is_refused_before_all_else_and_never_repeated(config, path):
    line = complaint(config)
    assert f"config: {path} " in line
    assert "access token" in line
    assert "HF_TOKEN" in line
    assert TOKEN[3:] not in line
    assert "hf_short" not in line
    assert "more)" not in line


@settings(deadline=None)
@given(st.from_regex(r"[\w./-]{0,5}/?[\w.-]{0,5}(\.git)?", fullmatch=True))
def test_repo_ids_are_those_that_the_hub_client_takes(repo_id):
    config = merged({"publish": {"repo_id": repo_id}})
    try:
        check_config(config)
    except UserError:
        accepted = False
    else:
        accepted = check_config(config)["publish"]["repo_id"] is not None
    try:
        validate_repo_id(repo_id)
    except HFValidationError:
        allowed = False
    else:
        allowed = "/" in repo_id
    assert accepted == allowed


# Any value at any key

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 30),
    st.floats(),
    st.floats(-0.5, 1.5),
    st.text(max_size=8),
    st.sampled_from(["null", "", "1e3", "1e999", "-0", "nan", "none", "A", "all_same", "relu", "true"]),
    st.dates(),
    st.binary(max_size=3),
    st.just({1, 2}),
    st.just(10**400),
)
KEYS = st.text(max_size=5) | st.integers() | st.none() | st.booleans() | st.dates()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=5,
)
SECTIONS = [(), *((key,) for key, value in DEFAULT.items() if isinstance(value, dict))]
SOUND = Draft202012Validator(SCHEMA)


def outcome(config):
    """The checked configuration, or None after one line that says why there is none."""
    try:
        return check_config(config)
    except UserError as error:
        line = str(error)
        assert line.startswith("config: ")
        assert len(line.splitlines()) == 1
        assert len(line) < 1000
        return None


@settings(deadline=None)
@given(st.sampled_from(sorted(RULES)), VALUES)
def test_any_value_at_any_key_passes_soundly_or_gives_one_line(path, value):
    config = deepcopy(DEFAULT)
    put(config, path, value)
    checked = outcome(config)
    if checked is not None:
        assert SOUND.is_valid(checked)
        assert json.loads(json.dumps(checked, allow_nan=False)) == checked


@settings(deadline=None)
@given(st.sampled_from(SECTIONS), KEYS, VALUES)
def test_any_further_key_gives_one_line(section, key, value):
    config = deepcopy(DEFAULT)
    target = config[section[0]] if section else config
    if key not in target:
        target[key] = value
        assert outcome(config) is None


@settings(deadline=None)
@given(st.sampled_from(sorted(LEAVES)), VALUES)
def test_what_the_schema_forbids_is_never_accepted_unchanged(path, value):
    """Against the plain JSON Schema validator, which knows nothing of this module."""
    config = deepcopy(DEFAULT)
    put(config, path, value)
    checked = outcome(config)
    if not SOUND.is_valid(config) and checked is not None:
        entries = value if isinstance(value, list) else [value]
        assert any(isinstance(entry, str) for entry in entries)  # text that reads as a number, true or null


@settings(deadline=None)
@given(st.sampled_from(sorted(path for path in LEAVES if len(path) == 2)), st.floats(-1, 40))
def test_numbers_beyond_the_schema_are_refused_and_named(path, number):
    config = merged({path[0]: {path[1]: number}})
    if not SOUND.is_valid(config):
        assert complaint(config).startswith(f"config: {'.'.join(path)} is ")


def test_non_numbers_stand_nowhere():
    for path in LEAVES:
        for value in (math.nan, math.inf, -math.inf, datetime.date(2020, 1, 1), b"x"):
            config = deepcopy(DEFAULT)
            put(config, path, value)
            assert complaint(config).startswith(f"config: {'.'.join(path)} is ")
