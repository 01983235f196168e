"""What becomes of Reddit's posts and comments, whatever shape they have: no network, only JSON in and rows out."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from help.sampling import tried
from hypothesis import given
from hypothesis import strategies as st

from chatframes.model import Message
from chatframes.sources.reddit.pictures import Places
from chatframes.sources.reddit.rows import row
from chatframes.world.community import writing
from chatframes.world.reddit.records import RedditWorld, build_reddit

NOW = datetime(2026, 11, 1, tzinfo=UTC)
REAL = Places.of("https://www.reddit.com")
SITE, STRANGERS = "http://127.0.0.1:8101", "http://127.0.0.1:8102"
Thing = dict[str, Any]


def the_row(thing: Thing, **options: Any) -> Message:
    return row({"name": "t3_a", **thing}, places=REAL, fetched_at=NOW, **options)


def urls(thing: Thing) -> list[str | None]:
    return [attachment.url for attachment in the_row(thing).attachments]


def image(id_: str, m: str = "image/jpg", **more: Any) -> Thing:
    u = f"https://preview.redd.it/{id_}.jpg?width=640&amp;s=abc{id_}"
    return {"status": "valid", "e": "Image", "m": m, "s": {"u": u, "x": 640, "y": 480}, "id": id_, **more}


# --- against the truth of the sandbox --------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[(300, 60, 0), (1050, 300, 7), (21, 3, 1)])
def world(request: pytest.FixtureRequest) -> RedditWorld:
    messages, images, seed = request.param
    return build_reddit(writing.build(20, 4, 30, seed), messages, images, reddit_url=SITE, foreign_url=STRANGERS)


def test_every_row_is_as_the_sandbox_knows_it(world: RedditWorld) -> None:
    truth = {record["message_id"]: record for record in world.truth["messages"]}
    places = Places.of(SITE)
    for subreddit in world.subreddits.values():
        for post in subreddit.posts:
            for thing in (post, *world.comments[post["name"]]):
                depth = thing["depth"] + 1 if "depth" in thing else 0
                got, true = row(thing, places=places, fetched_at=NOW, depth=depth), truth.pop(thing["name"])
                repaired = "text_repaired" in true["flags"]
                for name in (
                    true.keys()
                    - {"media", "flags", "forwarded_from"}
                    - ({"text", "markup"} & {*true} if repaired else set())
                ):
                    value = getattr(got, name)
                    assert (list(value) if isinstance(value, tuple) else value) == true[name], (thing["name"], name)
                assert [*got.flags, *["text_repaired"] * repaired] == true["flags"]
                assert (got.forwarded_from and asdict(got.forwarded_from)) == true["forwarded_from"]
                media = [
                    {
                        name: getattr(one, name)
                        for name in ("position", "kind", "source_id", "url", "declared_mime", "reason")
                    }
                    for one in got.attachments
                ]
                assert media == [{name: one[name] for name in media[0]} for one in true["media"]]
    assert not truth


def test_one_picture_has_one_address_in_whatever_rows_it_stands(world: RedditWorld) -> None:
    addresses: dict[str, set[str | None]] = {}
    for subreddit in world.subreddits.values():
        for post in subreddit.posts:
            for thing in (post, *world.comments[post["name"]]):
                for one in row(thing, places=Places.of(SITE), fetched_at=NOW).attachments:
                    addresses.setdefault(one.source_id, set()).add(one.url)
    assert all(len(found) == 1 for found in addresses.values())


# --- pictures, at the addresses of the real hosts --------------------------------------------------------------------


def test_a_gallery_keeps_its_order_and_its_copies() -> None:
    post = {
        "is_gallery": True,
        "media_metadata": {"x": image("x"), "y": image("y", "image/png")},
        "gallery_data": {"items": [{"media_id": "y"}, {"media_id": "x"}, {"media_id": "gone"}]},
    }
    attachments = the_row(post).attachments
    assert [one.url for one in attachments] == ["https://i.redd.it/y.png", "https://i.redd.it/x.jpg", None]
    assert (
        attachments[0].handle == "https://preview.redd.it/y.jpg?width=640&s=abcy"
    )  # &amp; undone, nothing else touched
    assert attachments[2].reason == "no_bytes"


def test_a_gallery_without_an_order_keeps_that_of_its_entries() -> None:
    post = {"is_gallery": True, "gallery_data": None, "media_metadata": {"x": image("x"), "b": image("b")}}
    assert urls(post) == ["https://i.redd.it/x.jpg", "https://i.redd.it/b.jpg"]


@pytest.mark.parametrize(
    ("url", "asked", "kind"),
    [
        ("https://i.redd.it/abc.jpeg", "https://i.redd.it/abc.jpeg", "photo"),
        ("http://I.REDD.IT/abc.png", "https://i.redd.it/abc.png", "photo"),
        ("https://i.redd.it/abc.gif", "https://i.redd.it/abc.gif", "gif"),
        ("https://preview.redd.it/some-title-v0-abc.png?s=1", "https://i.redd.it/abc.png", "photo"),
        ("https://www.reddit.com/media?url=https%3A%2F%2Fi.redd.it%2Fabc.jpg", "https://i.redd.it/abc.jpg", "photo"),
        ("https://example.com/A.JPG?x=1&copy=2#top", "https://example.com/A.JPG?x=1&copy=2", "photo"),
        ("https://i.imgur.com/abc.gif", "https://i.imgur.com/abc.gif", "gif"),
    ],
)
def test_a_link_to_a_picture_is_that_picture(url: str, asked: str, kind: str) -> None:
    (one,) = the_row({"url": url, "is_self": False}).attachments
    assert (one.url, one.kind) == (asked, kind)


@pytest.mark.parametrize(
    "url",
    [
        "https://i.imgur.com/abc.gifv",
        "https://imgur.com/abc",
        "https://example.com/page?picture=a.jpg",
        "javascript:alert(1)//a.jpg",
        "/r/python/a.jpg",
        "https://[::1/a.jpg",
        7,
        None,
    ],
)
def test_what_is_no_link_to_a_picture_is_none(url: Any) -> None:
    assert urls({"url": url, "is_self": False}) == []


def test_a_page_is_shown_by_its_preview_and_a_picture_is_not() -> None:
    preview = {"images": [{"source": {"url": "https://external-preview.redd.it/Ab-c_.jpg?s=1&amp;b=2", "width": 3}}]}
    (one,) = the_row({"url": "https://example.com/", "is_self": False, "preview": preview}).attachments
    assert (one.kind, one.source_id, one.url) == (
        "link_preview", "Ab-c_", "https://external-preview.redd.it/Ab-c_.jpg?s=1&b=2"
    )  # fmt: skip
    assert urls({"url": "https://i.redd.it/abc.jpg", "is_self": False, "preview": preview}) == [
        "https://i.redd.it/abc.jpg"
    ]
    film = the_row({"url": "https://v.redd.it/f1", "is_video": True, "preview": preview}).attachments
    assert [(one.kind, one.source_id, one.reason) for one in film] == [
        ("video", "f1", "not_an_image"), ("link_preview", "Ab-c_", None)
    ]  # fmt: skip


def test_a_link_is_shown_by_its_preview_whatever_its_words_link() -> None:
    link = {"url": "https://example.com/", "is_self": False, "selftext": "see https://a.example/x.jpg"}
    small = "https://b.thumbs.redditmedia.com/x.jpg"
    preview = {"images": [{"source": {"url": "https://external-preview.redd.it/y.jpg?s=1"}}]}
    kinds = [(one.kind, one.url) for one in the_row({**link, "preview": preview, "thumbnail": small}).attachments]
    assert kinds == [
        ("link_preview", "https://external-preview.redd.it/y.jpg?s=1"), ("photo", "https://a.example/x.jpg")
    ]  # fmt: skip
    assert urls({**link, "thumbnail": small}) == [small, "https://a.example/x.jpg"]
    assert urls({**link, "thumbnail": "nsfw"}) == ["https://a.example/x.jpg"]
    assert urls({"is_self": True, "thumbnail": small}) == []


def test_words_in_place_of_a_picture_are_kept() -> None:
    text = '![img](b "A cat") ![a dog](https://a.example/d.png) ![gif](giphy|G1)'
    got = the_row({"name": "t1_a", "body": text, "media_metadata": {"b": image("b")}})
    assert [one.alt for one in got.attachments] == ["A cat", "a dog", None]


def test_a_crosspost_shows_what_its_original_shows() -> None:
    first = {"is_gallery": True, "media_metadata": {"x": image("x")}, "gallery_data": {"items": [{"media_id": "x"}]}}
    first |= {"name": "t3_first", "subreddit_id": "t5_x", "author": "[deleted]", "created_utc": 1.5}
    got = the_row({"crosspost_parent_list": [{"name": "t3_odd"}, first], "title": "Seen"})
    assert [one.url for one in got.attachments] == ["https://i.redd.it/x.jpg"]
    assert got.forwarded_from is not None
    assert (got.forwarded_from.message_id, got.forwarded_from.name) == ("t3_first", None)


def test_pictures_in_a_text_come_in_its_order_and_once_each() -> None:
    text = (
        "![img](b) and ![gif](giphy|G1|downsized), https://preview.redd.it/slug-v0-c.png?s=1&amp;w=2 "
        "[again](https://i.redd.it/b.jpg). ![img](unknown) ![x](https://example.com/z.png)"
    )
    got = the_row({"name": "t1_a", "body": text, "media_metadata": {"a": image("a"), "b": image("b")}})
    assert [(one.kind, one.source_id, one.url) for one in got.attachments] == [
        ("photo", "b", "https://i.redd.it/b.jpg"),
        ("gif", "G1", "https://i.giphy.com/media/G1/giphy.gif"),
        ("photo", "c", "https://i.redd.it/c.png"),
        ("photo", "https://example.com/z.png", "https://example.com/z.png"),
        ("photo", "a", "https://i.redd.it/a.jpg"),
    ]
    assert got.attachments[2].handle == "https://preview.redd.it/slug-v0-c.png?s=1&w=2"


def test_moving_pictures_of_every_kind() -> None:
    def of(**entry: Any) -> list[tuple[str, str | None, str | None]]:
        got = the_row({"media_metadata": {"m": {"status": "valid", **entry}}}).attachments
        return [(one.kind, one.url, one.reason) for one in got]

    gif, mp4 = "https://i.redd.it/m.gif", "https://preview.redd.it/m.gif?format=mp4&s=1"
    assert of(e="AnimatedImage", s={"gif": gif, "mp4": mp4}) == [("gif", gif, None)]
    assert of(e="AnimatedImage", s={"mp4": mp4}) == [("video", mp4, "not_an_image")]
    assert of(e="RedditVideo", dashUrl="https://v.redd.it/x") == [("video", None, "not_an_image")]
    assert of(e="AnimatedImage") == [("video", None, "not_an_image")]


def test_an_emote_is_a_sticker_at_its_own_address() -> None:
    url = "https://reddit-econ.example/emote.png"
    entry = {"status": "valid", "e": "Image", "m": "image/png", "s": {"u": url, "x": 60, "y": 60}}
    (one,) = the_row({"body": "![img](emote|t5_x|9)", "media_metadata": {"emote|t5_x|9": entry}}).attachments
    assert (one.kind, one.url) == ("sticker", url)


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://a.example/x, or (https://b.example/y).", ["https://a.example/x", "https://b.example/y"]),
        ("[here](https://en.example/Foo_(bar)) it is", ["https://en.example/Foo_(bar)"]),
        ("[https://a.example](https://a.example)", ["https://a.example"]),
        (r"https://a.example/snake\_case", ["https://a.example/snake_case"]),
        ("https://a.example/?copy=1&copy=2&amp;x", ["https://a.example/?copy=1&copy=2&amp;x"]),
        ("ftp://a.example javascript:x", []),
    ],
)
def test_the_links_of_a_text(text: str, links: list[str]) -> None:
    assert list(the_row({"selftext": text}).links) == links


def test_mentions_are_people_and_not_parts_of_addresses() -> None:
    got = the_row({"selftext": "thanks u/a-b, /u/c_d! (https://reddit.com/u/not) menu/none u/a-b"})
    assert got.mentions == ("u/a-b", "u/c_d")


def test_options_and_captions_are_searchable_text_and_not_markup() -> None:
    post = {"selftext": "Vote!", "poll_data": {"options": [{"text": "yes"}, {"text": None}]}}
    post["gallery_data"] = {"items": [{"media_id": "x", "caption": "a cap", "outbound_url": "https://o.example/"}]}
    got = the_row(post)
    assert (got.text, got.markup, got.links) == ("Vote!\nyes\na cap", "Vote!", ("https://o.example/",))


def test_edited_false_is_not_1970() -> None:
    assert the_row({"edited": False}).edited_at is None
    assert the_row({"edited": True}).edited_at is None
    assert the_row({"edited": 86400.5}).edited_at == datetime(1970, 1, 2, 0, 0, 0, 500_000, tzinfo=UTC)


def test_raw_is_the_answer_without_the_replies() -> None:
    raw = the_row({"name": "t1_a", "body": "x\ud800", "replies": {"data": {}}}, raw=True).raw
    assert raw is not None
    assert raw.isascii()
    assert json.loads(raw) == {"name": "t1_a", "body": "x\ud800", "replies": None}


# --- whatever comes --------------------------------------------------------------------------------------------------

_FIELDS = (
    "subreddit_id subreddit created_utc edited author author_fullname title selftext body parent_id link_id "
    "link_flair_text score score_hidden num_comments num_crossposts crosspost_parent_list over_18 spoiler "
    "removed_by_category stickied locked quarantine distinguished is_submitter permalink url url_overridden_by_dest "
    "is_self is_video is_gallery gallery_data media_metadata preview poll_data"
).split()
_odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["https://i.redd.it/x.jpg", "https://[", "![img](a)", "[deleted]", "Image", "giphy|a", "giphy|"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["items", "media_id", "a", "giphy|a", "s", "u", "e", "status", "images", "source", "url"]), inner, max_size=4
    ),
    max_leaves=12,
)  # fmt: skip


@tried(given(st.dictionaries(st.sampled_from(_FIELDS), _odd), st.sampled_from(["t1_a", "t3_a"])), few=100, many=400)
def test_no_field_of_whatever_type_loses_a_row(thing: Thing, name: str) -> None:
    got = row({**thing, "name": name}, places=REAL, fetched_at=NOW, depth=None, raw=True)
    assert got.message_id == name
    assert [one.position for one in got.attachments] == list(range(len(got.attachments)))
    assert len({one.source_id for one in got.attachments}) == len(got.attachments)
    assert all(one.reason or (one.url or "").startswith("http") for one in got.attachments)
