"""What bytes are: their type, size in pixels, whether they are whole, and how they show themselves.

Everything is read from headers, by hand, and nothing is decoded: the bytes come from strangers, a decoder is
a large door for hostile ones, and a header costs microseconds here. So this module needs no picture library.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from dataclasses import dataclass
from typing import Any

from ..words import bytes_in_words

__all__ = ["ImageBytes", "ImageFacts", "inspect", "is_raster", "safe_name", "sniff"]

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
SHOWN_IN_NOTEBOOKS = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
SHOWN_MAX_BYTES = 10 * 1024 * 1024  # a notebook file keeps what it shows, a third larger than the bytes
HUGE_PIXELS = 64_000_000
HUGE_FRAMES = 2_000
HUGE_SCANS = 100  # passes over one JPEG: honest ones have ten or so
MAX_STEPS = 100_000  # blocks looked at in one picture: an honest 10 MB GIF has 40,000, a hostile one millions
HEAD_BYTES = 1_024
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # within a picture's own data every ff has a 00 behind it


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What can be said of bytes without decoding them.

    Attributes
    ----------
    mime : str or None
        The type the bytes themselves announce; None when they announce nothing known.
    width, height : int or None
        Size in pixels, from the header.
    frames : int or None
        How many pictures an animation holds (1 for a still one); None when the format was not counted.
    whole : bool or None
        Whether the end of the file is there; None for types that cannot tell.
    huge : bool
        More than 64 Mpx or 2,000 frames, or more blocks than we count: keep it, don't decode it.
    """

    mime: str | None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    whole: bool | None = None
    huge: bool = False

    @property
    def showable(self) -> bool:
        """Whether a page may show it, and a decoder open it: JPEG, PNG, GIF or WebP with a size, and not huge."""
        return self.mime in SHOWN_IN_NOTEBOOKS and bool(self.width and self.height) and not self.huge


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
        width, height = _size(self, mime)
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


def is_raster(mime: str | None) -> bool:
    """Whether `mime` is a picture made of pixels: the kind whose bytes are kept.

    Examples
    --------
    >>> is_raster("image/png"), is_raster("image/svg+xml")
    (True, False)
    """
    return mime in EXTENSIONS


def sniff(head: bytes) -> str | None:
    """Name the type of a file from its first bytes, whatever anybody declared.

    Parameters
    ----------
    head : bytes
        The first 64 bytes or more; at most 1,024 are looked at.

    Returns
    -------
    str or None
        A MIME type; None when the bytes announce nothing known. Things that are no pictures are named too, so
        that an error page served as a picture can be told from one.

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
    """Files made of ISO boxes (HEIC, AVIF, MP4): the brands say which."""
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


def inspect(data: bytes) -> ImageFacts:
    """Say what bytes are, from their header and their end; never raises, never decodes.

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
    width, height = _size(data, mime)
    frames, whole, counted = _ending(data, mime)
    huge = (width or 0) * (height or 0) > HUGE_PIXELS or (frames or 0) > HUGE_FRAMES or not counted
    return ImageFacts(mime, width, height, frames, whole, huge)


def _size(data: bytes, mime: str) -> tuple[int | None, int | None]:
    """Width and height in pixels, from the header."""
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
                size = (width, abs(height))  # below zero: stored from the top down
            case "image/tiff":
                size = _tiff_size(data)
            case "image/x-icon":
                sizes = range(6, 6 + 16 * min(int.from_bytes(data[4:6], "little"), 256), 16)
                size = max((data[at] or 256, data[at + 1] or 256) for at in sizes)
            case "image/heic" | "image/heif" | "image/avif":
                size = _box_size(data)
            case _:
                size = None
    except (struct.error, IndexError):  # cut inside the header
        size = None
    return size if size and size[0] > 0 and size[1] > 0 else (None, None)


def _ending(data: bytes, mime: str) -> tuple[int | None, bool | None, bool]:
    """Frames, whether the end is there, and whether everything could be counted."""
    try:
        match mime:
            case "image/jpeg":
                # Cameras and phones append things, so the end is looked for from the back.
                begins = _jpeg_walk(data)[1]
                whole = begins is not None and data.rfind(b"\xff\xd9", begins) >= 0
                return 1, whole, jpeg_scans(data) <= HUGE_SCANS
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


def _jpeg_walk(data: bytes) -> tuple[tuple[int, int] | None, int | None, bool]:
    """The size, where the picture's own data begins (after any thumbnail in a header), and whether it is all there is.

    Where the first scan holds all colours of a picture that is not progressive, decoders take no second one.
    """
    size, at, sequential = None, 2, b""
    for _ in range(2_000):
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            break
        marker = data[at + 1]
        if marker == 0xDA:
            return size, at, bool(sequential) and data[at + 4 : at + 5] == sequential
        if marker in (0x00, 0xFF, 0x01, 0xD8) or 0xD0 <= marker <= 0xD7:  # filling, and markers without a body
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
    """Return how often a decoder goes over a JPEG, up to one more than 100.

    Examples
    --------
    >>> jpeg_scans(b"")
    0
    """
    _, at, once = _jpeg_walk(data)
    if once:
        return 1
    scans = 0
    while at is not None and at + 4 <= len(data) and scans <= HUGE_SCANS:
        if data[at + 1] == 0xD9:  # the end; what a phone appends (a film, say) does not count
            break
        scans += data[at + 1] == 0xDA
        marker = _MARKER.search(data, at + 2 + int.from_bytes(data[at + 2 : at + 4], "big"))
        at = marker.start() if marker else None
    return scans


def _png_walk(data: bytes) -> tuple[int, bool]:
    """The frames, and whether there is one header: the last of several would be the one that counts."""
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
    """Count frames by hopping from block to block, up to the trailer."""
    at, frames, steps = 13, 0, 0
    if data[10] & 0x80:
        at += 3 << ((data[10] & 7) + 1)
    while steps < MAX_STEPS:
        kind = data[at]
        if kind == 0x2C:
            frames += 1
            left, top, width, height, packed = struct.unpack_from("<HHHHB", data, at + 1)
            if (left + width) * (top + height) > HUGE_PIXELS:  # whatever the screen says, that is what is decoded
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
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    found: dict[int, int] = {}
    for entry in range(at + 2, at + 2 + 12 * min(count, 1_000), 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (256, 257):  # width, height; kind 3 is a 16-bit number
            (found[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
    return (found[256], found[257]) if len(found) == 2 else None


def _box_size(data: bytes) -> tuple[int, int] | None:
    """HEIC and AVIF: the largest `ispe` box; the smaller ones are tiles and thumbnails."""
    sizes: list[tuple[int, int]] = []
    at = data.find(b"ispe", 0, 65_536)
    while at >= 0 and len(sizes) < 1_000:
        sizes.append(struct.unpack_from(">II", data, at + 8))
        at = data.find(b"ispe", at + 4, 65_536)
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


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
