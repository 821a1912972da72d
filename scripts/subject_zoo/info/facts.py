"""What a dataset's folder holds, as one JSON-ready mapping: by its manifest and figures, and by some of its records."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from subject_zoo import __version__
from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line
from subject_zoo.config.tasks import tasks_of
from subject_zoo.dataset.cautions import cautions
from subject_zoo.dataset.layout import SHARD_FOLDERS
from subject_zoo.dataset.parts import parts_of
from subject_zoo.dataset.received import Received
from subject_zoo.dataset.standing import manifest_digest
from subject_zoo.info.figures import OF_PATTERN, read_figures
from subject_zoo.info.looked_at import look_at
from subject_zoo.info.no_dataset import what_stands_there
from subject_zoo.info.receipts import published
from subject_zoo.provenance.code import chain_digest

_SHOWN = 60  # characters of a text that is the folder's own


def facts(folder: Path, trusted: bool = False) -> dict[str, Any]:
    """What there is to know of a dataset without checking it. Raises UserError, one line, where the folder is none.

    A folder that is not `trusted` takes a bounded amount of memory. Nothing here is verified but what `is_whole`
    tells: whether the manifest is as it was written, and all its files are there with the sizes that it names.
    """
    if there := what_stands_there(folder):
        raise UserError(f"{one_line(folder)}: {there}")
    received = Received(folder, trusted)
    manifest = received.manifest()
    try:
        return _facts(received, manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, pa.ArrowException) as error:
        why = one_line(getattr(error, "strerror", None) or error)
        raise UserError(f"{one_line(folder)}: cannot be told ({why}); subject-zoo verify names what is wrong") from None


def _facts(folder: Received, manifest: Mapping[str, Any]) -> dict[str, Any]:
    config, files = manifest["config"], manifest["files"]
    figures, looked_at = read_figures(folder, manifest), look_at(folder, manifest)
    lengths = looked_at["lengths"]
    if figures:
        for task, spread in figures["prompt_chars"].items():
            if spread:
                lengths[f"{task}_prompt_chars"] = {key: int(spread[key]) for key in ("min", "median", "max")}
    return {
        "folder": str(folder.path),
        "records": manifest["num_examples"],
        "wanted": config["num_examples"],
        "finished": manifest["finished"],
        "splits": manifest["rows"],
        "holdout": config["splits"]["holdout"],
        "held_out": config["splits"]["held_out"],
        "tasks": tasks_of(config["task_generation"]),
        "completions": config["format"]["modification_completion"],
        "cautions": list(cautions(config)),
        "pairs": None if figures is None or "twins" not in figures else figures["twins"]["pairs"],
        "sequences": {key: config["patterns"][key] for key in ("sequence_length", "vocab_size")},
        "networks": {
            **{key: looked_at[key] for key in ("activations", "layers", "neurons", "parameters")},
            **{key: config["model"][key] for key in ("input_encoding", "precision", "weight_decimals")},
            "quantization": config["training"]["quantization"],
        },
        "looked_at": looked_at["records"],
        "example_id": looked_at["example_id"],
        "patterns": _patterns(config, figures, looked_at),
        "acceptance": None if figures is None else _acceptance(figures["funnel"]),
        "lengths": lengths,
        "tokenizer": None if config["format"]["tokenizer"] is None else one_line(config["format"]["tokenizer"], _SHOWN),
        "disk": _sizes(files),
        "flaws": _flaws(folder, manifest),
        "digests": {
            "dataset": manifest["facts_sha256"],
            **{name: manifest[f"{name}_sha256"] for name in ("config", "code")},
            "probes": manifest["signature_dataset_sha256"],
        },
        "made_by_this_code": manifest["code_sha256"] == chain_digest(),
        "version_here": __version__,
        "seeds": [part.facts["seed"] for part in parts_of(manifest)],
        "first_ids": [part.first_example_id for part in parts_of(manifest)],
        "environment": {
            one_line(key, _SHOWN): one_line(value, _SHOWN) for key, value in list(manifest["environment"].items())[:5]
        },
        "published": published(folder.path, files),
        "license": one_line(manifest["license"], _SHOWN),
    }


def _patterns(
    config: Mapping[str, Any], figures: Mapping[str, Any] | None, looked_at: Mapping[str, Any]
) -> dict[str, dict[str, int]]:
    """By pattern, of how many records it is the target and in how many it is selected, and of how many candidates."""
    if figures is not None:
        return {name: {key: of[key] for key in OF_PATTERN if key in of} for name, of in figures["by_pattern"].items()}
    counts, mends = looked_at["patterns"], config["task_generation"]["include_modification"]
    return {
        name: {
            **({"target_of_accepted": counts["target"][name]} if mends else {}),
            "selected_in_accepted": counts["selected"][name],
        }
        for name in config["patterns"]["enabled"]
    }


def _acceptance(funnel: Mapping[str, Any]) -> dict[str, Any]:
    failed = sorted(funnel["fail_gate"].items(), key=lambda item: -item[1])
    return {
        "candidates": funnel["candidates"],
        "accepted": funnel["accepted"],
        "failed": {gate: count for gate, count in failed if count},
    }


def _sizes(files: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Bytes by folder, of all else together, and in all, as the manifest has them."""
    sizes = dict.fromkeys((*SHARD_FOLDERS, "other"), 0)
    for name, entry in files.items():
        part = name.partition("/")[0]
        sizes[part if part in SHARD_FOLDERS else "other"] += entry["size"]
    return {"files": len(files), "bytes": sum(sizes.values())} | {part: size for part, size in sizes.items() if size}


def _flaws(folder: Received, manifest: Mapping[str, Any]) -> list[str]:
    """What of the folder is not as the manifest says, at a glance: no content is read."""
    flaws = [] if manifest_digest(manifest) == manifest["facts_sha256"] else ["manifest.json was changed"]
    for name, entry in manifest["files"].items():
        try:
            found = os.stat(folder.path / name, follow_symlinks=folder.trusted)
        except OSError:
            flaws.append(f"{name} is missing")
            continue
        if not stat.S_ISREG(found.st_mode) or found.st_size != entry["size"]:
            flaws.append(f"{name} has another size")
    return flaws
