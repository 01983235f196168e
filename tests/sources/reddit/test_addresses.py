"""All forms in which people name a list of Reddit's, a post or a comment: what each means, or why it is refused.

From https://www.reddit.com/dev/api, and from what its pages and apps put on the clipboard and into the address bar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from help.tiny_reddit import comment, listing, page, post, posts, tiny_reddit

import chatframes as cf
from chatframes.sources.reddit.addresses import named
from chatframes.sources.reddit.targets import Named, Target
from chatframes.world.sandbox import World

pytestmark = pytest.mark.quick

WWW = "https://www.reddit.com"


def listed(name: str = "python", **said: str) -> Named:
    return Named(Target("listing", name), **said)


def one(comment: str = "") -> Named:
    return Named(Target("post", "1abcd2"), comment=comment)


UNDERSTOOD: dict[str, Named] = {
    # subreddits
    "python": listed(),
    " r/python": listed(),
    "/r/python/": listed(),
    "R/python": listed(),
    "python+learnpython": listed("python+learnpython"),
    "r/python+learnpython": listed("python+learnpython"),
    "r/all-python": listed("all-python"),
    "r/all": listed("all"),
    f"{WWW}/r/popular/": listed("popular"),
    f"{WWW}/r/python": listed(),
    "http://reddit.com/r/python/": listed(),
    "//reddit.com/r/python": listed(),
    "HTTPS://WWW.REDDIT.COM/R/python": listed(),
    "<https://www.reddit.com/r/python>": listed(),
    "\u200bhttps://www.reddit.com/r/py\u200bthon": listed(),
    **{f"https://{site}.reddit.com/r/python": listed() for site in "old new np sh m i amp de pt-br oauth".split()},
    f"{WWW}/r/pyth%6Fn": listed(),
    f"{WWW}/r/a1%2Bb2": listed("a1+b2"),
    f"{WWW}/r/python.json": listed(),
    f"{WWW}/r/python/.rss": listed(),
    f"{WWW}/r/python/.json?raw_json=1": listed(),
    f"{WWW}/r/python?utm_source=share&utm_medium=web&amp;rdt=1234": listed(),
    f"{WWW}/r/python/?feedViewType=compactView": listed(),
    "reddit://r/python": listed(),
    "reddit:///r/python": listed(),
    "reddit://reddit/r/python": listed(),
    "reddit://www.reddit.com/r/python/comments/1abcd2": one(),
    "t5_2qh0y": Named(Target("subreddit", "2qh0y")),
    # sorted lists
    f"{WWW}/r/python/new/": listed(sort="new"),
    f"{WWW}/r/python/hot": listed(sort="hot"),
    f"{WWW}/r/python/rising/.json": listed(sort="rising"),
    f"{WWW}/r/python/top/?t=week": listed(sort="top", time_filter="week"),
    f"{WWW}/r/python/top/?sort=top&t=all": listed(sort="top", time_filter="all"),
    f"{WWW}/r/python/?sort=controversial&t=year": listed(sort="controversial", time_filter="year"),
    f"{WWW}/r/python/top/": listed(sort="top"),
    f"{WWW}/r/python/new/?t=week": listed(sort="new"),
    "r/python/top?t=month": listed(sort="top", time_filter="month"),
    # searches
    f"{WWW}/r/python/search/?q=telescope&restrict_sr=1": listed(search="telescope"),
    f"{WWW}/r/python/search/?q=two+words%21&type=posts&sort=new&t=week&cId=1&iId=2": listed(
        search="two words!", sort="new", time_filter="week"
    ),
    f"{WWW}/r/python/search?q=moon&restrict_sr=on&include_over_18=on&sort=relevance&t=all": listed(
        search="moon", sort="relevance", time_filter="all"
    ),
    f"{WWW}/r/python/search?q=moon&restrict_sr=off": listed("all", search="moon"),
    f"{WWW}/search/?q=moon&type=link": listed("all", search="moon"),
    "https://old.reddit.com/search?q=moon&sort=comments": listed("all", search="moon", sort="comments"),
    # people, multireddits, sites
    "u/some_one": listed("u_some_one"),
    "/user/some-one/": listed("u_some-one"),
    "u_some_one": listed("u_some_one"),
    f"{WWW}/user/some_one": listed("u_some_one"),
    f"{WWW}/r/u_some_one": listed("u_some_one"),
    f"{WWW}/user/some_one/?sort=new": listed("u_some_one", sort="new"),
    "user/some_one/submitted": listed("user/some_one/submitted"),
    f"{WWW}/user/some_one/submitted/": listed("user/some_one/submitted"),
    f"{WWW}/u/some_one/submitted/?sort=top&t=month": listed("user/some_one/submitted", sort="top", time_filter="month"),
    f"{WWW}/user/some_one/m/nature/": listed("user/some_one/m/nature"),
    f"{WWW}/user/some_one/m/nature/top/?t=day": listed("user/some_one/m/nature", sort="top", time_filter="day"),
    f"{WWW}/domain/Example.com/new/": listed("domain/example.com", sort="new"),
    # posts and comments
    "t3_1abcd2": one(),
    "T3_1ABCD2": one(),
    "reddit:t5_2qh0y:t3_1abcd2": one(),
    "https://redd.it/1abcd2": one(),
    "redd.it/1abcd2?utm_source=share": one(),
    f"{WWW}/comments/1abcd2": one(),
    "comments/1abcd2": one(),
    f"{WWW}/r/python/comments/1abcd2/": one(),
    f"{WWW}/r/python/comments/1abcd2/the_title/": one(),
    f"{WWW}/r/python/comments/1abcd2/%C3%A9t%C3%A9/?share_id=x&rdt=1&utm_name=iossmf": one(),
    f"{WWW}/r/python/comments/1abcd2/the_title.json": one(),
    f"{WWW}/r/python/comments/1abcd2/the_title/.rss?sort=confidence": one(),
    f"{WWW}/r/python/comments/1abcd2/the_title/#lightbox": one(),
    "https://embed.reddit.com/r/python/comments/1abcd2/the_title/?embed=true&ref_source=embed&theme=dark": one(),
    f"{WWW}/user/some_one/comments/1abcd2/the_title/": one(),
    f"{WWW}/gallery/1abcd2": one(),
    f"{WWW}/poll/1abcd2": one(),
    f"{WWW}/tb/1abcd2": one(),
    f"{WWW}/r/python/comments/1abcd2/the_title/kxyz12/?context=3": one("kxyz12"),
    f"{WWW}/r/python/comments/1abcd2/_/kxyz12": one("kxyz12"),
    f"{WWW}/r/python/comments/1abcd2/comment/kxyz12/?context=10000&depth=2": one("kxyz12"),
    f"{WWW}/r/python/comments/1abcd2/?comment=kxyz12": one("kxyz12"),
    f"{WWW}/r/python/comments/1abcd2/the_title/#t1_kxyz12": one("kxyz12"),
    "t1_kxyz12": Named(Target("comment", "kxyz12")),
    "reddit:t5_2qh0y:t1_kxyz12": Named(Target("comment", "kxyz12")),
    f"{WWW}/r/python/s/AbC123xyz": Named(Target("share", "r/python/s/AbC123xyz")),
    f"{WWW}/u/some_one/s/AbC123xyz?utm_source=share": Named(Target("share", "user/some_one/s/AbC123xyz")),
}

REFUSED = {
    f"{WWW}": "is a front page",
    f"{WWW}/top/?t=week": "is a front page",
    f"{WWW}/best": "is a front page",
    f"{WWW}/r/python/best/": "asks for the order 'best'",
    f"{WWW}/r/python/gilded": "neither a list of posts nor a post",
    f"{WWW}/r/python/about/rules": "neither a list of posts nor a post",
    f"{WWW}/r/python/wiki/index": "is a page of the wiki",
    f"{WWW}/r/python/w/faq": "is a page of the wiki",
    f"{WWW}/r/python/comments/": "lists comments without their posts",
    f"{WWW}/r/python/duplicates/1abcd2/title/": "lists other posts with the same link",
    f"{WWW}/r/python/collection/1b2c": "is a collection",
    f"{WWW}/r/python/top/new": "neither a list of posts nor a post",
    f"{WWW}/r/python/top/?sort=new": "says two orders",
    f"{WWW}/r/python/?sort=newest": "an order or a time",
    f"{WWW}/r/python/top?t=fortnight": "an order or a time",
    f"{WWW}/r/python/new/?count=25&after=t3_1abcd2": "in the middle of a list",
    f"{WWW}/r/python/new.json?limit=100": "write posts= instead",
    f"{WWW}/r/python/?f=flair_name%3A%22News%22": "asks for a flair",
    f"{WWW}/r/popular/?geo_filter=NO": "has a parameter 'geo_filter'",
    f"{WWW}/r/python/new/.rss?feed=Canary&user=me": "has a parameter 'feed'",
    f"{WWW}/r/python/search": "a search without words",
    f"{WWW}/r/python/search/?q=moon&type=comments": "other things than posts",
    f"{WWW}/r/python/search/?q=moon&sort=rising": "an order or a time",
    "https://old.reddit.com/r/python/search?q=moon": "add restrict_sr=on",
    f"{WWW}/user/some_one/comments/": "lists comments without their posts",
    f"{WWW}/user/some_one/saved/": "more than posts",
    f"{WWW}/user/some_one/overview": "more than posts",
    f"{WWW}/user/me/": "names nobody",
    f"{WWW}/me/m/nature": "is a list of your own",
    f"{WWW}/me/f/nature": "neither a list of posts nor a post",
    f"{WWW}/live/1abcd2": "neither a list of posts nor a post",
    f"{WWW}/media?url=https%3A%2F%2Fi.redd.it%2Fx.png": "neither a list of posts nor a post",
    f"{WWW}/r/python/comments/1abcd2/title/kxyz12/more": "neither a list of posts nor a post",
    f"{WWW}/r/python/comments/1abcd2/title/?sort=top": "in another order",
    f"{WWW}/r/python/comments/1abcd2/title/?foo=Canary": "has a parameter 'foo'",
    f"{WWW}/r/python/comments/1abcd2/title/kxyz12/?comment=kxyz13": "names two comments",
    f"{WWW}/r/python/comments/1abcd2/title/#Canary": "behind '#'",
    f"{WWW}/r/python/#t1_kxyz12": "behind '#'",
    f"{WWW}/gallery/1abcd2/more": "neither a list of posts nor a post",
    f"{WWW}/1abcd2": "neither a list of posts nor a post",
    "https://redd.it/1abcd2/more": "neither a list of posts nor a post",
    "https://i.redd.it/abc.jpg": "a picture or a video",
    "https://v.redd.it/abc": "a picture or a video",
    "https://preview.redd.it/abc.jpg?s=Canary": "a picture or a video",
    "https://reddit.app.link/Canary": "leads on to another one",
    "https://out.reddit.com/t3_1abcd2?url=x": "leads on to another one",
    "https://ads.reddit.com/r/python": "is of a site of Reddit's without posts",
    f"{WWW}/r/a/": "a subreddit that cannot be",
    f"{WWW}/r/python hello": "holds a space",
    f"{WWW}/r/py%2Fthon": "leads elsewhere",
    f"{WWW}/r/../api/v1/me": "leads elsewhere",
    "https://example.com/r/python": "is of another site (example.com)",
    "https://redlib.example/r/python": "is of another site",
    "apollo://reddit.com/r/python": "begins as none",
    "t2_1abcd2": "the id of a person",
    "t4_1abcd2": "a private message",
    "t3_": "names no subreddit",
    "python and more": "names no subreddit",
    f"Look: {WWW}/r/python/.rss?feed=Canary": "has other words beside it",
    "[this](reddit.com/r/python?feed=Canary)": "has other words beside it",
}


@pytest.mark.parametrize("what", UNDERSTOOD)
def test_what_is_understood(what: str) -> None:
    meant = named(cf.Reddit(what).what)
    assert meant == UNDERSTOOD[what]
    source = cf.Reddit(what)
    assert (source.sort, source.search) == (meant.sort or "new", meant.search)
    assert source == eval(repr(source), {"Reddit": cf.Reddit})


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_says_why_and_repeats_no_secret(what: str) -> None:
    with pytest.raises(cf.ConfigError) as refused:
        cf.Reddit(what)
    said = str(refused.value)
    assert REFUSED[what] in said
    assert "Canary" not in said


@pytest.mark.parametrize(
    ("what", "keywords", "meant"),
    [
        (f"{WWW}/r/python/top/", {}, ("top", "day")),
        (f"{WWW}/r/python/top/", {"time_filter": "all"}, ("top", "all")),
        (f"{WWW}/r/python/top/", {"sort": "top"}, ("top", "day")),
        (f"{WWW}/r/python/top/?t=week", {"time_filter": "week"}, ("top", "week")),
        ("r/python", {"sort": "top"}, ("top", "all")),
        (f"{WWW}/search?q=moon", {"sort": "relevance", "search": "moon"}, ("relevance", "all")),
    ],
)
def test_an_address_and_keywords_together(what: str, keywords: dict[str, str], meant: tuple[str, str]) -> None:
    source = cf.Reddit(what, **keywords)
    assert (source.sort, source.time_filter) == meant
    assert (type(source.sort), type(source.time_filter)) == (str, str)
    assert source == eval(repr(source), {"Reddit": cf.Reddit})


@pytest.mark.parametrize(
    ("what", "keywords", "says"),
    [
        (f"{WWW}/r/python/top/?t=week", {"sort": "hot"}, "sort='hot'): the address says 'top' already"),
        (f"{WWW}/r/python/top/?t=week", {"time_filter": "all"}, "the address says 'week' already"),
        (f"{WWW}/search?q=moon", {"search": "sun"}, "the address says 'moon' already"),
        (f"{WWW}/r/python/search?q=moon", {"sort": "rising"}, "'relevance'"),
        ("user/some_one/submitted", {"search": "moon"}, "searches in subreddits only"),
        ("user/some_one/submitted", {"sort": "rising"}, "no order 'rising'"),
        ("t1_kxyz12", {"sort": "top"}, "is one post"),
    ],
)
def test_an_address_and_keywords_that_do_not_agree(what: str, keywords: dict[str, str], says: str) -> None:
    with pytest.raises(cf.ConfigError) as refused:
        cf.Reddit(what, **keywords)
    assert says in str(refused.value)


# --- what is asked for ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with cf.sandbox(messages=30, images=0) as made:
        yield made


def told(frame: Any) -> Any:
    (source,) = cf.report(frame).sources
    return source


def test_what_is_printed_is_understood_again(world: World) -> None:
    def fetch(what: str) -> Any:
        return cf.fetch(cf.Reddit(what, posts="all", comments="all"), config=world.config, progress=False)

    whole = fetch("r/apollo")
    rows = whole.drop_duplicates("kind").to_dict("records")
    assert {row["kind"] for row in rows} == {"post", "comment"}
    for row in rows:
        thread = set(whole[whole["thread_id"] == row["thread_id"]]["message_id"])
        for name in (row["permalink"], row["message_id"], row["uid"]):
            assert set(fetch(name)["message_id"]) == thread, name
        for name in (row["chat_id"], row["chat_name"]):
            assert len(fetch(name)) == len(whole), name
    (source,) = cf.report(whole).sources
    assert len(fetch(source.chat_id)) == len(fetch(source.chat_name)) == len(whole)


@pytest.mark.parametrize(
    ("what", "path", "query"),
    [
        ("user/some_one/submitted", "/user/some_one/submitted", {"sort": "new"}),
        (f"{WWW}/user/some_one/submitted/?sort=top", "/user/some_one/submitted", {"sort": "top", "t": "day"}),
        ("user/some_one/m/nature", "/user/some_one/m/nature/new", {}),
        (f"{WWW}/domain/example.com/top/?t=all", "/domain/example.com/top", {"t": "all"}),
        (f"{WWW}/r/tiny/top/?t=week", "/r/tiny/top", {"t": "week"}),
        (f"{WWW}/r/tiny/search/?q=moon+sun&sort=top", "/r/tiny/search", {"q": "moon sun", "sort": "top", "restrict_sr": "on"}),
        (f"{WWW}/search/?q=moon", "/r/all/search", {"q": "moon", "restrict_sr": "off"}),
        ("t5_tiny", "/r/tiny/new", {}),
    ],
)  # fmt: skip
def test_what_an_address_says_is_what_reddit_is_asked(what: str, path: str, query: dict[str, str]) -> None:
    def answer(asked: str, said: dict[str, str]) -> Any:
        if asked == "/api/info":
            return listing([{"kind": "t5", "data": {"name": "t5_tiny", "display_name": "tiny"}}])
        return page(posts(3), said) if asked == path else None

    with tiny_reddit(answer) as tiny:
        frame = cf.fetch(cf.Reddit(what, comments=0), config=tiny.config, progress=False)
        assert len(frame) == 3
        assert query.items() <= tiny.of(path)[0].items()


def thread(given: bool, by_id: bool = True) -> Callable[[str, dict[str, str]], Any]:
    """A post with the comment "a" in every answer, and "b", which only some hold."""
    the_post, a, b = post("p", num_comments=2), comment("a", "t3_p", "p"), comment("b", "t1_a", "p")

    def answer(path: str, query: dict[str, str]) -> Any:
        things = {"t3_p": the_post, "t1_b": b} if by_id else {"t3_p": the_post}
        if path == "/api/info":
            return listing([things[query["id"]]] if query["id"] in things else [])
        return [listing([the_post]), listing([a, b] if given else [a])] if path == "/comments/p" else None

    return answer


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("what", [f"{WWW}/r/tiny/comments/p/title/b/?context=3", "t1_b"])
def test_a_comment_that_is_named_is_there_with_its_post(what: str, given: bool) -> None:
    with tiny_reddit(thread(given)) as tiny:
        frame = cf.fetch(cf.Reddit(what, comments=5), config=tiny.config, progress=False)
    assert sorted(frame["message_id"]) == ["t1_a", "t1_b", "t3_p"]
    assert "the link names the comment t1_b; the whole post was asked for" in told(frame).notes


def test_a_comment_that_is_named_is_told_of_where_none_is_asked_for() -> None:
    with tiny_reddit(thread(given=True)) as tiny:
        frame = cf.fetch(cf.Reddit(f"{WWW}/comments/p/title/b", comments=0), config=tiny.config, progress=False)
    assert list(frame["message_id"]) == ["t3_p"]
    assert "the link names the comment t1_b; comments=0 asks for none" in told(frame).notes


def test_a_comment_that_is_named_and_not_given_is_missing_by_its_id() -> None:
    with tiny_reddit(thread(given=False, by_id=False)) as tiny, pytest.warns(cf.IncompleteWarning, match="not whole"):
        frame = cf.fetch(cf.Reddit(f"{WWW}/comments/p/title/b"), config=tiny.config, progress=False)
    assert sorted(frame["message_id"]) == ["t1_a", "t3_p"]
    assert told(frame).missing.ids == ("t1_b",)


@pytest.mark.parametrize("what", ["t1_zz", "t5_zz"])
def test_an_id_that_reddit_does_not_know_is_not_found(what: str) -> None:
    with tiny_reddit(thread(given=True)) as tiny, pytest.raises(cf.ChatNotFound, match=f"{what}, or this login"):
        cf.fetch(cf.Reddit(what), config=tiny.config, progress=False)
