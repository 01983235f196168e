"""Writes the posts and comments of the sandbox's Reddit: lines become Markdown, comments become threads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ..community import talk
from ..community.people import END, Community, Person, key_of
from .drafts import Draft, Said, Shown, username
from .pictures import Shelf, caption

SECOND = timedelta(seconds=1)
_FLAIRS = (None, None, "Optics", "Build log", "Night sky", "Help, please & thank you")
_SHAPES = {"bold": "**{}**", "code": "`{}`", "link": "[{}]({})"}


class Voices:
    """Everybody who writes, at random: who, when, and in which words."""

    def __init__(self, community: Community, shelf: Shelf, random: Random) -> None:
        self.shelf, self.random, self.since = shelf, random, community.since
        self.days = (END - community.since).days
        self.people = community.people
        self.team = tuple(one for one in community.people if one.kind == "person" and not one.left)
        name = "AutoModerator"
        self.moderator = Person(key_of(community.seed, "person", name), name, name, "", "us", "bot")
        self.names = {person.nick: username(person) for person in community.people}
        self.nicks = [person.nick for person in self.team]
        self.written = 0

    # posts and comments

    def post(self, title: str, said: str | Said = "", when: datetime | None = None, **more: Any) -> Draft:
        """A post; `more` are fields of a `Draft`."""
        author = more.pop("author") if "author" in more else self.random.choice(self.team)
        draft = self._draft(when or self.moment(), author, said, more)
        draft.title, draft.flair = self.plain(title), self.random.choice(_FLAIRS)
        draft.score = int(self.random.paretovariate(1.2) * 12) % 9_000
        return draft

    def answer(self, parent: Draft, said: str | Said, **more: Any) -> Draft:
        """A comment below a post or another comment, written a little later; of nobody where it says so."""
        when = self.later(parent.when)
        draft = self._draft(when, more.pop("author") if "author" in more else self.author(when), said, more)
        draft.parent = parent
        draft.score = int(self.random.paretovariate(1.5) * 2) % 900 - self.random.choice((0, 0, 0, 3))
        parent.answers.append(draft)
        return draft

    def _draft(self, when: datetime, author: Person | None, said: str | Said, more: dict[str, Any]) -> Draft:
        self.written += 1
        said = self.said(said) if isinstance(said, str) else said
        draft = Draft(when, author, said, written=self.written, **more)
        if said.text and not more and self.random.random() < 0.04:
            draft.edited_at = self.later(when)
        return draft

    def some_talk(self, post: Draft) -> Iterator[Draft]:
        """What is said below a post in one go: a remark, praise, or a conversation."""
        draw = self.random.random()
        if draw < 0.35:
            lines = talk.PRAISE if post.shown else talk.SMALL_TALK
            heard = self.random.choice(post.answers) if post.answers and draw < 0.2 else post
            yield self.answer(heard, self.random.choice(lines))
            return
        opening, *rest = self.random.choice(talk.CONVERSATIONS)
        root = last = self.answer(post, opening)
        yield root
        chained = self.random.random() < 0.5
        for line in rest:
            last = self.answer(last if chained else root, line)
            yield last

    def show(self, draft: Draft, shown: Shown, words: str = "") -> Draft:
        """Write a picture into a text, as `shown.how` tells."""
        shot = shown.shot
        if shown.how == "img":
            form = "![gif]({})" if shot.shape == "giphy" else "![img]({})"
            picture = Said(form.format(shot.key))
        elif shown.how == "bare":
            picture = Said(shot.preview_url or "", links=(shot.preview_url or "",))
        else:
            picture = Said(f"[the photo]({shot.url})", links=(shot.url or "",))
        draft.said = draft.said.then(self.said(words)).then(picture)
        if all(one.shot is not shot for one in draft.shown):
            draft.shown.append(shown)
        return draft

    def share(self, draft: Draft) -> Draft:
        """Write a new picture into a text, in one of the usual ways."""
        draw = self.random.random()
        if draw < 0.1:
            return self.show(draft, Shown(self.shelf.giphy(), "img"))
        if draw < 0.4:
            return self.show(draft, Shown(self.shelf.image(slug="a-photo"), "bare"))
        shot = self.shelf.image()
        return self.show(draft, Shown(shot, "img"), caption(shot) * (draw < 0.7))

    # words, people, times

    def said(self, line: str) -> Said:
        """`line` with its slots filled, in Reddit's Markdown."""
        said = Said()
        for style, text, url in talk.spoken(line, self.random, self.nicks):
            if style == "mention":
                slash = "/" * self.random.randrange(2)
                piece = Said(f"{slash}u/{self.names[text]}", (f"u/{self.names[text]}",))
            else:
                piece = Said(_SHAPES.get(style, "{}").format(text, url), links=(url,) if url else ())
            said = said.then(piece, glue="")
        return said

    def plain(self, line: str) -> str:
        """`line` with its slots filled, and no markup at all."""
        return "".join(text for _, text, _ in talk.spoken(line, self.random, self.nicks))

    def author(self, when: datetime) -> Person | None:
        """Somebody of the team; in early days perhaps the one whose account is gone since."""
        early = when < self.since + 0.3 * (END - self.since)
        return None if early and self.random.random() < 0.06 else self.random.choice(self.team)

    def moment(self) -> datetime:
        """A second of the range, in the rhythm of a working week."""
        while True:
            day = self.since + timedelta(days=self.random.randrange(self.days))
            if day.weekday() < 5 or self.random.random() < 0.15 or self.days < 3:
                return day + timedelta(seconds=int(self.random.triangular(18_000, 86_000, 43_200)))

    def later(self, when: datetime) -> datetime:
        """Some seconds or hours after `when`."""
        seconds = int(min(self.random.paretovariate(0.8) * 20, 200_000))
        return min(when + timedelta(seconds=seconds), END - SECOND)


def hushed(draft: Draft, word: str, removed_by: str | None = None) -> Draft:
    """What is left of something taken away: the word that stands for it, and of a comment not even its author."""
    draft.said, draft.edited_at, draft.removed_by = Said(word), None, removed_by
    if draft.parent is not None or word == "[deleted]":
        draft.author = None
    return draft


def edited(draft: Draft, seconds: int = 95) -> Draft:
    """The same, mended later."""
    draft.edited_at = min(draft.when + timedelta(seconds=seconds), END - SECOND)
    return draft
