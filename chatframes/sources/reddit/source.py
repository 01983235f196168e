"""Define the source `Reddit`: posts of subreddits with their comments, read through Reddit's API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from ...errors import ChatNotFound, ConfigError
from ...keywords import checks_keywords
from .. import Context, code_of, freeze, plain_number
from .names import Target, target
from .settings import NAME

if TYPE_CHECKING:
    from .chat import RedditChat
    from .reader import Reader

__all__ = ["SEARCH_SORTS", "SORTS", "TIME_FILTERS", "Reddit"]

SORTS = ("new", "hot", "top", "rising", "controversial")
SEARCH_SORTS = ("new", "relevance", "hot", "top", "comments")
TIME_FILTERS = ("all", "year", "month", "week", "day", "hour")


class DefaultNumber(int):
    """A number that nobody gave: it does not prove that a range of time was read whole."""


DEFAULT_POSTS = DefaultNumber(50)


@dataclass(frozen=True, init=False)
class Reddit:
    """Posts of a subreddit (or one post) with their comments, and which days of them.

    Parameters
    ----------
    what : str
        A subreddit (``"python"``, ``"r/python"``), several as one listing (``"python+learnpython"``), the posts on
        somebody's own profile (``"u/name"``), or one post: its URL, its short or share link, or its id as
        ``"t3_1abcd2"``.
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
        For a `what` that names neither subreddit nor post, a sort or filter that Reddit does not have, or a wrong
        number or bound.

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
        time_filter: str = "all",
        search: str | None = None,
        posts: int | Literal["all"] = DEFAULT_POSTS,
        comments: int | Literal["all"] = 20,
        since: str | date | datetime | None = None,
        until: str | date | datetime | None = None,
        tz: str = "UTC",
    ) -> None:
        if not isinstance(what, str) or not what.strip():
            raise ConfigError(
                "Reddit(what): what must be a subreddit, or the URL or id of a post; it is empty or no text."
            )
        if search is not None and (not isinstance(search, str) or not search.strip()):
            raise ConfigError("Reddit(search=...): search must be a text that is not empty, or None for all posts.")
        if not isinstance(tz, str):
            raise ConfigError("Reddit(tz=...): tz must be the name of a time zone, such as 'Europe/Oslo'.")
        meant = target(what.strip())
        freeze(
            self,
            what=what.strip(),
            sort=sort,
            time_filter=time_filter,
            search=search and search.strip(),
            posts=_number_or_all("posts", posts, 1),
            comments=_number_or_all("comments", comments, 0),
            since=since,
            until=until,
            tz=tz,
        )
        self._check_order(meant)

    def _check_order(self, meant: Target) -> None:
        sorts = SORTS if self.search is None else SEARCH_SORTS
        if self.sort not in sorts:
            raise ConfigError(f"Reddit(sort={self.sort!r}): sort must be one of {', '.join(map(repr, sorts))}.")
        if self.time_filter not in TIME_FILTERS:
            allowed = ", ".join(map(repr, TIME_FILTERS))
            raise ConfigError(f"Reddit(time_filter={self.time_filter!r}): time_filter must be one of {allowed}.")
        filtered = self.search is not None or self.sort in ("top", "controversial")
        if self.time_filter != "all" and not filtered:
            raise ConfigError(
                f"Reddit(time_filter={self.time_filter!r}): only sort='top', sort='controversial' and searches have a "
                "time filter. For days, write since= and until=."
            )
        if meant.kind != "listing" and (self.search is not None or self.sort != "new"):
            raise ConfigError(
                f"Reddit({self.what!r}) is one post: leave out sort= and search=, which are for subreddits."
            )

    def __repr__(self) -> str:
        # With a range of time it matters whether somebody gave the number.
        shows_posts = (self.since or self.until) and not isinstance(self.posts, DefaultNumber)
        posts = None if shows_posts else DEFAULT_POSTS
        defaults = {"sort": "new", "time_filter": "all", "search": None, "posts": posts, "comments": 20}
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

        async with connect(context) as reader:
            meant = target(self.what)
            if meant.kind == "share":
                meant = await _target_of_share_link(meant, reader)
            yield RedditChat(
                reader=reader,
                target=meant,
                question=question(meant.name, self.sort, self.time_filter, self.search),
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


async def _target_of_share_link(share: Target, reader: Reader) -> Target:
    """Return the post or subreddit that a share link redirects to."""
    from .account import Refused

    try:
        await reader.get(share.name, {})
        location = ""
    except Refused as refused:
        location = refused.location
    try:
        destination = target(location)
    except ConfigError:
        destination = share
    if destination.kind == "share":
        raise ChatNotFound(f"The share link {share.name!r} leads to no post: open it in a browser and give that URL.")
    return destination
