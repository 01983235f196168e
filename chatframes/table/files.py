"""Write a frame to a Parquet file and read it back, a few pictures at a time."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..replace_file import replace_file
from ..words import bytes_in_words, did_you_mean, kind_of
from .arrow import holds_pictures, image_bytes, iter_row_groups, our_schema, prepare, to_pictures
from .from_arrow import from_arrow, unreadable
from .schema import MESSAGES, VERSION
from .versions import ROWS_OF_TOPICS, attrs_of, noted_version, to_our_version, warn_of_newer

__all__ = ["UNREADABLE", "column_options", "read_parquet", "write_parquet"]

# Endings of other kinds of files; any other name is accepted.
OTHER_FORMATS = frozenset(
    ".csv .tsv .txt .json .jsonl .ndjson .xlsx .xls .feather .arrow .ipc .orc .html .pkl .pickle .db .sqlite".split()
)

# What reading a damaged file may raise. Our own ConfigError, which is a ValueError, is let through first.
# Not MemoryError, which Arrow has, too: it says nothing about the file.
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    OverflowError,
    pa.ArrowTypeError,
    pa.ArrowNotImplementedError,
    pa.ArrowCapacityError,
    pa.ArrowIndexError,
    pa.ArrowSerializationError,
)
READ_BYTES = 64 * 1024 * 1024  # files from other tools may hold everything in one row group


@checks_keywords
def write_parquet(frame: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write messages (or attachments) to one Parquet file.

    pandas, DuckDB, Polars and Hugging Face `datasets` open it without chatframes. The file appears under its name
    only when it is complete; until then an older file of that name stays as it was.

    Parameters
    ----------
    frame : pandas.DataFrame
        As fetched, filtered, or with columns of your own, which come after ours. `frame.attrs` are stored too.
    path : str or path-like
        The file to write, in a folder that exists; ``~`` is the home folder.

    Raises
    ------
    OSError
        If it cannot be written: which file, why, how much room there is and how much is needed.
    ConfigError
        If a column or `frame.attrs` cannot be stored, or the name is that of another kind of file.

    Examples
    --------
    >>> import tempfile
    >>> from .frame import build
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_parquet(build([]), folder + "/empty.parquet")
    ...     read_parquet(folder + "/empty.parquet").shape
    (0, 43)
    """
    if not isinstance(frame, pd.DataFrame):
        raise ConfigError(
            f"write_parquet() needs a frame first, not {kind_of(frame)}: write write_parquet(frame, path)."
        )
    if not isinstance(path, str | os.PathLike):
        raise ConfigError(
            f"write_parquet() needs the name of a file, not {kind_of(path)}: write 'apollo.parquet', say."
        )
    ending = Path(path).suffix.lower()
    if ending in OTHER_FORMATS:
        raise ConfigError(
            f"write_parquet() writes Parquet, but {Path(path).name!r} is the name of another kind of file: name it "
            f".parquet. For {ending[1:]}, leave the pictures out and let pandas write it, for example with "
            "frame.drop(columns=['images', 'raw']).to_csv(...)."
        )
    frame, schema = prepare(frame)
    target = Path(os.path.realpath(os.path.expanduser(path)))  # a link stays, and the file it leads to is replaced
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, f"Could not write {target}: it is a folder. Add a file name to it.")
    if target.exists() and not target.is_file():
        raise OSError(
            errno.EINVAL, f"Could not write {target}: it is a device or a pipe, not a file. Choose another name."
        )
    try:
        with replace_file(target) as sink:
            _write(frame, schema, sink)
    except OSError as error:
        raise OSError(error.errno, _sentence(error, target, frame)) from error


def _write(frame: pd.DataFrame, schema: pa.Schema, sink: IO[bytes]) -> None:
    with pq.ParquetWriter(sink, schema, **column_options(schema)) as writer:
        for table in iter_row_groups(frame, schema):
            writer.write_table(table)


def column_options(schema: pa.Schema) -> dict[str, Any]:
    """Return how each column is written, as arguments of ParquetWriter."""
    probe = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), probe)
    with pq.ParquetFile(pa.BufferReader(probe.getvalue())) as file:
        leaves = [file.schema.column(at).path for at in range(len(file.schema))]
    # Pictures are compressed already: zstd, a dictionary and statistics would cost time and save nothing.
    pictures = tuple(field.name for field in schema if holds_pictures(field))
    heavy = {leaf for leaf in leaves if leaf.split(".")[0] in pictures and leaf.endswith(".bytes")}
    light = [leaf for leaf in leaves if leaf not in heavy]
    return {
        "compression": {leaf: "NONE" if leaf in heavy else "ZSTD" for leaf in leaves},
        "use_dictionary": light,
        "write_statistics": light,
    }


def _sentence(error: OSError, target: Path, frame: pd.DataFrame) -> str:
    """Say why the file could not be written, and what to do."""
    folder = target.parent
    if not folder.is_dir():
        reason = f"the folder {folder} does not exist; create it first"
    elif error.errno in (errno.ENOSPC, errno.EDQUOT):
        free, needed = shutil.disk_usage(folder).free, sum(image_bytes(frame))
        reason = (
            f"the disk is full ({bytes_in_words(free)} free, the pictures alone need {bytes_in_words(needed)}); "
            "make room or choose another folder"
        )
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason = f"writing in {folder} is not allowed ({os.strerror(error.errno)}); choose another folder"
    else:
        reason = error.strerror or str(error)
    kept = " The older file of that name is as it was." if target.exists() else ""
    return f"Could not write {target}: {reason}.{kept}"


def read_parquet(path: str | os.PathLike[str], *, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read one file of messages (or attachments); `exports.reading.read_parquet`, which users call, says the rest.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ConfigError
        If the file is damaged or holds something else, or a column is not in it.
    """
    if isinstance(columns, str):
        raise ConfigError(f"read_parquet() needs a list of names in columns=: write columns=[{columns!r}].")
    path = Path(path).expanduser()
    if not path.exists():
        where = "" if path.is_absolute() else f" (it is looked up in {Path.cwd()})"
        raise FileNotFoundError(errno.ENOENT, f"There is no file {path}: correct the path{where}.")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name one file in it.")
    try:
        with pq.ParquetFile(path) as file:
            return _read(file, path, columns)
    except ConfigError:
        raise
    except UNREADABLE as error:
        raise ConfigError(
            f"{path} could not be read: it is cut short, damaged, or not a Parquet file ({error}). "
            "Use another copy of it, or fetch the chat again."
        ) from error


def _read(file: pq.ParquetFile, path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    names = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
    ours = our_schema(names)
    wanted = _wanted(columns, [*ours.names, *(name for name in names if name not in ours.names)], names, path)
    metadata = file.schema_arrow.metadata
    version = noted_version(metadata)
    needed = list(wanted)
    if ours is MESSAGES and (version is None or version < VERSION) and {"topic", "topic_id"} & set(wanted):
        needed += [name for name in ROWS_OF_TOPICS if name not in wanted]
    names = [name for name in names if name in needed]
    pictures = [name for name in names if name in ("images", "image")]
    table = file.read(columns=[name for name in names if name not in pictures])
    if version is not None and version > VERSION:
        empty = unreadable(pa.schema([file.schema_arrow.field(name) for name in names]), table, ours)
        table = table.select([name for name in table.column_names if name not in empty])
        pictures = [name for name in pictures if name not in empty]
        warn_of_newer(str(path), version, empty)
    cells = {name: _read_pictures(file, ours.field(name)) for name in pictures}
    frame = to_our_version(from_arrow(table, ours, needed, cells), version)[wanted]
    frame.attrs = {**attrs_of(metadata), "schema_version": VERSION}
    return frame


def _wanted(columns: Sequence[str] | None, known: Sequence[str], there: Sequence[str], path: Path) -> list[str]:
    """Return the columns to read, of those that are `known`; raises ConfigError where that cannot be done."""
    if lacking := [name for name in ("uid", "created_at") if name not in there]:
        which = f"column {lacking[0]!r} is" if len(lacking) == 1 else "columns 'uid' and 'created_at' are"
        raise ConfigError(
            f"{path} holds no table of messages: the {which} missing. Open it with pandas.read_parquet()."
        )
    wanted = list(known if columns is None else columns)
    for name in wanted:
        if name not in known:
            hint = did_you_mean(str(name), known, "read_parquet(path) without columns= reads all there are.")
            raise ConfigError(f"{path} has no column {name!r}: {hint}")
    return wanted


def _read_pictures(file: pq.ParquetFile, field: pa.Field) -> list[Any]:
    """Read a column of pictures a few at a time: a copy of all of them in Arrow would double the memory."""
    cells: list[Any] = []
    for group in range(file.num_row_groups):
        facts = file.metadata.row_group(group)
        rows = max(1, min(facts.num_rows, facts.num_rows * READ_BYTES // max(1, facts.total_byte_size)))
        for batch in file.iter_batches(rows, row_groups=[group], columns=[field.name]):
            cells.extend(to_pictures(cell, field) for cell in batch.column(0).to_pylist())
    return cells
