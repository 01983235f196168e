"""Make thumbnails of pictures. This is the only place that decodes a picture's pixels."""

from __future__ import annotations

import io
import warnings

from ..images.headers import inspect, jpeg_scans

__all__ = ["PixelBudget", "thumbnail"]

MOST_MEGAPIXELS = 300.0

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_QUALITY = 80


class PixelBudget:
    """Limits the pixels that are decoded for one page of thumbnails, as small files can hold very many pixels.

    Parameters
    ----------
    size_px : int
        As for `thumbnail`.
    """

    def __init__(self, size_px: int) -> None:
        self._size_px = size_px
        self._left = MOST_MEGAPIXELS

    def thumbnail(self, data: bytes) -> bytes | None:
        """Return the thumbnail; None also when the limit of the page is reached."""
        facts = inspect(data)
        megapixels = (facts.width or 0) * (facts.height or 0) / 1e6
        if facts.mime == "image/jpeg":
            megapixels *= max(0.25, jpeg_scans(data) / 40)  # it is decoded at a small size, but in all of its passes
        if not facts.showable or megapixels > self._left:
            return None
        self._left -= megapixels
        return thumbnail(data, self._size_px)


def thumbnail(data: bytes, size_px: int) -> bytes | None:
    """Return a JPEG of at most `size_px` by `size_px` pixels, upright, on white.

    None when the bytes are not a JPEG, PNG, GIF or WebP, when the header announces too many pixels (before anything is
    decoded), or when they cannot be decoded. Of an animation it is the first frame.

    Examples
    --------
    >>> thumbnail(b"<svg onload='alert(1)'/>", 200) is None
    True
    """
    facts = inspect(data)
    if not facts.showable:
        return None
    from PIL import Image, ImageOps  # takes a while to import

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd files
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                if picture.size != (facts.width, facts.height):  # the file gives two different sizes
                    return None
                picture.draft("RGB", (2 * size_px, 2 * size_px))  # decodes a JPEG at a small size
                upright = ImageOps.exif_transpose(picture)
                if upright.mode.startswith("I"):  # 16 bits of grey, which would all turn white
                    upright = upright.convert("I").point(lambda level: level * (1 / 256)).convert("L")
                upright.thumbnail((size_px, size_px))
                shown = upright.convert("RGBA")
        page = Image.new("RGB", shown.size, "white")
        page.paste(shown, mask=shown.getchannel("A"))
        small = io.BytesIO()
        page.save(small, "JPEG", quality=_QUALITY)
    except Exception:  # decoders raise all kinds of errors over hostile bytes
        return None
    return small.getvalue()
