"""The places in the folder of an export, and what can be said about it before the first request."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from ..replace_file import keep_bytes, replace_file
from ..words import bytes_in_words

__all__ = [
    "PART_NAME",
    "Folder",
    "existing",
    "is_export",
    "open_folder",
    "remove_empty",
    "sqlite_code",
    "sync",
    "trouble_said",
]

PART_NAME = re.compile(r"part-(\d{5,})\.parquet")
FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True, slots=True)
class Folder:
    """The places in the folder of an export.

    Attributes
    ----------
    root : Path
        What the user named. Beside ``data`` and ``.chatframes`` it may hold anything else.
    """

    root: Path

    @property
    def data(self) -> Path:
        """The parts, and nothing else: one stray file and some readers refuse the folder."""
        return self.root / "data"

    @property
    def own(self) -> Path:
        return self.root / ".chatframes"

    @property
    def tmp(self) -> Path:
        """Unfinished parts, on the file system of the finished ones."""
        return self.own / "tmp"

    @property
    def orphans(self) -> Path:
        """Files that stood in `data` and are no parts of this export."""
        return self.own / "orphans"

    @property
    def journal(self) -> Path:
        return self.own / "journal.sqlite"

    @property
    def lock(self) -> Path:
        return self.own / "lock.sqlite"

    @property
    def manifest(self) -> Path:
        return self.own / "manifest.json"

    def part(self, number: int) -> Path:
        """Return the place of a part."""
        return self.data / f"part-{number:05d}.parquet"

    def parts(self) -> dict[int, Path]:
        """Return the parts that are in place, by number."""
        named = ((PART_NAME.fullmatch(path.name), path) for path in sorted(self.data.glob("*")))
        return {int(match[1]): path for match, path in named if match}


def is_export(path: str | os.PathLike[str]) -> bool:
    """Whether a path is the folder of an export."""
    folder = Folder(Path(path).expanduser())
    return folder.journal.is_file() or bool(folder.parts())


def existing(path: str | os.PathLike[str], verb: str) -> Folder:
    """Return the folder of an export that is there.

    Raises
    ------
    ConfigError
        There is none.
    """
    folder = Folder(Path(path).expanduser().resolve())
    if os.path.isfile(folder.root):
        hint = f": write cf.report(cf.read_parquet({str(path)!r}))" if verb == "report" else ""
        raise ConfigError(f"{folder.root} is a file, and {verb}() needs the folder that was given to export(){hint}.")
    if not is_export(folder.root):
        raise ConfigError(
            f"{verb}() found no export in {folder.root}: there is no .chatframes/journal.sqlite. "
            "Name the folder that was given to export()."
        )
    return folder


def open_folder(path: str | os.PathLike[str]) -> Folder:
    """Make the folder ready to be written, and try that out.

    Raises
    ------
    ConfigError
        It holds something else.
    OSError
        It cannot be written; a sentence says why.
    """
    folder = Folder(Path(path).expanduser().resolve())
    with trouble_said(folder):
        if folder.root.exists() and not folder.root.is_dir():
            raise ConfigError(f"{folder.root} is a file: export() needs the name of a folder.")
        if not folder.journal.exists():
            _refuse_strangers(folder)
        for place in (folder.data, folder.tmp, folder.orphans):
            place.mkdir(parents=True, exist_ok=True)
        probe = folder.tmp / "part-00000.parquet.probe"
        with replace_file(probe) as file:
            file.write(b"\0" * 4096)
        probe.unlink()
    return folder


def _refuse_strangers(folder: Folder) -> None:
    strange = [path.name for path in sorted(folder.data.glob("*")) if not PART_NAME.fullmatch(path.name)]
    if strange:
        raise ConfigError(
            f"{folder.data} holds {strange[0]!r}, which is no part of an export, and export() has not been here: "
            "choose a new folder."
        )


def remove_empty(folder: Folder, keep_root: bool) -> None:
    """Remove what a first call has made and put nothing into, by the one process that may write it."""
    if folder.parts():
        return
    for file in (folder.journal, folder.manifest, folder.lock):
        with suppress(OSError):  # some systems do not remove the lock while it is held
            file.unlink()
    for place in (folder.tmp, folder.orphans, folder.own, folder.data, *(() if keep_root else (folder.root,))):
        with suppress(OSError):  # not empty: something else lies there, too
            place.rmdir()


@contextmanager
def trouble_said(folder: Folder, needed_bytes: Callable[[], int] = int) -> Iterator[None]:
    """Turn the errors of the disk and of SQLite into an OSError that says in a sentence what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_READONLY: errno.EROFS}.get(
            sqlite_code(error), errno.EIO
        )
        raise OSError(code, _sentence(code, f"SQLite says: {error}", folder, needed_bytes())) from error
    except OSError as error:
        code = error.errno or errno.EIO
        raise OSError(code, _sentence(code, os.strerror(code), folder, needed_bytes())) from error


def sqlite_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary code of an error, without what an extended one says; 0 where it has none."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def _sentence(code: int, said: str, folder: Folder, needed_bytes: int) -> str:
    if code in FULL:
        there = next(place for place in (folder.root, *folder.root.parents) if os.path.exists(place))
        needs = f", {bytes_in_words(needed_bytes)} needed for the next part" if needed_bytes else ""
        reason = (
            f"the disk is full ({bytes_in_words(shutil.disk_usage(there).free)} free{needs}); make room and run the "
            "export again"
        )
    elif code in FORBIDDEN:
        reason = f"writing is not allowed there ({os.strerror(code)}); choose another folder"
    elif (obstacle := _obstacle(folder)) is not None:
        reason = f"{obstacle} is no folder, and one is needed there; move it away or choose another folder"
    elif code == errno.ENAMETOOLONG:
        reason = "the path is too long for this file system; choose a shorter one"
    else:
        reason = f"{said}; choose another disk, or run the export again when this one works"
    kept = " What was exported before is as it was." if os.path.exists(folder.journal) else ""
    return f"Could not export into {folder.root}: {reason}.{kept}"


def _obstacle(folder: Folder) -> Path | None:
    """Return what stands where a folder of the export, or one above it, must be."""
    places = (folder.data, folder.own, folder.tmp, folder.orphans)
    above = [each for place in places for each in (*reversed(place.parents), place)]
    return next((each for each in above if os.path.lexists(each) and not os.path.isdir(each)), None)


def sync(path: Path) -> None:
    """Let the bytes of a closed file survive a power cut."""
    with open(path, "rb") as file:
        keep_bytes(file.fileno())
