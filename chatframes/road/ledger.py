"""Count what happens in one call, send events with those counts, and write the report at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..model import Emit, Event, Outcome
from ..settings.merge import Settings
from ..table.report import Report
from ..table.source_report import NOTHING_MISSING
from ..transfer.clock import Clock
from ..transfer.gate import gate
from ..version import __version__
from ..windows import utc_text
from .metrics import Meter
from .reading import Reading
from .sampling import levels

MEMORY_BYTES = 2**30  # more than a gigabyte of pictures in one frame: the report says what to do instead
SECONDS_BETWEEN_METRICS = 1.0  # in events: they are made anew no more often
SLOW_SECONDS = 30.0  # downloads still going on this long after the last page
MOST_OF_A_LABEL = 40  # a longer one is an id, which tells nobody which chat it is
DEFAULT_DOWNLOADS = 20  # the limit of a service whose admin has set none
# Pictures that are lost for these causes are lost because of the account, and others will be.
ACCOUNT_LOSSES = ("unauthorized", "not_renewed", "proxy", "forbidden", "rate_limited")
# Something hung or broke: more downloads at once would not have helped.
HUNG = ("timeout", "too_slow", "connect", "dns", "tls", "truncated", "cancelled")


class Ledger:
    """The counts of one call, and the events and the report made from them.

    Parameters
    ----------
    readings : sequence of Reading
        One per source; each keeps the counts of its source.
    settings : Settings
    emit : callable
        Gets every `Event`, with the counts of the whole call.
    clock : Clock
    started_at : datetime.datetime
        When the call began.
    """

    def __init__(
        self, readings: Sequence[Reading], settings: Settings, emit: Emit, clock: Clock, started_at: datetime
    ) -> None:
        self._readings = readings
        self._settings = settings
        self._downloading = settings.images.enabled
        self._emit = emit
        self._clock = clock
        self._started_at, self._started = started_at, clock.monotonic()
        self._last_page = self._started
        self._attachments = 0  # to be downloaded, as far as they are known
        self._images: Counter[tuple[str, str | None]] = Counter()
        self._lost_to_account: set[str] = set()  # reasons
        self._settled_before = 0
        self._image_bytes = 0
        self._downloads_repeated = 0
        self._expected: Counter[str] = Counter()  # by source: the messages it says it has
        self.meter = Meter(clock.monotonic)
        self.received_bytes: Callable[[], int | None] = lambda: None  # of attachments, whatever became of them
        self._metrics: Mapping[str, Any] | None = None  # as they were told last, and when
        self._metrics_at = self._started

    @property
    def status(self) -> str:
        """``complete``, ``open``, ``partial`` or ``failed``, for all sources together."""
        statuses = {reading.status for reading in self._readings}
        if len(statuses) == 1:
            return statuses.pop()
        return "open" if statuses <= {*NOTHING_MISSING} else "partial"

    def count_page(self) -> None:
        """Note that a page has arrived."""
        self._last_page = self._clock.monotonic()

    def count_attachments(self, number: int) -> None:
        """Add attachments to be downloaded, if downloading is on."""
        self._attachments += number if self._downloading else 0

    def count_outcome(self, outcome: Outcome, *, settled_before: bool = False) -> None:
        """Note what became of one attachment; an earlier call may have settled it, so that there was nothing to do."""
        self._images[outcome.status, outcome.reason] += 1
        if settled_before:
            self._settled_before += 1
        else:
            self.meter.settled(outcome)
        if (loss := _loss_of_account(outcome)) is not None:
            self._lost_to_account.add(loss)
        self._image_bytes += len(outcome.data or b"")
        self._downloads_repeated += max(0, outcome.attempts - 1)

    def emit(self, event: Event) -> None:
        """Send an event to the listener, with the counts of the whole call so far."""
        if event.kind == "waiting" and not self.meter.waits(event.source, event.wait_seconds):
            return  # one line per wait, not one per waiting request
        if event.messages_expected is not None:
            self._expected[event.source] += event.messages_expected
        self._emit(self._with_counts(event))

    def report(self) -> Report:
        """Return what was asked for, read and missed."""
        by_status: dict[str, dict[str, int]] = {"skipped": {}, "failed": {}}
        for (status, reason), number in sorted(self._images.items(), key=str):
            if status != "ok" and reason is not None:
                by_status[status][reason] = number
        return Report(
            version=__version__,
            created_at=utc_text(self._started_at),
            status=self.status,
            sources=tuple(reading.report() for reading in self._readings),
            images_ok=self._images["ok", None],
            image_bytes=self._image_bytes,
            skipped=by_status["skipped"],
            failed=by_status["failed"],
            seconds=round(self._clock.monotonic() - self._started, 1),
            symptoms=tuple(self._symptoms()),
            learnt=tuple(self._learnt()),
            metrics=self.metrics(),
        )

    def look(self, services: Iterable[str]) -> None:
        """Let the metrics know what is in use now at some services."""
        limits = {name: self._settings.limits(name).max_concurrent_downloads for name in services}
        self.meter.look(levels(limits, self._started, downloading=self._downloading), pending=self._pending > 0)

    def begin_download(self) -> None:
        """Note that a download begins; it holds a place in its gate."""
        self.meter.begun(sum(gate(name).downloads.active for name in self._services()))

    def metrics(self) -> dict[str, Any]:
        """Return how the call went, in numbers: see docs/metrics.md."""
        return self.meter.told(
            self._services(),
            pages=self._counted("page"),
            repeated_requests=self._counted("retry"),
            pool_timeouts=self._counted("pool_timeout"),
            pending=self._pending,
            received_bytes=self.received_bytes() if self._downloading else None,
        )

    def _services(self) -> set[str]:
        return {reading.source.service for reading in self._readings}

    @property
    def _pending(self) -> int:
        return self._attachments - self._images.total() if self._downloading else 0

    def _counted(self, what: str) -> int:
        return sum(reading.counts[what] for reading in self._readings)

    def _metrics_for(self, event: Event) -> Mapping[str, Any]:
        """Return the metrics that an event brings, which are made anew now and then."""
        now = self._clock.monotonic()
        if self._metrics is None or event.kind == "finished" or now - self._metrics_at >= SECONDS_BETWEEN_METRICS:
            self._metrics, self._metrics_at = self.metrics(), now
        return self._metrics

    def _learnt(self) -> Iterator[str]:
        """Say of each host that took fewer requests at once than there might be, how many it took."""
        for service in sorted(self._services()):
            limits, the_gate = self._settings.limits(service), gate(service)
            for lane in the_gate.lanes_since(self._started):
                pages = lane.service_bound is the_gate.pages
                most = limits.max_concurrent_fetches if pages else limits.max_concurrent_downloads
                if (width := lane.width.learnt) is not None and width < most:
                    what = "pages" if pages else "downloads"
                    yield f"{lane.name} took {width} of {most} {what} at once"

    def _symptoms(self) -> Iterator[str]:
        out_of_connections = self._counted("pool_timeout") > 0
        for loss in ACCOUNT_LOSSES:
            if loss in self._lost_to_account:
                yield f"pictures_{loss}"
        if out_of_connections:
            yield "pool_timeout"
        refused = (reading.source.service for reading in self._readings if reading.counts["rate_limited"])
        # The advice names two settings, so it is only for services that have them.
        if any(self._settings.limits(service).parallel_fetch_chunk_days is not None for service in refused):
            yield "rate_limits"
        if self._image_bytes > MEMORY_BYTES:
            yield "memory"
        if not out_of_connections and self._more_downloads_would_help():
            yield "slow"

    def _more_downloads_would_help(self) -> bool:
        """Whether downloads took long only because there were many, and no admin has set their limit."""
        if self._clock.monotonic() - self._last_page <= SLOW_SECONDS or not self._downloading:
            return False
        rates = self._settings.config.downloads.max_bytes_per_second, self._settings.images.bytes_per_second
        if rates != (None, None) or any(self._learnt()):
            return False
        limits = [self._settings.limits(reading.source.service) for reading in self._readings]
        hung = any(self._images["failed", reason] for reason in HUNG)
        return (
            not hung
            and self._attachments > DEFAULT_DOWNLOADS
            and all(limit.max_concurrent_downloads == DEFAULT_DOWNLOADS for limit in limits)
        )

    def _with_counts(self, event: Event) -> Event:
        labels = {reading.label for reading in self._readings}
        settled_before = self._settled_before if self._downloading else 0
        settled = self._images.total() if self._downloading else 0
        services = self._services() if self._downloading else ()
        bounds = [(gate(name).downloads, self._settings.limits(name).max_concurrent_downloads) for name in services]
        # Of a chat that was read before, the service's number says nothing about what this call has to read.
        again = any(reading.was_known for reading in self._readings)
        expected = None if again or not labels <= self._expected.keys() else self._expected.total()
        number, name = self._chat_at_hand()
        return replace(
            event,
            messages=sum(reading.messages for reading in self._readings),
            messages_expected=expected,
            reading=not all(reading.ended for reading in self._readings),
            attachments_done=settled - settled_before,
            attachments_total=self._attachments - settled_before,
            image_bytes=self._image_bytes,
            retries=self._counted("retry") + self._downloads_repeated,
            downloads_active=sum(bound.active for bound, _ in bounds),
            downloads_limit=sum(bound.limit_with(limit) for bound, limit in bounds),
            elapsed_seconds=self._clock.monotonic() - self._started,
            chat=name,
            chat_number=number,
            chats=len(self._readings),
            again=again,
            metrics=self._metrics_for(event),
        )

    def _chat_at_hand(self) -> tuple[int, str]:
        """Return place and name of the first chat that is not read to its end: several are read at once."""
        for number, reading in enumerate(self._readings, 1):
            if not reading.ended:
                label = reading.label
                return number, (reading.chat and reading.chat.name) or (label if len(label) <= MOST_OF_A_LABEL else "")
        return len(self._readings), ""


def _loss_of_account(outcome: Outcome) -> str | None:
    """Return which loss of the account's an outcome is; None when it is none."""
    if outcome.status != "failed" or outcome.elsewhere:
        return None
    if outcome.http_status == 407:
        return "proxy"
    if outcome.reason == "connect" and outcome.http_status == 401:
        return "not_renewed"
    return outcome.reason if outcome.reason in ACCOUNT_LOSSES else None
