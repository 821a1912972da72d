# Configuration, ids and parameters that the other rule files share. No rules.

import os
import shlex
import sys
from pathlib import Path

from subject_zoo.base.checksums import check_files
from subject_zoo.base.errors import UserError
from subject_zoo.base.files import file_digest, read_json
from subject_zoo.base.ids import WILDCARD, ExampleRange
from subject_zoo.config.check import check_config
from subject_zoo.config.load import load_config, read_yaml
from subject_zoo.config.sections import science_digest, select
from subject_zoo.dataset.layout import DESCRIPTIONS, PICTURES, SEQUENCE_FILES, VALIDITY, picture_names, shard_parts
from subject_zoo.dataset.shard_plan import Windows
from subject_zoo.dataset.targets import check_target
from subject_zoo.provenance.cluster import check_cluster
from subject_zoo.provenance.code import chain_digest, script_digest
from subject_zoo.provenance.machine import ONE_THREAD, check_device, check_maker, may_need_torch
from subject_zoo.provenance.packages import check_installed, version_of
from subject_zoo.provenance.pins import check_unchanged
from subject_zoo.records.lengths import check_reachable, partly_reachable
from subject_zoo.records.tokens import check_tokenizer, token_counter
from subject_zoo.signatures.leaks import given_away


def stop(error):
    """End with one line for a person, before any job starts."""
    raise SystemExit(str(error))


try:
    if set("{}") & set(str(ROOT)):
        raise UserError(f"{ROOT}: Snakemake takes what stands in braces for a name of its own; rename the folder")
    for path in workflow.config_settings.configfiles:  # Snakemake keeps the last of two values of a key
        read_yaml(path)
    config = check_config(load_config(ROOT / "config.yaml", config))
    check_reachable(config)
    check_tokenizer(config["format"]["tokenizer"])
    # Targets, before Snakemake has anything to say of them.
    for argument in sys.argv[1:] if workflow.is_main_process else ():
        check_target(argument, Path.cwd(), Windows.of(config))
except UserError as error:
    stop(error)

# Snakemake hands the name of its Python to a shell as it stands, that of a checkout called "my zoo" too.
if not sys.executable.startswith("'"):  # by another module of the same workflow
    sys.executable = shlex.quote(sys.executable)

# Jobs inherit these: numeric libraries read them when they are loaded.
os.environ.update(ONE_THREAD)


# What records and datasets say of the code and the configuration that made them.
DIGESTS = {"code_sha256": chain_digest(), "config_sha256": science_digest(config)}


# Packages whose versions results depend on.
NEEDS_TORCH = config["training"]["maker"] == "torch" or may_need_torch(config["device"])
VERSIONS = {name: version_of(name) for name in ["numpy"] + ["torch"] * NEEDS_TORCH}


def settings(rule, *keys, **more):
    """The one param of a rule: what its script reads, and what its result depends on besides its input.

    Snakemake compares params as a set of values by their repr: one dict with sorted keys, of builtins alone.
    """
    depends_on = {
        "code": script_digest(SCRIPTS / f"{rule}.py"),
        "config": select(config, keys),
        "versions": VERSIONS,
        **more,
    }
    return dict(sorted(depends_on.items()))


WINDOWS = Windows.of(config)
SHARD_PARTS = shard_parts(config["task_generation"])
FIGURES = picture_names(config["task_generation"])
# What a dataset says of its configuration: not where it is published, nor what decides whether it is made at all.
DESCRIBED = [key for key in config if key not in ("publish", "shrink", "min_acceptance")]
# What stands in the dataset's folder as it stands in results/.
COPIED = [*SEQUENCE_FILES, VALIDITY, *(f"{PICTURES}/{figure}.png" for figure in FIGURES)]


def intermediate(path):
    """A range's file; with `cleanup: true` removed once all that is made of it is there, its shard above all."""
    return temp(path) if config["cleanup"] else path


def of_window(name):
    """The files of that name of all ranges of a window."""
    return lambda wildcards: [
        f"results/examples/{examples}/{name}" for examples in WINDOWS.ranges(int(wildcards.window))
    ]


def records_of_window(wildcards):
    """A window's records as the dataset has them: with other records' networks in their prompts, where these are
    shuffled."""
    if config["format"]["shuffle"] == "networks":
        return [f"results/shuffled/{wildcards.window}.jsonl"]
    return of_window("record.jsonl")(wildcards)


def turn(wildcards):
    """The priority of a range's chain, below 1, which is that of all that is made of whole windows.

    By id, so that windows are counted, written and published while later ones are still made, and a run in vain is seen
    soon. But where all ranges planned still grow, the largest come first: begun last, each would run on alone, for as
    long as a third of such a run.
    """
    ids = ExampleRange.parse(wildcards.examples).ids
    before = (1 + ids[0]) / 10**9
    return before if FIRST_PLAN <= WINDOWS.growing else 1 - before


def of_previous_window(path):
    """A file of the window before; none of the first one."""
    return lambda wildcards: path.format(window=f"{int(wildcards.window) - 1:06d}") if int(wildcards.window) else []


def read_plan(round):
    path = checkpoints.plan_windows.get(round=round).output[0]
    try:
        check_files([path])
    except UserError as error:
        stop(error)
    return read_json(path)


def planned_windows(round):
    """How many windows there are after so many rounds of planning."""
    return read_plan(round)["windows"] if round else FIRST_PLAN


def last_planned_tally(wildcards):
    return f"results/tallies/{planned_windows(int(wildcards.round) - 1) - 1:06d}.json"


def needed_windows():
    """The windows that the dataset is made of; unknown, for Snakemake, until the last plan is enough."""
    round = 1
    while not read_plan(round)["enough"]:
        round += 1
    return range(planned_windows(round))


def shard_files(windows):
    return [f"results/shards/{window:06d}.{part}" for window in windows for part in SHARD_PARTS]


def check_run():
    """What jobs will need, looked for before the first one starts: else it would be missed after hours.

    Parsing needs no numeric package, jobs do; those of a conda environment or a container are not looked into. Nor is
    the machine where jobs run if it may be another.
    """
    check_cluster(workflow.executor_plugin.name)
    starting = {job.rule.name for job in workflow.dag.needrun_jobs()}  # under a module's prefix
    if workflow.local_exec and any(name.endswith("train_degraded") for name in starting):
        check_device(config["device"])
    if not workflow.deployment_settings.deployment_method:
        check_installed()
        if any(name.endswith("train_degraded") for name in starting):
            check_maker(config["training"]["maker"])
        if any(name.endswith("format_records") for name in starting):
            token_counter(config["format"]["tokenizer"])


wildcard_constraints:
    examples=WILDCARD,
    window=r"[0-9]+",
    round=r"[0-9]+",


onstart:
    follow_the_run()
    for warning in filter(None, (given_away(config), partly_reachable(config))):
        print(f"warning: {warning}", file=sys.stderr)
    try:
        check_run()
    except UserError as error:
        stop(error)
