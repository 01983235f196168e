"""One source being read: what was asked of it, what came, and what is missing."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import ChatframesError, ServiceError
from ..model import Message, OpenChat, Outcome, Window
from ..sources import Source
from ..windows import EPOCH, Bounds, Timeline, utc_text


@dataclass(slots=True)
class Row:
    """A message on its way, and the outcomes of its attachments so far."""

    message: Message
    outcomes: list[Outcome | None]
    missing: int

    @property
    def image_bytes(self) -> int:
        return sum(len(outcome.data) for outcome in self.outcomes if outcome is not None and outcome.data)


@dataclass(slots=True)
class Reading:
    """One source being read: what was asked, got and missed."""

    source: Source
    asked: Bounds
    chat: OpenChat | None = None
    timelines: list[Timeline] = field(default_factory=list)
    reached_the_beginning: bool = False
    error: ChatframesError | None = None
    failures: list[tuple[Window, str]] = field(default_factory=list)
    messages: int = 0
    duplicates: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    unsettled: int = 0
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def fail(self, error: ChatframesError) -> None:
        self.error = self.error or error

    @property
    def status(self) -> str:
        if self.timelines and not self.unsettled and not any(timeline.gaps() for timeline in self.timelines):
            return "complete"
        return "partial" if self.messages else "failed"

    def asked_for(self, when: datetime) -> bool:
        return (self.asked.since is None or self.asked.since <= when) and when < self.asked.until

    def to_dict(self) -> dict[str, Any]:
        why = str(self.error) if self.error else "the call ended before this was read"
        gaps = [gap for timeline in self.timelines for gap in timeline.explained_gaps(self.failures, why)]
        covered = [window for timeline in self.timelines for window in timeline.covered()]
        return {
            "source": self.source.label,
            "chat_id": self.chat.id if self.chat else None,
            "chat_name": self.chat.name if self.chat else None,
            "requested": {"since": _instant(self.asked.since), "until": _instant(self.asked.until)},
            "covered": [{"since": _instant(w.since), "until": _instant(w.until)} for w in covered],
            "gaps": [{"since": _instant(gap.since), "until": _instant(gap.until), "reason": why} for gap, why in gaps],
            "status": self.status,
            "messages": self.messages,
            "duplicates": len(self.duplicates),
            "pages": self.counts["page"],
            "retries": self.counts["retry"],
            "error": str(self.error) if self.error and self.status != "complete" else None,
            "notes": list(self.chat.notes) if self.chat else [],
        }


def asked_for(messages: list[Message], wanted: Callable[[datetime], bool]) -> Iterator[Message]:
    """Yield the messages inside the asked range; one without a time, if either neighbour is inside."""
    newer: datetime | None = None
    for at, message in enumerate(messages):
        if message.created_at is not None:
            newer = message.created_at
            inside = wanted(newer)
        else:
            older = next((m.created_at for m in messages[at:] if m.created_at is not None), None)
            neighbours = [when for when in (newer, older) if when is not None]
            inside = not neighbours or any(map(wanted, neighbours))
        if inside:
            yield message


def unexpected(error: Exception) -> ServiceError:
    """Return what a user is told of a defect of ours, or of a source's."""
    # The text of a foreign error may hold anything, a URL with a token included; where it happened does not.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return ServiceError(
        f"a defect of chatframes: {type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}; "
        "please report it"
    )


def _instant(when: datetime | None) -> str | None:
    return None if when is None or when <= EPOCH else utc_text(when)
