"""Files of a finished run that are spoilt in all ways: the same command finds each, or it does no harm."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.torture.trial import Fault, Trial
from tests.torture.zoo import MORE, Zoo, copy


def kind_of(name: str) -> str:
    """What files of a kind have in common: their path, whichever range, window or number they are of."""
    if name.startswith(".snakemake/"):
        return "/".join(name.split("/")[:2])
    return re.sub(r"[0-9]{6}(-[0-9]{6})?", "N", name)


def _others(trial: Trial, path: Path) -> Path:
    """Another file of the same kind, or with the same end, or any."""
    folder = trial.folder / "zoo"
    name = path.relative_to(folder).as_posix()
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink() and p != path]
    same = [p for p in files if kind_of(p.relative_to(folder).as_posix()) == kind_of(name)]
    alike = [p for p in files if p.suffix == path.suffix]
    return trial.choose.choice(same or alike or files)


def truncate(trial: Trial, path: Path) -> None:
    os.truncate(path, trial.choose.randrange(max(1, path.stat().st_size)))


def flip(trial: Trial, path: Path) -> None:
    data = bytearray(path.read_bytes() or b"\0")
    data[trial.choose.randrange(len(data))] ^= 1 << trial.choose.randrange(8)
    path.write_bytes(data)


def swap(trial: Trial, path: Path) -> None:
    other = _others(trial, path)
    ours, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(ours)


def empty(_: Trial, path: Path) -> None:
    path.write_bytes(b"")


def remove(_: Trial, path: Path) -> None:
    path.unlink()


def grow(trial: Trial, path: Path) -> None:
    with path.open("ab") as file:
        file.write(trial.choose.randbytes(trial.choose.randrange(1, 5000)))


def rubbish(trial: Trial, path: Path) -> None:
    path.write_bytes(trial.choose.randbytes(trial.choose.randrange(1, 5000)))


def another_version(trial: Trial, path: Path) -> None:
    """As another seed has it, as an older version of this software might."""
    other = trial.bases / "other" / path.relative_to(trial.folder / "zoo")
    path.write_bytes(other.read_bytes() if other.is_file() else b"{}")


def directory(trial: Trial, path: Path) -> None:
    path.unlink()
    path.mkdir()
    if trial.choose.random() < 0.5:
        (path / "file").write_text("something")


def link(trial: Trial, path: Path) -> None:
    target = trial.choose.choice(["/dev/zero", "nowhere", path.name, "moved", "/dev/null"])
    if target == "moved":
        target = str(trial.folder / "moved")
        shutil.move(path, target)
    else:
        path.unlink()
    path.symlink_to(target)


def fifo(_: Trial, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: list[Callable[[Trial, Path], None]] = [
    *(truncate, flip, swap, empty, remove, grow, rubbish),
    *(another_version, directory, link, fifo),
]
_KEEP_TIME = (truncate, flip, swap, empty, grow, rubbish, another_version)


def spoil(trial: Trial) -> str:
    """One or two files of a finished run are spoilt, half of them with their times kept; then the same command, and in
    half of the tries one that needs what is there to make one example more."""
    choose = trial.choose
    base = trial.bases / "finished"
    names = sorted(path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file())
    kinds = sorted({kind_of(name) for name in names if not name.startswith("results/dataset/shards")})
    pairs = [(kind, damage) for damage in DAMAGES for kind in kinds]
    zoo = Zoo(copy(base, trial.folder / "zoo"), trial.folder, form=choose.choice(["make", "snakemake"]))
    done = []
    for kind, damage in [trial.deal(pairs), *[choose.choice(pairs)] * (choose.random() < 0.2)]:
        path = zoo.folder / choose.choice([name for name in names if kind_of(name) == kind])
        if not path.is_file() or path.is_symlink():
            continue
        times = path.stat()
        damage(trial, path)
        keep = damage in _KEEP_TIME and choose.random() < 0.5
        if keep:
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        done.append(f"{path.relative_to(zoo.folder)}: {damage.__name__}{', time kept' if keep else ''}")
    more = choose.random() < 0.5
    trial.note(", ".join(done) + (" (one more asked for)" if more else ""))
    zoo.settings = [MORE] if more else []
    zoo.go_on()
    zoo.compare(trial.bases / ("more" if more else "finished"))
    return ", ".join(done)


FAULTS = [Fault("files", 500, 6, spoil, ("finished", "more", "other"))]
