"""Any architecture, for tests of what holds for all of them."""

from hypothesis import strategies as st

from subject_zoo.base.terms import ACTIVATIONS
from subject_zoo.networks.architecture import Architecture

ARCHITECTURES = st.builds(
    Architecture,
    vocab_size=st.integers(5, 26),
    sequence_length=st.integers(4, 8),
    num_layers=st.integers(1, 6),
    neurons_per_layer=st.integers(1, 12),
    activation_type=st.sampled_from(ACTIVATIONS),
    dropout_rate=st.sampled_from([0.0, 0.25]),
    input_encoding=st.sampled_from(["ordinal", "one_hot"]),
    precision=st.sampled_from(["float32", "float16", "bfloat16"]),
)
