"""What a call notes of its sources belongs to the journal that it has open, also when that is built anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from help.exports import order, source

import chatframes as cf
from chatframes.exports.books import Books
from chatframes.exports.folder import Folder
from chatframes.exports.journal import Journal
from chatframes.model import Window
from chatframes.table.source_report import SourceReport
from chatframes.transfer.clock import Clock

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OCTOBER = Window(datetime(2026, 10, 1, tzinfo=UTC), NOW)


def new_journal(root: Path) -> Journal:
    folder = Folder(root)
    folder.own.mkdir(parents=True)
    journal = Journal(folder)
    journal.create()
    return journal


def end_without_reading(books: Books, wanted: cf.Webex) -> None:
    failed = SimpleNamespace(
        source=wanted,
        timeline=None,
        window=OCTOBER,
        asked=SimpleNamespace(since=None),
        error=None,
        status="failed",
        missing=0,
        missing_ids=[],
        chat=None,
        not_asked_again=False,
    )
    told = SourceReport(wanted.label, status="failed")
    books.end([failed], cf.Report(sources=(told,)))  # type: ignore[list-item]


def test_days_that_an_old_journal_had_read_are_not_read_in_one_that_was_built_anew(tmp_path: Path) -> None:
    wanted = source("webex")
    books = Books(order(wanted, tmp_path / "old", {}), Clock(now=lambda: NOW))
    books.journal = old = new_journal(tmp_path / "old")
    books.begin()
    with old.change():
        old.cover([(books.number_of(wanted), OCTOBER)])
    books.begin()  # the next call, which knows these days
    end_without_reading(books, wanted)
    assert old.covered(books.number_of(wanted)) == [OCTOBER], "a call that read nothing takes nothing back"

    books.begin()
    books.journal = new = new_journal(tmp_path / "new")  # the old one was damaged in the midst of the call
    books.begin()
    end_without_reading(books, wanted)
    assert new.covered(books.number_of(wanted)) == []
    old.close()
    new.close()
