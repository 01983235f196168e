"""What is to change in a part of an export, and how its rows become the new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from .facts import Indexed
from .rows import Row, merged, taken

__all__ = ["Changes"]


@dataclass(slots=True)
class Changes:
    """What is to change in one part: whole rows that came again, single fields, and rows that go."""

    rows: dict[str, Row] = field(default_factory=dict)
    fields: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    digests: dict[str, Indexed] = field(default_factory=dict)
    bytes: int = 0

    def __len__(self) -> int:
        return len(self.rows) + len(self.fields) + len(self.dropped)

    def applied(self, table: pa.Table, *, keep_deleted: bool) -> tuple[pa.Table, Iterator[Row]]:
        """Return the rows of the part that stay as they are, and the changed ones.

        Parameters
        ----------
        table : pyarrow.Table
            Rows of the part.
        keep_deleted : bool
            See `merged`.
        """
        uids = table["uid"].to_pylist()
        touched = [row for row, uid in enumerate(uids) if uid in self.rows or uid in self.fields or uid in self.dropped]
        if not touched:
            return table, iter(())
        rest = sorted({*range(len(uids))} - {*touched})
        return taken(table, rest), self._changed(table, touched, keep_deleted)

    def _changed(self, table: pa.Table, touched: Iterable[int], keep_deleted: bool) -> Iterator[Row]:
        for row in touched:
            old = table.slice(row, 1).to_pylist()[0]
            if old["uid"] in self.dropped:
                continue
            if old["uid"] in self.rows:
                old = merged(old, self.rows[old["uid"]], keep_deleted=keep_deleted)
            yield old | dict(self.fields.get(old["uid"], {}))
