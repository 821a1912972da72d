# The dataset that stands in results/dataset/ when a run begins: how many examples the run makes of it, whether it is
# whole, and what a person is told. No rules.

from functools import cache

from main_process.ending import last_lines
from subject_zoo.dataset.standing import Standing, keep_only, tell_jobs, told_by_run, unlink_dangling

DATASET = Path(rules.make_signature_dataset.output.dataset).with_name("dataset")  # under a module's prefix

# A dataset that stands is not made smaller: this process looks how many examples there are, and its jobs are told.
if workflow.is_main_process:
    STANDING = Standing.found(DATASET, config)
    tell_jobs(DATASET, STANDING.num_examples)
config["num_examples"] = told_by_run(DATASET)
FIRST_PLAN = WINDOWS.enough_for(config["num_examples"], config["expected_acceptance"])


@cache
def look_at_standing():
    """Say what will become of the dataset that stands, and have it put together again where it is not whole.

    Called where the dataset is wanted: whoever asks for one example is told nothing of it.
    """
    if "--allowed-rules" in sys.argv:  # as `make report` has it: what stands is told of as it is
        return
    if any(argument.startswith("--delete-all") for argument in sys.argv):
        # The tables, weights and signatures are no outputs that Snakemake knows.
        if not workflow.output_settings.dryrun:
            keep_only(DATASET, ())
        return
    for line in STANDING.first_words():
        print(line, file=sys.stderr)
    if (STANDING.flaws or STANDING.config is None) and not workflow.output_settings.dryrun:
        unlink_dangling(DATASET)
    # Snakemake compares no params of a job whose inputs wait for a plan, and a missing plan is no reason to make one:
    # after a run for more examples that ended while it planned, nothing would be done.
    if STANDING.flaws or STANDING.is_to_change:
        workflow.dag.forcefiles.add(rules.assemble_dataset.output.manifest)


def first_shards(wildcards):
    """Those of the first plan; named beside those of the checkpoint, or no shard would start before the last plan."""
    if workflow.is_main_process:
        look_at_standing()
    return shard_files(range(FIRST_PLAN))


def good_news(seconds):
    """The last lines of a run that succeeded."""
    asked = set(map(str, workflow.dag.targetfiles))
    for job in workflow.dag.targetjobs:  # of a rule that was asked for
        if not asked & set(job.output):
            asked |= set(job.output or job.input)
    return last_lines(asked, workflow.overwrite_workdir, seconds)


if ITS_OWN and workflow.is_main_process and not workflow.output_settings.dryrun:
    LAST_WORDS.good_news = good_news


onsuccess:
    LAST_WORDS.end_well()
    if look_at_standing.cache_info().currsize:  # the dataset was wanted
        for line in STANDING.last_words():
            print(line, file=sys.stderr)
