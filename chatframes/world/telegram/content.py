"""One message of each kind that Telegram knows, for ``sandbox(content=True)``: see ``world/sample.py``.

Written from Telegram's schema (layer 229) and from what its apps show.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from telethon.tl import types

from ..community.people import END
from ..sample import Sample, Seen
from .attached import attached
from .happenings import HIDDEN, happenings
from .place import Place

TOPIC = 2  # the message of the first chat that opened a topic, though the chat is no forum any more
_URL, _OTHER = "https://files.apollo.example/plan?a=1&b=2", "https://wiki.apollo.example/optics"


def samples(place: Place) -> list[Sample]:
    """Everything, in the order in which it is sent: the first two are what others refer to."""
    first = [
        Sample("text", {"message": "Nothing but words."}, Seen(words=("Nothing but words.",))),
        Sample(
            "service: topic opened",
            {"action": types.MessageActionTopicCreate("Field trips", icon_color=0x6FB9F0)},
            Seen(words=("Field trips",), action="topic_created"),
        ),
    ]
    others = (_words(), _polls(), _things(place), _replies(place), _forwards(place), _buttons(), attached(place))
    return [*first, *(one for some in others for one in some), *happenings(place)]


def _text(words: str) -> Any:
    return types.TextWithEntities(words, [])


def _said(name: str, message: str, *entities: Any, **seen: Any) -> Sample:
    return Sample(name, {"message": message, "entities": list(entities) or None}, Seen(**{"words": (message,), **seen}))


def _words() -> list[Sample]:
    bold, underline = types.MessageEntityBold, types.MessageEntityUnderline
    rich = types.RichMessage([types.PageBlockParagraph(types.TextPlain("A paragraph of a long post"))], [], [])
    return [
        _said("spoiler", "It was Ben", types.MessageEntitySpoiler(7, 3), markup=("spoiler", "Ben")),
        _said("code block", "a\nb & c", types.MessageEntityPre(0, 7, "python"), markup=("a\nb &amp; c",)),
        _said(
            "overlapping",
            "one two three",
            types.MessageEntityBold(0, 7),
            types.MessageEntityItalic(4, 9),
        ),
        _said("quotation", "Said before", types.MessageEntityBlockquote(0, 11), markup=("Said before",)),
        _said("struck and underlined", "no yes", types.MessageEntityStrike(0, 2), types.MessageEntityUnderline(3, 3)),
        _said(
            "link", "the log", types.MessageEntityTextUrl(0, 7, _URL),
            links=(_URL,), markup=(_URL.replace("&", "&amp;"),),
        ),
        _said("address", f"Read {_URL} now", types.MessageEntityUrl(5, len(_URL)), links=(_URL,)),
        _said(
            "address without a scheme", "See apollo.example/x", types.MessageEntityUrl(4, 16),
            links=("apollo.example/x",),
        ),
        _said(
            "e-mail and phone", "a@apollo.example +15550100",
            types.MessageEntityEmail(0, 16), types.MessageEntityPhone(17, 9),
        ),
        _said("hashtag", "#apollo", types.MessageEntityHashtag(0, 7)),
        _said("cashtag", "$SKY", types.MessageEntityCashtag(0, 4)),
        _said("command and code", "/start x = 1", types.MessageEntityBotCommand(0, 6), types.MessageEntityCode(7, 5)),
        _said("card number", "4242 4242 4242 4242", types.MessageEntityBankCard(0, 19)),
        _said("date", "tomorrow at 9", types.MessageEntityFormattedDate(0, 13, END)),
        _said("difference", "old new", types.MessageEntityDiffDelete(0, 3), types.MessageEntityDiffInsert(4, 3)),
        _said("replaced", "new", types.MessageEntityDiffReplace(0, 3, "old")),
        _said("unknown", "odd one", types.MessageEntityUnknown(0, 3)),
        _said("three in one", "<b>&", *(kind(0, 4) for kind in (bold, types.MessageEntityItalic, underline))),
        _said("crossing, after emoji", "🚀🔭 one two", bold(5, 5), underline(9, 3)),
        _said("beyond the end", "short", bold(2, 99)),
        _said("emoji of one's own", "🛰 up", types.MessageEntityCustomEmoji(0, 2, 5368324170671202286)),
        Sample("long post", {"message": "", "rich_message": rich}, Seen(words=("A paragraph of a long post",))),
    ]  # fmt: skip


def _poll(*votes: int | None, closed: bool = False, quiz: bool = False) -> dict[str, Any]:
    lines = ("Friday", "Saturday", "Cloudy anyway")
    options = [str(number).encode() for number in range(3)]
    answers = [types.PollAnswer(_text(line), option) for line, option in zip(lines, options, strict=True)]
    poll = types.Poll(8, _text("Which night?"), answers, hash=0, closed=closed or None, quiz=quiz or None)
    counts = [
        types.PollAnswerVoters(option, voters=one, recent_voters=[])
        for option, one in zip(options, votes, strict=False)
    ]
    total = sum(one or 0 for one in votes)
    results = types.PollResults(results=counts or None, total_voters=total if counts else None)
    return {"message": "", "media": types.MessageMediaPoll(poll, results)}


def _polls() -> list[Sample]:
    words = ("Which night?", "Friday", "Saturday", "Cloudy anyway")

    def seen(votes: tuple[int | None, ...], total: int | None, *, closed: bool = False) -> Seen:
        options = [{"text": text, "votes": one} for text, one in zip(words[1:], votes, strict=True)]
        poll = {"question": words[0], "options": options, "closed": closed}
        return Seen(words=words, details={"poll": poll | ({} if total is None else {"total": total})})

    return [
        Sample("poll", _poll(3, 4, 0), seen((3, 4, 0), 7)),
        Sample("poll: closed", _poll(1, 0, 0, closed=True), seen((1, 0, 0), 1, closed=True)),
        Sample("poll: votes not shown", _poll(), seen((None, None, None), None)),
        Sample("quiz", _poll(2, 2, 1, quiz=True), seen((2, 2, 1), 5)),
        Sample("poll with words", {**_poll(1, 1, 1), "message": "Vote!"}, Seen(words=("Vote!", *words))),
    ]


def _things(place: Place) -> list[Sample]:
    geo = types.GeoPoint(long=10.75, lat=59.91, access_hash=1)
    where = {"latitude": 59.91, "longitude": 10.75}
    user = place.people[3]
    items = [types.TodoItem(1, _text("Charge batteries")), types.TodoItem(2, _text("Water plants"))]
    done = [types.TodoCompletion(1, types.PeerUser(user.id), place.when)]
    later = datetime(2026, 11, 9, tzinfo=UTC)
    cases: list[tuple[str, Any, dict[str, Any]]] = [
        ("place", types.MessageMediaGeo(geo), {"details": {"place": where}}),
        ("place that moves", types.MessageMediaGeoLive(geo, period=900), {"details": {"place": where}}),
        (
            "venue",
            types.MessageMediaVenue(geo, "Café Central", "1 Main Street", "foursquare", "id", ""),
            {
                "words": ("Café Central", "1 Main Street"),
                "details": {"place": {**where, "title": "Café Central", "address": "1 Main Street"}},
            },
        ),
        (
            "contact",
            types.MessageMediaContact("+15550100", "Hill", "Observatory", f"X-NOTE:{HIDDEN}", 0),
            {
                "words": ("Hill Observatory",),
                "details": {"contact": {"name": "Hill Observatory", "phone": "+15550100"}},
            },
        ),
        ("dice", types.MessageMediaDice(6, "🎲"), {"words": ("6",), "holds": {"dice": (6, "🎲")}}),
        ("basketball", types.MessageMediaDice(3, "🏀"), {"words": ("3",), "holds": {"dice": (3, "🏀")}}),
        (
            "invoice",
            types.MessageMediaInvoice("Star chart", "Printed, A2", "EUR", 1_900, HIDDEN),
            {"words": ("Star chart", "Printed, A2"), "holds": {"invoice": ("Star chart", "EUR")}, "hides": (HIDDEN,)},
        ),
        (
            "game",
            types.MessageMediaGame(types.Game(1, 2, "lander", "Moon lander", "Land softly", place.photo())),
            {"words": ("Moon lander", "Land softly")},
        ),
        ("story", types.MessageMediaStory(types.PeerUser(user.id), 12), {"holds": {"story": (12,)}}),
        (
            "giveaway",
            types.MessageMediaGiveaway([place.news], 3, later, prize_description="Three telescopes", months=6),
            {"words": ("Three telescopes",)},
        ),
        (
            "giveaway that ended",
            types.MessageMediaGiveawayResults(place.news, 3, 2, 0, [user.id], later, prize_description="Two maps"),
            {"words": ("Two maps",)},
        ),
        (
            "paid, not bought",
            types.MessageMediaPaidMedia(25, [types.MessageExtendedMediaPreview(w=640, h=427)]),
            {},
        ),
        (
            "to-do list",
            types.MessageMediaToDo(types.TodoList(_text("Before the launch"), items), completions=done),
            {"words": ("Before the launch", "Charge batteries", "Water plants")},
        ),
        ("live story", types.MessageMediaVideoStream(types.InputGroupCall(3, 4)), {"holds": {"video_stream": ()}}),
        ("kind this client does not know", types.MessageMediaUnsupported(), {"flags": ("partial",)}),
    ]
    return [Sample(name, {"message": "", "media": media}, Seen(**seen)) for name, media, seen in cases]


def _replies(place: Place) -> list[Sample]:
    news, user = types.PeerChannel(place.news), place.people[3]
    elsewhere = types.MessageReplyHeader(
        reply_to_msg_id=4711, reply_to_peer_id=news, quote=True, quote_text="far away",
        reply_from=types.MessageFwdHeader(place.when, from_id=news, channel_post=4711),
    )  # fmt: skip
    quoting = types.MessageReplyHeader(reply_to_msg_id=1, quote=True, quote_text="but words", quote_offset=8)
    topic = types.MessageReplyHeader(reply_to_msg_id=TOPIC, forum_topic=True)
    marked = f"-100{place.news}"
    cases: list[tuple[str, str, Any, dict[str, Any]]] = [
        ("reply", "Yes", types.MessageReplyHeader(reply_to_msg_id=1), {"parent_id": "1"}),
        ("reply that quotes", "These?", quoting, {"parent_id": "1", "quote": "but words"}),
        (
            "reply to another chat", "From there", elsewhere,
            {"parent_id": "4711", "parent_chat_id": marked, "quote": "far away"},
        ),
        (
            "reply to a story", "What a story!", types.MessageReplyStoryHeader(types.PeerUser(user.id), 44),
            {"flags": ("reply_to_story",), "parent_chat_id": str(user.id)},
        ),
        (
            "topic of a forum that was", "Still here", topic,
            {"topic": "Field trips", "topic_id": str(TOPIC)},
        ),
    ]  # fmt: skip
    return [
        Sample(name, {"message": text, "reply_to": header}, Seen(words=(text,), **seen))
        for name, text, header, seen in cases
    ]


def _forwards(place: Place) -> list[Sample]:
    long_ago, header = datetime(2019, 5, 4, tzinfo=UTC), types.MessageFwdHeader
    imported = header(long_ago, imported=True, from_name="An old friend")
    signed = header(long_ago, from_id=types.PeerChannel(place.news), channel_post=7, post_author="Dr. Ada Stern")
    cases: list[tuple[str, Any, dict[str, Any]]] = [
        ("imported", imported, {"flags": ("imported",), "holds": {"imported_from": ("An old friend",)}}),
        ("forward, signed", signed, {"details": {"original_author": "Dr. Ada Stern"}}),
    ]
    return [
        Sample(name, {"message": name, "fwd_from": forward}, Seen(words=(name,), **seen))
        for name, forward, seen in cases
    ]


def _buttons() -> list[Sample]:
    inline, row = types.KeyboardInlineButton, types.KeyboardInlineButtonRow
    read, callback = types.InlineButtonTypeUrl(_URL), types.InlineButtonTypeCallback(HIDDEN.encode())
    keys = types.ReplyInlineMarkup([
        row([inline("Read on", read), inline("Log in", types.InlineButtonTypeUrlAuth(_OTHER, 1))]),
        row([inline("Count me in", callback)]),
    ])  # fmt: skip
    buttons = [{"text": "Read on", "url": _URL}, {"text": "Log in", "url": _OTHER}, {"text": "Count me in"}]
    sends = {"message": "New issue", "reply_markup": keys}
    return [
        Sample(
            "buttons",
            sends,
            Seen(words=("New issue",), links=(_URL, _OTHER), hides=(HIDDEN,), details={"buttons": buttons}),
        )
    ]


def forum(place: Place) -> list[Sample]:
    """What is sent in the forum: two topics, and messages in them and in none."""
    opened = types.MessageActionTopicCreate
    in_optics = types.MessageReplyHeader(reply_to_msg_id=2, forum_topic=True)
    answer = types.MessageReplyHeader(reply_to_msg_id=5, reply_to_top_id=2, forum_topic=True)
    edited = types.MessageActionTopicEdit(closed=True)
    optics: dict[str, Any] = {"topic": "Optics", "topic_id": "2"}
    created = types.MessageActionChannelCreate("Everything in topics")
    return [
        Sample("service: chat made", {"action": created}, Seen(words=("Everything in topics",), action="*")),
        Sample(
            "topic: the first", {"action": opened("Optics", 1)},
            Seen(words=("Optics",), action="topic_created", **optics),
        ),
        Sample(
            "topic: another", {"action": opened("Moon & stars", 2)},
            Seen(words=("Moon & stars",), action="topic_created", topic="Moon & stars", topic_id="3"),
        ),
        Sample("no topic", {"message": "Said to all"}, Seen(words=("Said to all",), topic="General")),
        Sample("in a topic", {"message": "Flat fields", "reply_to": in_optics}, Seen(words=("Flat fields",), **optics)),
        Sample(
            "answer in a topic", {"message": "Which?", "reply_to": answer},
            Seen(words=("Which?",), parent_id="5", **optics),
        ),
        Sample("service: topic closed", {"action": edited, "reply_to": in_optics}, Seen(action="*", **optics)),
    ]  # fmt: skip
