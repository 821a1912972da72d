# What can be asked for:
#   snakemake --cores 16                                            the dataset: results/dataset/
#   snakemake --cores 1 results/examples/000007/record.jsonl        one example, by its own chain
#   snakemake --cores 1 results/examples/000100-000199/record.jsonl a range of them
#   snakemake --cores 1 results/signature_dataset.json              the probes behind all signatures
#   snakemake --cores 1 results/benchmark_dataset.json              labelled sequences for evaluations
#   snakemake --cores 1 results/report.html                         a page about the dataset, for a browser
#   snakemake --cores 1 results/verification.txt                    the dataset checked, and some of it trained again
# With publish.repo_id in the configuration the dataset goes to the Hugging Face Hub while it is made.


include: "rules/run.smk"
include: "rules/common.smk"
include: "rules/inputs.smk"
include: "rules/standing.smk"
include: "rules/examples.smk"
include: "rules/dataset.smk"


if config["publish"]["repo_id"]:

    include: "rules/publish.smk"


rule all:
    """The dataset, in results/dataset/, and a page about it; and published, where publish.repo_id is set."""
    default_target: True
    input:
        "results/dataset/manifest.json",
        "results/report.html",
        ["results/published/dataset.json"] if config["publish"]["repo_id"] else [],
