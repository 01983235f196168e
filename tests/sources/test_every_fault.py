"""Each fault of the sandbox, with what users write by default, in chats below, at and beyond one page of every list.

What came and what is called missing is all there is, and a report that calls a chat complete has no hole.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

import pandas as pd
import pytest
from help.hurrying import hurry
from help.sampling import sampled

import chatframes as cf
from chatframes.world.reddit.contradictions import CONTRADICTIONS as REDDIT
from chatframes.world.reddit.faults import FAULTS as REDDIT_FAULTS
from chatframes.world.sandbox import World
from chatframes.world.telegram.contradictions import CONTRADICTIONS as TELEGRAM
from chatframes.world.telegram.faults import FAULTS as TELEGRAM_FAULTS
from chatframes.world.webex.contradictions import CONTRADICTIONS as WEBEX
from chatframes.world.webex.faults import FAULTS as WEBEX_FAULTS

Service = Literal["webex", "telegram", "reddit"]


class Chat(NamedTuple):
    """What is fetched: by its title or name alone; `sizes` in messages, below, at and beyond one page of every list."""

    service: Service
    name: str
    source: Any
    sizes: tuple[int, int, int]
    contradictions: Any
    faults: Any


# Webex gives 1,000 messages on a page, Telegram 100, and a chat may be read in five ranges at once: each is then longer
# than that. Reddit gives 100 posts, which are 2,100 posts and comments here.
CHATS: dict[Service, Chat] = {
    "webex": Chat("webex", "Project Apollo", cf.Webex("Project Apollo"), (60, 1000, 6000), WEBEX, WEBEX_FAULTS),
    "telegram": Chat("telegram", "@apollo", cf.Telegram("@apollo"), (60, 100, 700), TELEGRAM, TELEGRAM_FAULTS),
    "reddit": Chat("reddit", "r/apollo", cf.Reddit("r/apollo"), (300, 2100, 3000), REDDIT, REDDIT_FAULTS),
}
# What is asked for where the default meets nothing.
OTHERWISE = {
    "reddit_cursor_dies": cf.Reddit("r/apollo", posts="all", comments=0),
    "reddit_copy_elsewhere": cf.Reddit("r/apollo", posts="all", comments=0),
    "reddit_redirected_name": cf.Reddit("r/apollo_archive"),
    "reddit_ranks_move": cf.Reddit("r/apollo", sort="top", posts="all", comments=0),
    "two_names": cf.Telegram("@apollo_archive"),
}
# What the reader never meets: who looks at a room once, goes on behind an older message than the last, names a chat by
# its @name, and asks for the comments that are on a post's first page.
AVOIDED = {"renamed_room", "empty_anchor", "one_title", "reddit_comment_elsewhere", "reddit_comment_closed"}
SAMPLE: list[tuple[Service, str, int]] = [  # the others are in the long test
    ("webex", "edited_messages", 0),
    ("webex", "renamed_room", 0),
    ("telegram", "arriving_messages", 1),
    ("telegram", "mended_messages", 1),
    ("reddit", "reddit_new_posts", 0),
    ("reddit", "reddit_short_pages", 0),
]
POSTS, COMMENTS = 50, 20  # that are read of a subreddit when nothing else is said
SHARED = 20  # pictures in each chat: enough that every fault of pictures meets one
# What nobody can know who has not been there before: what was deleted, and what was not written yet.
UNKNOWABLE = {
    "reddit_cursor_dies", "reddit_new_posts", "reddit_new_comments",
    "empty_anchor", "vanishing_messages", "arriving_messages",
}  # fmt: skip
FAST = 40.0  # 60 s, which is what a picture waits at most, are 1.5 s then
EVERYTHING = [  # what befalls pictures has nothing to do with how long a list is
    (service, fault, size)
    for service, chat in CHATS.items()
    for fault in ("none", *chat.contradictions, *chat.faults)
    for size in range(1 if getattr(chat.faults.get(fault), "share", "none") != "none" else 3)
]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the library's clock run faster than the wall's, so that waits and deadlines cost a test little."""
    hurry(monkeypatch, FAST)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.IncompleteWarning)
        yield


@dataclass
class Told:
    """A table and its report, held against what there is."""

    world: World
    chat: Chat
    frame: pd.DataFrame
    report: cf.Report
    wrong: list[str] = field(default_factory=list)

    def judge(self) -> list[str]:
        """What is wrong, a sentence each."""
        (source,) = self.report.sources
        ids = list(self.frame["message_id"])
        there = {
            record["message_id"]: record
            for record in self.world.truth["messages"]
            if (record["platform"], record["chat_id"]) == (self.chat.service, source.chat_id)
        }
        self.say(f"{len(ids) - len(set(ids))} rows are there twice", len(ids) - len(set(ids)))
        self.say("there are rows of messages that do not exist", set(ids) - there.keys())
        unknowable = {one["message_id"] for one in self.world.withheld if one["fault"] in UNKNOWABLE}
        known = {id_: record for id_, record in there.items() if id_ not in unknowable and self.is_claimed(record)}
        left = [id_ for id_ in known if id_ not in {*ids, *source.missing.ids}]
        if self.report.status in ("complete", "open"):
            lost = self.short_of_posts(known, there) if self.chat.service == "reddit" else len(left)
            lost -= source.missing.count - len(source.missing.ids)  # counted, and their ids are not told
            self.say(f"{self.report.status}, and {lost} are neither there nor missing", lost > 0)
        self.say_of_words(there)
        return self.wrong

    def is_claimed(self, record: dict[str, Any]) -> bool:
        """Whether the report speaks of a message: of an open chat it says from when on it is known."""
        (source,) = self.report.sources
        if self.report.status != "open":
            return True
        begins = source.covered[0].since if source.covered else "9999-01-01T00:00Z"  # nothing is known
        is_comment = record.get("kind") == "comment"  # of a post that is there, or not asked for
        return is_comment or begins is None or record["created_at"] >= datetime.fromisoformat(begins)

    def short_of_posts(self, known: dict[str, Any], there: dict[str, Any]) -> int:
        """How many posts and comments less came than are asked for by default, and are not called missing."""
        (source,) = self.report.sources
        accounted = {*self.frame["message_id"], *source.missing.ids}
        wanted = 0 if "comments=0" in source.source else COMMENTS
        posts = [id_ for id_, record in known.items() if record["kind"] == "post"]
        short = max(0, min(POSTS, len(posts)) - len(accounted.intersection(posts)))
        below = Counter(record["thread_id"] for record in known.values() if record["kind"] == "comment")
        came = Counter(there[id_]["thread_id"] for id_ in accounted & there.keys() if there[id_]["kind"] == "comment")
        return short + sum(max(0, min(wanted, below[post]) - came[post]) for post in accounted.intersection(posts))

    def say_of_words(self, there: dict[str, Any]) -> None:
        """A message that was edited has its old words and time, or its new ones, never one of each."""
        edited = {one["message_id"]: one for one in self.world.edited}
        for row in self.frame.to_dict("records"):
            new = edited.get(row["message_id"])
            if new is not None:
                told = (row["text"], pd.Timestamp(row["edited_at"]) if row["edited_at"] else pd.NaT)
                old = there[row["message_id"]]
                versions = [(one["text"], one["edited_at"]) for one in (old, new)]
                self.say(f"{told} is neither of {versions}", not any(_same(told, version) for version in versions))

    def say(self, sentence: str, wrong: object) -> None:
        if wrong:
            self.wrong.append(sentence)


def _same(told: tuple[str, Any], version: tuple[str, Any]) -> bool:
    (text, when), (true_text, true_when) = told, version
    return text == true_text and (when == true_when if true_when is not None else bool(pd.isna(when)))


def tried(service: Service, fault: str, messages: int, seed: int) -> list[str]:
    """What is wrong with a table fetched from a world with this fault, and with what its report says."""
    chat = CHATS[service]
    faults = [] if fault == "none" else [fault]
    with cf.sandbox(messages=messages, images=SHARED, seed=seed, faults=faults) as world:
        try:
            source = OTHERWISE.get(fault, chat.source)
            frame = cf.fetch(source, images=True, config=world.config, progress=False)
        except cf.ChatframesError as error:
            frame = error.partial  # nothing was read: an empty table with its report
        told = Told(world, chat, frame, cf.report(frame))
        met = world.stats() if service == "webex" else world.stats()[service]
        meets = fault in chat.contradictions and fault not in AVOIDED
        told.say("nobody met it", meets and messages == chat.sizes[2] and not met["delivered"].get(fault))
        return [f"{one}\n{told.report}" for one in told.judge()]


@pytest.mark.parametrize(("service", "fault", "size"), sampled(SAMPLE, 3))
def test_what_came_and_what_is_missing_is_all_there_is(service: Service, fault: str, size: int) -> None:
    assert tried(service, fault, CHATS[service].sizes[size], seed=1) == []


@pytest.mark.parametrize("service", CHATS)
def test_one_row_less_and_one_row_twice_are_found_out(service: Service) -> None:
    chat = CHATS[service]
    with cf.sandbox(messages=60, images=0) as world:
        frame = cf.fetch(chat.source, images=False, config=world.config, progress=False)
        report = cf.report(frame)
        assert Told(world, chat, frame, report).judge() == []
        assert Told(world, chat, frame.drop(index=len(frame) - 5), report).judge()
        assert Told(world, chat, pd.concat([frame, frame[-5:-4]]), report).judge()


@pytest.mark.long
@pytest.mark.parametrize(("service", "fault", "size"), [case for case in EVERYTHING if case not in SAMPLE])
def test_so_it_is_with_every_fault_at_every_size(service: Service, fault: str, size: int) -> None:
    assert tried(service, fault, CHATS[service].sizes[size], seed=2) == []
