"""Write and rewrite the Parquet files of an export, a few pictures at a time."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import ConfigError
from ..page.html import plain
from ..table.arrow import ROW_GROUP_IMAGE_BYTES, ROW_GROUP_ROWS
from ..table.files import UNREADABLE, column_options
from ..table.schema import MESSAGES, with_metadata
from .hashing import HashedFile, sha256_of
from .memory import give_back
from .rows import image_sizes

__all__ = [
    "DamagedPart",
    "Footer",
    "PartWriter",
    "footer_of",
    "is_written",
    "opened_part",
    "row_group",
    "row_groups",
]

REPORT_KEY = b"chatframes_report"  # in the footer: the report of the export when the part was finished
EXPORT_KEY = b"chatframes_export"  # in the footer: which export the part is of; its pages have checksums then

Reach = Callable[[str], None]


class DamagedPart(ConfigError):
    """A part is not what was written; `path` is its file, and `why` what is the matter with it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{plain(path)} {why}: run the same export again, which keeps what is whole of it and reads the rest anew "
            "(chatframes.verify(folder) checks every byte)."
        )
        self.path, self.why = path, why


@dataclass(frozen=True, slots=True)
class Footer:
    """What the footer of a part says: the report of that time, and the export that it is of (None in older files)."""

    report: dict[str, Any]
    export: str | None


class PartWriter:
    """Writes one file, in row groups of at most 8 MiB of pictures (or one row) and 5,000 rows.

    Parameters
    ----------
    path : Path
        The file, which is not there yet.
    decode : bool
        Whether `datasets` shall decode the pictures; see `with_metadata`.
    export : str
        The id of the export, so that no part of another one is taken for its own.
    """

    def __init__(self, path: Path, *, decode: bool, export: str) -> None:
        self.path = path
        self.rows = 0
        self._export = export
        self._schema = with_metadata(MESSAGES, decode=decode)
        self._file = HashedFile(path)
        self._writer = pq.ParquetWriter(
            self._file.sink,
            self._schema,
            write_page_index=True,
            write_page_checksum=True,  # so that damage is found, and what is beside it can be kept
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
            group = pa.concat_tables(self._held)
            self._held = []
            if not group.schema.equals(self._schema, check_metadata=True):  # a cast copies the pictures
                same = group.schema.equals(self._schema)
                group = group.replace_schema_metadata(self._schema.metadata) if same else group.cast(self._schema)
            self._without -= {name for name in self._without if group[name].null_count < group.num_rows}
            for name in self._without if is_last else ():
                group = _with_a_category(group, name)
            self._writer.write_table(group, row_group_size=group.num_rows)
            self._file.sink.flush()
        self._held, self._held_rows, self._held_bytes = [], 0, 0
        give_back()

    def close(self, report: dict[str, Any]) -> None:
        """Write the rest, and the footer with the report."""
        try:
            self._write_group(is_last=True)
            self._writer.add_key_value_metadata(
                {REPORT_KEY: json.dumps(report).encode(), EXPORT_KEY: self._export.encode()}
            )
            self._writer.close()
            self._file.sink.close()
        except BaseException:
            self.drop()
            raise

    @property
    def sha256(self) -> str:
        """Of the file, once it is closed."""
        return self._file.sha256

    def drop(self) -> None:
        """Remove the file, which is unfinished: on a full disk it takes the room that is needed to go on."""
        self._held = []
        for open_one in (self._writer, self._file.sink, self._file):
            with suppress(OSError):  # it is full, or broken: why is known already
                open_one.close()
        with suppress(OSError):
            self.path.unlink()


@contextmanager
def opened_part(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a part to read it.

    Raises
    ------
    DamagedPart
        Here, or while its rows are read in the block.
    """
    if os.path.lexists(path) and not path.is_file():  # a pipe would never be read to its end
        raise DamagedPart(path, "is no file")
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except ConfigError:
        raise
    except UNREADABLE as error:
        raise DamagedPart(path, _why(error)) from error


def _why(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return "is missing"
    if isinstance(error, OSError) and error.errno:
        return f"cannot be read ({os.strerror(error.errno)})"
    return "is damaged"


def _with_a_category(table: pa.Table, name: str) -> pa.Table:
    """Return a table whose column of nulls has an empty text as its one category, which no row uses.

    pandas takes categories of which there are none for objects, and Dask then cannot join such a part to the others.
    """
    kind = table.schema.field(name)
    nulls = pa.nulls(table.num_rows, kind.type.index_type)
    column = pa.DictionaryArray.from_arrays(nulls, pa.array([""], kind.type.value_type))
    return table.set_column(table.schema.get_field_index(name), kind, column)


def row_groups(path: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of a part, row group by row group; raises DamagedPart."""
    with opened_part(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=columns)


def row_group(path: Path, number: int) -> pa.Table:
    """Return one row group of a part; raises DamagedPart."""
    with opened_part(path) as file:
        return file.read_row_group(number)


def footer_of(path: Path) -> Footer | None:
    """Return what is said in the footer of a part; None for any other file."""
    if not path.is_file():  # a pipe would never be read to its end
        return None
    try:
        with pq.ParquetFile(path) as file:
            said = file.metadata.metadata or {}
            export = said.get(EXPORT_KEY)
            if REPORT_KEY not in said:
                return None
            return Footer(dict(json.loads(said[REPORT_KEY])), None if export is None else export.decode())
    except UNREADABLE:
        return None


def is_written(path: Path, sha256: str) -> bool:
    """Whether a file is, byte for byte, what was written; a disk that cannot read it says no.

    Raises
    ------
    OSError
        It may not be read, which says nothing about it.
    """
    if not path.is_file():
        return False
    try:
        return sha256_of(path) == sha256
    except OSError as error:
        if error.errno not in (errno.EIO, errno.ENOENT, errno.EISDIR):
            raise
        return False
