"""The page of the record format names all that there is, and nothing else."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import safetensors

from subject_zoo.base.arrays import load_npz
from subject_zoo.base.terms import SIGNATURE_METHODS, TASKS
from subject_zoo.chain import make_examples
from subject_zoo.dataset.layout import (
    BENCHMARK_DATASET,
    CARD,
    DESCRIPTIONS,
    MANIFEST,
    PICTURES,
    SIGNATURE_DATASET,
    VALIDITY,
)
from subject_zoo.dataset.shards import table_schema
from subject_zoo.patterns.definitions import PATTERNS
from subject_zoo.project import Project
from tests.docs.pages import ROOT
from tests.finished_dataset import diagnosing_config, tiny_config

TEXT = (ROOT / "docs/record-format.md").read_text(encoding="utf-8")
ALL = {"include_modification": True, "include_classification": True, "include_diagnosis": True}
ARROW = {"list of string": "list<item: string>", "list of int32": "list<item: int32>"}
JSON = {
    "integer": int,
    "number": (int, float),
    "string": str,
    "boolean": bool,
    "object": dict,
    "list of string": list,
    "list of number": list,
    "list of integer": list,
    "list of object": list,
    "list of string or null": (list, type(None)),
    "object or null": (dict, type(None)),
}
MARKS = {"M": "include_modification", "C": "include_classification", "D": "include_diagnosis"}

MARK = re.compile(r"\*\*([MCD])\*\*")


def rows(heading: str) -> dict[str, tuple[str, str]]:
    """(type, what it is) by name, of the table under a heading."""
    section = re.split(r"^## ", TEXT, flags=re.MULTILINE)
    [text] = [part for part in section if part.startswith(f"{heading}\n")]
    return {
        name: (kind, what) for name, kind, what in re.findall(r"^\| `(\S+)` \| (.*?) \| (.*) \|$", text, re.MULTILINE)
    }


def leaves(value: Any, documented: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) down to what is documented as one."""
    if path in documented or not isinstance(value, Mapping):
        yield path, value
        return
    for key, inner in value.items():
        yield from leaves(inner, documented, f"{path}.{key}" if path else key)


def check(heading: str, value: Mapping[str, Any], missing: tuple[str, ...] = ()) -> None:
    """That an object has the keys that the page names, of the types that it says."""
    documented = rows(heading)
    found = dict(leaves(value, documented))
    assert set(found) == set(documented) - {name for name in documented if name.startswith(missing or ("\0",))}
    for name, inner in found.items():
        assert isinstance(inner, JSON[documented[name][0]]), name


@pytest.mark.parametrize(
    "asked",
    [ALL, *({**ALL, "include_diagnosis": False} | {key: False} for key in ALL)],
    ids=["all", "classification", "modification", "both"],
)
def test_tables_have_the_columns_that_are_documented(asked):
    documented = {
        name: ARROW.get(kind, kind)
        for name, (kind, what) in rows("The table data").items()
        if not (marks := MARK.findall(what)) or any(asked[MARKS[mark]] for mark in marks)
    }
    assert documented == {field.name: str(field.type) for field in table_schema("data", asked, ablation=True)}
    assert set(documented) - {field.name for field in table_schema("data", asked)} == {"ablation"}
    for task in TASKS:
        documented = {name: ARROW.get(kind, kind) for name, (kind, _) in rows(f"The table {task}").items()}
        assert documented == {field.name: str(field.type) for field in table_schema(task, asked)}


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    """A record with all that one can hold."""
    more = {
        "validation": {"exact": True, "ablation": True},
        "dataset": {"twins": True, "corruption": "region", "corruption_rate": 0.5},
    }
    return make_examples(Project(diagnosing_config(more)), range(12)).records[0]


def test_json_columns_have_the_keys_that_are_documented(record):
    check("metadata", json.loads(record["metadata"]))
    for layers in json.loads(record["ablation"]).values():
        for effects in layers.values():
            pattern, background = rows("ablation")
            named = dict.fromkeys([*json.loads(record["metadata"])["selected_patterns"], background], list)
            assert {name: type(values) for name, values in effects.items()} == named
            assert pattern in PATTERNS
    for curves in json.loads(record["training_metrics"]).values():
        check("training_metrics", curves)
    for stage in ("degraded", "improved"):
        check("A network", json.loads(record[f"{stage}_model_weights"]))
        for layer in json.loads(record[f"{stage}_signature"])["neuron_activations"].values():
            check_signature(layer)


def check_signature(layer: Mapping[str, Any]) -> None:
    section = TEXT.partition("## A signature\n")[2].partition("\n## ")[0]
    keys, methods = section.split("| method |")
    documented = dict(re.findall(r"^\| `(\S+)` \| (.*?) \|", keys, re.MULTILINE))
    found = dict(leaves(layer, documented))
    assert set(found) == set(documented)
    assert all(isinstance(inner, JSON[documented[name]]) for name, inner in found.items())
    named = re.findall(
        r"`(\w+)`", "".join(line.split("|")[1] for line in methods.splitlines() if line.startswith("| `"))
    )
    assert named == list(SIGNATURE_METHODS)


def test_without_what_is_marked_the_rest_of_metadata_is_there():
    for task, mark in (("modification", "M"), ("classification", "C")):
        config = tiny_config({"task_generation": {f"include_{task}": False}})
        metadata = json.loads(make_examples(Project(config), range(8)).records[0]["metadata"])
        marked = {name: MARK.findall(what) for name, (_, what) in rows("metadata").items()}
        missing = tuple(name for name, marks in marked.items() if {mark, "D"} & set(marks))
        check("metadata", metadata, (*missing, "exact.", "twin."))


@pytest.mark.parametrize("style", ["separate", "interwoven"])
@pytest.mark.parametrize("form", ["full", "patch"])
def test_prompts_have_the_parts_that_are_documented(style, form):
    config = diagnosing_config({"format": {"style": style, "modification_completion": form}})
    record = make_examples(Project(config), range(12)).records[0]
    begins = re.findall(r"^\| \w+ \| `(.+?)` \|", TEXT.partition("## A prompt's parts\n")[2], re.MULTILINE)[:5]
    if style == "interwoven":
        begins = [*begins[:2], "## Layer ", begins[-1]]
    for task in TASKS:
        prompt = record[f"{task}_prompt"]
        assert prompt.endswith("\n")
        parts = re.split(r"\n\n(?=## )", prompt)
        assert list(dict.fromkeys(begin for part in parts for begin in begins if part.startswith(begin))) == begins
        assert all(part.startswith(tuple(begins)) for part in parts)
    layers = [part.splitlines()[1:] for part in parts if part.startswith("## Layer ")]
    assert all([line.partition(": ")[0] for line in lines] == ["Weights", "Activation signature"] for lines in layers)
    assert bool(layers) == (style == "interwoven")
    completion = json.loads(record["modification_completion"])
    nested = completion["network.0.weight"]
    assert isinstance(nested, dict if form == "patch" else list)
    listed = record["classification_completion"].split(", ")
    assert listed == json.loads(record["metadata"])["classified_patterns"]


def test_files_hold_what_is_documented(finished):
    top = {path.name for path in finished.iterdir()}
    named = set(
        re.findall(
            r"`([\w.]+?)(?:/(?:SHARD\.\w+)?)?`",
            "".join(re.findall(r"^\| (`.*?) \| ", TEXT.partition("\n## ")[0], re.MULTILINE)),
        )
    )
    assert named == top | {VALIDITY, PICTURES, "diagnosis", *DESCRIPTIONS}
    assert {CARD, MANIFEST, SIGNATURE_DATASET, BENCHMARK_DATASET} <= named
    check("manifest.json", json.loads((finished / MANIFEST).read_bytes()), missing=("parts",))
    for name in (SIGNATURE_DATASET, BENCHMARK_DATASET):
        sequences = json.loads((finished / name).read_bytes())
        check("Sequences", sequences)
        assert set(sequences["examples"][0]) == {"sequence", "patterns"}


def test_arrays_and_tensors_are_those_that_are_documented(finished):
    arrays = load_npz(next((finished / "signatures").iterdir()))
    documented = rows("Signatures")
    assert set(arrays) == set(documented)
    for name, (kind, _) in documented.items():
        assert str(arrays[name].dtype).startswith({"text": "<U"}.get(kind.split()[0], kind.split()[0])), name
        assert arrays[name].ndim == kind.count(",") + 1
    path = next((finished / "weights").iterdir())
    with safetensors.safe_open(path, "np") as file:
        assert set(file.metadata()) == {"models"}
        models = json.loads(file.metadata()["models"])
        trainings = json.loads(file.get_tensor("training").tobytes())
        names = set(file.keys())
    assert list(rows("Weights")) == ["000007/degraded/network.0.weight", "training"]
    first = next(iter(models))
    assert re.fullmatch(r"\d{6}/(degraded|improved)", first)
    assert f"{first}/network.0.weight" in names
    assert set(models[first]) == {"architecture"}
    assert set(trainings[first]) == {"training"}


def test_rows_and_files_of_a_shard_hold_the_same_examples(finished):
    for shard in (path.stem for path in (finished / "signatures").iterdir()):
        ids = load_npz(finished / f"signatures/{shard}.npz")["example_ids"].tolist()
        for table in ("data", "modification", "classification"):
            stored = [
                pq.read_table(path)["example_id"].to_pylist()
                for path in sorted(Path(finished).glob(f"{table}/*/{shard}.parquet"))
            ]
            assert sorted(chain.from_iterable(stored)) == ids
            assert all(part == sorted(part) for part in stored)
