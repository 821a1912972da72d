"""The configuration, checked: the merged mapping in, its values as plain builtins out, or one clear line.

What a single key may hold stands in schema.yaml (JSON Schema), and messages are worded from its keywords
(mistakes.py); rules between keys stand in conflicts.py. A message is the key's path, what stands there, what may.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.base.terms import TASKS
from subject_zoo.config.conflicts import conflicts_between
from subject_zoo.config.load import DEEPEST, MOST_VALUES
from subject_zoo.config.mistakes import mistakes_in
from subject_zoo.config.schema import kinds_of, load_schema
from subject_zoo.config.tokens import refuse_tokens


def check_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The merged configuration (config.yaml, --configfile, --config) as a new dict of builtins.

    Keys stand in the schema's order. Text that plainly is a number, true, false or null becomes that where
    the key asks for one: PyYAML reads 1e-3 as text, and Snakemake all values inside
    `--config 'training={batch_size: 64}'`. Integers become int (1e6 too) and all other numbers float, and one list
    of signature methods becomes one for each task, so equal configurations give equal reprs.

    Raises UserError for the first mistake in the order of the schema, with the number of further ones. A
    value that looks like an access token comes before all others and is not repeated.
    """
    _refuse_endless(config)
    refuse_tokens(config, "")
    schema = load_schema()
    checked = _plain(config, schema)
    mistakes = list(mistakes_in(checked, schema)) or list(conflicts_between(checked, schema))
    if mistakes:
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        raise UserError(f"config: {mistakes[0]}{more}")
    return _with_methods_by_task(checked)


def _with_methods_by_task(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with `signature.methods` as a list for each task, where one is for all."""
    methods = config["signature"]["methods"]
    if isinstance(methods, list):
        config["signature"]["methods"] = {task: list(methods) for task in TASKS}
    return config


def _refuse_endless(config: Mapping[str, Any]) -> None:
    """What Snakemake and Python can hand over, a mapping that holds itself say, has no end for whoever walks it."""
    level: list[Any] = [config]
    for _ in range(DEEPEST):
        level = list(islice((inner for value in level for inner in _inside(value)), MOST_VALUES + 1))
        if not level:
            return
        if len(level) > MOST_VALUES:
            raise UserError(f"config: more than {MOST_VALUES:,} values")
    raise UserError(f"config: values are nested more than {DEEPEST} deep, or one holds itself")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _plain(value: Any, schema: Mapping[str, Any]) -> Any:
    """A copy of value in builtins: keys in the schema's order, scalars in the type that it asks for."""
    kinds = kinds_of(schema)
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        keys = [*(key for key in known if key in value), *(key for key in value if key not in known)]
        return {key: _plain(value[key], known.get(key, {})) for key in keys}
    if isinstance(value, list | tuple):
        return [_plain(item, schema.get("items", {})) for item in value]
    if isinstance(value, str):
        value = _read(value, kinds)
    if isinstance(value, bool | str) or value is None:
        return value
    # from 2 ** 53 on a float no longer tells integers apart: such a number stays as it is
    if "integer" in kinds and isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if "number" in kinds and isinstance(value, int) and abs(value) < 2**53:
        return float(value)
    return value


def _read(text: str, kinds: set[str]) -> Any:
    """The number, truth value or null that the text is, where these kinds ask for one; else the text.

    Nothing at all is null only where no text may stand: it would be a name that somebody forgot to fill in.
    """
    if "null" in kinds and (text in ("~", "null") or (not text and "string" not in kinds)):
        return None
    if "boolean" in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    for parse in (int, float) if kinds & {"integer", "number"} else ():
        try:
            return parse(text)
        except ValueError:
            continue
    return text
