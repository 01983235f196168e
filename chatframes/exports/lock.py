"""One writer at a time: a lock that the system lets go of when its owner dies."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from ..errors import ConfigError
from ..windows import utc_text
from .folder import Folder, sqlite_code, trouble_said

__all__ = ["held"]


@contextmanager
def held(folder: Folder) -> Iterator[None]:
    """Be the only writer of the folder for as long as the block takes.

    Raises
    ------
    ConfigError
        Another process is; the message names it.
    OSError
        Files cannot be locked there.
    """
    with trouble_said(folder):
        connection = _connect(folder)
    with closing(connection):
        with trouble_said(folder):
            _take(connection, folder)
        yield


def _take(connection: sqlite3.Connection, folder: Folder) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE IF NOT EXISTS owner (pid INTEGER, since TEXT)")
        connection.execute("DELETE FROM owner")
        connection.execute("INSERT INTO owner VALUES (?, ?)", (os.getpid(), utc_text(datetime.now(UTC))))
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")  # held, and never committed: others can read the owner
    except sqlite3.OperationalError as error:
        if sqlite_code(error) != sqlite3.SQLITE_BUSY:
            raise
        raise ConfigError(
            f"{folder.root} is being written by {_owner(connection)}: wait until that export is done, or export "
            "into another folder."
        ) from None


def _connect(folder: Folder) -> sqlite3.Connection:
    # A journal of its own, so that a write-ahead log never lies beside it; no waiting for another owner.
    return sqlite3.connect(folder.lock, timeout=0, isolation_level=None, check_same_thread=False)


def _owner(connection: sqlite3.Connection) -> str:
    try:
        pid, since = connection.execute("SELECT pid, since FROM owner").fetchone()
    except (sqlite3.Error, TypeError):
        return "another process"
    return f"process {pid}, since {since}"
