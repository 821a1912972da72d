"""What a repair takes that sees true labels: steps of Adam on each degraded network's own dataset."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.nn import functional

from subject_zoo.chain import sample_dataset
from subject_zoo.judge.cases import Case
from subject_zoo.judge.material import weights_of
from subject_zoo.judge.nets.repair import CHANGED, changed, weights_there
from subject_zoo.judge.nets.repairing import degraded_networks
from subject_zoo.judge.nets.run import run, tensors_of
from subject_zoo.networks.encoding import encode
from subject_zoo.networks.model import Weights
from subject_zoo.project import Project

RATE = 0.02  # falls to 0 in a straight line
SEQUENCES = 128  # in a step
TOGETHER = 50  # networks


def fine_tuned(cases: Sequence[Case], project: Project, steps: int) -> Iterator[Weights]:
    """The degraded networks' weights after so many steps of Adam on true labels, in the order of the cases."""
    for start in range(0, len(cases), TOGETHER):
        yield from _tuned(cases[start : start + TOGETHER], project, steps)


def _tuned(cases: Sequence[Case], project: Project, steps: int) -> Iterator[Weights]:
    model, draw = project.config["model"], np.random.default_rng(cases[0].example_id)
    net = tensors_of(degraded_networks(cases, model["num_layers"][1], model["neurons_per_layer"][1]))
    made = sample_dataset(project, [case.example_id for case in cases])
    datasets = [made[case.example_id][1] for case in cases]
    architecture = cases[0].degraded.architecture
    is_there = weights_there(net)
    change = {name: torch.zeros_like(net[name], requires_grad=True) for name in CHANGED}
    optimizer = torch.optim.Adam(change.values(), RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(steps):
        rows = [draw.integers(len(dataset.tokens), size=SEQUENCES) for dataset in datasets]
        tokens = np.stack([dataset.tokens[chosen] for dataset, chosen in zip(datasets, rows, strict=True)])
        labels = np.stack([dataset.labels[chosen] for dataset, chosen in zip(datasets, rows, strict=True)])
        after = changed(net, {name: tensor * is_there[name] for name, tensor in change.items()})
        logits, _ = run(after, torch.from_numpy(encode(tokens, architecture)))
        wanted = torch.from_numpy(labels.astype(np.float32))
        loss = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum") / SEQUENCES
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    arrays = {name: (net[name] + change[name].detach()).numpy() for name in CHANGED}
    for row, case in enumerate(cases):
        yield weights_of({name: array[row] for name, array in arrays.items()}, case.degraded.architecture)
