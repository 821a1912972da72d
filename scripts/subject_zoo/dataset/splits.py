"""Which split an example stands in."""

import hashlib
import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from subject_zoo.base.terms import SPLITS

_IN_WORDS = {  # the records that have a value, by the kind of holdout
    "pattern": "that selects {}",
    "activation": "whose network has the activation {}",
    "depth": "whose network has {} hidden layers",
    "width": "whose network has hidden layers of {} neurons",
}

_EXPECTED = "The hash alone decides, whatever other records there are: shares are expectations, not counts."

Traits = Mapping[str, Collection[Any]]


def traits_of(selected_patterns: Sequence[str], architecture: Mapping[str, Any]) -> Traits:
    """What of an example can be held out, by the kinds of `splits.holdout` that name values.

    `architecture` holds at least `activation_type`, `num_layers` and `neurons_per_layer`.
    """
    return {
        "pattern": selected_patterns,
        "activation": [architecture["activation_type"]],
        "depth": [architecture["num_layers"]],
        "width": [architecture["neurons_per_layer"]],
    }


def of_pair(
    example_id: int, selected_patterns: Sequence[str], twin: Mapping[str, Any] | None
) -> tuple[int, Sequence[str]]:
    """The id and the patterns that an example is dealt by: its own, or, of one that has a twin (as verdicts tell), the
    lower id and the patterns of either. So no pair stands in two splits."""
    if twin is None:
        return example_id, selected_patterns
    return min(example_id, twin["example_id"]), [*selected_patterns, twin["only_there"]]


def split_of(
    seed: int,
    example_id: int,
    traits: Traits,
    holdout: str,
    held_out: Collection[Any] | None,
    validation: float,
    test: float,
) -> str:
    """The split of an example with these traits, by the config's section `splits`.

    Where `held_out` names values, an example that has one is test, and no other is. All else goes by a stable hash,
    of the example's id or, with holdout "combination", of its set of patterns: sha256 of the seed and the key, its
    first 8 bytes as a share in [0, 1). Below `test` is test, the next `validation` is validation, the rest train.
    """
    if held_out is not None:
        if any(value in held_out for value in traits[holdout]):
            return "test"
        holdout, test = "example", 0.0
    key = "+".join(sorted(traits["pattern"])) if holdout == "combination" else str(example_id)
    digest = hashlib.sha256(f"{seed}/{holdout}/{key}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < test:
        return "test"
    return "validation" if share < test + validation else "train"


def split_of_record(record: Mapping[str, Any], seed: int, splits: Mapping[str, Any]) -> str:
    """The split of a record, by the config's section `splits`."""
    metadata = json.loads(record["metadata"])  # no library: Snakemake's own process loads this module
    example_id, patterns = of_pair(record["example_id"], metadata["selected_patterns"], metadata.get("twin"))
    return split_of(seed, example_id, traits_of(patterns, metadata["model_config"]), **splits)


def splits_in_words(holdout: str, held_out: Sequence[Any] | None, validation: float, test: float) -> str:
    """How the config's section `splits` deals records, in one sentence."""
    if held_out is not None:
        records = _IN_WORDS[holdout].format(" or ".join(map(str, held_out)))
        listed = ", though completions there list it where selected patterns imply it" if holdout == "pattern" else ""
        return (
            f"The test split holds every record {records}, and no other split has one{listed}; the rest is dealt by a "
            f"hash of its numbers, {_percent(validation)} of it to validation. {_EXPECTED}"
        )
    key, dealt = "number", "records"
    if holdout == "combination":
        key, dealt = "set of selected patterns, so that no set stands in two splits", "sets"
    return (
        f"Splits go by a hash of a record's {key}: about {_percent(test)} of the {dealt} are test, "
        f"{_percent(validation)} validation. {_EXPECTED}"
    )


def empty_splits(
    rows: Mapping[str, int], holdout: str, held_out: Sequence[Any] | None, validation: float, test: float
) -> list[str]:
    """The splits that were to have records, by the config's section `splits`, and have none, by their `rows`."""
    shares = {"train": 1.0, "validation": validation, "test": test if held_out is None else 1.0}
    return [split for split in SPLITS if shares[split] > 0 and not rows[split]]


def remedies(rows: Mapping[str, int], **splits: Any) -> Iterator[str]:
    """For each of the `empty_splits`, why it may be empty and what to do, a line each."""
    holdout, held_out = splits["holdout"], splits["held_out"]
    for split in empty_splits(rows, **splits):
        line = f"no record is in the split {split}"
        if split == "train":
            yield f"{line}: ask for more examples (num_examples), or lower splits.validation and splits.test"
        elif split == "test" and held_out is not None:
            records = _IN_WORDS[holdout].format(" or ".join(map(str, held_out)))
            yield f"{line}: there is none {records}; ask for more examples (num_examples), or change splits.held_out"
        elif holdout == "combination":
            chance = f"each set of selected patterns falls there with a chance of {_percent(splits[split])}"
            yield f"{line}: {chance}; ask for more examples (num_examples), or raise splits.{split}"
        else:
            chance = f"each falls there with a chance of {_percent(splits[split])}, by a hash of its number"
            enough = math.log(0.01) / math.log1p(-splits[split])
            yield (
                f"{line}: {chance}; of {enough:,.0f} examples (num_examples) one does with 99 % certainty, "
                f"or raise splits.{split}"
            )


def _percent(share: float) -> str:
    return f"{100 * share:g} %"
