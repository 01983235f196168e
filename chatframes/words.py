"""Say sizes, times, counts, kinds and near misses in words, the same everywhere. Pure functions."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

__all__ = [
    "bytes_in_words",
    "counted",
    "did_you_mean",
    "kind_of",
    "nearest",
    "number_or_kind",
    "seconds_in_words",
    "whole_text",
]


def bytes_in_words(size_bytes: int) -> str:
    """Write a number of bytes for a reader; 1 kB is 1,000 bytes.

    Examples
    --------
    >>> bytes_in_words(48), bytes_in_words(48_200), bytes_in_words(1_234_567_890)
    ('48 B', '48 kB', '1,234.6 MB')
    """
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


def counted(number: int, noun: str) -> str:
    """Write how many there are of something whose plural ends in s.

    Examples
    --------
    >>> counted(1, "message"), counted(1200, "message"), counted(0, "message")
    ('1 message', '1,200 messages', '0 messages')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def kind_of(value: object) -> str:
    """Name the type of a value that cannot be used; the value itself, which may be a secret, is not shown.

    Examples
    --------
    >>> kind_of(None)
    'a value of type NoneType'
    """
    return f"a value of type {type(value).__name__}"


def number_or_kind(value: object) -> str:
    """Return a number as it is, and the type of anything else.

    Examples
    --------
    >>> number_or_kind(0), number_or_kind("0")
    ('0', 'a value of type str')
    """
    return f"{value}" if isinstance(value, int | float) else kind_of(value)


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like this one; None when none is.

    Parameters
    ----------
    name : str
        What somebody wrote.
    known : iterable of str
        What there is.
    cutoff : float
        How much alike two names must be: 0 is not at all, 1 the same.

    Examples
    --------
    >>> nearest("untill", ["since", "until"]), nearest("x", ["since", "until"])
    ('until', None)
    """
    found = difflib.get_close_matches(name, list(known), 1, cutoff)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str, quoted: Callable[[str], str] = repr) -> str:
    """Return the question whether the nearest known name was meant, or `otherwise`.

    Examples
    --------
    >>> did_you_mean("imagse", ["images", "text"], "there is none like it.")
    "did you mean 'images'?"
    """
    near = nearest(name, known)
    return otherwise if near is None else f"did you mean {quoted(near)}?"


def whole_text(text: str) -> str:
    """Return a text that UTF-8 can hold: two halves of a character are joined, a half alone becomes U+FFFD.

    Services that count in UTF-16 cut a text in the middle of an emoji and send the half, which no file can store.

    Examples
    --------
    >>> whole_text("cut" + chr(0xD83D)) == "cut" + chr(0xFFFD), whole_text(chr(0xD83D) + chr(0xDE00))
    (True, '😀')
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
