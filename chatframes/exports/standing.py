"""What all calls together have asked of one source, so that a narrower call does not hide what is missing elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..model import Window
from ..table.source_report import Span
from .facts import moment, ticks, united
from .journal import Journal

__all__ = ["Standing", "forget_standing", "keep_standing", "said_once", "standing_of"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What all calls together have asked of one source.

    Attributes
    ----------
    windows : tuple of Window
        What is wanted, as far as a number of messages or the beginning of the chat has not ended it sooner.
    requested : Span or None
        From the earliest to the latest that was asked for.
    notes : tuple of str
        What calls have said about the chat itself, the last call first.
    """

    windows: tuple[Window, ...] = ()
    requested: Span | None = None
    notes: tuple[str, ...] = ()

    def joined(self, window: Window, requested: Span, notes: Iterable[str] = ()) -> Standing:
        """Return this with what one more call has asked for."""
        span = requested
        if (before := self.requested) is not None:
            since = None if before.since is None or requested.since is None else min(before.since, requested.since)
            until = None if before.until is None or requested.until is None else max(before.until, requested.until)
            span = Span(since, until)
        return Standing(tuple(united([*self.windows, window])), span, said_once((*notes, *self.notes)))


def said_once(notes: Iterable[str]) -> tuple[str, ...]:
    """Return notes without those that differ from an earlier one in numbers only."""
    found: dict[str, str] = {}
    for note in notes:
        found.setdefault(re.sub(r"\d[\d,.]*", "#", note), note)
    return tuple(found.values())


def standing_of(journal: Journal, source: int) -> Standing:
    """Return what all calls have asked of a source; nothing of a folder that older versions have written."""
    values = json.loads(journal.fact(f"asked of {source}") or "{}")
    if not values:
        return Standing()
    windows = tuple(Window(moment(since), moment(until)) for since, until in values["windows"])
    return Standing(windows, Span(*values["requested"]), tuple(values["notes"]))


def keep_standing(journal: Journal, source: int, standing: Standing) -> None:
    """Note what all calls have asked of a source."""
    requested = standing.requested or Span()
    values = {
        "windows": [(ticks(window.since), ticks(window.until)) for window in standing.windows],
        "requested": (requested.since, requested.until),
        "notes": standing.notes,
    }
    journal.set_fact(f"asked of {source}", json.dumps(values))


def forget_standing(journal: Journal, source: int) -> None:
    """Forget what was asked of a source: it is asked in another way from now on."""
    journal.set_fact(f"asked of {source}", "")
