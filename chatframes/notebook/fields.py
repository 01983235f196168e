"""Define the widths of a panel's fields, and read the numbers that are typed into them."""

from __future__ import annotations

import re
from typing import Any, Literal

from ..errors import ConfigError

__all__ = ["NARROW", "WIDE", "number_or_all", "whole_number"]

WIDE: dict[str, Any] = {"layout": {"width": "32em"}, "style": {"description_width": "5.5em"}}
NARROW: dict[str, Any] = {"layout": {"width": "14em"}, "style": {"description_width": "5.5em"}}


def whole_number(text: str, what: str, hint: str) -> int:
    """Return what was typed as a whole number; raise a ConfigError that ends with the hint if it is not one.

    Examples
    --------
    >>> whole_number("200", "newest", "write one")
    200
    """
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ConfigError(f"{what} is {text[:40]!r}, which is not a whole number: {hint}.")
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
