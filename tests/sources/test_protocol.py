"""Anything that keeps the protocols of a source and a chat is fetched; what one lacks is said in a sentence."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from help.messages import message

import chatframes as cf
from chatframes.model import Attachment, Page, Window
from chatframes.sources import Context
from chatframes.transfer.files import Body


@dataclass
class Diary:
    """A chat with one message."""

    id: str = "diary"
    name: str = "Diary"
    notes: list[str] = field(default_factory=list)

    async def messages(self, window: Window) -> AsyncGenerator[Page, None]:
        yield Page([message("Dear diary")], window)

    def read(self, attachment: Attachment) -> AbstractAsyncContextManager[Body]:
        raise NotImplementedError


class Half:
    """Has a title and nothing else."""

    id = name = "half"


@dataclass(frozen=True)
class Shelf:
    """A source of somebody else's, which opens whatever stands on it."""

    book: object
    service: str = "shelf"
    since: str | None = None
    until: str | None = None
    tz: str = "UTC"
    label: str = "Shelf()"

    @asynccontextmanager
    async def open(self, context: Context) -> AsyncIterator[object]:
        yield self.book


def test_what_keeps_the_protocols_is_fetched() -> None:
    frame = cf.fetch(Shelf(Diary()))
    assert frame["text"].tolist() == ["Dear diary"]
    assert cf.report(frame).status == "complete"


def test_what_a_chat_lacks_is_said_before_anything_of_it_is_read() -> None:
    with pytest.raises(cf.ServiceError, match=r"Shelf\(\) .* has no notes, no messages, no read\. .*OpenChat"):
        cf.fetch(Shelf(Half()))


def test_what_a_source_lacks_is_said() -> None:
    class Unlabelled:
        service, since, until, tz, open = "shelf", None, None, "UTC", Shelf.open

    with pytest.raises(cf.ConfigError, match=r"Unlabelled is not a source.*no label"):
        cf.fetch(Unlabelled())
