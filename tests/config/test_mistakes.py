"""A mistake in a configuration is one line: the key, what stands there, what may."""

from copy import deepcopy

import pytest
from huggingface_hub.utils import HFValidationError, validate_repo_id
from hypothesis import given
from hypothesis import strategies as st
from snakemake.cli import parse_config

from subject_zoo.base.errors import UserError
from subject_zoo.config.check import check_config
from tests.config.overlays import DEFAULT, RULES, TOKEN, complaint, merged

BAD = {
    # keys
    "training: {batchsize: 64}": ["training.batchsize is not a key; did you mean training.batch_size?"],
    "batch_size: 64": ["batch_size is not a key; did you mean training.batch_size?"],
    "model: {batch_size: 64}": ["model.batch_size is not a key; did you mean training.batch_size?"],
    "trainning: {batch_size: 64}": ["trainning is not a key; did you mean training?"],
    "NumExamples: 5": ["NumExamples is not a key; did you mean num_examples?"],
    "splits: {xyzzy: 1}": ["splits.xyzzy is not a key; section splits has holdout, held_out, validation"],
    "xyzzy: 1": ["xyzzy is not a key; the top level has seed, shared_seed, num_examples,"],
    "publish: {token: abc}": ["publish.token is not a key; log in with `hf auth login` or set HF_TOKEN"],
    "splits: {token: abc}": ["splits.token is not a key; log in with `hf auth login` or set HF_TOKEN"],
    "hf_token: abc": ["hf_token is not a key; log in with"],
    "true: 1": ["true is not a key"],
    '"a\\nb": 1': ["'a\\nb' is not a key"],
    # numbers
    "num_examples: ten": ["num_examples is 'ten'; it must be an integer, from 1 to 1000000000"],
    "num_examples: 0": ["num_examples is 0; it must be from 1 to 1000000000"],
    "num_examples: 2.5": ["num_examples is 2.5; it must be an integer, from 1 to 1000000000"],
    "num_examples: true": ["num_examples is true; it must be an integer, from 1 to 1000000000"],
    "num_examples:": ["num_examples is null; it must be an integer, from 1 to 1000000000"],
    "num_examples: {a: 1}": ["num_examples is {'a': 1}; it must be an integer"],
    "num_examples: 1e30": ["num_examples is 1e+30; it must be an integer"],
    "seed: -1": ["seed is -1; it must be from 0 to 9223372036854775807"],
    "dataset: {negative_ratio: 1.5}": ["dataset.negative_ratio is 1.5; it must be above 0 and below 1"],
    "dataset: {negative_ratio: .nan}": ["is nan; it must be a number, above 0 and below 1"],
    "dataset: {negative_ratio: 'nan'}": ["dataset.negative_ratio is nan; it must be a number"],
    "publish: {every_minutes: .inf}": ["is inf; it must be a number, above 0 and at most 1000000, or null"],
    "publish: {every_minutes: 0}": ["publish.every_minutes is 0.0; it must be above 0 and at most 1000000, or null"],
    "publish: {every_shards: 0}": ["publish.every_shards is 0; it must be from 1 to 1000000"],
    "expected_acceptance: 0": ["expected_acceptance is 0.0; it must be above 0 and at most 1"],
    "patterns: {vocab_size: 27}": ["patterns.vocab_size is 27; it must be from 5 to 26"],
    "model: {weight_decimals: 0}": ["model.weight_decimals is 0; it must be from 1 to 9, or null"],
    "seed: 2020-01-01": ["seed is datetime.date(2020, 1, 1); it must be an integer"],
    "dataset: {num_sequences: 1e12}": ["num_sequences is 1000000000000; it must be from 10 to 1000000000"],
    "largest_job: 1000000": ["largest_job is 1000000; it must be at most 5", "a range of so many would take",
                                  "TB of memory, most of it for dataset.num_sequences"],
    "dataset: {num_sequences: 1e9}": ["largest_job is 960; it must be at most 23: ", "40.3 TB of memory"],
    "{num_examples: 4e8, max_candidates: 1e9}":
        ["largest_job is 960; it must be at least 2326: the first plan would have 484497 ranges, and Snakemake"],
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
    "largest_job: 10000\nranges_per_shard: 4":
        ["largest_job * ranges_per_shard is 40000; it must be at most 38759 with networks of 3 hidden layers"],
    "{largest_job: 12000, model: {num_layers: [1, 16]}}": ["is 12000; it must be at most 11337 with networks"],
    "examples_per_job: 1000": ["examples_per_job is 1000; it must be at most 960, largest_job"],
    "largest_job: 0": ["largest_job is 0; it must be from 1 to 1000000"],
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
    "{dataset: {twins: true}, patterns: {enabled: [starts_with, ends_with, has_majority]}}":
        ["dataset.twins is true and patterns.max_patterns_per_batch 3; that must be below 3"],
    "{dataset: {twins: true}, patterns: {enabled: [all_same, alternating, ends_with, contains_abc],"
    " min_target_sequences: 20000}}":
        ["dataset.twins is true and patterns.min_patterns_per_batch 1; that must be 2 or more"],
    "dataset: {twins: true, corruption: random}": ["dataset.twins is true and dataset.corruption random; that must be"],
    "{dataset: {twins: true}, format: {shuffle: networks}}":
        ["dataset.twins is true and format.shuffle networks; that must be none"],
    "{dataset: {twins: true}, splits: {holdout: combination}}":
        ["dataset.twins is true and splits.holdout combination; that must be another"],
    "task_generation: {include_modification: false, include_diagnosis: true}":
        ["task_generation.include_diagnosis is true; task_generation.include_modification must be true, too"],
    "{task_generation: {include_diagnosis: true}, dataset: {corruption: random}}":
        ["dataset.corruption is random; with task_generation.include_diagnosis it must be region"],
    "{task_generation: {include_diagnosis: true}, dataset: {corruption_rate: 0}}":
        ["dataset.corruption_rate is 0; with task_generation.include_diagnosis it must be above 0"],
    "{task_generation: {include_diagnosis: true}, training: {improvement_data: corrupted}}":
        ["training.improvement_data is corrupted; with task_generation.include_diagnosis it must be clean"],
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
        (["num_examples=ten"], "num_examples is 'ten'; it must be an integer, from 1 to 1000000000"),
        (["num_examples="], "num_examples is null; it must be an integer, from 1 to 1000000000"),
        (["device=gpuu"], "device is 'gpuu'; it must be one of auto, cpu, cuda, mps"),
        (["training={batch_size: many}"], "training.batch_size is 'many'; it must be an integer, from 2 to 1000000000"),
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
