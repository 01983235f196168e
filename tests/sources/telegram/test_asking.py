"""Messages that are asked for by their ids: what an answer says nothing of is asked for again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from telethon.tl import types

from chatframes.sources.telegram.asking import Asking
from chatframes.sources.telegram.peers import Peers

NOW = datetime(2026, 10, 1, tzinfo=UTC)
HERE, ELSEWHERE = types.PeerUser(7), types.PeerUser(8)


def message(id_: int, peer: Any = HERE) -> Any:
    return types.Message(id_, peer, NOW, f"text {id_}")


def by_id(wanted: list[int], *answers: list[Any]) -> tuple[set[int], list[list[int]]]:
    """Return the ids of the messages that were found, and which ids each request asked for."""
    asked: list[list[int]] = []

    async def ask(request: Any) -> Any:
        asked.append([one.id for one in request.id])
        return types.messages.Messages(list(answers[len(asked) - 1]), topics=[], chats=[], users=[])

    link: Any = SimpleNamespace(ask=ask)
    asking = Asking(link, types.InputPeerUser(7, 1), Peers(), [])
    return {*asyncio.run(asking.by_id(wanted))}, asked


@pytest.mark.parametrize(
    ("answers", "found", "asked"),
    [
        ([[message(3), message(2), types.MessageEmpty(1, None)]], {2, 3}, [[3, 2, 1]]),
        ([[], [message(3), message(2), message(1)]], {1, 2, 3}, [[3, 2, 1], [3, 2, 1]]),
        ([[message(3)], [message(1)]], {1, 3}, [[3, 2, 1], [2, 1]]),
        ([[], []], set(), [[3, 2, 1], [3, 2, 1]]),
        ([[message(1), message(2), message(3)]], {1, 2, 3}, [[3, 2, 1]]),
    ],
    ids=["one was deleted", "empty once", "short", "empty", "in another order"],
)
def test_what_an_answer_says_nothing_of_is_asked_for_once_more(
    answers: list[list[Any]], found: set[int], asked: list[list[int]]
) -> None:
    assert by_id([3, 2, 1], *answers) == (found, asked)


def test_a_message_of_another_chat_with_that_id_is_none_of_this_one() -> None:
    """In private chats and small groups the ids are the account's."""
    assert by_id([3, 2], [message(3), message(2, ELSEWHERE)]) == ({3}, [[3, 2]])


def test_an_empty_answer_for_many_costs_two_requests_per_hundred() -> None:
    found, asked = by_id(list(range(250, 0, -1)), *[[]] * 6)
    assert found == set()
    assert [len(ids) for ids in asked] == [100, 100, 50, 100, 100, 50]
