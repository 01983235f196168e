"""Compare what the journal of an export says is in its folder with what is there, before anybody reads it."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

from ..errors import ConfigError
from ..page.html import plain
from .folder import Folder
from .opening import readable_journal

__all__ = ["check_parts"]

Noted = dict[int, tuple[str, int]]  # by number of a part: its SHA-256 and its bytes


def check_parts(folder: Folder) -> None:
    """Say so when a part is missing, has another size or is not in the journal; an export may be under way.

    Raises
    ------
    ConfigError
        One sentence, with what to do.
    """
    before = _noted(folder)
    while before is not None and (trouble := _trouble(folder, before[0])):
        now = _noted(folder)
        # A part is prepared in the journal before it changes and done after that: what is wrong between two equal
        # answers, and not prepared in the second one, is not the work of an export.
        if now is None:
            return
        if now[0] == before[0] and not trouble.keys() <= now[1]:
            number, said = next((number, said) for number, said in trouble.items() if number not in now[1])
            more = f" (and {len(trouble) - 1} more like it)" if len(trouble) > 1 else ""
            raise ConfigError(
                f"{plain(folder.root)} is not whole: {folder.part(number).name} {said}{more}. "
                "Run chatframes.verify(folder), "
                "which says what to do, or the same export again, which fetches what is missing."
            )
        if now[0] == before[0]:
            return
        before = now


def _noted(folder: Folder) -> tuple[Noted, set[int]] | None:
    """Return the parts of the journal, and the numbers of those being replaced; None where it cannot be read."""
    try:
        with readable_journal(folder) as journal:
            if journal is None:  # damaged, or on a disk that cannot be written: the parts are read as they are
                return None
            prepared = {number for number, *_ in journal.prepared()}  # first: it may be done a moment later
            return {number: (sha256, size) for number, (sha256, size, _) in journal.parts().items()}, prepared
    except sqlite3.Error:
        return None


def _trouble(folder: Folder, noted: Noted) -> dict[int, str]:
    """Return what is wrong, by number of the part."""
    sizes = {}
    for number, path in folder.parts().items():
        with suppress(OSError):
            sizes[number] = path.stat().st_size
    trouble = {}
    for number, (_, size) in noted.items():
        if number not in sizes:
            trouble[number] = "is missing"
        elif sizes[number] != size:
            trouble[number] = f"has {sizes[number]:,} bytes where {size:,} were written"
    return trouble | {number: "is not in its journal" for number in sizes if number not in noted}
