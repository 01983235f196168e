"""Check an export byte by byte: each part is what was written, each message is there once, each picture is one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from errno import EIO
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from ..images.headers import inspect
from ..keywords import checks_keywords
from ..page.html import plain
from ..words import counted
from .folder import Folder, existing
from .journal import DOUBTED, Journal
from .opening import is_whole, readable_journal
from .parts import DamagedPart, footer_of, is_written, row_groups

__all__ = ["Verdict", "verify"]

MENDED = "Run the same export again, which keeps what is whole of it and fetches the rest."
DELETE = "Delete it and run the same export again, which fetches what it held."
AGAIN = "Run the same export again, which fetches what it held."
REBUILT = "Run the same export again, which builds it anew from the parts."
FIRST = "Run the export again."
MOST_PROBLEMS = 20  # in words
LOOKS = 5  # at a part that is written anew again and again while it is checked


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` has found; true when nothing is wrong.

    Attributes
    ----------
    parts, messages, pictures : int
        How many were checked.
    problems : tuple of str
        For each a sentence, and what to do to mend it.
    """

    parts: int
    messages: int
    pictures: int
    problems: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        things = ((self.parts, "part"), (self.messages, "message"), (self.pictures, "picture"))
        checked = ", ".join(counted(number, noun) for number, noun in things)
        if not self.problems:
            return f"chatframes: nothing is wrong with {checked}"
        left = len(self.problems) - MOST_PROBLEMS
        more = [f"and {left} more"] if left > 0 else []
        return "\n".join([f"chatframes: not whole ({checked} checked)", *self.problems[:MOST_PROBLEMS], *more])


@dataclass(slots=True)
class _Check:
    folder: Folder
    has_journal: bool = True  # without one, the parts say themselves what is damaged
    messages: int = 0
    pictures: int = 0
    seen: dict[str, str] = field(default_factory=dict)  # by uid: the part
    doubted: set[int] = field(default_factory=set)  # parts that the next export is to mend

    def part(self, number: int) -> list[str]:
        """Return what is wrong with a part; of what is doubted, sentences without what to do."""
        name = self.folder.part(number).name
        before = self.messages, self.pictures
        for _ in range(LOOKS):
            expected = _expected(self.folder, number)
            found = list(self._part(number, expected))
            if not found or _expected(self.folder, number) == expected:
                return found
            # An export under way has put another file in its place.
            self.messages, self.pictures = before
            self.seen = {uid: place for uid, place in self.seen.items() if place != name}
            self.doubted.discard(number)
        return found

    def _part(self, number: int, expected: tuple[str, int] | None) -> Iterator[str]:
        path = self.folder.part(number)
        if expected is None and not self.has_journal:
            for problem in self._problems(path, None):
                self.doubted.add(number)
                yield problem
            return
        if expected is None:
            if os.path.lexists(path):
                yield f"{plain(path)} is not in the journal: {_unknown(self.folder, path)}. {AGAIN}"
            return
        written, rows = expected
        if not os.path.lexists(path):
            yield f"{plain(path)} is missing. {AGAIN}"
            return
        before = self.messages
        for problem in self._problems(path, written):
            self.doubted.add(number)
            yield problem
        if self.messages - before != rows and number not in self.doubted:
            self.doubted.add(number)
            yield f"{plain(path)} holds {self.messages - before} rows where {rows} were written."

    def _problems(self, path: Path, written: str | None) -> Iterator[str]:
        try:
            if written is not None and not is_written(path, written):
                yield f"{plain(path)} is not what was written: its SHA-256 differs."
            for table in row_groups(path, ["uid", "media", "images"]):
                yield from self._rows(path, table)
        except DamagedPart as error:
            yield f"{plain(error.path)} {error.why}."
        except OSError as error:
            yield f"{plain(path)} cannot be read ({os.strerror(error.errno or EIO)})."

    def _rows(self, path: Path, table: pa.Table) -> Iterator[str]:
        for row in table.to_pylist():
            self.messages += 1
            uid = plain(row["uid"])
            first = self.seen.setdefault(row["uid"], path.name)
            if first != path.name or len(self.seen) < self.messages:
                self.seen[f"{row['uid']} {self.messages}"] = path.name  # so that the next one is told, too
                yield f"Message {uid} is in {first} and again in {path.name}."
            pictures = row["images"] or ()
            self.pictures += len(pictures)
            hashes = [entry["sha256"] for entry in row["media"] or () if entry["status"] == "ok"]
            if hashes != [sha256(picture["bytes"] or b"").hexdigest() for picture in pictures]:
                yield f"Message {uid} in {path.name} has other pictures than its column media says."
            for picture in pictures:
                if inspect(picture["bytes"] or b"").mime is None:
                    yield f"What should be a picture of message {uid} in {path.name} is not one."


def _expected(folder: Folder, number: int) -> tuple[str, int] | None:
    """Return the SHA-256 and the number of rows that the journal notes for a part."""
    with readable_journal(folder) as journal:
        noted = None if journal is None else journal.parts().get(number)
    return None if noted is None else (noted[0], noted[2].rows)


def _unknown(folder: Folder, path: Path) -> str:
    footer = footer_of(path)
    if footer is None:
        return "it is no part of an export, or damaged"
    with readable_journal(folder) as journal:
        if journal is not None and footer.export not in (None, journal.fact("export")):
            return "it is a part of another export"
    return "the export ended while it was put in place, or somebody has put it there"


@checks_keywords
def verify(folder: str | os.PathLike[str]) -> Verdict:
    """Check every byte of an export: the SHA-256 of each part, that each message is there once, and its pictures.

    Parameters
    ----------
    folder : str or path-like
        As `export` was given it.

    Returns
    -------
    Verdict
        True when nothing is wrong; printed, it says what is, and what to run to mend it.

    Raises
    ------
    ConfigError
        If there is no export.

    Examples
    --------
    >>> import tempfile, chatframes as cf
    >>> with cf.sandbox() as world, tempfile.TemporaryDirectory() as folder:
    ...     _ = cf.export(cf.Webex("Project Apollo"), folder, config=world.config, progress=False)
    ...     print(cf.verify(folder))
    chatframes: nothing is wrong with 1 part, 300 messages, 0 pictures
    """
    place = existing(folder, "verify")
    with readable_journal(place) as journal:
        has_journal = journal is not None
        noted = set() if journal is None else set(journal.parts())
        problems = _of_the_journal(place, journal)
        has_read = journal is not None and not problems and any(journal.covered(each.id) for each in journal.sources())
    if not (noted or problems or has_read or place.parts()):
        problems = [f"{plain(place.root)} holds nothing yet: no call has read anything. {FIRST}"]
    check = _Check(place, has_journal)
    found = [(number, problem) for number in sorted({*noted, *place.parts()}) for problem in check.part(number)]
    mend = MENDED if _has_noted(place, check.doubted) else DELETE
    problems += [f"{problem} {mend}" if number in check.doubted else problem for number, problem in found]
    parts = {place.part(number) for number in noted}
    problems += [
        f"{plain(path)} is no part of the export, and some readers refuse the folder because of it. Run the same "
        "export again, which moves it to .chatframes/orphans."
        for path in (sorted(place.data.iterdir()) if place.data.is_dir() else ())
        if path not in parts and path not in place.parts().values()
    ]
    return Verdict(len(noted), check.messages, check.pictures, tuple(problems))


def _of_the_journal(folder: Folder, journal: Journal | None) -> list[str]:
    try:
        if journal is None:
            lost = "cannot be read" if folder.journal.is_file() else "is missing"
        elif is_whole(journal):
            return []
        else:
            lost = "is damaged"
    except sqlite3.Error as error:
        lost = f"cannot be read ({type(error).__name__})"
    return [f"{plain(folder.journal)} {lost}. {REBUILT}"]


def _has_noted(folder: Folder, doubted: set[int]) -> bool:
    """Note in the journal which parts the next export is to look at; return whether that worked."""
    if not doubted:
        return True
    try:
        with readable_journal(folder) as journal:
            if journal is not None:  # or the next export builds it anew, and looks at every byte
                for number in doubted:
                    journal.set_checked(number, DOUBTED)
            return True
    except sqlite3.Error:
        return False
