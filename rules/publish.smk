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
    if os.path.exists(LAST_RECEIPT := "results/published/dataset.json"):
        print(
            f"{LAST_RECEIPT}: {config['publish']['repo_id']} was whole when that was written. Where nothing is to be "
            "done, the repository is not looked at; delete that file to have it looked at and mended.",
            file=sys.stderr,
        )


def previous_receipt(wildcards):
    window = int(wildcards.window)
    return f"results/published/{window - 1:06d}.json" if window else "results/published/repository.json"


def as_it_is_now(wildcards, input):
    """The configuration, as a param that Snakemake does not compare, since it follows from an input by its arguments.

    What title pages say, when commits are made and how many examples are wanted is no reason to publish again what is
    published.
    """
    return {key: config[key] for key in (*DESCRIBED, "publish")}


# What decides which files are published, and where.
PUBLISHED_BY = [
    "seed",
    "shared_seed",
    "examples_per_job",
    "largest_job",
    "ranges_per_shard",
    "splits",
    "publish.repo_id",
]


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
        settings=settings("create_repository", *PUBLISHED_BY, digests=DIGESTS),
        as_it_is_now=as_it_is_now,
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
        settings=settings("publish_shard", *PUBLISHED_BY, digests=DIGESTS),
        as_it_is_now=as_it_is_now,
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
