"""An example is the same whatever range, number of cores or order it is made in; partial targets work."""

import json
from pathlib import Path

import numpy as np
import pytest

from subject_zoo.base.arrays import load_npz
from subject_zoo.base.ids import ExampleRange, cut_into_ranges
from subject_zoo.examples.files import read_datasets
from subject_zoo.networks.files import load_range
from subject_zoo.signatures.files import read_signatures
from tests.pipeline import snakemake, succeed

pytestmark = pytest.mark.workflow
CANDIDATES = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("chain")


def make(folder: Path, ranges: list[ExampleRange], cores: int) -> None:
    succeed(snakemake(folder, *(f"results/examples/{r}/record.jsonl" for r in ranges), cores=cores))


def examples_in(folder: Path) -> dict[int, dict]:
    """All that a range's six files say of each example."""
    datasets = read_datasets(load_npz(folder / "dataset.npz"))
    models = [load_range(folder / f"{stage}.safetensors") for stage in ("degraded", "improved")]
    verdicts = json.loads((folder / "validation.json").read_text())["examples"]
    lines = (folder / "record.jsonl").read_bytes().splitlines(keepends=True)
    by_id = {json.loads(line)["example_id"]: line for line in lines}
    signatures = read_signatures(load_npz(folder / "signatures.npz"))
    return {
        verdict["example_id"]: {
            "dataset": datasets[verdict["example_id"]],
            "models": [stage[verdict["example_id"]] for stage in models],
            "verdict": verdict,
            "signatures": signatures.get(verdict["example_id"]),
            "line": by_id.get(verdict["example_id"]),
        }
        for verdict in verdicts
    }


def assert_same(one: dict, other: dict) -> None:
    (plan_one, data_one), (plan_other, data_other) = one["dataset"], other["dataset"]
    assert plan_one == plan_other
    for name, array in vars(data_one).items():
        np.testing.assert_array_equal(array, getattr(data_other, name))
    for model, twin in zip(one["models"], other["models"], strict=True):
        assert (model.architecture, model.training) == (twin.architecture, twin.training)
        for name, array in model.weights.items():
            assert array.tobytes() == twin.weights[name].tobytes()
    assert one["verdict"] == other["verdict"]
    assert one["line"] == other["line"]
    assert (one["signatures"] is None) == (other["signatures"] is None)
    for stage, features in (one["signatures"] or {}).items():
        assert features.tobytes() == other["signatures"][stage].tobytes()


def test_every_tensor_and_line_equals_its_part_of_any_range(folder):
    whole = ExampleRange(0, CANDIDATES - 1)
    sevens = cut_into_ranges(0, CANDIDATES, 7)
    singles = [ExampleRange(i, i) for i in (0, 7, 13, 39)]
    make(folder / "whole", [whole], cores=1)
    make(folder / "sevens", sevens, cores=2)
    make(folder / "singles", singles, cores=2)
    reference = examples_in(folder / "whole" / "results" / "examples" / str(whole))
    assert sorted(reference) == list(range(CANDIDATES))
    accepted = [i for i, example in reference.items() if example["verdict"]["accepted"]]
    assert 3 < len(accepted) < CANDIDATES
    assert all((reference[i]["line"] is not None) == (i in accepted) for i in reference)
    seen = set()
    for kind, ranges in (("sevens", sevens), ("singles", singles)):
        for part in ranges:
            for example_id, example in examples_in(folder / kind / "results" / "examples" / str(part)).items():
                assert_same(reference[example_id], example)
                seen.add((kind, example_id))
    assert len(seen) == CANDIDATES + len(singles)


def test_the_stages_differ_and_only_trained_examples_stand_in_records(folder):
    whole = ExampleRange(0, CANDIDATES - 1)
    make(folder / "whole", [whole], cores=1)
    for example in examples_in(folder / "whole" / "results" / "examples" / str(whole)).values():
        degraded, improved = example["models"]
        assert any((degraded.weights[n] != improved.weights[n]).any() for n in degraded.weights)


def test_a_finished_target_is_not_made_again_and_a_changed_key_reruns_what_it_concerns(folder):
    target = "results/examples/000007/record.jsonl"
    make(folder / "singles", [ExampleRange(7, 7)], cores=1)
    output = succeed(snakemake(folder / "singles", target))
    assert "Nothing to be done" in output
    dry = ["--dry-run", "--config", "signature={'decimals': 4}"]
    output = succeed(snakemake(folder / "singles", target, *dry))
    assert "rule format_records" in output
    assert "rule train_degraded" not in output
    dry = ["--dry-run", "--config", "training={'improvement_epochs': 3}"]
    output = succeed(snakemake(folder / "singles", target, *dry))
    assert "rule train_improved" in output
    assert "rule train_degraded" not in output
    dry = ["--dry-run", "--config", "task_generation={'include_classification': False}"]
    output = succeed(snakemake(folder / "singles", target, *dry))
    assert "rule validate" in output
    assert "rule train_improved" not in output
    output = succeed(snakemake(folder / "singles", target, "--dry-run", "--config", "num_examples=7", "cleanup=true"))
    assert "Nothing to be done" in output
