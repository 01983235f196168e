"""Posts and comments that are hard to read correctly, one of each kind."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from ..community import talk
from .drafts import Draft, Said, Shown, username
from .pictures import Shelf, caption
from .voices import Voices, edited, hushed

OddPost = tuple[int, Callable[[], Draft]]  # how many pictures it brings, and how it is made
OddComments = tuple[int, int, Callable[[], list[Draft]]]  # how many rows, how many pictures


class Oddities:
    """Makes them."""

    def __init__(self, voices: Voices, shelf: Shelf, random: Random) -> None:
        self.voices, self.shelf, self.random = voices, shelf, random

    def posts(self, gallery: Draft, direct: Draft) -> list[OddPost]:
        """Posts of every shape, the most useful first, for small subreddits."""
        return [
            (5, self._captioned),
            (1, self._direct),
            (3, self._illustrated),
            (len(gallery.shown), lambda: self._crosspost(gallery, "Crossposting this for our own archive")),
            (0, self._rules),
            (1, self._link),
            (4, self._unordered),
            (0, self._removed),
            (1, self._film),
            (1, lambda: self._crosspost(direct, "Seen next door")),
            (0, self._nobodys),
            (3, self._broken),
            (1, self._slugged),
            (1, self._strangers),
            (0, self._poll),
            (1, self._gifv),
            (0, self._deleted),
            (1, self._moving),
            (1, self._wrapped),
            (0, self._formula),
        ]

    def _captioned(self) -> Draft:
        """A gallery with captions, a way out, a GIF and a film."""
        post = self.gallery(4)
        stills = post.shown[:]
        stills[0] = Shown(stills[0].shot, "gallery", "First light, 30 s", "https://wiki.apollo.example/optics?a=1&b=2")
        stills[2] = Shown(stills[2].shot, "gallery", 'The <b>corners</b> & the "rim"')
        post.shown = [*stills[:2], Shown(self.shelf.film(), "gallery"), *stills[2:]]
        post.shown.append(Shown(self.shelf.animated(), "gallery", "", "https://www.example.org/night-sky"))
        post.said = self.voices.said("The whole night of {day}, in order. Thanks {at} for the {part}!")
        return post

    def _unordered(self) -> Draft:
        post = self.gallery(4)
        post.unordered = True
        return post

    def _broken(self) -> Draft:
        """A gallery of which only three pictures came through."""
        post = self.gallery(3)
        failed, unprocessed, absent = (Shown(shot, "gallery", "Never arrived") for shot in self.shelf.holes())
        post.shown = [post.shown[0], failed, post.shown[1], unprocessed, absent, post.shown[2]]
        return post

    def _direct(self) -> Draft:
        return edited(self.linking(Shown(self.shelf.image(), "direct")))

    def _moving(self) -> Draft:
        post = self.linking(Shown(self.shelf.animated(), "direct"))
        post.over_18 = post.spoiler = True
        return post

    def _slugged(self) -> Draft:
        """A picture that only its signed address gives."""
        shot = self.shelf.image(slug="saturn-v0-2-first-light", suffix="jpeg", original=False)
        post = self.linking(Shown(shot, "direct"))
        post.url = shot.preview_url
        return post

    def _strangers(self) -> Draft:
        shot = self.shelf.foreign("night/Ridge.JPG", "id=1&region=us&copy=2")
        post = self.linking(Shown(shot, "direct"))
        post.spoiler = True
        return post

    def _wrapped(self) -> Draft:
        """A picture behind the page that shows it."""
        post = self.linking(Shown(self.shelf.image(), "direct"))
        post.url = self.shelf.page_around(post.url or "")
        return post

    def _gifv(self) -> Draft:
        post = self.voices.post("Clouds over the dome, {n} minutes in {n10} seconds")
        post.url = self.shelf.page("clouds.gifv")
        post.shown = [Shown(self.shelf.external(), "preview")]
        return post

    def _link(self) -> Draft:
        post = self.voices.post("Worth reading before {day}: how others solved the {part}")
        post.url, post.flair = "https://wiki.apollo.example/optics?page=2&region=us", "Optics"
        post.shown = [Shown(self.shelf.external(), "preview")]
        return post

    def _film(self) -> Draft:
        post = self.voices.post("The whole night in one film")
        shot = self.shelf.video()
        post.url, post.shown = shot.url, [Shown(shot, "direct"), Shown(self.shelf.external(), "preview")]
        return post

    def _illustrated(self) -> Draft:
        """Pictures between the words, one of them twice, and one more the text does not show."""
        post = self.voices.post(
            "Step by step: adjusting the {part}", "What helped in the end, see [the notes]({site})."
        )
        first, second, third = self.shelf.image(), self.shelf.image(slug="step-two"), self.shelf.image()
        self.voices.show(post, Shown(first, "img"), "Before:")
        self.voices.show(post, Shown(second, "bare"), "After {n} turns:")
        self.voices.show(post, Shown(first, "img"), "And once more for comparison:")
        post.shown.append(Shown(third, "unshown"))
        post.said = post.said.then(self.voices.said("Questions go to {at}."))
        return post

    def _crosspost(self, original: Draft, title: str) -> Draft:
        post = self.voices.post(title)
        post.when = max(post.when, self.voices.later(original.when))
        post.original, post.shown = original, original.shown
        original.crossposts += 1
        return post

    def _rules(self) -> Draft:
        """Pinned, and as old as anything here."""
        text = "Be kind.\n\nClose the dome.\n\n*I am a bot, and this action was performed automatically.*"
        post = self.voices.post("Rules of the dome: read me first", Said(text), self.voices.since, edited_at=None)
        post.author, post.stickied, post.locked, post.distinguished = self.voices.moderator, True, True, "moderator"
        return post

    def _removed(self) -> Draft:
        return hushed(self.voices.post("Cheap lenses, buy now"), "[removed]", "moderator")

    def _deleted(self) -> Draft:
        return hushed(self.voices.post("Does anybody else hear the mount at night?"), "[deleted]", "deleted")

    def _nobodys(self) -> Draft:
        return self.voices.post("My last week. It was a pleasure!", "Keep looking up, {at}.", author=None)

    def _poll(self) -> Draft:
        options = ("Friday 🌙", "Saturday", "Cloudy anyway")
        return self.voices.post("Which night?", "Vote until {day}.", poll=options)

    def _formula(self) -> Draft:
        post = self.voices.post("A cell from a spreadsheet", "What does this do when you open it?")
        post.title = talk.FORMULA
        return post

    def linking(self, shown: Shown) -> Draft:
        """A post that leads to a picture."""
        post = self.voices.post(caption(shown.shot))
        post.url, post.shown = shown.shot.url, [shown]
        return post

    def gallery(self, size: int) -> Draft:
        """A post of so many pictures."""
        shown = [Shown(self.shelf.image(), "gallery") for _ in range(size)]
        post = self.voices.post(caption(shown[0].shot))
        post.shown = shown
        return post

    def comments(self, posts: list[Draft], direct: Draft) -> list[OddComments]:
        """Comments of every kind below some of `posts`, the most useful first."""
        answer, show, shelf = self.voices.answer, self.voices.show, self.shelf

        def some_post() -> Draft:
            return self.random.choice(posts[:-2] or posts)

        def again() -> list[Draft]:
            return [show(answer(some_post(), "This one, again:"), Shown(direct.shown[0].shot, "img"))]

        def shown(shot_of: Callable[[], Shown], words: str) -> Callable[[], list[Draft]]:
            return lambda: [show(answer(some_post(), words), shot_of())]

        def gone(word: str) -> Callable[[], list[Draft]]:
            def make() -> list[Draft]:
                taken = hushed(answer(some_post(), "…"), word)
                reply = answer(taken, "I agree with what you deleted.")
                return [taken, reply, answer(reply, "What was it?")]

            return make

        def plain(text: str) -> Callable[[], list[Draft]]:
            return lambda: [answer(some_post(), Said(text))]

        def marked(words: str, **fields: Any) -> Callable[[], list[Draft]]:
            return lambda: [answer(some_post(), words, **fields)]

        long = " ".join(talk.LONG_PARAGRAPH.format(i=i) for i in range(1, 26))[:7_400]
        night, optics = "https://www.example.org/night-sky", "https://wiki.apollo.example/optics"
        aside = Said(f"I wrote it down ({night}). See also {optics}, page 3.", links=(night, optics))
        first, other = (f"u/{username(person)}" for person in self.random.sample(self.voices.team, 2))
        called = Said(f"{first} and /{other}, have a look. Is {first} back?", (first, other, first))
        bot = {"author": self.voices.moderator, "stickied": True, "distinguished": "moderator", "locked": True}
        repeated = any(post.original is direct for post in posts)
        return [
            (1, 1, shown(lambda: Shown(shelf.image(), "img"), "Mine, for comparison:")),
            (3, 0, gone("[deleted]")),
            (3, 0, gone("[removed]")),
            (1, 1, shown(lambda: Shown(shelf.giphy(), "img"), "")),
            *([(1, 1, again)] if repeated else []),
            (1, 0, plain(talk.LONE_SURROGATE)),
            (1, 0, plain(talk.HOSTILE)),
            (1, 0, marked("Please keep to the rules of the dome.", **bot)),
            (1, 1, shown(lambda: Shown(shelf.image(slug="my-setup"), "bare"), "My setup:")),
            (1, 1, shown(lambda: Shown(shelf.image(), "label"), "Only linked:")),
            (1, 0, lambda: [edited(answer(some_post(), "Edited: it was the spacer."))]),
            (1, 0, marked("Nobody knows yet what this is worth.", score_hidden=True)),
            (1, 0, marked("I was here before I left.", author=None)),
            (1, 0, lambda: [answer(some_post(), called)]),
            (1, 0, lambda: [answer(some_post(), aside)]),
            (1, 0, plain(talk.RIGHT_TO_LEFT)),
            (1, 0, plain(talk.MANY_LINES)),
            (1, 0, plain(talk.EMOJI)),
            (1, 0, plain("=1+1")),
            (1, 0, plain(long)),
            (1, 1, shown(lambda: Shown(shelf.giphy(downsized=True), "img"), "This is us:")),
            (1, 0, marked("Locked, as announced.", locked=True, distinguished="moderator")),
        ]
