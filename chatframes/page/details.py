"""Show what a message says beyond text and files: a poll as bars, the rest as short lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .html import COLOURS, Html, plain

__all__ = ["details_html", "details_lines", "read_details"]

MOST_OPTIONS = 30
MOST_LINES = 12
MOST_OF_A_LINE = 120  # characters
_BAR = Html(
    '<div style="display:flex;align-items:center;gap:6px;font-size:90%">'
    '<div style="flex:0 0 9em;overflow-wrap:anywhere">{}</div>'
    '<div style="flex:0 0 8em;height:9px;background:rgba(128,128,128,.15)">'
    '<div style="width:{}%;height:100%;background:{}"></div></div><div>{}</div></div>'
)


def details_html(text: Any) -> Html:
    """Return one value of the column ``details`` as HTML.

    Examples
    --------
    >>> options = '[{"text":"Yes","votes":3},{"text":"No","votes":1}]'
    >>> "width:75%" in details_html('{"poll":{"question":"Tea?","options":' + options + "}}")
    True
    """
    details = read_details(text)
    options = _options(details)
    if not options:
        return Html("<br>").join(details_lines(text))
    poll = details.pop("poll")
    votes = [number for _, number in options if number is not None]
    whole = max(sum(votes), 1)
    shown = [Html("<b>{}</b>").format(_short(poll.get("question") or "Poll"))]
    for name, number in options[:MOST_OPTIONS]:
        width = round(100 * min(number or 0, whole) / whole)
        shown.append(_BAR.format(_short(name), width, COLOURS["messages"], "" if number is None else f"{number:,}"))
    if len(options) > MOST_OPTIONS:
        shown.append(Html("<div>and {:,} more options</div>").format(len(options) - MOST_OPTIONS))
    rest = Html("<br>").join(_lines(details))
    return Html().join(shown) + rest


def details_lines(text: Any) -> list[str]:
    """Return one value of the column ``details`` as short lines of text.

    Examples
    --------
    >>> details_lines('{"place":{"latitude":53.5,"title":"Harbour"}}')
    ['place: latitude 53.5, title Harbour']
    >>> details_lines('{"poll":{"question":"Tea?","options":[{"text":"Yes","votes":3},{"text":"No","votes":null}]}}')
    ['poll: Tea?', '3  Yes', '-  No']
    """
    details = read_details(text)
    options = _options(details)
    if not options:
        return _lines(details)
    poll = details.pop("poll")
    question = f"poll: {_short(poll.get('question') or '')}".rstrip()
    shown = [f"{'-' if number is None else format(number, ',')}  {_short(name)}" for name, number in options]
    return [question, *shown[:MOST_OPTIONS], *_lines(details)]


def read_details(text: Any) -> dict[str, Any]:
    """Return one value of the column ``details``; empty where it holds none.

    Examples
    --------
    >>> read_details('{"dice":{"value":6}}'), read_details(None)
    ({'dice': {'value': 6}}, {})
    """
    try:
        details = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return details if isinstance(details, dict) else {}


def _options(details: dict[str, Any]) -> list[tuple[str, int | None]]:
    """The options of a poll with their votes, None where nobody may know them yet."""
    poll = details.get("poll")
    options = poll.get("options") if isinstance(poll, dict) else None
    found = []
    for option in options if isinstance(options, list) else []:
        if isinstance(option, dict):
            votes = option.get("votes")
            known = isinstance(votes, int) and not isinstance(votes, bool) and votes >= 0
            found.append((str(option.get("text") or ""), votes if known else None))
    return found


def _lines(details: dict[str, Any]) -> list[str]:
    """A line for each key; a card's words are in the text already."""
    shown = [f"{_short(key)}: {_words(value)}" for key, value in details.items() if key != "card"]
    return shown[:MOST_LINES]


def _words(value: Any) -> str:
    return _short(", ".join(_pieces(value)))


def _pieces(value: Any, depth: int = 4) -> Iterator[str]:
    if not depth:
        yield "…"
    elif isinstance(value, dict):
        for key, item in list(value.items())[:MOST_LINES]:
            if item is not None:
                yield f"{key} {', '.join(_pieces(item, depth - 1))}"
    elif isinstance(value, list):
        for item in value[:MOST_LINES]:
            yield from _pieces(item, depth - 1)
    elif value is not None:
        yield str(value)


def _short(text: Any) -> str:
    shown = plain(text)
    return shown if len(shown) <= MOST_OF_A_LINE else f"{shown[:MOST_OF_A_LINE]}…"
