"""What reading a Parquet file takes is told from its pages: of honest files as pyarrow says, of lying ones a fault."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from subject_zoo.dataset.parquet_pages import columns_of, open_parquet, row_groups_of, rows_together


def written(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


TABLES = st.lists(
    st.tuples(st.integers(-99, 99), st.text("ab", max_size=9), st.lists(st.text("c"), max_size=3)), min_size=1
)


@given(
    rows=TABLES,
    compression=st.sampled_from(["zstd", "snappy", "none"]),
    dictionary=st.booleans(),
    version=st.sampled_from(["1.0", "2.0"]),
    group=st.integers(1, 5),
)
def test_every_page_of_an_honest_file_is_met(rows, compression, dictionary, version, group):
    columns = dict(zip(("number", "text", "names"), map(list, zip(*rows, strict=True)), strict=True))
    types = [pa.int64(), pa.string(), pa.list_(pa.string())]
    table = pa.table({name: pa.array(values, t) for (name, values), t in zip(columns.items(), types, strict=True)})
    data = written(
        table, compression=compression, use_dictionary=dictionary, data_page_version=version, row_group_size=group
    )
    file = io.BytesIO(data)
    opened, names = open_parquet(file), ["number", "text", "names"]
    row_groups = row_groups_of(file)
    assert len(row_groups) == opened.num_row_groups
    for number, row_group in enumerate(row_groups):
        metadata, found = opened.metadata.row_group(number), columns_of(file, row_group, names)
        assert list(found) == names
        for place, column in enumerate(found.values()):
            chunk = metadata.column(place)
            assert column.fault is None
            assert (column.dictionary > 0) <= chunk.has_dictionary_page
            assert column.largest_page <= max(chunk.total_uncompressed_size, chunk.total_compressed_size)
        assert 1 <= rows_together(found) <= 64
    assert opened.read().equals(table)


def test_a_footer_that_says_less_than_the_pages_is_a_fault():
    """The pages of a million rows, and the footer of five."""
    many, few = (
        written(pa.table({"x": [0] * count}), compression="none", use_dictionary=False) for count in (10**6, 5)
    )
    footer = int.from_bytes(few[-8:-4], "little") + 8
    file = io.BytesIO(many[: -int.from_bytes(many[-8:-4], "little") - 8] + few[-footer:])
    opened = open_parquet(file)
    assert opened.metadata.num_rows == 5
    [row_group] = row_groups_of(file)
    assert columns_of(file, row_group, ["x"])["x"].fault == "a page of it is larger than what is there"


def test_a_row_group_of_other_columns_is_refused():
    file = io.BytesIO(written(pa.table({"x": [1], "y": [2]})))
    [row_group] = row_groups_of(file)
    with pytest.raises(ValueError, match="has 2 columns instead of 1"):
        columns_of(file, row_group, ["x"])


@example(place=327, byte=128)  # a column's name
@example(place=288, byte=35)  # the sizes of a column's levels: pyarrow ends the process when it is asked of them
@example(place=295, byte=0)
@example(place=407, byte=32)
@given(place=st.integers(0, 400), byte=st.integers(0, 255))
def test_any_damage_is_a_fault_or_is_harmless(place, byte):
    data = bytearray(written(pa.table({"x": list(range(20)), "y": ["text"] * 20})))
    data[min(place, len(data) - 1)] = byte
    file = io.BytesIO(data)
    try:
        open_parquet(file)
    except (pa.ArrowException, ValueError, OSError):
        return
    try:
        groups = [columns_of(file, row_group, ["x", "y"]) for row_group in row_groups_of(file)]
    except ValueError:
        return
    for columns in groups:
        assert all(column.fault or column.largest_page < 10_000 for column in columns.values())


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\xff" * 4 + b"PAR1", b"PAR1PAR1", b"\0" * 100])
def test_what_is_no_such_file_is_said(data):
    with pytest.raises((pa.ArrowException, ValueError)):
        open_parquet(io.BytesIO(data))
