"""Find the type of a file from its first bytes, and make a safe file name for a picture.

Nothing here trusts what a service, a link or a file name says about the type.
"""

from __future__ import annotations

import hashlib
import re
import struct

__all__ = ["EXTENSIONS", "HEAD_BYTES", "is_raster", "safe_name", "sniff"]

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/tiff": "tif",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/avif": "avif",
    "image/x-icon": "ico",
}
HEAD_BYTES = 1_024


def is_raster(mime: str | None) -> bool:
    """Whether `mime` is a picture made of pixels; only the bytes of such pictures are kept.

    Examples
    --------
    >>> is_raster("image/png"), is_raster("image/svg+xml")
    (True, False)
    """
    return mime in EXTENSIONS


def sniff(head: bytes) -> str | None:
    """Return the type of a file from its first bytes, whatever type was declared.

    Parameters
    ----------
    head : bytes
        The first 64 bytes or more; at most 1,024 are looked at.

    Returns
    -------
    str or None
        A MIME type; None when the bytes are of no known type. Types that are not pictures are recognised too, so that
        an error page served as a picture is noticed.

    Examples
    --------
    >>> sniff(b"%PDF-1.7 ...")
    'application/pdf'
    """
    head = bytes(head[:HEAD_BYTES])
    for magic, mime in _MAGIC:
        if head.startswith(magic):
            return mime
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _sniff_boxes(head)
    # Two letters are not enough to call something a bitmap: the header after them must have a known size.
    if head[:2] == b"BM" and head[14:18] in _BMP_HEADER_SIZES:
        return "image/bmp"
    if head[:4] == b"\0\0\1\0" and head[4:6] != b"\0\0" and len(head) >= 22 and head[9] == 0:
        return "image/x-icon"
    return _sniff_text(head)


_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0\x08\0\0\0", "image/tiff"),  # with offsets of 8 bytes
    (b"MM\0+\0\x08\0\0", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"PK\3\4", "application/zip"),
    (b"PK\5\6", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_BMP_HEADER_SIZES = frozenset(struct.pack("<I", size) for size in (12, 16, 40, 52, 56, 64, 108, 124))
_MARKUP = re.compile(rb"<(!doctype|html\b|head\b|body\b|script\b|title\b|svg\b|\?xml|!--)", re.IGNORECASE)
_JSON = re.compile(rb"\{\s*[\"}]|\[\s*([\[\]{\"0-9-]|true|false|null)")


def _sniff_boxes(head: bytes) -> str:
    """Return the type of a file made of ISO boxes (HEIC, AVIF, MP4), from the brands it names."""
    ends = min(len(head), int.from_bytes(head[:4], "big"))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, ends, 4))}
    if brands & {b"avif", b"avis"}:
        return "image/avif"
    if brands & {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"}:
        return "image/heic"
    if brands & {b"mif1", b"msf1"}:
        return "image/heif"
    return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"


def _sniff_text(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _JSON.match(text):
        return "application/json"
    markup = _MARKUP.match(text)
    if markup is None:
        return None
    if re.search(rb"<svg\b", text, re.IGNORECASE) and not re.search(rb"<html\b", text, re.IGNORECASE):
        return "image/svg+xml"
    return "application/xml" if markup[1] == b"?xml" else "text/html"


def safe_name(platform: str, message_id: str, position: int, mime: str | None) -> str:
    """Make the file name of one picture: ``platform-messageid-position.ext``.

    Only letters, digits, dot, dash and underscore; at most 120 characters. An id that had to be changed or
    cut carries a hash of the whole id, so that two ids never share a name.

    Examples
    --------
    >>> safe_name("webex", "Y2lzY28", 0, "image/jpeg")
    'webex-Y2lzY28-0.jpg'
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", message_id)
    if plain != message_id or len(plain) > 80:
        digest = hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        plain = f"{plain[:60]}-{digest}"
    service = re.sub(r"[^A-Za-z0-9_]", "_", platform)[:16]
    return f"{service}-{plain}-{int(position)}.{EXTENSIONS.get(mime or '', 'bin')}"
