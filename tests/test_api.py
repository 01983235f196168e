"""The verbs: what they take, what they refuse, what they keep when something fails."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
import warnings
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta, timezone

import httpx
import pandas as pd
import pytest
from help.holding import PATIENCE_SECONDS, ROOM, HoldingWebex
from help.hurrying import fast_clock
from help.truth import check

import chatframes as cf
from chatframes.transfer import http as http_module
from chatframes.transfer.clock import SYSTEM
from chatframes.world.sandbox import World

CANARY = "canary-token-7f3a9"


def config(world: World, **changes: object) -> dict[str, dict[str, object]]:
    return {"webex": {**world.config["webex"], **changes}}


def fetch(world: World, source: object, **options: object) -> pd.DataFrame:
    return cf.fetch(source, config=world.config, progress=False, **options)


# --- sources -----------------------------------------------------------------------------------------------------


def test_a_source_is_plain_data_that_prints_pickles_and_becomes_json() -> None:
    berlin = timezone(timedelta(hours=2))
    source = cf.Webex("Apollo", since=date(2026, 10, 1), until=datetime(2026, 10, 2, 12, tzinfo=berlin))
    assert repr(source) == "Webex('Apollo', since='2026-10-01', until='2026-10-02T10:00:00Z')"
    assert pickle.loads(pickle.dumps(source)) == source
    assert hash(source) == hash(pickle.loads(pickle.dumps(source)))
    assert cf.Webex(**json.loads(json.dumps(asdict(source)))) == source


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"room": " "}, "room"),
        ({"room": 5}, "room"),
        ({"room": "x", "since": "yesterday"}, "since"),
        ({"room": "x", "since": "2026-10-02", "until": "2026-10-01"}, "since"),
        ({"room": "x", "tz": "Mars/Base"}, "Mars/Base"),
    ],
)
def test_a_wrong_source_says_so_before_any_request(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(cf.ConfigError, match=words):
        cf.Webex(**arguments)


def test_a_bare_date_is_that_whole_day_in_the_given_time_zone() -> None:
    with cf.sandbox(messages=900, images=0) as world:
        frame = fetch(world, cf.Webex("Project Apollo", since="2026-10-14", until="2026-10-14", tz="America/New_York"))
        check(frame, world.expected("Project Apollo", "2026-10-14T04:00:00Z", "2026-10-15T04:00:00Z"), images=False)


# --- finding a room ----------------------------------------------------------------------------------------------


def test_a_room_goes_by_its_id_too() -> None:
    with cf.sandbox() as world:
        standups = [chat for chat in world.truth["chats"] if chat["title"] == "Standup"]
        ids = [chat["id"] for chat in standups if chat["platform"] == "webex"]
        assert len(ids) == 2
        for room in ids:
            check(fetch(world, cf.Webex(room)), world.expected(room), images=False)


def test_a_direct_conversation_goes_by_the_other_persons_name() -> None:
    with cf.sandbox() as world:
        direct = next(chat for chat in world.truth["chats"] if chat["kind"] == "direct")
        check(fetch(world, cf.Webex(direct["title"])), world.expected(direct["id"]), images=False)


def test_a_title_in_other_letters_finds_the_only_room_it_can_mean() -> None:
    with cf.sandbox() as world:
        assert len(fetch(world, cf.Webex("project apollo"))) == 300


@pytest.mark.parametrize(("room", "words"), [("Standup", "2 Webex rooms"), ("Projekt Apollo", "'Project Apollo'")])
def test_no_match_and_several_matches_list_the_candidates(room: str, words: str) -> None:
    with cf.sandbox() as world:
        with pytest.raises(cf.ChatNotFound, match=words) as caught:
            fetch(world, cf.Webex(room))
        near = [chat for chat in world.truth["chats"] if chat["title"] in ("Standup", "Project Apollo")]
        assert sum(chat["id"] in str(caught.value) for chat in near) in (1, 2)


def test_an_unknown_id_is_a_chat_not_found() -> None:
    with cf.sandbox() as world, cf.sandbox(seed=1) as other, pytest.raises(cf.ChatNotFound, match="knows no room"):
        fetch(world, cf.Webex(other.truth["chats"][0]["id"]))


def test_chats_lists_what_the_account_can_see() -> None:
    with cf.sandbox() as world:
        listed = cf.chats("webex", config=world.config)
        assert set(listed["id"]) == {chat["id"] for chat in world.truth["chats"] if chat["platform"] == "webex"}
        assert listed["last_activity"].dropna().is_monotonic_decreasing
        assert asyncio.run(cf.chats_async("webex", config=world.config)).equals(listed)
        with pytest.raises(cf.ConfigError, match="webex"):
            cf.chats("icq", config=world.config)


# --- who asks ----------------------------------------------------------------------------------------------------


def test_a_wrong_token_is_an_auth_error_that_says_what_to_do() -> None:
    with cf.sandbox() as world:
        with pytest.raises(cf.AuthError, match=r"12 hours.*WEBEX_ACCESS_TOKEN") as caught:
            cf.fetch(cf.Webex("Project Apollo"), config=config(world, access_token=CANARY), progress=False)
        assert len(caught.value.partial) == 0
        assert cf.last_result() is caught.value.partial
        assert cf.report(caught.value.partial).status == "failed"


def test_no_token_at_all_says_where_to_get_one() -> None:
    with cf.sandbox() as world:
        webex = {"base_url": world.config["webex"]["base_url"]}
        with pytest.raises(cf.AuthError, match=r"developer\.webex\.com"):
            cf.fetch(cf.Webex("Project Apollo"), config={"webex": webex}, progress=False)


def test_a_bot_gets_what_mentions_it_and_is_told_so() -> None:
    with cf.sandbox(messages=600) as world:
        frame = cf.fetch(cf.Webex("Project Apollo"), config=config(world, access_token=world.bot_token), progress=False)
        bot = next(person["id"] for person in world.truth["people"] if person["kind"] == "bot")
        mentioning = {r["message_id"] for r in world.expected("Project Apollo") if bot in r["mentions"]}
        assert set(frame["message_id"]) == mentioning
        assert "bot" in str(cf.report(frame))


def test_a_token_never_shows_wherever_one_looks(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[object] = []
    with cf.sandbox(messages=60, images=12, faults=["redirect_files", "cut_files", "server_error"]) as world:
        settings = cf.load_config(config(world, access_token=CANARY))
        errors = []
        for room in ("Project Apollo", "Nowhere"):
            with pytest.raises(cf.ChatframesError) as caught:
                cf.fetch(cf.Webex(room), images=True, config=settings, progress=seen.append)
            errors.append(caught.value)
        frame = fetch(world, cf.Webex("Project Apollo"), images=True, raw=True)
        real = world.config["webex"]["access_token"]
        cf.write_parquet(frame, "all.parquet")
        with open("all.parquet", "rb") as file:
            contents = file.read()
        looks = [repr(settings), str(settings), frame.to_csv(), json.dumps(frame.attrs), caplog.text, *map(repr, seen)]
        looks += [*capsys.readouterr(), *(str(e) + repr(e) + repr(vars(e)) for e in errors)]
        for e in errors:  # as a verbose traceback or a debugger shows it, from our first frame on
            of_ours = e.with_traceback(e.__traceback__.tb_next)
            looks.append("".join(traceback.TracebackException.from_exception(of_ours, capture_locals=True).format()))
        assert "capture" not in looks[-1]
        assert "loop.py" in looks[-1]
        for error in errors:
            chain = [error, error.__cause__, error.__context__]
            looks += [repr(getattr(link, "request", None)) for link in chain]
        for secret in (CANARY, real):
            assert [line for look in looks for line in look.splitlines() if secret in line] == []
            assert secret.encode() not in contents


# --- the request -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sources", [[], "Project Apollo", None, [cf.Webex("x"), "y"]])
def test_sources_that_are_none_are_refused_with_a_sentence(sources: object) -> None:
    with pytest.raises(cf.ConfigError, match="source"):
        cf.fetch(sources, progress=False)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ("yes", "images"),
        ({"enabled": True, "max_concurrent_image_downloads": 50}, "admin"),
        ({"enabled": 1}, "enabled"),
    ],
)
def test_wrong_image_settings_are_refused_before_any_request(images: object, words: str) -> None:
    with cf.sandbox() as world:
        with pytest.raises(cf.ConfigError, match=words):
            fetch(world, cf.Webex("Project Apollo"), images=images)
        assert world.stats()["requests"] == {}


def test_a_widget_is_read_once_at_the_call() -> None:
    class Widget:
        reads = 0

        @property
        def settings(self) -> cf.ImageSettings:
            self.reads += 1
            return cf.ImageSettings(True)

    widget = Widget()
    with cf.sandbox(messages=60, images=6) as world:
        assert fetch(world, cf.Webex("Project Apollo"), images=widget)["n_images"].sum() == 6
    assert widget.reads == 1


def test_progress_can_be_a_function_that_gets_every_event() -> None:
    events: list[cf.Event] = []
    with cf.sandbox(messages=60, images=6) as world:
        frame = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=events.append)
    assert [events[0].kind, events[-1].kind] == ["start", "finished"]
    assert events[-1].messages == len(frame)
    assert events[-1].attachments_done == events[-1].attachments_total == frame["n_media"].sum()


def test_a_progress_function_that_fails_costs_no_message() -> None:
    def broken(event: cf.Event) -> None:
        raise ZeroDivisionError

    with cf.sandbox(messages=60, images=0) as world, pytest.warns(UserWarning, match="ZeroDivisionError"):
        assert len(cf.fetch(cf.Webex("Project Apollo"), config=world.config, progress=broken)) == 60


# --- when something fails ----------------------------------------------------------------------------------------


def test_of_several_sources_the_others_finish_and_the_report_says_which_failed() -> None:
    with cf.sandbox() as world:
        with pytest.warns(cf.IncompleteWarning, match="Nowhere"):
            frame = fetch(world, [cf.Webex("Nowhere"), cf.Webex("Project Apollo")])
        check(frame, world.expected("Project Apollo"), images=False)
        assert [source.status for source in cf.report(frame).sources] == ["failed", "complete"]


def test_when_all_sources_fail_it_raises_and_tells_of_all() -> None:
    with cf.sandbox() as world:
        with pytest.raises(cf.ChatNotFound, match="Nowhere") as caught:
            fetch(world, [cf.Webex("Nowhere"), cf.Webex("Nobody")])
        assert any("Nobody" in note for note in caught.value.__notes__)


def test_what_a_rate_limit_cut_short_is_kept_with_the_gap_and_its_reason() -> None:
    with cf.sandbox(messages=3000, images=0, faults=["rate_limit", "short_pages"]) as world:
        impatient = {**world.config, "downloads": {"max_retry_wait_seconds": 0}}
        with pytest.warns(cf.IncompleteWarning, match="max_retry_wait_seconds"):
            frame = cf.fetch(cf.Webex("Project Apollo", since="2026-10-02"), config=impatient, progress=False)
        report = cf.report(frame)
        assert report.status == "partial"
        (source,) = report.sources
        assert all("asks to wait" in gap.reason for gap in source.gaps)
        expected = world.expected("Project Apollo")
        for gap in source.gaps:  # what is declared missing and what is there make up the whole, and nothing else
            since, until = datetime.fromisoformat(gap.since), datetime.fromisoformat(gap.until)
            expected = [r for r in expected if not since <= r["created_at"] < until]
        assert {r["message_id"] for r in expected} <= set(frame["message_id"])
        assert len(frame) == source.messages < 3000


def test_a_service_that_is_not_there_is_a_service_error(unused_port: int) -> None:
    settings = {"webex": {"base_url": f"http://127.0.0.1:{unused_port}/v1", "access_token": "t"}}
    patient = {**settings, "downloads": {"max_retry_wait_seconds": 1}}
    with pytest.raises(cf.ServiceError, match="no connection"):
        cf.fetch(cf.Webex("Project Apollo"), config=patient, progress=False)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


# --- stream ------------------------------------------------------------------------------------------------------


def test_stream_yields_sorted_batches_that_together_are_the_chat() -> None:
    async def read(world: World) -> list[pd.DataFrame]:
        stream = cf.stream(cf.Webex("Project Apollo"), images=True, config=world.config)
        return [batch async for batch in stream]

    with cf.sandbox(messages=3500, images=100) as world:
        batches = asyncio.run(read(world))
        assert all(len(batch) <= 1000 and batch["created_at"].dropna().is_monotonic_increasing for batch in batches)
        together = pd.concat(batches).sort_values("created_at", kind="stable")
        assert sorted(together["message_id"]) == sorted(r["message_id"] for r in world.expected("Project Apollo"))
        assert together["n_images"].sum() == 100
        assert cf.report(batches[-1]).status == "complete"
        assert cf.report(batches[-1]).sources[0].messages == 3500


@pytest.mark.parametrize("rows_of_a_batch", [4, 1000], ids=["a full batch", "what came so far"])
def test_the_first_pictures_of_a_stream_come_before_the_last_one_is_asked_for(
    rows_of_a_batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatframes.road.outbox.BATCH_ROWS", rows_of_a_batch)
    monkeypatch.setattr("chatframes.api.STREAM_SECONDS", 10.0 if rows_of_a_batch == 4 else 0.05)

    async def read(server: HoldingWebex) -> None:
        one_by_one = {**server.config["webex"], "max_concurrent_image_downloads": 1}
        config = {**server.config, "webex": one_by_one}
        stream = cf.stream(cf.Webex(ROOM), images=True, config=config)
        first = await asyncio.wait_for(anext(stream), PATIENCE_SECONDS)
        assert 0 < len(first) == first["n_images"].sum() <= 5
        assert server.asked <= 6, "of twelve: the sixth is being held, so a second batch cannot be full"
        server.release()
        rest = [batch async for batch in stream]
        assert sum(map(len, [first, *rest])) == server.asked == 12
        assert ["chatframes" in batch.attrs for batch in [first, *rest]] == [False] * len(rest) + [True]

    with HoldingWebex(messages=12, answered=5) as server:
        asyncio.run(read(server))


def test_leaving_a_stream_stops_the_fetch() -> None:
    async def first(world: World) -> None:
        async for batch in cf.stream(cf.Webex("Project Apollo"), images=True, config=world.config):
            assert len(batch) > 0
            break

    with cf.sandbox(messages=4000, images=900, latency_ms=20) as world:
        asyncio.run(first(world))
        cf.shutdown()
        assert world.stats()["requests"]["contents"] < 900
        # The server hears of a closed connection a turn or two later; of one left open it would never hear.
        assert any(world.stats()["open_connections"] == 0 for _ in range(2000))


def test_a_stream_of_nothing_yields_one_empty_table_with_the_report() -> None:
    async def read(world: World) -> list[pd.DataFrame]:
        return [batch async for batch in cf.stream(cf.Webex("Quiet corner"), config=world.config)]

    with cf.sandbox() as world:
        (only,) = asyncio.run(read(world))
        assert len(only) == 0
        assert cf.report(only).status == "complete"


def test_a_stream_that_fails_raises_what_fetch_raises() -> None:
    async def read(world: World) -> None:
        async for _ in cf.stream(cf.Webex("Nowhere"), config=world.config):
            pass

    with cf.sandbox() as world, pytest.raises(cf.ChatNotFound, match="Nowhere"):
        asyncio.run(read(world))


# --- symptoms ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("adaptive", [False, True])
def test_running_out_of_connections_is_said_with_the_setting_that_mends_it(
    monkeypatch: pytest.MonkeyPatch, adaptive: bool
) -> None:
    monkeypatch.setattr(http_module, "TIMEOUT", httpx.Timeout(10.0, pool=0.01))
    monkeypatch.setattr("chatframes.api.clock", replace(fast_clock(200), now=SYSTEM.now))
    with cf.sandbox(messages=60, images=60, latency_ms=50) as world, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the crowded configuration itself
        crowded = config(world, max_connections=2) | {"downloads": {"adaptive": adaptive}}
        frame = cf.fetch(cf.Webex("Project Apollo"), images=True, config=crowded, progress=False)
    media = cf.attachments(frame)
    starved = media[media["reason"] == "timeout"]
    assert adaptive or len(starved) > 0  # who asks for fewer at once gets them all
    assert starved["error"].str.contains("lower max_concurrent_image_downloads").all()
    assert "lower max_concurrent_image_downloads" in str(cf.report(frame))
    assert len(frame) == 60, "no message is lost with its pictures"
    assert "pool_timeout" in cf.report(frame).symptoms


def test_downloads_that_drag_on_after_the_last_page_are_called_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatframes.api.clock", replace(fast_clock(200), now=SYSTEM.now))
    with cf.sandbox(messages=120, images=120, latency_ms=100) as world:
        frame = fetch(world, cf.Webex("Project Apollo"), images=True)
    assert cf.report(frame).symptoms == ("slow",)
    assert "raise max_concurrent_image_downloads" in str(cf.report(frame))


def test_a_frame_of_many_pictures_is_told_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatframes.road.ledger.MEMORY_BYTES", 100_000)
    with cf.sandbox(messages=60, images=20) as world:
        frame = fetch(world, cf.Webex("Project Apollo"), images=True)
    assert cf.report(frame).symptoms == ("memory",)


# --- numbers agree -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("faults", [[], ["gone", "infected", "unscannable", "html_files", "short_pages"]])
def test_the_reports_numbers_are_the_tables(faults: list[str]) -> None:
    with cf.sandbox(messages=400, images=80, faults=faults) as world, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = fetch(world, cf.Webex("Project Apollo"), images=True)
    told, counted = frame.attrs["chatframes"]["images"], cf.attachments(frame)
    ok = counted[counted["status"] == "ok"]
    assert told["ok"] == len(ok) == frame["n_images"].sum()
    assert told["bytes"] == ok["size"].sum()
    for status in ("skipped", "failed"):
        assert told[status] == counted.loc[counted["status"] == status, "reason"].value_counts().to_dict()
    assert sum(source["messages"] for source in frame.attrs["chatframes"]["sources"]) == len(frame)
