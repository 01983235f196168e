"""Which posts are meant: those of a listing inside the window, as many as are wanted, or a single one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime

from ...errors import ChatframesError, ChatNotFound, ServiceError
from ...model import Page, Window
from .account import Refused
from .listing import CAP_POSTS, Listing, Question, Thing, listed
from .names import Target
from .reader import Reader
from .rows import when


@dataclass(slots=True)
class Posts:
    """The posts of one window on their way; what they have come to stands in the fields."""

    reader: Reader
    target: Target
    question: Question
    by_time: bool  # newest first: the one order that says what is missing
    wanted: int | None
    window: Window
    found: list[Thing] = field(default_factory=list)
    enough: bool = False  # as many as were wanted, and there are more
    trouble: ChatframesError | None = None
    note: str | None = None
    subreddit: Thing | None = None  # a post of the listing, when all of them are of one subreddit
    _older_seen: bool = False

    async def pages(self) -> AsyncGenerator[Page, None]:
        """Yield the posts.

        Raises
        ------
        ChatNotFound, AuthError, RateLimited, ServiceError
            When not one post came; else that is `trouble`.
        """
        if self.target.kind == "post":
            self.found.append(await self._one())
            yield self.reader.page([(self.found[0], 0)])
            return
        listing = Listing(self.reader.get, self.question)
        pages = listing.pages()
        while not self._done(listing):
            try:
                posts = await anext(pages, None)
            except ChatframesError as error:
                self.trouble = error
            if self.trouble is not None:
                if not self.found:
                    raise self._explained(self.trouble)
                return
            if posts is None:
                break
            self.reader.link.count("page")
            meant = [post for post in posts if self._inside(post)]
            meant = meant[: None if self.wanted is None else self.wanted - len(self.found)]
            self.found += meant
            self._look_at(posts)
            yield self.reader.page([(post, 0) for post in meant])
        self._judge(listing)

    @property
    def covered(self) -> Window:
        """What of the window has no hole in it."""
        if self.trouble is None and not self.enough:
            return self.window
        if not self.by_time:
            return self.window if self.trouble is None else Window(self.window.until, self.window.until)
        return Window(max(self.window.since, self._oldest), self.window.until)

    @property
    def _oldest(self) -> datetime:
        return min((made for post in self.found if (made := when(post)) is not None), default=self.window.until)

    def _inside(self, post: Thing) -> bool:
        made = when(post)
        return made is None or self.window.since <= made < self.window.until

    def _look_at(self, posts: list[Thing]) -> None:
        # What is pinned stands where it does not belong, and says nothing about how far the list has come.
        loose = [made for post in posts if not post.get("stickied") and (made := when(post)) is not None]
        self._older_seen |= self.by_time and bool(loose) and loose[-1] < self.window.since
        if posts and self.target.name.lower() not in ("all", "popular") and self.target.name.isidentifier():
            self.subreddit = posts[0]

    def _done(self, listing: Listing) -> bool:
        return len(self.found) == self.wanted or self._older_seen

    def _judge(self, listing: Listing) -> None:
        """Say what it means that the list ended here."""
        if len(self.found) == self.wanted:
            self.enough = not listing.exhausted
        elif listing.capped and not self._older_seen:
            lists = f"Reddit lists only about {CAP_POSTS:,} posts of r/{self.target.name} at a time"
            if self.by_time:
                self.trouble = ServiceError(
                    f"{lists}: those from before {self._oldest:%Y-%m-%d %H:%M} UTC cannot be had this way"
                )
            else:
                self.note = f"{lists}: all of them were read, and there may be more"

    async def _one(self) -> Thing:
        fullname = f"t3_{self.target.name}"
        refused: Refused | None = None
        try:
            things, _ = listed(await self.reader.get("api/info", {"id": fullname}))
        except Refused as error:
            refused = error
        if refused is not None:
            raise self._explained(refused)
        self.reader.link.count("page")
        post = next((data for kind, data in things if kind == "t3"), None)
        if post is None:
            raise ChatNotFound(f"Reddit has no post {fullname}, or this login may not see it")
        return post

    def _explained(self, error: ChatframesError) -> ChatframesError:
        """Return what a refusal means for what was asked for, in words."""
        if not isinstance(error, Refused):
            return error
        if error.status in (301, 302, 303, 307, 308) and self.target.name.lower().startswith("u_"):
            return ChatNotFound(f"Reddit has no profile u/{self.target.name[2:]}, or nothing was ever put on it")
        if error.status in (301, 302, 303, 307, 308):
            return ChatNotFound(
                f"Reddit has no subreddit r/{self.target.name}: check the spelling; if that is the id of a post, write "
                f"'t3_{self.target.name}'"
            )
        what = f"r/{self.target.name}" if self.target.kind == "listing" else f"the post t3_{self.target.name}"
        why = _REASONS.get(error.reason) or _STATUSES.get(error.status)
        return ChatNotFound(f"{what} {why}") if why else error


_REASONS = {
    "private": "is private: only its members can read it; set REDDIT_USERNAME and REDDIT_PASSWORD of one",
    "quarantined": "is quarantined: log in with an account that has opted in to it",
    "gold_only": "is for Reddit Premium only",
    "banned": "was banned by Reddit",
}
_STATUSES = {
    403: "may not be read with this login (HTTP 403)",
    404: "is not there (HTTP 404)",
    451: "is withheld for legal reasons (HTTP 451)",
}
