"""One reader in a process of its own, without chatframes: for each folder named on stdin, what it sees goes to stdout.

Started as ``python reading_child.py NAME``. An answer is one line of JSON: the rows as [uid, text, pictures], where
pictures are SHA-256 of their bytes, or width and height for a reader that decodes them; or {"error": ...}.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable
from typing import Any

Row = list[Any]
COLUMNS = ["uid", "text", "images"]


def _rows(records: Iterable[Any]) -> list[Row]:
    return [
        [uid, text, [hashlib.sha256(picture["bytes"]).hexdigest() for picture in (() if images is None else images)]]
        for uid, text, images in records
    ]


def _pandas(folder: str) -> list[Row]:
    import pandas

    frame = pandas.read_parquet(f"{folder}/data")
    return _rows(zip(*(frame[name] for name in COLUMNS), strict=True))


def _pyarrow(folder: str) -> list[Row]:
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(f"{folder}/data").to_table(COLUMNS)
    return _rows(row.values() for row in table.to_pylist())


def _polars(folder: str) -> list[Row]:
    import polars

    return _rows(polars.read_parquet(f"{folder}/data").select(COLUMNS).iter_rows())


def _polars_glob(folder: str) -> list[Row]:
    import polars

    return _rows(polars.scan_parquet(f"{folder}/data/*.parquet").select(COLUMNS).collect().iter_rows())


def _duckdb(folder: str) -> list[Row]:
    import duckdb

    return _rows(duckdb.connect().execute(f"SELECT uid, text, images FROM '{folder}/data/*.parquet'").fetchall())


def _dask(folder: str) -> list[Row]:
    import dask.dataframe

    frame = dask.dataframe.read_parquet(f"{folder}/data").compute(scheduler="synchronous")
    return _rows(zip(*(frame[name] for name in COLUMNS), strict=True))


def _datasets(folder: str) -> list[Row]:
    import datasets

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as cache:  # of an earlier state of the folder it would know nothing
        loaded = datasets.load_dataset(folder, cache_dir=cache)
        assert list(loaded) == ["train"]
        return [[row["uid"], row["text"], [list(picture.size) for picture in row["images"]]] for row in loaded["train"]]


READERS: dict[str, Callable[[str], list[Row]]] = {
    "pandas": _pandas,
    "pyarrow": _pyarrow,
    "polars": _polars,
    "polars_glob": _polars_glob,
    "duckdb": _duckdb,
    "dask": _dask,
    "datasets": _datasets,
}

if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr  # what a reader prints is no answer
    for line in sys.stdin:
        try:
            answer: Any = READERS[sys.argv[1]](line.rstrip("\n"))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        assert "chatframes" not in sys.modules
        print(json.dumps(answer), file=answers, flush=True)
