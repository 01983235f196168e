"""An odd value in a page of JSON costs itself, and not the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatframes.transfer.odd_json import MOST_LEVELS, TOO_DEEP, read_json


def page(odd: bytes) -> bytes:
    return b'{"items": [{"id": "1"}, {"id": "2", "odd": ' + odd + b'}, {"id": "3"}]}'


DEEP = b"[" * 10_000 + b'"]}{["' + b"]" * 10_000
ODD: dict[str, tuple[bytes, Any]] = {
    "lists": (DEEP, None),
    "objects": (b'{"a": ' * 10_000 + b"1" + b"}" * 10_000, None),
    "a long number": (b"7" * 5000, float("inf")),
    "a line break": (b'"one\ntwo\x00"', "one\ntwo\x00"),
    "a half character": (b'"\xe2\x82 5"', "\ufffd 5"),
    "Latin-1": (b'"caf\xe9"', "caf\ufffd"),
    "nothing odd": (b'"\\ud83d \\"]}"', '\ud83d "]}'),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", ODD)
def test_an_odd_value_costs_itself(name: str) -> None:
    raw, value = ODD[name]
    first, odd, last = read_json(page(raw), repair=True)["items"]
    assert (first, last) == ({"id": "1"}, {"id": "3"})
    if value is not None:
        assert odd == {"id": "2", "odd": value}
        return
    levels, inner = 0, odd["odd"]
    while inner not in ({"type": TOO_DEEP},):
        levels, inner = levels + 1, inner[0] if isinstance(inner, list) else inner["a"]
    assert MOST_LEVELS - 5 < levels < MOST_LEVELS


@pytest.mark.parametrize("name", ["lists", "objects", "a long number", "a line break", "a half character", "Latin-1"])
def test_python_alone_loses_the_page(name: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        json.loads(page(ODD[name][0]))


@pytest.mark.parametrize("raw", [b"", b"{", b"<html>", b'{"items": [', b"[" * 10_000, b"]" * 10_000, DEEP + b"]", b'"'])
def test_what_is_no_json_stays_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(raw, repair=True)


def test_bad_bytes_are_repaired_only_where_that_is_asked_for() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        read_json(page(ODD["Latin-1"][0]))
