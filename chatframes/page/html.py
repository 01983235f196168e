"""Build HTML in which everything that others wrote is escaped.

Texts, names, titles, file names and column names come from strangers. HTML has a type of its own, `Html`: mypy reports
a text that is used as HTML, and ruff (S704) an `Html` that is made of anything but a literal. Pictures go through
`picture`, which shows only raster images, recognized by their bytes.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from typing import Any, Self

from markupsafe import Markup

from ..images.headers import inspect
from ..images.shown import SHOWN_MAX_BYTES

__all__ = [
    "NO_FORMULAS",
    "Html",
    "bars",
    "lines",
    "picture",
    "plain",
    "share",
    "show_html",
    "show_status",
    "sparkline",
    "table",
]


class Html(Markup):
    """HTML: whatever is formatted into it, joined by it or added to it is escaped, unless it is `Html` itself.

    Examples
    --------
    >>> print(Html('<b title="{}">{:,}</b>').format("<b onclick='x'>", 1_000))
    <b title="&lt;b onclick=&#x27;x&#x27;&gt;">1,000</b>
    """

    __slots__ = ()

    @classmethod
    def escape(cls, text: Any, /) -> Self:
        """Return any text as HTML that shows it, whatever it holds; fit for attributes too."""
        if isinstance(text, cls):
            return text
        return cls(html.escape(plain(text), quote=True))


NO_FORMULAS = Html('class="mathjax_ignore"')  # otherwise JupyterLab shows "$5 to $10" as a formula
_JOINERS = "\u200c\u200d"  # not printable, but part of written words and of emoji
_LEFT = Html('style="text-align:left;line-height:1.5"')  # on every cell, as a notebook's style overrides a row's
_BLOCKS = "▁▂▃▄▅▆▇█"
COLOURS = {"ok": "#4c956c", "skipped": "#b8b8b8", "failed": "#c8553d", "messages": "#4c78a8"}


def plain(text: object) -> str:
    """Return a text without control characters: a name must not move the cursor or reverse the text after it.

    Examples
    --------
    >>> plain("Ada" + chr(0x202E) + "ecalevoL")
    'Ada ecalevoL'
    """
    return "".join(letter if letter.isprintable() or letter in _JOINERS else " " for letter in str(text))


def lines(text: str) -> Html:
    """Return a text of several lines as HTML.

    Examples
    --------
    >>> print(lines("1 < 2, and" + chr(10) + "so on"))
    1 &lt; 2, and<br>so on
    """
    return Html("<br>").join(text.splitlines())


def picture(data: bytes, alt: str, style: str = "") -> Html | None:
    """Return an ``<img>`` that holds the bytes; None when they are above 10 MiB or not `showable` (`ImageFacts`).

    Parameters
    ----------
    data : bytes
        The file.
    alt : str
        The text that a screen reader reads in its place.
    style : str
        Our own CSS.

    Examples
    --------
    >>> picture(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a drawing") is None
    True
    """
    if len(data) > SHOWN_MAX_BYTES or not (facts := inspect(data)).showable:
        return None
    encoded = Html(base64.b64encode(data).decode("ascii"))  # noqa: S704 - nothing to escape, and it is long
    return Html('<img src="data:{};base64,{}" alt="{}" style="{}">').format(facts.mime, encoded, alt, style)


def table(rows: Iterable[tuple[str, str]], below: Html | None = None) -> Html:
    """Return rows of (label, text) as a table, with HTML below them; a row without a label is a heading."""
    shown = []
    for label, text in rows:
        if label:
            row = Html("<tr><th {0}>{1}</th><td {0}>{2}</td></tr>").format(_LEFT, label, text)
        else:
            row = Html('<tr><td colspan="2" {}><b>{}</b></td></tr>').format(_LEFT, text)
        shown.append(row)
    if below:
        shown.append(Html('<tr><td colspan="2" {}>{}</td></tr>').format(_LEFT, below))
    return Html("<table {}>{}</table>").format(NO_FORMULAS, Html().join(shown))


def bars(counts: Sequence[tuple[str, int]], what: str, scale: int | None = None) -> Html:
    """Return a small bar chart: a bar for each (name, number), with both as its tooltip.

    `scale` is the number whose bar has the full height; by default the largest one.

    Examples
    --------
    >>> "2026-10-01: 4" in bars([("2026-10-01", 4), ("2026-10-02", 0)], "messages per day")
    True
    """
    if not counts:
        return Html()
    most = max(number for _, number in counts)
    bar = Html('<div title="{}: {:,}" style="flex:1 1 0;max-width:14px;height:{}%;background:{}"></div>')
    bars_html = []
    for name, number in counts:
        height = 0 if not number else max(4, round(100 * number / max(scale or most, 1)))
        bars_html.append(bar.format(name, number, height, COLOURS["messages"]))
    caption = f"{what}: {counts[0][0]} to {counts[-1][0]}, at most {most:,}"
    frame = "display:flex;align-items:flex-end;gap:1px;height:48px;max-width:640px"
    small_style = "font-size:85%;opacity:.75"
    return Html('<div role="img" aria-label="{0}" style="{1}">{2}</div><div style="{3}">{0}</div>').format(
        caption, frame, Html().join(bars_html), small_style
    )


def share(parts: Sequence[tuple[str, int]]) -> Html:
    """Return one bar divided in proportion to the numbers of its parts (ok, skipped, failed), with a legend.

    Examples
    --------
    >>> "3 ok" in share([("ok", 3), ("failed", 1)])
    True
    """
    whole = sum(number for _, number in parts)
    if not whole:
        return Html()
    piece = Html('<div style="flex:{0} 1 0;background:{1}" title="{0:,} {2}"></div>')
    entry = Html('<span style="color:{}">■</span> {:,} {}')
    coloured = [(number, COLOURS.get(name, COLOURS["skipped"]), name) for name, number in parts]
    pieces = Html().join(piece.format(*each) for each in coloured)
    legend = Html(" &nbsp; ").join(entry.format(colour, number, name) for number, colour, name in coloured)
    caption = ", ".join(f"{number:,} {name}" for name, number in parts)
    frame = "display:flex;height:10px;max-width:640px;margin-top:4px"
    return Html('<div role="img" aria-label="{}" style="{}">{}</div><div style="font-size:85%">{}</div>').format(
        caption, frame, pieces, legend
    )


def show_html(widget: Any, shown: Html) -> None:
    """Show HTML in an `ipywidgets.HTML`."""
    widget.value = str(shown)  # a plain str, which every serializer of the kernel's messages knows


def show_status(widget: Any, sentence: str) -> None:
    """Show a sentence in an `ipywidgets.HTML`, such that a screen reader reads it aloud."""
    show_html(widget, Html('<div role="status">{}</div>').format(lines(sentence)) if sentence else Html())


def sparkline(numbers: Sequence[int]) -> str:
    """Return numbers as a line of blocks, for places that show no HTML.

    Examples
    --------
    >>> sparkline([0, 1, 4, 2])
    ' ▂█▄'
    """
    most = max(numbers, default=0)
    return "".join(" " if not number else _BLOCKS[max(0, -(-8 * number // most) - 1)] for number in numbers)
