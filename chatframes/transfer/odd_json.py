"""Read JSON in which one value is odd, so that it costs no other: too deep, too long a number, bad characters."""

from __future__ import annotations

import json
import re
from typing import Any

MOST_LEVELS = 200  # Python's own parser gives up at about 1,000, and others who read a value go down into it, too
MOST_DIGITS = 4000  # Python refuses to read whole numbers of more than 4,300
TOO_DEEP = "nested too deeply"  # the type of what stands in the place of what was left out

_STRING_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def read_json(raw: bytes, *, repair: bool = False) -> Any:
    """Return what a JSON text holds; raises ValueError where it is none.

    What is nested too deeply becomes an object that says so, and with `repair` bytes that are no UTF-8 become U+FFFD.

    Examples
    --------
    >>> read_json(b'{"a": 1}'), read_json(bytes([34, 0xE9, 34]), repair=True)
    ({'a': 1}, '�')
    """
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        text = raw.decode("utf-8-sig", "replace" if repair else "strict")
    return json.loads(_without_depths(text), strict=False, parse_int=_number)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


def _without_depths(text: str) -> str:
    pieces: list[str] = []
    start = level = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        sign = text[found.start()]
        if sign in "[{":
            level += 1
            if level == MOST_LEVELS + 1:
                pieces += [text[start : found.start()], json.dumps({"type": TOO_DEEP})]
        elif sign in "]}":
            if level == MOST_LEVELS + 1:
                start = found.end()
            level -= 1
    return "".join([*pieces, text[start:] if level <= MOST_LEVELS else ""])
