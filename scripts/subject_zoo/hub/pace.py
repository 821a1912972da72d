"""Which shards wait for a commit, and when it is made: what the receipts of publishing pass on, shard after shard."""

from collections.abc import Collection, Mapping
from typing import Any

MINUTE = 60.0
SPACING = 30.0  # seconds between commits, at least: the Hub takes 128 an hour
REFUSED = 600.0  # seconds after a refusal, which a person has to mend, until the next try


def first_receipt(repo_id: str, head: str, in_steps: bool) -> dict[str, Any]:
    """The receipt of an opened repository, before any shard; `in_steps` is whether shards are added as they come."""
    opened = {"repo_id": repo_id, "commit": head, "committed": None, "in_steps": in_steps}
    return opened | {"waiting": {}, "files": {}, "refused": None}


def next_receipt(previous: Mapping[str, Any], shard: str, tally: Mapping[str, Any]) -> dict[str, Any]:
    """The receipt of a shard that has come: it waits with those that the previous receipt says are waiting.

    With each stands how many examples there are up to its end. A shard without examples does not wait.
    """
    end = {shard: tally["accepted_before"] + len(tally["accepted"])} if tally["accepted"] else {}
    return {**previous, "files": {}, "waiting": {**previous["waiting"], **end}}


def ready(receipt: Mapping[str, Any], num_examples: int) -> list[str]:
    """The shards that a commit may take. One with examples beyond `num_examples` goes on waiting: it is cut when the
    dataset is put together and published with it, or more are asked for later."""
    return [shard for shard, end in receipt["waiting"].items() if end <= num_examples]


def is_due(
    receipt: Mapping[str, Any], waiting: int, every_shards: int, every_minutes: float | None, now: float
) -> bool:
    """Whether so many shards that wait by a receipt are to be committed at the time `now`, in seconds since 1970.

    The first are at once. Later ones are as soon as there are enough, or enough minutes have passed since the last
    commit, but never within SPACING of it: then more shards share the next. Nor within REFUSED of a refusal.
    """
    last, refused = receipt["committed"], receipt["refused"]
    if not waiting or not receipt["in_steps"] or (refused is not None and now - refused < REFUSED):
        return False
    if last is None:
        return True
    enough = waiting >= every_shards or (every_minutes is not None and now - last >= every_minutes * MINUTE)
    return enough and now - last >= SPACING


def committed_receipt(
    receipt: Mapping[str, Any], shards: Collection[str], commit: str, made: bool, files: Mapping[str, Any], now: float
) -> dict[str, Any]:
    """The receipt once these shards are in the repository's tree at `commit`, with their `files`.

    `made` is whether that took a commit: where they were there already, the next one need not keep its distance.
    """
    waiting = {shard: end for shard, end in receipt["waiting"].items() if shard not in shards}
    committed = {"commit": commit, "committed": now if made else now - SPACING, "refused": None}
    return {**receipt, **committed, "waiting": waiting, "files": files}


def refused_receipt(receipt: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The receipt where a commit was refused: all shards go on waiting."""
    return {**receipt, "refused": now}
