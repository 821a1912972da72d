"""A record in a terminal: its texts by their beginning and end, or whole."""

import pytest

from subject_zoo.show import WIDTH, show
from tests.finished_dataset import finished  # noqa: F401
from tests.record_tables import TEXTS, records_of


@pytest.mark.parametrize("whole", [False, True])
def test_texts_are_shown_whole_where_that_is_asked_for(finished, whole):  # noqa: F811
    record = records_of(finished, "data/train/000000.parquet")[0]
    shown = "\n".join(show(finished, record["example_id"], whole=whole))
    texts = [record[f"{task}_{text}"] for task in ("modification", "classification") for text in TEXTS]
    long = [text for text in texts if len(text) > 1000]
    assert len(long) > 1
    assert all((text.rstrip("\n") in shown) == whole for text in long)
    assert whole or max(map(len, shown.splitlines())) < 3 * WIDTH
