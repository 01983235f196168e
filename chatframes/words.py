"""Write sizes, times, counts, types and suggestions in words, the same way everywhere."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from os import PathLike

__all__ = [
    "bytes_in_words",
    "counted",
    "did_you_mean",
    "kind_of",
    "nearest",
    "no_table",
    "number_or_kind",
    "seconds_in_words",
    "whole_text",
    "without_credentials",
]

# Parameters that give access to an account; signatures of public pictures are not among them.
_CREDENTIAL = re.compile(
    r"([?&](?:access_?token|refresh_?token|auth|authorization|bearer|token|api_?key|client_secret|password|secret)=)[^&#]*",
    re.IGNORECASE,
)
_USER = re.compile(r"^(\w+://)[^/?#]*@")


def bytes_in_words(size_bytes: int) -> str:
    """Write a number of bytes in words; 1 kB is 1,000 bytes.

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
    """Write a number of seconds in words.

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
    """Write a number with its noun, whose plural must end in s.

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


def no_table(value: object) -> str:
    """Name the type of a value that is no table and, where it may be a folder's name, say what the table of that is.

    Examples
    --------
    >>> no_table("apollo/")
    'a value of type str: of a file or the folder of an export, give it what cf.read_parquet(folder) returns'
    """
    to_read = ": of a file or the folder of an export, give it what cf.read_parquet(folder) returns"
    return f"{kind_of(value)}{to_read if isinstance(value, str | PathLike) else ''}"


def number_or_kind(value: object) -> str:
    """Return a number as it is, and the type of anything else.

    Examples
    --------
    >>> number_or_kind(0), number_or_kind("0")
    ('0', 'a value of type str')
    """
    return f"{value}" if isinstance(value, int | float) else kind_of(value)


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like `name`; None when none of them is like it.

    Parameters
    ----------
    name : str
        The name that was written.
    known : iterable of str
        The names that exist.
    cutoff : float
        How alike two names must be, from 0 (not at all) to 1 (equal).

    Examples
    --------
    >>> nearest("untill", ["since", "until"]), nearest("x", ["since", "until"])
    ('until', None)
    """
    matches = difflib.get_close_matches(name, list(known), 1, cutoff)
    return matches[0] if matches else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str, quoted: Callable[[str], str] = repr) -> str:
    """Return a question with the nearest known name, or `otherwise` when there is none.

    Examples
    --------
    >>> did_you_mean("imagse", ["images", "text"], "there is none like it.")
    "did you mean 'images'?"
    """
    near = nearest(name, known)
    return otherwise if near is None else f"did you mean {quoted(near)}?"


def whole_text(text: str) -> str:
    """Return the text without half characters, which UTF-8 cannot encode.

    Two halves of a character are joined; a half alone becomes U+FFFD. Services that count in UTF-16 may cut a text in
    the middle of an emoji and send the half.

    Examples
    --------
    >>> whole_text("cut" + chr(0xD83D)) == "cut" + chr(0xFFFD), whole_text(chr(0xD83D) + chr(0xDE00))
    (True, '😀')
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def without_credentials(url: str) -> str:
    """Return the address of a picture or a file without what gives access to an account.

    Examples
    --------
    >>> without_credentials("https://me:pw@files.example/x?access_token=hush&signature=kept")
    'https://***@files.example/x?access_token=***&signature=kept'
    """
    if "=" in url:
        url = _CREDENTIAL.sub(r"\1***", url)
    return _USER.sub(r"\1***@", url) if "@" in url else url
