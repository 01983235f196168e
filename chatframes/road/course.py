"""Keep how a call went over time in little memory: in a fixed number of stretches, which grow when they must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

__all__ = ["MOST_STRETCHES", "Course"]

MOST_STRETCHES = 120  # as many bars as a small chart has room for
FIRST_SECONDS = 0.1  # a call of a second has ten of them

T = TypeVar("T", int, float)


class Course:
    """What happened in each stretch of time since a call began, all of equal length, at most `MOST_STRETCHES`.

    Parameters
    ----------
    counts : sequence of str
        What is counted.
    levels : sequence of str
        What has a height at any moment; of a stretch its mean is kept, or None where it is not known.

    Examples
    --------
    >>> course = Course(["images"], ["downloads"])
    >>> course.count("images", 1, at=0.15)
    >>> course.hold({"downloads": 4}, since=0.05, until=0.2)
    >>> course.told(until=0.2)
    {'stretch_seconds': 0.1, 'images': [0, 1], 'downloads': [4.0, 4.0]}
    """

    def __init__(self, counts: Sequence[str], levels: Sequence[str]) -> None:
        self._seconds = FIRST_SECONDS
        self._counts: dict[str, list[int]] = {name: [0] * MOST_STRETCHES for name in counts}
        # For each level the sum of height times seconds, and the seconds in which the height was known.
        self._heights = {name: [0.0] * MOST_STRETCHES for name in levels}
        self._known = {name: [0.0] * MOST_STRETCHES for name in levels}

    def count(self, name: str, number: int, at: float) -> None:
        """Add to what is counted, `at` seconds after the call began."""
        place = self._place(at)  # first: it may make the lists anew
        self._counts[name][place] += number

    def hold(self, levels: Mapping[str, float | None], since: float, until: float) -> None:
        """Note the heights of levels between two moments."""
        last = self._place(until)
        for place in range(self._place(since), last + 1):
            seconds = min(until, (place + 1) * self._seconds) - max(since, place * self._seconds)
            if seconds <= 0:
                continue
            for name, height in levels.items():
                if height is not None:
                    self._heights[name][place] += height * seconds
                    self._known[name][place] += seconds

    def told(self, until: float) -> dict[str, Any]:
        """Return the stretches up to a moment, as lists of equal length."""
        last = self._place(until)
        begins_now = until <= last * self._seconds and not any(values[last] for values in self._counts.values())
        number = last if last and begins_now else last + 1
        levels = {
            name: [
                round(height / known, 2) if known else None
                for height, known in zip(heights[:number], self._known[name], strict=False)
            ]
            for name, heights in self._heights.items()
        }
        counts = {name: values[:number] for name, values in self._counts.items()}
        return {"stretch_seconds": self._seconds, **counts, **levels}

    def _place(self, at: float) -> int:
        """Return the number of the stretch that a moment is in, after making all of them longer if it is in none."""
        while at >= MOST_STRETCHES * self._seconds:
            self._seconds *= 2
            _join_pairs(self._counts)
            _join_pairs(self._heights)
            _join_pairs(self._known)
        return max(0, int(at / self._seconds))


def _join_pairs(lists: dict[str, list[T]]) -> None:
    for name, values in lists.items():
        joined = [first + second for first, second in zip(values[::2], values[1::2], strict=True)]
        lists[name] = joined + [type(values[0])()] * (MOST_STRETCHES - len(joined))
