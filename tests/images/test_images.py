"""What bytes are, and how they show themselves."""

from __future__ import annotations

import base64
import io
import pickle
import re
import struct
from random import Random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from chatframes.images.headers import ImageFacts, inspect, jpeg_scans
from chatframes.images.shown import ImageBytes
from chatframes.images.sniff import is_raster, safe_name, sniff

MIMES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "ICO": "image/x-icon",
}
WITH_AN_END = ("JPEG", "PNG", "GIF", "WEBP", "BMP")


def picture(form: str, size: tuple[int, int] = (37, 21), **options: object) -> bytes:
    canvas = Image.radial_gradient("L").resize(size).convert("RGB")
    buffer = io.BytesIO()
    canvas.save(buffer, form, **options)
    return buffer.getvalue()


# The same picture as AVIF: only Pillow 11.3 and newer can write or open one.
AVIF = base64.b64decode(
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADrbWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAAAAAAAOcG"
    "l0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAETAAAAOQAAAChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEAAGF2MDFDb2xvcgAAAABq"
    "aXBycAAAAEtpcGNvAAAAFGlzcGUAAAAAAAAAJQAAABUAAAAQcGl4aQAAAAADCAgIAAAADGF2MUOBAAwAAAAAE2NvbHJuY2x4AAEADQAGgAAAAB"
    "dpcG1hAAAAAAAAAAEAAQQBAoMEAAAAQW1kYXQSAAoJGBUko0QENBoQMiocR4eF3dNNNMLFAADuFc3qRB7FBI7r/I20e7S8jEW79sTFpk3u5opQ"
    "AJg="
)
SIZES = {form: (32, 32) if form == "ICO" else (37, 21) for form in MIMES}
ALL = {form: AVIF if form == "AVIF" else picture(form, size) for form, size in SIZES.items()}


def test_what_a_phone_appends_to_a_photo_is_no_part_of_it() -> None:
    file = io.BytesIO()
    Image.effect_noise((300, 200), 90).save(file, "JPEG", progressive=True)
    photo = file.getvalue()
    assert 2 < jpeg_scans(photo) < 15
    appended = photo + Random(1).randbytes(8_000_000)
    assert appended.count(b"\xff\xda") > 100
    assert jpeg_scans(appended) == jpeg_scans(photo)
    assert inspect(appended).showable


@pytest.mark.parametrize("form", MIMES)
def test_type_and_size_come_from_the_bytes(form: str) -> None:
    facts = inspect(ALL[form])
    assert (facts.width, facts.height) == SIZES[form]
    assert facts.mime == sniff(ALL[form][:64]) == MIMES[form]
    assert is_raster(facts.mime)
    assert not facts.huge


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("JPEG", {"progressive": True}),
        ("JPEG", {"comment": b"\xff\xd9 \xff\xc0 not an end"}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0" + bytes(40)}),
        ("PNG", {"optimize": True}),
    ],
)
def test_every_variant_of_a_format_is_measured(form: str, options: dict[str, object]) -> None:
    data = picture(form, (300, 7), **options)
    assert inspect(data) == ImageFacts(MIMES[form], 300, 7, 1, True, False)


@pytest.mark.parametrize("form", WITH_AN_END)
def test_a_picture_cut_anywhere_is_not_whole(form: str) -> None:
    data = ALL[form]
    assert inspect(data).whole is True
    cuts = {len(data) - 1, len(data) - 2, *range(64, len(data) - 1, 37)}
    assert [cut for cut in cuts if inspect(data[:cut]).whole is not False] == []


@pytest.mark.parametrize("form", WITH_AN_END)
def test_bytes_after_the_end_do_no_harm(form: str) -> None:
    facts = inspect(ALL[form] + b"\0\0appended by a phone")
    assert facts.whole is True
    assert (facts.width, facts.height) == (37, 21)


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture() -> None:
    exif = b"Exif\0\0" + picture("JPEG", (8, 8))
    data = picture("JPEG", (200, 100), exif=exif)
    assert inspect(data).whole is True
    assert (inspect(data).width, inspect(data).height) == (200, 100)
    assert inspect(data[:-40]).whole is False
    assert inspect(data[: len(exif) + 40]).whole is False


@pytest.mark.parametrize("form", ["TIFF", "AVIF", "ICO"])
def test_formats_without_an_end_mark_cannot_tell_whether_they_are_whole(form: str) -> None:
    assert inspect(ALL[form]).whole is None


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_frames_of_an_animation_are_counted(form: str) -> None:
    frames = [Image.new("RGB", (5, 5), (shade, 0, 0)) for shade in (0, 90, 180)]
    buffer = io.BytesIO()
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:], duration=100)
    assert inspect(buffer.getvalue()).frames == 3
    assert inspect(buffer.getvalue()).whole is True


def test_a_picture_of_enormous_size_is_huge_without_being_decoded() -> None:
    header = struct.pack(">II5B", 50_000, 50_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + bytes(4)
    assert inspect(data).huge
    assert (inspect(data).width, inspect(data).height) == (50_000, 50_000)


def gif(frames: int, blocks: int = 1) -> bytes:
    frame = b"," + bytes(4) + b"\1\0\1\0\0" + b"\2" + b"\1D" * blocks + b"\0"
    return b"GIF89a\1\0\1\0\0\0\0" + frame * frames + b";"


def test_an_animation_of_thousands_of_frames_is_huge() -> None:
    assert inspect(gif(2_000)) == ImageFacts("image/gif", 1, 1, 2_000, True, False)
    assert inspect(gif(2_001)) == ImageFacts("image/gif", 1, 1, 2_001, True, True)


def test_a_gif_of_endless_tiny_blocks_is_not_walked_to_its_end() -> None:
    facts = inspect(gif(1, 500_000))
    assert facts.huge
    assert facts.frames is None


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\3\4\x14\0", "application/zip"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "video/mp4"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heix", "image/heic"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1", "image/heif"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "image/avif"),
        (b"<!DOCTYPE html><html>", "text/html"),
        (b"\xef\xbb\xbf \r\n<HTML lang=en>", "text/html"),
        (b'{"message": "Not found"}', "application/json"),
        (b'[{"a": 1}]', "application/json"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/svg+xml"),
        (b"<?xml version='1.0'?><!-- drawn --><svg>", "image/svg+xml"),
        (b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' ''><svg>", "image/svg+xml"),
        (b"<?xml version='1.0'?><Error>", "application/xml"),
        (b"<html><body><svg>", "text/html"),
        (b"BMW sells cars", None),
        (b"GIF", None),
        (b"just words", None),
        (b"", None),
    ],
)
def test_what_is_no_picture_is_named_too(head: bytes, mime: str | None) -> None:
    assert sniff(head) == mime
    assert inspect(head).mime == mime
    assert is_raster(mime) == (mime in ("image/heic", "image/heif", "image/avif"))


@given(st.binary(max_size=300), st.sampled_from(["", *ALL]), st.integers(0, 2_000), st.integers(0, 80))
def test_hostile_bytes_never_raise(noise: bytes, form: str, cut: int, at: int) -> None:
    data = ALL.get(form, b"")
    data = data[:at] + noise + data[at + len(noise) :][:cut]
    facts = inspect(data)
    assert (facts.width is None) == (facts.height is None)
    assert len(repr(ImageBytes(data))) < 80
    assert set(ImageBytes(data)._repr_mimebundle_()) <= {"text/plain", *MIMES.values()}


def test_a_picture_prints_in_a_few_words() -> None:
    data = ImageBytes(ALL["JPEG"])
    assert repr(data) == str(data) == f"{data}" == f"<JPEG 37x21, {len(data)} B>"
    assert repr(ImageBytes(bytes(48_000))) == "<unknown bytes, 48 kB>"
    assert repr(ImageBytes(b"%PDF-" + bytes(5_000_000))) == "<PDF, 5.0 MB>"


def test_a_picture_is_still_bytes() -> None:
    data = ImageBytes(ALL["PNG"])
    assert data == ALL["PNG"]
    assert hash(data) == hash(ALL["PNG"])
    assert type(data[:4]) is bytes
    assert data[:4] == b"\x89PNG"
    copy = pickle.loads(pickle.dumps(data))
    assert type(copy) is ImageBytes
    assert copy == data


def test_a_frame_pickled_when_all_of_this_was_one_file_still_opens() -> None:
    copy = pickle.loads(
        pickle.dumps(ImageBytes(b"GIF89a"), 2).replace(b"chatframes.images.shown", b"chatframes.images")
    )
    assert type(copy) is ImageBytes


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_notebook_shows_the_picture(form: str) -> None:
    shown, _ = DisplayFormatter().format(ImageBytes(ALL[form]))
    assert base64.b64decode(shown[MIMES[form]]) == ALL[form]
    assert shown["text/plain"].startswith(f"<{form} 37x21")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", id="a drawing with a script"),
        pytest.param(b"<html><script>1</script>", id="a page"),
        pytest.param(ALL["JPEG"] + bytes(10 * 1024 * 1024), id="too many bytes"),
        pytest.param(gif(2_001), id="too many frames"),
        pytest.param(ALL["TIFF"], id="a format browsers do not show"),
    ],
)
def test_a_notebook_shows_only_words_for(data: bytes) -> None:
    assert list(ImageBytes(data)._repr_mimebundle_()) == ["text/plain"]


def test_a_frame_of_large_pictures_displays_without_rendering_their_bytes() -> None:
    rendered = []

    class Counting(ImageBytes):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for byte in super().__iter__():  # pandas 3.0 asks for an iterator and never reads from it
                rendered.append(self)
                yield byte

        def decode(self, *args: object) -> str:  # type: ignore[override]
            rendered.append(self)
            return ""

    large = Counting(ALL["JPEG"] + bytes(5_000_000))
    frame = pd.DataFrame({"images": [[{"bytes": large, "path": "a.jpg"}] for _ in range(50)]})
    text, page = repr(frame), frame._repr_html_()
    assert len(text) < 10_000
    assert len(page) < 20_000
    assert "<JPEG 37x21, 5.0 MB>" in text
    assert "\\x" not in text + page
    assert rendered == []


@given(st.text(), st.text(max_size=300), st.integers(0, 99), st.sampled_from([None, "text/html", *MIMES.values()]))
def test_file_names_are_safe_everywhere(platform: str, message_id: str, position: int, mime: str | None) -> None:
    name = safe_name(platform, message_id, position, mime)
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,120}", name)
    assert not name.startswith(".")


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_two_messages_never_share_a_file_name(ids: list[str]) -> None:
    first, second = (safe_name("webex", message_id, 0, "image/png") for message_id in ids)
    assert first != second


def test_a_file_name_says_where_the_picture_stood() -> None:
    assert safe_name("webex", "Y2lzY29zcGFyazov", 2, "image/jpeg") == "webex-Y2lzY29zcGFyazov-2.jpg"
    assert safe_name("webex", "../../etc", 0, None).endswith("-0.bin")
    long = [safe_name("webex", "x" * 500 + end, 0, "image/png") for end in "ab"]
    assert len(set(long)) == 2
