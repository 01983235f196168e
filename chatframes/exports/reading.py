"""Read an export: as a frame, as a stream of record batches, as its report."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..page.html import plain
from ..sources import Source
from ..table import files
from ..table import report as reports
from ..table.arrow import to_pictures
from ..table.frame import order_of
from ..table.from_arrow import from_arrow
from ..table.report import Report
from ..table.schema import MESSAGES, VERSION, with_metadata
from ..table.versions import ROWS_OF_TOPICS
from ..windows import parse_bounds
from ..words import did_you_mean
from .choosing import Chats, Choice, chosen_chats
from .fitting import Fitting
from .folder import Folder, existing, folder_at
from .opening import ODD, readable_journal
from .parts import footer_of, opened_part
from .presence import check_parts
from .told import report_of

__all__ = ["read_parquet", "report", "scan"]

Chat = str | int | Source
Day = str | date | datetime | None

# To choose rows, and to sort them.
_NEEDED = ("uid", "platform", "created_at", "chat_id", "chat_name", "message_id", "n_images")


@checks_keywords
def read_parquet(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    since: Day = None,
    until: Day = None,
    chats: Chat | Sequence[Chat] | None = None,
) -> pd.DataFrame:
    """Read a file of messages (or attachments), or the folder of an export, into the types `fetch` gives.

    Parameters
    ----------
    path : str or path-like
        Written by `write_parquet`, by plain `frame.to_parquet`, or rewritten by DuckDB or Polars; or the folder that
        `export` was given.
    columns : sequence of str, optional
        Only these, in this order; without `images` a large file takes little memory. None is all of them, with
        nulls for our columns that the file lacks.
    since, until : str, datetime.date or datetime.datetime, optional
        Of a folder, only the messages of these days (in UTC; both days whole) or between these moments; parts without
        such messages are not read.
    chats : str, int, source, or a list of them, optional
        Of a folder, only the messages of these chats: by id, by name, as they were named in `export`, or by source.

    Returns
    -------
    pandas.DataFrame
        Times in UTC; nested cells are lists of dicts; pictures are ``{"bytes": ImageBytes, "path": str}``.
        `frame.attrs` are those of the frame that was written; of a folder, they hold its report. A file of an older
        version comes in ours; a file of a newer one is read as far as its columns are known, with a warning.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ConfigError
        If the file is damaged or holds something else, a column or chat is not in it, or a part of an
        export is missing.

    Examples
    --------
    See `write_parquet` and `export`.
    """
    place = folder_at(path, "read_parquet").root
    if not _is_folder(place):
        if since is not None or until is not None or chats is not None:
            raise ConfigError(
                f"since=, until= and chats= choose among the parts of an export, and {path} is one file: read it whole "
                "and filter the frame."
            )
        return files.read_parquet(place, columns=columns)
    if isinstance(columns, str):
        raise ConfigError(f"read_parquet() needs a list of names in columns=: write columns=[{columns!r}].")
    folder = existing(path, "read_parquet")
    check_parts(folder)
    wanted = list(MESSAGES.names if columns is None else columns)
    for name in wanted:
        if name not in MESSAGES.names:
            hint = did_you_mean(str(name), MESSAGES.names, "without columns= all there are come.")
            raise ConfigError(f"An export has no column {name!r}: {hint}")
    chosen = Choice(
        parse_bounds(since, until, "UTC", datetime.now(UTC)) if since is not None or until is not None else None,
        None if chats is None else _chosen(folder, chats),
    )
    parts = Fitting()
    frame = _frame(folder, wanted, chosen, parts)
    parts.warn(folder.root)
    frame.attrs = {"schema_version": VERSION, "chatframes": _report(folder).to_dict()}
    return frame


def _chosen(folder: Folder, chats: object) -> Chats:
    try:
        return chosen_chats(folder, chats)
    except sqlite3.Error:
        raise ConfigError(
            f"{plain(folder.journal)} is damaged, and it says which chats are which: run the same export again, which "
            "builds it anew from the parts."
        ) from None


def _is_folder(place: Path) -> bool:
    try:
        return stat.S_ISDIR(os.stat(place).st_mode)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        reason = os.strerror(error.errno or errno.EIO)
        raise ConfigError(f"{plain(place)} cannot be looked at ({reason}): name a file or a folder.") from None


def _frame(folder: Folder, wanted: list[str], chosen: Choice, parts: Fitting) -> pd.DataFrame:
    needed = {*wanted, *_NEEDED, *(ROWS_OF_TOPICS if {"topic", "topic_id"} & {*wanted} else ())}
    flat = pa.schema([field for field in MESSAGES if field.name in needed and field.name != "images"])
    times, pictures = (pa.schema([MESSAGES.field(name)]) for name in ("created_at", "images"))
    tables = [flat.empty_table()]
    cells: list[Any] = []
    for path in folder.parts().values():
        with opened_part(path) as file:
            for number in range(file.num_row_groups):
                if not chosen.may_hold(partial(parts.group, file, number, times)):
                    continue
                table = parts.group(file, number, flat)
                mask = chosen.rows(table)
                table = table if mask is None else table.filter(mask)
                tables.append(table)
                if "images" in wanted and table.num_rows:
                    images = parts.group(file, number, pictures)
                    images = images if mask is None else images.filter(mask)
                    cells += [to_pictures(cell, MESSAGES.field("images")) for cell in images["images"].to_pylist()]
    table = pa.concat_tables(tables)
    columns = [*wanted, *(name for name in flat.names if name in ROWS_OF_TOPICS and name not in wanted)]
    frame = parts.in_our_version(from_arrow(table, MESSAGES, columns, {"images": cells} if "images" in wanted else {}))
    return frame[wanted].take(order_of(table)).reset_index(drop=True)


@checks_keywords
def scan(folder: str | os.PathLike[str]) -> pa.RecordBatchReader:
    """Read an export as a stream of record batches of one schema, for what is larger than memory.

    DuckDB, Polars, Delta Lake and Ray take it as it is; docs/export.md has a line for each.

    Parameters
    ----------
    folder : str or path-like
        As `export` was given it; it may be under way.

    Returns
    -------
    pyarrow.RecordBatchReader
        Whole rows, at most 8 MiB of pictures at a time, in no order.

    Raises
    ------
    ConfigError
        If there is no export, or a part of it is missing.

    Examples
    --------
    >>> import tempfile, chatframes as cf
    >>> with cf.sandbox() as world, tempfile.TemporaryDirectory() as folder:
    ...     _ = cf.export(cf.Webex("Project Apollo"), folder, config=world.config, progress=False)
    ...     sum(batch.num_rows for batch in cf.scan(folder))
    300
    """
    place = existing(folder, "scan")
    check_parts(place)
    schema = with_metadata(MESSAGES)
    return pa.RecordBatchReader.from_batches(schema, _batches(place, schema))


def _batches(folder: Folder, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    parts = Fitting()
    for path in folder.parts().values():
        with opened_part(path) as file:
            for number in range(file.num_row_groups):
                yield from parts.group(file, number, schema).to_batches()
    parts.warn(folder.root)


def report(source: pd.DataFrame | Mapping[str, Any] | Report | str | os.PathLike[str]) -> Report:
    """Say what was asked for, read and missed, and why.

    Parameters
    ----------
    source : pandas.DataFrame, mapping, Report, str or path-like
        A frame of `fetch` or `read_parquet`, or its ``attrs["chatframes"]``; a Report is returned as it is. Of the
        folder of an export: what all its calls together have read and missed.

    Returns
    -------
    Report
        It is about the whole fetch, even if the frame was filtered since; `attachments(frame)` counts what the frame
        holds.

    Raises
    ------
    ConfigError
        If the frame carries no report, there is no export, or a part of it is missing.

    Examples
    --------
    >>> report({"status": "complete"}).status
    'complete'
    """
    if isinstance(source, str | os.PathLike):
        folder = existing(source, "report")
        check_parts(folder)
        return _report(folder)
    return reports.report(source)


def _report(folder: Folder) -> Report:
    try:
        with readable_journal(folder) as journal:
            if journal is not None:
                return report_of(journal)
    except (sqlite3.Error, *ODD):
        pass  # part of it is damaged: the parts say it, too
    said = [footer.report for path in folder.parts().values() if (footer := footer_of(path)) is not None]
    # The part that was written last knows most; its number may be any.
    return (
        Report.from_dict(max(said, key=lambda each: each.get("created_at", ""))) if said else Report(status="partial")
    )
