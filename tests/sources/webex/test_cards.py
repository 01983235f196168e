"""Every element of an Adaptive Card is read or has a reason: its words, addresses and pictures stand in the row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatframes.sources.webex.card_elements import ELEMENTS, NOT_KEPT
from chatframes.sources.webex.card_parts import Cards
from chatframes.sources.webex.cards import CARD_TYPE, read_cards

pytestmark = pytest.mark.quick

# The elements and parts of https://adaptivecards.io/schemas/adaptive-card.json, version 1.6, without its enumerations and
# abstract types, as of 29 November 2026; then those that Microsoft's card hub adds for its own apps.
SCHEMA_1_6 = """
    Action.Execute Action.OpenUrl Action.ShowCard Action.Submit Action.ToggleVisibility TargetElement AdaptiveCard
    ActionSet CaptionSource Column ColumnSet Container Data.Query Fact FactSet Image ImageSet Input.Choice
    Input.ChoiceSet Input.Date Input.Number Input.Text Input.Time Input.Toggle Media MediaSource RichTextBlock Table
    TableCell TableColumnDefinition TableRow TextBlock TextRun BackgroundImage Refresh AuthCardButton Authentication
    TokenExchangeResource Metadata Carousel CarouselPage
""".split()
# Only in Microsoft's own apps (https://adaptivecards.microsoft.com): unknown here, and their words are read all the same.
CARD_HUB: list[tuple[dict[str, Any], list[str]]] = [
    ({"type": "Badge", "text": "new"}, ["new"]),
    ({"type": "CodeBlock", "codeSnippet": "a = 1"}, ["a = 1"]),
    ({"type": "CompoundButton", "title": "Ask", "description": "anything"}, ["Ask", "anything"]),
    (
        {
            "type": "Accordion",
            "items": [{"type": "AccordionPage", "title": "More", "items": [{"type": "TextBlock", "text": "in"}]}],
        },
        ["More", "in"],
    ),
    ({"type": "TabSet", "pages": [{"type": "TabPage", "title": "First"}]}, ["First"]),
    ({"type": "Chart.Line", "title": "Sales"}, ["Sales"]),
    ({"type": "Input.Rating", "label": "How was it?"}, ["How was it?"]),
    ({"type": "Icon", "name": "Calendar"}, []),
    (
        {
            "type": "ActionSet",
            "actions": [{"type": "Action.Popover", "title": "Why", "content": {"type": "TextBlock", "text": "so"}}],
        },
        ["Why", "so"],
    ),
]

URL = "https://example.org/"


def read(*body: Any, **more: Any) -> Cards:
    content = {"type": "AdaptiveCard", "version": "1.6", "body": list(body), **more}
    return read_cards([{"contentType": CARD_TYPE, "content": content}])


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": words, **more}


def opens(address: str, **more: Any) -> dict[str, Any]:
    return {"type": "Action.OpenUrl", "url": URL + address, **more}


def action(kind: str, **more: Any) -> tuple[Any, list[str], list[str], list[str]]:
    button = {"type": f"Action.{kind}", "title": "Go", "data": {"k": "hush"}, "verb": "hush", **more}
    return ({"type": "ActionSet", "actions": [button]}, ["Go"], [], [])


# Of each element one that says something: the words, the links and the pictures it must give.
EXAMPLES: dict[str, tuple[Any, list[str], list[str], list[str]]] = {
    "AdaptiveCard": (
        {
            "type": "Action.ShowCard",
            "card": {
                "type": "AdaptiveCard",
                "body": [text("in")],
                "backgroundImage": URL + "b",
                "selectAction": opens("s"),
            },
        },
        ["in"],
        [URL + "s"],
        [URL + "b"],
    ),
    "TextBlock": (
        text(f"**Build** [412]({URL}c) _failed_ &amp; see {URL}d."),
        [f"Build 412 failed & see {URL}d."],
        [URL + "c", URL + "d"],
        [],
    ),
    "RichTextBlock": (
        {"type": "RichTextBlock", "inlines": ["Build ", {"type": "TextRun", "text": "412"}, " failed"]},
        ["Build 412 failed"],
        [],
        [],
    ),
    "TextRun": (
        {
            "type": "RichTextBlock",
            "inlines": [{"type": "TextRun", "text": "**as it is**", "selectAction": opens("r", title="heard")}],
        },
        ["**as it is**"],
        [URL + "r"],
        [],
    ),
    "FactSet": (
        {"type": "FactSet", "facts": [{"title": "Build", "value": "412"}, {"title": "by", "value": "Ada"}]},
        ["Build 412", "by Ada"],
        [],
        [],
    ),
    "Fact": (
        {"type": "FactSet", "facts": [{"type": "Fact", "title": "Log", "value": f"[here]({URL}l)"}]},
        ["Log here"],
        [URL + "l"],
        [],
    ),
    "Image": (
        {"type": "Image", "url": URL + "i", "altText": "a chart", "selectAction": opens("s")},
        ["a chart"],
        [URL + "s"],
        [URL + "i"],
    ),
    "ImageSet": (
        {"type": "ImageSet", "images": [{"type": "Image", "url": URL + "1", "altText": "one"}, {"url": URL + "2"}]},
        ["one"],
        [],
        [URL + "1", URL + "2"],
    ),
    "Media": (
        {
            "type": "Media",
            "altText": "a talk",
            "poster": URL + "p",
            "sources": [{"url": URL + "v", "mimeType": "video/mp4"}],
        },
        ["a talk"],
        [URL + "v"],
        [URL + "p"],
    ),
    "MediaSource": ({"type": "Media", "sources": [{"type": "MediaSource", "url": URL + "v"}]}, [], [URL + "v"], []),
    "CaptionSource": (
        {"type": "Media", "captionSources": [{"label": "English", "url": URL + "en"}]},
        ["English"],
        [URL + "en"],
        [],
    ),
    "Container": (
        {"type": "Container", "items": [text("in")], "backgroundImage": {"url": URL + "b"}, "selectAction": opens("s")},
        ["in"],
        [URL + "s"],
        [URL + "b"],
    ),
    "ColumnSet": (
        {"type": "ColumnSet", "columns": [{"items": [text("left")]}, {"items": [text("right")]}]},
        ["left", "right"],
        [],
        [],
    ),
    "Column": (
        {"type": "ColumnSet", "columns": [{"type": "Column", "items": [text("in")], "selectAction": opens("c")}]},
        ["in"],
        [URL + "c"],
        [],
    ),
    "Table": (
        {
            "type": "Table",
            "columns": [{"width": 1}],
            "rows": [{"cells": [{"items": [text("a")]}, {"items": [text("b")]}]}],
        },
        ["a", "b"],
        [],
        [],
    ),
    "TableRow": ({"type": "Table", "rows": [{"type": "TableRow", "cells": [{"items": [text("a")]}]}]}, ["a"], [], []),
    "TableCell": (
        {
            "type": "Table",
            "rows": [{"cells": [{"type": "TableCell", "items": [text("a")], "selectAction": opens("t")}]}],
        },
        ["a"],
        [URL + "t"],
        [],
    ),
    "Carousel": (
        {"type": "Carousel", "pages": [{"items": [text("one")]}, {"items": [text("two")]}]},
        ["one", "two"],
        [],
        [],
    ),
    "CarouselPage": (
        {"type": "Carousel", "pages": [{"type": "CarouselPage", "items": [text("in")], "selectAction": opens("p")}]},
        ["in"],
        [URL + "p"],
        [],
    ),
    "Input.Text": (
        {"type": "Input.Text", "id": "hush", "label": "Name", "placeholder": "first and last", "errorMessage": "hush"},
        ["Name", "first and last"],
        [],
        [],
    ),
    "Input.Number": (
        {"type": "Input.Number", "label": "How many", "value": 3, "placeholder": "covered"},
        ["How many", "3"],
        [],
        [],
    ),
    "Input.Date": ({"type": "Input.Date", "label": "When", "value": "2026-10-01"}, ["When", "2026-10-01"], [], []),
    "Input.Time": (
        {"type": "Input.Time", "label": "At", "placeholder": "in the morning"},
        ["At", "in the morning"],
        [],
        [],
    ),
    "Input.Toggle": (
        {"type": "Input.Toggle", "label": "Terms", "title": "I agree", "value": "hush", "valueOn": "hush"},
        ["Terms", "I agree"],
        [],
        [],
    ),
    "Input.ChoiceSet": (
        {
            "type": "Input.ChoiceSet",
            "label": "Which day?",
            "placeholder": "pick",
            "value": "hush",
            "choices": [{"title": "Monday", "value": "hush"}],
        },
        ["Which day?", "pick", "Monday"],
        [],
        [],
    ),
    "Input.Choice": (
        {"type": "Input.ChoiceSet", "choices": [{"type": "Input.Choice", "title": "Monday", "value": "hush"}]},
        ["Monday"],
        [],
        [],
    ),
    "ActionSet": ({"type": "ActionSet", "actions": [opens("o", title="Open")]}, ["Open"], [URL + "o"], []),
    "Action.OpenUrl": (
        {"type": "ActionSet", "actions": [opens("o", title="Open", iconUrl=URL + "i")]},
        ["Open"],
        [URL + "o"],
        [URL + "i"],
    ),
    "Action.ShowCard": action("ShowCard", card={"type": "AdaptiveCard"}),
    "Action.Submit": action("Submit"),
    "Action.Execute": action("Execute"),
    "Action.ToggleVisibility": action("ToggleVisibility", targetElements=["hush"]),
}


def in_neither_list(names: list[str]) -> list[str]:
    return [name for name in names if name not in ELEMENTS and name not in NOT_KEPT]


def test_every_element_is_kept_or_has_a_reason() -> None:
    assert in_neither_list(SCHEMA_1_6) == []
    assert in_neither_list(["Hologram"]) == ["Hologram"]
    assert not ELEMENTS.keys() & NOT_KEPT.keys()
    assert all(reason.strip() for reason in NOT_KEPT.values())
    assert {reason[3:] for reason in NOT_KEPT.values() if reason.startswith("as ")} <= NOT_KEPT.keys()
    assert EXAMPLES.keys() == ELEMENTS.keys(), "each that is kept is shown here"


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_an_element_says_is_read_once_and_in_order(name: str) -> None:
    element, lines, links, pictures = EXAMPLES[name]
    cards = read(element) if not element["type"].startswith("Action.") else read(actions=[element])
    assert cards.lines == lines
    assert cards.links == links
    assert [picture.url for picture in cards.pictures] == pictures
    assert not cards.unread
    assert not cards.cut
    (card,) = cards.cards
    shown = json.dumps(card)
    assert f'"{name}"' in shown
    assert "hush" not in shown + json.dumps(cards.buttons) + "\n".join(cards.lines), "what the bot gets is not shown"
    assert all(json.dumps(word)[1:-1] in shown for line in lines for word in line.split())


@pytest.mark.parametrize("name", NOT_KEPT)
def test_what_is_not_kept_is_no_unknown_element(name: str) -> None:
    cards = read(text("a"), {"type": name, "text": "never"}, text("b"))
    assert (cards.lines, [*cards.unread]) == (["a", "b"], [])


@pytest.mark.parametrize(("element", "lines"), CARD_HUB)
def test_elements_of_other_apps_are_named_and_their_words_are_read(element: dict[str, Any], lines: list[str]) -> None:
    cards = read(element)
    assert cards.lines == lines
    assert cards.unread


def test_a_reader_of_text_blocks_alone_loses_most_of_it() -> None:
    blocks = [
        name for name, (element, lines, _, _) in EXAMPLES.items() if lines and '"TextBlock"' not in json.dumps(element)
    ]
    assert len(blocks) > 15


# --- what is hidden, unknown or odd -----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["x", {"elementId": "x"}, {"elementId": "x", "isVisible": True}])
def test_what_no_button_can_show_is_left_out(target: Any) -> None:
    hidden = {
        "type": "Container",
        "id": "x",
        "isVisible": False,
        "items": [text("more"), {"type": "Image", "url": URL}],
    }
    toggle = {"type": "Action.ToggleVisibility", "title": "Show", "targetElements": [target]}
    cards = read(text("a"), hidden)
    assert (cards.lines, cards.pictures) == (["a"], [])
    assert "more" not in json.dumps(cards.cards)
    assert read(text("a"), hidden, actions=[toggle]).lines == ["a", "more", "Show"]
    hides = {**toggle, "targetElements": [{"elementId": "x", "isVisible": False}]}
    assert read(text("a"), hidden, actions=[hides]).lines == ["a", "Show"]


def test_a_password_is_not_read_and_a_covered_placeholder_neither() -> None:
    cards = read({"type": "Input.Text", "style": "Password", "label": "Key", "value": "hush", "placeholder": "yours"})
    assert cards.lines == ["Key", "yours"]
    assert read({"type": "Input.Text", "value": "Ada", "placeholder": "name"}).lines == ["Ada"]


@pytest.mark.parametrize(
    ("element", "lines", "unread"),
    [
        ({"type": "Hologram", "text": "in light"}, ["in light"], ["Hologram"]),
        ({"type": "Hologram", "items": [text("a")], "actions": [opens("o", title="b")]}, ["a", "b"], ["Hologram"]),
        ({"type": "Hologram", "text": "new", "fallback": text("old")}, ["old"], ["Hologram"]),
        ({"type": "Hologram", "text": "new", "fallback": "drop"}, ["new"], ["Hologram"]),
        ({"type": "Hologram", "fallback": {"type": "Mirror", "text": "x"}}, ["x"], ["Hologram", "Mirror"]),
        ({"text": "of no type"}, ["of no type"], ["Element: type"]),
        ({"type": 5, "text": "odd"}, ["odd"], ["Element: type"]),
        ({"type": "textblock", "text": "small letters"}, ["small letters"], []),
        (text(["a"]), [], ["TextBlock.text"]),
        (text({"a": 1}), [], ["TextBlock.text"]),
        (text(True), [], ["TextBlock.text"]),
        (text(5), ["5"], []),
        ({"type": "Container", "items": "none"}, [], ["Container.items"]),
        ({"type": "Container", "items": text("one")}, ["one"], []),
        ({"type": "Container", "items": [[text("a")], [[text("b")]]]}, ["a", "b"], []),
        ({"type": "Container", "items": [None, 7, "x", True]}, [], ["Element: null", "Element: number", "Element: string", "Element: boolean"]),
        ({"type": "Table", "fallback": text("no tables here"), "rows": []}, [], []),
    ],
)  # fmt: skip
def test_what_is_unknown_or_odd_is_named_and_its_words_are_read(
    element: Any, lines: list[str], unread: list[str]
) -> None:
    cards = read(element)
    assert cards.lines == lines
    assert [*cards.unread] == unread


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", " DATA:text/html;base64,PGI+", "vbscript:x", "", "java\nscript:x"]
)
def test_no_script_and_no_data_is_a_link(address: str) -> None:
    cards = read(
        text(f"[words]({address})"),
        {"type": "Media", "sources": [{"url": address}]},
        actions=[opens("") | {"title": "Go", "url": address}],
    )
    assert cards.links == []
    assert "words" in cards.lines[0] or "\n" in address
    assert cards.buttons == [{"text": "Go"}]


def test_pictures_in_a_card_are_in_details_by_their_address_and_never_by_their_bytes() -> None:
    cards = read(
        {"type": "Image", "url": "data:image/png;base64,QUJD", "altText": "inside"},
        {"type": "Image", "url": URL + "i.png"},
        {"type": "Container", "backgroundImage": "DATA:image/png;base64,QUJD"},
        backgroundImage={"url": " data:image/png;base64,QUJD"},
        actions=[opens("o", title="Go", iconUrl="icon:Calendar")],
    )
    assert len(cards.pictures) == 4, "a named icon is none"
    assert "QUJD" not in json.dumps(cards.cards)
    assert URL + "i.png" in json.dumps(cards.cards)


# --- size and depth ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["items", "list", "card", "rows"])
def test_no_card_is_too_deep(key: str) -> None:
    inner: Any = text("at the bottom")
    for _ in range(3000):
        if key == "items":
            inner = {"type": "Container", "items": [inner]}
        elif key == "list":
            inner = [inner]
        elif key == "card":
            inner = {"type": "Action.ShowCard", "card": {"type": "AdaptiveCard", "body": [inner]}}
        else:
            inner = {"type": "Table", "rows": [{"cells": [{"items": [inner]}]}]}
    cards = read(inner, text("last"))
    assert cards.lines == ["at the bottom", "last"]
    assert cards.cut == (key != "list")
    assert json.dumps(cards.cards).count("{") < 200


def size(cards: Cards) -> int:
    return len(json.dumps(cards.cards[0]))


@pytest.mark.parametrize("words", ["short", "ü" * 500, '\x00"\\' * 100, "x" * 100_000, "\ud800" * 200])
def test_a_card_in_details_is_at_most_64_kib_and_its_text_is_whole(words: str) -> None:
    count = 20 if len(words) > 10_000 else 2000
    cards = read(*(text(f"{n} {words}") for n in range(count)), actions=[opens("o" * 99, title=words)] * count)
    assert len(cards.lines) == 2 * count
    assert len(cards.links) == count
    assert cards.cut
    assert size(cards) <= 64 * 1024
    assert len(json.dumps(cards.buttons)) <= 64 * 1024
    assert len(words) > 64 * 1024 or size(cards) > 50 * 1024
    assert not read(text("small")).cut


def test_all_cards_of_a_message_share_the_room() -> None:
    content = {"type": "AdaptiveCard", "body": [text("x" * 30_000)]}
    cards = read_cards([{"contentType": CARD_TYPE, "content": content}] * 5)
    assert len(cards.lines) == 5
    assert cards.cut
    assert len(json.dumps(cards.cards)) < 70_000
