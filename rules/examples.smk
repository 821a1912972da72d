# The chain of an example or a range of examples.
# in:  results/pools.npz, results/signature_dataset.json
# out: results/examples/{examples}/{dataset.npz, degraded.safetensors, improved.safetensors,
#      validation.json, signatures.npz, record.jsonl}


rule sample_dataset:
    """Plan the examples of a range and draw their datasets."""
    input:
        pools="results/pools.npz",
    output:
        intermediate("results/examples/{examples}/dataset.npz"),
    log:
        "logs/sample_dataset/{examples}.log",
    priority: turn
    group:
        "chain"
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings(
            "sample_dataset",
            "seed",
            "patterns",
            "dataset",
            "model",
            "task_generation.include_modification",
            "training.learning_rate",
        ),
    script:
        "../scripts/sample_dataset.py"


rule train_degraded:
    """Stage 1: train a range's models on corrupted labels, on clean ones if no modification is asked for."""
    input:
        dataset="results/examples/{examples}/dataset.npz",
    output:
        intermediate("results/examples/{examples}/degraded.safetensors"),
    log:
        "logs/train_degraded/{examples}.log",
    priority: turn
    group:
        "chain"
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings(
            "train_degraded",
            "seed",
            "device",
            "format.max_prompt_chars",
            "model.neurons_per_layer",
            "model.precision",
            "model.weight_decimals",
            "training.batch_size",
            "training.degraded_epochs",
            "training.early_stopping_patience",
            "training.lr_schedule",
            "training.maker",
            "training.quantization",
        ),
    script:
        "../scripts/train_degraded.py"


rule train_improved:
    """Stage 2: train a range's degraded models on, with clean labels, if a modification is asked for."""
    input:
        dataset="results/examples/{examples}/dataset.npz",
        degraded="results/examples/{examples}/degraded.safetensors",
    output:
        intermediate("results/examples/{examples}/improved.safetensors"),
    log:
        "logs/train_improved/{examples}.log",
    priority: turn
    group:
        "chain"
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings(
            "train_improved",
            "seed",
            "device",
            "model.neurons_per_layer",
            "model.precision",
            "model.weight_decimals",
            "task_generation.include_modification",
            "training.batch_size",
            "training.early_stopping_patience",
            "training.improvement_data",
            "training.improvement_changed_share",
            "training.improvement_epochs",
            "training.improvement_lr_factor",
            "training.improvement_penalty",
            "training.improvement_penalty_epochs",
            "training.lr_schedule",
            "training.maker",
            "training.quantization",
        ),
    script:
        "../scripts/train_improved.py"


rule validate:
    """Measure a range's models before and after, and judge every example."""
    input:
        pools="results/pools.npz",
        dataset="results/examples/{examples}/dataset.npz",
        degraded="results/examples/{examples}/degraded.safetensors",
        improved="results/examples/{examples}/improved.safetensors",
    output:
        intermediate("results/examples/{examples}/validation.json"),
    log:
        "logs/validate/{examples}.log",
    priority: turn
    group:
        "chain"
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings(
            "validate",
            "seed",
            "shared_seed",
            "dataset.near_miss_ratio",
            "dataset.probe_fraction",
            "dataset.test_fraction",
            "patterns.ends_with",
            "patterns.sequence_length",
            "patterns.starts_with",
            "patterns.vocab_size",
            "task_generation",
            "validation",
        ),
    script:
        "../scripts/validate.py"


rule extract_signatures:
    """Sign the models of every accepted example of a range that a prompt shows."""
    input:
        signature_dataset="results/signature_dataset.json",
        degraded="results/examples/{examples}/degraded.safetensors",
        improved="results/examples/{examples}/improved.safetensors",
        validation="results/examples/{examples}/validation.json",
    output:
        intermediate("results/examples/{examples}/signatures.npz"),
    log:
        "logs/extract_signatures/{examples}.log",
    priority: turn
    group:
        "chain"
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings(
            "extract_signatures",
            "patterns",
            "signature",
            "task_generation",
        ),
    script:
        "../scripts/extract_signatures.py"


rule format_records:
    """Write the records of a range's accepted examples."""
    input:
        signature_dataset="results/signature_dataset.json",
        dataset="results/examples/{examples}/dataset.npz",
        degraded="results/examples/{examples}/degraded.safetensors",
        improved="results/examples/{examples}/improved.safetensors",
        validation="results/examples/{examples}/validation.json",
        signatures="results/examples/{examples}/signatures.npz",
    output:
        intermediate("results/examples/{examples}/record.jsonl"),
    log:
        "logs/format_records/{examples}.log",
    priority: turn
    group:
        "chain"
    conda:
        "../envs/subject-zoo.yaml"
    params:
        settings=settings(
            "format_records",
            "format",
            "model.weight_decimals",
            "patterns",
            "signature",
            "task_generation",
            "training.quantization",
            provenance={**DIGESTS, "seed": config["seed"]},
        ),
    script:
        "../scripts/format_records.py"
