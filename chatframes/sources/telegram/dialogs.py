"""Page through the chats of an account, and fetch one of them by its id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from telethon import utils
from telethon.tl import functions, types

from .ends import ASKED_AGAIN
from .link import TelegramError, TelegramLink
from .unreadable import UPDATE_TELETHON, Unreadable

DIALOGS_PAGE = 100
Entity: TypeAlias = Any  # types.User, types.Chat or types.Channel: Telethon tells no types


@dataclass(slots=True)
class Unlisted:
    """The chats that could not be listed: marked ids, and how many more are counted than were given."""

    ids: list[str] = field(default_factory=list)
    nameless: int = 0

    def __bool__(self) -> bool:
        return bool(self.ids or self.nameless)

    def __str__(self) -> str:
        said = []
        if self.ids:
            said.append(
                f"{len(self.ids)} Telegram chats could not be listed ({', '.join(self.ids)}): they hold something that "
                f"{UPDATE_TELETHON}."
            )
        if self.nameless:
            said.append(
                f"Telegram counts {self.nameless} more chats than it lists: one that is not here can be fetched by "
                "its @name or link."
            )
        return " ".join(said)


async def dialogs(
    link: TelegramLink, unlisted: Unlisted | None = None
) -> AsyncIterator[tuple[Entity, datetime | None]]:
    """Yield every chat of the account's list, most recently active first, with the time of its last message.

    A chat of which something cannot be read is asked for by itself; if that fails, `unlisted` gets its marked id.
    """
    unlisted = Unlisted() if unlisted is None else unlisted
    where: dict[str, Any] = {"offset_date": None, "offset_id": 0, "offset_peer": types.InputPeerEmpty()}
    size = DIALOGS_PAGE
    seen: set[int] = set()
    folders: set[int] = set()  # they are counted, too
    empty_pages = 0
    while True:
        try:
            answer = await link.ask(functions.messages.GetDialogsRequest(**where, limit=size, hash=0))
        except Unreadable as error:
            if size > 1:
                size //= 2
                continue
            marked, top = _unreadable_dialog(error)
            if marked not in seen:
                seen.add(marked)
                entity = await _by_itself(link, marked)
                if entity is not None:
                    yield entity, top.date
                else:
                    unlisted.ids.append(str(marked))
            where = {"offset_date": top.date, "offset_id": top.id, "offset_peer": _offset_peer(link, marked)}
            size = DIALOGS_PAGE
            continue
        size = min(DIALOGS_PAGE, size * 2)
        folders.update(dialog.folder.id for dialog in answer.dialogs if isinstance(dialog, types.DialogFolder))
        has_new, last = False, None
        for marked, top, entity, when in _listed(answer):
            if when is not None:
                last = (when, top, entity)
            if marked not in seen:
                seen.add(marked)
                has_new = True
                yield entity, when
        if not isinstance(answer, types.messages.DialogsSlice):
            return
        if not has_new or last is None:
            # An empty answer is no end: where the service counts more, it is asked again.
            empty_pages += 1
            nameless = answer.count - len(seen) - len(folders)
            if nameless <= 0:
                return
            if empty_pages > ASKED_AGAIN:
                unlisted.nameless = nameless
                return
            continue
        where = {"offset_date": last[0], "offset_id": last[1], "offset_peer": utils.get_input_peer(last[2])}


def _listed(answer: Any) -> Iterator[tuple[int, int, Entity, datetime | None]]:
    """Yield the chats of an answer: the marked id, the newest message's id, the chat, and the time of that message."""
    entities = {utils.get_peer_id(entity): entity for entity in (*answer.users, *answer.chats)}
    times = {(utils.get_peer_id(m.peer_id), m.id): m.date for m in answer.messages if getattr(m, "date", None)}
    for dialog in answer.dialogs:
        if isinstance(dialog, types.Dialog) and (marked := utils.get_peer_id(dialog.peer)) in entities:
            yield marked, dialog.top_message, entities[marked], times.get((marked, dialog.top_message))


def _unreadable_dialog(error: Unreadable) -> tuple[int, Any]:
    """Return the marked id and the last message of the one dialog in an answer that cannot be read."""
    lists = [*error.lists, [], []]
    top = next(iter(lists[1]), error.message)
    if not lists[0] or not isinstance(lists[0][0], types.Dialog) or getattr(top, "date", None) is None:
        raise error
    return utils.get_peer_id(lists[0][0].peer), top


async def _by_itself(link: TelegramLink, marked: int) -> Entity | None:
    """Return a chat that a list of chats could not give; None if this account does not know its access hash either."""
    row = link.account.session.get_entity_rows_by_id(marked)
    if row is None and utils.resolve_id(marked)[1] is types.PeerChat:
        row = (marked, 0)
    if row is not None:
        with suppress(TelegramError, LookupError, Unreadable):
            return await fetch_entity(link, *row)
    return None


def _offset_peer(link: TelegramLink, marked: int) -> Any:
    bare, kind = utils.resolve_id(marked)
    row = link.account.session.get_entity_rows_by_id(marked)
    if kind is types.PeerChat:
        return types.InputPeerChat(bare)
    if row is None:
        return types.InputPeerEmpty()
    return types.InputPeerUser(bare, row[1]) if kind is types.PeerUser else types.InputPeerChannel(bare, row[1])


async def fetch_entity(link: TelegramLink, marked: int, access_hash: int) -> Entity:
    """Fetch the chat or person with an id and its access hash."""
    bare, kind = utils.resolve_id(marked)
    if kind is types.PeerUser:
        return with_id(marked, await link.ask(functions.users.GetUsersRequest([types.InputUser(bare, access_hash)])))
    if kind is types.PeerChat:
        answer = await link.ask(functions.messages.GetChatsRequest([bare]))
    else:
        answer = await link.ask(functions.channels.GetChannelsRequest([types.InputChannel(bare, access_hash)]))
    return with_id(marked, answer.chats)


def with_id(marked: int, entities: Iterable[Any]) -> Entity:
    """Return the chat or person with a marked id; raises LookupError when there is none."""
    for entity in entities:
        if not isinstance(entity, types.UserEmpty | types.ChatEmpty) and utils.get_peer_id(entity) == marked:
            return entity
    raise LookupError(marked)
