"""A Telegram chat arrives whole: the table equals the sandbox's truth, on good days and on bad ones."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from help.hurrying import hurry
from help.sampling import sampled
from help.telegram_chats import APOLLO, fetch, telegram
from help.truth import MORE_FIELDS, check, check_more
from telethon import TelegramClient, errors
from telethon.crypto import AuthKey, rsa
from telethon.sessions import StringSession

import chatframes as cf
from chatframes import loop
from chatframes.world.sandbox import World
from chatframes.world.telegram.faults import FAULTS as TELEGRAM_FAULTS

UPGRADED = "Apollo garage"  # a basic group that became the supergroup Project Apollo


TELEGRAM_FIELDS = [*MORE_FIELDS, "topic_id", "action", "subjects", "quote", "parent_chat_id"]


@pytest.fixture(scope="module")
def _world() -> Iterator[World]:
    with cf.sandbox() as world:
        yield world


@pytest.fixture
def world(_world: World) -> World:
    """A sandbox that tests share which only read; its counts begin anew."""
    _world.reset_stats()
    return _world


@pytest.fixture(scope="module")
def _long_chat() -> Iterator[World]:
    with cf.sandbox(messages=1500, images=0) as world:
        yield world


@pytest.fixture
def long_chat(_long_chat: World) -> World:
    """A sandbox that tests share which only read; its counts begin anew."""
    _long_chat.reset_stats()
    return _long_chat


def expected(world: World, chat: str, since: str | None = None, until: str | None = None) -> list[dict[str, Any]]:
    return world.expected(chat, since, until, platform="telegram")


# --- whole -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", sampled([0, 1, 2], 2))
def test_a_whole_chat_arrives_with_every_field_and_every_picture(seed: int) -> None:
    with cf.sandbox(seed=seed) as world:
        frame = fetch(world)
        records = expected(world, "@apollo")
        check(frame, records)
        check_more(frame, records, TELEGRAM_FIELDS)
        assert frame.attrs["chatframes"]["status"] == "complete"
        assert len(frame) == 300
        assert frame["n_images"].sum() == 60


def test_every_kind_of_chat_arrives_whole(world: World) -> None:
    listed = [chat for chat in world.truth["chats"] if chat["platform"] == "telegram"]
    kinds = {chat["kind"] for chat in listed}
    assert kinds == {"direct", "group", "channel"}
    for chat in listed:
        records = expected(world, chat["id"])
        frame = fetch(world, cf.Telegram(int(chat["id"])))
        check(frame, records)
        check_more(frame, records, TELEGRAM_FIELDS)
        # The basic group became a supergroup, which is another chat: its own end is not the group's.
        assert frame.attrs["chatframes"]["status"] == ("open" if chat["title"] == UPGRADED else "complete")


WINDOWS = [
    ("2026-10-08", "2026-10-13"),
    ("2026-10-08T00:00:00Z", "2026-10-08T00:00:01Z"),
    ("2026-10-14T00:00:00Z", "2026-10-20T00:00:00Z"),
    ("2026-10-20T11:30:00+02:00", "2026-10-21T09:00:00.000001Z"),
]


@pytest.mark.parametrize(("since", "until"), WINDOWS)
def test_both_ends_of_a_range_are_exact_to_the_second(since: str, until: str, long_chat: World) -> None:
    for chat in (
        one["id"]
        for one in long_chat.truth["chats"]
        if one["platform"] == "telegram" and one["title"] != UPGRADED  # test_upgraded.py has that one
    ):
        wanted = [record["message_id"] for record in expected(long_chat, chat, since, until)]
        frame = fetch(long_chat, cf.Telegram(chat, since=since, until=until))
        assert list(frame["message_id"]) == wanted
        assert frame.attrs["chatframes"]["status"] == "complete"


def test_windows_that_touch_share_out_the_messages_of_a_second_and_lose_none(long_chat: World) -> None:
    cuts = ["2026-10-02", "2026-10-08", "2026-10-14", "2026-10-20", "2026-10-26", "2026-11-01"]
    parts = [
        fetch(long_chat, cf.Telegram("@apollo", since=f"{a}T00:00:00Z", until=f"{b}T00:00:00Z"))
        for a, b in pairwise(cuts)
    ]
    assert [i for part in parts for i in part["message_id"]] == [
        r["message_id"] for r in expected(long_chat, "@apollo")
    ]


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 450, 1499, 5000])
def test_a_limit_brings_exactly_the_newest(limit: int, long_chat: World) -> None:
    frame = fetch(long_chat, cf.Telegram("@apollo", limit=limit))
    assert list(frame["message_id"]) == [r["message_id"] for r in expected(long_chat, "@apollo")][-limit:]
    report = frame.attrs["chatframes"]
    assert report["status"] == "complete"
    assert any("limit=" in note for note in report["sources"][0]["notes"]) == (limit < 1500)


def test_without_images_every_message_is_there_and_no_file_is_asked_for(world: World) -> None:
    frame = fetch(world, images=False)
    assert len(frame) == 300
    assert "GetFile" not in str(telegram(world)["calls"])
    media = [row for rows in frame["media"] for row in rows]
    pictures = [row for row in media if (row["declared_mime"] or "").startswith("image/")]
    told = cf.report(frame)
    assert {row["reason"] for row in pictures} == {"disabled"}
    assert told.skipped["not_an_image"] > 0, "films and documents are no pictures that were left out"
    assert f"images    0 ok, {told.skipped['disabled']} skipped, 0 failed" in str(told)


# --- counted at the server ---------------------------------------------------------------------------------------


def test_twenty_files_at_once_are_the_most_across_several_fetches() -> None:
    with cf.sandbox(messages=600, images=200, latency_ms=20) as world:
        sources = [APOLLO, cf.Telegram("@apollo_news"), cf.Telegram("Launch crew")]
        frames: list[pd.DataFrame] = []
        threads = [threading.Thread(target=lambda s=s: frames.append(fetch(world, s))) for s in sources]  # type: ignore[misc]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(len(frame) for frame in frames) == sum(
            len(expected(world, chat)) for chat in ("@apollo", "@apollo_news", "Launch crew")
        )
        assert telegram(world)["peak_files"] == 20
        assert telegram(world)["peak_pages"] <= 5


def test_each_file_is_asked_for_once_and_each_data_centre_is_logged_in_to_once(world: World) -> None:
    for _ in range(2):
        fetch(world)
    fetch(world, cf.Telegram("@apollo_news"))
    stats = telegram(world)
    assert set(stats["imports"].values()) == {1}
    assert stats["imports"]
    parts = {
        cell["source_id"]: -(-cell["size"] // 2**19)
        for record in expected(world, "@apollo")
        for cell in record["media"]
        if cell["is_image"] and cell["declared_mime"].startswith("image/")
    }
    assert {stats["file_requests"][source_id] / parts[source_id] for source_id in parts} == {2}, "once a fetch"


def test_a_file_over_the_limit_costs_not_a_byte(world: World) -> None:
    limit = 150_000
    frame = fetch(world, images=cf.ImageSettings(enabled=True, max_size_bytes=limit))
    asked = telegram(world)["file_bytes"]
    media = [cell for cells in frame["media"] for cell in cells]
    large = [cell for cell in media if cell["reason"] == "too_large"]
    assert large
    for cell in large:
        assert cell["declared_size"] > limit
        assert not asked.get(cell["source_id"])
    for cell in media:
        assert (cell["status"] == "ok") <= ((cell["size"] or 0) <= limit)


def test_no_page_is_asked_for_outside_the_window_beyond_one_per_stream() -> None:
    with cf.sandbox(messages=4000, images=0, days=90) as world:
        since, until = "2026-09-20T00:00:00Z", "2026-10-05T00:00:00Z"
        records = expected(world, "@apollo", since, until)
        frame = fetch(world, cf.Telegram("@apollo", since=since, until=until))
        assert list(frame["message_id"]) == [r["message_id"] for r in records]
        log = telegram(world)["history_log"]
        assert len(log) <= -(-len(records) // 100) + 6
        newest, oldest = int(records[-1]["message_id"]), int(records[0]["message_id"])
        outside = [q for q in log if q["returned"] and (q["last_id"] > newest or q["first_id"] < oldest)]
        assert len(outside) <= 5


def test_a_quiet_chat_of_years_costs_a_request_or_two(world: World) -> None:
    person = next(
        c
        for c in world.truth["chats"]
        if c["platform"] == "telegram" and c["kind"] == "direct" and len(expected(world, c["id"])) > 12
    )
    frame = fetch(world, cf.Telegram(person["id"]))
    assert frame["created_at"].max() - frame["created_at"].min() > pd.Timedelta(days=365)
    assert len(telegram(world)["history_log"]) <= 2


def test_a_name_is_looked_up_once() -> None:
    with cf.sandbox(messages=20, images=0) as world:
        for _ in range(3):
            fetch(world)
        fetch(world, cf.Telegram("https://t.me/apollo"))
        assert telegram(world)["calls"]["contacts.resolveUsername"] <= 2


def test_people_cost_no_request_of_their_own() -> None:
    with cf.sandbox(messages=1000, images=0) as world:
        fetch(world)
        assert not {"users.getFullUser", "channels.getParticipants"} & set(telegram(world)["calls"])
        assert telegram(world)["calls"].get("users.getUsers", 0) <= 1


# --- which chat --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["@apollo", "@Apollo", "t.me/apollo", "https://t.me/apollo", "https://t.me/s/apollo", "https://t.me/apollo/12"],
)
def test_a_chat_goes_by_its_name_and_its_links(name: str) -> None:
    with cf.sandbox(messages=20, images=0) as world:
        assert len(fetch(world, cf.Telegram(name))) == 20


def test_a_chat_goes_by_its_id_marked_or_not_and_by_its_title() -> None:
    with cf.sandbox(messages=20, images=0) as world:
        marked = next(c["id"] for c in world.truth["chats"] if c.get("username") == "apollo")
        for name in (
            marked,
            int(marked),
            marked.removeprefix("-100"),
            f"https://t.me/c/{marked.removeprefix('-100')}/7",
        ):
            assert len(fetch(world, cf.Telegram(name))) == 20
        assert len(fetch(world, cf.Telegram("Apollo News"))) == len(expected(world, "@apollo_news"))
        assert len(fetch(world, cf.Telegram("apollo news"))) == len(expected(world, "@apollo_news"))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Standup", "2 Telegram chats are called 'Standup'"),
        ("Projekt Apolo", "Did you mean"),
        ("apollo_news", "write '@apollo_news'"),
        ("@nobody_here_at_all", "Nothing on Telegram is called"),
        ("-1001", "in no chat with the id"),
    ],
)
def test_a_chat_that_cannot_be_found_is_a_sentence_with_candidates(name: str, says: str) -> None:
    with cf.sandbox(messages=20, images=0) as world, pytest.raises(cf.ChatNotFound) as error:
        fetch(world, cf.Telegram(name))
    assert says in str(error.value)


def test_chats_lists_what_the_account_sees() -> None:
    with cf.sandbox(messages=20, images=0) as world:
        frame = cf.chats("telegram", config=world.config)
        truth = {c["id"]: c for c in world.truth["chats"] if c["platform"] == "telegram"}
        assert {"Apollo News", "Launch crew", "Workshop", "Quiet corner"} <= set(frame["title"])
        for row in frame.to_dict("records"):
            kind = "upgraded" if row["title"] == UPGRADED else truth[row["id"]]["kind"]
            assert (row["title"], row["kind"]) == (truth[row["id"]]["title"], kind)
        assert frame["last_activity"].dropna().is_monotonic_decreasing
        assert str(frame["last_activity"].dtype) == "datetime64[us, UTC]"


def test_a_group_that_was_a_basic_group_says_where_its_older_messages_are() -> None:
    with cf.sandbox(messages=50, images=0) as world:
        notes = fetch(world).attrs["chatframes"]["sources"][0]["notes"]
        note = next(note for note in notes if "basic group" in note)
        older = next(c["id"] for c in world.truth["chats"] if c["id"] in note)
        assert list(fetch(world, cf.Telegram(older))["message_id"]) == [r["message_id"] for r in expected(world, older)]


# --- when it goes wrong ------------------------------------------------------------------------------------------


def test_a_bots_session_is_a_sentence() -> None:
    with cf.sandbox(messages=20, images=0) as world:
        config = world.config
        config["telegram"]["session"] = world.bot_session
        with pytest.raises(cf.AuthError, match="bot"):
            cf.fetch(APOLLO, config=config, progress=False)


def test_without_credentials_there_is_a_sentence_and_no_request() -> None:
    with pytest.raises(cf.AuthError, match=r"my\.telegram\.org"):
        cf.fetch(APOLLO, config={}, progress=False)


def test_who_is_not_logged_in_is_told_how_to_by_name_and_a_session_string_is_never_shown() -> None:
    with cf.sandbox(messages=20, images=0) as world:
        config = world.config
        config["telegram"]["session"] = "wrok"
        with pytest.raises(cf.AuthError, match=r"chatframes login telegram --session wrok"):
            cf.fetch(APOLLO, config=config, progress=False)
        empty = StringSession()
        empty.set_dc(2, "127.0.0.1", 443)
        empty.auth_key = AuthKey(bytes(256))
        config["telegram"]["session"] = empty.save()
        with pytest.raises(cf.AuthError, match="make a new session string") as error:
            cf.fetch(APOLLO, config=config, progress=False)
        assert empty.save()[:40] not in str(error.value)


def test_a_session_that_was_revoked_keeps_what_was_read_and_says_to_log_in() -> None:
    with cf.sandbox(messages=2000, images=0, faults=["revoked"]) as world:
        with pytest.warns(cf.IncompleteWarning, match="log in"):
            frame = fetch(world)
        assert 0 < len(frame) < 2000
        with pytest.raises(cf.AuthError, match="log in"):
            fetch(world)


def test_a_private_channel_is_a_sentence() -> None:
    with (
        cf.sandbox(messages=20, images=0, faults=["private_chat"]) as world,
        pytest.raises(cf.ChatNotFound, match="banned"),
    ):
        fetch(world)


def test_a_server_that_is_gone_is_a_sentence() -> None:
    with cf.sandbox(messages=20, images=0) as world:
        config = world.config
    with pytest.raises(cf.ServiceError, match="could not be reached"):
        cf.fetch(APOLLO, config=config, progress=False)


def test_a_long_wait_stops_with_what_was_read_and_says_when_to_go_on() -> None:
    with cf.sandbox(messages=2000, images=0, faults=["long_flood"]) as world:
        with pytest.warns(cf.IncompleteWarning, match="asks to wait until"):
            frame = fetch(world)
        source = frame.attrs["chatframes"]["sources"][0]
        assert 200 <= len(frame) <= 900
        assert source["status"] == "partial"
        assert source["gaps"]
        assert telegram(world)["early_requests"] == 0
        covered = [(gap["since"], gap["until"]) for gap in source["covered"]]
        assert covered
        got = set(frame["message_id"])
        for since, until in covered:
            inside = [
                r
                for r in expected(world, "@apollo")
                if (since is None or since <= r["created_at"].isoformat().replace("+00:00", "Z"))
                and r["created_at"].isoformat().replace("+00:00", "Z") < until
            ]
            assert {r["message_id"] for r in inside} <= got


FATES = {
    "gone_files": {("failed", "gone")},
    "deleted_messages": {("failed", "gone")},
    "dead_files": {("failed", "timeout")},
}
# The reason is that of the last try, where a file that is never answered may meet another trouble.
LAST_TRIES = {("failed", reason) for reason in ("timeout", "http_5xx", "rate_limited", "connect")}
ENDS_IT = {"long_flood", "revoked", "private_chat"}


def fates(world: World) -> dict[str, set[tuple[str, str | None]]]:
    return {
        source_id: LAST_TRIES if fault == "dead_files" and len(world.faults) > 1 else fate
        for fault, fate in FATES.items()
        if fault in world.faults
        for source_id in world.afflicted(fault)
    }  # type: ignore[return-value]


@pytest.mark.parametrize("fault", sampled(sorted(set(TELEGRAM_FAULTS) - ENDS_IT), 3))
def test_everything_arrives_under_each_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, 20)
    check_under({fault})


def test_everything_arrives_under_all_faults_together(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, 20)
    # four and ten are for one trouble; here a file may meet all of them
    monkeypatch.setattr("chatframes.transfer.downloads.ATTEMPTS", 8)
    monkeypatch.setattr("chatframes.transfer.downloads.WAITED_ATTEMPTS", 20)
    check_under(set(TELEGRAM_FAULTS) - ENDS_IT)


def check_under(faults: set[str]) -> None:
    with cf.sandbox(messages=700, images=90, faults=faults) as world, warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.IncompleteWarning)
        frame = fetch(world)
        records = expected(world, "@apollo")
        odd = set().union(*(world.afflicted(name) for name in ("lying_mime", "lying_size") if name in faults))
        assert list(frame["message_id"]) == [record["message_id"] for record in records]
        assert frame.attrs["chatframes"]["status"] == "complete"
        truth = {cell["source_id"]: cell for record in records for cell in record["media"]}
        ends = fates(world)
        for cells in frame["media"]:
            for cell in cells:
                true, fate = truth[cell["source_id"]], (cell["status"], cell["reason"])
                if cell["source_id"] in ends and true["is_image"]:
                    assert fate in ends[cell["source_id"]], cell
                elif cell["source_id"] in odd:
                    assert fate in {
                        ("failed", "bad_response"),
                        ("skipped", "not_an_image"),
                        ("failed", "truncated"),
                        ("ok", None),
                    }
                elif true["is_image"]:
                    assert fate == ("ok", None), cell
                    assert cell["sha256"] == true["sha256"]


@pytest.mark.parametrize("fault", ["flood_pages", "flood_files", "premium_flood"])
def test_nothing_is_asked_inside_a_flood_wait(fault: str) -> None:
    with cf.sandbox(messages=700, images=60, faults=[fault]) as world:
        waits: list[cf.Event] = []
        frame = fetch(world, progress=lambda event: waits.append(event) if event.kind == "waiting" else None)
        assert frame["n_images"].sum() == 60
        assert len(frame) == 700
        assert waits, "a wait is shown"
        assert telegram(world)["early_requests"] == 0


# --- one client --------------------------------------------------------------------------------------------------


def test_an_interrupt_keeps_the_client_and_the_next_call_uses_it() -> None:
    with cf.sandbox(messages=1500, images=120, latency_ms=30) as world:

        async def some() -> None:
            async for _ in cf.stream(APOLLO, images=True, config=world.config):
                break

        asyncio.run(some())
        task = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop.get())
        task.result()
        frame = fetch(world)
        assert len(frame) == 1500
        assert telegram(world)["handshakes"].get(2, telegram(world)["handshakes"].get("2", 0)) == 0
        assert set(telegram(world)["imports"].values()) == {1}


def test_after_a_shutdown_the_next_call_connects_anew() -> None:
    with cf.sandbox(messages=20, images=0) as world:
        fetch(world)
        cf.shutdown()
        assert any(telegram(world)["open_connections"] == 0 for _ in range(1000)), (
            "the server hears of it a little later"
        )
        assert len(fetch(world)) == 20


def test_neither_session_nor_hash_is_shown_anywhere() -> None:
    with cf.sandbox(messages=20, images=2) as world:
        secret = world.config["telegram"]["session"]
        frame = fetch(world, raw=True)
        shown = [
            repr(APOLLO),
            repr(cf.load_config(world.config)),
            str(frame.attrs),
            frame.drop(columns="images").to_csv(),
            repr(world),
        ]
        assert not any(secret[:20] in text or world.config["telegram"]["api_hash"] in text for text in shown)
        assert "access_hash" not in frame["raw"].str.replace('"access_hash": null', "").str.cat()


# --- shown -------------------------------------------------------------------------------------------------------


def test_the_known_total_is_shown_at_once_and_a_big_chat_suggests_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatframes.sources.telegram.chat.MANY_MESSAGES", 1000)
    events: list[cf.Event] = []
    with cf.sandbox(messages=1200, images=0) as world:
        frame = fetch(world, progress=events.append)
        first = next(event for event in events if event.messages_expected)
        assert (first.kind, first.messages, first.messages_expected) == ("notice", 0, 1200)
        assert "1,200 messages" in first.note
        assert "since= or limit=" in first.note
        assert first.note in frame.attrs["chatframes"]["sources"][0]["notes"]
        events.clear()
        fetch(world, cf.Telegram("@apollo", limit=100), progress=events.append)
        assert not any(event.kind == "notice" for event in events)


# --- what naive code does ----------------------------------------------------------------------------------------


async def naive_client(world: World) -> Any:
    """Telethon as its first page of documentation shows it."""

    class Client(TelegramClient):  # its own list of data centres: they are kept on the class
        _config = None

    config = world.config["telegram"]
    session = StringSession(config["session"])
    session.set_dc(config["server"]["dc_id"], config["server"]["address"], config["server"]["port"])
    client = Client(session, config["api_id"], config["api_hash"], flood_sleep_threshold=0)
    before = dict(rsa._server_keys)
    rsa.add_key(config["server"]["public_key"].encode(), old=False)
    try:
        await client.connect()
        await client._borrow_exported_sender(4)
    finally:
        rsa._server_keys.clear()
        rsa._server_keys.update(before)
    return client


def test_naive_code_reads_the_whole_chat_for_one_day() -> None:
    with cf.sandbox(messages=2000, images=0) as world:
        day = [record["message_id"] for record in expected(world, "@apollo", "2026-10-10", "2026-10-10")]

        async def naive() -> list[str]:
            client = await naive_client(world)
            try:
                every = [m async for m in client.iter_messages("apollo", wait_time=0)]
            finally:
                await client.disconnect()
            return sorted(str(m.id) for m in every if m.date.date().isoformat() == "2026-10-10")

        assert asyncio.run(naive()) == sorted(day)
        naive_pages = len(telegram(world)["history_log"])
        world.reset_stats()
        assert list(fetch(world, cf.Telegram("@apollo", since="2026-10-10", until="2026-10-10"))["message_id"]) == day
        assert len(telegram(world)["history_log"]) <= 4 < 20 <= naive_pages


def test_naive_code_loses_every_page_to_a_flood_wait_and_every_photo_to_an_old_reference() -> None:
    with cf.sandbox(messages=1000, images=20, faults=["long_flood", "expired_references"]) as world:

        async def naive() -> tuple[int, list[str]]:
            client, got, lost = await naive_client(world), 0, []
            try:
                newest = await client.get_messages("apollo", limit=100)
                for message in newest:
                    if message.photo:
                        try:
                            await client.download_media(message.photo, bytes)
                        except errors.RPCError as error:
                            lost.append(type(error).__name__)
                with contextlib.suppress(errors.FloodWaitError):
                    got = len(await client.get_messages("apollo", limit=1000))
            finally:
                await client.disconnect()
            return got, lost

        got, lost = asyncio.run(naive())
        assert got == 0
        assert lost
        assert set(lost) == {"FileReferenceExpiredError"}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: cf.Telegram(""), "@name"),
        (lambda: cf.Telegram(None), "@name"),  # type: ignore[arg-type]
        (lambda: cf.Telegram("x" * 301), "301 characters"),
        (lambda: cf.Telegram("@apollo", limit=0), "1 or more"),
        (lambda: cf.Telegram("@apollo", limit="10"), "whole number"),  # type: ignore[arg-type]
        (lambda: cf.Telegram("@apollo", since="2026-10-05", until="2026-10-01"), "not before"),
        (lambda: cf.Telegram("@apollo", tz="Mars"), "time zone"),
    ],
)
def test_a_wrong_argument_is_a_sentence_at_once(make: Callable[[], object], says: str) -> None:
    with pytest.raises(cf.ConfigError, match=says):
        make()


def test_a_source_is_plain_data() -> None:
    source = cf.Telegram(-1001234567890, since="2026-10-01", limit=5, tz="Europe/Berlin")
    assert pickle.loads(pickle.dumps(source)) == source
    assert (
        cf.Telegram(pd.Series([-1001234567890])[0], since="2026-10-01", limit=pd.Series([5])[0], tz="Europe/Berlin")
        == source
    )
    assert repr(source) == "Telegram('-1001234567890', since='2026-10-01', limit=5, tz='Europe/Berlin')"
