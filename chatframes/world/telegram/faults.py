"""The faults of the sandbox's Telegram, by name.

Each fault is one function. One made with ``fault`` sees a request before it is answered: it may raise what the
client gets instead, or note how the answer suffers. One made with ``lie`` changes what the messages say about some
files, once, when the world is made. All can be combined: a file is afflicted by at most one fault, and no page is
refused more than twice by faults that pass.
"""

from __future__ import annotations

import zlib
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from telethon.tl import TLObject, types

from ..calls import HTML_PAGE, refused_once_more
from ..community.people import MAIN_CHAT
from ..community.photos import document
from ..fault import Share
from ..mtproto.server import Drop, Hang, RpcError
from .records import TelegramWorld
from .shelf import StoredFile

Kind = Literal["pages", "files", "by_id", "other"]
PAGE = 100  # messages in an answer, at most
LONG_WAIT_SECONDS = 3600


@dataclass(slots=True)
class TelegramCall:
    """One request. `key` is the same when the same thing is asked again; `memory` outlives the call.

    The last fields are what faults leave behind for the answer.
    """

    kind: Kind
    key: str
    number: int  # of its kind, from 1
    attempt: int  # of its key, from 1
    afflicted: dict[str, str]  # source_id -> the fault that meets it
    memory: dict[Any, Any]
    revoke: Callable[[], None]  # logs everybody out
    title: str = ""  # of the chat asked about
    chat: str = ""  # its marked id
    seed: int = 0
    upwards: bool = False  # a page is asked for that lies above its offset
    delivered: Counter[str] = field(default_factory=Counter)  # how often a client met each contradiction
    file_id: str = ""
    delay_seconds: float = 0.0
    page_cap: int = PAGE
    stale: set[str] = field(default_factory=set)  # files whose references have expired in this answer
    all_stale: bool = False
    gone: set[str] = field(default_factory=set)  # files whose messages this answer knows as deleted

    def refused_now(self) -> bool:
        """Count one more refusal of this page or part, unless it has had its share."""
        return refused_once_more(self.memory, self.key)

    def once(self, what: str) -> bool:
        """Whether this is the first time that `what` is asked about."""
        asked_before = what in self.memory
        self.memory[what] = True
        return not asked_before

    def met_by(self, name: str) -> set[str]:
        """The files that meet the fault `name`."""
        return {source_id for source_id, fault in self.afflicted.items() if fault == name}


Act = Callable[[TelegramCall], None]
Lie = Callable[[Any, StoredFile], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class TelegramFault:
    """`on` names the kinds of calls it meets; `share` says how many images: some, one, or none of its own."""

    name: str
    does: str
    on: frozenset[str]
    share: Share
    picks: Literal["images", "documents"]
    act: Act | None = None
    lie: Lie | None = None


FAULTS: dict[str, TelegramFault] = {}


def fault(*on: Kind, share: Share = "none") -> Callable[[Act], Act]:
    """Register a function as the fault of its name; it sees the calls of the kinds `on`."""

    def register(act: Act) -> Act:
        name: str = getattr(act, "__name__")  # noqa: B009 - a Callable need not have one
        FAULTS[name] = TelegramFault(name, (act.__doc__ or "").strip(), frozenset(on), share, "images", act)
        return act

    return register


def lie(picks: Literal["images", "documents"]) -> Callable[[Lie], Lie]:
    """Register a function as the fault of its name: it gets a photo or document as messages tell it, and its file.

    It returns what the truth must say from now on: a message is right about itself even when it lies.
    """

    def register(tell: Lie) -> Lie:
        name: str = getattr(tell, "__name__")  # noqa: B009 - a Callable need not have one
        does = (tell.__doc__ or "").strip()
        FAULTS[name] = TelegramFault(name, does, frozenset(["pages", "by_id"]), "some", picks, lie=tell)
        return tell

    return register


def meet(names: Collection[str], call: TelegramCall) -> None:
    """Let the faults `names` have their way with a call; the first of the table goes first."""
    for name, fault in FAULTS.items():
        spared = fault.share != "none" and call.kind == "files" and call.afflicted.get(call.file_id) != name
        if fault.act is not None and name in names and call.kind in fault.on and not spared:
            fault.act(call)


def share_out(world: TelegramWorld, names: Collection[str]) -> dict[str, str]:
    """Which image meets which of the faults `names`: in turn, the main chat's first, so that many stay well."""
    shares = [fault for name, fault in FAULTS.items() if name in names and fault.share != "none"]
    turns: deque[TelegramFault | None] = deque([*shares, *[None] * max(1, 4 - len(shares))])
    messages = sorted(world.truth["messages"], key=lambda record: record["chat_name"] != MAIN_CHAT)
    images = dict.fromkeys(
        media["source_id"]
        for record in messages
        for media in record["media"]
        if media["is_image"] and media["reason"] is None
    )
    shared: dict[str, str] = {}
    for source_id in images if shares else ():
        is_document = not world.files[int(source_id)].photo
        fits = [turn for turn in turns if turn is None or turn.picks == "images" or is_document]
        turn = fits[0]
        turns.remove(turn)
        if turn is not None:
            shared[source_id] = turn.name
        if turn is None or turn.share == "some":
            turns.append(turn)
    return shared


def tell_lies(world: TelegramWorld, shared: dict[str, str]) -> None:
    """Let the messages of `world`, and its truth with them, say what the faults in `shared` make them say."""
    lies = {id_: tell for id_, name in shared.items() if (tell := FAULTS[name].lie) is not None}
    if not lies:
        return
    declared: dict[str, dict[str, Any]] = {}
    for chat in world.chats:
        for message in chat.messages:
            for thing in inside(message):
                if isinstance(thing, types.Photo | types.Document) and (tell := lies.get(str(thing.id))):
                    declared[str(thing.id)] = tell(thing, world.files[thing.id])
    for record in world.truth["messages"]:
        for media in record["media"]:
            media.update(declared.get(media["source_id"], {}))


_HOLD_NOTHING = {type(None), bool, int, float, str, bytes, datetime}  # most of the fields: they need no second look


def inside(thing: object) -> Iterator[Any]:
    """Every TL object in a message, the message itself included."""
    waiting: list[object] = [thing]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list | tuple):
            waiting.extend(item)
        elif isinstance(item, TLObject):
            yield item
            waiting.extend(value for value in vars(item).values() if type(value) not in _HOLD_NOTHING)


def source_ids(things: Iterable[Any]) -> set[str]:
    """The ids of the photos and documents among `things`."""
    return {str(thing.id) for thing in things if isinstance(thing, types.Photo | types.Document)}


def _flood(seconds: int, word: str = "FLOOD_WAIT") -> RpcError:
    return RpcError(420, f"{word}_{seconds}")


# The account and the chat


@fault("pages", "files", "by_id", "other")
def revoked(call: TelegramCall) -> None:
    """After three pages the session is ended from elsewhere: AUTH_KEY_UNREGISTERED until a new login."""
    if call.memory.get("pages answered", 0) >= 3 and call.once("revoked"):
        call.revoke()
        raise RpcError(401, "AUTH_KEY_UNREGISTERED")


@fault("pages", "by_id", "other")
def private_chat(call: TelegramCall) -> None:
    """CHANNEL_PRIVATE, for ever, whatever is asked about Project Apollo."""
    if call.title == MAIN_CHAT:
        raise RpcError(400, "CHANNEL_PRIVATE")


# Pages


@fault("pages", "files", "by_id")
def slow_answers(call: TelegramCall) -> None:
    """Every answer with messages or bytes takes 0.3 seconds longer."""
    call.delay_seconds += 0.3


@fault("pages")
def short_pages_telegram(call: TelegramCall) -> None:
    """No page holds more than 37 messages, whatever is asked for."""
    call.page_cap = 37


@fault("pages")
def long_flood(call: TelegramCall) -> None:
    """The 4th page and all after it for an hour: FLOOD_WAIT_3600."""
    if call.number >= 4:
        raise _flood(LONG_WAIT_SECONDS)


@fault("pages")
def flood_pages(call: TelegramCall) -> None:
    """Every 7th page is refused with FLOOD_WAIT_1, each page once."""
    if call.number % 7 == 3 and call.once(f"flooded {call.key}") and call.refused_now():
        raise _flood(1)


@fault("pages")
def hanging_pages(call: TelegramCall) -> None:
    """One page, the second, is never answered; asked again, it is."""
    if call.number >= 2 and call.once("hanging page") and call.refused_now():
        raise Hang


@fault("pages")
def dropped_pages(call: TelegramCall) -> None:
    """Every 4th page: the connection breaks before the answer."""
    if call.number % 4 == 2 and call.refused_now():
        raise Drop


@fault("pages", "files")
def server_trouble(call: TelegramCall) -> None:
    """Every 5th page and every 5th part of a file is refused: RPC_CALL_FAIL (500) and Timeout (-503) in turn."""
    if call.number % 5 == 4 and call.refused_now():
        raise RpcError(500, "RPC_CALL_FAIL") if call.number % 2 else RpcError(-503, "Timeout")


# References


@fault("pages")
def expired_references(call: TelegramCall) -> None:
    """Every file reference given with a page has expired; asked for by its id, a message has a good one."""
    call.all_stale = True


@fault("pages", "by_id", share="some")
def deleted_messages(call: TelegramCall) -> None:
    """Some files' references have expired, and their messages are deleted when asked for again."""
    met = call.met_by("deleted_messages")
    call.stale |= met
    if call.kind == "by_id":
        call.gone |= met


# Files. An image meets at most one of these that have a share.


@fault("files")
def flood_files(call: TelegramCall) -> None:
    """Every 25th part of a file is refused with FLOOD_WAIT_1."""
    if call.number % 25 == 11 and call.refused_now():
        raise _flood(1)


@fault("files")
def dropped_files(call: TelegramCall) -> None:
    """Every 45th part of a file: the connection breaks before the answer."""
    if call.number % 45 == 17 and call.refused_now():
        raise Drop


@fault("files", share="some")
def premium_flood(call: TelegramCall) -> None:
    """FLOOD_PREMIUM_WAIT_1 at the first try of each part."""
    if call.attempt == 1:
        raise _flood(1, "FLOOD_PREMIUM_WAIT")


@fault("files", share="some")
def hanging_files(call: TelegramCall) -> None:
    """The first request is never answered; asked again, it is."""
    if call.once(f"hanging file {call.file_id}"):
        raise Hang


@fault("files", share="one")
def dead_files(call: TelegramCall) -> None:
    """One file is never answered, for ever."""
    raise Hang


@fault("files", share="some")
def gone_files(call: TelegramCall) -> None:
    """LOCATION_INVALID, for ever."""
    raise RpcError(400, "LOCATION_INVALID")


# Lies


@lie("images")
def wrong_dc(thing: Any, file: StoredFile) -> dict[str, Any]:
    """The message names the other data centre: there, FILE_MIGRATE_n."""
    thing.dc_id = 4 if file.dc_id == 2 else 2
    return {}


@lie("images")
def lying_size(thing: Any, file: StoredFile) -> dict[str, Any]:
    """The message declares another size than the file has: half of it, or 10,000 bytes more."""
    letter, real = max(file.sizes.items(), key=lambda item: item[1])
    declared = real // 2 if _even(thing) else real + 10_000
    if isinstance(thing, types.Document):
        thing.size = declared
        return {"declared_size": declared}
    for size in thing.sizes:
        if isinstance(size, types.PhotoSizeProgressive) and size.type == letter:
            size.sizes = [declared * part // 3 for part in (1, 2, 3)]
        elif isinstance(size, types.PhotoSize) and size.type == letter:
            size.size = declared
    return {"declared_size": declared}


@lie("documents")
def lying_mime(thing: Any, file: StoredFile) -> dict[str, Any]:
    """A picture sent as a file is a login page or a PDF, of the size that was declared."""
    page = HTML_PAGE if _even(thing) else document("pdf", "no picture")
    whole = page.ljust(file.sizes[""])[: file.sizes[""]]
    file.data = lambda variant: whole
    return {}


def _even(thing: Any) -> bool:
    return zlib.crc32(str(thing.id).encode()) % 2 == 0
