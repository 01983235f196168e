"""The data classes that pass from a source, through the downloader, into the table."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Status = Literal["ok", "skipped", "failed"]

# All reasons there are: transfer/ decides them (a source, before anything is asked for), and table/report_text.py has
# their words. Those in RETRYABLE are worth another try.
SKIPPED = frozenset(
    "disabled too_large too_many budget not_an_image no_bytes bad_url blocked_address blocked_port malware "
    "unscannable undecodable".split()
)
FAILED = frozenset(
    "dns connect tls timeout too_slow truncated redirect content_encoding bad_response http_4xx http_5xx gone "
    "unauthorized forbidden rate_limited locked cancelled memory disk internal".split()
)
RETRYABLE = frozenset(
    "dns connect timeout too_slow truncated bad_response http_5xx rate_limited locked cancelled memory disk".split()
)

# What an action may be: one list for all services, which docs/table.md has too.
ACTIONS = frozenset(
    "member_added member_joined member_left member_removed created renamed migrated pinned photo_changed "
    "photo_deleted photo_suggested wallpaper_changed theme_changed auto_delete protection_changed "
    "protection_requested history_cleared community_changed owner_changed owner_pending topic_created topic_edited "
    "boosted call call_started call_scheduled call_invited screenshot signed_up game_score came_near bot_allowed "
    "bot_created passport_sent contact_shared web_app_data birthday_suggested tasks_completed tasks_added "
    "poll_option_added poll_option_removed gift gift_offer gift_offer_declined prize giveaway giveaway_ended payment "
    "refund price_changed post_accepted post_rejected removed deleted locked other".split()
)


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open interval of UTC time, ``[since, until)``."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """Anything attached to a message, as the service announced it."""

    position: int
    # photo, gif, sticker, video, video_note, voice, audio, document, link_preview, file; for what has no bytes:
    # location, contact, …
    kind: str
    source_id: str  # the service's id of the content: one id, one download
    url: str | None = None
    name: str | None = None
    declared_mime: str | None = None
    declared_size: int | None = None
    width: int | None = None
    height: int | None = None
    reason: str | None = None  # why nothing needs to be asked for it: "no_bytes", "not_an_image"
    duration_ms: int | None = None  # of a video, a voice message, a song
    alt: str | None = None  # words in its place: an alternative text, a sticker's emoji, a preview's title
    handle: object = field(default=None, repr=False, compare=False)  # what the source needs to read it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attachment. `reason` is None exactly when `status` is ``ok``."""

    status: Status
    reason: str | None = None
    data: bytes | None = None  # the picture; None unless ok
    name: str | None = None
    mime: str | None = None  # from the bytes
    declared_mime: str | None = None
    size: int | None = None
    declared_size: int | None = None
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    http_status: int | None = None
    attempts: int = 0
    elapsed_ms: int | None = None
    error: str | None = None
    note: str | None = (
        None  # what is odd about a picture: no_end_mark, copy; undecodable, where it was kept all the same
    )
    elsewhere: bool = False  # a host that is not the service's own has answered: its word is not about the account


@dataclass(frozen=True, slots=True)
class ForwardedFrom:
    """The message that a forwarded message was copied from, as far as the service says."""

    chat_id: str | None = None
    message_id: str | None = None
    author_id: str | None = None
    name: str | None = None
    created_at: datetime | None = None


@dataclass(slots=True)
class Message:
    """A message, a post or a comment, before it becomes a row. Field names are the table's column names."""

    platform: str
    chat_id: str
    chat_name: str
    message_id: str
    created_at: datetime | None
    fetched_at: datetime
    kind: str = "message"
    action: str | None = None  # what happened, or was done to it; one of ACTIONS
    subjects: Sequence[str] = ()  # ids of whom the action concerns
    origin: str = "api"
    edited_at: datetime | None = None
    author_id: str | None = None
    author_name: str | None = None
    author_handle: str | None = None  # what people write when they mean the author: @name, an address
    author_kind: str = "unknown"
    title: str | None = None
    text: str = ""
    markup: str | None = None
    quote: str | None = None  # the words that a reply quotes
    parent_id: str | None = None
    parent_chat_id: str | None = None  # the chat of `parent_id`, when it is another one
    thread_id: str | None = None
    depth: int | None = None
    topic: str | None = None  # its title
    topic_id: str | None = None
    album_id: str | None = None
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)  # what it says beyond text and files; docs/table.md: keys
    reactions: tuple[tuple[str, int], ...] | None = None
    score: int | None = None
    views: int | None = None
    forwards: int | None = None
    reply_count: int | None = None
    forwarded_from: ForwardedFrom | None = None
    flags: tuple[str, ...] = ()
    permalink: str | None = None
    raw: str | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def uid(self) -> str:
        """The key of the row in any table."""
        return f"{self.platform}:{self.chat_id}:{self.message_id}"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a service: its messages, and the interval that has been read without a hole."""

    messages: list[Message]
    covered: Window | None
    enough: bool = False  # nothing older than `covered` is wanted: the limit is reached, or the chat begins here
    part: Window | None = None  # the window it was read for, when several are read at once: their pages overlap


@dataclass(frozen=True, slots=True)
class Missed:
    """A window that could not be read to its end, and the error. What its pages covered counts; other windows go on."""

    window: Window
    error: Exception


@dataclass(frozen=True, slots=True)
class ListEnded:
    """The service's list has ended, and nothing proves that nothing is older.

    Attributes
    ----------
    known_from : datetime.datetime or None
        Every message from this moment on is known; None if the list was empty.
    known_until : datetime.datetime or None
        The chat ended then, and goes on elsewhere; None where it did not.
    """

    known_from: datetime | None
    known_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotGiven:
    """Messages that the service named, or counted out, and did not give.

    Attributes
    ----------
    ids : tuple of str
        The message ids that are known.
    nameless : int
        How many more there are whose ids the service did not say.
    reason : str
        What was tried, as a sentence.
    """

    ids: tuple[str, ...] = ()
    nameless: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """An attachment being read: what the service says about it, and its raw bytes as they arrive."""

    chunks: AsyncIterator[bytes]
    http_status: int | None = None
    name: str | None = None
    declared_mime: str | None = None
    declared_size: int | None = None
    note: str | None = None  # what is odd about where it comes from: copy
    says_its_end: bool = False  # its pieces say which is the last one, so that a cut is noticed without a size


class Refusal(Exception):
    """Raised when an attachment could not be read; it becomes an `Outcome` and never reaches a user.

    `retry_after_seconds` is what the service asked to wait for this one attachment.
    """

    def __init__(
        self,
        status: Status,
        reason: str,
        error: str | None = None,
        *,
        http_status: int | None = None,
        retry_after_seconds: float | None = None,
        body: Body | None = None,
        elsewhere: bool = False,
    ) -> None:
        super().__init__(error or reason)
        self.status: Status = status
        self.reason = reason
        self.error = error
        self.http_status = http_status
        self.retry_after_seconds = retry_after_seconds
        self.body = body
        self.elsewhere = elsewhere


@dataclass(frozen=True, slots=True)
class Event:
    """Progress, a wait or a retry, to be shown to the user. Its counts are of the whole call so far.

    Attributes
    ----------
    kind : str
        What happened: start, notice, messages, image, waiting, retry or finished.
    source : str
        The source or, of waits and retries, the service.
    messages : int
        Read so far.
    messages_expected : int or None
        How many there are; None until every source has said its number, which Webex never does, and Telegram only
        of a whole chat. A service may count messages that it shows to no one.
    reading : bool
        Whether more messages may come.
    attachments_done, attachments_total : int
        Settled, and known so far; both 0 while downloading is off.
    image_bytes : int
        Of the images that are there.
    retries : int
        Requests and downloads that were repeated.
    downloads_active, downloads_limit : int
        Downloads going on in this process at the services of this call, and how many there may be.
    elapsed_seconds : float
        Since the call began.
    wait_seconds : float
        How long a service wants to be left alone, or when the next try is.
    note : str
        A sentence for the user; in the last event the report's status: complete, open, partial or failed.
    chat, chat_number, chats : str, int, int
        The name of the first chat that is not read to its end, as far as it is known, its place among the sources
        from 1, and how many sources there are. When all are read, the place is the last one.
    again : bool
        Whether an earlier call has read some of it, so that messages may be old ones that are looked at again.
    metrics : mapping or None
        How the call goes, in numbers: see docs/metrics.md. It is made anew about once a second, and for the last event.
    """

    kind: Literal["start", "notice", "messages", "image", "waiting", "retry", "finished"]
    source: str
    messages: int = 0
    messages_expected: int | None = None
    reading: bool = True
    attachments_done: int = 0
    attachments_total: int = 0
    image_bytes: int = 0
    retries: int = 0
    downloads_active: int = 0
    downloads_limit: int = 0
    elapsed_seconds: float = 0.0
    wait_seconds: float = 0.0
    note: str = ""
    chat: str = ""
    chat_number: int = 0
    chats: int = 0
    again: bool = False
    metrics: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)


Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as a listing of an account shows it."""

    id: str
    title: str
    kind: str  # group, direct, channel, ...
    last_activity: datetime | None


Answer = Page | Missed | ListEnded | NotGiven


class OpenChat(Protocol):
    """A source that has been opened: one chat, ready to be read.

    Where its service says when the chat began, it also has `begins`, a datetime or None.
    """

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def notes(self) -> list[str]:
        """What a reader of the report should know (a bot's limits, say)."""

    def messages(self, window: Window) -> AsyncGenerator[Answer, None]:
        """Yield the pages of the whole range that was asked for, in any order, each with what it covers.

        A failure is raised, or yielded as `Missed` when the rest can still be read. `ListEnded` says that nothing
        proves the end of the list, `NotGiven` that messages were named and did not come. That no more comes proves
        nothing: what no page has covered counts as not read.
        """

    def read(self, attachment: Attachment) -> AbstractAsyncContextManager[Body]:
        """Open one attachment to read its bytes; raises Refusal."""
