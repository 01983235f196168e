"""The sandbox keeps its own promises, seen through a plain httpx client that knows nothing of chatframes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from help.sampling import sampled
from PIL import Image

from chatframes.errors import ConfigError
from chatframes.world.awake import Moment
from chatframes.world.sandbox import World, sandbox
from chatframes.world.serving import Counts
from chatframes.world.waits import Waits
from chatframes.world.webex.faults import FAULTS

APOLLO = "Project Apollo"
PAGE_FAULTS = [name for name, fault in FAULTS.items() if fault.share == "none"]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with sandbox() as running:
        yield running


def client(world: World, token: str | None = None) -> httpx.Client:
    webex = world.config["webex"]
    headers = {"Authorization": f"Bearer {token or webex['access_token']}", "Accept-Encoding": "identity"}
    # without TLS nothing is verified, and reading the certificates takes 20 ms each time
    return httpx.Client(base_url=webex["base_url"], headers=headers, trust_env=False, verify=False, timeout=30)


def room(world: World, title: str = APOLLO) -> str:
    return next(chat["id"] for chat in of_webex(world, "chats") if chat["title"] == title)


def of_webex(world: World, name: str) -> list[dict]:
    """What the truth holds of Webex: Telegram has tests of its own."""
    return [record for record in world.truth[name] if record["platform"] == "webex"]


def pages(http: httpx.Client, url: str, **query: object) -> list[dict]:
    """Every item behind `url`, by the book: follow rel="next" until there is none."""
    items, params = [], {name: str(value) for name, value in query.items()}
    while url:
        answer = http.get(url, params=params or None)
        answer.raise_for_status()
        items += answer.json()["items"]
        url, params = answer.links.get("next", {}).get("url", ""), {}
    return items


def patient(http: httpx.Client, url: str, **query: object) -> list[dict]:
    """The same, asking again at once where a fault that passes stood in the way."""
    items, params = [], {name: str(value) for name, value in query.items()}
    while url:
        for _ in range(4):
            try:
                answer = http.get(url, params=params or None)
                found = answer.json()["items"]
                break
            except (httpx.RemoteProtocolError, ValueError, KeyError):
                continue
        items += found
        url, params = answer.links.get("next", {}).get("url", ""), {}
    return items


def table_order(items: list[dict]) -> list[dict]:
    return sorted(items, key=lambda i: (datetime.fromisoformat(i["created"]), i["roomId"], len(i["id"]), i["id"]))


def images_of(world: World) -> dict[str, dict]:
    return {m["source_id"]: m for r in world.expected(APOLLO) for m in r["media"] if m["is_image"]}


def one_of(world: World, fault: str) -> dict:
    return next(m for id_, m in images_of(world).items() if id_ in world.afflicted(fault))


def get_file(http: httpx.Client, media: dict) -> httpx.Response:
    return http.get(f"contents/{media['source_id']}")


# The world


def without_ports(truth: dict) -> str:
    """The truth as text, without the ports in the addresses of pictures: those are of the moment."""
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", json.dumps(truth, default=str))


def test_the_same_arguments_give_the_same_truth_and_another_seed_another() -> None:
    with sandbox(messages=80, images=12) as one, sandbox(messages=80, images=12) as same:
        assert without_ports(one.truth) == without_ports(same.truth)
        assert one.config != same.config  # ports and tokens are of the moment
    with sandbox(messages=80, images=12, seed=1) as other:
        assert other.truth != one.truth
        assert {m["message_id"] for m in of_webex(other, "messages")}.isdisjoint(
            m["message_id"] for m in of_webex(one, "messages")
        )


@pytest.mark.parametrize(
    ("messages", "images", "days"), [(300, 60, 30), (1, 4, 1), (0, 0, 30), (40, 160, 3), (1200, 7, 90), (5, 0, 365)]
)
def test_counts_are_exact_and_every_message_lies_in_the_range(messages: int, images: int, days: int) -> None:
    with sandbox(messages=messages, images=images, days=days) as world:
        records = world.expected(APOLLO)
        assert len(records) == messages
        assert sum(m["is_image"] for r in records for m in r["media"]) == images
        end = datetime(2026, 11, 1, tzinfo=UTC)
        assert all(end - timedelta(days=days) <= r["created_at"] < end for r in records)
        assert len({r["message_id"] for r in records}) == messages


def test_messages_share_a_millisecond_exactly_where_windows_meet(world: World) -> None:
    at = Counter(record["created_at"] for record in world.expected(APOLLO))
    begin, end = datetime(2026, 10, 2, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    inner = [begin + timedelta(days=6 * n) for n in range(1, 5)]
    inner += [begin - timedelta(days=1) + timedelta(days=6.2 * n) for n in range(1, 5)]
    assert all(at[border] >= 2 for border in inner)
    assert at[begin] >= 2
    assert at[end - timedelta(milliseconds=1)] >= 2
    assert sum(count for count in at.values() if count > 1) > 60


def test_truth_covers_what_trips_readers(world: World) -> None:
    records = world.expected(APOLLO)
    known = {record["message_id"] for record in records}
    assert any(r["parent_id"] in known for r in records)
    assert any(r["parent_id"] and r["parent_id"] not in known for r in records)
    assert any(r["edited_at"] for r in records)
    assert any(r["mentions"] for r in records)
    assert any("&" in link for r in records for link in r["links"])
    assert {r["author_kind"] for r in records} == {"person", "bot", "deleted"}
    assert any(len(r["text"]) > 5000 for r in records)
    assert any("\ufffd" in r["text"] and r["flags"] == ["text_repaired"] for r in records)
    assert any("<script>" in r["text"] for r in records)
    assert any(not r["text"] and r["media"] for r in records)
    media = [m for r in records for m in r["media"]]
    assert {m["mime"] for m in media if m["is_image"]} == {"image/jpeg", "image/png", "image/gif", "image/webp"}
    assert any(not m["is_image"] and m["size"] > 2_000_000 for m in media)
    assert any(m["is_image"] and 1_900_000 < m["size"] < 3_000_000 for m in media)
    assert max(Counter(m["source_id"] for m in media if m["is_image"]).values()) == 2  # a picture forwarded
    names = {m["name"] for m in media}
    assert None in names
    assert any(name and ":" in name for name in names)
    assert any(name and not name.isascii() for name in names)


def test_a_silent_chat_spans_years_and_titles_can_be_ambiguous(world: World) -> None:
    kitchen = world.expected("Kitchen")
    assert kitchen[0]["created_at"].year == 2021
    assert kitchen[-1]["created_at"].year == 2026
    assert world.expected("Quiet corner") == []
    with pytest.raises(ConfigError, match="2 chats are called 'Standup'"):
        world.expected("Standup")
    direct = [chat for chat in of_webex(world, "chats") if chat["kind"] == "direct"]
    assert world.expected(direct[0]["title"])[0]["chat_id"] == direct[0]["id"]


def test_expected_takes_whole_days_and_instants(world: World) -> None:
    day = world.expected(APOLLO, "2026-10-08", "2026-10-08")
    midnight = datetime(2026, 10, 8, tzinfo=UTC)
    assert day == world.expected(APOLLO, midnight, midnight + timedelta(days=1))
    assert 0 < len(day) < 300


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"faults": ["rain"]}, "no fault is called rain; known are .*rate_limit"),
        ({"messages": -1}, "messages must be a whole number, 0 or more"),
        ({"days": 0}, "days must be a whole number, 1 or more"),
        ({"images": 41, "messages": 10}, "10 messages hold at most 40 images, not 41: write images=40 or fewer"),
        ({"latency_ms": -1}, "latency_ms must be"),
        ({"images": True}, "images must be"),
        ({"seed": "x"}, "seed must be"),
    ],
)
def test_wrong_arguments_are_told(arguments: dict, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        sandbox(**arguments)


# The API


def test_a_client_that_follows_the_links_gets_exactly_the_truth(world: World) -> None:
    kinds = {person["id"]: person for person in of_webex(world, "people")}
    for chat in of_webex(world, "chats"):
        with client(world) as http:
            items = table_order(pages(http, "messages", roomId=chat["id"], max=37))
        records = world.expected(chat["id"])
        assert [item["id"] for item in items] == [record["message_id"] for record in records]
        for item, record in zip(items, records, strict=True):
            assert datetime.fromisoformat(item["created"]) == record["created_at"]
            assert item.get("parentId") == record["parent_id"]
            assert item.get("html") or item.get("markdown") == record["markup"]
            assert item.get("mentionedPeople", []) == record["mentions"]
            assert [url.rpartition("/")[2] for url in item.get("files", ())] == [
                m["source_id"] for m in record["media"] if "/" not in m["source_id"]
            ]
            assert item["personId"] == record["author_id"]
            assert kinds[item["personId"]]["left"] == (record["author_kind"] == "deleted")
            assert None not in item.values()
            assert ("updated" in item) == (record["edited_at"] is not None)
            if "text" in item and "\ud83d" not in item["text"]:
                assert item["text"] == record["text"].partition("\nRelease ready\n")[0], "then comes what a card says"


def test_lists_hold_cards_html_only_messages_and_times_without_a_fraction() -> None:
    with sandbox(messages=1500, images=0, faults=["whole_seconds"]) as world, client(world) as http:
        items = {item["id"]: item for item in pages(http, "messages", roomId=room(world), max=1000)}
        truth = {record["message_id"]: record for record in world.expected(APOLLO)}
    assert any(item["created"].endswith("00+00:00") for item in items.values())
    cards = [item for item in items.values() if "attachments" in item]
    assert {("text" in c, "fallbackText" in c["attachments"][0]["content"]) for c in cards} == {
        (False, True),
        (False, False),
        (True, True),
    }
    assert all(truth[card["id"]]["text"] for card in cards)
    assert any("text" not in item and "html" in item and truth[item["id"]]["text"] for item in items.values())
    shared = Counter(datetime.fromisoformat(item["created"]) for item in items.values())
    assert max(shared.values()) > 50  # more in one millisecond than a page of the default size holds


def test_before_is_strict_and_pages_are_newest_first(world: World) -> None:
    border = "2026-10-08T00:00:00.000Z"
    with client(world) as http:
        items = pages(http, "messages", roomId=room(world), before=border, max=100)
    times = [datetime.fromisoformat(item["created"]) for item in items]
    assert times == sorted(times, reverse=True)
    assert len(items) == len(world.expected(APOLLO, until=datetime(2026, 10, 8, tzinfo=UTC)))


def test_people_come_in_batches_and_who_left_is_not_found(world: World) -> None:
    ids = [person["id"] for person in of_webex(world, "people")]
    gone = [person["id"] for person in of_webex(world, "people") if person["left"]]
    with client(world) as http:
        found = http.get("people", params={"id": ",".join(ids)}).json()
        assert found["notFoundIds"] == gone
        assert {item["type"] for item in found["items"]} == {"person", "bot"}
        assert len(found["items"]) == len(ids) - 1 == 13
        assert http.get(f"people/{gone[0]}").status_code == 404
        assert http.get("people", params={"id": ",".join(ids * 7)}).status_code == 400
        assert http.get("people").status_code == 400
        assert http.get("people/me").json()["id"] == ids[0]


def test_rooms_are_listed_by_page_and_by_type(world: World) -> None:
    with client(world) as http:
        assert len(pages(http, "rooms")) == 6
        assert len(pages(http, "rooms", max=1)) == 6
        assert [item["type"] for item in pages(http, "rooms", type="direct")] == ["direct"]
        assert http.get(f"rooms/{room(world)}").json()["title"] == APOLLO
        assert http.get("rooms/nonsense").status_code == 404


def test_wrong_requests_get_an_error_in_webex_words(world: World) -> None:
    with client(world) as http:
        assert http.get("messages").status_code == 400
        assert http.get("messages", params={"roomId": room(world), "max": "null"}).status_code == 400
        assert http.get("messages", params={"roomId": "nonsense"}).status_code == 404
        assert http.get("messages", params={"roomId": room(world), "beforeMessage": "gone"}).status_code == 404
        assert http.get("contents/nonsense").status_code == 404
    with client(world, "wrong") as http:
        answer = http.get("people/me")
    assert answer.status_code == 401
    assert set(answer.json()) == {"message", "errors", "trackingId"}


def test_a_bot_sees_only_what_mentions_it(world: World) -> None:
    with client(world, world.bot_token) as http:
        assert http.get("people/me").json()["type"] == "bot"
        assert http.get("messages", params={"roomId": room(world)}).status_code == 403
        items = pages(http, "messages", roomId=room(world), mentionedPeople="me", max=1)
        bot = http.get("people/me").json()["id"]
    wanted = [r["message_id"] for r in world.expected(APOLLO) if bot in r["mentions"]]
    assert wanted
    assert sorted(item["id"] for item in items) == sorted(wanted)


def test_every_picture_opens_and_is_what_truth_says(world: World) -> None:
    media = images_of(world)
    with client(world) as http:
        for one in media.values():
            answer = get_file(http, one)
            assert hashlib.sha256(answer.content).hexdigest() == one["sha256"]
            assert answer.headers["Content-Type"] == one["declared_mime"]
            assert int(answer.headers["Content-Length"]) == one["size"] == len(answer.content)
            with Image.open(io.BytesIO(answer.content)) as picture:
                picture.load()
                assert picture.size == (one["width"], one["height"])
                assert Image.MIME[picture.format or ""] == one["mime"]
    assert len({one["sha256"] for one in media.values()}) == len(media)


def test_other_files_are_what_truth_says_and_head_gives_their_headers(world: World) -> None:
    others = [m for r in world.expected(APOLLO) for m in r["media"] if not m["is_image"] and "/" not in m["source_id"]]
    with client(world) as http:
        for one in others:
            head = http.head(f"contents/{one['source_id']}")
            assert int(head.headers["Content-Length"]) == one["size"]
            assert f'filename="{one["name"]}"' in head.headers["Content-Disposition"]
            data = get_file(http, one).content
            assert hashlib.sha256(data).hexdigest() == one["sha256"]
            if one["mime"] == "application/zip":
                assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


def test_stats_count_what_clients_did(world: World) -> None:
    picture = next(iter(images_of(world).values()))
    world.reset_stats()
    with client(world) as http:
        http.get("people/me")
        pages(http, "messages", roomId=room(world), max=100)
        get_file(http, picture)
        get_file(http, picture)
        http.head(f"contents/{picture['source_id']}")
        http.get("people", params={"id": "a,b,c"})
        stats = world.stats()
    assert stats["requests"] == {"me": 1, "messages": 4, "contents": 2, "head": 1, "people": 1}
    assert stats["content_gets"] == {picture["source_id"]: 2}
    assert stats["content_bytes"] == {picture["source_id"]: 2 * picture["size"]}
    assert stats["max_people_ids"] == 3
    assert stats["messages_log"][0] == {"roomId": room(world), "max": "100"}
    assert (stats["peak_downloads"], stats["peak_pages"]) == (1, 1)
    assert stats["api_cookies"] > 0  # httpx keeps cookies; what we build must not
    assert stats["foreign_credentials"] == stats["foreign_cookies"] == stats["early_requests"] == 0


def test_peaks_are_counted_at_the_server() -> None:
    with sandbox(messages=20, images=8, faults=["lying_length"]) as world, client(world) as http:
        url = f"contents/{one_of(world, 'lying_length')['source_id']}"
        with ExitStack() as streams:
            for _ in range(8):
                streams.enter_context(http.stream("GET", url))
            assert world.stats()["peak_downloads"] == 8
            assert world.stats()["peak_connections"] == 8
        world.reset_stats()
        http.get("people/me")
        assert world.stats()["peak_downloads"] == 0
    assert world.stats()["requests"] == {"me": 1}  # the counts stay after closing


def test_a_request_inside_a_wait_is_early_but_not_at_once_after_the_refusal() -> None:
    now = [Moment(10.0, starved=4.0)]
    counts = Counts(waits=Waits(look=lambda: now[0]))
    counts.waits.ask(1.0)
    early = []
    for now[0] in (Moment(10.1, 4.0), Moment(10.7, 4.3), Moment(10.8, 4.2), Moment(11.1, 4.2)):
        counts.arrived("messages")
        early.append(counts.as_dict()["early_requests"])
    assert early == [0, 0, 1, 1], "the second came late because nobody ran for 0.3 of the 0.7 seconds"


def test_rate_limits_refuse_bursts(world: World) -> None:
    with sandbox(messages=5, images=0, rate_limits=True) as world, client(world) as http:
        answers = [http.get("people/me") for _ in range(150)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["Retry-After"] == "1"
    assert answers[0].status_code == 200


def test_closing_leaves_no_thread_and_no_port() -> None:
    before = set(threading.enumerate())
    world = sandbox(messages=5, images=1)
    with client(world) as http:
        assert http.get("people/me").status_code == 200
        world.close()
        world.close()
        with pytest.raises(httpx.TransportError):
            http.get("people/me")
    assert set(threading.enumerate()) == before
    assert "closed" in repr(world)


def test_the_repr_shows_where_and_how_much_but_no_token() -> None:
    with sandbox(messages=20, images=3, faults=["token_expires", "gone"]) as world:
        webex = world.config["webex"]
        assert webex["base_url"] in repr(world)
        assert "20 messages, 3 images" in repr(world)
        assert "gone" in repr(world)
        for secret in ("access_token", "client_secret", "refresh_token"):
            assert webex[secret] not in repr(world)
        assert world.bot_token not in repr(world)


def test_photographs_have_a_licence_note() -> None:
    from importlib.resources import files

    folder = files("chatframes.world.community") / "photos"
    shipped = {entry.name for entry in folder.iterdir()} - {"LICENCE.md"}
    note = (folder / "LICENCE.md").read_text()
    assert shipped == set(re.findall(r"[a-z-]+\.(?:jpg|png|gif|webp)(?=[,| ])", note))


# The faults


@pytest.mark.parametrize(
    "fault",
    sampled(
        [
            name
            for name in PAGE_FAULTS
            if name not in ("wrong_host_next", "gone_anchor", "token_expires", "next_link_null")
        ],
        4,
    ),
)
def test_a_patient_client_still_gets_every_message(fault: str) -> None:
    with sandbox(messages=300, images=0, faults=[fault]) as world, client(world) as http:
        items = patient(http, "messages", roomId=room(world), max=100 if fault == "slow_pages" else 30)
    assert sorted(i["id"] for i in items) == sorted(r["message_id"] for r in world.expected(APOLLO))


PATIENT_LIMITS = {
    "rate_limit": 429,
    "rate_limit_date": 429,
    "rate_limit_bare": 429,
    "server_error": 502,
    "lost_anchor": 404,
}


@pytest.mark.parametrize(("fault", "status"), PATIENT_LIMITS.items())
def test_a_naive_client_is_refused(fault: str, status: int) -> None:
    with (
        sandbox(messages=300, images=0, faults=[fault]) as world,
        client(world) as http,
        pytest.raises(httpx.HTTPStatusError) as refused,
    ):
        pages(http, "messages", roomId=room(world), max=50)
    answer = refused.value.response
    assert answer.status_code == status
    wait = answer.headers.get("Retry-After", "")
    assert {"rate_limit": wait == "1", "rate_limit_date": wait.endswith("GMT")}.get(fault, wait == "")


def test_gateways_answer_with_html() -> None:
    with sandbox(messages=300, images=0, faults=["html_page"]) as world, client(world) as http:
        answers = [http.get("messages", params={"roomId": room(world)}) for _ in range(3)]
    assert [answer.headers["Content-Type"][:9] for answer in answers] == ["applicati", "applicati", "text/html"]
    assert answers[2].status_code == 200
    with sandbox(messages=300, images=0, faults=["gateway_timeout"]) as world, client(world) as http:
        asked = {size: http.get("messages", params={"roomId": room(world), "max": size}) for size in (200, 201)}
    assert {size: answer.status_code for size, answer in asked.items()} == {200: 200, 201: 504}


def test_a_page_breaks_off() -> None:
    with sandbox(messages=300, images=0, faults=["cut_page"]) as world, client(world) as http:
        http.get("messages", params={"roomId": room(world)})
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            http.get("messages", params={"roomId": room(world)})


def test_pages_can_be_empty_short_and_badly_linked() -> None:
    with sandbox(messages=300, images=0, faults=["empty_pages"]) as world, client(world) as http:
        first = http.get("messages", params={"roomId": room(world), "before": "2026-10-20T00:00:00.000Z"})
        assert first.json()["items"] == []
        assert http.get(first.links["next"]["url"]).json()["items"]
    with sandbox(messages=300, images=0, faults=["short_pages"]) as world, client(world) as http:
        assert len(http.get("messages", params={"roomId": room(world), "max": 100}).json()["items"]) == 37
        assert len(pages(http, "rooms")) == 6
    with sandbox(messages=300, images=0, faults=["next_link_null"]) as world, client(world) as http:
        link = http.get("messages", params={"roomId": room(world)}).links["next"]["url"]
        assert link.endswith("max=null")
        assert http.get(link).status_code == 400
        assert http.get(link.replace("max=null", "max=50")).status_code == 200


def test_an_anchor_can_be_gone_for_ever() -> None:
    with sandbox(messages=300, images=0, faults=["gone_anchor"]) as world, client(world) as http:
        second = http.get("messages", params={"roomId": room(world)}).links["next"]["url"]
        third = http.get(second).links["next"]["url"]
        assert [http.get(third).status_code for _ in range(3)] == [404, 404, 404]
        assert http.get(second).status_code == 200


def test_a_link_to_a_foreign_host_is_a_trap_that_counts() -> None:
    with sandbox(messages=300, images=0, faults=["wrong_host_next"]) as world, client(world) as http:
        link = http.get("messages", params={"roomId": room(world)}).links["next"]["url"]
        assert world.foreign_host in link
        assert httpx.get(link, trust_env=False, verify=False).status_code == 401
        assert world.stats()["foreign_credentials"] == 0
        http.get(link)  # the naive way: the token goes along
        assert world.stats()["foreign_credentials"] == 1


def test_undeciphered_messages_heal_at_the_second_try_but_two_never_do() -> None:
    with sandbox(messages=300, images=0, faults=["item_errors"]) as world, client(world) as http:
        ill, lost = world.afflicted("item_errors"), world.afflicted("item_errors", for_ever=True)
        items = pages(http, "messages", roomId=room(world), max=100)
        assert {item["id"] for item in items if "errors" in item} == ill
        assert all("created" not in item for item in items if "errors" in item)
        first = {id_: http.get(f"messages/{id_}").json() for id_ in ill}
        second = {id_: http.get(f"messages/{id_}").json() for id_ in ill}
    assert all("errors" in item for item in first.values())
    assert {id_ for id_, item in second.items() if "errors" in item} == lost
    assert len(lost) == 2 < len(ill)


def test_a_token_expires_until_it_is_refreshed() -> None:
    with sandbox(messages=10, images=0, faults=["token_expires"]) as world, client(world) as http:
        webex = world.config["webex"]
        assert [http.get("people/me").status_code for _ in range(22)] == [200] * 20 + [401] * 2
        form = {name: webex[name] for name in ("client_id", "client_secret", "refresh_token")}
        assert http.post("access_token", data={**form, "grant_type": "password"}).status_code == 400
        answer = http.post("access_token", data={**form, "grant_type": "refresh_token"}).json()
        renewed = {"Authorization": f"Bearer {answer['access_token']}"}
        assert http.get("people/me", headers=renewed).status_code == 200
        assert http.get("people/me").status_code == 401
        stats = world.stats()
    assert (stats["refreshes"], stats["requests"]["token"], stats["unauthorized"]) == (1, 2, 3)


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ("locked", [423, 200]),
        ("gone", [404, 404]),
        ("infected", [410, 410]),
        ("unscannable", [428, 428]),
        ("file_rate_limit", [429, 200]),
        ("file_server_error", [503, 200]),
        ("redirect_files", [302, 302]),
    ],
)
def test_a_file_can_be_refused(fault: str, statuses: list[int]) -> None:
    with sandbox(messages=40, images=12, faults=[fault]) as world, client(world) as http:
        one = one_of(world, fault)
        answers = [get_file(http, one) for _ in statuses]
        assert [answer.status_code for answer in answers] == statuses
        if statuses[0] in (423, 429):
            assert answers[0].headers["Retry-After"] == "1"
        if fault == "unscannable":
            assert http.get(f"contents/{one['source_id']}", params={"allow": "unscannable"}).status_code == 200
        well = next(m for id_, m in images_of(world).items() if id_ not in world.afflicted(fault))
        assert get_file(http, well).status_code == 200


def test_a_file_breaks_off_is_reset_or_ends_early_and_is_whole_the_next_time() -> None:
    broken = ["cut_files", "reset_files", "short_files"]
    with sandbox(messages=40, images=20, faults=broken) as world, client(world) as http:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            get_file(http, one_of(world, "cut_files"))
        with pytest.raises(httpx.TransportError):
            get_file(http, one_of(world, "reset_files"))
        short = one_of(world, "short_files")
        answer = get_file(http, short)
        assert "Content-Length" not in answer.headers
        assert len(answer.content) == short["size"] // 2
        for fault in world.faults:
            one = one_of(world, fault)
            assert hashlib.sha256(get_file(http, one).content).hexdigest() == one["sha256"]


def test_files_lie_about_their_type_their_name_and_their_encoding() -> None:
    faults = ["no_length", "wrong_type", "odd_names", "html_files", "gzip_files"]
    with sandbox(messages=60, images=40, faults=faults) as world, client(world) as http:
        chunked = get_file(http, one_of(world, "no_length"))
        assert "Content-Length" not in chunked.headers
        assert len(chunked.content) == one_of(world, "no_length")["size"]
        mistyped = [get_file(http, images_of(world)[id_]) for id_ in world.afflicted("wrong_type")]
        assert all(a.headers["Content-Type"] not in ("image/jpeg", "image/png") for a in mistyped)
        named = [get_file(http, images_of(world)[id_]) for id_ in world.afflicted("odd_names")]
        assert all("filename=" in answer.headers["Content-Disposition"] for answer in named)
        page = get_file(http, one_of(world, "html_files"))
        assert (page.headers["Content-Type"], page.content[:5]) == ("image/jpeg", b"<!DOC")
        squeezed = one_of(world, "gzip_files")
        with http.stream("GET", f"contents/{squeezed['source_id']}") as answer:
            data = b"".join(answer.iter_raw())
        assert answer.headers["Content-Encoding"] == "gzip"
        assert hashlib.sha256(gzip.decompress(data)).hexdigest() == squeezed["sha256"]


def test_a_file_never_ends_and_another_hardly_comes() -> None:
    with sandbox(messages=40, images=20, faults=["lying_length", "trickle"]) as world, client(world) as http:
        endless, slow = one_of(world, "lying_length"), one_of(world, "trickle")
        assert http.head(f"contents/{endless['source_id']}").headers["Content-Length"] == "100"
        seen = 0
        with http.stream("GET", f"contents/{endless['source_id']}") as answer:
            assert "Content-Length" not in answer.headers
            for piece in answer.iter_raw():
                seen += len(piece)
                if seen > 10 * 2**20:
                    break
        assert seen > 10 * 2**20
        with http.stream("GET", f"contents/{slow['source_id']}") as answer:
            sizes = [len(piece) for piece, _ in zip(answer.iter_raw(), range(3), strict=False)]
        assert sizes[1:] == [1, 1]
        assert {len(world.afflicted(fault)) for fault in world.faults} == {1}


@pytest.mark.parametrize("fault", ["redirect_files", "foreign_files"])
def test_a_foreign_host_serves_the_bytes_and_notes_what_it_should_not_see(fault: str) -> None:
    with sandbox(messages=40, images=12, faults=[fault]) as world, client(world) as http:
        one = one_of(world, fault)
        if fault == "redirect_files":
            url = get_file(http, one).headers["Location"]
        else:
            items = pages(http, "messages", roomId=room(world))
            url = next(u for i in items for u in i.get("files", ()) if one["source_id"] in u)
        assert url.startswith(f"http://{world.foreign_host}/")
        with httpx.Client(trust_env=False, verify=False) as stranger:
            assert hashlib.sha256(stranger.get(url).content).hexdigest() == one["sha256"]
        assert (world.stats()["foreign_credentials"], world.stats()["foreign_cookies"]) == (0, 0)
        http.get(url, headers={"Cookie": "a=b"})
        assert (world.stats()["foreign_credentials"], world.stats()["foreign_cookies"]) == (1, 1)


def test_all_faults_together_still_afflict_an_image_once_and_refuse_a_page_at_most_twice() -> None:
    with sandbox(messages=300, images=60, faults=FAULTS) as world, client(world) as http:
        shares = [world.afflicted(name) for name, fault in FAULTS.items() if fault.share != "none"]
        assert all(shares)
        assert sum(map(len, shares)) == len(set().union(*shares)) < len(images_of(world))
        statuses = []
        for _ in range(4):
            try:
                answer = http.get("messages", params={"roomId": room(world), "max": 50})
                statuses.append(answer.headers["Content-Type"][:16] if answer.status_code == 200 else "refused")
            except httpx.RemoteProtocolError:
                statuses.append("cut")
    assert statuses[-1] == "application/json"


def test_every_fault_says_what_it_does() -> None:
    assert all(fault.does.endswith(".") and fault.on for fault in FAULTS.values())
