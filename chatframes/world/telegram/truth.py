"""The records that a table of the sandbox's Telegram must equal, written from the drafts and not from TL objects."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ..community.people import Person
from .drafts import Draft, Origin, Room, Words, username
from .ids import Ids
from .media import Record

_TAGS = {"bold": "strong", "italic": "em", "code": "code"}


class Truth:
    """Takes the drafts of each room in their order, and knows what the table shows when the whole chat is there."""

    def __init__(self, people: tuple[Person, ...], rooms: list[Room], ids: Ids) -> None:
        self.people, self.rooms, self.ids = people, rooms, ids
        self.by_key = {room.key: room for room in rooms}
        self.named = {person.key: None if person.left else person.name for person in people}
        self._messages: list[Record] = []
        self._thread_ids: dict[Draft, str | None] = {}
        self._depths: dict[Draft, int | None] = {}

    def records(self) -> dict[str, list[Record]]:
        """Chats, people, and messages in the order of the table."""
        order = sorted(
            self._messages, key=lambda r: (r["created_at"], r["chat_id"], len(r["message_id"]), r["message_id"])
        )
        return {"chats": self._chats(), "people": self._people(), "messages": order}

    def _chats(self) -> list[Record]:
        kinds = {"person": "direct", "bot": "direct", "channel": "channel"}
        return [
            {
                "platform": "telegram",
                "id": str(self.ids.marked(room)),
                "title": room.title,
                "kind": kinds.get(room.kind, "group"),
                "username": room.username,
                "last_activity": room.drafts[-1].when if room.drafts else None,
            }
            for room in self.rooms
        ]

    def _people(self) -> list[Record]:
        return [
            {
                "platform": "telegram",
                "id": str(self.ids.users[person.key]),
                "name": self.named[person.key],
                "username": username(person),
                "kind": "deleted" if person.left else person.kind,
                "left": person.left,
            }
            for person in self.people
        ]

    def add(self, draft: Draft, room: Room, attachments: list[Record]) -> None:
        """Take one message and the records of its attachments."""
        self._messages.append(self._record(draft, room, attachments))

    def _record(self, draft: Draft, room: Room, attachments: list[Record]) -> Record:
        author = draft.author
        name: str | None
        if isinstance(author, str):
            speaker = self.by_key[author]
            author_id, name, kind = self.ids.marked(speaker), draft.signature or speaker.title, "channel"
        else:
            author_id, name = self.ids.users[author.key], self.named[author.key]
            kind = "deleted" if author.left else author.kind
        parent, thread, depth = self._place(draft, room)
        return {
            "platform": "telegram",
            "chat_id": str(self.ids.marked(room)),
            "chat_name": room.title,
            "message_id": str(draft.id),
            "kind": "service" if draft.service else "message",
            "created_at": draft.when,
            "edited_at": None if draft.edit_hidden else draft.edited_at,
            "author_id": str(author_id),
            "author_name": name,
            "author_kind": kind,
            "title": None,
            "text": "\n".join(filter(None, (draft.text, *_lines(draft), self._sentence(draft, name)))),
            "markup": self._html(draft.words),
            "parent_id": parent,
            "thread_id": thread,
            "depth": depth,
            "topic": _topic_title(draft) if room.forum else None,
            "topic_id": _topic(draft) if room.forum else None,
            "action": _ACTIONS[draft.service] if draft.service else None,
            "subjects": self._subjects(draft),
            "quote": draft.answers.words[0].text if draft.answers is not None and draft.quotes else None,
            "parent_chat_id": self._elsewhere(draft),
            "album_id": str(self.ids.album(draft.album)) if draft.album else None,
            "mentions": [
                one.text if one.style == "handle" else str(self.ids.users[one.target])
                for one in draft.words
                if one.style in ("handle", "name")
            ],
            "links": [one.target or one.text for one in draft.words if one.style in ("link", "url")],
            "reactions": [{"key": key, "count": count} for key, count in draft.reactions],
            "views": draft.views,
            "forwards": draft.forwards,
            "reply_count": draft.comments,
            "forwarded_from": self._origin(draft.origin),
            "flags": list(_flags(draft)),
            "permalink": self._permalink(draft, room),
            "media": attachments,
        }

    def _place(self, draft: Draft, room: Room) -> tuple[str | None, str | None, int | None]:
        """Parent, root of the thread, and depth, as far as the whole chat tells; parents come before answers."""
        parent = draft.answers
        if parent is None or draft.elsewhere:
            self._thread_ids[draft], self._depths[draft] = str(draft.id), 0
            return str(parent.id) if parent is not None else None, str(draft.id), 0
        above = self._depths.get(parent)  # None of what was deleted, and of what hangs on it
        depth = self._depths[draft] = None if above is None else above + 1
        named = draft.names_top and not room.forum
        thread = self._thread_ids[draft] = str(draft.top.id) if named else self._thread_ids.get(parent)
        return str(parent.id), thread, depth

    def _elsewhere(self, draft: Draft) -> str | None:
        """Return the chat of what a message answers in another chat: the channel, or the teller of a story."""
        if draft.elsewhere == "chat":
            return str(self.ids.marked(self.by_key["news"]))
        return str(self.ids.users[self.people[1].key]) if draft.elsewhere == "story" else None

    def _subjects(self, draft: Draft) -> list[str]:
        if draft.service == "chat_create":
            return [str(self.ids.users[person.key]) for person in self.people[:5]]
        return [str(self.ids.users[draft.about.key])] if isinstance(draft.about, Person) else []

    def _sentence(self, draft: Draft, name: str | None) -> str | None:
        """Return what an app shows of something that happened."""
        if not draft.service:
            return None
        who, about = name or _GONE, draft.about
        if draft.service == "channel_migrate_from":
            return f'The group "{self.by_key[str(about)].title}" became this supergroup'
        if isinstance(about, Person):
            if draft.service == "chat_delete_user" and about is draft.author:
                return f"{who} left"
            verb = "removed" if draft.service == "chat_delete_user" else "added"
            return f"{who} {verb} {self.named[about.key] or _GONE}"
        return _SENTENCES[draft.service].format(who=who, about=about)

    def _origin(self, origin: Origin | None) -> Record | None:
        if origin is None:
            return None
        record: Record = dict.fromkeys(("chat_id", "message_id", "author_id", "name"))
        if origin.post is not None:
            news = self.by_key["news"]
            record |= {"chat_id": str(self.ids.marked(news)), "message_id": str(origin.post.id), "name": news.title}
        elif origin.person is not None:
            record |= {"author_id": str(self.ids.users[origin.person.key]), "name": self.named[origin.person.key]}
        else:
            record["name"] = origin.name
        return record | {"created_at": origin.when}

    def _html(self, words: tuple[Words, ...]) -> str | None:
        """Each piece in its tag; what is only clickable stays plain."""
        if all(one.style == "plain" and not one.bold for one in words):
            return None
        html = ""
        for one in words:
            piece = escape(one.text, quote=False)
            tag = _TAGS.get(one.style)
            opened, closed = (f"<{tag}>", f"</{tag}>") if tag else ("", "")
            if one.style == "link":
                opened, closed = f'<a href="{escape(one.target)}">', "</a>"
            elif one.style == "url":
                opened, closed = f'<a href="{escape(one.text)}">', "</a>"
            elif one.style == "name":
                opened, closed = f'<a href="tg://user?id={self.ids.users[one.target]}">', "</a>"
            elif one.style == "spoiler":
                opened, closed = '<span class="spoiler">', "</span>"
            elif one.style == "emoji":
                opened, closed = f'<tg-emoji emoji-id="{one.target}">', "</tg-emoji>"
            piece = opened + piece + closed
            html += f"<strong>{piece}</strong>" if one.bold else piece
        return html

    def _permalink(self, draft: Draft, room: Room) -> str | None:
        if room.kind not in ("supergroup", "channel"):
            return None
        return f"https://t.me/{room.username or f'c/{self.ids.rooms[room.key]}'}/{draft.id}"


_GONE = "Deleted account"
_WORDS = {
    "geo": ("59.91, 10.75",),
    "live_geo": ("59.91, 10.75",),
    "venue": ("The ridge", "Hill road 4"),
    "contact": ("Hill Observatory", "15550100"),
    "dice": ("🎲 6",),
    "invoice": ("Star chart", "Printed, A2", "19.00 EUR"),
    "giveaway": ("Giveaway: 3 prizes", "Telegram Premium for 6 months"),
}
_SENTENCES = {
    "chat_create": '{who} created "{about}"',
    "channel_create": '{who} created "{about}"',
    "chat_edit_title": '{who} renamed the chat to "{about}"',
    "topic_create": '{who} opened the topic "{about}"',
    "chat_migrate_to": "This group became a supergroup",
    "chat_edit_photo": "{who} changed the chat's photo",
    "pin_message": "{who} pinned a message",
    "phone_call": "Call, missed",
}
_ACTIONS = {
    "chat_create": "created",
    "channel_create": "created",
    "chat_edit_title": "renamed",
    "topic_create": "topic_created",
    "chat_migrate_to": "migrated",
    "channel_migrate_from": "migrated",
    "chat_edit_photo": "photo_changed",
    "pin_message": "pinned",
    "phone_call": "call",
    "chat_add_user": "member_added",
    "chat_delete_user": "member_left",
}


def _lines(draft: Draft) -> tuple[str, ...]:
    """Return what a poll or a to-do list says, a place, a contact, and so on."""
    thing = draft.thing
    if thing is None:
        return ()
    return thing.lines if thing.shape in ("poll", "todo") else _WORDS.get(thing.shape, ())


def _topic(draft: Draft) -> str:
    if draft.service == "topic_create":
        return str(draft.id)  # a topic is named by the message that opened it
    return str(draft.topic.id) if draft.topic is not None else "1"


def _topic_title(draft: Draft) -> str:
    if draft.service == "topic_create":
        return str(draft.about)
    return str(draft.topic.about) if draft.topic is not None else "General"


def _flags(draft: Draft) -> Iterator[str]:
    if draft.service:
        yield draft.service
    spoiler = draft.thing is not None and draft.thing.spoiler
    odd = {
        "pinned": draft.pinned,
        "protected": draft.protected,
        "spoiler": spoiler,
        "restricted": draft.restricted,
        "reply_elsewhere": draft.elsewhere == "chat",
        "reply_to_story": draft.elsewhere == "story",
        "via_bot": draft.via_bot,
    }
    yield from (name for name, there in odd.items() if there)
