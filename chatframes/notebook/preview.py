"""Show the first rows of a frame as a table with its pictures; everything else is shown as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..page.details import details_html, details_lines
from ..page.html import NO_FORMULAS, Html, lines, picture, plain
from ..words import no_table
from .thumbnails import PixelBudget

__all__ = ["Preview", "preview"]

COLUMNS = ("created_at", "chat_name", "author_name", "title", "text", "details", "images")
MOST_CHARACTERS = 200
MOST_PICTURES = 4  # in a cell
_CELL = Html('style="text-align:left;vertical-align:top;max-width:32em;overflow-wrap:break-word"')


@dataclass(frozen=True, slots=True, repr=False)
class Preview:
    """The first rows of a frame; shows itself."""

    frame: pd.DataFrame
    rows_in_all: int
    thumbnail_px: int

    def __repr__(self) -> str:
        values = self.frame.astype(object)
        shown = values.map(lambda value: plain(_words(value)))
        if "details" in values:
            shown["details"] = values["details"].map(lambda text: "; ".join(details_lines(text)))
        shown = shown.set_axis([plain(label) for label in shown.index])
        shown = shown.set_axis([plain(name) for name in shown.columns], axis=1)
        return f"{shown.to_string()}\n[{len(self.frame):,} of {self.rows_in_all:,} rows]"

    def _repr_html_(self) -> str:
        return str(self._html())  # a plain str: a part of an `Html` is an `Html` too, and escapes what is added to it

    def _html(self) -> Html:
        head, cell = Html("<th {}>{}</th>"), Html("<td {}>{}</td>")
        heads = Html().join(head.format(_CELL, name) for name in ("", *self.frame.columns))
        budget = PixelBudget(self.thumbnail_px)
        rows = []
        for label, values in zip(self.frame.index, self.frame.astype(object).to_numpy(), strict=True):
            named = zip(self.frame.columns, values, strict=True)
            cells = Html().join(cell.format(_CELL, _cell(name, value, budget)) for name, value in named)
            rows.append(Html("<tr>{}{}</tr>").format(head.format(_CELL, label), cells))
        count = f"{len(self.frame):,} of {self.rows_in_all:,} rows"
        return Html("<table {}><thead><tr>{}</tr></thead><tbody>{}</tbody></table><p>{}</p>").format(
            NO_FORMULAS, heads, Html().join(rows), count
        )


def _cell(name: Any, value: Any, budget: PixelBudget) -> Html:
    if name == "details":
        return details_html(value)
    images = [value] if isinstance(value, dict | bytes) else value
    if not isinstance(images, Sequence | np.ndarray) or isinstance(images, str) or not any(map(_bytes_of, images)):
        return lines(_words(value))
    shown = [_picture(data, budget) for data in map(_bytes_of, images[:MOST_PICTURES]) if data is not None]
    more = f" and {len(images) - MOST_PICTURES} more" if len(images) > MOST_PICTURES else ""
    return Html().join(shown) + more


def _picture(data: bytes, budget: PixelBudget) -> Html:
    small = budget.thumbnail(data)
    shown = picture(small, repr(data)[:80], "margin:2px;vertical-align:top") if small is not None else None
    return shown or Html("{}: not shown").format(repr(data)[:80])


@checks_keywords
def preview(
    frame: pd.DataFrame, *, rows: int = 20, columns: Sequence[str] | None = None, thumbnail_px: int = 120
) -> Preview:
    """Show the first rows of a table with their pictures.

    Parameters
    ----------
    frame : pandas.DataFrame
        Messages, or what `attachments` gives; whole or filtered.
    rows : int
        How many, 1 to 500. All of them are stored in the notebook, some kilobytes for each picture.
    columns : sequence of str, optional
        Which columns; None is time, chat, author, title, text, details (a poll as bars) and images, except those that
        are empty.
    thumbnail_px : int
        Longest side of a picture, 40 to 600 pixels.

    Returns
    -------
    Preview
        Shows itself. Texts, names and column names are shown as text, never run as HTML.

    Raises
    ------
    ConfigError
        For an unknown column, or a number out of range.

    Examples
    --------
    >>> import chatframes as cf
    >>> with cf.sandbox() as world:
    ...     df = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)
    >>> "<img" in preview(df[df["n_images"] > 0], rows=2)._repr_html_()
    True
    """
    if not isinstance(frame, pd.DataFrame):
        raise ConfigError(f"preview() takes a frame of fetch() or read_parquet(), not {no_table(frame)}.")
    for what, value, least, most in (("rows", rows, 1, 500), ("thumbnail_px", thumbnail_px, 40, 600)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ConfigError(f"preview() cannot take {what}={value!r}: write a whole number from {least} to {most}.")
    wanted = (
        [name for name in COLUMNS if name in frame.columns and (frame.empty or np.any(frame[name].notna()))]
        if columns is None
        else list(columns)
    )
    unknown = [name for name in wanted if name not in frame.columns]
    if unknown:
        raise ConfigError(
            f"preview() finds no column {unknown[0]!r} in this frame: name columns that are in frame.columns."
        )
    shown = frame[wanted or list(frame.columns)].head(rows)
    return Preview(shown, len(frame), thumbnail_px)


def _bytes_of(value: Any) -> bytes | None:
    data = value.get("bytes") if isinstance(value, dict) else value
    return data if isinstance(data, bytes) else None


def _words(value: Any) -> str:
    try:
        return _short_text(value)
    except (TypeError, ValueError, RecursionError):  # a table in a cell, a list that holds itself
        return f"<{type(value).__name__}>"


def _short_text(value: Any) -> str:
    if isinstance(value, datetime):
        text = "" if pd.isna(value) else f"{value:%Y-%m-%d %H:%M}"
    elif isinstance(value, list | tuple | np.ndarray):
        text = ", ".join(_words(item) for item in value[:20])
    elif isinstance(value, dict):
        text = repr({name: item for name, item in value.items() if item is not None})
    else:
        text = "" if pd.isna(value) else str(value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
