"""Write a file whole or not at all: first beside its place, then renamed when every byte is on the disk."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["keep_bytes", "keep_name", "replace_file"]

_CANNOT = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTTY, errno.EROFS})


@contextmanager
def replace_file(path: Path, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of `path` when the block ends without an error.

    Until then an older file of that name stays as it was. After an error nothing of the new file is left; after a kill
    a part of it may be, under a name that begins with a dot.

    Parameters
    ----------
    path : Path
        The file's place; its folder exists.
    mode : int
        Who may read and write it, from its first byte on; less what the umask takes away.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "choices.json")
    ...     with replace_file(path, mode=0o600) as file:
    ...         _ = file.write(b"{}")
    ...     path.read_bytes(), len(os.listdir(folder))
    (b'{}', 1)
    """
    # The dot hides it from readers of the whole folder.
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(beside, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            file.flush()
            keep_bytes(file.fileno())
        os.replace(beside, path)
    finally:
        with suppress(OSError):  # it has been renamed, or could not be created
            os.unlink(beside)
    keep_name(path.parent)


def keep_bytes(handle: int) -> None:
    """Let the bytes survive a power cut, where the folder can promise that: many network drives cannot."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _CANNOT:  # EIO, ENOSPC and EDQUOT mean that bytes were lost
            raise


def keep_name(folder: Path, *, strict: bool = False) -> None:
    """Make the new name survive a power cut, too. Some drives cannot, and the file is in place all the same.

    With `strict`, an OSError says that a drive which can do so has lost something.
    """
    if os.name == "nt":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if strict and error.errno not in _CANNOT | {errno.EACCES, errno.EPERM}:
            raise
