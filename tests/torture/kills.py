"""Runs that are ended at any moment, once or twice, and go on by the same command."""

import signal

from tests.torture.processes import wait_for
from tests.torture.trial import Fault, Trial
from tests.torture.zoo import MORE, Zoo, any_moment, copy

# What a run may say that waits for what the killed one left: its last job, which still writes.
STILL_RUNS = ("another run lives here",)


def _ended_by(number: signal.Signals, group: bool, trial: Trial) -> str:
    """A run that is sent a signal, sometimes another after it; told without a traceback where it can tell."""
    choose = trial.choose
    zoo = Zoo(trial.folder / "zoo", trial.folder, form=trial.deal(["make", "make", "make", "snakemake"]))
    base, told = trial.bases / "finished", [zoo.form]
    if choose.random() < 0.25:  # the dataset stands there, and one example more is asked for
        copy(base, zoo.folder)
        base, zoo.settings = trial.bases / "more", [MORE]
        told.append(MORE)
    for _ in range(choose.choice([1, 1, 2])):
        moment = any_moment(trial, zoo.folder, base)
        told.append(str(moment))
        with zoo.start() as running:
            moment.wait(running)
            if number != signal.SIGKILL:
                wait_for(running.listens, running, 60)
            running.tell(number, group)
            if number != signal.SIGKILL:
                done = running.end(60)
                done.refuse_traceback()
                if done.status == 0 or done.says_that_all_is_done:
                    break  # in the second case, make alone was there to be ended
                done.line_with("^stopped; .*type the same command to go on")
            elif group:
                running.end(60)
            else:
                running.process.wait(60)  # its jobs live on
                zoo.go_on(STILL_RUNS)
    zoo.go_on(STILL_RUNS)
    zoo.compare(base)
    return f"{number.name}: {', '.join(told)}"


def kill_group(trial: Trial) -> str:
    """`kill -9` of all at once, as a machine that loses its power."""
    return _ended_by(signal.SIGKILL, True, trial)


def kill_main(trial: Trial) -> str:
    """`kill -9` of the main process, whose jobs live on while the command is typed again."""
    return _ended_by(signal.SIGKILL, False, trial)


def interrupt(trial: Trial) -> str:
    """Ctrl-C: SIGINT to the group."""
    return _ended_by(signal.SIGINT, True, trial)


def terminate(trial: Trial) -> str:
    """SIGTERM to the group, as from a batch system, or to the main process."""
    return _ended_by(signal.SIGTERM, trial.choose.random() < 0.5, trial)


def dying_job(trial: Trial) -> str:
    """A job that is killed, as by a kernel that is out of memory, or stopped by a full disk, under --keep-going."""
    zoo = Zoo(trial.folder / "zoo", trial.folder, form=trial.deal(["make", "snakemake"]))
    names = ("make_pools", "sample_dataset", "train_degraded", "train_improved", "validate", "extract_signatures")
    names += (
        "format_records",
        "tally_window",
        "plan_windows",
        "write_shard",
        "draw_figures",
        "assemble_dataset",
        "write_report",
    )
    rule = trial.deal(list(names))
    number = trial.choose.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS])
    with zoo.start("--keep-going") as running:
        killed = False
        while not running.ended and not killed:
            if job := running.jobs().get(rule):
                killed = not job.send_signal(number)
        done = running.end()
    if not killed or done.status == 0:
        return f"{rule} was too fast"
    done.line_with(rf"^failed: {rule}\b.*{number.name}.*\(logs/{rule}")
    done.line_with("type the same command to go on")
    zoo.go_on()
    zoo.compare(trial.bases / "finished")
    return f"{rule}, {number.name}"


FAULTS = [
    Fault("kill-group", 100, 2, kill_group, ("finished", "more")),
    Fault("kill-main", 25, 1, kill_main, ("finished", "more")),
    Fault("interrupt", 25, 1, interrupt, ("finished", "more")),
    Fault("terminate", 25, 1, terminate, ("finished", "more")),
    Fault("dying-job", 10, 1, dying_job, ("finished",)),
]
