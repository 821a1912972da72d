"""Whether a dataset can be compared bit for bit: the environment and the code that made it, and those here."""

from collections.abc import Mapping
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line
from subject_zoo.provenance.code import chain_digest
from subject_zoo.provenance.machine import environment_record, use_device

_SHOWN = 20  # differences


def usable_device(wanted: str) -> str:
    """The device to train on: the config's, or the CPU where this machine lacks that."""
    try:
        return use_device(wanted)
    except UserError:
        return use_device("cpu")


def compare_environments(manifest: Mapping[str, Any]) -> list[str]:
    """What of environment and code is not as in the manifest, a phrase each."""
    config, there = manifest["config"], manifest["environment"]
    here = environment_record(usable_device(config["device"]), config["training"]["maker"])
    pairs = {key: (there.get(key), here.get(key)) for key in {**there, **here}}
    pairs["code"] = manifest["code_sha256"][:12], chain_digest()[:12]
    differing = [key for key, (was, is_) in pairs.items() if was != is_]
    more = [f"and {len(differing) - _SHOWN} more"] if len(differing) > _SHOWN else []
    return [
        f"{one_line(key, 40)} was {one_line(pairs[key][0], 80)}, is {pairs[key][1]}" for key in differing[:_SHOWN]
    ] + more
