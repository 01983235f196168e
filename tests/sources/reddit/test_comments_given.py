"""Every comment that Reddit names is received or reported, whatever its counts say and wherever the list of posts ended."""

from __future__ import annotations

import re
import warnings
from itertools import product
from typing import Any

import pandas as pd
import pytest
from help.sampling import sampled
from help.tiny_reddit import (
    NEWEST,
    Answer,
    Things,
    Tiny,
    comment,
    listing,
    page,
    post,
    posts,
    stub,
    tiny_reddit,
)

import chatframes as cf

POST = "t3_p0000"


@pytest.fixture(autouse=True)
def _afresh() -> Any:
    yield
    cf.shutdown()


def fetch(tiny: Tiny, what: str = "t3_p0000", **options: Any) -> tuple[set[str], Any]:
    """The ids of the comments and the report of the one source; a warning if and only if something is missing."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        source = cf.Reddit(what, **{"comments": "all", **options})
        frame = cf.fetch(source, config=tiny.config, progress=False)
    (source_report,) = cf.report(frame).sources
    warned = any(issubclass(one.category, cf.IncompleteWarning) for one in told)
    assert warned == (source_report.status not in ("complete", "open"))
    comments = frame[frame["kind"] == "comment"]
    assert comments["message_id"].is_unique
    return set(comments["message_id"]), source_report


def kids(count: int, parent: str = POST, of: str = "p0000") -> dict[str, dict[str, Any]]:
    return {f"k{number:03}": comment(f"k{number:03}", parent, of) for number in range(count)}


def named(ids: Any) -> set[str]:
    return {f"t1_{one}" for one in ids}


class Forum:
    """Posts with their trees. A test may change each answer: for an id of `asked_below` it is the tree from there."""

    def __init__(
        self, there: Things, trees: dict[str, Things], behind: dict[str, dict[str, Any]] | None = None
    ) -> None:
        self.posts, self.trees, self.behind = there, trees, behind or {}
        self.by_id: dict[str, dict[str, Any]] = {}
        self.below: dict[str, list[Any]] = {}

    def more(self, ids: list[str]) -> Any:
        return {"json": {"errors": [], "data": {"things": [self.behind[one] for one in ids if one in self.behind]}}}

    def tree(self, post_id: str, query: dict[str, str]) -> Any:
        head = listing([one for one in self.posts if one["data"]["id"] == post_id])
        if "comment" in query:
            answers = self.below.get(query["comment"], [[]])
            return [head, listing(answers.pop(0) if len(answers) > 1 else answers[0])]
        return [head, listing(self.trees.get(post_id, []))]

    def __call__(self, path: str, query: dict[str, str]) -> Any:
        if path.startswith("/r/"):
            return page(self.posts, query)
        if path == "/api/info":
            wanted = query["id"].split(",")
            there = [one for one in self.posts if one["data"]["name"] in wanted]
            return listing([*there, *(self.by_id[one[3:]] for one in wanted if one[3:] in self.by_id)])
        if path == "/api/morechildren":
            return self.more(query["children"].split(","))
        if match := re.fullmatch(r"/comments/(\w+)", path):
            return self.tree(match[1], query)
        return None


def one_post(*tree: Any, count: int = 0, **behind: Any) -> Forum:
    return Forum([post("p0000", num_comments=count)], {"p0000": list(tree)}, behind)


def test_the_report_says_that_young_comments_below_old_posts_are_not_looked_for() -> None:
    forum = Forum([post("p0000"), post("old", 1e9), post("older", 1e9)], {"p0000": [comment("c1", POST, "p0000")]})
    with tiny_reddit(forum) as tiny:
        since = {"what": "tiny", "since": "2020-01-01"}
        assert "below older posts are not looked for" in fetch(tiny, **since)[1].notes[-1]
        assert not any("older posts" in note for note in fetch(tiny, **since, comments=0)[1].notes)
        assert not any("older posts" in note for note in fetch(tiny, "tiny")[1].notes)


# --- what a stub names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [6, 100, 250])
def test_comments_that_are_named_and_not_given_are_asked_for_by_their_ids(count: int) -> None:
    forum = one_post(comment("c1", POST, "p0000"), stub(POST, *kids(count)), count=count + 1)
    forum.by_id = kids(count)
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny)
        assert (len(ids), source.status, source.missing.count) == (count + 1, "complete", 0)
        assert len(tiny.of("morechildren")) == 2 * -(-count // 100), "each is asked once more, not for ever"
        assert len(tiny.of("api/info")) == 1 + -(-count // 100)


@pytest.mark.parametrize("count", [6, 100, 250])
def test_comments_that_never_come_are_missing_by_their_ids(count: int) -> None:
    behind = kids(count)
    lost = set(list(behind)[::3])
    forum = one_post(comment("c1", POST, "p0000"), stub(POST, *behind), count=count + 1)
    forum.behind = {name: one for name, one in behind.items() if name not in lost}
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny)
    assert ids == named([*forum.behind, "c1"])
    assert source.status == "partial"
    assert (source.missing.count, set(source.missing.ids)) == (len(lost), set(sorted(named(lost))[:100]))
    assert any("did not give" in note for note in source.notes)


def test_comments_that_come_at_the_second_time_are_not_missing() -> None:
    class Forgetful(Forum):
        answers = 0

        def more(self, ids: list[str]) -> Any:
            self.answers += 1
            return super().more(ids[: len(ids) // 2] if self.answers == 1 else ids)

    forum = Forgetful([post("p0000")], {"p0000": [stub(POST, *kids(10))]}, kids(10))
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny)
        assert (ids, source.status) == (named(kids(10)), "complete")
        assert len(tiny.of("api/info")) == 1, "for the post only"


def refused(ids: list[str]) -> Any:
    return {"json": {"errors": [["RATELIMIT", "you are doing that too much", "ratelimit"]]}}


@pytest.mark.parametrize("answer", [refused, lambda ids: Answer(403, {"error": 403}), lambda ids: {"json": None}])
def test_an_expansion_that_is_refused_costs_nothing_that_can_be_had_by_id(answer: Any) -> None:
    forum = one_post(stub(POST, *kids(10)), count=10)
    forum.by_id = {name: one for name, one in kids(10).items() if name != "k004"}
    forum.more = answer  # type: ignore[method-assign]
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny)
    assert ids == named(forum.by_id)
    assert (source.status, source.missing.ids) == ("partial", ("t1_k004",))


def test_what_is_below_a_comment_that_came_by_its_id_is_read_too() -> None:
    forum = one_post(stub(POST, "k000", count=3), count=3)
    forum.by_id = kids(1)
    forum.below = {
        "k000": [[comment("k000", POST, "p0000", comment("x1", "t1_k000", "p0000"), comment("x2", "t1_k000", "p0000"))]]
    }
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny)
    assert (ids, source.status) == (named(["k000", "x1", "x2"]), "complete")


def under(name: str, *kids_of_it: str) -> list[Any]:
    return [comment(name, POST, "p0000"), *(comment(one, f"t1_{name}", "p0000") for one in kids_of_it)]


@pytest.mark.parametrize(
    ("count", "missing"),
    [
        (5, 0),  # the stub counts k000, k001 and what is below k000: all of it came
        (7, 2),  # it counts two more, and what is below k001 does not come
    ],
)
@pytest.mark.parametrize("late", [False, True])  # whether one of them came behind a second stub
def test_below_a_comment_that_came_by_its_id_only_what_its_stub_counted_can_be_missing(
    count: int, missing: int, late: bool
) -> None:
    forum = one_post(comment("c1", POST, "p0000"), stub(POST, "k000", "k001", count=count), count=count + 1)
    below = under("k000", "x1", "x2") + ([stub("t1_x2", "x3")] if late else [comment("x3", "t1_x1", "p0000")])

    def more(ids: list[str]) -> Any:
        things = below if "k000" in ids else [comment("x3", "t1_x2", "p0000")] if "x3" in ids else []
        return {"json": {"errors": [], "data": {"things": things}}}

    forum.more = more  # type: ignore[method-assign]
    forum.by_id = {"k001": comment("k001", POST, "p0000")}
    with tiny_reddit(forum) as tiny:  # what it gives for ?comment=k001 holds no comment at all
        ids, source = fetch(tiny)
    assert ids == named(["c1", "k000", "k001", "x1", "x2", "x3"])
    assert (source.missing.count, source.status) == (missing, "partial" if missing else "complete")


def test_a_comment_of_another_post_is_not_taken_for_the_one_that_was_named() -> None:
    forum = one_post(stub(POST, "k000"))
    forum.by_id = {"k000": comment("k000", "t3_other", "other")}
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny)
    assert (ids, source.missing.ids) == (set(), ("t1_k000",))


def test_a_number_of_comments_that_came_asks_for_nothing_more() -> None:
    forum = one_post(comment("c1", POST, "p0000"), stub(POST, *kids(10)), count=11)
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny, comments=1)
        assert (ids, source.status, source.missing.count) == ({"t1_c1"}, "complete", 0)
        assert tiny.of("morechildren") == []


# --- the rest of a thread -------------------------------------------------------------------------------------------


def deep(*tree: Any) -> Forum:
    forum = one_post(comment("c1", POST, "p0000", stub("t1_c1", count=0)), count=4)
    forum.below = {"c1": list(tree)}
    return forum


GOOD = [comment("c1", POST, "p0000", *(comment(one, "t1_c1", "p0000") for one in ("d1", "d2", "d3")))]


@pytest.mark.parametrize(
    "wrong",
    [[], [comment("other", POST, "p0000")], [comment("c1", POST, "p0000")], [comment("c1", POST, "p0000", stub("t1_c1", count=0))]],
    ids=["nothing", "another tree", "nothing below it", "itself again"],
)  # fmt: skip
def test_an_answer_without_the_comment_that_was_asked_for_is_no_answer(wrong: Things) -> None:
    with tiny_reddit(deep(wrong, GOOD)) as tiny:
        ids, source = fetch(tiny)
        assert ids >= named(["c1", "d1", "d2", "d3"])
        assert source.status == "complete"
    with tiny_reddit(deep(wrong)) as tiny:
        ids, source = fetch(tiny)
        assert "t1_d1" not in ids
        assert (source.status, len(ids) + source.missing.count) == ("partial", 4)


def test_stubs_that_all_come_back_empty_are_asked_for_by_their_ids_however_many_there_are() -> None:
    behind = kids(60)
    forum = one_post(*(comment(f"c{one}", POST, "p0000", stub(f"t1_c{one}", one)) for one in behind), count=120)
    forum.more = lambda ids: {"json": {"errors": [], "data": {"things": []}}}  # type: ignore[method-assign]
    forum.by_id = {name: comment(name, f"t1_c{name}", "p0000") for name in behind if name != "k007"}
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny)
    assert (len(ids), source.status, source.missing.ids) == (119, "partial", ("t1_k007",))


def test_a_thread_that_is_gone_costs_only_itself() -> None:
    lost, there = [f"c{number}" for number in range(25)], [f"d{number}" for number in range(5)]
    tree = [comment(one, POST, "p0000", stub(f"t1_{one}", count=0)) for one in [*lost, *there]]
    forum = one_post(*tree)
    for one in there:
        forum.below[one] = [[comment(one, POST, "p0000", comment(f"{one}x", f"t1_{one}", "p0000"))]]

    def script(path: str, query: dict[str, str]) -> Any:
        return Answer(404, {"error": 404}) if query.get("comment") in lost else forum(path, query)

    with tiny_reddit(script) as tiny:
        ids, source = fetch(tiny)
    assert ids == named([*lost, *there, *(f"{one}x" for one in there)])
    assert (source.status, source.missing.count) == ("partial", 25)


def test_null_children_are_counted_and_cost_nothing_else() -> None:
    forum = one_post(
        comment("c1", POST, "p0000", None, comment("c2", "t1_c1", "p0000")), None, {"kind": "t1", "data": {}}
    )
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny)
    assert ids == named(["c1", "c2"])
    assert (source.status, source.missing.count, source.missing.ids) == ("partial", 3, ())


HOUR = 3600.0


@pytest.mark.parametrize(
    ("odd", "hours"),
    [
        ({"kind": "t1", "data": {"body": "no id", "created_utc": NEWEST + 5 * HOUR}}, 5),
        (comment("c1", POST, "p0000", None, created_utc=NEWEST + 3 * HOUR), 3),  # a reply is younger than its parent
        (comment("c1", POST, "p0000", stub("t1_c1", None), created_utc=NEWEST + 3 * HOUR), 3),
        (comment("c1", POST, "p0000", replies={"data": 7}, created_utc=NEWEST + 3 * HOUR), 3),
        (comment("c1", POST, "p0000", stub("t1_c1"), created_utc=NEWEST + 3 * HOUR), 3),  # what is below does not come
        (None, 0),
        ({"kind": "t1", "data": {"body": "no id", "created_utc": "soon"}}, 0),
        ({"kind": "t9", "data": {"id": "of a new kind", "created_utc": NEWEST + 2 * HOUR}}, 2),
    ],
)
def test_what_came_without_an_id_leaves_a_gap_from_when_it_can_have_been_written(odd: Any, hours: int) -> None:
    with tiny_reddit(one_post(odd, comment("c2", POST, "p0000"))) as tiny:
        _, source = fetch(tiny)
    assert source.status == "partial"
    assert [pd.Timestamp(gap.since).timestamp() for gap in source.gaps] == [NEWEST + hours * HOUR]


@pytest.mark.parametrize("replies", [{"kind": "Listing", "data": None}, "odd", 7, {}])
def test_replies_that_are_no_list_cost_only_themselves(replies: Any) -> None:
    forum = one_post(comment("c1", POST, "p0000", replies=replies), comment("c2", POST, "p0000"))
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny)
    assert ids == named(["c1", "c2"])
    assert source.missing.count == (1 if replies else 0)


def test_null_ids_of_a_stub_and_a_stub_without_ids_are_counted() -> None:
    forum = one_post(comment("c1", POST, "p0000"), stub(POST, "k000", None), stub(POST, count=3))
    forum.behind = kids(1)
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny)
    assert ids == named(["c1", "k000"])
    assert (source.status, source.missing.count) == ("partial", 4)


def test_null_things_of_an_expansion_are_the_ids_that_did_not_come() -> None:
    class Holes(Forum):
        def more(self, ids: list[str]) -> Any:
            answer = super().more(ids)
            answer["json"]["data"]["things"] += [None] * (len(ids) - len(answer["json"]["data"]["things"]))
            return answer

    behind = kids(10)
    del behind["k003"], behind["k007"]
    with tiny_reddit(Holes([post("p0000")], {"p0000": [stub(POST, *kids(10))]}, behind)) as tiny:
        ids, source = fetch(tiny)
    assert ids == named(behind)
    assert (source.missing.count, source.missing.ids) == (2, ("t1_k003", "t1_k007"))


# --- counts are hints -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["tiny", "t3_p0000"])
@pytest.mark.parametrize("options", [{}, {"comments": 20}, {"comments": "all"}])
@pytest.mark.parametrize("says", [0, None, -3, "two", 1, 9])
def test_every_post_is_looked_at_whatever_it_says(what: str, options: dict[str, Any], says: Any) -> None:
    tree = [comment("c1", POST, "p0000"), comment("c2", "t1_c1", "p0000")]
    forum = Forum([post("p0000", num_comments=says)], {"p0000": tree})
    with tiny_reddit(forum) as tiny:
        ids, source = fetch(tiny, what, **options)
    assert (ids, source.status) == ({"t1_c1", "t1_c2"}, "open" if what == "tiny" else "complete")


def test_that_reddit_counts_some_that_it_does_not_show_is_said_only_where_it_was_looked_at() -> None:
    class Hides(Forum):
        """Its first order shows one comment only."""

        def tree(self, post_id: str, query: dict[str, str]) -> Any:
            head, tree = super().tree(post_id, query)
            return [head, listing(tree["data"]["children"][: 1 if query["sort"] == "confidence" else None])]

    tree = [comment(f"c{number}", POST, "p0000") for number in range(3)]
    with tiny_reddit(Hides([post("p0000", num_comments=3)], {"p0000": tree})) as tiny:
        ids, source = fetch(tiny)
        assert (len(ids), source.notes) == (3, ())
    with tiny_reddit(one_post(*tree, count=5)) as tiny:
        ids, source = fetch(tiny)
        assert [query["sort"] for query in tiny.of("comments/p0000")] == ["confidence", "new"]
        assert (len(ids), source.status) == (3, "complete")
        assert "does not show" in source.notes[0]


def test_an_answer_about_another_post_is_no_answer() -> None:
    class Other(Forum):
        def tree(self, post_id: str, query: dict[str, str]) -> Any:
            return [listing([post("other")]), listing([comment("x", "t3_other", "other")])]

    with tiny_reddit(Other([post("p0000", num_comments=3)], {})) as tiny:
        ids, source = fetch(tiny)
    assert (ids, source.status) == (set(), "partial")


# --- wherever the list ended ----------------------------------------------------------------------------------------


class Shut(Forum):
    """The comments of some posts are refused."""

    shut: frozenset[str] = frozenset({"p0003", "p0030"})

    def tree(self, post_id: str, query: dict[str, str]) -> Any:
        return Answer(403, {"error": 403}) if post_id in self.shut else super().tree(post_id, query)


@pytest.mark.parametrize("count", sampled([60, 100, 180], 1))
@pytest.mark.parametrize(
    "options",
    [
        {"posts": 50},
        {},
        {"posts": "all"},
        {"posts": 40, "sort": "top"},
        {"posts": "all", "sort": "top"},
        {"posts": "all", "since": "2026-09-21"},
        {"since": "2020-01-01"},
    ],
    ids=str,
)
def test_comments_that_cannot_be_read_leave_a_gap_wherever_the_list_ended(count: int, options: dict[str, Any]) -> None:
    there = posts(count, num_comments=1)
    trees = {
        one["data"]["id"]: [comment(f"c{one['data']['id']}", one["data"]["name"], one["data"]["id"])] for one in there
    }
    with tiny_reddit(Shut(there, trees)) as tiny:
        ids, source = fetch(tiny, "tiny", **options)
    assert source.status == "partial"
    lost = pd.Timestamp(NEWEST - 3 * 600, unit="s", tz="UTC")
    gaps = [(pd.Timestamp(gap.since or 0), pd.Timestamp(gap.until)) for gap in source.gaps]
    assert any(
        since.tz_localize("UTC") <= lost < until if since.tz is None else since <= lost < until for since, until in gaps
    )
    for span in source.covered:
        oldest = pd.Timestamp(NEWEST - 30 * 600, unit="s", tz="UTC")
        assert pd.Timestamp(span.until) <= (oldest if len(ids) > 28 else lost)
    assert ids, "the others are there"
    assert "t3_p0003" in str(source.error) or any("t3_p0003" in gap.reason for gap in source.gaps)


@pytest.mark.parametrize(
    ("sort", "wanted"), sampled(product(["new", "hot", "top", "rising", "controversial"], [20, 100, 120, "all"]), 6)
)
def test_whatever_ends_the_list_does_not_end_the_comments(sort: str, wanted: Any) -> None:
    there = posts(150, num_comments=1)
    trees = {
        one["data"]["id"]: [comment(f"c{one['data']['id']}", one["data"]["name"], one["data"]["id"])] for one in there
    }
    with tiny_reddit(Forum(there, trees)) as tiny:
        ids, source = fetch(tiny, "tiny", sort=sort, posts=wanted)
    assert len(ids) == (150 if wanted == "all" else wanted)
    assert source.status == ("open" if wanted == "all" else "complete")


def test_posts_whose_comments_were_never_asked_for_because_the_list_broke_are_a_gap() -> None:
    """A wait of a day in the middle of the list ends the call: no comment of the posts so far was read."""
    there = posts(150, num_comments=1)

    def script(path: str, query: dict[str, str]) -> Any:
        if "after" in query:
            return Answer(429, {}, Retry_After="86400")
        return Forum(there, {})(path, query)

    with tiny_reddit(script) as tiny:
        ids, source = fetch(tiny, "tiny", posts="all")
    assert (ids, source.messages, source.status) == (set(), 100, "partial")
    assert source.covered == ()


def test_a_server_that_dies_after_the_list_leaves_no_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    from help.hurrying import fast_clock

    monkeypatch.setattr("chatframes.api.clock", fast_clock(50))
    there = posts(60, num_comments=3)

    def script(path: str, query: dict[str, str]) -> Any:
        return Answer(503) if path.startswith("/comments") else Forum(there, {})(path, query)

    with tiny_reddit(script) as tiny:
        ids, source = fetch(tiny, "tiny", comments=20)
    assert (ids, source.messages, source.status) == (set(), 50, "partial")
    assert all(
        pd.Timestamp(span.until) <= pd.Timestamp(NEWEST - 49 * 600, unit="s", tz="UTC") for span in source.covered
    )
