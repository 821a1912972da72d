"""Another bias, another output weight: what the search finds passes the gates, and it misses nothing that does."""

import numpy as np
import pytest

from subject_zoo.chain import make_examples
from subject_zoo.evaluation.gates import judge
from subject_zoo.evaluation.simple_repairs import (
    STEPS,
    Fault,
    passing_output_weights,
    passing_shifts,
    simple_repairs,
)
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.project import Project
from tests.finished_dataset import tiny_config

THRESHOLDS = {
    "min_degradation_threshold": 0.1,
    "min_specificity": 0.05,
    "max_other_degradation": 0.1,
    "min_accuracy": 0.6,
    "allow_simple_repairs": False,
}


@pytest.fixture(scope="module")
def project() -> Project:
    return Project(tiny_config({"validation": THRESHOLDS, "training": {"degraded_epochs": 12}}))


@pytest.fixture(scope="module")
def made(project):
    return make_examples(project, range(60))


@pytest.fixture(scope="module")
def faults(project, made) -> list[Fault]:
    plans = [plan for plan, _ in made.examples.values()]
    return [
        Fault(made.degraded[p.example_id], p.selected_patterns, p.target_pattern, project.exam, THRESHOLDS, claim=True)
        for p in plans
    ]


def is_mended(fault: Fault, logits: np.ndarray, changed: np.ndarray) -> bool:
    """The gates on one variant's logits, as the verdict on a record has them."""
    exam, selected = fault.exam, fault.selected_patterns
    before, after = (exam.accuracies(values > 0, selected) for values in (logits, changed))
    rates, true = exam.positive_rates(changed > 0), exam.true_rates(selected)
    return judge(fault.target_pattern, before, after, rates, true, fault.thresholds)["accepted"]


def test_the_shifts_found_are_all_that_pass(faults):
    found = 0
    for fault in faults[:20]:
        logits = KernelMLP(fault.degraded.architecture, fault.degraded.weights).logits(fault.exam.tokens)
        ordered = np.unique(logits).astype(np.float64)
        thresholds = (ordered[:-1] + ordered[1:]) / 2
        expected = [t for t in thresholds if is_mended(fault, logits, logits - t)]
        assert passing_shifts(fault).tolist() == expected
        found += len(expected)
    assert found > 0


def test_the_output_weights_found_are_all_that_pass(faults):
    found = 0
    for fault in faults[:12]:
        mlp = KernelMLP(fault.degraded.architecture, fault.degraded.weights)
        values, logits = mlp.activations(fault.exam.tokens, before=False)
        expected = [
            (neuron, step)
            for neuron, hidden in enumerate(values[-1].T)
            for step in STEPS.tolist()
            if is_mended(fault, logits, logits + hidden * np.float32(step))
        ]
        assert list(passing_output_weights(fault)) == expected
        found += len(expected)
    assert found > 0


def test_the_gate_rejects_exactly_what_passes_all_others_and_is_simply_mended(faults, made):
    rejected = 0
    for fault, verdict in zip(faults, made.verdicts.values(), strict=True):
        if set(verdict["reasons"]) - {"repair"}:
            assert verdict["simple_repairs"] is None  # nobody looked
            continue
        simple = simple_repairs(fault)
        assert verdict["simple_repairs"] == simple
        assert verdict["reasons"] == (["repair"] if simple else [])
        assert verdict["accepted"] == (not simple)
        rejected += bool(simple)
    assert rejected > 0


def test_where_simple_repairs_are_allowed_nobody_looks_for_them(project, made):
    allowed = Project({**project.config, "validation": {**project.config["validation"], "allow_simple_repairs": True}})
    verdicts = make_examples(allowed, range(60)).verdicts
    assert all(verdict["simple_repairs"] is None for verdict in verdicts.values())
    passed = [i for i, verdict in made.verdicts.items() if not set(verdict["reasons"]) - {"repair"}]
    assert [i for i, verdict in verdicts.items() if verdict["accepted"]] == passed
