"""Frames into Arrow and back, whoever touched them in between.

A frame may have been filtered, extended, or read by plain pandas (whose nested cells are arrays of dicts); a file
may have been rewritten by DuckDB or Polars (which choose other Arrow types). Both come out as we know them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..errors import ConfigError
from ..images.shown import ImageBytes
from .frame import MAY_BE_NULL, in_memory
from .schema import ATTACHMENTS, IMAGE, MESSAGES, with_metadata

__all__ = ["from_arrow", "holds_pictures", "iter_row_groups", "our_schema", "prepare", "to_pictures"]

ROW_GROUP_IMAGE_BYTES = 8 * 1024 * 1024  # writing and reading need about five times this
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
    since, held_bytes = 0, 0
    for at, row_bytes in enumerate(image_bytes(frame)):
        if at > since and (held_bytes + row_bytes > ROW_GROUP_IMAGE_BYTES or at - since >= ROW_GROUP_ROWS):
            yield _to_table(frame.iloc[since:at], schema)
            since, held_bytes = at, 0
        held_bytes += row_bytes
    if since < len(frame):
        yield _to_table(frame.iloc[since:], schema)


def image_bytes(frame: pd.DataFrame) -> list[int]:
    """Return how many bytes of pictures each row of a frame holds."""
    weights = [0] * len(frame)
    for name in ("images", "image"):
        if name in frame.columns:
            for at, cell in enumerate(frame[name]):
                weights[at] += sum(len(image["bytes"]) for image in _pictures(cell))
    return weights


def our_schema(names: Iterable[Any]) -> pa.Schema:
    """Return the schema that columns of these names belong to: messages, or attachments."""
    there = set(names)
    return ATTACHMENTS if {"uid", "position", "status"} <= there and "media" not in there else MESSAGES


def holds_pictures(field: pa.Field) -> bool:
    """Whether a column holds image bytes, as `image` and `images` do."""
    return bool(field.type in (IMAGE, pa.list_(IMAGE)))


def prepare(frame: pd.DataFrame) -> tuple[pd.DataFrame, pa.Schema]:
    """Find the schema of a frame: ours, then the user's own columns as Arrow takes them.

    The user's columns get one type for the whole column here: row group by row group, an empty stretch would give
    another one. A named index (after ``set_index("uid")``, say) becomes columns again.

    Raises
    ------
    ConfigError
        If the frame is no table of ours, or a column or `frame.attrs` cannot be stored.
    """
    for level in frame.index.names:
        if level is not None and level not in frame.columns:
            frame = frame.reset_index(level=level)
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"Column {twice[0]!r} is there twice; rename or drop one of them.")
    if "uid" not in names:
        raise ConfigError(
            "This frame is no table of messages: it has no column 'uid'. "
            "Keep that column, or write the frame with its own to_parquet()."
        )
    frame = frame.set_axis(names, axis="columns")
    ours = our_schema(names)
    fields, told = [], []
    for name in names:
        if name in ours.names:
            continue
        try:
            inferred = pa.Schema.from_pandas(frame[[name]], preserve_index=False)
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
            raise ConfigError(
                f"Your column {name!r} cannot be stored in Parquet ({error}). Convert it (to str, say) or drop it."
            ) from error
        fields.append(inferred.field(0))
        details = inferred.pandas_metadata["columns"][0]
        if pa.types.is_nested(inferred.field(0).type):  # pandas cannot read back the name of a nested Arrow dtype
            details["numpy_type"] = "object"
        told.append(details)
    try:
        return frame, with_metadata(pa.schema([*ours, *fields]), {str(k): v for k, v in frame.attrs.items()}, told)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"frame.attrs must be plain JSON to go into a file ({error}).") from error


def _to_table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    ours = our_schema(frame.columns)
    arrays = []
    for field in schema:
        try:
            if field.name not in frame.columns:
                array = pa.nulls(len(frame), field.type)
            elif field.name in ours.names:
                array = _to_array(frame[field.name], field)
            else:
                array = pa.array(frame[field.name], field.type, from_pandas=True)
        except (pa.ArrowException, ValueError, TypeError, OverflowError, KeyError) as error:
            raise ConfigError(
                f"Column {field.name!r} holds something its type ({field.type}) cannot take: {error}"
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
    # Not safe, for times: what is finer than a microsecond is cut, not refused.
    return pa.array(column, field.type, from_pandas=True, safe=not pa.types.is_timestamp(field.type))


def _pictures(cell: Any) -> list[dict[str, Any]]:
    """The pictures of a cell: a list of dicts, plain pandas' array of them, or one dict; none without bytes."""
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
            raise ConfigError(f"A picture in the table must be {{'bytes', 'path'}}, not {type(image).__name__}.")
    return pictures


def to_pictures(cell: Any, field: pa.Field) -> Any:
    """Turn a cell of `images` or `image`, as it was read, into what it is in memory."""
    pictures = [{"bytes": ImageBytes(image["bytes"]), "path": image.get("path")} for image in _pictures(cell)]
    return pictures if pa.types.is_list(field.type) else next(iter(pictures), None)


def from_arrow(
    table: pa.Table, ours: pa.Schema, columns: Sequence[str], cells: Mapping[str, list[Any]]
) -> pd.DataFrame:
    """Turn columns somebody wrote into the types of our frames.

    Parameters
    ----------
    table : pyarrow.Table
        What the file holds, without pictures; `table.schema.metadata` may tell of the user's own columns.
    ours : pyarrow.Schema
        `MESSAGES` or `ATTACHMENTS`.
    columns : sequence of str
        The columns of the result, in order; those of ours that are not there become nulls.
    cells : mapping of str to list
        The columns with pictures, already read.

    Raises
    ------
    ConfigError
        If a column of ours is of a type that does not fit.
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
    # A table of no columns would have no rows.
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
    # More than 2 GiB of text fit into large strings only, and pandas takes them as they are.
    if pa.types.is_string(field.type) and pa.types.is_large_string(column.type):
        return column
    try:
        if pa.types.is_dictionary(field.type):
            return column.cast(pa.string()).dictionary_encode()
        return column.cast(field.type, safe=not pa.types.is_timestamp(field.type))
    except pa.ArrowException as error:
        raise ConfigError(f"Column {field.name!r} of the file is {column.type}, not {field.type}: {error}") from error


def _nested(column: pa.ChunkedArray, kind: pa.DataType) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return values if column.type == kind else [_complete(value, kind) for value in values]


def _complete(value: Any, kind: pa.DataType) -> Any:
    """Every field there, in our order: others drop fields that are null everywhere."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [_complete(item, kind.value_type) for item in value]
    return {field.name: value.get(field.name) for field in kind} if pa.types.is_struct(kind) else value


def _extras(table: pa.Table) -> pd.DataFrame:
    """The user's own columns, with the dtypes pandas noted in the file, if it did."""
    try:
        told = json.loads((table.schema.metadata or {})[b"pandas"])
        told["index_columns"] = []
        told["columns"] = [column for column in told["columns"] if column["name"] in table.column_names]
        frame: pd.DataFrame = table.replace_schema_metadata({"pandas": json.dumps(told)}).to_pandas()
    except (KeyError, TypeError, ValueError):  # nobody noted any, or a dtype this pandas does not know
        frame = table.replace_schema_metadata(None).to_pandas()
    return frame
