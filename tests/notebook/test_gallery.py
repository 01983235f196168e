"""A gallery: pages of thumbnails, filters, one picture large, and a reason where there is none."""

from __future__ import annotations

import base64
import gc
import io
import json
import weakref
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import ipywidgets
import pandas as pd
import pytest
from help.hostile import Reader
from ipywidgets.widgets.widget import _instances
from PIL import Image

import chatframes as cf
from chatframes.images.shown import ImageBytes
from chatframes.notebook.gallery import Gallery
from chatframes.notebook.tile import LARGE_BYTES
from chatframes.world.sandbox import World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with cf.sandbox(messages=900, images=500, faults=["gone", "infected"]) as world:
        yield world


@pytest.fixture(scope="module")
def frame(world: World) -> pd.DataFrame:
    return cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)


def pictures_on(gallery: Gallery) -> int:
    return Reader(captions_on(gallery)).pictures


def captions_on(gallery: Gallery) -> str:
    return " ".join(tile.html.value for tile in gallery._tiles if tile.box.layout.display != "none")


def test_every_picture_has_its_page_and_every_missing_one_its_reason(frame: pd.DataFrame) -> None:
    gallery = cf.gallery(frame)
    files = cf.attachments(frame)
    missing = files[(files["status"] != "ok") & ~files["reason"].isin(["not_an_image", "no_bytes"])]
    assert repr(gallery) == f"Gallery of {(files['status'] == 'ok').sum()} images, {len(missing)} missing"
    assert {"gone", "malware"} <= set(missing["reason"])
    seen, reasons = 0, ""
    while True:
        seen += pictures_on(gallery)
        reasons += captions_on(gallery)
        if gallery.next_button.disabled:
            break
        gallery.next_button.click()
    assert seen == (files["status"] == "ok").sum()
    assert reasons.count("failed: deleted, or moved away") == (missing["reason"] == "gone").sum()
    assert "malware" in reasons


def test_an_enlarged_picture_tells_what_its_message_says_beyond_it(frame: pd.DataFrame) -> None:
    one = frame[(frame["n_images"] == 1) & (frame["n_media"] == 1)].head(1).copy()
    one["text"] = ["Two lines\nof words"]
    one["details"] = ['{"poll":{"question":"Tea?","options":[{"text":"Yes","votes":3},{"text":"No","votes":1}]}}']
    one["media"] = [[{**entry, "alt": "A kettle"} for entry in one["media"].iloc[0]]]
    gallery = cf.gallery(one)
    assert 'alt="A kettle by' in gallery._tiles[0].html.value, "what a screen reader reads"
    gallery._tiles[0].button.click()
    large = gallery._tiles[0].html.value
    assert [words in large for words in ("Two lines<br>of words", ">A kettle<", "Tea?", "width:75%")] == [True] * 4
    one["text"] = [""]
    assert "<br>A kettle" in cf.gallery(one)._tiles[0].html.value, "in the caption's place"
    assert len(cf.gallery(one.drop(columns="details"))) == len(gallery), "as of a file of version 1"


def test_filters_by_author_day_size_and_kind_agree_with_the_table(frame: pd.DataFrame) -> None:
    files = cf.attachments(frame)
    ok = files[files["status"] == "ok"]
    gallery = cf.gallery(frame)
    gallery.what.value = "images"
    assert len(gallery) == len(ok)
    author = ok["author_name"].value_counts().index[0]
    gallery.author.value = author
    assert len(gallery) == (ok["author_name"] == author).sum()
    assert gallery.author.label.startswith(author)
    gallery.author.label = "everybody"
    gallery.since.value, gallery.until.value = date(2026, 10, 10), date(2026, 10, 12)
    days = ok["created_at"].dt.date
    assert len(gallery) == ((days >= date(2026, 10, 10)) & (days <= date(2026, 10, 12))).sum() > 0
    gallery.since.value = gallery.until.value = None
    for name, chosen in (
        ("under 100 kB", ok["size"] < 100_000),
        ("100 kB to 1 MB", (ok["size"] >= 100_000) & (ok["size"] < 1_000_000)),
    ):
        gallery.size.value = name
        assert len(gallery) == chosen.sum()
    gallery.what.value = "everything"
    assert len(gallery) == chosen.sum(), "what is missing has no size"
    gallery.size.value = "any size"
    gallery.what.value = "missing ones"
    assert len(gallery) == len(cf.gallery(frame)) - len(ok)
    assert pictures_on(gallery) == 0


def test_a_filter_that_leaves_nothing_shows_nothing(frame: pd.DataFrame) -> None:
    gallery = cf.gallery(frame)
    gallery.next_button.click()
    gallery.since.value = date(2030, 1, 1)
    assert (len(gallery), pictures_on(gallery)) == (0, 0)
    assert "page 1 of 1" in gallery.status.value


def test_a_tile_says_who_when_and_what(frame: pd.DataFrame) -> None:
    files = cf.attachments(frame)
    first = files[~files["reason"].isin(["not_an_image", "no_bytes"]).fillna(False)].iloc[0]
    shown = Reader(cf.gallery(frame)._tiles[0].html.value).text
    assert first["author_name"] in shown
    assert f"{first['created_at']:%Y-%m-%d %H:%M}" in shown


def test_a_picture_can_be_enlarged_and_closed(frame: pd.DataFrame) -> None:
    gallery = cf.gallery(frame)
    gallery.what.value = "images"
    first, second, *_ = gallery._tiles
    small = second.html.value
    assert second.button.tooltip.startswith("Enlarge ")
    second.button.click()
    large = cf.attachments(frame).query("status == 'ok'").iloc[1]["image"]["bytes"]
    assert base64.b64encode(large).decode() in second.html.value, "all of it, where the small one was"
    assert (second.button.description, second.box.layout.grid_column) == ("Close", "1 / -1")
    first.button.click()
    assert second.html.value == small, "one at a time"
    assert first.button.description == "Close"
    first.button.click()
    assert [one.button.description for one in (first, second)] == ["Enlarge", "Enlarge"]
    second.button.click()
    gallery.next_button.click()
    assert {one.button.description for one in gallery._tiles} == {"Enlarge"}


def test_a_large_picture_is_shown_smaller_so_that_the_file_stays_small() -> None:
    from help.fakes import picture as small_picture

    big = small_picture(1, size_bytes=3 * 2**20)
    assert len(big) > LARGE_BYTES
    with cf.sandbox(messages=4, images=2) as world:
        frame = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)
    for images in frame["images"]:
        for image in images:
            image["bytes"] = type(image["bytes"])(big)
    gallery = cf.gallery(frame)
    gallery._tiles[0].button.click()
    assert len(gallery._tiles[0].html.value) < 100_000
    assert "the table holds all of it" in gallery._tiles[0].html.value


def test_five_hundred_pictures_add_less_than_three_megabytes_to_the_notebook(frame: pd.DataFrame) -> None:
    gallery = cf.gallery(frame)
    assert len(gallery) >= 500
    gallery.what.value = "images"
    gallery._tiles[0].button.click()
    stored = gallery._repr_mimebundle_()["text/html"] + json.dumps(
        ipywidgets.Widget.get_manager_state(drop_defaults=True, widgets=list(widgets_of(gallery.box)))
    )
    assert len(stored) < 3_000_000
    naive = sum(4 * len(image["bytes"]) // 3 for images in frame["images"] for image in images)
    assert naive > 3_000_000, "all of them at full size would not fit"


def widgets_of(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    yield widget.layout
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child)


def test_where_images_were_off_the_gallery_says_so(world: World) -> None:
    frame = cf.fetch(cf.Webex("Project Apollo"), config=world.config, progress=False)
    assert "fetch again with images=True" in repr(cf.gallery(frame))


def test_an_empty_table_has_an_empty_gallery(world: World) -> None:
    frame = cf.fetch(cf.Webex("Quiet corner"), images=True, config=world.config, progress=False)
    assert repr(cf.gallery(frame)) == "Gallery of 0 images, 0 missing"
    assert "no images in this table" in cf.gallery(frame).status.value


def test_a_file_read_by_plain_pandas_has_a_gallery_too(frame: pd.DataFrame) -> None:
    cf.write_parquet(frame.head(200), "chat.parquet")
    plain = pd.read_parquet("chat.parquet")
    assert len(cf.gallery(plain)) == len(cf.gallery(frame.head(200)))
    assert pictures_on(cf.gallery(plain)) == pictures_on(cf.gallery(frame.head(200))) > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"page_size": 0}, "page_size=0: write a whole number from 1 to 200"),
        ({"page_size": True}, "page_size"),
        ({"thumbnail_px": 5000}, "thumbnail_px=5000: write a whole number from 40 to 600"),
    ],
)
def test_odd_numbers_are_refused(frame: pd.DataFrame, arguments: dict, said: str) -> None:
    with pytest.raises(cf.ConfigError, match=said):
        cf.gallery(frame, **arguments)
    with pytest.raises(cf.ConfigError, match="takes a frame"):
        cf.gallery([1, 2])


# --- other ways to look ------------------------------------------------------------------------------------------


def test_a_preview_shows_the_rows_it_was_asked_for(frame: pd.DataFrame) -> None:
    pictures = frame[frame["n_images"] > 0]
    read = Reader(cf.preview(pictures, rows=7)._repr_html_())
    assert read.pictures == sum(min(4, n) for n in pictures["n_images"].head(7))
    assert f"7 of {len(pictures):,} rows" in read.text
    assert f"[7 of {len(pictures):,} rows]" in repr(cf.preview(pictures, rows=7))
    assert "one<br>two" in cf.preview(frame.head(1).assign(text="one\ntwo"))._repr_html_()
    with pytest.raises(cf.ConfigError, match="no column 'nope'"):
        cf.preview(frame, columns=["nope"])


def test_activity_counts_every_message_once_and_shows_silent_days(frame: pd.DataFrame) -> None:
    ((name, activity),) = cf.plot_activity(frame).rows
    assert (name, activity.unit) == ("all", "day")
    assert dict(activity.counts) == {
        str(day): int((frame["created_at"].dt.date == day).sum())
        for day in (date(2026, 10, 2) + timedelta(days=n) for n in range(30))
    }
    by_author = cf.plot_activity(frame, by="author_name")
    assert len(by_author.rows) == 8
    assert by_author.others == frame["author_name"].nunique() - 8 > 0
    for shown in (repr(by_author), by_author._repr_html_()):
        assert f"and {by_author.others} more (author_name)" in shown
    most = max(number for _, one in by_author.rows for _, number in one.counts)
    assert by_author._repr_html_().count("height:100%") == sum(
        number == most for _, one in by_author.rows for _, number in one.counts
    ), "one scale for all"
    assert {tuple(day for day, _ in one.counts) for _, one in by_author.rows} == {
        tuple(day for day, _ in activity.counts)
    }
    assert cf.report(frame).activity == activity
    assert "messages per day" in cf.report(frame)._repr_html_()


@pytest.mark.parametrize(
    ("days", "unit", "bars"),
    [(1, "day", 1), (120, "day", 120), (121, "week", 19), (3_000, "month", 99), (90_000, "year", 120)],
)
def test_long_times_are_counted_in_longer_stretches(days: int, unit: str, bars: int) -> None:
    times = pd.Series(pd.date_range(end="2026-10-31", periods=days, tz="UTC"))
    ((_, activity),) = cf.plot_activity(pd.DataFrame({"created_at": times})).rows
    assert activity.unit == unit
    assert abs(len(activity.counts) - bars) <= 1


def test_messages_without_a_time_are_told_of() -> None:
    times = pd.to_datetime(pd.Series(["2026-10-01", None]), utc=True)
    plot = cf.plot_activity(pd.DataFrame({"created_at": times}))
    assert "1 without a time" in plot._repr_html_()
    assert cf.plot_activity(pd.DataFrame({"created_at": times[1:]})).rows[0][1].counts == ()
    nothing = cf.plot_activity(pd.DataFrame({"created_at": times.head(0)}))
    assert repr(nothing) == "no messages", "and no empty chart"


def test_messages_of_other_centuries_are_told_of() -> None:
    times = pd.to_datetime(pd.Series(["1500-01-01", "2026-10-01", "2026-10-02"]), utc=True)
    ((_, activity),) = cf.plot_activity(pd.DataFrame({"created_at": times})).rows
    assert (activity.older, sum(number for _, number in activity.counts)) == (1, 2)
    assert "2 messages, and 1 older than that" in cf.plot_activity(pd.DataFrame({"created_at": times}))._repr_html_()


@pytest.mark.parametrize(
    "odd",
    [
        lambda frame: frame.assign(images=[[{"bytes": "no bytes", "path": "x"}]] * len(frame)),
        lambda frame: frame.assign(author_name=7, chat_name=b"x", text=[["a", "list"]] * len(frame)),
        lambda frame: frame.assign(author_name="A" * 10_000_000),
        lambda frame: frame.rename(columns={"chat_name": "text"}),
        lambda frame: frame.assign(text=[pd.Series([1, 2])] * len(frame)),
    ],
    ids=["texts for bytes", "other types", "very long", "two of one name", "a table in a cell"],
)
def test_frames_of_others_are_looked_at_or_refused_in_a_sentence(frame: pd.DataFrame, odd: Any) -> None:
    for look in (cf.gallery, cf.preview):
        try:
            shown = look(odd(frame.head(12)))
        except cf.ConfigError:
            continue
        assert len(repr(shown)) < 100_000
        if look is cf.preview:
            assert Reader(shown._repr_html_()).alive == []


@pytest.mark.long
def test_a_page_of_pictures_with_very_many_pixels_does_not_take_for_ever() -> None:
    file = io.BytesIO()
    Image.new("RGB", (7_900, 7_900)).save(file, "PNG")
    assert file.tell() < 300_000
    with cf.sandbox(messages=30, images=24) as world:
        frame = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)
    for images in frame["images"]:
        for image in images:
            image["bytes"] = ImageBytes(file.getvalue())
    gallery = cf.gallery(frame)
    assert pictures_on(gallery) == 4, "as many as the page may cost"
    assert captions_on(gallery).count("too many pixels for this page") == 20


def test_what_cannot_be_decoded_takes_nothing_away_from_the_pictures_beside_it() -> None:
    header_alone = b"\xff\xd8\xff\xc0\x00\x11\x08" + (65_500).to_bytes(2, "big") * 2 + bytes(36)
    with cf.sandbox(messages=30, images=24) as world:
        frame = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)
    frame["images"].iloc[frame["n_images"].to_numpy().nonzero()[0][0]][0]["bytes"] = ImageBytes(header_alone)
    gallery = cf.gallery(frame)
    assert pictures_on(gallery) == 23
    assert captions_on(gallery).count("not shown here") == 1
    assert Reader(cf.preview(frame[frame["n_images"] > 0], rows=24)._repr_html_()).pictures == 23


def test_a_closed_gallery_leaves_nothing_behind_and_is_forgotten(frame: pd.DataFrame) -> None:
    gc.collect()
    models = set(_instances)
    gallery = cf.gallery(frame)
    gallery.next_button.click()
    gallery.close()
    assert set(_instances) <= models
    freed = weakref.ref(gallery)
    del gallery
    gc.collect()
    assert freed() is None
    closed = cf.gallery(frame)
    closed.close()
    assert "text/html" in closed._repr_mimebundle_(), "the page that was open can still be seen"


def test_of_very_many_authors_the_gallery_says_that_it_lists_the_busiest(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatframes.notebook.gallery.MOST_AUTHORS", 5)
    gallery = cf.gallery(frame)
    assert len(gallery.author.options) == 6
    assert "Author lists the 5 of" in gallery.status.value


@pytest.mark.parametrize("look", [cf.gallery, cf.preview, cf.plot_activity, cf.report, cf.attachments])
def test_odd_frames_are_looked_at_or_refused_in_a_sentence(frame: pd.DataFrame, look: Any) -> None:
    odd = [
        frame.iloc[:0],
        frame[frame["n_images"] == 0],
        frame.sample(frac=1.0, random_state=1),
        frame.set_index("uid", drop=False),
        pd.concat([frame.head(3), frame.head(3)]),
        frame.head(9).assign(created_at=pd.NaT),
        frame.head(9).assign(created_at="2026-10-01"),
        frame.head(9).assign(created_at=pd.Timestamp("9999-12-31", tz="UTC")),
        frame.head(9).assign(author_name=None, text=None, chat_name=None),
        frame.drop(columns="images"),
        frame.drop(columns=["created_at", "author_name"]),
        pd.DataFrame(),
        pd.DataFrame({"created_at": [], "x": []}),
        frame.astype(object),
    ]
    refused = 0
    for one in odd:
        try:
            shown = look(one)
        except cf.ConfigError:
            refused += 1
        else:
            assert repr(shown) is not None
            if hasattr(shown, "_repr_html_"):
                assert Reader(shown._repr_html_() or "").alive in ([], ["<style>"])
    assert refused < len(odd) / 2
