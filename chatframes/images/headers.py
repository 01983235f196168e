"""Read a picture's size in pixels, its number of frames and whether it is whole, without decoding it.

The headers are parsed here and not by a picture library: the bytes come from strangers, hostile files aim at
decoders, and a header is read in microseconds.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from .sniff import EXTENSIONS, HEAD_BYTES, sniff

__all__ = ["ImageFacts", "inspect", "jpeg_scans", "size_in_pixels"]

SHOWN_IN_NOTEBOOKS = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
HUGE_PIXELS = 64_000_000
HUGE_FRAMES = 2_000
HUGE_SCANS = 100  # passes over one JPEG; ordinary ones have about ten
MAX_STEPS = 100_000  # blocks read in one picture: an ordinary 10 MB GIF has 40,000, a hostile one millions
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # inside compressed data, every ff is followed by 00


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the header and the end of a file say about a picture.

    Attributes
    ----------
    mime : str or None
        The type the bytes show; None when it is not a known one.
    width, height : int or None
        Size in pixels, from the header.
    frames : int or None
        How many frames an animation has (1 for a still picture); None when they are not counted for this format.
    whole : bool or None
        Whether the end of the file is there; None for types where this cannot be seen.
    huge : bool
        More than 64 Mpx or 2,000 frames, or more blocks than we count: keep the bytes, but do not decode them.
    """

    mime: str | None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    whole: bool | None = None
    huge: bool = False

    @property
    def showable(self) -> bool:
        """Whether it is safe to show and decode: JPEG, PNG, GIF or WebP with a size, and not huge."""
        return self.mime in SHOWN_IN_NOTEBOOKS and bool(self.width and self.height) and not self.huge


def inspect(data: bytes) -> ImageFacts:
    """Find out what bytes are, from their header and their end; never raises, never decodes.

    Parameters
    ----------
    data : bytes
        The file as it was received.

    Returns
    -------
    ImageFacts
        Its type, size in pixels, number of frames, whether it is whole and whether it is huge.

    Examples
    --------
    >>> inspect(b"not a picture").mime is None
    True
    """
    mime = sniff(data[:HEAD_BYTES])
    if mime not in EXTENSIONS:
        return ImageFacts(mime)
    if mime == "image/jpeg":
        return _jpeg_facts(data)
    width, height = size_in_pixels(data, mime)
    frames, whole, counted = _ending(data, mime)
    huge = (width or 0) * (height or 0) > HUGE_PIXELS or (frames or 0) > HUGE_FRAMES or not counted
    return ImageFacts(mime, width, height, frames, whole, huge)


def size_in_pixels(data: bytes, mime: str) -> tuple[int | None, int | None]:
    """Return width and height in pixels, from the header."""
    size: tuple[int, int] | None
    try:
        match mime:
            case "image/jpeg":
                size = _jpeg_walk(data)[0]
            case "image/png":
                size = struct.unpack_from(">II", data, 16)
            case "image/gif":
                size = struct.unpack_from("<HH", data, 6)
            case "image/webp":
                size = _webp_size(data)
            case "image/bmp":
                width, height = struct.unpack_from("<HH" if data[14] == 12 else "<ii", data, 18)
                size = (width, abs(height))  # negative: stored from the top down
            case "image/tiff":
                size = _tiff_size(data)
            case "image/x-icon":
                sizes = range(6, 6 + 16 * min(int.from_bytes(data[4:6], "little"), 256), 16)
                size = max((data[at] or 256, data[at + 1] or 256) for at in sizes)
            case "image/heic" | "image/heif" | "image/avif":
                size = _box_size(data)
            case _:
                size = None
    except (struct.error, IndexError, OverflowError):  # the file ends inside the header
        size = None
    return size if size and size[0] > 0 and size[1] > 0 else (None, None)


def _ending(data: bytes, mime: str) -> tuple[int | None, bool | None, bool]:
    """Return the number of frames, whether the end is there, and whether everything could be counted."""
    try:
        match mime:
            case "image/png":
                frames, counted = _png_walk(data)
                return frames, data.rfind(b"\0\0\0\0IEND\xaeB`\x82") >= 0, counted
            case "image/gif":
                return _gif_walk(data)
            case "image/webp":
                return _webp_walk(data)
            case "image/bmp":
                length = int.from_bytes(data[2:6], "little")
                return 1, len(data) >= length if length else None, True
    except (struct.error, IndexError):
        return None, False, True
    return None, None, True


def _jpeg_facts(data: bytes) -> ImageFacts:
    try:
        size, data_at, single_scan = _jpeg_walk(data)
    except (struct.error, IndexError):  # the file ends inside the header
        return ImageFacts("image/jpeg", whole=False, huge=False)
    width, height = size if size and size[0] > 0 and size[1] > 0 else (None, None)
    # Cameras and phones append data, so the end marker is looked for from the back.
    whole = data_at is not None and data.rfind(b"\xff\xd9", data_at) >= 0
    huge = (width or 0) * (height or 0) > HUGE_PIXELS or not (single_scan or _scans_from(data, data_at) <= HUGE_SCANS)
    return ImageFacts("image/jpeg", width, height, 1, whole, huge)


def _jpeg_walk(data: bytes) -> tuple[tuple[int, int] | None, int | None, bool]:
    """Return the size, where the picture's own data begins, and whether that is its only scan.

    A thumbnail in a header is passed over. When the first scan holds all colours of a picture that is not progressive,
    decoders read no second one.
    """
    size, at, sequential = None, 2, b""
    for _ in range(2_000):
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            break
        marker = data[at + 1]
        if marker == 0xDA:
            return size, at, bool(sequential) and data[at + 4 : at + 5] == sequential
        if marker in (0x00, 0xFF, 0x01, 0xD8) or 0xD0 <= marker <= 0xD7:  # padding, and markers without a body
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xD9 or at + 4 > len(data):
            break
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and size is None:
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = (width, height)
            sequential = data[at + 9 : at + 10] if marker in (0xC0, 0xC1) else b""  # how many colours
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return size, None, False


def jpeg_scans(data: bytes) -> int:
    """Return how many passes over a JPEG a decoder makes, counted up to 101.

    Examples
    --------
    >>> jpeg_scans(b"")
    0
    """
    _, at, single_scan = _jpeg_walk(data)
    return 1 if single_scan else _scans_from(data, at)


def _scans_from(data: bytes, at: int | None) -> int:
    scans = 0
    while at is not None and at + 4 <= len(data) and scans <= HUGE_SCANS:
        if data[at + 1] == 0xD9:  # the end; data after it (a phone appends a film, say) does not count
            break
        scans += data[at + 1] == 0xDA
        marker = _MARKER.search(data, at + 2 + int.from_bytes(data[at + 2 : at + 4], "big"))
        at = marker.start() if marker else None
    return scans


def _png_walk(data: bytes) -> tuple[int, bool]:
    """Return the number of frames, and whether there is only one header: decoders would use the last of several."""
    at, frames = 8, 1
    for step in range(200):  # acTL, the count of frames, comes before the first IDAT
        kind = data[at + 4 : at + 8]
        if kind == b"IHDR" and step:
            return frames, False
        if kind == b"acTL":
            frames = int(struct.unpack_from(">I", data, at + 8)[0])
        if kind in (b"IDAT", b""):
            break
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return frames, True


def _gif_walk(data: bytes) -> tuple[int | None, bool, bool]:
    """Count frames from block to block, up to the trailer."""
    at, frames, steps = 13, 0, 0
    if data[10] & 0x80:
        at += 3 << ((data[10] & 7) + 1)
    while steps < MAX_STEPS:
        kind = data[at]
        if kind == 0x2C:
            frames += 1
            left, top, width, height, packed = struct.unpack_from("<HHHHB", data, at + 1)
            if (left + width) * (top + height) > HUGE_PIXELS:  # decoders use this size, whatever the header says
                return frames, data.endswith(b";"), False
            at += 11 + ((3 << ((packed & 7) + 1)) if packed & 0x80 else 0)
        elif kind == 0x21:
            at += 2
        else:
            return frames, kind == 0x3B, True
        while data[at] and steps < MAX_STEPS:
            at += data[at] + 1
            steps += 1
        at += 1
        steps += 1
    return None, data.endswith(b";"), False


def _webp_walk(data: bytes) -> tuple[int | None, bool, bool]:
    whole = len(data) >= int.from_bytes(data[4:8], "little") + 8
    if data[12:16] != b"VP8X" or not data[20] & 0x02:
        return 1, whole, True
    at, frames = 12, 0
    for _ in range(MAX_STEPS):
        if at + 8 > len(data):
            return frames, whole, True
        frames += data[at : at + 4] == b"ANMF"
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + length + (length & 1)
    return None, whole, False


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and data[20] == 0x2F and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF  # the two upper bits are a scale
    return None


def _tiff_size(data: bytes) -> tuple[int, int] | None:
    order = "<" if data[:2] == b"II" else ">"
    if b"+" in data[2:4]:  # a BigTIFF
        (at,), form, first, step = struct.unpack_from(order + "Q", data, 8), "Q", 8, 20
    else:
        (at,), form, first, step = struct.unpack_from(order + "I", data, 4), "H", 2, 12
    (count,) = struct.unpack_from(order + form, data, at)
    size: dict[int, int] = {}  # by tag: 256 is the width, 257 the height
    for entry in range(at + first, at + first + step * min(count, 1_000), step):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (256, 257):  # kind 3 is a 16-bit number, kind 16 one of 64
            number = {3: "H", 16: "Q"}.get(kind, "I")
            (size[tag],) = struct.unpack_from(order + number, data, entry + (12 if step == 20 else 8))
    return (size[256], size[257]) if len(size) == 2 else None


def _box_size(data: bytes) -> tuple[int, int] | None:
    """Return the size in the largest `ispe` box of a HEIC or AVIF; smaller ones are tiles and thumbnails."""
    sizes: list[tuple[int, int]] = []
    at = data.find(b"ispe", 0, 65_536)
    while at >= 0 and len(sizes) < 1_000:
        sizes.append(struct.unpack_from(">II", data, at + 8))
        at = data.find(b"ispe", at + 4, 65_536)
    return max(sizes, key=lambda size: size[0] * size[1], default=None)
