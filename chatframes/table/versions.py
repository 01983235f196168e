"""Bring tables of other versions of the schema to ours, and say what of a newer one cannot be read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..warn import warn
from .schema import VERSION

__all__ = ["ROWS_OF_TOPICS", "attrs_of", "in_our_version", "noted_version", "to_our_version", "warn_of_newer"]

# What tells whether a topic of version 1 is an id.
ROWS_OF_TOPICS = ("kind", "topic", "topic_id")


def attrs_of(metadata: Mapping[bytes, bytes] | None) -> dict[Any, Any]:
    """Return the `attrs` that a file holds; empty if it holds none, as when DuckDB or Polars rewrote it."""
    return _object(metadata, b"PANDAS_ATTRS")


def noted_version(metadata: Mapping[bytes, bytes] | None) -> int | None:
    """Return which version of the schema a file says it has; None if it does not say.

    Examples
    --------
    >>> noted_version({b"chatframes": b'{"schema_version": 2}'}), noted_version({b"chatframes": b'{"schema": 1}'})
    (2, 1)
    """
    ours = _object(metadata, b"chatframes")
    said = (ours.get("schema_version"), ours.get("schema"), attrs_of(metadata).get("schema_version"))
    return next((version for version in map(_version, said) if version is not None), None)


def _object(metadata: Mapping[bytes, bytes] | None, key: bytes) -> dict[str, Any]:
    try:
        value = json.loads((metadata or {}).get(key, b"{}"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _version(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def warn_of_newer(what: str, version: int | None, unreadable: Sequence[str] = ()) -> None:
    """Say that a table is newer than this chatframes, if it is."""
    if version is not None and version > VERSION:
        empty = f"; what it holds in {', '.join(unreadable)} cannot be read and is left empty" if unreadable else ""
        warn(
            f"{what} has version {version} of the table's columns, and this chatframes knows version {VERSION}: it is "
            f"read as far as that goes{empty}. Update chatframes for the rest.",
        )


def to_our_version(frame: pd.DataFrame, version: int | None) -> pd.DataFrame:
    """Return a table of messages with its topics as our version has them.

    In version 1 the topic of a message was its id; it moves to `topic_id`. That of a post was a title, and stays.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of any version.
    version : int, optional
        Which one; None where that was lost, as after ``pd.concat``. There may then be rows of version 1.
    """
    if (version is not None and version >= VERSION) or "topic" not in frame.columns:
        return frame
    is_id = frame["topic"].notna() & frame["topic"].astype("str").str.fullmatch("[0-9]+").eq(True)
    if "kind" in frame.columns:
        is_id &= frame["kind"].astype("str").ne("post")
    if "topic_id" in frame.columns:
        is_id &= frame["topic_id"].isna()
    if not is_id.any():
        return frame
    ids = frame["topic_id"] if "topic_id" in frame.columns else pd.Series(None, frame.index, dtype="str")
    return frame.assign(topic=frame["topic"].mask(is_id), topic_id=ids.astype("str").mask(is_id, frame["topic"]))


def in_our_version(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return a frame, as fetched or as plain pandas read it, in our version of the schema.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of messages or attachments; it stays as it is.
    what : str
        What it is called in a warning, at the beginning of a sentence.
    """
    version = _version(frame.attrs.get("schema_version"))
    warn_of_newer(what, version)
    if version == VERSION:
        return frame
    frame = to_our_version(frame, version).copy(deep=False)
    frame.attrs = {**frame.attrs, "schema_version": VERSION}
    return frame
