"""Show how a call went: of a frame, of an export, or of the file that the command line wrote."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ConfigError
from ..exports.folder import existing
from ..exports.reading import report
from ..keywords import checks_keywords
from ..page.html import plain
from ..page.metrics_plot import MetricsPlot
from ..table.report import Report
from ..words import kind_of

__all__ = ["plot_metrics"]


@checks_keywords
def plot_metrics(source: pd.DataFrame | Mapping[str, Any] | Report | str | os.PathLike[str]) -> MetricsPlot:
    """Show how a call went: its figures, and over time the pictures per second, the downloads and the connections.

    Parameters
    ----------
    source : pandas.DataFrame, mapping, Report, str or path-like
        A frame of `fetch`, `fill_images` or `read_parquet`, the last batch of `stream`, or a report; of the folder of
        an export, its last call is shown. Also the file of ``chatframes fetch --metrics``, and the `metrics` of an
        `Event`, while a call runs.

    Returns
    -------
    MetricsPlot
        Shows itself. Its ``metrics`` are those of `Report`; docs/metrics.md says what each means.

    Raises
    ------
    ConfigError
        If the frame carries no report, or there is no such folder or file.

    Examples
    --------
    >>> import chatframes as cf
    >>> with cf.sandbox(days=7) as world:
    ...     df = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)
    >>> cf.plot_metrics(df).metrics["images"]["ok"]
    60
    """
    if isinstance(source, str | os.PathLike) and Path(source).suffix.lower() == ".json":
        source = _told_in(Path(source).expanduser())
    if isinstance(source, Mapping) and "over_time" in source:
        return MetricsPlot(dict(source))
    if isinstance(source, str | os.PathLike):
        existing(source, "plot_metrics")
    elif not isinstance(source, pd.DataFrame | Mapping | Report):
        raise ConfigError(
            "plot_metrics() takes a frame of fetch() or read_parquet(), a report, the name of an export's folder or of "
            f"the file of --metrics, not {kind_of(source)}."
        )
    return MetricsPlot(report(source).metrics)


def _told_in(path: Path) -> Mapping[str, Any]:
    try:
        told = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"There is no file {path}: write the name that --metrics was given.") from None
    except (OSError, ValueError, RecursionError):
        told = None
    if not isinstance(told, Mapping) or "metrics" not in told:
        raise ConfigError(f"{path} holds no metrics: write the name of a file that --metrics has written.")
    if told["metrics"] is None:
        raise ConfigError(f"{path} holds no metrics: nothing was asked for in that call, which {_ended(told)}.")
    return told


def _ended(told: Mapping[str, Any]) -> str:
    error = told.get("error")
    return f"failed with {plain(error)}" if isinstance(error, str) else "ended before"
