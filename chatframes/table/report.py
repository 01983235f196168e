"""The report: what was asked, got and missed, small enough to travel inside the table."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from ..errors import ConfigError
from ..model import RETRYABLE
from ..page.activity import Activity, count_activity
from ..page.html import plain, share, table
from ..words import bytes_in_words, seconds_in_words

__all__ = ["Gap", "Report", "SourceReport", "Span", "report"]

MAX_LINES = 24
MAX_COLUMNS = 99
MOST_OF_A_NAME = 200
INDENT = 10

REASONS = {
    "disabled": "downloading was off; images=True turns it on",
    "too_large": "larger than max_size_bytes",
    "too_many": "more attachments than one message may have",
    "budget": "the limit for the whole call was reached",
    "not_an_image": "not pictures: documents, videos, archives",
    "no_bytes": "the service has nothing to download",
    "bad_url": "the link is not one that can be fetched",
    "blocked_address": "the link leads into a private network",
    "blocked_port": "the link leads to a port that is not for web pages",
    "malware": "the service found malware",
    "unscannable": "the service could not scan it; allow_unscannable opens it",
    "dns": "the name of the host was not found",
    "connect": "no connection to the host",
    "tls": "the host's certificate is not valid",
    "timeout": "no answer in time",
    "too_slow": "the bytes came too slowly",
    "truncated": "cut short on the way",
    "redirect": "too many redirects, or one that leads nowhere",
    "content_encoding": "packed in a way that is not accepted",
    "bad_response": "the answer was a page, not a picture",
    "http_4xx": "the host refused",
    "http_5xx": "the host had an error",
    "gone": "deleted, or moved away",
    "unauthorized": "the host asked for a login",
    "forbidden": "this account may not see it",
    "rate_limited": "too many requests for the host",
    "locked": "still being scanned by the service",
    "cancelled": "interrupted",
    "memory": "not enough memory",
    "disk": "not enough room on the disk",
    "internal": "an error of chatframes; please report it",
}

# The four symptoms of the design document's troubleshooting section: what is seen, and which key to change.
ADVICE = {
    "pool_timeout": "downloads ran out of connections: lower max_concurrent_image_downloads (20 -> 10)",
    "slow": "downloads were slow, none timed out: raise max_concurrent_image_downloads (20 -> 30)",
    "memory": "memory ran short: fetch smaller date ranges, use images=False, or stream(...)",
    "rate_limits": "rate limits: lower max_concurrent_fetches (5 -> 3), parallel_fetch_chunk_days (7 -> 5)",
}


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
class SourceReport:
    """What became of one source.

    Attributes
    ----------
    requested, covered, gaps
        The time that was asked for, the stretches without a hole, and the holes.
    messages, duplicates, pages, retries : int
        Messages in the table, messages seen more than once, answers read, requests repeated.
    status : str
        ``complete``, ``partial`` or ``failed``.
    """

    source: str
    chat_id: str | None = None
    chat_name: str | None = None
    requested: Span = Span()
    covered: tuple[Span, ...] = ()
    gaps: tuple[Gap, ...] = ()
    status: str = "complete"
    messages: int = 0
    duplicates: int = 0
    pages: int = 0
    retries: int = 0
    error: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What a call asked for, got and missed. Print it, or show it in a notebook.

    Attributes
    ----------
    version : int or str
        Of the chatframes that made it.
    created_at : str
        When the call began, ISO text in UTC.
    status : str
        ``complete``, ``partial`` or ``failed``.
    sources : tuple of SourceReport
        One per source, in the order they were asked for.
    images_ok, image_bytes : int
        Pictures in the table, and their bytes.
    skipped, failed : dict of str to int
        Attachments without a picture, counted by reason.
    seconds : float
        How long the call took.
    symptoms : tuple of str
        What went wrong on the way that a setting can change; each has a line of advice.
    in_hand : int or None
        Rows of the frame it was asked of; not part of `to_dict`.
    activity : Activity or None
        Messages per day in that frame; not part of `to_dict`.

    Examples
    --------
    >>> print(Report(status="complete", images_ok=2, image_bytes=48_000))
    chatframes: complete, 0 messages in 0.0 s
      images    2 ok (48 kB), 0 skipped, 0 failed
    """

    version: int | str = 1
    created_at: str = ""
    status: str = "complete"
    sources: tuple[SourceReport, ...] = ()
    images_ok: int = 0
    image_bytes: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    symptoms: tuple[str, ...] = ()
    in_hand: int | None = field(default=None, compare=False)
    activity: Activity | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON, as it stands in ``frame.attrs["chatframes"]``."""
        return {
            "version": self.version,
            "created_at": self.created_at,
            "status": self.status,
            "sources": [_lists(asdict(source)) for source in self.sources],
            "images": {
                "ok": self.images_ok,
                "bytes": self.image_bytes,
                "skipped": dict(self.skipped),
                "failed": dict(self.failed),
            },
            "seconds": self.seconds,
            "symptoms": list(self.symptoms),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Report:
        """Read what `to_dict` gave; what is missing is taken as nothing.

        Raises
        ------
        ConfigError
            If `data` is something else.
        """
        try:
            images = data.get("images") or {}
            return cls(
                version=data.get("version", 1),
                created_at=str(data.get("created_at") or ""),
                status=str(data.get("status") or "complete"),
                sources=tuple(_source(source) for source in data.get("sources") or ()),
                images_ok=int(images.get("ok") or 0),
                image_bytes=int(images.get("bytes") or 0),
                skipped={str(reason): int(n) for reason, n in (images.get("skipped") or {}).items()},
                failed={str(reason): int(n) for reason, n in (images.get("failed") or {}).items()},
                seconds=float(data.get("seconds") or 0.0),
                symptoms=tuple(str(symptom) for symptom in data.get("symptoms") or ()),
            )
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            raise ConfigError(f"This is no report of chatframes ({error}); fetch the chat again.") from error

    def __str__(self) -> str:
        lines = []
        for label, text in self._rows():
            line = f"  {label:<{INDENT}}{text}" if label else text
            lines.append(line if len(line) <= MAX_COLUMNS else line[: MAX_COLUMNS - 1] + "…")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        outcomes = [
            ("ok", self.images_ok),
            ("skipped", sum(self.skipped.values())),
            ("failed", sum(self.failed.values())),
        ]
        of_these = self.in_hand is not None and self.in_hand != sum(source.messages for source in self.sources)
        what = "messages in this frame" if of_these else "messages"
        plots = self.activity.html(what) if self.activity is not None else ""
        return table(self._rows(), below=plots + share(outcomes))

    def _rows(self) -> list[tuple[str, str]]:
        """The screen as (label, text); a line without a label is a heading. All of it fits on one screen."""
        messages = sum(source.messages for source in self.sources)
        skipped, failed = sum(self.skipped.values()), sum(self.failed.values())
        lost = f", {failed:,} attachment{'' if failed == 1 else 's'} failed" if failed else ""
        head = [
            ("", f"chatframes: {plain(self.status)}, {messages:,} messages in {seconds_in_words(self.seconds)}{lost}")
        ]
        if self.in_hand is not None and self.in_hand != messages:
            head.append(("in hand", f"this frame holds {self.in_hand:,} rows; what follows tells of the whole fetch"))
        size = f" ({bytes_in_words(self.image_bytes)})" if self.images_ok else ""
        tail = [("images", f"{self.images_ok:,} ok{size}, {skipped:,} skipped, {failed:,} failed")]
        tail += _reasons("skipped", self.skipped) + _reasons("failed", self.failed)
        tail += [("advice", ADVICE.get(symptom, plain(symptom))) for symptom in self.symptoms[:4]]
        # What is missing comes first: it must not be what a long list cuts off.
        chats = [row for s in sorted(self.sources, key=_is_complete) for row in _chat_rows(s)]
        room = MAX_LINES - len(head) - len(tail)
        if len(chats) > room:
            left = len(chats) - room + 1
            chats = [*chats[: room - 1], ("…", f"{left} more lines; report(frame).sources holds all")]
        return head + chats + tail


def report(source: pd.DataFrame | Mapping[str, Any] | Report) -> Report:
    """Say what was asked, got and missed, and why.

    Parameters
    ----------
    source : pandas.DataFrame, mapping or Report
        A frame of `fetch` or `read_parquet`, or its ``attrs["chatframes"]``; a Report is returned as it is.

    Returns
    -------
    Report
        It speaks of what was fetched, also when the frame was filtered since; `attachments(frame)` counts what is
        in hand.

    Raises
    ------
    ConfigError
        If the frame carries no report.

    Examples
    --------
    >>> report({"status": "complete"}).status
    'complete'
    """
    if isinstance(source, Report):
        return source
    data = source.attrs.get("chatframes") if isinstance(source, pd.DataFrame) else source
    if not isinstance(data, Mapping):
        raise ConfigError(
            "This frame carries no report: it was built from others (merge and concat drop frame.attrs) or rewritten "
            "by another tool. Call report() on the frame that fetch() or read_parquet() gave."
        )
    told = Report.from_dict(data)
    if not isinstance(source, pd.DataFrame):
        return told
    times = source.get("created_at")
    counted = count_activity(times) if times is not None and isinstance(times.dtype, pd.DatetimeTZDtype) else None
    return replace(told, in_hand=len(source), activity=counted)


def _lists(value: Any) -> Any:
    """Tuples become lists, as they do in JSON, so that a report is the same before and after a file."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value


def _source(data: Mapping[str, Any]) -> SourceReport:
    requested = data.get("requested") or {}
    return SourceReport(
        source=str(data.get("source") or ""),
        chat_id=data.get("chat_id"),
        chat_name=data.get("chat_name"),
        requested=Span(requested.get("since"), requested.get("until")),
        covered=tuple(Span(span.get("since"), span.get("until")) for span in data.get("covered") or ()),
        gaps=tuple(
            Gap(gap.get("since"), gap.get("until"), str(gap.get("reason") or "")) for gap in data.get("gaps") or ()
        ),
        status=str(data.get("status") or "complete"),
        messages=int(data.get("messages") or 0),
        duplicates=int(data.get("duplicates") or 0),
        pages=int(data.get("pages") or 0),
        retries=int(data.get("retries") or 0),
        error=data.get("error"),
        notes=tuple(str(note) for note in data.get("notes") or ()),
    )


def _is_complete(source: SourceReport) -> bool:
    return source.status == "complete"


def _chat_rows(source: SourceReport) -> list[tuple[str, str]]:
    name = str(source.chat_name or source.chat_id or source.source)[:MOST_OF_A_NAME]
    extra = [
        f"{count:,} {what}"
        for count, what in (
            (source.duplicates, "seen twice"),
            (source.retries, "request repeated" if source.retries == 1 else "requests repeated"),
        )
        if count
    ]
    heading = ", ".join([f"{source.messages:,} messages", source.status, *extra])
    service = source.source.partition("(")[0]
    rows = [("", plain(f"{name} ({service}): {heading}" if not name.startswith(service) else f"{name}: {heading}"))]
    rows.append(("asked", f"{_stretch(source.requested)} UTC"))
    if list(source.covered) != [source.requested]:
        covered = "; ".join(_stretch(span) for span in source.covered[:2]) or "nothing"
        more = len(source.covered) - 2
        rows.append(("covered", covered + (f"; and {more} more" if more > 0 else "")))
    rows += [("missing", f"{_stretch(gap)}: {plain(gap.reason)}") for gap in source.gaps[:2]]
    if len(source.gaps) > 2:
        rows.append(("missing", f"and {len(source.gaps) - 2} more stretches"))
    if source.error:
        # It says what to do, so it is not cut at the first line's end.
        lines = textwrap.wrap(plain(source.error), MAX_COLUMNS - INDENT - 2)[:3]
        rows += [("error" if at == 0 else " ", line) for at, line in enumerate(lines)]
    for note in source.notes[:2]:
        lines = textwrap.wrap(plain(note), MAX_COLUMNS - INDENT - 2)[:2]
        rows += [("note" if at == 0 else " ", line) for at, line in enumerate(lines)]
    return rows


def _reasons(label: str, counts: Mapping[str, int]) -> list[tuple[str, str]]:
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = []
    for reason, count in most[:3]:
        again = " (worth another try)" if reason in RETRYABLE else ""
        words = REASONS.get(reason)
        rows.append((label, f"{count:,} {plain(reason)}" + (f": {words}" if words else "") + again))
    if len(most) > 3:
        rows.append((label, ", ".join(f"{count:,} {plain(reason)}" for reason, count in most[3:])))
    return rows


def _stretch(span: Span | Gap) -> str:
    return f"{_moment(span.since) or 'the beginning'} to {_moment(span.until) or 'now'}"


def _moment(text: str | None) -> str:
    return plain(text or "").partition(".")[0].replace("T", " ").removesuffix("Z").removesuffix(":00")
