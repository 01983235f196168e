"""What HTML of our own making is put together from, so that what others wrote is always escaped.

Texts, names, titles, file names and column names come from strangers. HTML is a type of its own here, `Html`: mypy
finds where a text is taken for HTML, and ruff (S704) where `Html` is made of anything but a literal. Pictures go
through `picture`, which lets raster types through that their own bytes announce, and nothing else.
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


NO_FORMULAS = Html('class="mathjax_ignore"')  # for what JupyterLab shows as HTML: "$5 to $10" is no formula
_JOINERS = "\u200c\u200d"  # not printable, but part of written words and of emoji
_LEFT = Html('style="text-align:left;line-height:1.5"')  # on every cell: a notebook's own style wins over a row's
_BLOCKS = "▁▂▃▄▅▆▇█"
COLOURS = {"ok": "#4c956c", "skipped": "#b8b8b8", "failed": "#c8553d", "messages": "#4c78a8"}


def plain(text: object) -> str:
    """Return it without control characters: a name must not move the cursor or turn the writing around.

    Examples
    --------
    >>> plain("Ada" + chr(0x202E) + "ecalevoL")
    'Ada ecalevoL'
    """
    return "".join(one if one.isprintable() or one in _JOINERS else " " for one in str(text))


def lines(text: str) -> Html:
    """Return a text of several lines as HTML.

    Examples
    --------
    >>> print(lines("1 < 2, and" + chr(10) + "so on"))
    1 &lt; 2, and<br>so on
    """
    return Html("<br>").join(text.splitlines())


def picture(data: bytes, alt: str, style: str = "") -> Html | None:
    """Return an ``<img>`` with the bytes in it; None for what is above 10 MiB or not `showable` by its bytes.

    Parameters
    ----------
    data : bytes
        The file.
    alt : str
        What is to be read where it cannot be seen.
    style : str
        CSS of ours.

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

    A bar of `scale` is as high as a bar can be; unless given, that is the largest number.

    Examples
    --------
    >>> "2026-10-01: 4" in bars([("2026-10-01", 4), ("2026-10-02", 0)], "messages per day")
    True
    """
    if not counts:
        return Html()
    most = max(number for _, number in counts)
    bar = Html('<div title="{}: {:,}" style="flex:1 1 0;max-width:14px;height:{}%;background:{}"></div>')
    each = []
    for name, number in counts:
        height = 0 if not number else max(4, round(100 * number / max(scale or most, 1)))
        each.append(bar.format(name, number, height, COLOURS["messages"]))
    said = f"{what}: {counts[0][0]} to {counts[-1][0]}, at most {most:,}"
    frame = "display:flex;align-items:flex-end;gap:1px;height:48px;max-width:640px"
    small = "font-size:85%;opacity:.75"
    return Html('<div role="img" aria-label="{0}" style="{1}">{2}</div><div style="{3}">{0}</div>').format(
        said, frame, Html().join(each), small
    )


def share(parts: Sequence[tuple[str, int]]) -> Html:
    """Return one bar cut into parts by their numbers (ok, skipped, failed), with a legend.

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
    said = ", ".join(f"{number:,} {name}" for name, number in parts)
    frame = "display:flex;height:10px;max-width:640px;margin-top:4px"
    return Html('<div role="img" aria-label="{}" style="{}">{}</div><div style="font-size:85%">{}</div>').format(
        said, frame, pieces, legend
    )


def show_html(widget: Any, shown: Html) -> None:
    """Let an `ipywidgets.HTML` show it; the one way that anything gets onto a page by."""
    widget.value = str(shown)  # a plain text again, for whatever packs the kernel's messages


def show_status(widget: Any, said: str) -> None:
    """Let an `ipywidgets.HTML` say what goes on; a screen reader reads it out."""
    show_html(widget, Html('<div role="status">{}</div>').format(lines(said)) if said else Html())


def sparkline(numbers: Sequence[int]) -> str:
    """Return numbers as a line of blocks, for where there is no HTML.

    Examples
    --------
    >>> sparkline([0, 1, 4, 2])
    ' ▂█▄'
    """
    most = max(numbers, default=0)
    return "".join(" " if not number else _BLOCKS[max(0, -(-8 * number // most) - 1)] for number in numbers)
