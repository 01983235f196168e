"""Download attachments: workers take them from a queue, fetch each distinct content once, and bound every try.

A worker never raises: whatever happens to an attachment becomes its outcome. Between two tries an attachment waits
outside the gate, so that a file which is still being scanned does not hold up the others.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from ..images.shown import ImageBytes
from ..images.sniff import HEAD_BYTES, is_raster, sniff
from ..model import RETRYABLE, Attachment, Body, Outcome, Refusal
from .answers import origin
from .backoff import RetryBudget, backoff_seconds
from .bandwidth import Passage, Speed, Total
from .bound import Bound
from .byte_budget import ByteBudget
from .clock import Clock
from .gate import IMAGE_WAIT_SECONDS
from .verdict import not_an_image, of_picture

ATTEMPTS = 4
SLOW_ATTEMPTS = 2  # a host that trickles holds a worker for STALL_SECONDS each time
WAITED_ATTEMPTS = 10  # where the service says how long to wait, the sum of the waits is the tighter bound
TOTAL_SECONDS = 180.0
SLOWEST_BYTES_PER_SECOND = 64 * 1024  # large limits get longer than TOTAL_SECONDS, at this pace
STALL_SECONDS = 30.0
STALL_BYTES = 30 * 1024
IN_FLIGHT_BYTES = 256 * 2**20
# Failures that another try within this call may cure; the other retryable ones need another call.
RETRIED_AT_ONCE = RETRYABLE - {"memory", "disk", "cancelled"}
OVER_BUDGET = Outcome("skipped", "budget", error="the pictures of this call came to all that they may together")

Read = Callable[[Attachment], AbstractAsyncContextManager[Body]]
Done = Callable[[Outcome], None]


@dataclass(slots=True)
class _Job:
    """One distinct content to download, and the callbacks of all attachments that show it."""

    key: str
    attachment: Attachment
    read: Read
    waiting: list[Done] = field(default_factory=list)
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
    ) -> None:
        self._bound = bound
        self._workers = workers
        self._cap = max_size_bytes
        self._total_seconds = _total_seconds(max_size_bytes)
        self._clock = clock
        self._remember_bytes = remember_bytes
        self._room = room
        self._keep_undecodable = keep_undecodable
        self._speed = speed or Speed(clock)
        self._total = total or Total()
        self._budget = ByteBudget(IN_FLIGHT_BYTES if in_flight_bytes is None else in_flight_bytes)
        self._jobs: dict[str, _Job] = {}
        self._outcomes: OrderedDict[str, Outcome] = OrderedDict()
        self._outcomes_bytes = 0
        self._ready: deque[_Job] = deque()
        self._delayed: list[tuple[float, int, _Job]] = []
        self._ready_count = asyncio.Semaphore(0)
        self._delayed_changed = asyncio.Event()
        self._serial = 0
        self._retries: defaultdict[str, RetryBudget] = defaultdict(RetryBudget)  # by host

    def submit(self, key: str, attachment: Attachment, read: Read, done: Done) -> None:
        """Queue one attachment; `done` is called once with its outcome. The same `key` is downloaded once."""
        if (outcome := self._outcomes.get(key)) is not None:
            done(_shared_outcome(outcome, attachment))
            return
        if (job := self._jobs.get(key)) is not None:
            job.waiting.append(lambda outcome: done(_shared_outcome(outcome, attachment)))
            return
        self._jobs[key] = job = _Job(key, attachment, read, [done])
        if attachment.declared_size is not None and attachment.declared_size > self._cap:
            self._settle(job, self._too_large(Outcome("skipped"), None, f"{attachment.declared_size} bytes"))
            return
        self._make_ready(job)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._wake_delayed())
            for _ in range(self._workers):
                tasks.create_task(self._work())

    def _make_ready(self, job: _Job) -> None:
        self._ready.append(job)
        self._ready_count.release()

    async def _work(self) -> None:
        while True:
            await self._ready_count.acquire()
            if self._room is not None:
                await self._room()
            job = self._ready.popleft()
            if job.started is None:
                job.started = self._clock.monotonic()
            if self._total.used_up:
                self._settle(job, OVER_BUDGET)
                continue
            size = job.attachment.declared_size
            async with self._speed.body(size and min(size, self._cap)) as passage, self._bound:
                outcome, retry_in_seconds = await self._try(job, passage)
            if job.busy_seconds > self._total_seconds:
                retry_in_seconds = None
            if retry_in_seconds is None:
                elapsed_ms = int((self._clock.monotonic() - job.started) * 1000)
                self._settle(job, replace(outcome, attempts=job.attempts, elapsed_ms=elapsed_ms))
            else:
                job.waited_seconds += retry_in_seconds
                self._serial += 1
                heapq.heappush(self._delayed, (self._clock.monotonic() + retry_in_seconds, self._serial, job))
                self._delayed_changed.set()

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
        try:
            async with job.read(job.attachment) as body:
                began = self._clock.monotonic()  # before it, a file may stand in line: no host is to blame for that
                try:
                    outcome = await self._read(job, body, passage)
                finally:
                    job.busy_seconds += self._clock.monotonic() - began - passage.waited_seconds
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

    async def _read(self, job: _Job, body: Body, passage: Passage) -> Outcome:
        """Read a body: headers and first bytes decide whether to go on, and the size is counted while it arrives."""
        base = Outcome(
            "failed",
            http_status=body.http_status,
            name=body.name,
            declared_mime=body.declared_mime,
            declared_size=body.declared_size,
            note=body.note,
        )
        if body.declared_size is not None:
            passage.expected_bytes = min(body.declared_size, self._cap)
        pace = _Pace(self._clock, self._cap if body.declared_size is None else body.declared_size)
        pieces, size = list[bytes](), 0
        chunks = aiter(body.chunks)
        while size < HEAD_BYTES and (chunk := await anext(chunks, b"")):
            pieces.append(chunk)
            size += len(chunk)
            pace.excuse(await passage.pay(len(chunk)))
            pace.check(size)
        mime = sniff(b"".join(piece[:HEAD_BYTES] for piece in pieces))
        if not is_raster(mime):
            return not_an_image(job.attachment, base, mime, empty=size == 0)
        expected = body.declared_size
        if expected is not None and expected > self._cap:
            return self._too_large(base, mime, f"{expected} bytes")
        reserved = await self._budget.reserve(self._cap if expected is None else expected)
        taken, kept = 0, 0
        try:
            pace.restart()
            while True:
                more = max(size, expected or 0) - taken
                if more > 0 and not self._total.take(more):
                    return replace(base, status="skipped", reason="budget", mime=mime, error=OVER_BUDGET.error)
                taken += more
                if size > self._cap or not (chunk := await anext(chunks, b"")):
                    break
                pieces.append(chunk)
                size += len(chunk)
                pace.excuse(await passage.pay(len(chunk)))
                pace.check(size)
            if size > self._cap:
                return self._too_large(base, mime, "more")
            data = ImageBytes(pieces[0] if len(pieces) == 1 else b"".join(pieces))  # it copies, too
            outcome = of_picture(
                base,
                mime,
                data,
                job.without_end,
                says_its_end=body.says_its_end,
                keep_undecodable=self._keep_undecodable,
            )
            kept = len(outcome.data or b"")
            return outcome
        finally:
            self._total.give_back(taken - kept)
            self._budget.give_back(reserved)

    def _too_large(self, base: Outcome, mime: str | None, size: str) -> Outcome:
        error = f"{size}, over the limit of {self._cap} bytes"
        return replace(base, status="skipped", reason="too_large", mime=mime, error=error)


def _total_seconds(largest_bytes: int) -> float:
    return max(TOTAL_SECONDS, largest_bytes / SLOWEST_BYTES_PER_SECOND)


class _Pace:
    """The time limits of one body: a total time, and a minimum speed in each interval of STALL_SECONDS."""

    def __init__(self, clock: Clock, largest_bytes: int) -> None:
        self._clock = clock
        self._total_seconds = _total_seconds(largest_bytes)
        self.restart()

    def restart(self) -> None:
        """Start measuring now: the server is not to blame for the time spent waiting for room in memory."""
        now = self._clock.monotonic()
        self._deadline = now + self._total_seconds
        self._next_check_at, self._bytes_at_last_check = now + STALL_SECONDS, 0

    def excuse(self, seconds: float) -> None:
        """Leave out time that was spent waiting for our own limits."""
        self._deadline += seconds
        self._next_check_at += seconds

    def check(self, size_bytes: int) -> None:
        now = self._clock.monotonic()
        if now > self._deadline or (now > self._next_check_at and size_bytes - self._bytes_at_last_check < STALL_BYTES):
            raise Refusal("failed", "too_slow", f"only {size_bytes} bytes came in time")
        if now > self._next_check_at:
            self._next_check_at, self._bytes_at_last_check = now + STALL_SECONDS, size_bytes


def _shared_outcome(outcome: Outcome, attachment: Attachment) -> Outcome:
    """Return the outcome for another attachment with the same content, which cost no request of its own."""
    return replace(outcome, name=outcome.name or attachment.name, attempts=0, elapsed_ms=0)
