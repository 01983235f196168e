"""The part of a report about one source. Its shape is defined here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["MOST_IDS", "NOTHING_MISSING", "Gap", "Missing", "SourceReport", "Span", "source_report"]


NOTHING_MISSING = ("complete", "open")  # the statuses that need no warning
MOST_IDS = 100  # of missing messages, in a report


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, ``[since, until)``, as ISO text in UTC; None where it is open."""

    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time whose messages are missing, and why."""

    since: str | None = None
    until: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """Messages that the service named and did not give: how many, and the ids of the first hundred."""

    count: int = 0
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What became of one source.

    Attributes
    ----------
    requested, covered, gaps
        The time that was asked for, the stretches that were read without a hole, and the holes.
    missing
        The messages that the service named and did not give.
    messages, duplicates, pages, retries : int
        Messages in the table, messages seen more than once, answers read, requests repeated.
    begins : str or None
        When the chat began, ISO text in UTC, where its service says so.
    status : str
        ``complete``; ``open``: nothing is missing since `covered` begins, and the service does not show whether
        there is anything older; ``partial`` or ``failed``.
    """

    source: str
    chat_id: str | None = None
    chat_name: str | None = None
    requested: Span = Span()
    covered: tuple[Span, ...] = ()
    gaps: tuple[Gap, ...] = ()
    missing: Missing = Missing()
    status: str = "complete"
    messages: int = 0
    duplicates: int = 0
    pages: int = 0
    retries: int = 0
    error: str | None = None
    notes: tuple[str, ...] = ()
    begins: str | None = None


def source_report(data: Mapping[str, Any]) -> SourceReport:
    """Read the JSON part of a report about one source; missing parts are taken as empty."""
    requested = data.get("requested") or {}
    missing = data.get("missing") or {}
    return SourceReport(
        source=str(data.get("source") or ""),
        chat_id=data.get("chat_id"),
        chat_name=data.get("chat_name"),
        requested=Span(requested.get("since"), requested.get("until")),
        covered=tuple(Span(span.get("since"), span.get("until")) for span in data.get("covered") or ()),
        gaps=tuple(
            Gap(gap.get("since"), gap.get("until"), str(gap.get("reason") or "")) for gap in data.get("gaps") or ()
        ),
        missing=Missing(int(missing.get("count") or 0), tuple(map(str, missing.get("ids") or ()))),
        status=str(data.get("status") or "complete"),
        messages=int(data.get("messages") or 0),
        duplicates=int(data.get("duplicates") or 0),
        pages=int(data.get("pages") or 0),
        retries=int(data.get("retries") or 0),
        error=data.get("error"),
        notes=tuple(str(note) for note in data.get("notes") or ()),
        begins=None if data.get("begins") is None else str(data["begins"]),
    )
