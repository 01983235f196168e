"""What a message says beyond text and files is one column of JSON, and costs no row."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatframes.model import Message, Outcome
from chatframes.table.batches import to_batch
from chatframes.table.details_json import MAX_DETAILS_CHARACTERS, details_json
from chatframes.table.frame import build

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Colour(Enum):
    RED = object()


def row_of(details: Any) -> Any:
    messages = [Message("webex", "c", "C", f"{at}", NOW, NOW, text="words", details=one) for at, one in
                enumerate([details, {"dice": 3}])]  # fmt: skip
    nothing: list[Outcome] = []
    frame = build([to_batch([(message, nothing) for message in messages])])
    assert frame["text"].tolist() == ["words", "words"], "no row is lost, and none beside it"
    assert frame["details"][1] == '{"dice":3}'
    return frame.iloc[0]


def nested(depth: int) -> Any:
    value: Any = "core"
    for _ in range(depth):
        value = [value]
    return value


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=9)
    )
)
def test_plain_json_comes_back_as_it_was_and_keys_are_sorted(details: dict[str, Any]) -> None:
    flags: list[str] = []
    text = details_json(details, flags)
    assert flags == []
    assert (text is None) is not bool(details)
    if text is not None:
        assert json.loads(text) == details
        assert list(json.loads(text)) == sorted(details)


@pytest.mark.parametrize(
    ("details", "read"),
    [
        ({}, None),
        (None, None),
        ({"poll": {"options": ({"votes": 1},), "closed": True}}, {"poll": {"options": [{"votes": 1}], "closed": True}}),
        ({"at": NOW, "day": NOW.date()}, {"at": "2026-11-01T00:00:00+00:00", "day": "2026-11-01"}),
        ({"x": [float("nan"), -float("inf"), 1.5]}, {"x": [None, None, 1.5]}),
        ({"b": 1, 2: "two", None: 0}, {"2": "two", "b": 1, "null": 0}),
        ({"many": {"one"}}, {"many": ["one"]}),
    ],
)
def test_what_has_a_form_in_json_takes_it(details: Any, read: Any) -> None:
    row = row_of(details)
    assert (json.loads(row["details"]) if isinstance(row["details"], str) else None) == read
    assert row["flags"] == []


@pytest.mark.parametrize(
    ("details", "kept", "unread"),
    [
        ({"a": b"secret", "b": 1}, {"a": None, "b": 1}, ["bytes"]),
        ({"a": [object(), Colour.RED], "unread": ["Poll"]}, {"a": [None, None]}, ["Poll", "object", "Colour"]),
        ({"a": {(1, 2): 3, "b": 4}}, {"a": {"b": 4}}, ["tuple"]),
        ({b"a": 1, "b": 2}, {"b": 2}, ["bytes"]),
        ({"a": 10**5_000, "b": 10**30}, {"a": None, "b": 10**30}, ["int"]),
        ({10**5_000: 1, "b": 2}, {"b": 2}, ["int"]),
        ("words", {"details": "words"}, None),
        ([1], {"details": [1]}, None),
        ({"card": "x" * (MAX_DETAILS_CHARACTERS + 1), "b": 2}, {"b": 2}, ["card"]),
    ],
)
def test_what_has_none_is_named_and_the_rest_stays(details: Any, kept: Any, unread: list[str] | None) -> None:
    row = row_of(details)
    read = json.loads(row["details"])
    assert read.pop("unread", None) == unread
    assert read == kept
    assert row["flags"] == (["partial"] if unread else [])
    assert "secret" not in row["details"]


def test_what_has_no_end_ends() -> None:
    circle: dict[str, Any] = {}
    circle["again"] = circle
    many: list[Any] = []
    many.extend([many] * 10)
    for details in ({"a": circle}, {"a": many}, {"a": nested(200_000)}, circle):
        row = row_of(details | {"b": 1} if details is not circle else details)
        assert row["flags"] == ["partial"]
        assert len(row["details"]) <= MAX_DETAILS_CHARACTERS + 100
        assert json.loads(row["details"])["unread"]


def test_half_a_character_is_repaired_there_too() -> None:
    row = row_of({"poll": {"question": "\ud83d\ude00 or \ud83d?"}})
    assert json.loads(row["details"]) == {"poll": {"question": "😀 or \ufffd?"}}
    assert row["flags"] == ["text_repaired"]
