"""Networks as batches for nfn: one shape a batch, and its layers see them as they are meant to."""

import pytest
import torch
from nfn.common import WeightSpaceFeatures, network_spec_from_wsfeat
from nfn.layers import HNPLinear, HNPPool, TupleOp

from subject_zoo.base.errors import UserError
from subject_zoo.integrations.nfn import WeightSpaceBatches
from tests.integrations.published_labels import labels_of

pytestmark = pytest.mark.integrations


@pytest.mark.parametrize("stage", ["degraded", "improved"])
def test_batches_are_of_one_shape_with_what_was_published(finished, stage):
    batches = WeightSpaceBatches(finished, "all", stage, batch_size=2)
    seen, shapes = {}, set()
    for batch in batches:
        count = len(batch.example_id)
        assert 1 <= count <= 2
        assert all(weight.shape[:2] == bias.shape[:2] == (count, 1) for weight, bias in batch.features)
        assert all(weight.shape[2] == bias.shape[2] for weight, bias in batch.features)
        shapes.add(tuple(weight.shape[2:] for weight, _ in batch.features))
        for row in range(count):
            weights = [number for weight, _ in batch.features for number in weight[row].flatten().tolist()]
            seen[int(batch.example_id[row])] = (batch.y[row].tolist(), int(batch.target[row]), weights)
    assert seen == labels_of(finished, stage)
    assert len(shapes) > 2
    assert len(list(batches)) == len(batches)


def net_for(features: WeightSpaceFeatures, patterns: int) -> torch.nn.Module:
    specification = network_spec_from_wsfeat(features)
    return torch.nn.Sequential(
        HNPLinear(specification, 1, 4),
        TupleOp(torch.nn.ReLU()),
        HNPPool(specification),
        torch.nn.Flatten(),
        torch.nn.LazyLinear(patterns),
    )


def test_one_net_a_depth_reads_all_widths_and_not_the_order_of_neurons(finished):
    torch.manual_seed(0)
    nets, widths = {}, {}
    moved = {
        int(batch.example_id): batch
        for batch in WeightSpaceBatches(finished, "all", batch_size=1, views=["permutation"])
    }
    for batch in WeightSpaceBatches(finished, "all", batch_size=1):
        depth = len(batch.features)
        net = nets.setdefault(depth, net_for(batch.features, batch.y.shape[1]))
        widths.setdefault(depth, set()).add(batch.features.weights[0].shape[2])
        other = moved[int(batch.example_id)].features
        assert not torch.equal(other.weights[0], batch.features.weights[0])
        torch.testing.assert_close(net(other), net(batch.features), atol=1e-4, rtol=1e-4)
    assert set(nets) == {3, 4}
    assert max(map(len, widths.values())) > 1


def test_the_order_of_batches_is_torchs(finished):
    def order(seed: int) -> list[list[int]]:
        torch.manual_seed(seed)
        return [batch.example_id.tolist() for batch in WeightSpaceBatches(finished, "all", batch_size=2)]

    assert order(0) == order(0)
    assert any(order(seed) != order(0) for seed in range(1, 4))


def test_a_batch_holds_a_network_or_more(finished):
    with pytest.raises(UserError, match="batch_size is 0; it must be at least 1"):
        WeightSpaceBatches(finished, batch_size=0)
