"""Say what the end of a listing proves about the days that were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ...errors import ChatframesError, ServiceError
from ...model import ListEnded, Missed, Page, Window
from .posts import Posts


@dataclass(frozen=True, slots=True)
class Wish:
    """What the source says about numbers, order and days."""

    posts: int | None  # None is as many as Reddit lists
    is_default: bool  # whether nobody gave that number
    since: bool  # whether a beginning was asked for
    until: bool  # whether an end was asked for
    sort: str

    @property
    def by_time(self) -> bool:
        """Whether the list is newest first, so that a post shows how far the list has come."""
        return self.sort == "new"


@dataclass(frozen=True, slots=True)
class Ending:
    """What is proved once no more posts are read."""

    known_from: datetime  # every post of the window is known from here on; its end if that is none
    is_list_end: bool = False  # the list merely ended
    is_enough: bool = False  # what was asked for begins at `known_from`
    error: ChatframesError | None = None  # why the window was not read to its beginning
    note: str | None = None

    def answers(self, window: Window, unread: datetime | None, trouble: ChatframesError | None) -> Iterator[_Answer]:
        """Yield what is covered and what is not; from `unread` on comments are missing, because of `trouble`."""
        if self.is_list_end:
            yield ListEnded(self.known_from if self.known_from < window.until else None)
        begins = self.is_enough or (self.is_list_end and self.error is None)
        begin = self.known_from if unread is None or not begins else min(self.known_from, unread)
        until = window.until if unread is None else min(max(begin, unread), window.until)
        if begins or begin < until:
            yield Page([], Window(begin, max(begin, until)), enough=begins)
        if trouble is not None and unread is not None:
            yield Missed(Window(until, window.until), trouble)
        if self.error is not None:
            yield Missed(Window(window.since, self.known_from), self.error)


_PROVES_NOTHING = (
    "That does not prove that nothing is older: Reddit lists about 1,000 posts or fewer, whatever there is."
)
_Answer = Page | Missed | ListEnded


def ending(posts: Posts, wish: Wish) -> Ending:
    """Return what the end of the reading of posts proves."""
    known_from = posts.known_from
    if posts.trouble is not None:
        return Ending(known_from, error=posts.trouble)
    if posts.whole:
        return Ending(known_from)
    reached = f"posts={wish.posts}{', the default,' if wish.is_default else ''}"
    place = f"{known_from:%Y-%m-%d %H:%M:%S} UTC"
    note = f"{reached} was reached; posts='all' reads on, as far as Reddit lists"
    if posts.reached and not (posts.ended and posts.must_prove):
        if wish.since and not wish.by_time:
            return Ending(known_from, error=_without_order(wish), note=note)
        if wish.since and wish.is_default:
            why = f"{reached} ended the list before {place}: give posts='all' for all of them, or a number of your own."
            return Ending(known_from, error=ServiceError(why), note=note)
        if wish.until and (wish.is_default or not wish.by_time):
            return Ending(known_from, is_list_end=True, note=note)
        return Ending(known_from, is_enough=True, note=note)
    if not wish.since:
        return Ending(known_from, is_list_end=True)
    if not wish.by_time:
        return Ending(known_from, is_list_end=True, error=_without_order(wish))
    where = f"at {place}" if known_from < posts.window.until else "without a post of these days"
    return Ending(known_from, is_list_end=True, error=ServiceError(f"Reddit's list ended {where}. {_PROVES_NOTHING}"))


def _without_order(wish: Wish) -> ServiceError:
    return ServiceError(
        f"In the order sort={wish.sort!r} nothing shows whether every post of these days was listed: sort='new' reads "
        "day by day."
    )
