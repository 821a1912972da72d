"""Access tokens, which have no place in a configuration: it stands in logs and in published datasets."""

import re
from collections.abc import Mapping
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.config.words import shown_key

_TOKEN = re.compile(r"(hf_|api_org_)[A-Za-z0-9]{20,}")  # wherever it stands, as in a URL
_TOKEN_VALUE = re.compile(r"hf_[\w-]+")  # a whole value; a key may be named hf_token
LOG_IN = "log in with `hf auth login` or set HF_TOKEN: no token ever stands in the configuration"


def refuse_tokens(value: Any, path: str) -> None:
    """Raise UserError, which does not repeat it, where anything in the value at `path` looks like an access token."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str) and _TOKEN.search(key):
                raise UserError(f"config: a key looks like an access token (not shown); {LOG_IN}")
            refuse_tokens(item, f"{path}.{shown_key(key)}" if path else shown_key(key))
    elif isinstance(value, list | tuple):
        for item in value:
            refuse_tokens(item, path)
    elif isinstance(value, str) and (_TOKEN.search(value) or _TOKEN_VALUE.fullmatch(value)):
        raise UserError(f"config: {path} holds what looks like an access token (not shown); {LOG_IN}")
