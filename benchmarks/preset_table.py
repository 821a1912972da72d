"""What a dataset of each preset costs and how long its records are: the table of the README, in Markdown.

    python benchmarks/preset_table.py presets/4k.yaml config.yaml --records 1000 --tokenizers cl100k.json qwen3.json

makes a dataset of each, by the whole pipeline with one core, in a folder that is removed. By task and tokenizer: the
median and the maximum of prompt and completion together, in tokens. *CPU*, *results*, *dataset*: seconds, and megabytes
of results/ and of results/dataset/ alone, for a thousand records.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from bench.runs import run_snakemake
from published_records import read_records

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from subject_zoo.base.files import read_json  # noqa: E402
from subject_zoo.records.tokens import token_counter  # noqa: E402

TASKS = ("modification", "classification")  # of all presets
COLUMNS = [f"{task}_{text}" for task in TASKS for text in ("prompt", "completion")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="+", type=Path, help="overlays of config.yaml, or itself")
    parser.add_argument("--tokenizers", nargs="+", required=True, type=Path, help="paths of tokenizer.json files")
    parser.add_argument("--records", type=int, default=300, help="records to make of each")
    return parser.parse_args()


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def cells(dataset: Path, tokenizer: Path) -> Iterator[str]:
    """By task the median and the maximum of prompt and completion together; nothing of a task that is left out."""
    count, records = token_counter(str(tokenizer)), list(read_records(dataset, COLUMNS))
    for task in TASKS:
        if f"{task}_prompt" not in records[0]:
            yield ""
            continue
        of = np.array([count(record[f"{task}_prompt"]) + count(record[f"{task}_completion"]) for record in records])
        yield f"{np.median(of):,.0f}, {of.max():,}"


def row(preset: Path, records: int, tokenizers: list[Path]) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = ("--config", f"num_examples={records}", "--configfile", preset.resolve())
        seconds = run_snakemake(folder, *wanted, cores=1).cpu
        results, dataset = folder / "results", folder / "results" / "dataset"
        tokens = [cell for path in tokenizers for cell in cells(dataset, path)]
        acceptance = read_json(dataset / "validity.json")["funnel"]["acceptance"]
        scaled = [f"{number * 1000 / records:,.0f}" for number in (seconds, megabytes(results), megabytes(dataset))]
    return [f"`{preset}` ({records})", *tokens, f"{100 * acceptance:.0f} %", *scaled]


def main() -> None:
    options = arguments()
    lengths = [f"{task}, {path.stem}" for path in options.tokenizers for task in TASKS]
    head = ["preset", *lengths, "accepted", "CPU, s", "results, MB", "dataset, MB"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for preset in options.presets:
        print("| " + " | ".join(row(preset, options.records, options.tokenizers)) + " |", flush=True)


if __name__ == "__main__":
    main()
