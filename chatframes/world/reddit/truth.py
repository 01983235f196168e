"""The records that a table of the sandbox's Reddit must equal, written from the drafts and not from Reddit's JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..community.people import Person
from ..community.talk import whole_text
from .drafts import Board, Draft, Said, Shown, user_id, username

Record = dict[str, Any]
_SITE = "https://www.reddit.com"


def truth(seed: int, people: tuple[Person, ...], boards: list[Board]) -> dict[str, list[Record]]:
    """Chats, people, and messages in the order of the table."""
    homes = {post: board for board in boards for post in board.posts}
    chats: list[Record] = []
    messages: list[Record] = []
    for board in boards:
        records = [_record(seed, draft, homes, depth) for draft, depth in rows(board)]
        chats.append(_chat(board, records))
        messages += records
    messages.sort(key=lambda r: (r["created_at"], r["chat_id"], len(r["message_id"]), r["message_id"]))
    return {"chats": chats, "people": [_person(seed, person) for person in people], "messages": messages}


def rows(board: Board) -> Iterator[tuple[Draft, int]]:
    """Every post of a subreddit and every comment, with its depth in the table."""
    for post in board.posts:
        yield post, 0
        for comment, depth in post.tree():
            yield comment, depth + 1


def _chat(board: Board, records: list[Record]) -> Record:
    return {
        "platform": "reddit",
        "id": board.id,
        "title": board.name,
        "kind": board.kind,
        "username": board.name,
        "created": board.created_at,
        "last_activity": max((record["created_at"] for record in records), default=None),
        "messages": len(records),
        "images": sum(media["is_image"] for record in records for media in record["media"]),
    }


def _person(seed: int, person: Person) -> Record:
    return {
        "platform": "reddit",
        "id": user_id(seed, person),
        "name": None if person.left else username(person),
        "username": None if person.left else username(person),
        "kind": "deleted" if person.left else _kind(person),
        "left": person.left,
    }


def _kind(author: Person | None) -> str:
    if author is None:
        return "deleted"
    return "bot" if username(author) == "AutoModerator" else "person"


def _record(seed: int, draft: Draft, homes: dict[Draft, Board], depth: int) -> Record:
    author, post, is_post = draft.author, draft.top, draft.parent is None
    board = homes[post]
    first = draft.original or draft  # a crosspost without words of its own shows those of its original
    captions = [one.caption for one in first.shown] if first.is_gallery and not first.unordered else []
    said = draft.said if draft.said.text else first.said
    typed = said.text
    text = "\n".join(filter(None, (first.title if first.title != draft.title else "", typed, *first.poll, *captions)))
    return {
        "platform": "reddit",
        "chat_id": board.id,
        "chat_name": board.name,
        "message_id": draft.name,
        "kind": "post" if is_post else "comment",
        "created_at": draft.when,
        "edited_at": draft.edited_at,
        "author_id": user_id(seed, author) if author else None,
        "author_name": username(author) if author else None,
        "author_handle": username(author) if author else None,
        "author_kind": _kind(author),
        "title": draft.title,
        "text": whole_text(text),
        "markup": whole_text(typed) or None,
        "parent_id": draft.parent.name if draft.parent is not None else None,
        "thread_id": post.name,
        "depth": depth,
        "topic": draft.flair if is_post else None,
        "album_id": None,
        "mentions": list(dict.fromkeys(said.mentions)),
        "links": list(dict.fromkeys(_links(draft, said))),
        "reactions": None,
        "score": None if draft.score_hidden else draft.score,
        "views": None,
        "forwards": draft.crossposts if is_post else None,
        "reply_count": sum(1 for _ in post.tree()) + draft.uncounted if is_post else None,
        "forwarded_from": _origin(seed, draft.original, homes),
        "flags": [*_flags(draft, typed), *(["text_repaired"] if whole_text(text) != text else [])],
        "permalink": _SITE + board.path(draft),
        "media": [_media(position, shown) for position, shown in enumerate(draft.shown)],
    }


def _links(draft: Draft, said: Said) -> Iterator[str]:
    if draft.parent is None and draft.link:
        yield draft.link
    yield from said.links
    first = draft.original or draft
    if first.is_gallery and not first.unordered:
        yield from (one.outbound_url for one in first.shown if one.outbound_url)


def _flags(draft: Draft, typed: str) -> Iterator[str]:
    author, post = draft.author, draft.top
    by_author = draft.removed_by in ("deleted", "author")
    flags = {
        "over_18": draft.over_18,
        "spoiler": draft.spoiler,
        "removed": (draft.removed_by is not None and not by_author) or typed == "[removed]",
        "deleted": by_author or typed == "[deleted]" or (author is None and not typed),
        "pinned": draft.stickied,
        "locked": draft.locked,
        "distinguished": draft.distinguished is not None,
        "submitter": draft is not post and author is not None and author is post.author,
    }
    yield from (name for name, is_set in flags.items() if is_set)


def _origin(seed: int, original: Draft | None, homes: dict[Draft, Board]) -> Record | None:
    if original is None:
        return None
    return {
        "chat_id": homes[original].id,
        "message_id": original.name,
        "author_id": user_id(seed, original.author) if original.author else None,
        "name": username(original.author) if original.author else None,
        "created_at": original.when,
    }


def _media(position: int, shown: Shown) -> Record:
    shot, file = shown.shot, shown.shot.file
    photo = file.photo if file is not None else None
    declares_type = file is not None and shown.how in ("gallery", "img", "bare", "unshown")
    return {
        "position": position,
        "kind": shot.kind,
        "source_id": shot.source_id,
        "url": shot.url,
        "name": None,
        "declared_mime": file.mime if file is not None and declares_type else None,
        "reason": shot.reason,
        "mime": file.mime if file is not None else None,
        "size": file.size_bytes if file is not None else None,
        "sha256": file.sha256 if file is not None else None,
        "is_image": photo is not None,
        "width": photo.width if photo is not None else None,
        "height": photo.height if photo is not None else None,
    }
