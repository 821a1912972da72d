# The life of a run: one at a time, how it is stopped, the line that tells how far it is, its last words. No rules.
#
# Whoever makes this Snakefile a part of theirs lives by Snakemake's own ways.

import sys
from pathlib import Path

ROOT = Path(str(workflow.current_basedir)).parent
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from snakemake.shell import shell

from main_process.last_words import LastWords
from main_process.one_run import enter
from main_process.progress import Dataset
from main_process.stop import DEAF

LAST_WORDS = LastWords()
LINE = None

if ITS_OWN := Path(workflow.main_snakefile) == ROOT / "Snakefile":
    shell.prefix(DEAF)
if ITS_OWN and workflow.is_main_process:
    from snakemake_logger_plugin_subject_zoo import LogHandler

    LINE = LogHandler.of(workflow)
    LAST_WORDS.attend(LINE)
    if not workflow.output_settings.dryrun:
        LAST_WORDS.presence = enter("--unlock" in sys.argv)


def follow_the_run():
    """When jobs begin."""
    LAST_WORDS.failures.windows = WINDOWS
    if LAST_WORDS.presence is not None:
        LAST_WORDS.stop.listen_while_jobs_run()
        if not workflow.local_exec:
            LAST_WORDS.presence.jobs_go_elsewhere()
    if LINE is not None:
        makes_it = any(job.rule.name == "assemble_dataset" for job in workflow.dag.needrun_jobs())
        publishes = config["publish"]["repo_id"] is not None
        dataset = Dataset(config["num_examples"], WINDOWS, FIRST_PLAN, publishes) if makes_it else None
        LINE.follow(workflow, dataset, lambda: LAST_WORDS.stop.signal is not None)
