"""Share the waits that services ask for with the other processes of this user on this machine.

They are kept in the small file ``~/.chatframes/waits`` of a fixed size: a record holds the hash of an account and a
kind of request, the end of the wait, and who wrote it. A record whose time is over is free for the next one.
"""

from __future__ import annotations

import os
import secrets
import struct
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from .machine import open_own_file, say_once

__all__ = ["SharedWaits"]

RECORD = struct.Struct("<16sd8s")  # hash, end in seconds since 1970, writer
TOGETHER, GROUPS = 8, 512  # a record lies in the group that its hash names
GROUP_BYTES = TOGETHER * RECORD.size
LONGEST_SECONDS = 7 * 86_400.0  # what lies further ahead is no wait that a service asked for


@dataclass(frozen=True, slots=True)
class SharedWaits:
    """The waits of one account, as all processes know them.

    Parameters
    ----------
    account : str
        Stands for service, endpoint and credential; only its hash is kept.
    """

    account: str

    def close_until(self, end: float, kind: str) -> None:
        """Tell the other processes that the service wants no request of this kind before `end`, in Unix time."""
        group, key = self._place(kind)
        if (file := open_own_file("waits")) is None:
            return
        try:
            records = _read(file, group)
            mine = (number for number, (its_key, its_end, _) in enumerate(records) if its_key == key and its_end >= end)
            if next(mine, None) is None:
                number = min(range(TOGETHER), key=lambda number: (records[number][0] != key, records[number][1]))
                os.pwrite(file, RECORD.pack(key, end, _writer()), group * GROUP_BYTES + number * RECORD.size)
        except OSError as error:
            say_once(error)

    def closed_until(self, now: float, kind: str) -> float:
        """Return the end of the wait that another process was asked for, in Unix time; 0 if there is none."""
        group, key = self._place(kind)
        if (file := open_own_file("waits")) is None:
            return 0.0
        with suppress(OSError):
            return max(
                (
                    end
                    for its_key, end, writer in _read(file, group)
                    if its_key == key and now < end < now + LONGEST_SECONDS and writer != _writer()
                ),
                default=0.0,
            )
        return 0.0

    def _place(self, kind: str) -> tuple[int, bytes]:
        digest = sha256(f"{self.account}\0{kind}".encode()).digest()
        return int.from_bytes(digest[16:20]) % GROUPS, digest[:16]


def _read(file: int, group: int) -> list[tuple[bytes, float, bytes]]:
    data = os.pread(file, GROUP_BYTES, group * GROUP_BYTES).ljust(GROUP_BYTES, b"\0")
    return list(RECORD.iter_unpack(data))


_writers: dict[int, bytes] = {}  # of this process: a fork is another one


def _writer() -> bytes:
    return _writers.setdefault(os.getpid(), secrets.token_bytes(8))
