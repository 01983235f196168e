"""A week in a chat, exported every day: what changed lately is in the folder, what changed earlier is left, and said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from help.days import DAYS, Book, Days, RedditDays, State, TelegramDays, states_of
from help.exports import PLATFORMS, pictures_asked, source

import chatframes as cf
from chatframes.errors import ServiceError
from chatframes.sources.webex.chat import Room
from chatframes.transfer.clock import Clock

LAST = datetime(2026, 10, 31, 9, tzinfo=UTC)
DAY = timedelta(days=1)
LOOK_BACK = timedelta(days=7)
SetClock = Callable[[datetime], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    def set_to(now: datetime) -> None:
        monkeypatch.setattr("chatframes.api.clock", Clock(now=lambda: now))

    return set_to


def export(world: Any, platform: str, folder: Path, **arguments: Any) -> cf.Report:
    return cf.export(source(platform), folder, images=True, config=world.config, progress=False, **arguments)


def happens(days: Days) -> None:
    """One day: words, pictures, edits and deletions, of yesterday, of this week, and of long ago."""
    now, lately, long_ago = days.now, days.now - 5 * DAY, days.now - 9 * DAY
    for since, until in ((now - DAY, now), (lately - DAY, lately), (long_ago - 12 * DAY, long_ago)):
        for id_ in days.pick(since, until):
            days.edit(id_, f"new words of {now:%d}")
        for id_ in [*days.pick(since, until), *days.pick(since, until, pictures=True)]:
            days.delete(id_)
    if isinstance(days, TelegramDays):
        for id_ in days.pick(lately, now, pictures=True):
            days.other_picture(id_)
    else:
        for id_ in days.pick(lately, now):
            days.hide(id_)
    if isinstance(days, RedditDays):
        for id_ in days.pick(lately - DAY, now, answered=True):
            days.delete(id_)
        for id_ in days.pick(lately - DAY, now):
            days.delete(id_, "removed")
        for how in ("edited", "deleted", "removed"):
            for id_ in days.pick(lately - DAY, now, post=True):
                days.edit(id_, "a post in new words") if how == "edited" else days.delete(id_, how)


def check_pages(world: Any, days: Days, border: datetime) -> None:
    """No page of messages lies before a moment, and there are no more of them than it takes to get there."""
    stats, truth = world.stats(), days.truth()
    listed = [state for state in truth.values() if state.reach >= border]
    if days.platform == "reddit":
        asked = Counter(stats["reddit"]["calls"])
        world.reset_stats()
        cf.fetch(source("reddit", since=border), config=world.config, progress=False)
        assert asked - Counter(world.stats()["reddit"]["calls"]) <= Counter(info=len(listed) // 100 + 1)
        return
    if days.platform == "webex":
        log = stats["messages_log"]
        begins = [truth[page["beforeMessage"]].created for page in log if "beforeMessage" in page]
        begins += [datetime.fromisoformat(page["before"]) for page in log if "beforeMessage" not in page]
    else:
        begins = [page["first_date"] for page in stats["telegram"]["history_log"] if page["returned"]]
    assert begins == [moment for moment in begins if moment >= border]
    assert len(begins) <= len(listed) // 100 + 2  # windows of at most seven days, and pages of a hundred


def without_looking_back(days: Days, held: dict[str, State]) -> dict[str, State]:
    """What a copy holds that only ever gets what is new: the control."""
    return {**days.listed(), **held}


def by_absence(days: Days, held: dict[str, State]) -> dict[str, State]:
    """What a copy holds that takes what no list holds for deleted: another control."""
    gone = {id_: replace(state, gone="deleted") for id_, state in held.items() if id_ not in days.listed()}
    return {**held, **gone}


HERE = [("webex", 2, "keep"), ("telegram", 1, "drop"), ("reddit", 1, "drop")]
LONG = set(product(PLATFORMS, [2, 7], ["keep"])) | set(product(PLATFORMS, [1, 7], ["drop"]))


@pytest.mark.parametrize(
    ("platform", "length", "deleted"),
    [*HERE, *(pytest.param(*week, marks=pytest.mark.long) for week in sorted(LONG - {*HERE}))],
)
def test_a_week(platform: str, length: int, deleted: str, tmp_path: Path, set_clock: SetClock) -> None:
    too_many: list[str] = []
    with cf.sandbox(messages=150 + 30 * length, images=60) as world:
        days = DAYS[platform](world, LAST - length * DAY)
        book, appended, wrong = Book(days, LOOK_BACK, drop=deleted == "drop"), dict[str, State](), list[str]()
        for day in range(length + 1):
            if day:
                days.pass_to(days.now + DAY)
                happens(days)
            set_clock(days.now)
            told = export(world, platform, tmp_path, deleted=deleted)
            found = states_of(cf.read_parquet(tmp_path))
            assert book.mistakes(found) == []
            assert told.status in ("complete", "open")
            said = [note for note in told.sources[0].notes if "what changed before stays as it was read" in note]
            assert len(said) == (day > 0)
            appended = without_looking_back(days, appended) if day else found
            wrong += book.mistakes(appended)
            too_many += book.mistakes(by_absence(days, found))
            book.note(found)
        assert book.left_as_it_was
        assert wrong
        assert too_many or platform == "telegram"
        assert told.to_dict() == json.loads((tmp_path / ".chatframes/manifest.json").read_text("utf-8"))["report"]
        world.reset_stats()
        export(world, platform, tmp_path, deleted=deleted)
        assert pictures_asked(world, platform) == {}
        check_pages(world, days, book.border())
        assert states_of(cf.read_parquet(tmp_path)) == found


def test_what_could_not_be_looked_for_is_looked_for_by_the_next_call(
    tmp_path: Path, set_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cf.sandbox(messages=90, images=3) as world:
        days = DAYS["webex"](world, LAST - 3 * DAY)
        set_clock(days.now)
        export(world, "webex", tmp_path)
        (deleted,) = days.pick(days.now - LOOK_BACK, days.now - LOOK_BACK + DAY)
        days.delete(deleted)
        days.pass_to(days.now + DAY)
        set_clock(days.now)
        with monkeypatch.context() as patch:
            patch.setattr(Room, "gone", _fails)
            with pytest.warns(cf.IncompleteWarning, match="having lunch"):
                assert export(world, "webex", tmp_path).status == "partial"
        days.pass_to(days.now + DAY)
        set_clock(days.now)
        assert export(world, "webex", tmp_path).status == "complete"
        assert states_of(cf.read_parquet(tmp_path))[deleted].gone == "deleted"


async def _fails(room: Room, message_ids: list[str]) -> dict[str, str]:
    raise ServiceError("Webex is having lunch.")
