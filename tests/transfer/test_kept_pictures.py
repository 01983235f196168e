"""A downloader with a disk cache asks once, and judges what it kept as if it came anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from help.fakes import FakeTime, picture
from help.undecodable import HEIC

from chatframes.model import Attachment, Body, Outcome, Refusal
from chatframes.transfer.bandwidth import Total
from chatframes.transfer.bound import Bound
from chatframes.transfer.disk_cache import DiskCache
from chatframes.transfer.downloads import Downloader
from chatframes.transfer.kept_pictures import KeptPictures

WITHOUT_END = picture(1, 5_000)[:-2]


class Service:
    """Gives bytes, and counts how often it is asked for them."""

    def __init__(self, data: bytes, **facts: Any) -> None:
        self.data, self.facts, self.asked = data, {"declared_size": len(data), "http_status": 200, **facts}, 0

    @asynccontextmanager
    async def read(self, attachment: Attachment) -> AsyncIterator[Body]:
        self.asked += 1
        if not self.data:
            raise Refusal("failed", "gone", "HTTP 404", http_status=404)

        async def chunks() -> AsyncIterator[bytes]:
            yield self.data

        yield Body(chunks(), **self.facts)


def downloaded(
    service: Service, folder: Path, *, lasting: Sequence[str | None] = ("a key",), cap: int = 10**6, **options: Any
) -> list[Outcome]:
    """The outcomes of pictures under these keys, in one call of its own."""
    keep_undecodable = options.pop("keep_undecodable", False)

    async def main() -> list[Outcome]:
        outcomes: list[Outcome] = []
        with closing(KeptPictures(folder, 10**7, cap, keep_undecodable=keep_undecodable)) as kept:
            downloader = Downloader(
                Bound(), 1, cap, FakeTime().clock, kept=kept, keep_undecodable=keep_undecodable, **options
            )
            for number, key in enumerate(lasting):
                one = Attachment(0, "photo", str(number), f"https://example.com/{number}")
                downloader.submit(str(number), one, service.read, outcomes.append, lasting=key)
            running = asyncio.create_task(downloader.run())
            while len(outcomes) < len(lasting):
                await asyncio.sleep(0.001)
            running.cancel()
            assert kept.problem is None
        return outcomes

    return asyncio.run(main())


def test_what_was_kept_comes_without_asking_and_says_the_same(tmp_path: Path) -> None:
    service = Service(picture(1, 5_000), name="a.jpg", declared_mime="image/jpg")
    (first,) = downloaded(service, tmp_path / "cache")
    (again,) = downloaded(service, tmp_path / "cache")
    assert (first.status, first.attempts, first.http_status, service.asked) == ("ok", 1, 200, 1)
    assert (again.attempts, again.http_status) == (0, None)
    for name in (
        "status",
        "data",
        "sha256",
        "size",
        "mime",
        "width",
        "height",
        "name",
        "declared_mime",
        "declared_size",
    ):
        assert getattr(again, name) == getattr(first, name)
    (other,) = downloaded(service, tmp_path / "cache", lasting=["another key"])
    (without,) = downloaded(service, tmp_path / "cache", lasting=[None])
    assert (other.attempts, without.attempts, service.asked) == (1, 1, 3)


@pytest.mark.parametrize(
    "service",
    [
        Service(b""),
        Service(b"plain words, no picture" * 100),
        Service(picture(1, 5_000), note="copy"),
        Service(WITHOUT_END, note="copy"),  # whose note is another one in the end
    ],
)
def test_only_a_picture_from_its_own_address_is_kept(tmp_path: Path, service: Service) -> None:
    downloaded(service, tmp_path / "cache")
    asked = service.asked
    downloaded(service, tmp_path / "cache")
    assert service.asked == 2 * asked


def test_a_picture_without_its_end_mark_is_not_asked_for_twice_more(tmp_path: Path) -> None:
    service = Service(WITHOUT_END)
    (first,) = downloaded(service, tmp_path / "cache", keep_undecodable=True)
    (again,) = downloaded(service, tmp_path / "cache", keep_undecodable=True)
    assert (first.status, first.note, again.status, again.note, service.asked) == (
        "ok", "no_end_mark", "ok", "no_end_mark", 2,
    )  # fmt: skip


def test_what_readers_do_not_open_is_judged_by_each_call(tmp_path: Path) -> None:
    service = Service(HEIC)
    (kept,) = downloaded(service, tmp_path / "cache", keep_undecodable=True)
    (left_out,) = downloaded(service, tmp_path / "cache")
    assert (kept.status, kept.note) == ("ok", "undecodable")
    assert (left_out.status, left_out.reason, left_out.data, service.asked) == ("skipped", "undecodable", None, 1)


def test_a_limit_holds_for_what_was_kept_and_a_total_does_not_count_it(tmp_path: Path) -> None:
    service, keys = Service(picture(1, 5_000)), ["1", "2", "3"]
    small = downloaded(service, tmp_path / "cache", lasting=keys, cap=4_000)
    assert {outcome.reason for outcome in small} == {"too_large"}
    downloaded(service, tmp_path / "cache", lasting=keys)
    before = service.asked
    small = downloaded(service, tmp_path / "cache", lasting=keys, cap=4_000)
    assert {(outcome.status, outcome.reason, outcome.data) for outcome in small} == {("skipped", "too_large", None)}
    all_three = downloaded(service, tmp_path / "cache", lasting=[*keys, "4"], total=Total(1))
    assert [outcome.reason for outcome in all_three] == [None, None, None, "budget"]
    assert service.asked == before + 1


def test_whatever_the_disk_does_the_picture_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(picture(1, 5_000))
    downloaded(service, tmp_path / "cache")
    for name in ("picture", "find", "keep"):

        def fails(*_: object) -> None:
            raise MemoryError

        monkeypatch.setattr(DiskCache, name, fails)
        (again,) = downloaded(service, tmp_path / "cache")
        assert again.data == picture(1, 5_000)
    assert service.asked == 4


def test_what_is_damaged_on_the_disk_is_asked_for_again(tmp_path: Path) -> None:
    service = Service(picture(1, 5_000))
    downloaded(service, tmp_path / "cache")
    (path,) = (tmp_path / "cache" / "pictures").iterdir()
    path.write_bytes(picture(2, 5_000))
    (again,) = downloaded(service, tmp_path / "cache")
    assert (again.data, service.asked) == (picture(1, 5_000), 2)
    assert path.read_bytes() == picture(1, 5_000)
