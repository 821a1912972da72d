"""Which shards wait for a commit to the Hub, and when it is made."""

import pytest

from subject_zoo.hub.pace import committed_receipt, first_receipt, is_due, next_receipt, ready, refused_receipt

OPENED = first_receipt("user/name", "0" * 40, in_steps=True)


def tally(before: int, accepted: int) -> dict:
    return {"accepted_before": before, "accepted": list(range(accepted))}


def test_shards_wait_one_after_the_other_until_a_commit():
    receipt = OPENED
    for number in range(3):
        receipt = next_receipt(receipt, f"{number:06d}", tally(5 * number, 5))
    assert ready(receipt, 100) == ["000000", "000001", "000002"]
    done = committed_receipt(receipt, ready(receipt, 100), "1" * 40, True, {"data/train/000000.parquet": {}}, 17.0)
    assert (done["waiting"], done["commit"], done["committed"]) == ({}, "1" * 40, 17.0)
    following = next_receipt(done, "000003", tally(15, 5))
    assert following == {**done, "waiting": {"000003": 20}, "files": {}}
    assert OPENED["waiting"] == {}


@pytest.mark.parametrize(
    ("before", "accepted", "waits"), [(95, 5, True), (96, 5, False), (100, 3, False), (0, 0, False)]
)
def test_shards_beyond_what_is_wanted_and_empty_ones_do_not_wait(before, accepted, waits):
    receipt = next_receipt(OPENED, "000007", tally(before, accepted))
    assert ready(receipt, 100) == (["000007"] if waits else [])


def test_a_shard_beyond_what_was_wanted_is_published_when_more_are():
    receipt = next_receipt(next_receipt(OPENED, "000000", tally(0, 5)), "000001", tally(5, 5))
    assert ready(receipt, 9) == ["000000"]
    kept = committed_receipt(receipt, ["000000"], "1" * 40, True, {}, 17.0)
    assert (ready(kept, 9), ready(kept, 10)) == ([], ["000001"])


def test_after_a_refusal_shards_wait_some_minutes_and_are_tried_again():
    receipt = refused_receipt(next_receipt(OPENED, "000000", tally(0, 5)), 1e9)
    assert ready(receipt, 5) == ["000000"]
    assert not is_due(receipt, 1, 1, 1.0, 1e9 + 599)
    assert is_due(receipt, 1, 1, 1.0, 1e9 + 600)
    assert committed_receipt(receipt, ["000000"], "1" * 40, True, {}, 1e9 + 600)["refused"] is None


@pytest.mark.parametrize(
    ("waiting", "last", "now", "due"),
    [
        (0, None, 1e9, False),
        (1, None, 1e9, True),  # the first at once
        (1, 1e9, 1e9 + 1, False),
        (9, 1e9, 1e9 + 30, False),
        (10, 1e9, 1e9 + 30, True),
        (99, 1e9, 1e9 + 29, False),  # the Hub takes 128 commits an hour
        (1, 1e9, 1e9 + 299, False),
        (1, 1e9, 1e9 + 300, True),
        (0, 1e9, 1e9 + 300, False),
    ],
)
def test_a_commit_is_due_by_number_or_by_time(waiting, last, now, due):
    receipt = {**OPENED, "committed": last}
    assert is_due(receipt, waiting, 10, 5.0, now) is due
    assert not is_due({**receipt, "in_steps": False}, waiting, 10, 5.0, now)


def test_without_minutes_the_number_alone_counts():
    receipt = {**OPENED, "committed": 0.0}
    assert not is_due(receipt, 9, 10, None, 1e9)
    assert is_due(receipt, 9, 9, None, 1e9)


def test_commits_keep_below_the_quota_of_the_hub_whatever_the_settings():
    receipt, commits = OPENED, 0
    for second in range(3600):
        receipt = next_receipt(receipt, f"{second:06d}", tally(second, 1))
        shards = ready(receipt, 10_000)
        if is_due(receipt, len(shards), 1, 0.01, float(second)):
            receipt = committed_receipt(receipt, shards, "1" * 40, True, {}, float(second))
            commits += 1
    assert commits == 120


def test_shards_that_are_there_already_keep_nobody_waiting():
    receipt = next_receipt(committed_receipt(OPENED, [], "1" * 40, False, {}, 1e9), "000001", tally(5, 5))
    assert is_due(receipt, 1, 1, None, 1e9)
    assert not is_due(receipt, 1, 2, None, 1e9)
