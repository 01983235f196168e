"""Bound the bytes of downloads: how many per second, for the whole process or for one call, and how many in all.

What is counted are the bytes of attachments, as they are read; pages of messages are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from .. import kept
from .byte_budget import ByteBudget
from .clock import Clock

BURST_SECONDS = 0.1  # what was not used for a moment may be used after it
# So many seconds' worth of bodies are asked for before they are paid for: enough to be busy during the answer's way,
# and a twentieth of what may come in ten seconds.
AHEAD_SECONDS = 0.5
PIECE_SECONDS = 0.25  # a piece comes in one go
SMALLEST_PIECE = 64 * 1024  # below it there would be too many requests
USUAL_BYTES = 64 * 1024  # of a body whose size nobody knows, until some have come


class Bandwidth:
    """One token bucket: so many bytes per second, whoever reads them. The lowest rate of the running calls holds."""

    def __init__(self) -> None:
        self._rates: list[int] = []
        self._all_paid_at = float("-inf")
        self._ahead = 0, ByteBudget(0)

    @property
    def rate(self) -> int | None:
        """Bytes per second; None where there is no limit."""
        return min(self._rates, default=None)

    @contextmanager
    def limited_to(self, bytes_per_second: int | None) -> Iterator[None]:
        """Add a rate for as long as the block runs; None adds none."""
        if bytes_per_second is None:
            yield
            return
        key = object()
        self._rates.append(bytes_per_second)
        _rates[key] = bytes_per_second
        try:
            yield
        finally:
            self._rates.remove(bytes_per_second)
            _rates.pop(key, None)

    def ahead(self) -> ByteBudget | None:
        """Return what bounds the bodies that are asked for and not yet paid for."""
        if (rate := self.rate) is None:
            return None
        if self._ahead[0] != rate:
            self._ahead = rate, ByteBudget(max(1, int(rate * AHEAD_SECONDS)))
        return self._ahead[1]

    def wait_for(self, size_bytes: int, now: float) -> float:
        """Take so many bytes; return the seconds to wait before anything else is read."""
        if (rate := self.rate) is None:
            return 0.0
        self._all_paid_at = max(self._all_paid_at, now - BURST_SECONDS) + size_bytes / rate
        return max(0.0, self._all_paid_at - now)


_bandwidths: dict[str, Bandwidth] = kept.new_dict()
_rates: dict[object, int] = kept.new_dict()  # of all bandwidths


def piece_bytes(most: int) -> int:
    """Return how many bytes to ask for at once, at most `most`: a power of two, small where a low rate holds."""
    rate = min(_rates.values(), default=None)
    if rate is None:
        return most
    return min(most, max(SMALLEST_PIECE, 1 << max(0, int(rate * PIECE_SECONDS).bit_length() - 1)))


def of_the_process() -> Bandwidth:
    """Return the one that all calls share."""
    return _bandwidths.setdefault("process", Bandwidth())


class Speed:
    """The bandwidths that the bodies of one call pass: the process's, and its own."""

    def __init__(self, clock: Clock, bandwidths: Sequence[Bandwidth] = ()) -> None:
        self._clock = clock
        self.received_bytes = 0  # of bodies that have ended, whatever became of them
        self._bandwidths = bandwidths
        self._usual_bytes = USUAL_BYTES

    def body(self, expected_bytes: int | None) -> Passage:
        """Return the way of one body: entering it waits until the body may be asked for."""
        return Passage(self._clock, self._bandwidths, expected_bytes or self._usual_bytes, self._ended)

    def _ended(self, size_bytes: int, whole: bool) -> None:
        self.received_bytes += size_bytes
        if whole and size_bytes:
            # Rather too much: a body that is larger than expected comes together with too many others.
            self._usual_bytes = max(size_bytes, self._usual_bytes * 9 // 10)


class Passage:
    """One body on its way.

    Attributes
    ----------
    expected_bytes : int
        As far as is known.
    paid_bytes : int
        Read so far.
    waited_seconds : float
        Spent waiting for its turn: no host is to blame for it.
    """

    __slots__ = (
        "_bandwidths", "_clock", "_ended", "_reserved", "expected_bytes", "paid_bytes", "waited_seconds",
    )  # fmt: skip

    def __init__(
        self, clock: Clock, bandwidths: Sequence[Bandwidth], expected_bytes: int, ended: Callable[[int, bool], None]
    ) -> None:
        self._clock = clock
        self._bandwidths = bandwidths
        self._ended = ended
        self._reserved: list[tuple[ByteBudget, int]] = []
        self.expected_bytes, self.paid_bytes = expected_bytes, 0
        self.waited_seconds = 0.0

    async def __aenter__(self) -> Passage:
        try:
            for bandwidth in self._bandwidths:
                if (ahead := bandwidth.ahead()) is not None:
                    self._reserved.append((ahead, await ahead.reserve(self.expected_bytes)))
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._close()
        self._ended(self.paid_bytes, kind is None)

    async def pay(self, size_bytes: int) -> float:
        """Wait until so many bytes may have been read; return the seconds waited."""
        self.paid_bytes += size_bytes
        if not _rates and not self._reserved:
            return 0.0
        now = self._clock.monotonic()
        seconds = max((bandwidth.wait_for(size_bytes, now) for bandwidth in self._bandwidths), default=0.0)
        if seconds > 0:
            await self._clock.sleep(seconds)
            self.waited_seconds += seconds
        left = max(size_bytes, self.expected_bytes - self.paid_bytes)  # another piece may come, whatever was expected
        for place, (ahead, reserved) in enumerate(self._reserved):
            if left < reserved:
                ahead.give_back(reserved - left)
                self._reserved[place] = ahead, left
        return seconds

    def _close(self) -> None:
        """Let others take what was expected and did not come."""
        for ahead, reserved in self._reserved:
            ahead.give_back(reserved)
        self._reserved.clear()


class Total:
    """The bytes that all pictures of one call may have together; None is no limit."""

    def __init__(self, most_bytes: int | None = None) -> None:
        self._most = most_bytes
        self._taken = 0
        self.used_up = False

    def take(self, size_bytes: int, before: int = 0) -> bool:
        """Whether so many more fit of a picture that took some `before`; they are then taken.

        Once a picture did not fit, no other does. One that is larger than the whole total is left out alone: each later
        call would meet it first and never get past it.
        """
        if self._most is None:
            return True
        if before + size_bytes > self._most:
            return False
        self.used_up = self.used_up or self._taken + size_bytes > self._most
        if not self.used_up:
            self._taken += size_bytes
        return not self.used_up

    def give_back(self, size_bytes: int) -> None:
        """Give back what was taken and not kept."""
        self._taken -= size_bytes
