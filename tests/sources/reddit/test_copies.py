"""A picture that is gone for good where its post links it comes from Reddit's own copy, named in the same answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from help.fakes import picture
from help.hurrying import fast_clock
from help.tiny_reddit import Answer, page, post, tiny_reddit

import chatframes as cf
from chatframes.model import Attachment, Body, Refusal
from chatframes.sources.reddit.copies import Copies
from chatframes.sources.reddit.pictures import Places
from chatframes.sources.reddit.rows import row


@pytest.fixture(autouse=True)
def _afresh() -> Any:
    yield
    cf.shutdown()


OWN, COPY = picture(1), picture(2)
HTML = b"<!doctype html><html><body>This album is gone.</body></html>"


def image(body: bytes) -> Answer:
    return Answer(200, body, Content_Type="image/jpeg")


# How a link can be dead, and how often it is asked before the copy is: what may pass by itself is asked again.
DEAD: dict[str, tuple[Callable[[], Answer], int]] = {
    "gone": (lambda: Answer(404, HTML), 1),
    "forbidden": (lambda: Answer(403, HTML), 1),
    "gone for ever": (lambda: Answer(410), 1),
    "refused for the law": (lambda: Answer(451, HTML), 1),
    "a page": (lambda: Answer(200, HTML), 1),
    "a page called a picture": (lambda: image(HTML), 2),
    "nothing": (lambda: image(b""), 2),
    "a loop": (lambda: Answer(302, Location="/img/a_loop.jpg"), 1),
    "a placeholder": (lambda: Answer(302, Location="http://i.imgur.com/removed.png"), 1),
    "a private address": (lambda: Answer(302, Location="http://127.0.0.1:9/x.jpg"), 1),
    "broken": (lambda: Answer(503, HTML), 2),
}


def linking(name: str, url: str, copy: str | None, **fields: Any) -> dict[str, Any]:
    preview = {"preview": {"images": [{"source": {"url": copy, "width": 8, "height": 6}}]}} if copy else {}
    return post(name, is_self=False, url=url, **preview, **fields)


def fetched(answers: dict[str, Callable[[], Answer]], things: Callable[[str], list[Any]], **options: Any) -> Any:
    """Fetch posts whose pictures are answered so; return them by name, the report and how often each was asked for."""

    def script(path: str, query: dict[str, str]) -> Any:
        if path.startswith("/r/"):
            return page(things(site[0]), query)
        return answers[path]() if path in answers else None

    site: list[str] = []
    with tiny_reddit(script) as tiny:
        site.append(tiny.config["reddit"]["reddit_url"])
        frame = cf.fetch(
            cf.Reddit("tiny", comments=0), config=tiny.config, **{"images": True, "progress": False, **options}
        )
        return frame, Counter(path for path, _ in tiny.asked)


def media(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {row.message_id: row.media[0] for row in frame.itertuples()}


def test_the_copy_is_taken_however_the_link_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatframes.api.clock", fast_clock(50, starts=datetime(2026, 11, 2, tzinfo=UTC)))
    slugs = {how: how.replace(" ", "_") for how in DEAD}
    answers = {f"/img/{slugs[how]}.jpg": answer for how, (answer, _) in DEAD.items()}
    answers |= {f"/external-preview.redd.it/{slug}.jpg": lambda: image(COPY) for slug in slugs.values()}
    answers |= {"/img/alive.jpg": lambda: image(OWN), "/external-preview.redd.it/alive.jpg": lambda: image(COPY)}
    for how in [*DEAD, "alive"]:
        slug = slugs.get(how, how)
        frame, asked = fetched(
            answers,
            lambda site, slug=slug: [  # type: ignore[misc]
                linking("p", f"{site}/img/{slug}.jpg", f"{site}/external-preview.redd.it/{slug}.jpg?s=1")
            ],
        )
        (cell,) = frame["media"][0]
        assert (cell["status"], cell["reason"]) == ("ok", None), (how, cell)
        (shown,) = frame["images"][0]
        assert cell["url"].endswith(f"/img/{slug}.jpg"), "the link stays the one that was posted"
        if how == "alive":
            assert (cell["note"], shown["bytes"]) == (None, OWN)
            assert asked[f"/external-preview.redd.it/{slug}.jpg"] == 0
        else:
            assert (cell["note"], shown["bytes"]) == ("copy", COPY), how
            if how != "a loop":
                assert asked[f"/img/{slug}.jpg"] == DEAD[how][1], how


def test_where_the_copy_is_gone_too_the_links_own_fate_counts() -> None:
    frame, asked = fetched(
        {"/img/dead.jpg": lambda: Answer(404, HTML), "/external-preview.redd.it/dead.jpg": lambda: Answer(403, HTML)},
        lambda site: [
            linking("both", f"{site}/img/dead.jpg", f"{site}/external-preview.redd.it/dead.jpg?s=1"),
            linking("none", f"{site}/img/alone.jpg", None),
            linking("elsewhere", f"{site}/img/alone2.jpg", f"{site}/img/not_reddits.jpg"),
        ],
    )
    fates = {name: (cell["status"], cell["reason"], cell["note"]) for name, cell in media(frame).items()}
    assert set(fates.values()) == {("failed", "gone", None)}
    assert asked["/external-preview.redd.it/dead.jpg"] == 1
    assert asked["/img/not_reddits.jpg"] == 0, "only Reddit's own hosts have copies"


def test_a_host_that_is_busy_for_a_day_is_not_waited_for() -> None:
    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Body]:
        if url == "link":
            raise Refusal("failed", "rate_limited", retry_after_seconds=86400.0)
        yield Body(chunks=bytes_of(COPY))

    async def bytes_of(data: bytes) -> AsyncIterator[bytes]:
        yield data[:100]
        yield data[100:]

    async def read() -> tuple[str | None, bytes]:
        async with Copies(opened).read(Attachment(0, "photo", "id", "link", handle="copy")) as body:
            return body.note, b"".join([chunk async for chunk in body.chunks])

    assert asyncio.run(read()) == ("copy", COPY)


@pytest.mark.parametrize(
    ("thing", "copy"),
    [
        ({"url": "https://i.imgur.com/a.jpg"}, "https://external-preview.redd.it/S.jpg?s=1"),
        ({"url": "https://i.redd.it/a.jpg"}, "https://external-preview.redd.it/S.jpg?s=1"),
        ({"url": "https://i.imgur.com/a.gif"}, "https://external-preview.redd.it/M.gif?s=2"),  # the moving one
        ({"url": "https://preview.redd.it/a.jpg?s=3"}, "https://preview.redd.it/a.jpg?s=3"),  # as it was posted
    ],
)
@pytest.mark.parametrize("as_crosspost", [False, True])
def test_each_way_to_link_a_picture_knows_its_copy(thing: dict[str, Any], copy: str, as_crosspost: bool) -> None:
    preview = {
        "images": [
            {
                "source": {"url": "https://external-preview.redd.it/S.jpg?s=1"},
                "variants": {"gif": {"source": {"url": "https://external-preview.redd.it/M.gif?s=2"}}},
            }
        ]
    }
    thing = {"name": "t3_x", "is_self": False, **thing, "preview": preview}
    if as_crosspost:
        thing = {"name": "t3_y", "is_self": False, "url": thing["url"], "crosspost_parent_list": [thing]}
    got = row(thing, places=Places.of("https://www.reddit.com"), fetched_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert [one.handle for one in got.attachments] == [copy]
