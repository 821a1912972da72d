"""Which shards wait for a commit, and when it is made: what the receipts of publishing pass on, shard after shard."""

from collections.abc import Mapping
from typing import Any

MINUTE = 60.0
SPACING = 30.0  # seconds between commits, at least: the Hub takes 128 an hour


def first_receipt(repo_id: str, head: str, in_steps: bool) -> dict[str, Any]:
    """The receipt of an opened repository, before any shard; `in_steps` is whether shards are added as they come."""
    return {"repo_id": repo_id, "commit": head, "committed": None, "in_steps": in_steps, "waiting": [], "files": {}}


def next_receipt(
    previous: Mapping[str, Any], shard: str, tally: Mapping[str, Any], num_examples: int
) -> dict[str, Any]:
    """The receipt of a shard that has come: it waits with those that the previous receipt says are waiting.

    A shard without examples does not, nor one that holds examples beyond `num_examples`: it is cut when the dataset
    is put together, and published with it.
    """
    wanted = bool(tally["accepted"]) and tally["accepted_before"] + len(tally["accepted"]) <= num_examples
    return {**previous, "files": {}, "waiting": [*previous["waiting"], shard] if wanted else previous["waiting"]}


def is_due(receipt: Mapping[str, Any], every_shards: int, every_minutes: float | None, now: float) -> bool:
    """Whether the shards that wait by a receipt are to be committed at the time `now`, in seconds since 1970.

    The first are at once. Later ones are as soon as there are enough, or enough minutes have passed since the last
    commit, but never within SPACING of it: then more shards share the next.
    """
    waiting, last = len(receipt["waiting"]), receipt["committed"]
    if not waiting or not receipt["in_steps"]:
        return False
    if last is None:
        return True
    enough = waiting >= every_shards or (every_minutes is not None and now - last >= every_minutes * MINUTE)
    return enough and now - last >= SPACING


def committed_receipt(
    receipt: Mapping[str, Any], commit: str, made: bool, files: Mapping[str, Any], now: float
) -> dict[str, Any]:
    """The receipt once the shards that waited are in the repository's tree at `commit`, with their `files`.

    `made` is whether that took a commit: where they were there already, the next one need not keep its distance.
    """
    return {**receipt, "commit": commit, "committed": now if made else now - SPACING, "waiting": [], "files": files}
