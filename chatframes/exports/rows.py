"""What is done with single rows: their fingerprint, their merging with what was there before, and their way back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from ..model import RETRYABLE, Attachment, ForwardedFrom, Message, Outcome
from ..settings.images import ImageSettings
from ..table.batches import SCALARS, Batch
from ..table.schema import MESSAGES
from .facts import Indexed, PartFacts, Retry, ticks

__all__ = [
    "DELETED",
    "GONE",
    "MAY_GET_BETTER",
    "Tally",
    "best_media",
    "brings_something",
    "image_sizes",
    "index",
    "media_key",
    "merged",
    "message_of",
    "outcome_of",
    "picture_key",
    "taken",
    "weight",
    "whole",
    "with_pictures",
    "worth_another_try",
]

Row = dict[str, Any]

DELETED = "deleted"
GONE = frozenset({DELETED, "removed"})  # the flags of a message whose words the service no longer gives

# What goes on after a message was deleted: what was done to it, and what others make of it.
_OF_OTHERS = ("action", "score", "views", "forwards", "reply_count", "reactions")
# These say nothing about what a message says: the time of fetching it, what became of its pictures, what is computed.
_LEFT_OUT = {"fetched_at", "depth", "thread_id", "media", "images", "n_media", "n_images", "raw"}
DIGESTED = [name for name in SCALARS.names if name not in _LEFT_OUT]
INDEXED = [*DIGESTED, "depth", "thread_id", "media"]

# Outcomes that another call may better: with downloading on, a larger limit, a new token, or a little luck.
MAY_GET_BETTER = RETRYABLE | {"disabled", "budget", "too_large", "undecodable", "unauthorized"}
NOT_FETCHED_BYTES = 2**19  # room in a part for an attachment that may yet get a picture


def whole(batch: Batch) -> pa.Table:
    """Return a batch with all its columns in Arrow."""
    images = pa.array(batch.images, MESSAGES.field("images").type)
    return batch.table.append_column(MESSAGES.field("images"), images).select(MESSAGES.names)


def taken(table: pa.Table, rows: Sequence[int]) -> pa.Table:
    """Return some rows of a table."""
    if len(rows) == table.num_rows and all(row == place for place, row in enumerate(rows)):
        return table  # without a copy of its pictures
    return table.take(pa.array(rows, pa.int64()))


def index(table: pa.Table, cap: int) -> list[Indexed]:
    """Return what the journal needs to know of each row.

    Parameters
    ----------
    table : pyarrow.Table
        Messages; their pictures are not needed.
    cap : int
        The largest picture that was to be had, in bytes.
    """
    rows = table.select(INDEXED).to_pylist()
    return [_indexed(row, cap) for row in rows]


def _indexed(row: Row, cap: int) -> Indexed:
    media = row["media"] or ()
    keys = tuple(map(media_key, media))
    said = repr(([row[name] for name in DIGESTED], keys))
    chat = row["parent_chat_id"] or row["chat_id"]
    return Indexed(
        uid=row["uid"],
        message_id=row["message_id"],
        created=None if row["created_at"] is None else ticks(row["created_at"]),
        parent=None if row["parent_id"] is None else f"{row['platform']}:{chat}:{row['parent_id']}",
        thread=row["thread_id"],
        depth=row["depth"],
        digest=blake2b(said.encode(errors="surrogatepass"), digest_size=16).digest(),
        media=keys,
        retries=tuple(
            Retry(position, entry["reason"], entry["declared_size"] or entry["size"], cap)
            for position, entry in enumerate(media)
            if entry["status"] != "ok" and entry["reason"] in MAY_GET_BETTER
        ),
        pictures=tuple(
            picture_key(row["platform"], entry["url"], entry["source_id"]) for entry in media if entry["status"] == "ok"
        ),
    )


def picture_key(platform: str, url: str | None, source_id: str) -> str:
    """Return what a picture is known by: the same id may be another picture at another host."""
    return f"{platform}:{url or source_id}"


def outcome_of(row: Row, key: str) -> Outcome | None:
    """Return the outcome of a picture of a row, as another message takes it over."""
    for entry, picture in with_pictures(row):
        if picture is not None and picture_key(row["platform"], entry["url"], entry["source_id"]) == key:
            values = {field.name: entry[field.name] for field in fields(Outcome) if field.name in entry}
            return Outcome(**{**values, "data": picture["bytes"], "attempts": 0, "elapsed_ms": 0})
    return None


def media_key(entry: Mapping[str, Any] | Attachment) -> str:
    """Return what tells an attachment of a message from its others, and does not change when its address does."""
    if isinstance(entry, Attachment):
        return f"{entry.kind}:{entry.source_id}"
    return f"{entry['kind']}:{entry['source_id']}"


def worth_another_try(retry: Retry, images: ImageSettings) -> bool:
    """Whether a call with these settings may get the picture that an earlier one did not get."""
    if not images.enabled:
        return False
    if retry.reason == "too_large":
        return images.max_size_bytes > retry.cap and (retry.size is None or retry.size <= images.max_size_bytes)
    if retry.reason == "undecodable":
        return images.keep_undecodable
    return True


def image_sizes(table: pa.Table) -> list[int]:
    """Return how many bytes of pictures each row holds."""
    sizes = [0] * table.num_rows
    for row, cell in enumerate(table["media"].to_pylist()):
        sizes[row] = sum(entry["size"] or 0 for entry in cell or () if entry["status"] == "ok")
    return sizes


def weight(media: Sequence[Mapping[str, Any]] | None) -> int:
    """Return the bytes that the attachments of a row take in a part, or will take."""
    total = 0
    for entry in media or ():
        if entry["status"] == "ok":
            total += entry["size"] or 0
        elif entry["reason"] in MAY_GET_BETTER:
            total += NOT_FETCHED_BYTES
    return total


class Tally:
    """Counts what a part holds, row by row."""

    def __init__(self) -> None:
        self.rows = self.weight = self.images_ok = self.image_bytes = 0
        self._outcomes: dict[str, dict[str, int]] = {"skipped": {}, "failed": {}}

    def add(self, table: pa.Table) -> None:
        """Count rows, of which the column `media` is enough."""
        for cell in table["media"].to_pylist():
            self.rows += 1
            self.weight += weight(cell)
            for entry in cell or ():
                if entry["status"] == "ok":
                    self.images_ok += 1
                    self.image_bytes += entry["size"] or 0
                else:
                    counts = self._outcomes[entry["status"]]
                    counts[entry["reason"]] = counts.get(entry["reason"], 0) + 1

    def facts(self) -> PartFacts:
        """Return the counts so far."""
        return PartFacts(
            self.rows,
            self.weight,
            self.images_ok,
            self.image_bytes,
            dict(self._outcomes["skipped"]),
            dict(self._outcomes["failed"]),
        )


def brings_something(row: Row) -> bool:
    """Whether a row that is known already brings an outcome for an attachment."""
    return any(entry["status"] == "ok" or entry["reason"] != "disabled" for entry in row["media"] or ())


def merged(old: Row, new: Row, *, keep_deleted: bool) -> Row:
    """Return the row that takes the place of an old one: the new words, and the best outcome of each attachment.

    Of a message that the service shows as deleted or removed, the old words and pictures stay, if they are to be kept,
    with what was done to it and what others make of it now.
    """
    if keep_deleted and GONE.intersection(new["flags"] or ()):
        flags = [*(old["flags"] or ()), *(flag for flag in new["flags"] if flag not in (old["flags"] or ()))]
        now = {name: new[name] for name in _OF_OTHERS if new[name] is not None}
        return old | now | {"flags": flags, "fetched_at": new["fetched_at"]}
    row = dict(new)
    if new["parent_id"] == old["parent_id"]:
        for name in ("depth", "thread_id"):
            row[name] = old[name] if new[name] is None else new[name]
    return row | best_media(old, new)


def best_media(old: Mapping[str, Any], new: Mapping[str, Any]) -> Row:
    """Return the attachments of the new row, each with the better of two outcomes."""
    left = list(with_pictures(old))
    media, images = [], []
    for position, (entry, picture) in enumerate(with_pictures(new)):
        before = next((each for each in left if media_key(each[0]) == media_key(entry)), None)
        if before is not None:
            left.remove(before)
            if before[0]["status"] == "ok" or _says_nothing(entry):
                entry, picture = before
        media.append(entry | {"position": position})
        if picture is not None:
            images.append(picture)
    return {"media": media, "images": images, "n_media": len(media), "n_images": len(images)}


def _says_nothing(entry: Mapping[str, Any]) -> bool:
    return bool(entry["status"] == "skipped" and entry["reason"] == "disabled")


def with_pictures(row: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Yield each attachment of a row with its picture, if it has one."""
    pictures = iter(() if row["images"] is None else row["images"])
    for entry in () if row["media"] is None else row["media"]:
        yield entry, next(pictures, None) if entry["status"] == "ok" else None


_ATTACHMENT = {field.name for field in fields(Attachment)} - {"handle", "reason"}


def message_of(row: Row) -> Message:
    """Return the message that a row was made from; its attachments have no handles.

    Examples
    --------
    >>> row = dict.fromkeys(SCALARS.names) | {"platform": "webex", "chat_id": "a", "message_id": "b", "text": "hi"}
    >>> message_of(row).uid
    'webex:a:b'
    """
    values = {field.name: row[field.name] for field in fields(Message) if row.get(field.name) is not None}
    for name in ("mentions", "links", "flags", "subjects"):
        values[name] = tuple(row[name] or ())
    if row["reactions"] is not None:
        values["reactions"] = tuple((entry["key"], entry["count"]) for entry in row["reactions"])
    if row["forwarded_from"] is not None:
        values["forwarded_from"] = ForwardedFrom(**row["forwarded_from"])
    values["details"] = json.loads(row["details"]) if row["details"] else {}
    values["attachments"] = tuple(
        Attachment(**{name: value for name, value in entry.items() if name in _ATTACHMENT})
        for entry in row["media"] or ()
    )
    for name in ("chat_name", "created_at", "fetched_at"):  # which have no default
        values.setdefault(name, None)
    return Message(**values)
