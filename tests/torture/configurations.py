"""Configurations that a person, or a program, gets wrong: refused in one line, or able to run."""

import math
import os
import random
import resource
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from subject_zoo.base.errors import UserError
from subject_zoo.chain import make_examples
from subject_zoo.config.check import check_config
from subject_zoo.config.load import load_config, read_yaml
from subject_zoo.dataset.shard_plan import Windows
from subject_zoo.project import Project
from subject_zoo.signatures.leaks import given_away
from tests.torture.processes import Done
from tests.torture.trial import FailedError, Fault, Trial
from tests.torture.zoo import ROOT, Zoo

DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
_MOST_MEMORY = 4 << 30  # bytes of addresses, of which NumPy and the kernels take a part
_SECONDS = 20  # of a check that takes a tenth of one

# Values of every kind, which any key may be given.
_NUMBERS = [0, 1, -1, 2, 3, 5, 7, 16, 17, 100, 1000, 10**6, 10**9, 10**12, 2**31, 2**53, 2**63, 2**64, 10**400]
_NUMBERS += [0.5, 1.0, -0.0, 1e-300, 1e300, 0.1, 0.99, 0.999999999, 1.5, math.nan, math.inf, -math.inf, 1e9, 1e12]
_TEXTS = [
    "",
    " ",
    "null",
    "~",
    "true",
    "1e3",
    "NaN",
    "0x10",
    "1_000",
    "ten",
    "A",
    "Ä",
    "é" * 50,
    "\u202e",
    "\0",
    "a\nb",
]
_TEXTS += ["a\nb", "💥", "relu", "all_same", "mean", "cuda", "auto", "../x", "/etc/passwd", "x" * 100_000, "user/name"]
_TEXTS += ["hf_" + "a" * 34]
_ODD: list[Any] = [None, True, False, [], {}, [[]], [None], {"a": 1}, {1: 2}, {None: None}, {(1, 2): 3}, b"bytes"]
_ODD += [{1, 2}]


def _deep(depth: int, kind: str) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value


def _any_value(choose: random.Random) -> Any:
    kind = choose.randrange(8)
    if kind == 0:
        return choose.choice(_ODD)
    if kind == 1:
        return choose.choice(_TEXTS)
    if kind == 2:
        return [choose.choice(_NUMBERS + _TEXTS) for _ in range(choose.randrange(4))]
    if kind == 3:
        return _deep(choose.choice([2, 20, 500, 5000]), choose.choice(["list", "map"]))
    return choose.choice(_NUMBERS)


def _near(value: Any, choose: random.Random) -> Any:
    """A value that somebody may mean: of the right kind, often of a right size."""
    if isinstance(value, bool) or value is None:
        return choose.choice([True, False, None])
    if isinstance(value, int):
        return choose.choice(
            [value + 1, max(0, value - 1), value * 10, value // 2, choose.randrange(1, 100), value * 10**6]
        )
    if isinstance(value, float):
        return choose.choice([value / 2, min(1.0, value * 2), choose.random(), 0.0, 1.0])
    if isinstance(value, list) and value and all(isinstance(item, int | float) for item in value):
        return sorted(_near(item, choose) for item in value)
    if isinstance(value, list):
        return choose.sample(value, choose.randrange(len(value) + 1))
    return value


def _keys(config: Mapping[str, Any], path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of up to four keys: a mutated configuration may be thousands of sections deep."""
    found = []
    for key, value in config.items():
        inside = isinstance(value, Mapping) and len(path) < 3
        found += [(*path, key), *(_keys(value, (*path, key)) if inside else [])]
    return found


def mutate(config: dict[str, Any], choose: random.Random) -> list[str]:
    """Change one to four keys of a configuration in place; what was done, in words."""
    done = []
    for _ in range(choose.choice([1, 1, 1, 2, 3, 4])):
        *above, key = choose.choice(_keys(config))
        section: Any = config
        for part in above:
            section = section[part]
        kind = choose.randrange(10)
        if kind == 0:
            del section[key]
            done.append(f"{key} removed")
        elif kind == 1:
            name = choose.choice([f"{key}s", str(key).upper(), " ", "", "token", "é", f"{key}\n", 7, None, True])
            section[name] = section.pop(key)
            done.append(f"{key} is called {name!r}")
        elif kind <= 5:
            section[key] = _near(section[key], choose)
            done.append(f"{key}: {_shown(section[key])}")
        else:
            section[key] = _any_value(choose)
            done.append(f"{key}: {_shown(section[key])}")
    return done


def _shown(value: Any) -> str:
    try:
        return f"{value!r:.60}"
    except RecursionError:
        return "something deep"


def read(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as the Snakefile takes it, and what else it computes of it before any job."""
    checked = check_config(load_config(ROOT / "config.yaml", config))
    windows = Windows.of(checked)
    first = windows.enough_for(checked["num_examples"], checked["expected_acceptance"])
    windows.ranges(first - 1)
    given_away(checked)
    return checked


def shrunk(config: Mapping[str, Any]) -> dict[str, Any]:
    """An accepted configuration of a second's work: counts are cut, and nothing else is changed."""
    small = deepcopy(dict(config))
    dataset, training, model = small["dataset"], small["training"], small["model"]
    dataset["num_sequences"] = min(dataset["num_sequences"], 400)
    for key, most in (("pool_size", 300), ("test_per_pattern", 20), ("test_background", 50), ("min_holdout", 20)):
        dataset[key] = min(dataset[key], most)
    fewer = 3 / max(training["degraded_epochs"], training["improvement_epochs"], 3)
    for key in ("degraded_epochs", "improvement_epochs"):
        training[key] = max(1, math.ceil(training[key] * fewer))
    training["improvement_penalty_epochs"] = min(
        training["improvement_penalty_epochs"], training["improvement_epochs"] - 1
    )
    rows = dataset["num_sequences"] - round(dataset["num_sequences"] * dataset["validation_fraction"])
    training["batch_size"] = min(training["batch_size"], rows)
    for key, most in (("num_layers", 4), ("neurons_per_layer", 12)):
        model[key] = [min(bound, most) for bound in model[key]]
    small["signature"] |= {key: min(small["signature"][key], 8) for key in ("probes_per_pattern", "background_probes")}
    small["benchmark"]["samples_per_pattern"] = min(small["benchmark"]["samples_per_pattern"], 8)
    return small


def _is_elsewhere(error: UserError) -> bool:
    """Whether the mistake is in what a configuration names and this machine lacks."""
    return any(word in str(error) for word in ("device", "tokenizer", "dataset_path", "cannot be read", "CUDA"))


def mutated(trial: Trial) -> str:
    """A mutated configuration is refused in one line, or its chain runs."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    config = deepcopy(DEFAULT)
    done = "; ".join(mutate(config, trial.choose))
    trial.note(done)
    path = trial.folder / "mine.yaml"
    try:
        if trial.choose.random() < 0.5 and _write(path, config):
            config = read_yaml(path)
        checked = read(config)
    except UserError as error:
        if "\n" in str(error) or len(str(error)) > 2000:
            raise FailedError(f"not one line: {str(error)[:500]!r}") from None
        return f"{done}: {str(error)[:200]}"
    if trial.number % 10 == 0:
        _run_two(checked)
        return f"{done}: runs"
    return f"{done}: accepted"


def _write(path: Path, config: Any) -> bool:
    """Whether it could be written: YAML's writer has its own limits."""
    try:
        path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    except (yaml.YAMLError, RecursionError):
        return False
    return True


def _run_two(checked: dict[str, Any]) -> None:
    try:
        project = Project(check_config(shrunk(checked)))
        made = make_examples(project, range(2))
        assert project.benchmark_dataset
    except UserError as error:
        if not _is_elsewhere(error):
            raise FailedError(f"accepted, and then: {error}") from None
        return
    assert set(made.verdicts) == {0, 1}


# Configuration files as text, which no YAML library should be trusted with.
def _bomb(kind: str) -> str:
    lines = ["a0: &a0 {x: 1}" if kind == "merge" else "a0: &a0 [x, x]"]
    for n in range(1, 30):
        names = ", ".join([f"*a{n - 1}"] * 9)
        lines.append(f"a{n}: &a{n} {{<<: [{names}]}}" if kind == "merge" else f"a{n}: &a{n} [{names}]")
    return "\n".join([*lines, "seed: *a29"])


TEXTS: dict[str, Callable[[], str | bytes]] = {
    "empty": lambda: "",
    "a list": lambda: "[1, 2, 3]",
    "a number": lambda: "7",
    "brackets": lambda: "[" * 100_000,
    "braces": lambda: "a: " + "{a: " * 50_000,
    "deep blocks": lambda: "\n".join(" " * n + "a:" for n in range(3000)),
    "aliases of aliases": lambda: _bomb("alias"),
    "merges of merges": lambda: _bomb("merge"),
    "a circle": lambda: "patterns: &p {enabled: *p}",
    "a circle of lists": lambda: "model: {num_layers: &l [*l, *l]}",
    "a key that is a list": lambda: "? [1, 2]\n: 3",
    "a circle as key": lambda: "? &k [*k]\n: 3",
    "tabs": lambda: "patterns:\n\tenabled: [all_same]",
    "a tag": lambda: "seed: !!python/object/apply:os.system ['touch PWNED']",
    "an unknown tag": lambda: "seed: !mine 7",
    "two documents": lambda: "seed: 1\n---\nseed: 2",
    "twice": lambda: "seed: 1\nseed: 2",
    "bytes": lambda: b"\xff\xfe\x00seed",
    "UTF-16": lambda: "seed: 3\n".encode("utf-16"),
    "a mark": lambda: "\ufeffseed: 3\n",
    "NUL": lambda: "seed: 3\0",
    "a long line": lambda: "seed: " + "9" * 1_000_000,
    "a long key": lambda: "s" * 1_000_000 + ": 3",
    "a date": lambda: "seed: 2001-01-01",
    "sixty": lambda: "seed: 1:30:00",
    "a set": lambda: "patterns: !!set {a, b}",
    "binary": lambda: "seed: !!binary aGVsbG8=",
    "an undefined alias": lambda: "seed: *nowhere",
    "carriage returns": lambda: "seed: 3\rnum_examples: 4\r",
}


def as_text(trial: Trial) -> str:
    """A file of odd YAML is refused in one line by the library, in bounded time and memory."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    name = trial.deal(list(TEXTS))
    trial.note(name)
    path = trial.folder / "mine.yaml"
    data = TEXTS[name]()
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    try:
        config = read_yaml(path)
        if not isinstance(config, Mapping):
            return f"{name}: no mapping, which Snakemake refuses"
        read(config)
    except UserError as error:
        if "\n" in str(error) or len(str(error)) > 2000:
            raise FailedError(f"not one line: {str(error)[:500]!r}") from None
        return f"{name}: {str(error)[:200]}"
    if os.path.exists("PWNED"):
        raise FailedError("a tag was run")
    return f"{name}: accepted"


def parsed(trial: Trial) -> str:
    """A mutated or odd configuration file given to `make run`: one line before any job, or the jobs are found."""
    path = trial.folder / "mine.yaml"
    if trial.number % 2:
        name = trial.deal(list(TEXTS))
        data = TEXTS[name]()
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    else:
        written = False
        while not written:
            config = deepcopy(DEFAULT)
            name = "; ".join(mutate(config, trial.choose))
            written = _write(path, config)
    trial.note(name)
    zoo = Zoo(trial.folder / "zoo", trial.folder, configfile=path, more=["--dry-run"])
    done = zoo.run()
    if done.status:
        line = _refusal(done)
        if os.path.exists(zoo.folder / "results"):
            raise FailedError(f"refused, and results/ is there: {line}")
        return f"{name[:200]}: {line[:200]}"
    return f"{name[:200]}: accepted"


def _refusal(done: Done) -> str:
    line = done.line_with(r"^config: |^\S*mine\.yaml|^Config file must be given as JSON or YAML")
    if len(line) > 2000:
        raise FailedError(f"a line of {len(line)} characters: {line[:200]}")
    return line


FAULTS = [
    Fault("configurations", 5000, 60, mutated, timeout=60),
    Fault("configuration-texts", len(TEXTS), len(TEXTS), as_text, timeout=_SECONDS),
    Fault("configurations-parsed", 20, 1, parsed),
]
