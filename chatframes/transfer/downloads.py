"""Download attachments: workers take them from a queue, fetch each distinct content once, and bound every try.

A worker never raises: whatever happens to an attachment becomes its outcome. Between two tries an attachment waits
outside the gate, so that a file which is still being scanned does not hold up the others.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from ..model import RETRYABLE, Attachment, Body, Outcome, Refusal
from .answers import origin
from .backoff import RetryBudget, backoff_seconds
from .bandwidth import Passage, Speed, Total
from .body_reader import OVER_BUDGET, BodyReader
from .bound import Bound
from .byte_budget import ByteBudget
from .clock import Clock
from .gate import IMAGE_WAIT_SECONDS
from .kept_pictures import KeptPictures
from .pace import total_seconds
from .verdict import too_large
from .waiting_in_line import measured

ATTEMPTS = 4
SLOW_ATTEMPTS = 2  # a host that trickles holds a worker for STALL_SECONDS of `pace` each time
WAITED_ATTEMPTS = 10  # where the service says how long to wait, the sum of the waits is the tighter bound
IN_FLIGHT_BYTES = 256 * 2**20
# Failures that another try within this call may cure; the other retryable ones need another call.
RETRIED_AT_ONCE = RETRYABLE - {"memory", "disk", "cancelled"}

Read = Callable[[Attachment], AbstractAsyncContextManager[Body]]
Done = Callable[[Outcome], None]
AS_FOUND: Any = ()  # the rank of every attachment where no order was asked for


@dataclass(slots=True)
class _Job:
    """One distinct content to download, and the callbacks of all attachments that show it."""

    key: str
    attachment: Attachment
    read: Read
    rank: Any  # the least one is downloaded next
    waiting: list[Done] = field(default_factory=list)
    lasting: str | None = None  # what it is known by in the disk cache
    is_ready: bool = False
    has_note: bool = False  # the source says that what came is odd: not from its own address, for example
    attempts: int = 0
    waited_seconds: float = 0.0
    busy_seconds: float = 0.0  # all tries together: bounds a body that trickles in
    started: float | None = None
    without_end: set[str] = field(default_factory=set)  # see `of_picture`


class Downloader:
    """Downloads the attachments of one call.

    Parameters
    ----------
    bound : Bound
        Bounds the downloads of the service in this process.
    workers : int
        How many downloads of this call may be under way at once.
    max_size_bytes : int
        A larger picture is ``skipped/too_large``, and reading stops at this size.
    remember_bytes : int or None
        How many bytes of finished pictures to keep for attachments that show the same content again; None keeps all.
    in_flight_bytes : int, optional
        How many bytes of bodies may be in memory at once; a larger body waits until it is alone.
    room : callable, optional
        Awaited before each download starts, so that a slow consumer can hold downloads back.
    keep_undecodable : bool
        Whether a picture that readers do not open is kept; else it is ``skipped/undecodable``.
    speed : Speed, optional
        Bounds the bytes per second.
    total : Total, optional
        Bounds the bytes of all pictures; what does not fit is ``skipped/budget``.
    kept : KeptPictures, optional
        The disk cache: what is there is not asked for, and counts towards neither `speed` nor `total`.
    """

    def __init__(
        self,
        bound: Bound,
        workers: int,
        max_size_bytes: int,
        clock: Clock,
        *,
        remember_bytes: int | None = None,
        in_flight_bytes: int | None = None,
        room: Callable[[], Awaitable[None]] | None = None,
        keep_undecodable: bool = False,
        speed: Speed | None = None,
        total: Total | None = None,
        kept: KeptPictures | None = None,
    ) -> None:
        self._bound = bound
        self._workers = workers
        self._cap = max_size_bytes
        self._total_seconds = total_seconds(max_size_bytes)
        self._clock = clock
        self._remember_bytes = remember_bytes
        self._room = room
        self._speed = speed or Speed(clock)
        self._total = total or Total()
        self._kept = kept
        self._budget = ByteBudget(IN_FLIGHT_BYTES if in_flight_bytes is None else in_flight_bytes)
        self._reader = BodyReader(max_size_bytes, clock, self._budget, self._total, keep_undecodable=keep_undecodable)
        self._jobs: dict[str, _Job] = {}
        self._outcomes: OrderedDict[str, Outcome] = OrderedDict()
        self._outcomes_bytes = 0
        self._ready: list[tuple[Any, int, _Job]] = []  # a heap
        self._delayed: list[tuple[float, int, _Job]] = []
        self._ready_count = asyncio.Semaphore(0)
        self._delayed_changed = asyncio.Event()
        self._serial = 0
        self._retries: defaultdict[str, RetryBudget] = defaultdict(RetryBudget)  # by host

    def submit(
        self,
        key: str,
        attachment: Attachment,
        read: Read,
        done: Done,
        rank: Any = AS_FOUND,
        lasting: str | None = None,
    ) -> None:
        """Queue one attachment; `done` is called once with its outcome. The same `key` is downloaded once.

        Of those that are ready the one with the least `rank` comes next, and of equal ones the first. `lasting` is
        what the content is known by for good; without it, it is not in the disk cache.
        """
        if (outcome := self._outcomes.get(key)) is not None:
            done(_shared_outcome(outcome, attachment))
            return
        if (job := self._jobs.get(key)) is not None:
            job.waiting.append(lambda outcome: done(_shared_outcome(outcome, attachment)))
            if rank < job.rank:
                job.rank = rank
                if job.is_ready:  # once more, at its better place; its old one is passed over
                    self._make_ready(job)
            return
        self._jobs[key] = job = _Job(key, attachment, read, rank, [done], lasting)
        if attachment.declared_size is not None and attachment.declared_size > self._cap:
            self._settle(job, too_large(Outcome("skipped"), None, f"{attachment.declared_size} bytes", self._cap))
            return
        self._make_ready(job)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._wake_delayed())
            for _ in range(self._workers):
                tasks.create_task(self._work())

    def _make_ready(self, job: _Job) -> None:
        job.is_ready = True
        self._serial += 1
        heapq.heappush(self._ready, (job.rank, self._serial, job))
        self._ready_count.release()

    async def _work(self) -> None:
        while True:
            job = await self._next_job()
            if (outcome := await self._without_asking(job)) is not None:
                self._settle(job, outcome)
                continue
            size = job.attachment.declared_size
            async with self._speed.body(size and min(size, self._cap)) as passage, self._bound:
                outcome, retry_in_seconds = await self._try(job, passage)
            if retry_in_seconds is None or job.busy_seconds > self._total_seconds:
                await self._finish(job, replace(outcome, attempts=job.attempts, elapsed_ms=self._elapsed_ms(job)))
            else:
                job.waited_seconds += retry_in_seconds
                self._serial += 1
                heapq.heappush(self._delayed, (self._clock.monotonic() + retry_in_seconds, self._serial, job))
                self._delayed_changed.set()

    async def _next_job(self) -> _Job:
        while True:
            await self._ready_count.acquire()
            if self._room is not None:
                await self._room()
            job = heapq.heappop(self._ready)[2]  # only now: a better one may have come meanwhile
            if job.is_ready:
                job.is_ready = False
                if job.started is None:
                    job.started = self._clock.monotonic()
                return job

    async def _without_asking(self, job: _Job) -> Outcome | None:
        """Return the outcome of a picture that is in the disk cache, or over the budget; None where it must be had."""
        if self._kept is not None and job.lasting is not None and not job.attempts:
            outcome = await self._kept.outcome(job.lasting, self._budget)
            if outcome is not None:
                return replace(outcome, elapsed_ms=self._elapsed_ms(job))
        return OVER_BUDGET if self._total.used_up else None

    async def _finish(self, job: _Job, outcome: Outcome) -> None:
        try:
            if self._kept is not None and job.lasting is not None and not job.has_note:
                await self._kept.keep(job.lasting, outcome)
        finally:  # also when the call ends meanwhile
            self._settle(job, outcome)

    def _elapsed_ms(self, job: _Job) -> int:
        return int((self._clock.monotonic() - (job.started or 0.0)) * 1000)

    async def _wake_delayed(self) -> None:
        while True:
            self._delayed_changed.clear()
            if not self._delayed:
                await self._delayed_changed.wait()
                continue
            seconds = self._delayed[0][0] - self._clock.monotonic()
            if seconds <= 0:
                self._make_ready(heapq.heappop(self._delayed)[2])
                continue
            sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
            changed = asyncio.ensure_future(self._delayed_changed.wait())
            try:
                await asyncio.wait((sleeping, changed), return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeping.cancel()
                changed.cancel()

    def _settle(self, job: _Job, outcome: Outcome) -> None:
        del self._jobs[job.key]
        self._outcomes[job.key] = outcome
        self._outcomes_bytes += len(outcome.data or b"")
        while self._remember_bytes is not None and self._outcomes_bytes > self._remember_bytes:
            _, forgotten = self._outcomes.popitem(last=False)
            self._outcomes_bytes -= len(forgotten.data or b"")
        for done in job.waiting:
            done(outcome)

    async def _try(self, job: _Job, passage: Passage) -> tuple[Outcome, float | None]:
        """Return the outcome of one try and, if it is worth another, how long to wait first."""
        job.attempts += 1
        retries = self._retries[origin(job.attachment.url or "")[1]]
        asked_seconds: float | None = None
        began = self._clock.monotonic()
        try:
            with measured() as standing:
                try:
                    async with job.read(job.attachment) as body:
                        job.has_note = body.note is not None
                        outcome = await self._reader.read(body, job.attachment, passage, job.without_end)
                finally:
                    job.busy_seconds += self._clock.monotonic() - began - standing.seconds - passage.waited_seconds
        except Refusal as refusal:
            asked_seconds = refusal.retry_after_seconds
            outcome = Outcome(
                refusal.status,
                refusal.reason,
                error=refusal.error,
                http_status=refusal.http_status,
                elsewhere=refusal.elsewhere,
            )
        except MemoryError:
            outcome = Outcome("failed", "memory", error="not enough memory for this attachment")
        except Exception as error:
            outcome = Outcome("failed", "internal", error=f"unexpected {type(error).__name__}")
        if outcome.reason not in RETRIED_AT_ONCE:
            retries.succeeded()
            return outcome, None
        if asked_seconds is None:
            wait = backoff_seconds(job.attempts, self._clock)
            attempts = SLOW_ATTEMPTS if outcome.reason == "too_slow" else ATTEMPTS
            return outcome, wait if job.attempts < attempts and retries.take() else None
        wait = max(asked_seconds, 0.05)
        worth_it = job.attempts < WAITED_ATTEMPTS and job.waited_seconds + wait <= IMAGE_WAIT_SECONDS
        return outcome, wait if worth_it else None


def _shared_outcome(outcome: Outcome, attachment: Attachment) -> Outcome:
    """Return the outcome for another attachment with the same content, which cost no request of its own."""
    return replace(outcome, name=outcome.name or attachment.name, attempts=0, elapsed_ms=0)
