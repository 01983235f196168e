"""Check an export byte by byte: each part is what was written, each message is there once, each picture is one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from ..images.headers import inspect
from ..keywords import checks_keywords
from ..words import counted
from .folder import Folder, existing
from .journal import Journal
from .parts import row_groups, sha256_of

__all__ = ["Verdict", "verify"]

DELETE = "Delete it and run the same export again, which fetches what it held."
AGAIN = "Run the same export again, which fetches what it held."
REBUILT = "Run the same export again, which builds it anew from the parts."
FIRST = "Run the export again."
MOST_PROBLEMS = 20  # in words


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
    messages: int = 0
    pictures: int = 0
    seen: dict[str, str] = field(default_factory=dict)  # by uid: the part

    def part(self, path: Path, expected: tuple[str, int] | None) -> Iterator[str]:
        if expected is None:
            yield f"{path} is not in the journal: the export ended while this part was put in place. {AGAIN}"
            return
        written, rows = expected
        if not path.exists():
            yield f"{path} is missing. {AGAIN}"
            return
        if sha256_of(path) != written:
            yield f"{path} is not what was written: its SHA-256 differs. {DELETE}"
        try:
            before = self.messages
            for table in row_groups(path, ["uid", "media", "images"]):
                yield from self._rows(path, table)
            if self.messages - before != rows:
                yield f"{path} holds {self.messages - before} rows where {rows} were written. {DELETE}"
        except (pa.ArrowException, OSError, EOFError) as error:
            yield f"{path} cannot be read ({type(error).__name__}). {DELETE}"

    def _rows(self, path: Path, table: pa.Table) -> Iterator[str]:
        for row in table.to_pylist():
            self.messages += 1
            first = self.seen.setdefault(row["uid"], path.name)
            if first != path.name or len(self.seen) < self.messages:
                self.seen[f"{row['uid']} {self.messages}"] = path.name  # so that the next one is told, too
                yield f"Message {row['uid']} is in {first} and again in {path.name}. {DELETE}"
            pictures = row["images"] or ()
            self.pictures += len(pictures)
            hashes = [entry["sha256"] for entry in row["media"] or () if entry["status"] == "ok"]
            if hashes != [sha256(picture["bytes"] or b"").hexdigest() for picture in pictures]:
                yield f"Message {row['uid']} in {path.name} has other pictures than its column media says. {DELETE}"
            for picture in pictures:
                if inspect(picture["bytes"] or b"").mime is None:
                    yield f"What should be a picture of message {row['uid']} in {path.name} is not one. {DELETE}"


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
    known: dict[int, tuple[str, int]] = {}
    has_read, problems = False, []
    try:
        if place.journal.is_file():
            with closing(Journal(place)) as journal:
                known = {number: (written, facts.rows) for number, (written, _, facts) in journal.parts().items()}
                has_read = any(journal.covered(facts.id) for facts in journal.sources())
    except sqlite3.Error as error:
        problems = [f"{place.journal} cannot be read ({type(error).__name__}). {REBUILT}"]
    if not (known or has_read or problems or place.parts()):
        problems = [f"{place.root} holds nothing yet: no call has read anything. {FIRST}"]
    check = _Check(place)
    problems += [
        problem
        for number in sorted({*known, *place.parts()})
        for problem in check.part(place.part(number), known.get(number))
    ]
    parts = {place.part(number) for number in known}
    problems += [
        f"{path} is no part of the export, and some readers refuse the folder because of it. Move it away."
        for path in sorted(place.data.iterdir())
        if path not in parts and path not in place.parts().values()
    ]
    return Verdict(len(known), check.messages, check.pictures, tuple(problems))
