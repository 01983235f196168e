"""Check a WebP block by block, and the header of each picture in it."""

from __future__ import annotations

from collections.abc import Iterator

from .exif import exif_is_readable, turns_well
from .headers import size_in_pixels
from .problems import BROKEN, CUT

__all__ = ["webp_problem"]

MAX_BLOCKS = 100_000
Block = tuple[bytes, int, int]  # its kind, where its body begins, and where it ends
_RIFF = b"RIFF\0\0\0\0WEBP"


def webp_problem(data: bytes) -> str | None:
    """Return why Pillow would not open a WebP; None when its blocks are as they should be."""
    end, shown = 8 + int.from_bytes(data[4:8], "little"), False
    if end > len(data):
        return CUT
    canvas = size_in_pixels(data, "image/webp")
    is_extended, moves = data[12:16] == b"VP8X", data[12:16] == b"VP8X" and bool(data[20] & 2)
    is_announced = False  # an animation says first how often it runs
    for kind, start, stop in _blocks(data, 12, end):
        if stop > end:
            return CUT
        if kind == b"EXIF":
            exif = data[start:stop]
            if not exif_is_readable(exif) or not turns_well(exif):
                return BROKEN
        is_announced = is_announced or kind == b"ANIM"
        if kind == b"ANMF" and not (is_announced and _frame_is_good(data, start, stop, canvas)):
            return BROKEN
        if kind in (b"VP8 ", b"VP8L") and not _picture_is_good(
            data, kind, start, stop, canvas if is_extended else None
        ):
            return BROKEN
        shown = shown or kind == b"ANMF" or (kind in (b"VP8 ", b"VP8L") and not moves)
    return None if shown else CUT


def _blocks(data: bytes, at: int, end: int) -> Iterator[Block]:
    for _ in range(MAX_BLOCKS):
        if at + 8 > end:
            return
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], at + 8, at + 8 + length
        at += 8 + length + (length & 1)


def _frame_is_good(data: bytes, start: int, stop: int, canvas: tuple[int | None, int | None]) -> bool:
    """Whether a frame of an animation lies inside the whole, and its picture has its size."""
    left, top, width, height = (int.from_bytes(data[start + at : start + at + 3], "little") for at in (0, 3, 6, 9))
    if 2 * left + width + 1 > (canvas[0] or 0) or 2 * top + height + 1 > (canvas[1] or 0):
        return False
    pictures = [block for block in _blocks(data, start + 16, stop) if block[0] in (b"VP8 ", b"VP8L")]
    return bool(pictures) and all(
        last <= stop and _picture_is_good(data, kind, first, last, (width + 1, height + 1))
        for kind, first, last in pictures
    )


def _picture_is_good(
    data: bytes, kind: bytes, start: int, stop: int, expected: tuple[int | None, int | None] | None
) -> bool:
    """Whether the header of a picture is good, and says the size that is expected."""
    head = data[start : min(stop, start + 40)]
    size = size_in_pixels(_RIFF + kind + bytes(4) + head, "image/webp")
    if not size[0] or (expected is not None and size != expected):
        return False
    if kind == b"VP8L":
        return head[4] >> 5 == 0  # its version
    bits = int.from_bytes(head[:3], "little")  # shown, and not one of a film; then the length of the first part
    return not bits & 1 and bits >> 1 & 7 <= 3 and bool(bits & 16) and bits >> 5 < stop - start
