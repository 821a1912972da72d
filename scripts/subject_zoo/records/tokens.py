"""Lengths of prompts in tokens, for those who train with a known tokenizer."""

import os
from collections.abc import Callable

from subject_zoo.base.errors import UserError, one_line


def token_counter(name: str | None) -> Callable[[str], int] | None:
    """How many tokens a text has, by a tokenizer.json on disk or a tokenizer's name on the Hub; None for None.

    Raises UserError for one that cannot be loaded.
    """
    if name is None:
        return None
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(name) if os.path.exists(name) else Tokenizer.from_pretrained(name)
    except Exception as error:  # the library raises bare Exception for a file that is not a tokenizer
        raise UserError(f"format.tokenizer: {name!r} cannot be loaded ({one_line(error)})") from None
    tokenizer.no_truncation()  # a file may have been saved with either, and then every text counts the same
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text).ids)
