"""Keep to one limit together with the other processes of this user on this machine.

Whoever is about to send a request locks one byte of the file ``~/.chatframes/gate.lock``. Which byte that is stands for
the service, the account and the number of the place; nothing is ever written. The system unlocks the bytes of a process
that ends, however it ends. A process that uses an account also locks a byte that stands for its limit, so that the
lowest limit of all holds, and each process takes only its share of the places.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from .. import kept
from .bound import Bound
from .clock import Clock
from .waiting_in_line import standing_in_line

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Place", "Places", "open_own_file", "say_once"]

# The bytes of one account and kind of request: places from 0 on, then for each limit one byte for each process.
PROCESSES = 2**22  # Linux has no larger process ids
MOST_PLACES = 1023
BYTES = (MOST_PLACES + 1) * PROCESSES
ACCOUNTS = 2**30
# How the system's `struct flock` looks; Python has no other way to ask who has locked what.
LAYOUTS = {
    "linux": ("hhqqi4x", ("kind", "whence", "start", "length", "pid")),
    "darwin": ("qqihh", ("start", "length", "pid", "kind", "whence")),
}
LOOK_AGAIN_SECONDS = 0.02
# A place that not every process can have at once is left for so long after use: the others look at it meanwhile.
LEAVE_SECONDS = 2 * LOOK_AGAIN_SECONDS
LOOKS_BEFORE_FIRST = 10  # a request that has looked so often goes before those that came later
LONGEST_SECONDS = 120.0  # without any place: more than a picture may take, with all its waits
TAKEN = {errno.EACCES, errno.EAGAIN}

_log = logging.getLogger("chatframes")
# By home folder and name. They are never closed: that would unlock all that this process has locked there.
# A fork may use them, too.
_files: dict[tuple[str | None, str], int] = {}
_failed: dict[str, str] = kept.new_dict()  # what was said once


def open_own_file(name: str) -> int | None:
    """Return the descriptor of a file in ``~/.chatframes``, which stays open; None if it cannot be had."""
    if fcntl is None or sys.platform not in LAYOUTS:
        return None
    try:
        key = os.environ.get("HOME"), name  # this is asked for each request: no path is made for nothing
        if (open_before := _files.get(key)) is not None and os.fstat(open_before).st_nlink:
            return open_before  # unless somebody has removed it: the others use a new one
        path = Path.home() / ".chatframes" / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        opened = os.open(path, flags, 0o600)
        facts = os.fstat(opened)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1 or facts.st_uid != os.geteuid():
            os.close(opened)
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        _files[key] = opened
    except (OSError, RuntimeError) as error:  # the latter: there is no home folder
        say_once(error)
        return None
    return opened


def say_once(error: Exception) -> None:
    """Say that each process now keeps to the limits by itself, once per process."""
    if not _failed:
        _failed["said"] = str(error)
        _log.warning(
            "Limits hold for this process only, not together with other ones of yours: ~/.chatframes cannot be used "
            "(%s). Make that folder writable, on a disk that knows locks.",
            os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "there is no home folder",
        )


class Places:
    """The requests of one kind that all processes may have under way together, of one account.

    Where locks cannot be had, there is always a place: the bounds of the process itself still hold.

    Parameters
    ----------
    name : str
        Stands for service, account and kind of request; only its hash is used.

    Examples
    --------
    >>> places = Places("webex somebody downloads")
    >>> places.enter(20)
    >>> place = places.take(20)
    >>> places.give_back(place)
    >>> places.leave()
    """

    def __init__(self, name: str) -> None:
        self._first = int.from_bytes(sha256(name.encode()).digest()[:8]) % ACCOUNTS * BYTES
        self._held: set[int] = set()
        self._users = 0
        self._file: int | None = None
        self._fails = self._alone = False
        self._given_back_at = float("-inf")
        self.taken = 0  # so far
        self.go_first = 0  # requests that have waited for long, and just now stand in line
        self._own = 0  # the byte that says that this process uses the account

    def enter(self, limit: int) -> None:
        """Note that a request of this process wants a place, or holds one, until `leave`."""
        self._users += 1
        if self._users > 1 or (file := open_own_file("gate.lock")) is None:
            return
        own = self._first + min(limit, MOST_PLACES) * PROCESSES + os.getpid() % PROCESSES
        try:
            while not _lock(file, own):  # a process of another container has the same number
                own += 1
            self._file, self._own = file, own
        except OSError as error:
            say_once(error)

    def leave(self) -> None:
        """Note that the request is over, or has given up waiting."""
        self._users -= 1
        if self._users == 0:
            self._unlock(self._own)
            self._file, self._fails = None, False

    def take(self, limit: int) -> int | None:
        """Take a place of at most `limit`; None when all are taken, or all of this process's share."""
        if self._file is not None and not self._fails:
            try:
                place = self._take(self._file, limit)
            except OSError as error:
                self._fails = True
                say_once(error)
            else:
                if place is not None:
                    self._alone = False
                if place is not None or not self._alone:
                    return place
        return self._hold(next(place for place in range(MOST_PLACES, 0, -1) if place not in self._held))

    def _take(self, file: int, limit: int) -> int | None:
        others = list(self._others(file))
        most, processes, held = min(limit, MOST_PLACES, *others), len(others) + 1, len(self._held)
        if held >= -(-most // processes):
            return None
        if held >= most // processes and time.monotonic() - self._given_back_at < LEAVE_SECONDS:
            return None
        free = (place for place in range(most) if place not in self._held and _lock(file, self._first + place))
        return None if (place := next(free, None)) is None else self._hold(place)

    def _hold(self, place: int) -> int:
        self._held.add(place)
        self.taken += 1
        return place

    def go_alone(self) -> None:
        """Take no more heed of the other processes until there is a place again: one has perhaps been stopped."""
        if not self._alone:
            self._alone = True
            _log.warning(
                "Another process of yours has held every place at this account for %d s, so this one goes on without "
                "heeding it: end that process if it hangs.",
                LONGEST_SECONDS,
            )

    def give_back(self, place: int) -> None:
        """Give a place back."""
        self._held.discard(place)
        self._given_back_at = time.monotonic()
        self._unlock(self._first + place)

    def _unlock(self, byte: int) -> None:
        if self._file is not None:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)

    def _others(self, file: int) -> Iterator[int]:
        """Yield the limit of each other process that uses the account."""
        ranges = [(self._first + PROCESSES, self._first + BYTES)]
        while ranges:
            start, end = ranges.pop()
            if start < end and (byte := _locked_by_another(file, start, end)) is not None:
                yield (byte - self._first) // PROCESSES
                ranges += [(start, byte), (byte + 1, end)]


class Place:
    """One request's place among those of all processes: it is wanted from the start, held after `take`, until `end`."""

    __slots__ = ("_looks", "_number", "_places", "_since", "_taken")

    def __init__(self, places: Places, limit: int) -> None:
        places.enter(limit)
        self._places = places
        self._number: int | None = None
        self._since: float | None = None  # since when this process has got no place at all
        self._taken = 0  # by this process until then
        self._looks = 0

    def take(self, limit: int) -> bool:
        """Take a place of at most `limit`, if there is one, and nobody has waited for much longer."""
        if self._looks >= LOOKS_BEFORE_FIRST or not self._places.go_first:
            self._number = self._places.take(limit)
        return self._number is not None

    async def look_again(self, bound: Bound, clock: Clock) -> None:
        """Wait a moment; the caller's place in its own process is lent meanwhile."""
        if self._since is None or self._taken != self._places.taken:
            self._since, self._taken = clock.monotonic(), self._places.taken
        elif clock.monotonic() - self._since > LONGEST_SECONDS:
            self._places.go_alone()
        self._looks += 1
        goes_first = self._looks >= LOOKS_BEFORE_FIRST
        self._places.go_first += goes_first
        try:
            async with standing_in_line(clock), bound.lent():
                await clock.sleep(LOOK_AGAIN_SECONDS)
        finally:
            self._places.go_first -= goes_first

    def end(self) -> None:
        """Give the place back, or give up waiting for one."""
        if self._number is not None:
            self._places.give_back(self._number)
        self._places.leave()


def _lock(file: int, byte: int) -> bool:
    """Lock one byte, and say whether that was possible; this process has not locked it before."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
    except OSError as error:
        if error.errno in TAKEN:
            return False
        raise
    return True


def _locked_by_another(file: int, start: int, end: int) -> int | None:
    """Return a byte from `start` to before `end` that another process has locked."""
    layout, order = LAYOUTS[sys.platform]
    question = {"kind": fcntl.F_WRLCK, "whence": os.SEEK_SET, "start": start, "length": end - start, "pid": 0}
    answer = struct.unpack(layout, fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(layout, *map(question.get, order))))
    found = dict(zip(order, answer, strict=True))
    return None if found["kind"] == fcntl.F_UNLCK else max(start, found["start"])
