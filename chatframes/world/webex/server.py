"""A Webex on loopback: the part of its REST API needed for reading a space.

Errors, paging and headers follow what is documented and what clients report; ``faults.py`` has
what can go wrong. A second port plays a foreign host, which must never see a token or a cookie.
"""

from __future__ import annotations

import asyncio
import secrets
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from ..calls import Answer, Call
from ..community import photos
from ..community.people import Chat, Community, Message
from ..fault import answer_with, share_out
from ..serving import HOST, Counts, Listener, send, take_time
from . import content as everything
from . import records
from .contradictions import CONTRADICTIONS, EDITED_AT, plan_for
from .faults import FAULTS, NOT_FOUND, UNAUTHORIZED, refusal
from .truth import truth

MAX_PEOPLE_IDS = 85
_KEPT_IN_LINKS = ("roomId", "max", "mentionedPeople", "parentId")
MAX_WITH_MENTIONS = 100
BURST, REQUESTS_PER_SECOND = 40, 60  # of the believable rate limit


class WebexServer:
    """The two ports, and what is behind them."""

    def __init__(
        self,
        community: Community,
        faults: frozenset[str],
        latency_seconds: float,
        rate_limits: bool,
        content: bool = False,
    ) -> None:
        self._everything = everything.chat(community) if content else None
        if self._everything is not None:
            community = replace(community, chats=(*community.chats, self._everything))
        self.community, self.faults = community, faults & (FAULTS.keys() | CONTRADICTIONS.keys())
        self._carried: dict[str, dict[str, Any]] = {}  # what messages of the space of everything carry, by id
        self.counts = Counts()
        self.access_token, self.bot_token = _new_token(), _new_token()
        self.client_id, self.client_secret = "sandbox-client", secrets.token_hex(16)
        self.refresh_token = secrets.token_hex(16)
        self._latency_seconds, self._limited = latency_seconds, rate_limits
        self._bucket, self._filled_at = float(BURST), 0.0
        self._owners = {self.access_token: community.me, self.bot_token: community.bot}
        self._ids = {person.key: records.person_id(person) for person in community.people}
        self._people = {records.person_id(p): records.person_json(p) for p in community.people if not p.left}
        self._rooms = {records.room_id(chat): chat for chat in community.chats}
        self._places = {
            records.message_id(message.key): (chat, place)
            for chat in community.chats
            for place, message in enumerate(chat.messages)
        }
        self._files = {
            records.content_id(file): file
            for chat in community.chats
            for message in chat.messages
            for file in message.files
        }
        main = community.chats[0].messages
        pictures = (f for message in main for f in message.files if f.photo is not None)
        self._afflicted = share_out(FAULTS, self.faults, dict.fromkeys(map(records.content_id, pictures)))
        ailing = [records.message_id(message.key) for message in main[11::29]]
        self._broken = {id_: number > 1 for number, id_ in enumerate(ailing)} if "item_errors" in self.faults else {}
        ids = [records.message_id(message.key) for message in main]
        self._plan = plan_for(records.room_id(community.chats[0]), ids, self.faults, community.seed)
        whole = {id_ for id_, (chat, place) in self._places.items() if chat.messages[place].whole_second}
        self._memory: dict[Any, Any] = {"plan": self._plan, "whole seconds": whole}
        self._numbers: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._api = Listener(self._serve_api, self.counts)
        self._foreign = Listener(self._serve_foreign, self.counts)
        self.base_url = self.foreign_url = ""

    async def start(self) -> None:
        """Listen on two free ports."""
        await self._api.start()
        await self._foreign.start()
        self.base_url = f"http://{HOST}:{self._api.port}/v1"
        self.foreign_url = f"http://{HOST}:{self._foreign.port}"
        if self._everything is not None:
            self._carried = everything.sent(self._everything, self.foreign_url)

    async def stop(self) -> None:
        """Close both ports and every connection."""
        await self._api.stop()
        await self._foreign.stop()

    @property
    def config(self) -> dict[str, str]:
        """The "webex" section of a config; where the token expires, with what renews it."""
        integration = {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }
        token = {"base_url": self.base_url, "access_token": self.access_token}
        return token | (integration if "token_expires" in self.faults else {})

    @property
    def foreign_host(self) -> str:
        """The second port, as ``host:port``."""
        return self.foreign_url.removeprefix("http://")

    @cached_property
    def truth(self) -> dict[str, list[dict[str, Any]]]:
        """What a table of everything here must equal."""
        told = truth(self.community, self.foreign_url)
        if self._everything is not None:
            everything.tell(told["messages"], self._everything, self.foreign_url)
        return told

    def afflicted_by(self, fault: str) -> set[str]:
        """The ``source_id`` of the images that meet a fault; the ids of what a contradiction keeps back."""
        if fault == "edited_messages":
            return set(self._plan.edits)
        if fault in CONTRADICTIONS:
            return {id_ for id_, why in self._plan.withheld.items() if why == fault}
        return {source_id for source_id, name in self._afflicted.items() if name == fault}

    def broken(self, *, for_ever: bool) -> set[str]:
        """The ids of the messages that ``item_errors`` breaks; `for_ever`, only of those that never heal."""
        return {id_ for id_, heals in self._broken.items() if not (heals and for_ever)}

    def stats(self) -> dict[str, Any]:
        """A plain copy of the counts."""
        return self.counts.as_dict()

    @property
    def withheld(self) -> dict[tuple[str, str], str]:
        """What exists and no client need get: from chat and id to the contradiction that keeps it back."""
        return {(self._plan.room, id_): fault for id_, fault in self._plan.withheld.items()}

    @property
    def edited(self) -> dict[tuple[str, str], tuple[str, str, datetime]]:
        """What was edited: from chat and id to the fault, the new words and when."""
        edits = self._plan.edits if self._plan.edited else {}
        return {(self._plan.room, id_): ("edited_messages", words, EDITED_AT) for id_, words in edits.items()}

    def reset_stats(self) -> None:
        """Begin to count anew."""
        self.counts.reset()

    # The API's port

    async def _serve_api(self, request: web.BaseRequest) -> web.StreamResponse:
        kind, last = _kind(request.method, request.path)
        now = asyncio.get_running_loop().time()
        self.counts.arrived(kind)
        self.counts.others["api_cookies"] += "Cookie" in request.headers
        if kind == "messages":
            self.counts.messages_log.append(dict(request.query))
        if kind == "contents":
            self.counts.content_gets[last] += 1
        what = {"contents": "downloads", "messages": "pages"}.get(kind, "others")
        with self.counts.flight(what, request.transport) as note_peak:
            await take_time(note_peak, self._latency_seconds)
            answer = await self._answer(request, kind, last, now)
            self.counts.others["unauthorized"] += answer.status == 401
            if sum(self.counts.requests.values()) % 3 == 1:
                answer.headers["Set-Cookie"] = "trackingSession=c2FuZGJveA; Path=/; HttpOnly"
            if answer.delay_seconds:
                await asyncio.sleep(answer.delay_seconds)
            if answer.wait_seconds is not None:
                self.counts.waits.ask(answer.wait_seconds)
            return await send(request, answer, self._count_bytes(last if kind == "contents" else ""))

    async def _answer(self, request: web.BaseRequest, kind: str, last: str, now: float) -> Answer:
        if kind == "token":
            return self._refresh({name: str(value) for name, value in (await request.post()).items()})
        if self._limited and not self._admit(now):
            return refusal(429, "Too many requests", retry_after="1")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self._owners or token in self._memory.get("expired tokens", ()):
            return refusal(401, UNAUTHORIZED)
        query = dict(request.query)
        asked = sorted((name, value) for name, value in query.items() if name != "max")
        key = f"{kind} {request.path}?{urlencode(asked)}"
        self._numbers[kind] += 1
        self._attempts[key] += 1
        call = Call(
            kind=kind,
            key=key,
            query=query,
            number=self._numbers[kind],
            attempt=self._attempts[key],
            base_url=self.base_url,
            foreign_url=self.foreign_url,
            memory=self._memory,
            afflicted=self._afflicted,
            broken=self._broken,
            token=token,
            last=last,
            delivered=self.counts.delivered,
        )
        return answer_with(FAULTS, self.faults, call, self._contradicting)

    def _contradicting(self, call: Call) -> Answer:
        return answer_with(CONTRADICTIONS, self.faults, call, self._plain_answer)

    def _plain_answer(self, call: Call) -> Answer:
        answers: dict[str, Callable[[Call], Answer]] = {
            "me": self._me,
            "people": self._some_people,
            "person": self._person,
            "rooms": self._room_list,
            "room": self._room,
            "messages": self._page,
            "direct": self._direct,
            "message": self._message,
            "contents": self._content,
            "head": self._content,
        }
        answer = answers.get(call.kind)
        return answer(call) if answer else refusal(404, NOT_FOUND)

    def _me(self, call: Call) -> Answer:
        return Answer(payload=self._people[self._ids[self._owners[call.token].key]])

    def _person(self, call: Call) -> Answer:
        found = self._people.get(call.last)
        return Answer(payload=found) if found else refusal(404, NOT_FOUND)

    def _some_people(self, call: Call) -> Answer:
        ids = [id_ for id_ in call.query.get("id", "").split(",") if id_]
        self.counts.others["max_people_ids"] = max(self.counts.others["max_people_ids"], len(ids))
        if not ids:
            return refusal(400, "Email, displayName, or id list should be specified.")
        if len(ids) > MAX_PEOPLE_IDS:
            return refusal(400, f"No more than {MAX_PEOPLE_IDS} ids can be asked for at once.")
        payload: dict[str, Any] = {"items": [self._people[id_] for id_ in ids if id_ in self._people]}
        missing = [id_ for id_ in ids if id_ not in self._people]
        return Answer(payload={"notFoundIds": missing, **payload} if missing else payload)

    def _room_list(self, call: Call) -> Answer:
        size = _size(call, 100)
        if size is None:
            return refusal(400, "'max' must be a number from 1 to 1000")
        kind = call.query.get("type")
        rooms = [chat for chat in self._rooms.values() if kind in (None, chat.kind)]
        orders: dict[str, Callable[[Chat], Any]] = {"id": records.room_id, "created": lambda chat: chat.created_at}
        sort_by = call.query.get("sortBy", "lastactivity")
        rooms.sort(key=orders.get(sort_by, lambda chat: chat.last_activity), reverse=sort_by != "id")
        start = int(call.query.get("cursor", "0"))
        page = rooms[start : start + size]
        answer = Answer(payload={"items": [records.room_json(chat, self.community.me) for chat in page]})
        if start + size < len(rooms):
            rest = urlencode({**call.query, "cursor": start + size})
            answer.links = {"first": f"{self.base_url}/rooms", "next": f"{self.base_url}/rooms?{rest}"}
        return answer

    def _room(self, call: Call) -> Answer:
        chat = self._rooms.get(call.last)
        return Answer(payload=records.room_json(chat, self.community.me)) if chat else refusal(404, NOT_FOUND)

    def _page(self, call: Call) -> Answer:
        query, owner = call.query, self._owners[call.token]
        mentioned = query.get("mentionedPeople")
        size = _size(call, 50)
        if not query.get("roomId"):
            return refusal(400, "'roomId' is required")
        if size is None or (mentioned and size > MAX_WITH_MENTIONS):
            return refusal(400, "'max' must be a number from 1 to 1000, or to 100 with 'mentionedPeople'")
        chat = self._rooms.get(query["roomId"])
        if chat is None:
            return refusal(404, NOT_FOUND)
        if owner.kind == "bot" and chat.kind == "group" and mentioned is None:
            return refusal(403, "A bot must ask for mentionedPeople=me in a group room.")
        if mentioned not in (None, "me", self._ids[owner.key]):
            return refusal(400, "'mentionedPeople' can only be 'me' or your own id")
        end = self._end(chat, query)
        if isinstance(end, Answer):
            return end
        mine = owner.key if mentioned else None
        places: list[int] = []
        while end > 0 and len(places) < size:
            end -= 1
            message = chat.messages[end]
            if not self._wanted(message, query.get("parentId")):
                continue
            runs = message.runs
            if mine is None or any(run.style == "mention" and run.target == mine for run in runs):
                places.append(end)
        answer = Answer(payload={"items": [self._message_json(chat, place) for place in places]})
        if len(places) == size:  # nothing older may be left: then the link leads to an empty page
            kept = {name: value for name, value in query.items() if name in _KEPT_IN_LINKS}
            anchor = records.message_id(chat.messages[places[-1]].key)
            first, following = urlencode(kept), urlencode({**kept, "beforeMessage": anchor})
            answer.links = {
                "first": f"{self.base_url}/messages?{first}",
                "next": f"{self.base_url}/messages?{following}",
            }
        return answer

    def _direct(self, call: Call) -> Answer:
        """The messages with one person, who is named by an id or an e-mail address."""
        query = dict(call.query)
        who = {query.pop("personId", None), query.pop("personEmail", None)} - {None}
        for room, chat in self._rooms.items():
            others = [person for person in chat.members if person.key != self._owners[call.token].key]
            if chat.kind == "direct" and any(who & {self._ids[person.key], person.email} for person in others):
                return self._page(replace(call, query={**query, "roomId": room}))
        return refusal(404, NOT_FOUND)

    def _wanted(self, message: Message, parent: str | None) -> bool:
        """Whether a list holds a message: it is there, and answers `parent` where that is asked for."""
        if self._plan.hidden and records.message_id(message.key) in self._plan.hidden:
            return False
        return parent is None or (message.parent_key is not None and records.message_id(message.parent_key) == parent)

    def _end(self, chat: Chat, query: dict[str, str]) -> int | Answer:
        """How many of the chat's messages are older than what was asked for."""
        end = len(chat.messages)
        if "before" in query:
            try:
                before = datetime.fromisoformat(query["before"].replace(" ", "+"))
            except ValueError:
                return refusal(400, "'before' is not a date and time")
            before = before if before.tzinfo else before.replace(tzinfo=UTC)
            end = bisect_left(chat.messages, before, key=lambda message: message.created_at)
        if "beforeMessage" in query:
            anchor_chat, place = self._places.get(query["beforeMessage"], (None, 0))
            if anchor_chat is not chat:
                return refusal(404, NOT_FOUND)
            end = min(end, place)
        return end

    def _message(self, call: Call) -> Answer:
        chat, place = self._places.get(call.last, (None, 0))
        if chat is None or call.last in self._plan.gone:
            return refusal(404, "Unable to get message.")
        return Answer(payload=self._message_json(chat, place))

    def _message_json(self, chat: Chat, place: int) -> dict[str, Any]:
        message = chat.messages[place]
        told = records.message_json(message, chat, self._ids, self.base_url, self.foreign_url)
        return told | self._carried.get(records.message_id(message.key), {}) if self._carried else told

    def _content(self, call: Call) -> Answer:
        file = self._files.get(call.last)
        if file is None:
            return refusal(404, NOT_FOUND)
        named = records.disposition(file)
        headers = {} if named is None else {"Content-Disposition": named}
        return Answer(body=file.data(), content_type=file.mime, headers=headers)

    def _refresh(self, form: dict[str, str]) -> Answer:
        wanted = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }
        if form != wanted:
            return refusal(400, "The refresh token or the client is not known.")
        self.counts.others["refreshes"] += 1
        token = _new_token()
        self._memory.setdefault("expired tokens", set()).update(
            old for old, owner in self._owners.items() if owner is self.community.me
        )
        self._owners[token] = self.community.me
        return Answer(
            payload={
                "access_token": token,
                "expires_in": 1_209_600,
                "refresh_token": self.refresh_token,
                "refresh_token_expires_in": 7_776_000,
            }
        )

    def _admit(self, now: float) -> bool:
        """The believable limit: a bucket of tokens that fills again."""
        self._bucket = min(float(BURST), self._bucket + (now - self._filled_at) * REQUESTS_PER_SECOND)
        self._filled_at = now
        if self._bucket < 1:
            return False
        self._bucket -= 1
        return True

    def _count_bytes(self, source_id: str) -> Callable[[int], None]:
        def count(size: int) -> None:
            if source_id:
                self.counts.content_bytes[source_id] += size

        return count

    # The foreign host's port

    async def _serve_foreign(self, request: web.BaseRequest) -> web.StreamResponse:
        others, last = self.counts.others, request.path.rpartition("/")[2]
        self.counts.requests["foreign"] += 1
        others["foreign_credentials"] += "Authorization" in request.headers or "access_token" in request.query_string
        others["foreign_cookies"] += "Cookie" in request.headers
        with self.counts.flight("downloads", request.transport) as note_peak:
            await take_time(note_peak, self._latency_seconds)
            file = self._files.get(last) if request.path.startswith("/files/") else None
            if file is not None:
                answer = Answer(body=file.data(), content_type=file.mime)
                answer.headers["Set-Cookie"] = "cdn=c2FuZGJveA; Path=/"
            elif request.path == "/card/logo.jpg":
                answer = Answer(body=photos.picture(photos.JPEGS[3], "logo"), content_type="image/jpeg")
            elif request.path == "/card/logo.svg":
                answer = Answer(body=records.LOGO, content_type=records.LOGO_TYPE)
            else:
                answer = refusal(401, UNAUTHORIZED)
            return await send(request, answer, self._count_bytes(last if file else ""))


def _new_token() -> str:
    return f"sandbox-{secrets.token_hex(16)}"


def _kind(method: str, path: str) -> tuple[str, str]:
    """What is asked for, in a word, and the last piece of the path."""
    match (method, path.split("/")):
        case ("POST", ["", "v1", "access_token"]):
            return "token", ""
        case ("GET", ["", "v1", "people", "me"]):
            return "me", "me"
        case ("GET", ["", "v1", "messages", "direct"]):
            return "direct", ""
        case ("GET", ["", "v1", ("people" | "rooms" | "messages") as many]):
            return many, ""
        case ("GET", ["", "v1", ("people" | "rooms" | "messages") as many, one]):
            return {"people": "person", "rooms": "room", "messages": "message"}[many], one
        case (("GET" | "HEAD") as how, ["", "v1", "contents", one]):
            return ("contents" if how == "GET" else "head"), one
    return "other", ""


def _size(call: Call, default: int) -> int | None:
    """How many items a page may hold; None when `max` is no number."""
    asked = call.query.get("max", str(default))
    if not asked.isdigit() or int(asked) < 1:
        return None
    return min(int(asked), call.page_cap)
