# From ranges to a dataset of exactly num_examples examples.
# in:  results/examples/{examples}/
# out: results/shuffled/{window}.*, results/tallies/{window}.json, results/verdicts/{window}.json,
#      results/plans/{round}.json, results/shards/{window}.*, results/dataset/, results/validity.json, results/figures/,
#      results/report.html, results/verification.txt


# What `make baseline` wrote, if it was run: no rule makes it, so it is no input, but what a page depends on.
LADDER = DATASET.with_name("ladder.json")


rule deal_networks:
    """Put other records' networks into the prompts of a window's records, if format.shuffle asks for that."""
    input:
        previous=of_previous_window("results/shuffled/{window}.last.json"),
        records=of_window("record.jsonl"),
    output:
        records=intermediate("results/shuffled/{window}.jsonl"),
        last="results/shuffled/{window}.last.json",
    log:
        "logs/deal_networks/{window}.log",
    priority: 1
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings("deal_networks", "seed", "shared_seed", "splits", "format.tokenizer"),
    script:
        "../scripts/deal_networks.py"


rule tally_window:
    """Count a window's accepted examples on top of those before it."""
    input:
        previous=of_previous_window("results/tallies/{window}.json"),
        validations=of_window("validation.json"),
        records=records_of_window,
        undealt=of_window("record.jsonl") if config["format"]["shuffle"] == "networks" else [],
    output:
        tally="results/tallies/{window}.json",
        verdicts="results/verdicts/{window}.json",
    log:
        "logs/tally_window/{window}.log",
    priority: 1
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings("tally_window"),
    script:
        "../scripts/tally_window.py"


checkpoint plan_windows:
    """Decide whether the windows planned so far hold enough accepted examples."""
    input:
        last_planned_tally,
    output:
        "results/plans/{round}.json",
    log:
        "logs/plan_windows/{round}.log",
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=lambda wildcards: settings(
            "plan_windows",
            "num_examples",
            "max_candidates",
            "examples_per_job",
            "largest_job",
            "ranges_per_shard",
            planned=planned_windows(int(wildcards.round) - 1),
        ),
    script:
        "../scripts/plan_windows.py"


rule write_shard:
    """Write one window's accepted examples as a shard."""
    input:
        tally="results/tallies/{window}.json",
        records=records_of_window,
        degraded=of_window("degraded.safetensors"),
        improved=of_window("improved.safetensors"),
        signatures=of_window("signatures.npz"),
    output:
        tables=expand("results/shards/{{window}}.{part}", part=[p for p in SHARD_PARTS if p.endswith(".parquet")]),
        weights="results/shards/{window}.weights.safetensors",
        signatures="results/shards/{window}.signatures.npz",
    log:
        "logs/write_shard/{window}.log",
    priority: 1
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings("write_shard", "seed", "shared_seed", "splits", "task_generation", "validation.ablation"),
    script:
        "../scripts/write_shard.py"


rule summarise_validity:
    """Count how true the dataset's records are."""
    input:
        tallies=lambda wildcards: [f"results/tallies/{window:06d}.json" for window in needed_windows()],
        verdicts=lambda wildcards: [f"results/verdicts/{window:06d}.json" for window in needed_windows()],
    output:
        "results/validity.json",
    log:
        "logs/summarise_validity.log",
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings(
            "summarise_validity",
            "num_examples",
            "patterns.enabled",
            "task_generation",
            "validation.min_accuracy",
        ),
    script:
        "../scripts/summarise_validity.py"


rule draw_figures:
    """Draw how true the dataset's records are."""
    input:
        "results/validity.json",
    output:
        report(
            expand("results/figures/{figure}.png", figure=FIGURES),
            category="How true the records are",
            caption="../docs/report/figures.rst",
        ),
    log:
        "logs/draw_figures.log",
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings("draw_figures"),
    script:
        "../scripts/draw_figures.py"


rule assemble_dataset:
    """Put the shards together as the publishable folder, with its card and its manifest."""
    input:
        first_plan=first_shards,
        shards=lambda wildcards: shard_files(needed_windows()),
        last_tally=lambda wildcards: f"results/tallies/{needed_windows()[-1]:06d}.json",
        validity="results/validity.json",
        copied=expand("results/{name}", name=COPIED),
    output:
        copied=expand("results/dataset/{name}", name=COPIED),
        descriptions=expand("results/dataset/{name}", name=DESCRIPTIONS),
        # Kept until it is written anew: the manifest is not, and something must tell how much stood there.
        card=update(
            report("results/dataset/README.md", category="The dataset's card", caption="../docs/report/card.rst")
        ),
        manifest="results/dataset/manifest.json",
    log:
        "logs/assemble_dataset.log",
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings(
            "assemble_dataset",
            *DESCRIBED,
            "publish.license",
            digests=DIGESTS,
        ),
    script:
        "../scripts/assemble_dataset.py"


rule write_report:
    """Tell of the finished dataset on one page: figures, and records as stories."""
    input:
        "results/dataset/manifest.json",
    output:
        report("results/report.html", category="The report", caption="../docs/report/report.rst"),
    log:
        "logs/write_report.log",
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings("write_report", ladder=file_digest(LADDER) if LADDER.is_file() else None),
    script:
        "../scripts/write_report.py"


rule verify_dataset:
    """Check the finished dataset: files, records, figures, and the training of some of its models."""
    input:
        "results/dataset/manifest.json",
    output:
        report("results/verification.txt", category="The check", caption="../docs/report/verification.rst"),
    log:
        "logs/verify_dataset.log",
    conda:
        "../envs/subject-zoo.yaml"
    threads: 16
    params:
        settings=settings("verify_dataset"),
    script:
        "../scripts/verify_dataset.py"
