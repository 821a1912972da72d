"""One subject model's training as most people would write it: torch's layers, its gradients, its SGD with momentum.

Networks made so are another maker's. Whether an interpreter of the kernel's networks reads them tells what it learned
of networks, and what only of their maker. Their bits are those of torch's build and of the processor.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from subject_zoo.networks.encoding import encode
from subject_zoo.networks.torch_module import SubjectModel
from subject_zoo.training.progress import EarlyStopping
from subject_zoo.training.rates import rate_factors
from subject_zoo.training.restraint import Restraint
from subject_zoo.training.task import TrainedModel, TrainingTask

MOMENTUM = 0.9


def train_in_torch(
    task: TrainingTask,
    training: Mapping[str, Any],
    epochs: int,
    rate_scale: float = 1.0,
    restraint: Restraint | None = None,
    device: str = "cpu",
) -> TrainedModel:
    """Train one model for at most `epochs`, its learning rate times `rate_scale`; `training` as in the config. Where a
    restraint is given, the best epoch is one of those after its own. Torch is set to one thread."""
    torch.set_num_threads(1)  # jobs share the cores already
    with torch.random.fork_rng():  # layers and dropout draw from torch's own generator
        torch.manual_seed(int(task.dropout.integers(2**63)))
        return _train(task, training, epochs, rate_scale, restraint, device)


def _train(
    task: TrainingTask,
    training: Mapping[str, Any],
    epochs: int,
    rate_scale: float,
    restraint: Restraint | None,
    device: str,
) -> TrainedModel:
    model = SubjectModel(task.architecture, task.weights).to(device)
    inputs = torch.from_numpy(encode(task.tokens, task.architecture)).to(device)
    labels = torch.from_numpy(task.labels).float().to(device)
    held = torch.from_numpy(task.is_validation).to(device)
    learned, learned_labels, asked, asked_labels = inputs[~held], labels[~held], inputs[held], labels[held]

    batches = range(0, len(learned), training["batch_size"])
    rate = task.learning_rate * rate_scale
    rates = iter([rate * factor for factor in rate_factors(training["lr_schedule"], epochs * len(batches))])
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=MOMENTUM)
    held_back = _HeldBack(model, restraint) if restraint else None
    progress = EarlyStopping(training["early_stopping_patience"], restraint.epochs if restraint else 0)
    losses, best = np.zeros(epochs), _numbers(model)
    for epoch in range(epochs):
        if held_back:
            held_back.begin(epoch)
        order = torch.from_numpy(task.batches.permutation(len(learned))).to(device)
        model.train()
        for chosen in torch.split(order, training["batch_size"]):
            optimizer.param_groups[0]["lr"] = step = next(rates)
            loss = binary_cross_entropy_with_logits(model.network(learned[chosen]).squeeze(-1), learned_labels[chosen])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            losses[epoch] += loss.item() / len(batches)
            if held_back:
                held_back.step(step)
        if progress.update(*_measured(model, asked, asked_labels)):
            best = _numbers(model)
        if progress.stopped:
            break
    vector_to_parameters(best, model.parameters())
    weights = {name: tensor.cpu().numpy() for name, tensor in model.state_dict().items()}
    return TrainedModel(task.example_id, task.architecture, weights, progress.curves(losses), progress.best_epoch)


def _measured(model: SubjectModel, inputs: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Loss and accuracy on rows float32 [n, I] with labels float32 [n], without dropout."""
    model.eval()
    with torch.no_grad():
        logits = model.network(inputs).squeeze(-1)
        loss = binary_cross_entropy_with_logits(logits, labels)
    return loss.item(), ((logits > 0) == (labels > 0)).float().mean().item()


def _numbers(model: SubjectModel) -> torch.Tensor:
    """All of a model's weights, float32 [P]."""
    return parameters_to_vector(model.parameters()).detach()


class _HeldBack:
    """A model whose steps each end with a proximal one, towards where it started, by a restraint."""

    def __init__(self, model: SubjectModel, restraint: Restraint) -> None:
        self.model, self.restraint = model, restraint
        self.start = _numbers(model)
        self.penalties = torch.from_numpy(restraint.penalties(self.start.cpu().numpy())).to(self.start.device)

    def begin(self, epoch: int) -> None:
        """Before an epoch: after those with the penalty, the weights that changed most are let go, the others put
        back."""
        if epoch == self.restraint.epochs:
            change = (_numbers(self.model) - self.start).cpu().numpy()
            self.penalties = torch.from_numpy(self.restraint.penalties_after(change, len(change))).to(self.start.device)
            self.step(1.0)

    def step(self, rate: float) -> None:
        """After a step at a rate: each change becomes less in size, by its penalty times the rate."""
        change = _numbers(self.model) - self.start
        left = (change.abs() - self.penalties * rate).clamp_min(0.0) * change.sign()
        vector_to_parameters(self.start + left, self.model.parameters())
