"""How sizes and times are said in words, the same everywhere."""

from __future__ import annotations

__all__ = ["bytes_in_words", "seconds_in_words"]


def bytes_in_words(size_bytes: int) -> str:
    """Write a number of bytes for a reader: ``48 kB`` (1 kB is 1,000 bytes)."""
    if size_bytes < 1_000:
        return f"{size_bytes} B"
    if size_bytes < 999_500:
        return f"{size_bytes / 1e3:.0f} kB"
    return f"{size_bytes / 1e6:,.1f} MB"


def seconds_in_words(seconds: float) -> str:
    """Write a stretch of time for a reader.

    Examples
    --------
    >>> seconds_in_words(3.04), seconds_in_words(75), seconds_in_words(600), seconds_in_words(90_000)
    ('3.0 s', '75 s', '10 min', '25.0 h')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
