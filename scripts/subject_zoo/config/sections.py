"""Parts of a checked configuration, in a canonical form."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from subject_zoo.base.files import digest_of, json_bytes

# What plans, arranges or publishes the work, and so does not change what an example contains.
LOGISTICS = (
    "num_examples",
    "shrink",
    "max_candidates",
    "expected_acceptance",
    "min_acceptance",
    "examples_per_job",
    "largest_job",
    "ranges_per_shard",
    "cleanup",
    "benchmark",
    "splits",
    "publish",
)

_ABSENT = "absent"  # in words, of a key
_LONGEST = 60  # characters of a difference


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


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The dotted keys that decide what an example contains and have not the same value in two configurations, with
    both values where they are short: "seed (0, now 7)"."""
    before, after = (dict(_leaves({k: v for k, v in c.items() if k not in LOGISTICS})) for c in (old, new))
    keys = [key for key in {**before, **after} if before.get(key, _ABSENT) != after.get(key, _ABSENT)]
    return [_change(key, before.get(key, _ABSENT), after.get(key, _ABSENT)) for key in keys]


def _leaves(config: Mapping[str, Any], section: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{section}{key}.")
        else:
            yield f"{section}{key}", value


def _change(key: str, old: Any, new: Any) -> str:
    words = f"{key} ({old}, now {new})"
    return words if len(words) <= _LONGEST else key


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return value
