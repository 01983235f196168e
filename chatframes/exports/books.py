"""What one call tells the journal: what is asked for when it begins, and what has been read when it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ..errors import ChatNotFound, ConfigError
from ..model import Window
from ..page.html import plain
from ..road.reading import Reading
from ..sources import Source
from ..table.report import Report
from ..table.source_report import SourceReport, source_report
from ..transfer.clock import Clock
from ..windows import EPOCH, parse_bounds, utc_text
from .earlier import ends_elsewhere, identity_of, window_to_look_again
from .facts import SourceFacts, moment, ticks, united
from .journal import Journal
from .order import Order
from .standing import forget_standing, keep_standing, standing_of

__all__ = ["Books"]


class Books:
    """What one call tells the journal, in the thread of the disk.

    Attributes
    ----------
    journal : Journal
        The one that is open; a damaged one is replaced in the midst of a call.
    now : datetime.datetime
        When the call began.
    look_again : dict of int to Window
        By the journal's number of a source: what is read again for edits and deletions.
    moved : list of str
        Sentences about files that were moved away or mended.
    not_found : list of SourceReport
        Of this call: there is no such chat, and nothing to keep.
    """

    journal: Journal

    def __init__(self, order: Order, clock: Clock) -> None:
        self._order, self._clock = order, clock
        self.now, self._started = clock.now(), clock.monotonic()
        self._ids: dict[str, int] = {}  # the journal's numbers of the sources, by chat
        self.look_again: dict[int, Window] = {}
        self._read_before: dict[int, tuple[list[Window], SourceFacts]] = {}
        self._known: dict[int, list[Window]] = {}  # of what was read before, what this call takes as read
        self.moved: list[str] = []
        self.not_found: list[SourceReport] = []

    def number_of(self, source: Source) -> int:
        return self._ids[identity_of(source).chat]

    def mark(self, reading: Reading, window: Window) -> Iterator[tuple[int, Window]]:
        """Yield what a page covers of the range that was asked for: the messages beyond it were not taken."""
        asked = reading.window
        since, until = max(window.since, asked.since), min(window.until, asked.until)
        if since < until:
            yield self.number_of(reading.source), Window(since, until)

    def begin(self) -> None:
        """Note what is asked for, and forget as much of what was read as is to be read again."""
        journal = self.journal
        raw = json.dumps(self._order.settings.raw)
        if (before := journal.fact("raw") or raw) != raw:
            raise ConfigError(
                f"{plain(self._order.folder)} was exported with raw={before.capitalize()}, and one column cannot hold "
                f"both: write raw={before.capitalize()}, or export into another folder."
            )
        missing = journal.missing()
        # A call begins again when its journal was built anew: what is noted here by the old numbers is true no more.
        for noted in (self._ids, self.look_again, self._read_before, self._known, self.not_found):
            noted.clear()
        with journal.change():
            journal.set_fact("raw", raw)
            for source in self._order.sources:
                identity = identity_of(source)
                number = self._ids[identity.chat] = journal.add_source(identity.chat, source.label)
                facts = journal.source_called(identity.chat)
                assert facts is not None
                is_new_wish = facts.wish != identity.wish
                other_number = facts.most is not None and facts.most != identity.most
                if is_new_wish or other_number:
                    forget_standing(journal, number)
                elif not ends_elsewhere(source, facts, self.now):
                    self._read_before[number] = (journal.covered(number), facts)
                if is_new_wish or other_number or number in missing:
                    journal.uncover(number)
                    journal.update_source(number, begins=None, is_open=0)
                if ends_elsewhere(source, facts, self.now):
                    journal.update_source(number, begins=None)
                window = window_to_look_again(source, facts, self._order.look_back, self.now)
                if window is not None:
                    self.look_again[number] = window
                    journal.uncover(number, window)
                self._known[number] = journal.covered(number)
                bounds = parse_bounds(source.since, source.until, source.tz, self.now)
                journal.update_source(
                    number,
                    label=source.label,
                    wish=identity.wish,
                    since=None if bounds.since is None else utc_text(bounds.since),
                    until=utc_text(bounds.until),
                    report=None,
                )
            self._say_when(Report())

    def _say_when(self, report: Report) -> None:
        """Note when this call was, what it was to do, and what its own report says of how it went."""
        self.journal.set_fact(
            "last_call",
            json.dumps(
                {
                    "created_at": utc_text(self.now),
                    "seconds": round(self._clock.monotonic() - self._started, 1),
                    "symptoms": list(report.symptoms),
                    "learnt": list(report.learnt),
                    "metrics": report.metrics,
                    "moved": self.moved,
                    "sources": [source.label for source in self._order.sources],
                    "images": asdict(self._order.settings.images),
                }
            ),
        )

    def end(self, readings: Sequence[Reading], report: Report) -> None:
        """Note what is known now that everything was read."""
        with self.journal.change():
            for reading, of_source in zip(readings, report.sources, strict=True):
                if self._is_no_chat(reading):
                    self.not_found.append(of_source)
                    forget_standing(self.journal, self.number_of(reading.source))  # another may get its number
                    self.journal.forget_source(self.number_of(reading.source))
                else:
                    self._note(reading, asdict(of_source))
            self._say_when(report)

    def keep_missing(self, readings: Sequence[Reading], report: Report) -> None:
        """Note which messages were named and did not come, and how it went, when the call ends before its time."""
        with self.journal.change():
            for reading in readings:
                if reading.missing:
                    self._set_missing(reading)
            self._say_when(report)

    def _set_missing(self, reading: Reading) -> None:
        ids = reading.missing_ids or ([""] if reading.missing else [])
        self.journal.set_missing(self.number_of(reading.source), ids)

    def _is_no_chat(self, reading: Reading) -> bool:
        """Whether a source is a mistake that has brought nothing: remembered, it would be missing for ever."""
        mistaken = isinstance(reading.error, ChatNotFound | ConfigError) and reading.status == "failed"
        return mistaken and self.number_of(reading.source) not in self.journal.counts()

    def _how_far_back(self, number: int) -> Iterator[str]:
        """Say what was not looked at for edits and deletions, if there is anything older."""
        window = self.look_again.get(number)
        if window is not None and any(covered.since < window.since for covered in self.journal.covered(number)):
            yield (
                f"edits and deletions were looked for from {window.since:%Y-%m-%d %H:%M} UTC on: what changed before "
                "stays as it was read"
            )

    def _note(self, reading: Reading, report: dict[str, Any]) -> None:
        number = self.number_of(reading.source)
        before = self._read_before.get(number)
        if before is not None and not self._has_read(number, reading):
            self._note_nothing_read(number, reading, report, *before)
            return
        facts = self.journal.source_called(identity_of(reading.source).chat)
        assert facts is not None
        begins = facts.begins
        asked = reading.window if reading.timeline is None else reading.timeline.window
        if reading.timeline is not None:
            self.journal.cover((number, window) for window in reading.timeline.covered())
            if reading.asked.since is None and asked.since > EPOCH and reading.status in ("complete", "open"):
                begins = ticks(asked.since)
        standing = standing_of(self.journal, number).answered(reading.window, self.journal.covered(number))
        # Where edits and deletions could not be looked for, the next call looks as far back as this one was to.
        has_looked = reading.timeline is not None and not reading.not_asked_again
        notes = [*(() if reading.chat is None else reading.chat.notes), *self._how_far_back(number)]
        keep_standing(self.journal, number, standing.joined(asked, source_report(report).requested, notes))
        self._set_missing(reading)
        self.journal.update_source(
            number,
            chat_id=report["chat_id"] or facts.chat_id,
            chat_name=report["chat_name"] or facts.chat_name,
            most=identity_of(reading.source).most,
            begins=begins,
            is_open=reading.status == "open" or (facts.is_open and reading.asked.since is not None),
            read_at=ticks(self.now) if has_looked or facts.read_at is None else facts.read_at,
            report=json.dumps(report),
        )

    def _has_read(self, number: int, reading: Reading) -> bool:
        """Whether a call has read any stretch that it did not take from the journal."""
        if reading.timeline is None:
            return False
        known = self._known[number]
        return united([*known, *reading.timeline.covered()]) != united(known)

    def _note_nothing_read(
        self, number: int, reading: Reading, report: dict[str, Any], covered: list[Window], facts: SourceFacts
    ) -> None:
        """Note that a call has read no message: it failed, or there was nothing to read. What was read stays read."""
        self.journal.cover((number, window) for window in covered)
        asked = reading.window if reading.timeline is None else reading.timeline.window
        if facts.begins is not None and reading.asked.since is None and moment(facts.begins) < asked.until:
            asked = Window(max(asked.since, moment(facts.begins)), asked.until)
        standing = standing_of(self.journal, number)
        keep_standing(self.journal, number, standing.joined(asked, source_report(report).requested))
        self.journal.update_source(number, begins=facts.begins, is_open=facts.is_open, report=json.dumps(report))
