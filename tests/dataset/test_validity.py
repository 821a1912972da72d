"""How true a dataset is: every figure against a plain count over its verdicts."""

import json
import random
from statistics import median
from typing import Any

import pytest

from subject_zoo.base.terms import GATES, RECORD_SUMMARY
from subject_zoo.dataset.record_summary import summarise_record
from subject_zoo.dataset.validity import summarise

PATTERNS = ("starts_with", "ends_with", "palindrome")
CONFIG = {
    "patterns": {"enabled": PATTERNS},
    "task_generation": {"include_modification": True, "include_classification": True, "include_diagnosis": True},
    "validation": {"min_accuracy": 0.93},
}


def verdict(example_id: int, accepted: bool, weights: str | None = None) -> dict[str, Any]:
    """An entry of a window's verdicts, drawn from its id."""
    draw = random.Random(example_id)
    selected = draw.sample(PATTERNS, draw.randint(1, 3))
    after = {name: draw.uniform(0.9, 1) for name in (*selected, "background")}
    before = {name: value - draw.uniform(-0.02, 0.02) for name, value in after.items()} | {selected[0]: 0.1}
    rates = {name: draw.uniform(0.9, 1) if name in selected else draw.uniform(0, 0.3) for name in PATTERNS}
    prompts = {"modification": 1000 + example_id, "classification": 2000 + example_id}
    return {
        "example_id": example_id,
        "accepted": accepted,
        "reasons": [] if accepted else draw.sample(GATES, draw.randint(1, 3)),
        "target_pattern": selected[0],
        "selected_patterns": selected,
        "degraded": {"accuracy": before},
        "improved": {"accuracy": after},
        "improvement": after[selected[0]] - 0.1,
        "positive_rate": rates,
        "classified_patterns": [name for name in PATTERNS if name in selected or example_id % 3 == 1],
        "diagnosis": {"shown": draw.choice(["degraded", "improved"])},
        "held_out": dict.fromkeys(selected, True),
        "sequences": {
            "rows": 100,
            "copies": example_id % 4,
            "on_both_sides": 0,
            "shared_with_test": example_id,
            "shared_of_held_out": 0,
        },
        RECORD_SUMMARY: {
            "weights_sha256": weights or f"{example_id:064x}",
            "prompt_chars": prompts,
            "chars": {task: 2 * length for task, length in prompts.items()},
            "tokens": {},
        }
        if accepted
        else None,
    }


VERDICTS = [verdict(i, accepted=i % 3 != 0) for i in range(60)]
RECORDED = [v["example_id"] for v in VERDICTS if v["accepted"]][:20]
MEMBERS = [v for v in VERDICTS if v["example_id"] in RECORDED]


@pytest.fixture(scope="module")
def validity() -> dict[str, Any]:
    return summarise(VERDICTS, RECORDED, CONFIG)


def test_the_funnel_counts_candidates_up_to_the_last_record(validity):
    seen = [v for v in VERDICTS if v["example_id"] <= RECORDED[-1]]
    funnel = validity["funnel"]
    assert (funnel["candidates"], funnel["accepted"]) == (len(seen), 20)
    assert funnel["acceptance"] == round(20 / len(seen), 4)
    left = seen
    for gate in GATES:
        assert funnel["fail_gate"][gate] == sum(gate in v["reasons"] for v in seen)
        left = [v for v in left if gate not in v["reasons"]]
        assert funnel["pass_gate_and_those_before"][gate] == len(left)
    assert len(left) == 20


def test_diagnoses_are_counted_by_the_network_that_they_show(validity):
    shown = [v["diagnosis"]["shown"] for v in MEMBERS]
    assert validity["diagnosed"] == {stage: shown.count(stage) for stage in ("degraded", "improved")}
    assert "diagnosed" not in summarise(VERDICTS, RECORDED, alone("modification")[0])


def test_patterns_are_counted_as_targets_and_as_selected(validity):
    seen = [v for v in VERDICTS if v["example_id"] <= RECORDED[-1]]
    for name in PATTERNS:
        row = validity["by_pattern"][name]
        targets = [v for v in MEMBERS if v["target_pattern"] == name]
        selected = [v["improved"]["accuracy"][name] for v in MEMBERS if name in v["selected_patterns"]]
        assert row["target_of_accepted"] == len(targets)
        assert row["target_of_candidates"] == sum(v["target_pattern"] == name for v in seen)
        assert row["selected_in_accepted"] == len(selected)
        assert row["accuracy_after"] == round(median(selected), 4)
        assert row["target_improvement"] == round(median(v["improvement"] for v in targets), 4)


def test_extremes_and_histograms(validity):
    after = [a for v in MEMBERS for a in v["improved"]["accuracy"].values()]
    assert validity["accepted"]["accuracy_after"]["min"] == round(min(after), 4)
    assert validity["accepted"]["accuracy_after"]["median"] == round(median(after), 4)
    listed = [r for v in MEMBERS for name, r in v["positive_rate"].items() if name in v["classified_patterns"]]
    bins = validity["histograms"]["bins"]
    counts = [sum(min(int(rate * bins), bins - 1) == place for rate in listed) for place in range(bins)]
    assert validity["histograms"]["positive_rate_of_listed_patterns"] == counts


def test_sequences_prompts_and_combinations(validity):
    assert validity["sequences"]["rows"] == 2000
    assert validity["sequences"]["copies"] == sum(i % 4 for i in RECORDED)
    assert validity["sequences"]["shared_with_test_at_most"] == RECORDED[-1]
    assert validity["prompt_chars"]["modification"]["max"] == 1000 + RECORDED[-1]
    assert validity["chars"]["classification"]["max"] == 2 * (2000 + RECORDED[-1])
    assert validity["tokens"] == {}
    assert validity["combinations"] == len({tuple(v["selected_patterns"]) for v in MEMBERS})


def test_patterns_that_are_listed_beside_the_selected(validity):
    more = [len(v["classified_patterns"]) - len(v["selected_patterns"]) for v in MEMBERS]
    selected = sum(len(v["selected_patterns"]) for v in MEMBERS)
    assert validity["implied"] == {
        "mean_selected": round(selected / 20, 4),
        "mean_listed": round((selected + sum(more)) / 20, 4),
        "list_more": sum(extra > 0 for extra in more) / 20,
    }
    assert 0 < validity["implied"]["list_more"] < 1


def test_degraded_networks_that_fall_short_beside_the_target(validity):
    below = 0
    for v in MEMBERS:
        others = dict(v["degraded"]["accuracy"])
        del others[v["target_pattern"]]
        below += min(others.values()) < 0.93
    assert validity["beside_the_target"] == {"min_accuracy": 0.93, "degraded_below": below / 20}
    assert 0 < below < 20


OF_ONE_TASK = {
    "modification": ("target_pattern", "degraded", "improvement"),
    "classification": ("positive_rate", "classified_patterns"),
}


def alone(task: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The configuration of one task, and the verdicts as that makes them."""
    other = "classification" if task == "modification" else "modification"
    asked = {f"include_{task}": True, f"include_{other}": False, "include_diagnosis": False}
    foreign = (*OF_ONE_TASK[other], "diagnosis")
    verdicts = [{key: value for key, value in v.items() if key not in foreign} for v in VERDICTS]
    return CONFIG | {"task_generation": asked}, verdicts


def test_without_modification_patterns_are_counted_as_selected(validity):
    config, verdicts = alone("classification")
    summary = summarise(verdicts, RECORDED, config)
    assert list(summary["funnel"]["fail_gate"]) == ["competence", "claim"]
    assert summary["beside_the_target"] is None
    assert {key for key in validity["accepted"] if "target" in key or "others" in key}.isdisjoint(summary["accepted"])
    same = ("implied", "histograms", "combinations", "duplicates", "prompt_chars", "chars", "sequences")
    assert all(summary[key] == validity[key] for key in same)
    seen = [v for v in VERDICTS if v["example_id"] <= RECORDED[-1]]
    for name, row in summary["by_pattern"].items():
        candidates = sum(name in v["selected_patterns"] for v in seen)
        kept = sum(name in v["selected_patterns"] for v in MEMBERS)
        assert (row["selected_in_candidates"], row["selected_in_accepted"]) == (candidates, kept)
        assert row["acceptance_as_selected"] == round(kept / candidates, 4)
        assert not any("target" in key for key in row)
        assert row.items() & validity["by_pattern"][name].items() >= {("accuracy_after", row["accuracy_after"])}


def test_without_classification_no_rate_is_summarised(validity):
    config, verdicts = alone("modification")
    summary = summarise([v | {"exact": exact_of(w)} for v, w in zip(verdicts, VERDICTS, strict=True)], RECORDED, config)
    assert "claim" not in summary["funnel"]["fail_gate"]
    assert (summary["implied"], summary["histograms"]) == (None, None)
    assert not any("rate" in key for key in summary["accepted"])
    assert all(summary[key] == validity[key] for key in ("by_pattern", "beside_the_target", "sequences"))
    assert summary["exact"]["records"] == 20
    assert "records_of_true_lists" not in summary["exact"]


def test_equal_models_are_duplicates(validity):
    assert validity["duplicates"] == 0
    twins = [verdict(i, accepted=True, weights="a" * 64) for i in range(3)]
    assert summarise(twins, [0, 1, 2], CONFIG)["duplicates"] == 2


def exact_of(of: dict[str, Any]) -> dict[str, Any]:
    """What the whole space says of an example; of every fourth, that all patterns are called positive."""
    rates = {name: 0.9 if name in of["classified_patterns"] else 0.1 for name in PATTERNS}
    if of["example_id"] % 4 == 0:
        rates |= dict.fromkeys(PATTERNS, 0.9)
    draw = random.Random(of["example_id"])
    figures = {key: draw.random() for key in ("precision", "balanced_precision", "recall")}
    improved = figures | {"positive_rate": {name: {"test": 0.0, "all": rate} for name, rate in rates.items()}}
    return {"sequences": 343, "improved": improved}


def test_the_whole_space_is_summarised_where_it_was_measured(validity):
    assert validity["exact"] is None
    exact = summarise([v | {"exact": exact_of(v)} for v in VERDICTS], RECORDED, CONFIG)["exact"]
    all_listed = [v for v in MEMBERS if v["example_id"] % 4 or len(v["classified_patterns"]) == len(PATTERNS)]
    assert 0 < len(all_listed) < 20
    assert (exact["sequences"], exact["records"], exact["records_of_true_lists"]) == (343, 20, len(all_listed))
    for key in ("precision", "balanced_precision", "recall"):
        assert exact[key]["median"] == round(median(exact_of(v)["improved"][key] for v in MEMBERS), 4)


def test_a_precision_that_is_none_is_in_no_spread():
    exact = exact_of(MEMBERS[0])
    exact["improved"]["precision"] = None
    summary = summarise([MEMBERS[0] | {"exact": exact}], [MEMBERS[0]["example_id"]], CONFIG)["exact"]
    assert (summary["precision"], summary["records"]) == (None, 1)


def test_nothing_accepted_is_summarised_too():
    validity = summarise([verdict(0, accepted=False)], [], CONFIG)
    assert validity["funnel"]["accepted"] == 0
    assert validity["by_pattern"] == {}


def test_a_record_is_known_by_its_improved_weights_and_the_lengths_of_its_texts():
    lengths = {"modification_prompt_chars": 4, "modification_completion_chars": 3}
    record = {"improved_model_weights": "a", "degraded_model_weights": "b", "modification_prompt": "four"}
    record["metadata"] = json.dumps({"lengths": lengths})
    summary = summarise_record(record)
    assert (summary["prompt_chars"], summary["chars"]) == ({"modification": 4}, {"modification": 7})
    assert summary["tokens"] == {}
    counted = lengths | {"modification_prompt_tokens": 2, "modification_completion_tokens": 1}
    assert summarise_record(record | {"metadata": json.dumps({"lengths": counted})})["tokens"] == {"modification": 3}
    assert summary == summarise_record(record | {"degraded_model_weights": "c"})
    assert summary != summarise_record(record | {"improved_model_weights": "c"})
