"""Fine-tunes a language model on a task of a dataset, and sees whether it reads the networks. Needs TRL.

    python benchmarks/language_model/fine_tune.py results/dataset tuned --task classification --max-length 4096

All weights are trained, on the loss of completions alone, and saved in the folder `tuned`. At times, and at the end,
the loss of the validation split is taken twice: behind its own prompts, and behind the same with the networks of other
records. The last line is JSON: both, in nats a token, and the gap, which is 0 for who does not read. Nothing is cut:
where a record is longer than `--max-length`, a line says so before any training.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from datasets import Dataset, load_dataset  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402
from trl import SFTConfig, SFTTrainer  # noqa: E402

from subject_zoo.base.terms import TASKS  # noqa: E402
from subject_zoo.records.shuffle import showing  # noqa: E402


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", help="a dataset's folder, or a repository on the Hub")
    parser.add_argument("output", type=Path, help="the folder for the model")
    parser.add_argument("--task", choices=TASKS, default="classification")
    parser.add_argument("--model", default="Qwen/Qwen3-0.6B", help="a folder, or a repository on the Hub")
    parser.add_argument("--max-length", type=int, required=True, help="tokens of prompt and completion, at most")
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--steps", type=int, default=-1, help="of the optimizer, instead of epochs")
    parser.add_argument("--rate", type=float, default=2e-5)
    parser.add_argument("--batch", type=int, default=16, help="records in a step, one after the other")
    parser.add_argument("--looks", type=int, default=10, help="at the validation split, while it trains")
    parser.add_argument("--looked-at", type=int, default=200, help="records of it")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(words)


def dealt_out(rows: Dataset, seed: int) -> Dataset:
    """The same prompts and completions, each with the network of another of these records."""
    order = np.random.default_rng(seed).permutation(len(rows))
    prompts = np.array(list(rows["prompt"]), dtype=object)
    shown = np.empty_like(prompts)
    shown[order] = np.roll(prompts[order], 1)
    return rows.remove_columns("prompt").add_column("prompt", list(map(showing, prompts, shown)))


def longest(tokenizer: Any, *parts: Dataset) -> int:
    """Tokens of the longest record, and its end."""
    return 1 + max(
        len(tokenizer(row["prompt"] + row["completion"]).input_ids)  # joined as the trainer joins them
        for rows in parts
        for row in rows
    )


def main(words: Sequence[str] | None = None) -> None:
    options = arguments(words)
    splits = load_dataset(options.dataset, options.task)
    learned, seen = (splits[split].select_columns(["prompt", "completion"]) for split in ("train", "validation"))
    seen = seen.select(range(min(options.looked_at, len(seen))))
    needed = longest(AutoTokenizer.from_pretrained(options.model), learned, seen)
    if needed > options.max_length:
        sys.exit(
            f"--max-length is {options.max_length}; it must be at least {needed}, the tokens of the longest record"
        )
    on_gpu = torch.cuda.is_available()
    settings = SFTConfig(
        output_dir=str(options.output),
        max_length=options.max_length,
        completion_only_loss=True,
        num_train_epochs=options.epochs,
        max_steps=options.steps,
        learning_rate=options.rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        per_device_train_batch_size=1,  # no padding; long records take most of a GPU's memory
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=options.batch,
        eval_strategy="steps",
        eval_steps=1 / options.looks,
        logging_steps=10,
        save_strategy="no",
        report_to="none",
        seed=options.seed,
        use_cpu=not on_gpu,
        bf16=on_gpu,
    )
    held_out = {"true": seen, "dealt_out": dealt_out(seen, options.seed)}
    trainer = SFTTrainer(options.model, settings, train_dataset=learned, eval_dataset=held_out)
    trainer.train()
    trainer.save_model()
    measured = trainer.evaluate()
    losses = {name: measured[f"eval_{name}_loss"] for name in held_out}
    print(json.dumps({**losses, "gap": losses["dealt_out"] - losses["true"]}))


if __name__ == "__main__":
    main()
