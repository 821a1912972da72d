"""A dataset's folder is a plain one for pandas, polars and DuckDB: every row and column, by name and by value."""

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from subject_zoo.base.terms import DATA
from subject_zoo.dataset.received import Received

pytestmark = pytest.mark.integrations


def rows_by_id(rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: row["example_id"])


@pytest.fixture(params=[DATA, "modification", "classification"])
def table(request) -> str:
    return request.param


@pytest.fixture
def expected(finished, table) -> list[dict]:
    """Every row of a table, as pyarrow reads it file by file, and as many as the manifest says."""
    rows = [row for path in finished.glob(f"{table}/*/*.parquet") for row in pq.read_table(path).to_pylist()]
    assert len(rows) == Received(finished).manifest()["num_examples"] > 5
    return rows_by_id(rows)


def test_pandas(finished, table, expected):
    splits = [pd.read_parquet(folder) for folder in (finished / table).iterdir()]
    assert len(splits) == 3
    rows = pd.concat(splits).to_dict("records")
    plain = [{name: v.tolist() if hasattr(v, "tolist") else v for name, v in row.items()} for row in rows]
    assert rows_by_id(plain) == expected


def test_polars(finished, table, expected):
    frame = pl.scan_parquet(finished / table / "*/*.parquet").collect()
    assert rows_by_id(frame.to_dicts()) == expected
    assert frame.schema["example_id"] == pl.Int64


def test_duckdb(finished, table, expected):
    found = duckdb.sql(f"SELECT * FROM '{finished}/{table}/*/*.parquet'")
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert rows_by_id(rows) == expected


def test_duckdb_joins_a_task_and_tells_splits_by_their_folders(finished):
    found = duckdb.sql(
        f"""
        SELECT split_part(data.filename, '/', -2), count(*), bool_and(data.target_pattern = task.target_pattern)
        FROM read_parquet('{finished}/data/*/*.parquet', filename = true) AS data
        JOIN '{finished}/modification/*/*.parquet' AS task USING (example_id) GROUP BY ALL
        """
    ).fetchall()
    assert {split: count for split, count, _ in found} == Received(finished).manifest()["rows"]
    assert all(same for *_, same in found)
