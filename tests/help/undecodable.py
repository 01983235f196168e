"""Pictures that stop a reader of a dataset, and odd ones that do not; each is made when it is asked for."""

from __future__ import annotations

import base64
import importlib.util
import io
import random
import struct
import zlib
from collections.abc import Callable
from functools import cache

from PIL import Image

HEIC = (
    struct.pack(">I", 24)
    + b"ftypheic\0\0\0\0mif1heic"
    + struct.pack(">I", 40)
    + b"meta"
    + bytes(4)
    + struct.pack(">I", 20)
    + b"ispe"
    + struct.pack(">III", 0, 640, 480)
    + bytes(4)
    + b"idat"
)
# Only Pillow 11.3 and newer can write or open one.
AVIF = base64.b64decode(
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADrbWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAAAAAAAOcG"
    "l0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAETAAAAOQAAAChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEAAGF2MDFDb2xvcgAAAABq"
    "aXBycAAAAEtpcGNvAAAAFGlzcGUAAAAAAAAAJQAAABUAAAAQcGl4aQAAAAADCAgIAAAADGF2MUOBAAwAAAAAE2NvbHJuY2x4AAEADQAGgAAAAB"
    "dpcG1hAAAAAAAAAAEAAQQBAoMEAAAAQW1kYXQSAAoJGBUko0QENBoQMiocR4eF3dNNNMLFAADuFc3qRB7FBI7r/I20e7S8jEW79sTFpk3u5opQ"
    "AJg="
)


def noise(seed: int) -> Image.Image:
    """The same noise in every run: whether Pillow misses the end of a JPEG hangs on its last bits."""
    return Image.frombytes("L", (40, 30), random.Random(seed).randbytes(40 * 30))


@cache
def saved(form: str, mode: str = "RGB", **options: object) -> bytes:
    """A small picture of noise."""
    buffer = io.BytesIO()
    noise(50).convert("RGB").convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


@cache
def moving(form: str) -> bytes:
    frames = [noise(20 + 30 * number).convert("P") for number in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def block(kind: bytes, body: bytes) -> bytes:
    """A block of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@cache
def png(width: int, height: int, *, bits: int = 1, colours: int = 0) -> bytes:
    packer = zlib.compressobj(9)
    row = bytes(1 + (width * bits * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colours, 1) + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + block(b"IHDR", header) + block(b"IDAT", body) + block(b"IEND", b"")


def with_block(kind: bytes, body: bytes, *, last: bool = False) -> bytes:
    data, at = saved("PNG"), -12 if last else 33
    return data[:at] + block(kind, body) + data[at:]


def changed(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def frame_of_jpeg() -> int:
    return saved("JPEG").index(b"\xff\xc0")


def without_tables() -> bytes:
    data = saved("JPEG")
    return data.replace(b"\xff\xdb", b"\xff\xed")


def flipped(data: bytes, at: int) -> bytes:
    """One bit of the data, as a bad memory turns it."""
    return changed(data, at, bytes([data[at] ^ 4]))


def scan_of_jpeg() -> int:
    return saved("JPEG").index(b"\xff\xda")


@cache
def exif(turned: int, *tags: tuple[int, int, int, bytes]) -> bytes:
    """EXIF data that says how to turn a picture, with further tags: number, kind, how many values, the value."""
    entries = sorted([(0x0112, 3, 1, bytes([0, turned, 0, 0])), *tags])
    body = b"".join(struct.pack(">HHI", *entry[:3]) + entry[3] for entry in entries)
    return b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", len(entries)) + body + bytes(4)


# Pillow has to write its resolution again, and finds letters there; how it is turned decides.
ODD_TAG = (0x011A, 2, 4, b"abcd")


def raw_profile(text: str) -> bytes:
    """A PNG with EXIF data as ImageMagick writes it."""
    return with_block(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text.encode()))


TEXT_BOMB = b"k\0\0" + zlib.compress(bytes(3_000_000))

UNDECODABLE: dict[str, Callable[[], bytes]] = {
    "HEIC without a plug-in": lambda: HEIC,
    "HEIF without a plug-in": lambda: HEIC.replace(b"heic", b"mif1"),
    "more pixels than Pillow allows": lambda: png(15_000, 13_000),
    "as many pixels in a GIF's frame": lambda: changed(
        saved("GIF", "L"), saved("GIF", "L").index(b",\0\0\0\0") + 5, b"\xff\xff\xff\xff"
    ),
    "JPEG without an end": lambda: saved("JPEG")[:-2],
    "progressive JPEG without an end": lambda: saved("JPEG", progressive=True)[:-2],
    "JPEG without a size": lambda: changed(saved("JPEG"), frame_of_jpeg() + 5, bytes(4)),
    "JPEG of 12 bits": lambda: changed(saved("JPEG"), frame_of_jpeg() + 4, b"\x0c"),
    "JPEG without loss": lambda: changed(saved("JPEG"), frame_of_jpeg() + 1, b"\xc3"),
    "JPEG without tables": without_tables,
    "JPEG with a broken table of codes": lambda: changed(saved("JPEG"), saved("JPEG").index(b"\xff\xc4") + 5, b"\xff"),
    "JPEG with a table that there is not": lambda: changed(saved("JPEG"), saved("JPEG").index(b"\xff\xdb") + 4, b"\7"),
    "JPEG with a colour of no size": lambda: changed(saved("JPEG"), frame_of_jpeg() + 11, b"\0"),
    "JPEG with a marker that there is not": lambda: changed(saved("JPEG"), len(saved("JPEG")) - 30, b"\xff\xa6"),
    "JPEG with such a marker before its scan": lambda: saved("JPEG")[:2] + b"\xff\x80\0\2" + saved("JPEG")[2:],
    "JPEG with a second picture in it": lambda: saved("JPEG")[:-2] + saved("JPEG")[scan_of_jpeg() :],
    "JPEG whose scan is of no colour of it": lambda: changed(saved("JPEG"), scan_of_jpeg() + 5, b"\x77"),
    "JPEG with a table cut short": lambda: saved("JPEG")[:-2] + b"\xff\xc4\0\x05abc\xff\xd9",
    "progressive JPEG without tables of codes": lambda: saved("JPEG", progressive=True).replace(
        b"\xff\xc4", b"\xff\xec"
    ),
    "progressive JPEG with a pass that there is not": lambda: changed(
        saved("JPEG", progressive=True), saved("JPEG", progressive=True).index(b"\xff\xda") + 12, b"\x3f"
    ),
    "JPEG with a resolution and broken EXIF": lambda: saved("JPEG", dpi=(72, 72), exif=b"Exif\0\0not a TIFF"),
    **{
        f"{form} to be turned, with an odd tag": (lambda form=form: saved(form, exif=exif(6, ODD_TAG)))
        for form in (
            "JPEG",
            "PNG",
            "WEBP",
        )
    },
    "PNG with EXIF as a text that is none": lambda: raw_profile("\nexif\n       4\nnone\n"),
    "PNG with such a text to be turned": lambda: raw_profile(f"\nexif\n      50\n{exif(6, ODD_TAG).hex()}\n"),
    "PNG with one bit turned": lambda: flipped(saved("PNG"), len(saved("PNG")) // 2),
    "icon with one bit turned": lambda: flipped(saved("ICO"), len(saved("ICO")) - 400),
    "PNG whose header has a wrong sum": lambda: changed(saved("PNG"), 29, b"\0\0\0\0"),
    "PNG of a kind that there is not": lambda: png(4, 4, bits=8, colours=5),
    "PNG without data": lambda: saved("PNG")[:33] + saved("PNG")[-12:],
    "PNG cut in its data": lambda: saved("PNG")[:-60],
    "PNG with a text of 3 MB": lambda: with_block(b"zTXt", TEXT_BOMB),
    "PNG with such a text at its end": lambda: with_block(b"zTXt", TEXT_BOMB, last=True),
    "PNG with such a text in another language": lambda: with_block(b"iTXt", b"k\0\1\0\0\0" + TEXT_BOMB[3:]),
    "PNG with such a colour profile": lambda: with_block(b"iCCP", TEXT_BOMB),
    "PNG with broken EXIF": lambda: with_block(b"eXIf", b"not a TIFF"),
    "PNG with a resolution cut short": lambda: with_block(b"pHYs", b"\0\0"),
    "WebP with broken EXIF": lambda: saved("WEBP", exif=b"not a TIFF"),
    "WebP cut": lambda: saved("WEBP")[:-4],
    "WebP whose length is too small": lambda: changed(saved("WEBP"), 4, struct.pack("<I", len(saved("WEBP")) - 60)),
    "WebP of a version that there is not": lambda: changed(saved("WEBP", lossless=True), 24, b"\xe0"),
    "WebP of a film, not shown": lambda: changed(saved("WEBP"), 20, bytes([saved("WEBP")[20] & 0xEF])),
    "WebP whose first part is longer than all": lambda: changed(saved("WEBP"), 22, b"\xff"),
    "moving WebP of another size than its frames": lambda: changed(moving("WEBP"), 24, b"\3"),
    "moving WebP without a beginning": lambda: moving("WEBP").replace(b"ANIM", b"ANIX"),
    "GIF cut in its first frame": lambda: saved("GIF", "L")[:-300],
    "GIF without a frame": lambda: b"GIF89a\1\0\1\0\0\0\0;",
    "BMP cut": lambda: saved("BMP")[:-9],
    "BMP of 5 bits": lambda: changed(saved("BMP"), 28, b"\5"),
    "icon cut": lambda: saved("ICO")[:-100],
    "icon without a picture": lambda: saved("ICO")[:22],
    "TIFF cut": lambda: saved("TIFF")[:-100],
    "TIFF of zeros": lambda: b"II*\0" + bytes(5_000),
    "TIFF of a size that is no number": lambda: changed(
        saved("TIFF", "L"), saved("TIFF", "L").index(struct.pack("<HH", 256, 4)) + 2, b"\2"
    ),
    "TIFF of four colours and three values": lambda: changed(
        saved("TIFF"), saved("TIFF").index(struct.pack("<HH", 262, 3)) + 8, b"\5"
    ),
    "raw data of a camera": lambda: changed(
        saved("TIFF", "L"), saved("TIFF", "L").index(struct.pack("<HH", 262, 3)) + 8, struct.pack("<H", 32803)
    ),
    "AVIF cut": lambda: AVIF[:-20],
}

DECODED: dict[str, Callable[[], bytes]] = {
    "GIF without its trailer": lambda: saved("GIF", "L")[:-1],
    "GIF with zeros before its trailer": lambda: saved("GIF", "L")[:-1] + b"\0\0;",
    "GIF cut in its second frame": lambda: moving("GIF")[:-100],
    "PNG without IEND": lambda: saved("PNG")[:-12],
    "PNG with a plain text of 3 MB": lambda: with_block(b"tEXt", b"k\0" + b"a" * 3_000_000),
    "PNG with data after its end": lambda: saved("PNG") + b"\0\0appended",
    "moving PNG": lambda: moving("PNG"),
    "moving PNG cut in its second frame": lambda: moving("PNG")[:-100],
    "moving WebP": lambda: moving("WEBP"),
    "BMP whose length is a lie": lambda: changed(saved("BMP"), 2, struct.pack("<I", 10**6)),
    "JPEG with data after its end": lambda: saved("JPEG") + b"\0\0appended",
    "JPEG with empty segments": lambda: saved("JPEG")[:2] + b"\xff\xe5\0\2\xff\xfe\0\0" + saved("JPEG")[2:],
    "JPEG with padding": lambda: saved("JPEG").replace(b"\xff\xc4", b"\xff\xff\xff\xc4"),
    "JPEG of a film, without its tables of codes": lambda: saved("JPEG").replace(b"\xff\xc4", b"\xff\xec"),
    "JPEG with restarts": lambda: saved("JPEG", restart_marker_blocks=2),
    "JPEG with one bit of its data turned": lambda: flipped(saved("JPEG"), len(saved("JPEG")) - 40),
    **{f"{form} to be turned": (lambda form=form: saved(form, exif=exif(6))) for form in ("JPEG", "PNG", "WEBP")},
    **{f"{form} upright, with an odd tag": (lambda form=form: saved(form, exif=exif(1, ODD_TAG))) for form in (
        "JPEG", "PNG", "WEBP",
    )},
    "PNG to be turned, as a text": lambda: raw_profile(f"\nexif\n      34\n{exif(6).hex()}\n"),
    "PNG with a wrong sum over good data": lambda: changed(saved("PNG"), len(saved("PNG")) - 14, b"\0\0"),
    "icon whose length is a lie": lambda: changed(saved("ICO"), 14, b"\xff\xff"),
    "TIFF with numbers of 8 bytes": lambda: saved("TIFF", big_tiff=True),
    "TIFF to be turned": lambda: saved("TIFF", exif=exif(6)),
    "TIFF of several strips": lambda: saved("TIFF", strip_size=512),
    "JPEG with broken EXIF": lambda: saved("JPEG", exif=b"Exif\0\0not a TIFF"),
    "AVIF": lambda: AVIF,
    **{f"{form} {mode}": (lambda form=form, mode=mode: saved(form, mode)) for form, mode in (
        ("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "1"), ("PNG", "LA"), ("PNG", "P"),
        ("PNG", "I;16"), ("WEBP", "RGBA"), ("BMP", "1"), ("BMP", "P"), ("ICO", "RGBA"), ("TIFF", "RGB"), ("TIFF", "1"),
        ("TIFF", "L"), ("TIFF", "F"), ("TIFF", "CMYK"), ("TIFF", "RGBA"), ("TIFF", "LA"), ("TIFF", "I;16"),
    )},
    **{f"TIFF packed by {how}": (lambda how=how: saved("TIFF", compression=how)) for how in (
        "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg",
    )},
}  # fmt: skip
if importlib.util.find_spec("PIL._avif") is None:  # an older Pillow
    UNDECODABLE["AVIF whole"] = DECODED.pop("AVIF")
