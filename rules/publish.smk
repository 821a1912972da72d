# The dataset on the Hugging Face Hub: shards while they are made, and the whole in the end. Only with publish.repo_id.
# in:  results/shards/, results/tallies/, results/dataset/
# out: results/published/repository.json, results/published/{window}.json, results/published/dataset.json
#
# Receipts form a chain, so the repository holds the first shards at every moment, and one upload runs at a time.
# The jobs wait for the network, not for a core (`threads: 0`); on a cluster they run where Snakemake does, since
# compute nodes often reach no network.

from subject_zoo.hub.environment import hub_environment

for name, value in hub_environment().items():
    os.environ.setdefault(name, value)

from subject_zoo.hub.client import check_token

if workflow.is_main_process:
    try:
        check_token()
    except UserError as error:
        stop(error)


def previous_receipt(wildcards):
    window = int(wildcards.window)
    # A repository is looked at again where any key changes; what is published then stays so.
    return f"results/published/{window - 1:06d}.json" if window else ancient("results/published/repository.json")


rule create_repository:
    """Open the repository that the dataset is published in, and see that it can be."""
    output:
        "results/published/repository.json",
    log:
        "logs/create_repository.log",
    priority: 2
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    threads: 0
    resources:
        hub=1,
    params:
        settings=settings("create_repository", *config, digests=DIGESTS),
    script:
        "../scripts/create_repository.py"


rule publish_shard:
    """Let a shard wait for the next commit to the Hub, or make it, with all that wait."""
    input:
        previous=previous_receipt,
        tally="results/tallies/{window}.json",
        shard=lambda wildcards: shard_files([int(wildcards.window)]),
        sequences=["results/signature_dataset.json", "results/benchmark_dataset.json"],
    output:
        "results/published/{window}.json",
    log:
        "logs/publish_shard/{window}.log",
    priority: 1
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    threads: 0
    resources:
        hub=1,
    params:
        settings=settings(
            "publish_shard",
            "seed",
            "examples_per_job",
            "ranges_per_shard",
            "splits",
            "publish.repo_id",
            digests=DIGESTS,
        ),
        # Named after an input, so that Snakemake does not compare it: what title pages say, and when commits are made,
        # is no reason to publish a shard again.
        as_it_is_now=lambda wildcards, input: config,
    script:
        "../scripts/publish_shard.py"


rule publish_dataset:
    """Make the repository on the Hub equal to the finished dataset folder."""
    input:
        # Named beside that of the checkpoint, or no shard would be published before the last plan.
        first_plan=f"results/published/{FIRST_PLAN - 1:06d}.json",
        last=lambda wildcards: f"results/published/{needed_windows()[-1]:06d}.json",
        manifest="results/dataset/manifest.json",
    output:
        "results/published/dataset.json",
    log:
        "logs/publish_dataset.log",
    priority: 1
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    threads: 0
    resources:
        hub=1,
    params:
        settings=settings(
            "publish_dataset",
            "publish.repo_id",
            "publish.private",
            "publish.replace",
            digests=DIGESTS,
        ),
    script:
        "../scripts/publish_dataset.py"
