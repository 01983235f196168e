"""Anything that keeps the protocols of a source and a chat is fetched; what one lacks is said in a sentence."""

from __future__ import annotations

import json
import warnings
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from help.messages import NOON, message

import chatframes as cf
from chatframes.model import Answer, Attachment, ListEnded, NotGiven, Page, Window
from chatframes.sources import Context
from chatframes.transfer.files import Body


@dataclass
class Diary:
    """A chat with one message, of noon, and what else its service says."""

    says: tuple[ListEnded | NotGiven, ...] = ()
    id: str = "diary"
    name: str = "Diary"
    notes: list[str] = field(default_factory=list)

    async def messages(self, window: Window) -> AsyncGenerator[Answer, None]:
        ended = any(isinstance(answer, ListEnded) for answer in self.says)
        yield Page([message("Dear diary")], Window(NOON, window.until) if ended else window)
        for answer in self.says:
            yield answer

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


# --- what proves an end, and what does not -------------------------------------------------------------------------


def test_a_list_that_merely_ended_is_open_where_no_beginning_was_asked_for() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = cf.fetch(Shelf(Diary(says=(ListEnded(NOON),))))
    (source,) = cf.report(frame).sources
    assert (source.status, cf.report(frame).status, source.gaps) == ("open", "open", ())
    assert [span.since for span in source.covered] == ["2026-10-01T12:00:00Z"]
    assert "known     from 2026-10-01 12:00 on" in str(cf.report(frame))


def test_a_list_that_merely_ended_above_the_beginning_that_was_asked_for_is_partial_and_warns() -> None:
    with pytest.warns(cf.IncompleteWarning, match=r"Shelf\(\) is not whole"):
        frame = cf.fetch(Shelf(Diary(says=(ListEnded(NOON),)), since="2026-09-01T00:00:00Z"))
    (source,) = cf.report(frame).sources
    (gap,) = source.gaps
    assert source.status == "partial"
    assert (gap.since, gap.until) == ("2026-09-01T00:00:00Z", "2026-10-01T12:00:00Z")
    assert "list ended" in gap.reason


def test_a_chat_that_ends_without_a_word_proves_nothing() -> None:
    class Silent(Diary):
        async def messages(self, window: Window) -> AsyncGenerator[Answer, None]:
            yield Page([message("Dear diary")], None)

    with pytest.warns(cf.IncompleteWarning, match=r"Shelf\(\) is not whole"):
        frame = cf.fetch(Shelf(Silent(), since="2026-09-01", until="2026-10-31"))
    (source,) = cf.report(frame).sources
    assert (len(frame), source.status, source.covered) == (1, "partial", ())
    assert [gap.reason for gap in source.gaps] == ["nothing that came shows that this was read"]


def test_an_empty_list_proves_nothing() -> None:
    class Empty(Diary):
        async def messages(self, window: Window) -> AsyncGenerator[Answer, None]:
            yield ListEnded(None)

    (source,) = cf.report(cf.fetch(Shelf(Empty()))).sources
    assert (source.status, source.covered, source.gaps) == ("open", (), ())
    with pytest.warns(cf.IncompleteWarning):
        frame = cf.fetch(Shelf(Empty(), since="2026-09-01", until="2026-10-01"))
    (source,) = cf.report(frame).sources
    assert (source.status, source.covered, len(source.gaps)) == ("partial", (), 1)


def test_what_was_named_and_not_given_is_missing_by_its_id() -> None:
    ids = tuple(f"t1_{number}" for number in range(150))
    says = (NotGiven(ids[:100], reason="Asked for twice."), NotGiven(ids[50:], nameless=2, reason="Asked for twice."))
    with pytest.warns(cf.IncompleteWarning, match="is not whole"):
        frame = cf.fetch(Shelf(Diary(says)))
    (source,) = cf.report(frame).sources
    assert (source.status, source.missing.count, source.missing.ids) == ("partial", 152, ids[:100])
    assert source.notes == ("Asked for twice.",)
    assert "152 messages that were named and not given: t1_0, t1_1, t1_2, …" in str(cf.report(frame))
    assert cf.report(json.loads(json.dumps(frame.attrs["chatframes"]))) == cf.report(frame.attrs["chatframes"])


def test_an_open_source_beside_a_complete_one_is_open_and_beside_a_partial_one_partial() -> None:
    whole, ended = Shelf(Diary(), label="whole"), Shelf(Diary((ListEnded(NOON),)), label="ended")
    torn = Shelf(Diary((NotGiven(("1",)),)), label="torn")
    assert cf.report(cf.fetch([whole, ended])).status == "open"
    with pytest.warns(cf.IncompleteWarning, match="^torn is not whole"):
        assert cf.report(cf.fetch([torn, ended])).status == "partial"
