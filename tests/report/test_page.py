"""The page as a file: whole for any dataset, asking for nothing, and obeying nothing that data say."""

import json
import re
import shutil
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subject_zoo import cli
from subject_zoo.base.errors import UserError
from subject_zoo.base.files import digest_of
from subject_zoo.dataset.layout import MANIFEST, VALIDITY
from subject_zoo.report import page as page_module
from subject_zoo.report.facts import read_facts as read_all
from subject_zoo.report.page import report
from tests.finished_dataset import hide, parquet_files, read_facts, read_table_rows, tiny_config, write_manifest
from tests.report.folders import HOSTILE, JOBS, LEFT_OUT, emptied, told_folder, write_ladder

SECTIONS = [
    "story",
    "funnel",
    "accuracy",
    "rates",
    "curves",
    "repairs",
    "signatures",
    "ladder",
    "lengths",
    "times",
    "origin",
]


class Page(HTMLParser):
    """What a browser would see: elements and their attributes, the sections, and the stories."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._inside = "", ""
        self.feed(data.decode())
        self.sections = [attributes["id"] for tag, attributes in self.elements if tag == "section"]
        [raw] = re.findall(r'<script type="application/json" id="stories">(.*?)</script>', data.decode(), re.S)
        self.stories = json.loads(raw)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.text += data


def must_be_harmless(page: Page) -> None:
    """It asks for nothing, and runs nothing but its own script."""
    assert [attributes for tag, attributes in page.elements if tag == "script"] == [
        {"type": "application/json", "id": "stories"},
        {},
    ]
    for tag, attributes in page.elements:
        assert tag not in ("img", "iframe", "object", "embed", "base", "form")
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("href", "src"):
                assert value.startswith("#") or value == "data:,"


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("told")
    return told_folder(folder / "dataset", tiny_config({"num_examples": 5, "examples_per_job": 6}))


def test_it_tells_all_there_is_to_tell_in_little_space(told, tmp_path):
    ladder = write_ladder(tmp_path / "ladder.json", digest_of((told / MANIFEST).read_bytes()))
    data = report(told, ladder, JOBS)
    page = Page(data)
    must_be_harmless(page)
    assert page.sections == SECTIONS
    assert len(data) < 300_000
    manifest = read_facts(told)
    for digest in ("code_sha256", "config_sha256", "facts_sha256"):
        assert manifest[digest] in page.text
    validity = json.loads((told / "validity.json").read_text())
    assert f"5 of {validity['funnel']['candidates']} candidates became records" in page.text
    assert "train_degraded takes 86 % of 18 s" in page.text.replace("\u00a0", " ")
    assert "Modification: mean_repair reaches 0.25" in page.text
    assert "another state of the dataset" not in page.text
    assert [story["id"] for story in page.stories] == sorted(
        row["example_id"] for name in parquet_files(told) for row in read_table_rows(told / name)
    )


def test_equal_input_gives_equal_bytes(told):
    assert report(told, jobs=JOBS) == report(told, jobs=JOBS, trusted=True)


def test_it_says_of_which_records_its_medians_are(finished, monkeypatch):
    monkeypatch.setattr(page_module, "read_facts", partial(read_all, most=3))
    assert "Medians are of the first 3 of 7 records." in Page(report(finished)).text
    monkeypatch.undo()
    assert "Medians are of" not in Page(report(finished)).text


def test_without_figures_a_ladder_and_times_it_says_so_or_nothing(finished):
    page = Page(report(finished))
    must_be_harmless(page)
    assert page.sections == [name for name in SECTIONS if name not in ("funnel", "times")]
    assert "make baseline" in page.text


def test_a_ladder_of_another_dataset_is_told_as_one(told, tmp_path):
    page = Page(report(told, write_ladder(tmp_path / "ladder.json", 64 * "0")))
    assert "measured on another state of the dataset" in page.text


@pytest.mark.parametrize(
    ("overlay", "missing", "foreign"),
    [
        ({"num_examples": 1}, ["signatures"], []),
        (LEFT_OUT["classification"], ["repairs"], ["degraded", "mended", "target"]),
        (LEFT_OUT["modification"], ["rates"], ["characters, classification"]),
        ({"model": {"num_layers": [1, 1], "input_encoding": "ordinal", "precision": "bfloat16"}}, [], []),
        ({"model": {"weight_decimals": None}, "dataset": {"corruption": "region", "corruption_rate": 0.5}}, [], []),
    ],
)
def test_it_is_whole_whatever_records_hold(overlay, missing, foreign, tmp_path):
    config = tiny_config({"num_examples": 3, "examples_per_job": 4}, overlay)
    told = told_folder(tmp_path / "dataset", config)
    page = Page(report(told, jobs=JOBS[:1]))
    must_be_harmless(page)
    assert page.sections == [name for name in SECTIONS if name not in missing]
    text = page.text.partition("The configuration, in full")[0]
    assert [word for word in foreign if word in text] == []
    assert len(page.stories) == config["num_examples"]


def test_of_no_record_there_is_a_page(folder, tmp_path):
    config = tiny_config({"num_examples": 1, "examples_per_job": 4})
    page = Page(report(emptied(told_folder(tmp_path / "told", config)), jobs=JOBS))
    must_be_harmless(page)
    assert page.sections == ["story", "funnel", "ladder", "times", "origin"]
    assert page.stories == []


def test_larger_networks_are_drawn_by_blocks_and_fewer_of_them(tmp_path):
    model = {"num_layers": [2, 2], "neurons_per_layer": [200, 200]}
    told = told_folder(tmp_path / "dataset", tiny_config({"num_examples": 2, "examples_per_job": 4, "model": model}))
    data = report(told)
    story = Page(data).stories[0]
    assert len(data) < 1_000_000
    assert [(part["rows"], part["columns"]) for part in story["layers"]][2] == (50, 100)


def test_what_data_say_is_shown_and_not_obeyed(folder, tmp_path):
    """In every text of a folder that the page shows."""
    for path in [*folder.glob("data/*/*.parquet"), *folder.glob("*ion/*/*.parquet")]:
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row in rows:
            if "metadata" in row:
                metadata = json.loads(row["metadata"])
                metadata["corruption_stats"]["region"] = {"in_words": HOSTILE}
                metadata["classified_patterns"] = [HOSTILE]
                metadata["model_config"]["activation_type"] = HOSTILE
                metadata["signature"]["methods"] = {key: [HOSTILE] for key in metadata["signature"]["methods"]}
                row["metadata"] = json.dumps(metadata)
            for text in {"prompt", "completion"} & set(row):
                row[text] = HOSTILE
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    facts = read_facts(folder)
    write_manifest(folder, facts | {"license": HOSTILE, "environment": {HOSTILE: HOSTILE}})
    data = report(folder, write_ladder(tmp_path / "ladder.json", ""), JOBS)
    page = Page(data)
    must_be_harmless(page)
    assert HOSTILE.encode() not in data
    assert HOSTILE in page.text
    assert page.stories[0]["texts"][0][2] == HOSTILE
    assert page.stories[0]["region"] == HOSTILE


def test_tokens_are_told_where_they_were_counted(folder):
    for path in folder.glob("data/*/*.parquet"):
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row in rows:
            metadata = json.loads(row["metadata"])
            texts = [f"{task}_{text}" for task in LEFT_OUT for text in ("prompt", "completion")]
            metadata["lengths"] |= {f"{text}_tokens": 1000 for text in texts}
            row["metadata"] = json.dumps(metadata)
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    hide(folder)
    assert (
        "2,000 (modification) and 2,000 (classification) tokens at the median, 2,000 at most" in report(folder).decode()
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: next(folder.glob("weights/*")).write_bytes(b"no weights"),
        lambda folder: next(folder.glob("signatures/*")).unlink(),
        lambda folder: next(folder.glob("data/*/*.parquet")).write_bytes(b"PAR1"),
        lambda folder: (folder / "benchmark_dataset.json").write_text('{"examples": [{"sequence": "AAAAA"}]}'),
        lambda folder: (folder / "benchmark_dataset.json").write_text("[" * 100_000),
    ],
)
def test_a_spoilt_folder_is_one_line(folder, spoil):
    spoil(folder)
    with pytest.raises(UserError, match="subject-zoo verify tells what is wrong") as found:
        report(folder)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", '"much"', "null", "{}", "1e999"])
def test_a_figure_that_is_no_number_is_one_line(folder, value):
    path = next(folder.glob("data/*/*.parquet"))
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[0]["metadata"] = re.sub(r'"background":[\d.e-]+', f'"background":{value}', rows[0]["metadata"])
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    hide(folder)
    with pytest.raises(UserError, match="cannot be reported on"):
        report(folder)


NASTY = [None, True, -1, 0, 10**30, 1e308, -1e308, "", "x" * 300, HOSTILE, [], {}, [[]], {"a": 1}]


def places_in(value: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Where there is something to spoil in a JSON object, as keys from its top."""
    inner = value.items() if isinstance(value, dict) else ()
    return [(*path, key) for key, _ in inner] + [deep for key, one in inner for deep in places_in(one, (*path, key))]


def spoilt(value: dict, path: tuple[str, ...], by: object) -> dict:
    """A copy with another value at a place; None takes the key away."""
    copied = json.loads(json.dumps(value))
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    if by is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = by
    return copied


def page_or_line(folder: Path) -> bytes | UserError:
    try:
        return report(folder)
    except UserError as error:
        return error


@pytest.mark.filterwarnings("error")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_figures_say_there_is_a_page_or_a_line(told, tmp_path, data):
    folder = tmp_path / "spoilt"
    shutil.copytree(told, folder, dirs_exist_ok=True)
    by = data.draw(st.sampled_from(NASTY))
    if data.draw(st.booleans()):
        validity = json.loads((told / VALIDITY).read_text())
        path = data.draw(st.sampled_from(places_in(validity)))
        (folder / VALIDITY).write_text(json.dumps(spoilt(validity, path, by)))
    else:
        name = parquet_files(folder)[0]
        table = pq.read_table(folder / name)
        rows = table.to_pylist()
        column = data.draw(st.sampled_from(["metadata", "training_metrics"]))
        value = json.loads(rows[0][column])
        rows[0][column] = json.dumps(spoilt(value, data.draw(st.sampled_from(places_in(value))), by))
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / name)
    made = page_or_line(folder)
    if isinstance(made, bytes):
        must_be_harmless(Page(made))
    else:
        assert "\n" not in str(made)
        assert len(str(made)) < 500


@pytest.mark.parametrize("text", ["[]", '{"classification": {"a": {}}, "modification": {}}'])
def test_a_file_that_is_no_ladder_is_named(told, tmp_path, text):
    (tmp_path / "ladder.json").write_text(text)
    with pytest.raises(UserError, match=r"ladder.json: not what subject-zoo baseline"):
        report(told, tmp_path / "ladder.json")


def test_a_ladder_that_lacks_what_is_shown_is_named(told, tmp_path):
    path = write_ladder(tmp_path / "ladder.json", "")
    ladder = json.loads(path.read_text())
    del ladder["modification"]["copy"]["intervals"]
    path.write_text(json.dumps(ladder))
    with pytest.raises(UserError, match=r"ladder.json: not what subject-zoo baseline"):
        report(told, path)


def test_the_command_writes_the_page_and_says_where(told, tmp_path, capsys):
    ladder = write_ladder(tmp_path / "ladder.json", "")
    assert cli.main(["report", str(told), "-o", str(tmp_path / "page.html"), "--ladder", str(ladder)]) == 0
    assert (tmp_path / "page.html").read_bytes() == report(told, ladder)
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'page.html'}: 0.")
    assert cli.main(["report", str(tmp_path), "-o", str(tmp_path / "none.html")]) == 1
    assert not (tmp_path / "none.html").exists()
