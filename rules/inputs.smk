# Made once for a project.
# in:  the configuration
# out: results/pools.npz, results/signature_dataset.json, results/signature_dataset.json.sha256,
#      results/benchmark_dataset.json


rule make_pools:
    """Draw the sequences that all examples of the project share."""
    output:
        "results/pools.npz",
    log:
        "logs/make_pools.log",
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings("make_pools", "seed", "shared_seed", "patterns", "dataset"),
    script:
        "../scripts/make_pools.py"


rule make_signature_dataset:
    """Choose the probes that every signature is taken over, or take the person's own."""
    input:
        pools="results/pools.npz",
    output:
        dataset="results/signature_dataset.json",
        digest="results/signature_dataset.json.sha256",
    log:
        "logs/make_signature_dataset.log",
    priority: 1  # before any training: what cannot be signed is not trained
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings(
            "make_signature_dataset",
            "seed",
            "shared_seed",
            "patterns",
            "dataset",
            "signature.background_probes",
            "signature.dataset_path",
            "signature.methods",
            "signature.probes_per_pattern",
            "task_generation",
        ),
    script:
        "../scripts/make_signature_dataset.py"


try:
    replaced = check_unchanged(Path(rules.make_signature_dataset.output.dataset), config["signature"]["dataset_path"])
    if replaced and workflow.is_main_process:
        print(replaced, file=sys.stderr)
except UserError as error:
    stop(error)


rule make_benchmark_dataset:
    """Choose labelled test sequences to evaluate models with that interpreters write."""
    input:
        pools="results/pools.npz",
    output:
        "results/benchmark_dataset.json",
    log:
        "logs/make_benchmark_dataset.log",
    localrule: True
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings("make_benchmark_dataset", "seed", "shared_seed", "patterns", "dataset", "benchmark"),
    script:
        "../scripts/make_benchmark_dataset.py"
