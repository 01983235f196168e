"""Answers of the sandbox's Webex that do not fit each other: each is given, and who trusts each answer loses by it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx
import pytest
from help.sampling import sampled

from chatframes.world.sandbox import World, sandbox
from chatframes.world.webex.contradictions import CONTRADICTIONS
from chatframes.world.webex.faults import FAULTS

APOLLO = "Project Apollo"
PAGE = 50  # messages, when nobody says how many
SIZES = {"below one page": 30, "at one page": PAGE, "beyond one page": 170}  # messages
APART = {"before_ignored", "edited_messages", "renamed_room"}  # each has a test of its own
BETWEEN_PAGES = ("empty_anchor", "missing_link", "stale_page")  # what one page alone cannot show


def client(world: World) -> httpx.Client:
    webex = world.config["webex"]
    headers = {"Authorization": f"Bearer {webex['access_token']}"}
    # without TLS nothing is verified, and reading the certificates takes 20 ms each time
    return httpx.Client(base_url=webex["base_url"], headers=headers, trust_env=False, verify=False, timeout=30)


def room(world: World) -> str:
    return next(str(one["id"]) for one in world.truth["chats"] if one["title"] == APOLLO)


def pages(http: httpx.Client, world: World, **query: Any) -> Iterator[tuple[list[Any], bool]]:
    """Every page of the list and whether it leads on, by the book: from link to link until there is none."""
    answer = http.get("messages", params={"roomId": room(world), **query})
    while True:
        assert answer.status_code == 200, answer
        yield answer.json()["items"], "next" in answer.links
        if "next" not in answer.links:
            return
        answer = http.get(answer.links["next"]["url"])


def listed(http: httpx.Client, world: World, **query: Any) -> list[Any]:
    return [item for page, _ in pages(http, world, **query) for item in page]


def ids(items: list[Any]) -> list[str]:
    return [item["id"] for item in items if item is not None and "id" in item]


def patiently(http: httpx.Client, world: World) -> set[str]:
    """Ids, read by who believes no end: goes on behind each message of the last page, twice."""
    found: dict[str, None] = dict.fromkeys(ids(listed(http, world)))
    waiting = list(found)[::-1]
    for anchor in waiting:
        for _ in range(2):
            fresh = [one for one in ids(listed(http, world, beforeMessage=anchor)) if one not in found]
            found |= dict.fromkeys(fresh)
            waiting += fresh[::-1]
    return set(found)


def there(world: World) -> set[str]:
    return {record["message_id"] for record in world.truth["messages"] if record["chat_id"] == room(world)}


def expected(world: World) -> set[str]:
    return {record["message_id"] for record in world.expected(APOLLO)}


def withheld(world: World) -> dict[str, str]:
    return {record["message_id"]: record["fault"] for record in world.withheld}


def delivered(world: World) -> dict[str, int]:
    return {name: count for name, count in world.stats()["delivered"].items() if count}


def test_every_contradiction_says_what_it_does_and_has_a_name_of_its_own() -> None:
    assert all(one.does.endswith(".") and one.on for one in CONTRADICTIONS.values())
    assert not CONTRADICTIONS.keys() & FAULTS.keys()


@pytest.mark.quick
@pytest.mark.parametrize("messages", SIZES.values(), ids=SIZES)
def test_without_a_contradiction_the_links_lead_to_everything(messages: int) -> None:
    with sandbox(messages=messages, images=0) as world, client(world) as http:
        assert set(ids(listed(http, world))) == there(world) == expected(world)
        assert not delivered(world)
        assert not world.withheld


@pytest.mark.parametrize(
    ("messages", "fault"), sampled(product(SIZES.values(), [name for name in CONTRADICTIONS if name not in APART]), 6)
)
def test_who_believes_each_answer_loses_or_miscounts_at_every_size(fault: str, messages: int) -> None:
    with sandbox(messages=messages, images=0, faults=[fault]) as world, client(world) as http:
        items = listed(http, world)
        rows = set(ids(items))
        assert rows <= there(world)
        assert set(withheld(world).values()) <= {fault}
        assert expected(world) == there(world) - withheld(world).keys()
        if (fault in BETWEEN_PAGES and messages < PAGE) or (fault == "missing_link" and messages == PAGE):
            assert rows == expected(world)
            return
        assert delivered(world)[fault] > 0
        dated = [item for item in items if item is not None and "created" in item]
        assert rows != there(world) or rows != expected(world) or len(dated) < messages or len(items) != messages


@pytest.mark.parametrize(
    ("seed", "fault"), sampled(product([0, 1, 2], [*BETWEEN_PAGES, "late_messages", "odd_items"]), 2)
)
def test_who_believes_no_end_has_what_is_expected(fault: str, seed: int) -> None:
    with sandbox(messages=120, images=0, seed=seed, faults=[fault]) as world, client(world) as http:
        assert expected(world) <= patiently(http, world) <= there(world)


def test_behind_a_dead_anchor_there_is_nothing_and_behind_an_older_one_the_rest() -> None:
    with sandbox(messages=120, images=0, faults=["empty_anchor"]) as world, client(world) as http:
        (first, leads_on), (second, leads_further) = pages(http, world)
        assert (len(first), leads_on, second, leads_further) == (PAGE, True, [], False)
        anchor = first[-1]["id"]
        assert withheld(world) == {anchor: "empty_anchor"}
        assert http.get(f"messages/{anchor}").status_code == 404
        behind = http.get("messages", params={"roomId": room(world), "beforeMessage": first[-2]["id"], "max": 1000})
        assert len(behind.json()["items"]) == 120 - PAGE


def test_a_stale_page_is_the_one_before_and_fresh_when_asked_again() -> None:
    with sandbox(messages=120, images=0, faults=["stale_page"]) as world, client(world) as http:
        (first, _), (stale, leads_on) = pages(http, world)
        assert (stale, leads_on) == (first, False)
        fresh = http.get("messages", params={"roomId": room(world), "beforeMessage": first[-1]["id"]})
        assert not set(ids(fresh.json()["items"])) & set(ids(first))


@pytest.mark.parametrize("messages", SIZES.values(), ids=SIZES)
def test_before_is_ignored_by_who_is_told_how_many(messages: int) -> None:
    with sandbox(messages=messages, images=0, faults=["before_ignored"]) as world, client(world) as http:
        newest, *_, oldest = listed(http, world)
        asked = {"roomId": room(world), "before": oldest["created"]}
        ignored = http.get("messages", params={**asked, "max": 10}).json()["items"]
        assert ignored[0]["id"] == newest["id"], "a naive reader takes ten that were not asked for"
        assert http.get("messages", params=asked).json()["items"] == []
        assert delivered(world) == {"before_ignored": 1}


@pytest.mark.parametrize("messages", SIZES.values(), ids=SIZES)
def test_who_knows_messages_by_all_they_say_has_edited_ones_twice(messages: int) -> None:
    with sandbox(messages=messages, images=0, faults=["edited_messages"]) as world, client(world) as http:
        said = {(item["id"], item.get("text"), item.get("updated")) for _ in range(2) for item in listed(http, world)}
        assert len(said) > messages
        assert {id_ for id_, _, _ in said} == there(world) == expected(world)
        edited = {one["message_id"]: one["text"] for one in world.edited}
        assert edited.keys() == world.afflicted("edited_messages")
        assert all(http.get(f"messages/{id_}").json()["text"] == text for id_, text in edited.items())
        assert delivered(world)["edited_messages"] >= 2 * len(edited)


def test_who_looks_for_a_room_by_its_title_finds_it_once() -> None:
    with sandbox(messages=20, images=0, faults=["renamed_room"]) as world, client(world) as http:
        found = [[one["id"] for one in http.get("rooms").json()["items"] if one["title"] == APOLLO] for _ in range(2)]
        assert found == [[room(world)], []]
        assert http.get(f"rooms/{room(world)}").json()["title"] != APOLLO
        assert delivered(world) == {"renamed_room": 2}


def test_without_a_date_in_the_list_a_message_has_one_by_its_id() -> None:
    with sandbox(messages=60, images=0, faults=["undated_items"]) as world, client(world) as http:
        undated = [item["id"] for item in listed(http, world) if "created" not in item]
        assert undated
        assert all("created" in http.get(f"messages/{id_}").json() for id_ in undated)


@pytest.mark.parametrize("messages", [0, 1, 2, 5, *SIZES.values()])
def test_all_together_end_and_give_nothing_that_does_not_exist(messages: int) -> None:
    with sandbox(messages=messages, images=0, faults=CONTRADICTIONS) as world, client(world) as http:
        assert set(ids(listed(http, world))) <= there(world)
        assert len(delivered(world)) >= (3 if messages > PAGE else 0)
        assert withheld(world).keys() <= there(world)


def test_a_seed_chooses_the_same_ones_again_and_another_seed_others() -> None:
    odd = []
    for seed in (0, 0, 1):
        with sandbox(images=0, seed=seed, faults=["odd_items"]) as world:
            odd.append(withheld(world))
    assert odd[0] == odd[1] != odd[2]


def test_a_list_of_answers_holds_the_answers_of_one_message_only() -> None:
    with sandbox(images=0) as world, client(world) as http:
        answers = [record for record in world.expected(APOLLO) if record["parent_id"]]
        parent = answers[0]["parent_id"]
        found = ids(listed(http, world, parentId=parent, max=1))
        assert set(found) == {record["message_id"] for record in answers if record["parent_id"] == parent}


def test_rooms_are_sorted_as_asked_for() -> None:
    with sandbox(messages=20, images=0) as world, client(world) as http:
        for key, field, reverse in (
            ("id", "id", False),
            ("created", "created", True),
            ("lastactivity", "lastActivity", True),
        ):
            rooms = [one[field] for one in http.get("rooms", params={"sortBy": key}).json()["items"]]
            assert rooms == sorted(rooms, reverse=reverse)


def test_times_can_be_read_as_the_documentation_writes_them() -> None:
    with sandbox(messages=300, images=0) as world, client(world) as http:
        assert all(item["created"].endswith("Z") and "." in item["created"] for item in listed(http, world))
