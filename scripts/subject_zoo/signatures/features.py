"""The names of the numbers that signature methods give for a neuron."""

from collections.abc import Iterable, Sequence

CLUSTER_FEATURES = ("low", "high", "share")
NO_PATTERN = "none"
NUMBERED = frozenset({"pca", "svd", "fourier"})
"""Methods whose features are components, by number."""


def labels_of(method: str, pattern_names: Sequence[str], components: int) -> tuple[str, ...] | None:
    """The names of a method's features within it; None where it is a single number."""
    if method in NUMBERED:
        return tuple(str(index) for index in range(components))
    return {"clustering": CLUSTER_FEATURES, "pattern_wise": (*pattern_names, NO_PATTERN)}.get(method)


def feature_names(methods: Iterable[str], pattern_names: Sequence[str], components: int) -> tuple[str, ...]:
    """All features of these methods, in their order: `mean`, `pca.0`, `clustering.low`, `pattern_wise.none`, ..."""
    parts = [(method, labels_of(method, pattern_names, components)) for method in methods]
    return tuple(
        name
        for method, labels in parts
        for name in ([method] if labels is None else [f"{method}.{label}" for label in labels])
    )
