"""Say in a few lines what a table holds beyond texts and pictures: counts, the latest poll, the latest card."""

from __future__ import annotations

import json

import pandas as pd

from ..words import counted
from .details import details_html, read_details
from .html import NO_FORMULAS, Html, lines
from .members import members

__all__ = ["highlights_html"]

# Keys of details that a reader of the app would call a thing of its own, with their nouns.
_NOUNS = {
    "poll": "poll", "card": "card", "place": "place", "contact": "contact", "todo": "to-do list", "event": "event",
    "invoice": "invoice", "giveaway": "giveaway", "gift": "gift", "call": "call", "crosspost": "crosspost",
}  # fmt: skip
MOST_OF_A_CARD = 300  # characters
MOST_OF_A_NAME = 60
_BLOCK = Html('<div style="max-width:40em;margin-top:6px;overflow-wrap:anywhere">{}</div>')


def highlights_html(frame: pd.DataFrame) -> Html:
    """Return what a table of messages holds beyond texts and pictures, as HTML; nothing where there is nothing.

    Parameters
    ----------
    frame : pandas.DataFrame
        Messages, sorted by time.

    Examples
    --------
    >>> from ..table.frame import build
    >>> highlights_html(build([]))
    Html('')
    """
    said = {row: details for row, text in enumerate(frame["details"]) if (details := read_details(text))}
    counts = [
        counted(number, noun)
        for key, noun in _NOUNS.items()
        if (number := sum(key in details for details in said.values()))
    ]
    moved = {name: activity.total for name, activity in members(frame).rows}
    if any(moved.values()):
        counts.append(" and ".join(f"{number:,} {name}" for name, number in moved.items()))
    if not counts:
        return Html()
    shown = [Html("<div>Also in it: {}.</div>").format(", ".join(counts))]
    polls = [row for row, details in said.items() if "poll" in details]
    if polls:
        poll = json.dumps({"poll": said[polls[-1]]["poll"]})
        shown.append(_BLOCK.format(Html("{}{}").format(_heading("latest poll", polls, frame), details_html(poll))))
    cards = [row for row, details in said.items() if "card" in details]
    if cards:
        words = lines(str(frame["text"].iloc[cards[-1]])[:MOST_OF_A_CARD])
        shown.append(_BLOCK.format(Html("{}{}").format(_heading("latest card", cards, frame), words)))
    return Html("<div {}>{}</div>").format(NO_FORMULAS, Html().join(shown))


def _heading(what: str, rows: list[int], frame: pd.DataFrame) -> Html:
    """Return which of several it is: whose, and from when."""
    row = frame.iloc[rows[-1]]
    author, when = row["author_name"], row["created_at"]
    whose = "" if pd.isna(author) else f", by {author[:MOST_OF_A_NAME]}"
    time = "" if pd.isna(when) else f", {when:%Y-%m-%d %H:%M} UTC"
    words = what if len(rows) > 1 else what.removeprefix("latest ")
    return Html('<div style="opacity:.75">The {}{}{}:</div>').format(words, whose, time)
