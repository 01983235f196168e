"""Read the comments of many posts, one thread after the other: Reddit refuses two expansions at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime

from ...errors import ChatframesError, ServiceError
from ...model import NotGiven, Page
from .account import Refused
from .comments import COMMENTS_AT_ONCE, Thread
from .fields import Thing, when
from .reader import Reader, comment_count, final

FAILURES_IN_A_ROW = 3  # after so many the cause is Reddit as a whole, not a post
ASKED_AGAIN = (
    "Reddit named or hid comments that it did not give: they were asked for twice, and those whose ids are known by "
    "their ids as well."
)


@dataclass(slots=True)
class Threads:
    """Reads the comments of `posts`; the fields hold the result so far."""

    reader: Reader
    posts: list[Thing]
    wanted: int | None  # comments of each post; None is all of them
    got: int = 0
    missing: int = 0  # comments that Reddit named or hid, and did not give
    looked_again: int = 0  # posts that say they have more comments than came, and showed no other in a second look
    short: int = 0  # all posts that say so
    unread: list[Thing] = field(default_factory=list)  # posts whose comments are not all here
    unread_since: list[datetime | None] = field(default_factory=list)  # of each, when the first of those may be from
    trouble: ChatframesError | None = None

    @property
    def expected(self) -> int:
        """How many of the wanted comments there should be, by the posts' own counts."""
        return sum(self._wanted_of(post) for post in self.posts)

    @property
    def requests(self) -> int:
        """About how many requests it will take."""
        return sum(1 + self._wanted_of(post) // COMMENTS_AT_ONCE for post in self.posts)

    def _wanted_of(self, post: Thing) -> int:
        return comment_count(post) if self.wanted is None else min(self.wanted, comment_count(post))

    async def pages(self) -> AsyncGenerator[Page | NotGiven, None]:
        """Yield comments, and those that did not come; failures are kept in `unread` and `trouble`.

        Every post is looked at, whatever its num_comments says: that is a hint, which may be wrong or of yesterday.
        """
        in_a_row = 0
        for number, post in enumerate(self.posts):
            post_id = str(post.get("name")).removeprefix("t3_")
            thread = Thread(self.reader.get, self.reader.post, post_id, self.wanted, comment_count(post))
            try:
                async for comments in thread.comments():
                    self.reader.link.count("page")
                    self.got += len(comments)
                    yield self.reader.page(comments)
            except ChatframesError as error:
                in_a_row += not isinstance(error, Refused) or error.is_page
                stop = final(error) or in_a_row >= FAILURES_IN_A_ROW
                unread = self.posts[number:] if stop else [post]
                self.unread += unread
                self.unread_since += map(when, unread)
                self.trouble = error.with_traceback(None) if final(error) else self._summary(error)
                if stop:
                    return
            else:
                in_a_row = 0
                self.short += thread.got < self._wanted_of(post)
                self.looked_again += thread.looked_again
                if lacking := len(thread.missing) + thread.nameless:
                    self.missing += lacking
                    yield NotGiven(tuple(thread.missing), thread.nameless, ASKED_AGAIN)
                if thread.nameless:  # they may have replies, which nothing counts
                    self.unread.append(post)
                    times = [one for one in thread.nameless_since if one is not None]
                    is_known = times and len(times) == len(thread.nameless_since)
                    self.unread_since.append(min(times) if is_known else when(post))
                    self.trouble = self.trouble or self._summary(ServiceError("Reddit gave some without their ids."))

    def _summary(self, error: ChatframesError) -> ServiceError:
        names = ", ".join(str(post.get("name")) for post in self.unread[:5])
        more = f" and {len(self.unread) - 5:,} more" if len(self.unread) > 5 else ""
        return ServiceError(
            f"The comments of {len(self.unread):,} of {len(self.posts):,} posts are not all here ({names}{more}): "
            f"{error}"
        )
