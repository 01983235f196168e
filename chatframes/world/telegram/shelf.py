"""The files of the sandbox's Telegram: photos in their sizes, documents as they are, and their bytes.

A photo has several sizes in no promised order, as at the real service: the largest that can be downloaded is the
photograph itself, byte for byte; the smaller ones are plain grey JPEGs of the declared width and height.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from random import Random
from typing import Any

from telethon.tl import types

from ..community.people import File

REFERENCE = bytes.fromhex("0461706f6c6c6f2d7265666572656e63652d31")  # what every file reference is until it expires
STRIPPED = bytes.fromhex("011b28b2b5a8d8a2514500145145")  # a preview too small to be a file
_OUTLINE = bytes.fromhex("0a8c1f4b9e2d60c1")


@dataclass(slots=True)
class StoredFile:
    """A file as the server keeps it.

    `sizes` leads from a photo's letter to bytes (the largest is the photograph); of a document it is ``{"": size}``.
    `data` makes the bytes of one of them anew each time; a two-gigabyte video refuses.
    """

    id: int
    access_hash: int
    dc_id: int
    photo: bool
    sizes: dict[str, int]
    data: Callable[[str], bytes]


class Shelf:
    """Every file of one world. The same content is put here once: forwarded, it keeps its id."""

    def __init__(self, seed: int) -> None:
        self.files: dict[int, StoredFile] = {}
        self.random = Random(f"chatframes/telegram/{seed}/files")
        self._known: dict[str, Any] = {}

    def photo(self, file: File, when: datetime, *, moving: bool = False) -> types.Photo:
        """A photo with its sizes; a moving one also has a short film, which nobody wants under a picture's name."""
        if file.key in self._known:
            return self._known[file.key]
        assert file.photo is not None
        full = (file.photo.width, file.photo.height)
        small, middle = _within(full, 320), _within(full, 360)
        letter = "xxyy"[layout := len(self._known) % 4]
        grey = {"m": small} | ({"x": middle} if layout == 3 else {})
        whole, total = types.PhotoSize(letter, *full, file.size_bytes), file.size_bytes
        steps = sorted({total // 9, total // 4, total // 2, total})
        in_steps = types.PhotoSizeProgressive(letter, *full, steps)
        stripped, m = types.PhotoStrippedSize("i", STRIPPED), types.PhotoSize("m", *small, len(grey_jpeg(*small)))
        inline = types.PhotoCachedSize("s", *(tiny := _within(full, 90)), grey_jpeg(*tiny))
        sizes = (
            [stripped, m, whole],
            [whole, types.PhotoPathSize("j", _OUTLINE), m, stripped],
            [m, in_steps, inline],
            [in_steps, types.PhotoSizeEmpty("w"), types.PhotoSize("x", *middle, len(grey_jpeg(*middle))), m, stripped],
        )[layout]
        stored = self._put(
            True,
            {name: len(grey_jpeg(*pixels)) for name, pixels in grey.items()} | {letter: file.size_bytes},
            partial(_photo_data, file, letter, grey),
        )
        film = [types.VideoSize("u", *full, 84_211)] if moving else None
        photo = types.Photo(
            id=stored.id,
            access_hash=stored.access_hash,
            file_reference=REFERENCE,
            date=when,
            sizes=sizes,
            dc_id=stored.dc_id,
            video_sizes=film,
        )
        self._known[file.key] = photo
        return photo

    def document(
        self,
        key: str,
        when: datetime,
        name: str | None,
        mime: str,
        size_bytes: int,
        data: Callable[[str], bytes],
        attributes: list[Any],
    ) -> types.Document:
        """A file sent as it is."""
        if key in self._known:
            return self._known[key]
        stored = self._put(False, {"": size_bytes}, data)
        named = [types.DocumentAttributeFilename(name)] if name is not None else []
        document = types.Document(
            id=stored.id,
            access_hash=stored.access_hash,
            file_reference=REFERENCE,
            date=when,
            mime_type=mime,
            size=size_bytes,
            dc_id=stored.dc_id,
            attributes=[*attributes, *named],
            thumbs=[types.PhotoStrippedSize("i", STRIPPED)],
        )
        self._known[key] = document
        return document

    def _put(self, photo: bool, sizes: dict[str, int], data: Callable[[str], bytes]) -> StoredFile:
        id_ = (5 << 60) + self.random.getrandbits(59)  # 63 bits: a float would lose the last ones
        dc_id = 4 if len(self.files) % 3 == 1 else 2
        stored = self.files[id_] = StoredFile(id_, self.random.getrandbits(63), dc_id, photo, sizes, data)
        return stored


def _within(pixels: tuple[int, int], box: int) -> tuple[int, int]:
    width, height = pixels
    longest = max(pixels)
    return max(1, width * box // longest), max(1, height * box // longest)


@lru_cache(maxsize=64)
def grey_jpeg(width: int, height: int) -> bytes:
    """A valid JPEG of this size, one shade of grey, written by hand: the smaller sizes need no photograph.

    Its Huffman tables know three words: "no change" and "six bits of change" for the shade, "end of block".
    """
    blocks = -(-width // 8) * -(-height // 8)
    bits = "01" + "101000" + "0" + "000" * (blocks - 1)  # the first block sets the shade, the others repeat it
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    segments = (
        (0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        (0xDB, b"\0" + bytes([8] * 64)),
        (0xC0, b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\1\1\x11\0"),
        (0xC4, b"\x00" + bytes([0, 2, *[0] * 14]) + bytes([0, 6])),
        (0xC4, b"\x10" + bytes([1, *[0] * 15]) + b"\0"),
        (0xDA, b"\1\1\0\0\x3f\0"),
    )
    parts = [b"\xff" + bytes([marker]) + (len(body) + 2).to_bytes(2, "big") + body for marker, body in segments]
    return b"".join((b"\xff\xd8", *parts, scan, b"\xff\xd9"))


def _photo_data(file: File, letter: str, grey: dict[str, tuple[int, int]], variant: str) -> bytes:
    return file.data() if variant == letter else grey_jpeg(*grey[variant])
