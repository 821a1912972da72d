"""What kind of faults and repairs a configuration makes: one row a configuration, by the same candidates.

    python benchmarks/repair_table.py --candidates 400 '{}' '{"dataset": {"corruption": "random"}}'

takes overlays of config.yaml as JSON, prints their rows, and last a line of JSON. Of the candidates that pass all gates
but `repair`, with the half of the range beside a median:

changed    numbers, as printed, that the repair changes: median, 90th percentile
distance   |repair| over |degraded weights|, L2
drift      the size of the same second stage's change on still corrupted labels, over the repair's
bias, weight, hidden, refit   share mended by another output bias, one output weight, one hidden bias, a refitted output
constant   share of degraded networks that call under 5 % of every pattern's sequences positive
degraded   the degraded network's accuracy on the target
agree      cosine of the repair and a second run of it with another order of batches
ms         CPU of both trainings, and of all stages, a candidate; and of all stages an accepted record

`accepted` counts the gate `repair` too; beside it the lowest shares by target and by activation. `uneven` are the
selected patterns, activations and numbers of patterns whose share among the accepted is surely (99 %, Holm) outside 0.9
to 1.1 of that among candidates, with that ratio.
"""

import argparse
import json
import math
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from subject_zoo.chain import steps, train_improved  # noqa: E402
from subject_zoo.evaluation.exam import classify  # noqa: E402
from subject_zoo.judge.bench import Bench  # noqa: E402
from subject_zoo.judge.cases import Case  # noqa: E402
from subject_zoo.judge.modification import score_repair  # noqa: E402
from subject_zoo.judge.noise import repairs_again  # noqa: E402
from subject_zoo.judge.repairs import one_hidden_bias, output_refit  # noqa: E402
from subject_zoo.project import Project  # noqa: E402

CONSTANT = 0.05
EVEN, LEVEL = (0.9, 1.1), 0.01
TOGETHER = 60


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("overlays", nargs="+", type=json.loads, help="JSON over config.yaml; {} is the default")
    parser.add_argument("--candidates", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="the first candidate's id")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--slow", type=int, default=100, help="records that `hidden` and `refit` are asked of, at most")
    return parser.parse_args()


def flat(weights: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([array.astype(np.float64).ravel() for array in weights.values()])


def measure(job: tuple[dict[str, Any], range, int]) -> list[dict[str, Any]]:
    """The figures of each candidate of a range; `slow` of them have all."""
    config, ids, slow = job
    project = Project(config)
    _ = project.pools, project.exam, project.probes, project.extractor, project.formatter
    made, spent = {}, {}
    began = time.process_time()
    for name, product in steps(project, ids):
        made[name] = product
        spent[name] = time.process_time() - began
        began = time.process_time()
    accepted_records = {record["example_id"] for record in made["format_records"]}
    ms = {
        "training": 1000 * (spent["train_degraded"] + spent["train_improved"]) / len(ids),
        "all": 1000 * sum(spent.values()) / len(ids),
    }
    degraded, improved, verdicts = made["train_degraded"], made["train_improved"], made["validate"]
    passed = [i for i, verdict in verdicts.items() if not set(verdict["reasons"]) - {"repair"}]
    examples = {i: made["sample_dataset"][i] for i in passed}
    control = Project({**config, "training": {**config["training"], "improvement_data": "corrupted"}})
    drifted = train_improved(control, examples, {i: degraded[i] for i in passed})
    again = repairs_again(project, examples, {i: degraded[i] for i in passed})
    rows = []
    for i, (plan, _) in made["sample_dataset"].items():
        row = {
            "accepted": i in accepted_records,
            "reasons": verdicts[i]["reasons"],
            "target": plan.target_pattern,
            "activation": plan.architecture.activation_type,
            "selected": list(plan.selected_patterns),
            "ms": ms,
        }
        rows.append(row)
        if i not in examples:
            continue
        start, repair = flat(degraded[i].weights), flat(improved[i].weights) - flat(degraded[i].weights)
        run, drift = (flat(models[i].weights) - start for models in (again, drifted))
        rates = project.exam.positive_rates(classify({i: degraded[i]}, project.exam.tokens)[i])
        row |= {
            "changed": int(np.count_nonzero(repair)),
            "parameters": len(repair),
            "distance": float(np.linalg.norm(repair) / np.linalg.norm(start)),
            "drift": float(np.linalg.norm(drift) / np.linalg.norm(repair)),
            "agree": float(run @ repair / (np.linalg.norm(run) * np.linalg.norm(repair))),
            "constant": max(rates.values()) < CONSTANT,
            "degraded": verdicts[i]["degraded"]["accuracy"][plan.target_pattern],
            "bias": "bias_shift" in (verdicts[i]["simple_repairs"] or ()),
            "weight": "one_output_weight" in (verdicts[i]["simple_repairs"] or ()),
        }
        if slow > 0:
            slow -= 1
            patterns = frozenset(verdicts[i]["classified_patterns"])
            case = Case(i, plan.selected_patterns, plan.target_pattern, degraded[i], improved[i], patterns)
            bench = Bench(project, fresh_seed=1)
            for name, rung in (("hidden", one_hidden_bias(bench)), ("refit", output_refit(bench))):
                row[name] = any(score_repair(case, weights, bench)["passed"] for weights in rung(case))
    return rows


def lowest(rows: list[dict[str, Any]], key: str) -> list[tuple[str, float]]:
    """The two values of a key with the lowest acceptance."""
    tried, accepted = (Counter(row[key] for row in rows if row["accepted"] or every) for every in (True, False))
    shares = sorted((accepted[name] / number, name) for name, number in tried.items())
    return [(name, share) for share, name in shares[:2]]


def uneven(rows: list[dict[str, Any]], accepted: float) -> dict[str, float]:
    """The traits whose acceptance over that of all is outside EVEN, by one-sided tests at a level of 0.01, by Holm."""
    tests = []
    for row_traits in (
        lambda row: row["selected"],
        lambda row: [row["activation"]],
        lambda row: [f"{len(row['selected'])} patterns"],
    ):
        for trait in sorted({trait for row in rows for trait in row_traits(row)}):
            of = np.array([row["accepted"] for row in rows if trait in row_traits(row)])
            share, error = of.mean(), max(of.std(), 1 / len(of)) / math.sqrt(len(of))
            beyond = max(EVEN[0] * accepted - share, share - EVEN[1] * accepted) / error
            tests.append((0.5 * math.erfc(beyond / math.sqrt(2)), trait, share / accepted))
    found = {}
    for place, (p, trait, ratio) in enumerate(sorted(tests)):
        if p > LEVEL / (len(tests) - place):
            break
        found[trait] = round(float(ratio), 3)
    return found


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    passed = [row for row in rows if "changed" in row]
    of = lambda key: np.array([row[key] for row in passed if key in row], np.float64)  # noqa: E731
    accepted = float(np.mean([row["accepted"] for row in rows]))
    figures = {"candidates": len(rows), "accepted": accepted}
    figures["reasons"] = dict(Counter(reason for row in rows for reason in row["reasons"]))
    if not passed:
        return figures
    figures["targets"], figures["activations"] = lowest(rows, "target"), lowest(rows, "activation")
    figures["uneven"] = uneven(rows, accepted)
    figures["changed"] = np.quantile(of("changed"), [0.5, 0.9]).tolist()
    figures["changed_share"] = float(np.median(of("changed") / of("parameters")))
    figures |= {key: float(np.median(of(key))) for key in ("distance", "drift", "degraded", "agree")}
    figures |= {key: float(of(key).mean()) for key in ("constant", "bias", "weight", "hidden", "refit")}
    figures["ms"] = {key: float(np.mean([row["ms"][key] for row in rows])) for key in ("training", "all")}
    figures["ms"]["record"] = figures["ms"]["all"] / accepted if accepted else None
    return figures


def line(figures: dict[str, Any]) -> str:
    if "targets" not in figures:
        return f"accepted {figures['accepted']:.3f}: nothing passes the other gates  {figures['reasons']}"
    names = lambda pairs: ", ".join(f"{name} {share:.2f}" for name, share in pairs)  # noqa: E731
    return (
        f"accepted {figures['accepted']:.3f} ({names(figures['targets'])}; {names(figures['activations'])})  "
        f"changed {figures['changed_share']:.0%} = {figures['changed'][0]:.0f}, {figures['changed'][1]:.0f}  "
        f"distance {figures['distance']:.2f}  drift {figures['drift']:.2f}  "
        f"bias {figures['bias']:.3f} weight {figures['weight']:.3f} hidden {figures['hidden']:.3f} "
        f"refit {figures['refit']:.2f}  "
        f"constant {figures['constant']:.3f}  degraded {figures['degraded']:.2f}  agree {figures['agree']:.2f}  "
        f"ms {figures['ms']['training']:.0f}, {figures['ms']['all']:.0f}, {figures['ms']['record'] or 0:.0f}  "
        f"{figures['reasons']}  uneven {figures['uneven']}"
    )


def main() -> None:
    options = arguments()
    ids = range(options.first, options.first + options.candidates)
    parts = [ids[start : start + TOGETHER] for start in range(0, len(ids), TOGETHER)]
    slow = -(-options.slow // len(parts))
    table = []
    with ProcessPoolExecutor(options.processes) as pool:
        for overlay in options.overlays:
            config = Project.from_config(ROOT / "config.yaml", overlay).config
            rows = [row for part in pool.map(measure, [(config, part, slow) for part in parts]) for row in part]
            table.append({"overlay": overlay, **summary(rows)})
            print(f"{json.dumps(overlay)}\n    {line(table[-1])}", flush=True)
    print(json.dumps(table))


if __name__ == "__main__":
    main()
