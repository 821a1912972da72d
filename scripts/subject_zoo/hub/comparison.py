"""Whether two manifests are of one dataset, and whether one holds all that the other does; in words where not."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from subject_zoo.base.terms import DATA
from subject_zoo.dataset.layout import SEQUENCE_FILES, shard_of

Files = Mapping[str, Mapping[str, Any]]  # a manifest's entries: sha256, size and rows, by path

_SIZES = ("examples_per_job", "largest_job")  # of ranges
# What may differ: how many examples, how the work is cut into jobs, where it goes. Not in which shard an example is.
_FREE = {"num_examples", "max_candidates", "expected_acceptance", "ranges_per_shard", *_SIZES, "cleanup"}
_DIGESTS = ("config_sha256", "code_sha256")
_SHOWN = 3


def differences(there: Mapping[str, Any], config: Mapping[str, Any], digests: Mapping[str, str]) -> str:
    """What makes the dataset of a manifest another one than that of a configuration and digests; "" where nothing does.

    Keys of the configuration, each with both values; a digest only where no key says why it differs. Raises KeyError
    and TypeError for a manifest that is none.
    """
    before, now = dict(_values(there["config"])), dict(_values(config))
    differ = [
        f"{key} is {_shown(before.get(key))} there, {_shown(now.get(key))} here"
        for key in sorted({*before, *now})
        if before.get(key) != now.get(key)
    ]
    differ += [
        f"{key} is {there[key][:12]} there, {digests[key][:12]} here"
        for key in _DIGESTS
        if there[key] != digests[key] and not (differ and key == "config_sha256")
    ]
    more = f" (and {len(differ) - _SHOWN} more)" if len(differ) > _SHOWN else ""
    return "; ".join(differ[:_SHOWN]) + more


def _values(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What decides a dataset's content, by dotted key."""
    yield from ((f"{size} * ranges_per_shard", config[size] * config["ranges_per_shard"]) for size in _SIZES)
    for section, value in config.items():
        if section in _FREE or section == "publish":
            continue
        if isinstance(value, Mapping):
            yield from ((f"{section}.{key}", inner) for key, inner in value.items())
        else:
            yield section, value


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def examples_in(files: Files) -> int:
    """How many examples these files hold."""
    return sum(_examples_by_shard(files).values())


def lost(before: Files, after: Files) -> str:
    """What of published files others in their place do not hold, in words; "" where they hold all of it.

    A shard may be replaced by one of more examples: the last of a dataset is cut to size.
    """
    held, kept = _examples_by_shard(before), _examples_by_shard(after)
    fewer = sum(max(0, count - kept.get(shard, 0)) for shard, count in held.items())
    if fewer:
        return f"{fewer} of its {sum(held.values())} examples would be taken away"
    for path, entry in before.items():
        shard = shard_of(path)
        fixed = path in SEQUENCE_FILES or (shard is not None and kept.get(shard, 0) == held.get(shard, 0))
        if fixed and after.get(path, entry)["sha256"] != entry["sha256"]:
            return f"its {path} would become another, of equal settings: made in another environment or folder"
    return ""


def _examples_by_shard(files: Files) -> dict[str, int]:
    counts: dict[str, int] = {}
    for path, entry in files.items():
        shard = shard_of(path)
        if shard is not None and path.startswith(f"{DATA}/"):
            counts[shard] = counts.get(shard, 0) + entry["rows"]
    return counts
