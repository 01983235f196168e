"""Say in a sentence what the disk did, and what to do."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..page.html import plain
from ..words import bytes_in_words
from .folder import Folder

__all__ = ["DamagedJournal", "is_damage", "sqlite_code", "trouble_said"]

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
TO_BEGIN_BYTES = 2**20  # for the journal and its changes, before the first part


class DamagedJournal(OSError):
    """The journal turns out to be damaged in the midst of a call."""


DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is damaged, and not that the disk is full or somebody else writes."""
    if sqlite_code(error) == 0:  # from Python itself: a text that is no UTF-8
        return isinstance(error, sqlite3.OperationalError)
    return sqlite_code(error) in DAMAGED


@contextmanager
def trouble_said(folder: Folder, needed_bytes: Callable[[], int] = lambda: TO_BEGIN_BYTES) -> Iterator[None]:
    """Turn the errors of the disk and of SQLite into an OSError that says in a sentence what to do."""
    try:
        yield
    except sqlite3.Error as error:
        if is_damage(error):
            raise DamagedJournal(
                errno.EIO,
                f"{plain(folder.journal)} is damaged: run the export again, which builds it anew from the parts.",
            ) from error
        code = _CODES.get(sqlite_code(error), errno.EIO)
        raise OSError(code, _sentence(code, f"SQLite says: {error}", folder, needed_bytes())) from error
    except OSError as error:
        code = error.errno or errno.EIO
        raise OSError(code, _sentence(code, os.strerror(code), folder, needed_bytes())) from error


_CODES = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_PROTOCOL: errno.ENOLCK,
    sqlite3.SQLITE_NOLFS: errno.EFBIG,
}


def sqlite_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary code of an error, without what an extended one says; 0 where it has none."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def _sentence(code: int, said: str, folder: Folder, needed_bytes: int) -> str:
    if code in FULL:
        reason = f"{_full(code, folder, needed_bytes)}; make room and run the export again"
    elif code in FORBIDDEN:
        reason = f"writing is not allowed there ({os.strerror(code)}); choose another folder"
    elif (obstacle := _obstacle(folder)) is not None:
        reason = f"{plain(obstacle)} is no folder, and one is needed there; move it away or choose another folder"
    elif code == errno.ENAMETOOLONG:
        reason = "the path is too long for this file system; choose a shorter one"
    elif code == errno.EXDEV:
        reason = "data/ and .chatframes/ are on two disks, and parts are moved from one into the other; put both on one"
    elif code == errno.ENOLCK:
        reason = "files cannot be locked there, as on some network drives; choose a folder on another disk"
    else:
        reason = f"{said}; choose another disk, or run the export again when this one works"
    kept = " What was exported before is as it was." if os.path.exists(folder.journal) else ""
    return f"Could not export into {plain(folder.root)}: {reason}.{kept}"


def _full(code: int, folder: Folder, needed_bytes: int) -> str:
    purpose = "to begin" if needed_bytes == TO_BEGIN_BYTES else "for the next part"
    needs = f"{bytes_in_words(needed_bytes)} needed {purpose}"
    there = next(place for place in (folder.root, *folder.root.parents) if os.path.exists(place))
    free = f"{bytes_in_words(shutil.disk_usage(there).free)} free"
    if code == errno.EDQUOT:
        return f"your share of the disk is used up ({free} for all, {needs})"
    if code == errno.EFBIG:
        return f"a file may not grow so large there, by a limit of the disk or of the system ({free}, {needs})"
    return f"the disk is full ({free}, {needs})"


def _obstacle(folder: Folder) -> Path | None:
    """Return what stands where a folder of the export, or one above it, must be."""
    places = (folder.data, folder.own, folder.tmp, folder.orphans)
    above = [each for place in places for each in (*reversed(place.parents), place)]
    return next((each for each in above if os.path.lexists(each) and not os.path.isdir(each)), None)
