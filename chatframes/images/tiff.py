"""Check the first picture of a TIFF: whether Pillow knows its kind, and whether its pieces are there.

There are hundreds of kinds of TIFF. Pillow itself is asked about them: it reads the header in Python, and runs no
decoder for that.
"""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

from .exif import MOST_BYTES, look_through
from .problems import BROKEN, CUT, pixels_problem

__all__ = ["tiff_problem"]

UNKNOWN = "this kind of TIFF is not read by Pillow"
_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 273, 279, 324, 325


def tiff_problem(data: bytes) -> str | None:
    """Return why Pillow would not open a TIFF; None when its header is good and its pieces are inside the file."""
    from PIL import TiffImagePlugin  # takes a while to import, and few chats hold a TIFF

    try:
        if look_through(data)[0] > MOST_BYTES + 2 * len(data):
            return BROKEN
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture: Any = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
            picture.getexif()
    except (struct.error, OverflowError):
        return CUT
    except Exception:  # whatever it is, a reader would meet it as well
        return UNKNOWN
    if problem := pixels_problem(*picture.size):
        return problem
    return _packed_problem(picture, len(data)) if picture.use_load_libtiff else _raw_problem(picture, len(data))


def _packed_problem(picture: Any, length: int) -> str | None:
    tags = picture.tag_v2
    places, sizes = tags.get(_STRIPS) or tags.get(_TILES), tags.get(_STRIP_SIZES) or tags.get(_TILE_SIZES)
    if not isinstance(places, tuple) or not isinstance(sizes, tuple):
        return BROKEN
    return CUT if max(map(sum, zip(places, sizes, strict=False)), default=0) > length else None


def _raw_problem(picture: Any, length: int) -> str | None:
    """Pieces that are not packed have a length that follows from their size."""
    width, height = picture.tag_v2[256], picture.tag_v2[257]  # its size is another one when it is turned
    bits = picture.tag_v2.get(258, (1,))[0]
    samples = len(picture.getbands()) if picture.tag_v2.get(284, 1) != 2 else 1
    for piece in picture.tile:
        left, top, right, bottom = piece.extents
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            return BROKEN
        row = piece.args[1] or ((right - left) * bits * samples + 7) // 8
        if piece.offset + row * (bottom - top) > length:
            return CUT
    return None if picture.tile else BROKEN
