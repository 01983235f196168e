"""The SHA-256 of the files of an export, taken while they are written, or of what is on the disk."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

__all__ = ["HashedFile", "sha256_of"]

READ_BYTES = 2**20
# Arrow writes a part in hundreds of small pieces, and each that comes to Python waits for the thread of the downloads.
WRITE_BYTES = 2**20


class HashedFile:
    """A new file that counts the SHA-256 of what is written to it, so that it need not be read again for that.

    Parameters
    ----------
    path : Path
        It is not there yet.

    Attributes
    ----------
    sink : pyarrow.NativeFile
        Where Arrow writes; it collects small pieces.
    """

    def __init__(self, path: Path) -> None:
        self._digest = hashlib.sha256()
        self._file = open(path, "wb")  # noqa: SIM115 (closed in `close`)
        self.sink = pa.BufferedOutputStream(pa.PythonFile(cast(IO[bytes], self), mode="w"), WRITE_BYTES)

    def write(self, data: bytes) -> int:
        """Write and count; Arrow calls this."""
        written = self._file.write(data)
        self._digest.update(data)
        return written

    def flush(self) -> None:
        """Let the system have what has been written."""
        self._file.flush()

    def close(self) -> None:
        """Close the file; Arrow calls this when the sink is closed."""
        self._file.close()

    @property
    def closed(self) -> bool:
        return self._file.closed

    @property
    def sha256(self) -> str:
        """Of what has been written so far."""
        return self._digest.hexdigest()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read a little at a time."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()
