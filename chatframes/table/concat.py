"""Put several frames together into one, with one report about all of their sources."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..version import __version__
from ..words import kind_of, no_table
from .arrow import image_counts, our_schema, to_pictures, to_table
from .batches import SCALARS, Batch
from .frame import build
from .report import Report, after_filling
from .schema import MESSAGES
from .source_report import NOTHING_MISSING
from .versions import in_our_version

__all__ = ["concat"]

NEEDED = ("uid", "platform", "chat_id", "message_id", "created_at")  # what tells messages apart, and their order
BATCH_ROWS = 5_000  # turned into Arrow at once


@checks_keywords
def concat(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put several tables of messages together into one, with one report that holds all their sources.

    Plain ``pd.concat`` loses the report, keeps a message twice and forgets the types of some columns.

    Parameters
    ----------
    frames : iterable of pandas.DataFrame
        Of `fetch`, `stream` or `read_parquet`; whole, filtered, or with columns of your own.

    Returns
    -------
    pandas.DataFrame
        One row per message, in the order and with the types of `fetch`; then your own columns, null where a frame lacks
        them. Of a message that is in several frames, the row with the most pictures is kept, or else the one that was
        fetched last. `report` of it tells of all sources; a report that several frames share counts once.

    Raises
    ------
    ConfigError
        If there is nothing to put together, or something else than tables of messages.

    Examples
    --------
    >>> import chatframes as cf
    >>> with cf.sandbox() as world:
    ...     webex = cf.fetch(cf.Webex("Project Apollo"), config=world.config, progress=False)
    ...     telegram = cf.fetch(cf.Telegram("@apollo"), config=world.config, progress=False)
    >>> both = cf.concat([webex, telegram])
    >>> len(both) == len(webex) + len(telegram), len(cf.report(both).sources)
    (True, 2)
    """
    tables = list(map(_checked, _listed(frames), itertools.count(1)))
    kept = [table.iloc[rows] for table, rows in zip(tables, _one_row_per_message(tables), strict=True)]
    batches = [
        _batch(table.iloc[start : start + BATCH_ROWS]) for table in kept for start in range(0, len(table), BATCH_ROWS)
    ]
    reports = [Report.from_dict(table.attrs["chatframes"]) for table in tables if "chatframes" in table.attrs]
    calls = _each_call_once(reports)
    together = build(batches, _about_all(calls).to_dict() if calls else None)
    is_filled = len(calls) == 1 and any(report != calls[0] for report in reports)
    if is_filled and len(together) == sum(source.messages for source in calls[0].sources):
        nothing = {"chatframes": calls[0].to_dict() | {"images": {}}}
        together.attrs = after_filling(
            nothing, calls[0], (), (e for cell in together["media"] for e in cell or () if e)
        )
    for name in dict.fromkeys(name for table in kept for name in table.columns if name not in MESSAGES.names):
        pieces = [table.set_index("uid")[name] for table in kept if name in table.columns]
        together[name] = _own(pieces, together["uid"])
    for table in reversed(tables):
        together.attrs |= {name: value for name, value in table.attrs.items() if name != "chatframes"}
    return together


def _listed(frames: Iterable[pd.DataFrame]) -> list[Any]:
    if isinstance(frames, pd.DataFrame | str) or not isinstance(frames, Iterable):
        raise ConfigError(f"concat() takes a list of frames, not {kind_of(frames)}: write concat([frame, other]).")
    listed = list(frames.values() if isinstance(frames, Mapping) else frames)
    if not listed:
        raise ConfigError("There is nothing to put together: `frames` is empty. Put at least one frame into it.")
    return listed


def _checked(frame: object, number: int) -> pd.DataFrame:
    """Return a table of messages with plain column names; a named index becomes columns again."""
    if not isinstance(frame, pd.DataFrame):
        raise ConfigError(
            f"concat() takes frames of fetch() or read_parquet(), and number {number} is {no_table(frame)}."
        )
    for level in frame.index.names:
        if level is not None and level not in frame.columns:
            frame = frame.reset_index(level=level)
    frame = frame.set_axis([str(name) for name in frame.columns], axis="columns")
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing or our_schema(frame.columns) is not MESSAGES:
        lacks = f"the column {missing[0]!r} is not there" if missing else "it holds attachments"
        raise ConfigError(
            f"concat() puts tables of messages together, and frame number {number} is none: {lacks}. "
            "Give it frames of fetch() or read_parquet()."
        )
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise ConfigError(
            f"Column {repeated[0]!r} is there twice in frame number {number}: rename or drop one of them."
        )
    return in_our_version(frame, f"Frame number {number}")


def _one_row_per_message(tables: Sequence[pd.DataFrame]) -> list[Any]:
    """Return for each table the positions of its rows to keep."""
    rows = pd.DataFrame(
        {
            "uid": np.concatenate([table["uid"].to_numpy(dtype=object) for table in tables]),
            "table": np.repeat(range(len(tables)), [len(table) for table in tables]),
            "row": np.concatenate([np.arange(len(table)) for table in tables]),
            "pictures": np.concatenate([image_counts(table) for table in tables]),
            "fetched_at": np.concatenate([_fetched_at(table) for table in tables]),
        }
    )
    best = rows.sort_values(["pictures", "fetched_at"], kind="stable").drop_duplicates("uid", keep="last")
    return [np.sort(best["row"].to_numpy()[best["table"] == number]) for number in range(len(tables))]


def _fetched_at(table: pd.DataFrame) -> Any:
    """Return when each message was fetched, as a number; 0 where that is not known."""
    if "fetched_at" not in table.columns:
        return np.zeros(len(table), dtype=np.int64)
    times = pd.to_datetime(table["fetched_at"], utc=True).dt.as_unit("us")
    return times.astype("int64").where(times.notna(), 0).to_numpy()


def _batch(table: pd.DataFrame) -> Batch:
    field = MESSAGES.field("images")
    cells = table["images"] if "images" in table.columns else [None] * len(table)
    return Batch(to_table(table, SCALARS), [to_pictures(cell, field) for cell in cells])


def _own(pieces: list[pd.Series[Any]], uids: pd.Series[Any]) -> Any:
    """Return a column of the user for these messages; null where no frame has it."""
    pieces = [piece for piece in pieces if len(piece)] or pieces[:1]
    index = [uid for piece in pieces for uid in piece.index]
    if all(isinstance(piece.dtype, pd.CategoricalDtype) for piece in pieces):
        try:
            return pd.Series(union_categoricals(pieces), index=index).reindex(uids).array
        except TypeError:  # of different kinds, or in different orders
            pieces = [piece.astype(object) for piece in pieces]
    return pd.concat(pieces).set_axis(index).reindex(uids).array


def _each_call_once(reports: Sequence[Report]) -> list[Report]:
    """Return the reports of several calls: of each the one with most pictures, as parts of it may be filled in."""
    calls: dict[str, Report] = {}
    for report in reports:
        call = repr((report.created_at, report.sources, report.seconds))
        if call not in calls or calls[call].images_ok < report.images_ok:
            calls[call] = report
    return list(calls.values())


def _about_all(told: Sequence[Report]) -> Report:
    statuses = {report.status for report in told}
    status = "open" if statuses <= {*NOTHING_MISSING} else "partial"
    return Report(
        version=__version__,
        created_at=min(report.created_at for report in told),
        status=statuses.pop() if len(statuses) == 1 else status,
        sources=tuple(source for report in told for source in report.sources),
        images_ok=sum(report.images_ok for report in told),
        image_bytes=sum(report.image_bytes for report in told),
        skipped=_added([report.skipped for report in told]),
        failed=_added([report.failed for report in told]),
        seconds=sum(report.seconds for report in told),
        symptoms=tuple(dict.fromkeys(symptom for report in told for symptom in report.symptoms)),
        metrics=told[0].metrics if len(told) == 1 else None,  # of quantiles there is no sum
    )


def _added(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    reasons = dict.fromkeys(reason for each in counts for reason in each)
    return {reason: sum(each.get(reason, 0) for each in counts) for reason in reasons}
