"""`ImageBytes`: picture bytes that print short and show themselves in a notebook."""

from __future__ import annotations

import base64
from typing import Any

from ..words import bytes_in_words
from .headers import inspect, size_in_pixels
from .sniff import HEAD_BYTES, sniff

__all__ = ["SHOWN_MAX_BYTES", "ImageBytes"]

SHOWN_MAX_BYTES = 10 * 1024 * 1024  # a notebook file stores what it shows, a third larger than the bytes


class ImageBytes(bytes):
    """The bytes of a picture that print short and show themselves in a notebook.

    They are equal to, hash like and slice like the plain bytes. Only JPEG, PNG, GIF and WebP are shown,
    decided from the bytes, and nothing above 10 MiB or 64 Mpx; never SVG, which may hold a script.

    Examples
    --------
    >>> ImageBytes(b"GIF89a" + bytes([2, 0, 3, 0]) + bytes(38))
    <GIF 2x3, 48 B>
    """

    __slots__ = ()

    def __repr__(self) -> str:
        mime = sniff(self[:HEAD_BYTES])
        if mime is None:
            return f"<unknown bytes, {bytes_in_words(len(self))}>"
        width, height = size_in_pixels(self, mime)
        pixels = f" {width}x{height}" if width and height else ""
        return f"<{_short_name(mime)}{pixels}, {bytes_in_words(len(self))}>"

    __str__ = __repr__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        shown = {"text/plain": repr(self)}
        if len(self) <= SHOWN_MAX_BYTES:
            facts = inspect(self)
            if facts.mime is not None and facts.showable:
                shown[facts.mime] = base64.b64encode(self).decode("ascii")
        return shown


def _short_name(mime: str) -> str:
    return mime.rpartition("/")[2].removeprefix("x-").removesuffix("+xml").upper()
