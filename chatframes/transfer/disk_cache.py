"""Keep pictures on the disk, so that no other call, in this process or another, asks for them again.

A picture is a file of the folder ``pictures``, named by its SHA-256. A note in the folder ``found``, named by the
SHA-256 of what the service calls the picture, says which one that is. Every file is written beside its place and then
renamed, and what is read is checked (a note begins with its hash), so a process may be killed at any moment. The lock
is held only while two files are renamed, or the oldest removed. What the disk refuses costs the cache, not the call.

The package `diskcache` was not taken: its folders are open to others, and it unpickles what it finds in them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from .private_files import beside, has_size, lock, open_to_lock, read, remove

__all__ = ["DiskCache", "Note"]

OURS = frozenset({"pictures", "found", "lock"})
BLOCK_BYTES = 4096  # what a file takes at least
NOTE_BYTES = 64 * 1024  # a note is far smaller
_HASH_BYTES = 64  # as text, before a note
COUNT_BYTES = 20  # of the number in the lock file
LEFT_OVER_SECONDS = 3600.0  # a file beside its place that is older belongs to a process that was killed
LOCK_SECONDS = 5.0  # whoever holds the lock for longer has been stopped: it is held for milliseconds
_NAME = re.compile(r"[0-9a-f]{64}")
_LEFT_OVER = re.compile(rf"\.{_NAME.pattern}\.[0-9a-f]+\.tmp")


@dataclass(frozen=True, slots=True)
class Note:
    """Which picture was found, and what the headers of its answer said."""

    sha256: str
    size: int
    mime: str | None = None
    name: str | None = None
    declared_mime: str | None = None
    declared_size: int | None = None


class _File(NamedTuple):
    """One file of the cache; they sort by when they were last used, notes before the picture they were used with."""

    used_ns: int
    is_picture: bool
    path: str
    weight: int


class DiskCache:
    """The pictures in one folder. Its methods wait for the disk, and may be called from several threads.

    Parameters
    ----------
    folder : Path
        Made where it is not there, for its owner alone; one that others can open is not used.
    most_bytes : int
        Its files take no more; the least recently used go.

    Attributes
    ----------
    problem : str or None
        A sentence, once the folder cannot be used or written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = DiskCache(Path(folder, "cache"), 10_000)
    ...     cache.keep("the id of a picture", Note(hashlib.sha256(b"its bytes").hexdigest(), 9), b"its bytes")
    ...     cache.picture(cache.find("the id of a picture"))
    b'its bytes'
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._pictures, self._found = folder, folder / "pictures", folder / "found"
        self._most = most_bytes
        self._one_thread = threading.Lock()
        self._entered: bool | None = None
        self._writes = True
        self._swept = False
        self.problem: str | None = None

    def find(self, key: str) -> Note | None:
        """Return the note on a picture; None where there is none that can be read."""
        if not self._enter():
            return None
        path = self._found / _hash(key)
        try:
            note = _note(read(path, NOTE_BYTES), key)
        except OSError:
            return None
        if note is None:
            remove(path)
        return note

    def picture(self, note: Note, key: str = "") -> bytes | None:
        """Return the bytes of a picture, checked; None, and it is removed, where they are not what was kept."""
        path = self._pictures / note.sha256
        try:
            data = read(path, note.size)
        except OSError:
            return None
        if len(data) != note.size or hashlib.sha256(data).hexdigest() != note.sha256:
            remove(path)
            return None
        now = time.time_ns()
        for used in (self._found / _hash(key), path):
            with suppress(OSError):
                os.utime(used, ns=(now, now))
        return data

    def keep(self, key: str, note: Note, data: bytes) -> None:
        """Keep a picture, if it fits at all."""
        weight = _weight(len(data)) + BLOCK_BYTES
        if weight > self._most or not self._enter() or not self._writes:
            return
        written: list[tuple[Path, Path]] = []
        try:
            if not self._swept:
                self._swept = True
                self._sweep()
            picture = self._pictures / note.sha256
            if not has_size(picture, len(data)):
                written.append((beside(picture, data), picture))
            else:
                weight = BLOCK_BYTES
                with suppress(OSError):
                    os.utime(picture)
            told = self._found / _hash(key)
            written.append((beside(told, _sealed(json.dumps(asdict(note)).encode(), key)), told))
            with self._alone() as counter:
                self._count(counter, weight)
                for new, place in written:
                    os.replace(new, place)
            written.clear()
        except TimeoutError:
            self._write_no_more("another process holds its lock and does not go on; end that process")
        except OSError as error:
            self._write_no_more(f"{error.strerror or type(error).__name__}; make room there")
        finally:
            for new, _ in written:
                remove(new)

    def _write_no_more(self, why: str) -> None:
        self._writes = False
        self.problem = self.problem or (
            f"Pictures are no longer kept in {self._folder}, though those that are there are used: {why}, or take "
            "cache_dir out of config.json."
        )

    # --- the folder ---------------------------------------------------------------------------------------------------

    def _enter(self) -> bool:
        """Make the folders where they are not there; return whether they can be used."""
        with self._one_thread:
            if self._entered is None:
                why = self._why_not()
                self._entered = why is None
                if why is not None:
                    self.problem = (
                        f"No pictures are kept in {self._folder}, or taken from there: {why}, or take cache_dir out of "
                        "config.json."
                    )
            return self._entered

    def _why_not(self) -> str | None:
        try:
            for parent in reversed(self._folder.parents):
                if not parent.exists():
                    os.mkdir(parent, 0o700)
            if self._folder.is_dir() and (others := _others(self._folder)):
                return f"it holds other things ({others[0]!r}); give a folder of its own"
            for folder in (self._folder, self._pictures, self._found):
                with suppress(FileExistsError):
                    os.mkdir(folder, 0o700)
                facts = os.lstat(folder)
                if not stat.S_ISDIR(facts.st_mode):
                    return f"{folder.name} is a link or a file; give the path of a folder"
                if hasattr(os, "geteuid") and facts.st_uid != os.geteuid():
                    return f"{folder.name} belongs to somebody else; give a folder of your own"
                if os.name != "nt" and facts.st_mode & 0o077:
                    return f"others can open {folder.name}; take that away (chmod 700)"
        except OSError as error:
            return f"it cannot be made ({error.strerror or type(error).__name__}); give a folder that can be written"
        return None

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Be the only one that counts and renames; the block gets the open lock file, which holds the count."""
        until = time.monotonic() + LOCK_SECONDS
        if not self._one_thread.acquire(timeout=LOCK_SECONDS):
            raise TimeoutError
        try:
            handle = open_to_lock(self._folder / "lock")
            try:
                lock(handle, until)
                yield handle
            finally:
                os.close(handle)  # which gives up the lock, as the end of the process does
        finally:
            self._one_thread.release()

    def _count(self, counter: int, weight: int) -> None:
        """Count what is about to be kept, and make room for it.

        It is counted before it is there, and only the owner of the lock renames: so there is never more than counted,
        and where there is less (a process was killed, a picture replaced) the next look at all files corrects it.
        """
        os.lseek(counter, 0, os.SEEK_SET)
        said = os.read(counter, COUNT_BYTES)
        total = int(said) if said.strip().isdigit() else self._most
        if total + weight > self._most:
            total = self._make_room(weight)
        os.lseek(counter, 0, os.SEEK_SET)
        os.write(counter, b"%*d" % (COUNT_BYTES, total + weight))

    def _make_room(self, weight: int) -> int:
        """Remove the least recently used files until so much fits; return what the others take."""
        files = sorted([*self._files(self._pictures, True), *self._files(self._found, False)])
        total = sum(file.weight for file in files)
        if total + weight <= self._most:
            return total
        wanted = min(self._most - weight, self._most * 9 // 10)  # a tenth at once: it takes a look at every file
        for file in files:
            if total <= wanted:
                break
            with suppress(FileNotFoundError):
                os.unlink(file.path)
            total -= file.weight
        return total

    def _files(self, folder: Path, is_picture: bool) -> Iterator[_File]:
        """Yield our files; what is not ours stays."""
        with os.scandir(folder) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name):
                    with suppress(FileNotFoundError):
                        facts = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(facts.st_mode):
                            yield _File(facts.st_mtime_ns, is_picture, entry.path, _weight(facts.st_size))

    def _sweep(self) -> None:
        """Remove what processes have left that were killed."""
        for folder in (self._pictures, self._found):
            for name in os.listdir(folder):
                if _LEFT_OVER.fullmatch(name):
                    with suppress(FileNotFoundError):
                        if time.time() - os.lstat(folder / name).st_mtime > LEFT_OVER_SECONDS:
                            remove(folder / name)


def _others(folder: Path) -> list[str]:
    """Return what is not ours in the folder; the names that systems hide are left out."""
    return sorted(name for name in os.listdir(folder) if name not in OURS and not name.startswith("."))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _weight(size_bytes: int) -> int:
    return max(1, -(-size_bytes // BLOCK_BYTES)) * BLOCK_BYTES


def _sealed(said: bytes, key: str) -> bytes:
    """Return a note as it is written: behind the hash of it and of what it is about."""
    return hashlib.sha256(_hash(key).encode() + said).hexdigest().encode() + said


def _note(raw: bytes, key: str) -> Note | None:
    """Return a note, checked; None if it is none, or not what was written."""
    said = raw[_HASH_BYTES:]
    try:
        if raw != _sealed(said, key):
            return None
        note = Note(**json.loads(said))
    except (ValueError, TypeError, RecursionError):
        return None
    texts, numbers = (note.mime, note.name, note.declared_mime), (note.size, note.declared_size)
    sound = (
        isinstance(note.sha256, str)
        and _NAME.fullmatch(note.sha256)
        and all(text is None or isinstance(text, str) for text in texts)
        and all(type(number) is int and number > 0 for number in numbers if number is not None)
        and note.size is not None
    )
    return note if sound else None
