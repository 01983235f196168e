"""The places in the folder of an export, and what can be said about it before the first request."""

from __future__ import annotations

import errno
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from ..errors import ConfigError
from ..page.html import plain
from ..replace_file import keep_bytes, replace_file
from ..words import kind_of

__all__ = [
    "PART_NAME",
    "Folder",
    "clear_tmp",
    "existing",
    "folder_at",
    "is_export",
    "make_places",
    "remove_empty",
    "set_aside",
    "sync",
    "try_out",
]

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
PART_NAME = re.compile(r"part-([0-9]{5,})\.parquet")


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
        found = {int(match[1]): path for match, path in named if match}
        # A number can be written in more than one way.
        return {number: path for number, path in found.items() if path == self.part(number)}


def folder_at(path: object, verb: str) -> Folder:
    """Return the places in a folder that somebody has named, whether it is there or not.

    Raises
    ------
    ConfigError
        That is no name of a folder.

    Examples
    --------
    >>> folder_at("some/../apollo", "export").root == Path("apollo").resolve()
    True
    """
    if not isinstance(path, str | os.PathLike) or not str(path).strip():
        shown = "an empty name" if isinstance(path, str) else kind_of(path)
        takes_files = verb == "read_parquet"
        what, such_as = ("file or a folder", "apollo.parquet") if takes_files else ("folder", "apollo")
        raise ConfigError(f"{verb}() needs the name of a {what}, not {shown}: write {such_as!r}, say.")
    name = os.fspath(path)
    if not isinstance(name, str):
        raise ConfigError(f"{verb}() needs the name of a folder as text, not {kind_of(name)}: write 'apollo', say.")
    if ADDRESS.match(name):
        raise ConfigError(
            f"{verb}() needs a folder on this machine, and {plain(name.partition('://')[0])}:// begins an address: "
            "name a folder, and copy it when the export is done."
        )
    try:
        os.fsencode(name)
        return Folder(Path(name).expanduser().resolve())
    except RuntimeError as error:  # ~nobody, or links in a circle
        raise ConfigError(f"{plain(name)} leads to no folder ({plain(error)}): write its whole path.") from None
    except ValueError:  # a NUL, or half of a character
        raise ConfigError(
            f"The folder's name {name!a} holds a character that no path may hold: choose another name."
        ) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "it cannot be looked up"
        raise ConfigError(f"{plain(name)} leads to no folder ({reason}): write its whole path.") from None


def is_export(path: str | os.PathLike[str]) -> bool:
    """Whether a path is the folder of an export."""
    folder = Folder(Path(path).expanduser())
    return os.path.isfile(folder.journal) or bool(folder.parts())


def existing(path: str | os.PathLike[str], verb: str) -> Folder:
    """Return the folder of an export that is there.

    Raises
    ------
    ConfigError
        There is none, or it may not be read.
    """
    folder = folder_at(path, verb)
    if os.path.isfile(folder.root):
        takes_frames = verb in ("report", "gallery", "plot_metrics")
        hint = f": write cf.{verb}(cf.read_parquet({str(path)!r}))" if takes_frames else ""
        raise ConfigError(
            f"{plain(folder.root)} is a file, and {verb}() needs the folder that was given to export(){hint}."
        )
    try:
        there = is_export(folder.root)
        if there:
            os.listdir(folder.data)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise ConfigError(
                f"{verb}() could not look into {plain(folder.root)} ({os.strerror(error.errno or errno.EIO)}): see to "
                "it that this folder can be read, or name another one."
            ) from None
    if not there:
        raise ConfigError(
            f"{verb}() found no export in {plain(folder.root)}: there is no .chatframes/journal.sqlite. "
            "Name the folder that was given to export()."
        )
    return folder


def make_places(folder: Folder) -> None:
    """Make the folders of an export that are not there, but not the one around it: its name may be mistyped.

    Raises
    ------
    ConfigError
        A file has that name, or the folder around it is not there.
    OSError
        They cannot be made.
    """
    if os.path.lexists(folder.root) and not os.path.isdir(folder.root):
        raise ConfigError(f"{plain(folder.root)} is a file: export() needs the name of a folder.")
    around = Folder(folder.root.parent)
    if not os.path.lexists(around.root):
        raise ConfigError(
            f"{plain(folder.root)} cannot be made: there is no folder {plain(around.root)}. Make that first, or "
            "correct the path."
        )
    if folder.root in (around.data, around.own) and os.path.isfile(around.journal):
        raise ConfigError(
            f"{plain(folder.root)} is inside the export {plain(around.root)}, whose readers would trip over another "
            "one: name that folder to go on with it, or one elsewhere."
        )
    for place in (folder.data, folder.tmp, folder.orphans):
        place.mkdir(parents=True, exist_ok=True)
    if folder.tmp.is_symlink() or folder.own.is_symlink():
        raise ConfigError(
            f"{plain(folder.tmp)} leads to another place, and export() removes what lies there: "
            "put a folder of its own in the place of that link."
        )
    for file in (folder.journal, folder.lock, folder.manifest):
        if os.path.isdir(file):
            raise ConfigError(f"{plain(file)} is a folder, and a file is needed there: move it away.")


def try_out(folder: Folder) -> None:
    """Remove what a dead process has left unfinished, and try out whether the folder can be written.

    Only for the one process that may write it: the file of another one that begins would be among what is removed.
    """
    make_places(folder)  # a call that came to nothing may have removed them
    clear_tmp(folder)
    probe = folder.tmp / "part-00000.parquet.probe"
    with replace_file(probe) as file:
        file.write(b"\0" * 4096)
    probe.unlink()


def clear_tmp(folder: Folder) -> None:
    """Remove what is unfinished."""
    for path in folder.tmp.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


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


def set_aside(folder: Folder, path: Path, why: str, *, stays: bool = False) -> str:
    """Move a file out of the way of the readers, or keep it by a second name; return a sentence for people."""
    folder.orphans.mkdir(parents=True, exist_ok=True)
    place = folder.orphans / f"{path.name}.{token_hex(4)}"
    if stays:
        with suppress(OSError):  # no second names on this disk: then it is moved
            os.link(path, place)
    if not os.path.lexists(place):
        os.replace(path, place)
    old, now = plain(path.relative_to(folder.root)), plain(place.relative_to(folder.root))
    return f"{old} {why}: it is now {now}, as it was, and yours to look at or delete."


def sync(path: Path) -> None:
    """Let the bytes of a closed file survive a power cut."""
    with open(path, "rb") as file:
        keep_bytes(file.fileno())
