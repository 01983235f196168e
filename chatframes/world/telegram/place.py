"""Where the samples of ``sandbox(content=True)`` are sent: who is there, and where files come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from random import Random
from typing import Any

from telethon.tl import types

from ..community import photos
from ..community.people import END, key_of, picture_file
from .shelf import Shelf


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person: id, name and public name, if any."""

    id: int
    name: str
    username: str | None


@dataclass(slots=True)
class Place:
    """The chat of everything: its `people`, the channel `news` (not marked) with its title, and a shelf for files.

    `notes` counts what was put there; `pictures` leads from a photo's id to the SHA-256 of its largest size.
    """

    people: list[Somebody]
    news: int
    shelf: Shelf
    seed: int
    notes: int = 0

    @property
    def when(self) -> datetime:
        """When files were made."""
        return END

    def photo(self) -> Any:
        """A new photograph."""
        self.notes += 1
        note = f"everything {self.seed}, picture {self.notes}"
        return self.shelf.photo(picture_file(key_of(note), photos.JPEGS[3], None, note), self.when)

    def document(self, mime: str, name: str | None, *attributes: Any) -> Any:
        """A new file of some bytes."""
        self.notes += 1
        note = f"everything {self.seed}, file {self.notes}"
        data = Random(note).randbytes(600)
        return self.shelf.document(key_of(note), self.when, name, mime, len(data), lambda variant: data, [*attributes])

    def sticker(self, emoji: str = "🌠") -> Any:
        """A new sticker: a picture, small, with its emoji."""
        self.notes += 1
        note = f"everything {self.seed}, sticker {self.notes}"
        file = picture_file(key_of(note), photos.OTHERS[2], "sticker.webp", note)
        attributes = [
            types.DocumentAttributeImageSize(480, 320),
            types.DocumentAttributeSticker(emoji, types.InputStickerSetEmpty()),
        ]
        return self.shelf.document(
            file.key, self.when, file.name, file.mime, file.size_bytes, lambda variant: file.data(), attributes
        )

    def sha256_of(self, id_: int) -> str:
        """Of the largest size of a photo, or of a document."""
        stored = self.shelf.files[id_]
        letter = max(stored.sizes, key=lambda one: stored.sizes[one])
        return sha256(stored.data(letter)).hexdigest()
