"""Read the wanted posts: those of a listing inside the window, up to a number, or a single post."""

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
    """Reads the posts of one window; the fields hold the result so far."""

    reader: Reader
    target: Target
    question: Question
    by_time: bool  # newest first: only in this order is it known which times are missing
    wanted: int | None
    window: Window
    taken: list[Thing] = field(default_factory=list)
    enough: bool = False  # the wanted number was reached, and there are more
    trouble: ChatframesError | None = None
    note: str | None = None
    subreddit: Thing | None = None  # a post of the listing, when all of them are of one subreddit
    _older_seen: bool = False

    async def pages(self) -> AsyncGenerator[Page, None]:
        """Yield the posts.

        Raises
        ------
        ChatNotFound, AuthError, RateLimited, ServiceError
            The first page failed. A later failure is kept in `trouble` instead.
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
                self.trouble = error
            if self.trouble is not None:
                if not self.taken:
                    raise self._explained(self.trouble)
                return
            if posts is None:
                break
            self.reader.link.count("page")
            meant = [post for post in posts if self._inside(post)]
            meant = meant[: None if self.wanted is None else self.wanted - len(self.taken)]
            self.taken += meant
            self._note_progress(posts)
            yield self.reader.page([(post, 0) for post in meant])
        self._note_end(listing)

    @property
    def covered(self) -> Window:
        """The part of the window that was read without a gap."""
        if self.trouble is None and not self.enough:
            return self.window
        if not self.by_time:
            return self.window if self.trouble is None else Window(self.window.until, self.window.until)
        return Window(max(self.window.since, self._oldest), self.window.until)

    @property
    def _oldest(self) -> datetime:
        return min((made for post in self.taken if (made := when(post)) is not None), default=self.window.until)

    def _inside(self, post: Thing) -> bool:
        made = when(post)
        return made is None or self.window.since <= made < self.window.until

    def _note_progress(self, posts: list[Thing]) -> None:
        # Pinned posts stand outside the order of time, and do not show how far the list has come.
        times = [made for post in posts if not post.get("stickied") and (made := when(post)) is not None]
        self._older_seen |= self.by_time and bool(times) and times[-1] < self.window.since
        if posts and self.target.name.lower() not in ("all", "popular") and self.target.name.isidentifier():
            self.subreddit = posts[0]

    @property
    def _done(self) -> bool:
        return len(self.taken) == self.wanted or self._older_seen

    def _note_end(self, listing: Listing) -> None:
        """Set `enough`, `trouble` or `note`, depending on why the list ended."""
        if len(self.taken) == self.wanted:
            self.enough = not listing.exhausted
        elif listing.capped and not self._older_seen:
            lists = f"Reddit lists only about {CAP_POSTS:,} posts of r/{self.target.name} at a time"
            if self.by_time:
                self.trouble = ServiceError(
                    f"{lists}: those from before {self._oldest:%Y-%m-%d %H:%M} UTC cannot be fetched this way."
                )
            else:
                self.note = f"{lists}: all of them were read, and there may be more"

    async def _single_post(self) -> Thing:
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
            raise ChatNotFound(f"Reddit has no post {fullname}, or this login may not see it: check the id.")
        return post

    def _explained(self, error: ChatframesError) -> ChatframesError:
        """Return the error that says what a refusal means for this subreddit or post."""
        if not isinstance(error, Refused):
            return error
        if error.status in (301, 302, 303, 307, 308) and self.target.name.lower().startswith("u_"):
            return ChatNotFound(
                f"Reddit has no profile u/{self.target.name[2:]}, or nothing was ever posted on it: check the spelling."
            )
        if error.status in (301, 302, 303, 307, 308):
            return ChatNotFound(
                f"Reddit has no subreddit r/{self.target.name}: check the spelling. If that is the id of a post, write "
                f"'t3_{self.target.name}'."
            )
        what = f"r/{self.target.name}" if self.target.kind == "listing" else f"The post t3_{self.target.name}"
        why = _REASONS.get(error.reason) or _STATUSES.get(error.status)
        return ChatNotFound(f"{what} {why}.") if why else error


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
