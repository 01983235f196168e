"""Keep how long things took in little memory, however many they are, and say their mean and quantiles."""

from __future__ import annotations

import math
from collections import Counter

__all__ = ["RELATIVE_ERROR", "Durations"]

# Each class of durations is so much wider than the one before. 400 classes reach from a millisecond to a day and more.
GROWTH = 1.05
RELATIVE_ERROR = math.sqrt(GROWTH) - 1.0  # of a quantile: the middle of a class is at most 2.5 % away from its ends
SHORTEST_SECONDS, LONGEST_SECONDS = 0.001, 1e6
LEAST_CLASS = -1  # of all that are shorter


class Durations:
    """Counts durations in classes of growing width.

    Quantiles are those of numpy's default method, with an error of at most 2.5 %, or a millisecond; number, mean and
    longest are exact.

    Examples
    --------
    >>> durations = Durations()
    >>> for milliseconds in range(1, 1000):
    ...     durations.add(milliseconds / 1000)
    >>> durations.number, round(durations.mean, 3), abs(durations.quantile(0.95) - 0.95) < 0.95 * RELATIVE_ERROR
    (999, 0.5, True)
    """

    def __init__(self) -> None:
        self.number = 0
        self._sum = 0.0
        self._shortest, self.longest = math.inf, 0.0
        self._classes: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Count one more."""
        self.number += 1
        self._sum += seconds
        self._shortest, self.longest = min(self._shortest, seconds), max(self.longest, seconds)
        self._classes[_class_of(seconds)] += 1

    @property
    def mean(self) -> float | None:
        """The mean; None while there are none."""
        return self._sum / self.number if self.number else None

    def quantile(self, share: float) -> float | None:
        """Return the duration that a share of them (0 to 1) does not exceed; None while there are none."""
        if not self.number:
            return None
        place = share * (self.number - 1)
        below = math.floor(place)
        lower = self._of_rank(below)
        return lower + (place - below) * (self._of_rank(math.ceil(place)) - lower)

    def _of_rank(self, rank: int) -> float:
        """Return, roughly, the duration that has so many shorter ones before it."""
        for number in sorted(self._classes):
            rank -= self._classes[number]
            if rank < 0:
                break
        middle: float = SHORTEST_SECONDS * (0.5 if number == LEAST_CLASS else GROWTH ** (number + 0.5))
        return min(max(middle, self._shortest), self.longest)


def _class_of(seconds: float) -> int:
    if seconds < SHORTEST_SECONDS:
        return LEAST_CLASS
    return int(math.log(min(seconds, LONGEST_SECONDS) / SHORTEST_SECONDS) / math.log(GROWTH))
