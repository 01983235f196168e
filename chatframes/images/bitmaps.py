"""Check the header and length of a BMP, an icon or a TIFF."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .headers import ImageFacts
from .png import png_problem
from .problems import BROKEN, CUT, pixels_problem

__all__ = ["bmp_problem", "icon_problem", "tiff_problem"]

_BMP_BITS = (1, 4, 8, 16, 24, 32)


def bmp_problem(data: bytes, at: int, pixels_at: int, *, icon: bool = False) -> str | None:
    """Check a bitmap whose header begins at `at`."""
    if data[at : at + 4] == b"\x0c\0\0\0":
        width, height, _, bits = struct.unpack_from("<HHHH", data, at + 4)
        packing, colours = 0, 0
    else:
        width, height, _, bits, packing, _, _, _, colours = struct.unpack_from("<iiHHI4I", data, at + 4)
    height = abs(height) // (2 if icon else 1)
    if width <= 0 or not height or bits not in _BMP_BITS or packing > 3 or (bits <= 8 and colours > 256):
        return BROKEN
    if problem := pixels_problem(width, height):
        return problem
    if packing in (1, 2):
        return None if len(data) > pixels_at else CUT
    return None if len(data) >= pixels_at + (width * bits + 31) // 32 * 4 * height else CUT


def icon_problem(data: bytes) -> str | None:
    """Check the largest picture of an icon, which is the one that is read."""
    entries = [data[at : at + 16] for at in range(6, 6 + 16 * int.from_bytes(data[4:6], "little"), 16)]
    if not entries or len(entries[-1]) < 16:
        return CUT
    largest = max(entries, key=lambda entry: (entry[0] or 256) * (entry[1] or 256))
    size, at = struct.unpack_from("<II", largest, 8)
    if at + size > len(data):
        return CUT
    if data[at : at + 8] == b"\x89PNG\r\n\x1a\n":
        width, height = struct.unpack_from(">II", data, at + 16)
        return pixels_problem(width, height) or png_problem(data[at : at + size])
    return bmp_problem(data, at, at + int.from_bytes(data[at : at + 4], "little"), icon=True)


# Ways of packing that Pillow reads in a TIFF, and its kinds of colour: not the raw data of cameras.
_TIFF_PACKINGS = (1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946)
_TIFF_COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}  # with the number of samples of a pixel, at least


def tiff_problem(data: bytes, facts: ImageFacts) -> str | None:
    """Check the first picture of a TIFF: its kind, and whether its pieces are there."""
    order = "<" if data[:2] == b"II" else ">"
    tags = dict(_tiff_tags(data, order))
    packing, colours = tags.get(259, [1])[0], tags.get(262, [0])[0]
    bits, samples, numbers = tags.get(258, [1]), tags.get(277, [1])[0], tags.get(339, [1])
    if packing not in _TIFF_PACKINGS or colours not in _TIFF_COLOURS or len(set(bits)) > 1:
        return "this kind of TIFF is not read by Pillow"
    widest = 32 if _TIFF_COLOURS[colours] == 1 and samples == 1 else 16 if colours in (2, 5) else 8
    if (
        len(bits) not in (1, samples)
        or bits[0] > widest
        or samples < _TIFF_COLOURS[colours]
        or samples > 6
        or (numbers[0] == 3) != (bits[0] == 32)
    ):
        return "this kind of TIFF is not read by Pillow"
    places, sizes = tags.get(273) or tags.get(324), tags.get(279) or tags.get(325)
    if not places or not sizes:
        return BROKEN
    if packing == 1 and len(places) == 1:  # not packed: its length is known from its size
        sizes = [facts.width * facts.height * samples * bits[0] // 8] if facts.width and facts.height else sizes
    return CUT if max(map(sum, zip(places, sizes, strict=False))) > len(data) else None


def _tiff_tags(data: bytes, order: str) -> Iterator[tuple[int, list[int]]]:
    """Yield the whole numbers of the first directory, at most a million to a tag."""
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    for entry in range(at + 2, at + 2 + 12 * min(count, 1_000), 12):
        tag, kind, number = struct.unpack_from(order + "HHI", data, entry)
        if kind in (1, 3, 4) and 0 < number <= 1_000_000:
            form = f"{order}{number}{'B_HI'[kind - 1]}"
            place = entry + 8
            if struct.calcsize(form) > 4:
                (place,) = struct.unpack_from(order + "I", data, place)
            yield tag, list(struct.unpack_from(form, data, place))
