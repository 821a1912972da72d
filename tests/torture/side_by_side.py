"""Runs beside each other in one folder: the second is refused or waits, and neither spoils anything."""

from tests.torture.kills import STILL_RUNS
from tests.torture.processes import wait_for
from tests.torture.trial import Fault, Trial
from tests.torture.zoo import Zoo, any_moment

RANGES = ("results/examples/000000-000003/record.jsonl", "results/examples/000004-000007/record.jsonl")
BESIDE = {
    "the same": [],
    "another range": [RANGES[1]],
    "the same range": [RANGES[0]],
    "the benchmark": ["results/benchmark_dataset.json"],
    "a dry run": ["--dry-run"],
    "--unlock": ["--unlock"],
    "--unlock, then the same": ["--unlock"],
    "--delete-all-output": ["--delete-all-output"],
    "a summary": ["--summary"],
    "without a lock": ["--nolock", "--dry-run"],
}


def beside(trial: Trial) -> str:
    """A run, another one at any moment of it, and what both ended with is gone on with."""
    name = trial.deal(list(BESIDE))
    forms = trial.choose.choice([("make", "make"), ("make", "snakemake"), ("snakemake", "make")])
    first, second = (Zoo(trial.folder / "zoo", trial.folder, form=form) for form in forms)
    moment = any_moment(trial, first.folder, trial.bases / "finished")
    told = f"{name} by {forms[1]} beside {forms[0]}, {moment}"
    trial.note(told)
    target = [RANGES[0]] if name == "another range" else []
    with first.start(*target) as running:
        if trial.choose.random() < 0.7:
            lock = first.folder / ".snakemake/locks"
            wait_for(lambda: lock.is_dir() and any(lock.iterdir()), running, 60)
        moment.wait(running)
        if name == "--delete-all-output" and running.ended:
            return f"{told}: too late"
        results = [second.run(*BESIDE[name])]
        if name == "--unlock, then the same":
            results.append(second.run())
        results.append(running.end())
    for done in results:
        done.refuse_traceback()
        if done.status:
            done.line_with(r"lock|runs|another|not as it was made|delete it")
    first.go_on(STILL_RUNS)
    first.compare(trial.bases / "finished")
    return told


FAULTS = [Fault("side-by-side", 20, 2, beside, ("finished",))]
