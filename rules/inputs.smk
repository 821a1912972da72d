# Made once for a project.
# in:  the configuration
# out: results/pools.npz, results/signature_dataset.json, results/benchmark_dataset.json


rule make_pools:
    output:
        "results/pools.npz",
    log:
        "logs/make_pools.log",
    params:
        settings=settings("make_pools", "seed", "patterns", "dataset"),
    conda:
        "../envs/subject-zoo.yaml"
    script:
        "../scripts/make_pools.py"


rule make_signature_dataset:
    input:
        pools="results/pools.npz",
    output:
        "results/signature_dataset.json",
    log:
        "logs/make_signature_dataset.log",
    params:
        settings=settings(
            "make_signature_dataset",
            "seed",
            "patterns",
            "dataset",
            "signature.probes_per_pattern",
            "signature.background_probes",
        ),
    conda:
        "../envs/subject-zoo.yaml"
    script:
        "../scripts/make_signature_dataset.py"


rule make_benchmark_dataset:
    input:
        pools="results/pools.npz",
    output:
        "results/benchmark_dataset.json",
    log:
        "logs/make_benchmark_dataset.log",
    params:
        settings=settings(
            "make_benchmark_dataset", "seed", "patterns", "dataset", "benchmark"
        ),
    conda:
        "../envs/subject-zoo.yaml"
    script:
        "../scripts/make_benchmark_dataset.py"
