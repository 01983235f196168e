"""Read the text of a Telegram message: as HTML, with its links and mentions."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from telethon.tl import types

__all__ = ["PLAIN", "TAGS", "Piece", "as_html", "links", "mentions", "slices", "unknown"]

MAX_ENTITIES = 250  # in the HTML; Telegram itself allows 100, and overlapping ones cost time by their square


@dataclass(frozen=True, slots=True)
class Piece:
    """An entity and its part of the text: the characters from `start` to `end`."""

    entity: Any
    start: int
    end: int
    text: str


def slices(text: str, entities: Sequence[Any]) -> list[Piece]:
    """Return each entity that lies in the text, with its part of the text, in the order of the text.

    Telegram counts in UTF-16 units, where one emoji counts as two, so Python's own slices would be shifted after one.
    An entity that begins or ends in the middle of such a character has the whole character.

    Examples
    --------
    >>> from telethon.tl import types
    >>> [piece.text for piece in slices("😀 see x.org", [types.MessageEntityUrl(offset=7, length=5)])]
    ['x.org']
    """
    wide = [] if text.isascii() else _wide_characters(text)
    length = len(text) + len(wide)
    pieces = []
    for entity in entities:
        start, count = getattr(entity, "offset", None), getattr(entity, "length", None)
        if not (isinstance(start, int) and isinstance(count, int) and 0 <= start < length and count > 0):
            continue
        first = _place(wide, start, after=False)
        last = _place(wide, min(start + count, length), after=True)
        pieces.append(Piece(entity, first, last, text[first:last]))
    pieces.sort(key=lambda piece: piece.start)
    return pieces


def _wide_characters(text: str) -> list[int]:
    """Return where the characters of two units begin, counted in units."""
    return [place + before for before, place in enumerate(at for at, one in enumerate(text) if one > "\uffff")]


def _place(wide: list[int], units: int, *, after: bool) -> int:
    """Return a place in the text, counted in characters; one inside a character becomes the one before or after it."""
    before = bisect_left(wide, units)
    inside = before > 0 and wide[before - 1] == units - 1
    return units - before + (after and inside)


def mentions(pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Return who is mentioned: handles (``@name``), or ids of people who have none."""
    names = []
    for piece in pieces:
        if isinstance(piece.entity, types.MessageEntityMention):
            names.append(piece.text)
        elif isinstance(piece.entity, types.MessageEntityMentionName | types.InputMessageEntityMentionName):
            names.append(str(_user_id(piece.entity)))
    return tuple(names)


def links(pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Return the links exactly as they were written, harmful ones too: in the table they are only data."""
    urls = []
    for piece in pieces:
        if isinstance(piece.entity, types.MessageEntityUrl):
            urls.append(piece.text)
        elif isinstance(piece.entity, types.MessageEntityTextUrl) and isinstance(piece.entity.url, str):
            urls.append(piece.entity.url)
    return tuple(urls)


def unknown(entities: Sequence[Any]) -> list[str]:
    """Return the kinds of entities that nobody here has heard of."""
    return [type(entity).__name__ for entity in entities if type(entity) not in TAGS and type(entity) not in PLAIN]


def as_html(text: str, pieces: Sequence[Piece]) -> str | None:
    """Return the text as HTML; None when there is nothing to show. Without its tags it is the text again.

    Entities that overlap are closed and opened again, so that the tags nest. A sender's words never become code: a
    link that would run a script, or that contains a quotation mark, is shown as plain text.

    Examples
    --------
    >>> from telethon.tl import types
    >>> as_html("abcd", slices("abcd", [types.MessageEntityBold(0, 3), types.MessageEntityItalic(1, 3)]))
    '<strong>a<em>bc</em></strong><em>d</em>'
    """
    if not text or not pieces:
        return None
    tagged = [_Tagged(piece, *tags) for piece in pieces[:MAX_ENTITIES] if (tags := _tags(piece)) is not None]
    return _nested(text, sorted(tagged, key=lambda one: (one.piece.start, -one.piece.end)))


class _Tagged(NamedTuple):
    piece: Piece
    opening: str
    closing: str


def _nested(text: str, waiting: Sequence[_Tagged]) -> str:
    """Put the tags around their pieces, which come by their start, the longest first."""
    places = sorted({place for one in waiting for place in (one.piece.start, one.piece.end)})
    beginning: dict[int, list[_Tagged]] = {place: [] for place in places}
    for one in waiting:
        beginning[one.piece.start].append(one)
    parts, done = [], 0
    opened: list[_Tagged] = []
    for place in places:
        parts.append(escape(text[done:place], quote=False))
        done = place
        again: list[_Tagged] = []  # closed only because what is around them ends here
        while any(one.piece.end <= place for one in opened):
            last = opened.pop()
            parts.append(last.closing)
            if last.piece.end > place:
                again.insert(0, last)
        for one in (*again, *beginning[place]):
            parts.append(one.opening)
            opened.append(one)
    parts.append(escape(text[done:], quote=False))
    return "".join(parts)


Tags = tuple[str, str]
_RUNS = re.compile(r"[\s\x00-\x20]*(?:javascript|data|vbscript):", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x1f]")  # browsers ignore these inside a scheme
_HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def _tags(piece: Piece) -> Tags | None:
    """Return the tags before and after a piece; None where it needs none."""
    make = TAGS.get(type(piece.entity))
    if make is None:
        return None
    try:
        return make(piece)
    except (TypeError, ValueError, AttributeError):  # a malformed one
        return None


def _always(opening: str, closing: str) -> Callable[[Piece], Tags | None]:
    return lambda piece: (opening, closing)


def _link(address: str) -> Tags | None:
    if _RUNS.match(_UNSEEN.sub("", address)):
        return None
    return f'<a href="{escape(address)}">', "</a>"


def _url(piece: Piece) -> Tags | None:
    return (
        None if '"' in piece.text else _link(piece.text if _HAS_SCHEME.match(piece.text) else f"https://{piece.text}")
    )


def _email(piece: Piece) -> Tags | None:
    return None if '"' in piece.text else _link(f"mailto:{piece.text}")


def _pre(piece: Piece) -> Tags:
    language = re.sub(r"[^\w.+#-]", "", piece.entity.language or "")
    return (f'<pre><code class="language-{language}">', "</code></pre>") if language else ("<pre>", "</pre>")


def _quote(piece: Piece) -> Tags:
    return ("<blockquote expandable>" if piece.entity.collapsed else "<blockquote>"), "</blockquote>"


def _date(piece: Piece) -> Tags:
    return f'<time datetime="{escape(piece.entity.date.isoformat())}">', "</time>"


def _user_id(entity: Any) -> Any:
    return getattr(entity.user_id, "user_id", entity.user_id)


def _user(piece: Piece) -> Tags | None:
    return _link(f"tg://user?id={_user_id(piece.entity)}")


TAGS: dict[type, Callable[[Piece], Tags | None]] = {
    types.MessageEntityBold: _always("<strong>", "</strong>"),
    types.MessageEntityItalic: _always("<em>", "</em>"),
    types.MessageEntityUnderline: _always("<u>", "</u>"),
    types.MessageEntityStrike: _always("<del>", "</del>"),
    types.MessageEntityCode: _always("<code>", "</code>"),
    types.MessageEntitySpoiler: _always('<span class="spoiler">', "</span>"),
    types.MessageEntityDiffInsert: _always("<ins>", "</ins>"),
    types.MessageEntityDiffReplace: _always("<ins>", "</ins>"),
    types.MessageEntityDiffDelete: _always("<del>", "</del>"),
    types.MessageEntityCustomEmoji: lambda piece: (
        f'<tg-emoji emoji-id="{int(piece.entity.document_id)}">',
        "</tg-emoji>",
    ),
    types.MessageEntityPre: _pre,
    types.MessageEntityBlockquote: _quote,
    types.MessageEntityFormattedDate: _date,
    types.MessageEntityUrl: _url,
    types.MessageEntityEmail: _email,
    types.MessageEntityTextUrl: lambda piece: _link(piece.entity.url),
    types.MessageEntityMentionName: _user,
    types.InputMessageEntityMentionName: _user,
}
# Words that an app makes clickable: they need no tag, since the text says it all. Unknown is Telegram's own word.
PLAIN = frozenset(
    (
        types.MessageEntityMention,
        types.MessageEntityHashtag,
        types.MessageEntityBotCommand,
        types.MessageEntityPhone,
        types.MessageEntityCashtag,
        types.MessageEntityBankCard,
        types.MessageEntityUnknown,
    )
)
