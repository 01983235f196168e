"""The parts of an export come in our version of the columns: newer ones with a warning, older ones with nulls."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

import chatframes as cf
from chatframes.table.schema import MEDIA, VERSION

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose journal is lost: the parts are then read as they are."""
    folder = tmp_path_factory.mktemp("export") / "apollo"
    with cf.sandbox(messages=60, images=6) as world:
        cf.export(cf.Telegram("@apollo"), folder, images=True, config=world.config, progress=False)
    (folder / ".chatframes" / "journal.sqlite").unlink()
    return folder


def rewritten(folder: Path, version: int, change: Callable[[pa.Table], pa.Table]) -> pd.DataFrame:
    """Let another chatframes have written the part; return what it held before."""
    before = cf.read_parquet(folder)
    (part,) = (folder / "data").glob("*.parquet")
    table = change(pq.read_table(part))
    metadata = table.schema.metadata | {b"chatframes": b'{"schema_version": %d}' % version}
    pq.write_table(table.replace_schema_metadata(metadata), part)
    return before


@pytest.fixture
def folder(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "apollo"))


def newer(table: pa.Table) -> pa.Table:
    """Another column, one more field in each attachment, and scores in words."""
    media = [[cell | {"blurhash": "LEHV6n"} for cell in cells] for cells in table["media"].to_pylist()]
    kind = pa.list_(pa.struct([*MEDIA, pa.field("blurhash", pa.string())]))
    places = {name: table.column_names.index(name) for name in ("media", "score")}
    table = table.set_column(places["media"], "media", pa.array(media, kind))
    table = table.set_column(places["score"], "score", pa.array(["many"] * len(table)))
    return table.append_column("mood", pa.array(["merry"] * len(table)))


def test_a_newer_part_is_read_as_far_as_it_is_known_and_said(folder: Path) -> None:
    before = rewritten(folder, VERSION + 1, newer)
    with pytest.warns(
        UserWarning, match=rf"has version {VERSION + 1} of the table's columns.* in score cannot"
    ) as said:
        frame = cf.read_parquet(folder)
    assert [warning.filename for warning in said] == [__file__]
    assert_frame_equal(frame.drop(columns="score"), before.drop(columns="score"), check_categorical=False)
    assert frame["score"].isna().all()
    assert frame["n_images"].sum() > 0
    with pytest.warns(UserWarning, match="has version"):
        assert cf.scan(folder).read_all().num_rows == len(frame)
    with pytest.warns(UserWarning, match="has version"):
        some = cf.read_parquet(folder, columns=["uid", "images"], chats="Project Apollo")
    assert (list(some.columns), len(some)) == (["uid", "images"], len(frame))


def test_an_older_part_gains_nulls_and_its_topics_move(folder: Path) -> None:
    new = ["action", "subjects", "author_handle", "quote", "parent_chat_id", "topic_id", "details"]

    def change(table: pa.Table) -> pa.Table:
        table = table.drop_columns(new)
        return table.set_column(table.column_names.index("topic"), "topic", pa.array(["7"] * len(table)))

    before = rewritten(folder, 1, change)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = cf.read_parquet(folder)
    assert frame["topic_id"].eq("7").all()
    assert frame["topic"].isna().all()
    assert frame["details"].isna().all()
    assert frame.dtypes.astype(str).to_dict() == before.dtypes.astype(str).to_dict()
    assert frame["text"].tolist() == before["text"].tolist()
    only: Any = cf.read_parquet(folder, columns=["topic_id"])
    assert (list(only.columns), only["topic_id"].eq("7").all()) == (["topic_id"], True)
    assert cf.scan(folder).read_all()["details"].null_count == len(frame)
