"""Read the parts of an export in our version of the table's columns, whichever version has written them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..table.from_arrow import fitted
from ..table.schema import VERSION
from ..table.versions import ROWS_OF_TOPICS, noted_version, to_our_version, warn_of_newer

__all__ = ["Fitting"]


class Fitting:
    """Reads row groups with our columns; afterwards it knows which versions they had, and what was left empty."""

    def __init__(self) -> None:
        self._versions: set[int] = set()
        self._empty: dict[str, None] = {}

    def group(self, file: pq.ParquetFile, number: int, schema: pa.Schema) -> pa.Table:
        """Return a row group with these columns; nulls where the part lacks one, or holds something else in it."""
        table = file.read_row_group(number, columns=schema.names)
        version = noted_version(file.schema_arrow.metadata) or VERSION
        self._versions.add(version)
        if version == VERSION:
            return table.select(schema.names).cast(schema)
        table, empty = fitted(table, schema)
        self._empty |= dict.fromkeys(empty)
        return table

    def in_our_version(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with its topics as our version has them."""
        older = min(self._versions, default=VERSION) < VERSION
        return to_our_version(frame, None) if older and {*ROWS_OF_TOPICS} <= {*frame.columns} else frame

    def warn(self, root: Path) -> None:
        """Say that the export, or a part of it, is newer than this chatframes, if it is."""
        warn_of_newer(str(root), max(self._versions, default=None), list(self._empty))
