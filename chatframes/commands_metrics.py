"""Write the metrics of a command into a file, also when the command fails or is interrupted."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .errors import ConfigError
from .progress.bar import Bar
from .progress.drawing import Display
from .progress.tally import Tally
from .replace_file import replace_file
from .road.metrics import peak_memory_bytes
from .version import __version__
from .windows import utc_text

__all__ = ["MetricsFile"]

_EARLIER = re.compile(rb'\s*(\{\s*"chatframes"|$)')  # how the file of an earlier command begins, or an empty one


class MetricsFile:
    """The file of `--metrics`. As a `Display` it listens to the call's progress, and shows a bar where one is wanted.

    Parameters
    ----------
    path : Path
    command : str
    with_bar : bool
    """

    def __init__(self, path: Path, command: str, *, with_bar: bool) -> None:
        self._named, self._command = path, command
        self._path = Path(os.path.realpath(path.expanduser()))  # a link stays, and the file it leads to is replaced
        self._may_write = False
        self._bar: Display | None = Bar() if with_bar else None
        self._began, self._created_at = time.monotonic(), utc_text(datetime.now(UTC))
        self._metrics: Mapping[str, Any] | None = None

    def draw(self, tally: Tally, now: float) -> None:
        """Keep the latest metrics."""
        self._metrics = tally.event.metrics
        if self._bar is not None:
            self._bar.draw(tally, now)

    def close(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()

    def check(self, output: Path, check_place: Callable[[Path, str], None]) -> None:
        """Refuse a place that metrics cannot be written to; until this was called, `write` does nothing.

        Parameters
        ----------
        output : Path
            Where the data go.
        check_place : callable
            Called with a path and the option that names it, it raises ConfigError where no file can be written.
        """
        data = Path(os.path.realpath(output.expanduser()))
        if self._path == data or (self._command == "export" and data in self._path.parents):
            raise ConfigError(f"--metrics {self._named} is where --output writes: name another place.")
        check_place(self._path, "--metrics")
        if self._holds_other_things():
            raise ConfigError(
                f"--metrics {self._named} holds something other than metrics, which would be lost: name another place."
            )
        self._may_write = True

    def _holds_other_things(self) -> bool:
        try:
            with open(self._path, "rb") as file:
                return _EARLIER.match(file.read(100)) is None
        except OSError:  # it is not there, mostly
            return False

    def write(self, status: str, error: BaseException | None = None) -> None:
        """Write how the command ended, with the metrics so far; they are null when nothing was asked for.

        A disk that takes no file is said, and changes nothing else: what was fetched is there.
        """
        if not self._may_write:
            return
        told = {
            "chatframes": __version__,
            "command": self._command,
            "created_at": self._created_at,
            "status": status,
            "error": None if error is None else type(error).__name__,
            "seconds": round(time.monotonic() - self._began, 3),
            # The most memory is often had at the end, when the table is made and written.
            "metrics": self._metrics and {**self._metrics, "peak_memory_bytes": peak_memory_bytes()},
        }
        try:
            with replace_file(self._path) as file:
                file.write(json.dumps(told, indent=1, allow_nan=False).encode() + b"\n")
        except OSError as trouble:
            with suppress(OSError):
                why = trouble.strerror or type(trouble).__name__
                print(f"chatframes: --metrics {self._named} could not be written: {why}.", file=sys.stderr)
