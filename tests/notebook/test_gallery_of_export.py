"""The gallery of an export shows what that of a frame does, and reads no more than the page needs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from help.hostile import PAYLOADS, Reader, hostile_frame

import chatframes as cf
from chatframes.notebook.gallery import Gallery

PARTS = 5


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    with cf.sandbox(messages=100, images=40, faults=["gone", "infected"]) as world:
        chats = [cf.Webex("Project Apollo"), cf.Reddit("r/apollo", posts=40)]
        return cf.fetch(chats, images=True, config=world.config, progress=False)


@pytest.fixture(scope="module")
def done(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export whose parts are in no order, as several chats leave them."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "data").mkdir()
    for number in range(PARTS):
        cf.write_parquet(frame.iloc[number::PARTS], folder / "data" / f"part-{number:05d}.parquet")
    return folder


def shown(gallery: Gallery) -> list[str]:
    return [tile.html.value for tile in gallery._tiles if tile.box.layout.display != "none"]


def pages(gallery: Gallery) -> list[str]:
    tiles = shown(gallery)
    while not gallery.next_button.disabled:
        gallery.next_button.click()
        tiles += shown(gallery)
    return tiles


def test_it_shows_what_the_gallery_of_the_same_rows_shows(frame: pd.DataFrame, done: Path) -> None:
    of_frame, of_folder = cf.gallery(frame, page_size=9), cf.gallery(done, page_size=9)
    assert repr(of_folder) == repr(of_frame)
    assert sorted(pages(of_folder)) == sorted(pages(of_frame))
    for gallery in (of_frame, of_folder):
        gallery.what.value = "missing ones"
    assert sorted(pages(of_folder)) == sorted(pages(of_frame)) != []
    author = of_frame.author.options[1][1]
    for name, value in (("what", "images"), ("author", author), ("size", "under 100 kB")):
        for gallery in (of_frame, of_folder):
            getattr(gallery, name).value = value
    assert len(of_folder) == len(of_frame) > 0
    tile = of_folder._tiles[0]
    of_frame._tiles[0].button.click()
    tile.button.click()
    assert tile.html.value == of_frame._tiles[0].html.value, "the whole picture, enlarged"


def test_one_of_its_chats_can_be_chosen(frame: pd.DataFrame, done: Path) -> None:
    for gallery in (cf.gallery(frame), cf.gallery(done)):
        assert gallery.chat.layout.display is None
        gallery.what.value, gallery.chat.value = "images", "Project Apollo"
        assert len(gallery) == frame.loc[frame["chat_name"] == "Project Apollo", "n_images"].sum()
    one = frame[frame["chat_name"] == "Project Apollo"]
    assert cf.gallery(one).chat.layout.display == "none", "no list of one chat"


def test_a_page_reads_the_pictures_of_that_page_alone(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = pq.ParquetFile.read_row_group

    def counting(file: pq.ParquetFile, group: int, columns: list[str] | None = None) -> object:
        read.extend(columns or ["images"])
        return real(file, group, columns=columns)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counting)
    gallery = cf.gallery(done, page_size=1)
    gallery.what.value = "images"
    assert read.count("images") <= 2, "one for each page so far"
    read.clear()
    gallery.next_button.click()
    assert read.count("images") == 1
    gallery.previous_button.click()
    assert read.count("images") == 1, "a thumbnail that was made is kept"
    read.clear()
    cf.read_parquet(done)
    assert read.count("images") == PARTS, "a frame reads them all"


@pytest.mark.parametrize("payload", PAYLOADS[::6])  # all of them are tried on the gallery of a frame
def test_hostile_content_stays_text(payload: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    cf.write_parquet(hostile_frame(payload).drop(columns=payload), tmp_path / "data" / "part-00000.parquet")
    gallery = cf.gallery(tmp_path)
    assert len(gallery) == 15
    page = gallery._repr_mimebundle_()["text/html"] + gallery.status.value + "".join(pages(gallery))
    gallery._tiles[0].button.click()
    assert Reader(page + gallery._tiles[0].html.value).alive == []


def test_a_part_that_is_damaged_is_said_in_one_sentence(done: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(done, tmp_path / "copy"))
    part = folder / "data" / "part-00002.parquet"
    gallery = cf.gallery(folder, page_size=20)
    whole = len(shown(gallery))
    part.write_bytes(part.read_bytes()[:1000] + bytes(len(part.read_bytes()) - 1000))
    gallery.what.value = "images"
    assert "part-00002.parquet was written again in the meantime: make the gallery again." in gallery.status.value
    lost = sum("its part cannot be read" in tile for tile in shown(gallery))
    assert 0 < lost < whole / 2, "what is in other parts is shown"
    with pytest.raises(cf.ConfigError, match=r"part-00002.parquet cannot be read \(\w+\): run chatframes.verify"):
        cf.gallery(folder)


def test_what_is_no_export_is_said(tmp_path: Path) -> None:
    with pytest.raises(cf.ConfigError, match=r"gallery\(\) found no export in .*Name the folder that was given"):
        cf.gallery(tmp_path)
    with pytest.raises(cf.ConfigError, match=r"gallery\(\) takes a frame"):
        cf.gallery(7)  # type: ignore[arg-type]


def test_an_export_without_pictures_says_how_to_get_them(frame: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    part = tmp_path / "data" / "part-00000.parquet"
    cf.write_parquet(frame[frame["n_media"] == 0], part)
    assert repr(cf.gallery(tmp_path)) == "Gallery of 0 images, 0 missing"
    with cf.sandbox(messages=30, images=4) as world:
        cf.write_parquet(cf.fetch(cf.Webex("Project Apollo"), config=world.config, progress=False), part)
    assert "they were not downloaded: export again with images=True" in repr(cf.gallery(tmp_path))
