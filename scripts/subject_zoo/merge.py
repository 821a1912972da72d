"""Several finished datasets made one, which is checked, judged and loaded as any other.

merge([Path("one/results/dataset"), Path("other/results/dataset")], Path("both"))
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import atomic_write, json_bytes
from subject_zoo.base.json_text import parse_json
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import AUDIT, RECORD_SUMMARY, SPLITS
from subject_zoo.config.sections import science_digest
from subject_zoo.dataset.folder import describe_file, title_pages
from subject_zoo.dataset.layout import (
    PICTURES,
    SEQUENCE_FILES,
    VALIDITY,
    picture_names,
    shard_of,
    shards_in,
)
from subject_zoo.dataset.parts import Part, arrange, clash, figures_of, merged_config
from subject_zoo.dataset.received import Received
from subject_zoo.dataset.record_summary import summarise_record
from subject_zoo.dataset.renumbering import renumber
from subject_zoo.provenance.code import chain_digest
from subject_zoo.provenance.machine import merged_environments
from subject_zoo.verification.folder import check_facts, check_files
from subject_zoo.verification.reader import Row, ShardReader

_ADDED = ("rows", "copies", "on_both_sides", "shared_of_held_out")  # figures of all examples' sequences together
_UNTOLD = {  # of a verdict, what its record does not tell: an accepted one fails no gate
    "reasons": [],
    AUDIT: dict.fromkeys((*_ADDED, "shared_with_test"), 0),
}


def merge(folders: Sequence[Path], output: Path, trusted: bool = False) -> list[Part]:
    """Write the dataset of these ones' records, each in its split, into a folder that does not exist; its parts.

    Folders that are not `trusted` take a bounded amount of memory. All are checked against their manifests, before
    anything is written; the folder stands when it is whole. Raises UserError, one line, for datasets that may not
    stand together, a part that is damaged or unfinished, and a folder that exists.
    """
    received = [Received(folder, trusted) for folder in folders]
    manifests = [one.manifest() for one in received]
    _check_together(folders, manifests)
    parts = arrange(manifests)
    if output.exists() or output.is_symlink():
        raise UserError(f"{output}: exists; name a folder that does not")
    if around := next((folder for folder in folders if output.resolve().is_relative_to(folder.resolve())), None):
        raise UserError(f"{output}: lies inside {around}, which it would damage; name a folder beside it")
    for folder, manifest in zip(received, manifests, strict=True):
        if damage := next(chain(check_facts(folder, manifest), check_files(folder, manifest["files"])), None):
            raise UserError(f"{folder.path}: {damage}; subject-zoo verify tells all of it")
    try:
        _write(received, parts, output)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = one_line(getattr(error, "strerror", None) or error)
        raise UserError(f"{output}: cannot be made ({why}); subject-zoo verify tells if a part is wrong") from None
    return parts


def _check_together(folders: Sequence[Path], manifests: Sequence[Mapping[str, Any]]) -> None:
    if len(folders) < 2:
        raise UserError("merge takes two datasets or more")
    for folder, manifest in zip(folders, manifests, strict=True):
        if "parts" in manifest:
            raise UserError(f"{folder}: was merged itself; name the datasets that it was merged of")
        if not manifest["finished"]:
            raise UserError(f"{folder}: is not finished; end the run that makes it first")
        if VALIDITY not in manifest["files"]:
            raise UserError(f"{folder}: has no {VALIDITY}, which a finished dataset has; make it again")
    for (one, first), (other, second) in combinations(zip(folders, manifests, strict=True), 2):
        if why := clash(first, second):
            raise UserError(f"{one} and {other} cannot be one dataset: {why}")


def _write(folders: Sequence[Received], parts: Sequence[Part], output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    try:
        unfinished.chmod(output.parent.stat().st_mode & 0o777)  # mkdtemp's is its owner's alone
        _fill(folders, parts, unfinished)
        unfinished.rename(output)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _fill(folders: Sequence[Received], parts: Sequence[Part], output: Path) -> None:
    drawings = _drawings()
    config = merged_config(parts)
    for folder, part in zip(folders, parts, strict=True):
        for name in part.facts["files"]:
            if (shard := shard_of(name)) is not None:
                renumber(folder, name, output / _raised(name, shard, part), part.first_example_id)
    for name in SEQUENCE_FILES:
        atomic_write(output / name, folders[0].read(name))
    validity = _figures(folders, parts, config)
    atomic_write(output / VALIDITY, json_bytes(validity))
    for picture in picture_names(config["task_generation"]):
        atomic_write(output / PICTURES / f"{picture}.png", drawings[picture](validity))
    written = sorted(path for path in output.rglob("*") if path.is_file())
    files = {path.relative_to(output).as_posix(): describe_file(path) for path in written}
    digests = {"code_sha256": chain_digest(), "config_sha256": science_digest(config)}
    environment = merged_environments([part.facts["environment"] for part in parts])
    pages = title_pages(files, config, digests, environment, validity, parts[0].facts["license"], parts)
    for name, page in pages.items():
        atomic_write(output / name, page)


def _drawings() -> Mapping[str, Callable[[Mapping[str, Any]], bytes]]:
    """What draws the card's pictures. Raises UserError where that is not installed: who only reads does not need it."""
    try:
        from subject_zoo.dataset.pictures import DRAWINGS
    except ImportError:
        raise UserError(
            "merge draws pictures with matplotlib, which is not installed: pip install matplotlib"
        ) from None
    return DRAWINGS


def _raised(name: str, shard: str, part: Part) -> str:
    """Where a part's file of a shard stands in the whole dataset."""
    folder, _, inside = name.rpartition("/")
    return f"{folder}/{int(shard) + part.first_shard:06d}{inside.removeprefix(shard)}"


def _figures(folders: Sequence[Received], parts: Sequence[Part], config: Mapping[str, Any]) -> dict[str, Any]:
    """validity.json of the whole: of the records as they are, and where these do not tell, the sums of the parts'."""
    of_parts = [folder.json(VALIDITY) for folder in folders]
    verdicts = [(part, dict(_verdicts(folder, part))) for folder, part in zip(folders, parts, strict=True)]
    figures = figures_of(verdicts, config)
    for key in ("fail_gate", "pass_gate_and_those_before"):
        counts = [one["funnel"][key] for one in of_parts]
        figures["funnel"][key] = {gate: sum(count[gate] for count in counts) for gate in figures["funnel"][key]}
    sequences = [one["sequences"] for one in of_parts]
    figures["sequences"] |= {key: sum(one[key] for one in sequences) for key in _ADDED}
    figures["sequences"]["shared_with_test_at_most"] = max(one["shared_with_test_at_most"] for one in sequences)
    return figures


def _verdicts(folder: Received, part: Part) -> Iterator[tuple[int, dict[str, Any]]]:
    """The verdicts on a part's records with their summaries, by own id, as the records have them."""
    reader = ShardReader(folder, part.facts, (), shards_in(part.facts["files"]))
    for shard in reader.shards:
        for split in SPLITS:
            for row in reader.records(shard, split):
                if not isinstance(row, Row) or row.values is None:
                    raise UserError(f"{folder.path}: {row}; subject-zoo verify tells all of it")
                record = dict(row.values)
                verdict = {**parse_json(record["metadata"]), **_UNTOLD, RECORD_SUMMARY: summarise_record(record)}
                yield row.example_id, verdict
