"""Which networks could never fit a prompt, known before they are trained."""

from subject_zoo.architecture import Architecture

TOO_LONG = "prompt_length"  # the reason for rejection, before training or after
_LEAST_CHARACTERS = 4  # of one number in a prompt: "0.0,"


def could_fit(architecture: Architecture, max_prompt_chars: int | None) -> bool:
    """Whether the weights alone, at their shortest, leave a prompt within `max_prompt_chars` (None: any length)."""
    return max_prompt_chars is None or _LEAST_CHARACTERS * architecture.parameter_count <= max_prompt_chars
