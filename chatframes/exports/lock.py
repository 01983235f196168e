"""One writer at a time: a lock that the system lets go of when its owner dies."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from ..errors import ConfigError
from ..page.html import plain
from ..windows import utc_text
from .folder import Folder
from .trouble import sqlite_code, trouble_said

__all__ = ["held"]

LOOKS = 40  # at who the owner is, of which the first ones may come before it has written its name
BETWEEN_LOOKS_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Owner:
    pid: int
    since: str
    token: str

    def is_alive(self) -> bool:
        """Whether that process is there; on Windows there is no harmless way to ask."""
        if os.name == "nt":
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except (OSError, OverflowError):  # it is somebody else's
            return True
        return True


@contextmanager
def held(folder: Folder, wait: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Be the only writer of the folder for as long as the block takes.

    Parameters
    ----------
    folder : Folder
        Its folders are there.
    wait : callable
        Waits so many seconds.

    Raises
    ------
    ConfigError
        Another process is; the message names it.
    OSError
        Files cannot be locked there.
    """
    token = token_hex(8)
    with trouble_said(folder):
        connection = _taken(folder, token, wait)
    with closing(connection):
        yield


def _taken(folder: Folder, token: str, wait: Callable[[float], None]) -> sqlite3.Connection:
    """Return the connection that holds the lock."""
    could_look = False
    for look in range(LOOKS):
        if look:
            wait(BETWEEN_LOOKS_SECONDS)
        connection = _connect(folder)
        try:
            if _take(connection, folder, token):
                return connection
            owner = _owner(connection)
            could_look = True
        except sqlite3.Error as error:
            if not _goes_away(error, folder):
                connection.close()
                raise
            owner = None
        connection.close()
        # Without a name, or with that of a dead process, the owner has just begun and is about to write its own.
        if owner is not None and owner.token != token and owner.is_alive():
            raise _refused(folder, f"process {owner.pid}, since {owner.since}")
    if not could_look:  # nobody keeps others from reading for so long
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    raise _refused(folder, "another process")


def _goes_away(error: sqlite3.Error, folder: Folder) -> bool:
    """Whether another look may do better; a lock file that is none is made one, as it holds nothing."""
    code = sqlite_code(error)
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_ERROR):
        # Not removed: whoever has locked it at this moment must not be left with a file that has no name.
        os.truncate(folder.lock, 0)
        return True
    return code == sqlite3.SQLITE_BUSY


def _take(connection: sqlite3.Connection, folder: Folder, token: str) -> bool:
    """Take the lock and write down who has it; return whether that worked."""
    if not _begin(connection):
        return False
    with _room_or_not(connection):
        connection.execute("CREATE TABLE IF NOT EXISTS owner (pid INTEGER, since TEXT, token TEXT)")
        connection.execute("DELETE FROM owner")
        values = (os.getpid(), utc_text(datetime.now(UTC)), token)
        connection.execute("INSERT INTO owner (pid, since, token) VALUES (?, ?, ?)", values)
        connection.execute("COMMIT")
    # Held, and never committed: others can read the owner. One of them may have come between.
    return (connection.in_transaction or _begin(connection)) and _is_at_its_place(folder)


def _begin(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if sqlite_code(error) != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


@contextmanager
def _room_or_not(connection: sqlite3.Connection) -> Iterator[None]:
    """Go on without a name on a full disk: what lies in the folder unfinished can be removed under the lock only."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if sqlite_code(error) not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise
        with suppress(sqlite3.Error):  # SQLite has done so itself
            connection.execute("ROLLBACK")


def _is_at_its_place(folder: Folder) -> bool:
    """Whether the file that is locked is the one in the folder: a call that read nothing removes what it has made."""
    with closing(_connect(folder)) as other:
        try:
            return not _begin(other)
        except sqlite3.Error:
            return False


def _connect(folder: Folder) -> sqlite3.Connection:
    # No waiting for another owner.
    return sqlite3.connect(folder.lock, timeout=0, isolation_level=None, check_same_thread=False)


def _owner(connection: sqlite3.Connection) -> _Owner | None:
    try:
        found = connection.execute("SELECT pid, since, token FROM owner").fetchone()
    except sqlite3.OperationalError as error:
        if sqlite_code(error) != sqlite3.SQLITE_ERROR:
            raise
        return None  # there is no such table yet
    return None if found is None else _Owner(*found)


def _refused(folder: Folder, owner: str) -> ConfigError:
    return ConfigError(
        f"{plain(folder.root)} is being written by {owner}: wait until that export is done, or export into another "
        "folder."
    )
