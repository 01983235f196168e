"""Understand how people name a Telegram chat: @name, links of its apps and pages, ids, a phone, a title."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from ...errors import ConfigError
from ..addresses import Address, Reading, tidy

__all__ = ["CHANNEL_MARK", "USERNAME", "ChatName", "parse"]

CHANNEL_MARK = 1_000_000_000_000  # added to the id of a channel, before the minus
INSTEAD = "write @name, a link such as https://t.me/name, an id or a title"
_INVITATION = ("is an invitation", "accept it in a Telegram app, then write the chat's title or id")
_STORY = ("leads to a story, and stories hold no messages", "write @name for the messages of the same chat")
_FOLDER = ("is a folder of chats", "open it in a Telegram app, and name its chats one by one")
_NOTHING = ("leads to no chat", "")
_GROUP = ("holds the id of a basic group, to which no such link leads", "write the id alone, or the title")
_BEHIND = ("has more behind '#', where links to Telegram say nothing", "leave out '#' and what follows it")

_SITES = ("t.me", "telegram.me", "telegram.dog")
_WEB = ("web.telegram.org", "webk.telegram.org", "weba.telegram.org", "webz.telegram.org")
USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_SUBDOMAIN = re.compile(r"([a-z][a-z0-9_]{3,31})\.t\.me")
_NUMBER = re.compile(r"[0-9]{1,19}")
_ID = re.compile(r"-?[0-9]{1,19}")
_PHONE = re.compile(r"\+[0-9][0-9 ().-]{5,25}")
_UID = re.compile(r"telegram:(-?[0-9]{1,19})(?::([0-9]{1,19}))?")
# What stands where a name could stand, and leads to no chat; of these, subdomains are none either.
_NO_NAMES = frozenset(
    "addemoji addlist addstickers addstyle addtheme auction auth boost call confirmphone contact giftcode invoice iv "
    "joinchat login nft proxy setlanguage share socks".split()
)
_IN_A_MESSAGE = frozenset("single comment thread t embed mode".split())
_IN_A_CHAT = frozenset("thread profile boost videochat livestream voicechat".split())
# What may stand behind a parameter; behind the others nothing, or 1.
_VALUES = {"comment": r"[0-9]{1,19}", "thread": r"[0-9]{1,19}", "t": r"[0-9hms]{1,12}", "mode": "tme"}


@dataclass(frozen=True, slots=True)
class ChatName:
    """A user's text for a chat, parsed."""

    how: Literal["name", "id", "title", "me", "phone"]
    name: str
    ids: tuple[int, ...] = ()  # the marked ids it may stand for, the likeliest first
    place: str = ""  # what in the chat a link names: a message, say
    is_comment: bool = False  # whether that is a comment on a channel's post, which is in another chat

    @property
    def note(self) -> str:
        """A sentence for the report where a link names less than the chat that is read; else empty."""
        return f"the link names {self.place}; the whole chat it is in is read" if self.place else ""


def parse(chat: str) -> ChatName:
    """Parse a user's text for a chat.

    Raises
    ------
    ConfigError
        The text is an address that leads to no chat, or that says more than which chat.

    Examples
    --------
    >>> parse("https://t.me/apollo/12?single")
    ChatName(how='name', name='apollo', ids=(), place='message 12', is_comment=False)
    >>> parse("-1001234567890").ids
    (-1001234567890,)
    """
    text = tidy(chat)
    if text.lower() in ("me", "self"):
        return ChatName("me", text)
    if (uid := _UID.fullmatch(text)) is not None:
        return _placed(_id(uid[1]), uid[2] or "", "")
    address = _READING.address(text)
    if address is not None:
        return _of_address(address)
    return _plain(text) or ChatName("title", text)


def _plain(text: str) -> ChatName | None:
    """Return what a text means that is no address; None for a title."""
    if (named := re.fullmatch(r"@\s*([A-Za-z0-9_]+)(?:/([0-9]{1,19}))?", text)) is not None:
        if USERNAME.fullmatch(named[1]):
            return _placed(ChatName("name", named[1]), named[2] or "", "")
        return None
    number = text.translate({ord("\u2212"): "-", ord("\u2013"): "-"}).removeprefix("#")
    if _NUMBER.fullmatch(number.removeprefix("-")):
        return _id(number)
    digits = "+" + re.sub("[^0-9]", "", text)
    if _PHONE.fullmatch(text) and 8 <= len(digits) <= 16:  # E.164 has at most 15
        return ChatName("phone", digits)
    return None


def _id(number: str) -> ChatName:
    """Return the chat with an id, with its mark (``-100`` of channels, ``-`` of groups) or without."""
    value = int(number)
    if value < 0:
        ids = [value] if value <= -CHANNEL_MARK else [value, value - CHANNEL_MARK]
    elif value > CHANNEL_MARK:  # the minus was lost
        ids = [value, -value]
    else:
        ids = [value, -CHANNEL_MARK - value, -value]
    return ChatName("id", number, tuple(ids))


def _placed(chat: ChatName, message: str, topic: str, comment: str = "") -> ChatName:
    """Return a chat with the place in it that a link names."""
    place = f"message {message}" if message else ""
    if topic:
        place = f"{place} in topic or thread {topic}" if place else f"topic {topic}"
    if comment:
        place = f"comment {comment} on {place}"
    return replace(chat, place=place, is_comment=bool(comment))


def _is_host(host: str) -> bool:
    if host.removeprefix("www.") in _SITES or host in _WEB:
        return True
    named = _SUBDOMAIN.fullmatch(host)
    return named is not None and named[1] not in _NO_NAMES


_READING = Reading(
    argument="Telegram(chat)",
    instead=INSTEAD,
    is_host=_is_host,
    look_alike=r"t\.me|telegram\.(?:me|dog|org)",
    schemes=("tg",),
)


def _of_address(address: Address) -> ChatName:
    if address.host in _WEB:
        return _of_web(address)
    if not re.fullmatch(r"|:~:text=.*", address.fragment):  # browsers put there which words they show
        raise _READING.error(*_BEHIND)
    if address.scheme == "tg":
        return _of_app(address)
    named = _SUBDOMAIN.fullmatch(address.host)
    steps = (named[1], *address.steps) if named else address.steps
    return _of_path(steps, address.query)


def _of_path(steps: tuple[str, ...], query: Mapping[str, str]) -> ChatName:
    """Return the chat of a link to t.me."""
    word, rest = (steps[0].lower(), steps[1:]) if steps else ("", ())
    if word == "boost" and "c" in query and not rest:
        return _of_number((query["c"],), {name: value for name, value in query.items() if name != "c"})
    if word == "boost" and rest:
        return _of_name(rest, {"boost": "", **query})
    if word == "s" and rest:  # a channel's page for browsers
        return _of_name(rest, query)
    if word == "c":
        return _of_number(rest, query)
    if word in ("joinchat", "join", "addlist") or word.startswith("+"):
        return _phone(steps[0], rest, query)
    return _of_name(steps, query)


def _of_number(steps: tuple[str, ...], query: Mapping[str, str]) -> ChatName:
    """Return the chat of a link to a channel, supergroup or message by numbers alone."""
    if not steps or not _ID.fullmatch(steps[0]):
        raise _READING.error(*_NOTHING)
    return _of_message(_channel(steps[0]), steps[1:], query)


def _of_name(steps: tuple[str, ...], query: Mapping[str, str]) -> ChatName:
    """Return the chat of a link that begins with its public name."""
    first, rest = (steps[0], steps[1:]) if steps else ("", ())
    if (person := re.fullmatch(r"@id([0-9]{1,19})", first.lower())) is not None and not rest:
        return _of_message(_person(person[1]), (), query)
    if first.lower() in _NO_NAMES or not USERNAME.fullmatch(first):
        raise _READING.error(*_NOTHING)
    if rest and rest[0].lower() == "s":
        raise _READING.error(*_STORY)
    return _of_message(ChatName("name", first), rest, query)


def _phone(first: str, rest: tuple[str, ...], query: Mapping[str, str]) -> ChatName:
    """Return the person whose number a link holds behind a plus; raise where it is an invitation, or a folder."""
    if not re.fullmatch(r"\+[0-9]{7,15}", first):
        raise _invitation(first)
    return _of_message(ChatName("phone", first), rest, query)


def _invitation(word: str) -> ConfigError:
    """Return the error about an invitation, whose link begins with this word: to a chat, or to a folder of chats."""
    return _READING.error(*(_FOLDER if word.lower() == "addlist" else _INVITATION))


def _of_message(chat: ChatName, rest: tuple[str, ...], query: Mapping[str, str]) -> ChatName:
    """Return a chat with what the end of a link names in it: ``/MESSAGE`` or ``/TOPIC/MESSAGE``, and parameters."""
    if len(rest) > 2 or not all(map(_NUMBER.fullmatch, rest)):
        raise _READING.error("says more than a chat and a message")
    _READING.check_rest(query, _IN_A_MESSAGE if rest else _IN_A_CHAT)
    for name, value in query.items():
        if not re.fullmatch(_VALUES.get(name, "1?"), value):
            raise _READING.error(f"holds something behind {name!r} that says more than which chat")
    *above, message = rest or ("",)
    topic = above[0] if above else query.get("thread", "")
    return _placed(chat, message, topic, query.get("comment", ""))


def _channel(number: str) -> ChatName:
    """Return a channel or supergroup by the number that links have, without its mark as a rule."""
    bare = int(number.removeprefix("-"))
    if number.startswith("-") and bare <= CHANNEL_MARK:
        raise _READING.error(*_GROUP)
    marked = -bare if bare > CHANNEL_MARK else -CHANNEL_MARK - bare
    return ChatName("id", number, (marked,))


def _person(number: str) -> ChatName:
    return ChatName("id", number, (int(number),))


def _group(number: str) -> ChatName:
    """Return the chat that Telegram's app for Android calls by its ``chat_id``: a basic group, without its minus."""
    value = int(number)
    return _id(number) if value < 0 else ChatName("id", number, (-value, -CHANNEL_MARK - value))


# The links of Telegram's apps: for which of them, by which parameter, which chat; and the parameter of a message.
_APP_LINKS: tuple[tuple[tuple[str, ...], str, re.Pattern[str], Callable[[str], ChatName], str], ...] = (
    (("resolve", "boost"), "domain", USERNAME, partial(ChatName, "name"), "post"),
    (
        ("resolve",),
        "phone",
        re.compile(r" ?\+?[0-9]{7,15}"),
        lambda text: ChatName("phone", f"+{text.strip(' +')}"),
        "",
    ),
    (("privatepost", "boost"), "channel", _ID, _channel, "post"),
    (("openmessage",), "chat_id", _ID, _group, "message_id"),
    (("openmessage",), "user_id", _NUMBER, _person, "message_id"),
    (("user",), "id", _NUMBER, _person, ""),
)


def _of_app(address: Address) -> ChatName:
    """Return the chat of a ``tg:`` link."""
    query = dict(address.query)
    if "story" in query:
        raise _READING.error(*_STORY)
    for actions, parameter, pattern, chat, message in _APP_LINKS:
        if address.host in actions and not address.steps and pattern.fullmatch(query.get(parameter, "")):
            named = chat(query.pop(parameter))
            rest = (query.pop(message),) if message in query else ()
            return _of_message(named, rest, query)
    if address.host in ("join", "addlist"):
        raise _invitation(address.host)
    raise _READING.error(*_NOTHING)


def _of_web(address: Address) -> ChatName:
    """Return the chat that is open in Telegram's web pages: it stands after the ``#``."""
    if len(address.steps) > 1 or any(word not in ("k", "a", "z") for word in address.words) or address.query:
        raise _READING.error(*_NOTHING)
    fragment = address.fragment
    if (passed_on := re.fullmatch(r"\??tgaddr=([^&#]+)", fragment)) is not None:
        inner = _READING.address(_READING.plain(passed_on[1]))
        if inner is None or inner.host in _WEB:
            raise _READING.error(*_NOTHING)
        return _of_address(inner)
    if (old := re.fullmatch(r"/im\?p=(?:@([A-Za-z0-9_]+)|([ugcs])([0-9]{1,19})(?:_[0-9]+)?)", fragment)) is not None:
        return _of_old_web(old)
    if fragment.startswith("@"):
        return _of_name((fragment[1:],), {})
    opened = re.fullmatch(r"(-?[0-9]{1,19})(?:_([0-9]{1,19}))?", fragment)
    if opened is None:
        raise _READING.error(*_NOTHING)
    chat = _id(opened[1]) if opened[1].startswith("-") else _person(opened[1])
    return _placed(chat, "", opened[2] or "")


def _of_old_web(found: re.Match[str]) -> ChatName:
    """Return the chat of the web page of before 2021: ``#/im?p=@name``, ``u1``, ``g1``, or ``c1_hash``."""
    if found[1] is not None:
        return _of_name((found[1],), {})
    bare = int(found[3])
    return ChatName("id", found[3], ({"u": bare, "g": -bare}.get(found[2], -CHANNEL_MARK - bare),))
