"""A signature dataset that a person brings is used as it is, pinned by its hash, and checked."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.pipeline import snakemake, succeed

pytestmark = pytest.mark.workflow

RECORD = "results/examples/000000-000003/record.jsonl"


def bring(path: Path, sequences: list[str]) -> list[str]:
    """Write a signature dataset; the arguments that use it."""
    path.write_text(json.dumps({"examples": [{"sequence": sequence} for sequence in sequences]}))
    return ["--config", f"signature={{'dataset_path': '{path}', 'methods': ['mean']}}"]


def test_it_is_used_pinned_and_named_by_every_record(tmp_path):
    own = tmp_path / "own.json"
    arguments = bring(own, ["ABCABCA", "AAAAAAA", "GFEDCBA", "BCDEFGA", "ACEGBDF"])
    succeed(snakemake(tmp_path / "project", RECORD, *arguments))
    assert (tmp_path / "project/results/signature_dataset.json").read_bytes() == own.read_bytes()
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    records = [json.loads(line) for line in (tmp_path / "project" / RECORD).read_text().splitlines()]
    assert records
    for record in records:
        assert json.loads(record["metadata"])["provenance"]["signature_dataset"] == digest
        layers = json.loads(record["improved_signature"])["neuron_activations"].values()
        assert {layer["layer_info"]["num_examples"] for layer in layers} == {5}

    bring(own, ["ABCABCA", "BBBBBBB"])
    run = snakemake(tmp_path / "project", RECORD, *arguments)
    assert run.returncode != 0
    line = run.stderr.strip().splitlines()[-1]
    assert line.startswith(f"{own} has changed under this project")
    assert digest in line
    assert hashlib.sha256(own.read_bytes()).hexdigest() in line


def test_one_that_is_named_later_replaces_the_projects_own(tmp_path):
    target, project, own = "results/signature_dataset.json", tmp_path / "project", tmp_path / "own.json"
    succeed(snakemake(project, target))
    drawn = (project / target).read_bytes()
    arguments = bring(own, ["ABCABCA", "AAAAAAA", "GFEDCBA"])
    told = succeed(snakemake(project, target, *arguments))
    assert (
        f"signature.dataset_path is {own} now: probes are those of {own}, no longer those that this project drew"
        in told
    )
    assert (project / target).read_bytes() == own.read_bytes()
    told = succeed(snakemake(project, target))
    assert f"probes are drawn anew, no longer those of {own}" in told
    assert (project / target).read_bytes() == drawn


def test_probes_that_cannot_be_signed_are_refused_before_any_training(tmp_path):
    arguments = bring(tmp_path / "own.json", ["BCABCAC", "GFEDCBA"])
    run = snakemake(tmp_path / "project", RECORD, *arguments[:1], arguments[1].replace("mean", "pattern_wise"))
    assert run.returncode != 0
    line = (
        "make_signature_dataset: signature dataset: pattern_wise.starts_with has no probe that satisfies this pattern; "
    )
    assert any(told.startswith(line) for told in run.stderr.splitlines())
    assert "Traceback" not in run.stderr
    assert not list((tmp_path / "project/results").rglob("degraded.safetensors"))
    assert not (tmp_path / "project/results/signature_dataset.json").exists()


@pytest.mark.parametrize("sequence", ["ABC", "ABCDEFH"])
def test_sequences_of_another_length_or_vocabulary_are_refused(tmp_path, sequence):
    arguments = bring(tmp_path / "own.json", ["ABCABCA", sequence])
    run = snakemake(tmp_path / "project", RECORD, *arguments)
    assert run.returncode != 0
    assert any(f"{tmp_path / 'own.json'}: " in line and sequence in line for line in run.stderr.splitlines())
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "project/results/signature_dataset.json").exists()
