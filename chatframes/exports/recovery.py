"""Bring the folder and its journal together again, after whatever has happened to either."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import ConfigError
from ..model import Window
from ..page.html import plain
from ..replace_file import keep_name
from ..words import counted
from .facts import Indexed
from .folder import PART_NAME, Folder, clear_tmp, set_aside, sync
from .hashing import sha256_of
from .journal import DOUBTED, Journal
from .opening import export_id
from .parts import DamagedPart, PartWriter, footer_of, is_written, row_groups
from .rows import INDEXED, Tally, index
from .sound import is_sound, sound_rows
from .told import report_of

__all__ = ["recover", "refuse_strangers"]

LIMIT_UNKNOWN = 0  # bytes: a part does not say which limit a picture was too large for, so the next call looks itself


def refuse_strangers(folder: Folder) -> None:
    """Refuse a folder whose data/ holds something else, as long as no call has been here.

    Raises
    ------
    ConfigError
        It says what lies there.
    """
    if os.path.exists(folder.journal) or export_id(folder) is not None:
        return
    for path in sorted(folder.data.glob("*")):
        if not PART_NAME.fullmatch(path.name) or footer_of(path) is None:
            raise ConfigError(
                f"{plain(folder.data)} holds {plain(path.name)!r}, which is no part of an export, and export() has not "
                "been here: choose a new folder."
            )


def recover(folder: Folder, journal: Journal, *, decode: bool = True) -> list[str]:
    """Adopt what is whole, keep what is whole of a damaged part, and move strangers out of the way of the readers.

    Parameters
    ----------
    folder, journal
        Locked, and open.
    decode : bool
        As of `PartWriter`, for a part that is written anew.

    Returns
    -------
    list of str
        A sentence for each file that was moved or is missing, for people.
    """
    said: list[str] = []
    clear_tmp(folder)
    for number, sha256, covered, sources in journal.prepared():
        if is_written(folder.part(number), sha256):
            _adopt(folder, journal, number, covered, sources)
    journal.forget_prepared()
    noted, checked, counts = journal.parts(), journal.checked(), journal.counts_of_parts()
    for number, (sha256, size, facts) in noted.items():
        if not _is_unchanged(folder.part(number), checked.get(number), sha256, size):
            said.append(_mend(folder, journal, number, decode))
        elif counts.get(number, 0) != facts.rows:  # the journal has lost some
            _adopt(folder, journal, number, (), {})
        elif checked.get(number) != (modified := folder.part(number).stat().st_mtime_ns):
            journal.set_checked(number, modified)
    for path in sorted(folder.data.iterdir()):
        if path not in {folder.part(number) for number in noted}:
            said += _taken_in(folder, journal, path, decode)
    return said


def _is_unchanged(path: Path, checked: int | None, sha256: str, size: int) -> bool:
    """Whether a part is what was written. Its bytes are read only if its file was changed, or verify doubts it."""
    if not path.is_file() or path.stat().st_size != size:
        return False
    if checked == DOUBTED:
        return is_written(path, sha256) and is_sound(path)
    return checked == path.stat().st_mtime_ns or is_written(path, sha256)


def _mend(folder: Folder, journal: Journal, number: int, decode: bool) -> str:
    """Keep the whole rows of a damaged part, and forget the others, so that they are read again; say so."""
    path, before = folder.part(number), set(journal.of_part(number))
    name = f"data/{path.name}"
    if not os.path.lexists(path):
        journal.forget_part(number)
        return f"{name} was missing: the {counted(len(before), 'message')} that it held are read again."
    new, found, pictures = _written_anew(folder, journal, number, before, decode)
    gone = before - found
    if gone:
        journal.lose(number, gone)
    why = "was not what had been written"
    if before:
        why += f" ({len(found):,} of its {counted(len(before), 'message')} are kept"
        why += f", {counted(pictures, 'picture')} of them to be fetched again)" if pictures else ")"
    if new is None:
        said = set_aside(folder, path, why)
        journal.forget_part(number)
        return said
    return _in_its_place(folder, journal, number, new, why)


def _in_its_place(folder: Folder, journal: Journal, number: int, new: Path, why: str) -> str:
    """Let what was written anew take the place of a damaged part; return a sentence for people."""
    path = folder.part(number)
    journal.prepare(number, sha256_of(new), (), {})
    said = set_aside(folder, path, why, stays=True)
    os.replace(new, path)
    keep_name(folder.data, strict=True)
    _adopt(folder, journal, number, (), {})
    return said


def _written_anew(
    folder: Folder, journal: Journal, number: int, expected: set[str] | None, decode: bool
) -> tuple[Path | None, set[str], int]:
    """Write the whole rows of a part into a new file; return it, their uids, and how many pictures they have lost."""
    export = journal.fact("export") or ""
    path = folder.tmp / f"mended-{number:05d}.parquet"
    writer = PartWriter(path, decode=decode, export=export)
    found: set[str] = set()
    pictures = 0
    try:
        for table, lost in sound_rows(folder.part(number), export, expected):
            writer.add(table)
            found |= set(table["uid"].to_pylist())
            pictures += lost
        if not found:
            writer.drop()
            return None, found, pictures
        writer.close(report_of(journal).to_dict())
    except BaseException:
        writer.drop()
        raise
    sync(path)
    return path, found, pictures


def _taken_in(folder: Folder, journal: Journal, path: Path, decode: bool) -> list[str]:
    """Adopt a part that the journal does not know, as after its loss, or move it away; say what was not kept."""
    number = next((number for number, place in folder.parts().items() if place == path), None)
    footer = footer_of(path) if number is not None and path.is_file() else None
    if number is None or footer is None:
        return [set_aside(folder, path, "was no part of this export")]
    if footer.export not in (None, journal.fact("export")):
        return [set_aside(folder, path, "was a part of another export")]
    if footer.export is None and export_id(folder) is not None:
        return [set_aside(folder, path, "was no part of this export")]
    if not is_sound(path):
        new, found, _ = _written_anew(folder, journal, number, None, decode)
        if new is None or journal.find(sorted(found)):
            return [set_aside(folder, path, "was damaged")]
        why = f"was damaged ({counted(len(found), 'message')} of it are kept)"
        return [_in_its_place(folder, journal, number, new, why)]
    if _overlaps(journal, path):
        return [set_aside(folder, path, "was no part of this export: it holds messages that another part holds")]
    _adopt(folder, journal, number, (), {})
    return []


def _overlaps(journal: Journal, path: Path) -> bool:
    """Whether a file holds messages that another part holds."""
    try:
        return any(journal.find(table["uid"].to_pylist()) for table in row_groups(path, ["uid"]))
    except DamagedPart:
        return True


def _adopt(
    folder: Folder,
    journal: Journal,
    number: int,
    covered: Sequence[tuple[int, Window]],
    sources: Mapping[str, int],
) -> None:
    """Index a part from its file."""
    path = folder.part(number)
    before = set(journal.of_part(number))
    found: list[Indexed] = []
    tally = Tally()
    for table in row_groups(path, INDEXED):
        found += index(table, LIMIT_UNKNOWN)
        tally.add(table)
    for each in found:
        each.source = sources.get(each.uid)
    gone = before - {each.uid for each in found}
    facts = path.stat()
    journal.done(number, sha256_of(path), facts.st_size, facts.st_mtime_ns, tally.facts(), found, gone, covered)
