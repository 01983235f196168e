"""What a reader of the Webex app sees is in the row: own words and those of cards once, every address, every picture."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from help.odd_webex import BASE, CONFIG, NOON, ROOM, TOKEN, Odd, hourly, stamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import chatframes as cf
from chatframes.model import Message
from chatframes.sources.plain_text import of_html
from chatframes.sources.webex.card_elements import ELEMENTS
from chatframes.sources.webex.cards import CARD_TYPE
from chatframes.sources.webex.content import is_excuse
from chatframes.sources.webex.rows import row

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
X = "https://example.org"


def message(**item: Any) -> Message:
    return row({"id": "m1", "created": stamp(NOON), **item}, ROOM, "Room", NOON, raw=True)


def card(*body: Any, **more: Any) -> dict[str, Any]:
    content = {"type": "AdaptiveCard", "version": "1.3", "body": list(body), **more}
    return {"attachments": [{"contentType": CARD_TYPE, "content": content}]}


def text(words: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": words}


# --- the message's own words ------------------------------------------------------------------------------------------


@pytest.mark.quick
@pytest.mark.parametrize(
    ("item", "words", "links", "markup"),
    [
        ({"text": f"see {X}/?a=1&b=2, please"}, f"see {X}/?a=1&b=2, please", [f"{X}/?a=1&b=2"], None),
        ({"text": "5 &lt; 6"}, "5 &lt; 6", [], None),  # what a person typed: Webex's text has no entities
        ({"html": "Tom &amp; Jerry at 5 &lt; 6"}, "Tom & Jerry at 5 < 6", [], "Tom &amp; Jerry at 5 &lt; 6"),
        ({"html": "5 &gt; 4", "text": "5 > 4"}, "5 > 4", [], "5 &gt; 4"),
        ({"markdown": f"**hi** [you]({X})"}, "hi you", [X], f"**hi** [you]({X})"),
        ({"markdown": f"[you]({X})", "text": "you"}, "you", [X], f"[you]({X})"),
        ({"markdown": "_a_", "html": f"<a href='{X}'>a</a>", "text": "a"}, "a", [X], f"<a href='{X}'>a</a>"),
        (
            {"text": "1. a\n2. b", "html": "<ol><li>a</li><li>b</li></ol>"},
            "1. a\n2. b",
            [],
            "<ol><li>a</li><li>b</li></ol>",
        ),
        ({"text": "a b", "html": "<p>a c <b>d</b></p>"}, "a c d", [], "<p>a c <b>d</b></p>"),
        ({"text": f"{X} {X} {X}/2"}, f"{X} {X} {X}/2", [X, f"{X}/2"], None),
        ({"files": [f"{BASE}/contents/1"]}, "", [], None),
    ],
)
def test_the_richest_form_gives_the_addresses(item: dict[str, Any], words: str, links: list[str], markup: str) -> None:
    found = message(**item)
    assert (found.text, [*found.links], found.markup) == (words, links, markup)
    assert found.details == {}


def test_who_wrote_it_has_an_address_and_a_voice_clip_is_one() -> None:
    found = message(personEmail="ada@example.org", isVoiceClip=True, files=[f"{BASE}/contents/1"])
    assert (found.author_handle, found.author_name) == ("ada@example.org", "ada@example.org")
    assert [attachment.kind for attachment in found.attachments] == ["voice"]
    assert found.flags == ("voice_clip",)
    assert [each.kind for each in message(files=[f"{BASE}/contents/1"]).attachments] == ["file"]


def test_an_address_that_the_message_lacks_comes_from_the_list_of_people(odd: Odd) -> None:
    odd.items = hourly(2)
    odd.items[0] |= {"personId": "p1", "personEmail": ""}
    odd.items[1] |= {"personId": "p1", "personEmail": "old@example.org"}
    person = {"id": "p1", "displayName": "Ada", "emails": [5, "ada@example.org"]}
    odd.people = lambda request: httpx.Response(200, json={"items": [person]})
    frame = cf.fetch(cf.Webex(ROOM), config=CONFIG, progress=False)
    assert [*frame["author_handle"]] == ["old@example.org", "ada@example.org"]
    assert {*frame["author_name"]} == {"Ada"}


# --- own words beside a card ------------------------------------------------------------------------------------------

EXCUSES = [
    "Your client cannot show cards",
    "Your client can't render cards.",
    "If you see this your client cannot render buttons and cards. Please use the desktop or the web app!",
    "This device doesn't support Adaptive Cards",
    "Cards are not supported by this version of the app.",
    "Adaptive card could not be displayed on this client",
    "Unable to display card content",
    "[Your Webex client does not support cards. Update the application.]",
    "Unsupported: Adaptive Card",
]
SAYING = [
    "Build 412 failed. Your client cannot show cards.",
    "Release card for build 412",
    "I cannot come, see the card",
    "Your card has arrived",
    "The client paid by card. We cannot display the invoice, sorry",
    "",
    "no cards for " + "ever " * 100,
]


@pytest.mark.quick
@pytest.mark.parametrize("own", EXCUSES)
def test_a_text_that_says_only_that_cards_cannot_be_shown_is_set_aside(own: str) -> None:
    assert is_excuse(own)
    found = message(text=own, html=f"<p>{own}</p>", **card(text("Build 412 failed")))
    assert found.text == "Build 412 failed"
    assert found.markup == "<p>Build 412 failed</p>"
    assert found.details["fallback_text"] == own


@pytest.mark.quick
@pytest.mark.parametrize("own", SAYING)
def test_a_text_that_says_something_stays_before_the_card(own: str) -> None:
    assert not is_excuse(own)
    found = message(text=own, **card(text("Build 412 failed")))
    assert found.text.split("\n") == [*filter(None, [own]), "Build 412 failed"]
    assert "fallback_text" not in found.details


def test_without_a_card_nothing_is_set_aside() -> None:
    assert message(text=EXCUSES[0]).text == EXCUSES[0]
    unread = message(text=EXCUSES[0], **card({"type": "Image"}))
    assert (unread.text, unread.details.get("fallback_text")) == (EXCUSES[0], None)


@pytest.mark.quick
def test_what_both_say_is_there_once() -> None:
    found = message(text="Build 412\n failed  now", **card(text("Build 412"), text("failed now"), text("by Ada")))
    assert found.text == "Build 412\nfailed now\nby Ada"
    assert message(**card(fallbackText="**Nothing** else")).text == "Nothing else"
    assert message(**card(text("seen"), fallbackText="not seen")).text == "seen"


@pytest.mark.quick
@pytest.mark.parametrize(
    "own", ["<p>see <a href='https://a.example'>this</a> &amp; that</p>", "<p>Build 412</p>", "plain"]
)
def test_markup_without_its_tags_is_the_text(own: str) -> None:
    alone, beside = message(html=own), message(html=own, **card(text(f"Build 412 < 413 [x]({X})"), text("Build 412")))
    for found in (alone, beside):
        assert found.markup is not None
        assert of_html(found.markup).text == found.text
    assert beside.links[-1] == X


def test_details_say_what_can_be_clicked_and_nothing_that_the_bot_gets() -> None:
    buttons = [
        {"type": "Action.OpenUrl", "title": "Open", "url": X, "data": {"key": "hush"}},
        {"type": "Action.Submit", "title": "Send", "data": {"key": "hush"}},
    ]
    found = message(**card(text("Vote"), actions=buttons))
    assert found.details["buttons"] == [{"text": "Open", "url": X}, {"text": "Send"}]
    assert "hush" not in json.dumps(found.details)
    assert "hush" in (found.raw or "")


@pytest.mark.parametrize(
    ("attachment", "unread"),
    [
        ({"contentType": "application/vnd.microsoft.card.hero", "content": {"title": "x"}}, "application/vnd.microsoft.card.hero"),
        ({"contentType": CARD_TYPE, "content": "{}"}, CARD_TYPE),
        ({"contentType": CARD_TYPE}, CARD_TYPE),
        ({"content": {"body": []}}, "attachment"),
        ({"contentType": CARD_TYPE, "content": {"body": [{"type": "Hologram"}]}}, "Hologram"),
    ],
)  # fmt: skip
def test_what_is_no_card_or_no_element_is_told(attachment: Any, unread: str) -> None:
    found = message(text="hello", attachments=[attachment])
    assert found.details["unread"] == [unread]
    assert found.flags == ("partial",)
    assert found.text == "hello"


# --- pictures in cards ------------------------------------------------------------------------------------------------


def pictures(odd: Odd, *urls: str, files: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    odd.items = hourly(1)
    images = [{"type": "Image", "url": url, "altText": f"picture {n}"} for n, url in enumerate(urls)]
    odd.items[0] |= card(*images) | ({"files": list(files)} if files else {})
    frame = cf.fetch(cf.Webex(ROOM), images=True, config=CONFIG, progress=False)
    assert "data:image" not in frame["details"].iloc[0]
    return list(frame["media"].iloc[0])


def test_pictures_of_cards_are_attachments_with_a_fate_and_see_no_token(odd: Odd) -> None:
    there = odd.routes.get("https://files.example/i.png").mock(return_value=httpx.Response(200, content=PNG))
    odd.routes.get("https://files.example/gone.png").mock(return_value=httpx.Response(404))
    good, gone, odd_one = pictures(
        odd, "https://files.example/i.png", "https://files.example/gone.png", "icons/logo.png"
    )
    assert (good["status"], good["alt"], good["kind"], good["width"]) == ("ok", "picture 0", "photo", 1)
    assert (gone["status"], gone["reason"]) == ("failed", "gone")
    assert (odd_one["status"], odd_one["reason"]) == ("skipped", "bad_url")
    assert "Authorization" not in there.calls.last.request.headers
    assert TOKEN not in str(there.calls.last.request.headers)


def test_what_gives_access_to_an_account_is_in_no_column_but_raw(odd: Odd) -> None:
    odd.routes.get(url__startswith="https://files.example/i.png").mock(return_value=httpx.Response(200, content=PNG))
    (cell,) = pictures(odd, "https://files.example/i.png?access_token=hush&signature=kept")
    assert cell["status"] == "ok"
    assert cell["source_id"] == cell["url"] == "https://files.example/i.png?access_token=***&signature=kept"
    found = message(**card({"type": "Image", "url": "https://me:hush@files.example/i.png"}))
    assert "hush" not in json.dumps(found.details)


@pytest.mark.parametrize("url", [f"{BASE}/contents/1", f"{BASE}/people/me", "https://webexapis.com/v1/rooms"])
def test_a_card_cannot_have_the_api_asked_nor_spoil_a_file(odd: Odd, url: str) -> None:
    odd.routes.get(f"{BASE}/contents/1").mock(return_value=httpx.Response(200, content=PNG))
    before = len(odd.routes.calls)
    file, picture = pictures(odd, url, files=(f"{BASE}/contents/1",))
    assert (file["status"], file["kind"]) == ("ok", "file")
    assert (picture["status"], picture["reason"]) == ("skipped", "no_bytes")
    asked = [str(call.request.url) for call in [*odd.routes.calls][before:]]
    assert asked.count(f"{BASE}/contents/1") == 1
    assert not any(asked_for.startswith("https://webexapis.com/v1/rooms?") for asked_for in asked)


def test_filling_an_older_table_sends_no_token_to_an_address_in_a_card(odd: Odd) -> None:
    asked = odd.routes.get(url__startswith=f"{BASE}/contents/").mock(return_value=httpx.Response(200, content=PNG))
    odd.items = hourly(1)
    odd.items[0] |= {"files": [f"{BASE}/contents/1"], **card({"type": "Image", "url": f"{BASE}/contents/2"})}
    frame = cf.fetch(cf.Webex(ROOM), config=CONFIG, progress=False)
    frame["media"].iloc[0][1]["reason"] = "disabled"  # as in a table of an earlier version, or of another base_url
    cf.fill_images(frame, images=True, config=cf.load_config(CONFIG), progress=False)
    with_token = {str(call.request.url) for call in asked.calls if "Authorization" in call.request.headers}
    assert with_token == {f"{BASE}/contents/1"}


@pytest.mark.parametrize("host", ["http://127.0.0.1:9/x.png", "http://169.254.169.254/latest", "http://[::1]/x.png"])
def test_a_card_leads_into_no_private_network(odd: Odd, host: str) -> None:
    (cell,) = pictures(odd, host)
    assert cell["status"] == "skipped"
    assert cell["reason"].startswith("blocked")


@pytest.mark.parametrize(
    ("uri", "fate"),
    [
        ("data:image/png;base64," + base64.b64encode(PNG).decode(), ("ok", None)),
        ("DATA:image/png;x=1;BASE64," + base64.b64encode(PNG).decode().rstrip("="), ("ok", None)),
        ("data:;base64," + base64.b64encode(PNG).decode(), ("ok", None)),
        ("data:image/png," + "".join(f"%{byte:02x}" for byte in PNG), ("ok", None)),
        ("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", ("skipped", "not_an_image")),
        ("data:text/html;base64,PGI+eDwvYj4=", ("skipped", "not_an_image")),
        ("data:image/png;base64,A", ("skipped", "bad_url")),
        ("data:image/png;base64", ("skipped", "bad_url")),
        ("data:image/png;base64,é", ("skipped", "bad_url")),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("no_waiting")
def test_a_picture_inside_a_card_is_decoded_and_sniffed_like_any_other(
    odd: Odd, uri: str, fate: tuple[str, str]
) -> None:
    (cell,) = pictures(odd, uri)
    assert (cell["status"], cell["reason"]) == fate
    assert cell["url"] is None
    assert len(cell["source_id"]) < 80


def test_a_picture_inside_a_card_keeps_to_the_limit_of_size(odd: Odd) -> None:
    odd.items = hourly(1)
    odd.items[0] |= card({"type": "Image", "url": "data:image/png;base64," + base64.b64encode(PNG * 1000).decode()})
    images = {"enabled": True, "max_size_bytes": 5000}
    frame = cf.fetch(cf.Webex(ROOM), images=images, config=CONFIG, progress=False)
    assert frame["media"].iloc[0][0]["reason"] == "too_large"


def test_films_are_listed_and_not_asked_for(odd: Odd) -> None:
    odd.items = hourly(1)
    sources = [{"url": f"{X}/film.mp4", "mimeType": "video/mp4"}, {"url": f"{X}/song.mp3", "mimeType": "audio/mpeg"}]
    odd.items[0] |= card({"type": "Media", "sources": sources})
    frame = cf.fetch(cf.Webex(ROOM), images=True, config=CONFIG, progress=False)
    assert [(cell["kind"], cell["reason"]) for cell in frame["media"].iloc[0]] == [
        ("video", "not_an_image"),
        ("audio", "not_an_image"),
    ]
    assert [*frame["links"].iloc[0]] == [f"{X}/film.mp4", f"{X}/song.mp3"]


# --- what it costs, and what it bears ---------------------------------------------------------------------------------


def calls(run: Callable[[], object]) -> int:
    """How many functions are called: a count that no busy machine changes."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


BIG: dict[str, Callable[[int], dict[str, Any]]] = {
    "elements": lambda n: card(*(text(f"line {k}") for k in range(n))),
    "buttons": lambda n: card(
        actions=[{"type": "Action.OpenUrl", "title": str(k), "url": f"{X}/{k}"} for k in range(n)]
    ),
    "levels": lambda n: card(nested(n)),
    "cells": lambda n: card({"type": "Table", "rows": [{"cells": [{"items": [text("x")]}] * 10}] * (n // 10)}),
    "runs": lambda n: card({"type": "RichTextBlock", "inlines": ["x"] * n}),
    "unknown": lambda n: card(*({"type": f"T{k}", "text": "x"} for k in range(n))),
    "links": lambda n: card(text(f"[a]({X}) **b** _c_ {X}/d\n" * n)),
    "html": lambda n: {"html": f"<p><a href='{X}'>a</a> &amp; {X}/b</p>" * n},
    "words": lambda n: {"text": f"{X}/a, www.b.example\n" * n},
}


def nested(levels: int) -> Any:
    inner: Any = text("x")
    for _ in range(levels):
        inner = {"type": "Container", "items": [inner], "fallback": "drop"}
    return inner


@pytest.mark.parametrize("name", BIG)
def test_twice_as_large_costs_twice_as_much(name: str) -> None:
    small, large = (calls(lambda n=n: message(**BIG[name](n))) for n in (400, 800))
    building = [calls(lambda n=n: BIG[name](n)) for n in (400, 800)]
    assert large - building[1] <= 2.2 * (small - building[0]) + 100


def test_the_count_shows_what_is_quadratic() -> None:
    def quadratic(n: int) -> None:
        for k in range(n):
            [len(str(j)) for j in range(k)]

    assert calls(lambda: quadratic(100)) > 3.5 * calls(lambda: quadratic(50))


def test_a_card_of_two_megabytes_and_a_text_of_one_come_whole() -> None:
    found = message(**card(*(text(f"line {n} of many, {'x' * 40}") for n in range(22_000))))
    assert found.text.count("\n") == 21_999
    assert found.flags == ("card_cut",)
    assert len(json.dumps(found.details)) <= 64 * 1024 + 100
    assert message(text="x" * 1_000_000).text == "x" * 1_000_000


PLAIN = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8)
NAMES = some.sampled_from([*ELEMENTS, "Hologram", "textblock", "fallback"])
FIELDS = sorted(
    {key for one in ELEMENTS.values() for key in (*one.markdown, *one.words, *one.links, *one.pictures, *one.shown)}
    | {key for one in ELEMENTS.values() for key, _ in one.children}
    | {"isVisible", "id", "fallback", "targetElements", "style", "elementId", "contentType", "content"}
)
ANYTHING = some.recursive(
    PLAIN,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.builds(lambda name, fields: {"type": name, **fields}, NAMES, some.dictionaries(some.sampled_from(FIELDS), inner, max_size=5))
    ),
    max_leaves=12,
)  # fmt: skip


@given(attachments=some.lists(ANYTHING, max_size=3), content=ANYTHING)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_card_of_any_shape_breaks_the_reading(attachments: list[Any], content: Any) -> None:
    found = message(text="own", attachments=[*attachments, {"contentType": CARD_TYPE, "content": content}])
    assert "own" in found.text
    json.dumps(found.details)
    assert all(isinstance(link, str) and link for link in found.links)


def deep(levels: int) -> Any:
    inner: Any = 1
    for _ in range(levels):
        inner = {"type": "Container", "items": [inner]}
    return inner


@pytest.mark.parametrize(
    "field", ["attachments", "text", "html", "files", "personId", "mentionedPeople", "errors", "created"]
)
def test_ten_thousand_levels_in_any_field_raise_nothing(field: str) -> None:
    found = message(
        **{"text": "own", field: deep(10_000)} | ({"attachments": [deep(10_000)]} if field == "attachments" else {})
    )
    assert found.raw is not None
    assert "partial" in found.flags
