"""Which signature gives a diagnosis away: gradient-boosted trees that see nothing of a network but that.

    python benchmarks/diagnosis_signature.py --learned 1050 --tested 450

prints a row for each method and kind of neurons: of how many networks the pattern with the fault, or that there is
none, is named rightly. Of hidden neurons trees see quantiles over the last layer, which no order of neurons changes.
"""

import argparse
import sys
from itertools import islice
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from subject_zoo.judge.intervals import mean_interval  # noqa: E402
from subject_zoo.judge.material import accepted_examples  # noqa: E402
from subject_zoo.judge.questions import Questions  # noqa: E402
from subject_zoo.judge.readers import trees  # noqa: E402
from subject_zoo.project import Project  # noqa: E402

METHODS = ["mean", "std", "pattern_wise"]
ASKED = {"task_generation": {"include_diagnosis": True}, "signature": {"methods": METHODS, "layers": "all"}}
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learned", type=int, default=1050, help="records to learn from")
    parser.add_argument("--tested", type=int, default=450, help="other records, to test")
    return parser.parse_args()


def of_questions(figures: np.ndarray, method: str, questions: Questions, project: Project) -> np.ndarray:
    """Of signatures [q, ..., F] what the method says, [q, ..., k]: by pattern, of the one that is asked about, and by
    how much that is above what it says of no pattern."""
    names, patterns = list(project.extractor.feature_names), project.config["patterns"]["enabled"]
    if method != "pattern_wise":
        return figures[..., [names.index(method)]]
    columns = np.array([names.index(f"pattern_wise.{name}") for name in patterns])[questions.patterns]
    own = np.take_along_axis(figures, columns.reshape(-1, *[1] * (figures.ndim - 1)), axis=-1)
    return np.concatenate([own, own - figures[..., [names.index("pattern_wise.none")]]], axis=-1)


def described(questions: Questions, project: Project) -> dict[tuple[str, str], np.ndarray]:
    """What trees see of each question, [q, d], by method and neurons."""
    networks = questions.networks
    last = networks.is_real.any(axis=2).sum(axis=1) - 1
    places = np.arange(len(networks))
    hidden, real = networks.hidden_signature[places, last], networks.is_real[places, last]
    seen = {}
    for method in METHODS:
        output = of_questions(networks.output_signature[questions.of], method, questions, project)
        seen[method, "output"] = np.column_stack([output, questions.asked])
        figures = of_questions(hidden[questions.of], method, questions, project)
        spread = [
            np.quantile(row[of], QUANTILES, axis=0).ravel() for row, of in zip(figures, real[questions.of], strict=True)
        ]
        seen[method, "hidden"] = np.column_stack([spread, questions.metadata])
    return seen


def main() -> None:
    options = arguments()
    project = Project.from_config(ROOT / "config.yaml", ASKED)
    enabled = project.config["patterns"]["enabled"]
    records = list(islice(accepted_examples(project.config, None), options.learned + options.tested))
    learned, asked = (
        Questions.shown(part, project) for part in (records[: options.learned], records[options.learned :])
    )
    training, test = described(learned, project), described(asked, project)
    true = [one.case.diagnosed.pattern for one in records[options.learned :]]
    print(f"{'always none':14} {'':8} {np.mean([pattern is None for pattern in true]):.3f}")
    for (method, neurons), seen in training.items():
        likely = np.zeros(asked.labels.shape)
        likely[:, :1] = trees.read("trees", 0, seen, learned.labels[:, :1], test[method, neurons])
        said = asked.answers(likely, enabled, project.space.vocab_size)
        right = np.array([one.pattern == pattern for one, pattern in zip(said, true, strict=True)], np.float64)
        share, low, high = mean_interval(right)
        print(f"{method:14} {neurons:8} {share:.3f} [{low:.3f}, {high:.3f}]", flush=True)


if __name__ == "__main__":
    main()
