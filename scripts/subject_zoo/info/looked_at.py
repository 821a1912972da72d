"""What no figure of a dataset says: of its records' own columns, as far as that is cheap."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from statistics import median
from typing import Any

from subject_zoo.base.json_text import parse_json
from subject_zoo.base.terms import DATA, TASKS
from subject_zoo.dataset.received import Received

MOST_RECORDS = 5_000  # a second of work
_COUNTS = ("example_id", "num_layers", "neurons_per_layer", "parameter_count")
_LENGTHS = [
    f"{task}_{text}_{unit}" for unit in ("chars", "tokens") for task in TASKS for text in ("prompt", "completion")
]
_LARGEST = 10**15  # of a count that a person reads


def look_at(folder: Received, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Counts over the first records of a folder, at most MOST_RECORDS of its first shards.

    JSON-ready: how many `records`, the first one's `example_id` (None where there are none), `patterns` (in how many
    each is `target` and `selected`), `activations` and `layers` (of how many networks), `neurons` and `parameters`
    (least and most), and `lengths` (by text and unit: min, median, max). Raises OSError, ValueError, KeyError,
    TypeError and pyarrow's errors for tables that are not what the manifest's configuration makes.
    """
    config = manifest["config"]
    patterns, model = config["patterns"]["enabled"], config["model"]
    # Each row is made small at once: texts of strangers may be long.
    seen = [_small(row, patterns) for row in islice(_rows(folder, manifest), MOST_RECORDS)]
    lengths = {name: [one["lengths"][name] for one in seen if name in one["lengths"]] for name in _LENGTHS}
    depths = range(model["num_layers"][0], model["num_layers"][1] + 1)
    return {
        "records": len(seen),
        "example_id": seen[0]["example_id"] if seen else None,
        "patterns": {
            "target": _counted((one["target"] for one in seen if one["target"] is not None), patterns),
            "selected": _counted((name for one in seen for name in one["selected"]), patterns),
        },
        "activations": _counted((one["activation_type"] for one in seen), model["activation_types"]),
        "layers": _counted((one["num_layers"] for one in seen), depths),
        "neurons": _extent([one["neurons_per_layer"] for one in seen]),
        "parameters": _extent([one["parameter_count"] for one in seen]),
        "lengths": {
            name: {"min": min(of), "median": round(median(of)), "max": max(of)} for name, of in lengths.items() if of
        },
    }


def _rows(folder: Received, manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    targets = ["target_pattern"] if manifest["config"]["task_generation"]["include_modification"] else []
    columns = [*_COUNTS, "selected_patterns", "activation_type", *targets, "metadata"]
    tables = [name for name in manifest["files"] if name.startswith(f"{DATA}/")]
    for name in sorted(tables, key=lambda name: (name.rpartition("/")[2], name)):  # shard by shard
        yield from folder.rows(name, columns)


def _small(row: Mapping[str, Any], patterns: Collection[str]) -> dict[str, Any]:
    """What is counted of a row. Raises ValueError for more patterns than there are, and for a count that is none."""
    selected, lengths = row["selected_patterns"], parse_json(row["metadata"])["lengths"]
    if len(selected) > len(patterns):
        raise ValueError(f"a record selects {len(selected):,} patterns of {len(patterns)}")
    kept = {name: lengths[name] for name in _LENGTHS if name in lengths}
    counts = {name: row[name] for name in _COUNTS}
    for name, value in (kept | counts).items():
        if type(value) is not int or not 0 <= value <= _LARGEST:
            raise ValueError(f"the {name} of a record is no count")
    return {
        **counts,
        "lengths": kept,
        "selected": selected,
        "target": row.get("target_pattern"),
        "activation_type": row["activation_type"],
    }


def _counted(values: Iterable[Any], allowed: Collection[Any]) -> dict[str, int]:
    """How often each of the allowed values occurs, in their order. Raises ValueError for another one."""
    counts = Counter(values)
    if strange := [value for value in counts if value not in allowed]:
        raise ValueError(f"a record has {strange[0]!r}, which the configuration does not allow")
    return {str(value): counts[value] for value in allowed}


def _extent(values: list[int]) -> list[int] | None:
    return [min(values), max(values)] if values else None
