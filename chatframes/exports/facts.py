"""What the journal of an export knows: of a message, of a part, of a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..model import Window
from ..timeline import Timeline
from ..windows import EPOCH

__all__ = ["Indexed", "PartFacts", "Retry", "SourceFacts", "moment", "ticks", "united"]

_TICK = timedelta(microseconds=1)


@dataclass(slots=True)
class Retry:
    """An attachment without a picture that may yet get one."""

    position: int
    reason: str
    size: int | None  # bytes, as far as they are known
    cap: int  # the limit of the call that did not get it


@dataclass(slots=True)
class Indexed:
    """What the journal knows of a message."""

    uid: str
    message_id: str
    created: int | None  # microseconds
    parent: str | None  # uid
    thread: str | None
    depth: int | None
    digest: bytes  # of what the message says; of nothing that changes by itself
    media: tuple[str, ...]  # what tells its attachments apart, in their order
    retries: tuple[Retry, ...] = ()
    pictures: tuple[str, ...] = ()  # what its pictures are known by, to other messages that show the same
    source: int | None = None


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What the journal knows of a part. `weight` counts each attachment that may yet get a picture as half a MiB."""

    rows: int = 0
    weight: int = 0
    images_ok: int = 0
    image_bytes: int = 0
    skipped: Mapping[str, int] | None = None
    failed: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the journal knows of a source."""

    id: int
    label: str
    wish: str
    most: int | None
    chat_id: str | None
    chat_name: str | None
    since: str | None
    until: str | None
    begins: int | None  # nothing older is wanted, or there is nothing older
    is_open: bool
    read_at: int | None  # when the last call began that looked for edits and deletions; None until the first one ended
    report: dict[str, Any] | None


def ticks(moment: datetime) -> int:
    """Return a time as microseconds since 1970."""
    return (moment - EPOCH) // _TICK


def moment(value: int) -> datetime:
    """Return the time of so many microseconds since 1970."""
    return EPOCH + value * _TICK


def united(windows: Sequence[Window]) -> list[Window]:
    """Return the union of windows, oldest first."""
    if not windows:
        return []
    timeline = Timeline(Window(min(w.since for w in windows), max(w.until for w in windows)))
    for window in windows:
        timeline.cover(window)
    return timeline.covered()
