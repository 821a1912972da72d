"""Records told one by one: the plan, the fault, what was changed, what it is worth, and how it is asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from subject_zoo.base.terms import BACKGROUND, TASKS
from subject_zoo.dataset.layout import table_file
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.patterns.definitions import describe
from subject_zoo.patterns.sequences import from_text
from subject_zoo.patterns.space import LETTERS
from subject_zoo.report.facts import Facts, Record
from subject_zoo.report.sections.pictures import picture
from subject_zoo.report.sections.repairs import change, layer_names

MOST = 36  # stories
_NUMBERS = 250_000  # of pictures, in all stories together
_LARGEST = 12  # changes in the list of those that differ most
_SEQUENCES = 4  # of each kind
_HEAD, _TAIL = 900, 300  # characters of a text

Story = dict[str, Any]


def stories(facts: Facts) -> list[Story]:
    """The first records, JSON-ready but for arrays of float32."""
    found: list[Story] = []
    texts: dict[int, list[Any]] = {}
    room = _NUMBERS
    tokens = from_text(facts.space, [one["sequence"] for one in facts.labelled])
    for record in facts.records[:MOST]:
        pictures = [picture(record, tensor, name) for tensor, name in layer_names(record)]
        room -= sum(part["before"].size + part["after"].size for part in pictures)
        if room < 0 and found:
            break
        if record.example_id not in texts:
            texts |= _texts(facts, record)
        found.append(_story(facts, record, pictures, tokens) | {"texts": texts[record.example_id]})
    return found


def _story(facts: Facts, record: Record, pictures: list[Story], tokens: np.ndarray) -> Story:
    metadata, space = record.metadata, facts.space
    model = metadata["model_config"]
    stages = [stage for stage in ("degraded", "improved") if stage in metadata]
    story: Story = {
        "id": record.example_id,
        "split": record.split,
        "selected": [[name, describe(space, name)] for name in record.selected],
        "target": metadata.get("target_pattern"),
        "listed": [*map(str, metadata["classified_patterns"])] if "classified_patterns" in metadata else None,
        "network": f"{model['num_layers']} hidden layers of {model['neurons_per_layer']} neurons, "
        f"{model['activation_type']}, {model['parameter_count']:,} numbers",
        "sequences_of": f"sequences of {space.sequence_length} letters from {space.letters}",
        "accuracy": [
            [
                name,
                int(metadata["test_sequences"][name]),
                *(float(metadata[stage]["accuracy"][name]) for stage in stages),
            ]
            for name in (*record.selected, BACKGROUND)
        ],
        "layers": pictures,
        "tried": _sequences(facts, record, tokens),
    }
    if facts.mends:
        corruption = metadata["corruption_stats"]
        before, after = record.numbers
        whole = change(before, after)
        story |= {
            "fault": {key: int(corruption[key]) for key in ("corrupted_rows", "corrupted_sequences", "rows")},
            "region": str(corruption["region"]["in_words"]) if corruption["region"] else None,
            "changed": [whole.changed, whole.size, whole.distance],
            "largest": _largest(record),
        }
    return story


def _largest(record: Record) -> list[list[Any]]:
    """The changes that move a number farthest: layer, where, before, after."""
    found: list[tuple[float, list[Any]]] = []
    architecture = record.models["improved"].architecture
    for place, (tensor, name) in enumerate(layer_names(record)):
        before, after = (record.models[stage].weights[tensor] for stage in ("degraded", "improved"))
        moves = np.abs(after - before).ravel()
        for index in np.argsort(-moves, kind="stable")[:_LARGEST].tolist():
            if not moves[index]:
                break
            spot = [int(part) for part in np.unravel_index(index, before.shape)]
            first = place == 0 and architecture.input_encoding == "one_hot"
            where = _where(spot, architecture.vocab_size if first else None)
            found.append((-float(moves[index]), [name, where, float(before.flat[index]), float(after.flat[index])]))
    return [line for _, line in sorted(found, key=lambda item: item[0])[:_LARGEST]]


def _where(spot: Sequence[int], vocabulary: int | None) -> str:
    """A place in a tensor in words; of a first layer with one-hot input, the letter and its position."""
    if len(spot) == 1:
        return f"neuron {spot[0]}"
    neuron, source = spot
    if vocabulary is None:
        return f"neuron {neuron} from {source}"
    position, letter = divmod(source, vocabulary)
    return f"neuron {neuron} from {LETTERS[letter]} at {position + 1}"


def _sequences(facts: Facts, record: Record, tokens: np.ndarray) -> list[list[Any]]:
    """Some of the benchmark's sequences: [letters, the selected patterns that they satisfy, logits before and after].

    Of those the repair turns from wrong to right up to twice as many as of each other kind: of the target and right
    already, of another selected pattern, of none.
    """
    if not facts.labelled:
        return []
    stages = [stage for stage in ("degraded", "improved") if stage in record.models]
    logits = [KernelMLP(m.architecture, m.weights).logits(tokens) for m in (record.models[stage] for stage in stages)]
    satisfied = [[name for name in record.selected if name in one["patterns"]] for one in facts.labelled]
    truth, target = np.array([bool(names) for names in satisfied]), record.metadata.get("target_pattern")
    of_target = np.array([target in names for names in satisfied])
    mended = truth & (logits[0] <= 0) & (logits[-1] > 0)
    kinds = (mended, of_target & ~mended, truth & ~of_target & ~mended, ~truth)
    chosen = [
        place
        for kind, most in zip(kinds, (2 * _SEQUENCES, *[_SEQUENCES] * 3), strict=True)
        for place in _evenly(np.flatnonzero(kind).tolist(), most)
    ]
    return [
        [facts.labelled[place]["sequence"], satisfied[place], *(round(float(own[place]), 2) for own in logits)]
        for place in chosen
    ]


def _evenly(places: Sequence[int], most: int) -> Sequence[int]:
    return places[:: max(1, -(-len(places) // most))][:most]


def _texts(facts: Facts, record: Record) -> dict[int, list[Any]]:
    """[what, characters, beginning, end] of prompts and completions, by id: those of all records that stand in the
    same tables."""
    found: dict[int, list[Any]] = {}
    files: Mapping[str, Any] = facts.manifest["files"]
    for task in TASKS:
        if (name := table_file(task, record.split, record.shard)) not in files:
            continue
        for row in facts.folder.rows(name, ["example_id", "prompt", "completion"]):
            own = found.setdefault(row["example_id"], [])
            for text in ("prompt", "completion"):
                whole = row[text]
                is_short = len(whole) <= _HEAD + _TAIL
                own.append(
                    [
                        f"{task} {text}",
                        len(whole),
                        whole if is_short else whole[:_HEAD],
                        "" if is_short else whole[-_TAIL:],
                    ]
                )
    return found
