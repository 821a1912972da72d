"""A reader of networks that is asked whether one does poorly on a pattern, and at which positions its fault lies."""

from collections.abc import Mapping

import numpy as np
import torch

from subject_zoo.judge.nets.encoder import Sight
from subject_zoo.judge.nets.run import tensors_of
from subject_zoo.judge.questions import Questions
from subject_zoo.judge.readers.graph import GraphReader, turned_about
from subject_zoo.judge.readers.learning import learn, scaled

_RATE = 3e-3
_TOGETHER = 256  # questions

SIGHTS = {
    "hidden_signature": Sight(weights=False, hidden_signature=True),
    "shuffled_labels": Sight(weights=True, probes=64),
    "weights": Sight(weights=True, probes=64),
}


def read(
    rung: str, seed: int, training: Questions, labels: np.ndarray, test: Questions, vocab_size: int, steps: int
) -> np.ndarray:
    """Probabilities float64 [m, 1 + T] of what is asked in m questions, by a net that learns from q with labels bool
    [q, 1 + T]."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    learned, tested = scaled(tensors_of(training.networks), tensors_of(test.networks))
    sight, asked = SIGHTS[rung], _tensors(test)
    model = GraphReader({**learned, "asked": asked["asked"]}, sight, vocab_size, labels.shape[1])

    def changed(questions: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        net = _put(learned, questions)
        return net if sight.hidden_signature else turned_about(net, generator)

    learn(model, _tensors(training), torch.from_numpy(labels.astype(np.float32)), _RATE, steps, changed, generator)
    model.eval()
    with torch.no_grad():
        parts = [
            model(_put(tested, {name: tensor[rows] for name, tensor in asked.items()})).sigmoid()
            for rows in torch.split(torch.arange(len(test.of)), _TOGETHER)
        ]
    return torch.cat(parts).double().numpy()


def _tensors(questions: Questions) -> dict[str, torch.Tensor]:
    return {"of": torch.from_numpy(questions.of), "asked": torch.from_numpy(questions.asked)}


def _put(networks: Mapping[str, torch.Tensor], questions: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The networks of questions, each with what is asked of it."""
    net = {name: tensor[questions["of"]] for name, tensor in networks.items()}
    return {**net, "asked": questions["asked"]}
