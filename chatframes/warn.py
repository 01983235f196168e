"""Warn with the line of the user's own code that called us, however deep in the library something is noticed."""

from __future__ import annotations

import os
import sys
import warnings
from contextvars import ContextVar
from pathlib import Path
from typing import Any

__all__ = ["Line", "calling_line", "note_caller", "warn"]

Line = tuple[str, int, str, dict[Any, Any]]  # file, number, module, and the module's memory of warnings already shown
HERE = f"{Path(__file__).parent}{os.sep}"

_caller: ContextVar[Line | None] = ContextVar("caller", default=None)


def calling_line() -> Line:
    """Return the nearest line that called a function of this package and is not in it."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    known = frame.f_globals
    registry = known.setdefault("__warningregistry__", {})
    return frame.f_code.co_filename, frame.f_lineno, known.get("__name__", "<unknown>"), registry


def note_caller(line: Line) -> None:
    """Note which line has asked for the work of the current task: its own thread does not know."""
    _caller.set(line)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of something at the line that called us.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     warn("Something is odd.")
    >>> str(said[0].message)
    'Something is odd.'
    """
    filename, number, module, registry = _caller.get() or calling_line()
    warnings.warn_explicit(message, category, filename, number, module, registry)
