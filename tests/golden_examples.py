"""Digests of a few examples that touch all that is computed: those of golden.json beside this file, on every machine.

python -m tests.golden_examples            prints them; scripts/ on PYTHONPATH
"""

import hashlib
import json
from pathlib import Path

from subject_zoo.base.arrays import npz_bytes
from subject_zoo.base.terms import STAGES
from subject_zoo.chain import steps
from subject_zoo.project import Project
from subject_zoo.records.files import record_line
from subject_zoo.signatures.files import signature_arrays

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).with_name("golden.json")
OVERRIDES = {
    "patterns": {"vocab_size": 7, "sequence_length": 6},
    "dataset": {"num_sequences": 3000, "pool_size": 3000, "test_background": 300, "test_per_pattern": 100},
    "model": {"num_layers": [1, 3], "neurons_per_layer": [5, 19], "dropout_rate": [0.0, 0.2]},
    "training": {"lr_schedule": "cosine", "degraded_epochs": 6, "early_stopping_patience": 2},
    "signature": {
        "methods": [
            *("mean", "std", "max", "min", "sparsity", "pca", "svd", "entropy", "clustering", "fourier", "pattern_wise")
        ],
        "layers": "all",
    },
    "validation": {"min_accuracy": 0.5, "min_degradation_threshold": 0.0, "min_specificity": 0.0},
}
KINDS = {
    "default": {},
    "other": {
        "dataset": {"corruption": "random"},
        "model": {"input_encoding": "ordinal", "precision": "bfloat16", "weight_decimals": None},
        "training": {"quantization": "ternary", "lr_schedule": "linear", "improvement_penalty_epochs": 0},
        "signature": {
            "methods": {"modification": ["std", "fourier", "pattern_wise"], "classification": ["mean", "std", "pca"]},
            "layers": "hidden",
            "activations": "pre",
        },
        "format": {"style": "interwoven", "modification_completion": "patch"},
    },
}


def digests() -> dict[str, str]:
    """sha256, hex, of what each kind of configuration makes, part by part."""
    found = {}
    for kind, overlay in KINDS.items():
        base = Project.from_config(ROOT / "config.yaml", OVERRIDES)
        config = json.loads(json.dumps(base.config))
        for section, values in overlay.items():
            config[section] |= values
        project = Project(config, provenance={"signature_dataset": "of this test"})
        made = dict(steps(project, range(8), sign_rejected=True))
        models = {
            f"{stage}/{i}/{name}": array
            for stage in ("train_degraded", "train_improved")
            for i, model in made[stage].items()
            for name, array in model.weights.items()
        }
        signatures = made["extract_signatures"]
        records = made["format_records"]
        parts = {
            "pools": npz_bytes(project.pools.to_arrays()),
            "datasets": b"".join(
                d.tokens.tobytes() + d.corrupted_labels.tobytes() for _, d in made["sample_dataset"].values()
            ),
            "models": npz_bytes(models),
            "curves": json.dumps([m.training for m in made["train_improved"].values()]).encode(),
            "verdicts": json.dumps(list(made["validate"].values())).encode(),
            "signatures": npz_bytes(signature_arrays(project.extractor.feature_names, STAGES, signatures)),
            "records": b"".join(map(record_line, records)),
        }
        found |= {f"{kind} {part}": hashlib.sha256(data).hexdigest() for part, data in parts.items()}
    return found


if __name__ == "__main__":
    print(json.dumps(digests(), indent=1))
