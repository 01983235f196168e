"""Read how long a film or a voice message lasts."""

from __future__ import annotations

from typing import Any

__all__ = ["milliseconds"]

LONGEST_SECONDS = 2_000_000  # what the table's column can hold, in milliseconds: three weeks


def milliseconds(seconds: Any) -> int | None:
    """Return a length of time in milliseconds; None for one that is none.

    Examples
    --------
    >>> milliseconds(4.5), milliseconds(-1), milliseconds(float("inf")), milliseconds("4")
    (4500, None, None, None)
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < LONGEST_SECONDS:
        return None
    return round(seconds * 1000)
