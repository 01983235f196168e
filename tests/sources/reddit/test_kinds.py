"""Each kind of post and comment that Reddit has is kept, or is not for a reason; a new one is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chatframes.model import Message
from chatframes.sources.reddit.kinds import KEPT, NOT_KEPT
from chatframes.sources.reddit.pictures import Places
from chatframes.sources.reddit.rows import row

NOW = datetime(2026, 11, 1, tzinfo=UTC)
REAL = Places.of("https://www.reddit.com")
Thing = dict[str, Any]

# Reddit's kinds as of 2026-11, from its API documentation, recorded answers, and what its apps let people post. One of
# each as the API gives it; those marked False have nothing in the answer that says what they are.
PICTURE = {
    "status": "valid", "e": "Image", "m": "image/png", "s": {"u": "https://preview.redd.it/m1.png?s=a", "x": 8, "y": 6}
}  # fmt: skip
STORY = {
    "name": "t3_0p", "title": "A story", "is_self": True, "selftext": "Once &amp; for all https://a.example/?x=1&lt=2",
    "subreddit": "origin_sub", "subreddit_id": "t5_9", "author": "writer", "permalink": "/r/origin_sub/comments/0p/a/",
}  # fmt: skip
PLAYER = {"title": "A film", "provider_name": "YouTube", "author_name": "Ada", "html": "<iframe></iframe>"}
FILM = {"fallback_url": "https://v.redd.it/f1/DASH_720.mp4", "duration": 12, "width": 1280, "height": 720}
EXAMPLES: dict[str, Thing] = {
    "text": {"is_self": True, "selftext": "Hello&nbsp;there"},
    "link": {"is_self": False, "post_hint": "link", "url": "https://a.example/?a=1&lt=2"},
    "picture": {"is_self": False, "post_hint": "image", "url": "https://i.redd.it/abc.png"},
    "gallery": {
        "is_self": False, "is_gallery": True, "url": "https://www.reddit.com/gallery/a", "media_metadata": {"m1": PICTURE},
        "gallery_data": {"items": [{"media_id": "m1", "caption": "A cap", "outbound_url": "https://shop.example/"}]},
    },
    "video": {
        "is_self": False, "is_video": True, "post_hint": "hosted:video", "url": "https://v.redd.it/f1",
        "media": {"reddit_video": FILM}, "secure_media": {"reddit_video": FILM},
    },
    "embedded video": {
        "is_self": False, "post_hint": "rich:video", "url": "https://youtu.be/x",
        "secure_media": {"type": "youtube.com", "oembed": PLAYER},
    },
    "poll": {
        "is_self": True, "title": "Which?",
        "poll_data": {
            "options": [{"id": "1", "text": "red", "vote_count": 3}, {"id": "2", "text": "blue"}], "total_vote_count": 5,
            "voting_end_timestamp": 1_700_000_000_000,
        },
    },
    "crosspost": {"is_self": False, "crosspost_parent": "t3_0p", "crosspost_parent_list": [STORY], "title": "Look",
                  "url": "/r/origin_sub/comments/0p/a/"},
    "comment": {"name": "t1_a", "body": "Yes &lt;3"},
    "emote": {
        "name": "t1_a", "body": "![img](emote|free_emotes_pack|heart)",
        "media_metadata": {"emote|free_emotes_pack|heart": {
            "status": "valid", "e": "Image", "m": "image/gif", "s": {"u": "https://www.redditstatic.com/heart.gif"}
        }},
    },
    "emote that moves": {  # of Reddit's own, as published answers have them
        "name": "t1_a", "body": "![img](emote|free_emotes_pack|joy)",
        "media_metadata": {"emote|free_emotes_pack|joy": {
            "status": "valid", "e": "AnimatedImage", "m": "image/gif", "t": "sticker",
            "s": {"x": 60, "y": 60, "gif": "https://www.redditstatic.com/joy.gif"},
        }},
    },
    "event": {"is_self": True, "event_start": 1_700_000_000.0, "event_end": 1_700_003_600.0, "event_is_live": False},
    "collection": {"is_self": True, "collections": [{"collection_id": "c-1", "title": "All the guides"}]},
    "awards": {"is_self": True, "all_awardings": [{"name": "Gold", "count": 2}]},
    "app": {"is_self": True, "selftext": "This post contains content not supported on old Reddit. [Click here](https://sh.reddit.com/a)"},
    "live thread": {"is_self": False, "url": "https://www.reddit.com/live/abc"},
    "live audio": {"is_self": True, "live_audio": {"room": 1}},
    "broadcast": {"is_self": False, "rpan_video": {"hls_url": "https://x.example"}, "url": "https://www.reddit.com/rpan/r/x/a"},
    "prediction": {"is_self": True, "poll_data": {"is_prediction": True, "options": [{"text": "home"}]}},
    "chat": {"is_self": True, "discussion_type": "CHAT", "selftext": "Game day"},
}  # fmt: skip


def the_row(thing: Thing) -> Message:
    return row({"name": "t3_a", **thing}, places=REAL, fetched_at=NOW)


def test_each_kind_is_kept_or_not_for_a_reason() -> None:
    assert EXAMPLES.keys() - {"emote that moves"} == KEPT.keys() | NOT_KEPT.keys()
    assert not KEPT.keys() & NOT_KEPT.keys()
    assert all(len(said) > 4 for said in (*KEPT.values(), *NOT_KEPT.values()))


def test_the_docs_say_where_each_kind_is_kept_and_why_not() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "services.md").read_text(encoding="utf-8")
    for kind, said in (KEPT | NOT_KEPT).items():
        assert f"| {kind} | {said} |" in docs


@pytest.mark.parametrize("kind", EXAMPLES)
def test_only_what_is_in_no_answer_makes_a_row_partial(kind: str) -> None:
    assert ("partial" in the_row(EXAMPLES[kind]).flags) == (kind == "app")


def test_what_each_kind_says_is_in_the_row() -> None:
    rows = {kind: the_row(thing) for kind, thing in EXAMPLES.items()}
    text = rows["text"]
    assert (text.text, text.markup) == ("Hello\xa0there", "Hello&nbsp;there")
    assert rows["link"].links == ("https://a.example/?a=1&lt=2",)
    assert [one.url for one in rows["picture"].attachments] == ["https://i.redd.it/abc.png"]
    gallery = rows["gallery"]
    assert (gallery.text, gallery.links[1], gallery.attachments[0].alt) == ("A cap", "https://shop.example/", "A cap")
    (film,) = rows["video"].attachments
    assert (film.kind, film.duration_ms, film.width, film.reason) == ("video", 12_000, 1280, "not_an_image")
    assert rows["embedded video"].details["preview"] == {
        "title": "A film", "site": "YouTube", "author": "Ada", "url": "https://youtu.be/x"
    }  # fmt: skip
    poll = rows["poll"]
    assert poll.text == "red\nblue"
    assert poll.details["poll"] == {
        "question": "Which?",
        "options": [{"text": "red", "votes": 3}, {"text": "blue", "votes": None}],
        "total": 5,
        "closed": True,
        "closes_at": "2023-11-14T22:13:20+00:00",
    }
    crosspost = rows["crosspost"]
    assert crosspost.text == "A story\nOnce & for all https://a.example/?x=1&lt=2"
    original = "https://www.reddit.com/r/origin_sub/comments/0p/a/"  # its card can be clicked
    assert crosspost.links == (original, "https://a.example/?x=1&lt=2")
    assert crosspost.forwarded_from is not None
    assert crosspost.forwarded_from.message_id == "t3_0p"
    assert crosspost.details["crosspost"] == {
        "id": "t3_0p", "chat": "origin_sub", "title": "A story", "author": "writer",
        "url": "https://www.reddit.com/r/origin_sub/comments/0p/a/",
    }  # fmt: skip
    assert rows["comment"].text == "Yes <3"
    assert [(one.kind, one.alt) for one in rows["emote"].attachments] == [("sticker", "heart")]
    (moving,) = rows["emote that moves"].attachments
    assert (moving.kind, moving.alt, moving.url) == ("sticker", "joy", "https://www.redditstatic.com/joy.gif")
    assert rows["event"].details["event"]["start"] == "2023-11-14T22:13:20+00:00"
    assert rows["collection"].details["collection"] == [{"id": "c-1", "title": "All the guides"}]
    assert rows["awards"].details["awards"] == [{"name": "Gold", "count": 2}]
    assert rows["prediction"].text == "home"
    assert rows["live thread"].links == ("https://www.reddit.com/live/abc",)
    assert rows["chat"].text == "Game day"
    assert rows["app"].details["unread"] == ["app"]


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        ({"post_hint": "hologram"}, "post_hint hologram"),
        ({"discussion_type": "DANCE"}, "discussion_type DANCE"),
        ({"media_metadata": {"x": {"status": "valid", "e": "Sculpture"}}}, "media_metadata Sculpture"),
        ({"secure_media": {"reddit_smell": {"url": "https://x.example"}}}, "secure_media reddit_smell"),
        ({"name": "t1_a", "comment_type": "song"}, "comment_type song"),
        ({"crosspost_parent_list": [{"name": "t3_0", "post_hint": "hologram"}]}, "post_hint hologram"),
    ],
)
def test_a_kind_that_is_new_is_named_and_leaves_its_words(thing: Thing, name: str) -> None:
    got = the_row({"title": "Seen", "selftext": "words", "body": "words", **thing})
    assert got.details["unread"] == [name]
    assert "partial" in got.flags
    assert got.text == "words"


# --- crossposts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "text"),
    [
        ({"title": "A story"}, "Once & for all https://a.example/?x=1&lt=2"),  # the title is said once
        ({"title": "Look", "selftext": "See below"}, "A story\nSee below"),  # its own words come before the original's
    ],
)
def test_a_crosspost_says_what_readers_see(own: Thing, text: str) -> None:
    assert the_row({"crosspost_parent_list": [STORY], **own}).text == text


def test_a_crosspost_shows_the_poll_the_pictures_and_the_players_of_its_original() -> None:
    for kind in ("poll", "gallery", "embedded video", "event", "video"):
        first = {"name": "t3_0", "title": "Which?", **EXAMPLES[kind]}
        alone, shared = the_row(first), the_row({"title": "Which?", "crosspost_parent_list": [first]})
        assert shared.text == alone.text
        assert {name: value for name, value in shared.details.items() if name != "crosspost"} == alone.details
        assert [one.source_id for one in shared.attachments] == [one.source_id for one in alone.attachments]


def test_a_crosspost_whose_original_is_not_told_names_it() -> None:
    got = the_row({"crosspost_parent": "t3_0p", "crosspost_parent_list": []})
    assert got.details["crosspost"] == {"id": "t3_0p"}
    assert got.forwarded_from is not None
    assert got.forwarded_from.message_id == "t3_0p"


# --- who, and where --------------------------------------------------------------------------------------------------


def test_author_flair_and_topic() -> None:
    got = the_row({
        "author": "some_one", "author_flair_text": "20 years", "link_flair_text": "Optics",
        "link_flair_template_id": "0f5b", "distinguished": "moderator",
    })  # fmt: skip
    assert (got.author_name, got.author_handle) == ("some_one", "some_one")
    assert (got.topic, got.topic_id) == ("Optics", "0f5b")
    assert got.details == {"author_flair": "20 years", "distinguished": "moderator"}
    gone = the_row({"author": "[deleted]", "selftext": "still here"})
    assert (gone.author_name, gone.author_handle, gone.flags) == (None, None, ())


# --- what was done ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("thing", "flags"),
    [
        ({"removed_by_category": "moderator"}, ["removed"]),
        ({"removed_by_category": "automod_filtered", "selftext": "still shown to me"}, ["removed"]),
        ({"removed_by_category": "a new word", "selftext": "x"}, ["removed"]),
        ({"removed_by_category": "author", "selftext": "[deleted]"}, ["deleted"]),
        ({"banned_by": "mod_name", "selftext": "shown to moderators"}, ["removed"]),
        ({"banned_by": True, "selftext": "x"}, ["removed"]),
        ({"banned_by": None, "removed": False, "spam": False, "removal_reason": None, "selftext": "x"}, []),
        (
            {"removal_reason": "legal", "selftext": "[ Removed by reddit in response to a copyright notice. ]"},
            ["removed"],
        ),
        ({"body": "[ Removed by Reddit ]"}, ["removed"]),
        ({"body": "[removed by reddit]"}, ["removed"]),
        (
            {"body": "[ Removed by Reddit on account of violating the [content policy](/help/contentpolicy). ]"},
            ["removed"],
        ),
        ({"body": "[removed too many links]", "author": "[deleted]"}, ["removed"]),
        ({"body": "[removed too many links]"}, []),  # its author is there and says so
        ({"body": "[deleted scene](https://youtu.be/x)"}, []),
        ({"body": "[removed] is what it said"}, []),
        ({"title": "[deleted by user]", "is_self": False, "author": "[deleted]"}, ["deleted"]),
        ({"title": "[Deleted scene] of the film [OC]", "is_self": False}, []),
        ({"title": "[ Removed by Reddit ]", "selftext": ""}, ["removed"]),
        ({"author": "[deleted]", "is_self": False, "url": "https://a.example/"}, []),  # only the account is gone
        ({"author": "[deleted]", "is_self": True, "selftext": ""}, ["deleted"]),
        ({"locked": True, "selftext": "x"}, ["locked"]),
        ({"edited": True, "selftext": "x"}, ["edited"]),
        ({"edited": 1.7e9, "selftext": "x"}, []),  # edited_at says it
    ],
)
def test_what_was_done_is_told_by_the_fields_of_the_answer(thing: Thing, flags: list[str]) -> None:
    name = "t1_a" if "body" in thing else "t3_a"
    got = the_row({"name": name, "author": "somebody", **thing})
    assert list(got.flags) == flags
    assert got.action == next((flag for flag in flags if flag != "edited"), None)


def test_who_removed_it_and_why_is_in_the_details() -> None:
    got = the_row({"removed_by_category": "moderator", "banned_by": "mod_1", "removal_reason": "spam", "selftext": "x"})
    assert got.details["removal"] == {"by": "moderator", "name": "mod_1", "reason": "spam"}
    assert "removal" not in the_row({"removal_reason": None, "selftext": "x"}).details
