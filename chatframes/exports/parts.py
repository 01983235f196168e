"""Write and rewrite the Parquet files of an export, a few pictures at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..table.arrow import ROW_GROUP_IMAGE_BYTES, ROW_GROUP_ROWS
from ..table.files import column_options
from ..table.schema import MESSAGES, with_metadata
from .memory import give_back
from .rows import image_sizes

__all__ = ["REPORT_KEY", "PartWriter", "footer_of", "row_group", "row_groups", "sha256_of"]

REPORT_KEY = b"chatframes_report"  # in the footer: the report of the export when the part was finished
READ_BYTES = 2**20

Reach = Callable[[str], None]


class PartWriter:
    """Writes one file, in row groups of at most 8 MiB of pictures (or one row) and 5,000 rows.

    Parameters
    ----------
    path : Path
        The file, which is not there yet.
    decode : bool
        Whether `datasets` shall decode the pictures; see `with_metadata`.
    """

    def __init__(self, path: Path, *, decode: bool) -> None:
        self.path = path
        self.rows = 0
        self._schema = with_metadata(MESSAGES, decode=decode)
        self._file = open(path, "wb")  # noqa: SIM115 (closed in `close` or `drop`)
        self._writer = pq.ParquetWriter(
            self._file,
            self._schema,
            write_page_index=True,
            # So that a grown part that is uploaded again differs from the old one only where it grew.
            use_content_defined_chunking=True,
            **column_options(self._schema),
        )
        self._held: list[pa.Table] = []
        self._held_rows = self._held_bytes = 0
        # Of these columns no row has had a value yet.
        self._without = {field.name for field in self._schema if pa.types.is_dictionary(field.type)}

    def add(self, table: pa.Table) -> None:
        """Add rows with all columns of the table."""
        first = 0
        sizes = image_sizes(table)
        for row, size in enumerate(sizes):
            full = self._held_bytes + size > ROW_GROUP_IMAGE_BYTES or self._held_rows >= ROW_GROUP_ROWS
            if full and self._held_rows:
                self._hold(table.slice(first, row - first))
                self._write_group()
                first = row
            self._held_bytes += size
            self._held_rows += 1
        self._hold(table.slice(first))
        self.rows += table.num_rows

    def _hold(self, table: pa.Table) -> None:
        if table.num_rows:
            self._held.append(table)

    def _write_group(self, *, is_last: bool = False) -> None:
        if self._held:
            group = pa.concat_tables(self._held).cast(self._schema)
            self._without -= {name for name in self._without if group[name].null_count < group.num_rows}
            for name in self._without if is_last else ():
                group = _with_a_category(group, name)
            self._writer.write_table(group, row_group_size=group.num_rows)
            self._file.flush()
        self._held, self._held_rows, self._held_bytes = [], 0, 0
        give_back()

    def close(self, report: dict[str, Any]) -> None:
        """Write the rest, and the footer with the report."""
        try:
            self._write_group(is_last=True)
            self._writer.add_key_value_metadata({REPORT_KEY: json.dumps(report).encode()})
            self._writer.close()
            self._file.close()
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Leave the file as it is, unfinished."""
        self._held = []
        for open_one in (self._writer, self._file):
            with suppress(OSError):  # it is full, or broken: why is known already
                open_one.close()


def _with_a_category(table: pa.Table, name: str) -> pa.Table:
    """Return a table whose column of nulls has an empty text as its one category, which no row uses.

    pandas takes categories of which there are none for objects, and Dask then cannot join such a part to the others.
    """
    kind = table.schema.field(name)
    nulls = pa.nulls(table.num_rows, kind.type.index_type)
    column = pa.DictionaryArray.from_arrays(nulls, pa.array([""], kind.type.value_type))
    return table.set_column(table.schema.get_field_index(name), kind, column)


def row_groups(path: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of a part, row group by row group."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=columns)


def row_group(path: Path, number: int) -> pa.Table:
    """Return one row group of a part."""
    with pq.ParquetFile(path) as file:
        return file.read_row_group(number)


def footer_of(path: Path) -> dict[str, Any] | None:
    """Return the report in the footer of a part; None for any other file."""
    try:
        with pq.ParquetFile(path) as file:
            said = (file.metadata.metadata or {}).get(REPORT_KEY)
            return None if said is None else dict(json.loads(said))
    except (pa.ArrowException, OSError, EOFError, ValueError):
        return None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read a little at a time."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()
