"""An export of each service holds what a fetch gives, opens everywhere, and is not asked for twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from help.exports import PLATFORMS, content, names, pages_asked, pictures_asked, source

import chatframes as cf
from chatframes.road.ledger import Ledger


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=120, images=24) as world:
        yield world


@pytest.fixture(scope="module")
def done(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder with the chats of all three services."""
    folder = tmp_path_factory.mktemp("export") / "apollo"
    sources = [source(platform) for platform in PLATFORMS]
    cf.export(sources, folder, images=True, config=world.config, progress=False)
    return folder


@pytest.fixture(scope="module")
def fetched(world: Any) -> pd.DataFrame:
    sources = [source(platform) for platform in PLATFORMS]
    return cf.fetch(sources, images=True, config=world.config, progress=False)


def test_the_folder_holds_what_a_fetch_gives_threads_and_pictures_too(done: Path, fetched: pd.DataFrame) -> None:
    frame = cf.read_parquet(done)
    assert content(frame) == content(fetched)
    assert list(frame["uid"]) == list(fetched["uid"])
    assert dict(frame.dtypes.astype(str)) == dict(fetched.dtypes.astype(str))
    naive = content(frame.assign(text=frame["text"].str.upper()))
    assert naive != content(fetched)


def test_data_holds_parts_alone_and_the_rest_lies_beside_it(done: Path) -> None:
    assert names(done) == ["part-00000.parquet"]
    assert sorted(path.name for path in done.iterdir()) == [".chatframes", "data"]
    own = {path.name for path in (done / ".chatframes").iterdir()}
    assert own == {"journal.sqlite", "lock.sqlite", "manifest.json", "orphans", "tmp"}
    assert not list((done / ".chatframes" / "tmp").iterdir())
    with sqlite3.connect(done / ".chatframes" / "journal.sqlite") as journal:
        assert journal.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_part_tells_other_tools_what_they_need(done: Path) -> None:
    with pq.ParquetFile(done / "data" / "part-00000.parquet") as file:
        features = json.loads(file.schema_arrow.metadata[b"huggingface"])["info"]["features"]
        assert features == {"images": {"feature": {"_type": "Image"}, "_type": "List"}}
        assert "status" in json.loads(file.metadata.metadata[b"chatframes_report"])
        columns = {file.metadata.row_group(0).column(at).path_in_schema: at for at in range(file.metadata.num_columns)}
        uid, bytes_ = (file.metadata.row_group(0).column(columns[n]) for n in ("uid", "images.list.element.bytes"))
        assert uid.has_column_index
        assert uid.has_offset_index
        assert (uid.compression, bytes_.compression) == ("ZSTD", "UNCOMPRESSED")


def test_the_report_of_the_folder_tells_of_all_sources(done: Path, fetched: pd.DataFrame) -> None:
    told, of_fetch = cf.report(done), cf.report(fetched)
    assert [(s.messages, s.status, s.chat_name) for s in told.sources] == [
        (s.messages, s.status, s.chat_name) for s in of_fetch.sources
    ]
    assert (told.images_ok, told.image_bytes, told.skipped, told.failed) == (
        of_fetch.images_ok,
        of_fetch.image_bytes,
        of_fetch.skipped,
        of_fetch.failed,
    )
    manifest = json.loads((done / ".chatframes" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["report"] == told.to_dict()
    assert manifest["parts"][0]["rows"] == len(fetched)


def test_the_report_says_what_its_last_call_has_learnt(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt = ("files.example took 8 of 20 downloads at once",)
    monkeypatch.setattr(Ledger, "_learnt", lambda ledger: iter(learnt))
    told = cf.export(source("webex"), tmp_path / "x", config=world.config, progress=False)
    assert (told.learnt, cf.report(tmp_path / "x").learnt) == (learnt, learnt)
    assert learnt[0] in str(told)


def test_nothing_secret_is_in_the_folder(done: Path, world: Any) -> None:
    config = world.config
    secrets = [config["webex"]["access_token"], config["telegram"]["session"], config["reddit"]["client_secret"]]
    held = b"".join(path.read_bytes() for path in done.rglob("*") if path.is_file())
    assert [secret for secret in secrets if secret.encode() in held] == []
    assert b"Project Apollo" in held


def test_plain_readers_open_the_folder_whole(done: Path, fetched: pd.DataFrame) -> None:
    import duckdb
    import polars

    data = done / "data"
    for found in (pd.read_parquet(done / "data"), pd.read_parquet(done)):
        assert sorted(found["uid"]) == sorted(fetched["uid"])
    assert sorted(polars.read_parquet(data)["uid"]) == sorted(fetched["uid"])
    rows = duckdb.sql(f"SELECT uid FROM read_parquet('{data}/*.parquet')").fetchall()
    assert sorted(row[0] for row in rows) == sorted(fetched["uid"])
    scanned = cf.scan(done)  # noqa: F841 (DuckDB finds it by its name)
    counts = duckdb.connect().execute("SELECT count(*), sum(n_images) FROM scanned").fetchall()
    assert counts == [(len(fetched), int(fetched["n_images"].sum()))]


def test_hugging_face_decodes_the_pictures(done: Path, fetched: pd.DataFrame, tmp_path: Path) -> None:
    from datasets import load_dataset

    loaded = load_dataset(str(done), cache_dir=str(tmp_path))
    assert list(loaded) == ["train"]
    row = next(row for row in loaded["train"] if row["images"])
    assert row["images"][0].size[0] > 0
    assert len(loaded["train"]) == len(fetched)


def test_days_chats_and_columns_are_chosen_while_reading(done: Path, fetched: pd.DataFrame) -> None:
    some = cf.read_parquet(
        done, columns=["text", "uid"], since="2026-10-10", until="2026-10-12", chats="Project Apollo"
    )
    times = fetched["created_at"]
    here = times.between("2026-10-10", "2026-10-13", inclusive="left") & (fetched["chat_name"] == "Project Apollo")
    assert list(some.columns) == ["text", "uid"]
    assert list(some["uid"]) == list(fetched["uid"][here])
    assert 0 < len(some) < len(fetched)


def test_a_second_run_asks_for_no_picture_and_changes_nothing(done: Path, world: Any, fetched: pd.DataFrame) -> None:
    before = [pictures_asked(world, platform) for platform in PLATFORMS]
    pages = [pages_asked(world, platform) for platform in PLATFORMS]
    part = (done / "data" / "part-00000.parquet").stat()
    sources = [source(platform) for platform in PLATFORMS]
    cf.export(sources, done, images=True, config=world.config, progress=False)
    assert [pictures_asked(world, platform) for platform in PLATFORMS] == before
    assert sum(pages_asked(world, p) for p in PLATFORMS) - sum(pages) <= 5
    assert (done / "data" / "part-00000.parquet").stat() == part
    assert content(cf.read_parquet(done)) == content(fetched)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"look_back_days": -1}, "look_back_days= is -1: write a number of days"),
        ({"deleted": "maybe"}, "deleted= is 'maybe': write 'keep' or 'drop'"),
        ({"raw": True}, "was exported with raw=False"),
    ],
)
def test_an_order_that_does_not_fit_is_refused_before_any_request(
    done: Path, world: Any, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(cf.ConfigError, match=words):
        cf.export(source("webex"), done, config=world.config, progress=False, **arguments)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(cf.ConfigError, match=r"holiday\.jpg"):
        cf.export(source("webex"), tmp_path, config={}, progress=False)
    with pytest.raises(cf.ConfigError, match="found no export"):
        cf.report(tmp_path)
    assert (tmp_path / "data" / "holiday.jpg").read_bytes() == b"mine"
