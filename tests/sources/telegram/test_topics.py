"""A topic's title is asked for once, and no message is given up for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from telethon.tl import types as t

from chatframes.errors import AuthError, RateLimited, ServiceError
from chatframes.sources.telegram.link import TelegramError
from chatframes.sources.telegram.topics import TITLES_MISSING, Topics

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def topic(id_: int, title: str) -> Any:
    settings = t.PeerNotifySettings()
    return t.ForumTopic(id_, NOW, t.PeerChannel(5), title, 0, 0, 0, 0, 0, 0, 0, 0, t.PeerUser(7), settings)


class Asked:
    """Answers as Telegram does: with the topics of its list, and the messages that are there."""

    def __init__(self, listed: Any = (), messages: tuple[Any, ...] = ()) -> None:
        self.listed, self.messages = listed, messages
        self.asked: list[list[int]] = []
        self.asked_by_id: list[list[int]] = []
        self.notes: list[str] = []
        self.peer = t.InputPeerChannel(5, 1)
        self.link = SimpleNamespace(ask=self.ask)

    async def ask(self, request: Any) -> Any:
        self.asked.append(request.topics)
        if isinstance(self.listed, Exception):
            raise self.listed
        return SimpleNamespace(topics=[one for one in self.listed if one.id in request.topics])

    async def by_id(self, ids: list[int]) -> dict[int, Any]:
        self.asked_by_id.append(ids)
        return {message.id: message for message in self.messages if message.id in ids}


def post(id_: int, topic_id: int | None) -> Any:
    reply = None if topic_id is None else t.MessageReplyHeader(forum_topic=True, reply_to_msg_id=topic_id)
    return t.Message(id_, t.PeerChannel(5), NOW, "", reply_to=reply)


def opened(id_: int, title: str) -> Any:
    return t.MessageService(id_, t.PeerChannel(5), NOW, action=t.MessageActionTopicCreate(title, 0))


def learn(asked: Asked, *pages: list[Any], forum: bool = True) -> dict[int, str]:
    topics = Topics(asked, "-1000000000005", forum, {})  # type: ignore[arg-type]

    async def read() -> None:
        for page in pages:
            await topics.learn(page, SimpleNamespace(topics=[]))

    asyncio.run(read())
    return topics.titles


def test_each_topic_is_asked_for_once_and_has_the_title_it_has_now() -> None:
    asked = Asked([topic(3, "Optics, renamed"), topic(1, "General")])
    titles = learn(asked, [post(9, 3), post(8, None), opened(3, "Optics")], [post(7, 3), post(6, 1)])
    assert titles == {3: "Optics, renamed", 1: "General"}
    assert asked.asked == [[1, 3]]
    assert asked.asked_by_id == []


@pytest.mark.parametrize("listed", [[], [t.ForumTopicDeleted(3)], TelegramError("CHANNEL_FORUM_MISSING")])
def test_a_topic_that_is_in_no_list_has_the_title_it_was_opened_with(listed: Any) -> None:
    asked = Asked(listed, (opened(3, "Optics"),))
    assert learn(asked, [post(9, 3)], [post(8, 3)], forum=False) == {3: "Optics"}
    assert asked.asked_by_id == [[3]]


def test_a_topic_of_which_nothing_is_left_has_no_title_and_is_not_asked_for_again() -> None:
    asked = Asked()
    assert learn(asked, [post(9, 3)], [post(8, 3)]) == {}
    assert (asked.asked, asked.asked_by_id) == ([[3]], [[3]])


def test_a_chat_without_topics_is_asked_nothing() -> None:
    asked = Asked()
    learn(asked, [post(9, None), SimpleNamespace(id=8)], forum=False)
    assert asked.asked == []


@pytest.mark.parametrize("error", [ServiceError("Telegram is down."), RateLimited("Wait.")])
def test_no_message_is_given_up_for_a_title(error: Exception) -> None:
    asked = Asked(error)
    assert learn(asked, [post(9, 3)], [post(8, 4)]) == {}
    assert asked.notes == [TITLES_MISSING]


def test_a_login_that_has_ended_is_said() -> None:
    with pytest.raises(AuthError):
        learn(Asked(AuthError("Log in again.")), [post(9, 3)])
