"""The tables of a journal: what they are, and whether those in a file are they."""

from __future__ import annotations

import sqlite3

__all__ = ["VERSION", "create", "is_sound"]

VERSION = 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS sources (
    id INTEGER PRIMARY KEY, identity TEXT UNIQUE, label TEXT, wish TEXT, most INTEGER, chat_id TEXT, chat_name TEXT,
    since TEXT, until TEXT, begins INTEGER, is_open INTEGER, read_at INTEGER, report TEXT);
CREATE TABLE IF NOT EXISTS covered (source INTEGER, since INTEGER, until INTEGER);
CREATE TABLE IF NOT EXISTS missing (source INTEGER, message_id TEXT, PRIMARY KEY (source, message_id));
CREATE TABLE IF NOT EXISTS parts (number INTEGER PRIMARY KEY, sha256 TEXT, bytes INTEGER, facts TEXT);
CREATE TABLE IF NOT EXISTS checked (number INTEGER PRIMARY KEY, modified INTEGER);
CREATE TABLE IF NOT EXISTS lost (uid TEXT PRIMARY KEY, source INTEGER, message_id TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS prepared (number INTEGER PRIMARY KEY, sha256 TEXT, covered TEXT, sources TEXT);
CREATE TABLE IF NOT EXISTS messages (
    uid TEXT PRIMARY KEY, part INTEGER, source INTEGER, created INTEGER, message_id TEXT, parent TEXT, thread TEXT,
    depth INTEGER, digest BLOB, media TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_by_part ON messages (part);
CREATE INDEX IF NOT EXISTS messages_by_source ON messages (source, created);
CREATE TABLE IF NOT EXISTS pictures (key TEXT PRIMARY KEY, uid TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retries (
    uid TEXT, position INTEGER, reason TEXT, size INTEGER, cap INTEGER, PRIMARY KEY (uid, position)) WITHOUT ROWID;
"""


def create(db: sqlite3.Connection) -> None:
    """Create the tables that are not there."""
    for statement in SCHEMA.split(";"):
        db.execute(statement)
    db.execute("INSERT OR IGNORE INTO facts VALUES ('version', ?)", (VERSION,))


def is_sound(db: sqlite3.Connection) -> bool:
    """Whether SQLite finds nothing wrong, and the tables are ours.

    Raises
    ------
    sqlite3.DatabaseError
        Something is wrong.

    Examples
    --------
    >>> db = sqlite3.connect(":memory:", isolation_level=None)
    >>> create(db)
    >>> is_sound(db)
    True
    >>> db.close()
    """
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        return False
    for statement in SCHEMA.split(";")[:-1]:  # a table of that name may be somebody else's
        name = statement.split("(")[0].split()[-1]
        if "CREATE TABLE" in statement:
            db.execute(f"SELECT {_columns(statement)} FROM {name} LIMIT 1").fetchall()  # noqa: S608 (our names)
    return True


def _columns(statement: str) -> str:
    """Return the names of the columns in the statement that creates a table."""
    listed = statement.partition("(")[2].split(", PRIMARY KEY (")[0]
    return ", ".join(each.split()[0] for each in listed.split(","))
