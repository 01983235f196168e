"""Turn Webex's JSON of a message into a row of the table."""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ...model import Attachment, Message
from .content import Content, content_of

Item = dict[str, Any]

FILE_KINDS = FILE, VOICE = "file", "voice"  # of the attachments that are files of Webex's own


def row(
    item: Item, chat_id: str, chat_name: str, fetched_at: datetime, *, raw: bool, whole: bool | None = None
) -> Message:
    """Return the row of one message; `People` fills in the author's name and kind afterwards.

    `whole` is what `is_whole` says of it, where that is known already.
    """
    errors = item.get("errors")
    content = _content(item, errors)
    files = _files(item)
    message_id, parent_id, email = str(item["id"]), _text(item, "parentId"), _text(item, "personEmail")
    return Message(
        platform="webex",
        chat_id=chat_id,
        chat_name=chat_name,
        message_id=message_id,
        created_at=moment(item.get("created")),
        edited_at=moment(item.get("updated")),
        fetched_at=fetched_at,
        author_id=_text(item, "personId"),
        author_name=email,
        author_handle=email,
        text=content.text,
        markup=content.markup,
        parent_id=parent_id,
        thread_id=parent_id or message_id,
        depth=1 if parent_id else 0,
        mentions=(*texts_in(item, "mentionedPeople"), *texts_in(item, "mentionedGroups")),
        links=content.links,
        details=content.details,
        flags=tuple(dict.fromkeys([*_flags(item, errors, whole), *content.flags])),
        permalink=_permalink(chat_id, message_id),
        raw=_as_json(item) if raw else None,
        attachments=(*files, *(replace(each, position=len(files) + each.position) for each in content.pictures)),
    )


def _content(item: Item, errors: object) -> Content:
    if isinstance(errors, dict):
        item = {key: value for key, value in item.items() if key not in errors or key == "attachments"}
    return content_of(
        _text(item, "text") or "", _text(item, "html"), _text(item, "markdown"), list_in(item, "attachments")
    )


def _files(item: Item) -> list[Attachment]:
    kind = VOICE if item.get("isVoiceClip") is True else FILE
    return [Attachment(position, kind, source_id(url), url) for position, url in enumerate(texts_in(item, "files"))]


_TEXTS = frozenset(("id", "parentId", "text", "markdown", "html", "personId", "personEmail", "created", "updated"))
_LISTS = {"files": str, "mentionedPeople": str, "mentionedGroups": str, "attachments": dict}


def is_whole(item: Item) -> bool:
    """Whether a message has a time that can be read, no errors, and nothing in it of a type it should not have."""
    if item.get("errors") or moment(item.get("created")) is None:
        return False
    for key, value in item.items():  # plain loops, as this is done for each message of a chat
        if value is None:
            continue
        if key in _TEXTS:
            if not isinstance(value, str):
                return False
        elif (kind := _LISTS.get(key)) is not None and not _is_list_of(value, kind):
            return False
    return True


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(entry, kind) for entry in value)


def moment(value: object) -> datetime | None:
    """Return a Webex time stamp, with or without a fraction, as UTC; None when there is none or it cannot be read."""
    try:
        parsed = datetime.fromisoformat(value if isinstance(value, str) else "")
        if parsed.tzinfo is UTC:
            return parsed
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
        plain = binascii.a2b_base64(webex_id + "=" * (-len(webex_id) % 4), strict_mode=True).decode("ascii")
    except ValueError:
        return None
    if not plain.startswith("ciscospark://"):
        return None
    kind, _, uuid = plain.removeprefix("ciscospark://").partition("/")[2].partition("/")
    return (kind, uuid) if uuid else None


_decoded_chat = lru_cache(64)(decode_id)  # the same one for each message of a chat


def _permalink(chat_id: str, message_id: str) -> str | None:
    chat, message = _decoded_chat(chat_id), decode_id(message_id)
    return f"webexteams://im?space={chat[1]}&message={message[1]}" if chat and message else None


def _flags(item: Item, errors: object, whole: bool | None) -> Iterator[str]:
    if not (is_whole(item) if whole is None else whole):
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
    value = item.get(key)
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _as_json(item: Item) -> str:
    try:
        return json.dumps(item, ensure_ascii=True)
    except (ValueError, RecursionError):  # nested so deeply that Python cannot write it, or in itself
        return json.dumps({"id": str(item["id"]), "unread": "nested too deeply"})
