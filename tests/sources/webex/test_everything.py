"""One message of each kind that the sandbox's Webex sends: what a reader of the app sees of it is in the row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import chatframes as cf
from chatframes.sources.plain_text import of_html


@pytest.fixture(scope="module")
def everything() -> Iterator[list[tuple[dict[str, Any], dict[str, Any]]]]:
    """The record and the row of each message."""
    with cf.sandbox(messages=5, images=0, content=True) as world:
        frame = cf.fetch(cf.Webex("Everything"), images=True, raw=True, config=world.config, progress=False)
        rows = {row["message_id"]: row for row in frame.to_dict("records")}
        yield [(record, rows[record["message_id"]]) for record in world.expected("Everything", platform="webex")]


def told(record: dict[str, Any]) -> str:
    return str(record["sample"])


def below(value: Any) -> list[Any]:
    """Everything that stands somewhere below a value."""
    if isinstance(value, dict):
        return [one for inner in value.values() for one in below(inner)]
    return [one for inner in value for one in below(inner)] if isinstance(value, list) else [value]


def test_words_stand_once_and_in_order(everything: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    assert len(everything) > 40
    for record, row in everything:
        at = 0
        for words in record["words"]:
            assert row["text"].find(words, at) >= 0, (told(record), words, row["text"])
            at = row["text"].find(words, at) + len(words)
            assert len(words) < 6 or row["text"].count(words) == 1, (told(record), words)


def test_addresses_are_those_that_can_be_clicked(everything: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for record, row in everything:
        assert list(row["links"]) == record["links"], told(record)


def test_nothing_hidden_is_shown_but_in_raw(everything: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for record, row in everything:
        shown = {key: value for key, value in row.items() if key not in ("raw", "images")}
        assert not [hidden for hidden in record["hides"] if hidden in repr(shown)], told(record)
        assert all(hidden in row["raw"] for hidden in record["hides"]), told(record)


def test_details_flags_and_markup(everything: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for record, row in everything:
        details = json.loads(row["details"]) if isinstance(row["details"], str) else {}
        for key, value in record["details"].items():
            assert details[key] == value, told(record)
        for key, values in record["holds"].items():
            found = below([details.get(key), details.get("more_cards")])
            assert all(any(value in str(one) for one in found) for value in values), (told(record), values, found)
        assert {*record["flags"]} <= {*row["flags"]}, told(record)
        assert not {*record["unflagged"]} & {*row["flags"]}, told(record)
        assert "partial" in record["flags"] or "fallback" in told(record) or "partial" not in row["flags"], told(record)
        assert all(piece in row["markup"] for piece in record["markup"]), told(record)
        assert row["author_handle"] == record["author_handle"], told(record)


def test_pictures_and_files_have_a_fate(everything: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for record, row in everything:
        assert row["n_media"] == len(record["media"]), told(record)
        for cell, one in zip(row["media"], record["media"], strict=True):
            assert cell["status"] == ("ok" if one.get("is_image") else cell["status"]), (told(record), cell)
            for name in ("url", "alt", "kind"):
                assert name not in one or cell[name] == one[name], told(record)


def test_markup_in_html_is_the_text(everything: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for record, row in everything:
        if told(record).startswith("html"):
            assert of_html(row["markup"]).text == row["text"], told(record)
