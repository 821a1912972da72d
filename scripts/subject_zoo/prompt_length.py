"""Which networks could never fit a prompt, known before they are trained."""

from subject_zoo.architecture import Architecture

TOO_LONG = "prompt_length"  # the reason for rejection, before training or after
_LEAST_CHARACTERS = 4  # of one number as its shortest text: "0.0,"
_BESIDE_DECIMALS = 4  # of one number of given decimals, at least: sign, digit, point, and the comma or bracket behind


def could_fit(architecture: Architecture, max_prompt_chars: int | None, weight_decimals: int | None) -> bool:
    """Whether the weights alone, at their shortest, leave a prompt within `max_prompt_chars` (None: any length)."""
    least = _LEAST_CHARACTERS if weight_decimals is None else _BESIDE_DECIMALS + weight_decimals
    return max_prompt_chars is None or least * architecture.parameter_count <= max_prompt_chars
