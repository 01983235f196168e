"""The functions users call to export: `export`, and `export_async` to be awaited."""

from __future__ import annotations

import os
from datetime import timedelta

from . import api, loop
from .errors import ConfigError
from .exports.folder import folder_at
from .exports.order import Order
from .exports.run import exporting
from .keywords import checks_keywords
from .named_sources import Sources, sources_of
from .progress.drawing import Display, Progress, listening
from .results import first_error, with_warning_about
from .settings.images import refuse_order
from .settings.merge import ConfigLike, merge
from .table.report import Report
from .words import number_or_kind

__all__ = ["export", "export_async"]

LONGEST_DAYS = 100_000  # more than there have been chats


@checks_keywords
def export(
    sources: Sources,
    folder: str | os.PathLike[str],
    *,
    images: object = None,
    raw: bool = False,
    config: ConfigLike = None,
    progress: Progress = True,
    look_back_days: float = 7,
    deleted: str = "keep",
) -> Report:
    """Export chats into a folder of Parquet files, for what is larger than memory or shall be kept up to date.

    The same call again finishes what was interrupted, at any moment and in any way, and later fetches only what is new.
    pandas, DuckDB, Polars (``folder/data``), Dask and Hugging Face `datasets` open the folder without chatframes.

    Parameters
    ----------
    sources, images, raw, config, progress
        As for `fetch`. What is in the folder already, pictures too, is not asked for again: wider days, more chats,
        pictures switched on or a larger limit fetch what is missing for them. An ``order`` of images is refused.
    folder : str or path-like
        Made where it is not there. ``data/`` holds the parts, ``.chatframes/`` the journal and ``manifest.json``.
    look_back_days : float
        So many days before the last call are read again, for edits and deletions.
    deleted : str
        What becomes of a message that its service shows as deleted: "keep" keeps its words and adds the flag
        ``deleted``, "drop" takes its row out.

    Returns
    -------
    Report
        Of everything in the folder.

    Raises
    ------
    ConfigError
        Before any request, for a wrong argument or setting, or when another process writes the folder.
    OSError
        When the disk is full or fails; what was exported before stays readable, and the same call goes on later.
    AuthError, ChatNotFound, RateLimited, ServiceError
        When nothing at all could be read.

    Warns
    -----
    IncompleteWarning
        When part of what was asked for is missing.

    Examples
    --------
    >>> import tempfile, chatframes as cf
    >>> with cf.sandbox() as world, tempfile.TemporaryDirectory() as folder:
    ...     report = cf.export(cf.Webex("Project Apollo"), folder, images=True, config=world.config, progress=False)
    ...     len(cf.read_parquet(folder, columns=["text"])), report.images_ok
    (300, 60)
    """
    order = _order(sources, folder, images, raw, config, look_back_days, deleted)
    return with_warning_about(loop.run(_export(order, progress)), "chatframes.report(folder)")


@checks_keywords
async def export_async(
    sources: Sources,
    folder: str | os.PathLike[str],
    *,
    images: object = None,
    raw: bool = False,
    config: ConfigLike = None,
    progress: Progress = True,
    look_back_days: float = 7,
    deleted: str = "keep",
) -> Report:
    """Export chats into a folder of Parquet files: `export`, to be awaited."""
    order = _order(sources, folder, images, raw, config, look_back_days, deleted)
    return with_warning_about(await loop.run_async(_export(order, progress)), "chatframes.report(folder)")


def _order(
    sources: Sources,
    folder: str | os.PathLike[str],
    images: object,
    raw: bool,
    config: ConfigLike,
    look_back_days: float,
    deleted: str,
) -> Order:
    place = folder_at(folder, "export").root
    if isinstance(look_back_days, bool) or not isinstance(look_back_days, int | float) or not look_back_days >= 0:
        raise ConfigError(f"look_back_days= is {number_or_kind(look_back_days)}: write a number of days, 0 or more.")
    if deleted not in ("keep", "drop"):
        raise ConfigError(f"deleted= is {deleted!r}: write 'keep' or 'drop'.")
    listed, settings = sources_of(sources), merge(config, images, raw)
    refuse_order(settings.images, "export")
    look_back = timedelta(days=min(look_back_days, LONGEST_DAYS))
    return Order(listed, settings, place, look_back, deleted)


async def _export(order: Order, progress: Progress | Display) -> Report:
    with listening(progress) as emit:
        result = await exporting(order, emit, api.clock)
    if result.errors:
        raise first_error(result.errors)
    return result.report
