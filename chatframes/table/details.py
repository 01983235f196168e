"""Make a tidy table of one key of `details`, so that nobody has to read JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..words import did_you_mean, kind_of
from .detail_keys import DETAIL_KEYS, NUMBER, TEXT, TIME, WHOLE, YES_NO
from .frame import check_messages

__all__ = ["details"]

MOST_KEYS = 12  # named in an error


@checks_keywords
def details(frame: pd.DataFrame, key: str | None = None) -> pd.DataFrame:
    """List what messages say under one key of `details`: their polls, say, or their places.

    Parameters
    ----------
    frame : pandas.DataFrame
        Messages, whole or filtered, or as plain pandas read them from our file.
    key : str
        ``"poll"``, ``"place"``, ``"card"``, …: docs/table.md lists them, and each service may have more.
        Without it, the error says which keys the frame has.

    Returns
    -------
    pandas.DataFrame
        One row per message that has the key, in the order of the messages: `uid`, then a column for each of its fields;
        for a value without fields one column, called like the key. Lists and objects stay as they are. If no message
        has it, the same columns and dtypes with zero rows.

    Raises
    ------
    ConfigError
        If `frame` is not a table of messages, or nothing is known of such a key.

    Examples
    --------
    >>> from .frame import build
    >>> list(details(build([]), "place").columns)
    ['uid', 'latitude', 'longitude', 'title', 'address']
    """
    check_messages(frame, "details", ("uid", "details"))
    if key is None:
        raise ConfigError(_which(name for cell in frame["details"] for name in _read("", cell)))
    if not isinstance(key, str):
        raise ConfigError(f"details() needs the name of a key, such as 'poll', not {kind_of(key)}.")
    said = [_read(uid, cell) for uid, cell in zip(frame["uid"], frame["details"], strict=True)]
    rows = [row for row, one in enumerate(said) if key in one]
    if not rows and key not in DETAIL_KEYS:
        raise ConfigError(_unknown(key, {name for one in said for name in one}))
    columns: dict[str, Any] = {"uid": frame["uid"].iloc[rows].astype("str").array}
    for name, column in _columns(key, [said[row][key] for row in rows]).items():
        while name in columns:
            name = f"{key}_{name}"  # an object of the service's with a field called uid
        columns[name] = column
    tidy = pd.DataFrame(columns)
    tidy.attrs = frame.attrs
    return tidy


def _which(names: Iterable[str]) -> str:
    """Return the sentence that asks for a key, with those that a frame has."""
    there = Counter(names)
    listed = ", ".join(f"{name!r} ({number:,})" for name, number in there.most_common(MOST_KEYS))
    listed += f" and {len(there) - MOST_KEYS} more" if len(there) > MOST_KEYS else ""
    return f"details() needs the name of a key: this frame has {listed or 'none'}; write details(frame, 'poll'), say."


def _read(uid: str, cell: Any) -> dict[str, Any]:
    """Return the details of one message, which may have been read already."""
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError) as error:
            raise ConfigError(
                f"The details of message {uid} are no JSON ({error}): they were changed. Fetch the chat again, or "
                "drop that row."
            ) from error
    return cell if isinstance(cell, dict) else {}


def _unknown(key: str, found: set[str]) -> str:
    known = sorted({*DETAIL_KEYS, *found})
    left = len(found) - MOST_KEYS
    here = (", ".join(sorted(found)[:MOST_KEYS]) or "none") + (f" and {left} more" if left > 0 else "")
    hint = did_you_mean(key, known, f"docs/table.md lists the keys, and this frame has: {here}.")
    return f"No message of this frame has {key!r} in its details: {hint}"


def _columns(key: str, values: list[Any]) -> dict[str, Any]:
    """Return a column for each field: those that are documented, then others in the order in which they turn up."""
    records = [value if isinstance(value, dict) else {} if value is None else {key: value} for value in values]
    documented = DETAIL_KEYS.get(key, {})
    names = dict.fromkeys([*documented, *(name for record in records for name in record)])
    return {name: _column([record.get(name) for record in records], documented.get(name)) for name in names}


_HOLDS: dict[str, tuple[type, ...]] = {TEXT: (str,), WHOLE: (int,), NUMBER: (int, float), YES_NO: (bool,), TIME: (str,)}
FOUND = (TEXT, WHOLE, NUMBER, YES_NO)  # the dtypes of fields that are not documented: the first one that fits


def _column(values: list[Any], dtype: str | None) -> Any:
    """Return the values with their dtype, or as they are if one of them is of another kind."""
    kinds = {type(value) for value in values if value is not None}
    known: Any  # the stubs of pandas take the names of dtypes as literals only
    for known in (dtype,) if dtype else FOUND if kinds else ():
        if known in _HOLDS and kinds <= set(_HOLDS[known]):
            cells = np.fromiter(values, object, len(values))
            try:
                if known == TIME:
                    return pd.to_datetime(cells, utc=True, format="ISO8601").as_unit("us")
                return pd.array(cells, dtype=known)
            except (ValueError, TypeError, OverflowError):  # a number that is too large, half a character, no time
                break
    return pd.Series(values, dtype=object)  # pandas makes texts of an array of objects, where all of them are
