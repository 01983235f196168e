"""What Reddit is asked for: names, pages of a listing, the comments behind "more", and how fast."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

import chatframes as cf
from chatframes.sources.reddit.addresses import named
from chatframes.sources.reddit.comments import Thread
from chatframes.sources.reddit.listing import Listing, Question, question
from chatframes.sources.reddit.pace import Budget
from chatframes.sources.reddit.targets import Target

# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "kind", "name"),
    [
        ("python", "listing", "python"),
        ("r/python", "listing", "python"),
        ("/r/Python/", "listing", "Python"),
        ("python+learnpython", "listing", "python+learnpython"),
        ("r/all-python", "listing", "all-python"),
        ("u/somebody", "listing", "u_somebody"),
        ("https://www.reddit.com/r/python", "listing", "python"),
        ("https://old.reddit.com/r/python/top/?t=week", "listing", "python"),
        ("reddit.com/user/somebody", "listing", "u_somebody"),
        ("t3_1abcd2", "post", "1abcd2"),
        ("T3_1ABCD2", "post", "1abcd2"),
        ("https://redd.it/2gmzqe", "post", "2gmzqe"),
        ("redd.it/2gmzqe", "post", "2gmzqe"),
        ("https://reddit.com/comments/2gmzqe/", "post", "2gmzqe"),
        ("https://www.reddit.com/r/redditdev/comments/2gmzqe/praw_https/", "post", "2gmzqe"),
        ("https://www.reddit.com/r/redditdev/comments/2gmzqe/praw_https/ckoz4bl/?context=3", "post", "2gmzqe"),
        ("https://www.reddit.com/gallery/2gmzqe", "post", "2gmzqe"),
        ("https://www.reddit.com/user/somebody/comments/2gmzqe/title/", "post", "2gmzqe"),
        ("HTTPS://WWW.REDDIT.COM/r/python/", "listing", "python"),
        ("https://www.reddit.com/r/python/s/AbC123xyz", "share", "r/python/s/AbC123xyz"),
    ],
)
def test_a_subreddit_a_post_and_a_link_are_told_apart(what: str, kind: Any, name: str) -> None:
    assert named(what).target == Target(kind, name)


@pytest.mark.parametrize(
    "what",
    [
        "a", "no spaces please", "https://example.com/r/python", "https://reddit.com.example.org/r/python",
        "https://i.redd.it/abc.jpg", "https://v.redd.it/abc", "https://www.reddit.com/", "t3_", "t3_../../x", "r/",
        "https://www.reddit.com/comments/../x", "x" * 3000, "python+", "https://[::1/r/python",
        "https://evil@reddit.com@example.com/r/x", "python?x=1", "r/pyth%2fon", "\x00\x00", "r/python\n",
    ],
)  # fmt: skip
def test_what_names_nothing_of_reddits_is_refused_before_any_request(what: str) -> None:
    with pytest.raises(cf.ConfigError):
        named(what)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sort": "newest"}, "sort must be one of 'new'"),
        ({"sort": "relevance"}, "sort must be one of"),
        ({"search": "moon", "sort": "rising"}, "'relevance'"),
        ({"time_filter": "fortnight", "sort": "top"}, "time_filter must be one of"),
        ({"time_filter": "week"}, "only sort='top'"),
        ({"posts": 0}, "posts must be a whole number, 1 or more, or 'all'"),
        ({"posts": True}, "posts must be a whole number"),
        ({"posts": "many"}, "or 'all'"),
        ({"comments": -1}, "comments must be a whole number, 0 or more"),
        ({"comments": 2.5}, "comments must be a whole number"),
        ({"comments": None}, "comments must be a whole number"),
        ({"search": " "}, "search must be a text"),
        ({"since": "2026-10-02", "until": "2026-10-01"}, "until"),
        ({"tz": 3}, "tz must be the name of a time zone"),
        ({"tz": "Mars/Olympus"}, "Mars"),
    ],
)
def test_a_wrong_argument_is_one_sentence(options: dict[str, Any], said: str) -> None:
    with pytest.raises(cf.ConfigError, match=said):
        cf.Reddit("python", **options)


def test_a_single_post_has_no_order() -> None:
    with pytest.raises(cf.ConfigError, match="is one post"):
        cf.Reddit("t3_1abcd2", sort="top")


def test_a_source_is_plain_data() -> None:
    import pickle

    import numpy as np

    source = cf.Reddit("r/python", sort="top", time_filter="week", posts=np.int64(10), comments="all")
    assert repr(source) == "Reddit('r/python', sort='top', time_filter='week', posts=10, comments='all')"
    assert type(source.posts) is int
    assert pickle.loads(pickle.dumps(source)) == source
    assert eval(repr(source), {"Reddit": cf.Reddit}) == source
    assert len({source, cf.Reddit("r/python")}) == 2


# --- listings -------------------------------------------------------------------------------------------------------


class Shelf:
    """A listing of so many posts, 100 a page."""

    def __init__(self, names: list[str], cap: int = 10_000) -> None:
        self.names, self.cap = names, cap
        self.asked: list[dict[str, object]] = []

    async def get(self, path: str, query: Mapping[str, object]) -> Any:
        self.asked.append({"path": path, **query})
        after = query.get("after")
        start = self.names.index(str(after)) + 1 if after else 0
        page = self.names[start : min(start + 100, self.cap)]
        ended = start + 100 >= min(len(self.names), self.cap)
        return {
            "kind": "Listing",
            "data": {
                "children": [{"kind": "t3", "data": {"name": name}} for name in page],
                "after": None if ended else page[-1],
            },
        }


async def _read(listing: Listing) -> list[str]:
    return [post["name"] async for page in listing.pages() for post in page]


def test_every_post_of_a_listing_comes_once() -> None:
    shelf = Shelf([f"t3_{number}" for number in range(250)])
    listing = Listing(shelf.get, question("python", "top", "week", None))
    assert asyncio.run(_read(listing)) == shelf.names
    assert [(one["path"], one.get("after"), one["t"]) for one in shelf.asked] == [
        ("r/python/top", None, "week"), ("r/python/top", "t3_99", "week"), ("r/python/top", "t3_199", "week"),
        ("r/python/top", "t3_248", "week"),
    ]  # fmt: skip
    assert listing.exhausted


def test_a_listing_is_read_to_where_reddit_ends_it() -> None:
    listing = Listing(Shelf([f"t3_{number}" for number in range(1200)], cap=1000).get, Question("r/busy/new"))
    assert len(asyncio.run(_read(listing))) == 1000
    assert listing.exhausted


def test_a_listing_goes_on_where_it_was_after_an_error() -> None:
    shelf = Shelf([f"t3_{number}" for number in range(250)])
    failures = iter([False, True, True, False, False])

    async def get(path: str, query: Mapping[str, object]) -> Any:
        if next(failures, False):
            raise cf.ServiceError("no answer")
        return await shelf.get(path, query)

    async def read() -> list[str]:
        names: list[str] = []
        listing = Listing(get, Question("r/python/new"))
        while not listing.exhausted:
            try:
                async for page in listing.pages():
                    names += [post["name"] for post in page]
            except cf.ServiceError:
                continue
        return names

    assert asyncio.run(read()) == shelf.names


def test_a_listing_that_leads_in_a_circle_ends_in_a_sentence() -> None:
    async def get(path: str, query: Mapping[str, object]) -> Any:
        return {"data": {"children": [{"kind": "t3", "data": {"name": "t3_a"}}], "after": "t3_a"}}

    with pytest.raises(cf.ServiceError, match="circle"):
        asyncio.run(_read(Listing(get, Question("r/python/new"))))


@pytest.mark.parametrize("answer", [{}, [], None, {"data": None}, {"data": {"children": None}}, "x"])
def test_what_is_no_listing_is_said_to_be_none(answer: Any) -> None:
    async def get(path: str, query: Mapping[str, object]) -> Any:
        return answer

    with pytest.raises(cf.ServiceError, match="no list"):
        asyncio.run(_read(Listing(get, Question("r/python/new"))))


def test_a_search_stays_inside_its_subreddit() -> None:
    assert dict(question("python", "relevance", "all", "moon").query)["restrict_sr"] == "on"
    assert dict(question("all", "relevance", "all", "moon").query)["restrict_sr"] == "off"


# --- comments -------------------------------------------------------------------------------------------------------


def comment(name: str, parent: str, *replies: Any) -> dict[str, Any]:
    nested = {"kind": "Listing", "data": {"children": list(replies)}} if replies else ""
    return {"kind": "t1", "data": {"name": f"t1_{name}", "parent_id": parent, "replies": nested}}


def more(parent: str, *children: str, count: int | None = None) -> dict[str, Any]:
    total = len(children) if count is None else count
    return {"kind": "more", "data": {"parent_id": parent, "children": list(children), "count": total}}


class Tree:
    """A post whose first answer is `first`, whose stubs give `behind`, and whose threads go on with `below`."""

    def __init__(self, *first: Any, behind: Mapping[str, list[Any]] | None = None, below: Any = None) -> None:
        self.first, self.behind, self.below = first, behind or {}, below or {}
        self.expanded: list[str] = []
        self.named: list[str] = []
        self.busy = 0

    async def get(self, path: str, query: Mapping[str, object]) -> Any:
        if path == "api/info":
            self.named.append(str(query["id"]))
            return {"data": {"children": []}}
        assert path == "comments/p"
        children = self.below[query["comment"]] if "comment" in query else self.first
        return [{"data": {"children": []}}, {"data": {"children": list(children)}}]

    async def post(self, path: str, form: Mapping[str, str]) -> Any:
        assert path == "api/morechildren"
        assert form["link_id"] == "t3_p"
        self.busy += 1
        assert self.busy == 1, "never two at once"
        await asyncio.sleep(0)
        self.busy -= 1
        self.expanded.append(form["children"])
        things = [thing for child in form["children"].split(",") for thing in self.behind.get(child, [])]
        return {"json": {"errors": [], "data": {"things": things}}}


def read(tree: Tree, wanted: int | None = None) -> dict[str, int | None]:
    async def all_of_it() -> dict[str, int | None]:
        thread = Thread(tree.get, tree.post, "p", wanted)
        found = [one async for page in thread.comments() for one in page]
        assert len({data["name"] for data, _ in found}) == len(found), "each once"
        return {data["name"]: depth for data, depth in found}

    return asyncio.run(all_of_it())


def test_comments_behind_more_are_fetched_and_know_how_deep_they_stand() -> None:
    tree = Tree(
        comment("a", "t3_p", comment("b", "t1_a", more("t1_b", "c"))),
        more("t3_p", "d", "e"),
        behind={
            "c": [comment("c", "t1_b")],
            "d": [comment("d", "t3_p"), more("t1_d", "f")],
            "e": [comment("e", "t3_p")],
            "f": [comment("f", "t1_d")],
        },
    )
    assert read(tree) == {"t1_a": 1, "t1_b": 2, "t1_c": 3, "t1_d": 1, "t1_e": 1, "t1_f": 2}
    assert tree.expanded == ["d,e,c", "f"], "as many stubs in one request as it holds"


def test_a_comment_is_not_taken_for_a_subreddit() -> None:
    assert named("t1_abc").target == Target("comment", "abc")


def test_stubs_that_bring_nothing_but_stubs_come_to_an_end() -> None:
    class Endless(dict[str, list[Any]]):
        def get(self, child: str, default: Any = None) -> list[Any]:
            return [more("t3_p", f"{child}x")]

    tree = Tree(comment("a", "t3_p"), more("t3_p", "b"), behind=Endless(b=[]))
    with pytest.raises(cf.ServiceError, match="lead in a circle"):
        read(tree)
    assert len(tree.expanded) == 20


def test_what_was_read_before_an_error_is_given_even_when_its_parent_never_came() -> None:
    class Breaking(dict[str, list[Any]]):
        def get(self, child: str, default: Any = None) -> list[Any]:
            if child == "c":
                raise cf.ServiceError("no more for today")
            return [comment("b", "t1_never_came"), more("t3_p", "c")]

    names: list[str] = []

    async def all_of_it() -> None:
        tree = Tree(comment("a", "t3_p"), more("t3_p", "b"), behind=Breaking(b=[]))
        async for batch in Thread(tree.get, tree.post, "p", None).comments():
            names.extend(data["name"] for data, _ in batch)

    with pytest.raises(cf.ServiceError, match="no more for today"):
        asyncio.run(all_of_it())
    assert names == ["t1_a", "t1_b"]


def test_a_thread_that_goes_on_elsewhere_is_followed() -> None:
    tree = Tree(
        comment("a", "t3_p", more("t1_a", count=0)),
        below={"a": [comment("a", "t3_p", comment("b", "t1_a", comment("c", "t1_b", more("t1_c", count=0))))],
               "c": [comment("c", "t1_b", comment("d", "t1_c"))]},
    )  # fmt: skip
    assert read(tree) == {"t1_a": 1, "t1_b": 2, "t1_c": 3, "t1_d": 4}


def test_no_more_than_wanted_and_no_request_too_many() -> None:
    tree = Tree(comment("a", "t3_p"), comment("b", "t3_p"), more("t3_p", "c"), behind={"c": [comment("c", "t3_p")]})
    assert list(read(tree, 2)) == ["t1_a", "t1_b"]
    assert tree.expanded == []
    assert list(read(tree, 3)) == ["t1_a", "t1_b", "t1_c"]


def test_where_reddit_gives_fewer_than_wanted_the_rest_is_fetched() -> None:
    tree = Tree(
        comment("a", "t3_p"),
        more("t3_p", "b"),
        more("t1_a", "c", "d", "e", count=9),
        behind={name: [comment(name, "t1_a")] for name in "cde"},
    )
    assert len(read(tree, 4)) == 4
    assert tree.expanded == ["c,d,e,b"], "where most is hidden, first"


def test_orphans_and_repeated_comments_do_no_harm() -> None:
    tree = Tree(
        comment("a", "t3_p"),
        more("t3_p", "b", "c"),
        behind={"b": [comment("b", "t1_never_came"), comment("a", "t3_p")], "c": [comment("c", "t1_b")]},
    )
    assert read(tree) == {"t1_a": 1, "t1_b": None, "t1_c": None}


def test_a_stub_that_gives_only_itself_ends() -> None:
    tree = Tree(more("t3_p", "x"), behind={"x": [more("t3_p", "x")]})
    assert read(tree) == {}
    assert tree.expanded == ["x", "x"], "asked for once more"
    assert tree.named == ["t1_x"], "and by its id"


def test_a_large_stub_is_asked_for_in_pieces_of_100() -> None:
    names = [f"n{number}" for number in range(250)]
    tree = Tree(more("t3_p", *names), behind={name: [comment(name, "t3_p")] for name in names})
    assert len(read(tree)) == 250
    assert [len(asked.split(",")) for asked in tree.expanded] == [100, 100, 50]


def test_comments_that_are_each_others_parents_do_not_hang_it() -> None:
    tree = Tree(comment("a", "t1_b"), comment("b", "t1_a"))
    assert read(tree) == {"t1_a": None, "t1_b": None}


def test_a_thread_of_ten_thousand_levels_is_read() -> None:
    deep = comment("x9999", "t1_x9998")
    for number in range(9998, -1, -1):
        deep = comment(f"x{number}", f"t1_x{number - 1}" if number else "t3_p", deep)
    assert read(Tree(deep))["t1_x9999"] == 10_000


# --- pace -----------------------------------------------------------------------------------------------------------


def pause(budget: Budget, used: object, left: object, reset: object) -> float:
    given = {"used": used, "remaining": left, "reset": reset}
    return budget.pause_seconds(httpx.Headers({f"x-ratelimit-{k}": str(v) for k, v in given.items() if v is not None}))


def test_the_first_half_of_the_budget_goes_at_once_and_the_rest_is_spread() -> None:
    budget = Budget()
    assert pause(budget, 3, "997.0", 512) == 0
    assert pause(budget, 499, "501.0", 400) == 0
    assert pause(budget, 600, "400.0", 300) == 0.75
    assert pause(budget, 999, "1.0", 30) == 30
    assert pause(budget, 1000, "0.0", 12) == 12


@pytest.mark.parametrize(
    ("used", "left", "reset"),
    [("10.0", "nan", ""), ("nan", "inf", "inf"), (None, None, None), ("x", "-5", "3"), ("3", "997", None)],
)
def test_odd_headers_neither_crash_nor_stall(used: object, left: object, reset: object) -> None:
    assert pause(Budget(), used, left, reset) == 0


def test_how_long_a_run_will_take_follows_the_budget() -> None:
    budget = Budget()
    assert budget.seconds_for(1000) == 600
    pause(budget, 0, 1000, 600)
    assert budget.seconds_for(400) == 0
    assert budget.seconds_for(1000) == 300
