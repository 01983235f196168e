"""Pictures that texts and comments link are attachments with a fate; links to pages of pictures are counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from help.fakes import picture
from help.tiny_reddit import Answer, comment, listing, page, post, tiny_reddit

import chatframes as cf
from chatframes.model import Message
from chatframes.sources.reddit.picture_pages import PicturePages
from chatframes.sources.reddit.pictures import Places
from chatframes.sources.reddit.rows import row

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HTML = b"<!doctype html><html></html>"


@pytest.fixture(autouse=True)
def _afresh() -> Any:
    yield
    cf.shutdown()


def the_row(**thing: Any) -> Message:
    return row({"name": "t1_a", **thing}, places=Places.of("https://www.reddit.com"), fetched_at=NOW)


@pytest.mark.parametrize(
    ("body", "urls"),
    [
        ("https://i.imgur.com/abc.jpg and [two](https://i.imgur.com/d.png)", ["https://i.imgur.com/abc.jpg", "https://i.imgur.com/d.png"]),
        ("![x](https://a.example/z.webp)", ["https://a.example/z.webp"]),
        ("(https://a.example/A.JPG?x=1&copy=2).", ["https://a.example/A.JPG?x=1&copy=2"]),
        ("https://a.example/x.gif#top https://a.example/x.gif", ["https://a.example/x.gif"]),
        (r"https://a.example/snake\_case.png", ["https://a.example/snake_case.png"]),
        ("> https://a.example/q.avif\n\nsame here", ["https://a.example/q.avif"]),
        ("https://media.giphy.com/media/X/giphy.gif", ["https://media.giphy.com/media/X/giphy.gif"]),
        ("https://i.redd.it/a.jpg https://preview.redd.it/t-v0-b.png?s=1", ["https://i.redd.it/a.jpg", "https://i.redd.it/b.png"]),
        ("https://i.imgur.com/a.gifv https://imgur.com/a/b ftp://a.example/x.jpg https://a.example/?p=x.jpg", []),
    ],
)  # fmt: skip
def test_an_address_that_names_a_picture_is_an_attachment_wherever_it_stands(body: str, urls: list[str]) -> None:
    assert [one.url for one in the_row(body=body).attachments] == urls
    assert [one.url for one in the_row(name="t3_a", is_self=True, selftext=body).attachments] == urls
    shared = the_row(name="t3_b", crosspost_parent_list=[{"name": "t3_a", "is_self": True, "selftext": body}])
    assert [one.url for one in shared.attachments] == urls
    assert [one.position for one in shared.attachments] == list(range(len(urls)))


def test_what_is_linked_twice_is_one_attachment() -> None:
    url = "https://a.example/x.jpg"
    got = the_row(name="t3_a", is_self=False, url=url, selftext=f"again: {url}")
    assert [one.url for one in got.attachments] == [url]


def test_each_has_its_fate_and_pages_are_counted() -> None:
    bodies = {
        "c1": "Mine: {}/img/mine.png",
        "c2": "[gone]({}/img/gone.jpg) and [a page]({}/img/page.gif)",
        "c3": "https://imgur.com/gallery/abc and https://giphy.com/gifs/x-1 https://imgur.com/",
    }

    def script(path: str, query: dict[str, str]) -> Any:
        if path.startswith("/r/"):
            return page([text], query)
        if path == "/comments/1a":
            tree = [comment(name, "t3_1a", "1a", body=body.format(site, site)) for name, body in bodies.items()]
            return [listing([text]), listing(tree)]
        if path.startswith("/img/"):
            return {
                "/img/front.jpg": Answer(200, picture(1), Content_Type="image/jpeg"),
                "/img/mine.png": Answer(200, picture(2), Content_Type="image/jpeg"),
                "/img/page.gif": Answer(200, HTML),
            }.get(path)
        return None

    with tiny_reddit(script) as tiny:
        site = tiny.config["reddit"]["reddit_url"]
        text = post("1a", num_comments=3, selftext=f"My build: [front]({site}/img/front.jpg)")
        frame = cf.fetch(cf.Reddit("tiny"), config=tiny.config, images=True, progress=False)
    fates = {row.message_id: [(one["status"], one["reason"]) for one in row.media] for row in frame.itertuples()}
    assert fates == {
        "t3_1a": [("ok", None)],
        "t1_c1": [("ok", None)],
        "t1_c2": [("failed", "gone"), ("skipped", "not_an_image")],
        "t1_c3": [],
    }
    assert dict(zip(frame["message_id"], frame["images"], strict=True))["t1_c1"][0]["bytes"] == picture(2)
    (note,) = (note for note in cf.report(frame).sources[0].notes if "links" in note)
    assert "links: 2 lead to pages that show pictures (imgur.com 1, giphy.com 1)" in note


@pytest.mark.parametrize(
    ("url", "counts"),
    [
        ("https://imgur.com/abc", True),
        ("https://www.imgur.com/a/abc#3", True),
        ("https://i.imgur.com/abc.gifv", True),
        ("https://pbs.twimg.com/media/X?format=jpg&name=large", True),
        ("https://www.reddit.com/gallery/other", True),
        ("https://i.imgur.com/abc.jpg", False),  # an attachment
        ("https://www.reddit.com/gallery/a", False),  # the post itself
        ("https://imgur.com/", False),
        ("https://giphy.com/about", False),
        ("https://notimgur.com/abc", False),
        ("https://imgur.com.evil.example/abc", False),
    ],
)
def test_only_links_to_pages_of_pictures_are_counted(url: str, counts: bool) -> None:
    pages = PicturePages()
    pages.look_at([the_row(name="t3_a", is_self=False, url=url), the_row(body="nothing")])
    assert (pages.note is not None) == counts
