"""Parts of a checked configuration, in a canonical form."""

from collections.abc import Iterable, Mapping
from typing import Any

from subject_zoo.base.files import digest_of, json_bytes

# What plans, arranges or publishes the work, and so does not change what an example contains.
LOGISTICS = (
    "num_examples",
    "max_candidates",
    "expected_acceptance",
    "examples_per_job",
    "ranges_per_shard",
    "cleanup",
    "benchmark",
    "splits",
    "publish",
)


def select(config: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """The values at dotted keys ("training.batch_size") or of whole sections ("training"), keys sorted."""
    chosen: dict[str, Any] = {}
    for key in sorted(keys):
        *sections, last = key.split(".")
        source, target = config, chosen
        for section in sections:
            source, target = source[section], target.setdefault(section, {})
        target[last] = source[last]
    return _sorted(chosen)


def science_digest(config: Mapping[str, Any]) -> str:
    """sha256, hex, of all that decides what an example contains; the same whatever the order of the keys."""
    science = {key: value for key, value in config.items() if key not in LOGISTICS}
    return digest_of(json_bytes(_sorted(science), indent=None))


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return value
