"""What earlier calls have exported of the same sources, as the road asks for it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any

from ..model import Attachment, Message, OpenChat, Outcome, Window
from ..road.before import Known
from ..services import services
from ..settings.images import ImageSettings
from ..sources import Source
from ..table.batches import SCALARS
from ..windows import EPOCH, parse_bounds, utc_text
from .facts import SourceFacts, moment
from .folder import Folder
from .journal import Journal
from .parts import DamagedPart, row_group, row_groups
from .rows import GONE, media_key, message_of, outcome_of, picture_key, taken, worth_another_try

__all__ = [
    "SETTLED",
    "TOGETHER",
    "Earlier",
    "Identity",
    "chat_called",
    "ends_elsewhere",
    "found_again",
    "identity_of",
    "window_to_look_again",
]

SETTLED = Outcome("skipped", "disabled")  # says nothing: what the part holds stays
TOGETHER = 100  # messages that are asked for at once, by their ids


@dataclass(frozen=True, slots=True)
class Identity:
    """What a source is, in so far as its earlier results can be used.

    Attributes
    ----------
    chat : str
        Service, and a hash of the chat's name as it was written, which may be an address with a secret. Another chat is
        another source.
    wish : str
        Everything else but days and numbers: with another wish, what was read is read again.
    most : int or None
        At most so many messages: with another number only what is older is read again.
    """

    chat: str
    wish: str
    most: int | None


def identity_of(source: Source) -> Identity:
    """Return what a source is.

    Examples
    --------
    >>> from ..sources.telegram.source import Telegram
    >>> identity_of(Telegram("@apollo", limit=5, since="2026-10-01")).most
    5
    """
    if not is_dataclass(source):
        return Identity(chat_called(source.service, source.label), "{}", None)
    values = {field.name: getattr(source, field.name) for field in fields(source)}
    service = services().get(source.service)
    chat = values.pop(service.chat_key, source.label) if service is not None else source.label
    for name in ("since", "until", "tz"):
        values.pop(name, None)
    most = _number(values.pop("limit", None)) or _number(values.get("posts"))
    return Identity(chat_called(source.service, str(chat)), json.dumps(values, sort_keys=True, default=str), most)


def chat_called(service: str, name: str) -> str:
    """Return the identity of a chat that was named so."""
    return f"{service} {_hash(name)}"


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int) else None


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


@dataclass(slots=True)
class Earlier:
    """A `Before` made of the journal.

    Parameters
    ----------
    folder : Folder
    journal : Journal
        For reading only, and on the loop's thread.
    images : ImageSettings
    now : datetime.datetime
        When this call began.
    look_again : dict of int to Window
        By the journal's number of a source: what is read again for edits and deletions.
    has_seen : callable
        Whether this call has read a message, by its uid.

    Attributes
    ----------
    damaged : list of int
        Parts that could not be read.
    """

    folder: Folder
    journal: Journal
    images: ImageSettings
    now: datetime
    look_again: dict[int, Window]
    has_seen: Callable[[str], bool] = lambda uid: False
    damaged: list[int] = field(default_factory=list)

    def known(self, source: Source) -> Known:
        identity = identity_of(source)
        facts = self.journal.source_called(identity.chat)
        if facts is None:
            return Known()
        begins = None
        if source.since is None and facts.begins is not None and facts.most == identity.most:
            # A range may end before what was read begins.
            began, until = moment(facts.begins), parse_bounds(None, source.until, source.tz, self.now).until
            begins = began if began < until else None
        return Known(tuple(self.journal.covered(facts.id)), begins, facts.is_open and begins is not None)

    def outcome(self, message: Message, position: int) -> Outcome | None:
        attachment = message.attachments[position]
        found = self.journal.media(message.uid)
        if found is not None:
            keys, retries = found
            places = [place for place, each in enumerate(keys) if each == media_key(attachment)]
            worth = any(place in retries and worth_another_try(retries[place], self.images) for place in places)
            if places and not worth:
                return SETTLED
        return self._held(message.platform, attachment) if self.images.enabled else None

    def _held(self, platform: str, attachment: Attachment) -> Outcome | None:
        """Return a picture that another message shows, too, from its part."""
        key = picture_key(platform, attachment.url, attachment.source_id)
        place = self.journal.picture(key)
        if place is None:
            return None
        uid, part = place
        try:
            for number, table in enumerate(row_groups(self.folder.part(part), ["uid"])):
                if uid in (uids := table["uid"].to_pylist()):
                    row = row_group(self.folder.part(part), number).slice(uids.index(uid), 1).to_pylist()[0]
                    found = outcome_of(row, key)
                    return found if found is None or sha256(found.data or b"").hexdigest() == found.sha256 else None
        except DamagedPart:
            self.damaged.append(part)
        return None

    async def more(self, source: Source, chat: OpenChat) -> AsyncGenerator[Message, None]:
        """Yield what has attachments worth another try, and what the service says is deleted or removed."""
        facts = self.journal.source_called(identity_of(source).chat)
        if facts is None:
            return
        for part, uids in self._worth_a_try(facts):
            messages = [message_of(row) for row in self._rows(part, uids)]
            for message in await found_again(chat, messages):
                if not self.has_seen(message.uid):
                    yield message
        async for message in self._gone(facts, source, chat):
            yield message

    def _worth_a_try(self, facts: SourceFacts) -> Iterator[tuple[int, list[str]]]:
        worth = [
            (part, uid)
            for uid, part, retries in self.journal.with_retries(facts.id)
            if any(worth_another_try(retry, self.images) for retry in retries) and not self.has_seen(uid)
        ]
        yield from _chunks(worth)

    async def _gone(self, facts: SourceFacts, source: Source, chat: Any) -> AsyncGenerator[Message, None]:
        """Ask for the messages that were not among what was read again: not every one of them has been deleted."""
        window = self.look_again.get(facts.id)
        if window is None or not hasattr(chat, "gone"):
            return
        unseen = [(part, uid) for uid, part in self.journal.in_window(facts.id, window) if not self.has_seen(uid)]
        for part, uids in _chunks(unseen):
            rows = {row["message_id"]: row for row in self._rows(part, uids)}
            here = [each for each, row in rows.items() if GONE.isdisjoint(row["flags"])]
            found: dict[str, str] = await chat.gone(here) if here else {}
            for message_id in [each for each in here if each in found]:
                message, how = message_of(rows[message_id]), found[message_id]
                flags = (*message.flags, how)
                yield replace(message, flags=flags, action=message.action or how, fetched_at=self.now)

    def _rows(self, part: int, uids: Sequence[str]) -> Iterator[dict[str, Any]]:
        wanted = set(uids)
        try:
            for table in row_groups(self.folder.part(part), SCALARS.names):
                rows = [row for row, uid in enumerate(table["uid"].to_pylist()) if uid in wanted]
                yield from taken(table, rows).to_pylist()
        except DamagedPart:  # mended at the end of this reading, and read again
            self.damaged.append(part)


def _chunks(messages: Sequence[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    for part, some in groupby(messages, key=lambda each: each[0]):
        uids = [uid for _, uid in some]
        for start in range(0, len(uids), TOGETHER):
            yield part, uids[start : start + TOGETHER]


async def found_again(chat: Any, messages: Sequence[Message]) -> list[Message]:
    """Return the messages with attachments that can be read; a service whose references expire is asked by id."""
    if hasattr(chat, "with_handles"):  # what is written in a table is nearly enough to read its attachments
        return [message async for message in chat.with_handles(messages)]
    if not hasattr(chat, "attachments_again"):
        return list(messages)
    found: dict[str, tuple[Attachment, ...]] = await chat.attachments_again([each.message_id for each in messages])
    return [
        replace(message, attachments=_fresh(message.attachments, found[message.message_id]))
        for message in messages
        if message.message_id in found
    ]


def _fresh(old: Sequence[Attachment], new: Sequence[Attachment]) -> tuple[Attachment, ...]:
    by_key = {media_key(each): each for each in new}
    return tuple(replace(by_key.get(media_key(each), each), position=each.position) for each in old)


def ends_elsewhere(source: Source, facts: SourceFacts, now: datetime) -> bool:
    """Whether the newest so many messages may begin elsewhere, because their range ends at another day than before."""
    if identity_of(source).most is None or source.until is None:
        return False
    return facts.until != utc_text(parse_bounds(None, source.until, source.tz, now).until)


def window_to_look_again(source: Source, facts: SourceFacts, look_back: timedelta, now: datetime) -> Window | None:
    """Return what of a source is read again for edits and deletions; None before its first call came to an end."""
    if facts.read_at is None:
        return None
    bounds = parse_bounds(source.since, source.until, source.tz, now)
    since = max(moment(facts.read_at) - look_back, bounds.since or EPOCH)
    return Window(since, bounds.until) if since < bounds.until else None
