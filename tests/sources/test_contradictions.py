"""A service that contradicts itself never makes a report that says more than was read: seeded runs of all three."""

from __future__ import annotations

import random
import warnings
from datetime import datetime
from typing import Any

import pandas as pd
import pytest
from help.sampling import sampled

import chatframes as cf
from chatframes.world.reddit.contradictions import CONTRADICTIONS as REDDIT
from chatframes.world.sandbox import World
from chatframes.world.telegram.contradictions import CONTRADICTIONS as TELEGRAM
from chatframes.world.webex.contradictions import CONTRADICTIONS as WEBEX

TABLES = {"webex": WEBEX, "telegram": TELEGRAM, "reddit": REDDIT}
CHATS = {"webex": "Project Apollo", "telegram": "@apollo", "reddit": "r/apollo"}
# No reader can know of what was deleted, and of what was not written yet.
UNKNOWABLE = {
    "reddit_cursor_dies", "reddit_new_posts", "reddit_new_comments",
    "empty_anchor", "vanishing_messages", "arriving_messages",
}  # fmt: skip
SIZES = (60, 300, 1200)  # below, at and beyond one page of most lists
SAMPLE, ALL = 10, 200  # runs per service: in the suite, and with the marker `long`


def source(service: str, dice: random.Random) -> Any:
    since = dice.choice([None, None, "2026-10-05", "2026-10-20"])
    if service == "webex":
        return cf.Webex(CHATS[service], since=since)
    if service == "telegram":
        return cf.Telegram(CHATS[service], since=since, limit=None if since else dice.choice([None, None, 150]))
    return cf.Reddit(CHATS[service], since=since, posts=dice.choice(["all", "all", 40]), comments="all")


def moment(text: str | None, otherwise: str) -> datetime:
    return datetime.fromisoformat(text or otherwise)


def called_read_and_not_there(world: World, service: str, frame: pd.DataFrame) -> list[str]:
    """Return the ids of messages in what the report calls covered, that are neither in the table nor called missing."""
    (told,) = cf.report(frame).sources
    spans = [
        (moment(span.since, "1970-01-01T00:00Z"), moment(span.until, "9000-01-01T00:00Z")) for span in told.covered
    ]
    unknowable = {record["message_id"] for record in world.withheld if record["fault"] in UNKNOWABLE}
    accounted = {*frame["message_id"], *told.missing.ids, *unknowable}
    records = [one for one in world.truth["messages"] if (one["platform"], one["chat_id"]) == (service, told.chat_id)]
    # Reddit's comments are read with their posts: the report says nothing of those below a post that it does not cover.
    posts = {one["message_id"]: one["created_at"] for one in records if one.get("kind") == "post"}
    lost = [
        record["message_id"]
        for record in records
        if record["message_id"] not in accounted
        and any(
            since <= record["created_at"] < until
            and since <= posts.get(record.get("thread_id"), record["created_at"]) < until
            for since, until in spans
        )
    ]
    nameless = told.missing.count - len(told.missing.ids)  # counted, and their ids are not told
    return lost[nameless:]


def provable(world: World, service: str, wanted: Any) -> bool:
    """Whether something older shows that the range was read; without a beginning nothing need be shown."""
    if wanted.since is None:
        return True
    expected = world.expected(CHATS[service], until=f"{wanted.since}T00:00:00Z", platform=service)  # type: ignore[arg-type]
    # Reddit's pinned posts stand outside the order of time, and its comments in no list.
    return any(record.get("kind") != "comment" and "pinned" not in record.get("flags", ()) for record in expected)


def run(service: str, seed: int) -> tuple[list[str], bool, str]:
    """Fetch once from a world of this seed.

    Returns
    -------
    lost : list of str
        See `called_read_and_not_there`.
    cautious : bool
        Whether the report calls incomplete what came whole.
    said : str
        What was tried and what came of it.
    """
    dice = random.Random(f"{service} {seed}")
    faults = dice.sample(sorted(TABLES[service]), dice.choice([1, 1, 2, 3]))
    wanted = source(service, dice)
    with (
        cf.sandbox(messages=dice.choice(SIZES), images=0, seed=seed, faults=faults) as world,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", cf.IncompleteWarning)
        try:
            frame = cf.fetch(wanted, config=world.config, images=False, progress=False)
        except cf.ChatframesError as error:
            frame = error.partial  # nothing was read: an empty table with its report
        lost = called_read_and_not_there(world, service, frame)
        report = cf.report(frame)
        cautious = report.status not in ("complete", "open") and provable(world, service, wanted) and not world.withheld
    return lost, cautious, f"seed {seed}, {faults}, {wanted}: {report.status}, {len(frame)} rows\n{report}"


@pytest.mark.parametrize("service", TABLES)
@pytest.mark.parametrize("seed", sampled(range(SAMPLE), 2))
def test_no_report_calls_read_what_is_not_there(service: str, seed: int) -> None:
    lost, _, said = run(service, seed)
    assert not lost, said


MOST_CAUTIOUS = ALL // 20  # of these runs may be called incomplete though all came


@pytest.mark.long
@pytest.mark.parametrize("service", TABLES)
def test_of_two_hundred_runs_none_says_too_much_and_few_say_too_little(service: str) -> None:
    runs = [run(service, seed) for seed in range(SAMPLE, SAMPLE + ALL)]
    assert [said for lost, _, said in runs if lost] == []
    cautious = [said for _, cautious, said in runs if cautious]
    assert len(cautious) <= MOST_CAUTIOUS, "\n\n".join(cautious)
