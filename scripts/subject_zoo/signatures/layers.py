"""Which neurons have a signature, layer by layer."""

from subject_zoo.networks.architecture import Architecture


def signed_layers(architecture: Architecture, layers: str) -> dict[str, slice]:
    """The rows of each layer's neurons in a signature that `sign` made, by its Linear's place in nn.Sequential.

    `layers` is "all", or "hidden" for all but the output neuron's.
    """
    rows, start = {}, 0
    for name, (_, neurons) in zip(architecture.linear_names, architecture.layer_sizes, strict=True):
        rows[name.removeprefix("network.")] = slice(start, start + neurons)
        start += neurons
    if layers == "hidden":
        rows.popitem()
    return rows
