"""A dataset's folder as a run finds it: how many examples of which configuration stand there, and whether it is whole.

Read while the Snakefile is, so without any numeric package.
"""

import json
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import yaml

from subject_zoo.base.files import digest_of, file_digest, json_bytes, read_file
from subject_zoo.config.load import parse_yaml
from subject_zoo.config.sections import differences, science_digest
from subject_zoo.dataset.layout import CARD, MANIFEST, SHARD_FOLDERS
from subject_zoo.dataset.splits import remedies

_TOLD = "SUBJECT_ZOO_NUM_EXAMPLES"  # environment variable: JSON, numbers of examples by folder
_SHOWN = 3  # keys that differ


@dataclass(frozen=True)
class Standing:
    """What a run finds in `folder`, and the checked configuration that it was `asked` for.

    `config` is that of the dataset which stands there, None where none does.
    """

    folder: Path
    config: Mapping[str, Any] | None
    asked: Mapping[str, Any]

    @classmethod
    def found(cls, folder: Path, asked: Mapping[str, Any]) -> Self:
        """Look into a folder, which need not be there."""
        return cls(folder, standing_config(folder), dict(asked))

    @property
    def num_examples(self) -> int:
        """How many examples the dataset shall have: never fewer than stand there of the same configuration, unless
        `shrink` says so."""
        asked: int = self.asked["num_examples"]
        if self.config is None or self.is_replaced or self.asked["shrink"]:
            return asked
        return max(asked, self.config["num_examples"])

    @property
    def is_replaced(self) -> bool:
        """Whether the examples there are another configuration's."""
        return self.config is not None and science_digest(self.config) != science_digest(self.asked)

    @property
    def is_to_change(self) -> bool:
        """Whether another dataset is wanted than the one that stands there."""
        return self.config is not None and (self.is_replaced or self.num_examples != self.config["num_examples"])

    @cached_property
    def flaws(self) -> list[str]:
        """As `flaws` of a folder whose dataset the run keeps or extends; none where there is no such dataset."""
        return [] if self.config is None or self.is_replaced else list(flaws(self.folder))

    def first_words(self) -> Iterator[str]:
        """What a person has to know before the run does anything, a line each."""
        if self.config is None:
            return
        stand, asked = self.config["num_examples"], self.asked["num_examples"]
        if self.is_replaced:
            differing = differences(self.config, self.asked)
            more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
            yield (
                f"{self.folder}: {stand} examples of another configuration stand there, and will be replaced; "
                f"what differs: {', '.join(differing[:_SHOWN])}{more}"
            )
        elif self.num_examples > asked:
            yield (
                f"{self.folder}: all {stand} examples that stand there are kept, though num_examples is {asked}; "
                f"to have fewer, type: --config num_examples={asked} shrink=true"
            )
        if self.flaws:
            more = f" (and {len(self.flaws) - 1} more)" if len(self.flaws) > 1 else ""
            yield f"{self.folder}: {self.flaws[0]}{more}; the folder is put together again"

    def last_words(self) -> Iterator[str]:
        """What a person has to know of the folder after a run that succeeded, a line each."""
        manifest = _sound_manifest(self.folder)
        if manifest is None or science_digest(manifest["config"]) != science_digest(self.asked):
            return
        if self.config is not None and self.is_replaced:
            yield (
                f"{self.folder}: {self.config['num_examples']} examples of another configuration "
                f"were replaced by {manifest['config']['num_examples']} of this one"
            )
        for line in remedies(manifest["rows"], **manifest["config"]["splits"]):
            yield f"{self.folder}: {line}"


def standing_config(folder: Path) -> dict[str, Any] | None:
    """The configuration of the dataset in a folder, None where none stands there.

    By its manifest, or by its card where that is missing or damaged, as after an interruption.
    """
    manifest = _sound_manifest(folder)
    return _config_on_card(folder) if manifest is None else manifest["config"]


def _sound_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder, None where there is none or any byte of it was changed."""
    try:
        data = read_file(folder / MANIFEST)
        manifest = json.loads(data)
        is_sound = (
            isinstance(manifest, dict)
            and manifest.get("facts_sha256") == manifest_digest(manifest)
            and data == manifest_bytes(manifest)
        )
    except (OSError, ValueError, RecursionError):
        return None
    return manifest if is_sound else None


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """A manifest as it is written."""
    return json_bytes(manifest) + b"\n"


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """sha256, hex, of a manifest's JSON with sorted keys and no spaces, without the key that holds this digest."""
    rest = {key: value for key, value in manifest.items() if key != "facts_sha256"}
    return digest_of(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode())


def version_tag(manifest: Mapping[str, Any]) -> str:
    """What a dataset is called where it is published, and where it is judged: v and its digest's first characters."""
    return f"v{manifest['facts_sha256'][:12]}"


def configs_on_card(text: str) -> list[Any]:
    """The values of a card's YAML blocks, the dataset's configuration among them. Raises yaml.YAMLError and
    ValueError."""
    return [parse_yaml(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)]


def _config_on_card(folder: Path) -> dict[str, Any] | None:
    try:
        shown = configs_on_card(read_file(folder / CARD).decode())
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return next((c for c in shown if isinstance(c, dict) and type(c.get("num_examples")) is int), None)


def flaws(folder: Path) -> Iterator[str]:
    """What is missing, damaged or foreign in a dataset's folder: "data/train/000001.parquet is missing", say.

    Contents are compared of those files alone that were changed since the manifest was written: by the time that no
    person can set.
    """
    manifest = _sound_manifest(folder)
    if manifest is None:
        yield f"{MANIFEST} is {'damaged' if (folder / MANIFEST).exists() else 'missing'}"
        return
    written = (folder / MANIFEST).stat().st_ctime_ns
    for name, entry in manifest["files"].items():
        if flaw := _flaw(folder / name, entry, written):
            yield f"{name} {flaw}"
    for path in _files_of_shards(folder):
        if (name := path.relative_to(folder).as_posix()) not in manifest["files"]:
            yield f"{name} is foreign"


def _flaw(path: Path, entry: Mapping[str, Any], written: int) -> str | None:
    try:
        found = path.lstat()
        is_same = stat.S_ISREG(found.st_mode) and found.st_size == entry["size"]
        if is_same and found.st_ctime_ns >= written:
            is_same = file_digest(path) == entry["sha256"]
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if is_same else "was changed"


def _files_of_shards(folder: Path) -> Iterator[Path]:
    """All that is no folder where the tables, weights and signatures are."""
    for part in SHARD_FOLDERS:
        yield from (path for path in sorted((folder / part).rglob("*")) if path.is_symlink() or not path.is_dir())


def unlink_dangling(folder: Path) -> None:
    """Remove links that lead nowhere: nobody loses anything, and Snakemake ends at one in the place of an output."""
    for path in list(folder.rglob("*")):
        if path.is_symlink() and not path.exists():
            path.unlink()


def keep_only(folder: Path, wanted: Collection[str]) -> None:
    """Remove from the folder's tables, weights and signatures what is not wanted, by relative path."""
    for path in list(_files_of_shards(folder)):
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
    for part in SHARD_FOLDERS:
        for inner, _, _ in os.walk(folder / part, topdown=False):
            if not os.listdir(inner):
                os.rmdir(inner)


# A job reads the Snakefile again, when the folder may be half made: it does not look there, it is told.


def tell_jobs(folder: Path, num_examples: int) -> None:
    """Let the jobs that this process starts know how many examples the dataset in the folder shall have."""
    os.environ[_TOLD] = json.dumps({**json.loads(os.environ.get(_TOLD, "{}")), str(folder): num_examples})


def told_by_run(folder: Path) -> int:
    """What the run's own process told its jobs."""
    number: int = json.loads(os.environ[_TOLD])[str(folder)]
    return number
