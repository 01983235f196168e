"""One card for each element of Adaptive Cards up to version 1.6 (adaptivecards.io/explorer, read in November 2026).

Webex shows cards of version 1.3; bots send newer ones all the same, and what is not shown is read by whoever reads the
message by its API.
"""

from __future__ import annotations

from typing import Any

from ..sample import Sample, Seen
from .records import CARD_TYPE

Json = dict[str, Any]
STATE = "c2VjcmV0LXN0YXRlLW9mLWEtYm90"  # what actions carry and nobody sees
DATA_URI = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="


def text(words: str, **more: Any) -> Json:
    """A TextBlock."""
    return {"type": "TextBlock", "text": words, **more}


def card(*body: Json, **more: Any) -> Json:
    """What a message carries beside its text: one card."""
    content = {"type": "AdaptiveCard", "version": "1.6", "body": list(body), **more}
    return {"attachments": [{"contentType": CARD_TYPE, "content": content}]}


def _of(name: str, sends: Json, *words: str, links: tuple[str, ...] = (), **seen: Any) -> Sample:
    beside = seen.pop("beside", ())
    holds = {"card": tuple(one for one in words if one not in beside)}
    return Sample(f"card: {name}", sends, Seen(words=words, links=links, holds=holds, **seen))


def cards(picture: str) -> list[Sample]:
    """A card for each element; `picture` is where pictures are, on a host of strangers."""

    def image(alt: str, number: int, **more: Any) -> Json:
        return {"type": "Image", "url": f"{picture}?n={number}", "altText": alt, **more}

    def shown(alt: str, number: int) -> Json:
        return {"url": f"{picture}?n={number}", "alt": alt, "is_image": True}

    others = [*_blocks(), *_containers(), *_inputs(), *_actions(), *_odd()]
    return [
        *others,
        _of("Image", card(image("a chart of seeing", 1)), "a chart of seeing", media=(shown("a chart of seeing", 1),)),
        _of(
            "ImageSet",
            card({"type": "ImageSet", "images": [image("first night", 2), image("second night", 3)]}),
            "first night", "second night",
            media=(shown("first night", 2), shown("second night", 3)),
        ),
        _of(
            "Image with a way out",
            card(image("the dome", 4, selectAction={"type": "Action.OpenUrl", "url": "https://wiki.apollo.example/dome"})),
            "the dome",
            links=("https://wiki.apollo.example/dome",), media=(shown("the dome", 4),),
        ),
        _of(
            "what the app alone reads",
            card(
                text("The rota"),
                {"type": "Input.ChoiceSet", "id": "who", "label": "Who?", "choices.data": _for_the_app("Data.Query")},
                {"type": "Table", "columns": [{"type": "TableColumnDefinition", "width": 1}], "rows": []},
                backgroundImage={"type": "BackgroundImage", "url": f"{picture}?n=6", "fillMode": "cover"},
                refresh=_for_the_app("Refresh") | {"action": {"type": "Action.Execute", "verb": STATE}},
                authentication=_for_the_app("Authentication") | {
                    "tokenExchangeResource": _for_the_app("TokenExchangeResource"),
                    "buttons": [_for_the_app("AuthCardButton")],
                },
                metadata=_for_the_app("Metadata"),
            ),
            "The rota", "Who?",
            hides=(STATE,), media=({"url": f"{picture}?n=6", "is_image": True},),
        ),
        _of(
            "Image in the address itself",
            card(text("Inline logo"), {"type": "Image", "url": DATA_URI, "altText": "our logo"}),
            "Inline logo", "our logo",
            hides=(DATA_URI, "iVBORw0KGgoAAAANSUhEUg"), media=({"url": None, "alt": "our logo"},),
        ),
        _of(
            "Media",
            card({
                "type": "Media", "poster": f"{picture}?n=5", "altText": "a film of the launch",
                "sources": [{"mimeType": "video/mp4", "url": "https://files.apollo.example/launch.mp4"}],
                "captionSources": [
                    {"mimeType": "vtt", "label": "Norwegian", "url": "https://files.apollo.example/launch.vtt"},
                ],
            }),
            "a film of the launch", "Norwegian",
            links=("https://files.apollo.example/launch.mp4", "https://files.apollo.example/launch.vtt"),
            media=(shown("a film of the launch", 5), {"kind": "video", "is_image": False}),
        ),
    ]  # fmt: skip


def _for_the_app(kind: str) -> Json:
    """A part of a card that the app reads and nobody sees."""
    return {"type": kind, "dataset": STATE, "connectionName": STATE, "value": STATE, "providerId": STATE, "text": STATE}


def _blocks() -> list[Sample]:
    return [
        _of("TextBlock", card(text("Build 412 failed", weight="Bolder")), "Build 412 failed"),
        _of(
            "TextBlock with a link",
            card(text("See [the log](https://ci.apollo.example/log?id=412&raw=1) please")),
            "See", "the log", "please",
            links=("https://ci.apollo.example/log?id=412&raw=1",),
        ),
        _of(
            "RichTextBlock",
            card({"type": "RichTextBlock", "inlines": [
                {"type": "TextRun", "text": "Mirror "}, "cell ",
                {"type": "TextRun", "text": "ready", "strikethrough": True},
                {"type": "TextRun", "text": " (notes)",
                 "selectAction": {"type": "Action.OpenUrl", "url": "https://wiki.apollo.example/cell"}},
            ]}),
            "Mirror", "cell", "ready", "(notes)",
            links=("https://wiki.apollo.example/cell",),
        ),
        _of(
            "FactSet",
            card({"type": "FactSet", "facts": [
                {"title": "Branch", "value": "main"}, {"title": "Duration", "value": "7 minutes"},
            ]}),
            "Branch", "main", "Duration", "7 minutes",
        ),
    ]  # fmt: skip


def _containers() -> list[Sample]:
    return [
        _of(
            "Container", card({"type": "Container", "items": [text("Within"), text("a container")]}),
            "Within", "a container",
        ),
        _of(
            "ColumnSet",
            card({"type": "ColumnSet", "columns": [
                {"type": "Column", "items": [text("Left column")]}, {"type": "Column", "items": [text("Right column")]},
            ]}),
            "Left column", "Right column",
        ),
        _of(
            "Table",
            card({"type": "Table", "columns": [{"width": 1}, {"width": 1}], "rows": [
                {"type": "TableRow", "cells": [
                    {"type": "TableCell", "items": [text("Star")]}, {"type": "TableCell", "items": [text("Magnitude")]},
                ]},
                {"type": "TableRow", "cells": [
                    {"type": "TableCell", "items": [text("Vega")]}, {"type": "TableCell", "items": [text("0.03")]},
                ]},
            ]}),
            "Star", "Magnitude", "Vega", "0.03",
        ),
        _of(
            "Carousel",
            card({"type": "Carousel", "pages": [
                {"type": "CarouselPage", "items": [text("Page of spring")]},
                {"type": "CarouselPage", "items": [text("Page of autumn")]},
            ]}),
            "Page of spring", "Page of autumn",
        ),
        _of(
            "deep within",
            card({"type": "Container", "items": [{"type": "ColumnSet", "columns": [{"type": "Column", "items": [
                {"type": "Container", "items": [{"type": "Table", "rows": [{"type": "TableRow", "cells": [
                    {"type": "TableCell", "items": [text("Seven levels down")]}]}]}]}]}]}]}),
            "Seven levels down",
        ),
    ]  # fmt: skip


def _inputs() -> list[Sample]:
    return [
        _of("Input.Text", card({"type": "Input.Text", "id": "why", "label": "Why did it fail?"}), "Why did it fail?"),
        _of("Input.Number", card({"type": "Input.Number", "id": "n", "label": "How many nights?"}), "How many nights?"),
        _of("Input.Date", card({"type": "Input.Date", "id": "d", "label": "Which date?"}), "Which date?"),
        _of("Input.Time", card({"type": "Input.Time", "id": "t", "label": "What time?"}), "What time?"),
        _of(
            "Input.Toggle",
            card({"type": "Input.Toggle", "id": "ok", "title": "I close the dome", "label": "Promise"}),
            "Promise", "I close the dome",
        ),
        _of(
            "Input.ChoiceSet",
            card({"type": "Input.ChoiceSet", "id": "day", "label": "Which day?", "choices": [
                {"title": "Monday", "value": "1"}, {"title": "Tuesday", "value": "2"},
            ]}),
            "Which day?", "Monday", "Tuesday",
        ),
    ]  # fmt: skip


def _actions() -> list[Sample]:
    site = "https://issues.apollo.example/browse/AP-7"
    submit = {"type": "Action.Submit", "title": "Acknowledge", "data": {"state": STATE}}
    more = {"type": "AdaptiveCard", "body": [text("Stack trace of the failure")], "actions": [submit]}
    return [
        _of(
            "Action.OpenUrl",
            card(text("An issue"), actions=[{"type": "Action.OpenUrl", "title": "Open it", "url": site}]),
            "An issue", "Open it",
            links=(site,),
        ),
        _of("Action.Submit", card(text("Seen?"), actions=[submit]), "Seen?", "Acknowledge", hides=(STATE,)),
        _of(
            "Action.Execute",
            card(text("Approve?"), actions=[
                {"type": "Action.Execute", "title": "Yes, fly", "verb": f"verb-{STATE}", "data": {"x": STATE}},
            ]),
            "Approve?", "Yes, fly",
            hides=(STATE,),
        ),
        _of(
            "Action.ShowCard",
            card(text("It failed"), actions=[{"type": "Action.ShowCard", "title": "Show more", "card": more}]),
            "It failed", "Show more", "Stack trace of the failure", "Acknowledge",
            hides=(STATE,),
        ),
        _of(
            "Action.ToggleVisibility",
            card(text("Notes"), actions=[
                {"type": "Action.ToggleVisibility", "title": "Show notes", "targetElements": ["notes"]},
            ]),
            "Notes", "Show notes",
        ),
        _of(
            "ActionSet",
            card({"type": "ActionSet", "actions": [{"type": "Action.OpenUrl", "title": "To the wiki", "url": site}]}),
            "To the wiki",
            links=(site,),
        ),
        _of(
            "card that is a link",
            card(text("Press anywhere"), selectAction={"type": "Action.OpenUrl", "url": site}),
            "Press anywhere",
            links=(site,),
        ),
    ]  # fmt: skip


def _odd() -> list[Sample]:
    empty, hostile = "Your client cannot show cards", "<img src=x onerror=alert(1)> & 1 < 2"
    lines = [text(f"Line {number} of very many {'x' * 90}") for number in range(900)]
    first, second = card(text("Card one of two")), card(text("Card two of two"))
    both = {"attachments": [*first["attachments"], *second["attachments"]]}
    return [
        _of("behind a text", {"text": empty, **card(text("Night shift is full"))}, "Night shift is full"),
        _of("behind its own fallback", card(text("The dome is open"), fallbackText=empty), "The dome is open"),
        _of("two of them", both, "Card one of two", "Card two of two"),
        _of(
            "element of a later version",
            card(text("Before the badge"), {"type": "Badge", "text": "New"}, text("After the badge")),
            "Before the badge", "After the badge",
            flags=("partial",), details={"unread": ["Badge"]},
        ),
        _of(
            "element with a fallback",
            card({"type": "Badge", "text": "New", "fallback": text("In place of the badge")}, text("And the rest")),
            "In place of the badge", "And the rest",
        ),
        _of("markup in a TextBlock", card(text(hostile)), hostile),
        _of("very large", card(*lines), "Line 0 of", "Line 899 of", beside=("Line 899 of",), flags=("card_cut",)),
    ]  # fmt: skip
