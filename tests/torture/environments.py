"""Environments that nobody thinks of: other languages, clocks, rights, folders, limits, terminals."""

import os
import pty
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.torture.processes import run
from tests.torture.trial import FailedError, Fault, SkippedError, Trial
from tests.torture.zoo import ENVIRONMENT, ROOT, Zoo

PIECES = ("Makefile", "Snakefile", "config.yaml", "profiles", "rules", "scripts", "envs", "docs", "requirements.txt")
ODD = ("my zoo", "it's", 'a"b', "z$(touch PWNED)", "ünï·ço∂é", "-rf", "a;b&c", "{braces}", "100%", "#hash", "a*b", "~")


def _set(**variables: str) -> Callable[[Trial, Zoo], None]:
    def change(_: Trial, zoo: Zoo) -> None:
        zoo.env = {**zoo.env, **variables}

    return change


def _unset(*names: str) -> Callable[[Trial, Zoo], None]:
    def change(_: Trial, zoo: Zoo) -> None:
        zoo.env = {name: value for name, value in zoo.env.items() if name not in names}

    return change


def _limit(which: int, value: int) -> Callable[[Trial, Zoo], None]:
    def change(_: Trial, zoo: Zoo) -> None:
        zoo.options = {"preexec_fn": lambda: resource.setrlimit(which, (value, value))}

    return change


def _umask(_: Trial, zoo: Zoo) -> None:
    zoo.options = {"umask": 0o077}


def _odd_results(trial: Trial, zoo: Zoo) -> None:
    zoo.folder = trial.folder / trial.choose.choice(ODD) / "zoo"


def _odd_checkout(trial: Trial, zoo: Zoo) -> None:
    """The whole project stands in an oddly named folder, with its results, as for most people."""
    zoo.root = zoo.folder = trial.folder / trial.choose.choice([name for name in ODD if name != "-rf"])
    zoo.root.mkdir(parents=True)
    for piece in PIECES:
        source = ROOT / piece
        (shutil.copytree if source.is_dir() else shutil.copy)(source, zoo.root / piece)


def _read_only_home(trial: Trial, zoo: Zoo) -> None:
    home = trial.folder / "home"
    home.mkdir(mode=0o500)
    zoo.env = {**zoo.env, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "MPLCONFIGDIR": "/dev/null"}


def _home_is_a_file(trial: Trial, zoo: Zoo) -> None:
    zoo.form = "make"  # snakemake by itself ends in a traceback of its own, before it reads the Snakefile
    (trial.folder / "home").write_text("")
    zoo.env = {**zoo.env, "HOME": str(trial.folder / "home")}


def _cores(number: int | str) -> Callable[[Trial, Zoo], None]:
    def change(_: Trial, zoo: Zoo) -> None:
        zoo.cores = number

    return change


def _closed_input(_: Trial, zoo: Zoo) -> None:
    zoo.options = {"preexec_fn": lambda: os.close(0)}


def _terminal(_: Trial, zoo: Zoo) -> None:
    """Standard input is a terminal, and of no use."""
    controller, terminal = pty.openpty()
    os.set_inheritable(controller, True)
    zoo.options = {"stdin": terminal}


def _lost_reader(_: Trial, zoo: Zoo) -> None:
    """Standard output goes to a reader that went away, as in `make run | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    zoo.options = {"stdout": writer}


def _full_output(_: Trial, zoo: Zoo) -> None:
    zoo.options = {"stdout": open("/dev/full", "wb")}  # noqa: SIM115


def _without_rights(_: Trial, zoo: Zoo) -> None:
    """Not root, for whom no folder is read-only; on files that all may read."""
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    if os.geteuid() != 0:
        return
    try:
        subprocess.run([sys.executable, "-c", "import snakemake"], check=True, capture_output=True, **nobody)
    except (OSError, subprocess.CalledProcessError):
        raise SkippedError("no rights: Python's packages are for root alone here") from None
    zoo.folder = Path("/dev/shm") / f"torture-{os.getpid()}" / "zoo"
    zoo.folder.mkdir(parents=True)
    for path in (zoo.folder.parent, zoo.folder):
        os.chown(path, 65534, 65534)
    zoo.options = nobody


ENVIRONMENTS: dict[str, Callable[[Trial, Zoo], None]] = {
    "LANG=C": _set(LANG="C", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"),
    "a language that is not installed": _set(LC_ALL="tr_TR.UTF-8", LANGUAGE="tr"),
    "a far clock": _set(TZ="Pacific/Kiritimati"),
    "no clock": _set(TZ=":no/such/zone"),
    "hashes": _set(PYTHONHASHSEED="12345"),
    "umask 077": _umask,
    "no HOME": _unset("HOME", "USER", "LOGNAME"),
    "HOME is missing": _set(HOME="/no/such/folder"),
    "HOME is read-only": _read_only_home,
    "HOME is a file": _home_is_a_file,
    "TMPDIR is missing": _set(TMPDIR="/no/such/folder", TEMP="/no", TMP="/no"),
    "an oddly named folder": _odd_results,
    "an oddly named checkout": _odd_checkout,
    "one core": _cores(1),
    "seven cores": _cores(7),
    "all cores": _cores("all"),
    "OMP_NUM_THREADS=0": _set(OMP_NUM_THREADS="0", MKL_NUM_THREADS="-1", OPENBLAS_NUM_THREADS="many"),
    "OMP_NUM_THREADS=64": _set(OMP_NUM_THREADS="64", OMP_DYNAMIC="true", OPENBLAS_NUM_THREADS="64"),
    "PYTHONPATH": _set(PYTHONPATH=":/no/such/folder:/etc/passwd:~:"),
    "PYTHON options": _set(PYTHONOPTIMIZE="2", PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1"),
    "warnings": _set(PYTHONWARNINGS="always", PYTHONDEVMODE="1"),
    "no standard input": _closed_input,
    "a terminal": _terminal,
    "a reader that went away": _lost_reader,
    "an output that is full": _full_output,
    "64 open files": _limit(resource.RLIMIT_NOFILE, 64),
    "20 open files": _limit(resource.RLIMIT_NOFILE, 20),
    "4 GiB of addresses": _limit(resource.RLIMIT_AS, 4 << 30),
    "no cores to dump": _limit(resource.RLIMIT_CORE, 0),
    "a narrow terminal": _set(COLUMNS="1", LINES="1", TERM="dumb", NO_COLOR="1"),
    "another backend": _set(MPLBACKEND="NoSuchBackend", DISPLAY=":99"),
    "no GPU": _set(CUDA_VISIBLE_DEVICES=""),
    "no rights": _without_rights,
}


# What the line of a run says that cannot be, here.
NAMED = r"TMPDIR|HOME|open files|temporary|limit|memory|permission|read-only|name|folder|write error"


def environment(trial: Trial) -> str:
    """A run in an odd environment gives the same bytes, or one clear line, and then a run in a good one does."""
    name = trial.deal(list(ENVIRONMENTS))
    trial.note(name)
    zoo = Zoo(trial.folder / "zoo", trial.folder, form=trial.choose.choice(["make", "snakemake"]))
    good = zoo.env
    try:
        ENVIRONMENTS[name](trial, zoo)
        done = zoo.run()
        done.refuse_traceback()
        if done.status:
            line = done.line_with(
                r"TMPDIR|HOME|open files|temporary|limit|memory|permission|read-only|name|folder|write error"
            )
            zoo.env, zoo.options = good, {}
            zoo.go_on()
            zoo.compare(trial.bases / "finished")
            return f"{name}: {line[:200]}"
        zoo.compare(trial.bases / "finished")
        if name == "an oddly named checkout":
            _verify(trial, zoo)
        if found := list(trial.folder.rglob("PWNED")):
            raise FailedError(f"a name was run: {found[0]}")
    finally:
        if zoo.folder.is_relative_to("/dev/shm"):
            shutil.rmtree(zoo.folder.parent)
    return f"{name}: {zoo.folder.name if 'oddly' in name else 'equal'}"


def _verify(trial: Trial, zoo: Zoo) -> None:
    """`make verify`, and the rule, by names that a shell would read otherwise."""
    ready = f"{ENVIRONMENT}/.ready"
    folder = zoo.folder / "results/dataset"
    command = ["make", "-C", str(zoo.root), "-o", ready, f"VENV={ENVIRONMENT}", "verify", f"FOLDER={folder}"]
    command[-1] = command[-1].replace("$", "$$")
    for done in (run(command, trial.folder, zoo.env), zoo.run("results/verification.txt")):
        if done.status:
            raise FailedError("it is not verified: " + "\n".join(done.last_words))


FAULTS = [Fault("environments", 2 * len(ENVIRONMENTS), 3, environment, ("finished",))]
