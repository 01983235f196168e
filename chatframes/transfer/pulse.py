"""Notice that a service no longer answers, so that a call ends soon, whatever is still waiting."""

from __future__ import annotations

from .clock import Clock

GONE_SECONDS = 30.0  # without an answer; with the requests still under way, a call ends within a minute
GONE_FAILURES = 6  # requests in a row that got no answer at all
GONE_PAGES = 3  # in a row, each asked for as often as it may be; two may just have trouble of their own


class Pulse:
    """Whether a service answers one call.

    Attributes
    ----------
    trouble : str
        What came in place of the last answer.
    """

    def __init__(self) -> None:
        self.trouble = ""
        self._silences = self._given_up = 0
        self._last_answer = float("-inf")
        self._silent_since = float("inf")

    def answered(self, clock: Clock) -> None:
        """Note an answer, whatever it says."""
        self._silences = self._given_up = 0
        self._last_answer = clock.monotonic()
        self._silent_since = float("inf")

    def failed(self, began: float, trouble: str, *, silent: bool = True) -> None:
        """Note that a request sent at `began`, on the clock's `monotonic` scale, got no answer of the service.

        The login page of a network is no answer of the service, nor is an error of a server in front of it. Neither is
        `silent`: a service that has trouble with some of its pages only sends such errors, too.
        """
        self.trouble = trouble
        self._silences += silent
        self._silent_since = min(self._silent_since, max(began, self._last_answer))

    def gave_up(self) -> None:
        """Note that a page was asked for as often as it may be."""
        self._given_up += 1

    def gone(self, clock: Clock) -> bool:
        """Whether the service seems to be gone for good; no more requests are then sent in this call."""
        silent = clock.monotonic() - self._silent_since >= GONE_SECONDS
        enough = self._silences >= GONE_FAILURES or self._given_up >= GONE_PAGES
        return silent and enough
