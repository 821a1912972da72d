"""A reader of networks that is asked whether one does poorly on a pattern, and at which positions its fault lies."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from subject_zoo.judge.nets.encoder import Sight, States
from subject_zoo.judge.nets.probes import Probes
from subject_zoo.judge.nets.replies import Replies
from subject_zoo.judge.nets.run import Nets, responses, tensors_of
from subject_zoo.judge.questions import Questions
from subject_zoo.judge.readers.graph import GraphReader, turned_about
from subject_zoo.judge.readers.learning import learn, probabilities, scaled

_RATE = 3e-3
_PROBES = 64  # of each pattern
_SIZE = 48

SIGHTS = {
    "hidden_signature": Sight(weights=False, hidden_signature=True),
    "shuffled_labels": Sight(weights=True),
    "weights": Sight(weights=True),
}


class FaultReader(nn.Module):
    """Logits [b, L] of what is to be told of each network, of which `asked` [b, 2 P] asks: about one of P patterns, its
    place first, then all that the network was made for. Who sees weights sees what the pattern's own probes call forth,
    too."""

    def __init__(self, example: Nets, sight: Sight, vocabulary: int, told: int):
        super().__init__()
        self.patterns = example["asked"].shape[1] // 2
        self.hidden, self.inputs, self.output = (
            nn.Linear(2 * self.patterns, size, bias=False) for size in (2 * _SIZE, _SIZE, _SIZE)
        )
        if sight.weights:
            self.probes = Probes(_PROBES, example["first"].shape[2], vocabulary, self.patterns)
            self.replies = Replies(self.patterns, _PROBES, _SIZE)
        self.sight, self.graph = sight, GraphReader(example, sight, told, _SIZE)

    def forward(self, net: Nets) -> torch.Tensor:
        asked = net["asked"]
        hidden, inputs, output = self.hidden(asked)[:, None, None], self.inputs(asked)[:, None], self.output(asked)
        if self.sight.weights:
            pattern = asked[:, : self.patterns].argmax(1)
            replies = self.replies(responses(net, self.probes()[pattern]), pattern)
            hidden, inputs, output = hidden + replies.hidden, inputs + replies.inputs, output + replies.output
        logits: torch.Tensor = self.graph(net, States(hidden, inputs, output))
        return logits


def read(
    rung: str, seed: int, training: Questions, labels: np.ndarray, test: Questions, vocab_size: int, steps: int
) -> np.ndarray:
    """Probabilities float64 [m, 1 + T] of what is asked in m questions, by a net that learns from q with labels bool
    [q, 1 + T]."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    learned, tested = scaled(tensors_of(training.networks), tensors_of(test.networks))
    sight, asked = SIGHTS[rung], _tensors(test)
    model = FaultReader({**learned, "asked": asked["asked"]}, sight, vocab_size, labels.shape[1])

    def changed(questions: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        net = _put(learned, questions)
        return net if sight.hidden_signature else turned_about(net, generator)

    learn(model, _tensors(training), torch.from_numpy(labels.astype(np.float32)), _RATE, steps, changed, generator)
    return probabilities(model, asked, lambda questions: _put(tested, questions))


def _tensors(questions: Questions) -> dict[str, torch.Tensor]:
    return {"of": torch.from_numpy(questions.of), "asked": torch.from_numpy(questions.asked)}


def _put(networks: Mapping[str, torch.Tensor], questions: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The networks of questions, each with what is asked of it."""
    net = {name: tensor[questions["of"]] for name, tensor in networks.items()}
    return {**net, "asked": questions["asked"]}
