"""Records as bytes: the same of the same input, one line each, and read back from files."""

import json
from dataclasses import replace

from subject_zoo.base.terms import STAGES
from subject_zoo.examples.plan import ExamplePlan
from subject_zoo.networks.files import load_range, save_range
from subject_zoo.records.files import StoredRecords, record_line
from tests.records.made import EXAMPLES


def test_the_same_input_gives_the_same_bytes(made, tmp_path):
    """Also where the parts come from the files that the chain keeps them in."""
    first = [record_line(record) for _, record in made.records()]
    for stage in STAGES:
        models = {i: example.models[stage] for i, example in made.examples.items()}
        save_range(tmp_path / f"{stage}.safetensors", models, {})
    stored = {stage: load_range(tmp_path / f"{stage}.safetensors") for stage in STAGES}
    again = []
    for i, example in made.examples.items():
        reread = replace(
            example,
            plan=ExamplePlan.from_dict(json.loads(json.dumps(example.plan.to_dict()))),
            verdict=json.loads(json.dumps(example.verdict)),
            models={stage: stored[stage][i] for stage in STAGES},
            signatures={stage: signature.copy() for stage, signature in example.signatures.items()},
        )
        again.append(record_line(made.formatter().format(*reread.parts)))
    assert first == again
    assert len(set(first)) == len(EXAMPLES)


def test_a_record_is_one_line_and_comes_back(plain, tmp_path):
    records = [record for _, record in plain.records()]
    lines = [record_line(record) for record in records]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    (tmp_path / "record.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "empty.jsonl").write_bytes(b"")
    stored = StoredRecords.of(tmp_path / "empty.jsonl", tmp_path / "record.jsonl")
    assert list(stored) == list(stored) == records
    assert list(stored.select([1, 0])) == [records[1], records[0]]
    assert not list(StoredRecords.of(tmp_path / "empty.jsonl"))
