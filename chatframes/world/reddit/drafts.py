"""The records that the sandbox's Reddit is written in, before they get Reddit's own shape."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Literal, NamedTuple

from ..community.people import File, Person

Kind = Literal["public", "private", "quarantined", "banned"]
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_KINDS = {"animated": "gif", "giphy": "gif", "film": "video", "video": "video", "external": "link_preview"}
_REASONS = {"film": "not_an_image", "video": "not_an_image"}


@dataclass(frozen=True, slots=True)
class Said:
    """A text as it was typed, and the people and addresses that stand in it, in order."""

    text: str = ""
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    def then(self, more: Said, glue: str = "\n\n") -> Said:
        """Both texts, one after the other."""
        text = glue.join(filter(None, (self.text, more.text)))
        return Said(text, self.mentions + more.mentions, self.links + more.links)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture, a film, or the hole where one should be; `key` is its name in media_metadata."""

    shape: Literal[
        "image", "animated", "giphy", "external", "foreign", "film", "video", "failed", "unprocessed", "absent"
    ]
    key: str
    source_id: str
    url: str | None = None  # where it is asked for first
    preview_url: str | None = None  # signed
    file: File | None = None  # what can be had; nothing of films and holes

    @property
    def kind(self) -> str:
        """The kind of the attachment."""
        return _KINDS.get(self.shape, "photo")

    @property
    def reason(self) -> str | None:
        """Why there is nothing to ask for."""
        return None if self.file is not None else _REASONS.get(self.shape, "no_bytes")


class Shown(NamedTuple):
    """A `Shot` where it is shown.

    ``gallery``, ``img`` and ``bare`` (in a text: by id, by URL) and ``unshown`` have an entry in media_metadata;
    ``label`` (a URL in a text, nothing more), ``direct`` (what a post links) and ``preview`` have none.
    """

    shot: Shot
    how: Literal["gallery", "img", "bare", "unshown", "label", "direct", "preview"]
    caption: str = ""
    outbound_url: str = ""


@dataclass(slots=True, eq=False)
class Draft:
    """A post, or a comment below `parent`. No author: the account is gone, or the service hides it."""

    when: datetime
    author: Person | None
    said: Said
    title: str | None = None  # posts only
    parent: Draft | None = None
    answers: list[Draft] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    url: str | None = None  # what a post links
    original: Draft | None = None  # what a crosspost repeats
    crossposts: int = 0
    unordered: bool = False  # a gallery whose gallery_data is null
    poll: tuple[str, ...] = ()
    edited_at: datetime | None = None
    score: int = 1
    score_hidden: bool = False
    flair: str | None = None
    removed_by: str | None = None
    over_18: bool = False
    spoiler: bool = False
    stickied: bool = False
    locked: bool = False
    distinguished: str | None = None
    uncounted: int = 0  # comments that only num_comments knows of
    written: int = 0  # in which order, among those of one second
    id: str = ""

    @property
    def name(self) -> str:
        """The fullname."""
        return f"{'t3' if self.parent is None else 't1'}_{self.id}"

    @property
    def top(self) -> Draft:
        """The post."""
        draft = self
        while draft.parent is not None:
            draft = draft.parent
        return draft

    @property
    def is_gallery(self) -> bool:
        """Whether this is a post made of pictures; crossposts only repeat one."""
        return self.original is None and any(shown.how == "gallery" for shown in self.shown)

    @property
    def link(self) -> str | None:
        """The address a post leads to; None of posts that are only text."""
        if self.is_gallery:
            return f"https://www.reddit.com/gallery/{self.id}"
        return self.url if self.original is None else self.original.link

    def tree(self) -> Iterator[tuple[Draft, int]]:
        """All comments below, each with its depth counted from 0: parents first, the best of siblings first."""
        rest = [(draft, 0) for draft in self._worst_first()]
        while rest:
            draft, depth = rest.pop()
            yield draft, depth
            rest += [(answer, depth + 1) for answer in draft._worst_first()]

    def _worst_first(self) -> list[Draft]:
        return sorted(self.answers, key=lambda draft: (-draft.score, draft.written), reverse=True)


@dataclass(slots=True)
class Board:
    """A subreddit; its posts are the newest first, once they have ids."""

    name: str
    id: str
    kind: Kind
    created_at: datetime
    posts: list[Draft] = field(default_factory=list)

    def path(self, draft: Draft) -> str:
        """The permalink without its host."""
        post = draft.top
        own = f"{draft.id}/" if draft is not post else ""
        return f"/r/{self.name}/comments/{post.id}/{_words_of_path(post.title or '')}/{own}"


@lru_cache(maxsize=4_096)  # each is asked for several times, for every row of a post
def _words_of_path(title: str) -> str:
    words = "".join(one if one.isascii() and one.isalnum() else " " for one in title.lower()).split()
    return "_".join(words)[:50].strip("_") or "_"


def base36(number: int) -> str:
    """A number as Reddit's ids write it."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def token(length: int, *parts: object) -> str:
    """So many small letters and digits that depend on nothing but `parts`; the first is never a 0."""
    number = int(sha256("/".join(map(str, parts)).encode()).hexdigest(), 16)
    return base36(36 ** (length - 1) + number % (35 * 36 ** (length - 1)))


@lru_cache(maxsize=1_024)
def username(person: Person) -> str:
    """The account's name, which holds a hyphen or an underscore."""
    plain = unicodedata.normalize("NFD", person.nick).encode("ascii", "ignore").decode()
    if person.kind == "bot":
        return plain.replace(" ", "_")
    return f"{plain}{'-' if len(plain) % 2 else '_'}apollo"


@lru_cache(maxsize=1_024)
def user_id(seed: int, person: Person) -> str:
    """The account's fullname."""
    return f"t2_{token(8, seed, 'account', person.key)}"
