"""A record in a terminal: its texts by their beginning and end, or whole; and which sequences the fault is about."""

import json
import re

import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.show import WIDTH, show
from tests.finished_dataset import diagnosing_config, make_dataset
from tests.record_tables import TEXTS, edit_record, records_of


@pytest.mark.parametrize("whole", [False, True])
def test_texts_are_shown_whole_where_that_is_asked_for(finished, whole):
    record = records_of(finished, "data/train/000000.parquet")[0]
    shown = "\n".join(show(finished, record["example_id"], whole=whole))
    texts = [record[f"{task}_{text}"] for task in ("modification", "classification") for text in TEXTS]
    long = [text for text in texts if len(text) > 1000]
    assert len(long) > 1
    assert all((text.rstrip("\n") in shown) == whole for text in long)
    assert whole or max(map(len, shown.splitlines())) < 3 * WIDTH


def test_sequences_of_the_region_are_marked(tmp_path):
    folder, marked = tmp_path / "dataset", 0
    make_dataset(folder, diagnosing_config())
    for record in records_of(folder, "data/train/000000.parquet"):
        region = json.loads(record["metadata"])["corruption_stats"]["region"]
        pairs = {first + second for first, letters in region["letters"].items() for second in letters}
        lines = list(show(folder, record["example_id"]))
        title = next(place for place, line in enumerate(lines) if line.startswith("sequence "))
        for line in lines[title + 1 : lines.index("", title)]:
            sequence, *words = re.findall(r"\w+", line)
            wrong = "".join(sequence[position - 1] for position in region["positions"]) in pairs
            assert line.endswith("<- in the region") == (wrong and record["target_pattern"] in words)
            marked += line.endswith("<- in the region")
    assert marked
    name, metadata = "data/train/000000.parquet", json.loads(record["metadata"])
    metadata["corruption_stats"]["region"]["positions"] = [1, 99]
    row = [one["example_id"] for one in records_of(folder, name)].index(record["example_id"])
    edit_record(folder, name, row, {"metadata": json.dumps(metadata)})
    with pytest.raises(UserError, match="cannot be shown"):
        list(show(folder, record["example_id"]))
