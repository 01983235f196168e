"""The sandbox's door: starts the three services on loopback, with no account and no network."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Literal

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..words import counted, did_you_mean
from .community.people import Community
from .community.writing import MAX_IMAGES_PER_MESSAGE, build
from .reddit import contradictions as reddit_contradictions
from .reddit import faults as reddit
from .reddit.server import RedditServer
from .serving import HOST, Background
from .telegram import contradictions as telegram_contradictions
from .telegram import faults as telegram
from .telegram.login import LOGIN
from .telegram.server import TelegramServer
from .webex import contradictions as webex_contradictions
from .webex import faults as webex
from .webex.server import WebexServer

__all__ = ["World", "sandbox"]

Record = dict[str, Any]


class World:
    """A running sandbox; close it, or use it in a ``with`` block. Made by `sandbox`.

    Attributes
    ----------
    config : dict
        What chatframes needs to reach it; pass it as ``config=``.
    bot_token : str
        A Webex access token of the bot, which sees only messages that mention it.
    bot_session : str
        A Telegram session of a bot, which may read no history at all.
    login : dict
        How to log in to Telegram: ``phone`` and ``code``; ``phone_with_password`` asks for ``password`` too.
    reddit_login : dict
        A ``username`` and its ``password`` at Reddit; without them ``config`` reads as an app.
    reddit_refresh_token : str
        Another way to log in there.
    foreign_host : str
        ``host:port`` of the second server, a host that must never see a credential.
    faults : frozenset of str
        What goes wrong here.
    """

    def __init__(
        self,
        community: Community,
        messages: int,
        images: int,
        faults: frozenset[str],
        latency_ms: float,
        rate_limits: bool,
        content: bool,
    ) -> None:
        self.faults = faults
        self._community = community
        latency_seconds = latency_ms / 1000
        self._webex = WebexServer(community, faults, latency_seconds, rate_limits, content)
        self._telegram = TelegramServer(community, messages, images, faults, latency_seconds, rate_limits, content)
        self._reddit = RedditServer(community, messages, images, faults, latency_seconds, rate_limits, content)
        self._servers: dict[str, WebexServer | TelegramServer | RedditServer]
        self._servers = {"webex": self._webex, "telegram": self._telegram, "reddit": self._reddit}
        self._background = Background("chatframes-sandbox")
        self._last_stats: Record | None = None
        self._background.run(self._start())
        self.bot_session = self._telegram.bot_session
        self.login = dict(LOGIN)
        self.bot_token = self._webex.bot_token
        self.reddit_login, self.reddit_refresh_token = dict(self._reddit.login), self._reddit.refresh_token
        self.foreign_host = self._webex.foreign_host

    @property
    def config(self) -> dict[str, Any]:
        """A new plain dict for ``config=``; holds the sandbox's tokens and session."""
        here = [*self._reddit.picture_hosts, self.foreign_host]  # addresses of this machine are refused otherwise
        sections = {platform: server.config for platform, server in self._servers.items()}
        return {**sections, "downloads": {"allowed_private_hosts": here}}

    @property
    def reddit_share_links(self) -> dict[str, str]:
        """Paths of share links, and the permalinks they lead to."""
        return dict(self._reddit.world().share_links)

    @property
    def reddit_tokens(self) -> list[str]:
        """Every access token Reddit has given here."""
        return list(self._reddit.tokens)

    @cached_property
    def truth(self) -> dict[str, list[Record]]:
        """Everything there is, as plain records: ``chats``, ``people`` and ``messages`` in the table's order.

        Each record has its ``platform``. Field names are the table's columns; times are UTC. A message's ``media``
        has one record for each file: ``position, source_id, name, declared_mime, mime, size`` (bytes), ``sha256,
        is_image, width, height`` (pixels).
        """
        truths = [server.truth for server in self._servers.values()]
        merged = {name: [record for truth in truths for record in truth[name]] for name in truths[0]}
        merged["messages"].sort(key=lambda r: (r["created_at"], r["chat_id"], len(r["message_id"]), r["message_id"]))
        return merged

    def expected(
        self,
        chat: str,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        *,
        platform: Literal["webex", "telegram", "reddit"] = "webex",
    ) -> list[Record]:
        """The records of one chat of a service, by id, title, @name or r/name, from `since` up to `until`.

        A datetime `until` is not included; a bare date means that whole day in UTC. What is `withheld` is left out.

        Raises
        ------
        ConfigError
            No chat, or more than one, goes by that name.
        """
        if platform not in self._servers:
            raise ConfigError(f"sandbox: platform is one of {', '.join(self._servers)}, not {platform!r}.")
        truth = self._servers[platform].truth
        prefix = "r/" if platform == "reddit" else "@"
        names = [(record["id"], record["title"], f"{prefix}{record.get('username')}") for record in truth["chats"]]
        ids = [spellings[0] for spellings in names if chat in spellings]
        if len(ids) != 1:
            titles = ", ".join(repr(record["title"]) for record in truth["chats"])
            raise ConfigError(f"sandbox: {len(ids)} chats are called {chat!r}; give an id, or one of {titles}.")
        since, until = _instant(since, last=False), _instant(until, last=True)
        withheld = self._servers[platform].withheld
        return [
            record
            for record in truth["messages"]
            if record["chat_id"] == ids[0] and since <= record["created_at"] < until
            if (ids[0], record["message_id"]) not in withheld
        ]

    @property
    def withheld(self) -> list[Record]:
        """What exists, and no client need get, because two answers contradict each other (``contradictions.py``).

        Each record has its ``platform``, ``chat_id``, ``message_id`` and the ``fault`` that keeps it back. It stands in
        `truth`, and not in what is `expected`; a table may hold it, when it was given before it vanished. The list
        grows while clients read.
        """
        return [
            {"platform": platform, "chat_id": chat, "message_id": id_, "fault": fault}
            for platform, server in self._servers.items()
            for (chat, id_), fault in server.withheld.items()
        ]

    @property
    def edited(self) -> list[Record]:
        """What was edited while clients read: the message stands in `truth` as it was before, or came as it is here.

        Each record has its ``platform``, ``chat_id``, ``message_id``, the ``fault``, and the new ``text`` and
        ``edited_at``; a table may hold either.
        """
        return [
            {"platform": platform, "chat_id": chat, "message_id": id_, "fault": fault, "text": text, "edited_at": when}
            for platform, server in self._servers.items()
            for (chat, id_), (fault, text, when) in server.edited.items()
        ]

    def afflicted(self, fault: str, *, for_ever: bool = False) -> set[str]:
        """Return what `fault` meets here: ``source_id`` of images, or, where it strikes messages, their ids.

        Of a contradiction it is what it keeps back.

        Parameters
        ----------
        fault : str
            One of the faults this sandbox was made with.
        for_ever : bool
            Of ``item_errors``, only the messages that never heal.
        """
        if fault not in self.faults:
            raise ConfigError(
                f"sandbox: the fault {fault!r} is not switched on here: start it with sandbox(faults=[{fault!r}])."
            )
        if fault == "item_errors":
            return self._webex.broken(for_ever=for_ever)
        (server,) = (server for server in self._servers.values() if fault in server.faults)
        return server.afflicted_by(fault)

    def scan(self, link: str, *, password: bool = False) -> None:
        """Do what somebody's phone does that reads Telegram's QR code: let the login of that link in.

        Parameters
        ----------
        link : str
            ``tg://login?token=...``, of the last half minute.
        password : bool
            Let in to the account that has a password, too.

        Raises
        ------
        ConfigError
            No such link was shown here.
        """
        self._background.run(self._scan(link, password))

    async def _scan(self, link: str, password: bool) -> None:
        self._telegram.scan(link, password=password)

    def stats(self) -> Record:
        """What clients did since the start or `reset_stats`, counted at the server.

        ``requests`` by kind; ``content_gets`` and ``content_bytes`` (written) by ``source_id``;
        ``peak_downloads``, ``peak_pages``, ``peak_connections`` at once; ``open_connections``;
        ``early_requests`` that came inside a wait the server had asked for; ``foreign_credentials``,
        ``foreign_cookies``, ``api_cookies``; ``refreshes``, ``unauthorized``, ``max_people_ids``;
        ``delivered``, how often a client met each contradiction; ``messages_log``, the query of each page.

        All this is about Webex; ``telegram`` holds the counts of Telegram: ``calls`` by method; ``file_requests`` and
        ``file_bytes`` by ``source_id``; ``peak_files``, ``peak_pages``, ``peak_connections`` at once;
        ``open_connections``; ``early_requests``; ``imports`` (logins taken there) and ``handshakes`` by data centre;
        ``history_log``, for each page what was asked and the first and last message given.

        ``reddit`` holds those of Reddit: ``tokens`` asked for; ``calls`` by kind; ``picture_gets`` and
        ``picture_bytes`` by ``source_id``; ``peak_pictures``, ``peak_pages``, ``peak_connections`` at once;
        ``open_connections``; ``early_requests``; ``parallel_morechildren``, expansions that were asked for while
        another one ran; ``picture_credentials`` and ``picture_cookies`` at picture hosts; ``html_accepts``, pictures
        asked for as if they were pages; ``hostile_hits`` at a port nobody should be led to.
        Both have ``delivered`` too.
        """
        if self._last_stats is not None:
            return self._last_stats
        return self._background.run(self._stats())

    def reset_stats(self) -> None:
        """Begin to count anew."""
        if self._last_stats is None:
            self._background.run(self._reset())

    def close(self) -> None:
        """Stop the servers and the thread; `truth` and the last `stats` stay."""
        if self._last_stats is None:
            self._last_stats = self._background.run(self._stats())
            self._background.run(self._stop())
            self._background.close()

    async def _start(self) -> None:
        for server in self._servers.values():
            await server.start()

    async def _stop(self) -> None:
        for server in self._servers.values():
            await server.stop()

    async def _stats(self) -> Record:
        return {**self._webex.stats(), "telegram": self._telegram.stats(), "reddit": self._reddit.stats()}

    async def _reset(self) -> None:
        for server in self._servers.values():
            server.reset_stats()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        main = self._community.chats[0]
        images = sum(file.photo is not None for message in main.messages for file in message.files)
        ports = f"{self._webex.base_url}, telegram: {HOST}:{self._telegram.port}, reddit: {self._reddit.reddit_url}"
        state = ports if self._last_stats is None else "closed"
        faults = f", faults: {', '.join(sorted(self.faults))}" if self.faults else ""
        size = f"{len(main.messages)} messages, {images} images"
        return f"<World webex: {state}, {main.title!r}: {size}{faults}>"


@checks_keywords
def sandbox(
    *,
    messages: int = 300,
    images: int = 60,
    days: int = 30,
    seed: int = 0,
    latency_ms: float = 0,
    faults: Iterable[str] = (),
    rate_limits: bool = False,
    content: bool = False,
) -> World:
    """Start a small Webex, Telegram and Reddit on this machine, with an invented team and real photographs in them.

    The main chat of each is "Project Apollo" (at Reddit r/apollo); others are there to be listed, confused
    and found empty. Time ends at 2026-11-01T00:00:00Z, and the same arguments always give the same messages.

    Parameters
    ----------
    messages : int
        Messages in each "Project Apollo", exactly; at Reddit posts and comments.
    images : int
        Pictures attached to them, exactly; at most four for each message.
    days : int
        How many days before the end the chat begins.
    seed : int
        Another seed, other conversations.
    latency_ms : float
        Every answer waits this long, in milliseconds.
    faults : iterable of str
        What goes wrong, by name; ``faults.py`` and ``contradictions.py`` in each service's folder have the tables.
    rate_limits : bool
        Refuse bursts with 429 or FLOOD_WAIT, as a busy service does; Reddit allows 60 requests in 10 seconds.
    content : bool
        Have one more chat at each service, "Everything" (@everything, r/everything), with one message of each kind of
        content: cards, polls, places, crossposts. Its records in `truth` say which words, links and details rows hold.

    Returns
    -------
    World
        Close it, or use it in a ``with`` block.

    Raises
    ------
    ConfigError
        A number out of range, or an unknown fault.

    Examples
    --------
    >>> with sandbox(messages=20, images=4) as world:
    ...     len(world.expected("Project Apollo"))
    20
    """
    if not isinstance(content, bool):
        raise ConfigError(f"sandbox: content must be True or False, not {content!r}.")
    for name, value, least in (("messages", messages, 0), ("images", images, 0), ("days", days, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigError(f"sandbox: {name} must be a whole number, {least} or more, not {value!r}.")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ConfigError(f"sandbox: seed must be a whole number, not {seed!r}.")
    if images > (room := MAX_IMAGES_PER_MESSAGE * messages):
        raise ConfigError(
            f"sandbox: {counted(messages, 'message')} hold at most {counted(room, 'image')}, not {images}: "
            f"write images={room} or fewer, too."
        )
    if isinstance(latency_ms, bool) or not isinstance(latency_ms, int | float) or not 0 <= latency_ms <= 60_000:
        raise ConfigError(f"sandbox: latency_ms must be a number from 0 to 60000, not {latency_ms!r}.")
    return World(
        build(messages, images, days, seed), messages, images, _checked(faults), latency_ms, rate_limits, content
    )


def _checked(faults: Iterable[str]) -> frozenset[str]:
    """Return the names of faults; raises ConfigError for one that does not exist."""
    names = frozenset([faults] if isinstance(faults, str) else faults)
    contradictions = [
        *webex_contradictions.CONTRADICTIONS,
        *telegram_contradictions.CONTRADICTIONS,
        *reddit_contradictions.CONTRADICTIONS,
    ]
    fault_names = [*webex.FAULTS, *telegram.FAULTS, *reddit.FAULTS, *contradictions]
    if unknown := sorted(map(str, names - {*fault_names})):
        hint = did_you_mean(unknown[0], fault_names, f"known are {', '.join(fault_names)}.")
        raise ConfigError(f"sandbox: no fault is called {', '.join(unknown)}; {hint}")
    return names


def _instant(moment: datetime | str | None, *, last: bool) -> datetime:
    if moment is None:
        return datetime.max.replace(tzinfo=UTC) if last else datetime.min.replace(tzinfo=UTC)
    if isinstance(moment, str):
        if len(moment) == len("2026-10-01"):
            day = datetime.combine(date.fromisoformat(moment), time(), UTC)
            return day + timedelta(days=1) if last else day
        moment = datetime.fromisoformat(moment)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
