"""Share the waits that services ask for with the other processes of this user on this machine.

They are kept in the small file ``~/.chatframes/waits`` of a fixed size: a record holds the hash of an account and a
kind of request, when it was written, the end of the wait, and who wrote it. A record whose time is over is free for the
next one, and so is one that no clock can have written, or only one that was set back since.
"""

from __future__ import annotations

import os
import secrets
import struct
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from .. import kept
from .machine import open_own_file, say_once

__all__ = ["SharedWaits"]

RECORD = struct.Struct("<12sdd4s")  # hash, when it was written and its end in seconds since 1970, writer
TOGETHER, GROUPS = 8, 512  # a record lies in the group that its hash names
GROUP_BYTES = TOGETHER * RECORD.size
LONGEST_SECONDS = 7 * 86_400.0  # what is longer is no wait that a service asked for
SET_BACK_SECONDS = 1.0  # by which a clock may be set back without a word


@dataclass(frozen=True, slots=True)
class SharedWaits:
    """The waits of one account, as all processes know them.

    Parameters
    ----------
    account : str
        Stands for service, endpoint and credential; only its hash is kept.
    """

    account: str

    def close_until(self, now: float, end: float, kind: str) -> None:
        """Tell the other processes that the service wants no request of this kind before `end`, in Unix time."""
        group, key = _place(self.account, kind)
        if (file := open_own_file("waits")) is None:
            return
        try:
            records = _records(_group(file, group), now)
            if not any(its_key == key and its_end >= end for its_key, its_end, _ in records):
                number = min(range(TOGETHER), key=lambda number: (records[number][0] != key, records[number][1]))
                os.pwrite(file, RECORD.pack(key, now, end, _writer()), group * GROUP_BYTES + number * RECORD.size)
        except OSError as error:
            say_once(error)

    def closed_until(self, now: float, kind: str) -> float:
        """Return the end of the wait that another process was asked for, in Unix time; 0 if there is none."""
        group, key = _place(self.account, kind)
        if (file := open_own_file("waits")) is None:
            return 0.0
        with suppress(OSError):
            if key in (data := _group(file, group)):  # hardly ever, and this is asked for each request
                ends = (
                    end
                    for its_key, end, writer in _records(data, now)
                    if its_key == key and end > now and writer != _writer()
                )
                return max(ends, default=0.0)
        return 0.0


@lru_cache(maxsize=1024)
def _place(account: str, kind: str) -> tuple[int, bytes]:
    """Return the group of an account and a kind of request, and what their records begin with."""
    digest = sha256(f"{account}\0{kind}".encode()).digest()
    return int.from_bytes(digest[16:20]) % GROUPS, digest[:12]


def _group(file: int, group: int) -> bytes:
    return os.pread(file, GROUP_BYTES, group * GROUP_BYTES).ljust(GROUP_BYTES, b"\0")


def _records(data: bytes, now: float) -> list[tuple[bytes, float, bytes]]:
    """Return hash, end and writer of a group's records; the end is 0 where no wait can have that one."""
    return [
        (key, end if written <= now + SET_BACK_SECONDS and end < written + LONGEST_SECONDS else 0.0, writer)
        for key, written, end, writer in RECORD.iter_unpack(data)
    ]


_writers: dict[int, bytes] = kept.new_dict()  # of this process: a fork is another one


def _writer() -> bytes:
    return _writers.setdefault(os.getpid(), secrets.token_bytes(4))
