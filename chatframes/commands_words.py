"""Say in the words of the command line what the library says in those of Python."""

from __future__ import annotations

import functools
import re
import shlex

from .services import services

__all__ = ["in_terminal_words"]

_VALUE = r"""('[^'\n]*'|"[^"\n]*"|[\w-]+(?:\.\w+)*)"""
_OPTIONS = "since|until|tz|limit|posts|comments|search|sort|time_filter|config|deleted|look_back_days"
_MODULE = r"(?:chatframes\.|cf\.)?"

# What a sentence for Python says, and what the same one says in a terminal; the first that fits counts.
_WORDS = (
    (r", or None for all\b", "; leave it out for all"),
    (r"Without an account: .* in the call\.", "Without an account: chatframes demo."),
    (r"; report\(frame\)\.sources holds all", "; the report in Python holds all"),
    (r"\bimages=True\b", "--images"),
    (r"\bor use images=False\b|\buse images=False\b", "leave out --images"),
    (r"\bmax_size_bytes\b", "--max-size"),
    (rf"{_MODULE}report\((?:frame|folder)\) says", "The report, which is printed without --quiet, says"),
    (rf"{_MODULE}verify\(folder\)", "chatframes verify with the folder"),
    (rf"{_MODULE}chats\(['\"](\w+)['\"]\)", r"chatframes chats \1"),
    (rf"{_MODULE}(fetch|export|verify|chats)\((?:\.\.\.)?\)", r"chatframes \1"),
)


def in_terminal_words(text: str) -> str:
    """Return a sentence or a report with options and commands in place of arguments and functions.

    Examples
    --------
    >>> in_terminal_words("since='2026-10-31' is not before until='2026-10-01'.")
    '--since 2026-10-31 is not before --until 2026-10-01.'
    >>> in_terminal_words("chatframes.Telegram(-797660821) fetches them; images=True turns it on")
    'telegram:-797660821 fetches them; --images turns it on'
    """
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    for name, service in services().items():
        noun = rf"{_MODULE}\b{service.source.__name__}"
        text = re.sub(rf"{noun}\((?:{service.chat_key}|…|\.\.\.)\)", name, text)
        text = re.sub(rf"{noun}\((\w+={_VALUE})\)", r"\1", text)
        text = re.sub(rf"{noun}\({_VALUE}((?:, \w+={_VALUE})*)\)", functools.partial(_chat, name), text)
    # Behind "?", "&" and "leave out" it is a part of an address.
    return re.sub(rf"(?<![?&])(?<!leave out )\b({_OPTIONS})=(?:{_VALUE})?(?![\w&])", _option, text)


def _chat(name: str, found: re.Match[str]) -> str:
    options = re.sub(r", (\w+=)", r" \1", found[2])
    return f"{name}:{shlex.quote(found[1].strip(chr(39) + chr(34)))}{options}"


def _option(found: re.Match[str]) -> str:
    value = (found[2] or "").strip("'\"")
    return f"--{found[1].replace('_', '-')}" + (f" {value}" if value else "")
