"""Tell from headers alone whether Pillow, and so Hugging Face `datasets`, opens a picture.

One picture that does not open ends the reading of a whole dataset. Nothing is decoded here: the bytes come from
strangers. So a file whose header and end are good and whose inside is broken passes.
"""

from __future__ import annotations

import importlib.util
import struct
import sys
from functools import cache

from .bitmaps import bmp_problem, icon_problem
from .headers import ImageFacts, inspect
from .jpeg import jpeg_problem
from .png import png_problem
from .problems import BROKEN, CUT, pixels_problem
from .tiff import tiff_problem
from .webp import webp_problem

__all__ = ["why_undecodable"]

GIF_STEPS = 400_000  # blocks before the end of the first frame: one of 10 MB has 40,000, a hostile one millions


def why_undecodable(data: bytes, facts: ImageFacts | None = None, *, plug_ins: bool = True) -> str | None:
    """Return why Pillow would not open a picture, in a few words; None when its header and end are as they should be.

    Parameters
    ----------
    data : bytes
        The whole file.
    facts : ImageFacts, optional
        What `inspect` says about it, where that is known already.
    plug_ins : bool
        Count types that Pillow opens with a plug-in which this process has registered. A file that goes to others
        cannot count on one.

    Examples
    --------
    >>> why_undecodable(b"GIF89a")
    'the file ends too early'
    """
    facts = facts or inspect(data)
    try:
        if problem := pixels_problem(facts.width or 0, facts.height or 0):
            return problem
        match facts.mime:
            case "image/heic" | "image/heif":
                return _boxes(data) if plug_ins and _plug_in_opens_heif() else "HEIC needs a plug-in of Pillow"
            case "image/avif" if not _avif():
                return "AVIF needs a newer Pillow"
            case None:
                return "its type is not known"
        if not (facts.width and facts.height) and facts.mime != "image/gif":  # a GIF has the size of its frame
            return BROKEN
        return _problem(data, facts)
    except (struct.error, IndexError, OverflowError):  # the file ends inside a header
        return CUT


def _problem(data: bytes, facts: ImageFacts) -> str | None:
    match facts.mime:
        case "image/jpeg":
            return jpeg_problem(data, facts)
        case "image/png":
            return png_problem(data)
        case "image/gif":
            return _gif(data)
        case "image/webp":
            return webp_problem(data)
        case "image/bmp":
            return bmp_problem(data, 14, int.from_bytes(data[10:14], "little"))
        case "image/tiff":
            return tiff_problem(data)
        case "image/x-icon":
            return icon_problem(data)
        case "image/avif":
            return _boxes(data)
    return "its type is not known"


@cache
def _avif() -> bool:
    """Whether the Pillow that is installed was built with AVIF; asked without loading its decoders."""
    try:
        return importlib.util.find_spec("PIL._avif") is not None
    except ImportError:
        return False


def _plug_in_opens_heif() -> bool:
    return "HEIF" in getattr(sys.modules.get("PIL.Image"), "OPEN", {})


def _gif(data: bytes) -> str | None:
    """Only the first frame counts: readers decode no other."""
    at, steps = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0), 0
    while steps < GIF_STEPS:
        kind = data[at]
        if kind == 0x2C:
            left, top, width, height, packed = struct.unpack_from("<HHHHB", data, at + 1)
            if not width or not height:
                return BROKEN
            if problem := pixels_problem(left + width, top + height):
                return problem
            at += 11 + (3 << ((packed & 7) + 1) if packed & 0x80 else 0)
            if data[at - 1] > 12:  # bits of a code
                return BROKEN
        elif kind == 0x21:
            at += 2
        elif kind == 0x3B:
            return CUT
        else:  # bytes between two blocks; readers look for the next one
            at, steps = at + 1, steps + 1
            continue
        while data[at] and steps < GIF_STEPS:
            at, steps = at + data[at] + 1, steps + 1
        if kind == 0x2C:
            return None if steps < GIF_STEPS else BROKEN
        at += 1
    return BROKEN


def _boxes(data: bytes) -> str | None:
    """Check that the boxes of a HEIC or AVIF end where the file ends, or before."""
    at, kinds = 0, list[bytes]()
    for _ in range(1_000):
        if at + 8 > len(data):
            break
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if size == 0:  # to the end of the file
            return None
        if size < 8 or at + size > len(data):
            return None if b"mdat" in kinds else CUT  # after the picture's data, something else may be appended
        kinds.append(kind)
        at += size
    if b"meta" not in kinds:
        return BROKEN
    return None if b"mdat" in kinds or b"idat" in data else CUT  # where the picture's data may be
