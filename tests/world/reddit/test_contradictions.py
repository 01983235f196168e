"""Answers of the sandbox's Reddit that do not fit each other: each is given, and who trusts each answer loses by it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import pytest
from help.sampling import sampled

from chatframes.world.community.people import END
from chatframes.world.reddit.contradictions import CONTRADICTIONS
from chatframes.world.reddit.drafts import Board, Draft, Said, base36
from chatframes.world.reddit.faults import FAULTS
from chatframes.world.reddit.plan import plan_for
from chatframes.world.sandbox import World, sandbox

POSTS = 21  # in a world of 300 messages
UNCOUNTED = 2  # comments that only the counts know of, as on Reddit
# Who goes from cursor to cursor through the newest posts loses nothing by these: each has a test of its own.
APART = {"reddit_redirected_name", "reddit_short_pages", "reddit_ranks_move", "reddit_copy_elsewhere"}
SIZES = {"below one page": 100, "at one page": POSTS, "beyond one page": 4}  # posts on a page
Thing = dict[str, Any]


def client(world: World) -> httpx.Client:
    section = world.config["reddit"]
    auth = httpx.BasicAuth(section["client_id"], section["client_secret"])
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(
        f"{section['reddit_url']}/api/v1/access_token", data=form, auth=auth, trust_env=False, verify=False
    )
    headers, params = {"Authorization": f"bearer {answer.json()['access_token']}"}, {"raw_json": "1"}
    # without TLS nothing is verified, and reading the certificates takes 20 ms each time
    return httpx.Client(
        base_url=section["oauth_url"], headers=headers, params=params, trust_env=False, verify=False, timeout=30
    )


@dataclass
class Naive:
    """Reads r/apollo and believes each answer: an end is an end, a count is a count, a name that did not come is none.

    Things without a name are counted and left out, so that this reader comes to an end.
    """

    http: httpx.Client
    page: int
    names: list[str] = field(default_factory=list)
    nameless: int = 0
    claimed: int = 0  # comments, by the posts' own counts
    said: dict[str, str] = field(default_factory=dict)
    said_twice: int = 0  # posts that said something else when they were seen again

    def read(self) -> set[str]:
        after: str | None = ""
        while after is not None:
            query = {"limit": str(self.page), "after": after}
            listing = self.http.get("r/apollo/new", params=query).json()["data"]
            after = listing["after"]
            for post in self.kept(listing["children"]):
                self.claimed += post["data"]["num_comments"]
                if post["data"]["num_comments"]:
                    self.read_comments(post["data"]["name"])
        return set(self.names)

    def kept(self, things: list[Any]) -> list[Thing]:
        kept = [one for one in things if one is not None and "name" in one["data"]]
        self.nameless += len(things) - len(kept)
        self.names += [one["data"]["name"] for one in kept if one["kind"] != "more"]
        for post in (one["data"] for one in kept if one["kind"] == "t3"):
            self.said_twice += self.said.setdefault(post["name"], post["selftext"]) != post["selftext"]
        return kept

    def read_comments(self, post: str) -> None:
        (itself, tree) = self.http.get(f"comments/{post[3:]}").json()
        again = itself["data"]["children"][0]["data"]
        self.said_twice += again is not None and self.said[post] != again.get("selftext")
        waiting, asked = list(self.kept(tree["data"]["children"])), set()
        while waiting:
            one = waiting.pop()["data"]
            if "children" not in one:
                waiting += self.kept(one["replies"]["data"]["children"]) if one["replies"] else []
            elif one["children"]:
                fresh = [child for child in one["children"] if child not in asked]
                asked.update(fresh)
                form = {"api_type": "json", "link_id": post, "children": ",".join(fresh)}
                answer = self.http.post("api/morechildren", data=form).json() if fresh else None
                waiting += self.kept(answer["json"]["data"]["things"]) if answer else []
            elif one["parent_id"] not in asked:
                asked.add(one["parent_id"])
                below = self.below(post, one["parent_id"])
                waiting += self.kept(below) if below else []

    def below(self, post: str, comment: str) -> list[Any]:
        (_, tree) = self.http.get(f"comments/{post[3:]}", params={"comment": comment[3:]}).json()
        for one in tree["data"]["children"]:
            if one is not None and one["data"].get("name") == comment and one["data"]["replies"]:
                return list(one["data"]["replies"]["data"]["children"])
        return []


def there(world: World) -> set[str]:
    chats = {one["id"] for one in world.truth["chats"] if one["platform"] == "reddit" and one["title"] == "apollo"}
    return {record["message_id"] for record in world.truth["messages"] if record["chat_id"] in chats}


def expected(world: World) -> set[str]:
    return {record["message_id"] for record in world.expected("r/apollo", platform="reddit")}


def withheld(world: World) -> dict[str, str]:
    return {record["message_id"]: record["fault"] for record in world.withheld if record["platform"] == "reddit"}


def delivered(world: World) -> dict[str, int]:
    return {name: count for name, count in world.stats()["reddit"]["delivered"].items() if count}


def test_every_contradiction_says_what_it_does_and_has_a_name_of_its_own() -> None:
    assert all(one.does.endswith(".") and one.on for one in CONTRADICTIONS.values())
    assert all(name.startswith("reddit_") for name in CONTRADICTIONS)
    assert not CONTRADICTIONS.keys() & FAULTS.keys()


@pytest.mark.quick
def test_without_a_contradiction_even_the_naive_reader_has_everything() -> None:
    with sandbox(images=0) as world, client(world) as http:
        assert Naive(http, SIZES["beyond one page"]).read() == there(world) == expected(world)
        assert not world.withheld
        assert not delivered(world)


@pytest.mark.parametrize(
    ("size", "fault"), sampled(product(SIZES, [name for name in CONTRADICTIONS if name not in APART]), 3)
)
def test_who_believes_each_answer_loses_or_miscounts_at_every_size(fault: str, size: str) -> None:
    with sandbox(images=0, faults=[fault]) as world, client(world) as http:
        reader = Naive(http, SIZES[size])
        rows, everything = reader.read(), there(world)
        if fault == "reddit_cursor_dies" and size != "beyond one page":
            assert rows == everything == expected(world), "one page has no cursor"
            return
        assert delivered(world)[fault] > 0
        assert rows <= everything
        assert set(withheld(world).values()) <= {fault}
        assert expected(world) == everything - withheld(world).keys()
        wrong_count = reader.claimed != len(everything) - POSTS + UNCOUNTED
        wrong_order = reader.names[0] != max(
            (name for name in rows if name.startswith("t3_")), key=lambda n: int(n[3:], 36)
        )
        assert rows != everything or wrong_count or wrong_order or reader.said_twice


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_together_end_and_give_nothing_that_does_not_exist(seed: int) -> None:
    with sandbox(images=0, seed=seed, faults=CONTRADICTIONS) as world, client(world) as http:
        rows = Naive(http, 4).read()
        assert rows < there(world)
        assert rows - expected(world) <= withheld(world).keys()
        assert len(delivered(world)) >= 4


def test_a_seed_chooses_the_same_ones_again_and_another_seed_others() -> None:
    kept_back = []
    for seed in (0, 0, 1):
        with sandbox(messages=300, images=0, seed=seed, faults=["reddit_stub_lost", "reddit_odd_children"]) as world:
            kept_back.append(withheld(world))
    assert kept_back[0] == kept_back[1] != kept_back[2]


def test_worlds_of_few_messages_work_with_all_of_them() -> None:
    for messages in (0, 1, 2, 20):
        with sandbox(messages=messages, images=0, faults=CONTRADICTIONS) as world, client(world) as http:
            assert Naive(http, 100).read() <= there(world)


def names(answer: httpx.Response) -> list[str]:
    return [child["data"]["name"] for child in answer.json()["data"]["children"]]


def test_behind_an_older_post_a_list_goes_on_when_its_cursor_has_died() -> None:
    with sandbox(images=0, faults=["reddit_cursor_dies"]) as world, client(world) as http:
        first = http.get("r/apollo/new", params={"limit": "5"})
        cursor = first.json()["data"]["after"]
        dead = http.get("r/apollo/new", params={"limit": "5", "after": cursor}).json()["data"]
        assert (dead["children"], dead["after"]) == ([], None)
        further = names(http.get("r/apollo/new", params={"limit": "100", "after": names(first)[-2]}))
        assert len(names(first)) + len(further) == POSTS
        assert withheld(world) == {cursor: "reddit_cursor_dies"}
        (by_id,) = http.get("api/info", params={"id": cursor}).json()["data"]["children"]
        assert by_id["data"]["removed_by_category"] == "moderator"


@pytest.mark.parametrize(("posts", "ends"), [(900, {245, 673}), (300, {245}), (9, {6})])
def test_long_lists_end_where_they_are_reported_to_end(posts: int, ends: set[int]) -> None:
    drafts = [Draft(END - timedelta(hours=number), None, Said(), id=base36(50_000 - number)) for number in range(posts)]
    board = Board("apollo", "t5_a", "public", END, drafts)
    plans = [plan_for(board, ["reddit_list_ends_early"], seed) for seed in range(8)]
    assert {posts - len(plan.unlisted) for plan in plans} == ends
    assert all(draft.name in plan.unlisted for plan in plans for draft in drafts[max(ends) :])


def test_what_comes_late_comes_when_it_is_asked_for_again() -> None:
    with sandbox(images=0, faults=["reddit_stub_late"]) as world, client(world) as http:
        post, children = a_stub(world, http)
        form = {"api_type": "json", "link_id": post, "children": ",".join(children)}
        given = [expansion(http.post("api/morechildren", data=form)) for _ in range(2)]
        assert not children <= given[0]
        assert children <= given[1]


def test_what_no_expansion_gives_may_be_had_by_its_id_or_is_lost() -> None:
    for fault, found in (("reddit_stub_by_name", True), ("reddit_stub_lost", False)):
        with sandbox(images=0, faults=[fault]) as world, client(world) as http:
            reader = Naive(http, 100)
            missing = there(world) - reader.read()
            assert missing
            given = names(http.get("api/info", params={"id": ",".join(sorted(missing)[:100])}))
            assert set(given) == (missing if found else set())
            assert (missing <= withheld(world).keys()) is not found


def test_one_comment_asked_for_by_itself_is_elsewhere_once_or_for_ever() -> None:
    for fault, tries in (("reddit_comment_elsewhere", [False, True, True]), ("reddit_comment_closed", [False] * 3)):
        with sandbox(images=0, faults=[fault]) as world, client(world) as http:
            deepest = max(world.truth["messages"], key=lambda r: (r["chat_name"] == "apollo", r.get("depth") or 0))
            asked = deepest["parent_id"]
            given = []
            for _ in tries:
                path = f"comments/{deepest['thread_id'][3:]}"
                tree = http.get(path, params={"comment": asked[3:]}).json()[1]["data"]["children"]
                given.append(asked in [one["data"]["name"] for one in tree])
            assert given == tries


def test_an_old_name_leads_to_the_new_one() -> None:
    with sandbox(messages=20, images=0, faults=["reddit_redirected_name"]) as world, client(world) as http:
        answer = http.get("r/apollo_archive/new")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/r/apollo/new")
        assert http.get("r/apollo/new").status_code == 200
        assert delivered(world) == {"reddit_redirected_name": 1}


def by_cursor(http: httpx.Client, sort: str, size: int, *, until_short: bool = False) -> list[str]:
    """The posts of r/apollo, from cursor to cursor, or only until a page is shorter than asked for."""
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        answer = http.get(f"r/apollo/{sort}", params={"limit": str(size), "after": after})
        found += names(answer)
        after = answer.json()["data"]["after"]
        if until_short and len(names(answer)) < size:
            break
    return found


def test_who_takes_a_short_page_for_the_last_one_loses() -> None:
    with sandbox(images=0, faults=["reddit_short_pages"]) as world, client(world) as http:
        assert len(by_cursor(http, "new", 100, until_short=True)) == 10
        assert len(by_cursor(http, "new", 100)) == POSTS
        assert delivered(world)["reddit_short_pages"] == 4


@pytest.mark.parametrize("sort", ["hot", "top", "rising", "controversial"])
def test_what_rises_while_a_list_by_rank_is_read_is_on_none_of_its_pages(sort: str) -> None:
    with sandbox(images=0, faults=["reddit_ranks_move"]) as world, client(world) as http:
        assert len(by_cursor(http, sort, 100)) == POSTS, "one page has them all"
        ranked = by_cursor(http, sort, 5)
        assert len(ranked) == len(set(ranked)) < POSTS
        assert len(set(ranked) | set(by_cursor(http, sort, 100))) == POSTS, "from the beginning they can be had"
        assert delivered(world)["reddit_ranks_move"] > 0
        assert len(by_cursor(http, "new", 5)) == POSTS


def test_what_comes_while_a_list_is_read_is_there_for_who_begins_anew() -> None:
    with sandbox(images=0, faults=["reddit_new_posts"]) as world, client(world) as http:
        assert len(by_cursor(http, "new", 100)) == POSTS - 3
        again = by_cursor(http, "new", 100)
        assert len(again) == POSTS
        new = {name for name in withheld(world) if name.startswith("t3_")}
        assert {*again[:2]} < new
        assert len(new) == 3


def test_a_picture_that_is_gone_from_where_a_post_links_it_is_there_as_a_copy() -> None:
    with sandbox(images=60, faults=["reddit_copy_elsewhere"]) as world, client(world) as http:
        lost = world.afflicted("reddit_copy_elsewhere")
        shas = {
            media["source_id"]: media["sha256"] for one in world.truth["messages"] for media in one.get("media", ())
        }
        listing = http.get("r/apollo/new", params={"limit": "100"}).json()["data"]["children"]
        linked = [one["data"] for one in listing if not one["data"]["is_self"] and "preview" in one["data"]]
        found = 0
        for post in linked:
            source_id = next((id_ for id_ in lost if id_ in post["url"]), None)
            if source_id is not None and httpx.get(post["url"], trust_env=False, verify=False).status_code == 404:
                copy = httpx.get(post["preview"]["images"][0]["source"]["url"], trust_env=False, verify=False)
                assert hashlib.sha256(copy.content).hexdigest() == shas[source_id]
                found += 1
        assert found > 1
        assert delivered(world)["reddit_copy_elsewhere"] == found


def test_a_comment_written_while_a_thread_is_read_comes_when_it_is_read_again() -> None:
    with sandbox(images=0, faults=["reddit_new_comments"]) as world, client(world) as http:
        before, after = Naive(http, 100).read(), Naive(http, 100).read()
        assert before < after == there(world)
        assert expected(world) <= before


def test_only_so_many_levels_come_as_are_asked_for() -> None:
    with sandbox(images=0) as world, client(world) as http:
        post, children = a_stub(world, http)
        form = {"api_type": "json", "link_id": post, "children": ",".join(children)}
        for levels in (1, 2):
            answer = http.post("api/morechildren", data={**form, "depth": str(levels)}).json()
            depths = {one["data"]["depth"] for one in answer["json"]["data"]["things"] if one["kind"] == "t1"}
            assert max(depths) < levels
            (_, tree) = http.get(f"comments/{post[3:]}", params={"depth": str(levels)}).json()
            deepest, rest = 0, list(tree["data"]["children"])
            while rest:
                one = rest.pop()
                deepest = max(deepest, one["data"]["depth"]) if one["kind"] == "t1" else deepest
                rest += one["data"]["replies"]["data"]["children"] if one["data"].get("replies") else []
            assert deepest < levels


def a_stub(world: World, http: httpx.Client) -> tuple[str, set[str]]:
    """The post with the most comments, and what its first big stub names."""
    records = [record for record in world.expected("r/apollo", platform="reddit") if record["kind"] == "post"]
    post = max(records, key=lambda record: record["reply_count"])["message_id"]
    (_, tree) = http.get(f"comments/{post[3:]}", params={"limit": "6"}).json()
    stubs = [one["data"]["children"] for one in tree["data"]["children"] if one["kind"] == "more"]
    return post, set(max(stubs, key=len))


def expansion(answer: httpx.Response) -> set[str]:
    return {one["data"]["id"] for one in answer.json()["json"]["data"]["things"] if one["kind"] == "t1"}
