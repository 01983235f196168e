"""The sandbox's Reddit keeps its own promises: what it hands to its server, and what it says is true."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from help.sampling import sampled
from PIL import Image

from chatframes.world.community import talk, writing
from chatframes.world.reddit.records import Picture, RedditWorld, build_reddit

SITE, STRANGERS = "http://127.0.0.1:8101", "http://127.0.0.1:8102"
END = datetime(2026, 11, 1, tzinfo=UTC)
Thing = dict[str, Any]
Records = list[Thing]


def build(messages: int = 300, images: int = 60, days: int = 30, seed: int = 0) -> RedditWorld:
    community = writing.build(20, 4, days, seed)
    return build_reddit(community, messages, images, reddit_url=SITE, foreign_url=STRANGERS)


@pytest.fixture(scope="module")
def world() -> RedditWorld:
    return build()


def said(world: RedditWorld, name: str = "apollo", kind: str | None = None) -> Records:
    return [r for r in world.truth["messages"] if r["chat_name"] == name and kind in (None, r["kind"])]


def media_of(records: Records) -> Records:
    return [media for record in records for media in record["media"]]


def pairs(world: RedditWorld) -> Iterator[tuple[Thing, Thing]]:
    """Everything Reddit tells, with what is true of it."""
    truth = {record["message_id"]: record for record in world.truth["messages"]}
    for subreddit in world.subreddits.values():
        for post in subreddit.posts:
            for thing in (post, *world.comments[post["name"]]):
                yield thing, truth.pop(thing["name"])
    assert not truth


def told(world: RedditWorld, record: Thing) -> Thing:
    return next(thing for thing, true in pairs(world) if true["message_id"] == record["message_id"])


def apollo(world: RedditWorld) -> Records:
    return world.subreddits["apollo"].posts


def comments(world: RedditWorld) -> Records:
    return [comment for post in apollo(world) for comment in world.comments[post["name"]]]


def given(world: RedditWorld, url: str) -> Picture | None:
    """What the hosts give for an address; a wrong query gives nothing."""
    address, _, query = url.partition("?")
    key = address.removeprefix(f"{SITE}/").replace(STRANGERS, "foreign")
    picture = world.pictures.get(key)
    return picture if picture is not None and picture.query in (None, query) else None


def addresses(thing: Any) -> Iterator[str]:
    """Every text anywhere in an answer."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict | list):
        for inner in thing.values() if isinstance(thing, dict) else thing:
            yield from addresses(inner)


# How much there is


@pytest.mark.parametrize(
    ("messages", "images", "days"),
    [
        (300, 60, 30),
        (0, 0, 30),
        (1, 0, 30),
        (1, 1, 1),
        (1, 2, 1),
        (1, 3, 1),
        (1, 4, 1),
        (2, 8, 1),
        (5, 20, 30),
        (20, 4, 30),
        (9, 9, 2),
        (40, 160, 3),
        (100, 0, 30),
        (200, 800, 30),
        (1050, 300, 30),
        (3000, 500, 90),
    ],
)
def test_counts_are_exact_and_every_row_lies_in_the_range(messages: int, images: int, days: int) -> None:
    world = build(messages, images, days)
    records = said(world)
    assert len(records) == messages
    assert sum(media["is_image"] for media in media_of(records)) == images
    assert all(media["reason"] is None for media in media_of(records) if media["is_image"])
    assert len({record["message_id"] for record in records}) == messages
    assert all(END - timedelta(days=days) <= record["created_at"] < END for record in records)
    assert len(apollo(world)) + len(comments(world)) == messages


@pytest.mark.parametrize("seed", sampled(range(1, 8), 2))
def test_counts_are_exact_with_every_seed(seed: int) -> None:
    for messages, images in ((300, 60), (37, 50), (210, 333)):
        records = said(build(messages, images, seed=seed))
        assert (len(records), sum(media["is_image"] for media in media_of(records))) == (messages, images)


def test_fifty_posts_hold_about_a_thousand_comments_unevenly() -> None:
    world = build(1050, 300)
    sizes = sorted(len(world.comments[post["name"]]) for post in apollo(world))
    assert len(sizes) == 50
    assert sizes[0] == 0
    assert sizes[-1] > 100
    assert 8 <= sizes[25] <= 25


def test_the_same_arguments_give_the_same_world_and_another_seed_another() -> None:
    one, same, other = build(80, 20), build(80, 20), build(80, 20, seed=1)
    assert one.truth == same.truth
    assert json.dumps([one.comments, [s.posts for s in one.subreddits.values()]]) == json.dumps(
        [same.comments, [s.posts for s in same.subreddits.values()]]
    )
    assert {key: p.sha256 for key, p in one.pictures.items()} == {key: p.sha256 for key, p in same.pictures.items()}
    assert {chat["id"] for chat in other.truth["chats"]}.isdisjoint(chat["id"] for chat in one.truth["chats"])
    assert {r["message_id"] for r in other.truth["messages"]}.isdisjoint(
        r["message_id"] for r in one.truth["messages"] if r["chat_name"] != "busy"
    )
    assert set(other.pictures) & set(one.pictures) <= {"foreign/night/Ridge.JPG"}


# Subreddits


def test_every_kind_of_subreddit_is_there(world: RedditWorld) -> None:
    shape = {key: (one.name, one.kind, len(one.posts)) for key, one in world.subreddits.items()}
    assert shape == {
        "apollo": ("apollo", "public", 21),
        "telescopes": ("telescopes", "public", 8),
        "empty": ("empty", "public", 0),
        "backstage": ("backstage", "private", 0),
        "offtopic": ("offtopic", "quarantined", 0),
        "gone": ("gone", "banned", 0),
        "busy": ("busy", "public", 1200),
    }
    assert all(re.fullmatch(r"t5_[1-9a-z][0-9a-z]{4}", one.id) for one in world.subreddits.values())
    assert [chat["id"] for chat in world.truth["chats"]] == [one.id for one in world.subreddits.values()]
    assert sum(len(world.comments[post["name"]]) for post in world.subreddits["telescopes"].posts) > 3


def test_the_busy_subreddit_is_nothing_but_short_posts(world: RedditWorld) -> None:
    records = said(world, "busy")
    assert {record["kind"] for record in records} == {"post"}
    assert not any(record["media"] or record["links"] for record in records)
    assert len({record["created_at"] for record in records}) == 1200


def test_ids_are_base36_unique_and_grow_with_time(world: RedditWorld) -> None:
    for kind in ("post", "comment"):
        records = [record for record in world.truth["messages"] if record["kind"] == kind]
        prefix = "t3_" if kind == "post" else "t1_"
        assert all(re.fullmatch(prefix + "[1-9a-z][0-9a-z]{6}", record["message_id"]) for record in records)
        numbered = sorted((int(record["message_id"][3:], 36), record["created_at"]) for record in records)
        assert all(one[0] < other[0] and one[1] <= other[1] for one, other in pairwise(numbered))


def test_posts_stand_newest_first_and_what_is_pinned_in_its_old_place(world: RedditWorld) -> None:
    posts = apollo(world)
    assert [post["created_utc"] for post in posts] == sorted((post["created_utc"] for post in posts), reverse=True)
    pinned = [post for post in posts if post["stickied"]]
    assert pinned == [posts[-1]]
    assert (pinned[0]["author"], pinned[0]["distinguished"]) == ("AutoModerator", "moderator")


def test_share_links_lead_to_posts(world: RedditWorld) -> None:
    permalinks = {post["permalink"] for one in world.subreddits.values() for post in one.posts}
    assert world.share_links
    for path, permalink in world.share_links.items():
        assert re.fullmatch(r"/r/\w+/s/[0-9a-z]{10}", path)
        assert permalink in permalinks


# Comments


def test_every_parent_is_there_before_its_answers_and_depth_is_true(world: RedditWorld) -> None:
    for post_name, thread in world.comments.items():
        depths = {post_name: -1}
        for comment in thread:
            assert comment["link_id"] == post_name
            assert comment["depth"] == depths[comment["parent_id"]] + 1
            depths[comment["name"]] = comment["depth"]
            assert "replies" not in comment
    assert max(comment["depth"] for comment in comments(world)) >= 12


def test_the_best_of_siblings_come_first_and_all_below_them_with_them(world: RedditWorld) -> None:
    for post_name, thread in world.comments.items():
        open_above = [post_name]
        for comment in thread:  # depth-first: a parent is always among those still open
            while open_above[-1] != comment["parent_id"]:
                open_above.pop()
            open_above.append(comment["name"])
        by_parent: dict[str, list[int]] = {}
        for comment in thread:
            by_parent.setdefault(comment["parent_id"], []).append(comment["score"])
        assert all(scores == sorted(scores, reverse=True) for scores in by_parent.values())


def test_comments_come_after_what_they_answer_and_some_posts_have_none(world: RedditWorld) -> None:
    moments = {record["message_id"]: record["created_at"] for record in world.truth["messages"]}
    for comment in comments(world):
        assert moments[comment["parent_id"]] <= moments[comment["name"]]
    assert any(not world.comments[post["name"]] for post in apollo(world))


def test_one_post_counts_more_comments_than_there_are(world: RedditWorld) -> None:
    surplus = Counter(post["num_comments"] - len(world.comments[post["name"]]) for post in apollo(world))
    assert surplus == {0: 20, 2: 1}


# Reddit's JSON


POST_FIELDS = (
    "all_awardings allow_live_comments approved_at_utc approved_by archived author author_flair_text author_is_blocked "
    "awarders banned_at_utc banned_by can_gild can_mod_post category clicked content_categories contest_mode created "
    "created_utc discussion_type distinguished domain downs edited gilded gildings hidden hide_score id is_created_from_ads_ui "
    "is_crosspostable is_meta is_original_content is_reddit_media_domain is_robot_indexable is_self is_video likes "
    "link_flair_richtext link_flair_text link_flair_type locked media media_embed media_only mod_note mod_reports name "
    "no_follow num_comments num_crossposts num_reports over_18 permalink pinned pwls quarantine removal_reason removed_by "
    "removed_by_category report_reasons saved score secure_media secure_media_embed selftext selftext_html send_replies "
    "spoiler stickied subreddit subreddit_id subreddit_name_prefixed subreddit_subscribers subreddit_type suggested_sort "
    "thumbnail thumbnail_height thumbnail_width title top_awarded_type total_awards_received treatment_tags ups "
    "upvote_ratio url user_reports view_count visited wls"
).split()
COMMENT_FIELDS = (
    "all_awardings archived associated_award author author_is_blocked body body_html can_gild collapsed "
    "collapsed_because_crowd_control collapsed_reason collapsed_reason_code comment_type controversiality created "
    "created_utc depth distinguished downs edited gilded id is_submitter likes link_id locked name no_follow parent_id "
    "permalink saved score score_hidden send_replies stickied subreddit subreddit_id subreddit_name_prefixed "
    "subreddit_type ups unrepliable_reason"
).split()


def test_things_have_the_fields_reddit_sends(world: RedditWorld) -> None:
    for thing, record in pairs(world):
        fields = POST_FIELDS if record["kind"] == "post" else COMMENT_FIELDS
        assert set(fields) <= thing.keys()
        assert thing["name"] == f"{'t3' if record['kind'] == 'post' else 't1'}_{thing['id']}"
        assert isinstance(thing["created_utc"], float)
        assert thing["edited"] is False or isinstance(thing["edited"], float)
        assert (thing["author"] == "[deleted]") == ("author_fullname" not in thing)
        assert thing["permalink"].startswith(f"/r/{thing['subreddit']}/comments/")
        assert json.loads(json.dumps(thing)) == thing


def test_what_only_some_posts_have_is_absent_from_the_others(world: RedditWorld) -> None:
    optional = (
        "is_gallery",
        "gallery_data",
        "media_metadata",
        "preview",
        "post_hint",
        "poll_data",
        "crosspost_parent_list",
    )
    for name in optional:
        there = sum(name in post for post in apollo(world))
        assert 0 < there < len(apollo(world)), name


def test_addresses_come_unescaped_and_lead_nowhere_but_to_the_sandbox(world: RedditWorld) -> None:
    for thing, _ in pairs(world):
        for text in addresses({name: value for name, value in thing.items() if not name.endswith("_html")}):
            assert "&amp;" not in text
        hosts = {
            urlsplit(url).netloc for text in addresses(thing) for url in re.findall(r"https?://[^\s)\"<>&]+", text)
        }
        for host in hosts:
            assert host.startswith("127.0.0.1:") or host.endswith(".example") or host in (
                "www.reddit.com", "www.example.org", "giphy.com",
            )  # fmt: skip


def test_the_truth_says_what_reddit_tells(world: RedditWorld) -> None:
    for thing, record in pairs(world):
        post = record["kind"] == "post"
        assert record["created_at"].timestamp() == thing["created_utc"]
        assert record["edited_at"] == (datetime.fromtimestamp(thing["edited"], UTC) if thing["edited"] else None)
        assert record["author_id"] == thing.get("author_fullname")
        assert record["author_name"] == (None if thing["author"] == "[deleted]" else thing["author"])
        assert (record["chat_id"], record["chat_name"]) == (thing["subreddit_id"], thing["subreddit"])
        assert record["parent_id"] == thing.get("parent_id")
        assert record["thread_id"] == (thing["name"] if post else thing["link_id"])
        assert record["depth"] == (0 if post else thing["depth"] + 1)
        assert (record["title"], record["topic"]) == (thing.get("title"), thing.get("link_flair_text"))
        assert record["score"] == (None if thing.get("score_hidden") else thing["score"])
        assert (record["reply_count"], record["forwards"]) == (thing.get("num_comments"), thing.get("num_crossposts"))
        assert record["permalink"] == "https://www.reddit.com" + thing["permalink"]
        text = thing["selftext"] if post else thing["body"]
        if "text_repaired" not in record["flags"]:
            assert record["markup"] == (text or None)
            assert record["text"].startswith(text)
        words = re.findall(r"(?<![\w/])/?(u/[\w-]+)", text)
        assert record["mentions"] == list(dict.fromkeys(words))
        assert all(link in text or link in json.dumps(thing) for link in record["links"])


def test_flags_stand_in_their_order_and_say_what_reddit_tells(world: RedditWorld) -> None:
    order = [
        "over_18",
        "spoiler",
        "removed",
        "deleted",
        "pinned",
        "locked",
        "distinguished",
        "submitter",
        "text_repaired",
    ]
    seen: set[str] = set()
    for thing, record in pairs(world):
        flags = record["flags"]
        seen |= set(flags)
        assert flags == sorted(flags, key=order.index)
        for flag, field in (
            ("over_18", "over_18"),
            ("spoiler", "spoiler"),
            ("pinned", "stickied"),
            ("locked", "locked"),
            ("submitter", "is_submitter"),
        ):
            assert (flag in flags) == bool(thing.get(field)), flag
        assert ("distinguished" in flags) == (thing["distinguished"] in ("moderator", "admin"))
    assert seen == set(order)


def test_records_are_in_the_order_of_the_table(world: RedditWorld) -> None:
    keys = [(r["created_at"], r["chat_id"], len(r["message_id"]), r["message_id"]) for r in world.truth["messages"]]
    assert keys == sorted(keys)


# Pictures


def test_every_picture_is_what_the_truth_says(world: RedditWorld) -> None:
    previews_only = set()
    for media in media_of(world.truth["messages"]):
        if not media["is_image"]:
            continue
        picture = given(world, media["url"])
        if picture is None:  # only the signed address gives it
            previews_only.add(media["source_id"])
            picture = next(one for one in world.pictures.values() if one.source_id == media["source_id"])
        data = picture.data()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (media["sha256"], media["size"])
        assert picture.source_id == media["source_id"]
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (media["width"], media["height"])
            assert image.get_format_mimetype() == media["mime"]
    assert len(previews_only) == 1


def test_every_picture_on_the_hosts_is_itself(world: RedditWorld) -> None:
    for key, picture in world.pictures.items():
        data = picture.data()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (picture.sha256, picture.size_bytes)
        assert (picture.query is None) == key.startswith(("i.redd.it/", "foreign/"))
        assert picture.query is None or re.fullmatch(r"width=640&crop=smart&auto=webp&s=[0-9a-f]{40}", picture.query)
    assert {key.partition("/")[0] for key in world.pictures} == {
        "i.redd.it", "preview.redd.it", "external-preview.redd.it", "foreign",
    }  # fmt: skip
    assert not any("-v0-" in key for key in world.pictures if key.startswith("i.redd.it"))


def test_every_signed_address_in_an_answer_is_one_the_hosts_know(world: RedditWorld) -> None:
    sources = []
    for thing, _ in pairs(world):
        for entry in thing.get("media_metadata", {}).values():
            sources += [entry["s"][name] for name in ("u", "gif") if name in entry.get("s", {})]
        sources += [image["source"]["url"] for image in thing.get("preview", {}).get("images", [])]
    assert len(sources) > 50
    assert all(given(world, source) is not None for source in sources)


def test_one_picture_has_one_address_however_many_rows_show_it(world: RedditWorld) -> None:
    urls: dict[str, set[str]] = {}
    rows: Counter[str] = Counter()
    for record in said(world):
        for media in record["media"]:
            urls.setdefault(media["source_id"], set()).add(media["url"])
            rows[media["source_id"]] += 1
    assert all(len(found) == 1 for found in urls.values())
    assert [count for count in rows.values() if count > 1] == [2]


def test_no_attachment_without_bytes_has_any(world: RedditWorld) -> None:
    without = [media for media in media_of(world.truth["messages"]) if not media["is_image"]]
    assert Counter((media["kind"], media["reason"]) for media in without) == {
        ("photo", "no_bytes"): 3, ("video", "not_an_image"): 2,
    }  # fmt: skip
    for media in without:
        assert [media[name] for name in ("sha256", "size", "mime", "width", "height")] == [None] * 5


# What trips readers


def one_post(world: RedditWorld, **fields: Any) -> tuple[Thing, Thing]:
    found = [
        (t, r) for t, r in pairs(world) if t["subreddit"] == "apollo" and all(t.get(k) == v for k, v in fields.items())
    ]
    assert found
    return found[0]


def galleries(world: RedditWorld) -> list[tuple[Thing, Thing]]:
    return [(t, r) for t, r in pairs(world) if t["subreddit"] == "apollo" and t.get("is_gallery")]


def test_galleries_come_in_order_with_captions_a_gif_and_a_film(world: RedditWorld) -> None:
    post, record = next((t, r) for t, r in galleries(world) if "First light, 30 s" in r["text"])
    items = post["gallery_data"]["items"]
    assert [media["source_id"] for media in record["media"]] == [item["media_id"] for item in items]
    assert [media["kind"] for media in record["media"]] == ["photo", "photo", "video", "photo", "photo", "gif"]
    assert record["text"] == "\n".join([post["selftext"], *(item["caption"] for item in items if item.get("caption"))])
    outbound = [item["outbound_url"] for item in items if item.get("outbound_url")]
    assert record["links"] == [post["url"], *outbound]
    kinds = [post["media_metadata"][item["media_id"]]["e"] for item in items]
    assert kinds == ["Image", "Image", "RedditVideo", "Image", "Image", "AnimatedImage"]
    gif = post["media_metadata"][items[-1]["media_id"]]["s"]
    assert "u" not in gif
    assert record["media"][-1]["url"] == gif["gif"]


def test_a_gallery_may_have_no_order_of_its_own(world: RedditWorld) -> None:
    post, record = next((t, r) for t, r in galleries(world) if t["gallery_data"] is None)
    assert [media["source_id"] for media in record["media"]] == list(post["media_metadata"])
    assert len(record["media"]) == 4


def test_a_gallery_may_have_holes(world: RedditWorld) -> None:
    statuses = {}
    for post, record in galleries(world):
        for item, media in zip((post["gallery_data"] or {}).get("items", []), record["media"], strict=False):
            entry = post["media_metadata"].get(item["media_id"])
            status = entry["status"] if entry else "absent"
            statuses.setdefault(status, []).append(media["reason"])
    assert statuses["failed"] == statuses["unprocessed"] == statuses["absent"] == ["no_bytes"]
    assert 3 <= len(next(r for _, r in galleries(world) if r["media"][1]["reason"])["media"]) <= 8


def test_galleries_hold_three_to_eight(world: RedditWorld) -> None:
    assert len(galleries(world)) >= 4
    assert all(3 <= len(record["media"]) <= 8 for _, record in galleries(world))


def test_pictures_are_linked_in_every_way(world: RedditWorld) -> None:
    urls = [record["links"][0] for record in said(world, kind="post") if record["links"]]
    for start in (
        "i.redd.it/",
        "preview.redd.it/saturn-v0-2-first-light-v0-",
        "media?url=http%3A%2F%2F127.0.0.1",
        "v.redd.it/",
    ):
        assert any(url.startswith(f"{SITE}/{start}") for url in urls), start
    assert any(url.endswith(".gif") for url in urls)
    assert f"{STRANGERS}/night/Ridge.JPG?id=1&region=us&copy=2" in urls
    assert f"{STRANGERS}/clouds.gifv" in urls
    assert world.pages == {"foreign/clouds.gifv"}


def test_previews_stand_for_links_and_films_only(world: RedditWorld) -> None:
    previewed = [r for r in said(world) if any(media["kind"] == "link_preview" for media in r["media"])]
    assert sorted([media["kind"] for media in r["media"]] for r in previewed) == [
        ["link_preview"], ["link_preview"], ["video", "link_preview"],
    ]  # fmt: skip
    direct = [t for t, r in pairs(world) if "preview" in t and [m["kind"] for m in r["media"]] == ["photo"]]
    assert any(STRANGERS in post["url"] for post in direct)  # it has a preview that nobody needs


def test_texts_show_pictures_by_id_by_address_and_not_at_all(world: RedditWorld) -> None:
    post, record = next((t, r) for t, r in pairs(world) if "Step by step" in (t.get("title") or ""))
    first, second, third = (media["source_id"] for media in record["media"])
    assert post["selftext"].count(f"![img]({first})") == 2
    assert re.search(rf"{SITE}/preview.redd.it/step-two-v0-{second}.jpeg\?\S+", post["selftext"])
    assert third not in post["selftext"]
    assert list(post["media_metadata"]) == [first, second, third]


def test_comments_show_pictures_in_every_way(world: RedditWorld) -> None:
    bodies = {
        r["message_id"]: (t["body"], t.get("media_metadata"), r["media"])
        for t, r in pairs(world)
        if r["kind"] == "comment" and r["media"]
    }
    assert any("![img](" in body for body, _, _ in bodies.values())
    assert any(f"{SITE}/preview.redd.it/my-setup-v0-" in body for body, _, _ in bodies.values())
    giphy = [(body, entries, media) for body, entries, media in bodies.values() if "![gif](giphy|" in body]
    assert any("|downsized)" in body for body, _, _ in giphy)
    for body, entries, media in giphy:
        entry = entries[re.search(r"!\[gif\]\((.+?)\)", body)[1]]
        gif = next(one for one in media if one["kind"] == "gif")
        assert (gif["url"], gif["source_id"]) == (entry["s"]["gif"], entry["id"].split("|")[1])
    without_entry = [media for body, entries, media in bodies.values() if entries is None]
    assert [media["declared_mime"] for found in without_entry for media in found] == [None]


def test_crossposts_repeat_a_gallery_and_a_picture_that_a_comment_shows_too(world: RedditWorld) -> None:
    parents = {post["name"]: post for post in world.subreddits["telescopes"].posts}
    crossposts = [(t, r) for t, r in pairs(world) if "crosspost_parent_list" in t]
    assert sorted(len(r["media"]) for _, r in crossposts) == [1, 3]
    for post, record in crossposts:
        parent = parents[post["crosspost_parent"]]
        assert post["crosspost_parent_list"] == [parent]
        assert parent["num_crossposts"] == 1
        assert parent["created_utc"] < post["created_utc"]
        assert not {"gallery_data", "media_metadata", "preview"} & post.keys()
        assert record["forwarded_from"] == {
            "chat_id": parent["subreddit_id"],
            "message_id": parent["name"],
            "author_id": parent["author_fullname"],
            "name": parent["author"],
            "created_at": datetime.fromtimestamp(parent["created_utc"], UTC),
        }
    shown_twice = next(r["media"][0]["source_id"] for _, r in crossposts if len(r["media"]) == 1)
    again = [r for r in said(world, kind="comment") if shown_twice in {media["source_id"] for media in r["media"]}]
    assert len(again) == 1


def test_what_was_taken_away_is_still_there_and_still_answered(world: RedditWorld) -> None:
    _, removed = one_post(world, removed_by_category="moderator")
    assert (removed["text"], removed["flags"], removed["author_kind"]) == ("[removed]", ["removed"], "person")
    _, deleted = one_post(world, removed_by_category="deleted")
    assert (deleted["text"], deleted["flags"], deleted["author_kind"]) == ("[deleted]", ["deleted"], "deleted")
    for word, flag in (("[removed]", "removed"), ("[deleted]", "deleted")):
        comment, record = one_post(world, body=word)
        assert (record["flags"], record["author_name"], record["author_kind"]) == ([flag], None, "deleted")
        assert any(other["parent_id"] == comment["name"] for other in comments(world))
    gone = [
        r
        for r in said(world)
        if r["author_kind"] == "deleted" and "deleted" not in r["flags"] and "removed" not in r["flags"]
    ]
    assert {"post", "comment"} == {r["kind"] for r in gone}


def test_the_moderator_that_is_a_program_pins_and_locks(world: RedditWorld) -> None:
    programs = [r for r in said(world) if r["author_kind"] == "bot"]
    assert {r["author_name"] for r in programs} == {"AutoModerator"}
    assert {r["kind"] for r in programs} == {"post", "comment"}
    assert all({"pinned", "locked", "distinguished"} <= set(r["flags"]) for r in programs)


def test_a_polls_options_belong_to_its_text(world: RedditWorld) -> None:
    post, record = next((t, r) for t, r in pairs(world) if "poll_data" in t)
    options = [option["text"] for option in post["poll_data"]["options"]]
    assert len(options) == 3
    assert record["text"] == "\n".join([post["selftext"], *options])
    assert record["markup"] == post["selftext"]


def test_odd_texts_marks_and_times_are_there(world: RedditWorld) -> None:
    records = said(world)
    texts = {record["text"]: record for record in records}
    for text in (talk.HOSTILE, talk.RIGHT_TO_LEFT, talk.MANY_LINES, talk.EMOJI, "=1+1"):
        assert text in texts
    assert any(record["title"] == talk.FORMULA for record in records)
    broken = next(record for record in records if "text_repaired" in record["flags"])
    assert told(world, broken)["body"] == talk.LONE_SURROGATE
    assert broken["text"] == broken["markup"] == talk.LONE_SURROGATE.replace("\ud83d", "\ufffd")
    assert max(len(record["text"]) for record in records) > 7_000
    assert any(record["score"] is None for record in records)
    assert {record["kind"] for record in records if record["edited_at"]} == {"post", "comment"}
    assert any(record["topic"] for record in records)
    posts = Counter(record["created_at"] for record in records if record["kind"] == "post")
    assert max(posts.values()) >= 3
    aside = next(record for record in records if record["text"].startswith("I wrote it down"))
    assert aside["links"] == ["https://www.example.org/night-sky", "https://wiki.apollo.example/optics"]
    assert any(len(record["mentions"]) > 1 for record in records)
    assert any(record["mentions"] and "/u/" in record["text"] for record in records)


@pytest.mark.parametrize("seed", range(1, 6))
def test_every_seed_holds_what_trips_readers(seed: int) -> None:
    world = build(seed=seed)
    test_pictures_are_linked_in_every_way(world)
    test_a_gallery_may_have_holes(world)
    test_comments_show_pictures_in_every_way(world)
    test_crossposts_repeat_a_gallery_and_a_picture_that_a_comment_shows_too(world)
    test_what_was_taken_away_is_still_there_and_still_answered(world)
    test_every_parent_is_there_before_its_answers_and_depth_is_true(world)


def test_people_are_those_of_the_other_services(world: RedditWorld) -> None:
    people = {person["id"]: person for person in world.truth["people"]}
    for record in world.truth["messages"]:
        if record["author_id"] is not None:
            assert people[record["author_id"]]["username"] == record["author_name"]
    names = [person["username"] for person in people.values() if person["username"]]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{3,20}", name) for name in names)
    assert [person["name"] for person in people.values() if person["left"]] == [None]
