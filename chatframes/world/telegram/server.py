"""A Telegram on loopback: the part of its API needed for reading chats, in two data centres.

Errors, paging and the rules of files follow what is documented and what clients rely on; ``faults.py`` has what can go
wrong. People, chats and pictures are made when first asked for: who never asks pays for two open ports only.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any

from telethon import utils
from telethon.crypto import AuthKey
from telethon.sessions import StringSession
from telethon.tl import functions, types

from ..community.people import Community
from ..mtproto.server import (
    PUBLIC_KEY,
    Client,
    Drop,
    Hang,
    MtprotoServer,
    RpcError,
)
from ..serving import HOST
from ..waits import Waits
from .contradictions import CONTRADICTIONS, contradict
from .faults import FAULTS, Kind, TelegramCall, meet
from .login import API_HASH, API_ID, HOME_DC, Door, Who
from .methods import Answer, Methods, now, state, when_given
from .plan import EDITED_AT
from .records import build_telegram
from .stock import Stock

FILES_DC = 4
BURST, PAGES_PER_SECOND = 30, 1.0  # of the believable rate limit

_AUTH = functions.auth
_OPEN = (  # to whoever is not logged in
    functions.help.GetConfigRequest,
    functions.help.GetNearestDcRequest,
    functions.account.GetPasswordRequest,
    _AUTH.SendCodeRequest,
    _AUTH.ResendCodeRequest,
    _AUTH.SignInRequest,
    _AUTH.ExportLoginTokenRequest,
    _AUTH.ImportLoginTokenRequest,
    _AUTH.CheckPasswordRequest,
    _AUTH.ImportBotAuthorizationRequest,
    _AUTH.ImportAuthorizationRequest,
)
_ANYWHERE = (*_OPEN, functions.upload.GetFileRequest, _AUTH.LogOutRequest)  # at each data centre
_NOT_FOR_BOTS = (
    functions.messages.GetHistoryRequest,
    functions.messages.GetDialogsRequest,
    functions.messages.GetPeerDialogsRequest,
    functions.contacts.GetContactsRequest,
)
_KINDS: dict[Any, Kind] = {
    functions.messages.GetHistoryRequest: "pages",
    functions.upload.GetFileRequest: "files",
    functions.channels.GetMessagesRequest: "by_id",
    functions.messages.GetMessagesRequest: "by_id",
}


@dataclass(slots=True)
class TelegramCounts:
    """What clients did, at both data centres. Touched on the server's loop only."""

    calls: Counter[str] = field(default_factory=Counter)
    file_requests: Counter[str] = field(default_factory=Counter)
    file_bytes: Counter[str] = field(default_factory=Counter)
    imports: Counter[int] = field(default_factory=Counter)
    peaks: Counter[str] = field(default_factory=Counter)
    flying: Counter[str] = field(default_factory=Counter)
    delivered: Counter[str] = field(default_factory=Counter)
    history_log: list[dict[str, Any]] = field(default_factory=list)
    early_requests: int = 0
    connections: set[object] = field(default_factory=set)
    waits: Waits = field(default_factory=Waits)

    def connected(self, connection: object) -> None:
        """A TCP connection was opened."""
        self.connections.add(connection)
        self.peaks["connections"] = max(self.peaks["connections"], len(self.connections))

    def arrived(self, name: str, kind: Kind) -> None:
        """Count a request; was it early, inside a wait that a refusal of its kind had asked for."""
        self.calls[name] += 1
        self.early_requests += self.waits.forbid(kind)

    @contextmanager
    def flight(self, kind: Kind) -> Iterator[None]:
        """Count a request as in flight while the block runs."""
        self.flying[kind] += 1
        self.peaks[kind] = max(self.peaks[kind], self.flying[kind])
        try:
            yield
        finally:
            self.flying[kind] -= 1

    def reset(self) -> None:
        """Forget everything but what is open, in flight and being waited for right now."""
        for one in (self.calls, self.file_requests, self.file_bytes, self.imports, self.peaks, self.delivered):
            one.clear()
        self.history_log.clear()
        self.early_requests = 0


class TelegramServer:
    """The two data centres, and what is behind them.

    Parameters
    ----------
    community : Community
        Who lives here.
    messages, images : int
        How many the main chat holds.
    faults : frozenset of str
        What goes wrong; names of other services' faults are not heeded.
    latency_seconds : float
        Before every answer.
    rate_limits : bool
        Refuse bursts of pages with FLOOD_WAIT, as Telegram does.
    """

    def __init__(
        self,
        community: Community,
        messages: int,
        images: int,
        faults: frozenset[str],
        latency_seconds: float,
        rate_limits: bool,
        content: bool = False,
    ) -> None:
        self._recipe, self._content = (community, messages, images), content
        self.faults = faults & (FAULTS.keys() | CONTRADICTIONS.keys())
        self.counts = TelegramCounts()
        self._latency_seconds, self._limited = latency_seconds, rate_limits
        self._bucket, self._filled_at = float(BURST), 0.0
        self._numbers: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._memory: dict[Any, Any] = {}
        self._lock = threading.Lock()
        self._made: Methods | None = None
        self._door = Door()
        self._centres = {dc: MtprotoServer(dc, self.answer, self.counts) for dc in (HOME_DC, FILES_DC)}
        self._given_keys: dict[int, int] = {}  # data centre -> keys that needed no handshake
        self._handshakes_before: dict[int, int] = {}
        self.session = self.bot_session = ""
        self._answers: dict[Any, Answer] = {
            functions.help.GetConfigRequest: self._config,
            functions.help.GetNearestDcRequest: lambda r, c, call: types.NearestDc("NO", c.dc_id, HOME_DC),
            functions.updates.GetStateRequest: lambda r, c, call: state(),
            functions.updates.GetDifferenceRequest: lambda r, c, call: types.updates.DifferenceEmpty(now(), 1),
            functions.updates.GetChannelDifferenceRequest: self._channel_difference,
            functions.messages.CheckChatInviteRequest: self._invite,
            functions.contacts.GetContactsRequest: lambda r, c, call: types.contacts.Contacts([], 0, []),
            functions.account.GetPasswordRequest: lambda r, c, call: self._door.password(r, c),
            _AUTH.SendCodeRequest: lambda r, c, call: self._door.send_code(r, c),
            _AUTH.ResendCodeRequest: lambda r, c, call: self._door.resend_code(r, c),
            _AUTH.SignInRequest: lambda r, c, call: self._welcome(self._door.sign_in(r, c)),
            _AUTH.ExportLoginTokenRequest: self._login_token,
            _AUTH.ImportLoginTokenRequest: lambda r, c, call: self._let_in(self._door.take_token(r, c)),
            _AUTH.CheckPasswordRequest: lambda r, c, call: self._welcome(self._door.check_password(r, c)),
            _AUTH.ImportBotAuthorizationRequest: lambda r, c, call: self._welcome(self._door.bot(r, c)),
            _AUTH.ExportAuthorizationRequest: lambda r, c, call: self._door.export(r, c, {*self._centres} - {c.dc_id}),
            _AUTH.ImportAuthorizationRequest: self._import,
            _AUTH.LogOutRequest: self._log_out,
        }

    # Coming and going

    async def start(self) -> None:
        """Listen on two free ports, and log the account and the bot in."""
        for centre in self._centres.values():
            await centre.start()
        self.session, self.bot_session = self._new_session("me"), self._new_session("bot")
        self._given_keys = {dc: len(centre.clients) for dc, centre in self._centres.items()}

    async def stop(self) -> None:
        """Close both ports and hang up on everybody."""
        for centre in self._centres.values():
            await centre.stop()

    @property
    def port(self) -> int:
        """Of the account's own data centre."""
        return self._centres[HOME_DC].port

    @property
    def config(self) -> dict[str, Any]:
        """What a client needs to come in as the account; holds its session."""
        server = {"dc_id": HOME_DC, "address": HOST, "port": self.port, "public_key": PUBLIC_KEY}
        return {"api_id": API_ID, "api_hash": API_HASH, "session": self.session, "server": server}

    @property
    def defects(self) -> list[str]:
        """What should not have been raised here."""
        return [defect for centre in self._centres.values() for defect in centre.defects]

    def stats(self) -> dict[str, Any]:
        """A plain copy of the counts."""
        counts = self.counts
        return {
            "calls": dict(counts.calls),
            "file_requests": dict(counts.file_requests),
            "file_bytes": dict(counts.file_bytes),
            "peak_files": counts.peaks["files"],
            "peak_pages": counts.peaks["pages"],
            "peak_connections": max(counts.peaks["connections"], len(counts.connections)),
            "open_connections": len(counts.connections),
            "early_requests": counts.early_requests,
            "imports": dict(counts.imports),
            "handshakes": dict(Counter(self._handshakes()) - Counter(self._handshakes_before)),
            "delivered": dict(counts.delivered),
            "history_log": [dict(entry) for entry in counts.history_log],
        }

    def reset_stats(self) -> None:
        """Begin to count anew."""
        self._handshakes_before = self._handshakes()
        self.counts.reset()

    def _handshakes(self) -> dict[int, int]:
        return {dc: len(centre.clients) - self._given_keys[dc] for dc, centre in self._centres.items()}

    def stock(self) -> Stock:
        """Everything there is, made when first needed; may be called from any thread."""
        with self._lock:
            if self._made is None:
                world = build_telegram(*self._recipe, one_title="one_title" in self.faults, content=self._content)
                self._made = Methods(Stock(world, self.faults, self._recipe[0].seed))
            return self._made.stock

    @property
    def truth(self) -> dict[str, list[dict[str, Any]]]:
        """What a table of everything here must equal; may be asked for from any thread."""
        return self.stock().world.truth

    @property
    def withheld(self) -> dict[tuple[str, str], str]:
        """What exists and no client need get: from chat and id to the contradiction that keeps it back."""
        return dict(self.stock().plan.withheld)

    @property
    def edited(self) -> dict[tuple[str, str], tuple[str, str, datetime]]:
        """What was edited: from chat and id to the fault, the new words and when."""
        plan = self.stock().plan
        edits = plan.edits if plan.edited else {}
        return {(str(plan.main), str(id_)): ("mended_messages", words, EDITED_AT) for id_, words in edits.items()}

    def afflicted_by(self, fault: str) -> set[str]:
        """The ``source_id`` of the images that meet a fault; the ids of what a contradiction keeps back."""
        if fault == "mended_messages":
            return set(map(str, self.stock().plan.edits))
        if fault in CONTRADICTIONS:
            return {id_ for (_, id_), why in self.withheld.items() if why == fault}
        return {source_id for source_id, name in self.stock().afflicted.items() if name == fault}

    def scan(self, link: str, *, password: bool) -> None:
        """Open a login link at the phone of one of the two accounts."""
        self._door.scan(link, "second" if password else "me")

    def _new_session(self, who: Who) -> str:
        key = os.urandom(256)
        self._centres[HOME_DC].add_key(key, None).memory["who"] = who
        session = StringSession()
        session.set_dc(HOME_DC, HOST, self.port)
        session.auth_key = AuthKey(key)
        saved: str = session.save()
        return saved

    def _revoke(self) -> None:
        for centre in self._centres.values():
            for client in centre.clients.values():
                client.memory.pop("who", None)
                client.user_id = None

    # Every request

    async def answer(self, request: Any, client: Client) -> object:
        """Answer one request: count it, wait, let the faults have their way."""
        kind = _KINDS.get(type(request), "other")
        self.counts.arrived(_name(request), kind)
        noted = self._note(kind, request)
        with self.counts.flight(kind):
            await asyncio.sleep(self._latency_seconds)
            if self._made is None and not isinstance(request, functions.help.GetConfigRequest):
                await asyncio.to_thread(self.stock)
            try:
                call = self._call(kind, request, client)
                answer = self._answer(request, client, call)
            except RpcError as error:
                noted["refused"] = error.message
                self._note_wait(kind, error)
                raise
            except (Drop, Hang) as fate:
                noted["refused"] = type(fate).__name__
                raise
            if call.delay_seconds:
                await asyncio.sleep(call.delay_seconds)
        if kind == "pages":
            self._memory["pages answered"] = self._memory.get("pages answered", 0) + 1
            noted.update(_extent(answer.messages))
        elif kind == "files":
            self.counts.file_bytes[call.file_id] += len(answer.bytes)
        return answer

    def _note(self, kind: Kind, request: Any) -> dict[str, Any]:
        """Take down what is asked; returns what the outcome is added to."""
        noted: dict[str, Any] = {}
        if kind == "pages":
            noted = {
                "chat": _marked(request.peer),
                "offset_id": request.offset_id,
                "offset_date": when_given(request.offset_date),
                "add_offset": request.add_offset,
                "limit": request.limit,
                "refused": None,
                **_extent([]),
            }
            self.counts.history_log.append(noted)
        elif kind == "files":
            self.counts.file_requests[str(getattr(request.location, "id", 0))] += 1
        return noted

    def _note_wait(self, kind: Kind, error: RpcError) -> None:
        if error.code == 420:
            self.counts.waits.ask(int(error.message.rpartition("_")[2]), kind)

    def _call(self, kind: Kind, request: Any, client: Client) -> TelegramCall:
        stock = self._made.stock if self._made else None
        peer = getattr(request, "peer", getattr(request, "channel", None))
        marked = _marked(peer) if peer is not None else ""
        file_id = str(getattr(request.location, "id", 0)) if kind == "files" else ""
        asked = {
            "pages": lambda: f"{marked} {request.offset_id} {request.offset_date} {request.add_offset}",
            "files": lambda: f"{file_id} {request.offset}",
        }.get(kind, lambda: f"{_name(request)} {marked}")()
        key = f"{kind} {asked}"
        self._numbers[kind] += 1
        self._attempts[key] += 1
        return TelegramCall(
            kind=kind,
            key=key,
            number=self._numbers[kind],
            attempt=self._attempts[key],
            afflicted=stock.afflicted if stock else {},
            memory=self._memory,
            revoke=self._revoke,
            title=stock.title(marked) if stock else "",
            file_id=file_id,
            chat=marked,
            seed=self._recipe[0].seed,
            upwards=getattr(request, "add_offset", 0) < 0,
            delivered=self.counts.delivered,
        )

    def _answer(self, request: Any, client: Client, call: TelegramCall) -> Any:
        made = self._made.answers if self._made else {}
        answer = self._answers.get(type(request)) or made.get(type(request))
        if answer is None:
            raise RpcError(400, "METHOD_INVALID")
        who = client.memory.get("who")
        if who is not None and self._made is not None:
            client.user_id = self._person(who).id
        if not isinstance(request, _OPEN):
            if who is None:
                raise RpcError(401, "AUTH_KEY_UNREGISTERED")
            home = self._door.homes[who]
            if client.dc_id != home and not isinstance(request, _ANYWHERE):
                raise RpcError(303, f"USER_MIGRATE_{home}")
            if who == "bot" and isinstance(request, _NOT_FOR_BOTS):
                raise RpcError(400, "BOT_METHOD_INVALID")
            if self._limited and call.kind == "pages":
                self._admit(asyncio.get_running_loop().time())
            meet(self.faults, call)
        if self._made is None:
            return answer(request, client, call)
        return contradict(self.faults, call, self._made.stock, lambda: answer(request, client, call))

    def _admit(self, now: float) -> None:
        """The believable limit: a bucket of tokens that fills again."""
        self._bucket = min(float(BURST), self._bucket + (now - self._filled_at) * PAGES_PER_SECOND)
        self._filled_at = now
        if self._bucket < 1:
            raise RpcError(420, f"FLOOD_WAIT_{max(1, ceil((1 - self._bucket) / PAGES_PER_SECOND))}")
        self._bucket -= 1

    # The account

    def _person(self, who: Who) -> Any:
        return self.stock().people[who]

    def _welcome(self, who: Who) -> Any:
        return types.auth.Authorization(self._person(who))

    def _login_token(self, request: Any, client: Client, call: TelegramCall) -> Any:
        who, token = self._door.login_token(request, client)
        return token if who is None else self._let_in(who)

    def _let_in(self, who: Who) -> Any:
        return types.auth.LoginTokenSuccess(self._welcome(who))

    def _import(self, request: Any, client: Client, call: TelegramCall) -> Any:
        who = self._door.take_in(request, client)
        self.counts.imports[client.dc_id] += 1
        return self._welcome(who)

    def _log_out(self, request: Any, client: Client, call: TelegramCall) -> Any:
        del client.memory["who"]
        client.user_id = None
        return types.auth.LoggedOut()

    def _config(self, request: Any, client: Client, call: TelegramCall) -> Any:
        numbers = dict.fromkeys(_CONFIG_NUMBERS, 0)
        return types.Config(
            date=now(),
            expires=now(),
            test_mode=False,
            this_dc=client.dc_id,
            dc_options=[types.DcOption(dc, HOST, centre.port) for dc, centre in self._centres.items()],
            dc_txt_domain_name="",
            me_url_prefix="https://t.me/",
            **numbers,
        )

    def _channel_difference(self, request: Any, client: Client, call: TelegramCall) -> Any:
        return types.updates.ChannelDifferenceEmpty(pts=request.pts, final=True, timeout=300)

    def _invite(self, request: Any, client: Client, call: TelegramCall) -> Any:
        raise RpcError(400, "INVITE_HASH_EXPIRED")


def _name(request: Any) -> str:
    """The method's own name: ``messages.getHistory``."""
    name = type(request).__name__.removesuffix("Request")
    return f"{type(request).__module__.rpartition('.')[2]}.{name[0].lower()}{name[1:]}"


def _marked(peer: Any) -> str:
    try:
        return str(utils.get_peer_id(peer))
    except TypeError:  # InputPeerSelf, and what is no peer
        return type(peer).__name__


def _extent(messages: list[Any]) -> dict[str, Any]:
    first, last = (messages[0], messages[-1]) if messages else (None, None)
    return {
        "returned": len(messages),
        "first_id": first.id if first else None,
        "first_date": first.date if first else None,
        "last_id": last.id if last else None,
        "last_date": last.date if last else None,
    }


_CONFIG_NUMBERS = (
    "chat_size_max", "megagroup_size_max", "forwarded_count_max", "online_update_period_ms",
    "offline_blur_timeout_ms", "offline_idle_timeout_ms", "online_cloud_timeout_ms", "notify_cloud_delay_ms",
    "notify_default_delay_ms", "push_chat_period_ms", "push_chat_limit", "edit_time_limit", "revoke_time_limit",
    "revoke_pm_time_limit", "rating_e_decay", "stickers_recent_limit", "channels_read_media_period",
    "call_receive_timeout_ms", "call_ring_timeout_ms", "call_connect_timeout_ms", "call_packet_timeout_ms",
    "caption_length_max", "message_length_max", "webfile_dc_id",
)  # fmt: skip
