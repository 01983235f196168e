"""A Reddit on loopback: the part of its API needed for reading, its picture hosts, and foreign sites.

Three ports: the API, the site (tokens and the picture hosts, each the first piece of a path), and foreign sites. A
fourth one is a port of this machine that nobody may be led to.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import math
import secrets
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from ..calls import Answer, Call, html
from ..community.people import Community
from ..fault import answer_with, share_out
from ..serving import HOST, Counts, Listener, send, take_time
from .answers import Answers, escaped, kind_of, pieces_of
from .contradictions import CONTRADICTIONS
from .faults import FAULTS, refused, unauthorized
from .plan import EDITED_AT
from .records import RedditWorld, build_reddit
from .truth import Record

WINDOW_SECONDS, WINDOW_REQUESTS = 10.0, 60  # of the believable budget
EXPANSION_SECONDS = 0.005  # long enough to catch who asks for two at once
LOST_THREADS = 2


class RedditServer:
    """The ports, and what is behind them; the world is made when somebody first asks for anything."""

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
        self._community, self._messages, self._images, self._content = community, messages, images, content
        self.faults = faults & (FAULTS.keys() | CONTRADICTIONS.keys())
        self._latency_seconds, self._limited = latency_seconds, rate_limits
        self.counts = Counts()
        self.client_id, self.client_secret = "sandbox-app", secrets.token_hex(16)
        self.login = {"username": "sandbox_reader", "password": secrets.token_hex(12)}
        self.refresh_token = secrets.token_hex(16)
        self.tokens: list[str] = []
        self._afflicted: dict[str, str] = {}
        self._lost: dict[str, bool] = {}
        self._world: RedditWorld | None = None
        self._making = threading.Lock()
        self._answers = Answers(self.world)
        self._memory: dict[Any, Any] = {}
        self._number = 0
        self._attempts: Counter[str] = Counter()
        self._expanding = 0
        self._window_ends, self._used = 0.0, 0
        self._listeners = [
            Listener(serve, self.counts)
            for serve in (self._serve_api, self._serve_site, self._serve_foreign, self._serve_hostile)
        ]
        self.oauth_url = self.reddit_url = self.foreign_url = ""

    @property
    def config(self) -> dict[str, str]:
        """The "reddit" section of a config: the app and where it goes."""
        return {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "user_agent": "sandbox:chatframes:1 (by /u/sandbox_reader)",
            "reddit_url": self.reddit_url,
            "oauth_url": self.oauth_url,
        }

    @property
    def picture_hosts(self) -> list[str]:
        """The ports of this machine where pictures are, as ``host:port``."""
        return [url.removeprefix("http://") for url in (self.reddit_url, self.foreign_url)]

    async def start(self) -> None:
        """Listen on free ports."""
        for listener in self._listeners:
            await listener.start()
        ports = [listener.port for listener in self._listeners]
        self.oauth_url, self.reddit_url, self.foreign_url = (f"http://{HOST}:{port}" for port in ports[:3])
        self._memory["hostile port"] = ports[3]

    async def stop(self) -> None:
        """Close every port and every connection."""
        for listener in self._listeners:
            await listener.stop()

    def world(self) -> RedditWorld:
        """Everything there is, made at the first call."""
        with self._making:
            if self._world is None:
                made = build_reddit(
                    self._community,
                    self._messages,
                    self._images,
                    reddit_url=self.reddit_url,
                    foreign_url=self.foreign_url,
                    faults=self.faults,
                    content=self._content,
                )
                main = made.subreddits["apollo"]
                ours = (record for record in made.truth["messages"] if record["chat_id"] == main.id)
                pictures = (media["source_id"] for record in ours for media in record["media"] if media["is_image"])
                self._afflicted = share_out(FAULTS, self.faults, dict.fromkeys(pictures))
                if "reddit_comments_gone" in self.faults:
                    talked = [post["name"] for post in main.posts if len(made.comments[post["name"]]) > 2]
                    self._lost = dict.fromkeys(talked[1 : 1 + LOST_THREADS], False)
                self._memory |= {
                    "comments": {  # what else may be given at any time
                        post: [one for one in those if one["name"] not in made.plan.only_named]
                        for post, those in made.comments.items()
                    },
                    "posts": {post["name"]: post for post in main.posts},
                    "plan": made.plan,
                    "seed": self._community.seed,
                }
                self._world = made
            return self._world

    @property
    def truth(self) -> dict[str, list[Record]]:
        """What a table of everything here must equal."""
        return self.world().truth

    @property
    def withheld(self) -> dict[tuple[str, str], str]:
        """What exists and no client need get: from chat and fullname to the contradiction that keeps it back."""
        world = self.world()
        return {(world.subreddits["apollo"].id, name): fault for name, fault in world.plan.withheld.items()}

    @property
    def edited(self) -> dict[tuple[str, str], tuple[str, str, datetime]]:
        """What was edited: from chat and fullname to the fault, the new words and when."""
        world = self.world()
        plan, chat = world.plan, world.subreddits["apollo"].id
        return {
            (chat, name): ("reddit_edited_posts", text, EDITED_AT)
            for name, text in plan.edited.items()
            if name in plan.shown
        }

    def afflicted_by(self, fault: str) -> set[str]:
        """The ``source_id`` of the pictures that meet a fault; the ids of posts and comments that it keeps back."""
        self.world()
        if fault == "reddit_comments_gone":
            return set(self._lost)
        if fault == "reddit_edited_posts":
            return set(self.world().plan.edited)
        if fault == "reddit_copy_elsewhere":
            paths = self.world().plan.copied
            return {picture.source_id for path, picture in self.world().pictures.items() if path in paths}
        if fault in CONTRADICTIONS:
            return {name for name, why in self.world().plan.withheld.items() if why == fault}
        return {source_id for source_id, name in self._afflicted.items() if name == fault}

    def reset_stats(self) -> None:
        """Begin to count anew."""
        self.counts.reset()

    def stats(self) -> dict[str, Any]:
        """What clients did."""
        counts, others = self.counts, self.counts.others
        calls = {kind: number for kind, number in counts.requests.items() if kind != "token"}
        return {
            "tokens": counts.requests["token"],
            "calls": calls,
            "picture_gets": dict(counts.content_gets),
            "picture_bytes": dict(counts.content_bytes),
            "peak_pictures": counts.peaks["pictures"],
            "peak_pages": counts.peaks["pages"],
            "peak_connections": max(counts.peaks["connections"], len(counts.connections)),
            "open_connections": len(counts.connections),
            "delivered": dict(counts.delivered),
            **{name: others[name] for name in _OTHERS},
        }

    # The API's port

    async def _serve_api(self, request: web.BaseRequest) -> web.StreamResponse:
        kind, last = kind_of(request.method, pieces_of(request.path))
        now = asyncio.get_running_loop().time()
        self.counts.arrived(kind)
        self.counts.others["api_cookies"] += "Cookie" in request.headers
        with self.counts.flight("pages", request.transport) as note_peak:
            await take_time(note_peak, self._latency_seconds)
            answer = await self._answer(request, kind, last, now)
            if answer.wait_seconds is not None:
                self.counts.waits.ask(answer.wait_seconds)
            if sum(self.counts.requests.values()) % 3 == 1:
                answer.headers["Set-Cookie"] = "session_tracker=c2FuZGJveA; Path=/; HttpOnly"
            return await send(request, answer, lambda size: None)

    async def _answer(self, request: web.BaseRequest, kind: str, last: str, now: float) -> Answer:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens:
            return unauthorized()
        await asyncio.to_thread(self.world)
        budget = self._budget(now)
        if budget["x-ratelimit-remaining"] == "-1.0":
            waits = float(budget["x-ratelimit-reset"])
            return Answer(
                429,
                {"message": "Too Many Requests", "error": 429},
                headers=budget | {"x-ratelimit-remaining": "0.0"},
                wait_seconds=waits - 1,  # what is left at least
            )
        query = dict(request.query)
        if request.method == "POST":
            query |= {name: str(value) for name, value in (await request.post()).items()}
        key = f"{kind} {request.path}?{urlencode(sorted(query.items()))}"
        self._number += 1
        self._attempts[key] += 1
        call = Call(
            kind=kind,
            key=key,
            query=query,
            number=self._number,
            attempt=self._attempts[key],
            base_url=self.oauth_url,
            foreign_url=self.foreign_url,
            memory=self._memory,
            afflicted=self._afflicted,
            broken=self._lost,
            token=token,
            last=last or query.get("link_id", ""),
            path=request.path,
            delivered=self.counts.delivered,
        )
        if kind == "morechildren":
            async with self._expansion() as alone:
                answer = self._faulty(call) if alone else refused(429, "Too Many Requests")
        else:
            answer = self._faulty(call)
        answer.headers = {**budget, **answer.headers}
        if answer.payload is not None and query.get("raw_json") != "1":
            answer.payload = escaped(answer.payload)
        return answer

    def _faulty(self, call: Call) -> Answer:
        return answer_with(FAULTS, self.faults, call, self._contradicting)

    def _contradicting(self, call: Call) -> Answer:
        return answer_with(CONTRADICTIONS, self.faults, call, self._answers)

    @asynccontextmanager
    async def _expansion(self) -> AsyncIterator[bool]:
        """One request for more comments while it runs; True when it is the only one, of whatever token."""
        self._expanding += 1
        alone = self._expanding == 1
        self.counts.others["parallel_morechildren"] += not alone
        try:
            await asyncio.sleep(EXPANSION_SECONDS)
            yield alone
        finally:
            self._expanding -= 1

    def _budget(self, now: float) -> dict[str, str]:
        """The headers that tell of the budget; -1.0 remains when it is overdrawn."""
        if not self._limited:
            return {"x-ratelimit-used": "3", "x-ratelimit-remaining": "997.0", "x-ratelimit-reset": "512"}
        if now >= self._window_ends:
            self._window_ends, self._used = now + WINDOW_SECONDS, 0
        self._used = min(self._used + 1, WINDOW_REQUESTS + 1)
        return {
            "x-ratelimit-used": str(min(self._used, WINDOW_REQUESTS)),
            "x-ratelimit-remaining": f"{WINDOW_REQUESTS - self._used:.1f}",
            "x-ratelimit-reset": str(math.ceil(self._window_ends - now)),
        }

    # The site's port: tokens and pictures

    async def _serve_site(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/api/v1/access_token":
            self.counts.arrived("token")
            form = {name: str(value) for name, value in (await request.post()).items()}
            answer = self._new_token(request.headers.get("Authorization", ""), form)
            return await send(request, answer, lambda size: None)
        others = self.counts.others
        others["html_accepts"] += "text/html" in request.headers.get("Accept", "")
        if "text/html" in request.headers.get("Accept", ""):
            return await send(request, html(200), lambda size: None)
        return await self._serve_picture(request, request.path.lstrip("/"))

    def _new_token(self, authorization: str, form: dict[str, str]) -> Answer:
        try:
            client = base64.b64decode(authorization.partition(" ")[2]).decode()
        except (binascii.Error, UnicodeDecodeError):
            client = ""
        if client != f"{self.client_id}:{self.client_secret}":
            return refused(401, "Unauthorized")
        good = {
            "client_credentials": {},
            "password": self.login,
            "refresh_token": {"refresh_token": self.refresh_token},
        }.get(form.get("grant_type", ""))
        if good is None or any(form.get(name) != value for name, value in good.items()):
            return Answer(400 if "refresh_token" in form else 200, {"error": "invalid_grant"})
        self.tokens.append(f"sandbox-{secrets.token_hex(16)}")
        token = {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 86_400, "scope": "*"}
        return Answer(payload=token)

    async def _serve_picture(self, request: web.BaseRequest, key: str, *, signed: bool = True) -> web.StreamResponse:
        self.counts.others["picture_credentials"] += "Authorization" in request.headers
        self.counts.others["picture_cookies"] += "Cookie" in request.headers
        world = await asyncio.to_thread(self.world)
        picture = world.pictures.get(key)
        asked = request.rel_url.raw_query_string

        def plain(call: Call) -> Answer:
            if picture is None:
                # A name with a title's words in it is known by its copies only.
                return Answer(403 if key.startswith("i.redd.it/") and "-v0-" in key else 404)
            if signed and picture.query not in (None, asked):
                return Answer(403)
            return Answer(body=picture.data(), content_type=picture.mime)

        source_id = picture.source_id if picture is not None else ""
        self._attempts[f"{key}?{asked}"] += 1
        call = Call(
            kind="picture" if picture is not None and signed else "other",
            key=key,
            query=dict(request.query),
            number=0,
            attempt=self._attempts[f"{key}?{asked}"],
            base_url=self.reddit_url if request.url.port == self._listeners[1].port else self.foreign_url,
            foreign_url=self.foreign_url,
            memory=self._memory,
            afflicted=self._afflicted,
            broken={},
            last=source_id,
            path=key,
            delivered=self.counts.delivered,
        )
        self.counts.content_gets[source_id] += bool(source_id) and signed
        with self.counts.flight("pictures", request.transport) as note_peak:
            await take_time(note_peak, self._latency_seconds)
            answer = answer_with(
                FAULTS, self.faults, call, lambda met: answer_with(CONTRADICTIONS, self.faults, met, plain)
            )
            if self._attempts.total() % 3 == 1:
                answer.headers["Set-Cookie"] = "edgebucket=c2FuZGJveA; Path=/"
            return await send(request, answer, lambda size: self._count_bytes(source_id, size))

    def _count_bytes(self, source_id: str, size: int) -> None:
        if source_id:
            self.counts.content_bytes[source_id] += size

    # Strangers' port, and the one where nobody should come

    async def _serve_foreign(self, request: web.BaseRequest) -> web.StreamResponse:
        key = f"foreign{request.path}"
        if request.path.startswith("/moved/"):
            return await self._serve_picture(request, request.path.removeprefix("/moved/"), signed=False)
        if key in (await asyncio.to_thread(self.world)).pages:
            return await send(request, html(200), lambda size: None)
        return await self._serve_picture(request, key)

    async def _serve_hostile(self, request: web.BaseRequest) -> web.StreamResponse:
        self.counts.others["hostile_hits"] += 1
        return await send(request, Answer(body=b"the admin's own page"), lambda size: None)


_OTHERS = (
    "early_requests",
    "parallel_morechildren",
    "api_cookies",
    "picture_credentials",
    "picture_cookies",
    "html_accepts",
    "hostile_hits",
)
