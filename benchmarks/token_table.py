"""How many tokens prompts and completions take, by task and tokenizer: a table in Markdown.

    python benchmarks/token_table.py config.yaml presets/4k.yaml results/dataset --tokenizers cl100k.json qwen3.json

takes overlays of config.yaml, of whose first candidates records are made, and datasets' folders. A tokenizer is a
tokenizer.json; files of ranks become one by `transformers.integrations.tiktoken.convert_tiktoken_to_fast`. Cells hold
the median and the maximum over records; `both` is a record's prompt and completion together.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from published_records import TASKS, read_records

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from subject_zoo.chain import make_examples  # noqa: E402
from subject_zoo.config.load import read_yaml  # noqa: E402
from subject_zoo.project import Project  # noqa: E402
from subject_zoo.records.tokens import token_counter  # noqa: E402

COLUMNS = [f"{task}_{text}" for task in TASKS for text in ("prompt", "completion")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="+", type=Path, help="overlays of config.yaml, and datasets' folders")
    parser.add_argument("--tokenizers", nargs="+", required=True, type=Path, help="paths of tokenizer.json files")
    parser.add_argument("--candidates", type=int, default=200, help="candidates to make of an overlay")
    return parser.parse_args()


def records_of(source: Path, candidates: int) -> Iterator[Mapping[str, Any]]:
    """The records of a dataset, or those that a configuration makes of its first candidates."""
    if source.is_dir():
        yield from read_records(source, COLUMNS)
    else:
        project = Project.from_config(ROOT / "config.yaml", read_yaml(source))
        yield from make_examples(project, range(candidates)).records


def main() -> None:
    options = arguments()
    counters = {path.stem: token_counter(str(path)) for path in options.tokenizers}
    print(f"| records of | task | | {' | '.join(counters)} |\n|---|---|---|{'---|' * len(counters)}")
    for source in options.sources:
        records = list(records_of(source, options.candidates))
        for task in TASKS:
            texts = [[record.get(f"{task}_{text}") for text in ("prompt", "completion")] for record in records]
            texts = [pair for pair in texts if None not in pair]
            if not texts:
                continue
            tokens = {name: np.array([[*map(count, pair)] for pair in texts]) for name, count in counters.items()}
            for part, columns in (("prompt", [0]), ("completion", [1]), ("both", [0, 1])):
                of = {name: numbers[:, columns].sum(1) for name, numbers in tokens.items()}
                cells = [f"{np.median(numbers):,.0f}, {numbers.max():,}" for numbers in of.values()]
                print(f"| {source.stem} ({len(texts)}) | {task} | {part} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
