"""The report of a call: what was asked for, read and missed. It is stored in the table's attrs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from ..errors import ConfigError
from ..page.activity import Activity, count_activity
from ..page.html import Html, plain, share, table
from ..words import bytes_in_words, kind_of, seconds_in_words
from .report_text import MAX_LINES, MOST_LEARNT, NO_PICTURE, Row, advice_rows, as_text, reason_rows, source_rows
from .source_report import Gap, Missing, SourceReport, Span, source_report

__all__ = ["Gap", "Missing", "Report", "SourceReport", "Span", "after_filling", "report"]

MOST_METRICS = 100_000  # characters; ours have less than a tenth of them


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What a call asked for, read and missed. Print it, or show it in a notebook.

    Attributes
    ----------
    version : int or str
        The version of the chatframes that made it.
    created_at : str
        When the call began, ISO text in UTC.
    status : str
        ``complete``, ``open``, ``partial`` or ``failed``: see `SourceReport`.
    sources : tuple of SourceReport
        One per source, in the order they were asked for.
    images_ok, image_bytes : int
        Pictures in the table, and their bytes.
    skipped, failed : dict of str to int
        Attachments without a picture, counted by reason.
    seconds : float
        How long the call took.
    symptoms : tuple of str
        Problems that a setting can change; each has a line of advice.
    in_hand : int or None
        Rows of the frame that `report` was given; not part of `to_dict`.
    activity : Activity or None
        Messages per day in that frame; not part of `to_dict`.
    learnt : tuple of str
        How many requests at once a host took, where it took fewer than there might be.
    metrics : dict or None
        How the last call went, in numbers, as docs/metrics.md lists them. None where they were not kept: by older
        versions, and of several calls together.

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
    learnt: tuple[str, ...] = ()
    metrics: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON, as it is in ``frame.attrs["chatframes"]``."""
        return {
            "version": self.version,
            "created_at": self.created_at,
            "status": self.status,
            "sources": [_source_in_attrs(source) for source in self.sources],
            "images": {
                "ok": self.images_ok,
                "bytes": self.image_bytes,
                "skipped": dict(self.skipped),
                "failed": dict(self.failed),
            },
            "seconds": self.seconds,
            "symptoms": list(self.symptoms),
            **({"learnt": list(self.learnt)} if self.learnt else {}),
            **_metrics_in_attrs(self),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Report:
        """Read what `to_dict` returned; missing parts are taken as empty.

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
                sources=tuple(source_report(source) for source in data.get("sources") or ()),
                images_ok=int(images.get("ok") or 0),
                image_bytes=int(images.get("bytes") or 0),
                skipped={str(reason): int(n) for reason, n in (images.get("skipped") or {}).items()},
                failed={str(reason): int(n) for reason, n in (images.get("failed") or {}).items()},
                seconds=float(data.get("seconds") or 0.0),
                symptoms=tuple(str(symptom) for symptom in data.get("symptoms") or ()),
                learnt=tuple(str(line) for line in data.get("learnt") or ()),
                metrics=_metrics(data.get("metrics")),
            )
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            raise ConfigError(f"This is not a report of chatframes ({error}): fetch the chat again.") from error

    def __str__(self) -> str:
        return as_text(self._rows())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(self._html())  # a plain text: what others cut out of `Html` and join would be escaped twice

    def _html(self) -> Html:
        outcomes = [
            ("ok", self.images_ok),
            ("skipped", sum(n for reason, n in self.skipped.items() if reason not in NO_PICTURE)),
            ("failed", sum(self.failed.values())),
        ]
        filtered = self.in_hand is not None and self.in_hand != sum(source.messages for source in self.sources)
        noun = "messages in this frame" if filtered else "messages"
        plots = self.activity.html(noun) if self.activity is not None else Html()
        return table(self._rows(), below=plots + share(outcomes))

    def _rows(self) -> list[Row]:
        """Return the lines as (label, text), at most one screen of them; a line without a label is a heading."""
        messages = sum(source.messages for source in self.sources)
        pictures = {reason: n for reason, n in self.skipped.items() if reason not in NO_PICTURE}
        skipped, failed = sum(pictures.values()), sum(self.failed.values())
        lost = f", {failed:,} attachment{'' if failed == 1 else 's'} failed" if failed else ""
        head = [
            ("", f"chatframes: {plain(self.status)}, {messages:,} messages in {seconds_in_words(self.seconds)}{lost}")
        ]
        if self.in_hand is not None and self.in_hand != messages:
            head.append(("in hand", f"this frame holds {self.in_hand:,} rows; what follows tells of the whole fetch"))
        size = f" ({bytes_in_words(self.image_bytes)})" if self.images_ok else ""
        # Otherwise they would seem to be those of the last chat.
        tail: list[Row] = [("", "All chats together")] if len(self.sources) > 1 else []
        tail += [("images", f"{self.images_ok:,} ok{size}, {skipped:,} skipped, {failed:,} failed")]
        tail += reason_rows("skipped", pictures) + reason_rows("failed", self.failed)
        tail += reason_rows("others", {reason: n for reason, n in self.skipped.items() if reason in NO_PICTURE})
        tail += [("note", plain(line)) for line in self.learnt[:MOST_LEARNT]]
        tail += advice_rows(self.symptoms)
        # Incomplete sources come first, so that a long list does not cut them off.
        chats = [row for s in sorted(self.sources, key=lambda s: s.status == "complete") for row in source_rows(s)]
        room = MAX_LINES - len(head) - len(tail)
        if len(chats) > room:
            left = len(chats) - room + 1
            chats = [*chats[: room - 1], ("…", f"{left} more lines; report(frame).sources holds all")]
        return head + chats + tail


def report(source: pd.DataFrame | Mapping[str, Any] | Report) -> Report:
    """Return the report that a frame carries; `exports.reading.report`, which users call, says the rest.

    Raises
    ------
    ConfigError
        If the frame carries none.
    """
    if isinstance(source, Report):
        return source
    if not isinstance(source, pd.DataFrame | Mapping):
        raise ConfigError(
            "report() takes a frame of fetch() or read_parquet(), or the name of an export's folder, not "
            f"{kind_of(source)}."
        )
    data = source.attrs.get("chatframes") if isinstance(source, pd.DataFrame) else source
    if not isinstance(data, Mapping):
        raise ConfigError(
            "This frame carries no report: it was built from others (pd.merge and pd.concat drop frame.attrs, "
            "chatframes.concat keeps the reports) or rewritten by another tool. Call report() on the frame that "
            "fetch() or read_parquet() gave."
        )
    whole_fetch = Report.from_dict(data)
    if not isinstance(source, pd.DataFrame):
        return whole_fetch
    times = source.get("created_at")
    activity = count_activity(times) if times is not None and isinstance(times.dtype, pd.DatetimeTZDtype) else None
    return replace(whole_fetch, in_hand=len(source), activity=activity)


def after_filling(
    attrs: Mapping[Any, Any], report: Report, before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]
) -> dict[Any, Any]:
    """Return the `attrs` of a frame whose pictures were filled in; a report that cannot be read stays as it is.

    Its counts follow the entries of `media`, as they were `before` and are `after`; the metrics are of the second call.
    """
    told = attrs.get("chatframes")
    if not isinstance(told, Mapping):
        return dict(attrs)
    try:
        first = Report.from_dict(told)
    except ConfigError:  # `report` says so; the pictures are there
        return dict(attrs)
    ok, size = first.images_ok, first.image_bytes
    lost = {"skipped": Counter(first.skipped), "failed": Counter(first.failed)}
    for entries, step in ((before, -1), (after, 1)):
        for entry in entries:
            if entry["status"] == "ok":
                ok, size = ok + step, size + step * (entry.get("size") or 0)
            elif entry["status"] in lost:
                lost[entry["status"]][str(entry["reason"])] += step
    images = {"ok": max(0, ok), "bytes": max(0, size), **{status: dict(+counts) for status, counts in lost.items()}}
    others = {name: value for name, value in told.items() if name != "metrics"}
    return {**attrs, "chatframes": {**others, "images": images, **_metrics_in_attrs(report)}}


def _metrics_in_attrs(report: Report) -> dict[str, str]:
    # As text: pandas copies `attrs` with every step, and `frame[mask]` would take 0.5 ms more.
    return {"metrics": json.dumps(report.metrics, allow_nan=False)} if report.metrics else {}


def _metrics(told: object) -> dict[str, Any] | None:
    """Read the metrics of a report; None where they are odd, which is no reason to refuse the report."""
    try:
        text = told if isinstance(told, str) else json.dumps(told)
        read = json.loads(text, parse_constant=_no_number) if len(text) <= MOST_METRICS else None
    except (TypeError, ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) and read else None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON.")


def _source_in_attrs(source: SourceReport) -> dict[str, Any]:
    told: dict[str, Any] = _lists(asdict(source))
    if source.begins is None:  # as older versions wrote it
        del told["begins"]
    return told


def _lists(value: Any) -> Any:
    """Turn tuples into lists, as JSON does, so that a report is the same before and after a file."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value
