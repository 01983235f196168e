"""What a gallery pages through: the attachments of a frame, or those of an export, read when they are looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ..errors import ConfigError
from ..exports.pictures import StoredPictures
from ..table.frame import attachments, check_messages
from ..table.report_text import NO_PICTURE
from .tile import Entry

__all__ = ["Shelf", "chosen", "entry_of", "shelf_of"]

MOST_OF_A_NAME, MOST_OF_A_TEXT = 200, 2_000  # characters


class Shelf(Protocol):
    """Attachments in an order, each with a place.

    Attributes
    ----------
    facts : pandas.DataFrame
        For each attachment `author`, `chat`, `when`, `status`, `reason` and `size`, to choose by.
    """

    facts: pd.DataFrame

    def entries(self, places: Sequence[int]) -> list[Entry]:
        """Return what is said about attachments."""

    def pictures(self, places: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the bytes of those that have some, each with its place, in any order."""

    def unread(self, place: int) -> Entry:
        """Return what can be said of an attachment that cannot be read any more."""


def shelf_of(source: pd.DataFrame | str | os.PathLike[str]) -> Shelf:
    """Return the attachments of a frame, or of the folder of an export.

    Raises
    ------
    ConfigError
        It is something else, or cannot be read.
    """
    if isinstance(source, str | os.PathLike):
        return FolderShelf(source)
    check_messages(source, "gallery", ())
    return FrameShelf(source)


def chosen(
    facts: pd.DataFrame, statuses: Sequence[str], sizes: tuple[int, int] | None, since: date | None, until: date | None
) -> Any:
    """Return which attachments are wanted, as an array of truth values."""
    wanted: Any = facts["status"].isin(statuses).to_numpy()
    if sizes is not None:
        least, most = sizes
        wanted = wanted & ((facts["status"] == "ok") & (facts["size"] >= least) & (facts["size"] < most)).to_numpy()
    if since is not None:
        wanted = wanted & (facts["when"] >= pd.Timestamp(since, tz="UTC")).to_numpy()
    if until is not None:
        wanted = wanted & (facts["when"] < pd.Timestamp(until, tz="UTC") + pd.Timedelta(days=1)).to_numpy()
    return wanted


class FrameShelf:
    """The attachments of a frame, which holds their pictures."""

    def __init__(self, frame: pd.DataFrame) -> None:
        try:
            tidy = attachments(frame)
        except ConfigError:
            raise
        except (TypeError, ValueError, AttributeError) as error:  # from pandas or Arrow, when columns were changed
            raise ConfigError(
                "gallery() cannot read this frame: it has the columns of fetch(), but other values in them "
                f"({type(error).__name__}). Give it a frame of fetch() or read_parquet()."
            ) from error
        self._tidy = tidy[((tidy["status"] == "ok") | ~tidy["reason"].isin(NO_PICTURE)).to_numpy(dtype=bool)]
        has_details = "details" in frame.columns
        self._details = dict(zip(frame["uid"], frame["details"], strict=True)) if has_details else {}
        self._data = [_bytes_of(image) for image in self._tidy["image"]]
        here = np.array([data is not None for data in self._data], dtype=bool)
        author = self._tidy["author_name"].fillna(self._tidy["author_id"]).fillna("unknown")
        status = self._tidy["status"].astype("str").fillna("failed")
        self.facts = pd.DataFrame(
            {
                "author": author.astype("str"),
                "chat": self._tidy["chat_name"].astype("str"),
                "when": self._tidy["created_at"],
                "status": status.where(here | (status != "ok"), "failed"),
                "reason": self._tidy["reason"].astype("str"),
                "size": [0 if data is None else len(data) for data in self._data],
            }
        ).reset_index(drop=True)

    def entries(self, places: Sequence[int]) -> list[Entry]:
        rows = self._tidy.iloc[list(places)].to_dict("records")
        return [
            entry_of(row, self._data[place] is not None, self._details.get(row["uid"]))
            for place, row in zip(places, rows, strict=True)
        ]

    def pictures(self, places: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        for place in places:
            data = self._data[place]
            if data is not None:
                yield place, data

    def unread(self, place: int) -> Entry:
        return self.entries([place])[0]


class FolderShelf:
    """The attachments of an export: their words and pictures are read when they are seen, and not kept."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._stored = StoredPictures(folder)
        self.facts = self._stored.facts

    def entries(self, places: Sequence[int]) -> list[Entry]:
        words = self._stored.words(places)
        return [
            entry_of(words[place], self.facts["status"].iat[place] == "ok", words[place]["details"]) for place in places
        ]

    def pictures(self, places: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        return self._stored.pictures(places)

    def unread(self, place: int) -> Entry:
        facts = self.facts.iloc[place]
        row = {"author_name": facts["author"], "chat_name": facts["chat"], "created_at": facts["when"]}
        return entry_of({**row, "status": "failed", "reason": "its part cannot be read"}, False)


def _bytes_of(image: object) -> bytes | None:
    data = image.get("bytes") if isinstance(image, dict) else None
    return data if isinstance(data, bytes) else None


def entry_of(row: dict[Any, Any], has_picture: bool, details: Any = None) -> Entry:
    """Return what is said about an attachment, of a row of `attachments`."""
    values = {name: value for name, value in row.items() if name != "image" and not _is_null(value)}
    width, height = values.get("width"), values.get("height")
    return Entry(
        has_picture=has_picture,
        caption=str(values.get("caption") or "")[:MOST_OF_A_TEXT],
        in_words=str(values.get("alt") or "")[:MOST_OF_A_TEXT],
        details=details,
        author=str(values.get("author_name") or values.get("author_id") or "unknown")[:MOST_OF_A_NAME],
        chat=str(values.get("chat_name", ""))[:MOST_OF_A_NAME],
        when=values.get("created_at"),
        name=str(values.get("name", ""))[:MOST_OF_A_NAME],
        pixels=f"{width}x{height}" if width and height else "",
        status=str(values.get("status", "ok")) if has_picture or values.get("status") != "ok" else "failed",
        reason=str(values.get("reason", "")),
        error=str(values.get("error", ""))[:MOST_OF_A_TEXT],
    )


def _is_null(value: object) -> bool:
    return value is None or (not isinstance(value, list | dict | str | bytes) and bool(pd.isna(value)))  # type: ignore[call-overload]
