"""Are the records true? Measures every record of a dataset folder again, and shares no code with the pipeline.

    python benchmarks/remeasure.py results/dataset

reads the text columns of the Parquet files (weights, metadata, completions) and the configuration in manifest.json.
Patterns, ownership, near misses and the networks are written here a second time, from their definitions. It prints
the bars that a dataset has to clear, what each pattern is worth, the records that fail, and a last line of JSON.

Measured on are sequences that no model was trained on, as fresh_sequences.py says; but a pattern of fewer than
`min_holdout` sequences is trained on whole, and measured so.

Accuracies: of a selected pattern the share called positive of the sequences that it owns (of the selected patterns,
the one with the fewest sequences owns a sequence; equal counts in the config's order); of the background the
share called negative of negatives, which are near misses by `near_miss_ratio`, half of them members of unselected
patterns and half sequences one token away from a member of a selected one, each pattern counting the same, and
sequences that satisfy no enabled pattern. Sampling errors are SIGMAS standard errors: binomial for an accuracy
(p (1 - p) / n, with the effective n of the weights), of the paired differences for a change; a census has none.

Classification: the completion has to list the enabled patterns of which the improved model calls as large a share
positive as the prompt asks for, "at least 75%", owned or not. A rate within the sampling error of that is settled by
the pattern's sequences, all of them: that is what the prompt speaks of.

Of a dataset without modification, whose records hold one network each, what concerns a change is not measured; of one
without classification, what concerns completions that name patterns is not.

Where records state figures of the whole space (`validation.exact`), those of the first `--whole` records are counted
again, as exact_figures.py says: that takes some seconds each.
"""

import argparse
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from exact_figures import exact_figures_hold
from fresh_sequences import Fresh, Sample
from one_number_repairs import mended_by
from published_records import read_records
from second_definitions import Network, Space

SIGMAS = 3
BACKGROUND = "background"
DRAWN = {"accuracy": 2000, "rate": 800, "near": 300, BACKGROUND: 2000}  # sequences of one group, at most
FRESHNESS = ("fresh", "held out", "all, trained on")
COLUMNS = (
    "example_id",
    "degraded_model_weights",
    "improved_model_weights",
    "metadata",
    "modification_completion",
    "classification_prompt",
    "classification_completion",
)


def measure(record: Mapping[str, Any], space: Space, fresh: Fresh, config: Mapping[str, Any], seed: int) -> dict:
    """Accuracies of both stages, changes and errors by selected pattern and background; rates by enabled pattern."""
    metadata = json.loads(record["metadata"])
    selected = [space.names.index(name) for name in metadata["selected_patterns"]]
    order = sorted(sorted(selected), key=lambda pattern: space.counts[pattern])
    rng = np.random.default_rng([seed, record["example_id"]])
    judged: dict[str, list[tuple[float, Sample]]] = {}
    for position, pattern in enumerate(order):
        sample = fresh.members[pattern].draw(DRAWN["accuracy"], space.bits(order[:position]), rng)
        judged[space.names[pattern]] = [(1.0, sample)]
    judged[BACKGROUND] = _negatives(space, fresh, selected, config["dataset"]["near_miss_ratio"], rng)
    rated = [group.draw(DRAWN["rate"], 0, rng) for group in fresh.members]

    columns = [f"{stage}_model_weights" for stage in ("degraded", "improved")]
    networks = [Network(record[column]) for column in columns if column in record]
    samples = [sample for group in judged.values() for _, sample in group]
    after = _positive(networks[-1], space, [*samples, *rated])
    before = _positive(networks[0], space, samples) if len(networks) > 1 else after[: len(samples)]
    pairs = zip(before, after, strict=False)
    figures = {
        name: _figure([(w, sample, *next(pairs)) for w, sample in group], called=float(name != BACKGROUND))
        for name, group in judged.items()
    }
    rates = [sample.estimate(values) for sample, values in zip(rated, after[len(samples) :], strict=True)]
    target = metadata.get("target_pattern")
    return {
        "example_id": record["example_id"],
        "target": target,
        "selected": metadata["selected_patterns"],
        "recorded": metadata["improved"]["accuracy"],
        "figures": figures,
        "rates": dict(zip(space.names, rates, strict=True)),
        "tiers": {name: group[0][1].tier for name, group in judged.items() if name != BACKGROUND},
        "networks": networks,
        "mended by one number": target and mended_by(networks[0], space, judged, target, config["validation"]),
    }


def _positive(network: Network, space: Space, samples: Sequence[Sample]) -> list[np.ndarray]:
    """By sample, 1.0 where the network calls the sequence positive, else 0.0."""
    tokens = space.tokens[np.concatenate([sample.rows for sample in samples])]
    positive = (network.logits(tokens) > 0).astype(float)
    return np.split(positive, np.cumsum([len(sample.rows) for sample in samples])[:-1])


def _figure(group: list[tuple[float, Sample, np.ndarray, np.ndarray]], called: float) -> dict[str, float]:
    """Accuracy before and after, the change, and variances, of (weight, sample, before, after); right is `called`."""
    figure = dict.fromkeys(("before", "after", "change", "after_variance", "change_variance"), 0.0)
    for weight, sample, *stages in group:
        right = [(values == called).astype(float) for values in stages]
        figure["before"] += weight * sample.estimate(right[0])[0]
        for key, values in (("after", right[1]), ("change", right[1] - right[0])):
            mean, variance = sample.estimate(values)
            figure[key] += weight * mean
            figure[f"{key}_variance"] += weight**2 * variance
    return figure


def classified(record: Mapping[str, Any], measured: dict, space: Space) -> tuple[list[str], list[str]]:
    """The patterns that the improved model classifies as positive; and those that only a census could tell."""
    asked = re.search(r"at least (\d+)% of the sequences", record["classification_prompt"])
    threshold = int(asked[1]) / 100
    listed, settled = [], []
    for name, (rate, variance) in measured["rates"].items():
        if not abs(rate - threshold) > SIGMAS * math.sqrt(variance):
            settled.append(name)
            members = space.tokens[space.satisfied[space.names.index(name)]]
            rate = float((measured["networks"][-1].logits(members) > 0).mean())  # noqa: PLW2901
        if rate >= threshold:
            listed.append(name)
    return listed, settled


def _negatives(
    space: Space, fresh: Fresh, selected: list[int], near: float, rng: np.random.Generator
) -> list[tuple[float, Sample]]:
    """The groups of negatives with their weights, which sum to 1."""
    without = space.bits(selected)
    unselected = [pattern for pattern in range(len(space.names)) if pattern not in selected]
    of_unselected = near / 2 if unselected else 0.0
    halves = (
        (of_unselected, [fresh.members[pattern] for pattern in unselected], DRAWN["near"]),
        (near - of_unselected, [fresh.near[pattern] for pattern in selected], 2 * DRAWN["near"]),
        (1 - near, [fresh.background], DRAWN[BACKGROUND]),
    )
    weighted = []
    for weight, groups, wanted in halves:
        samples = [group.draw(wanted, without, rng) for group in groups]
        filled = [sample for sample in samples if len(sample.rows)]
        weighted += [(weight / len(filled), sample) for sample in filled]
    total = sum(weight for weight, _ in weighted)
    return [(weight / total, sample) for weight, sample in weighted]


def judge(
    record: Mapping[str, Any], measured: dict, listed: list[str] | None, thresholds: Mapping[str, float]
) -> dict[str, bool]:
    """Which of the claims that an accepted record makes are true, by what was measured."""
    figures, target = measured["figures"], measured["target"]
    error = lambda figure, key: SIGMAS * math.sqrt(figure[f"{key}_variance"])  # noqa: E731
    floor = -thresholds["max_other_degradation"]
    claims = {}
    if target is not None:
        claims["improves"] = round(figures[target]["change"], 9) >= thresholds["min_degradation_threshold"]
        claims["spares"] = all(f["change"] + error(f, "change") >= floor for n, f in figures.items() if n != target)
    claims["able"] = all(f["after"] + error(f, "after") >= thresholds["min_accuracy"] for f in figures.values())
    if target is not None:
        claims["all three"] = all(claims.values())
    if target is not None and not thresholds["allow_simple_repairs"]:
        claims["no simple repair"] = not measured["mended by one number"]
    if listed is not None:
        claims["classification"] = record["classification_completion"] == ", ".join(listed)
    if "modification_completion" in record:
        degraded, improved = (network.tensors for network in measured["networks"])
        claims["modification"] = completed(record["modification_completion"], degraded) == improved != degraded
    return claims


def completed(completion: str, degraded: Mapping[str, list]) -> Mapping[str, list]:
    """The tensors of a modification's completion: all of them, or a patch of the degraded network's."""
    tensors = json.loads(completion)
    if list(tensors) == list(degraded) and not any(isinstance(part, dict) for part in tensors.values()):
        return tensors
    patched = json.loads(json.dumps(degraded))
    for name, part in tensors.items():
        rows = part.items() if isinstance(part, dict) else [(None, part)]
        for row, listed in rows:
            numbers = patched[name] if row is None else patched[name][int(row)]
            for column, value in zip(listed[::2], listed[1::2], strict=True):
                numbers[column] = value
    return patched


def trained_on(examples: Path, space: Space) -> Iterator[tuple[int, np.ndarray]]:
    """Example ids, and the rows of the space in their training data, from every dataset.npz there is."""
    for path in sorted(examples.glob("*/dataset.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            for example_id, tokens in zip(arrays["example_ids"].tolist(), arrays["tokens"], strict=True):
                yield example_id, space.rows(tokens)


def remeasure(
    folder: Path, pools: Path, examples: Path | None = None, seed: int = 1, whole: int = 50
) -> dict[str, Any]:
    """Measure every record of a dataset folder, the first `whole` on the whole space too, where they state its figures.

    JSON-ready: `records`, `bars`, `by_pattern`, `failures` and more.
    """
    config = json.loads((folder / "manifest.json").read_text())["config"]
    space = Space(config["patterns"])
    fresh = Fresh(space, pools, config["dataset"]["min_holdout"])
    measured, claims, texts, settled = [], [], Counter(), Counter()
    for record in read_records(folder, COLUMNS):
        result = measure(record, space, fresh, config, seed)
        listed = None
        if "classification_completion" in record:
            listed, by_census = classified(record, result, space)
            settled.update(by_census)
        claims.append(judge(record, result, listed, config["validation"]))
        exact = json.loads(record["metadata"]).get("exact")
        if exact is not None and len(measured) < whole:
            claims[-1]["exact"] = exact_figures_hold(exact, result["networks"], result["selected"], space)
        texts[record["improved_model_weights"]] += 1
        del result["networks"]
        measured.append(result)
    if not measured:
        sys.exit(f"{folder}: no records")
    of_dataset = {result["example_id"] for result in measured}
    trained = trained_on(examples, space) if examples else ()
    leaks = [int(fresh.untrained[rows].sum()) for example_id, rows in trained if example_id in of_dataset]
    return {
        "records": len(measured),
        "without": [task for task in ("modification", "classification") if task not in claims[0]],
        "bars": bars(measured, claims, config["validation"], space.counts, config["patterns"]["min_target_sequences"]),
        "by_pattern": by_pattern(measured, space, fresh),
        "failures": [
            {key: result[key] for key in ("example_id", "target", "selected")}
            | {"fails": [name for name, true in claim.items() if not true]}
            for result, claim in zip(measured, claims, strict=True)
            if not all(claim.values())
        ],
        "claims_settled_by_census": dict(settled),
        "duplicates": sum(texts.values()) - len(texts),
        "fresh_sequences_trained_on": sum(leaks) if leaks else None,
        "records_checked_for_that": len(leaks),
        "sequences_outside_the_pools": fresh.outside,
    }


def bars(
    measured: list[dict],
    claims: list[dict[str, bool]],
    thresholds: Mapping[str, float],
    counts: Sequence[int],
    fewest: int,
) -> list[dict]:
    """What has to hold of a dataset: `bar`, `wanted` (in words), `measured` and whether it `holds`.

    Bars of claims that its records do not make, since they have no modification or no classification, are left out.
    """

    def share(name: str) -> float:
        return float(np.mean([claim.get(name, math.nan) for claim in claims]))

    figures = [(r["target"], name, figure) for r in measured for name, figure in r["figures"].items()]
    after = np.array([figure["after"] for _, _, figure in figures])
    gains = [figure["change"] for target, name, figure in figures if name == target]
    others = [abs(figure["change"]) for target, name, figure in figures if target not in (name, None)]
    targets, selected = {r["target"] for r in measured} - {None}, {name for r in measured for name in r["selected"]}
    possible = sum(count >= fewest for count in counts)
    least, most, able = (
        thresholds[key] for key in ("min_degradation_threshold", "max_other_degradation", "min_accuracy")
    )
    rows = [
        (f"target improves by {least} or more", "99 %", share("improves"), 0.99),
        (f"no other falls by more than {most} + error", "99 %", share("spares"), 0.99),
        (f"all at {able} - error or above", "99 %", share("able"), 0.99),
        ("all three", "99 %", share("all three"), 0.99),
        ("median accuracy after", "0.97", np.median(after), 0.97),
        ("lowest accuracy after", "0.9", after.min(), 0.9),
        ("median gain of the target", "0.2", _middle(gains), 0.2),
        ("median change of the others", "at most 0.03", _middle(others), -0.03),
        ("patterns that are a target", str(possible), len(targets) or math.nan, possible),
        ("patterns that are selected", str(len(counts)), len(selected), len(counts)),
    ]
    if "no simple repair" in claims[0]:
        rows.insert(-2, ("not mended by one number", "97 %", share("no simple repair"), 0.97))
    for name in ("classification", "modification"):
        if name in claims[0]:
            rows.insert(-2, (f"true {name} completions", "100 %", share(name), 1.0))
    if "exact" in claims[0]:
        counted = [claim["exact"] for claim in claims if "exact" in claim]
        rows.insert(-2, (f"true figures of the whole space ({len(counted)})", "100 %", float(np.mean(counted)), 1.0))
    return [
        {
            "bar": bar,
            "wanted": text,
            "measured": value if isinstance(value, int) else round(float(value), 4),
            "holds": bool(value <= -limit if limit < 0 else value >= limit),
        }
        for bar, text, value, limit in rows
        if not math.isnan(value)
    ]


def by_pattern(measured: list[dict], space: Space, fresh: Fresh) -> dict[str, dict[str, Any]]:
    """What was measured of each pattern and of the background; accuracies are medians and the lowest."""
    rows = {}
    for name in (*space.names, BACKGROUND):
        of = [r for r in measured if name in r["figures"]]
        targeted = [r["figures"][name] for r in of if r["target"] == name]
        other = [r["figures"][name]["change"] for r in of if r["target"] not in (name, None)]
        after = [r["figures"][name]["after"] for r in of]
        row = {
            "selected": len(of),
            "target": len(targeted),
            "before": _median([figure["before"] for figure in targeted]),
            "after": _median(after),
            "lowest": _rounded(min(after, default=None)),
            "lowest gain": _rounded(min((figure["change"] for figure in targeted), default=None)),
            "largest fall": _rounded(-min(other, default=math.nan)),
            "less than recorded": _median([r["recorded"][name] - r["figures"][name]["after"] for r in of]),
        }
        if name != BACKGROUND:
            tiers = {r["tiers"][name] for r in of}
            usable = fresh.members[space.names.index(name)].tiers
            tier = max(tiers, default=max(usable))
            row |= {"coverage": _rounded(usable[tier].coverage), "measured on": FRESHNESS[tier]}
        rows[name] = row
    return rows


def _middle(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else math.nan


def _median(values: Sequence[float]) -> float | None:
    return _rounded(float(np.median(values))) if values else None


def _rounded(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(float(value), 4) + 0.0  # no -0.0


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns)]
    lines += [["-" if row.get(column) is None else str(row[column]) for column in columns] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the dataset folder, results/dataset")
    parser.add_argument("--pools", type=Path, help="pools.npz of the project [beside the folder]")
    parser.add_argument("--examples", type=Path, help="training data to hold against, examples [beside the folder]")
    parser.add_argument("--seed", type=int, default=1, help="of the sequences drawn here")
    parser.add_argument("--whole", type=int, default=50, help="records counted on the whole space, seconds each [50]")
    options = parser.parse_args()
    pools = options.pools or options.folder.parent / "pools.npz"
    examples = options.examples or options.folder.parent / "examples"
    if not pools.exists():
        sys.exit(f"{pools}: not there; `snakemake {pools}` makes it, or name it with --pools")
    report = remeasure(options.folder, pools, examples, options.seed, options.whole)
    print(f"{report['records']} records\n\n{_table(report['bars'])}\n")
    for task in report["without"]:
        print(f"without {task}, so nothing is measured of it")
    print(_table([{"pattern": name} | row for name, row in report["by_pattern"].items()]) + "\n")
    for failure in report["failures"]:
        patterns = ", ".join(failure["selected"])
        print(f"record {failure['example_id']} ({patterns}) fails: {', '.join(failure['fails'])}")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
