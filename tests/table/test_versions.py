"""Files and frames of an older version come in ours; of a newer one comes what is known, and a warning."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

import chatframes as cf
from chatframes.errors import ConfigError
from chatframes.model import Attachment, Message, Outcome
from chatframes.table.batches import to_batch
from chatframes.table.frame import build
from chatframes.table.schema import ATTACHMENTS, MEDIA, MESSAGES, VERSION
from chatframes.table.versions import noted_version

FIXTURES = Path(__file__).parents[1] / "fixtures"
# Written by the code of version 1: a forum of Telegram's, posts with flairs, and a column of one's own.
OLD = FIXTURES / "version-1-topics.parquet"
OLD_ATTACHMENTS = FIXTURES / "version-1-attachments.parquet"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
TYPES = build([]).dtypes.astype(str).to_dict()

pytestmark = pytest.mark.filterwarnings("error")


def new_chat() -> pd.DataFrame:
    """A chat of our version, with a topic that is called by a number."""
    messages = [
        Message("telegram", "-100", "Forum", "1", NOW, NOW, topic="2024", topic_id="5", details={"dice": {"value": 6}}),
        Message("toy", "c", "Toys", "1", NOW, NOW, topic="1999", attachments=(Attachment(0, "voice", "v", alt="Hi"),)),
    ]
    return build([to_batch([(one, [Outcome("failed", "gone")] * len(one.attachments)) for one in messages])])


def assert_is_ours(frame: pd.DataFrame) -> None:
    """The file of version 1, in our version."""
    before = pd.read_parquet(OLD)
    assert list(frame.columns)[: len(TYPES)] == MESSAGES.names
    assert frame[MESSAGES.names].dtypes.astype(str).to_dict() == TYPES
    frame = frame.set_index("uid").loc[before["uid"]].reset_index()
    was_id = before["uid"].str.startswith("telegram:")
    assert was_id.sum() == 24, "the fixture is a forum"
    assert frame.loc[was_id, "topic_id"].tolist() == before.loc[was_id, "topic"].tolist()
    assert frame.loc[was_id, "topic"].isna().all()
    assert frame.loc[~was_id, "topic"].fillna("-").tolist() == ["-", "2024", "Question"], "the titles of posts stay"
    assert frame.loc[~was_id, "topic_id"].isna().all()
    assert frame[["action", "details", "author_handle", "quote", "parent_chat_id"]].isna().all(axis=None)
    assert frame["subjects"].tolist() == [[]] * len(frame)
    assert all(list(cell) == [field.name for field in MEDIA] for cells in frame["media"] for cell in cells)
    assert frame["text"].tolist() == before["text"].tolist()
    assert frame["n_media"].sum() == before["n_media"].sum() == 3
    assert frame.attrs["schema_version"] == VERSION
    assert frame.attrs.get("chatframes", before.attrs["chatframes"]) == before.attrs["chatframes"]


def by_duckdb(source: Path, target: Path) -> None:
    duckdb.sql(f"copy (from '{source}') to '{target}' (format parquet)")


def by_polars(source: Path, target: Path) -> None:
    pl.read_parquet(source).write_parquet(target)


def by_pandas(source: Path, target: Path) -> None:
    pd.read_parquet(source).to_parquet(target)


def by_us(source: Path, target: Path) -> None:
    cf.write_parquet(pd.read_parquet(source), target)


@pytest.mark.parametrize("rewrite", [None, by_duckdb, by_polars, by_pandas, by_us])
def test_a_file_of_version_1_reads_on(rewrite: Callable[[Path, Path], None] | None, tmp_path: Path) -> None:
    path = OLD
    if rewrite:
        path = tmp_path / "again.parquet"
        rewrite(OLD, path)
    frame = cf.read_parquet(path)
    assert_is_ours(frame)
    assert frame["mine"].tolist() == list(range(len(frame)))
    assert len(cf.attachments(frame)) == 3


@pytest.mark.parametrize(
    "columns",
    [["topic_id"], ["topic"], ["uid", "topic_id", "media"], ["topic", "mine", "kind"], ["details", "text"], ["images"]],
)
def test_columns_of_version_1_can_be_chosen_as_if_they_were_ours(columns: list[str]) -> None:
    assert_frame_equal(cf.read_parquet(OLD, columns=columns), cf.read_parquet(OLD)[columns])


def test_attachments_of_version_1_gain_the_new_fields() -> None:
    frame = cf.read_parquet(OLD_ATTACHMENTS)
    assert list(frame.columns) == ATTACHMENTS.names
    assert frame[["alt", "duration_ms", "note"]].isna().all(axis=None)
    assert frame["image"].notna().sum() == 1
    assert frame.dtypes.astype(str).to_dict() == cf.attachments(build([])).dtypes.astype(str).to_dict()
    for messages in (cf.read_parquet(OLD), pd.read_parquet(OLD)):
        assert_frame_equal(frame, cf.attachments(messages), check_categorical=False)


@pytest.mark.parametrize("plain", [False, True])
def test_frames_of_both_versions_go_together(plain: bool) -> None:
    old = (pd.read_parquet if plain else cf.read_parquet)(OLD)
    untouched = old.copy(deep=True)
    both = cf.concat([new_chat(), old])
    ours = both["uid"].isin(new_chat()["uid"])
    assert_is_ours(both[~ours])
    assert both.loc[ours, ["topic", "topic_id"]].fillna("-").values.tolist() == [["2024", "5"], ["1999", "-"]]
    assert len(cf.attachments(both)) == 4
    assert_frame_equal(old, untouched)
    assert old.attrs == untouched.attrs, "what was given stays as it was"


def test_other_readers_take_files_of_both_versions_together(tmp_path: Path) -> None:
    cf.write_parquet(new_chat(), tmp_path / "ours.parquet")
    files = [str(tmp_path / "ours.parquet"), str(OLD)]
    table = pyarrow.dataset.dataset(files).to_table()
    assert (table.num_rows, table.column_names) == (29, MESSAGES.names)
    assert [cell["alt"] for cells in table["media"].to_pylist() for cell in cells or ()] == ["Hi", None, None, None]
    counted = duckdb.sql(f"select count(*), count(details) from read_parquet({files}, union_by_name=true)")
    assert counted.fetchall() == [(29, 1)]


def test_rows_of_version_1_are_found_where_pandas_has_put_the_frames_together(tmp_path: Path) -> None:
    mixed = pd.concat([pd.read_parquet(OLD), new_chat().iloc[:1]])
    assert mixed.attrs == {}, "pandas drops attrs that differ"
    cf.write_parquet(mixed, tmp_path / "mixed.parquet")
    for frame in (cf.concat([mixed]), cf.read_parquet(tmp_path / "mixed.parquet")):
        assert_is_ours(frame[frame["uid"] != "telegram:-100:1"])
        assert frame.set_index("uid").loc["telegram:-100:1", ["topic", "topic_id"]].tolist() == ["2024", "5"]


def test_a_title_that_is_a_number_stays_one_in_our_version(tmp_path: Path) -> None:
    frame = new_chat()
    cf.write_parquet(frame, tmp_path / "ours.parquet")
    frame.to_parquet(tmp_path / "plain.parquet")
    for name in ("ours", "plain"):
        assert cf.read_parquet(tmp_path / f"{name}.parquet")["topic"].tolist() == ["2024", "1999"]


def newer(tmp_path: Path, **columns: pa.Array) -> Path:
    """A file of our chat as a newer chatframes may write it: other columns, and more fields in those we know."""
    cf.write_parquet(new_chat(), tmp_path / "ours.parquet")
    table = pq.read_table(tmp_path / "ours.parquet")
    media = [[cell | {"blurhash": "LEHV6n"} for cell in cells] for cells in table["media"].to_pylist()]
    fields = [*MEDIA, pa.field("blurhash", pa.string())]
    columns = {"media": pa.array(media, pa.list_(pa.struct(fields))), "mood": pa.array(["merry", None]), **columns}
    for name, values in columns.items():
        known = name in table.column_names
        table = table.set_column(table.column_names.index(name), name, values) if known else table.append_column(
            name, values)  # fmt: skip
    metadata = table.schema.metadata | {b"chatframes": b'{"schema_version": 3, "more": [1]}'}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "newer.parquet")
    return tmp_path / "newer.parquet"


def test_a_newer_file_opens_with_what_is_known_and_says_so(tmp_path: Path) -> None:
    path = newer(tmp_path)
    with pytest.warns(UserWarning, match=r"newer\.parquet has version 3 of the table's columns") as caught:
        frame = cf.read_parquet(path)
    assert [warning.filename for warning in caught] == [__file__], "once, and at the line that read it"
    assert "this chatframes knows version 2" in str(caught[0].message)
    assert "left empty" not in str(caught[0].message)
    assert frame["mood"].fillna("-").tolist() == ["merry", "-"], "a column that is not known is kept as one's own"
    assert_frame_equal(frame.drop(columns="mood"), cf.read_parquet(tmp_path / "ours.parquet"))
    assert frame.attrs["schema_version"] == VERSION


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("score", pa.array(["many", None])),
        ("flags", pa.array(["pinned", None])),
        ("media", pa.array([{"status": "ok"}, None])),
        ("media", pa.array([[{"status": 1, "kind": "photo"}], []])),
        ("images", pa.array(["a.png", None])),
        ("forwarded_from", pa.array(["Ann", None])),
        ("created_at", pa.array([[1], None])),
    ],
)
def test_what_a_newer_file_holds_in_another_way_is_left_empty_and_named(
    name: str, values: pa.Array, tmp_path: Path
) -> None:
    path = newer(tmp_path, **{name: values})
    with pytest.warns(UserWarning, match=rf"what it holds in {name} cannot be read and is left empty"):
        frame = cf.read_parquet(path)
    assert frame.dtypes.astype(str).to_dict() == TYPES | {"mood": "str"}
    assert all(cell is None or cell == [] or pd.isna(cell) for cell in frame[name])
    assert frame["uid"].tolist() == new_chat()["uid"].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert cf.read_parquet(path, columns=["uid", name]).shape == (2, 2)


def test_in_a_file_of_our_version_another_type_is_an_error(tmp_path: Path) -> None:
    path = newer(tmp_path, media=pa.array(["photo", None]))
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata(None), path)
    with pytest.raises(ConfigError, match=r"Column 'media' of the file is string, not list<.*cannot be converted\."):
        cf.read_parquet(path)


def test_a_newer_frame_is_taken_and_says_so(tmp_path: Path) -> None:
    frame = pd.read_parquet(newer(tmp_path))
    frame.attrs["schema_version"] = 3
    with pytest.warns(UserWarning, match="^This frame has version 3") as written:
        cf.write_parquet(frame, tmp_path / "written.parquet")
    with pytest.warns(UserWarning, match="^Frame number 2 has version 3") as together:
        both = cf.concat([new_chat(), frame])
    assert [warning.filename for warning in (*written, *together)] == [__file__] * 2
    assert both["mood"].fillna("-").tolist() == ["merry", "-"]
    assert frame.attrs["schema_version"] == 3
    assert cf.read_parquet(tmp_path / "written.parquet").attrs["schema_version"] == VERSION, "nothing to warn of there"


@pytest.mark.parametrize(
    ("metadata", "version"),
    [
        (None, None),
        ({}, None),
        ({"chatframes": {"schema": 1}}, 1),
        ({"chatframes": {"schema_version": 7}}, 7),
        ({"PANDAS_ATTRS": {"schema_version": 2}}, 2),
        ({"chatframes": {"schema_version": 3}, "PANDAS_ATTRS": {"schema_version": 2}}, 3),
        *[({"chatframes": {"schema_version": odd}}, None) for odd in (0, -1, True, "2", None, 1.5, [2])],
        *[({"chatframes": odd}, None) for odd in ([], 2, None, "x")],
    ],
)
def test_what_a_file_says_of_its_version_is_believed_where_it_can_be(metadata: Any, version: int | None) -> None:
    raw = metadata and {key.encode(): json.dumps(value).encode() for key, value in metadata.items()}
    assert noted_version(raw) == version


@pytest.mark.parametrize("metadata", [b"", b"{", b"\xff", b"[" * 100_000, b'{"schema_version": ' + b"9" * 5_000 + b"}"])
def test_metadata_that_cannot_be_read_says_nothing(metadata: bytes, tmp_path: Path) -> None:
    assert noted_version({b"chatframes": metadata}) is None
    cf.write_parquet(new_chat(), tmp_path / "ours.parquet")
    table = pq.read_table(tmp_path / "ours.parquet")
    pq.write_table(table.replace_schema_metadata({b"PANDAS_ATTRS": b"[1]"}), tmp_path / "odd.parquet")
    assert cf.read_parquet(tmp_path / "odd.parquet").attrs == {"schema_version": VERSION}
