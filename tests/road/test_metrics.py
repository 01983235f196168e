"""Metrics tell what happened: against what the servers counted, for each service, live, in the report and in a file."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from help.hurrying import fast_clock
from hypothesis import given
from hypothesis import strategies as st

import chatframes as cf
from chatframes.model import Event, Outcome
from chatframes.road.course import MOST_STRETCHES, Course
from chatframes.road.durations import RELATIVE_ERROR, Durations
from chatframes.road.metrics import Levels, Meter, peak_memory_bytes
from chatframes.transfer.clock import SYSTEM
from chatframes.world.webex import faults

SHARES = (0.0, 0.1, 0.5, 0.9, 0.95, 1.0)
SOURCES = (cf.Webex("Project Apollo"), cf.Telegram("@apollo"), cf.Reddit("r/apollo"))


class Time:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


# --- how long things took ---------------------------------------------------------------------------------------------


def within(seconds: float, exact: float) -> bool:
    return abs(seconds - exact) <= max(RELATIVE_ERROR * exact, 0.001) + 1e-9


@given(st.lists(st.floats(0.0, 90_000.0), min_size=1, max_size=300), st.sampled_from(SHARES))
def test_quantiles_are_numpys_within_the_error_that_is_stated(values: list[float], share: float) -> None:
    durations = Durations()
    for value in values:
        durations.add(value)
    assert within(durations.quantile(share), float(np.quantile(values, share)))
    assert durations.mean == pytest.approx(np.mean(values))
    assert (durations.number, durations.longest) == (len(values), max(values))


def test_the_error_is_found_where_quantiles_are_kept_more_coarsely() -> None:
    """The control: of the last twenty values alone, as a small window keeps them, the quantiles are others."""
    values = list(np.random.default_rng(7).lognormal(-1.0, 1.0, 2000))
    assert not within(float(np.quantile(values[-20:], 0.95)), float(np.quantile(values, 0.95)))


def test_durations_take_no_more_room_however_many_they_are() -> None:
    durations = Durations()
    numbers = random.Random(1)
    for _ in range(20_000):
        durations.add(10 ** numbers.uniform(-6, 9))
    assert len(durations._classes) <= 450
    assert Durations().quantile(0.5) is None
    assert Durations().mean is None


# --- over time --------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(0.0, 1e7), st.integers(1, 9)), min_size=1, max_size=200))
def test_nothing_is_lost_when_stretches_grow_and_there_are_never_too_many(events: list[tuple[float, int]]) -> None:
    course = Course(["images"], ["downloads"])
    for at, number in events:
        course.count("images", number, at)
    end = max(at for at, _ in events)
    told = course.told(end + 1e-6)
    assert sum(told["images"]) == sum(number for _, number in events)
    assert len(told["images"]) == len(told["downloads"]) <= MOST_STRETCHES
    assert set(told["downloads"]) == {None}


def test_a_level_that_stays_is_the_same_in_each_stretch_and_unknown_before() -> None:
    course = Course([], ["downloads", "connections"])
    course.hold({"downloads": 7, "connections": None}, 3.0, 40.0)
    told = course.told(40.0)
    assert told["stretch_seconds"] == 0.4
    assert {height for height in told["downloads"] if height is not None} == {7.0}
    assert told["downloads"][:7] == [None] * 7
    assert set(told["connections"]) == {None}


# --- the meter --------------------------------------------------------------------------------------------------------


def test_what_nobody_has_told_is_null_and_not_nothing() -> None:
    told = Meter(Time()).told(("telegram",))
    unknown = {"mean": None, "peak": None, "most": None, "utilisation": None}
    assert told["downloads"] == unknown
    assert told["connections"] == {**unknown, "timeouts": None}
    assert told["images"]["success_rate"] is told["images"]["per_second"] is None
    assert told["download_seconds"] == {"number": 0, "mean": None, "median": None, "p95": None, "longest": None}
    assert told["gate_width"] == {"last": None, "least": None}
    assert told["api_budget"] == {"telegram": None}
    assert told["waits"] == {"telegram": {"number": 0, "seconds": 0.0}}, "that there was none is known"


def test_the_document_explains_every_number() -> None:
    table = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8").partition("## When")[0]
    for name, part in Meter(Time()).told(()).items():
        row = " ".join(line for line in table.splitlines() if line.startswith(f"| `{name}"))
        assert row, name
        for inner in part if isinstance(part, dict) and name not in ("waits", "api_budget") else ():
            assert f"{inner}`" in row, f"{name}.{inner}"


def test_means_are_over_time_and_only_while_there_was_something_to_download() -> None:
    time = Time()
    meter = Meter(time)
    meter.begun(1)
    for seconds, used, pending in ((10.0, 0, False), (1.0, 20, True), (3.0, 4, True), (50.0, 0, False)):
        meter.look(Levels(used, 20, 20, used, 20, 100), pending=pending)
        time.seconds += seconds
    meter.look(Levels(), pending=False)
    told = meter.told(("webex",))
    assert told["downloads"] == {"mean": 8.0, "peak": 20, "most": 20, "utilisation": 0.4}
    assert told["connections"] == {"mean": 8.0, "peak": 20, "most": 100, "utilisation": 0.08, "timeouts": 0}


def test_the_width_is_told_from_the_first_download_on() -> None:
    time = Time()
    meter = Meter(time)
    meter.look(Levels(0, 20, 20), pending=True)
    meter.begun(1)
    for width in (10, 5, 12):
        meter.look(Levels(3, 20, width), pending=True)
        time.seconds += 0.1
    meter.end()
    told = meter.told(("webex",))
    assert told["gate_width"] == {"last": 12, "least": 5}
    assert told["over_time"]["gate_width"] == [10.0, 5.0, 12.0]


def test_waits_that_overlap_count_once_and_only_as_long_as_they_were() -> None:
    time = Time()
    meter = Meter(time)
    assert meter.waits("reddit", 10.0)
    assert not meter.waits("reddit", 10.2), "another request that was told the same"
    time.seconds += 4.0
    assert meter.told(())["waits"]["reddit"] == {"number": 1, "seconds": 4.0}
    assert meter.waits("reddit", 10.0), "it goes on for longer"
    time.seconds += 20.0
    assert meter.told(())["waits"]["reddit"] == {"number": 1, "seconds": 14.0}
    meter.waits("reddit", 30.0)
    time.seconds += 1.0
    meter.end()
    time.seconds += 100.0
    assert meter.told(("webex",))["waits"] == {
        "reddit": {"number": 2, "seconds": 15.0},
        "webex": {"number": 0, "seconds": 0.0},
    }


def test_the_api_budget_is_the_last_that_was_said_and_the_lowest() -> None:
    meter = Meter(Time())
    for left in (400.0, 12.0, 600.0):
        meter.api_budget("reddit", left, 600.0, 240.0)
    told = meter.told(("reddit", "webex"))["api_budget"]
    assert told == {"reddit": {"left": 600, "lowest": 12, "of": 600, "resets_in_seconds": 240.0}, "webex": None}


def test_a_copy_that_cost_no_request_is_a_picture_and_no_download() -> None:
    time = Time()
    meter = Meter(time)
    meter.begun(1)
    time.seconds += 2.0
    meter.settled(Outcome("ok", data=b"12345", attempts=3, elapsed_ms=2000))
    meter.settled(Outcome("ok", data=b"12345", attempts=0, elapsed_ms=0))
    meter.settled(Outcome("failed", "gone", attempts=1, elapsed_ms=9000))
    told = meter.told(("webex",), received_bytes=8)
    assert told["images"]["ok"] == 2
    assert told["images"]["failed"] == {"gone": 1}
    assert told["images"]["success_rate"] == 0.6667
    assert told["images"]["per_second"] == 1.0
    assert told["download_seconds"] == {"number": 1, "mean": 2.0, "median": 2.0, "p95": 2.0, "longest": 2.0}
    assert told["bytes"] == {"kept": 5, "received": 8, "per_second": 4.0}
    assert told["retries"] == {"requests": 0, "downloads": 2}


def test_metrics_stay_small_and_plain_however_long_a_call_is() -> None:
    time = Time()
    meter = Meter(time)
    for number in range(20_000):
        meter.begun(20)
        time.seconds += 0.7
        meter.look(Levels(20, 20, 20, 20, 20, 100), pending=True)
        meter.settled(Outcome("ok", data=b"x" * (number % 9000), attempts=1, elapsed_ms=number))
        meter.settled(Outcome("failed", f"reason {number}", attempts=1))
    told = json.dumps(meter.told(("webex", "telegram", "reddit")), allow_nan=False)
    assert len(told) < 8_000


def test_the_memory_is_what_the_system_says_and_null_where_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Path("/proc/self/status")
    if said.exists():
        peak = next(line for line in said.read_text().splitlines() if line.startswith("VmHWM"))
        assert peak_memory_bytes() == pytest.approx(int(peak.split()[1]) * 1024, rel=0.05)
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    assert peak_memory_bytes() is None


# --- whole calls ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=60, images=24, latency_ms=5) as world:
        yield world


def fetched(world: Any, source: Any, **arguments: Any) -> tuple[Any, dict[str, Any], list[Event]]:
    events: list[Event] = []
    frame = cf.fetch(source, config=world.config, progress=events.append, **{"images": True, **arguments})
    metrics = cf.report(frame).metrics
    assert metrics is not None
    return frame, metrics, events


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.service)
def test_the_figures_are_those_of_the_table_and_the_same_ones_for_each_service(world: Any, source: Any) -> None:
    frame, metrics, events = fetched(world, source)
    rows = cf.attachments(frame)
    ok = rows[rows["status"] == "ok"]
    own = ok[ok["attempts"] > 0]
    images = metrics["images"]
    assert images["ok"] == len(ok) == cf.report(frame).images_ok
    assert (images["skipped"], images["failed"]) == (cf.report(frame).skipped, cf.report(frame).failed)
    assert sum(metrics["over_time"]["images"]) == len(ok)
    assert images["pending"] == 0
    seconds = metrics["download_seconds"]
    assert seconds["number"] == len(own)
    for share, name in ((0.5, "median"), (0.95, "p95")):
        assert within(seconds[name], float(np.quantile(own["elapsed_ms"] / 1000, share)) + 0.0001)
    assert seconds["mean"] == pytest.approx(own["elapsed_ms"].mean() / 1000, abs=0.0001)
    assert metrics["bytes"]["kept"] == own["size"].sum() == sum(metrics["over_time"]["image_bytes"])
    assert metrics["bytes"]["received"] >= metrics["bytes"]["kept"]
    assert metrics["retries"]["downloads"] == (rows["attempts"].clip(lower=1) - 1).sum()
    assert metrics["pages"] == cf.report(frame).sources[0].pages
    downloads = metrics["downloads"]
    assert downloads["most"] == 20
    assert 0 < downloads["mean"] <= downloads["peak"] <= 20
    assert 0 < metrics["gate_width"]["least"] <= metrics["gate_width"]["last"] <= 20
    assert events[-1].metrics is not None
    assert events[-1].metrics["images"] == images
    assert set(metrics) == set(Meter(Time()).told(()))


def counted(world: Any, service: str) -> tuple[int, int]:
    """What a server has sent of files since the last look, and how many downloads it saw at once."""
    stats = world.stats()
    counts = stats if service == "webex" else stats[service]
    name = {"webex": "content_bytes", "telegram": "file_bytes", "reddit": "picture_bytes"}[service]
    at_once = {"webex": "peak_downloads", "telegram": "peak_files", "reddit": "peak_pictures"}[service]
    return sum(counts[name].values()), counts[at_once]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.service)
def test_the_servers_have_counted_the_same(world: Any, source: Any) -> None:
    world.reset_stats()
    _, metrics, _ = fetched(world, source)
    sent, at_once = counted(world, source.service)
    # A card's picture comes from elsewhere, and Telegram sends whole pieces: less than a hundredth.
    assert metrics["bytes"]["received"] == pytest.approx(sent, rel=0.01)
    assert metrics["bytes"]["kept"] <= metrics["bytes"]["received"]
    assert metrics["downloads"]["peak"] >= at_once
    if source.service == "telegram":  # Telethon keeps its connections to itself
        assert set(metrics["connections"].values()) == {None}
    else:
        assert metrics["connections"]["most"] == 100
        assert at_once <= metrics["connections"]["peak"] <= 100


def test_reddit_says_what_is_left_of_its_budget_and_the_others_say_nothing(world: Any) -> None:
    _, metrics, _ = fetched(world, SOURCES[2], images=False)
    budget = metrics["api_budget"]["reddit"]
    assert 0 < budget["lowest"] <= budget["left"] < budget["of"]
    assert budget["resets_in_seconds"] > 0
    assert metrics["downloads"]["mean"] is metrics["bytes"]["received"] is metrics["gate_width"]["least"] is None
    assert metrics["images"]["skipped"]["disabled"] > 0
    assert metrics["connections"]["peak"] == 1, "one page at a time"


def test_a_frame_keeps_its_metrics_through_a_file_and_an_older_report_has_none(world: Any, tmp_path: Path) -> None:
    frame, metrics, _ = fetched(world, SOURCES[0])
    cf.write_parquet(frame, tmp_path / "apollo.parquet")
    assert cf.report(cf.read_parquet(tmp_path / "apollo.parquet")).metrics == metrics
    assert cf.report(frame[frame["n_images"] > 0]).metrics == metrics
    frame.to_parquet(tmp_path / "by-pandas.parquet")
    assert cf.report(cf.read_parquet(tmp_path / "by-pandas.parquet")).metrics == metrics
    assert len(json.dumps(frame.attrs["chatframes"]["metrics"])) < 9_000
    older = {name: value for name, value in frame.attrs["chatframes"].items() if name != "metrics"}
    assert cf.report(older).metrics is None
    assert cf.report(cf.concat([frame, fetched(world, SOURCES[1])[0]])).metrics is None, "of two calls there are none"
    assert cf.report(cf.concat([frame, frame])).metrics == metrics


@pytest.mark.parametrize(
    "told",
    [
        '{"seconds": NaN}',
        {"seconds": float("inf")},
        {1, 2},
        '{"a": "' + "b" * 200_000 + '"}',
        "{",
        "[" * 100_000,
        "[1]",
        7,
        [],
        {},
        None,
        '"text"',
    ],
)
def test_metrics_that_are_none_are_no_reason_to_refuse_a_report(told: Any) -> None:
    assert cf.report({"status": "complete", "metrics": told}).metrics is None


def test_an_export_tells_of_its_last_call_and_one_that_fills_in_of_itself(world: Any, tmp_path: Path) -> None:
    for pictures in (24, 0):
        told = cf.export(SOURCES[0], tmp_path / "apollo", images=True, config=world.config, progress=False)
        assert told.images_ok == 24
        assert told.metrics["images"]["ok"] == pictures, "what is there already was not downloaded"
        assert sum(told.metrics["over_time"]["images"]) == pictures
        assert cf.report(tmp_path / "apollo").metrics == told.metrics
    assert cf.report(cf.read_parquet(tmp_path / "apollo")).metrics == told.metrics
    manifest = json.loads((tmp_path / "apollo" / ".chatframes" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["last_call"]["metrics"] == told.metrics
    config = tmp_path / "config.json"
    config.write_text(json.dumps(world.config), encoding="utf-8")
    config.chmod(0o600)
    frame = cf.fetch(SOURCES[1], config=config, progress=False)
    filled = cf.fill_images(frame, config=config, progress=False)
    before, after = cf.report(frame).metrics, cf.report(filled).metrics
    assert (before["images"]["ok"], before["images"]["success_rate"]) == (0, None)
    assert (after["images"]["ok"], after["images"]["success_rate"]) == (24, 1.0)
    assert after["images"]["skipped"] == {}, "it was not asked for"
    skipped = cf.report(frame).skipped
    assert skipped.pop("disabled") == 24
    assert cf.report(filled).skipped == skipped, "what was filled in is no longer among them"
    assert cf.report(cf.fill_images(filled, config=config, progress=False)).metrics == after, "there was no call"


def test_the_last_batch_of_a_stream_has_them_and_a_call_that_fails_has_them_too(world: Any) -> None:
    async def last() -> Any:
        return [batch async for batch in cf.stream(SOURCES[2], images=True, config=world.config)][-1]

    assert cf.report(asyncio.run(last())).metrics["images"]["ok"] > 0
    with pytest.raises(cf.ChatNotFound) as failed:
        cf.fetch(cf.Webex("Nowhere"), images=True, config=world.config, progress=False)
    metrics = cf.report(failed.value.partial).metrics
    assert metrics["images"]["ok"] == 0
    assert metrics["download_seconds"]["median"] is None


def test_waits_and_repeated_requests_are_those_that_the_server_has_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatframes.api.clock", replace(fast_clock(400), now=SYSTEM.now))
    sent: list[str] = []  # what the server has answered in the place of a page
    for name in ("refusal", "html"):
        answer = getattr(faults, name)
        monkeypatch.setattr(
            faults, name, lambda *args, name=name, answer=answer, **others: sent.append(name) or answer(*args, **others)
        )
    with cf.sandbox(messages=30, images=6, faults=["rate_limit", "server_error"]) as world:
        _, metrics, events = fetched(world, SOURCES[0])
    assert set(sent) == {"refusal", "html"}
    assert metrics["retries"] == {"requests": len(sent), "downloads": 0}
    assert events[-1].retries == len(sent)
    waits = [one.wait_seconds for one in events if one.kind == "waiting"]
    assert 0 < metrics["waits"]["webex"]["number"] == len(waits) <= sent.count("refusal")
    assert metrics["waits"]["webex"]["seconds"] == pytest.approx(sum(waits), abs=0.6)
