"""Whatever strangers write stays text, and whatever they post is shown as a picture or not at all."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest
from help.fakes import picture
from help.hostile import PAYLOADS, SVG, Reader, hostile_frame
from PIL import Image

import chatframes as cf
from chatframes.images.headers import jpeg_scans
from chatframes.images.shown import ImageBytes
from chatframes.model import Event
from chatframes.notebook.thumbnails import thumbnail
from chatframes.page import html
from chatframes.page.details import details_html, details_lines
from chatframes.page.highlights import highlights_html
from chatframes.progress.card import Card
from chatframes.progress.tally import Tally


def html_of(widget: Any) -> Iterator[str]:
    """Everything a widget puts on a page as HTML."""
    if isinstance(widget, ipywidgets.HTML):
        yield widget.value
    for child in getattr(widget, "children", ()):
        yield from html_of(child)


def options_of(widget: Any) -> Iterator[str]:
    if isinstance(widget, ipywidgets.Dropdown | ipywidgets.Select):
        yield from widget._options_labels
    for child in getattr(widget, "children", ()):
        yield from options_of(child)


def assert_dead(page: str, payload: str, where: str) -> Reader:
    read = Reader(page)
    assert read.alive == [], where
    assert html.plain(payload)[:12].strip() in html.plain(read.text), f"{where} shows what was written"
    return read


@pytest.fixture(params=range(len(PAYLOADS)))
def payload(request: pytest.FixtureRequest) -> str:
    return PAYLOADS[request.param]


def test_the_reader_sees_what_is_alive() -> None:
    # The negative control. Some are no HTML at all: they need Markdown, LaTeX, or a browser that drops null bytes.
    quoted = "<div title='{0}'></div><div title=\"{0}\"></div>"
    dead = [one for one in PAYLOADS if not Reader(f"<div>{one}</div>{quoted.format(one)}").alive]
    assert [one[:4] for one in dead] == ["[cli", "$\\hr", "<scr"]
    assert len(PAYLOADS) - len(dead) >= 19


def test_a_frame_shows_text(payload: str) -> None:
    read = Reader(hostile_frame(payload)._repr_html_())
    assert read.alive == ["<style>"], "pandas' own"


def test_a_preview_shows_text_and_pictures_only_where_there_are_some(payload: str) -> None:
    frame = hostile_frame(payload)
    read = assert_dead(cf.preview(frame)._repr_html_(), payload, "the preview")
    assert read.pictures == 3, "the JPEG of each row, and neither the SVG nor the text"
    details = frame["details"].iloc[0]
    assert_dead(str(details_html(details)), payload, "a poll as bars, and other details")
    assert html.plain(payload)[:12].strip() in "".join(details_lines(details))
    assert_dead(cf.preview(frame, columns=list(frame.columns))._repr_html_(), payload, "all columns, and their names")
    assert_dead(cf.preview(cf.attachments(frame), columns=["name", "error", "image"])._repr_html_(), payload, "files")


def test_a_gallery_shows_text_and_pictures_only_where_there_are_some(payload: str) -> None:
    gallery = cf.gallery(hostile_frame(payload))
    read = assert_dead(gallery._repr_mimebundle_()["text/html"], payload, "the gallery without widgets")
    assert read.pictures == 3
    for tile in gallery._tiles:
        tile.button.click()
        for page in html_of(gallery.box):
            assert Reader(page).alive == []
    gallery._tiles[0].button.click()
    enlarged = gallery._tiles[0].html.value
    assert Reader(enlarged).text.count(html.plain(payload)[:12].strip()) > 5, "caption, alt, details and all"
    assert all(html.plain(label) == label for label in options_of(gallery.box))


def test_a_report_and_a_plot_show_text(payload: str) -> None:
    frame = hostile_frame(payload)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_dead(cf.report(frame)._repr_html_(), payload, "the report")
    for by in ("author_name", "chat_name", "kind"):
        assert_dead(cf.plot_activity(frame, by=by)._repr_html_(), payload, "the plot")
    waits = {payload: {"number": 1, "seconds": 2.0}}
    metrics = {"images": {"failed": {payload: 1}}, "waits": waits, "over_time": {"stretch_seconds": payload}}
    assert_dead(cf.plot_metrics({"metrics": metrics})._repr_html_(), payload, "the plot of metrics")


def test_progress_shows_text(payload: str) -> None:
    card, tally = Card(), Tally()
    for kind in ("notice", "retry", "waiting"):
        tally.take(Event(kind, payload, note=payload, wait_seconds=9.0), now=0.0)
        card.draw(tally, 0.0)
        assert_dead(card.box.value, payload, kind)


def test_a_panel_shows_text(payload: str) -> None:
    import pandas as pd

    panel = cf.FetchPanel(cf.Webex(payload), config={}, remember=False)
    when = pd.to_datetime(["2026-10-03"], utc=True)
    chats = pd.DataFrame({"id": ["x"], "title": [payload], "kind": [payload], "last_activity": when})
    panel.picker.chats.show(chats)
    panel._write_code()
    panel._line.say(payload)
    html.show_html(panel._view.report, highlights_html(hostile_frame(payload)))
    pages = list(html_of(panel.box))
    assert any(html.plain(payload)[:8].strip() in Reader(page).text for page in pages)
    for page in pages:
        assert Reader(page).alive == []
    assert all(html.plain(label) == label for label in options_of(panel.box))
    # The code stays one call, whatever the chat is called.
    fetched: list[Any] = []
    shown = (
        panel.code.replace("import chatframes as cf", "")
        .replace("cf.fetch(", "fetched.append((")
        .replace(",\n)", ",\n))")
    )
    exec(shown.replace("df = ", "").replace("config=config,", ""), {"cf": cf, "fetched": fetched})
    assert fetched == [(panel.source,)]


@pytest.mark.parametrize(
    "refused",
    ["svg", "html", "bomb", "two headers", "a frame beyond its screen", "many scans", "many frames", "cut", "empty"],
)
def test_what_is_no_harmless_picture_is_never_decoded_or_shown(refused: str) -> None:
    data = {
        "svg": SVG,
        "html": b"<html><script>1</script>",
        "bomb": bomb((50_000, 50_000)),
        "two headers": bomb((10, 10), (13_000, 13_000)),
        "a frame beyond its screen": b"GIF89a"
        + struct.pack("<HHBBB", 1, 1, 0, 0, 0)
        + b"\x2c"
        + struct.pack("<HHHHB", 0, 0, 13_000, 13_000, 0)
        + b"\2\1\0\0;",
        "many scans": many_scans(1_000),
        "many frames": b"GIF89a"
        + struct.pack("<HH", 9, 9)
        + b"\0\0\0"
        + b"\x2c"
        + bytes(8)
        + b"\0\x02\0" * 1
        + b"\x21\xfe\0" * 200_000,
        "cut": picture(1)[:40],
        "empty": b"",
    }[refused]
    assert thumbnail(data, 100) is None
    if refused != "cut":
        assert html.picture(data, "x") is None
        assert set(ImageBytes(data)._repr_mimebundle_()) == {"text/plain"}


def many_scans(scans: int) -> bytes:
    """A JPEG that a decoder goes over a thousand times."""
    file = io.BytesIO()
    Image.new("L", (64, 64), 128).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data[data.rfind(b"\xff\xda") : -2]
    return data[:-2] + last * scans + data[-2:]


def test_a_second_scan_behind_one_that_holds_everything_costs_nothing() -> None:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 90).convert("RGB").save(file, "JPEG")
    data = file.getvalue()
    scan = data[data.rfind(b"\xff\xda") : -2]
    assert (jpeg_scans(data), jpeg_scans(data[:-2] + scan * 1_000 + data[-2:])) == (1, 1)
    assert thumbnail(data, 32) is not None
    with (
        Image.open(io.BytesIO(data[:-2] + scan * 1_000 + data[-2:])) as picture,
        pytest.raises(OSError, match="broken data stream"),
    ):
        picture.load()  # the decoder refuses it at the second one


def test_what_a_file_says_of_its_size_is_held_against_what_is_in_it() -> None:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 7_000, 7_000, 0) + b"\2\1\0\0;"
    assert thumbnail(b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0) + frame, 100) is None


def test_sixteen_bits_of_grey_are_grey() -> None:
    file = io.BytesIO()
    Image.linear_gradient("L").convert("I").point(lambda level: level * 257).convert("I;16").save(file, "PNG")
    small = thumbnail(file.getvalue(), 100)
    with Image.open(io.BytesIO(small)) as picture:
        low, high = picture.convert("L").getextrema()
    assert (low < 10, high > 245) == (True, True)


def bomb(*sizes: tuple[int, int]) -> bytes:
    """A PNG of few bytes that says it has very many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    headers = b"".join(chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)) for size in sizes)
    return b"\x89PNG\r\n\x1a\n" + headers + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def test_a_thumbnail_is_a_small_jpeg_of_ours() -> None:
    small = thumbnail(picture(1, size_bytes=300_000), 100)
    assert small is not None
    assert len(small) < 5_000, "nothing of the original's comments"
    assert small.startswith(b"\xff\xd8\xff")
