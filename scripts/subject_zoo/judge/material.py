"""What the ladder is built from: accepted examples of a configuration, made by the chain, and networks as arrays."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

import numpy as np

from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.chain import MadeExamples, make_examples
from subject_zoo.dataset.splits import split_of, traits_of
from subject_zoo.examples.plan import ExamplePlan
from subject_zoo.judge.cases import Case
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.model import StoredModel, Weights
from subject_zoo.project import Project
from subject_zoo.records.diagnosis import Diagnosis, diagnosis_columns

_TOGETHER = 60  # candidates that a thread makes at a time
_THREADS = 2  # kernels let go of Python's lock
_HELD_OUT = 0.2  # of all combinations of patterns


@dataclass(frozen=True)
class Accepted:
    """An accepted example: its case, its learning rate, and its models' signatures by stage, float32 [neurons, F].

    `fault` is the degraded model's, whichever a diagnosis shows; None where none is asked for.
    """

    case: Case
    learning_rate: float
    signatures: Mapping[str, np.ndarray]
    fault: Diagnosis | None = None


def accepted_examples(config: Mapping[str, Any], probes_file: Path | None, first: int = 0) -> Iterator[Accepted]:
    """The accepted examples of a configuration from an id on, in id order, as the pipeline makes them, without end."""
    idle: SimpleQueue[Project] = SimpleQueue()
    for _ in range(_THREADS):  # an extractor keeps its memory, so each thread has a project of its own
        idle.put(Project(dict(config), probes_file=probes_file))

    def make(start: int) -> MadeExamples:
        project = idle.get()
        try:
            return make_examples(project, range(start, start + _TOGETHER))
        finally:
            idle.put(project)

    with ThreadPoolExecutor(_THREADS) as pool:
        starts = count(first, _TOGETHER)
        waiting = [pool.submit(make, start) for start in islice(starts, 2 * _THREADS)]
        try:
            while True:
                yield from _of(waiting.pop(0).result())
                waiting.append(pool.submit(make, next(starts)))
        finally:
            for future in waiting:
                future.cancel()


def _of(made: MadeExamples) -> Iterator[Accepted]:
    for example_id, signatures in made.signatures.items():
        plan, verdict = made.examples[example_id][0], made.verdicts[example_id]
        _, fault = _diagnoses(plan, verdict)
        yield Accepted(case_of(made, example_id), plan.learning_rate, signatures, fault)


def case_of(made: MadeExamples, example_id: int) -> Case:
    """The case of an accepted example, as it would be read from a dataset that has it."""
    plan, verdict = made.examples[example_id][0], made.verdicts[example_id]
    shown, _ = _diagnoses(plan, verdict)
    return Case(
        example_id=example_id,
        selected_patterns=plan.selected_patterns,
        target_pattern=plan.target_pattern,
        degraded=made.degraded[example_id],
        improved=made.improved[example_id],
        listed_patterns=frozenset(verdict.get("classified_patterns", ())),
        diagnosis=shown,
    )


def _diagnoses(plan: ExamplePlan, verdict: Mapping[str, Any]) -> tuple[Diagnosis | None, Diagnosis | None]:
    """Those of the network that a diagnosis shows and of the degraded one, if a diagnosis is asked for."""
    if "diagnosis" not in verdict:
        return None, None
    measured = verdict["diagnosis"]
    shown, fault = (
        Diagnosis.of_columns(diagnosis_columns({**measured, "poor_pattern": poor}), plan.architecture.vocab_size)
        for poor in (measured["poor_pattern"], plan.target_pattern)
    )
    return shown, fault


def is_held_out_combination(case: Case, seed: int) -> bool:
    """Whether a case's combination of patterns is of those that no training record has, _HELD_OUT of all, by a hash."""
    traits = traits_of(case.selected_patterns, case.improved.architecture.to_dict())
    return split_of(seed, case.example_id, traits, "combination", None, validation=0.0, test=_HELD_OUT) == "test"


@dataclass(frozen=True)
class Networks:
    """n networks of one project, padded with zeros to a depth D and a width W.

    first    float32 [n, W, I]         weights of the first hidden layer
    between  float32 [n, D, W, W]      weights from hidden layer l - 1 to l; zeros at l = 0
    last     float32 [n, D, W]         weights to the output, in the row of the last hidden layer
    biases   float32 [n, D, W]; output_bias float32 [n]
    is_real  bool [n, D, W]            which neurons there are
    form     float32 [n, 5 + D]        activation and depth, one-hot
    hidden_signature  float32 [n, D, W, F]; output_signature float32 [n, F], or [n, 0] where it has none
    """

    first: np.ndarray
    between: np.ndarray
    last: np.ndarray
    biases: np.ndarray
    output_bias: np.ndarray
    is_real: np.ndarray
    form: np.ndarray
    hidden_signature: np.ndarray
    output_signature: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def rows(self, chosen: np.ndarray) -> Self:
        """The networks of some rows."""
        return type(self)(**{name: array[chosen] for name, array in vars(self).items()})


def stack_networks(
    models: Sequence[StoredModel], signatures: Sequence[np.ndarray] | None, depth: int, width: int
) -> Networks:
    """Networks and their signatures, float32 [neurons, F], as arrays for at most `depth` layers of `width`.

    Signatures have the output neuron's row last, all of them or none; where there are no signatures, F is 0.
    """
    if signatures is None:
        signatures = [np.zeros((_hidden_neurons(model), 0), np.float32) for model in models]
    pairs = list(zip(models, signatures, strict=True))
    count_, inputs, features = len(models), models[0].architecture.input_size, signatures[0].shape[1]
    first = np.zeros((count_, width, inputs), np.float32)
    between = np.zeros((count_, depth, width, width), np.float32)
    last, biases = (np.zeros((count_, depth, width), np.float32) for _ in range(2))
    output_bias, form = np.zeros(count_, np.float32), np.zeros((count_, len(ACTIVATIONS) + depth), np.float32)
    is_real = np.zeros((count_, depth, width), bool)
    hidden = np.zeros((count_, depth, width, features), np.float32)
    output = np.stack([signature[_hidden_neurons(model) :].ravel() for model, signature in pairs])
    for row, (model, signature) in enumerate(pairs):
        a, names = model.architecture, model.architecture.linear_names
        layers, neurons = a.num_layers, a.neurons_per_layer
        form[row, [ACTIVATIONS.index(a.activation_type), len(ACTIVATIONS) + layers - 1]] = 1
        first[row, :neurons] = model.weights[f"{names[0]}.weight"]
        for layer in range(layers):
            biases[row, layer, :neurons] = model.weights[f"{names[layer]}.bias"]
            is_real[row, layer, :neurons] = True
            if layer:
                between[row, layer, :neurons, :neurons] = model.weights[f"{names[layer]}.weight"]
        last[row, layers - 1, :neurons] = model.weights[f"{names[-1]}.weight"][0]
        output_bias[row] = model.weights[f"{names[-1]}.bias"][0]
        hidden[row, :layers, :neurons] = signature[: _hidden_neurons(model)].reshape(layers, neurons, features)
    return Networks(first, between, last, biases, output_bias, is_real, form, hidden, output)


def weights_of(arrays: Mapping[str, np.ndarray], architecture: Architecture) -> Weights:
    """The weights of one network out of those of its arrays that hold weights: `stack_networks`, backwards."""
    neurons, names = architecture.neurons_per_layer, architecture.linear_names
    weights = {f"{names[0]}.weight": arrays["first"][:neurons]}
    for layer in range(architecture.num_layers):
        if layer:
            weights[f"{names[layer]}.weight"] = arrays["between"][layer, :neurons, :neurons]
        weights[f"{names[layer]}.bias"] = arrays["biases"][layer, :neurons]
    weights[f"{names[-1]}.weight"] = arrays["last"][None, architecture.num_layers - 1, :neurons]
    weights[f"{names[-1]}.bias"] = arrays["output_bias"].reshape(1)
    return {name: np.ascontiguousarray(array) for name, array in weights.items()}


def _hidden_neurons(model: StoredModel) -> int:
    return model.architecture.num_layers * model.architecture.neurons_per_layer


def metadata_of(accepted: Accepted) -> list[float]:
    """What a record says of itself beside weights and signature, as numbers."""
    a: Architecture = accepted.case.improved.architecture
    kind = [float(a.activation_type == name) for name in ACTIVATIONS]
    return [*kind, a.num_layers, a.neurons_per_layer, a.parameter_count, accepted.learning_rate]
