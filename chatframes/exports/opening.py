"""Open the journal of an export: for the one call that writes, and for readers, which do without a damaged one."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from secrets import token_hex

from ..errors import ConfigError
from ..page.html import plain
from ..words import counted
from .folder import Folder, set_aside
from .journal import Journal
from .parts import footer_of
from .tables import VERSION
from .told import report_of
from .trouble import is_damage, sqlite_code

__all__ = ["ODD", "export_id", "is_whole", "open_journal", "readable_journal", "set_journal_aside"]

# What values may raise that somebody else has written.
ODD = (ValueError, TypeError, KeyError, AttributeError, OverflowError)


def open_journal(folder: Folder) -> tuple[Journal, list[str]]:
    """Open the journal of a folder that is locked; one that is damaged is set aside, to be rebuilt from the parts.

    Returns
    -------
    tuple of Journal and list of str
        With a sentence for people about what was set aside.

    Raises
    ------
    ConfigError
        A newer version of chatframes has written it.
    """
    said: list[str] = []
    journal = _whole(folder)
    if journal is None:
        said = [set_journal_aside(folder)]
        journal = Journal(folder)
        journal.create()
    if journal.fact("export") is None:
        parts = folder.parts()
        journal.set_fact("export", export_id(folder) or token_hex(8))
        if parts and not journal.parts():
            said.append(
                f"The journal was built anew from the {counted(len(parts), 'part')} in data/: all days are read again, "
                "and no picture that is there is."
            )
    return journal, said


def set_journal_aside(folder: Folder) -> str:
    """Put a damaged journal out of the way; return a sentence for people."""
    for name in ("journal.sqlite-journal", "journal.sqlite-wal", "journal.sqlite-shm"):
        with suppress(FileNotFoundError):  # what belongs to the damaged one would spoil the new one
            (folder.own / name).unlink()
    return set_aside(folder, folder.journal, "was damaged")


def _whole(folder: Folder) -> Journal | None:
    """Return the journal, or None where it is damaged."""
    with ExitStack() as to_close:
        try:
            journal = Journal(folder)
            to_close.callback(journal.close)
            _refuse_newer(folder, journal)
            journal.create()
            if is_whole(journal):
                to_close.pop_all()
                return journal
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
    return None


def is_whole(journal: Journal) -> bool:
    """Whether SQLite finds nothing wrong with it, and everything in it has a form that can be read."""
    if not journal.is_sound():
        return False
    try:
        journal.parts(), journal.prepared()
        report_of(journal)
    except ODD:
        return False
    return True


def _refuse_newer(folder: Folder, journal: Journal) -> None:
    try:
        version = journal.version()
    except ValueError:
        return  # it is damaged, as will be seen
    except sqlite3.OperationalError as error:
        if sqlite_code(error) != sqlite3.SQLITE_ERROR:
            raise
        return  # there is no such table yet
    if version > VERSION:
        raise ConfigError(
            f"{plain(folder.root)} was written by a newer version of chatframes: update chatframes "
            "(pip install -U chatframes), or export into another folder."
        )


def export_id(folder: Folder) -> str | None:
    """Return which export the parts are of, without the journal: the manifest says it, or most of the parts do."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        said = json.loads(folder.manifest.read_bytes())["export"]
        if isinstance(said, str):
            return said
    footers = [footer_of(path) for path in folder.parts().values()]
    named = Counter(footer.export for footer in footers if footer is not None and footer.export is not None)
    return named.most_common(1)[0][0] if named else None


@contextmanager
def readable_journal(folder: Folder) -> Iterator[Journal | None]:
    """Open the journal for a reader; None where there is none that can be read: the parts say much of it, too.

    Raises
    ------
    ConfigError
        A newer version of chatframes has written it.
    """
    with ExitStack() as to_close:
        journal = None
        try:
            if folder.journal.is_file():
                journal = Journal(folder)
                to_close.callback(journal.close)
                _refuse_newer(folder, journal)
                journal.parts(), journal.prepared(), journal.sources()
        except ConfigError:  # which is a ValueError, too
            raise
        except (sqlite3.Error, *ODD):
            to_close.close()
            journal = None
        yield journal
