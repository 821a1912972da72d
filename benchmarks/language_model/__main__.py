"""Can a language model learn from a dataset's texts? A small decoder, trained from scratch, and what it reads.

    snakemake --configfile presets/tiny.yaml --config num_examples=50000 cleanup=true --directory ../zoo-tiny
    python benchmarks/language_model ../zoo-tiny/results/dataset --seeds 3 --json results.json
    python benchmarks/language_model/picture.py results.json docs/language_model.svg

trains on the classification records of the training split for `--steps` of `--batch` records, on one core, on CPU, and
takes the loss of held-out records behind their own prompts and behind those of other records, whose networks are
others: what the second is above the first can come from nothing but reading the network. With `--control` it is trained
on such records, from which there is nothing to be read. Of the test split, once at the end: both losses, and the
answers' macro-F1 and exact matches beside those of always the commonest set. A line for each look and each seed; the
seeds that the file of --json holds already, of the same settings, are not run again.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "benchmarks")]

from subject_zoo.provenance.machine import ONE_THREAD  # noqa: E402

os.environ.update(ONE_THREAD)  # before numpy and torch are loaded

import numpy as np  # noqa: E402
import torch  # noqa: E402
from language_model.decoder import Decoder  # noqa: E402
from language_model.learning import Schedule, answers, held_out_loss, train  # noqa: E402
from language_model.texts import END, Record, Texts, read_records, tokenizer_of  # noqa: E402
from scipy.stats import t as student  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

from subject_zoo.base.files import digest_of, json_bytes, write_json  # noqa: E402
from subject_zoo.dataset.manifest import read_manifest  # noqa: E402
from subject_zoo.judge.classification import score_classification  # noqa: E402
from subject_zoo.judge.intervals import f1_intervals  # noqa: E402


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path, help="a dataset's folder, with the classification task")
    parser.add_argument("--records", type=int, help="of the training split, at most")
    parser.add_argument("--tested", type=int, help="of the test split, at most")
    parser.add_argument("--control", action="store_true", help="train behind the networks of other records")
    parser.add_argument("--steps", type=int, default=1400)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3, help="Adam's, at most")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--look", type=int, default=100, help="steps between looks at the held-out loss")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the results there")
    return parser.parse_args(words)


def unread_loss(learned: Sequence[Record], tested: Sequence[Record]) -> float:
    """Nats a tested record for who knows how often each completion is right in training, and reads no network.

    A completion that training lacks shares one count with all others of that kind.
    """
    counts = Counter(completion for _, _, completion in learned)
    shares = [max(counts[completion], 1) / (len(learned) + 1) for _, _, completion in tested]
    return float(-np.log(shares).mean())


def figures(said: Sequence[str], tested: Sequence[Record], enabled: Sequence[str]) -> dict[str, Any]:
    """What answers to the tested records are worth."""
    true = [completion.split(", ") for _, _, completion in tested]
    scores = [score_classification(names, text, enabled) for names, text in zip(true, said, strict=True)]
    both = (true, [score["named"] for score in scores])
    as_bits = [np.array([[name in row for name in enabled] for row in rows]) for rows in both]
    macro, low, high = f1_intervals(*as_bits)["macro_f1"]
    exact = float(np.mean([score["exact"] for score in scores]))
    return {"macro_f1": macro, "macro_f1_interval": [low, high], "exact": exact}


def over_seeds(values: Sequence[float]) -> list[float | None]:
    """[mean, low, high]: with Student's 95 % interval of the mean, which one seed has not."""
    mean, count = float(np.mean(values)), len(values)
    if count == 1:
        return [mean, None, None]
    half = float(student.ppf(0.975, count - 1) * np.std(values, ddof=1) / count**0.5)
    return [mean, mean - half, mean + half]


def run_seed(
    seed: int,
    splits: dict[str, list[Record]],
    texts: dict[str, Texts],
    tokenizer: Tokenizer,
    enabled: Sequence[str],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """One model, trained and tested on the splits' texts."""
    longest = max(of_split.prompts.shape[1] + of_split.completions.shape[1] for of_split in texts.values())
    torch.manual_seed(seed)
    model = Decoder(tokenizer.get_vocab_size(), longest, options.width, options.layers, options.heads)
    schedule = Schedule(options.steps, options.batch, options.rate, look=options.look)
    began = time.process_time()

    def tell(look: dict[str, Any]) -> None:
        print(json.dumps({"seed": seed, **look}), flush=True)

    learned = texts["train"].dealt_out(seed) if options.control else texts["train"]
    looks = train(model, learned, texts["validation"], schedule, seed, tell)
    spent, tested = time.process_time() - began, texts["test"]
    said = tokenizer.decode_batch(answers(model, tested, tokenizer.token_to_id(END)).tolist())
    return {
        "seed": seed,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "cpu_seconds": round(spent),
        "true": held_out_loss(model, tested),
        "dealt_out": held_out_loss(model, tested.dealt_out(seed)),
        **figures(said, splits["test"], enabled),
        "looks": looks,
    }


def main(words: Sequence[str] | None = None) -> None:
    options = arguments(words)
    torch.set_num_threads(1)
    enabled = read_manifest(options.dataset, trusted=True)["config"]["patterns"]["enabled"]
    splits = {split: read_records(options.dataset, split) for split in ("train", "validation", "test")}
    splits |= {"train": splits["train"][: options.records], "test": splits["test"][: options.tested]}
    tokenizer = tokenizer_of(splits["train"], enabled)
    commonest = Counter(completion for _, _, completion in splits["train"]).most_common(1)[0][0]
    settings = {key: value for key, value in vars(options).items() if key not in ("dataset", "seeds", "json")}
    results: dict[str, Any] = {
        "texts_sha256": digest_of(json_bytes(splits)),
        "settings": settings,
        "records": {split: len(records) for split, records in splits.items()},
        "tokens": max(len(tokenizer.encode(prompt).ids) for _, prompt, _ in splits["test"]),
        "vocabulary": tokenizer.get_vocab_size(),
        "unread": {split: unread_loss(splits["train"], splits[split]) for split in ("validation", "test")},
        "commonest": figures([commonest] * len(splits["test"]), splits["test"], enabled),
        "seeds": [],
    }
    known = json.loads(options.json.read_bytes()) if options.json and options.json.exists() else {"seeds": []}
    if all(known.get(key) == value for key, value in results.items() if key != "seeds"):
        results["seeds"] = known["seeds"][: options.seeds]
    texts = {split: Texts.of(records, tokenizer) for split, records in splits.items()}
    for seed in range(len(results["seeds"]), options.seeds):
        results["seeds"].append(run_seed(seed, splits, texts, tokenizer, enabled, options))
        gaps = [one["dealt_out"] - one["true"] for one in results["seeds"]]
        results["gap"] = over_seeds(gaps)
        for name in ("true", "dealt_out", "macro_f1", "exact"):
            results[name] = over_seeds([one[name] for one in results["seeds"]])
        print(json.dumps({name: value for name, value in results.items() if name != "seeds"}), flush=True)
        if options.json:
            write_json(options.json, results)


if __name__ == "__main__":
    main()
