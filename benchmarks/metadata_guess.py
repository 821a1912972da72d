"""Can a record's patterns be guessed without looking at its weights? Trivial classifiers against permuted labels.

    python benchmarks/metadata_guess.py results/dataset

For each enabled pattern a logistic regression and boosted trees guess, in five-fold cross-validation, whether a
record selected it. They see the architecture and the learning rate; and then also lengths: characters of both
weight texts and of both prompts, raw and a parameter. Of a prompt only what stands between its task and the question at
its end is counted: those of a modification prompt name the target, and a classification completion is as long as its
names, so either length would give the answer away, as it must.

Chance is what the same classifiers reach when the records' labels are dealt out anew, all patterns of a record
together, `--permutations` times. `p` is the share of these, the true labels counted in, that reach as much: of the
mean over patterns, and of the best pattern (against the best of each permutation, so that fifteen tries are one).
Of records with diagnoses it also guesses which of the two networks is shown, so whether there is a fault to be told.
It prints a table and a last line of JSON. A small p says that a pattern shows; a large one, that nothing as
strong as the spread of chance does, so look at that too: it shrinks with the number of records.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from published_records import read_records
from scipy.stats import rankdata
from sklearn import config_context
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 5
FEWEST = 2 * FOLDS  # records with a pattern, and without it, for it to be guessed at all
COLUMNS = (
    "metadata",
    "degraded_model_weights",
    "improved_model_weights",
    "modification_prompt",
    "classification_prompt",
    "diagnosis_prompt",
)
CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "boosted trees": lambda: GradientBoostingClassifier(n_estimators=20, max_depth=2, random_state=0),
}


def describe(record: dict[str, Any]) -> tuple[list[str], dict[str, float], dict[str, float]]:
    """The selected patterns, and by name the features of its architecture and of its lengths."""
    metadata = json.loads(record["metadata"])
    model = metadata["model_config"]
    architecture = {f"{key} {model[key]}": 1.0 for key in ("activation_type", "input_encoding", "precision")} | {
        key: float(model[key]) for key in ("num_layers", "neurons_per_layer", "dropout_rate", "parameter_count")
    }
    architecture["learning rate, logarithm"] = float(np.log(model["learning_rate"]))
    texts = {name: record[name] for name in COLUMNS[1:3] if name in record}
    # A prompt's task ends where its first heading stands; the last one stands above the question.
    prompts = {name: record[name] for name in COLUMNS[3:] if name in record}
    texts |= {name: text[text.index("\n## ") : text.rindex("\n## ")] for name, text in prompts.items()}
    lengths = {name: float(len(text)) for name, text in texts.items()}
    lengths |= {f"{name} a parameter": length / model["parameter_count"] for name, length in lengths.items()}
    return metadata["selected_patterns"], architecture, lengths


def matrix(rows: Sequence[dict[str, float]]) -> np.ndarray:
    """Rows of named features as float64 [records, features]; absent is 0, and what never varies is left out."""
    names = sorted({name for row in rows for name in row})
    values = np.array([[row.get(name, 0.0) for name in names] for row in rows]).reshape(len(rows), -1)
    return values[:, np.ptp(values, axis=0) > 0]


def auc(truth: np.ndarray, guess: np.ndarray) -> float:
    """The chance that a positive's guess exceeds a negative's (Mann and Whitney's U over all pairs, ties a half)."""
    positives = int(truth.sum())
    wins = rankdata(guess)[truth].sum() - positives * (positives + 1) / 2
    return float(wins / (positives * (len(truth) - positives)))


def balanced_accuracy(truth: np.ndarray, called: np.ndarray) -> float:
    """The mean of the shares of positives called so and of negatives called so."""
    return float((called[truth].mean() + (~called[~truth]).mean()) / 2)


def scores(features: np.ndarray, labels: np.ndarray, classifier: Callable[[], Any], seed: int) -> np.ndarray:
    """Cross-validated (AUC, balanced accuracy) of each column of labels, bool [records, patterns]: [patterns, 2].

    Means over folds: pooled predictions would compare the scores of different classifiers. A record is guessed
    positive above the share of positives in the training folds.
    """
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    result = np.zeros((labels.shape[1], 2))
    with config_context(assume_finite=True, skip_parameter_validation=True):  # half of the time, otherwise
        for pattern, truth in enumerate(labels.T):
            for train, test in folds.split(features, truth):
                model = classifier().fit(features[train], truth[train])
                likely = model.predict_proba(features[test])[:, 1]
                result[pattern, 0] += auc(truth[test], likely) / FOLDS
                result[pattern, 1] += balanced_accuracy(truth[test], likely > truth[train].mean()) / FOLDS
    return result


def guess(
    features: np.ndarray, labels: np.ndarray, classifier: Callable[[], Any], permutations: int, seed: int = 0
) -> dict[str, Any]:
    """How well labels bool [records, patterns] are guessed from features [records, F], against permuted labels.

    `auc`, `balanced_accuracy`: means over patterns; `chance_auc`, `chance_spread`: mean and standard deviation of
    the former over permutations; `p`; `best` (a column), `best_auc` and `p_best`.
    """
    rng = np.random.default_rng(seed)
    true = scores(features, labels, classifier, seed)
    dealt = [
        scores(features, labels[rng.permutation(len(labels))], classifier, seed + 1 + i)[:, 0]
        for i in range(permutations)
    ]
    means, bests = np.mean(dealt, axis=1), np.max(dealt, axis=1)
    mean, best = true[:, 0].mean(), int(true[:, 0].argmax())
    return {
        "auc": float(mean),
        "balanced_accuracy": float(true[:, 1].mean()),
        "chance_auc": float(means.mean()),
        "chance_spread": float(means.std()),
        "p": float((1 + (means >= mean).sum()) / (1 + permutations)),
        "best": best,
        "best_auc": float(true[best, 0]),
        "p_best": float((1 + (bests >= true[best, 0]).sum()) / (1 + permutations)),
    }


def guess_dataset(folder: Path, permutations: int, seed: int = 0) -> dict[str, Any]:
    """The guesses of a dataset folder. JSON-ready: `records`, `patterns` guessed, `left_out`, `lacking` (columns
    whose lengths nothing is guessed from, since records have none), and `guesses`."""
    records = list(read_records(folder, COLUMNS))
    selected, architectures, lengths = zip(*map(describe, records), strict=True)
    enabled = json.loads((folder / "manifest.json").read_text())["config"]["patterns"]["enabled"]
    labels = np.array([[name in patterns for name in enabled] for patterns in selected])
    common = np.minimum(labels.sum(0), (~labels).sum(0)) >= FEWEST
    if not common.any():
        sys.exit(f"{folder}: {len(labels)} records are too few, no pattern is in {FEWEST} and not in {FEWEST} others")
    patterns = [name for name, enough in zip(enabled, common, strict=True) if enough]
    everything = [a | b for a, b in zip(architectures, lengths, strict=True)]
    questions = {"selected": (patterns, labels[:, common])}
    if "diagnosis_prompt" in records[0]:
        shown = np.array([[json.loads(r["metadata"])["diagnosis"]["shown"] == "degraded"] for r in records])
        questions["shown"] = (["degraded"], shown)
    guesses = []
    for question, (names, answers) in questions.items():
        for seen, rows in (("architecture, learning rate", architectures), ("and lengths", everything)):
            for name, classifier in CLASSIFIERS.items():
                result = guess(matrix(rows), answers, classifier, permutations, seed)
                result["best"] = names[result["best"]]
                guesses.append({"guessed": question, "sees": seen, "classifier": name} | result)
    return {
        "records": len(labels),
        "permutations": permutations,
        "patterns": patterns,
        "left_out": [name for name in enabled if name not in patterns],
        "lacking": [name for name in COLUMNS if name not in records[0]],
        "guesses": guesses,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the dataset folder, results/dataset")
    parser.add_argument("--permutations", type=int, default=100, help="of the labels, for each row of the table")
    parser.add_argument("--seed", type=int, default=0, help="of folds and permutations")
    options = parser.parse_args()
    report = guess_dataset(options.folder, options.permutations, options.seed)
    columns = list(report["guesses"][0])
    print(f"{report['records']} records; too rare to guess: {', '.join(report['left_out']) or 'none'}\n")
    if report["lacking"]:
        print(f"no lengths to guess from of what records lack: {', '.join(report['lacking'])}\n")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in report["guesses"]:
        cells = [f"{cell:.3f}" if isinstance(cell, float) else cell for cell in row.values()]
        print(f"| {' | '.join(cells)} |")
    print(f"\n{json.dumps(report)}")


if __name__ == "__main__":
    main()
