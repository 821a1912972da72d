"""Networks as graphs hold all that computes their functions, and a batch of them is a batch for PyTorch Geometric."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GINEConv, global_add_pool

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import ACTIVATIONS, LEAKY_SLOPE
from subject_zoo.integrations.graphs import NODE_TYPES, NetworkGraphs, graph_of
from subject_zoo.integrations.networks import Network
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.networks.encoding import encode
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.views import KINDS
from tests.integrations.published_labels import labels_of
from tests.networks.architectures import ARCHITECTURES
from tests.networks.plain_networks import make_tokens, make_weights
from tests.networks.test_views import SEEDS

pytestmark = pytest.mark.integrations
FUNCTIONS = {
    "relu": torch.relu,
    "gelu": torch.nn.functional.gelu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "leaky_relu": lambda x: torch.nn.functional.leaky_relu(x, LEAKY_SLOPE),
}


def computed(graph: Data, inputs: np.ndarray) -> torch.Tensor:
    """Logits of inputs [m, I], by messages along the edges, layer by layer; the graph is all that is known."""
    sources, targets = graph.edge_index
    states = torch.zeros(graph.num_nodes, len(inputs))
    states[graph.node_type == NODE_TYPES.index("input")] = torch.from_numpy(inputs.T)
    for layer in range(1, int(graph.layer.max()) + 1):
        sums = graph.x.expand(-1, len(inputs)).index_add(0, targets, graph.edge_attr * states[sources])
        here = graph.layer == layer
        is_last = (graph.node_type[here] == NODE_TYPES.index("output")).all()
        states[here] = sums[here] if is_last else FUNCTIONS[ACTIVATIONS[graph.activation]](sums[here])
    return states[graph.node_type == NODE_TYPES.index("output")][0]


@settings(max_examples=40)
@given(ARCHITECTURES, SEEDS, st.booleans())
def test_a_graph_computes_what_its_network_does(architecture, seed, is_view):
    model = StoredModel(architecture, make_weights(architecture, seed), {})
    network = Network(7, model, np.array([True, False]), 1)
    graph = graph_of(network.drawn_view(KINDS if is_view else ()))
    tokens = make_tokens(architecture, 20, seed)
    expected = KernelMLP(architecture, model.weights).logits(tokens)
    near = 1e-4 * max(1, np.abs(expected).max())
    np.testing.assert_allclose(computed(graph, encode(tokens, architecture)).numpy(), expected, rtol=0, atol=near)
    assert graph.validate()
    assert graph.num_edges == sum(inputs * outputs for inputs, outputs in architecture.layer_sizes)
    assert (graph.y.tolist(), graph.target.tolist(), graph.example_id.tolist()) == ([[1, 0]], [1], [7])


@pytest.mark.parametrize("stage", ["degraded", "improved"])
def test_a_batch_is_of_mixed_networks_with_what_was_published_of_them(finished, stage):
    graphs = NetworkGraphs(finished, "all", stage)
    expected = labels_of(finished, stage)
    loader = DataLoader(graphs, batch_size=4, shuffle=True)
    seen = {}
    for batch in loader:
        assert batch.edge_index.max() < batch.num_nodes
        for graph in batch.to_data_list():
            seen[int(graph.example_id)] = (graph.y[0].tolist(), int(graph.target), graph.edge_attr[:, 0].tolist())
    assert seen == expected
    assert len({graph.num_nodes for graph in graphs}) > 2
    assert len({int(graph.activation) for graph in graphs}) > 2


class Reader(torch.nn.Module):
    """A graph net that does not tell hidden neurons of a layer apart."""

    def __init__(self, patterns: int, size: int = 16) -> None:
        super().__init__()
        self.start = torch.nn.LazyLinear(size)
        self.layers = torch.nn.ModuleList(
            GINEConv(torch.nn.Sequential(torch.nn.Linear(size, size), torch.nn.ReLU()), edge_dim=1) for _ in range(3)
        )
        self.answer = torch.nn.Linear(size, patterns)

    def forward(self, batch: Data) -> torch.Tensor:
        which = torch.where(batch.layer == 0, batch.place, -1)[:, None] == torch.arange(60)
        form = torch.nn.functional.one_hot(batch.activation, len(ACTIVATIONS))[batch.batch]
        states = self.start(torch.cat([batch.x, which.float(), form.float()], dim=1))
        for layer in self.layers:
            states = layer(states, batch.edge_index, batch.edge_attr)
        return self.answer(global_add_pool(states, batch.batch))


def test_a_graph_net_learns_and_does_not_see_the_order_of_neurons(finished):
    torch.manual_seed(0)
    graphs, moved = (NetworkGraphs(finished, "all", views=views) for views in ((), ("permutation",)))
    reader = Reader(graphs[0].y.shape[1])
    batch, other = (next(iter(DataLoader(each, batch_size=len(each)))) for each in (graphs, moved))
    assert not torch.equal(batch.edge_attr, other.edge_attr)
    torch.testing.assert_close(reader(other), reader(batch), atol=1e-4, rtol=1e-4)
    optimizer, losses = torch.optim.Adam(reader.parameters(), 1e-2), []
    for _ in range(40):
        for drawn in DataLoader(moved, batch_size=len(moved)):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(reader(drawn), drawn.y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


def test_views_are_drawn_anew_and_by_the_seed(finished):
    graphs = NetworkGraphs(finished, "all", views=KINDS)
    torch.manual_seed(0)
    first, second = graphs[0].edge_attr, graphs[0].edge_attr
    torch.manual_seed(0)
    assert torch.equal(graphs[0].edge_attr, first)
    assert not torch.equal(first, second)


def test_what_cannot_be_read_is_one_line(finished, tmp_path):
    for arguments, line in (
        ((tmp_path,), "manifest.json: cannot be read"),
        ((finished, "tests"), "split is 'tests'; it must be one of"),
        ((finished, "train", "final"), "stage is 'final'; this dataset has degraded and improved networks"),
        ((finished, "train", "improved", ["rotation"]), "views: 'rotation' is unknown; choose from permutation"),
    ):
        with pytest.raises(UserError, match=line) as raised:
            NetworkGraphs(*arguments)
        assert "\n" not in str(raised.value)
