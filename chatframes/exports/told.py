"""What an export says about itself: the report, from the journal alone, and the manifest for people."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from ..model import Window
from ..replace_file import replace_file
from ..table.report import Report
from ..table.source_report import MOST_IDS, NOTHING_MISSING, Gap, Missing, SourceReport, Span, source_report
from ..timeline import Timeline
from ..version import __version__
from ..windows import END_OF_TIME, EPOCH, utc_text
from ..words import counted
from .facts import SourceFacts, moment
from .folder import Folder
from .journal import Journal
from .standing import said_once, standing_of

__all__ = ["report_of", "write_manifest"]

NOT_READ = "asked for by an earlier call and not read: ask for this time again"
MOST_LOST = 10  # ids in a note
UNFINISHED = "the export was ended before this was read: run it again"


def report_of(journal: Journal, unknown: Sequence[SourceReport] = ()) -> Report:
    """Return the report of everything in a folder, from its journal, and of chats that there are none of."""
    counts = journal.counts()
    sources = (*(_source(journal, facts, counts.get(facts.id, 0)) for facts in journal.sources()), *unknown)
    parts = [facts for _, _, facts in journal.parts().values()]
    last = json.loads(journal.fact("last_call") or "{}")
    if sources and (moved := last.get("moved")):  # of the folder; a report has notes on its sources only
        sources = (replace(sources[0], notes=(*moved, *sources[0].notes)), *sources[1:])
    statuses = {source.status for source in sources}
    status = "open" if statuses <= {*NOTHING_MISSING} else "partial"
    if sources:
        sources = _with_lost(journal, sources)
    return Report(
        version=__version__,
        created_at=last.get("created_at", ""),
        status=statuses.pop() if len(statuses) == 1 else status,
        sources=sources,
        images_ok=sum(part.images_ok for part in parts),
        image_bytes=sum(part.image_bytes for part in parts),
        skipped=_added([part.skipped or {} for part in parts]),
        failed=_added([part.failed or {} for part in parts]),
        seconds=last.get("seconds", 0.0),
        symptoms=tuple(last.get("symptoms", ())),
        learnt=tuple(last.get("learnt", ())),
        metrics=last.get("metrics"),
    )


def _with_lost(journal: Journal, sources: Sequence[SourceReport]) -> tuple[SourceReport, ...]:
    """Add what was lost with a damaged part and has not come again; with the first source what is of none."""
    numbers: list[int | None] = [facts.id for facts in journal.sources()]
    lost: dict[int, list[str]] = {}  # by place among the sources
    for number, ids in journal.lost().items():
        lost.setdefault(numbers.index(number) if number in numbers else 0, []).extend(ids)
    return tuple(
        replace(source, notes=(_loss(lost[place]), *source.notes)) if place in lost else source
        for place, source in enumerate(sources)
    )


def _loss(ids: Sequence[str]) -> str:
    listed = ", ".join(ids[:MOST_LOST]) + (", …" if len(ids) > MOST_LOST else "")
    return f"{counted(len(ids), 'message')} of a damaged or missing part have not come again: {listed}"


def _source(journal: Journal, facts: SourceFacts, messages: int) -> SourceReport:
    standing = standing_of(journal, facts.id)
    last = None if facts.report is None else source_report(facts.report)
    if last is not None and not standing.windows:  # an older version has written it
        return replace(last, messages=messages)
    if last is None:
        standing = standing.joined(_asked(facts), Span(facts.since, facts.until))
    covered, gaps = _read(journal.covered(facts.id), standing.windows, last)
    named = journal.missing().get(facts.id, [])
    missing = bool(named) or (last is not None and (last.missing.count > 0 or last.status not in NOTHING_MISSING))
    status = "open" if facts.is_open else "complete"
    if gaps or missing:
        status = "partial" if messages or covered or last is None else last.status
    lacking = Missing(len(named), tuple(filter(None, named))[:MOST_IDS])
    said = last or SourceReport(facts.label, facts.chat_id, facts.chat_name, missing=lacking)
    return replace(
        said,
        chat_id=said.chat_id or facts.chat_id,
        chat_name=said.chat_name or facts.chat_name,
        requested=standing.requested or said.requested,
        covered=tuple(covered),
        gaps=tuple(gaps),
        status=status,
        messages=messages,
        notes=said_once((*said.notes, *standing.notes)),
    )


def _asked(facts: SourceFacts) -> Window:
    """Return what a call that is under way, or was ended, has asked for."""
    begins = EPOCH if facts.begins is None else moment(facts.begins)
    until = _moment(facts.until, END_OF_TIME)
    return Window(min(_moment(facts.since, begins), until), until)


def _read(
    windows: Sequence[Window], asked: Sequence[Window], last: SourceReport | None
) -> tuple[list[Span], list[Gap]]:
    """Return what was read of what was asked for, and what was not, with the reason that the last call gives."""
    reasons = [
        (Window(_moment(gap.since, EPOCH), _moment(gap.until, END_OF_TIME)), gap.reason)
        for gap in (() if last is None else last.gaps)
    ]
    covered: list[Span] = []
    gaps: list[Gap] = []
    for each in asked:
        timeline = Timeline(each)
        for window in windows:
            timeline.cover(window)
        covered += map(_span, timeline.covered())
        explained = timeline.explained_gaps(reasons, UNFINISHED if last is None else NOT_READ)
        gaps += [Gap(_span(gap).since, _span(gap).until, reason) for gap, reason in explained]
    return covered, gaps


def _moment(text: str | None, otherwise: datetime) -> datetime:
    return otherwise if text is None else datetime.fromisoformat(text)


def _span(window: Window) -> Span:
    since = None if window.since <= EPOCH else utc_text(window.since)
    return Span(since, None if window.until >= END_OF_TIME else utc_text(window.until))


def _added(counts: list[Mapping[str, int]]) -> dict[str, int]:
    reasons = sorted({reason for each in counts for reason in each})
    return {reason: sum(each.get(reason, 0) for each in counts) for reason in reasons}


def write_manifest(folder: Folder, journal: Journal) -> None:
    """Write what is in the folder, for people; only the id of the export is read back, should the journal be lost."""
    report = report_of(journal)
    manifest: dict[str, Any] = {
        "export": journal.fact("export"),
        "report": report.to_dict(),
        "covered": {
            facts.label: [asdict(_span(window)) for window in journal.covered(facts.id)] for facts in journal.sources()
        },
        "parts": [
            {"name": folder.part(number).name, "rows": facts.rows, "bytes": size, "sha256": sha256}
            for number, (sha256, size, facts) in journal.parts().items()
        ],
        "last_call": json.loads(journal.fact("last_call") or "{}"),
        "versions": {
            "chatframes": __version__,
            "pandas": pd.__version__,
            "pyarrow": pa.__version__,
            "python": platform.python_version(),
        },
    }
    with replace_file(folder.manifest) as file:
        file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode())
