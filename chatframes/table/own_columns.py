"""Make the columns that users add ready for a file, or say which of them cannot go into one."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import ConfigError

__all__ = ["Refused", "older_pyarrow", "own_column"]

MOST_LEVELS = 30  # readers of Parquet refuse some hundreds
MOST_CHARACTERS = 200  # of an error that may quote a whole table
# NotImplementedError of pyarrow is an ArrowException; a half character is a ValueError.
Refused = (pa.ArrowException, ValueError, TypeError, OverflowError, KeyError)


def own_column(column: pd.Series[Any]) -> tuple[pd.Series[Any], pa.Field, dict[str, Any]]:
    """Return a column of the user ready for Parquet, with its Arrow field and its entry in pandas' metadata.

    Categories that a file cannot hold, such as the bins of ``pd.cut``, become texts; their order stays.

    Raises
    ------
    ConfigError
        If it cannot be stored.
    """
    refusal: Exception
    try:
        if _nests_too_deep(column):
            raise ValueError(f"its lists or dicts are nested more than {MOST_LEVELS} deep")
        if _has_durations(column):
            raise ValueError("Parquet gives categories of durations back as numbers")
        return column, *_tried(column)
    except Refused as error:
        refusal = error
    if isinstance(column.dtype, pd.CategoricalDtype):
        with contextlib.suppress(*Refused):  # two categories may read alike
            texts = column.cat.rename_categories([str(category) for category in column.cat.categories])
            return texts, *_tried(texts)
    said = (str(refusal).strip().splitlines() or [type(refusal).__name__])[0][:MOST_CHARACTERS].rstrip(". ")
    raise ConfigError(
        f"Your column {column.name!r} cannot be stored in Parquet ({said}). Convert it (to str, say) or drop it."
    ) from refusal


def _has_durations(column: pd.Series[Any]) -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype) and column.cat.categories.dtype.kind == "m"


def _nests_too_deep(column: pd.Series[Any]) -> bool:
    """Whether lists in lists go on for too long, or for ever: pyarrow ends the whole process then."""
    level = _containers(column) if column.dtype == object else {}
    for _ in range(MOST_LEVELS):
        if not level:
            return False
        level = _containers(
            inner for outer in level.values() for inner in (outer.values() if isinstance(outer, dict) else outer)
        )
    return bool(level)


def _containers(values: Iterable[Any]) -> dict[int, Any]:
    """Return those that hold others, each once."""
    return {
        id(value): value
        for value in values
        if isinstance(value, list | tuple | dict | set | frozenset)
        or (isinstance(value, np.ndarray) and value.dtype == object and value.ndim > 0)
    }


def _tried(column: pd.Series[Any]) -> tuple[pa.Field, dict[str, Any]]:
    """Convert the whole column and write its first row: pyarrow refuses some types only then."""
    with older_pyarrow():
        schema = pa.Schema.from_pandas(column.to_frame(), preserve_index=False)
        array = pa.array(column, schema.field(0).type, from_pandas=True)
    pq.write_table(pa.table([array[:1]], schema=schema.remove_metadata()), pa.BufferOutputStream())
    details = schema.pandas_metadata["columns"][0]
    if pa.types.is_nested(schema.field(0).type) or not _known_to_pandas(details["numpy_type"]):
        details["numpy_type"] = "object"  # pandas cannot read back the name of such an Arrow dtype
    return schema.field(0), details


def _known_to_pandas(name: str) -> bool:
    try:
        pd.api.types.pandas_dtype(name)
    except TypeError:
        return False
    return True


@contextlib.contextmanager
def older_pyarrow() -> Iterator[None]:
    """Ignore what pandas 3.1 says when pyarrow before 26 reads a column: as an error it would stop every write."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\w+\.values returning an", DeprecationWarning)
        yield
