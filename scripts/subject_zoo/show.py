"""A record of a dataset folder, made readable in a terminal."""

import json
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import format_id
from subject_zoo.base.json_text import parse_json
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import ABLATION, DATA, STAGES, TASKS
from subject_zoo.dataset.layout import BENCHMARK_DATASET, table_file
from subject_zoo.dataset.received import Received
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import Weights
from subject_zoo.networks.text import weights_of
from subject_zoo.patterns.definitions import describe
from subject_zoo.patterns.sequences import from_text
from subject_zoo.patterns.space import PatternSpace, pattern_space
from subject_zoo.records.shuffle import SHOWN_EXAMPLE

WIDTH = 100  # columns of the terminal that lines are for
_SEQUENCES = 3  # of the target pattern, of another selected one, and of none, each
_SHORT = 300  # characters of a prompt, a completion or a signature


def show(folder: Path, example_id: int, trusted: bool = False, whole: bool = False) -> Iterator[str]:
    """The lines that tell of one record. Raises UserError where the folder is no dataset, or has no such record.

    Texts stand there by their beginning and end, wrapped; or `whole`, as they are. A folder that is not `trusted`
    takes a bounded amount of memory.
    """
    received = Received(folder, trusted)
    manifest = received.manifest()
    try:
        yield from _shown(received, manifest, example_id, whole)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, pa.ArrowException) as error:
        why = one_line(getattr(error, "strerror", None) or error)
        raise UserError(
            f"{folder}: record {example_id} cannot be shown ({why}); subject-zoo verify tells what is wrong"
        ) from None


def _shown(folder: Received, manifest: Mapping[str, Any], example_id: int, whole: bool) -> Iterator[str]:
    row, split = _find(folder, manifest["files"], example_id)
    metadata, space = parse_json(row["metadata"]), pattern_space(manifest["config"]["patterns"])
    raised_by = example_id - metadata["provenance"]["example_id"]  # of a merged dataset: others are named as they were
    yield f"Record {format_id(example_id)}, in the split {split}"
    if SHOWN_EXAMPLE in metadata:
        shown = format_id(metadata[SHOWN_EXAMPLE] + raised_by)
        yield f"A control: its prompts show example {shown}'s network; what follows is its own"
    yield ""
    yield from _plan(metadata, space)
    if "twin" in metadata:
        other, here, there = (metadata["twin"][key] for key in ("example_id", "only_here", "only_there"))
        yield f"Its twin, {format_id(other + raised_by)}, has {there} in the place of {here}."
    yield _network(metadata["model_config"])
    yield ""
    models = _models(row)
    if len(models) > 1:
        yield from _change(*(weights for _, weights in models))
        yield ""
    yield from _accuracies(metadata)
    yield ""
    if ABLATION in row:
        yield from _effects(parse_json(row[ABLATION])["improved"])
        yield ""
    yield from _logits(folder, models, metadata, space)
    for title, text in _texts(row):
        yield ""
        yield title
        yield from text.splitlines() if whole else _wrapped(text)


def _find(folder: Received, files: Collection[str], example_id: int) -> tuple[dict[str, Any], str]:
    """A record, with its tasks' texts, and its split."""
    ids: list[int] = []
    for name in sorted(name for name in files if name.startswith(f"{DATA}/")):
        here = [row["example_id"] for row in folder.rows(name, ["example_id"])]
        ids += here
        if example_id not in here:
            continue
        _, split, shard = name.removesuffix(".parquet").split("/")
        row = _row(folder, name, example_id)
        for task in TASKS:
            if (table := table_file(task, split, shard)) in files:
                texts = _row(folder, table, example_id)
                row |= {f"{task}_{text}": texts[text] for text in ("prompt", "completion")}
        return row, split
    near = ", ".join(map(str, sorted(sorted(ids), key=lambda other: abs(other - example_id))[:3]))
    raise UserError(f"{folder.path}: no record {example_id} among {len(ids)}; the nearest are {near or 'none'}")


def _row(folder: Received, name: str, example_id: int) -> dict[str, Any]:
    for row in folder.rows(name):
        if row["example_id"] == example_id:
            return row
    raise ValueError(f"{name} has no row of it")


def _plan(metadata: Mapping[str, Any], space: PatternSpace) -> Iterator[str]:
    sequences = f"sequences of {space.sequence_length} letters from {space.letters}"
    yield f"It was trained to call positive those {sequences} that satisfy"
    for name in metadata["selected_patterns"]:
        target = "   <- corrupted, then mended" if name == metadata.get("target_pattern") else ""
        yield f"  {name}: {describe(space, name)}{target}"
    if "corruption_stats" in metadata:
        yield _flipped(metadata["corruption_stats"])
    if "diagnosis" in metadata:
        yield from _diagnosis(metadata["diagnosis"], metadata["target_pattern"])


def _network(model: Mapping[str, Any]) -> str:
    return (
        f"The network: {model['num_layers']} hidden layers of {model['neurons_per_layer']}, "
        f"{model['activation_type']}, {model['input_encoding']} input, {model['parameter_count']:,} parameters, "
        f"learning rate {model['learning_rate']:.4g}."
    )


def _flipped(corruption: Mapping[str, Any]) -> str:
    region = corruption["region"]
    where = f", where {region['in_words']}" if region else ", at random"
    return (
        f"Flipped were {corruption['corrupted_rows']:,} of {corruption['rows']:,} labels of the first training, "
        f"those of {corruption['corrupted_sequences']:,} sequences of the target{where}."
    )


def _diagnosis(diagnosis: Mapping[str, Any], target: str) -> Iterator[str]:
    fault = diagnosis["fault"]
    inside, outside = fault["sequences"]
    yield (
        f"The degraded network calls {fault['negative_inside']:.1%} of {inside:,} sequences of {target} negative, "
        f"those where {fault['in_words']}; and {fault['positive_outside']:.1%} of the {outside:,} others positive."
    )
    yield f"The diagnosis shows the {diagnosis['shown']} network."


def _models(row: Mapping[str, Any]) -> list[tuple[Architecture, Weights]]:
    """The record's networks as its text has them: the degraded one, if there is one, and the improved one."""
    models = []
    for column in [f"{stage}_model_weights" for stage in STAGES if f"{stage}_model_weights" in row]:
        described = parse_json(row[column])
        architecture = Architecture.from_dict(described["config"])
        models.append((architecture, weights_of(described["weights"], architecture.precision)))
    return models


def _change(degraded: Weights, improved: Weights) -> Iterator[str]:
    yield f"{'tensor':20} {'shape':>9} {'numbers changed':>20} {'relative change':>16}"
    for name, array in degraded.items():
        yield _changed(name, array, improved[name])
    yield _changed("all", *(np.concatenate([a.ravel() for a in weights.values()]) for weights in (degraded, improved)))


def _changed(name: str, before: np.ndarray, after: np.ndarray) -> str:
    """How many numbers differ, and |after - before| / |before|."""
    changed = f"{int((before != after).sum())} of {before.size}"
    distance = float(np.linalg.norm(after - before) / max(float(np.linalg.norm(before)), 1e-30))
    return f"{name:20} {list(before.shape)!s:>9} {changed:>20} {distance:>16.3f}"


def _accuracies(metadata: Mapping[str, Any]) -> Iterator[str]:
    accuracies = [metadata[stage]["accuracy"] for stage in STAGES if stage in metadata]
    yield f"{'accuracy on the test set':28} {_headed(len(accuracies))} {'sequences':>10}"
    for name in accuracies[-1]:
        values = " ".join(f"{of_stage[name]:>8.3f}" for of_stage in accuracies)
        yield f"{name:28} {values} {metadata['test_sequences'][name]:>10}"


def _effects(of_layers: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterator[str]:
    """By accuracy of the last network, the neuron without which it is lowest."""
    yield f"{'one hidden neuron silenced':28} {'layer':>8} {'neuron':>8} {'falls by':>10}"
    for name in next(iter(of_layers.values())):
        falls = [(fall, layer, neuron) for layer, of in of_layers.items() for neuron, fall in enumerate(of[name])]
        fall, layer, neuron = max(falls, key=lambda told: told[0])
        yield f"{name:28} {layer:>8} {neuron:>8} {fall:>10.3f}"


def _headed(models: int) -> str:
    """What stands above a column for each of a record's networks."""
    return " ".join(f"{word:>8}" for word in (("before", "after") if models > 1 else ("network",)))


def _logits(
    folder: Received, models: Sequence[tuple[Architecture, Weights]], metadata: Mapping[str, Any], space: PatternSpace
) -> Iterator[str]:
    """Some sequences of the benchmark dataset, and what the record's networks make of them."""
    examples = folder.json(BENCHMARK_DATASET)["examples"]
    target, selected = metadata.get("target_pattern"), set(metadata["selected_patterns"])
    groups = (
        [e for e in examples if target in e["patterns"]],
        [e for e in examples if target not in e["patterns"] and selected & set(e["patterns"])],
        [e for e in examples if not selected & set(e["patterns"])],
    )
    chosen = [example for group in groups for example in group[:: max(1, len(group) // _SEQUENCES)][:_SEQUENCES]]
    tokens = from_text(space, [example["sequence"] for example in chosen])
    logits = [KernelMLP(*model).logits(tokens).tolist() for model in models]
    width = space.sequence_length + 4
    yield f"{'sequence':{width}} {_headed(len(models))}  truly    of the selected patterns"
    for example, *values in zip(chosen, *logits, strict=True):
        satisfied = [name for name in metadata["selected_patterns"] if name in example["patterns"]]
        truly = "positive" if satisfied else "negative"
        of_models = " ".join(f"{value:>8.2f}" for value in values)
        where = "   <- in the region" if target in satisfied and _in_region(metadata, example["sequence"]) else ""
        yield f"{example['sequence']:{width}} {of_models}  {truly} {', '.join(satisfied)}{where}".rstrip()


def _in_region(metadata: Mapping[str, Any], sequence: str) -> bool:
    """Whether it has letters of the region whose labels were flipped, where there is one."""
    if (region := metadata["corruption_stats"]["region"]) is None:
        return False
    first, second = (sequence[position - 1] for position in region["positions"])
    return second in region["letters"].get(first, "")


def _texts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    stage = next(stage for stage in STAGES if f"{stage}_signature" in row)
    name, layer = next(iter(parse_json(row[f"{stage}_signature"])["neuron_activations"].items()))
    profile = layer["neuron_profiles"]["0"]
    named = {
        key: dict(zip(names, profile[key], strict=True)) for key, names in layer["layer_info"]["list_entries"].items()
    }
    yield f"Signature of the {stage} network, layer {name}, neuron 0", json.dumps(profile | named)
    for task in TASKS:
        for text in ("prompt", "completion"):
            if f"{task}_{text}" in row:
                whole = row[f"{task}_{text}"]
                yield f"The {task} {text}, {len(whole):,} characters", whole


def _wrapped(text: str, width: int = WIDTH) -> Sequence[str]:
    """A text's beginning and end, in lines."""
    shown = text if len(text) <= 2 * _SHORT else f"{text[: 2 * _SHORT - 80]} [...] {text[-80:]}"
    return [
        line
        for part in shown.splitlines()
        for line in textwrap.wrap(part, width, initial_indent="  ", subsequent_indent="  ")
    ]
