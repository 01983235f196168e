"""The waits that refusals have asked for, and whether a request comes inside one although its sender knew of it."""

from __future__ import annotations

from collections.abc import Callable

from .awake import Moment, awake_seconds, this_moment

# What was sent before the refusal was read may arrive a little after it. The time in which this process waits for a
# processor does not count: client and server mostly share it, and a client that does not run has read nothing.
SLACK_SECONDS = 0.5


class Waits:
    """The waits of one server; touched on its loop only."""

    def __init__(self, look: Callable[[], Moment] = this_moment) -> None:
        self._look = look
        self._asked: list[tuple[str, Moment, float]] = []  # of which kind, since when, and until when

    def ask(self, seconds: float, kind: str = "") -> None:
        """Note that requests of a kind have just been asked to wait."""
        now = self._look()
        self._asked.append((kind, now, now.seconds + seconds))

    def forbid(self, kind: str = "") -> bool:
        """Whether a request that arrives now is early."""
        if not self._asked:
            return False
        now = self._look()
        self._asked = [wait for wait in self._asked if wait[2] > now.seconds]
        return any(of == kind and awake_seconds(asked, now) > SLACK_SECONDS for of, asked, _ in self._asked)
