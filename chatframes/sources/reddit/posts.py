"""Read the wanted posts: those of a listing inside the window, up to a number, or a single post."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...errors import ChatframesError, ChatNotFound
from ...model import Page, Window
from .account import Refused
from .fields import Thing, when
from .listing import Listing, Question, listed
from .reader import Reader
from .refusals import explained
from .targets import Target

# One older post might stand outside the order of time without saying so; two, or one where the list ends, do not.
OLDER_POSTS = 2


@dataclass(slots=True)
class Posts:
    """Reads the posts of one window; the fields hold the result so far."""

    reader: Reader
    target: Target
    question: Question
    by_time: bool  # newest first: only in this order is it known which times are missing
    wanted: int | None
    must_prove: bool  # the number alone is not what was asked for: read on until it is known whether it cut anything
    window: Window
    taken: list[Thing] = field(default_factory=list)
    more: bool = False  # the wanted number was reached, and the list goes on inside the window
    ended: bool = False  # Reddit lists no more
    unreadable: int = 0  # things between the posts taken that say neither what they are nor their id
    unreadable_since: datetime | None = None  # none of these is older: the time of the post listed behind the last one
    trouble: ChatframesError | None = None
    subreddit: Thing | None = None  # a post of the listing, when all of them are of one subreddit
    _last: datetime | None = None  # the time of the post up to which the list was taken
    _older_in_a_row: int = 0  # posts older than the window
    _behind_unreadable: bool = False

    async def pages(self) -> AsyncGenerator[Page, None]:
        """Yield the posts.

        Raises
        ------
        ChatNotFound, AuthError, RateLimited, ServiceError
            Nothing could be read. A later failure is kept in `trouble` instead.
        """
        if self.target.kind == "post":
            self.taken.append(await self._single_post())
            yield self.reader.page([(self.taken[0], 0)])
            return
        listing = Listing(self.reader.get, self.question)
        pages = listing.pages()
        while not self._done:
            try:
                posts = await anext(pages, None)
            except ChatframesError as error:
                self.trouble = explained(error, self.target).with_traceback(None)  # its frames hold the connection
            if self.trouble is not None:
                if not self.taken:
                    raise self.trouble
                return
            if posts is None:
                self.ended = True
                return
            self.reader.link.count("page")
            known = [post for post in posts if post is not None]
            if known and self.target.name.lower() not in ("all", "popular") and self.target.name.isidentifier():
                self.subreddit = known[0]
            meant = [post for post in posts if self._takes(post) and post is not None]
            yield self.reader.page([(post, 0) for post in meant])

    @property
    def reached(self) -> bool:
        """Whether the wanted number of posts has come."""
        return len(self.taken) == self.wanted

    @property
    def whole(self) -> bool:
        """Whether something proves that every post of the window was listed."""
        if self.target.kind == "post":
            return True
        return not self.more and self._older_in_a_row >= (1 if self.ended else OLDER_POSTS)

    @property
    def known_from(self) -> datetime:
        """The moment from which every post of the window is known; its end if that is none."""
        if self.whole:
            return self.window.since
        if not self.by_time or self._last is None:
            return self.window.until
        # Times are whole seconds, and others of the same second may follow in the list.
        second_after = self._last.replace(microsecond=0) + timedelta(seconds=1)
        return min(max(second_after, self.window.since), self.window.until)

    @property
    def _done(self) -> bool:
        return self.whole or self.more or (self.reached and not self.must_prove)

    def _takes(self, post: Thing | None) -> bool:
        """Take a post if it is wanted, and note how far the list has come; return whether it was taken."""
        if post is None:
            is_newer = self._last is not None and self._last >= self.window.until
            if not (self.reached or self._older_in_a_row or is_newer):
                self.unreadable += 1
                self.unreadable_since, self._behind_unreadable = self.window.since, True  # until an older post comes
            return False
        made = when(post)
        inside = made is None or self.window.since <= made < self.window.until
        self.more |= inside and self.reached
        # Pinned posts stand outside the order of time, and do not show how far the list has come.
        if made is not None and self.by_time and not post.get("stickied") and not post.get("pinned"):
            self._older_in_a_row = self._older_in_a_row + 1 if made < self.window.since else 0
            self._last = self._last if self.more else made
            if self._behind_unreadable:
                self.unreadable_since, self._behind_unreadable = max(made, self.window.since), False
        if inside and not self.more:
            self.taken.append(post)
        return inside and not self.more

    async def _single_post(self) -> Thing:
        fullname = f"t3_{self.target.name}"
        refusal: ChatframesError | None = None
        for _ in range(2):  # one empty answer does not prove that the post is not there
            try:
                answer = listed(await self.reader.get("api/info", {"id": fullname}))
            except Refused as refused:
                refusal = explained(refused, self.target)
                break
            self.reader.link.count("page")
            for kind, data in answer.things:
                if kind == "t3" and data["name"] == fullname:
                    return data
        raise refusal or ChatNotFound(f"Reddit has no post {fullname}, or this login may not see it: check the id.")
