"""FetchPanel: pick, fetch, cancel, save; errors as sentences; the code that does the same."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from help.fake_login import CODE, PHONE, FakeLoginClient, install, until_idle
from help.fakes import STARTS, FakeTime
from help.holding import PATIENCE_SECONDS, ROOM, HoldingWebex, outcomes
from help.hostile import Reader
from ipywidgets.widgets.widget import _instances

import chatframes as cf
from chatframes import api, loop
from chatframes.notebook.days import DayControls, Days
from chatframes.page.cells import all_of
from chatframes.page.highlights import highlights_html
from chatframes.world.sandbox import World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with cf.sandbox(messages=300, images=60) as world:
        yield world


def shown(panel: cf.FetchPanel) -> cf.FetchPanel:
    panel._repr_mimebundle_()
    panel.wait()
    return panel


def panel_of(world: World, source: Any = None, **options: Any) -> cf.FetchPanel:
    return cf.FetchPanel(source, config=world.config, **{"remember": False, **options})


def said(panel: cf.FetchPanel) -> str:
    return Reader(panel.status.value).text


def saved(panel: cf.FetchPanel) -> str:
    return Reader(panel.saving.status.value).text


def titles(panel: cf.FetchPanel) -> list[str]:
    return [label.partition("  (")[0] for label, _ in panel.picker.chats.listed.options]


def choose(panel: cf.FetchPanel, title: str) -> None:
    ((_, chat),) = [one for one in panel.picker.chats.listed.options if one[0].startswith(title + "  (")]
    panel.picker.chats.listed.value = chat


# --- choosing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("service", "name"), [("Webex", "webex"), ("Telegram", "telegram")])
def test_the_chats_of_the_account_are_listed_and_searched(world: World, service: str, name: str) -> None:
    panel = shown(panel_of(world))
    panel.picker.services.value = service
    panel.wait()
    assert titles(panel) == list(cf.chats(name, config=world.config)["title"])
    panel.picker.chats.search.value = "aPOLL"
    assert titles(panel)
    assert all("apoll" in title.lower() for title in titles(panel))
    panel.picker.chats.search.value = "no such chat"
    assert titles(panel) == []
    panel.picker.chats.search.value = ""
    assert "Quiet corner" in titles(panel)


@pytest.mark.parametrize("service", ["Webex", "Telegram"])
def test_a_link_that_is_pasted_into_the_search_can_be_chosen_as_it_is(world: World, service: str) -> None:
    panel = shown(panel_of(world))
    panel.picker.services.value = service
    panel.wait()
    fetched = cf.fetch(
        {"Webex": cf.Webex, "Telegram": cf.Telegram}[service]("Project Apollo"), config=world.config, progress=False
    )
    link = str(fetched["permalink"].iloc[0])
    panel.picker.chats.search.value = f" {link} "
    ((label, value),) = panel.picker.chats.listed.options
    assert (label, value) == (f"{link}  (as it is written)", link)
    panel.picker.chats.listed.value = value
    panel.picker.chats.search.value = ""
    panel.days.since.value, panel.days.until.value = date(2026, 10, 20), date(2026, 10, 31)
    panel.fetch()
    panel.wait()
    assert 0 < len(panel.frame) < len(fetched), "the days that are chosen"
    assert set(panel.frame["uid"]) <= set(fetched["uid"])
    panel.picker.chats.search.value = "https://example.com/Canary"
    panel.picker.chats.listed.value = "https://example.com/Canary"
    panel.fetch()
    panel.wait()
    assert "this address is of another site (example.com)" in said(panel)


def test_nothing_is_asked_before_the_panel_is_shown(world: World) -> None:
    world.reset_stats()
    panel = panel_of(world)
    panel.wait()
    assert sum(world.stats()["requests"].values()) == 0
    shown(panel)
    assert sum(world.stats()["requests"].values()) > 0


@pytest.mark.parametrize(
    ("source", "platform"),
    [
        (cf.Webex("Project Apollo", since="2026-10-10", until="2026-10-20", tz="Europe/Oslo"), "webex"),
        (cf.Telegram("@apollo", limit=50), "telegram"),
        (cf.Reddit("r/apollo", posts=10, comments=5, sort="top", time_filter="year"), "reddit"),
    ],
)
def test_what_it_begins_with_is_what_it_fetches_and_what_its_code_says(
    world: World, source: Any, platform: str
) -> None:
    panel = shown(panel_of(world, source, images=True))
    panel.fetch()
    panel.wait()
    expected = cf.fetch(source, images=True, config=world.config, progress=False)
    assert list(panel.frame["uid"]) == list(expected["uid"])
    assert set(panel.frame["platform"]) == {platform}
    names = {"config": world.config}
    exec(panel.code.replace("config=config,", "config=config, progress=False,"), names)
    pd.testing.assert_frame_equal(names["df"][["uid", "text"]], panel.frame[["uid", "text"]])
    assert "complete" in panel._view.report.value
    assert "done in" in panel._view.card.box.value


def test_what_else_is_in_a_chat_stands_below_the_report(world: World) -> None:
    panel = shown(panel_of(world, cf.Telegram("@apollo")))
    panel.fetch()
    panel.wait()
    told = Reader(panel._view.report.value)
    counted = len(cf.details(panel.frame, "poll"))
    assert f"Also in it: {counted} polls" in told.text
    assert cf.details(panel.frame, "poll")["question"].iloc[-1] in told.text
    assert (told.alive, "width:" in panel._view.report.value) == ([], True)


def test_a_chat_is_fetched_by_its_id_whatever_it_is_called(world: World) -> None:
    panel = shown(panel_of(world))
    choose(panel, "Kitchen")
    panel.days.preset.value = "Everything"
    (kitchen,) = [
        chat["id"] for chat in world.truth["chats"] if chat["title"] == "Kitchen" and chat["platform"] == "webex"
    ]
    assert panel.source == cf.Webex(kitchen)
    assert f"    # Kitchen\n    cf.Webex({kitchen!r}),\n" in panel.code
    panel.fetch()
    panel.wait()
    assert sorted(panel.frame["message_id"]) == sorted(one["message_id"] for one in world.expected(kitchen))


def test_the_newest_messages_of_a_telegram_chat(world: World) -> None:
    panel = shown(panel_of(world, cf.Telegram("@apollo", limit=50)))
    assert panel.picker.form.widgets["limit"].value == "50"
    panel.picker.form.widgets["limit"].value = " 20 "
    assert panel.source == cf.Telegram(panel.picker.chats.listed.value, limit=20)
    panel.picker.form.widgets["limit"].value = ""
    assert panel.source == cf.Telegram(panel.picker.chats.listed.value)
    for odd in ("all of them", "0", "9" * 5_000):
        panel.picker.form.widgets["limit"].value = odd
        with pytest.raises(cf.ConfigError, match=r"Newest|limit"):
            _ = panel.source


def test_reddits_orders_are_those_it_has_with_and_without_words_to_search_for(world: World) -> None:
    panel = panel_of(world, cf.Reddit("r/apollo"))
    fields = panel.picker.form.widgets
    assert fields["time_filter"].disabled
    fields["sort"].value = "top"
    fields["time_filter"].value = "month"
    assert panel.source == cf.Reddit("r/apollo", sort="top", time_filter="month")
    fields["sort"].value = "new"
    assert panel.source == cf.Reddit("r/apollo")
    fields["sort"].value = "controversial"
    fields["search"].value = "moon"
    assert (fields["sort"].value, "controversial" in dict(fields["sort"].options)) == ("new", False)
    fields["sort"].value = "relevance"
    assert panel.source == cf.Reddit("r/apollo", search="moon", sort="relevance", time_filter="month")
    fields["search"].value = ""
    assert panel.source == cf.Reddit("r/apollo")
    fields["comments"].value = "ALL"
    assert panel.source == cf.Reddit("r/apollo", comments="all")


def test_of_very_many_chats_it_says_that_it_shows_the_latest(world: World) -> None:
    panel = shown(panel_of(world))
    assert panel.picker.chats.cut.value == ""
    last = pd.to_datetime(["2026-10-03"] * 1_200, utc=True)
    many = pd.DataFrame({"id": [f"c{n}" for n in range(1_200)], "title": [f"chat {n}" for n in range(1_200)]})
    panel.picker.chats.show(many.assign(kind="group", last_activity=last))
    assert "500 of 1,200 chats" in panel.picker.chats.cut.value
    panel.picker.chats.listed.value = "c7"
    last = pd.concat([many.iloc[8:], many.iloc[:8]])
    panel.picker.chats.show(last.assign(kind="group", last_activity=pd.NaT))
    assert panel.picker.chats.chosen == "c7", "what was chosen is shown, however long ago it was active"
    panel.picker.chats.search.value = "chat 1199"
    assert (titles(panel), panel.picker.chats.cut.value) == (["chat 1199"], "")


def test_the_code_never_holds_what_the_config_holds(world: World) -> None:
    panel = shown(panel_of(world, cf.Webex("Project Apollo")))
    secret = world.config["webex"]["access_token"]
    assert "config=config" in panel.code
    for text in (panel.code, repr(panel), str(panel._repr_mimebundle_()), panel._code.value):
        assert secret not in text


def test_presets_are_whole_days_of_the_time_zone_that_is_shown() -> None:
    time = FakeTime()  # 2026-10-01 12:00 UTC
    controls = DayControls(preset="Last 7 days", clock=time.clock)
    assert controls.days() == Days("2026-09-25", "2026-10-01", "UTC")
    controls.tz.value = "Pacific/Kiritimati"
    today = STARTS.astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    assert controls.until.value == today == date(2026, 10, 2)
    controls.preset.value = "Last month"
    assert (controls.since.value, controls.until.value) == (date(2026, 9, 1), date(2026, 9, 30))
    controls.preset.value = "This month"
    assert (controls.since.value, controls.until.value) == (date(2026, 10, 1), date(2026, 10, 2))
    controls.preset.value = "Everything"
    assert (controls.days().since, controls.days().until) == (None, None)
    controls.since.value = date(2026, 10, 1)
    assert controls.preset.value == "Days of my own"
    controls.tz.value = "Europe/Os"  # half typed: nothing happens to the days
    assert controls.since.value == date(2026, 10, 1)


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda panel: None, "No chat is chosen"),
        (lambda panel: setattr(panel.days.tz, "value", "Mars/Olympus"), "Mars/Olympus"),
        (
            lambda panel: (setattr(panel.days.since, "value", date(2026, 10, 9)), setattr(panel.days.until, "value", date(2026, 10, 1))),
            "2026-10-01",
        ),
        (lambda panel: setattr(panel.picker.services, "value", "Reddit"), "No subreddit or post is named"),
    ],
)  # fmt: skip
def test_what_cannot_be_fetched_is_said_in_a_sentence_before_any_request(
    world: World, prepare: Any, sentence: str
) -> None:
    panel = shown(panel_of(world))
    if sentence != "No chat is chosen":
        choose(panel, "Project Apollo")
    prepare(panel)
    panel.wait()
    world.reset_stats()
    panel.fetch()
    panel.wait()
    assert sentence in said(panel)
    assert not panel.fetch_button.disabled
    assert panel.frame is None
    assert "cf.fetch" not in panel._code.value
    assert sentence in Reader(panel._code.value).text, "said already when it was chosen"
    panel.images.toggle.value = not panel.images.toggle.value
    assert said(panel) == "", "and taken back when something else is chosen"
    assert sum(world.stats()["requests"].values()) == 0


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(cf.ConfigError, match=r"write cf\.Webex\('Project Apollo'\)"):
        cf.FetchPanel("Project Apollo", config={})
    assert cf.FetchPanel([cf.Webex("x")], config={}, remember=False).source == cf.Webex("x")
    with pytest.raises(cf.ConfigError, match="one chat at a time"):
        cf.FetchPanel([cf.Webex("x"), cf.Reddit("apollo")], config={})
    with pytest.raises(cf.ConfigError, match="whole days"):
        cf.FetchPanel(cf.Webex("x", since="2026-10-01T10:00"), config={}, remember=False)


# --- fetching ----------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[HoldingWebex]:
    with HoldingWebex(messages=12, answered=4) as server:
        yield server


def held(server: HoldingWebex) -> cf.FetchPanel:
    """A panel in the middle of a fetch, with a picture to be seen."""
    panel = shown(cf.FetchPanel(cf.Webex(ROOM), images=True, config=server.config, remember=False))
    drawn = threading.Event()
    panel._view.live.grid.observe(lambda _: drawn.set(), "children")
    panel.fetch()
    server.until_holding(8)
    assert drawn.wait(PATIENCE_SECONDS)
    return panel


def pictures(panel: cf.FetchPanel) -> int:
    """How many pictures are to be seen."""
    widgets = all_of(panel._view.pictures)
    return sum(Reader(widget.value).pictures for widget in widgets if type(widget).__name__ == "HTML")


def test_cancel_keeps_what_was_read_and_leaves_nothing_running(
    server: HoldingWebex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatframes.results._last", None)
    panel = held(server)
    assert not panel.cancel_button.disabled
    told: list[str] = []
    panel.status.observe(lambda change: told.append(Reader(change["new"]).text), "value")
    panel.cancel()
    panel.wait()
    assert told[0] == "Stopping …", "it answers at once"
    server.until_nobody_is_connected()
    assert outcomes(panel.frame) == (12, 4, 8)
    assert pictures(panel) == len(panel._view.live.grid.children) > 0, "what was seen stays"
    assert "4 pictures" in panel._view.live.line.value or "more" in panel._view.live.line.value
    assert said(panel) == "Stopped: 12 messages came before that, and panel.frame has them."
    assert "stopped in" in panel._view.card.box.value
    assert "cancelled" in panel._view.report.value
    assert (panel.fetch_button.disabled, panel.cancel_button.disabled) == (False, True)
    with pytest.raises(cf.ChatframesError, match="no last result"):
        cf.last_result()  # which belongs to calls in cells


def test_after_cancel_it_fetches_again_and_whole(server: HoldingWebex) -> None:
    panel = held(server)
    panel.cancel()
    panel.wait()
    server.release()
    panel.fetch()
    panel.wait()
    assert outcomes(panel.frame) == (12, 12, 0)
    assert pictures(panel) == 12
    assert panel._view.live.grid.children == (), "the gallery is in their place"


def test_pressing_fetch_again_and_from_many_threads_fetches_once(server: HoldingWebex) -> None:
    panel = shown(cf.FetchPanel(cf.Webex(ROOM), images=True, config=server.config, remember=False))
    presses = [threading.Thread(target=panel.fetch) for _ in range(20)]
    for press in presses:
        press.start()
    for press in presses:
        press.join()
    server.until_holding(8)
    panel.fetch()
    server.release()
    panel.wait()
    assert outcomes(panel.frame) == (12, 12, 0)
    assert server.asked == 12


def test_choices_changed_during_a_fetch_count_from_the_next_one_on(server: HoldingWebex) -> None:
    panel = held(server)
    panel.images.toggle.value = False
    server.release()
    panel.wait()
    assert outcomes(panel.frame) == (12, 12, 0)
    assert pictures(panel) == 12
    panel.fetch()
    panel.wait()
    assert outcomes(panel.frame) == (12, 0, 0)
    assert pictures(panel) == 0


def test_closing_a_panel_ends_what_it_had_begun(server: HoldingWebex) -> None:
    panel = held(server)
    panel.close()
    panel.wait()
    server.until_nobody_is_connected()


@pytest.mark.parametrize("act", ["cancel", "close"])
def test_when_only_the_report_is_to_come_cancel_is_too_late_and_close_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    models = set(_instances)
    panel = shown(panel_of(world, cf.Webex("Project Apollo"), images=True))
    reached, go_on = threading.Event(), threading.Event()

    def slowly(frame: pd.DataFrame) -> Any:
        reached.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return highlights_html(frame)

    monkeypatch.setattr("chatframes.notebook.fetch_view.highlights_html", slowly)
    panel.fetch()
    assert reached.wait(PATIENCE_SECONDS)
    getattr(panel, act)()
    go_on.set()
    panel.wait()
    assert len(panel.frame) == 300
    if act == "close":
        assert set(_instances) <= models, "no gallery was made for a page that is gone"
        return
    assert said(panel) == ""
    assert "complete" in panel._view.report.value
    assert pictures(panel) == 24, "the first page of its gallery"


def test_pictures_of_several_services_arrive_one_by_one(world: World) -> None:
    seen: list[tuple[str, bool]] = []
    sources = [
        cf.Webex("Project Apollo", since="2026-10-25"),
        cf.Telegram("@apollo", limit=30),
        cf.Reddit("r/apollo", posts=10),
    ]
    call = api.fetching(
        sources,
        images=True,
        raw=False,
        config=world.config,
        progress=False,
        settled=lambda message, position, outcome: seen.append((message.platform, outcome.data is not None)),
    )
    frame = loop.run(call)
    for platform, rows in frame.groupby("platform"):
        assert seen.count((str(platform), True)) == rows["n_images"].sum() > 0
    assert len(seen) == len(cf.attachments(frame)), "each is told once, also what is no picture"


@pytest.mark.parametrize("theirs", [False, True], ids=["controls of its own", "controls of somebody else"])
def test_a_closed_panel_leaves_nothing_behind_and_is_forgotten(world: World, theirs: bool) -> None:
    controls = cf.ImageControls(enabled=True, remember=False)
    gc.collect()
    models = set(_instances)
    panel = shown(panel_of(world, cf.Webex("Project Apollo"), images=controls if theirs else True))
    panel.picker.services.value = "Reddit"
    panel.picker.services.value = "Webex"
    panel.wait()
    panel.fetch()
    panel.wait()
    panel.close()
    panel.close()
    panel.wait()
    assert "closed" in panel._repr_mimebundle_()["text/plain"]
    assert set(_instances) <= models
    freed = weakref.ref(panel)
    del panel
    gc.collect()
    assert freed() is None, "with it its table and the pictures in that"


def test_stopped_before_the_first_page_it_says_so_and_keeps_the_table_of_before() -> None:
    with HoldingWebex(messages=12, answered=12) as server:
        panel = shown(cf.FetchPanel(cf.Webex(ROOM), config=server.config, remember=False))
        panel.fetch()
        panel.wait()
        before = panel.frame
        server.hold_pages = True
        panel.fetch()
        server.until_holding(1)
        panel.cancel()
        panel.wait()
        server.until_nobody_is_connected()
        assert panel.frame is before
        assert said(panel) == (
            "Stopped before anything was read.panel.frame still holds what was fetched before (12 messages)."
        )


def test_a_fetch_of_a_panel_that_fails_leaves_last_result_to_the_cells(server: HoldingWebex) -> None:
    with pytest.raises(cf.ChatframesError) as failed:
        cf.fetch(cf.Webex("No such room"), config=server.config, progress=False)
    assert cf.last_result() is failed.value.partial
    panel = shown(cf.FetchPanel(cf.Webex("Nor this one"), config=server.config, remember=False))
    panel.fetch()
    panel.wait()
    assert "Nor this one" in said(panel)
    assert cf.last_result() is failed.value.partial


def test_another_service_takes_the_form_and_the_sentence_of_the_one_before_away(world: World) -> None:
    config = {**world.config, "webex": {"base_url": world.config["webex"]["base_url"]}}
    panel = shown(cf.FetchPanel(cf.Webex("Project Apollo"), config=config, remember=False))
    assert "developer.webex.com" in said(panel)
    assert login_form(panel)
    panel.picker.services.value = "Reddit"
    panel.wait()
    assert (said(panel), panel._account.login.box.children) == ("", ())
    panel.picker.services.value = "Telegram"
    panel.wait()
    assert said(panel) == ""
    assert "Project Apollo" in titles(panel)


def test_a_list_that_cannot_be_had_again_leaves_the_list_that_is_there(world: World) -> None:
    panel = shown(panel_of(world))
    choose(panel, "Kitchen")
    before, chosen = titles(panel), panel.source
    panel.config = cf.load_config({"webex": {**world.config["webex"], "access_token": "run-out"}})
    panel.picker.chats.refresh.click()
    panel.wait()
    assert said(panel)
    assert (titles(panel), panel.source) == (before, chosen)


def test_a_choice_that_a_search_hides_comes_back_with_the_list(world: World) -> None:
    panel = shown(panel_of(world))
    choose(panel, "Kitchen")
    chosen = panel.source
    panel.picker.chats.search.value = "apollo"
    with pytest.raises(cf.ConfigError, match="No chat is chosen"):
        _ = panel.source  # what cannot be seen is not fetched
    panel.picker.chats.search.value = ""
    assert panel.source == chosen


def test_a_defect_of_ours_takes_nothing_of_what_was_read_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = shown(panel_of(world, cf.Webex("Project Apollo")))
    tries = iter([MemoryError("the table"), None])
    build = api.build

    def fails_once(*arguments: Any, **options: Any) -> pd.DataFrame:
        if error := next(tries, None):
            raise error
        return build(*arguments, **options)

    monkeypatch.setattr(api, "build", fails_once)
    panel.fetch()
    panel.wait()
    assert "MemoryError" in said(panel)
    assert len(panel.frame) == 300
    monkeypatch.setattr("chatframes.notebook.fetch_view.report", lambda frame: 1 / 0)
    panel.fetch()
    panel.wait()
    assert "ZeroDivisionError" in said(panel)
    assert len(panel.frame) == 300
    assert not panel.fetch_button.disabled


def test_closing_a_panel_leaves_controls_that_were_not_its_own(world: World) -> None:
    controls = cf.ImageControls(remember=False)
    panel = panel_of(world, cf.Webex("Project Apollo"), images=controls)
    panel.close()
    panel.wait()
    assert controls.toggle.comm is not None
    assert panel.fetch_button.comm is None


def test_a_preset_is_counted_from_the_day_of_the_fetch() -> None:
    time = FakeTime()
    controls = DayControls(preset="Last 7 days", clock=time.clock)
    assert controls.days().until == "2026-10-01"
    time.advance(24 * 3600)
    assert (controls.days().since, controls.days().until) == ("2026-09-26", "2026-10-02")


def test_shutdown_leaves_a_panel_that_can_be_used_again(server: HoldingWebex) -> None:
    panel = held(server)
    cf.shutdown()
    assert "Stopped" in said(panel)
    assert not panel.fetch_button.disabled
    server.release()
    panel.fetch()
    panel.wait()
    assert outcomes(panel.frame) == (12, 12, 0)


def test_a_blocking_fetch_and_a_panel_share_the_gate(server: HoldingWebex) -> None:
    panel = held(server)
    other = threading.Thread(target=lambda: cf.fetch(cf.Webex(ROOM), images=True, config=server.config, progress=False))
    other.start()
    server.release()
    other.join()
    panel.wait()
    assert len(panel.frame) == 12
    assert server.most_held <= 8


def test_what_is_not_whole_is_said_and_reported() -> None:
    with cf.sandbox(messages=300, images=30, faults=["gone", "private_chat"]) as world:
        panel = shown(panel_of(world, cf.Webex("Project Apollo"), images=True))
        panel.fetch()
        panel.wait()
        assert "deleted, or moved away" in panel._view.report.value
        panel.picker.services.value = "Telegram"
        panel.wait()
        assert "Project Apollo" in titles(panel)


def test_an_error_is_a_sentence_and_the_table_of_before_stays(world: World) -> None:
    panel = shown(panel_of(world, cf.Webex("No such room")))
    choose(panel, "Kitchen")
    panel.fetch()
    panel.wait()
    before = panel.frame
    panel.picker.chats.listed.value = "No such room"
    panel.fetch()
    panel.wait()
    assert panel.frame is before
    assert f"still holds what was fetched before ({len(before):,} messages)" in said(panel)
    assert "No Webex room of this account is called" in said(panel)
    assert "Did you mean" in said(panel)
    assert not panel.fetch_button.disabled
    assert "failed" in panel._view.card.box.value


# --- saving ------------------------------------------------------------------------------------------------------


@pytest.mark.posix
def test_saving_writes_a_file_that_opens(world: World, tmp_path: Path) -> None:
    panel = shown(panel_of(world, cf.Webex("Project Apollo"), images=True))
    assert panel.saving.button.disabled
    panel.save()
    panel.wait()
    assert "no table" in saved(panel)
    panel.fetch()
    panel.wait()
    panel.saving.path.value = str(tmp_path / "apollo.parquet")
    panel.save()
    panel.wait()
    assert saved(panel) == f"Saved 300 messages to {tmp_path / 'apollo.parquet'}."
    assert len(pd.read_parquet(tmp_path / "apollo.parquet")) == 300
    panel.save()
    panel.wait()
    assert "in place of what was there" in saved(panel), "the same table it replaces without a question"
    (tmp_path / "apollo.parquet").write_text("somebody else's, put there meanwhile")
    panel.save()
    panel.wait()
    assert "is there already" in saved(panel)
    os.mkfifo(tmp_path / "pipe")
    panel.saving.path.value = str(tmp_path / "pipe")
    panel.save()
    panel.wait()
    assert "a device or a pipe" in saved(panel)
    (tmp_path / "thesis.parquet").write_text("ten years of work")
    panel.saving.path.value = str(tmp_path / "thesis.parquet")
    panel.save()
    panel.wait()
    assert "is there already" in saved(panel)
    assert (tmp_path / "thesis.parquet").read_text() == "ten years of work"
    panel.save()
    panel.wait()
    assert len(pd.read_parquet(tmp_path / "thesis.parquet")) == 300
    for odd in (str(tmp_path / "no such folder" / "x.parquet"), str(tmp_path), "~nobody-of-that-name/x", "a\0b", " "):
        panel.saving.path.value = odd
        panel.save()
        panel.wait()
        assert saved(panel).startswith("Not saved: ")
        assert "[Errno" not in saved(panel)
        assert said(panel) == ""
        assert not panel.saving.button.disabled


def test_saving_another_table_asks_before_it_replaces_the_one_before(world: World) -> None:
    panel = shown(panel_of(world, cf.Webex("Project Apollo")))
    panel.fetch()
    panel.wait()
    assert saved(panel) == "300 messages of Project Apollo"
    assert panel.saving.path.value == "project-apollo.parquet"
    panel.saving.path.value = "mine.parquet"
    panel.save()
    panel.wait()
    choose(panel, "Kitchen")
    panel.fetch()
    panel.wait()
    assert panel.saving.path.value == "mine.parquet", "what somebody has typed stays"
    panel.save()
    panel.wait()
    assert "is there already" in saved(panel)
    assert len(pd.read_parquet("mine.parquet")) == 300
    panel.save()
    panel.wait()
    assert len(pd.read_parquet("mine.parquet")) == len(panel.frame) == 10


def test_where_nothing_was_found_it_says_when_the_chat_was_last_active(world: World) -> None:
    panel = shown(panel_of(world))
    choose(panel, "Kitchen")
    panel.days.preset.value = "Days of my own"
    panel.days.since.value = panel.days.until.value = date(2026, 11, 20)
    panel.fetch()
    panel.wait()
    assert said(panel) == "No messages were found in these days; this chat was last active on 2026-10-28."
    assert len(panel.frame) == 0


def test_a_click_that_is_heard_before_what_was_typed_waits_for_it(world: World) -> None:
    panel = panel_of(world, cf.Reddit("r/aaa"))
    panel.fetch_button.click()
    panel.saving.button.click()
    panel.picker.forms["reddit"].widgets["what"].value = "r/apollo"
    panel.wait()
    assert len(panel.frame) > 0
    assert "no table to save yet" in saved(panel) or "of apollo" in saved(panel), "each button is heard"


# --- logging in --------------------------------------------------------------------------------------------------


def login_form(panel: cf.FetchPanel) -> Any:
    box, *_ = panel._account.login.box.children
    return box


def in_states(panel: cf.FetchPanel) -> str:
    """What a page could save of the login's widgets."""
    return repr([widget.get_state() for widget in all_of(panel._account.login.box)])


def press(panel: cf.FetchPanel, button: Any, until: Callable[[], bool]) -> None:
    """Press a button of a login form, and wait for what comes of it."""
    come = threading.Event()
    widgets = [panel._account.login.box, *all_of(login_form(panel))]
    for one in widgets:
        one.observe(lambda _: come.set() if until() else None, ["children", "value", "disabled"])
    button.click()
    assert come.wait(60)
    for one in widgets:
        one.unobserve_all()


def test_without_a_token_webex_asks_for_one_and_goes_on(world: World) -> None:
    config = {**world.config, "webex": {"base_url": world.config["webex"]["base_url"]}}
    panel = shown(cf.FetchPanel(cf.Webex("Project Apollo"), config=config, remember=False))
    assert "developer.webex.com" in said(panel)
    field, button, *_ = login_form(panel).children
    secret = world.config["webex"]["access_token"]
    field.value = "another one"
    field.value = secret
    assert field.value == ""
    assert secret not in in_states(panel)
    button.click()
    panel.wait()
    assert field.value == ""
    assert panel._account.login.box.children == ()
    assert "Kitchen" in titles(panel)
    panel.fetch()
    panel.wait()
    assert len(panel.frame) == 300
    assert secret not in panel.code
    names = {"panel": panel}
    exec(panel.code.replace("config=panel.config,", "config=panel.config, progress=False,"), names)
    assert list(names["df"]["uid"]) == list(panel.frame["uid"]), "the code does the same, also after a login"


def test_a_refused_token_brings_the_form_back(world: World) -> None:
    config = {**world.config, "webex": {**world.config["webex"], "access_token": "not-the-right-one"}}
    panel = shown(cf.FetchPanel(cf.Webex("Project Apollo"), config=config, remember=False))
    assert "HTTP 401" in said(panel)
    assert "not-the-right-one" not in said(panel)
    field, button, status = login_form(panel).children
    button.click()
    panel.wait()
    assert "is empty" in status.value
    field.value = world.config["webex"]["access_token"]
    button.click()
    panel.wait()
    assert "Kitchen" in titles(panel)


def test_telegram_logs_in_with_its_own_steps(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    client = install(monkeypatch, FakeLoginClient())
    panel = shown(cf.FetchPanel(cf.Telegram("@apollo"), config=without_login(world), remember=False))
    form = login_form(panel)
    phone, buttons, _ = form.children
    assert phone.description == "Phone"
    phone.value = PHONE
    assert client.calls == []
    assert PHONE not in in_states(panel)
    press(panel, buttons.children[0], lambda: form.children[0].description == "Code" and not form.children[0].disabled)
    form.children[0].value = CODE
    assert CODE not in in_states(panel)
    panel.fetch()
    panel.wait()
    until_idle()
    assert (client.calls, client.closed, form.comm) == (["send_code"], 1, None), "a fetch takes the form away"
    assert login_form(panel).children[0].description == "Phone", "and another one comes where nobody is logged in"


def without_login(world: World, **more: Any) -> dict[str, Any]:
    telegram = {name: value for name, value in world.config["telegram"].items() if name != "session"}
    return {"telegram": telegram | more}


def test_a_wrong_app_can_be_replaced_by_another_one(world: World) -> None:
    config = without_login(world, api_id=54321)
    panel = shown(cf.FetchPanel(cf.Telegram("@apollo"), config=config, remember=False))
    form, another_app = panel._account.login.box.children
    phone, buttons, status = form.children
    phone.value = world.login["phone"]
    press(panel, buttons.children[0], lambda: "does not know this api_id" in status.value and not phone.disabled)
    assert another_app.description == "Another app"
    another_app.click()
    assert form.comm is another_app.comm is None
    api_id, api_hash, use, _ = login_form(panel).children
    api_id.value = str(world.config["telegram"]["api_id"])
    api_hash.value = world.config["telegram"]["api_hash"]
    use.click()
    panel.wait()
    form = login_form(panel)
    phone, buttons, _ = form.children
    phone.value = world.login["phone"]
    press(panel, buttons.children[0], lambda: form.children[0].description == "Code")


def test_telegram_without_an_app_asks_for_one() -> None:
    panel = shown(cf.FetchPanel(cf.Telegram("@apollo"), config={}, remember=False))
    assert "my.telegram.org" in said(panel)
    first, second, *_ = login_form(panel).children
    assert (first.description, second.description) == ("api_id", "api_hash")


def test_reddit_without_a_key_says_how_to_get_one() -> None:
    panel = shown(cf.FetchPanel(cf.Reddit("r/python"), config={}, remember=False))
    panel.fetch()
    panel.wait()
    assert "Responsible Builder Policy" in said(panel)
    first, *_ = login_form(panel).children
    assert first.description == "Client id"


def test_a_refused_key_of_reddit_brings_the_form_back_which_says_what_comes_next(world: World) -> None:
    reddit = {**world.config["reddit"], "client_secret": "not-the-right-one"}
    source = cf.Reddit("r/apollo", posts=2)
    panel = shown(cf.FetchPanel(source, config={"reddit": reddit}, remember=False))
    panel.fetch()
    panel.wait()
    assert panel.frame is None
    client_id, client_secret, use, status = login_form(panel).children
    client_id.value = reddit["client_id"]
    use.click()
    panel.wait()
    assert "Client secret is empty" in status.value
    client_id.value, client_secret.value = reddit["client_id"], world.config["reddit"]["client_secret"]
    use.click()
    panel.wait()
    assert panel._account.login.box.children == ()
    assert said(panel) == "Thank you: press Fetch."
    panel.fetch()
    panel.wait()
    assert panel._account.login.box.children == ()
    assert len(panel.frame) > 2


def test_the_service_that_is_configured_comes_first(world: World) -> None:
    assert cf.FetchPanel(config={}, remember=False).picker.service == "webex"
    assert cf.FetchPanel(config={"telegram": world.config["telegram"]}, remember=False).picker.service == "telegram"
    assert cf.FetchPanel(config={"reddit": world.config["reddit"]}, remember=False).picker.service == "reddit"


def test_cancel_at_once_after_fetch_is_heard(server: HoldingWebex) -> None:
    panel = shown(cf.FetchPanel(cf.Webex(ROOM), images=True, config=server.config, remember=False))
    panel.fetch()
    panel.cancel()
    panel.wait()
    assert "Stopped" in said(panel)
    assert (panel.fetch_button.disabled, panel.cancel_button.disabled) == (False, True)
    server.until_nobody_is_connected()
    panel.cancel()
    assert "Stopped" in said(panel), "where nothing is going on, Cancel does nothing"


def test_only_core_widgets_are_used_so_that_every_front_end_shows_them(world: World) -> None:
    from chatframes.notebook.telegram_login import LoginCard

    panel = shown(panel_of(world, cf.Webex("Project Apollo"), images=True))
    panel.fetch()
    panel.wait()
    telegram = {name: value for name, value in world.config["telegram"].items() if name != "session"}
    login = LoginCard(cf.TelegramLogin({"telegram": telegram}))
    widgets = [*all_of(panel.box), *all_of(cf.gallery(panel.frame).box), *all_of(login.box)]
    assert len(widgets) > 60
    assert {one._model_module for one in widgets} == {"@jupyter-widgets/controls"}


def test_logging_in_to_telegram_in_the_panel_brings_the_chats(world: World) -> None:
    panel = shown(cf.FetchPanel(cf.Telegram("@apollo"), config=without_login(world), remember=False))
    form = login_form(panel)
    form.children[0].value = world.login["phone"]
    press(panel, form.children[1].children[0], lambda: form.children[0].description == "Code")
    form.children[0].value = world.login["code"]
    press(panel, form.children[1].children[0], lambda: not panel._account.login.box.children)
    panel.wait()
    assert "Apollo News" in titles(panel)
    panel.fetch()
    panel.wait()
    assert len(panel.frame) == 300
