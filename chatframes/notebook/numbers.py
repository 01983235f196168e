"""What fields of a panel have in common: how wide they are, and how a number is read from what is typed."""

from __future__ import annotations

import re
from typing import Any, Literal

from ..errors import ConfigError

__all__ = ["NARROW", "WIDE", "number_or_all", "whole_number"]

WIDE: dict[str, Any] = {"layout": {"width": "32em"}, "style": {"description_width": "5.5em"}}
NARROW: dict[str, Any] = {"layout": {"width": "14em"}, "style": {"description_width": "5.5em"}}


def whole_number(text: str, what: str, hint: str) -> int:
    """Return what was typed as a number; where it is none, a ConfigError says so, with the hint.

    Examples
    --------
    >>> whole_number("200", "newest", "write one")
    200
    """
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ConfigError(f"{what}: {text[:40]!r} is no number: {hint}")
    return int(text)


def number_or_all(text: str, what: str) -> int | Literal["all"]:
    """Return what was typed as a number, or as "all".

    Examples
    --------
    >>> number_or_all(" All ", "posts")
    'all'
    """
    text = text.strip().lower()
    return "all" if text == "all" else whole_number(text, what, "write one, or all")
