"""Training of readers that are nets."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from subject_zoo.judge.material import Networks
from subject_zoo.judge.nets.descent import batches, descend
from subject_zoo.judge.nets.run import Nets, tensors_of
from subject_zoo.judge.readers.graph import SIGHTS, GraphReader, turned_about
from subject_zoo.judge.readers.probes import ProbeReader

_BATCH = 64
_TOGETHER = 256  # that are asked of at a time
_PROBE_STEPS = 3  # of a reader of probes, for one of a graph reader's: each is a tenth of the work

Change = Callable[[dict[str, torch.Tensor]], Nets]


def _as_it_is(net: dict[str, torch.Tensor]) -> Nets:
    return net


def read(
    kind: str,
    rung: str,
    seed: int,
    training: Networks,
    labels: np.ndarray,
    test: Networks,
    vocab_size: int,
    steps: int,
) -> np.ndarray:
    """Probabilities float64 [m, P] of patterns for networks, by a reader of a `kind` ("graph" or "probes") that learns
    from n networks and bool [n, P]. Signatures are scaled by those of the training networks; probes are one-hot
    sequences of `vocab_size` letters."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    learned, asked = scaled(tensors_of(training), tensors_of(test))
    model: nn.Module
    if kind == "graph":
        model, rate = GraphReader(learned, SIGHTS[rung], labels.shape[1]), 3e-3
        may_turn = not (SIGHTS[rung].hidden_signature or SIGHTS[rung].output_signature)
    else:
        model, rate, may_turn = ProbeReader(training.first.shape[2], vocab_size, labels.shape[1]), 1e-2, False
        steps *= _PROBE_STEPS
    change: Change = (lambda net: turned_about(net, generator)) if may_turn else _as_it_is
    learn(model, learned, torch.from_numpy(labels.astype(np.float32)), rate, steps, change, generator)
    return probabilities(model, asked)


def learn(
    model: nn.Module,
    networks: dict[str, torch.Tensor],
    labels: torch.Tensor,
    rate: float,
    steps: int,
    change: Change,
    generator: torch.Generator,
) -> None:
    """AdamW (Loshchilov & Hutter 2019) with one cycle of the rate (Smith & Topin 2018), on mini-batches; `change` makes
    of each what the model takes."""
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    size = min(_BATCH, math.ceil(len(labels) / 2))
    for chosen in batches(len(labels), size, steps, generator):
        batch = change({name: tensor[chosen] for name, tensor in networks.items()})
        loss = functional.binary_cross_entropy_with_logits(model(batch), labels[chosen])
        descend(loss, model, optimizer, schedule)


def probabilities(model: nn.Module, asked: Nets, change: Change = _as_it_is) -> np.ndarray:
    """Those that a model whose answers are logits [b, L] gives, float64 [n, L], of n rows of tensors by name; `change`
    as for `learn`."""
    model.eval()
    rows = torch.arange(len(next(iter(asked.values()))))
    with torch.no_grad():
        parts = [
            model(change({name: tensor[chosen] for name, tensor in asked.items()})).sigmoid()
            for chosen in torch.split(rows, _TOGETHER)
        ]
    return torch.cat(parts).double().numpy()


def scaled(
    learned: dict[str, torch.Tensor], asked: dict[str, torch.Tensor]
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Signatures with mean 0 and deviation 1 over the training networks' neurons."""
    real = learned["is_real"] > 0
    for name, values in (
        ("hidden_signature", learned["hidden_signature"][real]),
        ("output_signature", learned["output_signature"]),
    ):
        if not values.numel():  # signatures that leave the output neuron out
            continue
        mean, deviation = values.mean(0), values.std(0).clamp_min(1e-6)
        for net in (learned, asked):
            net[name] = (net[name] - mean) / deviation
            if name == "hidden_signature":
                net[name] = net[name] * net["is_real"][..., None]
    return learned, asked
