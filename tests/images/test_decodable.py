"""Whether Pillow opens a picture, told from its header and its end alone."""

from __future__ import annotations

import io
import sys
import time
import warnings
import zlib
from collections.abc import Callable

import pytest
from help.undecodable import DECODED, HEIC, UNDECODABLE, block, png
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from chatframes.images.decodable import why_undecodable


def datasets_decodes(data: bytes) -> bool:
    """What `datasets` does with a picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
            image.load()
            if image.getexif().get(0x0112) is not None:
                ImageOps.exif_transpose(image)
    except Exception:
        return False
    return True


@pytest.mark.parametrize("name", UNDECODABLE)
def test_what_stops_a_dataset_is_told_beforehand(name: str) -> None:
    data = UNDECODABLE[name]()
    assert not datasets_decodes(data)
    assert why_undecodable(data)


@pytest.mark.parametrize("name", DECODED)
def test_what_datasets_decodes_is_no_problem(name: str) -> None:
    data = DECODED[name]()
    assert datasets_decodes(data)
    assert why_undecodable(data) is None


@pytest.mark.parametrize("name", [name for name in DECODED if not name.startswith("TIFF packed")])
def test_a_picture_cut_anywhere_is_told_unless_readers_do_not_need_the_rest(name: str) -> None:
    data = DECODED[name]()
    cuts = {*range(64, len(data), 1 + len(data) // 60), *range(len(data) - 30, len(data))}
    assert [cut for cut in cuts if why_undecodable(data[:cut]) is None and not datasets_decodes(data[:cut])] == []


def test_a_picture_of_just_as_many_pixels_as_pillow_allows_is_no_problem() -> None:
    assert why_undecodable(png(17_895_697, 10)) is None
    assert "more than Pillow opens" in str(why_undecodable(png(17_895_698, 10)))


def test_a_plug_in_of_this_process_counts_here_but_not_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = dict(Image.OPEN)
    monkeypatch.setattr(sys.modules["PIL.Image"], "OPEN", {**opened, "HEIF": (lambda *_: None, None)})
    assert why_undecodable(HEIC) is None
    assert why_undecodable(HEIC, plug_ins=False) == "HEIC needs a plug-in of Pillow"


def endless(part: bytes, number: int) -> bytes:
    return part * number


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: b"GIF89a\1\0\1\0\0\0\0" + endless(b"!\xfe\1x\0", 4_000_000), id="a GIF of empty comments"),
        pytest.param(lambda: b"GIF89a\1\0\1\0\0\0\0" + bytes(20_000_000), id="a GIF of zeros"),
        pytest.param(lambda: png(4, 4)[:33] + endless(block(b"tEXt", b""), 1_500_000), id="a PNG of empty texts"),
        pytest.param(
            lambda: png(4, 4)[:33] + endless(block(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**20))), 15_000),
            id="a PNG of packed texts",
        ),
        pytest.param(lambda: b"\xff\xd8\xff\xe0\0\2" + endless(b"\xff\xfe\0\2", 5_000_000), id="a JPEG of comments"),
        pytest.param(lambda: b"\xff\xd8\xff" + bytes(20_000_000), id="a JPEG of zeros"),
    ],
)
def test_a_hostile_file_of_20_mb_is_judged_in_no_time(make: Callable[[], bytes]) -> None:
    data = make()
    began = time.process_time()
    assert why_undecodable(data)
    assert time.process_time() - began < 3, "the event loop waits for this"


@given(st.binary(max_size=200), st.sampled_from(sorted({*DECODED} - {"AVIF"})), st.integers(0, 400))
def test_broken_bytes_never_raise(noise: bytes, name: str, at: int) -> None:
    data = DECODED[name]()
    why_undecodable(data[:at] + noise + data[at + len(noise) :])
