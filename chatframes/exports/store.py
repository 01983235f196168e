"""Put rows into the parts of an export, so that whoever reads `data/` sees whole, true rows at every instant.

New rows go into the last part until it is full. A message stays in its part for ever: what changes it rewrites that
part, and the new file takes the place of the old one. The life of a part: written in ``tmp/`` and synced, ``prepared``
in the journal, renamed into ``data/``, ``done`` in the journal. A restart adopts what is whole and forgets the rest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa

from ..model import Window
from ..replace_file import keep_name
from ..settings.images import ImageSettings
from ..table.batches import Batch
from ..table.schema import MESSAGES
from .changes import Changes
from .facts import Indexed, PartFacts
from .folder import Folder, sync
from .journal import DOUBTED, Journal
from .parts import DamagedPart, PartWriter, Reach, is_written, row_groups
from .rows import DELETED, Tally, brings_something, image_sizes, index, taken, weight, whole
from .threads import Threads

__all__ = ["Store"]

PART_BYTES = 128 * 2**20
PART_ROWS = 50_000
PATCH_BYTES = 32 * 2**20  # pictures and words of changed rows in memory; with more, the fullest part is rewritten
PATCH_ROWS = 5_000

Cover = tuple[int, Window]


class Store:
    """The parts of one folder, for as long as one call writes them.

    Parameters
    ----------
    folder, journal
        Locked and recovered.
    images : ImageSettings
    deleted : str
        ``"keep"`` or ``"drop"``: what becomes of a message that its service shows as deleted.
    report : callable
        Returns the report for the footer of a part.
    reach : callable
        Called with a name at every point where a process may die and a test wants it to.
    """

    def __init__(
        self,
        folder: Folder,
        journal: Journal,
        images: ImageSettings,
        *,
        deleted: str = "keep",
        report: Callable[[], dict[str, Any]] = dict,
        reach: Reach = lambda point: None,
    ) -> None:
        self._folder, self._journal, self._images = folder, journal, images
        self._deleted, self._report, self._reach = deleted, report, reach
        self._threads = Threads(journal)
        self._changes: dict[int, Changes] = {}
        self._marks: list[Cover] = []
        self._serial = 0  # of temporary files
        self._number, self._base = self._last_part()
        self._writer: PartWriter | None = None
        self._new: dict[str, Indexed] = {}
        self._weight, self._rows = self._base.weight, self._base.rows

    def _last_part(self) -> tuple[int, PartFacts]:
        """Return the number of the part that new rows go into, and what it holds already."""
        parts = self._journal.parts()
        if not parts:
            return 0, PartFacts()
        number, (_, _, facts) = max(parts.items())
        is_full = facts.rows >= PART_ROWS or facts.weight >= PART_BYTES
        return (number + 1, PartFacts()) if is_full else (number, facts)

    def bytes_in_flight(self) -> int:
        """Return how much room the part in flight needs, with what it held before; of a new one, what it may take."""
        return self._weight + sum(changes.bytes for changes in self._changes.values()) or PART_BYTES

    # --- rows come --------------------------------------------------------------------------------------------------

    def add(self, batch: Batch, source_of: Callable[[str], int | None], marks: Iterable[Cover]) -> None:
        """Take rows; `marks` are the windows that are read without a hole once these rows are on the disk."""
        table = whole(batch)
        found = index(table, self._images.max_size_bytes)
        known = self._journal.find([each.uid for each in found])
        unwanted = self._unwanted(table)
        fresh = [
            row
            for row, each in enumerate(found)
            if each.uid not in known and each.uid not in self._new and row not in unwanted
        ]
        self._add_new(taken(table, fresh), [found[row] for row in fresh], source_of)
        for row, each in enumerate(found):
            if each.uid in known:
                self._add_known(table, row, each, *known[each.uid][:2])
        unclaimed = {uid: source_of(uid) for uid, (_, _, source) in known.items() if source is None}
        if unclaimed:  # the journal was lost, and is built anew
            self._journal.claim({uid: source for uid, source in unclaimed.items() if source is not None})
        self._marks += marks  # after the rows, which may have finished a part
        while self._too_many_changes():
            self._rewrite(max(self._changes, key=lambda number: self._changes[number].bytes))

    def _unwanted(self, table: pa.Table) -> set[int]:
        """Return the rows that are deleted, where those shall go."""
        if self._deleted == "keep":
            return set()
        return {row for row, flags in enumerate(table["flags"].to_pylist()) if DELETED in (flags or ())}

    def _add_new(self, table: pa.Table, found: list[Indexed], source_of: Callable[[str], int | None]) -> None:
        media = table["media"].to_pylist()
        first = 0
        for row, each in enumerate(found):
            heavy = weight(media[row])
            if self._rows and (self._rows >= PART_ROWS or self._weight + heavy > PART_BYTES):
                self._write(table.slice(first, row - first), found[first:row])
                self.finish_part()
                if self._rows:  # what it holds is less than a full part, and the next row does not fit
                    self._number, self._base, self._rows, self._weight = self._number + 1, PartFacts(), 0, 0
                first = row
            self._rows += 1
            self._weight += heavy
            each.source = source_of(each.uid)
        self._write(table.slice(first), found[first:])

    def _write(self, table: pa.Table, found: Sequence[Indexed]) -> None:
        if not found:
            return
        if self._writer is None:
            if self._base.rows:
                self._check(self._number)  # before the rows that are to join it have cost anything
            self._writer = self._new_file(f"new-{self._number:05d}")
            self._reach("part begun")
        self._new |= {each.uid: each for each in found}
        self._writer.add(self._threads.resolve(table, found, self._new))
        self._reach("rows written")

    def _add_known(self, table: pa.Table, row: int, each: Indexed, part: int, digest: bytes) -> None:
        new = table.slice(row, 1)
        is_same = each.digest == digest
        if is_same and not brings_something({"media": new["media"][0].as_py()}):
            return
        changes = self._changes.setdefault(part, Changes())
        values = new.to_pylist()[0]
        if self._deleted == "drop" and DELETED in (values["flags"] or ()):
            changes.dropped.add(each.uid)
            return
        changes.rows[each.uid], changes.digests[each.uid] = values, each
        changes.bytes += image_sizes(new)[0] + new.nbytes

    def _too_many_changes(self) -> bool:
        changes = self._changes.values()
        return sum(each.bytes for each in changes) > PATCH_BYTES or sum(map(len, changes)) > PATCH_ROWS

    # --- parts are finished -----------------------------------------------------------------------------------------

    def finish_part(self) -> None:
        """Write what is held to the disk; what was covered before the last rows came is covered from now on."""
        marks, self._marks = self._marks, []
        for number in [number for number in self._changes if number != self._number]:
            self._rewrite(number)
        if self._writer is None and self._number not in self._changes:
            with self._journal.change():
                self._journal.cover(marks)
            return
        self._finish(marks)

    def _begin_next(self) -> None:
        self._number, self._base = self._last_part()
        self._rows, self._weight = self._base.rows, self._base.weight

    def _finish(self, marks: list[Cover]) -> None:
        writer, new, self._writer, self._new = self._writer, list(self._new.values()), None, {}
        if writer is not None:
            writer.close(self._report())
        number, changes = self._number, self._changes.pop(self._number, None)
        added = None if writer is None else writer.path
        if self._base.rows or changes:
            self._replace(number, changes or Changes(), added, new, marks)
        else:
            assert writer is not None
            tally = Tally()
            for table in row_groups(writer.path, ["media"]):
                tally.add(table)
            self._put(number, writer, tally.facts(), new, (), marks)
        self._begin_next()

    def _rewrite(self, number: int) -> None:
        """Let the changes of a part take effect."""
        if number == self._number:
            self._finish([])
        else:
            self._replace(number, self._changes.pop(number), None, [], [])

    def _replace(
        self, number: int, changes: Changes, added: Path | None, new: Sequence[Indexed], marks: list[Cover]
    ) -> None:
        """Write a part anew: what it held, with the changes, and what is added to it."""
        self._reach("rewrite begun")
        self._check(number)
        writer = self._new_file(f"part-{number:05d}")
        changed: list[Indexed] = []
        tally = Tally()
        try:
            for table in self._pieces(number, changes, changed, added):
                writer.add(table)
                tally.add(table)
        except BaseException as error:
            writer.drop()
            if isinstance(error, DamagedPart):
                self.doubt(number)
            raise
        writer.close(self._report())
        self._reach("rewrite written")
        self._put(number, writer, tally.facts(), [*new, *changed], changes.dropped, marks)
        if added is not None:
            added.unlink()

    def _check(self, number: int) -> None:
        """See to it that no damage is copied into a new part, where it would look like truth."""
        known = self._journal.parts().get(number)
        if known is not None and not is_written(self._folder.part(number), known[0]):
            self.doubt(number)

    def doubt(self, number: int) -> NoReturn:
        """Let the next opening of the folder mend a part; what is on its way to it counts as not read."""
        self._marks.clear()
        self._changes.pop(number, None)
        self._journal.set_checked(number, DOUBTED)
        raise DamagedPart(self._folder.part(number), "is not what was written")

    def _pieces(self, number: int, changes: Changes, changed: list[Indexed], added: Path | None) -> Iterator[pa.Table]:
        for table in row_groups(self._folder.part(number)):
            kept, rows = changes.applied(table, keep_deleted=self._deleted == "keep")
            yield kept
            for row in rows:
                piece = pa.Table.from_pylist([row], schema=MESSAGES)
                yield piece
                found = index(piece, self._images.max_size_bytes)[0]
                if row["uid"] in changes.digests:  # of what came, not of what was kept of it: it will come again
                    found.digest = changes.digests[row["uid"]].digest
                changed.append(found)
        if added is not None:
            yield from row_groups(added)

    def _put(
        self,
        number: int,
        file: PartWriter,
        facts: PartFacts,
        rows: Sequence[Indexed],
        dropped: Iterable[str],
        marks: Sequence[Cover],
    ) -> None:
        """Let a finished file take its place."""
        path, sha256 = file.path, file.sha256
        sync(path)
        self._reach("part synced")
        written = path.stat()
        sources = {row.uid: row.source for row in rows if row.source is not None}
        self._journal.prepare(number, sha256, marks, sources)
        self._reach("prepared")
        os.replace(path, self._folder.part(number))
        self._reach("replaced")
        keep_name(self._folder.data, strict=True)
        self._reach("folder synced")
        self._journal.done(number, sha256, written.st_size, written.st_mtime_ns, facts, rows, dropped, marks)
        self._reach("done")

    def _new_file(self, name: str) -> PartWriter:
        self._serial += 1
        path = self._folder.tmp / f"{name}.{self._serial}.parquet"
        export = self._journal.fact("export") or ""
        return PartWriter(path, decode=not self._images.keep_undecodable, export=export)

    # --- the end ----------------------------------------------------------------------------------------------------

    def fill_threads(self) -> None:
        """Fill in the depth and the thread of replies whose parents have come since."""
        for number in self._journal.parts():
            found = self._threads.found_since(number)
            if found:
                self._reach("threads found")
                self._changes.setdefault(number, Changes()).fields |= found
                self._rewrite(number)

    def drop(self) -> None:
        """Leave what is not finished."""
        if self._writer is not None:
            self._writer.drop()
            self._writer = None
