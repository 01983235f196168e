"""The sandbox's Reddit as others see it: a plain httpx client, and asyncpraw, which knows nothing of chatframes."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpraw
import asyncprawcore
import httpx
import pytest

from chatframes.errors import ConfigError
from chatframes.world.reddit.faults import FAULTS as REDDIT_FAULTS
from chatframes.world.sandbox import World, sandbox
from chatframes.world.telegram.faults import FAULTS as TELEGRAM_FAULTS
from chatframes.world.webex.faults import FAULTS

# How asyncprawcore hands its client's secret to aiohttp is between the two.
pytestmark = pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning")

END = datetime(2026, 11, 1, tzinfo=UTC)
PATIENCE_SECONDS = 30  # httpx waits 5, which a busy machine may need for the first answer: the world is made then
IMAGE_FAULTS = [name for name, one in REDDIT_FAULTS.items() if one.share != "none"]
PASSING = {  # what a request meets, and what it looks like
    "reddit_rate_limit": "429",
    "reddit_rate_limit_date": "429",
    "reddit_rate_limit_bare": "429",
    "reddit_server_error": "503",
    "reddit_html_page": "html",
    "reddit_broken_json": "broken",
    "reddit_reset": "reset",
}
Thing = dict[str, Any]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with sandbox() as running:
        yield running


# --- httpx ----------------------------------------------------------------------------------------------------------


def log_in(world: World, **form: str) -> httpx.Response:
    section = world.config["reddit"]
    return httpx.post(
        f"{section['reddit_url']}/api/v1/access_token",
        data={"grant_type": "client_credentials", **form},
        auth=httpx.BasicAuth(section["client_id"], section["client_secret"]),
        trust_env=False,
        verify=False,
    )


def client(world: World, token: str | None = None) -> httpx.Client:
    """A client of the API with a token of its own."""
    token = log_in(world).json()["access_token"] if token is None else token
    headers, params = {"Authorization": f"bearer {token}"}, {"raw_json": "1"}
    return httpx.Client(
        base_url=world.config["reddit"]["oauth_url"],
        headers=headers,
        params=params,
        trust_env=False,
        verify=False,
        timeout=PATIENCE_SECONDS,
    )


def strangers(accept: str = "image/*") -> httpx.Client:
    """A client without any credential, for pictures."""
    headers = {"Accept": accept, "Accept-Encoding": "identity"}
    return httpx.Client(headers=headers, trust_env=False, verify=False, timeout=PATIENCE_SECONDS)


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer
    return [child["data"]["name"] for child in answer.json()["data"]["children"]]


def everything(http: httpx.Client, path: str, **query: str) -> list[Thing]:
    """Every post of a list, by the book: from page to page until there is no `after`."""
    posts: list[Thing] = []
    after: str | None = ""
    while after is not None:
        page = http.get(path, params={"limit": "100", "after": after, **query}).json()["data"]
        posts += [child["data"] for child in page["children"]]
        after = page["after"]
        assert len(posts) < 5_000, "a list without an end"
    return posts


def outcome(http: httpx.Client, path: str = "r/apollo/about") -> str:
    """What becomes of one request, in a word."""
    try:
        answer = http.get(path)
    except httpx.TransportError:
        return "reset"
    if answer.status_code != 200:
        return str(answer.status_code)
    if "html" in answer.headers["Content-Type"]:
        return "html"
    try:
        answer.json()
    except ValueError:
        return "broken"
    return "good"


def reddit(world: World) -> dict[str, Any]:
    stats: dict[str, Any] = world.stats()["reddit"]
    return stats


def posts_of(world: World, name: str = "apollo") -> list[Thing]:
    """The truth's posts, the newest first."""
    found = [record for record in world.expected(name, platform="reddit") if record["kind"] == "post"]
    return sorted(found, key=lambda record: (record["created_at"], int(record["message_id"][3:], 36)), reverse=True)


def comments_of(world: World, post: str) -> set[str]:
    return {
        record["message_id"]
        for record in world.truth["messages"]
        if record["platform"] == "reddit" and record["thread_id"] == post and record["kind"] == "comment"
    }


def talked_about(world: World) -> str:
    """The post with most comments."""
    return max((post["message_id"] for post in posts_of(world)), key=lambda name: len(comments_of(world, name)))


# Coming in


def test_a_token_is_for_those_who_know_the_clients_secret_or_log_in(world: World) -> None:
    answer = log_in(world)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope"}
    assert answer.json()["access_token"] in world.reddit_tokens
    assert log_in(world, grant_type="password", **world.reddit_login).status_code == 200
    assert log_in(world, grant_type="refresh_token", refresh_token=world.reddit_refresh_token).status_code == 200
    for wrong, status in (  # Reddit refuses a password with a success
        ({"grant_type": "password", **world.reddit_login, "password": "wrong"}, 200),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, 400),
    ):
        refused = log_in(world, **wrong)
        assert (refused.status_code, refused.json()) == (status, {"error": "invalid_grant"})


def test_a_wrong_client_gets_no_token(world: World) -> None:
    url = f"{world.config['reddit']['reddit_url']}/api/v1/access_token"
    for auth in (None, httpx.BasicAuth(world.config["reddit"]["client_id"], "wrong")):
        answer = httpx.post(url, data={"grant_type": "client_credentials"}, auth=auth, trust_env=False, verify=False)
        assert answer.status_code == 401
        assert answer.json() == {"message": "Unauthorized", "error": 401}


def test_nothing_is_told_without_a_token(world: World) -> None:
    for credential in (None, "bearer wrong", f"bearer {world.config['reddit']['client_secret']}", "basic eDp5"):
        with client(world, "wrong") as http:
            del http.headers["Authorization"]
            answer = http.get("r/apollo/new", headers={"Authorization": credential} if credential else {})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="reddit", error="invalid_token"'
        assert "children" not in answer.text


def test_each_answer_tells_what_is_left_of_the_budget(world: World) -> None:
    with client(world) as http:
        for path in ("r/apollo/new", "r/apollo/about", "r/nosuchplace/new", "comments/zzzzzz"):
            headers = http.get(path).headers
            told = [headers[f"x-ratelimit-{name}"] for name in ("used", "remaining", "reset")]
            assert told == ["3", "997.0", "512"]


def test_a_busy_reddit_gives_sixty_calls_in_ten_seconds_and_no_more() -> None:
    with sandbox(messages=20, images=0, rate_limits=True) as world, client(world) as http:
        answers = [http.get("r/apollo/about") for _ in range(62)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429] * 2
    left = [float(answer.headers["x-ratelimit-remaining"]) for answer in answers]
    assert left[:60] == [float(number) for number in range(59, -1, -1)]
    assert "Retry-After" not in answers[-1].headers
    assert 0 < int(answers[-1].headers["x-ratelimit-reset"]) <= 10


# Lists


def test_the_new_posts_are_all_of_them_the_newest_first(world: World) -> None:
    with client(world) as http:
        posts = everything(http, "r/apollo/new")
    assert [post["name"] for post in posts] == [record["message_id"] for record in posts_of(world)]
    assert [post["created_utc"] for post in posts] == sorted((post["created_utc"] for post in posts), reverse=True)
    assert any(post["stickied"] for post in posts[1:]), "what is pinned keeps its place in time"


def test_the_other_orders_hold_the_same_posts(world: World) -> None:
    wanted = {record["message_id"] for record in posts_of(world)}
    with client(world) as http:
        hot, top = everything(http, "r/apollo/hot"), everything(http, "r/apollo/top", t="all")
        for sort in ("rising", "controversial"):
            assert {post["name"] for post in everything(http, f"r/apollo/{sort}")} == wanted
    assert {post["name"] for post in hot} == {post["name"] for post in top} == wanted
    pinned = [post["stickied"] for post in hot]
    assert pinned[0]
    assert pinned == sorted(pinned, reverse=True)
    assert [post["score"] for post in top] == sorted((post["score"] for post in top), reverse=True)


def test_the_best_of_a_week_are_of_that_week(world: World) -> None:
    with client(world) as http:
        week = everything(http, "r/apollo/top", t="week")
    since = END - timedelta(days=7)
    wanted = {record["message_id"] for record in posts_of(world) if record["created_at"] >= since}
    assert {post["name"] for post in week} == wanted
    assert 0 < len(week) < len(posts_of(world))


def test_pages_are_as_long_as_asked_for_and_never_longer_than_a_hundred(world: World) -> None:
    with client(world) as http:
        assert len(names(http.get("r/busy/new"))) == 25
        assert len(names(http.get("r/busy/new", params={"limit": "7"}))) == 7
        assert len(names(http.get("r/busy/new", params={"limit": "1024"}))) == 100
        first = http.get("r/busy/new", params={"limit": "7"}).json()["data"]
        assert first["after"] == first["children"][-1]["data"]["name"]
        second = names(http.get("r/busy/new", params={"limit": "7", "after": first["after"]}))
    assert second == [record["message_id"] for record in posts_of(world, "busy")][7:14]


@pytest.mark.parametrize("sort", ["new", "top"])
def test_a_list_ends_at_a_thousand_posts_whatever_there_is(world: World, sort: str) -> None:
    assert len(posts_of(world, "busy")) == 1200
    with client(world) as http:
        posts = everything(http, f"r/busy/{sort}")
    assert len({post["name"] for post in posts}) == len(posts) == 1000


def test_several_subreddits_are_one_list_and_all_is_every_public_one(world: World) -> None:
    both = [record["message_id"] for name in ("apollo", "telescopes") for record in posts_of(world, name)]
    with client(world) as http:
        assert sorted(post["name"] for post in everything(http, "r/Apollo+telescopes/new")) == sorted(both)
        everywhere = {post["subreddit"] for post in everything(http, "r/all/new")}
        assert names(http.get("r/empty/new")) == []
    assert everywhere == {"apollo", "telescopes", "busy"}


def test_a_search_holds_the_posts_with_the_word_and_no_others(world: World) -> None:
    word = max((word for record in posts_of(world) for word in record["title"].split() if word.isalpha()), key=len)
    with client(world) as http:
        here = everything(http, "r/apollo/search", q=word.upper(), restrict_sr="on", sort="new")
        everywhere = everything(http, "search", q=word)
        assert names(http.get("r/apollo/search", params={"q": "xyzzyplugh", "restrict_sr": "on"})) == []
    assert here
    assert len(here) < len(posts_of(world))
    assert {post["name"] for post in here} <= {post["name"] for post in everywhere}
    wanted = {r["message_id"] for r in posts_of(world) if word.lower() in f"{r['title']} {r['markup'] or ''}".lower()}
    assert {post["name"] for post in here} == wanted


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [("backstage", 403, "private"), ("offtopic", 403, "quarantined"), ("gone", 404, "banned")],
)
def test_closed_subreddits_say_why(world: World, name: str, status: int, reason: str) -> None:
    with client(world) as http:
        for path in (f"r/{name}/new", f"r/{name}/about"):
            answer = http.get(path)
            told = (answer.status_code, answer.json()["reason"], answer.json()["error"])
            assert told == (status, reason, status)
        assert len(names(http.get(f"r/{name}+apollo/new"))) > 0


def test_what_nobody_knows_leads_to_a_search_or_is_not_found(world: World) -> None:
    with client(world) as http:
        answer = http.get("r/nosuchplace/new")
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith("/subreddits/search?q=nosuchplace")
        assert http.get("comments/zzzzzz").status_code == 404
        assert http.get("r/apollo/s/nosuchlink").status_code == 404


def test_a_share_link_leads_to_the_permalink_at_reddits_own_address(world: World) -> None:
    with client(world) as http:
        for path, permalink in world.reddit_share_links.items():
            answer = http.get(path)
            assert answer.status_code == 302
            assert answer.headers["Location"].partition("?")[0] == f"https://www.reddit.com{permalink}"


def test_things_are_had_by_name_a_hundred_at_once_and_the_unknown_are_left_out(world: World) -> None:
    post = talked_about(world)
    comment = sorted(comments_of(world, post))[0]
    with client(world) as http:
        assert names(http.get("api/info", params={"id": f"{comment},t3_zzzzzz,{post}"})) == [comment, post]


def test_only_who_asks_for_raw_json_gets_texts_as_they_were_written(world: World) -> None:
    with client(world) as http:
        raw = http.get("r/apollo/new", params={"limit": "100"}).json()
        escaped = http.get("r/apollo/new", params={"limit": "100", "raw_json": "0"}).json()
    assert raw != escaped
    assert "&amp;" not in json.dumps([child["data"].get("media_metadata") for child in raw["data"]["children"]])
    assert "&amp;" in json.dumps([child["data"].get("media_metadata") for child in escaped["data"]["children"]])


# Threads


def flat(listing: Any) -> list[Thing]:
    """Everything in a tree of comments, "more" included."""
    things = []
    for child in listing["data"]["children"] if listing else ():
        things.append(child)
        things += flat(child["data"].get("replies"))
    return things


def thread(http: httpx.Client, post: str, **query: str) -> list[Thing]:
    answer = http.get(f"comments/{post.removeprefix('t3_')}", params=query)
    assert answer.status_code == 200
    (of_post, comments) = answer.json()
    assert [child["data"]["name"] for child in of_post["data"]["children"]] == [post]
    return flat(comments)


def split(things: list[Thing]) -> tuple[list[Thing], list[Thing]]:
    return [one["data"] for one in things if one["kind"] == "t1"], [
        one["data"] for one in things if one["kind"] == "more"
    ]


def more(http: httpx.Client, post: str, *children: str) -> httpx.Response:
    return http.post(
        "api/morechildren",
        data={"api_type": "json", "link_id": post, "children": ",".join(children), "sort": "confidence"},
    )


@pytest.mark.parametrize("limit", [3, 10, 20])
def test_a_thread_gives_fewer_than_asked_for_and_counts_what_it_hides(world: World, limit: int) -> None:
    post = talked_about(world)
    there = comments_of(world, post)
    with client(world) as http:
        comments, hidden = split(thread(http, post, limit=str(limit)))
    given = {comment["name"] for comment in comments}
    assert given < there
    assert 0 < len(given) <= limit
    for comment in comments:
        assert comment["parent_id"] in {post, *given}, "nobody comes without the parent"
    assert len(given) + sum(one["count"] for one in hidden) == len(there)
    assert not given & {f"t1_{child}" for one in hidden for child in one["children"]}


def test_no_answer_goes_deeper_than_ten_levels_and_a_thread_goes_on_where_it_is_asked_to(world: World) -> None:
    post = talked_about(world)
    levels = max(r["depth"] for r in world.expected("apollo", platform="reddit") if r["thread_id"] == post)
    assert levels > 10
    further, given = None, set()
    with client(world) as http:
        rest = thread(http, post, limit="500")
        while rest and further is None:
            one = rest.pop()
            if one["kind"] == "t1":
                given.add(one["data"]["name"])
            elif one["data"]["count"]:
                rest += more(http, post, *one["data"]["children"]).json()["json"]["data"]["things"]
            else:
                further = one["data"]
        assert further is not None
        assert (further["id"], further["children"]) == ("_", [])
        parent = further["parent_id"].removeprefix("t1_")
        below = thread(http, post, comment=parent)
        slugged = http.get(f"comments/{post.removeprefix('t3_')}/_/{parent}/.json")
    assert below[0]["data"]["name"] == further["parent_id"]
    deeper, _ = split(below[1:])
    assert deeper
    assert {one["name"] for one in deeper}.isdisjoint(given)
    assert max(one["depth"] for one in deeper) < 10
    assert flat(slugged.json()[1]) == below


def test_what_is_hidden_comes_flat_the_parents_first(world: World) -> None:
    post = talked_about(world)
    with client(world) as http:
        comments, hidden = split(thread(http, post, limit="5"))
        biggest = max(hidden, key=lambda one: one["count"])
        things = more(http, post, *biggest["children"]).json()["json"]["data"]["things"]
    known = {post, *(comment["name"] for comment in comments)}
    for one in things:
        assert one["data"]["parent_id"] in known
        known.add(one["data"]["name"])
        assert not one["data"].get("replies")
    assert {f"t1_{child}" for child in biggest["children"]} <= known


# Pictures


def urls(world: World, *, mime: bool = False) -> dict[str, Thing]:
    """The pictures of r/apollo by source_id; with `mime` only those that Reddit tells the type of."""
    return {
        media["source_id"]: media
        for record in world.expected("apollo", platform="reddit")
        for media in record["media"]
        if media["is_image"] and (media["declared_mime"] or not mime)
    }


def signed(world: World) -> dict[str, str]:
    """The signed addresses of the copies, by the picture's id."""
    with client(world) as http:
        posts = everything(http, "r/apollo/new")
    entries = {key: entry for post in posts for key, entry in (post.get("media_metadata") or {}).items()}
    return {key: entry["s"]["u"] for key, entry in entries.items() if "u" in entry.get("s", {})}


def test_every_picture_is_what_the_truth_says(world: World) -> None:
    copies, slugged = signed(world), 0
    with strangers() as http:
        for id_, media in urls(world).items():
            answer = http.get(media["url"])
            if answer.status_code != 200:  # known by its copy only, whose name holds the title's words
                slugged += 1
                assert id_ not in copies
                continue
            assert hashlib.sha256(answer.content).hexdigest() == media["sha256"]
            assert len(answer.content) == media["size"]
            assert answer.headers["Content-Type"] == media["mime"]
    assert slugged <= 2


def test_a_copy_is_given_for_its_signature_only(world: World) -> None:
    url = next(iter(signed(world).values()))
    with strangers() as http:
        assert http.get(url).status_code == 200
        for wrong in (url.partition("?")[0], url + "&x=1", url[:-1], url.replace("width=640", "width=641")):
            assert http.get(wrong).status_code == 403


def test_a_name_with_the_titles_words_is_refused_among_the_originals(world: World) -> None:
    site = world.config["reddit"]["reddit_url"]
    with strangers() as http:
        assert http.get(f"{site}/i.redd.it/some-title-v0-abcdef1234567.jpeg").status_code == 403
        assert http.get(f"{site}/i.redd.it/abcdef1234567.jpeg").status_code == 404
        assert http.get(f"{site}/preview.redd.it/abcdef1234567.jpeg?s=1").status_code == 404


def test_who_takes_a_page_gets_a_page() -> None:
    with sandbox(messages=60, images=12) as world:
        url = next(iter(urls(world, mime=True).values()))["url"]
        with strangers("text/html,image/*") as http:
            answer = http.get(url)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")
        assert reddit(world)["html_accepts"] == 1
        assert not reddit(world)["picture_gets"]


def test_a_strangers_page_is_no_picture_whatever_its_name(world: World) -> None:
    with client(world) as http:
        pages = [post["url"] for post in everything(http, "r/apollo/new") if post["url"].endswith(".gifv")]
    with strangers() as http:
        for url in pages:
            assert http.get(url).headers["Content-Type"].startswith("text/html")
    assert pages


# --- asyncpraw ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def praw(world: World, **more: Any) -> AsyncIterator[asyncpraw.Reddit]:
    async with asyncpraw.Reddit(**world.config["reddit"], check_for_updates=False, **more) as client:
        yield client


def ask(world: World, question: Callable[[asyncpraw.Reddit], Awaitable[Any]], **more: Any) -> Any:
    async def run() -> Any:
        async with praw(world, **more) as client:
            return await question(client)

    return asyncio.run(run())


async def listed(client: asyncpraw.Reddit, name: str, sort: str = "new", **more: Any) -> list[Any]:
    subreddit = await client.subreddit(name)
    return [post async for post in getattr(subreddit, sort)(limit=None, **more)]


def test_asyncpraw_lists_all_posts(world: World) -> None:
    found = ask(world, lambda client: listed(client, "apollo"))
    assert [post.fullname for post in found] == [record["message_id"] for record in posts_of(world)]
    both = ask(world, lambda client: listed(client, "apollo+telescopes", "hot"))
    assert {post.subreddit.display_name for post in both} == {"apollo", "telescopes"}
    assert len(ask(world, lambda client: listed(client, "busy", "top", time_filter="all"))) == 1000


def test_asyncpraw_finds_every_comment_of_every_post(world: World) -> None:
    async def whole(client: asyncpraw.Reddit) -> dict[str, list[Any]]:
        found = {}
        for post in await listed(client, "apollo"):
            post.comment_limit = 10  # so that most is hidden
            await post.load()
            await post.comments.replace_more(limit=None)
            found[post.fullname] = post.comments.list()
        return found

    found = ask(world, whole)
    for name, comments in found.items():
        assert sorted(comment.fullname for comment in comments) == sorted(comments_of(world, name))
    truth = {record["message_id"]: record for record in world.expected("apollo", platform="reddit")}
    for comment in (comment for comments in found.values() for comment in comments):
        record = truth[comment.fullname]
        assert comment.parent_id == record["parent_id"]
        assert (comment.author.name if comment.author else None) == record["author_name"]
        assert comment.created_utc == record["created_at"].timestamp()
    assert len(found) + sum(map(len, found.values())) == 300
    assert reddit(world)["parallel_morechildren"] == 0


def test_asyncpraw_loses_what_is_hidden_when_it_does_not_ask_for_it(world: World) -> None:
    async def careless(client: asyncpraw.Reddit) -> list[str]:
        post = await client.submission(talked_about(world).removeprefix("t3_"), fetch=False)
        post.comment_limit = 20
        await post.load()
        left = await post.comments.replace_more(limit=0)
        assert left
        return [comment.fullname for comment in post.comments.list()]

    assert set(ask(world, careless)) < comments_of(world, talked_about(world))


def test_asyncpraw_searches_looks_up_and_logs_in(world: World) -> None:
    post = posts_of(world)[0]

    async def several(client: asyncpraw.Reddit) -> None:
        subreddit = await client.subreddit("apollo", fetch=True)
        assert f"t5_{subreddit.id}" == post["chat_id"]
        word = max(post["title"].split(), key=len)
        assert post["message_id"] in [one.fullname async for one in subreddit.search(word)]
        (found,) = [one async for one in client.info(fullnames=[post["message_id"], "t3_zzzzzz"])]
        assert found.title == post["title"]

    ask(world, several)
    assert len(ask(world, lambda client: listed(client, "telescopes"), **world.reddit_login)) == 8
    refresh = {"refresh_token": world.reddit_refresh_token}
    assert len(ask(world, lambda client: listed(client, "telescopes"), **refresh)) == 8
    with pytest.raises(asyncprawcore.OAuthException, match="invalid_grant"):
        ask(world, lambda client: listed(client, "telescopes"), **{**world.reddit_login, "password": "wrong"})


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nosuchplace", asyncprawcore.Redirect),
        ("backstage", asyncprawcore.Forbidden),
        ("offtopic", asyncprawcore.Forbidden),
        ("gone", asyncprawcore.NotFound),
    ],
)
def test_asyncpraw_meets_the_errors_it_meets_at_reddit(world: World, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(world, lambda client: listed(client, name))


# --- what is counted ------------------------------------------------------------------------------------------------


def test_expanding_two_threads_at_once_is_refused_and_counted() -> None:
    async def naive(client: asyncpraw.Reddit) -> list[Any]:
        posts = [post for post in await listed(client, "apollo") if post.num_comments > 10]
        for post in posts:
            post.comment_limit = 5
            await post.load()
        return await asyncio.gather(
            *(post.comments.replace_more(limit=None) for post in posts[:4]), return_exceptions=True
        )

    with sandbox() as world:
        ends = ask(world, naive)
        refused = [one for one in ends if isinstance(one, asyncprawcore.TooManyRequests)]
        assert refused
        assert all(one.retry_after is None for one in refused)
        assert reddit(world)["parallel_morechildren"] >= len(refused)


def test_stats_count_calls_tokens_and_pictures_and_can_begin_anew() -> None:
    with sandbox(messages=60, images=12) as world:
        with client(world) as http:
            http.get("r/apollo/new")
            http.get("r/apollo/about")
            thread(http, posts_of(world)[0]["message_id"])
        id_, media = next(iter(urls(world, mime=True).items()))
        with strangers() as http:
            for _ in range(2):
                http.get(media["url"])
        stats = reddit(world)
        assert stats["tokens"] == 1
        assert stats["calls"] == {"listing": 1, "about": 1, "comments": 1}
        assert stats["picture_gets"] == {id_: 2}
        assert stats["picture_bytes"] == {id_: 2 * media["size"]}
        assert (stats["peak_pictures"], stats["peak_pages"]) == (1, 1)
        world.reset_stats()
        assert reddit(world)["tokens"] == 0
        assert reddit(world)["picture_gets"] == {}
    assert reddit(world)["calls"] == {}, "the last stats stay"


def test_what_a_request_for_a_picture_should_not_carry_is_counted() -> None:
    with sandbox(messages=300, images=60) as world, strangers() as http:
        media = [one for one in urls(world).values() if one["url"].startswith("http")]
        own = next(one for one in media if "/i.redd.it/" in one["url"])["url"]
        foreign = next(one for one in media if one["source_id"] == one["url"])["url"]
        for url in (own, foreign):
            http.get(url, headers={"Authorization": "bearer x"})
            http.cookies.clear()
            http.get(url, headers={"Cookie": "a=b"})
            http.cookies.clear()
        assert (reddit(world)["picture_credentials"], reddit(world)["picture_cookies"]) == (2, 2)


def test_several_at_once_are_seen_at_once() -> None:
    with sandbox(messages=60, images=24, latency_ms=50) as world:

        async def together() -> None:
            async with httpx.AsyncClient(trust_env=False, verify=False, headers={"Accept": "image/*"}) as http:
                await asyncio.gather(*(http.get(one["url"]) for one in list(urls(world).values())[:6]))

        asyncio.run(together())
        stats = reddit(world)
        assert 1 < stats["peak_pictures"] <= 6
        assert stats["peak_connections"] >= stats["peak_pictures"]


def test_a_request_inside_a_wait_is_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "chatframes.world.awake._THREADS", "/nowhere"
    )  # so that every second counts, on busy machines too
    with sandbox(messages=20, images=0, faults=["reddit_rate_limit"]) as world, client(world) as http:
        for _ in range(20_000):  # until half of the second that was asked for is over
            outcome(http)
            if reddit(world)["early_requests"]:
                break
        assert reddit(world)["early_requests"] == 1


def test_config_allows_the_ports_where_pictures_are_and_no_other(world: World) -> None:
    allowed = world.config["downloads"]["allowed_private_hosts"]
    assert world.config["reddit"]["reddit_url"].removeprefix("http://") in allowed
    assert world.foreign_host in allowed
    assert world.config["reddit"]["oauth_url"].removeprefix("http://") not in allowed
    stranger = next(one["url"] for one in urls(world).values() if one["source_id"] == one["url"])
    assert stranger.removeprefix("http://").partition("/")[0] in allowed
    assert len(allowed) == 3


def test_expected_knows_a_subreddit_by_its_names_and_its_id(world: World) -> None:
    by_name = world.expected("r/apollo", platform="reddit")
    assert len(by_name) == 300
    assert by_name == world.expected("apollo", platform="reddit")
    assert by_name == world.expected(by_name[0]["chat_id"], platform="reddit")
    assert all(one in world.truth["messages"] for one in by_name[:3])
    with pytest.raises(ConfigError, match="0 chats are called 'nosuchplace'"):
        world.expected("nosuchplace", platform="reddit")


# --- bad days -------------------------------------------------------------------------------------------------------


def test_every_fault_says_what_it_does_and_is_told_apart_from_the_others() -> None:
    assert all(one.does.endswith(".") and one.on for one in REDDIT_FAULTS.values())
    assert all(name.startswith("reddit_") for name in REDDIT_FAULTS)
    assert not REDDIT_FAULTS.keys() & (FAULTS.keys() | TELEGRAM_FAULTS.keys())
    with pytest.raises(ConfigError, match=r"no fault is called reddit_rain; did you mean"):
        sandbox(faults=["reddit_rain"])


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_meets_a_request_twice_and_never_again(fault: str) -> None:
    with sandbox(messages=20, images=0, faults=[fault]) as world, client(world) as http:
        seen = Counter(outcome(http) for _ in range(40))
    assert seen == {PASSING[fault]: 2, "good": 38}


def test_all_faults_that_pass_together_refuse_a_request_at_most_twice() -> None:
    with sandbox(messages=20, images=0, faults=PASSING) as world, client(world) as http:
        seen = [outcome(http) for _ in range(10)]
    assert seen.count("good") == 8
    assert seen[-1] == "good"


def test_refusals_say_how_long_to_wait_or_nothing_at_all() -> None:
    waits: dict[str, str | None] = {}
    for fault in ("reddit_rate_limit", "reddit_rate_limit_date", "reddit_rate_limit_bare"):
        with sandbox(messages=20, images=0, faults=[fault]) as world, client(world) as http:
            answers = [http.get("r/apollo/about") for _ in range(7)]
        (refused,) = [answer for answer in answers if answer.status_code == 429]
        waits[fault] = refused.headers.get("Retry-After")
    assert waits["reddit_rate_limit"] == "1"
    assert waits["reddit_rate_limit_date"].endswith("GMT")
    assert waits["reddit_rate_limit_bare"] is None


def test_a_token_expires_and_the_next_one_is_good() -> None:
    with sandbox(messages=20, images=0, faults=["reddit_token_expires"]) as world:
        with client(world) as http:
            assert [outcome(http) for _ in range(12)] == ["good"] * 10 + ["401"] * 2
            assert "invalid_token" in http.get("r/apollo/about").headers["www-authenticate"]
        with client(world) as http:
            assert outcome(http) == "good"


def test_the_budgets_headers_can_be_odd_or_say_that_a_day_must_pass() -> None:
    with sandbox(messages=20, images=0, faults=["reddit_odd_headers"]) as world, client(world) as http:
        headers = http.get("r/apollo/about").headers
        told = [headers[f"x-ratelimit-{name}"] for name in ("used", "remaining", "reset")]
        assert told == ["10.0", "nan", ""]
    with sandbox(messages=20, images=0, faults=["reddit_day_long"]) as world, client(world) as http:
        answers = [http.get("r/apollo/about") for _ in range(13)]
    assert [float(answer.headers["x-ratelimit-remaining"]) for answer in answers] == [997.0] * 11 + [0.0] * 2
    assert answers[-1].headers["x-ratelimit-reset"] == "86400"


def test_a_list_leads_back_once_and_holds_everything_all_the_same() -> None:
    with sandbox(messages=20, images=0, faults=["reddit_cursor_loop"]) as world, client(world) as http:
        posts = [post["name"] for post in everything(http, "r/busy/new")]
    assert len(posts) > len(set(posts)) == 1000


def test_the_comments_of_two_posts_are_never_to_be_had() -> None:
    with sandbox(faults=["reddit_comments_gone"]) as world, client(world) as http:
        lost = world.afflicted("reddit_comments_gone")
        assert len(lost) == 2
        assert lost <= {record["message_id"] for record in posts_of(world)}
        for _ in range(4):
            for post in posts_of(world):
                answer = http.get(f"comments/{post['message_id'].removeprefix('t3_')}")
                assert answer.status_code == (500 if post["message_id"] in lost else 200)


def test_an_expansion_repeats_itself_and_comes_out_of_order() -> None:
    with sandbox(faults=["reddit_orphans"]) as world, client(world) as http:
        post = talked_about(world)
        comments, hidden = split(thread(http, post, limit="3"))
        known = {post, *(comment["name"] for comment in comments)}
        child = max(hidden, key=lambda one: one["count"])["children"][0]
        things, _ = split(more(http, post, child).json()["json"]["data"]["things"])
    given = [one["name"] for one in things]
    assert len(given) > len(set(given)), "one comes twice"
    assert any(one["parent_id"] not in {*known, *given[:place]} for place, one in enumerate(things))
    assert set(given) <= comments_of(world, post), "nothing is invented"


# Pictures on bad days


@pytest.fixture(scope="module")
def bad_day() -> Iterator[World]:
    with sandbox(messages=600, images=120, faults=IMAGE_FAULTS) as running:
        yield running


def test_a_picture_meets_one_fault_at_most_and_many_meet_none(bad_day: World) -> None:
    shares = [bad_day.afflicted(fault) for fault in IMAGE_FAULTS]
    assert all(shares)
    assert sum(map(len, shares)) == len(set().union(*shares)) < len(urls(bad_day))
    assert set().union(*shares) <= set(urls(bad_day))
    with strangers() as http:
        for id_, media in urls(bad_day, mime=True).items():
            if id_ not in set().union(*shares):
                assert hashlib.sha256(http.get(media["url"]).content).hexdigest() == media["sha256"]


def met(world: World, fault: str) -> Thing:
    """A picture that meets the fault, and of which there is an original."""
    return next(media for id_, media in urls(world, mime=True).items() if id_ in world.afflicted(fault))


@pytest.mark.parametrize(("fault", "status"), [("reddit_image_gone", 404), ("reddit_image_forbidden", 403)])
def test_what_is_gone_is_gone_at_each_of_its_addresses(bad_day: World, fault: str, status: int) -> None:
    copies = signed(bad_day)
    with strangers() as http:
        for id_ in bad_day.afflicted(fault):
            addresses = [urls(bad_day)[id_]["url"], *([copies[id_]] if id_ in copies else [])]
            for url in addresses * 3:
                assert http.get(url).status_code == status


@pytest.mark.parametrize(("fault", "status"), [("reddit_image_busy", 429), ("reddit_image_error", 503)])
def test_what_is_refused_twice_is_given_then(bad_day: World, fault: str, status: int) -> None:
    media = met(bad_day, fault)
    with strangers() as http:
        answers = [http.get(media["url"]) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert hashlib.sha256(answers[-1].content).hexdigest() == media["sha256"]
    assert answers[0].headers.get("Retry-After") == ("1" if status == 429 else None)


def test_what_calls_itself_a_picture_is_a_page_or_nothing(bad_day: World) -> None:
    with strangers() as http:
        page, nothing = (http.get(met(bad_day, f"reddit_image_{what}")["url"]) for what in ("html", "empty"))
    assert (page.status_code, page.headers["Content-Type"], page.content[:5]) == (200, "image/jpeg", b"<!DOC")
    assert (nothing.status_code, nothing.content) == (200, b"")


def test_a_connection_breaks_in_the_middle_or_before_the_first_header(bad_day: World) -> None:
    cut, reset = met(bad_day, "reddit_image_cut"), met(bad_day, "reddit_image_reset")
    with strangers() as http:
        for _ in range(3):
            with pytest.raises(httpx.RemoteProtocolError):
                http.get(cut["url"])
        with pytest.raises(httpx.TransportError):
            http.get(reset["url"])
        assert hashlib.sha256(http.get(reset["url"]).content).hexdigest() == reset["sha256"]


def test_a_picture_comes_packed_although_nobody_asked_for_it(bad_day: World) -> None:
    media = met(bad_day, "reddit_image_packed")
    with strangers() as http, http.stream("GET", media["url"]) as answer:
        data = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == "gzip"
    assert hashlib.sha256(gzip.decompress(data)).hexdigest() == media["sha256"]


def test_a_picture_that_moved_is_at_a_strangers_address(bad_day: World) -> None:
    media = met(bad_day, "reddit_image_moved")
    with strangers() as http:
        answer = http.get(media["url"])
        assert answer.status_code == 302
        url = httpx.URL(answer.headers["Location"])
        assert f"{url.host}:{url.port}" in bad_day.config["downloads"]["allowed_private_hosts"]
        assert not str(url).startswith(bad_day.config["reddit"]["reddit_url"])
        assert hashlib.sha256(http.get(url).content).hexdigest() == media["sha256"]


def test_who_is_led_to_a_port_of_this_machine_is_counted_there(bad_day: World) -> None:
    with strangers() as http:
        places = [
            httpx.URL(http.get(media["url"]).headers["Location"])
            for id_, media in urls(bad_day, mime=True).items()
            if id_ in bad_day.afflicted("reddit_image_to_private")
        ]
        before = reddit(bad_day)["hostile_hits"]
        allowed = bad_day.config["downloads"]["allowed_private_hosts"]
        assert all(f"{place.host}:{place.port}" not in allowed for place in places)
        answer = http.get(places[0].copy_with(host="127.0.0.1"))
    assert answer.status_code == 200
    assert reddit(bad_day)["hostile_hits"] == before + 1


def test_redirects_can_go_in_a_circle(bad_day: World) -> None:
    url, seen = met(bad_day, "reddit_image_loop")["url"], []
    with strangers() as http:
        for _ in range(8):
            seen.append(url)
            answer = http.get(url)
            assert answer.status_code == 302
            url = str(httpx.URL(url).join(answer.headers["Location"]))
    assert len(set(seen)) <= 2
