"""What a reader of the app sees is in the row: media, actions, buttons, replies, forwards."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import pytest
from help.telegram_objects import ACTIONS, LATER, MEDIA, SECRET, WHEN, Kept, document, photo, words
from telethon.tl import types as t

from chatframes.model import Message
from chatframes.sources.telegram import markup
from chatframes.sources.telegram.besides import ACTIONS as TELLERS
from chatframes.sources.telegram.buttons import KINDS as BUTTONS
from chatframes.sources.telegram.content import READERS
from chatframes.sources.telegram.peers import Peers
from chatframes.sources.telegram.rows import ChatFacts, rows
from chatframes.sources.telegram.said import money
from chatframes.table.detail_keys import DETAIL_KEYS

GROUP = ChatFacts("-1000000000500", "Games", "supergroup", "games", forum=False, bare_id=500, me_id=1)
PERSON = ChatFacts("7", "Ada", "person", "ada", forum=False, bare_id=7, me_id=1)
PEERS = Peers.of(
    [
        t.User(7, first_name="Ada", username="ada"),
        t.User(8, first_name="Bob"),
        t.User(9, first_name="Cat"),
        t.User(10, deleted=True),
    ],
    [t.Channel(600, "News", t.ChatPhotoEmpty(), WHEN, broadcast=True, username="news")],
)


def made(message: Any, chat: ChatFacts = GROUP) -> Message:
    (row,) = rows([message], PEERS, chat, WHEN, raw=False)
    return row


def said(text: str = "", chat: ChatFacts = GROUP, **fields: Any) -> Message:
    peer = t.PeerUser(7) if chat is PERSON else t.PeerChannel(500)
    return made(t.Message(42, peer, WHEN, text, **{"from_id": t.PeerUser(7), **fields}), chat)


def done(action: Any, by: int = 7, **fields: Any) -> Message:
    return made(t.MessageService(43, t.PeerChannel(500), WHEN, action=action, from_id=t.PeerUser(by), **fields))


def name(kept: Kept) -> str:
    return type(kept.thing).__name__


# --- every kind there is -----------------------------------------------------------------------------------------------


def classes(*prefixes: str) -> set[type]:
    """The classes that the installed Telethon knows."""
    return {kind for name, kind in vars(t).items() if inspect.isclass(kind) and name.startswith(prefixes)}


def test_each_kind_that_telethon_knows_has_an_object_here() -> None:
    """A new one, in a newer Telethon, fails here: read it, or say in docs/services.md why it is not kept."""
    assert {type(kept.thing) for kept in MEDIA} == classes("MessageMedia") == set(READERS)
    assert {type(kept.thing) for kept in ACTIONS} == classes("MessageAction") == set(TELLERS)
    entities = classes("MessageEntity") | {t.InputMessageEntityMentionName}
    assert markup.TAGS.keys() | markup.PLAIN == entities
    assert not markup.TAGS.keys() & markup.PLAIN
    assert classes("InlineButtonType", "ButtonType") == BUTTONS


@pytest.mark.parametrize("kept", MEDIA, ids=name)
def test_media_say_their_words_their_links_and_their_details(kept: Kept) -> None:
    row = said(media=kept.thing)
    assert (row.text, row.links, row.details) == (kept.text, kept.links, kept.details)
    assert ("partial" in row.flags) == ("unread" in kept.details)
    assert SECRET not in repr(row)


@pytest.mark.parametrize("kept", MEDIA, ids=name)
def test_words_of_media_come_below_the_caption(kept: Kept) -> None:
    assert said("Look!", media=kept.thing).text == "\n".join(["Look!", *([kept.text] if kept.text else [])])


@pytest.mark.parametrize("kept", ACTIONS, ids=name)
def test_a_service_message_says_what_happened_and_whom_it_concerns(kept: Kept) -> None:
    row = done(kept.thing)
    assert (row.kind, row.action, row.text, row.subjects) == ("service", kept.action, kept.text, kept.subjects)
    own = {"call", "gift", "payment", "prize"}
    facts = {key: value for key, value in kept.details.items() if key not in own}
    named = row.details["action"].pop("name")
    assert row.details["action"] == facts
    assert {key: value for key, value in row.details.items() if key != "action"} == {
        key: value for key, value in kept.details.items() if key in own
    }
    assert named == row.flags[0]
    assert SECRET not in repr(row)


@pytest.mark.parametrize("kept", [*MEDIA, *ACTIONS], ids=name)
def test_details_are_plain_json(kept: Kept) -> None:
    row = said(media=kept.thing) if kept in MEDIA else done(kept.thing)
    assert json.loads(json.dumps(row.details, allow_nan=False)) == row.details
    assert row.details.keys() <= DETAIL_KEYS.keys(), "docs/table.md lists every key"


def test_what_nobody_has_heard_of_is_named_and_the_row_is_partial() -> None:
    class MessageMediaHologram:
        pass

    class MessageActionTeleport:
        pass

    class MessageEntitySmell:
        offset, length = 0, 2

    class InlineButtonTypeMorse:
        pass

    row = said("Hi", media=MessageMediaHologram(), entities=[MessageEntitySmell()])
    assert row.details["unread"] == ["MessageEntitySmell", "MessageMediaHologram"]
    assert (row.text, row.flags) == ("Hi", ("partial",))
    row = done(MessageActionTeleport())
    assert (row.action, row.details["unread"]) == ("other", ["MessageActionTeleport"])
    assert row.flags == ("teleport", "partial")
    row = said("Hi", reply_markup=inline(t.KeyboardInlineButton("Tap", InlineButtonTypeMorse())))
    assert (row.details["buttons"], row.details["unread"]) == ([{"text": "Tap"}], ["InlineButtonTypeMorse"])


# --- further members of each kind --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "by", "text", "what"),
    [
        (t.MessageActionChatAddUser([7]), 7, "Ada joined", "member_joined"),
        (t.MessageActionChatAddUser([8, 9, 10]), 7, "Ada added Bob, Cat and Deleted account", "member_added"),
        (t.MessageActionChatAddUser([77]), 7, "Ada added 77", "member_added"),
        (t.MessageActionChatDeleteUser(7), 7, "Ada left", "member_left"),
        (t.MessageActionChatDeleteUser(10), 10, "Deleted account left", "member_left"),
        (t.MessageActionChatJoinedByLink(0), 8, "Bob joined by a link", "member_joined"),
        (t.MessageActionPhoneCall(1, reason=t.PhoneCallDiscardReasonMissed()), 7, "Call, missed", "call"),
        (t.MessageActionPhoneCall(1, reason=t.PhoneCallDiscardReasonBusy()), 7, "Call, declined", "call"),
        (t.MessageActionPhoneCall(1), 7, "Call", "call"),
        (t.MessageActionGroupCall(t.InputGroupCall(1, 2)), 7, "Ada started a video chat", "call_started"),
        (t.MessageActionSetMessagesTTL(0), 7, "Ada switched off the deletion of messages", "auto_delete"),
        (t.MessageActionTopicEdit(closed=False), 7, "Ada opened the topic again", "topic_edited"),
        (t.MessageActionTopicEdit(icon_emoji_id=5), 7, "Ada changed the topic's icon", "topic_edited"),
        (t.MessageActionSetChatTheme(t.ChatTheme("")), 7, "Ada took back the chat's theme", "theme_changed"),
        (t.MessageActionPaidMessagesPrice(0), 7, "Messages cost nothing now", "price_changed"),
        (t.MessageActionSuggestBirthday(t.Birthday(9, 12)), 7, "Ada suggested a birthday: 12-09", "birthday_suggested"),
        (
            t.MessageActionSuggestedPostApproval(balance_too_low=True),
            7,
            "The suggested post was not published: the balance is too low",
            "post_accepted",
        ),
    ],
)
def test_an_action_is_told_as_it_happened(action: Any, by: int, text: str, what: str) -> None:
    row = done(action, by)
    assert (row.text, row.action) == (text, what)
    assert "partial" not in row.flags


def test_a_pin_says_which_message() -> None:
    row = done(t.MessageActionPinMessage(), reply_to=t.MessageReplyHeader(reply_to_msg_id=12))
    assert (row.action, row.parent_id) == ("pinned", "12")


@pytest.mark.parametrize(
    ("currency", "amount", "price"),
    [
        ("USD", 5, "0.05 USD"),
        ("JPY", 5, "5 JPY"),
        ("KWD", 1_234, "1.234 KWD"),
        ("XTR", 5, "5 Stars"),
        ("TON", 1_000_000_000, "1 TON"),
        ("EUR", -150, "-1.50 EUR"),
        (None, 5, ""),
    ],
)
def test_a_price_is_written_in_the_currencys_own_units(currency: Any, amount: int, price: str) -> None:
    assert money(currency, amount) == price


def test_votes_that_are_hidden_are_unknown_and_not_none() -> None:
    poll = t.Poll(1, words("Which?"), [t.PollAnswer(words("A"), b"0"), t.PollAnswer(words("B"), b"1")], 0)
    told = said(media=t.MessageMediaPoll(poll, t.PollResults())).details["poll"]
    assert told["options"] == [{"text": "A", "votes": None}, {"text": "B", "votes": None}]
    assert (told["total"], told["closed"]) == (None, False)
    some = t.PollResults(results=[t.PollAnswerVoters(b"1", voters=0)], total_voters=2)
    told = said(media=t.MessageMediaPoll(poll, some)).details["poll"]
    assert [option["votes"] for option in told["options"]] == [None, 0]


def test_an_odd_answer_of_a_poll_costs_what_comes_after_it_and_no_more() -> None:
    odd = t.PollAnswer(5, b"1")
    poll = t.Poll(1, words("Which?"), [t.PollAnswer(words("A"), b"0"), odd, t.PollAnswer(words("C"), b"2")], 0)
    row = said("Vote!", media=t.MessageMediaPoll(poll, t.PollResults()))
    assert row.text == "Vote!\nWhich?\nA\nC"
    poll.answers = [poll.answers[0], t.PollAnswer(words("B"), [1])]
    row = said("Vote!", media=t.MessageMediaPoll(poll, t.PollResults()))
    assert (row.text, row.flags) == ("Vote!\nWhich?\nA\nB", ("partial",))


def test_a_place_that_is_none_and_a_number_that_is_none_cost_nothing() -> None:
    for geo in (t.GeoPointEmpty(), t.GeoPoint(float("nan"), float("inf"), 1)):
        row = said("Here", media=t.MessageMediaGeo(geo))
        assert (row.text, row.details) == ("Here", {"place": {"latitude": None, "longitude": None}})
        assert row.flags == ()


# --- links in every form -----------------------------------------------------------------------------------------------


def inline(*buttons: Any) -> Any:
    return t.ReplyInlineMarkup([t.KeyboardInlineButtonRow([button]) for button in buttons])


def test_buttons_have_their_captions_and_their_links_and_never_what_they_send_back() -> None:
    row = said(
        "New issue: x.org",
        entities=[t.MessageEntityUrl(11, 5)],
        reply_markup=inline(
            t.KeyboardInlineButton("Read on", t.InlineButtonTypeUrl("https://example.org/a")),
            t.KeyboardInlineButton("Log in", t.InlineButtonTypeUrlAuth("https://example.org/in", 1)),
            t.KeyboardInlineButton("Open", t.InlineButtonTypeWebView("https://example.org/app")),
            t.KeyboardInlineButton("Like", t.InlineButtonTypeCallback(SECRET.encode())),
            t.KeyboardInlineButton("Copy", t.InlineButtonTypeCopy("CODE-7")),
            t.KeyboardInlineButton("Ask", t.InlineButtonTypeSwitchInline("cats")),
            t.KeyboardInlineButton("Who", t.InlineButtonTypeUserProfile(8)),
        ),
    )
    assert row.links == ("x.org", "https://example.org/a", "https://example.org/in", "https://example.org/app")
    assert row.details["buttons"] == [
        {"text": "Read on", "url": "https://example.org/a"},
        {"text": "Log in", "url": "https://example.org/in"},
        {"text": "Open", "url": "https://example.org/app"},
        {"text": "Like"},
        {"text": "Copy", "copy": "CODE-7"},
        {"text": "Ask", "query": "cats"},
        {"text": "Who", "user_id": "8"},
    ]
    assert SECRET not in repr(row)
    assert row.text == "New issue: x.org"


def test_the_keyboard_of_a_bot_is_buttons_too() -> None:
    keys = [
        t.KeyboardButton("Yes", t.ButtonTypeDefault()),
        t.KeyboardButton("Shop", t.ButtonTypeSimpleWebView("https://shop.example")),
    ]
    row = said("Well?", reply_markup=t.ReplyKeyboardMarkup([t.KeyboardButtonRow(keys)]))
    assert row.details["buttons"] == [{"text": "Yes"}, {"text": "Shop", "url": "https://shop.example"}]
    assert row.links == ("https://shop.example",)
    assert said("Bye", reply_markup=t.ReplyKeyboardHide()).details == {}


def page(**fields: Any) -> Any:
    return t.MessageMediaWebPage(t.WebPage(1, "https://example.org/x", "example.org/x", 0, **fields))


@pytest.mark.parametrize("typed", ["https://example.org/x", "example.org/x", "http://example.org/x/"])
def test_a_link_that_was_typed_and_has_a_preview_is_there_once(typed: str) -> None:
    row = said(f"see {typed}", entities=[t.MessageEntityUrl(4, len(typed))], media=page())
    assert row.links == (typed,)
    assert row.details["preview"]["url"] == "https://example.org/x"


@pytest.mark.parametrize(
    ("preview", "links"),
    [
        (t.WebPageEmpty(1, "https://example.org/e"), ("https://example.org/e",)),
        (t.WebPagePending(1, WHEN, "https://example.org/p"), ("https://example.org/p",)),
        (t.WebPageEmpty(1), ()),
        (t.WebPageNotModified(), ()),
    ],
)
def test_a_preview_that_is_not_there_leaves_its_link(preview: Any, links: tuple[str, ...]) -> None:
    row = said("look", media=t.MessageMediaWebPage(preview))
    assert (row.links, row.details, row.flags) == (links, {}, ())


def test_the_picture_and_the_film_of_a_preview_are_attachments_with_its_title() -> None:
    film = document(6, "video/mp4", t.DocumentAttributeVideo(4.2, 640, 360))
    row = said("look", media=page(title="A title", photo=photo(5), document=film))
    assert [(one.kind, one.source_id, one.alt, one.duration_ms) for one in row.attachments] == [
        ("link_preview", "5", "A title", None),
        ("link_preview", "6", "A title", 4_200),
    ]


# --- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mime", "attribute", "kind", "alt", "duration_ms"),
    [
        ("image/webp", t.DocumentAttributeSticker("😂", t.InputStickerSetEmpty()), "sticker", "😂", None),
        ("image/webp", t.DocumentAttributeCustomEmoji("🛰", t.InputStickerSetEmpty()), "sticker", "🛰", None),
        ("audio/ogg", t.DocumentAttributeAudio(12, voice=True), "voice", None, 12_000),
        (
            "audio/mpeg",
            t.DocumentAttributeAudio(200, title="A song", performer="A band"),
            "audio",
            "A band – A song",
            200_000,
        ),
        ("audio/mpeg", t.DocumentAttributeAudio(200, title="A song"), "audio", "A song", 200_000),
        ("video/mp4", t.DocumentAttributeVideo(3.25, 240, 240, round_message=True), "video_note", None, 3_250),
        ("video/mp4", t.DocumentAttributeVideo(3.25, 640, 360), "video", None, 3_250),
        ("video/mp4", t.DocumentAttributeVideo(float("inf"), 640, 360), "video", None, None),
        ("video/mp4", t.DocumentAttributeVideo(-1.0, 640, 360), "video", None, None),
    ],
)
def test_a_file_says_what_it_is_how_long_it_lasts_and_its_words(
    mime: str, attribute: Any, kind: str, alt: str | None, duration_ms: int | None
) -> None:
    (found,) = said(media=t.MessageMediaDocument(document=document(5, mime, attribute))).attachments
    assert (found.kind, found.alt, found.duration_ms) == (kind, alt, duration_ms)


@pytest.mark.parametrize(("how", "kind"), [("voice", "voice"), ("round", "video_note"), ("video", "video")])
def test_what_has_destroyed_itself_is_still_told_apart(how: str, kind: str) -> None:
    (found,) = said(media=t.MessageMediaDocument(ttl_seconds=5, **{how: True})).attachments
    assert (found.kind, found.reason) == (kind, "no_bytes")


# --- replies, topics, forwards -----------------------------------------------------------------------------------------


def test_a_reply_has_the_words_it_quotes() -> None:
    reply = t.MessageReplyHeader(quote=True, reply_to_msg_id=3, quote_text="only these words", quote_offset=10)
    row = said("No", reply_to=reply)
    assert (row.quote, row.parent_id, row.parent_chat_id) == ("only these words", "3", None)


@pytest.mark.parametrize(
    ("reply", "parent_id", "chat_id"),
    [
        (t.MessageReplyHeader(reply_to_msg_id=4711, reply_to_peer_id=t.PeerChannel(600)), "4711", "-1000000000600"),
        (t.MessageReplyHeader(reply_to_msg_id=4711, reply_to_peer_id=t.PeerUser(8)), "4711", "8"),
        (
            t.MessageReplyHeader(
                reply_from=t.MessageFwdHeader(WHEN, from_id=t.PeerChannel(600), channel_post=12), quote_text="far away"
            ),
            "12",
            "-1000000000600",
        ),
        (t.MessageReplyHeader(reply_from=t.MessageFwdHeader(WHEN, from_name="Somebody hidden")), None, None),
    ],
)
def test_a_reply_to_another_chat_says_which_message_of_which_chat(
    reply: Any, parent_id: str | None, chat_id: str | None
) -> None:
    row = said("Well", reply_to=reply)
    assert (row.parent_id, row.parent_chat_id, row.flags) == (parent_id, chat_id, ("reply_elsewhere",))
    assert (row.thread_id, row.depth) == ("42", 0)
    if reply.reply_from is not None:
        assert row.details["reply"]["created_at"] == WHEN.isoformat()
        assert row.details["reply"].get("author_name") == reply.reply_from.from_name


def test_a_reply_to_a_story_says_whose_and_which() -> None:
    row = said("Wow", reply_to=t.MessageReplyStoryHeader(t.PeerUser(8), 44))
    assert (row.parent_id, row.parent_chat_id, row.flags) == (None, "8", ("reply_to_story",))
    assert row.details["reply_to_story"] == {"id": "44", "author_id": "8"}


@pytest.mark.parametrize("chat", [GROUP, PERSON], ids=["a former forum", "a private chat with a bot"])
def test_a_topic_is_what_the_message_says_also_where_the_chat_has_none(chat: ChatFacts) -> None:
    row = said("hi", chat, reply_to=t.MessageReplyHeader(forum_topic=True, reply_to_msg_id=44))
    assert (row.topic_id, row.topic, row.parent_id) == ("44", None, None)
    row = said("hi", chat, reply_to=t.MessageReplyHeader(forum_topic=True, reply_to_msg_id=50, reply_to_top_id=44))
    assert (row.topic_id, row.parent_id) == ("44", "50")


def test_history_from_another_app_says_so_with_its_own_name_and_time() -> None:
    row = said("from long ago", fwd_from=t.MessageFwdHeader(WHEN, imported=True, from_name="An old friend"))
    assert row.flags == ("imported",)
    assert row.details["imported_from"] == {"name": "An old friend", "created_at": WHEN.isoformat()}


@pytest.mark.parametrize(
    ("origin", "flags", "imported", "name"),
    [
        ({"imported": True}, ("imported",), {"created_at": WHEN.isoformat()}, None),
        ({"imported": True, "from_id": t.PeerUser(8)}, ("imported",), None, "Bob"),
        ({"from_name": "Somebody hidden"}, (), None, "Somebody hidden"),  # the same field, and no import
        ({"from_id": t.PeerUser(8), "saved_from_peer": t.PeerUser(8), "saved_from_msg_id": 4}, (), None, "Bob"),
        ({"saved_out": True, "saved_from_name": "Cat", "saved_date": WHEN}, (), None, None),
        ({"from_id": t.PeerChannel(600), "channel_post": 3, "psa_type": "covid"}, (), None, "News"),
    ],
)
def test_what_the_header_of_a_forward_means_hangs_on_its_flags(
    origin: dict[str, Any], flags: tuple[str, ...], imported: Any, name: str | None
) -> None:
    row = said("from long ago", fwd_from=t.MessageFwdHeader(WHEN, **origin))
    assert row.flags == flags
    assert ("imported_from" in row.details) == ("imported" in flags)
    if imported:
        assert row.details["imported_from"] == imported
    assert row.forwarded_from is not None
    assert (row.forwarded_from.name, row.author_id) == (name, "7")


@pytest.mark.parametrize(
    ("header", "topic", "parent"),
    [
        (t.MessageReplyHeader(reply_to_msg_id=50, reply_to_top_id=44), None, "50"),  # a thread below a post
        (t.MessageReplyHeader(reply_to_msg_id=50), None, "50"),
        (t.MessageReplyHeader(forum_topic=True, reply_to_top_id=44), "44", None),
        (None, None, None),
    ],
)
def test_only_the_header_says_whether_a_thread_is_a_topic(header: Any, topic: str | None, parent: str | None) -> None:
    for row in (said("hi", reply_to=header), done(t.MessageActionScreenshotTaken(), reply_to=header)):
        assert (row.topic_id, row.parent_id) == (topic, parent)


def test_a_forward_says_who_signed_the_original() -> None:
    origin = t.MessageFwdHeader(WHEN, from_id=t.PeerChannel(600), channel_post=3, post_author="E. Lovell")
    row = said("news", fwd_from=origin)
    assert row.details == {"original_author": "E. Lovell"}
    assert row.forwarded_from is not None
    assert row.forwarded_from.name == "News"


def test_an_author_has_the_handle_that_people_write() -> None:
    assert said("hi").author_handle == "@ada"
    assert said("hi", from_id=t.PeerUser(8)).author_handle is None
    assert said("hi", from_id=t.PeerChannel(600)).author_handle == "@news"
    assert said("hi", from_id=None).author_handle == "@games"


def test_what_others_add_to_a_message_is_there() -> None:
    row = said(
        "The moon is cheese",
        factcheck=t.FactCheck(1, country="NO", text=words("It is not: x.org", t.MessageEntityUrl(11, 5))),
        restriction_reason=[t.RestrictionReason("android", "copyright", "Not in your country")],
    )
    assert row.details == {
        "fact_check": {"text": "It is not: x.org", "country": "NO"},
        "restricted": [{"reason": "copyright", "text": "Not in your country"}],
    }
    assert row.links == ("x.org",)


def test_a_rich_message_has_the_links_of_its_buttons_and_pictures() -> None:
    rich = t.RichMessage(
        [
            t.PageBlockButtonRow([t.PageButton(t.TextPlain("Go"), t.InlineButtonTypeUrl("https://a.example"))]),
            t.PageBlockEmbed(t.PageCaption(t.TextPlain("A film"), t.TextEmpty()), url="https://b.example"),
            t.PageBlockMath("a^2"),
            t.PageBlockRelatedArticles(
                t.TextPlain("More"), [t.PageRelatedArticle("https://c.example", 1, "Title", "Description")]
            ),
            t.PageBlockUnsupported(),
        ],
        [],
        [],
    )
    row = said(rich_message=rich)
    assert row.text.split("\n") == ["Go", "A film", "a^2", "More", "Title", "Description"]
    assert row.links == ("https://a.example", "https://b.example", "https://c.example")
    assert (row.details["unread"], row.flags) == (["PageBlockUnsupported"], ("partial",))


HOSTILE = "<script>alert(1)</script>"
_PLANT: list[Callable[[], Message]] = [
    lambda: done(t.MessageActionChatEditTitle(HOSTILE)),
    lambda: done(t.MessageActionCustomAction(HOSTILE)),
    lambda: said(media=t.MessageMediaVenue(t.GeoPointEmpty(), HOSTILE, "", "", "", "")),
    lambda: said(media=t.MessageMediaContact("", HOSTILE, "", "", 0)),
    lambda: said(media=t.MessageMediaDice(1, HOSTILE)),
]


@pytest.mark.parametrize("plant", _PLANT)
def test_hostile_words_stay_words_and_make_no_markup(plant: Callable[[], Message]) -> None:
    row = plant()
    assert HOSTILE in row.text
    assert row.markup is None


def test_times_of_details_are_text() -> None:
    row = said(media=t.MessageMediaGiveaway([], 1, LATER))
    assert row.details["giveaway"]["until"] == "2026-10-08T00:00:00+00:00"
