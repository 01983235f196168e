"""Read the text of a Telegram message: as HTML, with its links and mentions."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from typing import Any

from telethon.extensions import html
from telethon.tl import types


def slices(text: str, entities: Sequence[Any]) -> list[tuple[Any, str]]:
    """Return each entity that lies in the text, with its part of the text, in the order of the text.

    Telegram counts in UTF-16 units, where one emoji counts as two, so Python's own slices would be shifted after one.

    Examples
    --------
    >>> from telethon.tl import types
    >>> [piece for _, piece in slices("😀 see x.org", [types.MessageEntityUrl(offset=7, length=5)])]
    ['x.org']
    """
    plain = text.isascii()
    units = b"" if plain else text.encode("utf-16-le", "surrogatepass")
    length = len(text) if plain else len(units) // 2
    pieces = []
    for entity in entities:
        start, count = getattr(entity, "offset", None), getattr(entity, "length", None)
        if not (isinstance(start, int) and isinstance(count, int) and 0 <= start < length and count > 0):
            continue
        end = start + count
        if end > length:  # the formatter would otherwise take its own tags for text
            entity, end = copy.copy(entity), length
            entity.length = end - start
        piece = text[start:end] if plain else units[2 * start : 2 * end].decode("utf-16-le", "replace")
        pieces.append((entity, piece))
    pieces.sort(key=lambda pair: pair[0].offset)
    return pieces


def mentions(pieces: Sequence[tuple[Any, str]]) -> tuple[str, ...]:
    """Return who is mentioned: handles (``@name``), or ids of people who have none."""
    names = []
    for entity, piece in pieces:
        if isinstance(entity, types.MessageEntityMention):
            names.append(piece)
        elif isinstance(entity, types.MessageEntityMentionName | types.InputMessageEntityMentionName):
            who = entity.user_id
            names.append(str(getattr(who, "user_id", who)))
    return tuple(names)


def links(pieces: Sequence[tuple[Any, str]]) -> tuple[str, ...]:
    """Return the links exactly as they were written, harmful ones too: in the table they are only data."""
    urls = []
    for entity, piece in pieces:
        if isinstance(entity, types.MessageEntityUrl):
            urls.append(piece)
        elif isinstance(entity, types.MessageEntityTextUrl) and isinstance(entity.url, str):
            urls.append(entity.url)
    return tuple(urls)


def as_html(text: str, pieces: Sequence[tuple[Any, str]]) -> str | None:
    """Return the text as HTML; None when there is nothing to show, or its entities contradict the text.

    A sender's words never become code in it: a link that would run a script, or that contains a quotation mark, is
    shown as plain text.
    """
    if not text or not pieces:
        return None
    try:
        return str(html.unparse(text, list(_harmless(pieces))))
    except Exception:  # an entity that begins in the middle of an emoji, for one
        return None


_RUNS = re.compile(r"[\s\x00-\x20]*(?:javascript|data|vbscript):", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x1f]")  # browsers ignore these inside a scheme


def _harmless(pieces: Sequence[tuple[Any, str]]) -> Iterator[Any]:
    """Yield the entities that are safe as HTML: the formatter escapes no attribute values."""
    for entity, piece in pieces:
        if isinstance(entity, types.MessageEntityUrl | types.MessageEntityEmail | types.MessageEntityTextUrl):
            named = isinstance(entity, types.MessageEntityTextUrl)
            if (not named and '"' in piece) or _RUNS.match(_UNSEEN.sub("", entity.url if named else piece)):
                continue
        elif isinstance(entity, types.MessageEntityPre):
            language = re.sub(r"[^\w.+#-]", "", entity.language or "")
            if language != entity.language:
                yield types.MessageEntityPre(entity.offset, entity.length, language)
                continue
        yield entity


def texts_of_media(media: Any) -> Iterator[str]:
    """Yield the lines of a poll (question, answers) or a to-do list (title, items)."""
    if isinstance(media, types.MessageMediaPoll):
        yield _plain(media.poll.question)
        for answer in media.poll.answers or ():
            yield _plain(getattr(answer, "text", None))
    elif isinstance(media, types.MessageMediaToDo):
        yield _plain(media.todo.title)
        for item in media.todo.list or ():
            yield _plain(item.title)


def _plain(text: Any) -> str:
    content = text if isinstance(text, str) else getattr(text, "text", None)
    return content if isinstance(content, str) else ""


def rich_text(rich: Any) -> tuple[list[str], list[str]]:
    """Return the lines and the links of a rich message, top to bottom."""
    urls: list[str] = []
    lines = [line for block in rich.blocks or () for line in _lines(block, urls)]
    return lines, urls


def _lines(node: Any, urls: list[str]) -> Iterator[str]:
    """Yield the lines of text of a block and of the blocks in it."""
    parts = dict(vars(node))
    for value in (parts.pop("title", None), *parts.values()):  # the title comes first
        for child in value if isinstance(value, list) else (value,):
            name = type(child).__name__
            if name.startswith("Text"):
                line = _inline(child, urls)
                if line:
                    yield line
            elif name.startswith("Page"):
                yield from _lines(child, urls)


def _inline(text: Any, urls: list[str]) -> str:
    if isinstance(text, types.TextConcat):
        return "".join(_inline(part, urls) for part in text.texts or ())
    inner = getattr(text, "text", None) or getattr(text, "alt", None) or getattr(text, "source", None) or ""
    plain = inner if isinstance(inner, str) else _inline(inner, urls)
    if isinstance(text, types.TextUrl):
        urls.append(text.url)
    elif isinstance(text, types.TextAutoUrl):
        urls.append(plain)
    return plain
