"""Tasks for lm-evaluation-harness, written for a dataset: a folder to include.

    python -m subject_zoo.integrations.lm_eval results/dataset lm_eval_tasks --split test
    lm-eval run --model hf --model_args pretrained=... --include_path lm_eval_tasks --tasks subject_zoo

A model gets the prompt alone, and may write as much as the longest recorded answer takes.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import yaml

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import atomic_write
from subject_zoo.base.terms import SPLITS, TASKS
from subject_zoo.integrations.grader import Grader, numbers
from subject_zoo.integrations.source import most_tokens, rows_of_task

_MODULE = "subject_zoo.integrations.lm_eval"  # which is called __main__ where it writes tasks
_LOWER_IS_BETTER = {
    "changed_numbers",
    "distance",
    "distance_ratio",
    "false_claims",
    "reasons",
    "unreadable",
    "worst_fall",
}


def write_tasks(dataset: str, folder: Path, split: str = "test", trusted: bool = False) -> list[Path]:
    """Write a YAML file for each task of a dataset's folder, or of a repository on the Hub: their paths.

    All of them have the tag `subject_zoo`; files of other tasks, which another dataset's have left there, are removed.
    Raises UserError for a dataset or a folder that cannot be used.
    """
    grader = Grader.of_dataset(dataset, trusted)
    source = str(Path(dataset).resolve()) if Path(dataset).is_dir() else dataset
    answers = {
        task: [row["completion"] for row in rows_of_task(dataset, split, task, trusted)] for task in grader.tasks
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for task in set(TASKS) - answers.keys():
            _file_of(folder, task).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written to ({error.strerror})") from None
    written = []
    for task, texts in answers.items():
        told = {
            "task": f"subject_zoo_{task}",
            "tag": "subject_zoo",
            "dataset_kwargs": {"source": source, "task": task, "split": split, "trusted": trusted},
            "test_split": split,
            "doc_to_text": "prompt",
            "doc_to_target": "completion",
            "target_delimiter": "",
            "num_fewshot": 0,
            "output_type": "generate_until",
            "generation_kwargs": {"until": [], "max_gen_toks": most_tokens(texts), "do_sample": False},
            "metric_list": [
                {"metric": key, "aggregation": "mean", "higher_is_better": key not in _LOWER_IS_BETTER}
                for key in grader.known(task)
            ],
            "metadata": {"version": 1.0},
        }
        functions = {"custom_dataset": load, "process_results": judged}
        lines = [f"{key}: !function {_MODULE}.{function.__name__}\n" for key, function in functions.items()]
        written.append(_file_of(folder, task))
        atomic_write(written[-1], (yaml.safe_dump(told, sort_keys=False) + "".join(lines)).encode())
    return written


def _file_of(folder: Path, task: str) -> Path:
    return folder / f"subject_zoo_{task}.yaml"


def load(source: str, task: str, split: str, trusted: bool, **_metadata: Any) -> dict[str, datasets.Dataset]:
    """What lm-eval takes for the dataset: a task's rows, each with what it needs to be judged by."""
    where = {"source": source, "task": task, "trusted": trusted}
    return {split: datasets.Dataset.from_list([row | where for row in rows_of_task(source, split, task, trusted)])}


def judged(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """The figures of an answer (docs/judging.md)."""
    figures = Grader.of_dataset(doc["source"], doc["trusted"]).grade(doc["task"], doc["example_id"], results[0])
    return numbers(figures)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tasks of a dataset, and say which; an error is one line and a status of 1."""
    parser = argparse.ArgumentParser(prog="python -m subject_zoo.integrations.lm_eval", description=__doc__)
    parser.add_argument("dataset", help="a dataset's folder, or a repository on the Hub")
    parser.add_argument("folder", type=Path, help="where the tasks are written")
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--trust", action="store_true", help="read a folder of your own, whatever its size")
    asked = parser.parse_args(arguments)
    try:
        written = write_tasks(asked.dataset, asked.folder, asked.split, asked.trust)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(map(str, written)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
