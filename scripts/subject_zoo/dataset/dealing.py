"""Which record's network a record's prompts show, where `format.shuffle` is networks: that of the one before it in its
split.

Examples are independent draws, so neighbours have no more in common than any two. And a record's neighbour depends on
neither ranges nor windows, nor on how many records are wanted; nothing of a test record stands in another split.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from subject_zoo.base.terms import PROMPTS
from subject_zoo.dataset.splits import split_of_record
from subject_zoo.records.shuffle import with_network_of

Last = dict[str, dict[str, Any]]  # of each split, the id and the prompts of the last record so far


def deal_networks(
    records: Iterable[Mapping[str, Any]],
    last: Last,
    seed: int,
    splits: Mapping[str, Any],
    count_tokens: Callable[[str], int] | None,
) -> Iterator[dict[str, Any]]:
    """Records in id order, each with the network of the one before it in its split, by the config's section `splits`.
    The first of a split has none before it, and is left out.

    `last` is of the records before these, and is brought up to date.
    """
    for record in records:
        split = split_of_record(record, seed, splits)
        if split in last:
            yield with_network_of(record, last[split], count_tokens)
        last[split] = {key: record[key] for key in ("example_id", *PROMPTS) if key in record}
