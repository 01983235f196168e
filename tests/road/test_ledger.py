"""The ledger: what is counted is told with every event and stands in the report, whose shape is written once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from help.fakes import FakeTime
from help.messages import NOON, message

import chatframes as cf
from chatframes.errors import ServiceError
from chatframes.model import Event, Missed, Outcome, Page, Window
from chatframes.road import ledger as ledger_module
from chatframes.road.ledger import Ledger
from chatframes.road.reading import Reading
from chatframes.settings.merge import merge
from chatframes.table.report import Report
from chatframes.windows import Bounds

HOUR = timedelta(hours=1)


class Chat:
    id = "chat"
    name = "Chat"
    notes = ("a note",)


class Call:
    """A ledger of some sources, and what it has told."""

    def __init__(self, *sources: Any, images: bool = True, config: Any = None) -> None:
        self.time = FakeTime()
        self.events: list[Event] = []
        self.readings = [Reading(source, Bounds(NOON - 2 * HOUR, NOON)) for source in sources or (cf.Webex("x"),)]
        self.ledger = Ledger(
            self.readings, merge(config or {}, images=images), self.events.append, self.time.clock, self.time.now()
        )

    def whole(self, reading: Reading) -> None:
        reading.note(Page([], reading.begin(Chat())))
        reading.finish()

    @property
    def symptoms(self) -> tuple[str, ...]:
        return self.ledger.report().symptoms


def test_counts_of_the_whole_call_go_with_every_event() -> None:
    call = Call(cf.Webex("x"), cf.Webex("y"))
    call.ledger.count_attachments(3)
    call.ledger.count_outcome(Outcome("ok", data=b"12345", attempts=3))
    call.ledger.count_outcome(Outcome("skipped", "too_large"))
    for reading in call.readings:
        reading.messages = 4
        reading.counts["retry"] = 1
    call.readings[0].ended = True
    call.ledger.emit(Event("messages", "Webex('x')"))
    told = call.events[-1]
    assert (told.messages, told.reading, told.attachments_done, told.attachments_total) == (8, True, 2, 3)
    assert (told.image_bytes, told.retries) == (5, 4)
    call.readings[1].ended = True
    call.ledger.emit(Event("messages", "Webex('y')"))
    assert call.events[-1].reading is False


def test_events_bring_metrics_that_are_made_anew_once_a_second_and_for_the_last_one() -> None:
    call = Call()
    for seconds in (0.0, 0.4, 0.4, 0.4, 0.4):
        call.time.advance(seconds)
        call.ledger.count_outcome(Outcome("ok", data=b"12345"))
        call.ledger.emit(Event("image", "Webex('x')"))
    assert [one.metrics["images"]["ok"] for one in call.events] == [1, 1, 1, 4, 4]
    call.ledger.emit(Event("finished", ""))
    assert call.events[-1].metrics == call.ledger.report().metrics
    assert "metrics" not in repr(call.events[-1]), "progress=print stays readable"


def test_while_downloading_is_off_there_is_nothing_to_settle() -> None:
    call = Call(images=False)
    call.ledger.count_attachments(3)
    call.ledger.count_outcome(Outcome("skipped", "disabled"))
    call.ledger.emit(Event("messages", "Webex('x')"))
    assert (call.events[-1].attachments_done, call.events[-1].attachments_total) == (0, 0)
    assert call.ledger.report().skipped == {"disabled": 1}


def test_what_is_expected_is_told_when_every_source_has_said_its_number() -> None:
    call = Call(cf.Webex("x"), cf.Webex("y"))
    call.ledger.emit(Event("messages", "Webex('x')", messages_expected=7))
    assert call.events[-1].messages_expected is None
    call.ledger.emit(Event("messages", "Webex('y')", messages_expected=5))
    assert call.events[-1].messages_expected == 12


def slow(call: Call) -> None:
    call.ledger.count_attachments(200)
    call.ledger.count_page()
    call.time.advance(31.0)


def starved(call: Call) -> None:
    call.readings[0].counts["pool_timeout"] = 1


def heavy(call: Call) -> None:
    call.ledger.count_outcome(Outcome("ok", data=b"x" * 101))


def refused(call: Call) -> None:
    call.readings[0].counts["rate_limited"] = 1


@pytest.mark.parametrize(
    ("what", "symptom"), [(slow, "slow"), (starved, "pool_timeout"), (heavy, "memory"), (refused, "rate_limits")]
)
def test_each_symptom_has_its_cause(
    what: Callable[[Call], None], symptom: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MEMORY_BYTES", 100)
    call = Call()
    assert call.symptoms == ()
    what(call)
    assert call.symptoms == (symptom,)


@pytest.mark.parametrize("why", ["pool_timeout", "timeout"])
def test_slowness_that_has_another_cause_is_not_advised_on(why: str) -> None:
    call = Call()
    slow(call)
    if why == "timeout":
        call.ledger.count_outcome(Outcome("failed", "timeout"))
    else:
        starved(call)
    assert "slow" not in call.symptoms


@pytest.mark.parametrize("why", ["too_slow", "connect", "truncated", "cancelled"])
def test_nothing_that_hung_or_broke_asks_for_more_downloads(why: str) -> None:
    call = Call()
    slow(call)
    call.ledger.count_outcome(Outcome("failed", why))
    assert call.symptoms == ()


def test_more_downloads_are_not_advised_where_they_cannot_help_or_an_admin_has_set_their_number() -> None:
    few = Call()
    few.ledger.count_attachments(3)
    few.ledger.count_page()
    few.time.advance(31.0)
    off = Call(images=False)
    slow(off)
    assert (few.symptoms, off.symptoms) == ((), ())
    for number in (4, 19, 40):
        limited = Call(config={"webex": {"max_concurrent_image_downloads": number}})
        slow(limited)
        assert limited.symptoms == ()


@pytest.mark.parametrize("reason", ["unauthorized", "forbidden", "rate_limited"])
def test_pictures_lost_because_of_the_account_are_a_symptom_and_a_host_elsewhere_is_none(reason: str) -> None:
    call = Call()
    call.ledger.count_outcome(Outcome("failed", reason, elsewhere=True))
    assert call.symptoms == ()
    call.ledger.count_outcome(Outcome("failed", reason))
    assert call.symptoms == (f"pictures_{reason}",)


def test_rate_limits_are_advised_on_only_where_the_settings_exist() -> None:
    call = Call(cf.Reddit("python"))
    refused(call)
    assert call.symptoms == ()
    call = Call(cf.Reddit("python"), cf.Webex("x"))
    refused(call)
    assert call.symptoms == ()
    call.readings[1].counts["rate_limited"] = 1
    assert call.symptoms == ("rate_limits",)


def test_the_status_is_of_all_sources_together() -> None:
    call = Call(cf.Webex("x"), cf.Webex("y"))
    assert call.ledger.status == "failed"
    call.whole(call.readings[0])
    assert call.ledger.status == "partial"
    call.whole(call.readings[1])
    assert call.ledger.status == "complete"


def test_the_report_says_what_was_read_and_what_was_missed_and_is_the_same_after_json() -> None:
    call = Call()
    (reading,) = call.readings
    reading.begin(Chat())
    reading.messages = 1
    reading.note(Page([message("a")], Window(NOON - HOUR, NOON)))
    reading.miss(Missed(Window(NOON - 2 * HOUR, NOON - HOUR), ServiceError("it failed.")))
    reading.finish()
    call.ledger.count_outcome(Outcome("ok", data=b"12345"))
    call.ledger.count_outcome(Outcome("failed", "gone"))
    call.time.advance(2.04)
    report = call.ledger.report()
    assert report.status == "partial"
    assert (report.images_ok, report.image_bytes, report.skipped, report.failed) == (1, 5, {}, {"gone": 1})
    assert report.seconds == 2.0
    (source,) = report.sources
    assert (source.chat_id, source.chat_name, source.notes) == ("chat", "Chat", ("a note",))
    assert [(span.since, span.until) for span in source.covered] == [("2026-10-01T11:00:00Z", "2026-10-01T12:00:00Z")]
    assert [(gap.since, gap.until, gap.reason) for gap in source.gaps] == [
        ("2026-10-01T10:00:00Z", "2026-10-01T11:00:00Z", "it failed.")
    ]
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_a_whole_chat_has_no_error_though_something_went_wrong_on_the_way() -> None:
    call = Call()
    (reading,) = call.readings
    reading.fail(ServiceError("it failed."))
    assert reading.report().error == "it failed."
    call.whole(reading)
    assert reading.report().error is None


def test_a_foreign_error_is_told_without_its_text() -> None:
    call = Call()
    (reading,) = call.readings
    reading.begin(Chat())
    try:
        raise ValueError("https://host.example/?token=canary")
    except ValueError as error:
        reading.miss(Missed(reading.window, error))
    told = reading.report()
    assert "canary" not in str(replace(told))
    assert "ValueError in test_ledger.py" in told.gaps[0].reason
