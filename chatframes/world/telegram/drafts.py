"""The records that the sandbox's Telegram is written in, before they get Telegram's own shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from ..community.people import File, Person

Style = Literal["plain", "bold", "italic", "code", "spoiler", "link", "url", "handle", "name", "emoji", "hashtag"]


class Words(NamedTuple):
    """A piece of text of one style; `target` is a link's URL, the key of a person, or a custom emoji's id."""

    text: str
    style: Style = "plain"
    target: str = ""
    bold: bool = False  # on top of the style


@dataclass(frozen=True, slots=True)
class Thing:
    """What hangs on a message; `shape` says how it is carried, `lines` are a poll's or a list's."""

    shape: str
    files: tuple[File, ...] = ()
    lines: tuple[str, ...] = ()
    key: str = ""
    spoiler: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a forwarded message first stood: a person, a name alone, or a channel's post."""

    when: datetime
    person: Person | None = None
    name: str | None = None
    post: Draft | None = None


@dataclass(slots=True, eq=False)
class Draft:
    """One message. `author` is a person, or the key of the room that speaks (posts, anonymous admins)."""

    when: datetime
    author: Person | str
    words: tuple[Words, ...] = ()
    thing: Thing | None = None
    service: str = ""  # what happened, in Telegram's words without MessageAction
    about: Person | str | None = None  # to whom it happened, or the new title, or the other room
    answers: Draft | None = None
    names_top: bool = False  # the reply also says where its thread began
    elsewhere: Literal["", "chat", "story"] = ""  # it answers something in another room
    quotes: bool = False
    topic: Draft | None = None
    edited_at: datetime | None = None
    edit_hidden: bool = False
    reactions: tuple[tuple[str, int], ...] = ()
    views: int | None = None
    forwards: int | None = None
    comments: int | None = None
    origin: Origin | None = None
    album: int = 0
    signature: str | None = None
    pinned: bool = False
    protected: bool = False
    restricted: bool = False
    via_bot: bool = False
    deleted: bool = False  # it took an id, and is gone
    id: int = 0

    @property
    def text(self) -> str:
        """What was typed."""
        return "".join(words.text for words in self.words)

    @property
    def top(self) -> Draft:
        """The first message of the thread, deleted or not."""
        draft = self
        while draft.answers is not None and not draft.elsewhere:
            draft = draft.answers
        return draft


@dataclass(slots=True)
class Room:
    """A chat; `person` is the other side of a private one. Its drafts are in order and numbered."""

    key: str
    kind: Literal["person", "bot", "group", "supergroup", "channel"]
    title: str
    created_at: datetime
    drafts: list[Draft] = field(default_factory=list)
    username: str | None = None
    person: Person | None = None
    forum: bool = False


def username(person: Person) -> str | None:
    """The public name of a person or a bot; not everybody has one."""
    if person.kind == "bot":
        return f"{person.nick.lower().replace(' ', '_')}_bot"
    public = person.nick.isascii() and len(person.nick) % 2 == 0 and not person.left
    return f"{person.nick.lower()}_apollo" if public else None
