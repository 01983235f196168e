"""A host that takes only so many requests at once, on a clock that moves by itself: what it counts is always the same."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from help.fakes import STARTS, Anywhere, picture

from chatframes.model import Attachment, Outcome
from chatframes.transfer import http as http_module
from chatframes.transfer.clock import Clock
from chatframes.transfer.downloads import Downloader
from chatframes.transfer.gate import Gate
from chatframes.transfer.http import Anonymous, Http
from chatframes.transfer.link import Link
from chatframes.transfer.patience import Patience

IDLE_TURNS = 30  # of the event loop, after which nobody has anything to do but sleep


class ItsOwnTime:
    """Time that jumps to the end of the next sleep whenever nobody has anything else to do."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._sleeping: list[tuple[float, int, asyncio.Future[None]]] = []
        self._serial = itertools.count()
        self.clock = Clock(lambda: STARTS, lambda: self.seconds, self.sleep, lambda: 0.5)

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self.seconds + max(0.0, seconds), next(self._serial), future))
        await future

    async def run(self) -> None:
        """Move time on until cancelled."""
        while True:
            for _ in range(IDLE_TURNS):
                await asyncio.sleep(0)
            if self._sleeping:
                until, _, future = heapq.heappop(self._sleeping)
                if not future.done():
                    self.seconds = max(self.seconds, until)
                    future.set_result(None)


class LimitedHost(httpx.AsyncBaseTransport):
    """Answers every request with a picture after `latency` seconds, or at once with a refusal.

    Parameters
    ----------
    allowed : callable
        How many it takes at once, given how many pictures it has served.
    refusal : tuple of int and str or None
        Its status, and its Retry-After header.
    body : bytes, optional
        What it answers in place of a picture.
    """

    def __init__(
        self,
        time: ItsOwnTime,
        allowed: Callable[[int], int],
        *,
        latency: float = 0.05,
        refusal: tuple[int, str | None] = (429, "1"),
        body: bytes | None = None,
    ) -> None:
        self.body = body
        self.time, self.allowed, self.latency, self.refusal = time, allowed, latency, refusal
        self.way = latency / 100  # each way: what is sent at the same moment cannot know of each other's answers
        self.requests = self.served = self.refused = self.under_way = self.peak = self.early = 0
        self.rounds_refused = 0  # refusals within half a latency are of one round
        self.peaks: list[tuple[int, int]] = []  # served so far, and how many were then under way
        self._closed_from = self._closed_until = self._refused_at = float("-inf")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        self.early += self._closed_from < self.time.seconds < self._closed_until
        await self.time.sleep(self.way)
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        self.peaks.append((self.served, self.under_way))
        try:
            if self.under_way > self.allowed(self.served):
                return self._refuse()
            await self.time.sleep(self.latency)
            self.served += 1
            body = self.body or picture(int(request.extensions["target"][1:]), 1_000)
            return httpx.Response(200, headers={"Content-Type": "image/jpeg"}, stream=httpx.ByteStream(body))
        finally:
            self.under_way -= 1
            await self.time.sleep(self.way)

    def _refuse(self) -> httpx.Response:
        self.refused += 1
        status, retry_after = self.refusal
        if self.time.seconds > self._refused_at + self.latency / 2:
            self.rounds_refused += 1
        self._refused_at = self.time.seconds
        if retry_after is not None:
            self._closed_from = self.time.seconds + self.way
            self._closed_until = self.time.seconds + self.way + float(retry_after) - 1e-9
        return httpx.Response(status, headers={} if retry_after is None else {"Retry-After": retry_after})


async def fetch(
    host: LimitedHost, images: int, *, adaptive: bool, at_once: int = 20, gate: Gate | None = None
) -> list[Outcome]:
    """Download so many pictures from the host, as one call does."""
    outcomes: list[Outcome] = []
    everything = asyncio.Event()

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if len(outcomes) == images:
            everything.set()

    async with link_to(host, adaptive=adaptive, at_once=at_once, gate=gate) as link:
        gate = link.patience.gate
        downloader = Downloader(gate.downloads, at_once, 2**20, host.time.clock)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(downloader.run()), tasks.create_task(host.time.run())]
            for number in range(images):
                url = f"http://pictures.example/{number}"
                wanted = Attachment(0, "file", url, url)
                downloader.submit(url, wanted, lambda one: link.download(one.url or ""), done)
            await everything.wait()
            for task in running:
                task.cancel()
    return outcomes


@asynccontextmanager
async def link_to(
    host: LimitedHost, *, adaptive: bool, at_once: int = 20, pages: int = 5, gate: Gate | None = None
) -> AsyncIterator[Link]:
    """Yield a call's link to the host."""
    gate = gate or Gate()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_module, "make_transport", lambda limits: host)
        http = Http("webex", "http://pictures.example", Anonymous(), httpx.Limits(), guard=Anywhere())  # type: ignore[arg-type]
    patience = Patience(
        "webex", gate, gate.waits_of("somebody"), host.time.clock, lambda event: None, 300.0, adaptive=adaptive
    )
    with gate.downloads.limited_to(at_once), gate.pages.limited_to(pages):
        yield Link(http, patience)
