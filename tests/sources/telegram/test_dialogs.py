"""The list of chats: an answer that is empty is no end, and what is counted and not listed is said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from help.telegram_chats import fetch
from telethon.tl import types

import chatframes as cf
from chatframes.sources.telegram.dialogs import Unlisted, dialogs
from chatframes.world.telegram.methods import Methods

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def page(count: int, *ids: int, folders: int = 0) -> Any:
    settings = types.PeerNotifySettings()
    listed = [types.Dialog(types.PeerUser(id_), id_, 0, 0, 0, 0, 0, 0, settings) for id_ in ids]
    folder = types.DialogFolder(types.Folder(1, "Archive"), types.PeerUser(99), 1, 0, 0, 0, 0)
    return types.messages.DialogsSlice(
        count=count,
        dialogs=[*listed, *[folder] * folders],
        messages=[types.Message(id_, types.PeerUser(id_), NOW, "") for id_ in ids],
        chats=[],
        users=[types.User(id_, access_hash=1) for id_ in ids if id_ < 50],
    )


@pytest.mark.parametrize(
    ("pages", "listed", "nameless"),
    [
        ([page(2, 1), page(2, 2), page(2)], [1, 2], 0),
        ([page(2, 1), page(2), page(2), page(2), page(2, 2), page(2)], [1, 2], 0),
        ([page(3, 1), page(3, 1), page(3, 2), page(3, 3), page(3)], [1, 2, 3], 0),
        ([page(3, 1), page(3, 2), *[page(3)] * 9], [1, 2], 1),
        ([page(0, 1), page(0, 2), page(0)], [1, 2], 0),
        ([page(2, 1, folders=1), *[page(2)] * 9], [1], 0),
        ([page(2, 1, 60), *[page(2)] * 9], [1], 1),
    ],
    ids=["whole", "empty thrice", "repeated", "short", "counter of zero", "a folder", "a chat named and not given"],
)
def test_an_empty_page_of_chats_is_no_end(pages: list[Any], listed: list[int], nameless: int) -> None:
    answers = iter(pages)

    async def ask(request: Any) -> Any:
        return next(answers)

    async def collect(unlisted: Unlisted) -> list[int]:
        link: Any = SimpleNamespace(ask=ask)
        return [entity.id async for entity, _ in dialogs(link, unlisted)]

    unlisted = Unlisted()
    assert asyncio.run(collect(unlisted)) == listed
    assert unlisted.nameless == nameless
    assert bool(unlisted) == ("counts 1 more" in str(unlisted))


def test_chats_that_are_counted_and_not_listed_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Methods._dialogs

    def short(self: Methods, request: Any, *about: Any) -> Any:
        answer = real(self, request, *about)
        whole = types.messages.DialogsSlice(
            len(answer.dialogs), answer.dialogs, answer.messages, answer.chats, answer.users
        )
        if request.offset_id:
            whole.dialogs = []
        whole.dialogs = whole.dialogs[:2]
        return whole

    monkeypatch.setattr(Methods, "_dialogs", short)
    with cf.sandbox(messages=60, images=0) as world:
        with pytest.warns(cf.IncompleteWarning, match=r"counts \d+ more chats than it lists"):
            assert len(cf.chats("telegram", config=world.config)) == 2
        with pytest.raises(cf.ServiceError, match=r"No chat 'Nobody' was found, and Telegram counts"):
            fetch(world, cf.Telegram("Nobody"))
