"""Fakes for tests: a clock that moves when told to, pictures of any size, a credential, the link of one call."""

from __future__ import annotations

import asyncio
import io
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType, TracebackType
from typing import Any

import httpx
from PIL import Image
from pydantic import SecretStr

from chatframes.model import Event
from chatframes.transfer.clock import Clock
from chatframes.transfer.gate import Gate, Waits
from chatframes.transfer.http import Anonymous, Auth, Http
from chatframes.transfer.link import Link
from chatframes.transfer.patience import Patience

STARTS = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


class FakeTime:
    """Time that moves only while somebody sleeps, and then at once.

    Sleepers wake in the order of their hours, so sleeps side by side do not add up: time is the latest target.

    Parameters
    ----------
    before_waking : callable, optional
        Awaited in each sleep: what has to happen in the world before that sleep may end.
    """

    def __init__(self, seed: int = 0, before_waking: Callable[[], Awaitable[object]] | None = None) -> None:
        self.seconds = 0.0
        self.sleeps: list[float] = []  # as asked for, in order
        self._before_waking = before_waking
        self._targets: list[tuple[float, int]] = []
        self._serial = itertools.count()
        self.clock = Clock(self.now, self.monotonic, self.sleep, random.Random(seed).random)

    def now(self) -> datetime:
        return STARTS + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        mine = self.seconds + max(0.0, seconds), next(self._serial)
        self._targets.append(mine)
        try:
            if self._before_waking is not None:
                await self._before_waking()
            for _ in range(2):  # the others have their turn
                await asyncio.sleep(0)
            while min(self._targets) < mine:
                await asyncio.sleep(0)
            self.seconds = max(self.seconds, mine[0])
        finally:
            self._targets.remove(mine)


class Anywhere:
    """No guard at all: for tests whose strangers are this machine's own servers, and for the guard's control."""

    def check_url(self, url: str) -> None:
        pass

    def check(self, host: str, port: int, addresses: object) -> None:
        pass


@cache
def _small_jpeg() -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((16, 12)).save(file, "JPEG")
    return file.getvalue()


def picture(number: int = 0, size_bytes: int = 0) -> bytes:
    """Return a whole JPEG of 16 x 12 pixels, another one for each number, grown by comments to at least a size."""
    start, rest = _small_jpeg()[:2], _small_jpeg()[2:]
    comment = f"picture {number}".encode()
    segments = [b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment]
    missing = size_bytes - len(start) - len(rest) - len(segments[0])
    while missing > 0:
        filling = bytes(max(0, min(missing - 4, 65_533)))
        segments.append(b"\xff\xfe" + (len(filling) + 2).to_bytes(2, "big") + filling)
        missing -= len(filling) + 4
    return start + b"".join(segments) + rest


class Credential:
    """An `Auth` with tokens to hand out one after another."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = [SecretStr(token) for token in tokens]
        self.renewals = 0

    async def token(self, http: Http) -> SecretStr:
        return self._tokens[0]

    async def renew(self, http: Http, stale: SecretStr) -> None:
        if stale == self._tokens[0]:
            self.renewals += 1
            self._tokens.pop(0)


class Line:
    """One call's `Link`, and everything it told."""

    def __init__(self, http: Http, clock: Clock, patience_seconds: float, gate: Gate, adaptive: bool) -> None:
        self.http = http
        self.gate = gate
        self.events: list[Event] = []
        self.counts: Counter[str] = Counter()
        self.waits = Waits()
        count = lambda what: self.counts.update((what,))  # noqa: E731
        self.link = Link(
            http, Patience("webex", gate, self.waits, clock, self.events.append, patience_seconds, count, adaptive)
        )


@asynccontextmanager
async def line(
    base_url: str,
    clock: Clock,
    *,
    auth: Auth | None = None,
    patience_seconds: float = 300.0,
    pages: int = 5,
    downloads: int = 20,
    limits: httpx.Limits | None = None,
    guard: Any = None,
    trust_env: bool = False,
    adaptive: bool = True,
) -> AsyncIterator[Line]:
    """One call's way to a service, with a gate of its own; strangers may be on this machine unless a guard is given."""
    limits = limits or httpx.Limits(max_connections=100, max_keepalive_connections=20)
    http = Http("webex", base_url, auth or Anonymous(), limits, guard=guard or Anywhere(), trust_env=trust_env)
    made = Line(http, clock, patience_seconds, Gate(), adaptive)
    try:
        with made.gate.pages.limited_to(pages), made.gate.downloads.limited_to(downloads):
            yield made
    finally:
        await http.aclose()


def texts_within(thing: object) -> str:
    """Return every text reachable from an object: what a debugger, a pickle or a careless logger would show.

    Frames are left out: a traceback belongs to the caller's code. Everything else counts.
    """
    skipped = (
        type,
        ModuleType,
        FunctionType,
        MethodType,
        CodeType,
        FrameType,
        TracebackType,
        asyncio.AbstractEventLoop,
    )
    found: list[str] = []
    seen: set[int] = set()
    todo: list[Any] = [thing]
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, skipped):
            continue
        seen.add(id(one))
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, bytes | bytearray):
            found.append(bytes(one).decode("latin-1"))
        elif isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            todo += one
        else:
            if isinstance(one, BaseException):
                todo += [one.args, one.__cause__, one.__context__, str(one), repr(one)]
            todo.append(getattr(one, "__dict__", None))
            slots = (getattr(kind, "__slots__", ()) for kind in type(one).__mro__)
            names = [name for some in slots for name in ((some,) if isinstance(some, str) else some)]
            todo += [getattr(one, name, None) for name in names if name not in ("__weakref__", "__dict__")]
    return "\n".join(found)
