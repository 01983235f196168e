"""The records that a table of the sandbox's Webex must equal, written from the chats and not from Webex's JSON."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from ..community.people import Card, Chat, Community, File, Message
from ..community.talk import whole_text
from .records import LOGO, LOGO_TYPE, content_id, html_of, logo_url, markdown_of, message_id, person_id, room_id


def truth(community: Community, foreign_url: str) -> dict[str, list[dict[str, Any]]]:
    """Everything there is, as plain records; messages in the order of the table."""
    messages = [record for chat in community.chats for record in _records(chat, community, foreign_url)]
    messages.sort(key=lambda r: (r["created_at"], r["chat_id"], len(r["message_id"]), r["message_id"]))
    return {
        "chats": [
            {
                "platform": "webex",
                "id": room_id(chat),
                "title": chat.title,
                "kind": chat.kind,
                "created": chat.created_at,
                "last_activity": chat.last_activity,
                "messages": len(chat.messages),
                "images": sum(file.photo is not None for message in chat.messages for file in message.files),
            }
            for chat in community.chats
        ],
        "people": [
            {
                "platform": "webex",
                "id": person_id(p),
                "name": p.name,
                "email": p.email,
                "kind": p.kind,
                "left": p.left,
            }
            for p in community.people
        ],
        "messages": messages,
    }


def _records(chat: Chat, community: Community, foreign_url: str) -> Iterator[dict[str, Any]]:
    ids = {person.key: person_id(person) for person in community.people}
    for message in chat.messages:
        author = message.author
        said = "\n".join(filter(None, (message.text, *_card_lines(message.card))))
        text = whole_text(said)
        mentions = [ids[run.target] for run in message.runs if run.style == "mention"]
        yield {
            "platform": "webex",
            "chat_id": room_id(chat),
            "chat_name": chat.title,
            "message_id": message_id(message.key),
            "created_at": message.created_at,
            "edited_at": message.edited_at,
            "author_id": ids[author.key],
            "author_handle": author.email or None,
            "author_name": author.email if author.left else author.name,  # who left is known by the address only
            "author_kind": "deleted" if author.left else author.kind,
            "text": text,
            "markup": html_of(message, ids) or markdown_of(message, ids),
            "parent_id": message_id(message.parent_key) if message.parent_key else None,
            "thread_id": message_id(message.parent_key or message.key),
            "depth": 1 if message.parent_key else 0,
            "mentions": list(dict.fromkeys(mentions)),
            "links": list(dict.fromkeys(_links(message))),
            "flags": [] if text == said else ["text_repaired"],
            "media": [
                *(_media(position, file) for position, file in enumerate(message.files)),
                *([_logo(len(message.files), foreign_url)] if message.card else []),
            ],
        }


def _media(position: int, file: File) -> dict[str, Any]:
    return {
        "position": position,
        "source_id": content_id(file),
        "name": file.name,
        "declared_mime": file.mime,
        "mime": file.mime,
        "size": file.size_bytes,
        "sha256": file.sha256,
        "is_image": file.photo is not None,
        "width": file.photo.width if file.photo else None,
        "height": file.photo.height if file.photo else None,
    }


def _links(message: Message) -> Iterator[str]:
    for run in message.runs:
        if run.style == "link":
            yield run.target
        else:
            yield from (written.rstrip(".,!?") for written in re.findall(r"https?://[^\s'\"<>]+", run.text))


def _logo(position: int, foreign_url: str) -> dict[str, Any]:
    """The drawing in a card, which has no name."""
    return {
        "position": position,
        "source_id": logo_url(foreign_url),
        "name": None,
        "declared_mime": LOGO_TYPE,
        "mime": LOGO_TYPE,
        "size": len(LOGO),
        "sha256": hashlib.sha256(LOGO).hexdigest(),
        "is_image": False,
        "width": None,
        "height": None,
    }


def _card_lines(card: Card | None) -> tuple[str, ...]:
    """What a reader of the app sees, top to bottom; "logo" is the name of the drawing."""
    return (card.title, "logo", *card.lines, "Seen") if card else ()
