"""The attachments of an export, to be looked at page by page: where each one is, and its bytes when they are wanted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import ConfigError
from ..table.files import UNREADABLE
from ..table.frame import attachments
from ..table.from_arrow import from_arrow
from ..table.report_text import NO_PICTURE
from ..table.schema import MESSAGES
from .folder import existing
from .memory import give_back
from .presence import check_parts

__all__ = ["StoredPictures"]

_MEDIA = ("status", "reason", "size")
_WORDS = ["uid", "chat_name", "created_at", "author_id", "author_name", "text", "details", "media"]
NO_PICTURE_HERE = -1


class StoredPictures:
    """The attachments of an export that are pictures, or should have been, oldest first.

    Of each one some numbers are in memory (about 60 bytes); words and pictures are read from the parts when they are
    asked for, one row group at a time.

    Parameters
    ----------
    path : str or path-like
        The folder of an export.

    Attributes
    ----------
    facts : pandas.DataFrame
        For each attachment `author` and `chat` (as categories), `when`, `status`, `reason` and `size`, to choose by.

    Raises
    ------
    ConfigError
        There is no export, or a part of it is missing or cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._folder = existing(path, "gallery")
        check_parts(self._folder)
        self._read_from: dict[int, tuple[int, ...]] = {}  # by number of a part: which file it was
        tables = [table for number, part in self._folder.parts().items() for table in self._facts_of(number, part)]
        table = pa.concat_tables(tables).unify_dictionaries() if tables else _facts(_no_rows(), 0, 0)
        order = pc.sort_indices(table, [("when", "ascending", "at_end"), *((n, "ascending") for n in _PLACE)])
        self.facts = table.take(order).to_pandas()
        give_back()

    def __len__(self) -> int:
        return len(self.facts)

    def words(self, places: Sequence[int]) -> dict[int, dict[Any, Any]]:
        """Return what is said about attachments, by place: the columns of `attachments` and their messages' details."""
        found: dict[int, dict[Any, Any]] = {}
        for table, here in self._groups(places, _WORDS):
            rows = np.unique(here["row"].to_numpy())
            table = table.take(pa.array(rows))
            frame = from_arrow(table, MESSAGES, [*_WORDS, "images"], {"images": [[] for _ in rows]})
            tidy = attachments(frame)
            first = np.concatenate([[0], np.cumsum(frame["media"].map(len).to_numpy())])
            at = first[np.searchsorted(rows, here["row"].to_numpy())] + here["position"].to_numpy()
            details = table["details"].take(pa.array(np.searchsorted(rows, here["row"].to_numpy()))).to_pylist()
            for place, said, more in zip(here.index, tidy.iloc[at].to_dict("records"), details, strict=True):
                found[place] = {**said, "details": more}
        return found

    def pictures(self, places: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the bytes of those attachments that have some, each with its place, in the order of the parts."""
        with_bytes = [place for place in places if self.facts["picture"].iat[place] != NO_PICTURE_HERE]
        for table, here in self._groups(with_bytes, ["images"]):
            for place, row, picture in zip(here.index, here["row"], here["picture"], strict=True):
                images = table["images"][row].as_py()
                if picture < len(images) and images[picture]["bytes"] is not None:
                    yield place, images[picture]["bytes"]
            del table
            give_back()

    def _facts_of(self, number: int, part: Path) -> Iterator[pa.Table]:
        with self._opened(number, part) as file:
            columns = ["created_at", "chat_name", "author_id", "author_name"]
            columns += [f"media.list.element.{name}" for name in _MEDIA]
            for group in range(file.num_row_groups):
                yield _facts(file.read_row_group(group, columns=columns), number, group)

    def _groups(self, places: Sequence[int], columns: list[str]) -> Iterator[tuple[pa.Table, pd.DataFrame]]:
        """Yield these columns of the row groups that hold the attachments, each with what is there of them."""
        for number, in_part in self.facts.iloc[list(places)][list(_PLACE)].groupby("part"):
            with self._opened(int(number), self._folder.part(int(number))) as file:
                for group, here in in_part.groupby("group"):
                    # What Arrow does not find, by a damaged name, it leaves out without a word; `select` does not.
                    yield file.read_row_group(int(group), columns=columns).select(columns), here

    @contextmanager
    def _opened(self, number: int, part: Path) -> Iterator[pq.ParquetFile]:
        """Open a part; it must be the file that it was at first."""
        try:
            with open(part, "rb") as raw:
                facts = os.fstat(raw.fileno())
                file = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
                if self._read_from.setdefault(number, file) != file:
                    raise ConfigError(f"{part.name} was written again in the meantime: make the gallery again.")
                with pq.ParquetFile(raw) as opened:
                    yield opened
        except FileNotFoundError as error:
            raise ConfigError(f"{part} is not there any more: run the export again, then the gallery.") from error
        except ConfigError:
            raise
        except UNREADABLE as error:
            raise ConfigError(
                f"{part} cannot be read ({type(error).__name__}): run chatframes.verify(folder), which says what to do."
            ) from error


_PLACE = ("part", "group", "row", "position", "picture")


def _no_rows() -> pa.Table:
    return pa.schema([MESSAGES.field(name) for name in _WORDS]).empty_table()


def _facts(table: pa.Table, part: int, group: int) -> pa.Table:
    """Return the facts of the attachments of one row group."""
    media = table["media"].combine_chunks()
    counts = pc.fill_null(pc.list_value_length(media), 0).to_numpy(zero_copy_only=False)
    each = pc.list_flatten(media)
    rows = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    status, reason = (pc.struct_field(each, name).cast(pa.string()) for name in ("status", "reason"))
    ok = pc.fill_null(pc.equal(status, "ok"), False).to_numpy(zero_copy_only=False)
    before = np.concatenate([[0], np.cumsum(ok)])[: len(ok)]  # pictures before each attachment, in the row group
    picture = np.where(ok, before - before[np.repeat(first, counts)] if len(ok) else 0, NO_PICTURE_HERE)
    people = table["author_name"].cast(pa.string())
    author = pc.coalesce(people, table["author_id"].cast(pa.string()), pa.scalar("unknown"))
    facts = pa.table(
        {
            "part": pa.array(np.full(len(rows), part, np.int32)),
            "group": pa.array(np.full(len(rows), group, np.int32)),
            "row": pa.array(rows.astype(np.int32)),
            "position": pa.array((np.arange(len(rows)) - np.repeat(first, counts)).astype(np.int32)),
            "picture": pa.array(picture.astype(np.int32)),
            "author": author.take(pa.array(rows)).combine_chunks().dictionary_encode(),
            "chat": table["chat_name"].cast(pa.string()).take(pa.array(rows)).combine_chunks().dictionary_encode(),
            "when": table["created_at"].take(pa.array(rows)),
            "status": status.dictionary_encode(),
            "reason": reason.dictionary_encode(),
            "size": pc.fill_null(pc.struct_field(each, "size"), 0),
        }
    )
    no_picture = pc.is_in(reason, pa.array(NO_PICTURE))
    return facts.filter(pc.or_(pa.array(ok), pc.invert(no_picture)))
