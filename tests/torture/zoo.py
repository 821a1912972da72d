"""A person who types one command until the dataset is there, and does what the lines say that it ends with."""

import hashlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.pipeline import ROOT
from tests.torture.processes import Done, Running, wait_for
from tests.torture.trial import FailedError, Trial

TINY = Path(__file__).with_name("tiny.yaml")
ENVIRONMENT = sys.prefix  # of Python's packages
DATASET = Path("results/dataset")
MORE = "num_examples=5"  # one example more than TINY asks for, of the windows that are there
LONGEST = 120.0  # seconds of a run that takes five: the machine may be busy
PATIENCE = 6  # times that the command is typed
_NAMED = re.compile(r"(\S+?): ")
_STALE = re.compile(r"--unlock")


def clean_environment() -> dict[str, str]:
    """This process's, without what would reach the pipeline from the tests."""
    foreign = ("PYTHON", "PYTEST", "HF_", "HUGGING", "SNAKEMAKE", "MAKE", "COV_", "SUBJECT_ZOO")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


@dataclass
class Zoo:
    """The pipeline in `folder`, which need not be there, by `make run` or by `snakemake` as it is.

    `said` is a folder for what is printed; `more` are further arguments of snakemake, `settings` of its --config.
    """

    folder: Path
    said: Path
    form: str = "make"
    settings: Sequence[str] = ()
    more: Sequence[str] = ()
    cores: int | str = 2
    env: Mapping[str, str] = field(default_factory=clean_environment)
    root: Path = ROOT
    configfile: Path = TINY
    options: Mapping[str, Any] = field(default_factory=dict)  # of subprocess.Popen

    def command(self, *more: str) -> list[str]:
        arguments = ["--directory", str(self.folder), *self.more, *more, "--configfile", str(self.configfile)]
        arguments += ["--cores", str(self.cores)]
        arguments += ["--config", *self.settings] if self.settings else []
        if self.form == "make":
            text = shlex.join(arguments).replace("$", "$$")
            ready = f"{ENVIRONMENT}/.ready"  # the packages are here, whatever the time of requirements.txt
            return ["make", "-C", str(self.root), "-o", ready, f"VENV={ENVIRONMENT}", "run", f"ARGS={text}"]
        return [f"{ENVIRONMENT}/bin/snakemake", "--snakefile", str(self.root / "Snakefile"), *arguments]

    def start(self, *more: str) -> Running:
        self.said.mkdir(parents=True, exist_ok=True)
        return Running(self.command(*more), self.said, self.env, **self.options)

    def run(self, *more: str, timeout: float = LONGEST) -> Done:
        with self.start(*more) as running:
            return running.end(timeout)

    def go_on(self, allowed: Sequence[str] = ()) -> Done:
        """Type the command again, and do what it says, until it succeeds. FailedError for a traceback, a hang, a
        failure without a line that says what to do, and where it has not succeeded after PATIENCE times.

        `allowed` are regular expressions of lines that ask for nothing but the command again.
        """
        for _ in range(PATIENCE):
            done = self.run()
            done.refuse_traceback()
            if done.status == 0:
                return done
            self.obey(done, allowed)
        raise FailedError(f"no success after {PATIENCE} times; the last ended with:\n" + "\n".join(done.last_words))

    def obey(self, done: Done, allowed: Sequence[str] = ()) -> None:
        """Do what the last words of a run that failed say."""
        obeyed = False
        for line in done.last_words:
            if "start anew with an empty results folder" in line:
                obeyed |= self.delete("results")
            elif "delete it" in line:
                obeyed |= sum(map(self.delete, _NAMED.findall(line))) > 0
            elif self.form == "snakemake" and _STALE.search(line):
                self.run("--unlock")
                obeyed = True
            obeyed |= any(re.search(pattern, line) for pattern in allowed)
        if not obeyed:
            raise FailedError(f"status {done.status}, and nothing to do is said:\n" + "\n".join(done.last_words))

    def delete(self, name: str) -> bool:
        """Delete what a line names, if it is in the folder and there."""
        path = Path(os.path.normpath(self.folder / name))
        if self.folder not in path.parents or not os.path.lexists(path):
            return False
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        return True

    def compare(self, base: Path) -> None:
        """FailedError unless the dataset is the undisturbed run's, byte by byte, and no temporary file is left."""
        compare(self.folder / DATASET, base / DATASET)
        left = [
            str(path.relative_to(self.folder))
            for path in (self.folder / "results").rglob(".*")
            if path.name not in (".checksums", ".snakemake_timestamp")
        ]
        if left:
            raise FailedError(f"left behind: {', '.join(left[:5])}")


def compare(found: Path, expected: Path) -> None:
    """FailedError unless two folders hold the same files with the same bytes."""
    ours, theirs = digests(found), digests(expected)
    if ours != theirs:
        differing = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
        raise FailedError(f"silent difference: {', '.join(differing[:6])}")


def digests(folder: Path) -> dict[str, str]:
    """sha256 of all files below a folder, and what stands there that is no file, by relative path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            found[name] = "no file"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@dataclass(frozen=True)
class Moment:
    """When a run is disturbed: some seconds after its start, or after a file is "there", "temporary" (a file that is
    to be renamed to it) or "changed" (gone, or made anew)."""

    path: Path | None
    is_: str
    seconds: float

    def __str__(self) -> str:
        what = "the start" if self.path is None else f"{self.path.name} is {self.is_}"
        return f"{self.seconds:.3f} s after {what}"

    def wait(self, running: Running) -> None:
        if self.path is not None:
            before = _made(self.path)
            wait_for(lambda: self._has_come(before), running, 60)
        wait_for(lambda: False, running, self.seconds)

    def _has_come(self, before: int | None) -> bool:
        assert self.path is not None
        if self.is_ == "temporary":
            with suppress(OSError):
                return any(name.startswith(f".{self.path.name}.") for name in os.listdir(self.path.parent))
            return False
        return os.path.lexists(self.path) if self.is_ == "there" else _made(self.path) != before


def _made(path: Path) -> int | None:
    with suppress(OSError):
        return path.lstat().st_mtime_ns
    return None


def seconds_file(base: Path) -> Path:
    """Where it stands how long an undisturbed run took."""
    return base.with_name(f"{base.name}.seconds")


def any_moment(trial: Trial, folder: Path, base: Path) -> Moment:
    """A moment of a run in `folder`: half of them by time, half by what it writes, all that `base` holds."""
    choose = trial.choose
    if choose.random() < 0.5:
        return Moment(None, "", choose.uniform(0, 1.1 * float(seconds_file(base).read_text())))
    names = sorted(path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file())
    names = [name for name in names if not name.startswith(".snakemake/log")] + [".snakemake/locks/0.input.lock"] * 3
    name = choose.choice(names)
    kind = "changed" if (folder / name).exists() else "there"
    if name.startswith("results/") and choose.random() < 0.4:
        kind = "temporary"
    return Moment(folder / name, kind, choose.choice([0, 0, choose.uniform(0, 0.2)]))


def copy(source: Path, target: Path) -> Path:
    """A copy of a folder with its times, which shares blocks with it where the file system can."""
    shutil.copytree(source, target, symlinks=True)
    return target
