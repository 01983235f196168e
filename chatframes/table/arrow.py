"""Turn frames into Arrow tables, also those that other tools have changed.

A frame may have been filtered, extended, or read by plain pandas (whose nested cells are arrays of dicts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..errors import ConfigError
from ..images.decodable import why_undecodable
from ..images.shown import ImageBytes
from ..warn import warn
from ..words import kind_of, whole_text
from .frame import MAY_BE_NULL
from .own_columns import Refused, older_pyarrow, own_column
from .schema import ATTACHMENTS, IMAGE, MESSAGES, with_metadata
from .versions import in_our_version

__all__ = [
    "ROW_GROUP_IMAGE_BYTES",
    "ROW_GROUP_ROWS",
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
    frame = in_our_version(frame, "This frame")
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
    if ours is MESSAGES and not {"platform", "chat_id", "message_id"} & set(names):
        warn(
            "This frame is no table of messages (one of cf.details(), perhaps): the columns of messages it lacks are "
            "written as nulls. Its own to_parquet() writes it as it is."
        )
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
    if cell is None or (type(cell) is list and not cell):  # most messages: decided before the slower questions
        return []
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


def _shown(data: Any) -> ImageBytes:
    if not isinstance(data, bytes):  # of a number Python would make as many zeros
        raise ConfigError(
            f"The bytes of a picture in the table are {kind_of(data)}: write bytes, or open the file with "
            "pandas.read_parquet()."
        )
    return data if isinstance(data, ImageBytes) else ImageBytes(data)  # a picture in many messages stays one object


def to_pictures(cell: Any, field: pa.Field) -> Any:
    """Turn a cell of `images` or `image`, as it was read from a file, into the form it has in a frame."""
    pictures = [{"bytes": _shown(image["bytes"]), "path": image.get("path")} for image in _pictures(cell)]
    return pictures if pa.types.is_list(field.type) else next(iter(pictures), None)
