"""Which signature teaches most per character: each method alone, and sets of them, read by gradient-boosted trees.

    python benchmarks/signature_table.py --sizes 300 2700 --tested 2000

prints a table, and last a line of JSON. A row has the macro F1 of the listed patterns from the output neuron's
signature alone (near 1 it prints the answer), from the hidden neurons' alone, from both, and from both beside the
weights; and the characters that the signature takes of a classification prompt (with --tokenizer, tokens too).
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from subject_zoo.base.terms import SIGNATURE_METHODS, TASKS  # noqa: E402
from subject_zoo.chain import make_examples  # noqa: E402
from subject_zoo.judge.intervals import f1_intervals  # noqa: E402
from subject_zoo.judge.material import Networks, accepted_examples, stack_networks  # noqa: E402
from subject_zoo.judge.readers import features, trees  # noqa: E402
from subject_zoo.project import Project  # noqa: E402
from subject_zoo.records.headings import SIGNATURE_HEADING  # noqa: E402
from subject_zoo.records.tokens import token_counter  # noqa: E402

SETS = (
    *((method,) for method in SIGNATURE_METHODS),
    ("mean", "std"),
    ("mean", "std", "sparsity"),
    ("mean", "std", "max", "min", "sparsity"),
    ("mean", "std", "sparsity", "pattern_wise"),
    ("mean", "std", "pca", "entropy"),
    SIGNATURE_METHODS,
)
SIGHTS = {  # of a row: the rung of the ladder that sees as much
    "output": ("output_signature",),
    "hidden": ("hidden_signature",),
    "signature": ("output_signature", "hidden_signature"),
    "with_weights": ("weights", "output_signature", "hidden_signature"),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 2700], help="records to learn from")
    parser.add_argument("--tested", type=int, default=2000, help="other records, to test")
    parser.add_argument("--tokenizer", help="path or hub name of a tokenizer.json")
    return parser.parse_args()


def signature_length(config: dict, methods: tuple[str, ...], count_tokens) -> dict[str, float]:
    """Mean characters, and tokens, of the signature's part of a classification prompt."""
    by_task = {task: list(methods) for task in TASKS}
    project = Project({**config, "signature": {**config["signature"], "methods": by_task}})
    prompts = [str(record["classification_prompt"]) for record in make_examples(project, range(60)).records]
    parts = [prompt[prompt.index(SIGNATURE_HEADING) :].split("\n## ")[0] for prompt in prompts]
    figures = {"characters": float(np.mean([len(part) for part in parts]))}
    if count_tokens is not None:
        figures["tokens"] = float(np.mean([count_tokens(part) for part in parts]))
    return figures


def macro_f1(networks: Networks, records: list, labels: np.ndarray, rungs: tuple[str, ...], size: int, test: slice):
    described = np.hstack([features.describe(rung, networks, records) for rung in rungs])
    found = trees.read("trees", 0, described[:size], labels[:size], described[test]) > 0.5
    return f1_intervals(labels[test], found)["macro_f1"][0]


def main() -> None:
    options = arguments()
    everything = {"signature": {"methods": list(SIGNATURE_METHODS), "layers": "all"}}
    config = Project.from_config(ROOT / "config.yaml", everything).config
    count_tokens = token_counter(options.tokenizer)
    largest = max(options.sizes)
    records = list(islice(accepted_examples(config, None), largest + options.tested))
    labels = np.array([[p in one.case.listed_patterns for p in config["patterns"]["enabled"]] for one in records])
    models = [one.case.improved for one in records]
    depth, width = (max(getattr(m.architecture, key) for m in models) for key in ("num_layers", "neurons_per_layer"))
    networks = stack_networks(models, [one.signatures["improved"] for one in records], depth, width)
    extractor = Project(config).extractor
    test = slice(largest, largest + options.tested)

    print(f"{'methods':44} {'learned':>7} {'chars':>7}" + "".join(f" {name:>12}" for name in SIGHTS))
    rows = []
    for methods in SETS:
        length = signature_length(config, methods, count_tokens)
        columns = extractor.columns(methods)
        seen = replace(
            networks,
            hidden_signature=networks.hidden_signature[..., columns],
            output_signature=networks.output_signature[:, columns],
        )
        for size in sorted(options.sizes):
            began = time.perf_counter()
            scores = {name: macro_f1(seen, records, labels, rungs, size, test) for name, rungs in SIGHTS.items()}
            rows.append({"methods": methods, "training": size, **length, **scores})
            label = "all" if methods == SIGNATURE_METHODS else ", ".join(methods)
            print(
                f"{label:44} {size:7d} {length['characters']:7.0f}"
                + "".join(f" {score:12.3f}" for score in scores.values())
                + f"   {time.perf_counter() - began:.0f} s",
                flush=True,
            )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
