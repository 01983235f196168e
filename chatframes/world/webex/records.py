"""The team's chats as Webex's API returns them: its ids and its JSON."""

from __future__ import annotations

import base64
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

from ..community.people import (
    Card,
    Chat,
    File,
    Message,
    Person,
)

LOGO_TYPE = "image/svg+xml"  # of the picture of every card: a drawing, which is no picture to download
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>'
CARD_TYPE = "application/vnd.microsoft.card.adaptive"


def webex_id(kind: str, key: str, cluster: str = "us") -> str:
    """An id as Webex makes them: unpadded base64 of a URI."""
    return base64.urlsafe_b64encode(f"ciscospark://{cluster}/{kind}/{key}".encode()).decode().rstrip("=")


def person_id(person: Person) -> str:
    """The id of a person or a bot."""
    return webex_id("PEOPLE", person.key, person.cluster)


def room_id(chat: Chat) -> str:
    """The id of a room."""
    return webex_id("ROOM", chat.key)


def message_id(key: str) -> str:
    """The id of the message with this key."""
    return webex_id("MESSAGE", key)


def content_id(file: File) -> str:
    """The id of a file's content: one id, one download."""
    return webex_id("CONTENT", file.key)


def stamp(moment: datetime) -> str:
    """A time as Webex writes it: with milliseconds and Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def disposition(file: File) -> str | None:
    """The Content-Disposition of a file: sometimes there is none, or a blank name, or an encoded one."""
    if file.name is None:
        return None if int(file.sha256[0], 16) % 2 else 'attachment; filename=" "'
    if file.name.isascii():
        return f'attachment; filename="{file.name}"'
    return f"attachment; filename*=UTF-8''{quote(file.name)}"


def person_json(person: Person) -> dict[str, Any]:
    """One item of /people."""
    return {
        "id": person_id(person),
        "emails": [person.email] if person.email else [],
        "displayName": person.name,
        "nickName": person.nick,
        "created": "2024-02-05T09:00:00.000Z",
        "type": person.kind,
    }


def room_json(chat: Chat, me: Person) -> dict[str, Any]:
    """One item of /rooms."""
    return {
        "id": room_id(chat),
        "title": chat.title,
        "type": chat.kind,
        "isLocked": False,
        "lastActivity": stamp(chat.last_activity),
        "creatorId": person_id(me),
        "created": stamp(chat.created_at),
        "isPublic": False,
    }


def markdown_of(message: Message, ids: dict[str, str]) -> str | None:
    """The markdown a message was written in; None when it is plain text."""
    if all(run.style == "plain" for run in message.runs):
        return None
    shapes = {"bold": "**{}**", "code": "`{}`", "link": "[{}]({})", "mention": "<@personId:{1}|{0}>"}
    return "".join(
        shapes.get(run.style, "{}").format(run.text, ids.get(run.target, run.target)) for run in message.runs
    )


def html_of(message: Message, ids: dict[str, str]) -> str | None:
    """The HTML made of a message; None for plain text, and for some that only keep their markdown.

    `ids` leads from a person's key to the id.
    """
    styles = {run.style for run in message.runs}
    if styles <= {"plain"} or (styles <= {"plain", "bold", "code"} and int(message.key[0], 16) % 3 == 0):
        return None
    shapes = {
        "plain": "{}",
        "bold": "<strong>{}</strong>",
        "code": "<code>{}</code>",
        "link": '<a href="{1}">{0}</a>',
        "mention": '<spark-mention data-object-type="person" data-object-id="{1}">{0}</spark-mention>',
    }
    pieces = (
        shapes[run.style].format(escape(run.text, quote=False), escape(ids.get(run.target, run.target)))
        for run in message.runs
    )
    return f"<p>{''.join(pieces)}</p>"


def logo_url(foreign_url: str) -> str:
    """Where the picture of a card lies: on a host that the token must never reach."""
    return f"{foreign_url}/card/logo.svg"


def card_json(card: Card, picture_url: str) -> dict[str, Any]:
    """An Adaptive Card; its picture lies on a host the token must never reach."""
    blocks = [{"type": "TextBlock", "text": line, "wrap": True} for line in card.lines]
    columns = {"type": "ColumnSet", "columns": [{"type": "Column", "items": blocks}]}
    content: dict[str, Any] = {
        "type": "AdaptiveCard",
        "version": "1.3",
        "body": [
            {"type": "TextBlock", "text": card.title, "weight": "Bolder"},
            {"type": "Image", "url": picture_url, "altText": "logo"},
            {"type": "Container", "items": [columns]},
        ],
        "actions": [{"type": "Action.Submit", "title": "Seen", "data": {"seen": True}}],
    }
    if card.fallback is not None:
        content["fallbackText"] = card.fallback
    return {"contentType": CARD_TYPE, "content": content}


def message_json(message: Message, chat: Chat, ids: dict[str, str], base_url: str, foreign_url: str) -> dict[str, Any]:
    """One item of /messages; what is absent is left out, never null."""
    mentions = [ids[run.target] for run in message.runs if run.style == "mention"]
    html = html_of(message, ids)
    wordless = html is not None and message.key[1] == "0"  # some clients send nothing but HTML
    fields: dict[str, Any] = {
        "id": message_id(message.key),
        "parentId": message_id(message.parent_key) if message.parent_key else None,
        "roomId": room_id(chat),
        "roomType": chat.kind,
        "text": None if wordless else message.text or None,
        "markdown": markdown_of(message, ids),
        "html": html,
        "files": [f"{base_url}/contents/{content_id(file)}" for file in message.files] or None,
        "personId": ids[message.author.key],
        "personEmail": message.author.email,
        "mentionedPeople": list(dict.fromkeys(mentions)) or None,
        "attachments": [card_json(message.card, logo_url(foreign_url))] if message.card else None,
        "created": stamp(message.created_at),
        "updated": stamp(message.edited_at) if message.edited_at else None,
    }
    return {name: value for name, value in fields.items() if value is not None}
