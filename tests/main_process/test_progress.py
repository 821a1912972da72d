"""What the line of a run tells, by the jobs that are finished and the files that they leave."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from main_process.progress import SEPARATOR, Dataset, Job, Part, Progress, fit

from subject_zoo.dataset.shard_plan import Windows

WINDOWS = Windows(examples_per_job=10, largest_job=40, ranges_per_shard=2, max_candidates=1000)
CHAIN = ("sample_dataset", "train_degraded", "train_improved", "validate", "extract_signatures", "format_records")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Run:
    """A run in a folder of its own that makes a dataset; files are those that the rules would leave."""

    def __init__(self, folder, planned=3, publishes=False, dataset=True, **begin):
        self.folder, self.clock, self.number = folder / "results", Clock(), 0
        self.progress = Progress(self.clock)
        made = Dataset(60, WINDOWS, planned, publishes) if dataset else None
        self.progress.begin(made, **begin)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def start(self, rule, elsewhere=False, log=None, **wildcards):
        self.number += 1
        self.progress.start(self.number, Job(rule, wildcards, log, elsewhere))
        return self.number

    def do(self, rule, **wildcards):
        self.progress.finish(self.start(rule, **wildcards))

    def validated(self, examples, accepted):
        first = int(examples[:6])
        verdicts = [{"example_id": first + i, "accepted": i < accepted} for i in range(int(examples[7:]) - first + 1)]
        self.write(f"examples/{examples}/validation.json", {"environment": {}, "examples": verdicts})

    def chain(self, examples, accepted):
        self.validated(examples, accepted)
        for rule in CHAIN:
            self.do(rule, examples=examples)

    def tally(self, window, candidates, accepted):
        self.write(f"tallies/{window:06d}.json", {"candidates_in_all": candidates, "accepted_in_all": accepted})

    @property
    def texts(self):
        return [part.text for part in self.progress.parts()]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_before_jobs_begin_it_plans():
    progress = Progress(clock := Clock())
    assert [part.text for part in progress.parts()] == ["planning"]
    clock.now += 7
    progress.plan("Creating an environment...\nfor hours")
    assert [part.text for part in progress.parts()] == ["planning, 7 s", "Creating an environment... for hours"]


def test_candidates_are_counted_by_ranges_and_then_by_windows(here):
    run = Run(here)
    assert run.texts == ["accepted 0 of 60", "candidates 0", "shards 0 of 3"]
    run.clock.now += 10
    run.chain("000010-000019", 7)  # as ranges come
    assert run.texts == ["accepted 7 of 60", "candidates 10 (70%)", "1.0/s", "shards 0 of 3", "70 s left"]
    run.clock.now += 10
    run.chain("000000-000009", 9)
    run.do("tally_window", window="000000")  # before its file is seen
    assert run.texts[:2] == ["accepted 16 of 60", "candidates 20 (80%)"]
    run.tally(0, 20, 15)  # one is left out for its length
    run.do("tally_window", window="000000")
    run.do("write_shard", window="000000")
    assert run.texts == ["accepted 15 of 60", "candidates 20 (75%)", "1.0/s", "shards 1 of 3", "60 s left"]


def test_ranges_that_are_half_made_count_for_the_rate_alone(here):
    run = Run(here)
    run.clock.now += 10
    run.do("sample_dataset", examples="000040-000059")
    run.do("train_degraded", examples="000040-000059")
    accepted, candidates, rate, _, left = run.texts
    assert (accepted, candidates, rate, left) == ("accepted 0 of 60", "candidates 0", "1.1/s", "64 s left")
    run.clock.now += 30
    assert run.texts[-1] == "34 s left"
    run.clock.now += 60
    assert run.texts[-1] == "seconds left"


def test_a_new_plan_is_more_to_do_and_more_than_was_wanted_is_said_so(here):
    run = Run(here, planned=1)
    run.clock.now += 20
    run.chain("000000-000009", 5)
    run.chain("000010-000019", 5)
    assert run.texts == ["accepted 10 of 60", "candidates 20 (50%)", "shards 0 of 1"]
    run.write("plans/1.json", {"windows": 5, "enough": False})
    run.do("plan_windows", round="1")
    assert run.texts[2:] == ["1.0/s", "shards 0 of 5", "3 min left"]
    run.tally(4, 220, 70)
    run.do("tally_window", window="000004")
    assert run.texts[:2] == ["accepted 70 (60 wanted)", "candidates 220 (32%)"]


def test_where_fewer_are_accepted_than_was_planned_for_more_is_to_do(here):
    run = Run(here, planned=2)
    run.clock.now += 60
    run.tally(1, 40, 20)  # too few to tell
    run.do("tally_window", window="000001")
    assert "shards 0 of 2" in run.texts[-1]
    run.tally(2, 60, 20)  # 60 take 180
    run.do("tally_window", window="000002")
    run.do("format_records", examples="000100-000159")
    assert run.texts[-1] == "2 min left"


def test_what_earlier_runs_left_counts_but_for_the_rate(here):
    run = Run(here)
    run.tally(0, 20, 12)
    run.validated("000020-000029", 6)
    standing = [(rule, {"examples": "000020-000029"}) for rule in CHAIN]
    standing += [("validate", {"examples": "000000-000009"})]  # its file was cleaned up
    standing += [("tally_window", {"window": "000000"}), ("write_shard", {"window": "000000"}), ("make_pools", {})]
    run.progress.begin(Dataset(60, WINDOWS, 3, False), standing)
    assert run.texts == ["accepted 18 of 60", "candidates 30 (60%)", "shards 1 of 3"]
    run.clock.now += 10
    run.chain("000030-000039", 6)
    assert run.texts[2:] == ["1.0/s", "shards 1 of 3", "40 s left"]


def test_shards_that_wait_for_a_commit_are_not_published(here):
    run = Run(here, publishes=True)
    for window in range(3):
        run.do("write_shard", window=f"{window:06d}")
    run.write("published/000001.json", {"waiting": {"000001": 9}})
    run.do("publish_shard", window="000001")
    assert "shards 3 of 3, 1 published" in run.texts
    run.do("publish_dataset")
    assert "shards 3 of 3, 3 published" in run.texts


def test_what_runs_is_told_and_what_is_waited_for_before_it(here):
    run = Run(here, dataset=False)
    first = run.start("train_degraded", examples="000000-000009")
    run.start("train_degraded", examples="000010-000019")
    run.start("make_pools")
    run.progress.step(3, 12)
    assert run.texts == ["step 3 of 12", "train degraded x2, make pools"]
    run.progress.fail(first)
    assert run.texts == ["step 3 of 12", "1 failed", "train degraded, make pools"]
    again = run.start("train_degraded", examples="000000-000009")
    run.progress.finish(first)  # a later try has the same number
    run.progress.finish(again)

    until = time.time() + 3600
    run.start("publish_shard", log="publish.log", window="000000")
    (here / "publish.until").write_text(str(until))
    assert run.texts[1:] == [f"waiting for the Hub until {time.strftime('%H:%M', time.localtime(until))}"]
    for past in (str(time.time() - 1), "", "nan"):
        (here / "publish.until").write_text(past)
        assert run.texts[1:] == ["train degraded, make pools, publish shard"]


def test_on_a_cluster_its_jobs_are_told(here):
    run = Run(here, dataset=False)
    run.start("tally_window", window="000000")
    for rule in CHAIN:
        run.start(rule, elsewhere=True, examples="000000-000009")
    run.start("write_shard", elsewhere=True, window="000000")
    assert run.texts == ["jobs on the cluster: 2"]


def test_a_run_that_is_stopped_says_what_it_waits_for(here):
    run = Run(here, dataset=False, is_stopped=lambda: True)
    run.start("make_pools")
    assert run.texts == ["stopping, jobs that still run: make pools"]


PARTS = st.lists(st.builds(Part, st.text("abc |", max_size=40), st.integers(0, 9)), max_size=8)


@given(PARTS, st.integers(-2, 200))
def test_the_line_fits_and_leaves_out_no_more_than_it_must(parts, width):
    text = fit(parts, width)
    assert len(text) <= max(0, width)
    whole = SEPARATOR.join(part.text for part in parts)
    assert (text == whole) or len(whole) > width


def test_what_matters_least_is_left_out_first():
    parts = [Part("accepted 7 of 60", 9), Part("candidates 10", 5), Part("1.0/s", 3), Part("70 s left", 6)]
    assert fit(parts, 52) == "accepted 7 of 60 | candidates 10 | 1.0/s | 70 s left"
    assert fit(parts, 51) == "accepted 7 of 60 | candidates 10 | 70 s left"
    assert fit(parts, 30) == "accepted 7 of 60 | 70 s left"
    assert fit(parts, 20) == "accepted 7 of 60"
    assert fit(parts, 10) == "accepted 7"
