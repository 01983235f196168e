"""Turn the columns of a file into the types of our frames, whoever wrote the file.

It may have been rewritten by DuckDB or Polars, which choose other Arrow types, or by another version of chatframes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import ConfigError
from .frame import in_memory

__all__ = ["fitted", "from_arrow", "unreadable"]

# Seconds since 1970, a day within what Python's own times can be: they are shown in any time zone.
FIRST, LAST = -62_135_510_400, 253_402_214_399
MOST_OF_A_TYPE = 80  # characters in an error; that of `media` has 400


def from_arrow(
    table: pa.Table, ours: pa.Schema, columns: Sequence[str], cells: Mapping[str, list[Any]]
) -> pd.DataFrame:
    """Turn the columns of a file into the types of our frames.

    Parameters
    ----------
    table : pyarrow.Table
        The columns of the file, without pictures; `table.schema.metadata` may describe the user's own columns.
    ours : pyarrow.Schema
        `MESSAGES` or `ATTACHMENTS`.
    columns : sequence of str
        The columns of the result, in order; our columns that the file lacks become nulls.
    cells : mapping of str to list
        The columns with pictures, already read.

    Raises
    ------
    ConfigError
        If one of our columns has a type that does not fit.
    """
    wanted = pa.schema([ours.field(name) for name in columns if name in ours.names])
    rows = table.num_rows
    flat: dict[str, Any] = {}
    cells = dict(cells)
    for field in wanted:
        if field.name in cells:
            rows = len(cells[field.name])
        elif not pa.types.is_nested(field.type):
            flat[field.name] = _cast(table, field)
        elif field.name in table.column_names:
            cells[field.name] = _nested(table[field.name], field)
        else:
            cells[field.name] = [None] * rows
    # The column of nulls keeps the number of rows, which a table without columns would lose.
    frame = in_memory(pa.table({"": pa.nulls(rows), **flat}), wanted, cells)
    extras = [name for name in columns if name not in ours.names]
    if extras:
        frame = pd.concat([frame, _extras(table.select(extras))], axis="columns")
    return frame[list(columns)]


def _cast(table: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    if field.name not in table.column_names:
        return pa.nulls(table.num_rows, field.type)
    column = table[field.name]
    if pa.types.is_timestamp(field.type) and pa.types.is_timestamp(column.type):
        _check_years(column, field.name)
    if column.type == field.type:
        return column
    # More than 2 GiB of text need large strings, and pandas takes them as they are.
    if pa.types.is_string(field.type) and pa.types.is_large_string(column.type):
        return column
    try:
        if pa.types.is_dictionary(field.type):
            return column.cast(pa.string()).dictionary_encode()
        return column.cast(field.type, safe=not pa.types.is_timestamp(field.type))
    except pa.ArrowException as error:
        raise _other_type(column, field, f" ({error})") from error


def _check_years(column: pa.ChunkedArray, name: str) -> None:
    """Refuse times that Python cannot have, as of a tool that took nanoseconds for microseconds."""
    ends = pc.min_max(column.cast(pa.int64()))
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[column.type.unit]
    if any(ends[end].is_valid and not FIRST <= ends[end].as_py() // per_second <= LAST for end in ("min", "max")):
        raise ConfigError(
            f"Column {name!r} of the file holds times outside the years 1 to 9999: it is damaged, or another tool "
            "wrote them in another unit. Use another copy of it, or open it with pandas.read_parquet()."
        )


def _other_type(column: pa.ChunkedArray, field: pa.Field, cause: str = "") -> ConfigError:
    found, wanted = (f"{kind}"[:MOST_OF_A_TYPE] for kind in (column.type, field.type))
    return ConfigError(
        f"Column {field.name!r} of the file is {found}, not {wanted}, and cannot be converted{cause}. "
        "Open the file with pandas.read_parquet()."
    )


def fitted(table: pa.Table, ours: pa.Schema) -> tuple[pa.Table, list[str]]:
    """Return columns of another version with our types, and the names of those that hold what our types cannot take.

    What the table lacks, and what cannot be taken, is null.

    Examples
    --------
    >>> ours = pa.schema([("score", pa.int32()), ("quote", pa.string())])
    >>> table, empty = fitted(pa.table({"score": ["many"]}), ours)
    >>> table.to_pylist(), empty
    ([{'score': None, 'quote': None}], ['score'])
    """
    columns, empty = [], []
    for field in ours:
        try:
            if pa.types.is_nested(field.type) and field.name in table.column_names:
                columns.append(pa.array(_nested(table[field.name], field), field.type))
            else:
                columns.append(_cast(table, field).cast(field.type))
        except (ConfigError, pa.ArrowException):
            columns.append(pa.nulls(table.num_rows, field.type))
            empty.append(field.name)
    return pa.Table.from_arrays(columns, schema=ours), empty


def unreadable(schema: pa.Schema, table: pa.Table, ours: pa.Schema) -> list[str]:
    """Return our columns of a file that hold what our types cannot take, as those of a newer file may.

    Parameters
    ----------
    schema : pyarrow.Schema
        Of the file.
    table : pyarrow.Table
        Its columns without pictures, or some of them.
    ours : pyarrow.Schema
        `MESSAGES` or `ATTACHMENTS`.
    """
    names = []
    for field in ours:
        if field.name in schema.names:
            if pa.types.is_nested(field.type):
                fits = _alike(schema.field(field.name).type, field.type)
            else:
                try:
                    _cast(table, field)
                    fits = True
                except ConfigError:
                    fits = False
            if not fits:
                names.append(field.name)
    return names


# What a leaf of a nested column is made of; within a group Python's values are taken as they come.
_ALIKE = (
    (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary),
    (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    (pa.types.is_timestamp,),
)
_LISTS = (
    pa.types.is_list, pa.types.is_large_list, pa.types.is_list_view, pa.types.is_large_list_view,
    pa.types.is_fixed_size_list,
)  # fmt: skip


def _alike(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of one type have the form that the other one takes; fields may be more or fewer."""
    if pa.types.is_null(found):
        return True
    if pa.types.is_dictionary(found):
        return _alike(found.value_type, wanted)
    if pa.types.is_struct(wanted):
        if not pa.types.is_struct(found):
            return False
        fields = {field.name: field.type for field in found}
        return all(_alike(fields[field.name], field.type) for field in wanted if field.name in fields)
    if pa.types.is_list(wanted):
        return any(is_list(found) for is_list in _LISTS) and _alike(found.value_type, wanted.value_type)
    group = next(group for group in _ALIKE if any(is_kind(wanted) for is_kind in group))
    return any(is_kind(found) for is_kind in group)


def _nested(column: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    values: list[Any] = column.to_pylist()
    if column.type != field.type:
        if not _alike(column.type, field.type):
            raise _other_type(column, field)
        values = [_complete(value, field.type) for value in values]
    # A null in a list is nothing, and we write none.
    return [
        [each for each in value if each is not None] if type(value) is list and value else value for value in values
    ]


def _complete(value: Any, kind: pa.DataType) -> Any:
    """Return the value with every field, in our order: other tools drop fields that are null everywhere."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [_complete(item, kind.value_type) for item in value]
    return {field.name: value.get(field.name) for field in kind} if pa.types.is_struct(kind) else value


def _extras(table: pa.Table) -> pd.DataFrame:
    """Return the user's own columns, with the dtypes that pandas noted in the file, if it did."""
    try:
        noted = json.loads((table.schema.metadata or {})[b"pandas"])
        noted["index_columns"] = []
        noted["columns"] = [column for column in noted["columns"] if column["name"] in table.column_names]
        frame: pd.DataFrame = table.replace_schema_metadata({"pandas": json.dumps(noted)}).to_pandas()
    except (KeyError, TypeError, ValueError):  # none are noted, or a dtype this pandas does not know
        frame = table.replace_schema_metadata(None).to_pandas()
    return frame
