"""Hostile texts for HTML pages, and a parser that finds out whether any of them became active."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pandas as pd
from help.fakes import picture

from chatframes.images.shown import ImageBytes
from chatframes.model import Attachment, ForwardedFrom, Message, Outcome
from chatframes.table.batches import to_batch
from chatframes.table.frame import build

PAYLOADS = [
    "<script>window.harmed = 1</script>",
    "</script><script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 1'>",
    '"><img src=x onerror="window.harmed = 1">',
    "' onmouseover='window.harmed = 1' x='",
    '" autofocus onfocus="window.harmed = 1" tabindex="1',
    "<svg onload='window.harmed = 1'/>",
    "<svg><animate onbegin='window.harmed = 1' attributeName=x dur=1s>",
    "</td></tr></table><b onclick='window.harmed = 1'>x</b>",
    "</textarea><iframe srcdoc='<script>parent.harmed = 1</script>'>",
    "</title></style><style>body { display: none }</style>",
    "<a href='javascript:window.harmed = 1'>click</a>",
    "[click](javascript:window.harmed=1)",
    "&lt;script&gt;window.harmed = 1&lt;/script&gt;<script>window.harmed = 1</script>",
    "<details open ontoggle='window.harmed = 1'>",
    "<math><mtext><img src=x onerror='window.harmed = 1'></mtext></math>",
    "$\\href{javascript:window.harmed=1}{x}$",
    "<scr\x00ipt>window.harmed = 1</scr\x00ipt>",
    "\u202e<img src=x onerror=window.harmed=1>\u2066",
    "<form action='javascript:window.harmed = 1'><button>x</button></form>",
    "--><!--<img src=x onerror=window.harmed=1>-->",
    "<object data='javascript:window.harmed = 1'></object><embed src='javascript:window.harmed = 1'>",
    "{{constructor.constructor('window.harmed = 1')()}}<x onclick=window.harmed=1>",
]
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.harmed = 1'><circle r='9'/></svg>"
ALLOWED = set("table thead tbody tr th td b div span br pre p img progress".split())
SOURCES = tuple(f"data:image/{kind};base64," for kind in ("png", "jpeg", "gif", "webp"))


class Reader(HTMLParser):
    """Reads HTML as a browser would, and keeps what is alive in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.alive: list[str] = []
        self.text = ""
        self.pictures = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED:
            self.alive.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("href", "srcdoc", "action", "formaction"):
                self.alive.append(f"{tag} {name}={value}")
            if name == "src":
                self.pictures += 1
                if not str(value).startswith(SOURCES):
                    self.alive.append(f"src={value}")

    def handle_comment(self, data: str) -> None:
        self.alive.append(f"<!--{data}-->")

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile_frame(payload: str) -> pd.DataFrame:
    """A table with the payload in every text there is, and pictures that are none."""
    when = datetime(2026, 10, 3, 12, tzinfo=UTC)
    attachment = Attachment(0, payload, payload, url=payload, name=payload, declared_mime=payload, alt=payload)
    options = [{"text": payload, "votes": 3}, {"text": payload, "votes": payload}]
    details = {"poll": {"question": payload, "options": options}, "place": {payload: [payload]}, payload: payload}
    details["card"] = [{"body": payload}]
    good = picture(1)
    pixels = {"width": 16, "height": 12}
    ok = Outcome("ok", data=ImageBytes(good), name=payload, mime="image/jpeg", size=len(good), note=payload, **pixels)
    outcomes = [
        ok,
        replace(ok, data=ImageBytes(SVG), mime="image/png", size=len(SVG)),
        replace(ok, data=ImageBytes(payload.encode()), mime="image/png", size=len(payload)),
        Outcome("failed", payload, name=payload, error=payload),
        Outcome("skipped", "too_large", name=payload, error=payload),
    ]
    rows = []
    for number in range(3):
        message = Message(
            platform="webex", chat_id=payload, chat_name=payload, message_id=f"{payload}{number}",
            created_at=when + timedelta(days=number), fetched_at=when, kind=payload, author_id=payload,
            author_name=payload, title=payload, text=payload, markup=payload, topic=payload, album_id=payload,
            mentions=(payload,), links=(payload,), reactions=((payload, 3),), flags=(payload,), permalink=payload,
            action=payload, subjects=(payload,), author_handle=payload, quote=payload, parent_chat_id=payload,
            topic_id=payload, details={} if number == 2 else details,
            forwarded_from=ForwardedFrom(payload, payload, payload, payload, when), raw=payload,
            attachments=tuple(replace(attachment, position=at) for at in range(len(outcomes))),
        )  # fmt: skip
        rows.append((message, outcomes))
    source = {
        "source": payload, "chat_id": payload, "chat_name": payload, "requested": {"since": payload, "until": payload},
        "covered": [{"since": payload, "until": payload}], "gaps": [{"since": payload, "until": payload, "reason": payload}],
        "status": payload, "messages": 3, "error": payload, "notes": [payload],
    }  # fmt: skip
    report: dict[str, Any] = {
        "status": payload, "sources": [source], "symptoms": [payload],
        "images": {"ok": 3, "failed": {payload: 3}, "skipped": {payload: 1}},
    }  # fmt: skip
    frame = build([to_batch(rows)], report)
    return frame.assign(**{payload: payload})
