"""A Webex space arrives whole: the table equals the sandbox's truth, on good days and on bad ones."""

from __future__ import annotations

import asyncio
import warnings

import httpx
import pandas as pd
import pytest
from help.hurrying import hurry
from help.sampling import sampled
from help.truth import check

import chatframes as cf
from chatframes.world.sandbox import World
from chatframes.world.webex.faults import FAULTS

APOLLO = cf.Webex("Project Apollo")
MONTH = {"since": "2026-10-01", "until": "2026-10-31"}

# What must become of the pictures a fault meets; the others of a fault end well.
FATES = {
    "gone": ("failed", "gone"),
    "infected": ("skipped", "malware"),
    "unscannable": ("skipped", "unscannable"),
    "html_files": ("failed", "bad_response"),
    "gzip_files": ("failed", "content_encoding"),
    "trickle": ("failed", "too_slow"),
    "lying_length": ("skipped", "too_large"),
}
INTO_A_TRAP = "wrong_host_next"  # its pages cannot be had at all: tested alone
FAST = 40.0  # 60 s, which is what a picture waits at most, are 1.5 s then: enough for a busy machine


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library's clock run faster than the wall's, so that its waits and deadlines cost a test nothing."""
    hurry(monkeypatch, FAST)


def fates(world: World) -> dict[str, tuple[str, str]]:
    return {
        source_id: fate
        for fault, fate in FATES.items()
        if fault in world.faults
        for source_id in world.afflicted(fault)
    }


def broken(world: World) -> set[str]:
    return world.afflicted("item_errors", for_ever=True) if "item_errors" in world.faults else set()


def fetch(world: World, source: cf.Webex = APOLLO, **options: object) -> pd.DataFrame:
    return cf.fetch(source, config=world.config, progress=False, **{"images": True, **options})


# --- whole -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", sampled([0, 1, 2], 2))
def test_a_whole_space_arrives_with_every_field_and_every_picture(seed: int) -> None:
    with cf.sandbox(seed=seed) as world:
        frame = fetch(world)
        check(frame, world.expected("Project Apollo"))
        assert frame.attrs["chatframes"]["status"] == "complete"


def test_a_month_is_cut_into_five_windows_of_six_days_and_still_whole() -> None:
    with cf.sandbox(messages=2000, images=0) as world:
        frame = fetch(world, cf.Webex("Project Apollo", since="2026-10-02", until="2026-10-31"))
        check(frame, world.expected("Project Apollo", "2026-10-02", "2026-10-31"))
        *first_pages, end = (query["before"] for query in world.stats()["messages_log"] if "before" in query)
        days = "10-08", "10-14", "10-20", "10-26", "11-01"
        assert sorted(first_pages) == [f"2026-{day}T00:00:00.001Z" for day in days]
        assert end.startswith("2026-10-02"), "below its oldest message the list is asked once more"


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-10-08", "2026-10-13"),
        ("2026-10-08T00:00:00Z", "2026-10-08T00:00:00.001Z"),
        ("2026-10-14T00:00:00Z", "2026-10-20T00:00:00Z"),
        ("2026-10-20T11:30:00+02:00", "2026-10-21T09:00:00.000001Z"),
    ],
)
def test_both_ends_of_a_range_are_exact_to_the_instant(since: str, until: str) -> None:
    with cf.sandbox(messages=1500, images=0) as world:
        expected = world.expected("Project Apollo", since, until)
        if expected:
            check(fetch(world, cf.Webex("Project Apollo", since=since, until=until)), expected)
        assert len(fetch(world, cf.Webex("Project Apollo", since=since, until=until))) == len(expected)


def test_without_images_every_message_is_there_and_no_file_is_asked_for() -> None:
    with cf.sandbox() as world:
        check(fetch(world, images=False), world.expected("Project Apollo"), images=False)
        assert "contents" not in world.stats()["requests"]
        assert "head" not in world.stats()["requests"]


def test_each_distinct_file_is_asked_for_once_and_never_with_head() -> None:
    with cf.sandbox() as world:
        frame = fetch(world)
        stats = world.stats()
        assert set(stats["content_gets"].values()) == {1}
        listed = [cell["source_id"] for cells in frame["media"] for cell in cells if cell["kind"] == "file"]
        assert set(stats["content_gets"]) == set(listed)
        assert len(listed) > len(set(listed)), "the sandbox shows one file twice"
        assert "head" not in stats["requests"]


def test_years_of_silence_cost_a_few_requests_not_one_per_window() -> None:
    with cf.sandbox() as world:
        frame = fetch(world, cf.Webex("Kitchen"))
        check(frame, world.expected("Kitchen"))
        assert frame["created_at"].max() - frame["created_at"].min() > pd.Timedelta(days=700)
        assert len(world.stats()["messages_log"]) <= 25, "of more than a hundred windows"
        world.reset_stats()
        check(fetch(world, cf.Webex("Kitchen", since="2012-01-01")), world.expected("Kitchen"))
        assert len(world.stats()["messages_log"]) <= 25, "of more than a hundred windows"


def test_an_empty_room_gives_an_empty_table_with_all_columns() -> None:
    with cf.sandbox() as world:
        empty, full = fetch(world, cf.Webex("Quiet corner")), fetch(world)
        assert len(empty) == 0
        assert list(empty.columns) == list(full.columns)
        assert (empty.dtypes.astype(str) == full.dtypes.astype(str)).sum() >= len(full.columns) - 6  # categories differ
        assert empty.attrs["chatframes"]["status"] == "complete"


def test_people_are_looked_up_in_batches_and_once() -> None:
    with cf.sandbox(messages=3000, images=0) as world:
        fetch(world, cf.Webex("Project Apollo", **MONTH))
        stats = world.stats()
        assert stats["requests"]["people"] <= 5
        assert stats["max_people_ids"] <= 50
        assert "person" not in stats["requests"]


def test_raw_keeps_the_untouched_payload() -> None:
    with cf.sandbox(messages=20, images=2) as world:
        frame = fetch(world, raw=True)
        assert frame["raw"].str.contains(r'"roomType"').all()
        assert fetch(world)["raw"].isna().all()


def test_a_message_seen_through_two_sources_is_kept_once() -> None:
    with cf.sandbox() as world:
        halves = [
            cf.Webex("Project Apollo", since="2026-10-02", until="2026-10-20"),
            cf.Webex("Project Apollo", since="2026-10-12", until="2026-10-31"),
        ]
        frame = fetch(world, halves)
        check(frame, world.expected("Project Apollo"))
        both = len(world.expected("Project Apollo", "2026-10-12", "2026-10-20"))
        assert sum(source["duplicates"] for source in frame.attrs["chatframes"]["sources"]) == both


# --- bad days ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("fault", sampled([name for name in FAULTS if name != INTO_A_TRAP], 3))
def test_the_table_is_whole_whatever_goes_wrong(fault: str) -> None:
    with cf.sandbox(messages=600, images=60, faults=[fault]) as world:
        frame = fetch(world)
        expected = world.expected("Project Apollo")
        if fault == "odd_names":
            expected = [
                {
                    **r,
                    "media": [
                        {**m, "name": None} if m["source_id"] in world.afflicted(fault) else m for m in r["media"]
                    ],
                }
                for r in expected
            ]
        check(frame, expected, fates=fates(world), broken=broken(world))
        assert frame.attrs["chatframes"]["status"] == "complete"


@pytest.mark.usefixtures("hurried")
def test_the_table_is_whole_when_everything_goes_wrong_at_once() -> None:
    everything = [name for name in FAULTS if name != INTO_A_TRAP]
    with cf.sandbox(messages=600, images=120, faults=everything) as world:
        frame = fetch(world, cf.Webex("Project Apollo", **MONTH))
        check(frame, world.expected("Project Apollo"), fates=fates(world), broken=broken(world))
        stats = world.stats()
        assert stats["foreign_credentials"] == stats["foreign_cookies"] == stats["api_cookies"] == 0
        assert stats["peak_downloads"] <= 20


def naive(world: World) -> tuple[set[str], set[str]]:
    """The loop everybody writes first: newest first, by time, until a page is short; files with their status unread."""
    webex = world.config["webex"]
    room = next(chat["id"] for chat in world.truth["chats"] if chat["title"] == "Project Apollo")
    items: dict[str, dict] = {}
    with httpx.Client(
        headers={"Authorization": f"Bearer {webex['access_token']}"}, trust_env=False, verify=False
    ) as client:
        before = "2026-11-01T00:00:00.000Z"
        while True:
            try:
                answer = client.get(
                    f"{webex['base_url']}/messages", params={"roomId": room, "before": before, "max": 100}
                )
                page = answer.json()["items"]
            except (httpx.HTTPError, ValueError, KeyError):
                break
            items |= {item["id"]: item for item in page}
            if len(page) < 100 or "created" not in page[-1]:
                break
            before = page[-1]["created"]
        files = {}
        for url in {url for item in items.values() for url in item.get("files", ())}:
            try:
                files[url.rpartition("/")[2]] = client.get(url).content
            except httpx.HTTPError:
                continue
    return set(items), set(files)


@pytest.mark.parametrize(
    "fault", sampled(["none", "rate_limit", "cut_page", "html_page", "empty_pages", "short_pages", "item_errors"], 2)
)
def test_a_naive_loop_fails_the_same_comparison(fault: str) -> None:
    with cf.sandbox(messages=1500, images=0, faults=[] if fault == "none" else [fault]) as world:
        messages, _ = naive(world)
        assert messages < {record["message_id"] for record in world.expected("Project Apollo")}


def test_a_naive_loop_keeps_an_error_page_as_a_picture() -> None:
    with cf.sandbox(images=60, faults=["html_files", "gone"]) as world:
        _, files = naive(world)
        assert files & world.afflicted("gone"), "it never looked at the status"


# --- counted at the server ----------------------------------------------------------------------------------------


def test_two_fetches_at_once_still_peak_at_twenty_downloads_and_five_pages() -> None:
    async def both(world: World) -> list[pd.DataFrame]:
        one, two = (cf.Webex("Project Apollo", **MONTH, tz=tz) for tz in ("UTC", "Etc/UTC"))
        return await asyncio.gather(
            *(cf.fetch_async(s, images=True, config=world.config, progress=False) for s in (one, two))
        )

    with cf.sandbox(messages=1500, images=200, latency_ms=100, faults=["short_pages"]) as world:
        for frame in asyncio.run(both(world)):
            check(frame, world.expected("Project Apollo"))
        stats = world.stats()
        assert stats["peak_downloads"] == 20
        assert stats["peak_pages"] == 5
        assert stats["peak_connections"] <= 100


@pytest.mark.parametrize("fault", ["rate_limit", "rate_limit_date", "file_rate_limit"])
def test_no_request_is_sent_while_the_service_asks_to_wait(fault: str) -> None:
    with cf.sandbox(messages=900, images=60, faults=[fault]) as world:
        frame = fetch(world, cf.Webex("Project Apollo", **MONTH))
        check(frame, world.expected("Project Apollo"))
        assert world.stats()["early_requests"] == 0
        assert "rate_limits" in frame.attrs["chatframes"]["symptoms"]


def test_busy_limits_of_the_service_are_lived_with() -> None:
    with cf.sandbox(messages=300, images=60, rate_limits=True) as world:
        check(fetch(world), world.expected("Project Apollo"))


@pytest.mark.parametrize("fault", ["redirect_files", "foreign_files", "wrong_host_next"])
def test_no_credential_and_no_cookie_reaches_a_foreign_host(fault: str) -> None:
    with cf.sandbox(messages=1500, images=60, faults=[fault, "short_pages"]) as world, warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.IncompleteWarning)
        frame = fetch(world)
        stats = world.stats()
        assert stats["foreign_credentials"] == stats["foreign_cookies"] == stats["api_cookies"] == 0
        if fault == INTO_A_TRAP:
            assert frame.attrs["chatframes"]["status"] == "partial"
            assert "another host" in frame.attrs["chatframes"]["sources"][0]["error"]
            assert len(frame) > 0, "the pages before the trap are kept"
        else:
            assert stats["requests"]["foreign"] > 0


def test_an_expired_token_is_renewed_once_per_expiry() -> None:
    with cf.sandbox(messages=900, images=60, faults=["token_expires"]) as world:
        check(fetch(world), world.expected("Project Apollo"))
        stats = world.stats()
        assert stats["refreshes"] >= 1
        assert stats["requests"]["token"] == stats["refreshes"]


def test_over_limit_pictures_are_not_kept_and_hardly_read() -> None:
    with cf.sandbox() as world:
        frame = fetch(world, images={"enabled": True, "max_size_bytes": 1_000_000})
        large = [
            r for e in world.expected("Project Apollo") for r in e["media"] if r["is_image"] and r["size"] > 1_000_000
        ]
        assert large
        check(frame, world.expected("Project Apollo"), fates={r["source_id"]: ("skipped", "too_large") for r in large})


def test_unscannable_files_open_only_when_the_admin_allows_it() -> None:
    with cf.sandbox(faults=["unscannable"]) as world:
        webex = {**world.config["webex"], "allow_unscannable": True}
        frame = cf.fetch(APOLLO, images=True, config={**world.config, "webex": webex}, progress=False)
        check(frame, world.expected("Project Apollo"))
