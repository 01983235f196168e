"""The two chats of ``sandbox(content=True)``: Everything (@everything), and a forum; as TL objects and as truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from telethon.tl import types

from ..community.people import END, Person
from ..sample import TITLE, Sample
from .content import forum, samples
from .drafts import username
from .ids import Ids
from .media import Record
from .place import Place, Somebody
from .shelf import Shelf

FORUM_TITLE = "Everything in topics"
_IDS = {TITLE: 2_500_000_001, FORUM_TITLE: 2_500_000_002}  # no other room has one as high
_RIGHTS = types.ChatBannedRights(until_date=datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC))


def place_of(people: tuple[Person, ...], ids: Ids, shelf: Shelf) -> Place:
    """Where the samples are sent."""
    team = [one for one in people if one.kind == "person" and not one.left]
    somebody = [Somebody(ids.users[one.key], one.name, username(one)) for one in team]
    return Place(somebody, ids.rooms["news"], shelf, ids.seed)


def everything(place: Place) -> list[tuple[Any, list[Any], list[Record], Record]]:
    """For each of the two chats its entity, its messages, their records, and the chat's own."""
    return [_chat(place, TITLE, samples(place), "everything"), _chat(place, FORUM_TITLE, forum(place), None)]


def _chat(
    place: Place, title: str, some: list[Sample], name: str | None
) -> tuple[Any, list[Any], list[Record], Record]:
    id_, start = _IDS[title], END - timedelta(hours=len(some) + 1)
    entity = types.Channel(
        id=id_, title=title, photo=types.ChatPhotoEmpty(), date=start, megagroup=True, forum=(name is None) or None,
        access_hash=id_ << 20, username=name, participants_count=9, default_banned_rights=_RIGHTS,
    )  # fmt: skip
    messages, records = [], []
    for number, sample in enumerate(some, 1):
        author = place.people[number % 3]
        when = start + timedelta(hours=number)
        sends = {"from_id": types.PeerUser(author.id), **sample.sends}
        kind = types.MessageService if "action" in sends else types.Message
        messages.append(kind(id=number, peer_id=types.PeerChannel(id_), date=when, **sends))
        author = next(one for one in place.people if one.id == sends["from_id"].user_id)
        records.append(_record(place, title, number, when, author, sample))
    last = records[-1]["created_at"]
    told = {"id": f"-100{id_}", "title": title, "kind": "group", "username": name, "last_activity": last}
    return entity, messages, records, {"platform": "telegram", **told}


def _record(place: Place, title: str, number: int, when: datetime, author: Somebody, sample: Sample) -> Record:
    seen = sample.seen.record()
    media = [{**one} for one in seen.pop("media")]
    files = [_id_of(sample.sends)] if media else []
    for position, (one, id_) in enumerate(zip(media, files, strict=True)):
        one |= {"position": position, "source_id": str(id_), "reason": None, "is_image": one.get("is_image", False)}
        one |= {"sha256": place.sha256_of(id_)} if one["is_image"] else {}
    return {
        "platform": "telegram",
        "chat_id": f"-100{_IDS[title]}",
        "chat_name": title,
        "message_id": str(number),
        "kind": "service" if "action" in sample.sends else "message",
        "created_at": when,
        "edited_at": None,
        "author_id": str(author.id),
        "author_name": author.name,
        "author_kind": "person",
        "author_handle": f"@{author.username}" if author.username else None,
        "sample": sample.name,
        "media": media,
        **seen,
    }


def _id_of(sends: dict[str, Any]) -> int:
    """The id of the one file that a message carries."""
    waiting = [sends.get("media"), sends.get("action")]
    for one in waiting:
        for name in ("photo", "document", "webpage"):
            inner = getattr(one, name, None)
            if isinstance(inner, types.Photo | types.Document):
                found: int = inner.id
                return found
            if inner is not None:
                waiting.append(inner)
    raise LookupError("a sample of media carries no file")
