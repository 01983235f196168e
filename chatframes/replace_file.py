"""Write a file whole or not at all: beside its place first, and into it when every byte is safe."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["replace_file"]


@contextmanager
def replace_file(path: Path, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of `path` when the block ends without an error.

    Until then an older file of that name stays as it was. After an error nothing is left of the new one; only a
    process that is killed leaves its part behind, under a name that begins with a dot.

    Parameters
    ----------
    path : Path
        The file's place; its folder exists.
    mode : int
        Who may read and write it, from its first byte on; the umask takes from this, as always.

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
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        with suppress(OSError):  # there is none: it has its name, or never began
            os.unlink(beside)
    _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """Let the new name survive a power cut, too. The file is in place: a drive that refuses this is no failure."""
    if os.name == "nt":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
