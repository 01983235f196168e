"""Walk through one window of a room's list, newest first, and decide what proves that nothing is older.

A page without a next-page link proves nothing by itself: a gateway may have dropped the header, the message that the
page was to count from may be gone, or the server may have ignored the time that was asked for. So the list is asked
once more, by time, from the oldest message known. Its end is proved by an answer without a link that still holds that
message and nothing older, or by empty answers one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ...errors import ServiceError
from ...model import Message, Window
from ...windows import END_OF_TIME

IDLE_PAGES = 50  # so many pages in a row without a new item: the links lead nowhere
LOST_PLACES = 3  # so often in a row reading goes on by time after a link has led nowhere
EMPTY_ANSWERS = 2  # in a row, where nothing is known to be in them
EMPTY_ANSWERS_AGAINST_ALL = 4  # in a row, where a message that is known should have been in them
LEAST_CUT = 10  # items: no server cuts its pages off after fewer
TAIL = 6  # messages of whom one can be asked behind, should others be gone
ONE_MS = timedelta(milliseconds=1)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Listing:
    """What all walks through one room's list know of it together.

    Attributes
    ----------
    by_time : callable
        Returns the URL of the page that ends before a moment.
    behind : callable
        Returns the URL of the page behind a message, by its id.
    last_activity : datetime.datetime or None
        When the room says that something was last written.
    """

    by_time: Callable[[datetime], str]
    behind: Callable[[str], str]
    last_activity: datetime | None = None
    nothing_before: datetime = LONG_AGO  # it is proved that there is nothing older
    contradicted: datetime | None = None  # a proof from before this time on was wrong: older messages came after it
    newest_shown: list[datetime] = field(default_factory=list)  # of pages that lacked the last activity
    unproved: datetime = LONG_AGO  # nothing seems to be older, but one empty answer is no proof
    broken: bool = False  # a walk could not be led to its end: an empty answer proves nothing any more
    largest_page: int = 0  # a page of this size may be cut off, so its missing link says nothing
    _reached: datetime = END_OF_TIME  # the furthest that any walk has come
    _oldest_at_end: datetime = LONG_AGO  # the oldest message known to the walk that came to the end

    def seems_empty_before(self, edge: datetime) -> None:
        """Note an empty answer to the first request of a window."""
        self.unproved = max(self.unproved, edge)

    @property
    def unread(self) -> datetime | None:
        """Below this time the list must be walked through once more; None if its end is proved."""
        doubts = [
            when for when in (self.contradicted, self.unproved) if when is not None and when > self.nothing_before
        ]
        return max(doubts, default=None)

    def reach(self, edge: datetime) -> None:
        """Note how far down a walk has come."""
        self._reached = min(self._reached, edge)
        if edge < self._oldest_at_end:
            self.contradicted = max(self.contradicted or LONG_AGO, self.nothing_before)
            self.nothing_before = self._oldest_at_end = LONG_AGO

    def end(self, edge: datetime, oldest: datetime) -> bool:
        """Note that a walk has come to the end; False if another has come further down than its `oldest` message."""
        if self._reached < oldest:
            return False
        if edge > self.nothing_before:
            self.nothing_before, self._oldest_at_end = edge, oldest
        return True


@dataclass(slots=True)
class Walk:
    """One window: which page to ask for next, and how far down everything has been read.

    Attributes
    ----------
    url : str or None
        The next page; None at the end.
    edge : datetime.datetime
        Everything of the window from this time on has been read.
    ended : bool
        It is proved that nothing is older than `edge`, or seems so (see `Listing.unread`).
    alone : bool
        No other windows are walked through, so every end must be proved here.
    """

    listing: Listing
    window: Window
    alone: bool = False
    url: str | None = None
    edge: datetime = LONG_AGO
    ended: bool = False
    _how: str = "time"  # how the page was asked for: by time, behind a message, or by the service's own link
    _before: datetime = LONG_AGO  # what was asked for by time
    _tail: list[str] = field(default_factory=list)  # the ids of the last messages of all, the oldest last
    _anchor: str = ""  # the message that was asked behind
    _anchors: list[str] = field(default_factory=list)  # to be asked behind when the answer is empty
    _repeated: bool = False  # an answer behind a message held what stands before it
    _timed: int = 0  # requests by time since the last that was new
    _oldest: datetime = END_OF_TIME  # the earliest time of a message
    _visited: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _empty: int = 0  # answers in a row
    _idle: int = 0  # pages in a row without anything new
    _lost: int = 0  # places in a row

    def __post_init__(self) -> None:
        self.edge = self.window.until
        self._empty = int(self.alone and self.edge == self.listing.unproved)
        self._ask_by_time()

    @property
    def by_link(self) -> bool:
        """Whether the next page was named by the service's own link."""
        return self._how == "link"

    def take(self, messages: list[Message], size: int, link: str | None) -> None:
        """Take one page of `size` items and its next-page link, and choose the next request.

        Raises
        ------
        ServiceError
            The list leads nowhere, and the rest of the window cannot be read.
        """
        listing = self.listing
        new = [message for message in messages if message.message_id not in self._seen]
        self._seen.update(message.message_id for message in new)
        if new and (not self._tail or messages[-1] is new[-1]):
            ids = [message.message_id for message in messages]
            self._tail = [*(id_ for id_ in self._tail if id_ not in ids), *ids][-TAIL:]
        if self._is_stale(messages, link):
            return  # the same page is asked for again
        reached = _reached(messages, self.edge)
        moved, self.edge = reached < self.edge, min(self.edge, reached)
        listing.largest_page = max(listing.largest_page, size)
        self._idle = 0 if new or moved else self._idle + 1
        self._empty = self._empty + 1 if size == 0 else 0
        if moved or new:
            self._lost = self._timed = 0
        self._oldest = min([self._oldest, *(m.created_at for m in messages[-2:] if m.created_at is not None)])
        if moved:
            listing.reach(self.edge)
        if self.edge <= self.window.since:
            self.url = None
        elif link is not None:
            ignored = self._how == "time" and not new and self._ignored_the_time(messages)
            self._follow(link, ignored=ignored, empty=size == 0)
        elif self.edge <= listing.nothing_before:
            self._end()
        else:
            self._ask_further(messages, size, new=bool(new), moved=moved)

    def lose_place(self) -> None:
        """Go on by time: the message that a link counts from is gone, or a link leads back.

        Raises
        ------
        ServiceError
            That has happened too often in a row.
        """
        if self._how == "behind":
            self._ask_behind_another()
            return
        self._lost += 1
        if self._lost > LOST_PLACES:
            raise self._trouble(f"Webex lost its place in the list {self._lost} times")
        self._ask_by_time_or_behind()

    def _follow(self, link: str, *, ignored: bool, empty: bool) -> None:
        if self._idle > IDLE_PAGES:
            raise self._trouble("Webex's page links go on and on without a new message")
        if ignored:
            self._ask_behind()
        elif link not in self._visited:
            self._visited.add(link)
            # The link of an empty page leads on to what the request for that page was about.
            self.url, self._how = link, self._how if empty else "link"
        else:
            self.lose_place()

    def _ask_further(self, messages: list[Message], size: int, *, new: bool, moved: bool) -> None:
        """Choose the next request after a page without a link, or end the walk."""
        if new and self._how != "behind" and (moved or not self._ignored_the_time(messages)):
            self._ask_by_time()
        elif new:  # from a server that ignores the time that is asked for, or behind a pile of one moment
            self._ask_behind()
        elif self._how == "link":
            self._ask_by_time_or_behind()
        elif size == 0 and self._how == "time":
            if not self._seen and not self.alone:
                self.url, self.ended = None, True
                self.listing.seems_empty_before(self.edge)
            elif not self._seen and self._empty >= EMPTY_ANSWERS:
                if self.listing.broken:
                    raise self._trouble("Webex's list is empty here, but has contradicted itself")
                self._end()
            elif self._empty >= EMPTY_ANSWERS_AGAINST_ALL:
                self._ask_behind()
        elif size == 0:
            self._ask_behind_another()
        elif self._how == "behind":
            ids = [message.message_id for message in messages]
            known = self._tail[self._tail.index(self._anchor) :]
            self._repeated |= ids[-1:] != known[-1:] or not {*ids} <= {*known}
            if not self._repeated and not self._may_be_cut(size):
                self._end()
            else:
                self._ask_behind_another()
        elif self._ignored_the_time(messages) or self._may_be_cut(size):
            self._ask_behind()
        else:
            self._end()

    def _ask_by_time_or_behind(self) -> None:
        """Go on by time, or behind a message where that has led back to a place that leads nowhere."""
        if self._timed < 2 or not self._tail:
            self._ask_by_time()
        else:
            self._ask_behind()

    def _ask_by_time(self) -> None:
        self._timed += 1
        self._how, self._before = "time", just_after(self.edge)
        self._visited.clear()
        self.url = self.listing.by_time(self._before)

    def _ask_behind(self) -> None:
        self._repeated = False
        # Behind the last message but one, so that the last one must be in the answer.
        self._anchors = [*self._tail[:-1], *self._tail[-1:] * EMPTY_ANSWERS]
        if len(self._tail) > 1:
            self._anchors.insert(0, self._anchors.pop(len(self._tail) - 2))
        self._ask_behind_another()

    def _ask_behind_another(self) -> None:
        if not self._anchors:
            if self._repeated:
                raise self._trouble("Webex gives the same messages again and again, whatever is asked for")
            if len(self._tail) > 1:
                raise self._trouble("Webex no longer lists messages that it has just listed")
            self._end()
            return
        self._how, self._anchor = "behind", self._anchors.pop(0)
        self.url = self.listing.behind(self._anchor)

    def _end(self) -> None:
        if not self.listing.end(self.edge, min(self._oldest, self.edge)):
            raise self._trouble("Webex's list of messages ends here, although older ones have come")
        self.url, self.ended = None, True

    def _may_be_cut(self, size: int) -> bool:
        """Whether a page is as large as any, so that its last message need not be the list's last."""
        return size >= max(LEAST_CUT, self.listing.largest_page)

    def _trouble(self, what: str) -> ServiceError:
        self.listing.broken = True
        return ServiceError(f"{what}: the rest was not read. Fetch again later.")

    def _ignored_the_time(self, messages: list[Message]) -> bool:
        """Whether the messages are younger than what was asked for; one alone may have a wrong date."""
        times = [message.created_at for message in messages if message.created_at is not None]
        younger = sum(when >= self._before for when in times)
        return younger > 1 or 0 < younger == len(times)

    def _is_stale(self, messages: list[Message], link: str | None) -> bool:
        """Whether the newest page is one from before the room's last activity; false once two answers agree."""
        listing = self.listing
        last = listing.last_activity
        if last is None or self._how != "time" or self.edge < self.window.until or last >= self.edge:
            return False
        newest = max((m.created_at for m in messages if m.created_at is not None), default=LONG_AGO)
        if newest >= last - ONE_MS or (link and not messages):
            return False
        if newest in listing.newest_shown:  # the last message was deleted, say
            listing.last_activity = None
            return False
        listing.newest_shown.append(newest)
        return True


def just_after(when: datetime) -> datetime:
    """Return the moment to ask for so that messages of `when` itself are in the answer.

    It is not documented whether `before` includes that very time, so this asks for a millisecond more; the surplus is
    cut.
    """
    rounded_down = when.replace(microsecond=when.microsecond // 1000 * 1000)
    return rounded_down + ONE_MS * (1 if rounded_down == when else 2)


def _reached(messages: list[Message], edge: datetime) -> datetime:
    """Return the time from which a page is complete up to `edge`: just after the later of its last two messages.

    The last message alone may have a wrong date. The next page may hold more messages of that same millisecond.
    """
    times = [message.created_at for message in messages if message.created_at is not None][-2:]
    return min(edge, max(times) + ONE_MS) if times and max(times) < edge else edge
