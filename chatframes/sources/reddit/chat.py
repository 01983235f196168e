"""Read one open subreddit, search or post: its posts, their comments and pictures."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

from ...errors import ServiceError
from ...model import (
    Answer,
    Attachment,
    Body,
    Event,
    Message,
    NotGiven,
    Page,
    Window,
)
from .comments import COMMENTS_AT_ONCE
from .copies import Copies
from .endings import Wish, ending
from .fields import Thing, when
from .listing import Question, listed
from .picture_pages import PicturePages
from .posts import Posts
from .reader import Reader, comment_count, final
from .resolving import comment_by_id
from .targets import Target
from .threads import Threads

UNREADABLE = "Reddit's list of posts held things without an id, or of a kind that is new: asked for twice."
_YOUNG_BELOW_OLD = "comments come with their posts: those written since then below older posts are not looked for"
LONG_RUN_REQUESTS = 60  # from this many on, a notice says beforehand how long it will take


@dataclass(slots=True)
class RedditChat:
    """An `OpenChat`."""

    reader: Reader
    target: Target
    question: Question
    wish: Wish
    comments: int | None  # of each post; None is all of them
    label: str
    named_comment: str = ""  # the id of the comment that the link to a post names
    id: str = ""
    name: str = ""
    notes: list[str] = field(default_factory=list)
    _copies: Copies = field(init=False)

    def __post_init__(self) -> None:
        self._copies = Copies(self._picture)
        self.id = self.name = self.target.name if self.target.kind == "listing" else f"t3_{self.target.name}"

    async def messages(self, window: Window) -> AsyncGenerator[Answer, None]:
        """Yield the posts, then their comments, then what of the window is covered, which is known only at the end."""
        wish = self.wish
        must_prove = wish.is_default and wish.since and wish.by_time
        posts = Posts(self.reader, self.target, self.question, wish.by_time, wish.posts, must_prove, window)
        pages_of_pictures = PicturePages()
        async for page in posts.pages():
            self._take_name(posts)
            pages_of_pictures.look_at(page.messages)
            yield page
        if posts.unreadable:
            yield NotGiven(nameless=posts.unreadable, reason=UNREADABLE)
        unread_since, trouble = [when(post) for post in posts.taken], posts.trouble
        if self.named_comment:
            asked = "comments=0 asks for none" if self.comments == 0 else "the whole post was asked for"
            self.notes.append(f"the link names the comment t1_{self.named_comment}; {asked}")
        if self.comments == 0:
            unread_since, trouble = [], None
        elif not final(trouble):
            threads = Threads(self.reader, posts.taken, self.comments)
            self._announce(threads)
            async for answer in self._with_named_comment(threads):
                if isinstance(answer, Page):
                    pages_of_pictures.look_at(answer.messages)
                yield answer
            self._note_difference(threads)
            unread_since, trouble = threads.unread_since, threads.trouble
        end = ending(posts, wish)
        young = _YOUNG_BELOW_OLD if wish.since and self.comments != 0 and self.target.kind == "listing" else None
        self.notes += filter(None, (end.note, pages_of_pictures.note, young))
        # Comments are younger than their post, so nothing of them is missing before the oldest one that lacks some.
        moments = [moment or window.since for moment in unread_since]
        if self.comments != 0 and posts.unreadable_since is not None:
            moments.append(posts.unreadable_since)
            trouble = trouble or ServiceError(
                "Reddit listed a post without an id: which comments it has cannot be known. Fetch again later."
            )
        for proof in end.answers(window, min(moments, default=None), trouble):
            yield proof

    async def _with_named_comment(self, threads: Threads) -> AsyncGenerator[Page | NotGiven, None]:
        """Yield the comments of all posts; a comment that the link names is asked for if it is not among them."""
        lacking = bool(self.named_comment)
        async for answer in threads.pages():
            if lacking and isinstance(answer, Page):
                lacking = all(message.message_id != f"t1_{self.named_comment}" for message in answer.messages)
            yield answer
        if lacking and not final(threads.trouble):
            found = await comment_by_id(self.named_comment, self.id, self.reader)
            threads.got += isinstance(found, Page)
            yield found

    async def gone(self, message_ids: Sequence[str]) -> dict[str, str]:
        """Return those of some posts and comments that were deleted or removed, as the answer to their ids says."""
        found: dict[str, str] = {}
        for start in range(0, len(message_ids), COMMENTS_AT_ONCE):
            for message in await self._by_id(message_ids[start : start + COMMENTS_AT_ONCE]):
                why = next((flag for flag in ("removed", "deleted") if flag in message.flags), None)
                if why is not None:
                    found[message.message_id] = why
        return found

    async def with_handles(self, messages: Sequence[Message]) -> AsyncGenerator[Message, None]:
        """Yield messages of an earlier call; Reddit is asked for the copy of a picture when that is gone elsewhere."""
        for message in messages:
            attachments = [
                replace(each, handle=partial(self._copy_of, message.message_id, each.source_id))
                for each in message.attachments
            ]
            yield replace(message, attachments=tuple(attachments))

    async def _copy_of(self, message_id: str, source_id: str) -> str | None:
        for message in await self._by_id([message_id]):
            for each in message.attachments:
                if each.source_id == source_id and isinstance(each.handle, str):
                    return each.handle
        return None

    async def _by_id(self, message_ids: Sequence[str]) -> list[Message]:
        answer = listed(await self.reader.get("api/info", {"id": ",".join(message_ids)}))
        self.reader.link.count("page")
        things: list[tuple[Thing, int | None]] = [
            (thing, None) for kind, thing in answer.things if kind in ("t3", "t1")
        ]
        return [message for message in self.reader.page(things).messages if message.message_id in message_ids]

    @asynccontextmanager
    async def read(self, attachment: Attachment) -> AsyncIterator[Body]:
        """Open a picture: at its own address, else the copy at the signed address in the post."""
        async with self._copies.read(attachment) as body:
            yield body

    def cache_key(self, attachment: Attachment) -> str | None:
        """Return what a picture is known by for good: its address, at Reddit's own hosts.

        There an address never shows another picture, and everybody may see it. What another host shows at an address
        today says nothing about tomorrow.
        """
        url = attachment.url
        return url if url is not None and self.reader.places.lasting(url) else None

    def _picture(self, url: str) -> AbstractAsyncContextManager[Body]:
        # Anyone can put any link into a post, so all count as foreign; and Reddit's hosts send a web page unless the
        # Accept header asks for images only.
        return self.reader.link.download(url, foreign=True, accept="image/*", dead_end=_is_placeholder)

    def _take_name(self, posts: Posts) -> None:
        """Take the id and spelling of a single subreddit, or the title of a single post, from the posts read."""
        if self.target.kind == "post" and posts.taken:
            self.name = str(posts.taken[0].get("title") or self.name)
        elif posts.subreddit is not None and posts.subreddit.get("subreddit_id"):
            self.id = str(posts.subreddit["subreddit_id"])
            self.name = str(posts.subreddit.get("subreddit") or self.name)

    def _announce(self, threads: Threads) -> None:
        """Announce before a long run how many requests it will take, and how long at Reddit's pace."""
        note = ""
        if (requests := threads.requests) >= LONG_RUN_REQUESTS:
            minutes = self.reader.account.budget.seconds_for(requests) / 60
            pace = f", about {minutes:.0f} min at the pace Reddit allows" if minutes >= 1 else ""
            note = f"{self.label}: about {requests:,} requests for comments{pace}; an interrupt keeps what was read"
        kind: Literal["notice", "messages"] = "notice" if note else "messages"
        expected = len(threads.posts) + threads.expected
        self.reader.link.emit(Event(kind, self.label, messages_expected=expected, note=note))

    def _note_difference(self, threads: Threads) -> None:
        """Add a note where the number of comments read differs from the posts' own counts."""
        counted = sum(map(comment_count, threads.posts))
        if threads.got == counted:
            return
        why = ""
        if threads.wanted is not None and threads.expected < counted:
            why = f"; comments={threads.wanted} asks for so many of each post, comments='all' for every one"
        elif threads.short == threads.looked_again and not (threads.unread or threads.missing):
            why = "; Reddit also counts some that it does not show: a second look, in another order, found none of them"
        here = f"comments: {threads.got:,} are here where the posts' num_comments add up to {counted:,}"
        self.notes.append(here + why)


def _is_placeholder(url: str) -> bool:
    # imgur redirects requests for a deleted picture to a picture that says so.
    parts = urlsplit(url)
    return parts.path == "/removed.png" and (parts.hostname or "").endswith("imgur.com")
