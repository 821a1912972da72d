"""Every figure of the page against a plain count over the folder's own texts."""

import json
import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from subject_zoo.dataset.received import Received
from subject_zoo.report.facts import Facts, read_facts
from subject_zoo.report.sections.accuracy import accuracies
from subject_zoo.report.sections.curves import curve_spreads
from subject_zoo.report.sections.lengths import sample_lengths
from subject_zoo.report.sections.pictures import blocks
from subject_zoo.report.sections.rates import rates_by_pattern
from subject_zoo.report.sections.repairs import changes_by_layer
from subject_zoo.report.sections.signatures import agreement, descriptors, nearest, principal_components
from subject_zoo.report.sections.stories import stories
from subject_zoo.report.sections.times import Job, seconds_by_step
from subject_zoo.report.spread import spread
from tests.finished_dataset import read_table_rows


@pytest.fixture(scope="module")
def facts(finished) -> Facts:
    return read_facts(Received(finished, trusted=True))


@pytest.fixture(scope="module")
def rows(finished) -> list[dict[str, Any]]:
    """The records in id order, prompts and completions with them, as any reader of tables sees them."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for path in sorted(finished.glob("*/*/*.parquet")):
        table = path.relative_to(finished).parts[0]
        for row in read_table_rows(path):
            texts = {f"{table}_{key}": row.pop(key) for key in ("prompt", "completion") if key in row}
            found[row["example_id"]] |= {**row, **texts}
    return [
        {**row, **{key: json.loads(row[key]) for key in ("metadata", "training_metrics")}}
        for _, row in sorted(found.items())
    ]


def test_all_records_are_looked_at_in_the_order_of_their_ids(facts, rows):
    assert [record.example_id for record in facts.records] == [row["example_id"] for row in rows]
    assert len(rows) > 5
    assert facts.these_records == "all records"


def test_no_more_records_are_looked_at_than_asked(finished, rows):
    few = read_facts(Received(finished, trusted=True), most=3)
    assert [record.example_id for record in few.records] == [row["example_id"] for row in rows[:3]]
    assert few.these_records == f"the first 3 of {len(rows)} records"


def quantiles(values: list[float]) -> list[float]:
    """By hand: of sorted values, between the two nearest."""
    ordered, found = sorted(values), []
    for share in (0.1, 0.5, 0.9):
        place = share * (len(ordered) - 1)
        low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
        found.append(low + (place - math.floor(place)) * (high - low))
    return found


def test_accuracies_before_and_after(facts, rows):
    measured, seen = accuracies(facts), 0
    for name in (*facts.enabled, "background"):
        for stage, key in (("degraded", "before"), ("improved", "after")):
            for prefix, as_target in (("target_", True), ("", False)):
                values = [
                    row["metadata"][stage]["accuracy"][name]
                    for row in rows
                    if name in row["metadata"][stage]["accuracy"] and (row["target_pattern"] == name) == as_target
                ]
                found = measured[name][f"{prefix}{key}"]
                assert (found is None) == (not values)
                if found is not None:
                    assert found[:3] == pytest.approx(quantiles(values))
                    assert found.size == len(values)
                    seen += 1
    assert seen > 8


def test_what_networks_call_positive(facts, rows):
    called, labelled, counts = rates_by_pattern(facts)
    for i, trained in enumerate(facts.enabled):
        for j, tested in enumerate(facts.enabled):
            chosen = [
                row["metadata"]
                for row in rows
                if trained in row["selected_patterns"] and (i == j or tested not in row["selected_patterns"])
            ]
            assert counts[i, j] == len(chosen)
            for key, found in (("positive_rate", called), ("true_rate", labelled)):
                if chosen:
                    assert found[i, j] == pytest.approx(sum(m[key][tested] for m in chosen) / len(chosen))
                else:
                    assert math.isnan(found[i, j])


def test_learning_curves(facts, rows):
    for curve in ("validation_loss", "validation_accuracy"):
        for stage, found in curve_spreads(facts, curve).items():
            own = [row["training_metrics"][stage][curve] for row in rows]
            assert [epoch for epoch, _ in found] == [*range(1, max(map(len, own)) + 1)]
            for epoch, values in found:
                ran = [curve_of[epoch - 1] for curve_of in own if epoch <= len(curve_of)]
                assert values[:3] == pytest.approx(quantiles(ran))
                assert values.size == len(ran)


@pytest.mark.parametrize("epochs", [1, 49, 50, 51, 999, 1000])
def test_of_long_curves_some_epochs_are_told_and_the_last(facts, epochs):
    curve = {"validation_loss": [1 / (1 + epoch) for epoch in range(epochs)]}
    long = replace(facts, records=[replace(facts.records[0], curves={"improved": curve})])
    told = [epoch for epoch, _ in curve_spreads(long, "validation_loss")["improved"]]
    assert told[-1] == epochs
    assert told[0] >= 1
    assert min(epochs, 25) <= len(told) <= 50


def test_what_a_repair_changes(facts, rows):
    """By the text of the weights, layer by layer."""
    expected: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
    for row in rows:
        before, after = (json.loads(row[f"{stage}_model_weights"])["weights"] for stage in ("degraded", "improved"))
        layers = sorted({int(name.split(".")[1]) for name in before})
        for name in before:
            layer = layers.index(int(name.split(".")[1]))
            word = "output" if layer == len(layers) - 1 else f"hidden {layer + 1}"
            kind = "weights" if name.endswith("weight") else "biases"
            old, new = (np.array(weights[name], np.float64).ravel().tolist() for weights in (before, after))
            changed = sum(a != b for a, b in zip(old, new, strict=True))
            length = math.sqrt(sum(a * a for a in old))
            moved = math.sqrt(sum((a - b) ** 2 for a, b in zip(old, new, strict=True)))
            expected[f"{word} {kind}"].append((changed, len(old), moved / length if length else math.inf))
    found = changes_by_layer(facts)
    assert set(found) == set(expected)
    assert list(found)[-2:] == ["output weights", "output biases"]
    for name, changes in found.items():
        assert [(one.changed, one.size) for one in changes] == [(c, size) for c, size, _ in expected[name]]
        for one, (_, _, distance) in zip(changes, expected[name], strict=True):
            if math.isfinite(distance):
                assert one.distance == pytest.approx(distance, rel=1e-4)


def test_lengths_are_those_of_the_texts(facts, rows):
    found = sample_lengths(facts, "chars")
    for task in ("modification", "classification"):
        texts = [[row[f"{task}_{text}"] for text in ("prompt", "completion")] for row in rows]
        assert found[task].tolist() == [len(prompt) + len(completion) for prompt, completion in texts]
    assert sample_lengths(facts, "tokens") == {}


def test_a_story_holds_both_networks(facts, rows):
    """The pictures, put together again, are the very weights; the list of changes is of the largest."""
    for story, row in zip(stories(facts), rows, strict=True):
        before, after = (json.loads(row[f"{stage}_model_weights"])["weights"] for stage in ("degraded", "improved"))
        moves = []
        for picture, name in zip(story["layers"], before, strict=True):
            old, new = np.array(before[name], np.float32), np.array(after[name], np.float32)
            moves += np.abs(new - old).ravel().tolist()
            if picture["name"] == "output weights":
                old, new = old.T, new.T
            mended = picture["before"].copy()
            mended[picture["places"]] = picture["after"]
            np.testing.assert_array_equal(picture["before"], old.ravel())
            np.testing.assert_array_equal(mended, new.ravel())
            assert picture["rows"] * picture["columns"] == old.size
        shown = [abs(b - a) for _, _, a, b in story["largest"]]
        assert shown == pytest.approx(sorted(moves, reverse=True)[: len(shown)], abs=1e-6)
        assert story["changed"][:2] == [sum(move > 0 for move in moves), len(moves)]
        assert [what for what, *_ in story["texts"]] == [
            f"{task} {text}" for task in ("modification", "classification") for text in ("prompt", "completion")
        ]
        for what, length, start, end in story["texts"]:
            whole = row[what.replace(" ", "_")]
            assert length == len(whole)
            assert whole.startswith(start)
            assert whole.endswith(end)
        for letters, satisfied, *logits in story["tried"]:
            assert len(letters) == facts.space.sequence_length
            assert set(satisfied) <= set(row["selected_patterns"])
            assert len(logits) == 2


@given(
    arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(-9, 9, width=32)),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_a_block_is_told_by_its_number_farthest_from_zero(matrix, down, along):
    found = blocks(matrix, [down, along])
    for row in range(found.shape[0]):
        for column in range(found.shape[1]):
            part = matrix[row * down : (row + 1) * down, column * along : (column + 1) * along]
            assert abs(found[row, column]) == max(abs(value) for value in part.ravel().tolist())


POINTS = arrays(
    np.float64,
    st.tuples(st.integers(3, 12), st.integers(1, 5)),
    elements=st.integers(-50, 50).map(lambda value: value / 8),  # whose squares are exact
)


@given(POINTS)
def test_the_nearest_neighbour_is_never_oneself_and_none_is_nearer(points):
    for place, other in enumerate(nearest(points).tolist()):
        distances = [math.dist(points[place], point) for point in points]
        assert other != place
        assert distances[other] == min(d for index, d in enumerate(distances) if index != place)


@given(POINTS)
def test_principal_components_have_the_greatest_variances(points):
    centred = points - points.mean(0)
    laid, shares = principal_components(centred)
    values = [0.0, *sorted(np.linalg.eigvalsh(centred.T @ centred).tolist())]
    total = sum(values)
    for axis in range(2):
        assert (laid[:, axis] ** 2).sum() == pytest.approx(max(values[-1 - axis], 0.0), abs=1e-6 * (1 + total))
        if total > 1e-9:
            assert shares[axis] == pytest.approx(max(values[-1 - axis], 0.0) / total, abs=1e-6)


@given(st.lists(st.booleans(), min_size=3, max_size=20), st.randoms())
def test_agreement_is_counted_and_chance_is_that_of_another_record(has, random):
    count = len(has)
    neighbours = [random.choice([other for other in range(count) if other != place]) for place in range(count)]
    found = agreement(np.array(has), np.array(neighbours))
    own = [place for place in range(count) if has[place]]
    assert found.records == len(own)
    assert found.agree == sum(has[neighbours[place]] for place in own)
    if own:
        assert found.chance == sum(has[o] for o in range(count) if o != own[0]) / (count - 1)


def test_descriptors_do_not_depend_on_the_order_of_neurons_and_are_standardised(facts, finished):
    found = descriptors(facts, "improved")
    assert found.mean(0) == pytest.approx(np.zeros(found.shape[1]), abs=1e-9)
    assert found.std(0) == pytest.approx(np.ones(found.shape[1]))
    turned = read_facts(Received(finished, trusted=True))
    for record in turned.records:
        width = record.models["improved"].architecture.neurons_per_layer
        record.signatures["improved"][:width] = record.signatures["improved"][:width][::-1].copy()
    np.testing.assert_allclose(descriptors(turned, "improved"), found, atol=1e-6)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_a_spread_is_quantiles(values):
    found = spread(values)
    assert found[:3] == pytest.approx(quantiles(values), abs=1e-6)
    assert found.middle == pytest.approx(median(values), abs=1e-6)
    with pytest.raises(ValueError, match="not finite"):
        spread([*values, math.nan])


def test_times_are_summed_by_step_in_the_order_that_work_began():
    jobs = [Job("b", 5, 7), Job("a", 1, 2.5), Job("b", 3, 4), Job("a", 9, 9.25)]
    assert seconds_by_step(jobs) == {"a": (2, 1.75), "b": (2, 3)}
    assert list(seconds_by_step(jobs)) == ["a", "b"]


def test_the_folder_is_left_as_it_was(finished, facts):
    assert not list(Path(finished).glob("*.html"))
