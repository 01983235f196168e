"""The pictures and files sent in the sandbox's Telegram chats, each in the shape in which it is sent."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from ..community import photos, talk
from ..community.people import File, document_file, key_of, picture_file
from .drafts import Thing

EXACT_BYTES = 1_048_576  # a file that ends exactly where a part ends
_OTHERS = {"png": photos.OTHERS[0], "gif": photos.OTHERS[1], "webp": photos.OTHERS[2]}


class Things:
    """Makes things to hang on messages, each with bytes of its own; `padding_bytes` makes every JPEG heavier."""

    def __init__(self, seed: int, random: Random, padding_bytes: int = 0) -> None:
        self.seed, self.random, self.padding_bytes = seed, random, padding_bytes
        self.pictures = self.others = 0

    def photo(self) -> Thing:
        """A photograph, as most are sent."""
        return Thing("photo", (self._picture(),))

    def picture(self, shape: str) -> Thing:
        """A picture that is sent in another way: as a file, a sticker, a preview, behind a paywall."""
        if shape in ("photo", "edit_photo", "moving", "spoiler"):
            made = "moving_photo" if shape == "moving" else "photo"
            return replace(self.photo(), shape=made, spoiler=shape == "spoiler")
        if shape == "preview":
            url = f"https://www.example.org/night-sky?id={self.pictures}&ref=apollo"
            return Thing("preview", (self._picture(),), (url,))
        if shape == "paid_half":
            return Thing("paid_half", (self._picture(),))
        if shape == "sticker":
            return Thing("sticker", (replace(self._picture(photos.OTHERS[2]), name="sticker.webp"),))
        if shape == "octet":
            file = replace(self._picture(photos.OTHERS[0]), mime="application/octet-stream", name="x.png")
        elif shape == "nameless":
            file = replace(self._picture(photos.JPEGS[5]), mime="", name=None)
        elif shape == "heavy":
            file = self._picture(photos.JPEGS[0], 2_000_000)
        elif shape == "exact":
            file = self._exact()
        else:
            file = self._picture(_OTHERS.get(shape))
        return Thing("document", (file,))

    def paid(self, count: int) -> Thing:
        """Several photographs behind one paywall."""
        return Thing("paid", tuple(self._picture(photos.JPEGS[number % 8]) for number in range(count)))

    def paper(self, kind: str) -> Thing:
        """A file that is no picture."""
        note = self._note()
        file = document_file(key_of(note), kind, f"report-{self.others}.{kind}", note)
        return Thing("document", (file,))

    def odd(self, shape: str) -> Thing:
        """A file of a kind that only Telegram has, or that is too large to be made."""
        return Thing(shape, key=self._note())

    def _note(self) -> str:
        self.others += 1
        return f"telegram {self.seed}, file {self.others}"

    def _picture(self, photo: photos.Photo | None = None, padding_bytes: int = 0) -> File:
        number = self.pictures = self.pictures + 1
        photo = photo or self.random.choice(photos.JPEGS)
        name = f"{talk.CAPTIONS[photo.subject][0]}-{number:04d}.{photo.suffix}"
        padding_bytes = padding_bytes or self.padding_bytes * (photo.suffix == "jpg")
        note = f"telegram {self.seed}, picture {number}"
        return picture_file(key_of(note), photo, name, note, padding_bytes)

    def _exact(self) -> File:
        self.pictures += 1
        photo, note = photos.JPEGS[4], f"telegram {self.seed}, picture {self.pictures}"
        blocks, rest = divmod(EXACT_BYTES - len(photos.picture(photo, "")), 65_537)
        return picture_file(key_of(note), photo, "exact.jpg", note.ljust(rest, "."), blocks * 65_537)
