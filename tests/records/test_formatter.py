"""Records: their columns, their prompts, and that what they say is true of the models they hold."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from snakemake.utils import update_config

from subject_zoo import apply_patch
from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import CLAIMED_RATE, STAGES
from subject_zoo.chain import steps
from subject_zoo.config.check import check_config
from subject_zoo.config.tasks import tasks_of
from subject_zoo.evaluation.exam import Exam
from subject_zoo.evaluation.gates import validate_example
from subject_zoo.examples.plan import ExamplePlan
from subject_zoo.networks.architecture import Architecture, could_fit
from subject_zoo.networks.files import load_range, save_range
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.text import parse_weights
from subject_zoo.networks.torch_module import SubjectModel
from subject_zoo.patterns.definitions import describe
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.space import PatternSpace
from subject_zoo.project import Project
from subject_zoo.records.files import StoredRecords, record_line
from subject_zoo.records.formatter import TrainingDataFormatter
from subject_zoo.records.tokens import check_tokenizer, token_counter
from subject_zoo.signatures.extractor import ActivationSignatureExtractor

torch.set_num_threads(1)  # as in every job

DEFAULT = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text(encoding="utf-8"))
ENABLED = ["starts_with", "palindrome", "sorted_ascending", "has_majority", "all_same", "ends_with"]
METHODS = ["mean", "std", "sparsity", "pca", "pattern_wise"]
SMALL = {
    "patterns": {
        "enabled": ENABLED,
        "vocab_size": 6,
        "sequence_length": 5,
        "starts_with": "C",
        "ends_with": "E",
        "min_patterns_per_batch": 2,
    },
    "dataset": {
        "num_sequences": 300,
        "corruption_rate": 0.8,
        "pool_size": 400,
        "test_per_pattern": 30,
        "test_background": 60,
    },
    "model": {"num_layers": [2, 3], "neurons_per_layer": [4, 7], "dropout_rate": [0.0, 0.2]},
    "training": {
        "batch_size": 32,
        "degraded_epochs": 3,
        "improvement_epochs": 2,
        "improvement_lr_factor": 1.0,  # so little is learned in these epochs that all of it must count
        "improvement_penalty_epochs": 0,
    },
    "signature": {"methods": METHODS, "layers": "all", "components": 2},
}
# How the published weights are rounded. Dropout moves the Linears' places in nn.Sequential.
KINDS = {
    "float32": {"model": {"precision": "float32", "weight_decimals": 4, "dropout_rate": [0.0, 0.0]}},
    "float16": {"model": {"precision": "float16", "weight_decimals": None, "input_encoding": "ordinal"}},
    "int4": {
        "model": {"precision": "bfloat16", "weight_decimals": 3, "dropout_rate": [0.1, 0.2]},
        "training": {"quantization": "int4"},
    },
}
EXAMPLES = (3, 1, 7)
PROVENANCE = {"code_sha256": "c" * 64, "config_sha256": "d" * 64, "seed": 0, "signature_dataset": "e" * 64}
COLUMNS = {
    None: ["example_id"],
    "modification": ["modification_prompt", "modification_completion"],
    "classification": ["classification_prompt", "classification_completion"],
    "always": [
        "degraded_model_weights",
        "improved_model_weights",
        "degraded_signature",
        "improved_signature",
        "training_metrics",
        "metadata",
    ],
}
# What a record holds of one task alone, beside that task's texts.
OF_ONE_TASK = {
    "modification": ["degraded_model_weights", "degraded_signature"],
    "classification": ["improved_signature"],
}


def make_config(*overlays: dict[str, Any]) -> dict[str, Any]:
    config = deepcopy(DEFAULT)
    for overlay in (SMALL, *overlays):
        update_config(config, overlay)
    return check_config(config)


@dataclass(frozen=True)
class Example:
    """All that a record is made of."""

    plan: ExamplePlan
    verdict: dict[str, Any]
    corruption: dict[str, int]
    models: dict[str, StoredModel]
    signatures: dict[str, np.ndarray]

    @property
    def parts(self) -> tuple:
        return self.plan, self.verdict, self.corruption, self.models, self.signatures


@dataclass(frozen=True)
class Made:
    """Examples that went through the whole chain, and what they share."""

    config: dict[str, Any]
    space: PatternSpace
    extractor: ActivationSignatureExtractor
    test_set: Exam
    examples: dict[int, Example]

    def formatter(self, overlay: dict[str, Any] | None = None, count_tokens=None) -> TrainingDataFormatter:
        config = deepcopy(self.config)
        update_config(config, overlay or {})
        return TrainingDataFormatter(config, self.space, self.extractor, PROVENANCE, count_tokens)

    def records(self, overlay: dict[str, Any] | None = None) -> Iterator[tuple[Example, dict[str, Any]]]:
        formatter = self.formatter(overlay)
        for example in self.examples.values():
            yield example, formatter.format(*example.parts)


@pytest.fixture(scope="module")
def pools() -> Pools:
    config = make_config()
    return Pools.create(config["seed"], config["patterns"], config["dataset"])


def make_project(config: dict[str, Any], pools: Pools) -> Made:
    project = Project(config)
    project.pools = pools
    made = dict(steps(project, EXAMPLES, sign_rejected=True))
    examples = {
        i: Example(
            plan=plan,
            verdict=made["validate"][i],
            corruption=dataset.corruption_stats(),
            models={"degraded": made["train_degraded"][i], "improved": made["train_improved"][i]},
            signatures=made["extract_signatures"][i],
        )
        for i, (plan, dataset) in made["sample_dataset"].items()
    }
    return Made(config, project.space, project.extractor, project.exam, examples)


@pytest.fixture(scope="module", params=KINDS)
def project(request, pools) -> Made:
    return make_project(make_config(KINDS[request.param]), pools)


@pytest.fixture(scope="module")
def plain(pools) -> Made:
    return make_project(make_config(KINDS["float32"]), pools)


# Reading prompts as a person's own code would


def json_objects(text: str, **options) -> list[Any]:
    """The JSON objects that stand in a text, in order."""
    decoder, objects, start = json.JSONDecoder(**options), [], text.find("{")
    while start >= 0:
        value, end = decoder.raw_decode(text, start)
        compact = re.sub(r"(?<=\d) +(?=[,\]}])", "", text[start:end])
        assert not re.search(r"\s", compact), "JSON in prompts has no spaces but those that make numbers equally wide"
        objects.append(value)
        start = text.find("{", end)
    return objects


def tensors_in(value: Any) -> dict[str, Any]:
    """Every tensor by name, wherever it stands in a tree of objects."""
    if isinstance(value, list):
        return {name: rows for item in value for name, rows in tensors_in(item).items()}
    if not isinstance(value, dict):
        return {}
    found = {name: rows for name, rows in value.items() if re.fullmatch(r"network\.\d+\.(weight|bias)", name)}
    return found | tensors_in([item for name, item in value.items() if name not in found])


def numbers_in(value: Any) -> Iterator[str]:
    """The text of every number of a tree that was read with `AS_WRITTEN`."""
    if isinstance(value, Written):
        yield str(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(item)


class Written(str):
    """A number as it is written."""


AS_WRITTEN = {"parse_float": Written, "parse_int": Written}


def decimals_of(number: str) -> int:
    return max(0, -Decimal(number).normalize().as_tuple().exponent)


def positives(architecture: Architecture, tensors: dict[str, Any], tokens: np.ndarray) -> np.ndarray:
    """What the network of these parsed tensors calls positive."""
    model = SubjectModel(architecture, parse_weights(json.dumps(tensors), architecture.precision))
    with torch.no_grad():
        return (model(torch.from_numpy(tokens)) > 0).numpy()


def rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in figures.items()}


# Columns


@pytest.mark.parametrize("modification", [True, False])
@pytest.mark.parametrize("classification", [True, False])
def test_columns_follow_the_task_switches(plain, modification, classification):
    switches = {"include_modification": modification, "include_classification": classification}
    tasks = {"modification": modification, "classification": classification}
    left_out = [column for task, columns in OF_ONE_TASK.items() if not tasks[task] for column in columns]
    expected = [
        column
        for group, columns in COLUMNS.items()
        for column in columns
        if tasks.get(group, True) and column not in left_out
    ]
    full = {example.plan.example_id: record for example, record in plain.records()}
    formatter = plain.formatter({"task_generation": switches})
    for example in plain.examples.values():
        plan = example.plan if modification else replace(example.plan, target_pattern=None)
        models = {stage: m for stage, m in example.models.items() if f"{stage}_model_weights" in expected}
        signatures = {stage: s for stage, s in example.signatures.items() if f"{stage}_signature" in expected}
        record = formatter.format(plan, example.verdict, example.corruption, models, signatures)
        assert list(record) == expected
        assert record["example_id"] == example.plan.example_id
        assert all(isinstance(value, str) for name, value in record.items() if name != "example_id")
        assert ("corruption_stats" in json.loads(record["metadata"])) == modification
        assert list(json.loads(record["training_metrics"])) == list(models)
        for name in expected[:-2]:
            assert record[name] == full[example.plan.example_id][name]
        lengths = json.loads(record["metadata"])["lengths"]
        assert set(lengths) == {f"{name}_chars" for name in expected if name not in ("example_id", "metadata")}


def test_weight_columns_are_the_models(project):
    for example, record in project.records():
        for stage, model in example.models.items():
            described = json.loads(record[f"{stage}_model_weights"])
            assert list(described) == ["config", "weights"]
            assert Architecture.from_dict(described["config"]) == model.architecture
            assert list(described["weights"]) == list(model.weights)
            held = SubjectModel.from_record(record, stage).state_dict()
            for name, array in model.weights.items():
                np.testing.assert_array_equal(held[name].numpy(), array)


def test_signature_columns_are_nested_as_loaders_read_them(project):
    names, decimals = project.extractor.feature_names, project.config["signature"]["decimals"]
    for example, record in project.records():
        for stage, signature in example.signatures.items():
            column = json.loads(record[f"{stage}_signature"])
            assert list(column) == ["neuron_activations"]
            layers = column["neuron_activations"]
            architecture = example.plan.architecture
            assert [f"network.{layer}" for layer in layers] == architecture.linear_names
            rows = iter(signature.tolist())
            for layer, (_, outputs) in zip(layers.values(), architecture.layer_sizes, strict=True):
                assert list(layer) == ["neuron_profiles", "layer_info"]
                assert layer["layer_info"] == {
                    "num_neurons": outputs,
                    "num_examples": project.extractor.num_probes,
                    "profile_methods": METHODS,
                    "list_entries": {"pattern_wise": [*project.config["patterns"]["enabled"], "none"]},
                }
                assert list(layer["neuron_profiles"]) == [str(neuron) for neuron in range(outputs)]
                for profile in layer["neuron_profiles"].values():
                    assert list(profile) == METHODS
                    for name, value in zip(names, next(rows), strict=True):
                        method, _, label = name.partition(".")
                        entry = profile[method]
                        if label:
                            named = layer["layer_info"]["list_entries"].get(method)
                            entry = entry[named.index(label) if named else int(label)]
                        assert entry == pytest.approx(value, abs=0.50001 * 10**-decimals)
                        assert decimals_of(repr(entry)) <= decimals
            assert next(rows, None) is None


def test_signatures_are_read_by_loaders_that_know_numbers_and_lists(project):
    """The first implementation's loaders append a profile's numbers, extend by its lists, and make an array of all."""
    for example, record in project.records():
        for stage, signature in example.signatures.items():
            rows = []
            for layer in json.loads(record[f"{stage}_signature"])["neuron_activations"].values():
                for profile in layer["neuron_profiles"].values():
                    features = []
                    for value in profile.values():
                        features += value if isinstance(value, list) else [value]
                    rows.append(features)
            decimals = project.config["signature"]["decimals"]
            np.testing.assert_allclose(np.array(rows, np.float32), signature, rtol=1e-6, atol=0.50001 * 10**-decimals)


def test_training_metrics_are_the_learning_curves(plain):
    for example, record in plain.records():
        degraded, improved = example.models.values()
        metrics = json.loads(record["training_metrics"])
        assert metrics == {"degraded": degraded.training, "improved": improved.training}
        assert metrics["degraded"]["validation_loss"]


def test_metadata_says_what_the_example_is(project):
    config = project.config
    for example, record in project.records():
        metadata, plan = json.loads(record["metadata"]), example.plan
        assert metadata["selected_patterns"] == list(plan.selected_patterns)
        assert metadata["target_pattern"] == plan.target_pattern
        assert metadata["pattern_tokens"] == {"starts_with": "C", "ends_with": "E"}
        model_config = metadata["model_config"]
        assert Architecture.from_dict(model_config) == plan.architecture
        assert model_config["parameter_count"] == sum(a.size for a in example.models["improved"].weights.values())
        unit = {"sigmoid": 2.0, "tanh": 0.7}.get(plan.architecture.activation_type, 1.0)
        assert model_config["learning_rate"] == unit * plan.learning_rate  # what Adam was given
        assert model_config["quantization"] == config["training"]["quantization"]
        assert model_config["weight_decimals"] == config["model"]["weight_decimals"]
        hidden = [plan.architecture.neurons_per_layer] * plan.architecture.num_layers
        assert metadata["architecture"]["neurons_per_layer"] == [*hidden, 1]
        assert metadata["corruption_stats"] == example.corruption
        assert metadata["corruption_stats"]["corrupted_rows"] > 0
        for stage in ("degraded", "improved"):
            assert set(metadata[stage]["accuracy"]) == {*plan.selected_patterns, "background"}
        gain = metadata["improved"]["accuracy"][plan.target_pattern]
        gain -= metadata["degraded"]["accuracy"][plan.target_pattern]
        assert metadata["improvement"] == pytest.approx(gain, abs=2e-6)
        for key in ("layers", "activations", "decimals"):
            assert metadata["signature"][key] == config["signature"][key]
        asked = tasks_of(config["task_generation"])
        assert metadata["signature"]["methods"] == {task: config["signature"]["methods"][task] for task in asked}
        assert metadata["provenance"] == {**PROVENANCE, "example_id": plan.example_id}


# The contract of completions


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_parsed_weights_score_exactly_what_the_record_says(project, style):
    tokens = project.test_set.tokens
    for example, record in project.records({"format": {"style": style}}):
        metadata, selected = json.loads(record["metadata"]), example.plan.selected_patterns
        architecture = Architecture.from_dict(metadata["model_config"])
        before = tensors_in(json_objects(record["modification_prompt"]))
        after = json.loads(record["modification_completion"])
        assert list(before) == list(after) == list(example.models["improved"].weights)
        for tensors, stage in ((before, "degraded"), (after, "improved")):
            positive = positives(architecture, tensors, tokens)
            accuracies = rounded(project.test_set.accuracies(positive, selected))
            assert accuracies == example.verdict[stage]["accuracy"] == metadata[stage]["accuracy"]
        assert rounded(project.test_set.positive_rates(positive)) == metadata["positive_rate"]
        shown = tensors_in(json_objects(record["classification_prompt"]))
        assert shown == after
    moved = [example for example in project.examples.values() if example.verdict["improvement"] != 0]
    assert moved, "no example tells the two models apart"


def test_classification_completions_are_true_and_in_the_configs_order(project):
    for example, record in project.records():
        tensors = json.loads(record["modification_completion"])
        positive = positives(example.plan.architecture, tensors, project.test_set.tokens)
        rates = project.test_set.positive_rates(positive)
        expected = [name for name in ENABLED if rates[name] >= CLAIMED_RATE]
        assert record["classification_completion"] == ", ".join(expected)


@pytest.mark.parametrize(("answer", "expected"), [(True, ", ".join(ENABLED)), (False, "")])
def test_models_that_call_everything_one_thing(plain, answer, expected):
    example = plain.examples[3]
    positive = np.full(len(plain.test_set), answer)
    verdict = validate_example(example.plan, plain.test_set, positive, positive, plain.config)
    record = plain.formatter().format(*replace(example, verdict=verdict).parts)
    assert record["classification_completion"] == expected


# Prompts


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_the_modification_prompt_asks_for_its_target_in_a_full_sentence(plain, style):
    for example, record in plain.records({"format": {"style": style}}):
        target = example.plan.target_pattern
        prose = record["modification_prompt"].partition("{")[0]
        sentences = [s for s in re.split(r"(?<=[.?!])\s+", prose) if re.search(rf"\b{target}\b", s)]
        assert sentences
        assert any(
            re.fullmatch(r"[A-Z][^{}]*[.?]", s) and describe(plain.space, target) in s and len(s.split()) > 6
            for s in sentences
        )


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_the_classification_prompt_lists_every_enabled_pattern(plain, style):
    for _, record in plain.records({"format": {"style": style}}):
        lines = record["classification_prompt"].partition("{")[0].splitlines()
        places = []
        for name in ENABLED:
            (place,) = [
                i
                for i, line in enumerate(lines)
                if re.search(rf"\b{name}\b", line) and describe(plain.space, name) in line
            ]
            places.append(place)
        assert all(first < second for first, second in pairwise(places))
        assert "the first token is C" in lines[places[0]]


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_the_classification_prompt_does_not_tell_what_was_selected(plain, style):
    formatter, example = plain.formatter({"format": {"style": style}}), plain.examples[3]
    others = [name for name in ENABLED if name not in example.plan.selected_patterns]
    plan = replace(example.plan, selected_patterns=tuple(others), target_pattern=others[0], example_id=99)
    verdict = example.verdict | {"selected_patterns": others, "classified_patterns": others}
    records = [formatter.format(*e.parts) for e in (example, replace(example, plan=plan, verdict=verdict))]
    assert records[0]["classification_prompt"] == records[1]["classification_prompt"]
    assert records[0]["modification_prompt"] != records[1]["modification_prompt"]


def test_both_styles_carry_the_same_numbers(project):
    styles = ("separate", "interwoven")
    decimals = project.config["model"]["weight_decimals"]
    for (_, separate), (_, interwoven) in zip(
        *(project.records({"format": {"style": style}}) for style in styles), strict=True
    ):
        for prompt, stage in (("modification_prompt", "degraded"), ("classification_prompt", "improved")):
            trees = [json_objects(record[prompt], **AS_WRITTEN) for record in (separate, interwoven)]
            numbers = [Counter(numbers_in(tree)) for tree in trees]
            assert separate[prompt] != interwoven[prompt]
            assert numbers[0] == numbers[1]
            assert tensors_in(trees[0]) == tensors_in(trees[1])
            for number in numbers_in(tensors_in(trees[0])):
                assert decimals is None or decimals_of(number) <= decimals
                assert float(number) != 0 or number == f"{0:.{decimals or 1}f}"
            signature = json.loads(separate[f"{stage}_signature"], **AS_WRITTEN)["neuron_activations"]
            profiles = [layer["neuron_profiles"] for layer in signature.values()]
            assert not Counter(numbers_in(profiles)) - numbers[0]
        same = [name for name in separate if name not in (*COLUMNS["modification"][:1], "metadata")]
        same.remove("classification_prompt")
        assert all(separate[name] == interwoven[name] for name in same)


def test_the_interwoven_style_shows_a_layers_weights_beside_its_signature(plain):
    for example, record in plain.records({"format": {"style": "interwoven"}}):
        prompt = record["classification_prompt"]
        places = [prompt.index(f'"{name}.weight"') for name in example.plan.architecture.linear_names]
        assert places == sorted(places)
        for start, stop in pairwise([*places, len(prompt)]):
            assert '"mean"' in prompt[start:stop]


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_a_prompt_ends_with_its_question_in_one_line(plain, style):
    """Enough to answer where the beginning was cut off: what is asked for, and of which pattern or patterns."""
    for example, record in plain.records({"format": {"style": style}}):
        target = example.plan.target_pattern
        for task, words in (("modification", [target, describe(plain.space, target)]), ("classification", ENABLED)):
            heading, question, rest = record[f"{task}_prompt"].rsplit("\n", 2)
            assert heading.endswith("\n\n## Question")
            assert question.strip() == question
            assert rest == ""
            assert all(re.search(rf"\b{re.escape(word)}", question) for word in words)
            assert "nswer with" in question


def test_the_signature_stands_under_its_heading_as_json(plain):
    for _, record in plain.records():
        for task in ("modification", "classification"):
            _, _, rest = record[f"{task}_prompt"].partition("\n## Activation signature\n")
            line, _, after = rest.partition("\n")
            assert list(json.loads(line)) == ["0", "2", "4", "6"][: len(json.loads(line))]
            assert after.startswith("\n## Question\n")


SPLITS = {  # of words, in front of the merging of bytes
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "cl100k": r"[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
}


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("form", ["full", "patch"])
def test_no_tokenizer_joins_a_prompt_to_its_completion(plain, split, form):
    """Tokens are learned from these very texts: whatever can be joined, is."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    pre = tokenizers.pre_tokenizers
    words = pre.Split(tokenizers.Regex(SPLITS[split]), "isolated")
    tokenizer.pre_tokenizer = pre.Sequence([words, pre.ByteLevel(add_prefix_space=False, use_regex=False)])
    records = [record for _, record in plain.records({"format": {"modification_completion": form}})]
    pairs = [
        (r[f"{task}_prompt"], r[f"{task}_completion"]) for r in records for task in ("modification", "classification")
    ]
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=4000, initial_alphabet=pre.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator([prompt + completion for prompt, completion in pairs], trainer)
    for prompt, completion in pairs:
        apart = [*tokenizer.encode(prompt).ids, *tokenizer.encode(completion).ids]
        assert tokenizer.encode(prompt + completion).ids == apart


# Patches


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_a_patch_gives_the_improved_weights_from_those_of_the_prompt(project, style):
    shown = [record for _, record in project.records()]
    overlay = {"format": {"style": style, "modification_completion": "patch"}}
    for (example, record), full in zip(project.records(overlay), shown, strict=True):
        mended = apply_patch(record["modification_prompt"], record["modification_completion"])
        for name, array in example.models["improved"].weights.items():
            np.testing.assert_array_equal(mended[name].view(np.uint32), array.view(np.uint32))
        assert list(record) == list(full)
        same = set(record) - {"modification_prompt", "modification_completion", "metadata"}
        assert all(
            record[name] == full[name] for name in same if style == "separate" or name != "classification_prompt"
        )


def test_the_prompt_asks_for_the_form_and_its_example_is_true_of_every_network(plain):
    for form, words in (("full", "weights of the whole network"), ("patch", "numbers that change")):
        for _, record in plain.records({"format": {"modification_completion": form}}):
            prompt = record["modification_prompt"]
            assert words in prompt.partition("\n## ")[0]
            assert words in prompt.splitlines()[-1]
            assert ('"0":[1,-0.41,3,0.52]' in prompt) == (form == "patch")
            if form == "patch":  # the form that the words describe, in the place that they name
                apply_patch(prompt, '{"network.0.weight":{"0":[1,-0.41,3,0.52]}}')


PER_TASK = {"modification": ["mean", "pattern_wise"], "classification": ["std", "clustering"]}


@pytest.mark.parametrize("style", ["separate", "interwoven"])
@pytest.mark.parametrize("layers", ["hidden", "all"])
def test_a_prompt_shows_its_own_methods_as_if_there_were_no_others(pools, style, layers):
    """The columns have all that either task shows."""

    def records(methods: Any) -> list[dict[str, Any]]:
        signature = {"methods": methods, "layers": layers}
        config = make_config(KINDS["float32"], {"signature": signature, "format": {"style": style}})
        made = make_project(config, pools)
        return [record for _, record in made.records()]

    both = records(PER_TASK)
    for task, own in PER_TASK.items():
        for record, alone in zip(both, records(own), strict=True):
            assert record[f"{task}_prompt"] == alone[f"{task}_prompt"]
            assert record[f"{task}_completion"] == alone[f"{task}_completion"]
    for record in both:
        signed = json.loads(record["improved_signature"])["neuron_activations"]
        names = Architecture.from_dict(json.loads(record["improved_model_weights"])["config"]).linear_names
        places = [name.removeprefix("network.") for name in names]
        assert list(signed) == (places if layers == "all" else places[:-1])
        for layer in signed.values():
            assert layer["layer_info"]["profile_methods"] == ["mean", "std", "clustering", "pattern_wise"]
        for task, own in PER_TASK.items():
            shown = {key.partition(".")[0] for key in re.findall(r'"([\w.]+)":\[', record[f"{task}_prompt"])}
            assert {name for name in shown if name != "network"} == set(own)
            if style == "separate":
                signature = json.loads(
                    record[f"{task}_prompt"].partition("## Activation signature\n")[2].partition("\n")[0]
                )
                assert list(signature) == list(signed)


def test_wide_numbers_of_one_task_widen_nothing_in_the_prompt_of_the_other(pools):
    made = make_project(make_config(KINDS["float32"], {"signature": {"methods": PER_TASK}}), pools)
    others = made.extractor.columns(["mean", "pattern_wise"])
    for example, record in made.records():
        wide = {stage: signature.copy() for stage, signature in example.signatures.items()}
        for signature in wide.values():
            signature[:, others] *= 1e7
        changed = made.formatter().format(*replace(example, signatures=wide).parts)
        assert changed["classification_prompt"] == record["classification_prompt"]
        assert len(changed["modification_prompt"]) > len(record["modification_prompt"])


def test_an_interwoven_prompt_shows_the_output_layer_without_a_signature_where_it_has_none(pools):
    config = make_config(KINDS["float32"], {"signature": {"layers": "hidden"}, "format": {"style": "interwoven"}})
    for example, record in make_project(config, pools).records():
        last = record["classification_prompt"].split("\n\n")[-2].splitlines()
        assert last[0] == f"## Layer {example.plan.architecture.linear_names[-1].removeprefix('network.')}"
        assert [line.partition(":")[0] for line in last[1:]] == ["Weights"]
        assert record["classification_prompt"].count("Activation signature:") == example.plan.architecture.num_layers


# Lengths


def test_lengths_are_the_real_lengths(plain):
    count_words = lambda text: len(text.split())  # noqa: E731
    formatter = plain.formatter(count_tokens=count_words)
    for example in plain.examples.values():
        record = formatter.format(*example.parts)
        lengths = json.loads(record["metadata"])["lengths"]
        counted = [*COLUMNS["modification"], *COLUMNS["classification"]]
        measured = [*counted, *COLUMNS["always"][:-1]]
        assert lengths == {f"{name}_chars": len(record[name]) for name in measured} | {
            f"{name}_tokens": count_words(record[name]) for name in counted
        }


@pytest.mark.parametrize("style", ["separate", "interwoven"])
def test_lengths_tell_nothing_of_the_numbers(project, style):
    """A network with all signs turned, and one of other magnitudes, have texts as long as the network's own."""
    formatter = project.formatter({"format": {"style": style}, "model": {"weight_decimals": 3}})
    for example in project.examples.values():
        lengths, texts = [], set()
        for change in (lambda a: np.clip(a, -9, 9), lambda a: -np.clip(a, -9, 9), lambda a: -np.abs(np.tanh(a / 7))):
            models = {
                stage: replace(model, weights={name: change(array) for name, array in model.weights.items()})
                for stage, model in example.models.items()
            }
            signatures = {stage: change(signature) for stage, signature in example.signatures.items()}
            record = formatter.format(*replace(example, models=models, signatures=signatures).parts)
            varying = {name: record.pop(name) for name in ("example_id", "training_metrics", "metadata")}
            lengths.append({name: len(text) for name, text in record.items()})
            texts.add(record["modification_completion"] + record["improved_signature"])
            told = json.loads(varying["metadata"])["lengths"]
            assert all(told[f"{name}_chars"] == length for name, length in lengths[-1].items())
        assert lengths[0] == lengths[1] == lengths[2]
        assert len(texts) == 3


def test_what_fits_could_fit(project):
    decimals = project.config["model"]["weight_decimals"]
    for example, record in project.records():
        architecture = example.plan.architecture
        brackets = sum(2 + outputs for _, outputs in architecture.layer_sizes)  # and more: names, commas
        longest = len(record["modification_completion"]) - brackets
        assert could_fit(architecture, longest, decimals)
        assert could_fit(architecture, None, decimals)
        least = len("0.0,") if decimals is None else decimals + len("-0.,")
        assert not could_fit(architecture, least * architecture.parameter_count - 1, decimals)


def test_max_prompt_chars_is_a_limit_on_each_prompt(plain):
    record = plain.formatter().format(*plain.examples[3].parts)
    lengths = sorted(len(record[name]) for name in ("modification_prompt", "classification_prompt"))
    fits = lambda limit, record=record: plain.formatter({"format": {"max_prompt_chars": limit}}).fits(record)  # noqa: E731
    assert fits(None)
    assert fits(lengths[1])
    assert not fits(lengths[1] - 1)
    assert not fits(1)
    assert fits(1, {name: text for name, text in record.items() if not name.endswith("prompt")})


def test_no_question_is_longer_than_the_limit_around_another_records_network(plain):
    formatter = plain.formatter()
    patterns, prompts = plain.config["patterns"], formatter.prompts
    enabled, sizes = (
        patterns["enabled"],
        range(patterns["min_patterns_per_batch"], patterns["max_patterns_per_batch"] + 1),
    )
    asked = {
        "modification_prompt": [prompts.modification(target, "the network") for target in enabled],
        "classification_prompt": [prompts.classification("the network")],
        "diagnosis_prompt": [
            prompts.diagnosis(selected, "the network") for size in sizes for selected in combinations(enabled, size)
        ],
    }
    for name, texts in asked.items():
        shortest, longest = min(map(len, texts)), max(map(len, texts))
        for limit in (longest - 1, longest):
            overlay = {"format": {"max_prompt_chars": limit, "shuffle": "networks"}}
            fits = plain.formatter(overlay).fits({name: min(texts, key=len)})
            assert fits == (limit >= longest), name
        assert plain.formatter({"format": {"max_prompt_chars": shortest}}).fits({name: min(texts, key=len)})


def test_tokens_are_counted_by_a_tokenizer_file(plain, tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "network": 1}, "[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    path = tmp_path / "tokenizer.json"
    tokenizer.enable_truncation(max_length=3)  # as some are saved: all of a text counts nevertheless
    tokenizer.enable_padding(length=50)
    tokenizer.save(str(path))
    count = token_counter(str(path))
    assert count("A neural network reads\na sequence ") == 6
    record = plain.formatter(count_tokens=count).format(*plain.examples[3].parts)
    lengths = json.loads(record["metadata"])["lengths"]
    for name in (*COLUMNS["modification"], *COLUMNS["classification"]):
        assert lengths[f"{name}_tokens"] == len(record[name].split())
    path.write_text('{"a file": "of another kind"}')
    with pytest.raises(UserError, match=re.escape(str(path))) as error:
        token_counter(str(path))
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["mine.json", "no/such/tokenizer.json", "/no/such", "./tokenizers", "a b", "..//x"])
def test_a_tokenizer_that_can_only_be_a_missing_file_is_one_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for check in (check_tokenizer, token_counter):
        with pytest.raises(
            UserError, match=r"^format.tokenizer is .*; there is no such file, and it is no name on the Hub"
        ):
            check(name)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"format\.tokenizer is 'folder'; there is no such file"):
        check_tokenizer("folder")
    (tmp_path / "mine.json").touch()
    for found in ("mine.json", "./mine.json", None, "gpt2", "Qwen/Qwen2.5-0.5B", "hf-internal/hf_tokenizers"):
        check_tokenizer(found)


def test_no_tokenizer_counts_nothing():
    assert token_counter(None) is None


# Bytes


def test_the_same_input_gives_the_same_bytes(project, tmp_path):
    """Also where the parts come from the files that the chain keeps them in."""
    first = [record_line(record) for _, record in project.records()]
    for stage in STAGES:
        models = {i: example.models[stage] for i, example in project.examples.items()}
        save_range(tmp_path / f"{stage}.safetensors", models, {})
    stored = {stage: load_range(tmp_path / f"{stage}.safetensors") for stage in STAGES}
    again = []
    for i, example in project.examples.items():
        reread = replace(
            example,
            plan=ExamplePlan.from_dict(json.loads(json.dumps(example.plan.to_dict()))),
            verdict=json.loads(json.dumps(example.verdict)),
            models={stage: stored[stage][i] for stage in STAGES},
            signatures={stage: signature.copy() for stage, signature in example.signatures.items()},
        )
        again.append(record_line(project.formatter().format(*reread.parts)))
    assert first == again
    assert len(set(first)) == len(EXAMPLES)


def test_a_record_is_one_line_and_comes_back(plain, tmp_path):
    records = [record for _, record in plain.records()]
    lines = [record_line(record) for record in records]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    (tmp_path / "record.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "empty.jsonl").write_bytes(b"")
    stored = StoredRecords.of(tmp_path / "empty.jsonl", tmp_path / "record.jsonl")
    assert list(stored) == list(stored) == records
    assert list(stored.select([1, 0])) == [records[1], records[0]]
    assert not list(StoredRecords.of(tmp_path / "empty.jsonl"))
