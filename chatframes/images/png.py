"""Check a PNG block by block, as Pillow does, without decoding its picture."""

from __future__ import annotations

import contextlib
import struct
import zlib

from .exif import exif_is_readable, turns_well
from .problems import BROKEN, CUT

__all__ = ["png_problem"]

TEXT_BYTES = 2**20  # PngImagePlugin.MAX_TEXT_CHUNK: what one packed text or colour profile may hold
ALL_TEXT_BYTES = 64 * 2**20  # PngImagePlugin.MAX_TEXT_MEMORY
INFLATED_BYTES = 64 * 2**20  # how far a PNG without its end, or with a wrong sum, is unpacked

# The colour types of PNG and the bits each may have.
_BITS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_LEAST_BYTES = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"acTL": 8, b"fcTL": 26, b"fdAT": 4}
_PROFILE = b"Raw profile type exif\0"
MAX_BLOCKS = 100_000  # an ordinary PNG of 100 MB has 12,000


def png_problem(data: bytes) -> str | None:
    """Return why Pillow would not open a PNG; None when its blocks are as they should be."""
    if data[12:16] != b"IHDR" or data[24] not in _BITS.get(data[25], ()) or data[27]:
        return BROKEN
    at, text_bytes, packed, sums_are_good = 8, 0, list[tuple[int, int]](), True
    for _ in range(MAX_BLOCKS):
        if at + 8 > len(data):  # no end: whole only if the picture's data comes to its own end
            return None if _inflates(data, packed) else CUT
        length, kind = struct.unpack_from(">I4s", data, at)
        body = slice(at + 8, at + 8 + length)
        if packed and kind in (b"IEND", b"fcTL"):  # fcTL: the second frame of an animation; readers decode the first
            return None if sums_are_good or _inflates(data, packed) else BROKEN
        if body.stop > len(data):
            return CUT
        if kind == b"IDAT":
            packed.append((body.start, body.stop))
            # Pillow does not look at these sums; a wrong one means that the data may be broken.
            sums_are_good = sums_are_good and _sum_is_good(data, at, body.stop)
        elif not _block_is_good(kind, data[body]):
            return BROKEN
        elif not packed and not _sum_is_good(data, at, body.stop):
            return BROKEN  # after the picture's data, Pillow does not look at the sums
        else:
            size = _text_size(kind, data[body])
            text_bytes += size
            if size > TEXT_BYTES or text_bytes > ALL_TEXT_BYTES:
                return "it holds more text than Pillow accepts"
        at = body.stop + 4
    return BROKEN


def _sum_is_good(data: bytes, at: int, end: int) -> bool:
    return zlib.crc32(memoryview(data)[at + 4 : end]) == int.from_bytes(data[end : end + 4], "big")


def _block_is_good(kind: bytes, body: bytes) -> bool:
    if kind == b"eXIf":
        return exif_is_readable(body) and turns_well(body)
    if kind in (b"iCCP", b"zTXt") and body.partition(b"\0")[2][:1] not in (b"\0", b""):  # the way it is packed
        return False
    if kind in (b"tEXt", b"zTXt") and body.startswith(_PROFILE):
        return _profile_is_good(kind, body[len(_PROFILE) :])
    return kind.isalpha() and len(body) >= _LEAST_BYTES.get(kind, 0)


def _profile_is_good(kind: bytes, text: bytes) -> bool:
    """Check EXIF data that ImageMagick has written as a text: after three lines, its bytes as digits."""
    with contextlib.suppress(zlib.error):
        text = zlib.decompressobj().decompress(text[1:], TEXT_BYTES) if kind == b"zTXt" else text
    try:
        exif = bytes.fromhex("".join(text.decode("latin-1").split("\n")[3:]))
    except ValueError:
        return False
    return exif_is_readable(exif) and turns_well(exif)


def _text_size(kind: bytes, body: bytes) -> int:
    """Return how long a text or colour profile is, unpacked no further than Pillow would."""
    _, _, rest = body.partition(b"\0")  # the part before is its name
    if kind in (b"iCCP", b"zTXt"):
        packed = rest[1:]
    elif kind == b"iTXt" and rest[:2] == b"\1\0":
        packed = rest[2:].split(b"\0", 2)[-1]  # behind the language and the translated name
    else:
        return len(rest) if kind == b"tEXt" and len(rest) <= TEXT_BYTES else 0
    unpack = zlib.decompressobj()
    try:
        return len(unpack.decompress(packed, TEXT_BYTES)) + bool(unpack.unconsumed_tail)
    except zlib.error:
        return 0  # Pillow passes over it


def _inflates(data: bytes, packed: list[tuple[int, int]]) -> bool:
    """Whether the data of a PNG comes to its own end; unpacked a piece at a time and thrown away."""
    unpack, size = zlib.decompressobj(), 0
    try:
        for start, stop in packed:
            rest = data[start:stop]
            while rest and not unpack.eof and size < INFLATED_BYTES:
                size += len(unpack.decompress(rest, 65_536))
                rest = unpack.unconsumed_tail
    except zlib.error:
        return False
    return unpack.eof
