"""Turn Webex's JSON of a message into a row of the table."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...model import Attachment, Message

Item = dict[str, Any]


def row(item: Item, chat_id: str, chat_name: str, fetched_at: datetime, *, raw: bool) -> Message:
    """Return the row of one message; `People` fills in the author's name and kind afterwards."""
    errors = item.get("errors")
    broken = set(errors) if isinstance(errors, dict) else set()
    markup = None if broken & {"html", "markdown"} else _text(item, "html") or _text(item, "markdown")
    parsed_html = _read_html(markup) if markup and "<" in markup else None
    text = "" if "text" in broken else _text(item, "text")
    if not text and parsed_html is not None:
        text = parsed_html.text
    if not text:
        text = "\n".join(line for card in list_in(item, "attachments") for line in _card_text(card))
    message_id, parent_id = str(item["id"]), _text(item, "parentId")
    return Message(
        platform="webex",
        chat_id=chat_id,
        chat_name=chat_name,
        message_id=message_id,
        created_at=moment(item.get("created")),
        edited_at=moment(item.get("updated")),
        fetched_at=fetched_at,
        author_id=_text(item, "personId"),
        author_name=_text(item, "personEmail"),
        text=text or "",
        markup=markup,
        parent_id=parent_id,
        thread_id=parent_id or message_id,
        depth=1 if parent_id else 0,
        mentions=tuple(who for key in ("mentionedPeople", "mentionedGroups") for who in texts_in(item, key)),
        links=tuple(parsed_html.links) if parsed_html is not None else (),
        flags=tuple(_flags(item, errors)),
        permalink=_permalink(chat_id, message_id),
        raw=json.dumps(item, ensure_ascii=True) if raw else None,
        attachments=tuple(
            Attachment(position, "file", source_id(url), url) for position, url in enumerate(texts_in(item, "files"))
        ),
    )


_TEXTS = ("id", "parentId", "text", "markdown", "html", "personId", "personEmail", "created", "updated")
_LISTS = {"files": str, "mentionedPeople": str, "mentionedGroups": str, "attachments": dict}


def is_whole(item: Item) -> bool:
    """Whether a message has a time that can be read, no errors, and nothing in it of a type it should not have."""
    lists = ((item.get(key), kind) for key, kind in _LISTS.items())
    return (
        not item.get("errors")
        and moment(item.get("created")) is not None
        and all(isinstance(item.get(key), str | None) for key in _TEXTS)
        and all(
            value is None or (isinstance(value, list) and all(isinstance(entry, kind) for entry in value))
            for value, kind in lists
        )
    )


def moment(value: object) -> datetime | None:
    """Return a Webex time stamp, with or without a fraction, as UTC; None when there is none or it cannot be read."""
    try:
        parsed = datetime.fromisoformat(value if isinstance(value, str) else "")
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def stamp(when: datetime) -> str:
    """Return a moment the way Webex writes it: UTC with milliseconds."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def source_id(url: str) -> str:
    """Return the content's id: the last part of its path, without any query."""
    return url.partition("?")[0].rstrip("/").rpartition("/")[2] or url


def decode_id(webex_id: str) -> tuple[str, str] | None:
    """Return kind and uuid of a Webex id (``ROOM``, ``…``), or None when it is not one."""
    try:
        plain = base64.b64decode(webex_id + "=" * (-len(webex_id) % 4), validate=True).decode("ascii")
    except ValueError:
        return None
    if not plain.startswith("ciscospark://"):
        return None
    kind, _, uuid = plain.removeprefix("ciscospark://").partition("/")[2].partition("/")
    return (kind, uuid) if uuid else None


def _permalink(chat_id: str, message_id: str) -> str | None:
    chat, message = decode_id(chat_id), decode_id(message_id)
    return f"webexteams://im?space={chat[1]}&message={message[1]}" if chat and message else None


def _flags(item: Item, errors: object) -> Iterator[str]:
    if not is_whole(item):
        yield "partial"
    if isinstance(errors, dict):
        codes = {str(error.get("code", "error")) for error in errors.values() if isinstance(error, dict)}
        yield from sorted(codes)
    if item.get("isVoiceClip") is True:
        yield "voice_clip"


def _text(item: Item, key: str) -> str | None:
    value = item.get(key)
    return value if isinstance(value, str) and value else None


def list_in(item: Item, key: str) -> list[Any]:
    """Return the list under a key; anything else there counts as an empty list."""
    value = item.get(key)
    return value if isinstance(value, list) else []


def texts_in(item: Item, key: str) -> list[str]:
    """Return the texts in the list under a key."""
    return [entry for entry in list_in(item, key) if isinstance(entry, str)]


def _card_text(card: Any) -> Iterator[str]:
    """Yield the text of a card: its fallback text, else the texts in it, top to bottom."""
    content = card.get("content") if isinstance(card, dict) else None
    if not isinstance(content, dict):
        return
    if isinstance(content.get("fallbackText"), str):
        yield content["fallbackText"]
    else:
        yield from _texts_of(content.get("body"), levels=20)


def _texts_of(node: Any, levels: int) -> Iterator[str]:
    if levels == 0:
        return
    if isinstance(node, list):
        for child in node:
            yield from _texts_of(child, levels - 1)
    elif isinstance(node, dict):
        if node.get("type") == "TextBlock" and isinstance(node.get("text"), str):
            yield node["text"]
        if node.get("type") == "FactSet":
            for fact in list_in(node, "facts"):
                if isinstance(fact, dict):
                    yield f"{fact.get('title', '')} {fact.get('value', '')}".strip()
        for key in ("body", "items", "columns", "inlines"):
            yield from _texts_of(node.get(key), levels - 1)


@dataclass(frozen=True, slots=True)
class _ParsedHtml:
    """The text and the links of a piece of HTML."""

    text: str
    links: list[str]


_TAG = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_BREAKS = frozenset("br p li div h1 h2 h3 h4 h5 h6 pre blockquote".split())


def _read_html(markup: str) -> _ParsedHtml:
    """Return the text and the links of a message's HTML, in order, in one pass; no markup can slow it down or break it.

    The result is never shown as HTML, so a malformed tag only loses its own text.
    """
    first, *rest = markup.split("<")
    pieces, links = [html.unescape(first)], []
    for part in rest:
        tag, closed, text = part.partition(">")
        name = _TAG.match(tag)
        if not closed or name is None:  # a "<" that begins no tag
            pieces.append(html.unescape("<" + part) if not tag.startswith("!") else html.unescape(text))
            continue
        if name[1].lower() == "a":
            links += [html.unescape(next(filter(None, href), "")) for href in _HREF.findall(tag)]
        elif name[1].lower() in _BREAKS and not tag.startswith("/"):
            pieces.append("\n")
        pieces.append(html.unescape(text))
    return _ParsedHtml("".join(pieces).strip(), [link for link in links if link])
