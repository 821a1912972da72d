"""Learning to repair: what a changed network answers is held against what it should, and its change kept short."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from subject_zoo.chain import sample_dataset
from subject_zoo.judge.cases import Case
from subject_zoo.judge.material import Networks, stack_networks, weights_of
from subject_zoo.judge.nets.descent import batches, descend
from subject_zoo.judge.nets.repair import CHANGED, PROBES, RepairNet, changed, lengths
from subject_zoo.judge.nets.run import run, tensors_of
from subject_zoo.networks.architecture import Architecture
from subject_zoo.networks.encoding import encode
from subject_zoo.networks.model import Weights
from subject_zoo.project import Project

SEQUENCES = 768  # kept of each record's dataset
IN_A_STEP = 96  # of these, in a step

_BATCH = 32
_RATE = 2e-3
_WARMING = 100  # steps
_FREE = 1.2  # times the recorded repair's length that a change may have at no cost
_COST = 0.05


@dataclass(frozen=True)
class Lessons:
    """What is learned from, n records.

    networks      the degraded ones
    lengths       float32 [n], of the recorded changes, L2
    targets       int64 [n], places among the enabled patterns
    tokens        uint8 [n, SEQUENCES, T], of what the record's networks were trained on: a third the target's, a sixth
                  other patterns', if there are any, and the rest negatives
    labels        bool [n, SEQUENCES]
    architecture  of one of them: all read sequences alike
    """

    networks: Networks
    lengths: np.ndarray
    targets: np.ndarray
    tokens: np.ndarray
    labels: np.ndarray
    architecture: Architecture

    @classmethod
    def of(cls, cases: Sequence[Case], project: Project, depth: int, width: int) -> "Lessons":
        """The lessons of records, for networks of at most `depth` layers of `width`."""
        shown = [_sequences(case, project) for case in cases]
        return cls(
            degraded_networks(cases, depth, width),
            np.array([_length(case) for case in cases], np.float32),
            _targets(cases, project),
            np.stack([tokens for tokens, _ in shown]),
            np.stack([labels for _, labels in shown]),
            cases[0].degraded.architecture,
        )

    def __len__(self) -> int:
        return len(self.targets)


def degraded_networks(cases: Sequence[Case], depth: int, width: int) -> Networks:
    """The degraded networks of records, without signatures, for at most `depth` layers of `width`."""
    return stack_networks([case.degraded for case in cases], None, depth, width)


def learn(lessons: Lessons, patterns: int, seed: int, steps: int) -> RepairNet:
    """A repair net after so many steps of AdamW, whose rate is warmed up and then falls by half a cosine.

    The loss is the cross-entropy of the changed networks on a record's sequences, and _COST times the square of what
    a change is longer than _FREE recorded repairs: unlimited ones would write a new network over the old one.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    nets = tensors_of(lessons.networks)
    targets, recorded = torch.from_numpy(lessons.targets), torch.from_numpy(lessons.lengths)
    model = RepairNet(nets, _letters(lessons.architecture), patterns)
    _begin(model, lessons, generator)
    optimizer = torch.optim.AdamW(model.parameters(), _RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    for chosen in batches(len(lessons), min(_BATCH, len(lessons)), steps, generator):
        net = {name: tensor[chosen] for name, tensor in nets.items()}
        with torch.autocast("cpu", torch.bfloat16, enabled=_has_bfloat16()):
            change = {name: value.float() for name, value in model(net, targets[chosen]).items()}
        values, labels = _shown(lessons, chosen.numpy(), generator)
        logits, _ = run(changed(net, change), values)
        too_long = functional.relu(lengths(change) / recorded[chosen] - _FREE)
        loss = functional.binary_cross_entropy_with_logits(logits, labels) + _COST * (too_long**2).mean()
        descend(loss, model, optimizer, schedule)
    return model.eval()


def mended(model: RepairNet, cases: Sequence[Case], project: Project, depth: int, width: int) -> Iterator[Weights]:
    """The weights that a net gives for the degraded networks, in the order of the cases; sizes as in `Lessons.of`."""
    for start in range(0, len(cases), _BATCH):
        part = cases[start : start + _BATCH]
        net = tensors_of(degraded_networks(part, depth, width))
        with torch.no_grad():
            after = changed(net, model(net, torch.from_numpy(_targets(part, project))))
        arrays = {name: after[name].numpy() for name in CHANGED}
        for row, case in enumerate(part):
            yield weights_of({name: array[row] for name, array in arrays.items()}, case.degraded.architecture)


def _length(case: Case) -> float:
    """Of the recorded change, L2."""
    changes = (case.improved.weights[key] - array for key, array in case.degraded.weights.items())
    return math.sqrt(sum(float((change**2).sum()) for change in changes))


def _targets(cases: Sequence[Case], project: Project) -> np.ndarray:
    names = project.config["patterns"]["enabled"]
    return np.array([names.index(case.target) for case in cases])


def _sequences(case: Case, project: Project) -> tuple[np.ndarray, np.ndarray]:
    _, dataset = sample_dataset(project, [case.example_id])[case.example_id]
    is_target = dataset.owners == project.config["patterns"]["enabled"].index(case.target)
    parts = [np.flatnonzero(rows) for rows in (is_target, dataset.labels & ~is_target, ~dataset.labels)]
    of_others = SEQUENCES // 6 if len(parts[1]) else 0
    counts = [SEQUENCES // 3, of_others, SEQUENCES - SEQUENCES // 3 - of_others]
    draw = np.random.default_rng(case.example_id)
    rows = np.concatenate([draw.choice(part, count) for part, count in zip(parts, counts, strict=True) if count])
    return dataset.tokens[rows], dataset.labels[rows]


def _shown(lessons: Lessons, chosen: np.ndarray, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the chosen records' sequences IN_A_STEP, as inputs float32 [b, s, I], and their labels float32 [b, s]; a third
    are the target's."""
    of_target = SEQUENCES // 3
    places = torch.cat(
        [
            torch.randperm(of_target, generator=generator)[: IN_A_STEP // 3],
            of_target + torch.randperm(SEQUENCES - of_target, generator=generator)[: IN_A_STEP - IN_A_STEP // 3],
        ]
    ).numpy()
    rows = chosen[:, None]
    values = encode(lessons.tokens[rows, places], lessons.architecture)
    return torch.from_numpy(values), torch.from_numpy(lessons.labels[rows, places].astype(np.float32))


def _begin(model: RepairNet, lessons: Lessons, generator: torch.Generator) -> None:
    """Let each pattern's probes begin as sequences of lessons that have it as their target, half of them the target's;
    those of patterns that are no lesson's target stay as they are."""
    of_target = SEQUENCES // 3
    for pattern in np.unique(lessons.targets):
        known = np.flatnonzero(lessons.targets == pattern)
        rows = known[torch.randint(len(known), (PROBES,), generator=generator).numpy()]
        places = torch.cat(
            [
                torch.randint(of_target, (PROBES // 2,), generator=generator),
                torch.randint(of_target, SEQUENCES, (PROBES - PROBES // 2,), generator=generator),
            ]
        ).numpy()
        values = encode(lessons.tokens[rows, places], lessons.architecture)
        model.probes.begin(int(pattern), torch.from_numpy(values))


def _has_bfloat16() -> bool:
    """Whether the processor multiplies matrices of them: two thirds of the time."""
    can = torch.cpu.get_capabilities()
    return any(can.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def _letters(architecture: Architecture) -> int:
    """Inputs that a letter takes."""
    return architecture.input_size // architecture.sequence_length


def _rate(step: int, steps: int) -> float:
    """In units of _RATE."""
    return min(1.0, step / _WARMING) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
