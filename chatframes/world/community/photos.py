"""The sandbox's photographs, each made distinct without encoding, and a few files that are not pictures.

Every picture carries a note (a comment segment or chunk that viewers ignore), so each has its own SHA-256
while nothing has to be encoded. Where the photographs come from: ``photos/LICENCE.md``.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Photo:
    """One photograph of the ``photos`` folder."""

    subject: str
    suffix: str
    mime: str
    width: int
    height: int


JPEGS = (
    Photo("deep-field", "jpg", "image/jpeg", 640, 558),
    Photo("coffee", "jpg", "image/jpeg", 640, 427),
    Photo("cat", "jpg", "image/jpeg", 640, 426),
    Photo("rocket", "jpg", "image/jpeg", 640, 427),
    Photo("brick", "jpg", "image/jpeg", 480, 480),
    Photo("grass", "jpg", "image/jpeg", 400, 400),
    Photo("gravel", "jpg", "image/jpeg", 420, 420),
    Photo("clock", "jpg", "image/jpeg", 640, 480),
)
OTHERS = (
    Photo("clock", "png", "image/png", 240, 180),
    Photo("rocket", "gif", "image/gif", 240, 160),
    Photo("coffee", "webp", "image/webp", 480, 320),
)


@cache
def _original(name: str) -> bytes:
    return (files(__package__) / "photos" / name).read_bytes()


def picture(photo: Photo, note: str, padding_bytes: int = 0) -> bytes:
    """The photograph with `note` inside; `padding_bytes` (JPEG only) makes it a heavy file."""
    data = _original(f"{photo.subject}.{photo.suffix}")
    text = note.encode()
    if photo.suffix == "jpg":
        scan = data.index(b"\xff\xda")  # padding goes before the pixels, after the header that tells the size
        block = b"\xff\xfe\xff\xff" + bytes(65_533)
        padding = block * (padding_bytes // len(block))
        comment = b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text
        return b"".join((data[:2], comment, data[2:scan], padding, data[scan:]))
    if photo.suffix == "png":
        body = b"tEXtComment\0" + text
        chunk = len(body[4:]).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
        return data[:33] + chunk + data[33:]  # 33: the signature and the IHDR chunk
    if photo.suffix == "gif":
        palette_bytes = 3 * 2 ** ((data[10] & 7) + 1)
        start = 13 + palette_bytes
        return data[:start] + b"\x21\xfe" + bytes([len(text)]) + text + b"\0" + data[start:]
    padded = text + bytes(len(text) % 2)
    whole = data[8:] + b"NOTE" + len(text).to_bytes(4, "little") + padded
    return b"RIFF" + len(whole).to_bytes(4, "little") + whole


def document(kind: str, note: str) -> bytes:
    """A file that is no picture: ``pdf``, ``zip``, ``csv``, or ``big.zip`` of about 3 MB."""
    if kind == "csv":
        rows = "".join(f"{hour}:00,{(hour * 7919) % 97 / 10}\n" for hour in range(24))
        return f"# {note}\ntime,arc_seconds\n{rows}".encode()
    if kind == "pdf":
        return (
            b"%PDF-1.4\n% " + note.encode() + b"\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
            b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("note.txt"), note)
        if kind == "big.zip":
            archive.writestr(zipfile.ZipInfo("frames.raw"), bytes(3_000_000))
    return buffer.getvalue()
