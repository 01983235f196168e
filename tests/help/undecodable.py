"""Pictures that stop a reader of a dataset, and odd ones that do not; each is made when it is asked for."""

from __future__ import annotations

import base64
import importlib.util
import io
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


@cache
def saved(form: str, mode: str = "RGB", **options: object) -> bytes:
    """A small picture of noise."""
    buffer = io.BytesIO()
    Image.effect_noise((40, 30), 50).convert("RGB").convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


@cache
def moving(form: str) -> bytes:
    frames = [Image.effect_noise((40, 30), 20 + 30 * number).convert("P") for number in range(3)]
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
    "GIF cut in its first frame": lambda: saved("GIF", "L")[:-300],
    "GIF without a frame": lambda: b"GIF89a\1\0\1\0\0\0\0;",
    "BMP cut": lambda: saved("BMP")[:-9],
    "BMP of 5 bits": lambda: changed(saved("BMP"), 28, b"\5"),
    "icon cut": lambda: saved("ICO")[:-100],
    "icon without a picture": lambda: saved("ICO")[:22],
    "TIFF cut": lambda: saved("TIFF")[:-100],
    "TIFF of zeros": lambda: b"II*\0" + bytes(5_000),
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
