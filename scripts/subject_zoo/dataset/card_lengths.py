"""How long a dataset's texts are, for those who choose a context length."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOKENS_A_CHARACTER = 0.55, 0.85  # GPT-4's, Llama 3's and Qwen 3's tokenizers on records of all presets


def length_in_words(validity: Mapping[str, Any] | None, task: str, config: Mapping[str, Any]) -> str:
    """Of a task's prompt and completion together: in tokens, where they were counted, or in characters."""
    if not validity or not (chars := validity["chars"].get(task)):
        return "told when the dataset is whole"
    if tokens := validity["tokens"].get(task):
        tokenizer = Path(config["format"]["tokenizer"]).name
        return f"{tokens['median']:,.0f} tokens at the median, {tokens['max']:,.0f} at most (by {tokenizer})"
    few, many = (round(share * chars["max"], -2) for share in TOKENS_A_CHARACTER)
    return (
        f"{chars['median']:,.0f} characters at the median, {chars['max']:,.0f} at most, which are about {few:,.0f} to "
        f"{many:,.0f} tokens"
    )


def context_length(validity: Mapping[str, Any] | None) -> int:
    """A length that trainers are told, a power of two: all samples are surely within it, if their lengths are known."""
    if not validity or not validity["chars"]:
        return 32_768
    longest = max(
        validity["tokens"].get(task, {"max": TOKENS_A_CHARACTER[1] * chars["max"]})["max"]
        for task, chars in validity["chars"].items()
    )
    return 1 << math.ceil(math.log2(longest))
