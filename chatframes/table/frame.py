"""Build the sorted DataFrame that users get from batches, and list the attachments of a frame."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import ConfigError
from ..words import no_table
from .batches import SCALARS, Batch
from .collector import collector_paused
from .schema import ATTACHMENTS, MESSAGES, VERSION, pandas_dtype

__all__ = ["attachments", "build", "check_messages", "in_memory", "order_of"]

MAX_DEPTH = 32_767  # what int16 holds

# In these columns a null means "the service does not say"; every other list column always holds lists.
MAY_BE_NULL = frozenset({"reactions", "forwarded_from"})


def build(batches: Iterable[Batch], attrs: Mapping[str, Any] | None = None, *, resolve: bool = True) -> pd.DataFrame:
    """Put batches together into the table that users get.

    Parameters
    ----------
    batches : iterable of Batch
        In any order; a message that is in several of them is kept once, with the most pictures.
    attrs : mapping, optional
        The report as plain JSON (`Report.to_dict`); becomes ``frame.attrs["chatframes"]``. Beside it stands
        ``schema_version``.
    resolve : bool
        Fill in `depth` and `thread_id` where the source left them null and the parent is in the table.

    Returns
    -------
    pandas.DataFrame
        One row per message, key `uid`, sorted by `created_at` (UTC, nulls last), `chat_id`, then id by length
        and value. The same columns and dtypes for zero rows.

    Examples
    --------
    >>> build([]).shape
    (0, 43)
    """
    batches = list(batches)
    table = pa.concat_tables([SCALARS.empty_table(), *(batch.table for batch in batches)])
    images = [cell for batch in batches for cell in batch.images]
    frame = in_memory(table, MESSAGES, {"images": images})
    frame = frame.take(order_of(table)).reset_index(drop=True)
    if resolve:
        _fill_threads(frame)
    frame.attrs["schema_version"] = VERSION
    if attrs is not None:
        # Converted to plain JSON, because pandas refuses to write a frame whose attrs hold anything else.
        frame.attrs["chatframes"] = json.loads(json.dumps(attrs, allow_nan=False))
    return frame


def order_of(table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the positions of the rows in sorted order, each message once."""
    ids = table["message_id"]
    keys = pa.table({"time": table["created_at"], "chat": table["chat_id"], "length": pc.utf8_length(ids), "id": ids})
    ascending = [(name, "ascending") for name in keys.column_names]
    order: np.ndarray[Any, np.dtype[np.int64]] = pc.sort_indices(keys, sort_keys=ascending).to_numpy().astype(np.int64)
    if pc.count_distinct(table["uid"]).as_py() < len(order):
        pictures = table["n_images"].to_pylist()
        best: dict[str, int] = {}
        for row, uid in enumerate(table["uid"].to_pylist()):
            best_row = best.setdefault(uid, row)
            if (pictures[row] or 0) > (pictures[best_row] or 0):
                best[uid] = row
        order = order[np.isin(order, np.fromiter(best.values(), np.int64, len(best)))]
    return order


@collector_paused()
def in_memory(table: pa.Table, schema: pa.Schema, cells: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Turn Arrow columns into the types a frame has in memory.

    Text `str`, dictionaries `category`, integers `Int16/32/64`, times `datetime64[us, UTC]`, nested columns
    as lists and dicts. Never ArrowDtype: plain pandas cannot read such a file back, and sorting large columns
    fails.

    Parameters
    ----------
    table : pyarrow.Table
        The columns that are in Arrow.
    schema : pyarrow.Schema
        Which columns the frame has, in order.
    cells : mapping of str to sequence
        The columns that are not in Arrow.
    """
    flat = [name for name in schema.names if name not in cells and not pa.types.is_nested(schema.field(name).type)]
    scalars = table.select(flat).unify_dictionaries().to_pandas(types_mapper=pandas_dtype)
    columns: dict[str, Any] = {}
    for name in schema.names:
        if name in flat:
            column = scalars[name]
            if pa.types.is_dictionary(schema.field(name).type):  # without categories their type would be object
                column = column.cat.rename_categories(column.cat.categories.astype("str"))
                if "" in column.cat.categories and not (column == "").any():  # of a part without any: see `PartWriter`
                    column = column.cat.remove_categories([""])
            columns[name] = column
        else:
            values = cells[name] if name in cells else table[name].to_pylist()
            if pa.types.is_list(schema.field(name).type) and name not in MAY_BE_NULL:
                values = [[] if value is None else value for value in values]
            columns[name] = np.fromiter(values, dtype=object, count=len(values))
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def _fill_threads(frame: pd.DataFrame) -> None:
    """Fill in depth and thread of replies from their parents; a circle of replies is left as it is."""
    if not (frame["depth"].isna().any() or frame["thread_id"].isna().any()):
        return
    ids, parent_ids, depths, threads = (
        [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]
        for column in (frame["message_id"], frame["parent_id"], frame["depth"], frame["thread_id"])
    )
    chats = list(zip(frame["platform"], frame["chat_id"], strict=True))
    rows = {key: row for row, key in enumerate(zip(chats, ids, strict=True))}
    parents = [rows.get(key) for key in zip(chats, parent_ids, strict=True)]
    seen = [False] * len(ids)
    parent_depth: int | None
    for start in range(len(ids)):
        path: list[int] = []
        row: int | None = start
        while row is not None and not seen[row]:
            seen[row] = True
            path.append(row)
            row = parents[row]
        for row in reversed(path):
            parent = parents[row]
            if parent_ids[row] is None:
                parent_depth, root = -1, ids[row]
            elif parent is None:
                continue
            else:
                parent_depth, root = depths[parent], threads[parent]
            if depths[row] is None and parent_depth is not None and parent_depth < MAX_DEPTH:
                depths[row] = parent_depth + 1
            threads[row] = threads[row] or root
    frame["depth"] = pd.array(depths, dtype="Int16")
    frame["thread_id"] = pd.Series(threads, dtype="str", index=frame.index)


def check_messages(frame: object, function: str, names: Iterable[str]) -> None:
    """Raise ConfigError for what is no table of messages with these columns; `function` is who needs it."""
    if not isinstance(frame, pd.DataFrame):
        raise ConfigError(f"{function}() takes a frame of fetch() or read_parquet(), not {no_table(frame)}.")
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ConfigError(
            f"{function}() needs a table of messages: the column {missing[0]!r} is not there. "
            "Give it a frame of fetch() or read_parquet(), with all columns."
        )


def attachments(frame: pd.DataFrame) -> pd.DataFrame:
    """List every attachment of the messages in `frame`, one per row, with what became of it.

    Parameters
    ----------
    frame : pandas.DataFrame
        Messages, whole or filtered, or as plain pandas read them from our file.

    Returns
    -------
    pandas.DataFrame
        In the order of the messages: `uid`, `chat_name`, `created_at` (UTC), `author_id`, `author_name`,
        `caption` (the message's text), the fields of `media` (`size` in bytes, `elapsed_ms` in milliseconds),
        and `image`, a dict ``{"bytes", "path"}`` or None. The same dtypes for zero rows.

    Raises
    ------
    ConfigError
        If `frame` is not a table of messages.

    Examples
    --------
    >>> attachments(build([])).shape
    (0, 28)
    """
    context = {"caption": "text"} | {n: n for n in ("uid", "chat_name", "created_at", "author_id", "author_name")}
    check_messages(frame, "attachments", (*context.values(), "media", "images"))
    rows: list[int] = []
    media: list[dict[str, Any]] = []
    images: list[dict[str, Any] | None] = []
    for row, (entries, pictures) in enumerate(zip(frame["media"], frame["images"], strict=True)):
        next_pictures = iter(pictures if isinstance(pictures, Sequence | np.ndarray) else ())
        for entry in entries if isinstance(entries, Sequence | np.ndarray) else ():
            rows.append(row)
            media.append(entry)
            images.append(next(next_pictures, None) if entry["status"] == "ok" else None)
    columns: dict[str, pa.Array] = {}
    for field in ATTACHMENTS:
        if field.name in context:
            values = frame[context[field.name]].iloc[rows].astype(object).tolist()
        elif field.name == "image":
            continue
        else:
            values = [entry.get(field.name) for entry in media]
        columns[field.name] = pa.array(values, field.type, from_pandas=True)
    tidy = in_memory(pa.table(columns), ATTACHMENTS, {"image": images})
    tidy.attrs = {**frame.attrs, "schema_version": VERSION}
    return tidy
