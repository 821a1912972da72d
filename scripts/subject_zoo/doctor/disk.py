"""Where files are made: whether there is room, whether it can be written, what its file system can do."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from subject_zoo.base.files import shares_blocks
from subject_zoo.base.lines import one_line, size_in_words
from subject_zoo.base.running import Presence
from subject_zoo.doctor.asked import Asked, usable_cores
from subject_zoo.doctor.finding import Finding, fail, ok, warn
from subject_zoo.doctor.work import Work, work_of

_MOUNTS = Path("/proc/self/mounts")
MOST_FILES = 100_000  # of a folder that are counted
_TIGHT = 1.3  # of what is free to what is taken
_ELSEWHERE = "make room, or work on another disk: snakemake --directory FOLDER"


def room(asked: Asked) -> Iterator[Finding]:
    """The disk that is free, and what a run from nothing takes."""
    free, files = shutil.disk_usage(asked.disk).free, _files_left(asked.disk)
    if asked.config is None:
        yield ok("disk", f"{size_in_words(free)} free in {one_line(asked.disk)}")
        return
    work, made = work_of(asked.config, usable_cores()), size_of(asked.results)
    yield _enough_room(free, made[0], work, asked.config)
    if files is not None and files + made[1] < work.files:
        said = f"room for {files:,} files more; a run makes some {work.files:,}"
        yield fail("disk", said, f"set examples_per_job and largest_job higher; or {_ELSEWHERE}")


def _enough_room(free: float, made: float, work: Work, config: Mapping[str, Any]) -> Finding:
    """What stands there already was made by such a run, or is replaced."""
    cleaned, room = config["cleanup"], free + made
    needed = work.disk_cleaned if cleaned else work.disk
    helps = not cleaned and work.disk_cleaned < needed / 2
    of_ranges = f", {size_in_words(work.disk_cleaned)} with cleanup=true" if helps else ""
    made_in_words = f", {size_in_words(made)} in results already" if made else ""
    takes = f"{config['num_examples']:,} records take about {size_in_words(needed)}{of_ranges}"
    said = f"{size_in_words(free)} free{made_in_words}; {takes}"
    if needed * _TIGHT <= room:
        return ok("disk", said)
    advice = f"--config cleanup=true; or {_ELSEWHERE}" if helps and work.disk_cleaned <= room else _ELSEWHERE
    if needed <= room:
        return warn("disk", f"{said}: that is tight", advice)
    return fail("disk", said, advice)


def folder(asked: Asked) -> Iterator[Finding]:
    """The folder that a run works in: written to, locked, its blocks shared, as a run would."""
    where = asked.disk
    if set("{}") & set(str(asked.clone or "")):
        what = "Snakemake takes what stands in braces for a name of its own"
        yield fail("folder", f"{one_line(asked.clone)}: {what}", "rename the folder")
    if barred := next((path for path in (asked.results, *asked.results.parents) if path.is_file()), None):
        yield fail("folder", f"{one_line(barred)}: a file, where a run needs a folder", "name another --directory")
        return
    try:
        with tempfile.TemporaryDirectory(prefix=".subject-zoo-doctor-", dir=where) as tried:
            locks, shares = _has_locks(Path(tried)), shares_blocks(tried)
    except OSError as error:
        yield fail("folder", f"{one_line(where)}: cannot be written ({error.strerror})", _ELSEWHERE)
        return
    said = f"{one_line(where)} on {_file_system(where)}"
    copies = "copies take no room" if shares else "copies take room, as most file systems have it"
    if locks:
        yield ok("folder", f"{said}: can be written, has locks; {copies}")
    else:
        advice = "start no second run beside one: on a file system without locks it is not always seen"
        yield warn("folder", f"{said}: can be written, has no locks; {copies}", advice)


def cache(asked: Asked) -> Iterator[Finding]:
    """Where Snakemake keeps files of its own, without which it does not start."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    kept = Path(home, "snakemake").absolute()
    there = next((path for path in (kept, *kept.parents) if path.exists()), kept)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        said = f"{one_line(kept)}, where Snakemake keeps files, cannot be made"
        yield fail("home", said, "set HOME or XDG_CACHE_HOME to a folder that can be written")
    else:
        yield ok("home", f"{one_line(kept)} can be written, where Snakemake keeps files")


def _has_locks(tried: Path) -> bool:
    """Whether a run could tell of itself there."""
    presence = Presence(tried)
    presence.enter(lambda _: None)
    alone = presence.alone
    presence.leave(well=True)
    return alone


def _files_left(where: Path) -> int | None:
    """How many more the file system has room for; None where it has no limit, or does not tell."""
    with suppress(AttributeError, OSError):
        found = os.statvfs(where)
        return found.f_favail if found.f_files else None
    return None


def _file_system(where: Path) -> str:
    """Its type, as ext4 or nfs4."""
    with suppress(OSError, ValueError):
        mounts = [line.split()[1:3] for line in _MOUNTS.read_text(errors="replace").splitlines()]
        of = {Path(point.encode().decode("unicode_escape")): kind for point, kind in mounts}
        real = where.resolve()
        return next(of[path] for path in (real, *real.parents) if path in of)
    return "a file system"


def size_of(place: Path) -> tuple[int, int]:
    """Bytes and number of the files in a folder, of the first so many."""
    size = files = 0
    for where, _, names in os.walk(place):
        for name in names:
            with suppress(OSError):
                size += os.lstat(os.path.join(where, name)).st_size
            files += 1
            if files >= MOST_FILES:
                return size, files
    return size, files
