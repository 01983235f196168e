"""Bring the folder and its journal together again, after whatever has happened to either."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex

import pyarrow as pa

from ..model import Window
from ..settings.images import MAX_SIZE_BYTES
from .facts import Indexed
from .folder import Folder, sqlite_code
from .journal import Journal
from .parts import footer_of, row_groups, sha256_of
from .rows import INDEXED, Tally, index

__all__ = ["open_journal", "recover"]


def open_journal(folder: Folder) -> Journal:
    """Open the journal of a folder that is locked; one that is damaged is set aside and rebuilt from the parts."""
    try:
        journal = Journal(folder)
        journal.create()
        journal.parts()
    except sqlite3.DatabaseError as error:
        if sqlite_code(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        _set_aside(folder, folder.journal)
        journal = Journal(folder)
        journal.create()
    return journal


def recover(folder: Folder, journal: Journal) -> list[str]:
    """Adopt what is whole, forget what is not, and move strangers out of the way of the readers.

    Returns
    -------
    list of str
        A sentence for each file that was moved.
    """
    moved: list[str] = []
    for path in folder.tmp.iterdir():
        path.unlink()
    for number, sha256, covered, sources in journal.prepared():
        path = folder.part(number)
        if path.exists() and sha256_of(path) == sha256:
            _adopt(folder, journal, number, sha256, covered, sources)
    journal.forget_prepared()
    known = journal.parts()
    for number, (_, size, _) in known.items():
        path = folder.part(number)
        if not path.exists() or path.stat().st_size != size:
            if path.exists():
                moved.append(_moved(folder, path, "was not what had been written"))
            journal.forget_part(number)
    for path in sorted(folder.data.iterdir()):
        if path not in {folder.part(number) for number in known} and not _taken_in(folder, journal, path):
            moved.append(_moved(folder, path, "was no part of this export"))
    return moved


def _moved(folder: Folder, path: Path, why: str) -> str:
    now = _set_aside(folder, path).relative_to(folder.root)
    return f"{path.relative_to(folder.root)} {why}: it is now {now}, as it was, and yours to look at or delete."


def _taken_in(folder: Folder, journal: Journal, path: Path) -> bool:
    """Adopt a part that the journal does not know, as after its loss; return whether it is one."""
    number = next((number for number, place in folder.parts().items() if place == path), None)
    report = footer_of(path) if number is not None and path.is_file() else None
    if number is None or report is None or _overlaps(journal, path):
        return False
    _adopt(folder, journal, number, sha256_of(path), (), {})
    return True


def _overlaps(journal: Journal, path: Path) -> bool:
    """Whether a file is no table of messages, or holds messages that another part holds."""
    try:
        return any(journal.find(table["uid"].to_pylist()) for table in row_groups(path, ["uid"]))
    except (pa.ArrowException, OSError, KeyError):
        return True


def _adopt(
    folder: Folder,
    journal: Journal,
    number: int,
    sha256: str,
    covered: Sequence[tuple[int, Window]],
    sources: Mapping[str, int],
) -> None:
    """Index a part from its file."""
    path = folder.part(number)
    before = set(journal.of_part(number))
    found: list[Indexed] = []
    tally = Tally()
    for table in row_groups(path, INDEXED):
        found += index(table, MAX_SIZE_BYTES)
        tally.add(table)
    for each in found:
        each.source = sources.get(each.uid)
    gone = before - {each.uid for each in found}
    journal.done(number, sha256, path.stat().st_size, tally.facts(), found, gone, covered)


def _set_aside(folder: Folder, path: Path) -> Path:
    folder.orphans.mkdir(parents=True, exist_ok=True)
    place = folder.orphans / f"{path.name}.{token_hex(4)}"
    os.replace(path, place)
    return place
