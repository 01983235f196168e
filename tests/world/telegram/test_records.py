"""The sandbox's Telegram keeps its own promises: what it hands to its server, and what it says is true."""

from __future__ import annotations

import hashlib
import io
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image
from telethon import utils
from telethon.extensions import BinaryReader, html
from telethon.tl import types

from chatframes.world.community import writing
from chatframes.world.telegram.media import HUGE_BYTES
from chatframes.world.telegram.records import TelegramChat, TelegramWorld, build_telegram
from chatframes.world.telegram.shelf import REFERENCE, grey_jpeg
from chatframes.world.telegram.things import EXACT_BYTES

APOLLO = "Project Apollo"
END = datetime(2026, 11, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
Records = list[dict[str, Any]]


def build(messages: int = 300, images: int = 60, days: int = 30, seed: int = 0, **more: int) -> TelegramWorld:
    return build_telegram(writing.build(20, 4, days, seed), messages, images, **more)


@pytest.fixture(scope="module")
def world() -> TelegramWorld:
    return build()


def said(world: TelegramWorld, title: str = APOLLO) -> Records:
    return [record for record in world.truth["messages"] if record["chat_name"] == title]


def media_of(records: Records) -> Records:
    return [media for record in records for media in record["media"]]


def chat(world: TelegramWorld, title: str) -> TelegramChat:
    return next(
        one for one in world.chats if getattr(one.entity, "title", one.entity.to_dict().get("first_name")) == title
    )


def pairs(world: TelegramWorld) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Every message as the server tells it, with what is true of it."""
    truth = {(record["chat_id"], record["message_id"]): record for record in world.truth["messages"]}
    for one in world.chats:
        for message in one.messages:
            yield message, truth.pop((str(one.marked_id), str(message.id)))
    assert not truth


def hanging(thing: Any) -> Iterator[Any]:
    """Every Photo and Document inside a TL object."""
    if isinstance(thing, types.Photo | types.Document):
        yield thing
    elif isinstance(thing, list):
        for inner in thing:
            yield from hanging(inner)
    elif hasattr(thing, "to_dict"):
        for name, inner in vars(thing).items():
            if not name.startswith("_"):
                yield from hanging(inner)


def without_false(value: Any) -> Any:
    """A TL object as a plain dict, where a flag that is not set is absent: read back, it is False instead of None."""
    if isinstance(value, dict):
        return {name: without_false(inner) for name, inner in value.items() if inner is not None and inner is not False}
    return [without_false(inner) for inner in value] if isinstance(value, list) else value


# How much there is


@pytest.mark.parametrize(
    ("messages", "images", "days"),
    [
        (300, 60, 30),
        (1, 4, 1),
        (2, 8, 1),
        (3, 12, 1),
        (1, 0, 1),
        (0, 0, 30),
        (40, 160, 3),
        (1200, 7, 90),
        (5, 0, 365),
        (9, 9, 2),
    ],
)
def test_counts_are_exact_and_every_message_lies_in_the_range(messages: int, images: int, days: int) -> None:
    records = said(build(messages, images, days))
    assert len(records) == messages
    assert sum(media["is_image"] for media in media_of(records)) == images
    assert all(END - timedelta(days=days) <= record["created_at"] < END for record in records)
    assert len({record["message_id"] for record in records}) == messages
    assert all(record["created_at"].microsecond == 0 for record in records)


def test_the_same_arguments_give_the_same_world_and_another_seed_another() -> None:
    one, same, other = build(60, 12), build(60, 12), build(60, 12, seed=1)
    assert one.truth == same.truth
    assert [[bytes(m) for m in c.messages] for c in one.chats] == [[bytes(m) for m in c.messages] for c in same.chats]
    assert list(one.files) == list(same.files)
    assert other.truth != one.truth
    assert {c["id"] for c in other.truth["chats"]}.isdisjoint(c["id"] for c in one.truth["chats"])
    assert set(other.files).isdisjoint(one.files)


def test_no_bytes_of_pictures_are_kept() -> None:
    tracemalloc.start()
    try:
        world = build(100, 50, padding_bytes=400_000)
        kept_bytes, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    pictured_bytes = sum(media["size"] for media in media_of(world.truth["messages"]) if media["is_image"])
    assert pictured_bytes > 15_000_000
    assert kept_bytes < 5_000_000
    assert peak_bytes < 12_000_000  # one heavy picture at a time


# The chats


def test_every_kind_of_chat_is_there(world: TelegramWorld) -> None:
    shape = [(one["title"], one["kind"], one["username"]) for one in world.truth["chats"]]
    assert shape == [
        (APOLLO, "group", "apollo"),
        ("Apollo garage", "group", None),
        ("Apollo News", "channel", "apollo_news"),
        ("Launch crew", "group", None),
        ("Tomasz Verhoeven", "direct", "tomasz_apollo"),
        ("Workshop", "group", None),
        ("Standup", "group", None),
        ("Standup", "group", None),
        ("Quiet corner", "group", None),
        ("Nightly", "direct", "nightly_bot"),
    ]
    assert [one.kind for one in world.chats] == [
        "supergroup", "group", "channel", "group", "person", "supergroup", "group", "group", "supergroup", "bot",
    ]  # fmt: skip
    for one, told in zip(world.chats, world.truth["chats"], strict=True):
        assert told["id"] == str(one.marked_id) == str(utils.get_peer_id(one.entity))
        assert told["username"] == getattr(one.entity, "username", None)
        last = max((m.date for m in one.messages), default=None)
        assert told["last_activity"] == last
    assert len(chat(world, APOLLO).messages) == 300
    assert 115 <= len(chat(world, "Apollo News").messages) <= 125
    assert len(chat(world, "Launch crew").messages) == 80
    assert len(chat(world, "Workshop").messages) == 60
    assert chat(world, "Workshop").entity.forum
    assert chat(world, "Quiet corner").messages == []
    for title, images in (("Launch crew", 3), ("Tomasz Verhoeven", 1)):
        assert sum(media["is_image"] for media in media_of(said(world, title))) == images


def test_the_account_and_the_bot_are_among_the_users(world: TelegramWorld) -> None:
    assert world.me.is_self
    assert [user.id for user in world.users.values() if user.is_self] == [world.me.id]
    assert world.bot.bot
    assert world.users[world.bot.id] is world.bot
    assert sum(bool(user.deleted) for user in world.users.values()) == 1
    for one in world.truth["people"]:
        user = world.users[int(one["id"])]
        assert one["name"] == (" ".join(filter(None, (user.first_name, user.last_name))) or None)


def test_a_group_that_became_a_supergroup_says_so_on_both_sides(world: TelegramWorld) -> None:
    apollo, garage = chat(world, APOLLO), chat(world, "Apollo garage")
    first, last = apollo.messages[0], garage.messages[-1]
    assert isinstance(first.action, types.MessageActionChannelMigrateFrom)
    assert (first.action.title, first.action.chat_id) == ("Apollo garage", garage.entity.id)
    assert apollo.migrated_from_chat_id == garage.entity.id
    assert last.action.channel_id == apollo.entity.id
    assert garage.entity.deactivated
    assert garage.entity.migrated_to.channel_id == apollo.entity.id
    assert garage.entity.migrated_to.access_hash == apollo.entity.access_hash
    assert last.date < first.date


def test_a_private_chat_is_silent_for_two_years(world: TelegramWorld) -> None:
    times = [message.date for message in chat(world, "Tomasz").messages]
    assert len(times) == 17
    assert max(later - earlier for earlier, later in pairwise(times)) > timedelta(days=700)
    told = said(world, "Tomasz Verhoeven")
    assert {record["author_id"] for record in told} == {str(world.me.id), str(chat(world, "Tomasz").marked_id)}
    senders = [message.from_id for message in chat(world, "Tomasz").messages]
    assert None in senders
    assert any(senders)


# Ids and order


def test_ids_ascend_with_time_dense_in_channels_and_shared_elsewhere(world: TelegramWorld) -> None:
    shared: list[tuple[datetime, int]] = []
    for one in world.chats:
        ids = [message.id for message in one.messages]
        assert ids == sorted(set(ids))
        dates = [message.date for message in one.messages]
        assert dates == sorted(dates)
        if one.kind not in ("supergroup", "channel"):
            shared += [(message.date, message.id) for message in one.messages]
        elif ids:
            assert ids[0] == 1
            assert ids[-1] < 1.3 * len(ids)
    apollo = [message.id for message in chat(world, APOLLO).messages]
    assert len(apollo) < apollo[-1]  # holes: somebody deleted
    assert len({id_ for _, id_ in shared}) == len(shared)
    assert [id_ for _, id_ in sorted(shared)] == sorted(id_ for _, id_ in shared)


def test_ids_are_as_long_as_real_ones_and_unique(world: TelegramWorld) -> None:
    assert all(2**53 < id_ < 2**63 for id_ in world.files)
    marked = [one.marked_id for one in world.chats]
    assert len({*marked, *world.users}) == len(marked) + len(world.users) - 2  # two users are chats as well
    assert all(len(str(user_id)) == 10 for user_id in world.users)
    assert all(str(one.marked_id).startswith("-100") for one in world.chats if one.kind in ("supergroup", "channel"))
    hashes = [
        e.access_hash
        for e in (*world.users.values(), *(c.entity for c in world.chats if c.kind in ("supergroup", "channel")))
    ]
    hashes += [file.access_hash for file in world.files.values()]
    assert len(set(hashes)) == len(hashes)
    assert all(0 < number < 2**63 for number in hashes)


def test_truth_is_in_the_order_of_the_table(world: TelegramWorld) -> None:
    keys = [(r["created_at"], r["chat_id"], len(r["message_id"]), r["message_id"]) for r in world.truth["messages"]]
    assert keys == sorted(keys)
    assert len({(record["chat_id"], record["message_id"]) for record in world.truth["messages"]}) == len(keys)
    assert len(keys) == sum(len(one.messages) for one in world.chats)


@pytest.mark.parametrize(("messages", "days"), [(300, 30), (2000, 90), (300, 3)])
def test_ten_messages_share_the_second_where_ranges_are_cut(messages: int, days: int) -> None:
    at = Counter(record["created_at"] for record in said(build(messages, 20, days)))
    inner = {*writing.window_borders(days)[1:-1], *writing.window_borders(days + 1)[1:-1]}
    borders = [END - timedelta(days=days), *(b.replace(microsecond=0) for b in inner if b > END - timedelta(days=days))]
    for border in borders:
        assert at[border] >= 10
        assert at[border + SECOND] >= 1
        assert border == min(borders) or at[border - SECOND] >= 1
    assert at[END - SECOND] >= 3


# What the server tells is what is true


def test_everything_survives_the_wire(world: TelegramWorld) -> None:
    entities = [*world.users.values(), *(one.entity for one in world.chats)]
    for thing in [*entities, *(message for one in world.chats for message in one.messages)]:
        data = bytes(thing)
        reader = BinaryReader(data)
        again = reader.tgread_object()
        assert reader.tell_position() == len(data)
        assert bytes(again) == data
        assert without_false(again.to_dict()) == without_false(thing.to_dict())


def test_truth_and_messages_agree_on_the_plain_facts(world: TelegramWorld) -> None:
    for message, record in pairs(world):
        assert record["created_at"] == message.date
        assert record["kind"] == ("service" if isinstance(message, types.MessageService) else "message")
        assert record["edited_at"] == (None if message.edit_hide else message.edit_date)
        assert record["text"].startswith(message.message or "")
        assert record["author_id"] == str(message.sender_id or world.me.id)
        assert (record["views"], record["forwards"]) == (message.views, message.forwards)
        assert record["album_id"] == (str(message.grouped_id) if message.grouped_id else None)
        assert bool(message.out) == (record["author_id"] == str(world.me.id))
        if message.entities:
            # Telethon knows no spoilers, and does not escape the addresses of links.
            spoken = re.sub(r'<span class="spoiler">(.*?)</span>', r"\1", record["markup"])
            assert unescape(spoken) == unescape(html.unparse(message.message, message.entities))
            assert unescape(re.sub(r"<[^>]*>", "", record["markup"])) == message.message
            texts = message.get_entities_text()
            urls = [
                e.url if isinstance(e, types.MessageEntityTextUrl) else text
                for e, text in texts
                if "Url" in type(e).__name__
            ]
            names = [
                text if isinstance(e, types.MessageEntityMention) else str(e.user_id)
                for e, text in texts
                if "Mention" in type(e).__name__
            ]
            assert (record["links"], record["mentions"]) == (urls, names)
        else:
            assert (record["markup"], record["links"], record["mentions"]) == (None, [], [])


def test_everybody_named_anywhere_is_known(world: TelegramWorld) -> None:
    known = {*world.users, *(one.marked_id for one in world.chats)}
    for _, record in pairs(world):
        assert int(record["author_id"]) in known
        origin = record["forwarded_from"] or {}
        assert all(int(origin[name]) in known for name in ("chat_id", "author_id") if origin.get(name))


def test_replies_know_parent_root_and_depth_as_far_as_the_chat_tells(world: TelegramWorld) -> None:
    for title in (APOLLO, "Launch crew", "Workshop"):
        records = {record["message_id"]: record for record in said(world, title)}
        for record in records.values():
            parent = records.get(record["parent_id"])
            if record["parent_id"] is None or record["parent_chat_id"] is not None:
                assert (record["thread_id"], record["depth"]) == (record["message_id"], 0)
            elif parent is not None and parent["depth"] is not None:
                assert record["depth"] == parent["depth"] + 1
                assert record["thread_id"] == parent["thread_id"]
            else:
                assert record["depth"] is None
        assert max(record["depth"] or 0 for record in records.values()) >= 2
    apollo = {record["message_id"]: record for record in said(world)}
    here = [record for record in apollo.values() if record["parent_id"] and record["parent_chat_id"] is None]
    lost = [record for record in here if record["parent_id"] not in apollo]
    assert lost
    assert all(record["depth"] is None and record["thread_id"] is None for record in lost)
    assert max(record["depth"] or 0 for record in apollo.values()) >= 5
    assert any(
        r["depth"] is None and r["thread_id"] for r in apollo.values()
    )  # the parent's parent is gone, the top is named


def test_posts_of_a_forum_lie_in_topics_and_only_answers_have_parents(world: TelegramWorld) -> None:
    records = said(world, "Workshop")
    topics = Counter(record["topic_id"] for record in records)
    assert len(topics) == 3
    assert {record["topic"] for record in records} == {"General", "Optics", "Field trips"}
    assert topics["1"] >= 10
    assert min(topics.values()) >= 10
    replies = [r for r in records if r["parent_id"]]
    by_id = {record["message_id"]: record for record in records}
    assert {record["topic_id"] for record in replies} == set(topics)
    assert all(by_id[record["parent_id"]]["topic_id"] == record["topic_id"] for record in replies)
    assert all(record["permalink"].startswith("https://t.me/c/") for record in records)
    assert all(record["topic"] is None for record in said(world))


def test_posts_of_a_channel_carry_counters_and_signatures(world: TelegramWorld) -> None:
    news = chat(world, "Apollo News")
    assert all(message.post and message.from_id is None for message in news.messages)
    posts = [record for record in said(world, "Apollo News") if record["kind"] == "message"]
    assert all(record["author_id"] == str(news.marked_id) and record["author_kind"] == "channel" for record in posts)
    assert all(record["views"] is not None and record["forwards"] is not None for record in posts)
    assert {record["author_name"] for record in posts} > {"Apollo News", "Tomasz Verhoeven"}
    assert any(record["reply_count"] for record in posts)
    assert any(record["reply_count"] is None for record in posts)
    assert sum(media["is_image"] for media in media_of(posts)) > 10


# What trips readers


def test_the_main_chat_covers_what_trips_readers(world: TelegramWorld) -> None:
    records = said(world)
    flags = {flag for record in records for flag in record["flags"]}
    assert flags >= {
        "channel_migrate_from", "pin_message", "chat_add_user", "chat_delete_user", "chat_edit_title", "chat_edit_photo",
        "pinned", "protected", "spoiler", "restricted", "reply_elsewhere", "via_bot",
    }  # fmt: skip
    assert {record["author_kind"] for record in records} == {"person", "bot", "channel", "deleted"}
    assert all(record["author_name"] is None for record in records if record["author_kind"] == "deleted")
    assert {r["author_name"] for r in records if r["author_kind"] == "channel"} == {APOLLO, "Apollo News"}
    keys = {reaction["key"] for record in records for reaction in record["reactions"]}
    assert {"👍", "paid"} < keys
    assert any(key.startswith("custom:") for key in keys)
    origins = [record["forwarded_from"] for record in records if record["forwarded_from"]]
    assert any(o["name"] and not o["author_id"] and not o["chat_id"] for o in origins)
    assert any(o["chat_id"] and o["message_id"] and o["name"] == "Apollo News" for o in origins)
    assert any(o["author_id"] and o["name"] for o in origins)
    assert any(o["author_id"] and o["name"] is None for o in origins)
    messages = chat(world, APOLLO).messages
    assert any(message.edit_date and message.edit_hide for message in messages)
    assert any(record["edited_at"] for record in records)
    assert any(isinstance(message.reply_to, types.MessageReplyStoryHeader) for message in messages)
    assert any(message.reply_to and message.reply_to.to_dict().get("quote") for message in messages)
    assert any("\nSaturday\n" in record["text"] for record in records)  # a poll
    assert any(record["text"].endswith("\nWater plants") for record in records)
    assert any(record["text"].startswith("My vote is in.\nTea or coffee?") for record in records)
    assert any("سلام" in record["text"] for record in records)
    assert any(len(record["text"]) > 3_000 for record in records)
    assert any("<script>" in record["text"] and record["markup"] is None for record in records)
    assert any(record["markup"] and "&lt;script&gt;" in record["markup"] for record in records)
    assert any("&" in link for record in records for link in record["links"])
    styled = next(record for record in records if "bold after emoji" in record["text"])
    assert "<strong>bold after emoji</strong>" in styled["markup"]
    entities = {type(entity).__name__ for message in messages for entity in message.entities or ()}
    assert entities >= {
        f"MessageEntity{n}"
        for n in ("Bold", "Code", "TextUrl", "Url", "Mention", "MentionName", "CustomEmoji", "Spoiler")
    }


def test_the_main_chat_carries_every_kind_of_media(world: TelegramWorld) -> None:
    records = said(world)
    media = media_of(records)
    assert {one["kind"] for one in media} >= {
        "photo", "document", "sticker", "link_preview", "gif", "video", "location", "contact", "dice", "story", "invoice", "giveaway",
    }  # fmt: skip
    assert {one["mime"] for one in media if one["is_image"]} == {"image/jpeg", "image/png", "image/gif", "image/webp"}
    assert {one["reason"] for one in media} == {None, "no_bytes", "not_an_image"}
    assert all(one["source_id"] == "" and one["size"] is None for one in media if one["reason"] == "no_bytes")
    assert any(
        one["name"] == "x.png" and one["declared_mime"] == "application/octet-stream" and one["is_image"]
        for one in media
    )
    assert any(one["declared_mime"] == "" and one["name"] is None and one["is_image"] for one in media)
    assert any(one["reason"] is None and not one["is_image"] for one in media)  # only the bytes say that it is none
    assert any(one["kind"] == "sticker" and not one["is_image"] for one in media)
    assert any(one["size"] == EXACT_BYTES and one["is_image"] for one in media)
    assert any(1_900_000 < one["size"] < 3_000_000 for one in media if one["is_image"])
    assert any(one["declared_size"] == HUGE_BYTES and one["kind"] == "video" for one in media)
    assert max(Counter(one["source_id"] for one in media if one["source_id"]).values()) >= 2  # forwarded
    albums = [record for record in records if record["album_id"]]
    assert any(record["text"] for record in albums)
    assert any(not record["text"] for record in albums)
    assert all(len(record["media"]) == 1 for record in albums)
    shapes = {type(message.media).__name__ for message in chat(world, APOLLO).messages}
    assert {"MessageMediaPaidMedia", "MessageMediaWebPage", "MessageMediaToDo", "MessageMediaPoll"} < shapes
    assert any(
        [one["is_image"] for one in record["media"]] == [True, False] for record in records
    )  # paid, and its preview


def test_a_small_chat_begins_with_what_is_most_useful() -> None:
    records = said(build(40, 4))
    texts = [record["text"] for record in records]
    assert "I agree with what you deleted." in texts
    assert any("bold after emoji" in text for text in texts)
    assert {media["kind"] for media in media_of(records)} >= {"photo", "sticker", "document"}


# Files


def test_every_picture_of_the_truth_is_what_the_server_would_send(world: TelegramWorld) -> None:
    for message, record in pairs(world):
        for media in record["media"]:
            if media["reason"] == "no_bytes":
                continue
            file = world.files[int(media["source_id"])]
            largest = max(file.sizes, key=file.sizes.__getitem__)
            assert file.sizes[largest] == media["declared_size"] == media["size"]
            if media["kind"] == "video":
                continue
            data = file.data(largest)
            assert len(data) == media["size"]
            assert hashlib.sha256(data).hexdigest() == media["sha256"]
            if media["is_image"]:
                with Image.open(io.BytesIO(data)) as picture:
                    assert (picture.width, picture.height) == (media["width"], media["height"])
                    assert Image.MIME[picture.format or ""] == media["mime"]
        assert {str(one.id) for one in hanging(message)} == {m["source_id"] for m in record["media"] if m["source_id"]}


def test_photos_have_their_sizes_in_no_promised_order(world: TelegramWorld) -> None:
    layouts = set()
    for message in (message for one in world.chats for message in one.messages):
        for thing in hanging(message):
            file = world.files[thing.id]
            assert (thing.access_hash, thing.dc_id, thing.file_reference) == (file.access_hash, file.dc_id, REFERENCE)
            assert file.photo == isinstance(thing, types.Photo)
            if isinstance(thing, types.Document):
                assert file.sizes == {"": thing.size}
                continue
            layouts.add(tuple(type(size).__name__ for size in thing.sizes))
            offered = {}
            for size in thing.sizes:
                if isinstance(size, types.PhotoSize | types.PhotoSizeProgressive):
                    offered[size.type] = max(getattr(size, "sizes", None) or [size.size])
                    with Image.open(io.BytesIO(file.data(size.type))) as picture:
                        assert (picture.width, picture.height) == (size.w, size.h)
            assert offered == file.sizes
            assert len(offered) > 1
    assert len(layouts) == 4
    assert any(layout[-1] == "PhotoStrippedSize" for layout in layouts)
    assert any("PhotoSizeProgressive" in layout for layout in layouts)


def test_the_grey_stand_ins_are_whole_pictures() -> None:
    with Image.open(io.BytesIO(grey_jpeg(321, 213))) as picture:
        picture.load()
        assert (picture.size, picture.mode) == ((321, 213), "L")
        assert picture.getextrema()[0] == picture.getextrema()[1]


def test_files_live_in_two_data_centres() -> None:
    for world in (build(), build(5, 2), build(0, 0)):
        centres = Counter(file.dc_id for file in world.files.values())
        assert set(centres) == {2, 4}
        assert centres[2] > centres[4]


def test_nobody_may_ask_for_the_two_gigabyte_video(world: TelegramWorld) -> None:
    video = next(media for media in media_of(said(world)) if media["kind"] == "video")
    with pytest.raises(AssertionError):
        world.files[int(video["source_id"])].data("")


def test_padding_makes_photographs_heavier_and_nothing_else() -> None:
    light, heavy = said(build(60, 20)), said(build(60, 20, padding_bytes=300_000))
    assert [record["message_id"] for record in light] == [record["message_id"] for record in heavy]
    sizes = [
        (a["size"], b["size"])
        for a, b in zip(media_of(light), media_of(heavy), strict=True)
        if a["kind"] == "photo" and a["size"]
    ]
    assert sizes
    assert all(b - a > 250_000 for a, b in sizes)
