"""What a user writes as a range of time, how it is cut, and what is known of it while it is read."""

from __future__ import annotations

import doctest
import itertools
import json
from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatframes import windows
from chatframes.errors import ConfigError
from chatframes.model import Window
from chatframes.timeline import Timeline, _Grid
from chatframes.windows import parse_bounds, plain_bound, utc_text, zone

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
US = timedelta(microseconds=1)


def day(number: float, year: int = 2026) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=number)


def cut(window: Window, chunk_days: int) -> list[Window]:
    """All the windows that a timeline is read by, oldest first."""
    grid = _Grid(window, chunk_days)
    return [grid.window(index) for index in range(grid.count)]


def bounds(since, until, tz="UTC", now=NOW):
    got = parse_bounds(since, until, tz, now)
    return (got.since and utc_text(got.since)), utc_text(got.until)


# --- what a user writes -----------------------------------------------------------------------------------------------


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(windows).failed == 0


def test_both_days_of_a_range_are_held_whole():
    assert bounds("2026-10-01", "2026-10-31") == ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")


def test_one_day_is_a_range():
    assert bounds("2026-10-01", date(2026, 10, 1)) == ("2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z")


def test_a_day_is_a_day_of_the_users_own_zone():
    assert bounds("2026-07-01", "2026-07-01", "Asia/Tokyo") == ("2026-06-30T15:00:00Z", "2026-07-01T15:00:00Z")


@pytest.mark.parametrize(
    ("when", "tz", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", 23),
        ("2025-10-26", "Europe/Berlin", 25),
        ("2026-03-08", "America/New_York", 23),
        ("2018-11-04", "America/Sao_Paulo", 23),  # midnight itself does not exist
        ("2025-11-02", "America/Havana", 25),  # midnight comes twice
        ("2026-07-01", "Europe/Berlin", 24),
    ],
)
def test_a_day_has_its_true_length_when_the_clocks_change(when, tz, hours):
    got = parse_bounds(when, when, tz, NOW)
    assert got.until - got.since == timedelta(hours=hours)


@pytest.mark.parametrize("tz", ["UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Australia/Lord_Howe"])
def test_one_day_ends_where_the_next_begins(tz):
    days = [date(2017, 1, 1) + timedelta(days=n) for n in range(800)]
    ranges = [parse_bounds(when, when, tz, NOW) for when in days]
    assert all(a.until == b.since for a, b in itertools.pairwise(ranges))


@pytest.mark.parametrize(
    "moment",
    [
        "2026-10-01T09:30:00Z",
        "2026-10-01T11:30:00+02:00",
        " 2026-10-01 09:30+00:00 ",
        datetime(2026, 10, 1, 9, 30, tzinfo=UTC),
        datetime(2026, 10, 1, 4, 30, tzinfo=timezone(timedelta(hours=-5))),
        pd.Timestamp("2026-10-01T09:30Z"),
        pd.Timestamp("2026-10-01T11:30", tz="Europe/Berlin"),
    ],
)
def test_a_datetime_is_that_instant_whatever_the_zone(moment):
    assert bounds(moment, None, "Asia/Tokyo")[0] == "2026-10-01T09:30:00Z"


@pytest.mark.parametrize(
    "moment", ["2026-10-01T09:30", datetime(2026, 10, 1, 9, 30), pd.Timestamp("2026-10-01T09:30:00.000000001")]
)
def test_a_naive_datetime_is_in_the_users_zone(moment):
    assert bounds(moment, None, "Asia/Tokyo")[0] == "2026-10-01T00:30:00Z"


def test_a_midnight_given_as_a_datetime_is_an_instant_and_no_day():
    assert bounds("2026-10-01", datetime(2026, 10, 31))[1] == "2026-10-31T00:00:00Z"


def test_without_bounds_everything_up_to_now_is_meant():
    assert bounds(None, None) == (None, utc_text(NOW))


def test_now_in_another_zone_is_the_same_now():
    now = NOW.astimezone(timezone(timedelta(hours=9)))
    assert bounds(None, None, now=now) == (None, utc_text(NOW))


def test_what_is_yet_to_be_written_is_not_part_of_the_range():
    assert bounds("2026-11-23", "2026-11-23")[1] == utc_text(NOW)
    assert bounds("2026-11-01", "2027-01-01")[1] == utc_text(NOW)


@pytest.mark.parametrize(
    ("since", "until", "tz", "says"),
    [
        ("yesterday", None, "UTC", "since='yesterday' is not a date: write a day such as"),
        ("2026-02-30", None, "UTC", "since='2026-02-30' is not a date"),
        ("2026-10", None, "UTC", "since='2026-10' is not a date"),
        ("2026-W40", None, "UTC", "since='2026-W40' is not a date"),
        (None, "", "UTC", "until='' is not a date"),
        (20261001, None, "UTC", "since=a value of type int is not a date"),
        (None, pd.NaT, "UTC", "until=a value of type NaTType is not a date"),
        ("2026-10-02", "2026-10-01", "UTC", "since='2026-10-02' is not before until='2026-10-01'"),
        ("2026-10-01T00:00Z", "2026-10-01T00:00Z", "UTC", "is not before"),
        ("2026-11-24", None, "UTC", "since='2026-11-24' is in the future"),
        ("2027-01-01", "2027-02-01", "UTC", "is in the future"),
        (None, None, "Europe/Berln", "tz='Europe/Berln' is not a time zone: did you mean 'Europe/Berlin'?"),
        (None, None, "/etc/passwd", "is not a time zone"),
        (None, None, "Europe", "is not a time zone"),
        (None, None, "", "is not a time zone"),
        (None, None, 2, "tz= is a value of type int"),
        (None, "9999-12-31", "UTC", "until='9999-12-31' is beyond the calendar"),
        ("0001-01-01", None, "Asia/Tokyo", "is beyond the calendar"),
    ],
)
def test_a_wrong_bound_is_one_clear_sentence(since, until, tz, says):
    with pytest.raises(ConfigError) as caught:
        parse_bounds(since, until, tz, NOW)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_zone_may_be_asked_for_by_itself():
    assert str(zone("America/New_York")) == "America/New_York"


# --- what a source keeps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        ("2026-10-01", "2026-10-01"),
        (date(2026, 10, 1), "2026-10-01"),
        (datetime(2026, 10, 1), "2026-10-01T00:00:00"),
        ("2026-10-01T02:00+02:00", "2026-10-01T00:00:00Z"),
        (pd.Timestamp("2026-10-01", tz="UTC"), "2026-10-01T00:00:00Z"),
    ],
)
def test_a_source_keeps_its_bounds_as_plain_strings(value, kept):
    assert plain_bound(value, "since") == kept
    assert json.loads(json.dumps(kept)) == kept


@given(
    value=st.one_of(
        st.dates(date(1990, 1, 1), date(2026, 1, 1)),
        st.datetimes(datetime(1990, 1, 1), datetime(2026, 1, 1)),
        st.datetimes(datetime(1990, 1, 1), datetime(2026, 1, 1), timezones=st.timezones()),
    ),
    tz=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]),
)
def test_a_bound_means_the_same_after_it_was_kept_as_a_string(value, tz):
    assert parse_bounds(plain_bound(value, "since"), None, tz, NOW) == parse_bounds(value, None, tz, NOW)


def test_a_wrong_bound_is_found_when_the_source_is_built():
    with pytest.raises(ConfigError, match="until='soon' is not a date"):
        plain_bound("soon", "until")


# --- cutting ----------------------------------------------------------------------------------------------------------


def test_thirty_days_by_seven_are_five_windows_of_six():
    assert [(w.since, w.until) for w in cut(Window(day(0), day(30)), 7)] == [
        (day(6 * n), day(6 * n + 6)) for n in range(5)
    ]


def test_a_range_of_exactly_one_chunk_is_one_window_and_a_microsecond_more_makes_two():
    assert len(cut(Window(day(0), day(7)), 7)) == 1
    assert len(cut(Window(day(0), day(7) + US), 7)) == 2


def test_an_empty_range_has_no_windows():
    assert cut(Window(day(0), day(0)), 7) == []
    assert Timeline(Window(day(0), day(0)), 7).claim() is None


def test_windows_of_no_days_are_refused():
    with pytest.raises(ConfigError, match="at least 1"):
        cut(Window(day(0), day(1)), 0)


@given(start=st.integers(0, 10**15), length=st.integers(1, 10**15), days=st.integers(1, 400))
def test_windows_touch_are_equal_and_fill_the_range_to_the_microsecond(start, length, days):
    whole = Window(day(0) + start * US, day(0) + (start + length) * US)
    parts = cut(whole, days)
    sizes = {(part.until - part.since) // US for part in parts}
    assert len(parts) == -(-length // (days * 86_400_000_000))
    assert (parts[0].since, parts[-1].until) == (whole.since, whole.until)
    assert all(a.until == b.since for a, b in itertools.pairwise(parts))
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= days * 86_400_000_000


# --- reading a range --------------------------------------------------------------------------------------------------


class Chat:
    """A chat of known message times that answers pages of a fixed size, newest first, and counts them."""

    def __init__(self, times: list[datetime], page: int) -> None:
        self.times, self.page, self.pages = sorted(times, reverse=True), page, 0

    def read(self, before: datetime) -> tuple[list[datetime], datetime | None]:
        """Return one page, and where it ends; None when there is nothing older."""
        self.pages += 1
        older = [time for time in self.times if time < before]
        page = older[: self.page]
        return page, (page[-1] if len(older) > self.page else None)


def read_whole(timeline: Timeline, chat: Chat, streams: int) -> tuple[list[datetime], int]:
    """Read a timeline with several streams that take turns, page by page."""
    seen: list[datetime] = []
    claims, at_work, dry = 0, [], False
    while at_work or not dry:
        while len(at_work) < streams and not dry:
            window = timeline.claim()
            dry = window is None
            if window is not None:
                claims += 1
                at_work.append([window, window.until])
        for work in list(at_work):
            window, edge = work
            if timeline.remaining(window) is None:
                at_work.remove(work)
                dry = False
                continue
            page, end = chat.read(edge)
            seen += page
            timeline.cover(Window(end or timeline.window.since, edge))
            work[1] = end or timeline.window.since
            if work[1] <= window.since:
                at_work.remove(work)
                dry = False
    return seen, claims


def test_a_short_range_is_read_newest_first():
    timeline = Timeline(Window(day(0), day(30)), 7)
    assert [timeline.claim() for _ in range(6)] == [*reversed(cut(timeline.window, 7)), None]


def test_streams_that_start_together_in_a_long_range_are_spread_over_it():
    timeline = Timeline(Window(day(0), day(700)), 7)
    starts = sorted(timeline.claim().until for _ in range(5))
    gaps = [b - a for a, b in zip([day(0), *starts], starts, strict=False)]
    assert starts[-1] == day(700)
    assert max(gaps) <= timedelta(days=360)
    assert min(gaps) >= timedelta(days=80)


def test_a_stream_carries_on_below_what_it_has_read():
    timeline = Timeline(Window(day(0), day(700)), 7)
    first = timeline.claim()
    timeline.cover(Window(first.since - timedelta(days=3), first.until))
    assert timeline.claim() == Window(first.since - timedelta(days=7), first.since - timedelta(days=3))


def test_a_window_that_a_neighbours_page_has_covered_is_not_handed_out():
    timeline = Timeline(Window(day(0), day(28)), 7)
    timeline.claim()
    timeline.cover(Window(day(7), day(28)))
    assert timeline.claim() == Window(day(0), day(7))
    assert timeline.claim() is None


def test_a_stream_learns_what_a_neighbour_left_of_its_window():
    timeline = Timeline(Window(day(0), day(28)), 7)
    newest, next_one = timeline.claim(), timeline.claim()
    timeline.cover(Window(day(18), newest.until))
    assert timeline.remaining(newest) is None
    assert timeline.remaining(next_one) == Window(day(14), day(18))
    timeline.cover(Window(day(0), day(15)))
    assert timeline.remaining(next_one) == Window(day(15), day(18))
    timeline.cover(Window(day(15), day(18)))
    assert timeline.remaining(next_one) is None


def test_what_lies_outside_the_range_does_not_count():
    timeline = Timeline(Window(day(0), day(7)), 7)
    timeline.cover(Window(day(-9), day(2)))
    timeline.cover(Window(day(9), day(12)))
    timeline.cover(Window(day(5), day(5)))
    assert timeline.covered() == [Window(day(0), day(2))]
    assert timeline.gaps() == [Window(day(2), day(7))]


def test_a_window_whose_stream_failed_stays_a_gap_and_the_rest_is_read():
    timeline = Timeline(Window(day(0), day(700)), 7)
    failed = timeline.claim()
    while (window := timeline.claim()) is not None:
        timeline.cover(window)
    assert timeline.gaps() == [failed]


def test_each_part_of_a_gap_has_its_own_reason():
    timeline = Timeline(Window(day(0), day(30)), 7)
    timeline.cover(Window(day(8), day(20)))
    failures = [(Window(day(20), day(26)), "locked"), (Window(day(24), day(28)), "dns"), (Window(day(9), day(12)), "x")]
    assert timeline.explained_gaps(failures, "not read") == [
        (Window(day(0), day(8)), "not read"),
        (Window(day(20), day(26)), "locked"),
        (Window(day(26), day(28)), "dns"),
        (Window(day(28), day(30)), "not read"),
    ]
    assert [gap for gap, _ in timeline.explained_gaps([], "not read")] == timeline.gaps()


def test_touching_intervals_become_one():
    timeline = Timeline(Window(day(0), day(7)), 1)
    for n in (3, 1, 2):
        timeline.cover(Window(day(n), day(n + 1)))
    assert timeline.covered() == [Window(day(1), day(4))]


def test_a_range_of_centuries_costs_nothing_to_hold():
    timeline = Timeline(Window(datetime(1, 1, 2, tzinfo=UTC), NOW), 1)
    assert timeline.claim().until == NOW


@pytest.mark.parametrize("streams", [1, 5, 10])
def test_silent_years_cost_a_few_requests_and_not_one_per_window(streams):
    chat = Chat([day(30 * n, 2016) for n in range(120)], page=1000)  # ten years, a message a month
    timeline = Timeline(Window(day(0, 2016), day(3650, 2016)), 7)
    seen, claims = read_whole(timeline, chat, streams)
    assert set(seen) == set(chat.times)
    assert timeline.gaps() == []
    assert claims <= streams + 2
    assert chat.pages <= streams + 2


@pytest.mark.parametrize("streams", [1, 5])
def test_a_thin_history_costs_little_more_than_its_pages(streams):
    chat = Chat([day(n / 4, 2016) for n in range(14_600)], page=200)  # a page holds about seven windows
    timeline = Timeline(Window(day(0, 2016), day(3650, 2016)), 7)
    seen, claims = read_whole(timeline, chat, streams)
    assert set(seen) == set(chat.times)
    assert chat.pages <= 14_600 / 200 + 5 * streams
    assert claims <= 14_600 / 200 + 5 * streams


def test_a_busy_history_read_by_five_streams_costs_at_most_one_page_more_per_window():
    chat = Chat([day(n / 40) for n in range(4000)], page=50)
    timeline = Timeline(Window(day(0), day(100)), 7)
    seen, claims = read_whole(timeline, chat, 5)
    assert set(seen) == set(chat.times)
    assert chat.pages <= 4000 / 50 + claims
    assert timeline.gaps() == []


moments = st.integers(-5, 405).map(lambda hours: day(0) + timedelta(hours=hours))
intervals = st.tuples(moments, moments).map(lambda pair: Window(min(pair), max(pair)))
ranges = st.tuples(st.integers(0, 400), st.integers(1, 400)).map(
    lambda pair: Window(day(0) + timedelta(hours=pair[0]), day(0) + timedelta(hours=sum(pair)))
)


@settings(max_examples=200)
@given(whole=ranges, steps=st.lists(st.one_of(st.none(), intervals), max_size=30), days=st.integers(1, 8))
def test_gaps_and_covered_tile_the_range_whatever_pages_come(whole, steps, days):
    timeline, claims, known = Timeline(whole, days), [], []
    for step in steps:
        if step is None:
            window = timeline.claim()
            if window is not None:
                assert all(window.until <= read.since or window.since >= read.until for read in known)
                claims.append(window)
        else:
            timeline.cover(step)
            known += [step] if step.since < step.until else []
    while (window := timeline.claim()) is not None:
        claims.append(window)

    assert all(whole.since <= w.since < w.until <= whole.until for w in claims)
    assert all(w.until - w.since <= timedelta(days=days) for w in claims)
    ordered = sorted(claims, key=lambda w: w.since)
    assert all(a.until <= b.since for a, b in itertools.pairwise(ordered))

    tiles = sorted([*timeline.covered(), *timeline.gaps()], key=lambda w: w.since)
    assert (tiles[0].since, tiles[-1].until) == (whole.since, whole.until)
    assert all(a.until == b.since for a, b in itertools.pairwise(tiles))

    for hour in range(int((whole.until - whole.since) / timedelta(hours=1))):
        instant = whole.since + timedelta(hours=hour)
        read = any(w.since <= instant < w.until for w in known)
        assert read == any(w.since <= instant < w.until for w in timeline.covered())
        assert read or any(w.since <= instant < w.until for w in claims)


@settings(max_examples=50)
@given(
    hours=st.lists(st.integers(0, 24 * 300), max_size=120, unique=True),
    page=st.integers(1, 40),
    streams=st.integers(1, 6),
)
def test_every_message_is_seen_however_it_is_read(hours, page, streams):
    chat = Chat([day(0) + timedelta(hours=hour) for hour in hours], page)
    timeline = Timeline(Window(day(0), day(301)), 7)
    seen, _ = read_whole(timeline, chat, streams)
    assert set(seen) == set(chat.times)
    assert timeline.gaps() == []
