"""What a picture is known by for good: never another's, never what may change, never what another account may see."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from telethon.tl import types

from chatframes.model import Attachment
from chatframes.road.keeping import lasting_name
from chatframes.sources.reddit.chat import RedditChat
from chatframes.sources.reddit.pictures import Places
from chatframes.sources.telegram.chat import TelegramChat
from chatframes.sources.telegram.file_attachments import FileHandle
from chatframes.sources.webex.chat import Room
from chatframes.sources.webex.content import IN_A_CARD

API = "https://webexapis.com/v1"


def webex(attachment: Attachment, account: str = "me", unscannable: bool = False) -> str | None:
    link: Any = SimpleNamespace(http=SimpleNamespace(is_api=lambda url: url.startswith(API)))
    room: Any = SimpleNamespace(account_id=account, allow_unscannable=unscannable, link=link)
    return Room.cache_key(room, attachment)


def test_webex_knows_a_file_by_account_and_address_and_nothing_else_for_good() -> None:
    file = Attachment(0, "file", "abc", f"{API}/contents/abc")
    assert webex(file) == webex(file)
    keys = [
        webex(file),
        webex(file, "another"),
        webex(file, unscannable=True),
        webex(replace(file, url=f"{API}/contents/b")),
    ]
    assert None not in keys
    assert len(set(keys)) == 4
    for other in (
        replace(file, handle=IN_A_CARD),  # an address that a bot wrote
        replace(file, url="https://example.com/contents/abc"),
        replace(file, url=f"{API}/people/me"),
        replace(file, url=None, handle="data:image/png;base64,AAAA"),
    ):
        assert webex(other) is None
    assert webex(file, account="") is None


def telegram(location: Any, size: int = 10, me: int = 1, server: Any = None) -> str | None:
    account = SimpleNamespace(server=server, me=SimpleNamespace(id=me))
    chat: Any = SimpleNamespace(link=SimpleNamespace(account=account))
    return TelegramChat.cache_key(chat, Attachment(0, "photo", "5", handle=FileHandle(location, 2, size, 7)))


def test_telegram_knows_a_file_by_account_id_and_size_whatever_its_reference_is_today() -> None:
    photo = types.InputPhotoFileLocation(5, 99, b"today", "y")
    assert telegram(photo) == telegram(types.InputPhotoFileLocation(5, 98, b"tomorrow", "y"))
    keys = [
        telegram(photo),
        telegram(photo, me=2),
        telegram(photo, size=11),
        telegram(photo, server=SimpleNamespace(model_dump_json=lambda: "an emulator")),
        telegram(types.InputPhotoFileLocation(5, 99, b"today", "x")),
        telegram(types.InputPhotoFileLocation(6, 99, b"today", "y")),
        telegram(types.InputDocumentFileLocation(5, 99, b"today", "")),
    ]
    assert len(set(keys)) == len(keys)
    assert not any("today" in str(key) or "99" in str(key) for key in keys)
    assert (
        TelegramChat.cache_key(SimpleNamespace(link=SimpleNamespace(account=None)), Attachment(0, "dice", "")) is None
    )  # type: ignore[arg-type]


def test_a_source_of_another_distribution_need_not_know_any_key() -> None:
    def fails(attachment: Attachment) -> str:
        raise KeyError

    for chat in (
        SimpleNamespace(),
        SimpleNamespace(cache_key=fails),
        SimpleNamespace(cache_key=lambda attachment: None),
    ):
        assert lasting_name(chat, Attachment(0, "photo", "1"), "toy") is None
    keyed = SimpleNamespace(cache_key=lambda attachment: attachment.source_id)
    assert lasting_name(keyed, Attachment(0, "photo", "1"), "toy") != lasting_name(
        keyed, Attachment(0, "photo", "1"), "webex"
    )


@pytest.mark.parametrize(
    ("url", "lasts"),
    [
        ("https://i.redd.it/abc.jpg", True),
        ("http://I.redd.it/abc.jpg", True),
        ("https://preview.redd.it/abc.jpg?width=10&s=1", True),
        ("https://external-preview.redd.it/abc.jpg?s=1", True),
        ("https://i.redd.it.example.com/abc.jpg", False),
        ("https://example.com/i.redd.it/abc.jpg", False),
        ("https://i.imgur.com/abc.jpg", False),
        ("https://v.redd.it/abc", False),
        (None, False),
    ],
)
def test_reddit_knows_its_own_pictures_by_their_address_and_strangers_not_at_all(url: str | None, lasts: bool) -> None:
    chat: Any = SimpleNamespace(reader=SimpleNamespace(places=Places.of("https://www.reddit.com")))
    assert RedditChat.cache_key(chat, Attachment(0, "photo", "abc", url)) == (url if lasts else None)
