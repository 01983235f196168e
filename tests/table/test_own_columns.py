"""What users add to a table goes into the file, or is named before the file is touched."""

from __future__ import annotations

import decimal
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from chatframes.errors import ConfigError
from chatframes.model import Message
from chatframes.table.batches import to_batch
from chatframes.table.files import read_parquet, write_parquet
from chatframes.table.frame import build

ROWS = 6
NOW = datetime(2026, 11, 1, tzinfo=UTC)
NUMBERS = pd.Series(range(ROWS))
HALF = chr(0xD83D)  # of an emoji
MONTHS = pd.period_range("2026-01", periods=ROWS, freq="M")


def chat() -> pd.DataFrame:
    return build(
        [to_batch([(Message("webex", "c", "C", f"{at}", NOW - timedelta(days=at), NOW), []) for at in range(ROWS)])]
    )


def endless_list() -> list[Any]:
    inner: list[Any] = []
    inner += [inner, inner]
    return inner


def endless_dict() -> dict[str, Any]:
    inner: dict[str, Any] = {}
    inner["a"] = [inner]
    return inner


WRITTEN: dict[str, Callable[[], Any]] = {
    "bins of cut": lambda: pd.cut(NUMBERS, 3),
    "bins of qcut": lambda: pd.qcut(NUMBERS, 2),
    "bins with rows outside": lambda: pd.cut(NUMBERS, [2, 4, 9]),
    "bins of times": lambda: pd.cut(pd.Series(pd.date_range("2026-01-01", periods=ROWS)), 3),
    "categories of months": lambda: pd.Categorical(MONTHS),
    "categories of pairs": lambda: pd.Series([(1, 2)] * ROWS).astype("category"),
    "categories in order": lambda: pd.Categorical(list("abcabc"), categories=list("cba"), ordered=True),
    "intervals": lambda: pd.Series(pd.interval_range(0, periods=ROWS)),
    "months": lambda: pd.Series(MONTHS),
    "some empty dicts": lambda: [{}] * (ROWS - 1) + [{"a": 1}],
    "dictionaries of Arrow": lambda: pd.Series(
        ["a"] * ROWS, dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))
    ),
    "categories of durations": lambda: pd.Categorical([timedelta(1), timedelta(2)] * 3),
    "quarters with gaps": lambda: pd.Series(pd.PeriodIndex(["2026Q1", None] * 3, freq="Q")),
    "durations": lambda: [timedelta(seconds=at) for at in range(ROWS)],
    "local times": lambda: pd.Series(pd.date_range("2026-01-01", periods=ROWS, tz="Europe/Berlin")),
    "bytes": lambda: [b"\xff"] * ROWS,
    "sets": lambda: [{1, 2}] * ROWS,
    "nothing": lambda: [None] * ROWS,
    "lists, 29 deep": lambda: [reduce(lambda inner, _: [inner], range(29), 1)] * ROWS,
    "decimals of Arrow": lambda: pd.Series([decimal.Decimal(1)] * ROWS, dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
    "ids": lambda: [uuid.UUID(int=at) for at in range(ROWS)],
    "decimals and days": lambda: [decimal.Decimal("1.5")] * ROWS,
    "days": lambda: [date(2026, 1, 1)] * ROWS,
}
REFUSED: dict[str, Callable[[], Any]] = {
    "empty dicts": lambda: [{}] * ROWS,
    "empty dicts in dicts": lambda: [{"a": {}}] * ROWS,
    "empty dicts in lists": lambda: [[{}]] * ROWS,
    "half characters": lambda: pd.Series([HALF] * ROWS, dtype=pd.StringDtype("python")),
    "one half character": lambda: pd.Series(["a"] * (ROWS - 1) + [HALF], dtype=pd.StringDtype("python")),
    "half characters in lists": lambda: [[HALF]] * ROWS,
    "half characters in dicts": lambda: [{"a": HALF}] * ROWS,
    "half characters as keys": lambda: [{HALF: 1}] * ROWS,
    "offsets": lambda: [pd.DateOffset(months=1)] * ROWS,
    "complex numbers": lambda: [1j] * ROWS,
    "numbers and texts": lambda: [1, "a"] * 3,
    "categories that read alike": lambda: pd.Categorical([1, "1"] * 3),
    "whole tables": lambda: [chat()] * ROWS,
    "lists without an end": lambda: [endless_list()] * ROWS,
    "dicts without an end": lambda: [endless_dict()] * ROWS,
    "lists, 200 deep": lambda: [reduce(lambda inner, _: [inner], range(200), 1)] * ROWS,
    "sparse numbers": lambda: pd.Series(pd.arrays.SparseArray([0, 0, 1] * 2)),
    "numbers beyond 64 bits": lambda: [2**70] * ROWS,
    "decimals of 201 digits": lambda: [decimal.Decimal("1E+100"), decimal.Decimal("1E-100")] * 3,
    "paths": lambda: [Path("a")] * ROWS,
    "lists of numbers and texts": lambda: [[1, "a"]] * ROWS,
    "dicts of several kinds": lambda: [{"a": 1}, {"a": "x"}] * 3,
    "dicts with numbers as keys": lambda: [{1: 2}] * ROWS,
    "intervals one by one": lambda: [pd.Interval(0, 1)] * ROWS,
    "tables of numbers": lambda: [np.ones((2, 2))] * ROWS,
    "categories with half a character": lambda: pd.Series(pd.Categorical(pd.Series(["a", HALF] * 3, dtype=object))),
    "structs without fields": lambda: pd.Series([{}] * ROWS, dtype=pd.ArrowDtype(pa.struct([]))),
    "anything": lambda: [object()] * ROWS,
}
try:
    pa.array([uuid.UUID(int=0)])
except pa.ArrowInvalid:  # older ones do not know what an id is
    REFUSED["ids"] = WRITTEN.pop("ids")


@pytest.mark.parametrize("name", WRITTEN)
def test_it_is_written_and_read_by_everybody(name: str, tmp_path: Path) -> None:
    frame = chat().assign(mine=pd.Series(WRITTEN[name]()))
    frame.attrs["mine"] = "kept"
    before = frame["mine"].copy()
    write_parquet(frame, tmp_path / "a.parquet")
    back = read_parquet(tmp_path / "a.parquet")
    assert len(back) == len(pd.read_parquet(tmp_path / "a.parquet")) == ROWS
    assert back["mine"].isna().tolist() == frame["mine"].isna().tolist()
    assert back.attrs["mine"] == "kept"
    pd.testing.assert_series_equal(frame["mine"], before)


@pytest.mark.parametrize("name", ["bins of cut", "bins with rows outside", "categories of months"])
def test_bins_become_texts_in_their_order(name: str, tmp_path: Path) -> None:
    mine = pd.Series(WRITTEN[name]())
    write_parquet(chat().assign(mine=mine), tmp_path / "a.parquet")
    back = read_parquet(tmp_path / "a.parquet")["mine"]
    assert back.dropna().tolist() == [str(one) for one in mine.dropna()]
    assert back.cat.ordered == mine.cat.ordered
    seen = [str(one) for one in mine.cat.categories if one in set(mine.dropna())]
    assert [one for one in back.cat.categories if one in seen] == seen


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_written_is_named_and_the_file_stays(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"older")
    values = REFUSED[name]()
    column = pd.Series(values, dtype=object if isinstance(values, list) else None)
    with pytest.raises(ConfigError, match=r"^Your column 'mine' cannot be stored in Parquet \(") as caught:
        write_parquet(chat().assign(mine=column), tmp_path / "a.parquet")
    assert re.search(r"\)\. Convert it \(to str, say\) or drop it\.$", str(caught.value))
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)
    assert (tmp_path / "a.parquet").read_bytes() == b"older"


def test_a_name_with_half_a_character_is_told(tmp_path: Path) -> None:
    frame = chat()
    frame.columns = pd.Index([*frame.columns[:-1], HALF], dtype=object)
    with pytest.raises(ConfigError, match="holds half of a character: rename or drop that column"):
        write_parquet(frame, tmp_path / "a.parquet")
