"""A dataset is a plain folder of Parquet: pandas, polars and DuckDB read it, without this project."""

import json

import pandas as pd
import pytest

from tests.finished_dataset import finished, read_table_rows

duckdb = pytest.importorskip("duckdb", reason="make test-integrations has it")
polars = pytest.importorskip("polars", reason="make test-integrations has it")

__all__ = ["finished"]  # a fixture
pytestmark = pytest.mark.integrations
TABLES = ["data", "modification", "classification"]


def rows_of(finished, table):
    """All rows in the order of their ids, by pyarrow."""
    rows = [row for path in sorted(finished.glob(f"{table}/*/*.parquet")) for row in read_table_rows(path)]
    return sorted(rows, key=lambda row: row["example_id"])


@pytest.mark.parametrize("table", TABLES)
def test_all_of_them_read_the_same_rows(finished, table):
    wanted = rows_of(finished, table)
    assert len(wanted) == 7
    pattern = f"{finished}/{table}/*/*.parquet"
    assert polars.read_parquet(pattern).sort("example_id").to_dicts() == wanted
    relation = duckdb.sql(f"select * from read_parquet('{pattern}') order by example_id")
    assert [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()] == wanted
    frame = pd.read_parquet(finished / table).sort_values("example_id")
    assert frame["example_id"].tolist() == [row["example_id"] for row in wanted]
    for column in frame.columns:
        values = [list(value) if hasattr(value, "tolist") else value for value in frame[column].tolist()]
        assert values == [row[column] for row in wanted]


def test_tables_are_joined_and_json_is_looked_into_by_sql(finished):
    joined = duckdb.sql(
        f"""select d.example_id, m.prompt, json_extract_string(d.metadata, '$.target_pattern') as target
        from read_parquet('{finished}/data/*/*.parquet') d
        join read_parquet('{finished}/modification/*/*.parquet') m using (example_id) order by example_id"""
    ).fetchall()
    prompts = {row["example_id"]: row["prompt"] for row in rows_of(finished, "modification")}
    targets = {row["example_id"]: json.loads(row["metadata"])["target_pattern"] for row in rows_of(finished, "data")}
    assert joined == [(i, prompts[i], targets[i]) for i in sorted(prompts)]
