"""What HTML of our own making is put together from, so that what others wrote is always escaped.

Texts, names, titles, file names and column names come from strangers. They go through `escaped`; pictures go through
`picture`, which lets raster types through that their own bytes announce, and nothing else.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence

from ..images.headers import inspect
from ..images.shown import SHOWN_MAX_BYTES

__all__ = ["NO_FORMULAS", "bars", "escaped", "lines", "picture", "plain", "share", "sparkline", "table"]

NO_FORMULAS = 'class="mathjax_ignore"'  # for what JupyterLab shows as HTML: "$5 to $10" is no formula
_JOINERS = "\u200c\u200d"  # not printable, but part of written words and of emoji
_LEFT = 'style="text-align:left;line-height:1.5"'  # on every cell: a notebook's own style wins over a row's
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


def escaped(text: object) -> str:
    """Return any text as HTML that shows it, whatever it holds; fit for attributes too.

    Examples
    --------
    >>> escaped("<b onclick='x'>")
    '&lt;b onclick=&#x27;x&#x27;&gt;'
    """
    return html.escape(plain(text), quote=True)


def lines(text: str) -> str:
    """Return a text of several lines as HTML.

    Examples
    --------
    >>> lines("1 < 2, and" + chr(10) + "so on")
    '1 &lt; 2, and<br>so on'
    """
    return "<br>".join(escaped(line) for line in text.splitlines())


def picture(data: bytes, alt: str, style: str = "") -> str | None:
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
    source = f"data:{facts.mime};base64,{base64.b64encode(data).decode('ascii')}"
    return f'<img src="{source}" alt="{escaped(alt)}" style="{style}">'


def table(rows: Iterable[tuple[str, str]], below: str = "") -> str:
    """Return rows of (label, text) as a table; a row without a label is a heading. `below` is HTML already."""
    shown = []
    for label, text in rows:
        if label:
            shown.append(f"<tr><th {_LEFT}>{escaped(label)}</th><td {_LEFT}>{escaped(text)}</td></tr>")
        else:
            shown.append(f'<tr><td colspan="2" {_LEFT}><b>{escaped(text)}</b></td></tr>')
    if below:
        shown.append(f'<tr><td colspan="2" {_LEFT}>{below}</td></tr>')
    return f"<table {NO_FORMULAS}>{''.join(shown)}</table>"


def bars(counts: Sequence[tuple[str, int]], what: str, scale: int | None = None) -> str:
    """Return a small bar chart: a bar for each (name, number), with both as its tooltip.

    A bar of `scale` is as high as a bar can be; unless given, that is the largest number.

    Examples
    --------
    >>> "2026-10-01: 4" in bars([("2026-10-01", 4), ("2026-10-02", 0)], "messages per day")
    True
    """
    if not counts:
        return ""
    most = max(number for _, number in counts)
    each = []
    for name, number in counts:
        height = 0 if not number else max(4, round(100 * number / max(scale or most, 1)))
        each.append(
            f'<div title="{escaped(name)}: {number:,}" style="flex:1 1 0;max-width:14px;height:{height}%;'
            f'background:{COLOURS["messages"]}"></div>'
        )
    first, last = escaped(counts[0][0]), escaped(counts[-1][0])
    said = f"{escaped(what)}: {first} to {last}, at most {most:,}"
    frame = "display:flex;align-items:flex-end;gap:1px;height:48px;max-width:640px"
    small = "font-size:85%;opacity:.75"
    return f'<div role="img" aria-label="{said}" style="{frame}">{"".join(each)}</div><div style="{small}">{said}</div>'


def share(parts: Sequence[tuple[str, int]]) -> str:
    """Return one bar cut into parts by their numbers (ok, skipped, failed), with a legend.

    Examples
    --------
    >>> "3 ok" in share([("ok", 3), ("failed", 1)])
    True
    """
    whole = sum(number for _, number in parts)
    if not whole:
        return ""
    pieces, legend = [], []
    for name, number in parts:
        colour = COLOURS.get(name, COLOURS["skipped"])
        pieces.append(f'<div style="flex:{number} 1 0;background:{colour}" title="{number:,} {escaped(name)}"></div>')
        legend.append(f'<span style="color:{colour}">■</span> {number:,} {escaped(name)}')
    said = ", ".join(f"{number:,} {escaped(name)}" for name, number in parts)
    frame = "display:flex;height:10px;max-width:640px;margin-top:4px"
    return (
        f'<div role="img" aria-label="{said}" style="{frame}">{"".join(pieces)}</div>'
        f'<div style="font-size:85%">{" &nbsp; ".join(legend)}</div>'
    )


def sparkline(numbers: Sequence[int]) -> str:
    """Return numbers as a line of blocks, for where there is no HTML.

    Examples
    --------
    >>> sparkline([0, 1, 4, 2])
    ' ▂█▄'
    """
    most = max(numbers, default=0)
    return "".join(" " if not number else _BLOCKS[max(0, -(-8 * number // most) - 1)] for number in numbers)
