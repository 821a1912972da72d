"""Adam's step size for a network, from the learning rate that was drawn for it."""

# A sigmoid's slope is at most 1/4, so its network's weights are to be some four times as large (Glorot & Bengio 2010,
# section 4.2.1), and steps of one size take it a quarter of the way; of 1, 2 and 4 times the rate, 2 teaches it best.
# Networks that learn less are rejected more often where patterns are hard, and then a record's nonlinearity tells which
# patterns it hardly has.
_UNITS = {"sigmoid": 2.0}


def step_size(activation: str, learning_rate: float) -> float:
    """Stage 1's step size: the drawn rate, in the nonlinearity's unit."""
    return _UNITS.get(activation, 1.0) * learning_rate
