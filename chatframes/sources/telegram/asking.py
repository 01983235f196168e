"""Request messages of one chat, and ask around the ones that cannot be read, so that they alone are lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telethon import utils
from telethon.tl import functions, types

from ...errors import ServiceError
from .ends import PAGE_SIZE
from .link import TelegramError, TelegramLink
from .peers import Peers, marked_id
from .unreadable import UPDATE_TELETHON, HalfRead, Unreadable

IDS_PER_REQUEST = 100
PAGES = (types.messages.Messages, types.messages.MessagesSlice, types.messages.ChannelMessages)
HALF_READ = (
    f"some messages hold something that {UPDATE_TELETHON}, and fetch again; until then their rows lack it, and have "
    "the flag partial"
)
NOT_FOUND = f"some messages are something that {UPDATE_TELETHON}, and fetch again."
NAMELESS = f"some names are missing: they came with something that {UPDATE_TELETHON}, and fetch again"


@dataclass(slots=True)
class _Unknown:
    """Stands for a message of which nothing was read, not even its id."""

    id: int = 0


@dataclass(slots=True)
class Asking:
    """The requests for messages of one chat.

    Parameters
    ----------
    link : TelegramLink
    peer : telethon InputPeer
        The chat.
    peers : Peers
        Names that are known already; those of the answers are added.
    notes : list of str
        Gets a sentence when something could not be read.
    """

    link: TelegramLink
    peer: Any
    peers: Peers
    notes: list[str]
    nowhere: set[tuple[int, int]] = field(default_factory=set)  # where a message is whose id nothing says: between two
    _unreadable_people: set[int] = field(default_factory=set)

    @property
    def numbers_its_own(self) -> bool:
        """Whether the chat numbers its own messages; else the ids are the account's."""
        return isinstance(self.peer, types.InputPeerChannel)

    async def history(
        self, *, offset_id: int = 0, offset_date: datetime | None = None, add_offset: int = 0, limit: int = PAGE_SIZE
    ) -> Any:
        """Return a page of the history. What cannot be read stands in it as `HalfRead` or `HalfReadService`."""
        where: dict[str, Any] = {"offset_id": offset_id, "offset_date": offset_date, "add_offset": add_offset}
        found: list[Any] = []
        total: int | None = None
        torn = False
        while len(found) < limit:
            try:
                answer = await self._page(**where, limit=limit - len(found))
            except Unreadable as error:
                if error.kind not in PAGES:
                    raise
                torn = True
                total = _total(error) if total is None else total
                read = error.first_list()
                found += read
                self._take_names(error.lists[1:])
                if not error.in_first_list:
                    self._note(NAMELESS)
                    break
                # Go on below the message that cannot be read.
                if error.message is not None:
                    found.append(error.message)
                    where = {"offset_id": error.message.id, "offset_date": None, "add_offset": 0}
                    self._note(HALF_READ)
                else:
                    found.append(_Unknown())
                    if read:
                        where = {"offset_id": read[-1].id, "offset_date": None, "add_offset": 1}
                    else:
                        where["add_offset"] += 1
            else:
                if not torn:
                    return answer
                total = getattr(answer, "count", None) if total is None else total
                self.peers.add(answer.users, answer.chats)
                found += answer.messages
                break
        found = await self._with_ids(found, offset_id)
        await self._ask_names(found)
        return types.messages.MessagesSlice(
            count=len(found) if total is None else total, messages=found, topics=[], chats=[], users=[]
        )

    async def by_id(self, ids: Iterable[int]) -> dict[int, Any]:
        """Return the messages of this chat with these ids, by id. Where an answer says nothing of one, ask again."""
        wanted = list(ids)
        found = await self._some(wanted)
        told = {message.id for message in found}
        if unsaid := [id_ for id_ in wanted if id_ not in told]:
            found += await self._some(unsaid)
        here = utils.get_peer_id(self.peer)
        return {
            message.id: message
            for message in found
            if not isinstance(message, types.MessageEmpty | _Unknown) and marked_id(message.peer_id) in (here, None)
        }

    async def empty(self, ids: Iterable[int]) -> list[int]:
        """Return those of these ids to which Telegram gives an empty message: there is none any more."""
        return [message.id for message in await self._some(list(ids)) if isinstance(message, types.MessageEmpty)]

    async def _page(self, **where: Any) -> Any:
        request = functions.messages.GetHistoryRequest(self.peer, **where, max_id=0, min_id=0, hash=0)
        answer = await self.link.ask(request)
        self.link.count("page")
        if not hasattr(answer, "messages"):
            raise ServiceError("Telegram answered that nothing is new, which was not the question: fetch again later.")
        return answer

    async def _some(self, ids: list[int]) -> list[Any]:
        """Return the messages with these ids, in their order; those that do not exist are MessageEmpty."""
        found: list[Any] = []
        while ids:
            wanted = [types.InputMessageID(message_id) for message_id in ids[:IDS_PER_REQUEST]]
            try:
                if self.numbers_its_own:
                    request = functions.channels.GetMessagesRequest(utils.get_input_channel(self.peer), wanted)
                else:
                    request = functions.messages.GetMessagesRequest(wanted)
                answer = await self.link.ask(request)
            except Unreadable as error:
                read = error.first_list()
                if error.in_first_list:
                    read.append(error.message or _Unknown(ids[min(len(read), len(ids) - 1)]))
                elif not read:
                    raise
                self._take_names(error.lists[1:])
                done = max(len(read), 1)
            else:
                read = list(answer.messages)
                self.peers.add(getattr(answer, "users", ()), getattr(answer, "chats", ()))
                done = IDS_PER_REQUEST
            found += read
            ids = ids[done:]
        return found

    async def _with_ids(self, found: list[Any], above: int) -> list[Any]:
        """Replace each `_Unknown` by a row's worth: its id is asked for between those of its neighbours."""
        result: list[Any] = []
        place = 0
        while place < len(found):
            if not isinstance(found[place], _Unknown):
                result.append(found[place])
                place += 1
                continue
            end = next((n for n in range(place, len(found)) if not isinstance(found[n], _Unknown)), len(found))
            upper = result[-1].id if result else above
            lower = found[end].id if end < len(found) else max(upper - 1 - IDS_PER_REQUEST, 0)
            upper = upper or lower + 1 + IDS_PER_REQUEST
            between = list(range(upper - 1, lower, -1))[:IDS_PER_REQUEST]
            ids = [one.id for one in await self._some(between) if isinstance(one, _Unknown)] if between else []
            if len(ids) >= end - place:
                # Where the page ends with them, the ids that were asked for reach further down than the page.
                result += [HalfRead(message_id, None, None, "") for message_id in ids[: end - place]]
                self._note(HALF_READ)
            else:
                self.nowhere.add((lower, upper))
            place = end
        return result

    async def _ask_names(self, messages: list[Any]) -> None:
        """Ask for the names of authors which stood behind what could not be read."""
        unknown = {
            message.from_id.user_id: message.id
            for message in messages
            if isinstance(getattr(message, "from_id", None), types.PeerUser)
            and message.from_id.user_id not in self.peers.by_id
            and message.from_id.user_id not in self._unreadable_people
        }
        people = list(unknown)
        while people:
            batch = people[:IDS_PER_REQUEST]
            wanted = [types.InputUserFromMessage(self.peer, unknown[person], person) for person in batch]
            try:
                read = await self.link.ask(functions.users.GetUsersRequest(wanted))
            except Unreadable as error:
                read = error.first_list()
                self._unreadable_people.add(batch[min(len(read), len(batch) - 1)])
                people = people[len(read) + 1 :]
                self._note(NAMELESS)
            except TelegramError:  # it does not give them in this way
                self._note(NAMELESS)
                return
            else:
                people = people[len(batch) :]
            self.peers.add(read, ())

    def _take_names(self, lists: list[list[Any]]) -> None:
        for things in lists:
            self.peers.add(things, things)

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


def _total(error: Unreadable) -> int | None:
    """Return how many messages the chat has, as an answer said that could not be read whole."""
    place = {types.messages.MessagesSlice: 2, types.messages.ChannelMessages: 3}.get(error.kind)
    return error.numbers[place] if place is not None and place < len(error.numbers) else None
