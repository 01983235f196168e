"""Check the header and length of a BMP or an icon."""

from __future__ import annotations

import struct

from .png import png_problem
from .problems import BROKEN, CUT, pixels_problem

__all__ = ["bmp_problem", "icon_problem"]

_BMP_BITS = (1, 4, 8, 16, 24, 32)
_HEADER_BYTES = (12, 40, 52, 56, 64, 108, 124)  # those that Pillow knows


def bmp_problem(data: bytes, at: int, pixels_at: int, *, icon: bool = False) -> str | None:
    """Check a bitmap whose header begins at `at`."""
    header_bytes = int.from_bytes(data[at : at + 4], "little")
    if header_bytes not in _HEADER_BYTES:
        return BROKEN
    if header_bytes == 12:
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
    bits, size, at = struct.unpack_from("<HII", largest, 6)
    if data[at : at + 8] == b"\x89PNG\r\n\x1a\n":
        width, height = struct.unpack_from(">II", data, at + 16)
        return pixels_problem(width, height) or png_problem(data[at:])
    if bits != 32 and at + size > len(data):
        return CUT  # its transparency stands at its end
    return bmp_problem(data, at, at + int.from_bytes(data[at : at + 4], "little"), icon=True)
