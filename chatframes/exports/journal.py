"""The journal of an export: what has been read, which part holds each message, and what is worth another try.

It is the only thing that says what is done. A part counts from the moment in which the journal says so, and the windows
whose messages it holds count from the same moment.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from typing import Any

from ..model import Window
from .facts import Indexed, PartFacts, Retry, SourceFacts, moment, ticks, united
from .folder import Folder
from .tables import create, is_sound

__all__ = ["DOUBTED", "Journal"]

DOUBTED = -1  # instead of the time of a part's last change: verify has found something in it
_CHUNK = 500  # SQLite takes at most 999 values in a statement on old systems


class Journal:
    """The journal of one folder. Not safe for threads; a second one may read while the first writes.

    Parameters
    ----------
    folder : Folder
    """

    def __init__(self, folder: Folder) -> None:
        self._db = sqlite3.connect(folder.journal, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode=DELETE")  # a write-ahead log fails on network folders
            self._db.execute("PRAGMA synchronous=FULL")
        except BaseException:
            self._db.close()
            raise

    def create(self) -> None:
        """Create the tables that are not there."""
        with self.change():
            create(self._db)

    def version(self) -> int:
        """Return the version of the tables, as `tables.VERSION` was when they were made; 0 where none is noted."""
        return int(self.fact("version") or 0)

    def is_sound(self) -> bool:
        """Whether SQLite finds nothing wrong, and the tables are ours."""
        return is_sound(self._db)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make several changes one: all of them happen, or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # on a full disk SQLite may have taken it back itself
                with suppress(sqlite3.Error):  # what happened first is what is said
                    self._db.execute("ROLLBACK")
            raise

    def fact(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def set_fact(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    # --- sources ----------------------------------------------------------------------------------------------------

    def sources(self) -> list[SourceFacts]:
        """Return every source that was ever asked for, in that order."""
        names = [field.name for field in fields(SourceFacts)]
        rows = self._db.execute(f"SELECT {', '.join(names)} FROM sources ORDER BY id")  # noqa: S608 (our names)
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [
            SourceFacts(**{**row, "is_open": bool(row["is_open"]), "report": json.loads(row["report"] or "null")})
            for row in found
        ]

    def source_called(self, identity: str) -> SourceFacts | None:
        row = self._db.execute("SELECT id FROM sources WHERE identity = ?", (identity,)).fetchone()
        return None if row is None else next(facts for facts in self.sources() if facts.id == row[0])

    def add_source(self, identity: str, label: str) -> int:
        self._db.execute("INSERT OR IGNORE INTO sources (identity, label) VALUES (?, ?)", (identity, label))
        return int(self._db.execute("SELECT id FROM sources WHERE identity = ?", (identity,)).fetchone()[0])

    def update_source(self, source: int, **values: object) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE sources SET {names} WHERE id = ?", (*values.values(), source))  # noqa: S608 (our names)

    def forget_source(self, source: int) -> None:
        """Forget a source that has brought nothing."""
        for table, column in (("covered", "source"), ("missing", "source"), ("sources", "id")):
            self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", (source,))  # noqa: S608 (our names)

    def covered(self, source: int) -> list[Window]:
        rows = self._db.execute("SELECT since, until FROM covered WHERE source = ? ORDER BY since", (source,))
        return [Window(moment(since), moment(until)) for since, until in rows]

    def cover(self, windows: Iterable[tuple[int, Window]]) -> None:
        """Add windows of sources to what has been read."""
        for source, window in windows:
            self._set_covered(source, [*self.covered(source), window])

    def uncover(self, source: int, window: Window | None = None) -> None:
        """Take a window, or all, out of what has been read."""
        left: list[Window] = []
        if window is not None:
            for each in self.covered(source):
                left += [
                    piece
                    for piece in (
                        Window(each.since, min(each.until, window.since)),
                        Window(max(each.since, window.until), each.until),
                    )
                    if piece.since < piece.until
                ]
        self._set_covered(source, left)

    def _set_covered(self, source: int, windows: Sequence[Window]) -> None:
        self._db.execute("DELETE FROM covered WHERE source = ?", (source,))
        self._db.executemany(
            "INSERT INTO covered VALUES (?, ?, ?)", [(source, ticks(w.since), ticks(w.until)) for w in united(windows)]
        )

    def missing(self) -> dict[int, list[str]]:
        """Return the ids of the messages that a service named and did not give, by source."""
        found: dict[int, list[str]] = {}
        for source, message_id in self._db.execute("SELECT source, message_id FROM missing"):
            found.setdefault(source, []).append(message_id)
        return found

    def set_missing(self, source: int, ids: Iterable[str]) -> None:
        self._db.execute("DELETE FROM missing WHERE source = ?", (source,))
        self._db.executemany("INSERT OR IGNORE INTO missing VALUES (?, ?)", [(source, each) for each in ids])

    # --- parts ------------------------------------------------------------------------------------------------------

    def parts(self) -> dict[int, tuple[str, int, PartFacts]]:
        """Return the SHA-256, the bytes and the facts of each part that is done, by number."""
        rows = self._db.execute("SELECT number, sha256, bytes, facts FROM parts ORDER BY number")
        return {number: (sha256, size, PartFacts(**json.loads(facts))) for number, sha256, size, facts in rows}

    def prepare(
        self, number: int, sha256: str, covered: Sequence[tuple[int, Window]], sources: Mapping[str, int]
    ) -> None:
        """Note that a part is about to take its place, and what will have been read then."""
        windows = [(source, ticks(window.since), ticks(window.until)) for source, window in covered]
        with self.change():
            self._db.execute(
                "INSERT OR REPLACE INTO prepared VALUES (?, ?, ?, ?)",
                (number, sha256, json.dumps(windows), json.dumps(dict(sources))),
            )

    def prepared(self) -> list[tuple[int, str, list[tuple[int, Window]], dict[str, int]]]:
        return [
            (number, sha, [(s, Window(moment(a), moment(b))) for s, a, b in json.loads(covered)], json.loads(sources))
            for number, sha, covered, sources in self._db.execute("SELECT * FROM prepared ORDER BY number")
        ]

    def forget_prepared(self) -> None:
        self._db.execute("DELETE FROM prepared")

    def done(
        self,
        number: int,
        sha256: str,
        size: int,
        modified: int,
        facts: PartFacts,
        rows: Iterable[Indexed],
        dropped: Iterable[str],
        covered: Iterable[tuple[int, Window]],
    ) -> None:
        """Note that a part is in its place: these rows of it are new or changed, those messages are no longer in it."""
        values = json.dumps(asdict(facts))
        with self.change():
            self._db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", (number, sha256, size, values))
            self._db.execute("INSERT OR REPLACE INTO checked VALUES (?, ?)", (number, modified))
            self._index(number, rows)
            self._remove(dropped)
            self.cover(covered)
            self._db.execute("DELETE FROM prepared WHERE number = ?", (number,))

    def checked(self) -> dict[int, int]:
        """Return when the file of each part was last changed that was known to be whole; DOUBTED, where it is not."""
        return dict(self._db.execute("SELECT number, modified FROM checked"))

    def set_checked(self, number: int, modified: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO checked VALUES (?, ?)", (number, modified))

    def lose(self, number: int, uids: Iterable[str]) -> None:
        """Forget messages of a part that are damaged or gone, and that any of what the folder holds has been read."""
        gone = [(uid,) for uid in uids]
        with self.change():
            # Of every source: two of them may be one chat by two names, and a row knows only one.
            for source in self.sources():
                self.uncover(source.id)
                self.update_source(source.id, begins=None, is_open=0)
            self._db.executemany(
                "INSERT OR REPLACE INTO lost SELECT uid, source, message_id FROM messages WHERE uid = ?", gone
            )
            self._remove(uid for (uid,) in gone)
            self._db.execute("DELETE FROM checked WHERE number = ?", (number,))

    def lost(self) -> dict[int | None, list[str]]:
        """Return the ids of the messages that were lost with a part and have not come again, by source."""
        found: dict[int | None, list[str]] = {}
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'lost'").fetchone():
            return found  # an older version has written it
        for source, message_id in self._db.execute("SELECT source, message_id FROM lost ORDER BY message_id"):
            found.setdefault(source, []).append(message_id)
        return found

    def forget_part(self, number: int) -> None:
        """Forget a part whose file is gone, and that what it held has been read."""
        self.lose(number, self.of_part(number))
        self._db.execute("DELETE FROM parts WHERE number = ?", (number,))

    def _index(self, number: int, rows: Iterable[Indexed]) -> None:
        listed = list(rows)
        self._db.executemany("DELETE FROM retries WHERE uid = ?", [(row.uid,) for row in listed])
        self._db.executemany("DELETE FROM lost WHERE uid = ?", [(row.uid,) for row in listed])
        self._db.executemany(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uid) DO UPDATE SET "
            "part = excluded.part, created = excluded.created, parent = excluded.parent, thread = excluded.thread, "
            "depth = excluded.depth, digest = excluded.digest, media = excluded.media, "
            "source = coalesce(source, excluded.source)",
            [
                (
                    r.uid,
                    number,
                    r.source,
                    r.created,
                    r.message_id,
                    r.parent,
                    r.thread,
                    r.depth,
                    r.digest,
                    json.dumps(r.media),
                )
                for r in listed
            ],
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO retries VALUES (?, ?, ?, ?, ?)",
            [(row.uid, r.position, r.reason, r.size, r.cap) for row in listed for r in row.retries],
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO pictures VALUES (?, ?)", [(key, row.uid) for row in listed for key in row.pictures]
        )

    def _remove(self, uids: Iterable[str]) -> None:
        gone = [(uid,) for uid in uids]
        self._db.executemany("DELETE FROM retries WHERE uid = ?", gone)
        self._db.executemany("DELETE FROM messages WHERE uid = ?", gone)

    # --- messages ---------------------------------------------------------------------------------------------------

    def find(self, uids: Sequence[str]) -> dict[str, tuple[int, bytes, int | None]]:
        """Return the part, the digest and the source of each of these messages that is there."""
        return self._of(uids, "part, digest, source")

    def claim(self, sources: Mapping[str, int]) -> None:
        """Note which sources messages have come from."""
        with self.change():
            self._db.executemany(
                "UPDATE messages SET source = ? WHERE uid = ?", [(source, uid) for uid, source in sources.items()]
            )

    def media(self, uid: str) -> tuple[list[str], dict[int, Retry]] | None:
        """Return the attachments of a message that is there, and those worth another try by position."""
        row = self._db.execute("SELECT media FROM messages WHERE uid = ?", (uid,)).fetchone()
        if row is None:
            return None
        retries = self._db.execute("SELECT position, reason, size, cap FROM retries WHERE uid = ?", (uid,))
        return json.loads(row[0]), {each[0]: Retry(*each) for each in retries}

    def picture(self, key: str) -> tuple[str, int] | None:
        """Return a message that shows a picture, and its part."""
        query = "SELECT p.uid, m.part FROM pictures p JOIN messages m ON m.uid = p.uid WHERE p.key = ?"
        row = self._db.execute(query, (key,)).fetchone()
        return None if row is None else (row[0], row[1])

    def threads(self, uids: Sequence[str]) -> dict[str, tuple[str | None, str | None, int | None, str]]:
        """Return the parent, thread, depth and message id of each of these messages that is there."""
        return self._of(uids, "parent, thread, depth, message_id")

    def _of(self, uids: Sequence[str], columns: str) -> dict[str, Any]:
        """Return these columns of each of these messages that is there."""
        found: dict[str, Any] = {}
        for start in range(0, len(uids), _CHUNK):
            some = uids[start : start + _CHUNK]
            marks = ",".join("?" * len(some))
            query = f"SELECT uid, {columns} FROM messages WHERE uid IN ({marks})"  # noqa: S608 (our names)
            found |= {row[0]: row[1:] for row in self._db.execute(query, some)}
        return found

    def without_thread(self, part: int) -> list[str]:
        """Return the messages of a part whose depth or thread is not known."""
        query = "SELECT uid FROM messages WHERE part = ? AND (depth IS NULL OR thread IS NULL)"
        return [uid for (uid,) in self._db.execute(query, (part,))]

    def with_retries(self, source: int) -> list[tuple[str, int, list[Retry]]]:
        """Return the messages of a source that have attachments worth another try, part by part."""
        query = (
            "SELECT m.uid, m.part, r.position, r.reason, r.size, r.cap FROM retries r JOIN messages m ON m.uid = r.uid "
            "WHERE m.source = ? ORDER BY m.part, m.created, m.uid"
        )
        found: dict[str, tuple[str, int, list[Retry]]] = {}
        for uid, part, *retry in self._db.execute(query, (source,)):
            found.setdefault(uid, (uid, part, []))[2].append(Retry(*retry))
        return list(found.values())

    def in_window(self, source: int, window: Window) -> list[tuple[str, int]]:
        """Return the messages of a source that were written in a window, each with its part."""
        query = (
            "SELECT uid, part FROM messages WHERE source = ? AND created >= ? AND created < ? ORDER BY part, created"
        )
        return list(self._db.execute(query, (source, ticks(window.since), ticks(window.until))))

    def of_part(self, part: int) -> list[str]:
        """Return the messages of a part."""
        return [uid for (uid,) in self._db.execute("SELECT uid FROM messages WHERE part = ?", (part,))]

    def of_source(self, source: int) -> list[str]:
        """Return the messages that a source has brought."""
        return [uid for (uid,) in self._db.execute("SELECT uid FROM messages WHERE source = ?", (source,))]

    def counts_of_parts(self) -> dict[int, int]:
        """Return how many messages each part holds."""
        return dict(self._db.execute("SELECT part, count(*) FROM messages GROUP BY part"))

    def counts(self) -> dict[int | None, int]:
        """Return how many messages each source has brought."""
        return dict(self._db.execute("SELECT source, count(*) FROM messages GROUP BY source"))
