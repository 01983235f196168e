"""An object that the installed Telethon does not know costs the message that holds it, and no other."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pandas as pd
import pytest
from help.hurrying import hurry
from help.newer_layer import NewerMedia, messages_of, newer, tell
from help.sampling import sampled
from help.telegram_chats import fetch, telegram
from telethon import TelegramClient
from telethon.errors import TypeNotFoundError
from telethon.sessions import StringSession
from telethon.tl import types

import chatframes as cf
from chatframes.sources.telegram.peers import Peers
from chatframes.sources.telegram.rows import ChatFacts, rows
from chatframes.sources.telegram.unreadable import HalfRead, Unreadable
from chatframes.world.telegram.methods import Methods

UPDATE = "pip install -U telethon"
Harm = Callable[[list[Any], Any], None]


def _media(messages: list[Any], message: Any) -> None:
    message.media = NewerMedia()


def _button(messages: list[Any], message: Any) -> None:
    message.reply_markup = newer(types.ReplyInlineMarkup)([])


def _entity(messages: list[Any], message: Any) -> None:
    message.entities = [types.MessageEntityBold(0, 1), newer(types.MessageEntityBold)(0, 1)]


def _forward(messages: list[Any], message: Any) -> None:
    message.fwd_from = newer(types.MessageFwdHeader)(message.date)


def _reaction(messages: list[Any], message: Any) -> None:
    message.reactions = types.MessageReactions([types.ReactionCount(newer(types.ReactionEmoji)("+"), 1)])


def _whole(messages: list[Any], message: Any) -> None:
    messages[messages.index(message)] = newer(types.Message)(message.id, message.peer_id, message.date, "")


def plain(messages: Sequence[Any]) -> list[Any]:
    return [message for message in messages if isinstance(message, types.Message) and message.media is None]


def harmed(monkeypatch: pytest.MonkeyPatch, harm: Harm, pick: Callable[[list[Any]], list[Any]], name: str) -> list[str]:
    """Harm the picked messages of every sandbox; return a list that gets their ids."""
    ids: list[str] = []

    def change(world: Any) -> None:
        messages = messages_of(world, name)
        ids.clear()
        for message in pick(plain(messages)):
            ids.append(str(message.id))
            harm(messages, message)

    tell(monkeypatch, change)
    return ids


def partial_ids(frame: pd.DataFrame) -> list[str]:
    return [id_ for id_, flags in zip(frame["message_id"], frame["flags"], strict=True) if "partial" in flags]


def notes(frame: pd.DataFrame) -> str:
    return " ".join(note for source in cf.report(frame).sources for note in source.notes)


@pytest.mark.parametrize(("messages", "where"), sampled(product([60, 150, 1200], [0.0, 0.5, 1.0]), 3))
def test_every_other_message_comes_and_the_odd_one_is_a_row_that_says_so(
    monkeypatch: pytest.MonkeyPatch, messages: int, where: float
) -> None:
    odd = harmed(monkeypatch, _media, lambda all_: [all_[round((len(all_) - 1) * where)]], "apollo")
    with cf.sandbox(messages=messages, images=0) as world:
        first, second = fetch(world), fetch(world)
    assert len(first) == messages
    assert partial_ids(first) == odd
    assert first["uid"].tolist() == second["uid"].tolist()
    assert first["text"].tolist() == second["text"].tolist()
    assert UPDATE in notes(first)
    assert "defect" not in str(cf.report(first))


@pytest.mark.parametrize("harm", sampled([_media, _button, _entity, _forward, _reaction, _whole], 2))
def test_wherever_in_the_message_the_unknown_object_stands(monkeypatch: pytest.MonkeyPatch, harm: Harm) -> None:
    odd = harmed(monkeypatch, harm, lambda all_: [all_[0], all_[40], all_[41], all_[42], all_[-1]], "apollo")
    with cf.sandbox(messages=300, images=0) as world:
        frame = fetch(world)
        calls = telegram(world)["calls"]
    assert len(frame) == 300
    assert sorted(partial_ids(frame), key=int) == odd
    assert frame["author_name"].notna().sum() >= 250
    assert sum(calls.values()) < 30, calls


def test_what_stands_before_the_unknown_object_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with cf.sandbox(messages=100, images=0) as world:
        before = fetch(world).set_index("message_id")
    odd = harmed(monkeypatch, _media, lambda all_: all_[::10], "apollo")
    with cf.sandbox(messages=100, images=0) as world:
        after = fetch(world).set_index("message_id")
    for column in ("created_at", "text", "author_id", "author_name", "permalink", "kind"):
        assert after.loc[odd, column].tolist() == before.loc[odd, column].tolist(), column


def test_a_service_message_that_cannot_be_read_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    odd: list[str] = []

    def change(world: Any) -> None:
        first = next(m for m in messages_of(world) if isinstance(m, types.MessageService))
        first.action = newer(types.MessageActionEmpty)()
        odd[:] = [str(first.id)]

    tell(monkeypatch, change)
    with cf.sandbox(messages=300, images=0) as world:
        frame = fetch(world).set_index("message_id")
    assert len(frame) == 300
    assert frame.loc[odd[0], "kind"] == "service"
    assert list(frame.loc[odd[0], "flags"]) == ["partial"]
    assert pd.notna(frame.loc[odd[0], "created_at"])


@pytest.mark.parametrize("every", [1, 3])
def test_a_chat_in_which_many_cannot_be_read(monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    hurry(monkeypatch, 30)
    odd = harmed(monkeypatch, _media, lambda all_: all_[::every], "apollo")
    with cf.sandbox(messages=70, images=0) as world:
        frame = fetch(world)
        calls = telegram(world)["calls"]
    assert len(frame) == 70
    assert set(partial_ids(frame)) == set(odd)
    assert calls["messages.getHistory"] <= len(odd) + 3


@pytest.mark.parametrize("harm", [_media, _whole])
@pytest.mark.parametrize("kind", ["person", "group"])
def test_in_chats_that_do_not_number_their_own_messages(monkeypatch: pytest.MonkeyPatch, harm: Harm, kind: str) -> None:
    odd: list[str] = []
    named: list[str] = []
    total: list[int] = []

    def change(world: Any) -> None:
        wanted = types.User if kind == "person" else types.Chat
        chat = next(c for c in world.chats if isinstance(c.entity, wanted) and len(plain(c.messages)) > 5)
        message = plain(chat.messages)[2]
        harm(chat.messages, message)
        odd[:], named[:], total[:] = [str(message.id)], [str(chat.marked_id)], [len(chat.messages)]

    tell(monkeypatch, change)
    with cf.sandbox() as world:
        cf.chats("telegram", config=world.config)
        frame = fetch(world, cf.Telegram(named[0]), images=False)
    assert len(frame) == total[0]
    assert partial_ids(frame) == odd


def test_with_a_range_and_with_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = harmed(monkeypatch, _media, lambda all_: all_[-3:-1], "apollo")
    with cf.sandbox(messages=300, images=0) as world:
        whole = fetch(world)
        since = whole["created_at"].iloc[-150]
        ranged = fetch(world, cf.Telegram("@apollo", since=since.to_pydatetime()))
        limited = fetch(world, cf.Telegram("@apollo", limit=120))
    assert len(ranged) == (whole["created_at"] >= since).sum()
    assert limited["uid"].tolist() == whole["uid"].tolist()[-120:]
    assert set(partial_ids(ranged)) == set(partial_ids(limited)) == set(odd)


def test_a_person_who_cannot_be_read_costs_no_message_and_no_other_name(monkeypatch: pytest.MonkeyPatch) -> None:
    odd: list[int] = []

    def change(world: Any) -> None:
        senders = [m.from_id.user_id for m in messages_of(world) if isinstance(m.from_id, types.PeerUser)]
        odd[:] = [next(id_ for id_ in senders if id_ != world.me.id and not world.users[id_].deleted)]
        world.users[odd[0]] = newer(types.User)(odd[0])

    tell(monkeypatch, change)
    with cf.sandbox(messages=300, images=0) as world:
        frame = fetch(world)
        calls = telegram(world)["calls"]
    assert len(frame) == 300
    nameless = frame[frame["author_name"].isna() & (frame["author_kind"] != "deleted")]
    assert set(nameless["author_id"]) == {str(odd[0])}
    assert UPDATE in notes(frame)
    assert calls["users.getUsers"] < 8, calls


@pytest.mark.parametrize("entity", [False, True], ids=["newest message", "the chat itself"])
def test_a_chat_that_cannot_be_listed_costs_no_other(monkeypatch: pytest.MonkeyPatch, entity: bool) -> None:
    def change(world: Any) -> None:
        for chat in world.chats:
            if getattr(chat.entity, "title", "") in ("Apollo News", "Workshop"):
                if entity:
                    chat.entity.photo = newer(types.ChatPhotoEmpty)()
                else:
                    chat.messages[-1] = types.Message(
                        chat.messages[-1].id, chat.messages[-1].peer_id, chat.messages[-1].date, ""
                    )
                    chat.messages[-1].media = NewerMedia()

    with cf.sandbox(messages=60, images=0) as world:
        whole = cf.chats("telegram", config=world.config)
    tell(monkeypatch, change)
    with cf.sandbox(messages=60, images=0) as world:
        with pytest.warns(cf.IncompleteWarning, match=f"2 Telegram chats .*{UPDATE}"):
            listed = cf.chats("telegram", config=world.config)
        with pytest.raises(cf.ServiceError, match=f"Workshop.*{UPDATE}"):
            fetch(world, cf.Telegram("Workshop"))
        assert len(fetch(world, cf.Telegram("Project Apollo"))) == 60
    lost = whole[~whole["id"].isin(listed["id"])]
    assert sorted(lost["title"]) == ["Apollo News", "Workshop"]


def test_a_basic_group_is_listed_though_its_newest_message_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(world: Any) -> None:
        for chat in world.chats:
            if isinstance(chat.entity, types.Chat):
                plain(chat.messages)[-1].media = NewerMedia()
                del chat.messages[chat.messages.index(plain(chat.messages)[-1]) + 1 :]

    with cf.sandbox(messages=60, images=0) as world:
        whole = cf.chats("telegram", config=world.config)
    tell(monkeypatch, change)
    with cf.sandbox(messages=60, images=0) as world:
        listed = cf.chats("telegram", config=world.config)
    assert set(listed["id"]) == set(whole["id"])


def test_finding_a_chat_that_cannot_be_read_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(world: Any) -> None:
        for chat in world.chats:
            if getattr(chat.entity, "username", None) == "apollo":
                chat.entity.photo = newer(types.ChatPhotoEmpty)()

    tell(monkeypatch, change)
    with cf.sandbox(messages=60, images=0) as world, pytest.raises(cf.ServiceError, match=UPDATE):
        fetch(world)


def test_a_file_whose_answer_cannot_be_read_is_a_failed_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Methods._file

    def of_a_new_kind(self: Methods, *about: Any) -> Any:
        answer = real(self, *about)
        answer.type = newer(types.storage.FileJpeg)()
        return answer

    monkeypatch.setattr(Methods, "_file", of_a_new_kind)
    with cf.sandbox(messages=60, images=3) as world:
        frame = fetch(world)
    failed = [row for rows in frame["media"] for row in rows if row["status"] == "failed"]
    assert {row["reason"] for row in failed} == {"bad_response"}
    assert all(UPDATE in row["error"] for row in failed)


def test_a_plain_reading_with_telethon_loses_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: what the tests above plant is met by a naive reader."""
    harmed(monkeypatch, _media, lambda all_: [all_[-1]], "apollo")
    with cf.sandbox(messages=60, images=0) as world:
        config = world.config["telegram"]

        async def naive() -> list[Any]:
            session = StringSession(config["session"])
            client = TelegramClient(session, int(config["api_id"]), config["api_hash"], receive_updates=False)
            await client.connect()
            try:
                return [message async for message in client.iter_messages("apollo")]
            finally:
                await client.disconnect()

        with pytest.raises(TypeNotFoundError):
            asyncio.run(naive())


def test_an_answer_of_which_nothing_can_be_read_says_what_to_do() -> None:
    nothing = Unreadable(struct.pack("<II", 0xDEADBEE5, 7))
    assert (nothing.kind, nothing.lists, nothing.message) == (None, [], None)
    assert UPDATE in str(nothing)


def test_a_torn_answer_keeps_what_was_whole() -> None:
    messages = [types.Message(n, types.PeerChannel(1), None, f"text {n}") for n in (3, 2, 1)]
    whole = bytes(types.messages.ChannelMessages(1, 3, messages, [], [], []))
    torn = Unreadable(whole[: whole.index(b"text 1") + 6])
    assert torn.kind is types.messages.ChannelMessages
    assert [message.id for message in torn.first_list()] == [3, 2]
    assert isinstance(torn.message, HalfRead)
    assert (torn.message.id, torn.message.unread) == (1, "unknown")


def test_what_telethon_does_not_know_is_named_by_its_number_in_the_protocol() -> None:
    message = types.Message(3, types.PeerChannel(1), None, "text")
    message.media = NewerMedia()
    torn = Unreadable(bytes(types.messages.ChannelMessages(1, 1, [message], [], [], [])))
    assert isinstance(torn.message, HalfRead)
    assert torn.message.unread == "0xdeadbee5"
    facts = ChatFacts("-1000000000001", "Games", "supergroup", None, forum=False, bare_id=1, me_id=1)
    (row,) = rows([torn.message], Peers(), facts, datetime(2026, 10, 1, tzinfo=UTC), raw=False)
    assert (row.details, row.flags) == ({"unread": ["0xdeadbee5"]}, ("partial",))
