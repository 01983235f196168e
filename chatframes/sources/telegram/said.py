"""What a part of a message says: its words, its links, and what stands in the column `details`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .markup import links, mentions, slices, unknown

__all__ = ["Said", "compact", "iso", "money"]


@dataclass(slots=True)
class Said:
    """The words, links and details of a message, gathered from its parts.

    Attributes
    ----------
    lines : list of str
        The words a reader of the app sees, in reading order.
    unread : list of str
        Telegram's names of what is there and nobody here has heard of.
    """

    lines: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def line(self, *words: str | None) -> None:
        """Add a line of these words; nothing when all are empty."""
        if joined := " ".join(word for word in words if word):
            self.lines.append(joined)

    def words(self, text: Any) -> str:
        """Add a text of the protocol (plain, or with entities) as a line, with its links; return it."""
        content = text if isinstance(text, str) else getattr(text, "text", None)
        if not isinstance(content, str):
            return ""
        self.entities(content, getattr(text, "entities", None) or ())
        self.line(content)
        return content

    def entities(self, text: str, entities: Sequence[Any]) -> None:
        """Add the links and mentions in a text that stands elsewhere."""
        pieces = slices(text, entities)
        self.links += links(pieces)
        self.mentions += mentions(pieces)
        self.unread += unknown(entities)

    def link(self, url: Any) -> None:
        """Add a link; one that stands there already, with another scheme or slash perhaps, is not added."""
        if isinstance(url, str) and url and _bare(url) not in map(_bare, self.links):
            self.links.append(url)


def compact(**facts: Any) -> dict[str, Any]:
    """Return the facts that are known: no None, False, empty text or empty list."""
    return {name: value for name, value in facts.items() if value not in (None, False, "", [], {})}


def iso(when: Any) -> str | None:
    """Return a time of the protocol as ISO text; None where there is none."""
    return when.isoformat() if isinstance(when, datetime) else None


_WHOLE = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())  # no smaller units
_THOUSANDTHS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
STARS = "XTR"  # Telegram's own money
TON_DIGITS = 9


def money(currency: Any, amount: Any) -> str:
    """Return a price, which Telegram gives in the currency's smallest units, as one reads it.

    Examples
    --------
    >>> money("EUR", 1500), money("JPY", 1500), money("XTR", 250)
    ('15.00 EUR', '1500 JPY', '250 Stars')
    """
    if not isinstance(amount, int) or not isinstance(currency, str):
        return ""
    if currency == STARS:
        return f"{amount} Stars"
    digits = 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else TON_DIGITS if currency == "TON" else 2
    whole, rest = divmod(abs(amount), 10**digits)
    fraction = f".{rest:0{digits}d}" if digits else ""
    if currency == "TON":
        fraction = fraction.rstrip("0").rstrip(".")
    return f"{'-' if amount < 0 else ''}{whole}{fraction} {currency}"


def _bare(url: str) -> str:
    return url.partition("://")[2].rstrip("/") if "://" in url else url.rstrip("/")
