"""A subreddit arrives whole: posts, comments and pictures equal the sandbox's truth, on good days and on bad ones."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pandas as pd
import pytest
from help.hurrying import fast_clock
from help.sampling import sampled
from help.truth import MORE_FIELDS, check, check_more, rows

import chatframes as cf
from chatframes.world.reddit.faults import FAULTS as REDDIT_FAULTS
from chatframes.world.sandbox import World

APOLLO = cf.Reddit("r/apollo", posts="all", comments="all")
FIELDS = (*MORE_FIELDS, "title", "score")
PICTURE_FATES = {
    "reddit_image_gone": ("failed", "gone"),
    "reddit_image_forbidden": ("failed", "forbidden"),
    "reddit_image_html": ("failed", "bad_response"),
    "reddit_image_empty": ("failed", "bad_response"),
    "reddit_image_cut": ("failed", "truncated"),
    "reddit_image_packed": ("failed", "content_encoding"),
    "reddit_image_to_private": ("skipped", "blocked_address"),
    "reddit_image_loop": ("failed", "redirect"),
}
KEEPS_ON = sorted(set(REDDIT_FAULTS) - {"reddit_day_long", "reddit_comments_gone"})


@pytest.fixture(autouse=True)
def _afresh() -> Any:
    """What one test's Reddit asked to wait for is nothing to the next one's."""
    yield
    cf.shutdown()


def hurry(monkeypatch: pytest.MonkeyPatch, times: float) -> None:
    """Let every wait of the client be shorter; the sandbox's time ends before this clock begins."""
    monkeypatch.setattr("chatframes.api.clock", fast_clock(times, starts=datetime(2026, 11, 2, tzinfo=UTC)))


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
def _small() -> Iterator[World]:
    with cf.sandbox(messages=20, images=0) as world:
        yield world


@pytest.fixture
def small(_small: World) -> World:
    """A sandbox that tests share which only read; its counts begin anew."""
    _small.reset_stats()
    return _small


def fetch(world: World, source: cf.Reddit = APOLLO, **options: Any) -> pd.DataFrame:
    return cf.fetch(source, config=world.config, **{"images": True, "progress": False, **options})


def expected(world: World, since: str | None = None, until: str | None = None) -> list[dict[str, Any]]:
    return world.expected("r/apollo", since, until, platform="reddit")


def reddit(world: World) -> dict[str, Any]:
    stats: dict[str, Any] = world.stats()["reddit"]
    return stats


def fates_in(world: World, faults: list[str]) -> dict[str, tuple[str, str | None]]:
    """What becomes of the pictures that meet a fault: of a stranger's, Reddit's own copy is taken instead."""
    met = {one: fate for fault, fate in PICTURE_FATES.items() if fault in faults for one in world.afflicted(fault)}
    return {one: ("ok", None) if "://" in one else fate for one, fate in met.items()}


def check_reddit(
    frame: pd.DataFrame,
    records: list[dict[str, Any]],
    fates: Mapping[str, tuple[str, str | None]] | None = None,
    **options: Any,
) -> None:
    check(frame, records, fates=fates, **options)
    check_more(frame, records, FIELDS)


def check_nothing_is_missing(frame: pd.DataFrame) -> None:
    """A list was read to its end, which proves no more than that nothing is missing since its oldest post."""
    (source,) = cf.report(frame).sources
    # A pinned post is no proof of how far the list has come.
    posts = frame[(frame["kind"] == "post") & ~frame["flags"].map(lambda flags: "pinned" in flags)]
    assert (source.status, source.gaps, source.missing.count) == ("open", (), 0)
    assert pd.Timestamp(source.covered[0].since) == posts["created_at"].min() + pd.Timedelta(seconds=1)
    assert source.covered[-1].until == source.requested.until


# --- whole ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", sampled([0, 1, 2], 2))
def test_a_whole_subreddit_arrives_with_every_field_and_every_picture(seed: int) -> None:
    with cf.sandbox(seed=seed) as world:
        frame = fetch(world)
        check_reddit(frame, expected(world))
        check_nothing_is_missing(frame)
        assert len(frame) == 300
        assert frame["n_images"].sum() == 60
        stats = reddit(world)
    assert stats["tokens"] == 1
    assert stats["peak_pages"] == 1
    assert stats["parallel_morechildren"] == 0
    assert max(stats["picture_gets"].values()) == 1, "no picture is asked for twice, however many rows show it"
    assert not any(stats[name] for name in ("picture_credentials", "picture_cookies", "html_accepts", "hostile_hits"))


def test_without_images_every_row_is_there_and_no_picture_is_asked_for(world: World) -> None:
    check_reddit(fetch(world, images=False), expected(world), images=False)
    assert not reddit(world)["picture_gets"]


def test_the_days_asked_for_and_no_others(world: World) -> None:
    frame = fetch(world, cf.Reddit("apollo", posts="all", comments="all", since="2026-10-10", until="2026-10-20"))
    wanted = expected(world, "2026-10-10", "2026-10-20")
    # Comments on posts from before the first day belong to threads that were not asked for.
    threads = {record["message_id"] for record in wanted if record["kind"] == "post"}
    check_reddit(frame, [record for record in wanted if record["thread_id"] in threads])
    assert frame.attrs["chatframes"]["status"] == "complete"


def test_only_the_newest_posts_and_a_number_of_comments_of_each(world: World) -> None:
    frame = fetch(world, cf.Reddit("r/apollo", posts=5, comments=7))
    truth = expected(world)
    newest = [record["message_id"] for record in truth if record["kind"] == "post"][-5:]
    assert sorted(frame.loc[frame["kind"] == "post", "message_id"]) == sorted(newest)
    there = Counter(record["thread_id"] for record in truth if record["kind"] == "comment")
    got = Counter(frame.loc[frame["kind"] == "comment", "thread_id"])
    assert got == Counter({post: min(7, there[post]) for post in newest if there[post]})
    by_id = {record["message_id"]: record for record in truth}
    for row in rows(frame):
        assert row["parent_id"] is None or row["parent_id"] in set(frame["message_id"]), "never without its parent"
        assert row["text"] == by_id[row["message_id"]]["text"]
    assert frame.attrs["chatframes"]["status"] == "complete"


def test_no_comments_at_all_when_none_are_wanted(world: World) -> None:
    frame = fetch(world, cf.Reddit("r/apollo", posts="all", comments=0))
    assert set(frame["kind"]) == {"post"}
    assert set(reddit(world)["calls"]) == {"listing"}


@pytest.mark.parametrize("sort", sampled(["hot", "top", "rising", "controversial"], 2))
def test_every_order_brings_the_same_posts(sort: str, world: World) -> None:
    frame = fetch(world, cf.Reddit("r/apollo", sort=sort, posts="all", comments="all"))
    check_reddit(frame, expected(world))


def test_one_post_by_url_by_short_link_by_share_link_and_by_id(world: World) -> None:
    post = next(r for r in expected(world) if r["kind"] == "post" and r["reply_count"] and r["reply_count"] > 10)
    records = [r for r in expected(world) if r["thread_id"] == post["message_id"]]
    post_id = post["message_id"].removeprefix("t3_")
    for what in (post["permalink"], f"https://redd.it/{post_id}", post["message_id"]):
        check_reddit(fetch(world, cf.Reddit(what, comments="all")), records)


def test_a_share_link_leads_to_its_post(world: World) -> None:
    fetch(world, cf.Reddit("r/apollo", comments=0))
    path, permalink = next(iter(world.reddit_share_links.items()))
    frame = fetch(world, cf.Reddit(f"https://www.reddit.com{path}", comments=0))
    assert list(frame["permalink"]) == [f"https://www.reddit.com{permalink}"]


def test_several_subreddits_are_one_listing_and_each_row_knows_its_own(world: World) -> None:
    frame = fetch(world, cf.Reddit("apollo+telescopes", posts="all", comments="all"))
    both = expected(world) + world.expected("telescopes", platform="reddit")
    assert sorted(frame["message_id"]) == sorted(record["message_id"] for record in both)
    assert set(frame["chat_name"]) == {"apollo", "telescopes"}


def test_a_post_seen_through_two_sources_is_kept_once_and_its_pictures_asked_for_once(world: World) -> None:
    frame = fetch(world, [APOLLO, cf.Reddit("r/apollo", sort="top", posts="all", comments="all")])
    check_reddit(frame, expected(world))
    stats = reddit(world)
    assert stats["tokens"] == 1
    assert max(stats["picture_gets"].values()) == 1


def test_a_search_finds_what_the_words_say(world: World) -> None:
    post = next(r for r in reversed(expected(world)) if r["kind"] == "post" and r["title"])
    word = max(post["title"].split(), key=len)
    frame = fetch(world, cf.Reddit("r/apollo", search=word, posts="all", comments=0))
    assert post["message_id"] in set(frame["message_id"])
    assert len(frame) < sum(record["kind"] == "post" for record in expected(world))


def test_all_comments_take_far_fewer_requests_than_one_for_each_stub() -> None:
    with cf.sandbox(messages=1050, images=0) as world:
        check_reddit(fetch(world, images=False), expected(world), images=False)
        calls = reddit(world)["calls"]
    assert calls["morechildren"] < 2 * calls["comments"]


def test_raw_keeps_what_reddit_sent() -> None:
    with cf.sandbox(messages=60, images=6) as world:
        frame = fetch(world, raw=True)
        for row in frame.to_dict("records"):
            assert json.loads(row["raw"])["name"] == row["message_id"]


def test_an_empty_subreddit_is_an_empty_table(small: World) -> None:
    frame = fetch(small, cf.Reddit("r/empty"))
    assert len(frame) == 0
    assert frame.attrs["chatframes"]["status"] == "open"
    assert "known     nothing" in str(cf.report(frame))


# --- where Reddit ends ----------------------------------------------------------------------------------------------


def test_the_report_says_where_reddits_list_ended_before_the_subreddit_did(small: World) -> None:
    frame = fetch(small, cf.Reddit("r/busy", posts="all", comments=0))
    assert len(frame) == 1000
    check_nothing_is_missing(frame)
    with pytest.warns(cf.IncompleteWarning, match="list ended"):
        frame = fetch(small, cf.Reddit("r/busy", posts="all", comments=0, since="2020-01-01"))
    (source,) = frame.attrs["chatframes"]["sources"]
    assert len(frame) == 1000
    assert source["status"] == "partial"
    (gap,) = source["gaps"]
    assert "1,000 posts" in gap["reason"]
    assert pd.Timestamp(gap["until"]) == frame["created_at"].min() + pd.Timedelta(seconds=1)


def test_inside_reddits_end_nothing_is_missing(small: World) -> None:
    newest = fetch(small, cf.Reddit("r/busy", posts=990, comments=0))
    assert len(newest) == 990
    assert newest.attrs["chatframes"]["status"] == "complete"
    day = newest["created_at"].max().strftime("%Y-%m-%d")
    last = fetch(small, cf.Reddit("r/busy", posts="all", comments=0, since=day))
    assert last.attrs["chatframes"]["status"] == "complete"
    assert 0 < len(last) < 990


def test_a_list_that_leads_back_is_read_to_its_end_all_the_same() -> None:
    with cf.sandbox(messages=20, images=0, faults=["reddit_cursor_loop"]) as world:
        frame = fetch(world, cf.Reddit("r/busy", posts=990, comments=0))
        assert len(frame) == 990
        assert frame.attrs["chatframes"]["status"] == "complete"


def test_in_another_order_the_end_of_the_list_proves_nothing(small: World) -> None:
    frame = fetch(small, cf.Reddit("r/busy", sort="top", posts="all", comments=0))
    (source,) = frame.attrs["chatframes"]["sources"]
    assert (source["status"], source["covered"]) == ("open", [])


def test_the_report_holds_the_comments_read_against_what_the_posts_say(world: World) -> None:
    frame = fetch(world)
    (source,) = frame.attrs["chatframes"]["sources"]
    said = int(frame["reply_count"].sum())
    got = int((frame["kind"] == "comment").sum())
    assert said > got
    assert f"{got:,} are here" in " ".join(source["notes"])
    assert f"{said:,}" in " ".join(source["notes"])


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("r/nosuchplace", "Reddit has no subreddit r/nosuchplace"),
        ("u/nobody", "Reddit has no profile u/nobody"),
        ("r/backstage", "is private"),
        ("r/offtopic", "is quarantined"),
        ("r/gone", "was banned"),
        ("t3_zzzzzz9", "Reddit has no post t3_zzzzzz9"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(what: str, says: str) -> None:
    with cf.sandbox(messages=20, images=0) as world, pytest.raises(cf.ChatNotFound, match=says):
        fetch(world, cf.Reddit(what))


def test_one_closed_subreddit_costs_the_others_nothing(world: World) -> None:
    with pytest.warns(cf.IncompleteWarning, match="is private"):
        frame = fetch(world, [cf.Reddit("r/backstage"), APOLLO])
    check_reddit(frame, expected(world))


# --- bad days -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", sampled(KEEPS_ON, 3))
def test_everything_arrives_under_each_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, 20)
    with cf.sandbox(faults=[fault]) as world:
        frame = fetch(world)
        check_reddit(frame, expected(world), fates_in(world, [fault]))
        check_nothing_is_missing(frame)
        stats = reddit(world)
        assert stats["parallel_morechildren"] == 0
        assert stats["hostile_hits"] == 0
        assert stats["picture_credentials"] == 0


def test_everything_arrives_under_all_faults_together(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, 20)
    with cf.sandbox(messages=600, images=120, faults=KEEPS_ON) as world:
        frame = fetch(world)
        check_reddit(frame, expected(world), fates_in(world, KEEPS_ON))


@pytest.mark.parametrize("fault", ["reddit_rate_limit", "reddit_rate_limit_date", "reddit_rate_limit_bare"])
def test_no_request_is_sent_while_reddit_asks_to_wait(fault: str) -> None:
    with cf.sandbox(messages=60, images=6, faults=[fault]) as world:
        check_reddit(fetch(world), expected(world))
        assert reddit(world)["early_requests"] == 0


def test_a_busy_budget_is_kept_and_shown_as_waiting() -> None:
    seen: list[cf.Event] = []
    with cf.sandbox(messages=600, images=10, rate_limits=True) as world:
        check_reddit(fetch(world, progress=seen.append), expected(world))
        assert reddit(world)["early_requests"] == 0
    assert any(event.kind == "waiting" and event.source == "reddit" for event in seen)


def test_a_day_long_wait_ends_at_once_with_what_was_read_and_says_when_to_go_on() -> None:
    with cf.sandbox(faults=["reddit_day_long"]) as world:
        with pytest.warns(cf.IncompleteWarning, match="asks to wait until"):
            frame = fetch(world)
        (source,) = frame.attrs["chatframes"]["sources"]
        assert source["status"] == "partial"
        assert source["gaps"]
        posts = [record for record in expected(world) if record["kind"] == "post"]
        assert set(frame.loc[frame["kind"] == "post", "message_id"]) == {record["message_id"] for record in posts}


def test_a_day_long_wait_of_one_key_is_nothing_to_another() -> None:
    with (
        cf.sandbox(messages=300, images=0, faults=["reddit_day_long"]) as spent,
        cf.sandbox(messages=60, images=0) as world,
    ):
        with pytest.warns(cf.IncompleteWarning, match="asks to wait until"):
            fetch(spent)
        with pytest.raises(cf.RateLimited, match="asks to wait until"):
            fetch(spent)
        check_reddit(fetch(world), expected(world))


def test_comments_that_cannot_be_had_are_named_and_the_others_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, 50)
    with cf.sandbox(faults=["reddit_comments_gone"]) as world:
        lost = world.afflicted("reddit_comments_gone")
        with pytest.warns(cf.IncompleteWarning, match="comments of 2 of"):
            frame = fetch(world)
        truth = expected(world)
        check_reddit(frame, [r for r in truth if r["kind"] == "post" or r["thread_id"] not in lost])
        (source,) = frame.attrs["chatframes"]["sources"]
        assert all(name in source["error"] for name in lost)
        oldest = min(r["created_at"] for r in truth if r["message_id"] in lost)
        assert pd.Timestamp(source["gaps"][0]["since"]) == oldest


@pytest.mark.parametrize("messages", sampled([300, 1500, 3000], 1))  # below, about, and beyond one page of posts
def test_comments_that_cannot_be_had_leave_a_gap_where_the_default_number_ended_the_list(
    messages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, 50)
    with cf.sandbox(messages=messages, images=0, faults=["reddit_comments_gone"]) as world:
        with pytest.warns(cf.IncompleteWarning, match="comments of 2 of"):
            frame = fetch(world, cf.Reddit("r/apollo"), images=False)
        lost = world.afflicted("reddit_comments_gone")
        oldest = min(r["created_at"] for r in expected(world) if r["message_id"] in lost)
    (source,) = cf.report(frame).sources
    assert source.status == "partial"
    assert pd.Timestamp(source.gaps[-1].since) == oldest
    assert pd.Timestamp(source.covered[-1].until) == oldest


@pytest.mark.parametrize(("messages", "sort"), sampled(product([300, 1500, 3000], ["new", "top"]), 2))
def test_all_comments_of_a_number_of_posts_come_in_every_order(messages: int, sort: str) -> None:
    with cf.sandbox(messages=messages, images=0) as world:
        frame = fetch(world, cf.Reddit("r/apollo", sort=sort, posts=20, comments="all"), images=False)
        posts = set(frame.loc[frame["kind"] == "post", "message_id"])
        assert len(posts) == 20
        check_reddit(frame, [r for r in expected(world) if r["thread_id"] in posts], images=False)
        assert cf.report(frame).status == "complete"


# --- logging in -----------------------------------------------------------------------------------------------------


def config(world: World, **section: Any) -> dict[str, Any]:
    return {**world.config, "reddit": {**world.config["reddit"], **section}}


def test_no_key_is_explained_in_five_lines_and_asks_nothing(small: World) -> None:
    keys = ("reddit_url", "oauth_url")
    bare = {**small.config, "reddit": {key: small.config["reddit"][key] for key in keys}}
    with pytest.raises(cf.AuthError) as caught:
        cf.fetch(APOLLO, config=bare, progress=False)
    told = str(caught.value)
    assert told.startswith("No Reddit credentials are configured.")
    assert "REDDIT_CLIENT_ID" in told
    assert "Responsible Builder Policy" in told
    assert "sandbox" in told
    assert len(told.splitlines()) <= 6
    assert reddit(small)["tokens"] == 0


def test_a_refused_key_is_explained_the_same_way_and_never_shown() -> None:
    with cf.sandbox(messages=20, images=0) as world, pytest.raises(cf.AuthError) as caught:
        cf.fetch(APOLLO, config=config(world, client_secret="5ec2e7-wrong"), progress=False)
    assert "refused client_id and client_secret" in str(caught.value)
    assert "REDDIT_CLIENT_ID" in str(caught.value)
    assert "5ec2e7" not in str(caught.value) + repr(vars(caught.value))


def test_a_missing_key_of_one_service_costs_the_others_nothing() -> None:
    with cf.sandbox(messages=60, images=6) as world:
        keyless = {name: section for name, section in world.config.items() if name != "reddit"}
        with pytest.warns(cf.IncompleteWarning, match="No Reddit credentials"):
            frame = cf.fetch([APOLLO, cf.Webex("Project Apollo")], config=keyless, progress=False)
        assert len(frame) == 60


@pytest.mark.parametrize("how", ["script", "refresh token"])
def test_a_login_of_ones_own_works_too(how: str) -> None:
    with cf.sandbox(messages=60, images=6) as world:
        section = world.reddit_login if how == "script" else {"refresh_token": world.reddit_refresh_token}
        frame = cf.fetch(APOLLO, config=config(world, **section), progress=False)
        check(frame, expected(world), images=False)
        assert reddit(world)["tokens"] == 1


@pytest.mark.parametrize("wrong", [{"password": "5ec2e7-wrong"}, {"refresh_token": "5ec2e7-wrong"}])
def test_a_wrong_password_or_refresh_token_is_a_sentence(wrong: dict[str, str], small: World) -> None:
    section = {**small.reddit_login, **wrong} if "password" in wrong else wrong
    with pytest.raises(cf.AuthError, match="invalid_grant") as caught:
        cf.fetch(APOLLO, config=config(small, **section), progress=False)
    assert "5ec2e7" not in str(caught.value)


def test_the_next_call_uses_the_same_token() -> None:
    with cf.sandbox(messages=60, images=6) as world:
        fetch(world)
        fetch(world, cf.Reddit("r/telescopes"))
        assert reddit(world)["tokens"] == 1


def test_a_praw_ini_in_the_folder_sends_nothing_elsewhere(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "praw.ini").write_text("[DEFAULT]\nusername=somebody\npassword=else\ncomment_kind=t9\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("praw_client_id", "another")
    monkeypatch.setattr("asyncpraw.config.Config.CONFIG", None)
    with cf.sandbox(messages=60, images=6) as world:
        check_reddit(fetch(world), expected(world))


def test_no_secret_shows_wherever_one_looks(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    hurry(monkeypatch, 50)
    seen: list[object] = []
    with cf.sandbox(messages=60, images=12, faults=["reddit_token_expires", "reddit_html_page"]) as world:
        canary = "5ec2e7-" * 5
        secrets = [canary, world.config["reddit"]["client_secret"], *world.reddit_login.values()]
        errors: list[BaseException] = []
        wrong = {**world.reddit_login, "password": canary}
        for section in ({"client_secret": canary}, wrong, {"refresh_token": canary}):
            with pytest.raises(cf.ChatframesError) as caught:
                cf.fetch(APOLLO, config=cf.load_config(config(world, **section)), progress=seen.append)
            errors.append(caught.value)
        with pytest.raises(cf.ChatframesError) as caught:
            cf.fetch(cf.Reddit("r/backstage"), config=cf.load_config(world.config), progress=seen.append)
        errors.append(caught.value)
        with_login = cf.load_config(config(world, **world.reddit_login))
        frame = cf.fetch(APOLLO, images=True, raw=True, config=with_login, progress=seen.append)
        tokens = world.reddit_tokens
    assert tokens
    cf.write_parquet(frame, "all.parquet")
    with open("all.parquet", "rb") as file:
        contents = file.read()
    looks = [repr(with_login), frame.drop(columns="images").to_csv(), json.dumps(frame.attrs), caplog.text]
    looks += [*map(repr, seen), *capsys.readouterr()]
    for error in errors:
        looks += [str(error), repr(error), repr(vars(error))]
        of_ours = error.with_traceback(error.__traceback__.tb_next if error.__traceback__ else None)
        looks.append("".join(traceback.TracebackException.from_exception(of_ours, capture_locals=True).format()))
        assert error.__cause__ is None
        assert error.__context__ is None
    for secret in [*secrets[:-2], world.reddit_login["password"], *tokens]:
        assert [line for look in looks for line in look.splitlines() if secret in line] == []
        assert secret.encode() not in contents


# --- at once --------------------------------------------------------------------------------------------------------


def test_twenty_pictures_at_once_are_the_most_across_several_fetches() -> None:
    with cf.sandbox(messages=300, images=120, latency_ms=30) as world:

        async def three() -> None:
            sources = [APOLLO, cf.Reddit("r/telescopes"), cf.Reddit("r/apollo", sort="top", posts="all")]
            # All twenty at once from the start: learning how many each host takes would need more pictures.
            config = {**world.config, "downloads": {**world.config["downloads"], "adaptive": False}}
            await asyncio.gather(*(cf.fetch_async(one, images=True, config=config, progress=False) for one in sources))

        asyncio.run(three())
        stats = reddit(world)
    assert stats["peak_pictures"] == 20
    assert stats["peak_pages"] == 1
    assert stats["parallel_morechildren"] == 0
    assert stats["tokens"] == 1


def test_all_three_services_make_one_table_and_one_report(world: World) -> None:
    sources = [cf.Webex("Project Apollo"), cf.Telegram("@apollo"), APOLLO]
    frame = cf.fetch(sources, images=True, config=world.config, progress=False)
    assert frame["platform"].value_counts().to_dict() == {"webex": 300, "telegram": 300, "reddit": 300}
    check_reddit(frame[frame["platform"] == "reddit"], expected(world))
    report = cf.report(frame)
    assert [source.status for source in report.sources] == ["complete", "complete", "open"]
    assert report.status == "open"
    assert len(report.sources) == 3
    cf.write_parquet(frame, "three.parquet")
    again = cf.read_parquet("three.parquet")
    assert list(again["uid"]) == list(frame["uid"])
    assert again["n_images"].sum() == frame["n_images"].sum() == 180


def test_a_stream_holds_the_same_rows(world: World) -> None:

    async def all_of_it() -> list[pd.DataFrame]:
        return [batch async for batch in cf.stream(APOLLO, images=True, config=world.config)]

    batches = asyncio.run(all_of_it())
    ids = [name for batch in batches for name in batch["message_id"]]
    assert sorted(ids) == sorted(record["message_id"] for record in expected(world))
    depths = {row.message_id: row.depth for batch in batches for row in batch.itertuples()}
    assert depths == {record["message_id"]: record["depth"] for record in expected(world)}


def test_a_long_run_says_beforehand_what_it_will_take() -> None:
    seen: list[cf.Event] = []
    with cf.sandbox(messages=1600, images=0) as world:
        fetch(world, progress=seen.append)
    (notice,) = [event.note for event in seen if event.kind == "notice"]
    assert "requests for comments" in notice
    assert "an interrupt keeps what was read" in notice


# --- naive code -----------------------------------------------------------------------------------------------------


def test_naive_asyncpraw_loses_comments_and_pictures() -> None:
    import asyncpraw

    with cf.sandbox() as world:
        section = world.config["reddit"]

        async def naive() -> tuple[set[str], set[str]]:
            names, pictures = set(), set()
            async with asyncpraw.Reddit(**section, check_for_updates=False) as client:
                subreddit = await client.subreddit("apollo")
                async for post in subreddit.new(limit=None):
                    names.add(post.fullname)
                    for item in (getattr(post, "gallery_data", None) or {}).get("items", []):
                        pictures.add(item["media_id"])
                    await post.load()
                    await post.comments.replace_more(limit=0)
                    names |= {comment.fullname for comment in post.comments.list()}
            return names, pictures

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            names, pictures = asyncio.run(naive())
        truth = expected(world)
        there = {cell["source_id"] for record in truth for cell in record["media"] if cell["is_image"]}
    assert names < {record["message_id"] for record in truth}
    assert not there <= pictures
