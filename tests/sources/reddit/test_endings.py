"""What proves that a range was read whole, and how a list goes on when the post it was read behind is gone."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pandas as pd
import pytest
from help.sampling import sampled
from help.tiny_reddit import NEWEST, STEP_SECONDS, Answer, Script, Things, Tiny, listing, page, post, posts, tiny_reddit

import chatframes as cf

SIZES = (40, 100, 350)  # below, at, and beyond one page
LONG_AGO = "2020-01-01"


@pytest.fixture(autouse=True)
def _afresh() -> Any:
    yield
    cf.shutdown()


def fetch(tiny: Tiny, what: str = "tiny", **options: Any) -> tuple[pd.DataFrame, Any]:
    """The table and the report of its one source; an IncompleteWarning if and only if something is missing."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        frame = cf.fetch(cf.Reddit(what, **{"comments": 0, **options}), config=tiny.config, progress=False)
    (source,) = cf.report(frame).sources
    warned = any(issubclass(one.category, cf.IncompleteWarning) for one in told)
    assert warned == (source.status not in ("complete", "open"))
    return frame, source


def lists(there: Things) -> Script:
    return lambda path, query: page(there, query) if path.startswith("/r/") else None


def at(number: float) -> str:
    """The time of one of the posts, or between two."""
    return datetime.fromtimestamp(NEWEST - number * STEP_SECONDS, UTC).isoformat()


# --- what proves an end ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "search"), sampled(product([*SIZES, 245, 673, 1000], [None, "site:example.org"]), 5))
def test_a_list_that_merely_ends_is_open_or_where_a_beginning_was_asked_for_partial(
    count: int, search: str | None
) -> None:
    with tiny_reddit(lists(posts(count))) as tiny:
        frame, source = fetch(tiny, posts="all", search=search)
        assert (len(frame), source.status, source.gaps) == (count, "open", ())
        # Others of the oldest post's second may not be listed any more.
        assert pd.Timestamp(source.covered[0].since) == frame["created_at"].min() + pd.Timedelta(seconds=1)
        frame, source = fetch(tiny, posts="all", search=search, since=LONG_AGO)
        assert (len(frame), source.status) == (count, "partial")
        assert source.gaps[0].since == "2020-01-01T00:00:00Z"
        assert "does not prove that nothing is older" in source.gaps[0].reason


@pytest.mark.parametrize("count", SIZES)
def test_posts_older_than_the_beginning_prove_that_the_range_is_whole(count: int) -> None:
    with tiny_reddit(lists(posts(count))) as tiny:
        for wanted in (count - 1, count // 2):
            frame, source = fetch(tiny, posts="all", since=at(wanted - 0.5))
            assert (len(frame), source.status, source.gaps, source.notes) == (wanted, "complete", (), ())


@pytest.mark.parametrize(
    ("place", "pin"), sampled(product([0, 1, 99, 150], [{"stickied": True}, {"pinned": True}, {}]), 4)
)
def test_an_old_post_out_of_order_does_not_decide_how_far_the_list_has_come(pin: dict[str, bool], place: int) -> None:
    there = posts(250)
    there.insert(place, post("old", NEWEST - 10**8, **pin))
    with tiny_reddit(lists(there)) as tiny:
        frame, source = fetch(tiny, posts="all", since=at(400))
        assert (len(frame), source.status) == (250, "partial")
        assert pd.Timestamp(source.gaps[0].until) == frame["created_at"].min() + pd.Timedelta(seconds=1)
        frame, source = fetch(tiny, posts="all", since=at(200.5))
        assert (len(frame), source.status) == (201, "complete")


def test_a_pinned_old_post_that_ends_the_list_proves_nothing() -> None:
    with tiny_reddit(lists([*posts(30), post("old", NEWEST - 10**8, stickied=True)])) as tiny:
        _, source = fetch(tiny, posts="all", since=at(50))
        assert source.status == "partial"


def test_an_empty_list_proves_nothing() -> None:
    with tiny_reddit(lists([])) as tiny:
        _, source = fetch(tiny)
        assert (source.status, source.covered) == ("open", ())
        _, source = fetch(tiny, since=LONG_AGO, posts="all")
        assert (source.status, source.covered) == ("partial", ())


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", SIZES)
def test_the_number_that_was_asked_for_is_a_proof_and_the_report_names_it(count: int) -> None:
    with tiny_reddit(lists(posts(count))) as tiny:
        for wanted in (count, count - 1, 7):
            for options in ({}, {"since": LONG_AGO}):
                frame, source = fetch(tiny, posts=wanted, **options)
                assert (len(frame), source.status) == (wanted, "complete")
                assert f"posts={wanted} was reached" in source.notes[0]
                assert pd.Timestamp(source.covered[0].since) > frame["created_at"].min()
        _, source = fetch(tiny, posts=count + 1)
        assert source.status == "open"


def test_the_default_number_proves_nothing_about_a_range_that_was_asked_for() -> None:
    with tiny_reddit(lists(posts(200))) as tiny:
        frame, source = fetch(tiny)
        assert (len(frame), source.status) == (50, "complete")
        assert "posts=50, the default, was reached" in source.notes[0]
        frame, source = fetch(tiny, since=at(150.5))
        assert (len(frame), source.status) == (50, "partial")
        assert "posts=50, the default, was reached" in source.notes[0]
        assert "posts='all'" in source.gaps[0].reason
        frame, source = fetch(tiny, until=at(20.5))
        assert (len(frame), source.status) == (50, "open")
        for whole in (3, 50):  # all of the range came: the number cut nothing
            frame, source = fetch(tiny, since=at(whole - 0.5))
            assert (len(frame), source.status, source.notes) == (whole, "complete", ())
        frame, source = fetch(tiny, posts=50, since=at(150.5))
        assert (len(frame), source.status) == (50, "complete")


def test_a_number_that_somebody_gave_survives_as_given() -> None:
    import pickle

    given, default = (
        cf.Reddit("tiny", posts=50, comments=0, since=LONG_AGO),
        cf.Reddit("tiny", comments=0, since=LONG_AGO),
    )
    assert repr(given) == "Reddit('tiny', posts=50, comments=0, since='2020-01-01')"
    assert repr(default) == "Reddit('tiny', comments=0, since='2020-01-01')"
    with tiny_reddit(lists(posts(200))) as tiny:
        for source, status in ((given, "complete"), (default, "partial")):
            for again in (eval(repr(source), {"Reddit": cf.Reddit}), pickle.loads(pickle.dumps(source))):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    assert cf.report(cf.fetch(again, config=tiny.config, progress=False)).status == status


@pytest.mark.parametrize("sort", ["hot", "top", "rising", "controversial"])
def test_in_another_order_a_range_is_never_whole(sort: str) -> None:
    with tiny_reddit(lists(posts(120))) as tiny:
        for number in (20, "all"):
            _, source = fetch(tiny, sort=sort, posts=number, since=at(60.5))
            assert (source.status, source.covered) == ("partial", ())
            assert "sort='new'" in source.gaps[0].reason
        _, source = fetch(tiny, sort=sort, posts=20)
        assert (source.status, source.covered) == ("complete", ())
        _, source = fetch(tiny, sort=sort, posts="all")
        assert source.status == "open"


# --- a cursor can die -----------------------------------------------------------------------------------------------


def names_gone(there: Things, gone: set[str]) -> Things:
    return [one for one in there if one["data"]["name"] not in gone]


def naive(script: Script) -> int:
    """How many posts somebody gets who takes an empty page, or no "after", for the end."""
    seen: dict[str, None] = {}
    query: dict[str, str] = {}
    while True:
        data = script("/r/tiny/new", query)["data"]
        seen |= dict.fromkeys(one["data"]["name"] for one in data["children"])
        if data["after"] is None:
            return len(seen)
        query = {"after": data["after"]}


def removing(there: Things, how_many: int) -> Script:
    """After every page, the last posts of that page are removed, until the list was asked for often enough."""
    gone: set[str] = set()
    removed_after: set[str] = set()

    def script(path: str, query: dict[str, str]) -> Any:
        if not path.startswith("/r/"):
            return None
        answer = page(names_gone(there, gone), query)
        names = [one["data"]["name"] for one in answer["data"]["children"]]
        if len(names) == 100 and names[-1] not in removed_after:
            removed_after.add(names[-1])
            gone.update(names[-how_many:])
        return answer

    return script


@pytest.mark.parametrize(("count", "how_many"), sampled(product([100, 101, 350], [1, 2, 8, 40]), 4))
def test_a_list_goes_on_when_the_posts_it_was_read_behind_are_removed(count: int, how_many: int) -> None:
    with tiny_reddit(removing(posts(count), how_many)) as tiny:
        frame, source = fetch(tiny, posts="all")
        assert (len(frame), source.status) == (count, "open")
        assert frame["message_id"].is_unique
    with tiny_reddit(removing(posts(count), how_many)) as tiny:
        frame, source = fetch(tiny, posts="all", since=LONG_AGO)
        assert (len(frame), source.status) == (count, "partial")
    if count > 100:
        assert naive(removing(posts(count), how_many)) < count


def test_an_empty_page_in_the_middle_is_not_the_end() -> None:
    there, hiccups = posts(350), iter([False, True])

    def script(path: str, query: dict[str, str]) -> Any:
        return listing([]) if next(hiccups, False) else page(there, query)

    with tiny_reddit(lambda path, query: script(path, query) if path.startswith("/r/") else None) as tiny:
        frame, _ = fetch(tiny, posts="all")
        assert len(frame) == 350


def test_a_first_page_that_is_empty_once_is_not_the_end() -> None:
    hiccups = iter([True])
    there = lists(posts(60))

    def script(path: str, query: dict[str, str]) -> Any:
        return listing([]) if path.startswith("/r/") and next(hiccups, False) else there(path, query)

    with tiny_reddit(script) as tiny:
        assert len(fetch(tiny, posts="all")[0]) == 60


def test_a_page_that_says_too_early_that_it_is_the_last_is_not_believed() -> None:
    there, once = posts(350), iter([False, True])

    def script(path: str, query: dict[str, str]) -> Any:
        if not path.startswith("/r/"):
            return None
        answer = page(there, query)
        return listing(answer["data"]["children"][:60]) if next(once, False) else answer

    with tiny_reddit(script) as tiny:
        assert len(fetch(tiny, posts="all")[0]) == 350


@pytest.mark.parametrize("status", [400, 404])
def test_a_cursor_that_is_refused_is_gone(status: int) -> None:
    there, gone = posts(350), {"t3_p0099"}

    def script(path: str, query: dict[str, str]) -> Any:
        if not path.startswith("/r/"):
            return None
        return Answer(status, {"error": status}) if query.get("after") in gone else page(there, query)

    with tiny_reddit(script) as tiny:
        assert len(fetch(tiny, posts="all")[0]) == 350


def test_a_dead_cursor_that_leads_back_to_the_top_is_gone() -> None:
    there, gone = posts(350), {"t3_p0099", "t3_p0098"}

    def script(path: str, query: dict[str, str]) -> Any:
        if not path.startswith("/r/"):
            return None
        return page(there, {}) if query.get("after") in gone else page(there, query)

    with tiny_reddit(script) as tiny:
        assert len(fetch(tiny, posts="all")[0]) == 350


def test_a_list_that_ends_takes_one_request_more_and_one_that_need_not_end_none() -> None:
    with tiny_reddit(lists(posts(250))) as tiny:
        fetch(tiny, posts="all")
        assert [query.get("after") for query in tiny.of("/new")] == [None, "t3_p0099", "t3_p0199", "t3_p0248"]
        tiny.asked.clear()
        fetch(tiny, posts=200)
        fetch(tiny, posts="all", since=at(150.5))
        assert [query.get("after") for query in tiny.of("/new")] == [None, "t3_p0099"] * 2


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {},
        {"kind": "t3", "data": None},
        {"kind": "t3", "data": {"title": "no id"}},
        7,
        {"kind": "t9", "data": {"id": "new"}},
    ],
)
def test_a_thing_that_says_nothing_of_itself_costs_itself_only_and_is_counted(odd: Any) -> None:
    def script(path: str, query: dict[str, str]) -> Any:
        if not path.startswith("/r/"):
            return None
        answer = page(posts(350), query)
        if query.get("after") == "t3_p0099":
            answer["data"]["children"][5] = odd
        return answer

    with tiny_reddit(script) as tiny:
        frame, source = fetch(tiny, posts="all")
        assert (len(frame), source.status, source.missing.count) == (349, "partial", 1)


@pytest.mark.parametrize("place", [0, 30, 59, 60, 61, 90])
def test_a_thing_is_missing_only_where_posts_were_asked_for(place: int) -> None:
    there: list[Any] = posts(99)
    there.insert(place, None)

    def script(path: str, query: dict[str, str]) -> Any:
        return listing(there) if path.startswith("/r/") else None

    with tiny_reddit(script) as tiny:
        for options in ({"posts": 60}, {"posts": "all", "since": at(59.5)}):
            frame, source = fetch(tiny, **options)
            assert len(frame) == 60
            assert source.missing.count == (place < 60 or (place == 60 and "since" in options))


def test_a_thing_that_is_null_once_only_is_not_missing() -> None:
    once = iter([True])

    def script(path: str, query: dict[str, str]) -> Any:
        if not path.startswith("/r/"):
            return None
        answer = page(posts(50), query)
        if next(once, False):
            answer["data"]["children"][5] = None
        return answer

    with tiny_reddit(script) as tiny:
        frame, source = fetch(tiny, posts="all")
        assert (len(frame), source.status, source.missing.count) == (50, "open", 0)


def test_a_post_without_its_full_name_is_known_by_its_id() -> None:
    there = posts(3)
    del there[1]["data"]["name"]
    with tiny_reddit(lambda path, query: listing(there) if path.startswith("/r/") else None) as tiny:
        assert sorted(fetch(tiny, posts=3)[0]["message_id"]) == ["t3_p0000", "t3_p0001", "t3_p0002"]
