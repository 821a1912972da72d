"""What is said of a finished dataset to who asks whether it may be used: croissant.json and DATASHEET.md say the same.

Each is a list of sentences, with figures of the run's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from subject_zoo.base.lines import counted, span_in_words
from subject_zoo.base.terms import CLAIMED_RATE, SOUND_RATE
from subject_zoo.config.tasks import tasks_of
from subject_zoo.dataset.parts import Part, code_in_words, seeds_of
from subject_zoo.dataset.splits import splits_in_words
from subject_zoo.signatures.leaks import given_away

_TASKS = {
    "modification": "to write better weights for a network that does poorly on one pattern",
    "classification": "to say which patterns a network classifies as positive",
    "diagnosis": "to say which of its patterns a network does poorly on, and on which of their sequences",
}
_USE_OF_CONTROL = (
    "To tell what a language model reads of a network from what it guesses: one that was trained on prompts of true "
    "networks is asked here, where each shows another record's."
)


@dataclass(frozen=True)
class Statements:
    """Sentences by what they are about."""

    purpose: str
    summary: str
    collection: tuple[str, ...]
    preprocessing: tuple[str, ...]
    labels: tuple[str, ...]
    uses: tuple[str, ...]
    misuses: tuple[str, ...]
    limitations: tuple[str, ...]
    biases: tuple[str, ...]
    personal: str
    social_impact: str
    maintenance: str
    sources: str
    activity: str
    repeatable: str
    citation: str


def statements(
    config: Mapping[str, Any],
    digests: Mapping[str, str],
    environment: Mapping[str, str],
    rows: Mapping[str, int],
    validity: Mapping[str, Any],
    parts: Sequence[Part] = (),
) -> Statements:
    """Of a dataset with this configuration and these figures (validity.json); `parts` are those of a merged one."""
    mends, funnel = config["task_generation"]["include_modification"], validity["funnel"]
    numbers = " and ".join(map(str, seeds_of(config, parts)))
    seeds = f"the seeds {numbers}" if parts else f"seed {numbers}"
    tasks = tasks_of(config["task_generation"])
    splits = ", ".join(f"{count} {split}" for split, count in rows.items())
    is_control = config["format"]["shuffle"] != "none"
    purpose = "a control" if is_control else "training data"
    machine = ", and the machine that trained" if "torch" in environment else ""
    there = " and ".join(f"{name} {version}" for name, version in environment.items())
    code = code_in_words(digests, parts)
    return Statements(
        purpose=purpose,
        summary=(
            f"{counted(sum(rows.values()), 'small neural network')}"
            f"{', each degraded and mended,' if mends else ''} trained to recognise letter patterns, with what was "
            f"measured of them, as {purpose} for interpreter models ({splits})."
        ),
        collection=tuple(_collection(config, funnel, seeds, mends)),
        preprocessing=tuple(_preprocessing(config)),
        labels=tuple(_labels(tasks)),
        uses=(
            _USE_OF_CONTROL
            if is_control
            else f"To train and judge language models that read a network's weights and activations, "
            f"{', or '.join(_TASKS[task] for task in tasks)}.",
            "To learn from weights themselves: each network stands in it exactly, with its figures.",
        ),
        misuses=tuple(_misuses(config)),
        limitations=tuple(_limitations(config, validity, mends)),
        biases=tuple(_biases(config, validity, mends)),
        personal=(
            "None. All sequences are letters that a generator drew; nothing in it is of, from or about a person."
        ),
        social_impact=(
            "Nobody is described by it. It serves research on making the insides of networks readable; who can learn "
            "from it to mend a small network could learn to damage one as well."
        ),
        maintenance=(
            f"It does not change: its bytes follow from code {code}, configuration {digests['config_sha256'][:12]} and "
            f"{seeds}{machine}. More records, or a correction, make another dataset, with another digest; on the Hub "
            "each finished one has a tag, v and its digest's first characters. Who published it answers for it."
        ),
        sources="No other dataset: everything was made by the program, from the seed.",
        activity=f"Subject Zoo, code {code}, on {there}",
        repeatable=(
            "The same code, configuration and seed give the same bytes"
            f"{' where torch trains on a machine of the kind' if 'torch' in environment else ''}."
        ),
        citation=(
            "@misc{subject_zoo, title = {Subject Zoo: small neural networks, as training data for interpreter models}, "
            f"note = {{configuration {digests['config_sha256'][:12]}, code {code}, {seeds}}}}}"
        ),
    )


def _misuses(config: Mapping[str, Any]) -> Iterator[str]:
    yield "To conclude from an interpreter's success here that it understands, or audits, a network of another kind."
    if config["format"]["shuffle"] != "none":
        yield "To train an interpreter: this is a control, whose prompts show other records' networks."


def _collection(config: Mapping[str, Any], funnel: Mapping[str, Any], seeds: str, mends: bool) -> Iterator[str]:
    dataset = config["dataset"]
    yield (
        f"A program made it, from {seeds}: candidates are numbered, and each one's patterns, architecture, "
        f"{dataset['num_sequences']:,} sequences and first weights are drawn from the seed and its number."
    )
    if dataset["twins"]:
        yield "Candidates 2k and 2k + 1 are twins: one start, and one dataset but for one pattern."
    if mends:
        yield (
            f"A network was trained with flipped labels of {dataset['corruption_rate']:.0%} of the sequences of one of "
            f"its patterns, and from there with {config['training']['improvement_data']} labels."
        )
    if config["training"]["maker"] == "torch":
        yield "A plain loop of torch's trained the networks, by SGD with momentum."
    left_out = "" if config["format"]["shuffle"] == "none" else " but for the first of each split"
    yield (
        f"Of {counted(funnel['candidates'], 'candidate')}, {funnel['accepted']:,} passed all gates and are in it, the "
        f"first ones that do{left_out}, in the order of their numbers: no sample of a larger whole."
    )


def _preprocessing(config: Mapping[str, Any]) -> Iterator[str]:
    quantization, decimals = config["training"]["quantization"], config["model"]["weight_decimals"]
    rounded = "as shortest texts" if decimals is None else f"to {counted(decimals, 'decimal')} where they are below 10"
    quantized = "" if quantization == "none" else f"quantized ({quantization}), "
    yield (
        f"Weights were {quantized}rounded to {config['model']['precision']} and written {rounded}; all that is said of "
        "a network was measured after that."
    )
    yield splits_in_words(**config["splits"])


def _labels(tasks: Sequence[str]) -> Iterator[str]:
    yield "Nobody labelled anything: every label is measured, by running the networks."
    if "classification" in tasks:
        yield (
            f"A network classifies a pattern as positive where it calls at least {CLAIMED_RATE:.0%} of the test "
            "sequences that satisfy it positive."
        )
    if "diagnosis" in tasks:
        yield (
            f"A network does poorly on a pattern where it calls less than {SOUND_RATE:.0%} of the test sequences that "
            "belong to it positive; where its fault lies was looked for among the pattern's sequences."
        )
    if "modification" in tasks:
        yield "A modification's answer is the network that training made, which passed the gates: one answer of many."


def _limitations(config: Mapping[str, Any], validity: Mapping[str, Any], mends: bool) -> Iterator[str]:
    model, patterns, by_pattern = config["model"], config["patterns"], validity["by_pattern"]
    yield (
        f"Networks are multilayer perceptrons of {span_in_words(model['num_layers'])} hidden layers of "
        f"{span_in_words(model['neurons_per_layer'])} neurons, that read {patterns['sequence_length']} letters of an "
        f"alphabet of {patterns['vocab_size']}: what an interpreter learns of them says little of large models."
    )
    yield f"The {len(by_pattern)} patterns are defined by hand, and some imply others."
    if shared := [name for name, row in by_pattern.items() if row["held_out"] is False]:
        yield f"Tested on what they were trained on, since they have few sequences: {', '.join(shared)}."
    yield _precision(validity["exact"])
    if mends:
        yield "Faults are of one kind: flipped labels of one pattern."
        yield (
            f"Degraded networks fall short of an accuracy of {validity['beside_the_target']['min_accuracy']:g} on "
            f"something besides their target in {validity['beside_the_target']['degraded_below']:.1%} of the records."
        )
    if validity["duplicates"]:
        yield f"Records that hold the network of another one: {validity['duplicates']:,}."
    if leak := given_away(config):
        yield f"The answer is given away: {leak}."


def _precision(exact: Mapping[str, Any] | None) -> str:
    if exact is None or exact["precision"] is None:
        return (
            "Accuracies are of balanced test sequences; among all sequences positives are rare, and how precise a "
            "network is there was not measured."
        )
    return (
        f"Accuracies are of balanced test sequences; over all {exact['sequences']:,} sequences a network's precision "
        f"has a median of {exact['precision']['median']:.3f}, and for a tenth is below {exact['precision']['p10']:.3f}."
    )


def _biases(config: Mapping[str, Any], validity: Mapping[str, Any], mends: bool) -> Iterator[str]:
    funnel = validity["funnel"]
    failed = {gate: count for gate, count in funnel["fail_gate"].items() if count}
    if failed:
        why = ", ".join(f"{gate} {count:,}" for gate, count in sorted(failed.items(), key=lambda item: -item[1]))
        others = "" if config["format"]["shuffle"] == "none" else ", and the first of each split"
        yield (
            f"{1 - funnel['acceptance']:.1%} of the candidates are not in it, those that failed a gate ({why}; one can "
            f"fail several){others}: it shows networks for which training went well."
        )
    key = "acceptance_as_target" if mends else "acceptance_as_selected"
    shares = {name: row[key] for name, row in validity["by_pattern"].items() if row[key] is not None}
    if len(shares) > 1:
        rare, common = (of(shares, key=lambda name: shares[name]) for of in (min, max))
        yield (
            f"Harder patterns are rarer: with {rare} as {'target' if mends else 'a selected pattern'} "
            f"{shares[rare]:.1%} of the candidates passed, with {common} {shares[common]:.1%}."
        )
    if (implied := validity["implied"]) is not None:
        yield (
            f"Answers list {implied['mean_listed']:.1f} patterns on average where {implied['mean_selected']:.1f} were "
            "trained, since patterns imply one another."
        )
    positive = 1 - config["dataset"]["negative_ratio"]
    yield f"Positive are {positive:.0%} of the sequences trained on, half of the test's weight, few of all there are."
