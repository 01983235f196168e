"""What a message says beyond text and files, as people see it."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

import chatframes as cf
from chatframes.page.details import MOST_LINES, MOST_OPTIONS, details_html, details_lines


def poll(*options: Any, **more: Any) -> str:
    return json.dumps({"poll": {"question": "Tea?", "options": list(options)}, **more})


def test_a_poll_is_a_bar_for_each_option_as_long_as_its_share_of_the_votes() -> None:
    shown = str(
        details_html(poll({"text": "Yes", "votes": 30}, {"text": "No", "votes": 10}, {"text": "?", "votes": 0}))
    )
    assert [piece.split("%")[0] for piece in shown.split("width:")[1:]] == ["75", "25", "0"]
    assert [word in shown for word in ("Tea?", "Yes", "No", ">30<", ">10<", ">0<")] == [True] * 6


def test_votes_that_nobody_may_know_yet_are_no_zeros() -> None:
    text = poll({"text": "Yes", "votes": None}, {"text": "No"})
    assert details_lines(text) == ["poll: Tea?", "-  Yes", "-  No"]
    assert ">0<" not in str(details_html(text))


def test_the_rest_is_a_line_for_each_key_and_a_card_is_left_to_the_text() -> None:
    text = json.dumps({
        "card": [{"body": "words"}],
        "place": {"latitude": 53.5, "longitude": 10, "title": "Harbour"},
        "buttons": [{"text": "Open", "url": "https://example.org/"}],
        "call": {"seconds": 62, "reason": None},
    })  # fmt: skip
    assert details_lines(text) == [
        "place: latitude 53.5, longitude 10, title Harbour",
        "buttons: text Open, url https://example.org/",
        "call: seconds 62",
    ]
    assert str(details_html(text)).count("<br>") == 2


@pytest.mark.parametrize(
    "odd",
    [
        None, float("nan"), pd.NA, "", "no JSON", "[1, 2]", "7", "[" * 5_000, {"poll": 1}, 3,
        '{"poll": 3}', '{"poll": {"options": 3}}', '{"poll": {"options": [3, null, {"votes": "x"}, {"text": {"a": 1}}]}}',
        poll({"text": "a", "votes": True}, {"text": "b", "votes": -4}, {"text": "c", "votes": 10**30}),
    ],
)  # fmt: skip
def test_whatever_stands_there_is_shown_or_left_out_without_an_error(odd: Any) -> None:
    details_html(odd)
    assert all(isinstance(line, str) for line in details_lines(odd))


def test_what_is_long_is_cut() -> None:
    many = poll(
        *({"text": f"option {n}", "votes": n} for n in range(500)), **{f"key{n}": "x" * 9_999 for n in range(99)}
    )
    assert len(details_lines(many)) == 1 + MOST_OPTIONS + MOST_LINES
    assert "and 470 more options" in str(details_html(many))
    assert len(str(details_html(many))) < 40_000


def test_a_preview_shows_them_beside_the_text_where_there_are_some() -> None:
    frame = pd.DataFrame({"text": ["Tea?", "no"], "details": [poll({"text": "Yes", "votes": 2}), None]})
    assert "width:100%" in cf.preview(frame)._repr_html_()
    assert "poll: Tea?; 2  Yes" in repr(cf.preview(frame))
    assert "details" not in repr(cf.preview(frame.tail(1)))
