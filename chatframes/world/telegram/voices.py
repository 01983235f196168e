"""Writes the messages of the sandbox's Telegram: lines become words, messages become threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ..community import talk
from ..community.people import END, Community, Person
from .drafts import Draft, Words, username

SECOND = timedelta(seconds=1)
REACTIONS = ("👍", "❤", "🔥", "🎉", "😁")


class Voices:
    """Everybody who writes, at random: who, when, and in which words."""

    def __init__(self, community: Community, random: Random) -> None:
        self.random, self.since, self.bot = random, community.since, community.bot
        self.people = community.people
        self.team = tuple(p for p in community.people if p.kind == "person" and not p.left)
        self.left = next(p for p in community.people if p.left)

    def burst(self, when: datetime, size: int) -> list[Draft]:
        """So many messages in one second: only a bot can do that."""
        authors = (self.bot, self.bot, *self.random.sample(self.team, 2))
        drafts = []
        for _ in range(size):
            author = self.random.choice(authors)
            lines = talk.BOT_LINES if author is self.bot else talk.SMALL_TALK
            drafts.append(Draft(when, author, self.words(self.random.choice(lines))))
        return drafts

    def some_talk(self, start: datetime, *, supergroup: bool = False, praised: Sequence[Draft] = ()) -> Iterator[Draft]:
        """What is said in one go: a remark, praise of one of the messages `praised`, or a whole thread."""
        draw, when = self.random.random(), self.moment(start)
        if draw < 0.08:  # the bot reports, all at once
            yield from self.burst(when, self.random.randrange(3, 7))
            return
        if draw < 0.28:
            yield self.say(self.random.choice(talk.SMALL_TALK), self.author(when), when)
            return
        if draw < 0.36 and praised:
            yield self.answer(self.random.choice(praised), self.random.choice(talk.PRAISE))
            return
        opening, *lines = self.random.choice(talk.CONVERSATIONS)
        root = last = self.say(opening, self.author(when), when)
        root.comments = len(lines) if supergroup and lines and self.random.random() < 0.5 else None
        yield root
        chained, marks_thread = self.random.random() < 0.5, self.random.random() < 0.7
        for line in lines:
            answers = last if chained else root
            reply = self.answer(answers, line, names_top=supergroup and marks_thread and answers is not root)
            reply.when = max(reply.when, last.when)
            if self.random.random() < 0.15:  # says it without pressing reply
                reply.answers, reply.names_top = None, False
            yield reply
            last = reply

    def say(
        self,
        text: str | Words | tuple[Words, ...],
        author: Person | str | None = None,
        when: datetime | None = None,
        **more: Any,
    ) -> Draft:
        """One message; `more` are fields of a `Draft`."""
        if isinstance(text, Words):
            text = (text,)
        words = self.words(text) if isinstance(text, str) else text
        when = when or self.moment()
        draft = Draft(when, author or self.author(), words, **more)
        if words and not more and self.random.random() < 0.05:
            draft.edited_at = self.later(when)
        if words and not more and self.random.random() < 0.12:
            draft.reactions = tuple((key, self.random.randrange(1, 9)) for key in self.random.sample(REACTIONS, 2))
        return draft

    def answer(self, parent: Draft, line: str, **more: Any) -> Draft:
        """The same as a reply, written a little later."""
        return self.say(line, None, self.later(parent.when), answers=parent, **more)

    def words(self, line: str) -> tuple[Words, ...]:
        """`line` with its slots filled and its markup taken apart."""
        people = {person.nick: person for person in self.people}
        return tuple(
            _mention(people[text]) if style == "mention" else Words(text, style, url)
            for style, text, url in talk.spoken(line, self.random, [person.nick for person in self.team])
        )

    def author(self, when: datetime | None = None) -> Person:
        """Somebody of the team; in early days perhaps the one who has left since."""
        early = when is not None and when < self.since + 0.3 * (END - self.since)
        return self.left if early and self.random.random() < 0.08 else self.random.choice(self.team)

    def moment(self, start: datetime | None = None) -> datetime:
        """A second between `start` and the end, in the rhythm of a working week."""
        start = start or self.since
        days = (END - start).days
        while True:
            day = start + timedelta(days=self.random.randrange(days))
            if day.weekday() < 5 or self.random.random() < 0.15 or days < 3:
                return day + timedelta(seconds=int(self.random.triangular(18_000, 86_399, 43_200)))

    def later(self, when: datetime) -> datetime:
        """Some seconds or minutes after `when`."""
        return min(when + timedelta(seconds=self.random.randrange(9, 1_200)), END - SECOND)


def _mention(person: Person) -> Words:
    handle = username(person)
    return Words(f"@{handle}", "handle") if handle else Words(person.nick, "name", person.key)
