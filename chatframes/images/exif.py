"""Check the EXIF data of a picture: Pillow reads it, and writes it again where it has to turn the picture.

The data may be odd in a hundred ways without harm. So Pillow itself is asked, with a picture of one pixel; that runs
no decoder.
"""

from __future__ import annotations

import contextlib
import struct
import warnings
from typing import Any

__all__ = ["MOST_BYTES", "exif_is_readable", "look_through", "turns_well"]

_HEADERS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ORIENTATION = (b"\x01\x12", b"\x12\x01")
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}  # of each kind
_DIRECTORIES = (0x8769, 0x8825, 0xA005)  # tags that say where further ones are
MOST_BYTES = 4 * 2**20  # of all values: few kilobytes can claim gigabytes, since values may overlap
# What Pillow passes over when it looks for the resolution of a JPEG, which it does before anything else.
_PASSED_OVER = (struct.error, KeyError, SyntaxError, TypeError, ValueError, ZeroDivisionError)


def exif_is_readable(body: bytes) -> bool:
    """Whether Pillow can begin to read EXIF data.

    Examples
    --------
    >>> exif_is_readable(b"not a TIFF"), exif_is_readable(b"")
    (False, True)
    """
    body = body.removeprefix(b"Exif\0\0")
    return not body or (len(body) >= 8 and body[:4] in _HEADERS)


def turns_well(exif: bytes, xmp: bytes = b"", *, read_at_first: bool = False) -> bool:
    """Whether Pillow can read EXIF data, and can write it again if it says that the picture has to be turned.

    Parameters
    ----------
    exif : bytes
        The data, with or without the six letters before it.
    xmp : bytes
        Another place that may say how to turn the picture.
    read_at_first : bool
        Whether Pillow reads the data once before, as it does in a JPEG that gives no resolution. Errors in it are then
        passed over.
    """
    if exif_is_readable(exif) and not any(tag in exif for tag in _ORIENTATION) and b"tiff:Orientation" not in xmp:
        return True
    try:
        size, upright = look_through(exif.removeprefix(b"Exif\0\0"))
    except (struct.error, OverflowError):  # the data ends before one of its directories does
        size, upright = 0, False
    return upright or (size <= MOST_BYTES and _pillow_turns(exif, xmp, read_at_first))


def _pillow_turns(exif: bytes, xmp: bytes, read_at_first: bool) -> bool:
    from PIL import Image, ImageOps  # takes a while to import, and few pictures need it

    picture: Any = Image.new("1", (1, 1))
    picture.info = {"exif": exif} | ({"xmp": xmp} if xmp else {})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if read_at_first:
                with contextlib.suppress(*_PASSED_OVER):
                    picture.getexif()
            if picture.getexif().get(0x0112) is not None:
                ImageOps.exif_transpose(picture)
    except Exception:  # whatever it is, a reader would meet it as well
        return False
    return True


def look_through(exif: bytes) -> tuple[int, bool]:
    """Return how much the values of all directories hold together, and whether the first says not to turn.

    Raises
    ------
    struct.error
        The data ends before one of its directories does.
    """
    order, held, upright = "<" if exif[:2] == b"II" else ">", 0, False
    is_big = b"+" in exif[2:4]  # with numbers of 8 bytes
    counted, entry_form, size = ("Q", "HHQQ", 20) if is_big else ("H", "HHII", 12)
    directories = [struct.unpack_from(order + ("Q" if is_big else "I"), exif, 8 if is_big else 4)[0]]
    for at in directories:  # grows in the loop, up to four
        (count,) = struct.unpack_from(order + counted, exif, at)
        first = at + struct.calcsize(counted)
        for entry in range(first, first + size * count, size):
            tag, kind, number, value = struct.unpack_from(order + entry_form, exif, entry)
            held += min(_SIZES.get(kind, 0) * number, len(exif))
            if tag == 0x0112 and at == directories[0]:
                (turned,) = struct.unpack_from(order + "H", exif, entry + size - (8 if is_big else 4))
                upright = (kind, number, turned) == (3, 1, 1)
            if tag in _DIRECTORIES and len(directories) <= len(_DIRECTORIES):
                directories.append(value)
    return held, upright and held <= MOST_BYTES
