"""Define the source `Reddit`: posts of subreddits with their comments, read through Reddit's API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from ...errors import ConfigError
from ...keywords import checks_keywords
from .. import Context, code_of, freeze, plain_number
from ..addresses import tidy
from .addresses import SEARCH_SORTS, SORTS, TIME_FILTERS, TIMED, named
from .settings import NAME
from .targets import Named, Target

if TYPE_CHECKING:
    from .chat import RedditChat

__all__ = ["Reddit"]


class DefaultNumber(int):
    """A number that nobody gave: it does not prove that a range of time was read whole."""


class DefaultText(str):
    """A text that nobody gave: what an address says comes before it."""

    __slots__ = ()


DEFAULT_POSTS = DefaultNumber(50)
DEFAULT_TIME = DefaultText("all")
SHOWN_TIME = "day"  # of Reddit's own pages for "top" and "controversial", where their address does not say it


@dataclass(frozen=True, init=False)
class Reddit:
    """Posts of a subreddit (or one post) with their comments, and which days of them.

    Parameters
    ----------
    what : str
        A subreddit (``"python"``, ``"r/python"``), several as one listing (``"python+learnpython"``), the posts on
        somebody's own profile (``"u/name"``) or all of that person's (``"user/name/submitted"``), a multireddit
        (``"user/name/m/list"``), or one post: its URL, its short or share link, or its id as ``"t3_1abcd2"``. An
        address may also say an order, a time filter, a search or a comment; what it says is done.
    sort : str
        The order of the listing: ``"new"``, ``"hot"``, ``"top"``, ``"rising"``, ``"controversial"``; of a search also
        ``"relevance"`` and ``"comments"``.
    time_filter : str
        Of ``"top"``, ``"controversial"`` and searches: ``"all"``, ``"year"``, ``"month"``, ``"week"``, ``"day"`` or
        ``"hour"``.
    search : str, optional
        Only posts that match these words, as Reddit's own search understands them.
    posts : int or "all"
        At most so many posts; ``"all"`` is as many as Reddit lists, about 1,000 or fewer. Where the default number cuts
        off a range of time that was asked for, the report is "partial" and says so.
    comments : int or "all"
        So many comments of each post, the best ones as Reddit sees them; 0 is none, ``"all"`` is every one: that takes
        about a request per 100 comments.
    since, until : str, datetime.date or datetime.datetime, optional
        A bare date is that whole day in `tz`, at both ends; a datetime is that instant (a naive one is in `tz`). Reddit
        cannot be asked for a range of time. Only with ``sort="new"`` is the listing read no further than needed, and
        only a post from before `since` proves that the range was read whole. Comments come with their posts: those
        written in the range below older posts are not looked for.
    tz : str
        Time zone of bare dates and naive datetimes, an IANA name. The table itself is in UTC.

    Raises
    ------
    ConfigError
        For a `what` that names neither subreddit nor post, or says more than can be done; a sort or filter that Reddit
        does not have; or a wrong number or bound.

    Notes
    -----
    Source: https://www.reddit.com/dev/api. Reddit lists about 1,000 posts or fewer, whatever there is: that its list
    ended proves nothing, and without `since` the report is "open". One request at a time, 100 a minute in the long run.

    Examples
    --------
    >>> import chatframes as cf
    >>> cf.Reddit("r/apollo", posts=50, comments=20)
    Reddit('r/apollo')
    >>> with cf.sandbox() as world:
    ...     df = cf.fetch(cf.Reddit("r/apollo", posts="all", comments="all"), config=world.config, progress=False)
    >>> len(df)
    300
    """

    what: str
    sort: str
    time_filter: str
    search: str | None
    posts: int | Literal["all"]
    comments: int | Literal["all"]
    since: str | None
    until: str | None
    tz: str

    @checks_keywords
    def __init__(
        self,
        what: str,
        *,
        sort: str = "new",
        time_filter: str = DEFAULT_TIME,
        search: str | None = None,
        posts: int | Literal["all"] = DEFAULT_POSTS,
        comments: int | Literal["all"] = 20,
        since: str | date | datetime | None = None,
        until: str | date | datetime | None = None,
        tz: str = "UTC",
    ) -> None:
        what = tidy(what) if isinstance(what, str) else what
        if not isinstance(what, str) or not what:
            raise ConfigError(
                "Reddit(what): what must be a subreddit, or the URL or id of a post; it is empty or no text."
            )
        if search is not None and (not isinstance(search, str) or not search.strip()):
            raise ConfigError("Reddit(search=...): search must be a text that is not empty, or None for all posts.")
        if not isinstance(tz, str):
            raise ConfigError("Reddit(tz=...): tz must be the name of a time zone, such as 'Europe/Oslo'.")
        meant = named(what)
        freeze(
            self,
            what=what,
            sort=_agreed("sort", sort, meant.sort, unsaid=sort == "new"),
            time_filter=_time_filter(time_filter, meant),
            search=_agreed("search", search and search.strip(), meant.search, unsaid=search is None),
            posts=_number_or_all("posts", posts, 1),
            comments=_number_or_all("comments", comments, 0),
            since=since,
            until=until,
            tz=tz,
        )
        self._check_order(meant.target)

    def _check_order(self, meant: Target) -> None:
        sorts = SORTS if self.search is None else SEARCH_SORTS
        if self.sort not in sorts:
            raise ConfigError(f"Reddit(sort={self.sort!r}): sort must be one of {', '.join(map(repr, sorts))}.")
        if self.time_filter not in TIME_FILTERS:
            allowed = ", ".join(map(repr, TIME_FILTERS))
            raise ConfigError(f"Reddit(time_filter={self.time_filter!r}): time_filter must be one of {allowed}.")
        if self.time_filter != "all" and self.search is None and self.sort not in TIMED:
            raise ConfigError(
                f"Reddit(time_filter={self.time_filter!r}): only sort='top', sort='controversial' and searches have a "
                "time filter. For days, write since= and until=."
            )
        if meant.kind not in ("listing", "subreddit") and (self.search is not None or self.sort != "new"):
            raise ConfigError(
                f"Reddit({self.what!r}) is one post: leave out sort= and search=, which are for subreddits."
            )
        if "/" in meant.name:
            self._check_list(meant)

    def _check_list(self, meant: Target) -> None:
        """Check what can be asked of a list that is not a subreddit's."""
        if self.search is not None:
            raise ConfigError(f"Reddit({self.what!r}): Reddit searches in subreddits only: leave out search=.")
        if meant.name.endswith("/submitted") and self.sort == "rising":
            raise ConfigError(f"Reddit({self.what!r}): somebody's posts have no order 'rising': choose another sort=.")

    def __repr__(self) -> str:
        # With a range of time it matters whether somebody gave the number.
        shows_posts = (self.since or self.until) and not isinstance(self.posts, DefaultNumber)
        posts = None if shows_posts else DEFAULT_POSTS
        time = None if _implied_time(named(self.what)) else "all"
        defaults = {"sort": "new", "time_filter": time, "search": None, "posts": posts, "comments": 20}
        return code_of(self, self.what, {**defaults, "since": None, "until": None, "tz": "UTC"})

    @property
    def service(self) -> str:
        return NAME

    @property
    def label(self) -> str:
        return repr(self)

    @asynccontextmanager
    async def open(self, context: Context) -> AsyncIterator[RedditChat]:
        """Open the listing or post; it is looked up when its first page is read."""
        from .chat import RedditChat
        from .connect import connect
        from .endings import Wish
        from .listing import question
        from .resolving import resolved

        async with connect(context) as reader:
            meant = await resolved(named(self.what), reader)
            yield RedditChat(
                reader=reader,
                target=meant.target,
                named_comment=meant.comment,
                question=question(meant.target.name, self.sort, self.time_filter, self.search),
                wish=Wish(
                    posts=None if self.posts == "all" else self.posts,
                    is_default=isinstance(self.posts, DefaultNumber),
                    since=self.since is not None,
                    until=self.until is not None,
                    sort=self.sort,
                ),
                comments=None if self.comments == "all" else self.comments,
                label=self.label,
            )


def _number_or_all(name: str, value: Any, least: int) -> Any:
    number = plain_number(value)
    if number == "all" or (isinstance(number, int) and not isinstance(number, bool) and number >= least):
        return number
    raise ConfigError(f"Reddit({name}={value!r}): {name} must be a whole number, {least} or more, or 'all'.")


def _agreed(name: str, keyword: Any, in_address: str | None, *, unsaid: bool) -> Any:
    """Return what a keyword and an address say together, of which one may say nothing."""
    if in_address is None or keyword == in_address:
        return keyword
    if unsaid:
        return in_address
    raise ConfigError(f"Reddit({name}={keyword!r}): the address says {in_address!r} already: leave out one of the two.")


def _time_filter(keyword: Any, named: Named) -> Any:
    """Return the time filter; a page of "top" posts whose address says none shows those of a day."""
    unsaid = keyword is DEFAULT_TIME
    if unsaid and _implied_time(named):
        return SHOWN_TIME
    agreed = _agreed("time_filter", keyword, named.time_filter, unsaid=unsaid)
    return str(agreed) if unsaid else agreed


def _implied_time(named: Named) -> bool:
    return named.search is None and named.sort in TIMED and named.time_filter is None
