"""What a call leaves behind: a warning when something is missing, an error when nothing was read, the last result."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from .errors import ChatframesError, IncompleteWarning
from .table.report import Report
from .table.report_text import LOSSES
from .table.source_report import NOTHING_MISSING
from .warn import warn

__all__ = [
    "error_with_frame",
    "first_error",
    "last_result",
    "remember",
    "remember_frame",
    "with_warning",
    "with_warning_about",
]


def with_warning(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame, and warn if something is missing."""
    _warn(frame.attrs["chatframes"], "chatframes.report(frame)")
    return frame


def with_warning_about(report: Report, where: str) -> Report:
    """Return a report, and warn if something is missing; `where` is what says more."""
    _warn(report.to_dict(), where)
    return report


def _warn(report: Mapping[str, Any], where: str) -> None:
    said = [
        f"{source['source']} {'failed' if source['status'] == 'failed' else 'is not whole'}"
        + (f" ({_short_error(source['error'])})" if source["error"] else "")
        for source in report["sources"]
        if source["status"] not in NOTHING_MISSING
    ]
    # One dead link needs no warning; an account that may not have pictures any more does.
    for symptom in filter(LOSSES.__contains__, report["symptoms"]):
        lost = report["images"]["failed"].get(symptom.removeprefix("pictures_"))
        said.append(f"{f'{lost} ' if lost else ''}pictures could not be had ({LOSSES[symptom]})")
    if said:
        warn(f"{'; '.join(said)}. {where} says what is missing.", IncompleteWarning)


def _short_error(error: str) -> str:
    """Return the first line of an error, without its end and without the question that the next lines belong to."""
    return re.sub(r"[.:]( (Or did|Did) you mean one of these\?)?$", "", error.splitlines()[0])


def error_with_frame(errors: Sequence[ChatframesError], frame: pd.DataFrame) -> ChatframesError:
    """Return the first error of a call that read nothing, with the others as notes and the empty table."""
    error = first_error(errors)
    error.partial = frame
    return error


def first_error(errors: Sequence[ChatframesError]) -> ChatframesError:
    """Return the first of several errors, with the others as notes."""
    error, *others = errors
    for other in others:
        error.add_note(str(other))
    return error


_last: Callable[[], pd.DataFrame] | None = None


def remember(make: Callable[[], pd.DataFrame]) -> None:
    """Let `last_result` return the table that `make` makes; it is made once, when it is first asked for."""
    global _last
    _last = functools.cache(make)


def remember_frame(frame: pd.DataFrame) -> None:
    """Let `last_result` return this table: the call failed, or the interrupt came after it was done."""
    remember(lambda: frame)


def last_result() -> pd.DataFrame:
    """Return what the last interrupted or failed call had read.

    Returns
    -------
    pandas.DataFrame
        The usual table; attachments that were still under way are ``failed/cancelled``.

    Raises
    ------
    ChatframesError
        When no call has been interrupted or has failed in this process.
    """
    if _last is None:
        raise ChatframesError("There is no last result: no call in this process was interrupted or failed.")
    return _last()
