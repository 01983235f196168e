"""What a panel says of a table beyond its report: what else is in it, the latest poll, the latest card."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from help.hostile import PAYLOADS, Reader, hostile_frame

from chatframes.page.highlights import MOST_OF_A_CARD, highlights_html
from chatframes.page.html import plain

pytestmark = pytest.mark.quick


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    made = [
        {
            "created_at": pd.Timestamp(f"2026-10-{day:02}T09:30", tz="UTC"), "author_name": "Ada", "text": "", "action": None,
            "subjects": [], "details": None, **row,
        }
        for day, row in enumerate(rows, 1)
    ]  # fmt: skip
    return pd.DataFrame(made)


def poll(question: str, *votes: int | None) -> str:
    options = [{"text": f"option {number}", "votes": one} for number, one in enumerate(votes)]
    return json.dumps({"poll": {"question": question, "options": options}})


def test_what_is_in_a_table_is_counted_and_the_latest_poll_and_card_are_shown() -> None:
    table = frame(
        {"details": poll("Tea?", 9, 9)},
        {"details": '{"card":[{"body":"x"}]}', "text": "Build 7\nAll green <b>"},
        {"details": poll("Coffee?", 3, 1), "author_name": "Ben"},
        {"action": "member_added", "subjects": ["1", "2"]},
        {"action": "member_left", "subjects": ["2"]},
        {"details": '{"place":{"latitude":1}}'},
    )
    shown = str(highlights_html(table))
    read = Reader(shown)
    assert read.alive == []
    assert "Also in it: 2 polls, 1 card, 1 place, 2 joined and 1 left." in read.text
    assert "The latest poll, by Ben, 2026-10-03 09:30 UTC:Coffee?" in read.text
    assert "The card, by Ada, 2026-10-02 09:30 UTC:Build 7All green <b>" in read.text
    assert "width:75%" in shown
    assert "width:25%" in shown
    assert "Tea?" not in shown


@pytest.mark.parametrize(
    "rows",
    [(), ({"text": "only words"},), ({"details": "no JSON"}, {"details": "[1]"}), ({"details": '{"author_flair":"x"}'},)],
)  # fmt: skip
def test_nothing_is_said_where_there_is_nothing(rows: tuple[dict[str, Any], ...]) -> None:
    table = frame(*rows) if rows else frame({}).head(0)
    assert highlights_html(table) == ""


def test_odd_values_are_shown_or_left_out_without_an_error() -> None:
    odd = frame(
        {"details": '{"poll":3}', "author_name": None, "created_at": pd.NaT},
        {"details": '{"card":null}', "text": "x" * 9_000, "author_name": "n" * 900},
        {"action": "member_joined", "subjects": None, "created_at": pd.NaT},
    )
    shown = str(highlights_html(odd))
    assert "1 poll, 1 card, 1 joined and 0 left" in shown
    assert len(shown) < 2_000 + MOST_OF_A_CARD


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_strangers_wrote_stays_text(payload: str) -> None:
    read = Reader(str(highlights_html(hostile_frame(payload))))
    assert read.alive == []
    assert plain(payload)[:12].strip() in plain(read.text)
