"""Lengths of prompts in tokens, for those who train with a known tokenizer."""

import logging
import os
import re
from collections.abc import Callable

from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line

_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?(?<!\.json)")


def check_tokenizer(name: str | None) -> None:
    """Raise UserError where a tokenizer can only be a file, and there is none; nothing is loaded to tell."""
    if name is not None and not os.path.isfile(name) and (os.path.exists(name) or not _HUB_NAME.fullmatch(name)):
        raise UserError(
            f"format.tokenizer is {name!r}; there is no such file, and it is no name on the Hub, as gpt2 or user/name"
        )


def token_counter(name: str | None) -> Callable[[str], int] | None:
    """How many tokens a text has, by a tokenizer.json on disk or a tokenizer's name on the Hub; None for None.

    Raises UserError for one that cannot be loaded.
    """
    if name is None:
        return None
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise UserError(f"format.tokenizer is {name!r}, which needs the package tokenizers; pip install it") from None
    check_tokenizer(name)
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it tells of each of five tries to reach the Hub
    try:
        tokenizer = Tokenizer.from_file(name) if os.path.exists(name) else Tokenizer.from_pretrained(name)
    except Exception as error:  # the library raises bare Exception for a file that is not a tokenizer
        raise UserError(f"format.tokenizer: {name!r} cannot be loaded ({one_line(error)})") from None
    tokenizer.no_truncation()  # a file may have been saved with either, and then every text counts the same
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text).ids)
