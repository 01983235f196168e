"""What one call of `export` is to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ..settings.merge import Settings
from ..sources import Source
from .parts import Reach

__all__ = ["Order"]


@dataclass(frozen=True, slots=True)
class Order:
    """What one call of `export` is to do."""

    sources: Sequence[Source]
    settings: Settings
    folder: Path
    look_back: timedelta = timedelta(days=7)
    deleted: str = "keep"
    reach: Reach = lambda point: None  # tests end the process at a point
