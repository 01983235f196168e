"""The people, chats and files of the sandbox, as plain records that no service has shaped yet.

Everything follows from the seed. Each service's server renders these records in its own way.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from . import photos

END = datetime(2026, 11, 1, tzinfo=UTC)  # the sandbox's time stands still here
MAIN_CHAT = "Project Apollo"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes; `left` means the account is gone."""

    key: str
    nick: str
    name: str
    email: str
    cluster: str
    kind: Literal["person", "bot"] = "person"
    left: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text of one style; `target` is a link's URL or the key of the person mentioned."""

    text: str
    style: Literal["plain", "bold", "code", "link", "mention"] = "plain"
    target: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A small form instead of text; `fallback` is what plain clients show."""

    title: str
    lines: tuple[str, ...]
    fallback: str | None


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was first posted; `key` is the posting message's key and the file's place in it."""

    key: str
    name: str | None
    mime: str
    note: str
    size_bytes: int
    sha256: str
    photo: photos.Photo | None = None
    document: str = ""
    padding_bytes: int = 0

    def data(self) -> bytes:
        """The bytes, made anew: files are not kept in memory."""
        return _bytes(self.photo, self.document, self.note, self.padding_bytes)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `whole_second`: the service may write its time without a fraction."""

    key: str
    created_at: datetime
    author: Person
    runs: tuple[Run, ...]
    parent_key: str | None
    files: tuple[File, ...]
    card: Card | None
    edited_at: datetime | None
    whole_second: bool

    @property
    def text(self) -> str:
        """What was typed, without its markup; may hold a lone surrogate."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat and its messages, in the order in which they were sent."""

    key: str
    title: str
    kind: Literal["group", "direct"]
    created_at: datetime
    members: tuple[Person, ...]
    messages: tuple[Message, ...]

    @property
    def last_activity(self) -> datetime:
        """When somebody last wrote; a silent chat's creation."""
        return self.messages[-1].created_at if self.messages else self.created_at


@dataclass(frozen=True, slots=True)
class Community:
    """Everybody and everything; `me` is whose account the sandbox hands out."""

    seed: int
    since: datetime
    until: datetime
    me: Person
    bot: Person
    people: tuple[Person, ...]
    chats: tuple[Chat, ...]


def key_of(*parts: object) -> str:
    """A UUID that depends on nothing but `parts`."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return str(UUID(bytes=digest[:16], version=4))


def picture_file(key: str, photo: photos.Photo, name: str | None, note: str, padding_bytes: int = 0) -> File:
    """A photograph as a file of its own, distinct by `note`."""
    data = _bytes(photo, "", note, padding_bytes)
    digest = hashlib.sha256(data).hexdigest()
    return File(key, name, photo.mime, note, len(data), digest, photo, "", padding_bytes)


def document_file(key: str, kind: str, name: str, note: str) -> File:
    """A file that is no picture."""
    data = _bytes(None, kind, note, 0)
    mime = {"pdf": "application/pdf", "csv": "text/csv"}.get(kind, "application/zip")
    return File(key, name, mime, note, len(data), hashlib.sha256(data).hexdigest(), None, kind)


def _bytes(photo: photos.Photo | None, kind: str, note: str, padding_bytes: int) -> bytes:
    return photos.document(kind, note) if photo is None else photos.picture(photo, note, padding_bytes)
