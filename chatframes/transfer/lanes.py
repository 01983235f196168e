"""Learn how many requests at once a host takes: more after each answer, fewer after a refusal.

There is one lane per host (to Telegram: per data centre), and per account where requests carry a credential. A lane is
never wider than the bound of its service. What it has learnt stays for as long as the process keeps its gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .bound import Bound
from .clock import Clock
from .machine import Place
from .waiting_in_line import standing_in_line

IN_USE = 0.8  # of the width; an answer that came while fewer were under way does not show that more would be taken
TELLING = 0.5  # of the width, or of the most at once if fewer: a refusal of fewer says nothing about the width
# Most refusals bring a wait for everybody. So a width that was refused is tried again only when that costs little even
# if it fails: after so many answers, and after so many times the wait. Both double with each try that fails,
# but for the first ones: a host that has just changed its mind may soon do so again.
ANSWERS_BETWEEN_TRIES = 20
WAITS_BETWEEN_TRIES = 1.0  # for a width that the host has taken before: it may have changed its mind back
WAITS_BETWEEN_NEW_TRIES = 20.0  # for a width that it has never taken
QUICK_TRIES, MOST_DOUBLINGS = 2, 4


@dataclass(frozen=True, slots=True)
class Sent:
    """When a request was sent: in which round, how many were then under way with itself, and after how many answers."""

    round: int
    at_once: int
    answers: int  # of the host, until then


class Width:
    """How many requests at once, as learnt from answers and refusals.

    It begins with half the ceiling, and grows by one with each answer (so it doubles while all of them are answered
    once) up to the ceiling or the first refusal. A round ends with its first refusal: however many of the requests
    that were under way are refused, the width falls once, to what was taken, and not below half. From there it grows
    by one for each time that all are answered, and stays below what was refused, but for a try now and then.

    Parameters
    ----------
    ceiling : callable
        Returns the most that there may be; it may change.
    """

    def __init__(self, ceiling: Callable[[], int]) -> None:
        self._ceiling = ceiling
        self._width = 0.0
        self._refused_at: int | None = None  # so many at once are too many
        self._most_taken = 0  # at once, and not just for a moment
        self._round = 0
        self._answers = self._most_at_once = 0  # since the last refusal
        self._all_answers = 0
        self._most_sent = 0  # at once, since the last refusal: a process that shares places may never fill the width
        self._before = self._under_way = self._refusals = 0  # when the last refusals began, and how many they were
        self._tries_failed = self._taken = 0  # in a row; answers to requests of the try now going on
        self._next_try_at = float("-inf")

    @property
    def now(self) -> int:
        """How many requests may be under way."""
        ceiling = self._ceiling()
        if self._refused_at is None:
            self._width = max(self._width, -(-ceiling // 2))
        return max(1, min(int(self._width), ceiling))

    @property
    def learnt(self) -> int | None:
        """How many are taken, where some were refused; None where none were, or later as many were taken."""
        return None if self._refused_at is None else max(1, int(self._width))

    def sent(self, under_way: int) -> Sent:
        """Note that a request is sent; `under_way` counts it."""
        self._most_sent = max(self._most_sent, under_way)
        return Sent(self._round, under_way, self._all_answers)

    def answered(self, sent: Sent, now: float) -> None:
        """Note an answer, at `now` on the clock's `monotonic` scale."""
        self._all_answers += 1
        if sent.round != self._round:
            return  # it was sent before the last refusals, which say more
        self._answers += 1
        self._most_at_once = max(self._most_at_once, sent.at_once)
        if self._answers >= 2 * self._most_at_once:  # among fewer answers, those of a refused round may be
            self._most_taken = max(self._most_taken, self._most_at_once)
        if sent.at_once >= IN_USE * self.now:
            self._grow(sent.at_once, now)

    def _grow(self, at_once: int, now: float) -> None:
        if self._refused_at is None:
            self._width += self._width < self._ceiling()
        elif at_once >= self._refused_at:
            self._taken += 1
            if self._taken >= at_once:  # each of those at once was answered: the try has succeeded
                self._refused_at, self._tries_failed = None, 0
        elif self.now < self._refused_at - 1:
            self._width += 1.0 / self._width
        elif (
            self.now < self._refused_at  # else a try is going on
            and self._answers >= ANSWERS_BETWEEN_TRIES * self._patience
            and now >= self._next_try_at
        ):
            self._width, self._taken = float(self._refused_at), 0

    def refused(self, sent: Sent, under_way: int, wait_seconds: float, now: float) -> None:
        """Note a refusal; `under_way` counts it, and the host may have asked to wait.

        One that comes while few are under way is not about how many they are: it changes nothing. If that was a lone
        request, the earlier refusals may have been of that kind, too: the width then grows again as in the beginning.
        """
        if sent.round == self._round and sent.at_once <= max(1, TELLING * min(self.now, self._most_sent)):
            if sent.at_once == 1:
                self._refused_at = None
            return
        if sent.round == self._round:
            trying = self._refused_at is not None and self.now >= self._refused_at
            self._tries_failed = self._tries_failed + 1 if trying else 0
            self._round += 1
            self._before, self._under_way, self._refusals = self.now, under_way, 0
            self._answers = self._most_at_once = self._most_sent = 0
        elif sent.round != self._round - 1:
            return
        self._refusals += 1
        taken = min(self._under_way - self._refusals, self._before - 1)
        self._width = float(max(-(-self._before // 2), taken))
        self._refused_at = int(self._width) + 1
        known = self._refused_at <= self._most_taken
        waits = WAITS_BETWEEN_TRIES if known else WAITS_BETWEEN_NEW_TRIES
        self._next_try_at = max(self._next_try_at, now + wait_seconds * (1.0 + waits * self._patience))

    def answers_others(self, sent: Sent) -> bool:
        """Whether the host has answered as many requests since this one was sent as were then under way."""
        return self._all_answers - sent.answers >= sent.at_once

    @property
    def _patience(self) -> int:
        return int(2 ** min(max(self._tries_failed - QUICK_TRIES, 0), MOST_DOUBLINGS))


class Lane:
    """The requests to one host: a bound of the width that is learnt from them.

    Parameters
    ----------
    name : str
        The host, as the report calls it.
    service_bound : Bound
        The bound of the whole service; where a request waits for this lane, its place there is lent to others.
    """

    def __init__(self, name: str, service_bound: Bound) -> None:
        self.name = name
        self.service_bound = service_bound
        self.width = Width(lambda: service_bound.limit)
        self.bound = Bound(lambda: self.width.now)
        self.under_way = 0
        self.used_at = float("-inf")  # on the clock's monotonic scale

    async def turn(self, clock: Clock, waited_seconds: float = 0.0) -> Turn:
        """Wait for a place in this lane; the caller holds one in the service's bound."""
        if self.bound.has_room:
            await self.bound.__aenter__()
            return Turn(self, clock, waited_seconds)
        entered = False
        try:
            async with standing_in_line(clock), self.service_bound.lent():
                await self.bound.__aenter__()
                entered = True
        except BaseException:
            if entered:
                self.bound.leave()
            raise
        return Turn(self, clock, waited_seconds)


class Turn:
    """The turn of one request: it holds a place in a lane until `end`, and one among all processes of this machine.

    Without these, its methods do nothing.

    Examples
    --------
    >>> turn = Turn(None, None)
    >>> turn.begin()
    >>> turn.end(answered=True)
    """

    __slots__ = ("_clock", "_ended", "_lane", "_sent", "place", "waited_seconds")

    def __init__(self, lane: Lane | None, clock: Clock | None, waited_seconds: float = 0.0) -> None:
        self.waited_seconds = waited_seconds  # before it began
        self.place: Place | None = None  # among those that all processes of this machine have
        self._lane, self._clock = lane, clock
        self._sent: Sent | None = None
        self._ended = False

    def begin(self) -> None:
        """Note that the request is now sent."""
        if self._lane is not None and self._clock is not None:
            self._lane.under_way += 1
            self._lane.used_at = self._clock.monotonic()
            self._sent = self._lane.width.sent(self._lane.under_way)

    def refused(self, wait_seconds: float = 0.0) -> None:
        """Note that the host takes no more at once, and how long it asks to wait."""
        if self._lane is not None and self._clock is not None and self._sent is not None:
            now = self._clock.monotonic()
            self._lane.width.refused(self._sent, self._lane.under_way, wait_seconds, now)

    def timed_out(self) -> None:
        """Note that no answer came: a refusal, unless the host answers the others."""
        if self._lane is not None and self._sent is not None and not self._lane.width.answers_others(self._sent):
            self.refused()

    def end(self, *, answered: bool = False) -> None:
        """Give its places back; only the first call does anything."""
        if self._ended:
            return
        self._ended = True
        if self.place is not None:
            self.place.end()
        if self._lane is None or self._clock is None:
            return
        if self._sent is not None:
            self._lane.under_way -= 1
            if answered:
                self._lane.width.answered(self._sent, self._clock.monotonic())
        self._lane.bound.leave()


NO_TURN = Turn(None, None)  # before there is one
