"""What a message says beyond text and files, as the JSON of one column."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence, Set
from datetime import date
from typing import Any

__all__ = ["details_json"]

MAX_DETAILS_CHARACTERS = 1_000_000  # as many as a text may have
MAX_DEPTH = 100  # lists and objects inside one another; a card of cards has about 20, Python's encoder ends near 1,000
MAX_VALUES = 50_000  # of one message: a list that is in itself many times would have no end


def details_json(details: Any, flags: list[str]) -> str | None:
    """Write the details of a message as a JSON object with sorted keys; None when there are none.

    Whatever they hold, a text comes back: NaN becomes null, a time becomes ISO text, and what JSON has no word for, or
    what is endless, becomes null, its kind (or key) is named under ``unread``, and the row gets the flag ``partial``.

    Parameters
    ----------
    details : mapping
        As the source filled it.
    flags : list of str
        The row's flags.

    Examples
    --------
    >>> details_json({"place": {"title": "Harbour", "latitude": 53.5}}, [])
    '{"place":{"latitude":53.5,"title":"Harbour"}}'
    """
    if not details and (details is None or isinstance(details, Mapping)):
        return None
    try:
        text = _json(dict(details))
    except (TypeError, ValueError, RecursionError, OverflowError):
        pass
    else:
        if len(text) <= MAX_DETAILS_CHARACTERS:
            return text
    return _repaired(details if isinstance(details, Mapping) else {"details": details}, flags)


def _json(value: Any) -> str:
    # Not escaped to ASCII, so that half characters are seen and repaired where the columns are built.
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _repaired(details: Mapping[Any, Any], flags: list[str]) -> str:
    """Write what can be written, key by key, the short ones first."""
    unread: dict[str, None] = {}
    texts: dict[str, str] = {}
    for key, value in details.items():
        budget = [MAX_VALUES]
        name = key if isinstance(key, str) else _name(key, unread)
        if name is not None:
            texts[name] = _json(_plain(value, MAX_DEPTH, budget, unread))
    room = MAX_DETAILS_CHARACTERS
    kept: dict[str, Any] = {}
    for name, text in sorted(texts.items(), key=lambda item: len(item[1])):
        room -= len(text)
        if room >= 0:
            kept[name] = json.loads(text)
        else:
            unread[name] = None
    if unread:
        said = kept.get("unread")
        kept["unread"] = [*(said if isinstance(said, list) else []), *unread]
        if "partial" not in flags:
            flags.append("partial")
    return _json(kept)


def _name(key: Any, unread: dict[str, None]) -> str | None:
    """Return a key as text, as JSON writes it."""
    if key is None or isinstance(key, bool | int | float):
        try:
            return json.dumps(key)
        except ValueError:  # more digits than Python writes
            pass
    unread[type(key).__name__] = None
    return None


def _plain(value: Any, depth: int, budget: list[int], unread: dict[str, None]) -> Any:
    """Return the value as plain JSON has it."""
    budget[0] -= 1
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        try:
            return json.loads(json.dumps(int(value)))
        except ValueError:  # more digits than Python writes
            unread["int"] = None
            return None
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if depth and budget[0] > 0:
        if isinstance(value, Mapping):
            named = ((key if isinstance(key, str) else _name(key, unread), item) for key, item in value.items())
            return {key: _plain(item, depth - 1, budget, unread) for key, item in named if key is not None}
        if isinstance(value, Sequence | Set) and not isinstance(value, bytes | bytearray | memoryview):
            return [_plain(item, depth - 1, budget, unread) for item in value]
    unread[type(value).__name__] = None
    return None
