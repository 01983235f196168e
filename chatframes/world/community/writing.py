"""Writes the sandbox's chats: times, authors, threads and pictures of every message.

Besides believable talk it places what trips readers: messages that share a millisecond, also exactly where a
range is cut into windows, replies to what was deleted, cards, broken text, files without a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil
from random import Random
from typing import Literal

from . import photos, talk
from .people import (
    END,
    MAIN_CHAT,
    Card,
    Chat,
    Community,
    File,
    Message,
    Person,
    Run,
    document_file,
    key_of,
    picture_file,
)

MAX_IMAGES_PER_MESSAGE = 4  # on the average; an album holds at most ten
MILLISECOND = timedelta(milliseconds=1)
_HOURS = (0.05, 0, 0, 0, 0, 0.1, 0.3, 1, 3, 5, 6, 5, 3, 4, 6, 5, 4, 3, 1.5, 0.8, 0.8, 0.6, 0.4, 0.2)


@dataclass(slots=True)
class _Draft:
    when: datetime
    author: Person
    key: str
    runs: tuple[Run, ...] = ()
    parent_key: str | None = None
    files: list[File] = field(default_factory=list)
    card: Card | None = None
    edited_at: datetime | None = None
    whole_second: bool = False


def window_borders(days: int, chunk_days: int = 7) -> list[datetime]:
    """Where `days` days before the end are cut into equal windows, both ends included."""
    windows = ceil(days / chunk_days)
    return [END - timedelta(days=days) * (windows - n) / windows for n in range(windows + 1)]


class Writer:
    """Writes one community, word by word, from four numbers."""

    def __init__(self, messages: int, images: int, days: int, seed: int) -> None:
        self.count, self.images, self.days, self.seed = messages, images, days, seed
        self.since = END - timedelta(days=days)
        self.random = Random(f"chatframes/{seed}")
        self.team = tuple(
            Person(key_of(seed, "person", nick), nick, name, email, cluster) for nick, name, cluster, email in talk.TEAM
        )
        nick, name, cluster, email = talk.LEFT
        self.left = Person(key_of(seed, "person", nick), nick, name, email, cluster, left=True)
        nick, name, cluster, email = talk.BOT
        self.bot = Person(key_of(seed, "person", nick), nick, name, email, cluster, kind="bot")
        self.people = (*self.team, self.left, self.bot)
        self.drafted = 0
        self.pictured = 0
        self.posts: list[_Draft] = []  # messages with pictures, to be praised

    def community(self) -> Community:
        """Everything; call once."""
        apollo = self._chat(MAIN_CHAT, "group", self.since - timedelta(days=2, hours=3), self._apollo())
        seen = next((f for m in apollo.messages for f in m.files if f.photo is not None), None)
        chats = (
            apollo,
            self._chat("Standup", "group", self.since - timedelta(days=90), self._standup(14, None), "a"),
            self._chat("Standup", "group", self.since - timedelta(days=30), self._standup(5, seen), "b"),
            self._chat("Kitchen", "group", datetime(2021, 3, 1, 8, tzinfo=UTC), self._kitchen()),
            self._chat(self.team[1].name, "direct", self.since - timedelta(days=9), self._direct()),
            self._chat("Quiet corner", "group", self.since - timedelta(days=400), []),
        )
        return Community(self.seed, self.since, END, self.team[0], self.bot, self.people, chats)

    # the chats

    def _apollo(self) -> list[_Draft]:
        self.posts = self._pictures(self.count, self.images)
        drafts = [*self.posts]
        room = self.count - len(drafts)
        drafts += self._at_borders(room // 4)
        drafts += self._oddities()[: room // 8]
        if self.count >= 1000:  # an import: more messages in one millisecond than a page holds
            drafts += self._burst(self._floor(self.since + 0.37 * (END - self.since)), 60)
        room = self.count - len(drafts)
        for number in range(min(room // 12, self.count // 50 + 1)):
            drafts.append(self._document(number))
        while len(drafts) < self.count:
            drafts += list(self._some_talk())[: self.count - len(drafts)]
        return drafts

    def _standup(self, count: int, forwarded: File | None) -> list[_Draft]:
        drafts = [
            self._draft(self._moment(), self.random.choice(self.team), self.random.choice(talk.STANDUP))
            for _ in range(count)
        ]
        if forwarded is not None:  # the same content, seen from another chat
            drafts[0].files.append(forwarded)
        return drafts

    def _kitchen(self) -> list[_Draft]:
        old, new = datetime(2021, 3, 1, 9, tzinfo=UTC), END - min(timedelta(days=4), (END - self.since) / 2)
        times = [old + timedelta(days=6, minutes=7, milliseconds=1) * n for n in range(len(talk.KITCHEN_OLD))]
        times += [new + timedelta(minutes=3, milliseconds=7) * n for n in range(len(talk.KITCHEN_NEW))]
        lines = talk.KITCHEN_OLD + talk.KITCHEN_NEW
        drafts = [self._draft(when, self._author(), line) for when, line in zip(times, lines, strict=True)]
        drafts[1].files.append(self._picture(drafts[1], photos.JPEGS[1]))
        drafts[-1].files.append(self._picture(drafts[-1], photos.JPEGS[2]))
        return drafts

    def _direct(self) -> list[_Draft]:
        start = self._moment()
        pair = self.team[0:2]
        drafts = [
            self._draft(min(start + timedelta(seconds=47 * n), END - MILLISECOND), pair[n % 2], line)
            for n, line in enumerate(talk.DIRECT)
        ]
        drafts[-1].files.append(self._picture(drafts[-1], photos.JPEGS[2]))
        return drafts

    # what trips readers

    def _at_borders(self, budget: int) -> list[_Draft]:
        """Groups in one millisecond exactly where ranges are cut, and neighbours one millisecond away."""
        wanted = {self.since, *window_borders(self.days)[1:-1], *window_borders(self.days + 1)[1:-1]}
        borders = sorted(self._floor(moment) for moment in wanted if moment >= self.since)
        each = budget // (len(borders) + 1)
        drafts: list[_Draft] = []
        for number, border in enumerate(borders):
            size = max(1, min(10, each - 2) - (self.random.randrange(3) if number else 0))
            drafts += self._burst(border, size)
            if each > 2:
                drafts += self._burst(border + MILLISECOND, 1)
                if border > self.since:
                    drafts += self._burst(border - MILLISECOND, 1)
        drafts += self._burst(END - MILLISECOND, min(each, 3))
        return drafts[:budget]

    def _burst(self, when: datetime, size: int) -> list[_Draft]:
        authors = (self.bot, self.bot, *self.random.sample(self.team, 2))
        drafts = []
        for _ in range(size):
            author = self.random.choice(authors)
            lines = talk.BOT_LINES if author is self.bot else talk.SMALL_TALK
            drafts.append(self._draft(when, author, self.random.choice(lines)))
        return drafts

    def _oddities(self) -> list[_Draft]:
        """The most useful first, for small chats."""
        person = self._author
        reply = self._draft(self._moment(), person(), "I agree with what you deleted.")
        reply.parent_key = key_of(self.seed, "deleted message")
        long = " ".join(talk.LONG_PARAGRAPH.format(i=i) for i in range(1, 26))[:7_400]
        texts = (
            talk.LONE_SURROGATE,
            talk.RIGHT_TO_LEFT,
            long,
            talk.HOSTILE,
            talk.MANY_LINES,
            talk.EMOJI,
            talk.FORMULA,
        )
        plain = [self._draft(self._moment(), person(), Run(text)) for text in texts]
        last_week = self._floor(self.since + 0.2 * (END - self.since))
        gone = self._draft(last_week, self.left, "My last week. It was a pleasure!")
        cards = [self._card(style) for style in range(3)]
        mention = self._draft(self._moment(), person(), f"<@{self.bot.nick}> rerun the nightly build please")
        return [reply, plain[0], cards[0], gone, *plain[1:4], cards[1], mention, cards[2], *plain[4:]]

    def _card(self, style: int) -> _Draft:
        """0: with a fallback text; 1: nothing but text blocks; 2: a message text beside the card."""
        build = self.random.randrange(100, 999)
        lines = (f"Build {build}", "All checks passed ✓", f"Duration: {build % 50 + 3} minutes")
        draft = self._draft(self._moment(), self.bot, f"Release card for build {build}" if style == 2 else "")
        fallback = None if style == 1 else f"Release {build}: all checks passed"
        draft.card = Card("Release ready", lines, fallback)
        return draft

    # pictures and files

    def _pictures(self, count: int, images: int) -> list[_Draft]:
        """Messages that hold exactly `images` pictures between them."""
        if not images:
            return []
        posts = max(ceil(images / 5), min(round(images / 1.3), count * 6 // 10), 1)
        sizes = [1] * posts
        while sum(sizes) < images:
            post = self.random.randrange(posts)
            if sizes[post] < 10:
                sizes[post] += 1
        drafts: list[_Draft] = []
        for number, size in enumerate(sizes):
            draft = self._draft(self._moment(), self._author(), "")
            if number == posts // 2 and posts >= 8:  # a picture forwarded: the same content, listed twice
                draft.runs = self._runs("Again for those who missed it:")
                draft.files.append(drafts[1].files[0])
            while len(draft.files) < size:
                draft.files.append(self._picture(draft, heavy=self.pictured == 9))
            photo = draft.files[0].photo
            if number % 10 < 7 and photo is not None and not draft.runs:  # the others: not a word
                draft.runs = self._runs(self.random.choice(talk.CAPTIONS[photo.subject][1]))
            if number % 9 == 4:
                draft.files.insert(0, self._paper(draft, "pdf", f"protocol-{number}.pdf"))
            drafts.append(draft)
        return drafts

    def _picture(self, draft: _Draft, photo: photos.Photo | None = None, heavy: bool = False) -> File:
        number = self.pictured = self.pictured + 1
        if heavy:
            photo = photos.JPEGS[0]
        elif photo is None:
            photo = photos.OTHERS[number // 4 % 3] if number % 4 == 3 else self.random.choice(photos.JPEGS)
        stem = talk.CAPTIONS[photo.subject][0]
        name: str | None = f"{stem}-{number:04d}.{photo.suffix}"
        if number % 13 == 5:
            name = None
        elif number % 11 == 3:
            name = f"Photo {draft.when:%Y-%m-%d} at {draft.when:%H:%M:%S}.{photo.suffix}"
        elif number % 17 == 4:
            name = f"Größe – ½ Zoll {number}.{photo.suffix}"
        elif number % 5 == 4:
            name = f"image.{photo.suffix}"  # what pasted pictures are called: all the same
        key = f"{draft.key}/{len(draft.files)}"
        return picture_file(key, photo, name, f"sandbox {self.seed}, picture {number}", 2_000_000 * heavy)

    def _document(self, number: int) -> _Draft:
        kind = ("pdf", "csv", "big.zip", "zip")[number % 4 if number < 8 else number % 2]
        draft = self._draft(self._moment(), self._author(), "The file we talked about." * (number % 2))
        draft.files.append(self._paper(draft, kind, f"report-{number}.{kind.split('.')[-1]}"))
        return draft

    def _paper(self, draft: _Draft, kind: str, name: str) -> File:
        note = f"sandbox {self.seed}, {draft.key}"
        return document_file(f"{draft.key}/{len(draft.files)}", kind, name, note)

    # talk

    def _some_talk(self) -> Iterator[_Draft]:
        draw = self.random.random()
        when = self._moment()
        if draw < 0.10:  # the bot reports, all at once
            yield from self._burst(when, self.random.randrange(3, 7))
            return
        if draw < 0.13:
            yield self._card(self.random.randrange(3))
            return
        if draw < 0.30:
            yield self._said(when, self._author(when), self.random.choice(talk.SMALL_TALK))
            return
        if draw < 0.38 and self.posts:
            post = self.random.choice(self.posts)
            later = post.when + timedelta(milliseconds=self.random.randrange(9_000, 1_200_000))
            reply = self._said(min(later, END - MILLISECOND), self._author(), self.random.choice(talk.PRAISE))
            reply.parent_key = post.key
            yield reply
            return
        opening, *answers = self.random.choice(talk.CONVERSATIONS)
        root = self._said(when, self._author(when), opening)
        yield root
        threaded = self.random.random() < 0.7
        for line in answers:
            if self.random.random() > 0.12:  # sometimes two people answer in the same millisecond
                when += timedelta(milliseconds=self.random.randrange(12_000, 700_000))
            reply = self._said(min(when, END - MILLISECOND), self._author(when), line)
            reply.parent_key = root.key if threaded else None
            yield reply

    def _said(self, when: datetime, author: Person, line: str) -> _Draft:
        draft = self._draft(when, author, line)
        if self.random.random() < 0.06:
            later = when + timedelta(milliseconds=self.random.randrange(20_000, 1_800_000))
            draft.edited_at = max(when, min(later, END - MILLISECOND))
        return draft

    def _draft(self, when: datetime, author: Person, text_or_run: str | Run) -> _Draft:
        self.drafted += 1
        key = key_of(self.seed, "message", self.drafted)
        runs = (text_or_run,) if isinstance(text_or_run, Run) else tuple(self._runs(text_or_run))
        whole = self.random.random() < 0.4 and when.microsecond == 0
        return _Draft(when, author, key, runs, whole_second=whole)

    def _runs(self, line: str) -> tuple[Run, ...]:
        """`line` with its slots filled and its markup taken apart."""
        keys = {person.nick: person.key for person in self.people}
        return tuple(
            Run(text, style, keys[text] if style == "mention" else url)
            for style, text, url in talk.spoken(line, self.random, [person.nick for person in self.team])
        )

    def _author(self, when: datetime | None = None) -> Person:
        early = when is not None and when < self.since + 0.3 * (END - self.since)
        return self.left if early and self.random.random() < 0.08 else self.random.choice(self.team)

    def _moment(self) -> datetime:
        """A moment of the range, in the rhythm of a working week."""
        while True:
            day = self.since + timedelta(days=self.random.randrange(self.days))
            if day.weekday() < 5 or self.random.random() < 0.15 or self.days < 3:
                break
        hour = self.random.choices(range(24), _HOURS)[0]
        fraction = self.random.randrange(1000) if self.random.random() > 0.05 else 0
        return day + timedelta(hours=hour, seconds=self.random.randrange(3600), milliseconds=fraction)

    @staticmethod
    def _floor(moment: datetime) -> datetime:
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def _chat(
        self,
        title: str,
        kind: Literal["group", "direct"],
        created_at: datetime,
        drafts: Iterable[_Draft],
        which: str = "",
    ) -> Chat:
        ordered = sorted(drafts, key=lambda draft: draft.when)  # stable: threads stay in order
        messages = tuple(
            Message(
                draft.key,
                draft.when,
                draft.author,
                draft.runs,
                draft.parent_key,
                tuple(draft.files),
                draft.card,
                draft.edited_at,
                draft.whole_second,
            )
            for draft in ordered
        )
        authors = (person for person in self.people if not person.left)
        members = self.team[0:2] if kind == "direct" else tuple(authors)
        return Chat(key_of(self.seed, "chat", title, which), title, kind, created_at, members, messages)


@lru_cache(maxsize=4)
def build(messages: int, images: int, days: int, seed: int) -> Community:
    """The whole community; the same four numbers give the same one."""
    return Writer(messages, images, days, seed).community()
