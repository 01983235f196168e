"""Turn finished messages into columns: Arrow columns for everything except the bytes of pictures.

Messages become Arrow batch by batch as they arrive, so a large chat is never held as Python objects. Image bytes stay
ordinary Python objects: a picture that is in many messages is held once, and sorting never copies it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import pyarrow as pa

from ..images.shown import ImageBytes
from ..images.sniff import safe_name
from ..model import Attachment, Message, Outcome
from ..windows import EPOCH
from ..words import whole_text, without_credentials
from .collector import collector_paused
from .details_json import details_json
from .schema import MEDIA, MESSAGES

__all__ = ["SCALARS", "Batch", "to_batch"]

MAX_TEXT_CHARACTERS = 1_000_000
MAX_ERROR_CHARACTERS = 200
DAY = timedelta(days=1)

SCALARS = pa.schema([field for field in MESSAGES if field.name != "images"])  # what a batch holds in Arrow
_COMPUTED = frozenset({"uid", "details", "reactions", "forwarded_from", "flags", "media", "n_media", "n_images"})
# Getters, as these are read from each message and each attachment.
_PLAIN = {name: attrgetter(name) for name in SCALARS.names if name not in _COMPUTED}
_ANNOUNCED, _FOUND = (
    tuple(field.name for field in MEDIA if field.name in kind.__dataclass_fields__) for kind in (Attachment, Outcome)
)
_announced, _found = attrgetter(*_ANNOUNCED), attrgetter(*_FOUND)
_NO_MEDIA: dict[str, Any] = dict.fromkeys(field.name for field in MEDIA)


@dataclass(frozen=True, slots=True)
class Batch:
    """Finished messages as columns.

    Attributes
    ----------
    table : pyarrow.Table
        Every column of the message table but `images`.
    images : list of list of dict
        One cell per row: ``{"bytes": ImageBytes, "path": str}`` for each picture that is ok.
    """

    table: pa.Table
    images: list[list[dict[str, Any]]]


@collector_paused()
def to_batch(pairs: Sequence[tuple[Message, Sequence[Outcome]]]) -> Batch:
    """Turn finished messages into columns.

    Any message can be stored: half characters, endless texts, years before 1970 and numbers out of range are repaired
    or become null, and the row's `flags` say so. No message is lost.

    Parameters
    ----------
    pairs : sequence of (Message, sequence of Outcome)
        Each message with one outcome per attachment, in the order of `message.attachments`.

    Returns
    -------
    Batch
        Rows in the order given.

    Raises
    ------
    ValueError
        If a message comes with more or fewer outcomes than it has attachments.

    Examples
    --------
    >>> len(to_batch([]).images)
    0
    """
    messages = [message for message, _ in pairs]
    flags = [list(message.flags) for message in messages]
    shared: dict[int, ImageBytes] = {}
    media: list[list[dict[str, Any]]] = []
    images: list[list[dict[str, Any]]] = []
    for message, outcomes in pairs:
        attached = list(zip(message.attachments, outcomes, strict=True))
        media.append([_media(attachment, outcome) for attachment, outcome in attached])
        images.append(
            [_image(message, attachment, outcome, shared) for attachment, outcome in attached if _has_picture(outcome)]
        )

    columns: dict[str, list[Any]] = {name: list(map(getter, messages)) for name, getter in _PLAIN.items()}
    for name in ("created_at", "edited_at"):
        columns[name] = [_plausible(m, getattr(m, name), name, f) for m, f in zip(messages, flags, strict=True)]
    for name in ("title", "text", "markup", "quote"):
        if max(map(len, filter(None, columns[name])), default=0) > MAX_TEXT_CHARACTERS:
            columns[name] = [_cut_text(text, f) for text, f in zip(columns[name], flags, strict=True)]
    columns["uid"] = [message.uid for message in messages]
    columns["details"] = [details_json(m.details, f) for m, f in zip(messages, flags, strict=True)]
    columns["reactions"] = [
        None if m.reactions is None else [{"key": k, "count": n} for k, n in m.reactions] for m in messages
    ]
    columns["forwarded_from"] = [_forwarded_from(m, f) for m, f in zip(messages, flags, strict=True)]
    columns["media"] = media
    columns["n_media"] = [len(cell) for cell in media]
    columns["n_images"] = [len(cell) for cell in images]
    return Batch(_to_table(columns, flags), images)


def _media(attachment: Attachment, outcome: Outcome) -> dict[str, Any]:
    cell = {**_NO_MEDIA, **dict(zip(_ANNOUNCED, _announced(attachment), strict=True))}
    cell.update((name, value) for name, value in zip(_FOUND, _found(outcome), strict=True) if value is not None)
    if outcome.status == "ok" and outcome.data is None:
        cell.update(status="failed", reason="internal", error="the picture was read, but its bytes were lost")
    if cell["error"] is not None:
        cell["error"] = cell["error"][:MAX_ERROR_CHARACTERS]
    if cell["url"] is not None:
        cell["url"] = without_credentials(cell["url"])
    return cell


def _has_picture(outcome: Outcome) -> bool:
    return outcome.status == "ok" and outcome.data is not None


def _image(message: Message, attachment: Attachment, outcome: Outcome, shared: dict[int, ImageBytes]) -> dict[str, Any]:
    data = outcome.data or b""
    if not isinstance(data, ImageBytes):
        # A picture in many messages stays one object: each new ImageBytes would be a copy.
        if id(data) not in shared:
            shared[id(data)] = ImageBytes(data)
        data = shared[id(data)]
    # An id that is only a number is unique within its chat alone.
    message_id = message.message_id
    unique_id = f"{message.chat_id.lstrip('-')}-{message_id}" if message_id.isdigit() else message_id
    path = safe_name(message.platform, unique_id, attachment.position, outcome.mime)
    return {"bytes": data, "path": path}


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plausible(message: Message, moment: datetime | None, name: str, flags: list[str]) -> datetime | None:
    """Return the time; None if it is before 1970 or more than a day after the message was fetched."""
    if moment is None:
        return None
    moment = _aware(moment)
    if EPOCH <= moment <= _aware(message.fetched_at) + DAY:
        return moment
    flags.append(f"{name.removesuffix('_at')}_out_of_range")
    return None


def _forwarded_from(message: Message, flags: list[str]) -> dict[str, Any] | None:
    origin = message.forwarded_from
    if origin is None:
        return None
    return {
        "chat_id": origin.chat_id,
        "message_id": origin.message_id,
        "author_id": origin.author_id,
        "name": origin.name,
        "created_at": _plausible(message, origin.created_at, "forwarded_at", flags),
    }


def _cut_text(text: str | None, flags: list[str]) -> str | None:
    if text is None or len(text) <= MAX_TEXT_CHARACTERS:
        return text
    if "text_truncated" not in flags:
        flags.append("text_truncated")
    return text[:MAX_TEXT_CHARACTERS]


def _to_table(columns: dict[str, list[Any]], flags: list[list[str]]) -> pa.Table:
    """Build the Arrow columns; only a column that Arrow refuses is repaired value by value."""
    arrays: dict[str, pa.Array] = {}
    for field in SCALARS:
        if field.name == "flags":
            continue
        try:
            arrays[field.name] = pa.array(columns[field.name], field.type)
        except (ValueError, TypeError, OverflowError):
            repaired = []
            for value, row_flags in zip(columns[field.name], flags, strict=True):
                new_flags: dict[str, None] = {}
                repaired.append(_repaired(value, field.type, field.name, new_flags))
                row_flags.extend(flag for flag in new_flags if flag not in row_flags)
            arrays[field.name] = pa.array(repaired, field.type)
    kind = SCALARS.field("flags").type
    try:
        arrays["flags"] = pa.array(flags, kind)
    except (ValueError, TypeError):
        arrays["flags"] = pa.array([_repaired(cell, kind, "flags", {}) for cell in flags], kind)
    return pa.table([arrays[name] for name in SCALARS.names], schema=SCALARS)


def _repaired(value: Any, kind: pa.DataType, name: str, flags: dict[str, None]) -> Any:
    """Return the value in a form its column can hold; add a flag to `flags` for every change."""
    if value is None:
        return None
    if pa.types.is_dictionary(kind):
        return _repaired(value, kind.value_type, name, flags)
    if pa.types.is_list(kind):
        return [_repaired(item, kind.value_type, name, flags) for item in value]
    if pa.types.is_struct(kind):
        return {field.name: _repaired(value.get(field.name), field.type, field.name, flags) for field in kind}
    if pa.types.is_string(kind):
        text = value if isinstance(value, str) else str(value)
        whole = whole_text(text)
        if whole != text:
            flags["text_repaired"] = None
        return whole
    if pa.types.is_integer(kind):
        try:
            number = int(value)
        except (ValueError, TypeError, OverflowError):
            number = 1 << 100  # out of range for every column
        if -(1 << kind.bit_width - 1) <= number < 1 << kind.bit_width - 1:
            return number
        flags[f"{name}_out_of_range"] = None
        return None
    return value
