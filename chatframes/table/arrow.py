"""Turn frames into Arrow tables and back, also when other tools have changed them in between.

A frame may have been filtered, extended, or read by plain pandas (whose nested cells are arrays of dicts); a file
may have been rewritten by DuckDB or Polars (which choose other Arrow types). Both come out with our types.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..errors import ConfigError
from ..images.decodable import why_undecodable
from ..images.shown import ImageBytes
from ..words import kind_of, whole_text
from .frame import MAY_BE_NULL, in_memory
from .own_columns import Refused, older_pyarrow, own_column
from .schema import ATTACHMENTS, IMAGE, MESSAGES, with_metadata

__all__ = [
    "from_arrow",
    "holds_pictures",
    "image_bytes",
    "image_counts",
    "iter_row_groups",
    "our_schema",
    "prepare",
    "to_pictures",
    "to_table",
]

ROW_GROUP_IMAGE_BYTES = 8 * 1024 * 1024  # writing and reading need about five times this in memory
ROW_GROUP_ROWS = 5_000


def iter_row_groups(frame: pd.DataFrame, schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the frame as Arrow tables of at most 8 MiB of pictures (or one row) and 5,000 rows.

    Parameters
    ----------
    frame, schema
        As `prepare` gave them.

    Raises
    ------
    ConfigError
        If a column holds what its type cannot take.
    """
    first, held_bytes = 0, 0
    for row, row_bytes in enumerate(image_bytes(frame)):
        if row > first and (held_bytes + row_bytes > ROW_GROUP_IMAGE_BYTES or row - first >= ROW_GROUP_ROWS):
            yield to_table(frame.iloc[first:row], schema)
            first, held_bytes = row, 0
        held_bytes += row_bytes
    if first < len(frame):
        yield to_table(frame.iloc[first:], schema)


def image_counts(frame: pd.DataFrame) -> list[int]:
    """Return how many pictures each row of a table of messages holds."""
    return [len(_pictures(cell)) for cell in frame["images"]] if "images" in frame.columns else [0] * len(frame)


def image_bytes(frame: pd.DataFrame) -> list[int]:
    """Return how many bytes of pictures each row of a frame holds."""
    row_bytes = [0] * len(frame)
    for name in ("images", "image"):
        if name in frame.columns:
            for position, cell in enumerate(frame[name]):
                row_bytes[position] += sum(len(image["bytes"]) for image in _pictures(cell))
    return row_bytes


def _all_decodable(frame: pd.DataFrame) -> bool:
    """Whether Pillow, without a plug-in, opens every picture; decided from the bytes, wherever they come from."""
    seen: dict[int, bytes] = {}  # by identity: a picture may be in many messages
    for name in ("images", "image"):
        for cell in frame[name] if name in frame.columns else ():
            for data in (image["bytes"] for image in _pictures(cell)):
                if id(data) in seen:
                    continue
                if not isinstance(data, bytes) or why_undecodable(data, plug_ins=False):
                    return False
                seen[id(data)] = data
    return True


def our_schema(names: Iterable[Any]) -> pa.Schema:
    """Return the schema that columns of these names belong to: messages, or attachments."""
    columns = set(names)
    return ATTACHMENTS if {"uid", "position", "status"} <= columns and "media" not in columns else MESSAGES


def holds_pictures(field: pa.Field) -> bool:
    """Whether a column holds image bytes, as `image` and `images` do."""
    return bool(field.type in (IMAGE, pa.list_(IMAGE)))


def prepare(frame: pd.DataFrame) -> tuple[pd.DataFrame, pa.Schema]:
    """Return the frame ready for Arrow, with its schema: our columns, then the user's own.

    A column of the user gets its type here, from the whole column: an empty row group alone would give another type. A
    named index (after ``set_index("uid")``, say) becomes columns again.

    Raises
    ------
    ConfigError
        If the frame is not one of our tables, or a column or `frame.attrs` cannot be stored.
    """
    for level in frame.index.names:
        if level is not None and level not in frame.columns:
            frame = frame.reset_index(level=level)
    names = [str(name) for name in frame.columns]
    halves = [name for name in names if name != whole_text(name)]
    if halves:
        raise ConfigError(f"The name of column {halves[0]!r} holds half of a character: rename or drop that column.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConfigError(f"Column {repeated[0]!r} is there twice: rename or drop one of them.")
    if "uid" not in names:
        raise ConfigError(
            "This frame is not a table of messages: it has no column 'uid'. "
            "Keep that column, or write the frame with its own to_parquet()."
        )
    frame = frame.set_axis(names, axis="columns")
    ours = our_schema(names)
    fields, pandas_columns = [], []
    for name in names:
        if name not in ours.names:
            column, field, details = own_column(frame[name])
            if column.dtype != frame[name].dtype:
                frame = frame.assign(**{name: column})
            fields.append(field)
            pandas_columns.append(details)
    try:
        attrs = {str(name): value for name, value in frame.attrs.items()}
        schema = pa.schema([*ours, *fields])
        return frame, with_metadata(schema, attrs, pandas_columns, decode=_all_decodable(frame))
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"frame.attrs must be plain JSON to go into a file ({error}). Remove or convert what is not."
        ) from error


def to_table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Turn rows into Arrow columns; those that the frame lacks become nulls. Raises `ConfigError`."""
    ours = our_schema(frame.columns)
    arrays = []
    for field in schema:
        try:
            if field.name not in frame.columns:
                array = pa.nulls(len(frame), field.type)
            elif field.name in ours.names:
                array = _to_array(frame[field.name], field)
            else:
                with older_pyarrow():
                    array = pa.array(frame[field.name], field.type, from_pandas=True)
        except Refused as error:
            raise ConfigError(
                f"Column {field.name!r} holds a value that its type ({field.type}) cannot take ({error}). "
                "Convert or drop it."
            ) from error
        arrays.append(array)
    return pa.table(arrays, schema=schema)


def _to_array(column: pd.Series[Any], field: pa.Field) -> pa.Array | pa.ChunkedArray:
    if field.type == IMAGE:
        return pa.array([next(iter(_pictures(cell)), None) for cell in column], field.type)
    if holds_pictures(field):
        return pa.array([_pictures(cell) for cell in column], field.type)
    if pa.types.is_nested(field.type):
        empty: list[Any] | None = None if field.name in MAY_BE_NULL else []
        cells = [cell if isinstance(cell, dict | Sequence | np.ndarray) else empty for cell in column]
        return pa.array(cells, field.type)
    if pa.types.is_dictionary(field.type):
        return pa.array(column.astype(object).tolist(), field.type, from_pandas=True)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert(None)  # UTC, as pyarrow takes it; before 26 it asks in a way that pandas warns of
    # Not `safe` for times, so that nanoseconds are cut off and not refused.
    return pa.array(column, field.type, from_pandas=True, safe=not pa.types.is_timestamp(field.type))


def _pictures(cell: Any) -> list[dict[str, Any]]:
    """Return the pictures of a cell that have bytes; the cell is a dict, or a list or array of dicts."""
    if isinstance(cell, dict):
        cell = [cell]
    elif not isinstance(cell, Sequence | np.ndarray):
        return []
    pictures = []
    for image in cell:
        if isinstance(image, dict) and "bytes" in image:
            if image["bytes"] is not None:
                pictures.append(image)
        elif image is not None:
            raise ConfigError(
                f"A picture in the table is {kind_of(image)}: write a dict {{'bytes': ..., 'path': ...}}."
            )
    return pictures


def _shown(data: bytes) -> ImageBytes:
    return data if isinstance(data, ImageBytes) else ImageBytes(data)  # a picture in many messages stays one object


def to_pictures(cell: Any, field: pa.Field) -> Any:
    """Turn a cell of `images` or `image`, as it was read from a file, into the form it has in a frame."""
    pictures = [{"bytes": _shown(image["bytes"]), "path": image.get("path")} for image in _pictures(cell)]
    return pictures if pa.types.is_list(field.type) else next(iter(pictures), None)


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
            cells[field.name] = _nested(table[field.name], field.type)
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
        raise ConfigError(
            f"Column {field.name!r} of the file is {column.type}, not {field.type}, and cannot be converted ({error}). "
            "Open the file with pandas.read_parquet()."
        ) from error


def _nested(column: pa.ChunkedArray, kind: pa.DataType) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return values if column.type == kind else [_complete(value, kind) for value in values]


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
