"""Read and write files that are their owner's alone, in a folder where others may have put links and pipes."""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, where nothing is locked here
    fcntl = None  # type: ignore[assignment]

__all__ = ["beside", "has_size", "lock", "open_to_lock", "read", "remove"]

LOOK_AGAIN_SECONDS = 0.005
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL})
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_READING = os.O_RDONLY | _PLAIN
_WRITING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN
_BOTH = os.O_RDWR | os.O_CREAT | _PLAIN


def has_size(path: Path, size_bytes: int) -> bool:
    """Whether there is a file of exactly that size, and no link to one."""
    try:
        facts = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(facts.st_mode) and facts.st_size == size_bytes


def read(path: Path, most_bytes: int) -> bytes:
    """Read a small enough file; a link, or what is no file, is an OSError."""
    handle = os.open(path, _READING)
    with os.fdopen(handle, "rb", buffering=0) as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > most_bytes:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return file.readall()


def beside(place: Path, data: bytes) -> Path:
    """Write a new file beside its place, for its owner alone; return its path. It need not survive a power cut."""
    new = place.with_name(f".{place.name}.{os.urandom(4).hex()}.tmp")
    try:
        with os.fdopen(os.open(new, _WRITING, 0o600), "wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
    except BaseException:
        remove(new)
        raise
    return new


def remove(path: Path) -> None:
    """Remove a file, if that is possible."""
    with suppress(OSError):
        os.unlink(path)


def open_to_lock(path: Path) -> int:
    """Open a file that is there to be locked; closing it gives up the lock, as the end of the process does."""
    return os.open(path, _BOTH, 0o600)


def lock(handle: int, until: float) -> None:
    """Lock an open file; a TimeoutError when somebody else holds it until then, on the clock's monotonic scale."""
    while fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise TimeoutError from None
            time.sleep(LOOK_AGAIN_SECONDS)
        except OSError as error:
            if error.errno in _NO_LOCKS:  # on such a drive each process counts by itself
                return
            raise
