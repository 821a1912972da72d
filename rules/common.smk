# Configuration, ids and parameters that the other rule files share. No rules.

import os
import re
import sys
from importlib.metadata import version
from pathlib import Path

SCRIPTS = Path(workflow.basedir) / "scripts"
sys.path.insert(0, str(SCRIPTS))

from subject_zoo.config import check_config
from subject_zoo.errors import UserError
from subject_zoo.example_ranges import ExampleRange
from subject_zoo.numerics import environment_variables
from subject_zoo.settings import science_digest, select
from subject_zoo.source_digest import source_digest


def stop(error):
    """End with one line for a person, before any job starts."""
    raise SystemExit(str(error))


try:
    config = check_config(config)
    for argument in sys.argv[1:]:  # targets, before Snakemake has anything to say of them
        if match := re.match(r"results/examples/(.*)/[^/]+$", argument):
            ExampleRange.parse(match[1])
except UserError as error:
    stop(error)

# Jobs inherit these: numeric libraries read them when they are loaded.
os.environ.update(environment_variables(config["numerics"]))

CHAIN_SCRIPTS = (
    "make_pools",
    "sample_dataset",
    "train_degraded",
    "train_improved",
    "validate",
    "extract_signatures",
    "format_records",
)


def settings(rule, *keys, **more):
    """The one param of a rule: what its script reads, and what its result depends on besides its input.

    Snakemake compares params as a set of values by their repr: one dict with sorted keys, of builtins alone.
    """
    versions = {name: version(name) for name in ("numpy", "torch")}
    code = source_digest(SCRIPTS / f"{rule}.py")
    return dict(sorted({"code": code, "config": select(config, keys), "versions": versions, **more}.items()))


def provenance():
    """What every record says of where it comes from."""
    return {
        "code_sha256": science_code_digest(),
        "config_sha256": science_digest(config),
        "seed": config["seed"],
    }


def science_code_digest():
    import hashlib

    digests = [source_digest(SCRIPTS / f"{name}.py") for name in CHAIN_SCRIPTS]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


wildcard_constraints:
    examples=r"[0-9-]+",
    window=r"[0-9]+",
    round=r"[0-9]+",
