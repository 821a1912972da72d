"""Targets that nobody makes."""

from tests.torture.trial import FailedError, Fault, Trial
from tests.torture.zoo import Zoo, copy

TARGETS = [
    *("./results/examples/1/record.jsonl", "results/examples/1/record.jsonl", "results/examples/000000-/record.jsonl"),
    *(
        "results/examples/000009-000002/record.jsonl",
        "results/examples/-1/record.jsonl",
        "results/examples/x/record.jsonl",
    ),
    *(
        "results/examples/0000001/record.jsonl",
        "results/examples/9999999999/record.jsonl",
        "results/examples//record.jsonl",
    ),
    *("results/examples/000000/../000001/record.jsonl", "results/examples/000000-999999999/record.jsonl"),
    *(
        "results//examples/000000/record.jsonl",
        "results/./examples/000001/record.jsonl",
        "results/examples/000001/record.json",
    ),
    *(
        "results/tallies/1.json",
        "results/tallies/99999999.json",
        "results/tallies/000500.json",
        "results/tallies/-1.json",
    ),
    *("results/verdicts/1.json", "results/plans/0.json", "results/plans/99.json", "results/plans/99999999999.json"),
    *("results/plans/01.json", "results/shards/1.weights.safetensors", "results/shards/99999999.weights.safetensors"),
    *("results/shards/000000.data.nosplit.parquet", "results/shards/000000.", "results/dataset/manifest.json/x"),
    *(
        "results/dataset",
        "results/dataset/",
        "results",
        ".",
        "..",
        "/",
        "/etc/passwd",
        "/dev/null",
        "../outside",
        "~",
        "",
    ),
    *(
        " ",
        "-",
        "--",
        "--no-such-option",
        "all",
        "make_pools",
        "write_shard",
        "plan_windows",
        "no_such_rule",
        "{examples}",
    ),
    *("results/{window}.json", "results/examples/*/record.jsonl", "results/examples/000001/record.jsonl\n", "ünï/çode"),
    *("x" * 300, "x/" * 2000, "results/examples/" + "1" * 300 + "/record.jsonl", "$(touch PWNED)", "`touch PWNED`"),
    *("a;touch PWNED", "results/published/000000.json", "results/published/dataset.json", "logs/validate/000000.log"),
    *("results/.checksums/pools.npz", ".snakemake/locks", "results/validity.json", "results/figures/none.png"),
    *(
        "results/verification.txt",
        "results/examples/000005/record.jsonl",
        "results/examples/000000-000002/validation.json",
    ),
]


def target(trial: Trial) -> str:
    """An odd target in a finished folder: it is made, or refused in one line."""
    name = trial.deal(TARGETS)
    trial.note(repr(name[:200]))
    zoo = Zoo(copy(trial.bases / "finished", trial.folder / "zoo"), trial.folder, form="snakemake")
    done = zoo.run(name, timeout=60)
    if list(trial.folder.rglob("PWNED")):
        raise FailedError("a name was run")
    if done.status:
        line = done.line_with(r"(?i)examples|tallies|target|rule|file|window|results|option|argument|candidate")
        return f"{name[:60]!r}: {line[:200]}"
    done.refuse_traceback()
    zoo.run()
    zoo.compare(trial.bases / "finished")
    return f"{name[:60]!r}: made"


FAULTS = [Fault("targets", len(TARGETS), 1, target, ("finished",))]
