"""A Telegram message becomes a row a reader can trust, however odd the message is."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.helpers import add_surrogate
from telethon.tl import types

from chatframes.model import Attachment, ForwardedFrom, Message
from chatframes.sources.telegram import markup, media
from chatframes.sources.telegram.peers import Peers, marked_id
from chatframes.sources.telegram.rows import ChatFacts, migrated_from, rows

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
THEN = datetime(2026, 10, 1, 9, 30, 15, tzinfo=UTC)
SECRET = 0x5EC2E7_5EC2E7
REFERENCE = b"a reference of this account"

GROUP = ChatFacts("-1000000000500", "Apollo", "supergroup", None, forum=False, bare_id=500, me_id=1)
FORUM = ChatFacts("-1000000000500", "Apollo", "supergroup", None, forum=True, bare_id=500, me_id=1)
CHANNEL = ChatFacts("-1000000000600", "Apollo News", "channel", "apollo_news", forum=False, bare_id=600, me_id=1)
BASIC = ChatFacts("-70", "Old friends", "group", None, forum=False, bare_id=70, me_id=1)
PERSON = ChatFacts("7", "Ada Byron", "person", "ada", forum=False, bare_id=7, me_id=1)

PEER = {
    GROUP.chat_id: types.PeerChannel(500),
    CHANNEL.chat_id: types.PeerChannel(600),
    BASIC.chat_id: types.PeerChat(70),
    PERSON.chat_id: types.PeerUser(7),
}


PEERS = Peers.of(
    [
        types.User(1, is_self=True, first_name="Me"),
        types.User(7, first_name="Ada", last_name="Byron", username="ada"),
        types.User(8, username="nameless"),
        types.User(9, deleted=True, first_name="Was Somebody"),
        types.User(10, bot=True, first_name="Helper"),
        types.User(
            11,
            usernames=[types.Username("sold"), types.Username("one", active=True), types.Username("two", active=True)],
        ),
        types.UserEmpty(12),
    ],
    [
        types.Channel(500, "Apollo", types.ChatPhotoEmpty(), THEN, megagroup=True),
        types.Channel(600, "Apollo News", types.ChatPhotoEmpty(), THEN, broadcast=True),
        types.ChannelForbidden(601, SECRET, "Closed doors"),
        types.ChatForbidden(71, "Left"),
        types.ChatEmpty(72),
    ],
)


def said(text: str = "Hello", chat: ChatFacts = GROUP, **fields: Any) -> Any:
    return types.Message(**{"id": 42, "peer_id": PEER[chat.chat_id], "date": THEN, "message": text, **fields})


def done(action: Any, chat: ChatFacts = GROUP, **fields: Any) -> Any:
    return types.MessageService(**{"id": 43, "peer_id": PEER[chat.chat_id], "date": THEN, "action": action, **fields})


def row(message: Any, chat: ChatFacts = GROUP, *, raw: bool = False) -> Message:
    (made,) = rows([message], PEERS, chat, NOW, raw=raw)
    return made


def user(number: int) -> Any:
    return types.PeerUser(number)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def part_of(text: str, piece: str) -> dict[str, int]:
    """Offset and length of a piece, as Telegram counts them."""
    return {"offset": units(text[: text.index(piece)]), "length": units(piece)}


# --- what every row says ---------------------------------------------------------------------------------------------


def test_a_message_says_where_when_and_what() -> None:
    made = row(said("Lift-off", from_id=user(7)))
    assert made.uid == "telegram:-1000000000500:42"
    assert (made.chat_name, made.kind, made.text, made.created_at) == ("Apollo", "message", "Lift-off", THEN)
    assert (made.title, made.markup, made.edited_at, made.fetched_at) == (None, None, None, NOW)
    assert (made.links, made.mentions, made.flags, made.attachments, made.raw) == ((), (), (), (), None)


@pytest.mark.parametrize(
    ("peer", "number"),
    [
        (types.PeerUser(500), 500),
        (types.PeerChat(500), -500),
        (types.PeerChannel(500), -1_000_000_000_500),
        (types.PeerChannel(3_999_999_999), -1_003_999_999_999),
        (None, None),
    ],
)
def test_equal_ids_of_different_kinds_of_chats_stay_apart(peer: Any, number: int | None) -> None:
    assert marked_id(peer) == number


def test_the_rows_keep_the_order_they_came_in_and_deleted_ones_make_none() -> None:
    made = rows([said("b", id=2), types.MessageEmpty(3, None), said("a", id=1)], PEERS, GROUP, NOW, raw=False)
    assert [one.message_id for one in made] == ["2", "1"]


def test_an_edit_is_told_but_not_a_reaction_that_moved_the_edit_date() -> None:
    later = THEN + timedelta(hours=1)
    assert row(said(edit_date=later)).edited_at == later
    assert row(said(edit_date=later, edit_hide=True)).edited_at is None


def test_times_are_utc_and_a_missing_one_is_none() -> None:
    assert row(said(date=THEN.replace(tzinfo=None))).created_at == THEN
    assert row(said(date=None)).created_at is None
    assert row(said(date=None)).flags == ()


# --- text -----------------------------------------------------------------------------------------------------------


def test_text_is_what_was_typed_and_not_markdown_made_of_it() -> None:
    text = "  bold *stars* _lines_ \n"
    made = row(said(text, entities=[types.MessageEntityBold(**part_of(text, "bold"))]))
    assert made.text == text
    assert made.markup == "  <strong>bold</strong> *stars* _lines_ \n"


def test_a_message_without_text_has_an_empty_one() -> None:
    assert row(said(None)).text == ""
    assert row(said("")).text == ""


def test_links_and_mentions_are_cut_right_after_emoji() -> None:
    text = "🚀🚀 see x.org/a?b=1&c=2 and the paper, @ada and Grace 👩‍🚀"
    made = row(
        said(
            text,
            entities=[
                types.MessageEntityUrl(**part_of(text, "x.org/a?b=1&c=2")),
                types.MessageEntityTextUrl(**part_of(text, "the paper"), url="https://example.org/p"),
                types.MessageEntityMention(**part_of(text, "@ada")),
                types.MessageEntityMentionName(**part_of(text, "Grace"), user_id=8),
            ],
        )
    )
    assert made.links == ("x.org/a?b=1&c=2", "https://example.org/p")
    assert made.mentions == ("@ada", "8")
    assert made.markup is not None
    assert '<a href="https://example.org/p">the paper</a>' in made.markup
    assert '<a href="tg://user?id=8">Grace</a> 👩‍🚀' in made.markup


def test_links_come_in_the_order_of_the_text_whatever_the_order_of_the_entities() -> None:
    text = "a.org b.org"
    entities = [types.MessageEntityUrl(**part_of(text, piece)) for piece in ("b.org", "a.org")]
    assert row(said(text, entities=entities)).links == ("a.org", "b.org")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " JaVa\tScript:alert(1)", "data:text/html,<script>", "vbscript:x"]
)
def test_a_link_that_would_run_something_is_listed_but_never_becomes_html(url: str) -> None:
    text = "press here"
    made = row(said(text, entities=[types.MessageEntityTextUrl(**part_of(text, "here"), url=url)]))
    assert made.links == (url,)
    assert made.markup == "press here"


def test_words_of_a_sender_cannot_become_code_in_the_html() -> None:
    text = '<script>x</script> print(1) a.org"onclick="evil'
    made = row(
        said(
            text,
            entities=[
                types.MessageEntityPre(**part_of(text, "print(1)"), language="py'><img src=x onerror=alert(1)>"),
                types.MessageEntityUrl(**part_of(text, 'a.org"onclick="evil')),
            ],
        )
    )
    assert made.markup is not None
    tags = re.findall(r"<[^>]*>", made.markup)
    assert [tag.split()[0].strip("<>") for tag in tags] == ["pre", "code", "/code", "/pre"]
    assert "'" not in tags[1].removeprefix("<code class='").removesuffix("'>")
    assert made.links == ('a.org"onclick="evil',)


def test_an_entity_that_cuts_an_emoji_in_half_costs_the_html_and_nothing_else() -> None:
    text = "😀 x.org"
    broken = types.MessageEntityBold(offset=1, length=3)
    made = row(said(text, entities=[broken, types.MessageEntityUrl(**part_of(text, "x.org"))]))
    assert (made.text, made.links) == (text, ("x.org",))
    assert made.flags == ()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SPANS = st.tuples(st.integers(-5, 80) | st.just(2**31 - 1), st.integers(-5, 80) | st.just(2**31 - 1))
MAKERS = [
    lambda offset, length: types.MessageEntityBold(offset, length),
    lambda offset, length: types.MessageEntityUrl(offset, length),
    lambda offset, length: types.MessageEntityMention(offset, length),
    lambda offset, length: types.MessageEntityEmail(offset, length),
    lambda offset, length: types.MessageEntityTextUrl(offset, length, "https://example.org/?a=1&b=2"),
    lambda offset, length: types.MessageEntityMentionName(offset, length, 7),
    lambda offset, length: types.MessageEntityBlockquote(offset, length),
    lambda offset, length: types.MessageEntityPre(offset, length, "python"),
    lambda offset, length: types.MessageEntityUnknown(offset, length),
]
ENTITIES = st.lists(st.builds(lambda make, span: make(*span), st.sampled_from(MAKERS), SPANS), max_size=8)


@given(TEXTS, ENTITIES)
def test_no_entities_whatever_cost_a_row_or_a_letter(text: str, entities: list[Any]) -> None:
    made = row(said(text, entities=entities))
    assert (made.text, made.message_id, made.flags) == (text, "42", ())
    for value in (made.text, made.markup or "", *made.links, *made.mentions):
        value.encode("utf-8")  # no half of a character got out


@given(TEXTS, st.data())
def test_a_piece_of_text_is_the_one_telegram_means(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    entity = types.MessageEntityUrl(units(text[:start]), units(text[start:end]))
    assert add_surrogate(text)[entity.offset : entity.offset + entity.length] == add_surrogate(text[start:end])
    assert markup.links(markup.slices(text, [entity])) == ((text[start:end],) if start < end else ())


@given(TEXTS, st.lists(SPANS, max_size=5))
def test_the_html_holds_every_letter_of_the_text(text: str, spans: list[tuple[int, int]]) -> None:
    made = row(said(text, entities=[types.MessageEntityItalic(*span) for span in spans]))
    if made.markup is not None:
        assert html.unescape(re.sub(r"</?em>", "", made.markup)) == text


def poll(*answers: str, question: str = "When?", shown: Any = None, **fields: Any) -> Any:
    made = [
        types.PollAnswer(types.TextWithEntities(answer, []), bytes([number])) for number, answer in enumerate(answers)
    ]
    body = types.Poll(1, types.TextWithEntities(question, []), made, 0)
    return types.MessageMediaPoll(body, types.PollResults(total_voters=9), shown, **fields)


def test_a_poll_is_its_question_and_its_answers_line_by_line() -> None:
    made = row(said("", media=poll("Monday", "Tuesday")))
    assert made.text == "When?\nMonday\nTuesday"
    assert made.attachments == ()


def test_words_above_a_poll_come_before_it() -> None:
    assert row(said("Please vote", media=poll("Now"))).text == "Please vote\nWhen?\nNow"


def test_a_to_do_list_is_its_title_and_its_items() -> None:
    items = [types.TodoItem(number, types.TextWithEntities(word, [])) for number, word in enumerate(("fuel", "food"))]
    made = row(said("", media=types.MessageMediaToDo(types.TodoList(types.TextWithEntities("Pack", []), items))))
    assert (made.text, made.attachments) == ("Pack\nfuel\nfood", ())


def test_a_rich_message_says_its_words_links_and_pictures() -> None:
    plain = types.TextPlain
    linked = types.TextConcat([plain("see "), types.TextUrl(types.TextBold(plain("this")), "https://example.org", 0)])
    rich = types.RichMessage(
        blocks=[
            types.PageBlockTitle(plain("Launch")),
            types.PageBlockParagraph(linked),
            types.PageBlockList([types.PageListItemText(plain("fuel")), types.PageListItemText(plain("food"))]),
            types.PageBlockDetails([types.PageBlockParagraph(plain("inside"))], plain("More")),
            types.PageBlockPhoto(77, types.PageCaption(plain("the pad"), types.TextEmpty())),
            types.PageBlockDivider(),
        ],
        photos=[photo(77)],
        documents=[document(78, "image/png")],
    )
    made = row(said("", rich_message=rich))
    assert made.text.split("\n") == ["Launch", "see this", "fuel", "food", "More", "inside", "the pad"]
    assert made.links == ("https://example.org",)
    assert [found.source_id for found in made.attachments] == ["77", "78"]


# --- who --------------------------------------------------------------------------------------------------------------


def author(message: Any, chat: ChatFacts = GROUP) -> tuple[str | None, str | None, str]:
    made = row(message, chat)
    return made.author_id, made.author_name, made.author_kind


@pytest.mark.parametrize(
    ("number", "name", "kind"),
    [
        (7, "Ada Byron", "person"),
        (8, "nameless", "person"),
        (9, None, "deleted"),
        (10, "Helper", "bot"),
        (11, "one", "person"),
        (12, None, "unknown"),
        (99, None, "unknown"),
    ],
)
def test_an_author_has_the_name_that_came_with_the_page(number: int, name: str | None, kind: str) -> None:
    assert author(said(from_id=user(number))) == (str(number), name, kind)


def test_a_post_is_by_its_channel() -> None:
    assert author(said(chat=CHANNEL, post=True), CHANNEL) == (CHANNEL.chat_id, "Apollo News", "channel")


def test_a_signed_post_names_who_signed_it() -> None:
    post = said(chat=CHANNEL, post=True, post_author="E. Lovell")
    assert author(post, CHANNEL) == (CHANNEL.chat_id, "E. Lovell", "channel")


def test_an_anonymous_admin_is_the_group() -> None:
    assert author(said(from_id=types.PeerChannel(500))) == (GROUP.chat_id, "Apollo", "channel")
    assert author(said()) == (GROUP.chat_id, "Apollo", "channel")


def test_a_channel_that_writes_in_a_group_keeps_its_name() -> None:
    assert author(said(from_id=types.PeerChannel(601))) == ("-1000000000601", "Closed doors", "channel")


def test_a_group_one_has_left_keeps_its_name() -> None:
    assert author(said(from_id=types.PeerChat(71))) == ("-71", "Left", "channel")


def test_in_a_private_chat_it_is_the_other_one_or_oneself() -> None:
    assert author(said(chat=PERSON), PERSON) == ("7", "Ada Byron", "person")
    assert author(said(chat=PERSON, out=True), PERSON) == ("1", "Me", "person")


def test_the_chat_has_its_name_even_when_the_page_did_not_bring_it() -> None:
    (made,) = rows([said(chat=CHANNEL, post=True)], Peers(), CHANNEL, NOW, raw=False)
    assert (made.author_name, made.author_kind) == ("Apollo News", "channel")


def test_people_of_an_earlier_page_are_still_known_and_a_newer_name_wins() -> None:
    peers = Peers.of([types.User(7, first_name="Ada"), types.User(8, first_name="Bea")], [])
    peers.add([types.User(7, first_name="Augusta")], [])
    made = rows([said(from_id=user(7)), said(from_id=user(8))], peers, GROUP, NOW, raw=False)
    assert [one.author_name for one in made] == ["Augusta", "Bea"]


# --- where it belongs ---------------------------------------------------------------------------------------------------


def place(reply: Any, chat: ChatFacts = GROUP, **fields: Any) -> tuple[str | None, str | None, int | None, str | None]:
    made = row(said(chat=chat, reply_to=reply, **fields), chat)
    return made.parent_id, made.thread_id, made.depth, made.topic_id


def test_a_message_of_its_own_is_its_own_thread() -> None:
    assert place(None) == (None, "42", 0, None)


def test_a_reply_names_what_it_answers_and_leaves_the_root_to_the_table() -> None:
    assert place(types.MessageReplyHeader(reply_to_msg_id=40)) == ("40", None, None, None)


def test_a_reply_in_a_thread_knows_its_root() -> None:
    assert place(types.MessageReplyHeader(reply_to_msg_id=40, reply_to_top_id=30)) == ("40", "30", None, None)


def test_an_ordinary_post_of_a_topic_answers_nobody() -> None:
    reply = types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=5)
    assert place(reply, FORUM) == (None, "42", 0, "5")


def test_a_reply_in_a_topic_answers_a_message_and_stays_in_the_topic() -> None:
    reply = types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=40, reply_to_top_id=5)
    assert place(reply, FORUM) == ("40", None, None, "5")


def test_what_stands_in_no_topic_of_a_forum_is_in_the_general_one() -> None:
    assert place(None, FORUM) == (None, "42", 0, "1")
    assert place(types.MessageReplyHeader(reply_to_msg_id=40), FORUM) == ("40", None, None, "1")


def test_a_topic_begins_with_the_message_that_opened_it() -> None:
    made = row(done(types.MessageActionTopicCreate("Food", 0)), FORUM)
    assert (made.topic_id, made.topic) == ("43", "Food")


def test_a_reply_to_another_chat_has_its_parent_there_and_says_so() -> None:
    reply = types.MessageReplyHeader(reply_to_msg_id=40, reply_to_peer_id=types.PeerChannel(600))
    assert place(reply) == ("40", "42", 0, None)
    made = row(said(reply_to=reply))
    assert (made.parent_chat_id, made.flags) == ("-1000000000600", ("reply_elsewhere",))


def test_a_reply_that_names_its_own_chat_is_an_ordinary_one() -> None:
    reply = types.MessageReplyHeader(reply_to_msg_id=40, reply_to_peer_id=types.PeerChannel(500))
    assert place(reply) == ("40", None, None, None)
    assert row(said(reply_to=reply)).flags == ()


def test_a_reply_to_a_story_has_no_parent() -> None:
    assert place(types.MessageReplyStoryHeader(user(7), 3)) == (None, "42", 0, None)


def test_a_quote_of_a_chat_nobody_may_see_is_a_reply_elsewhere() -> None:
    reply = types.MessageReplyHeader(reply_from=types.MessageFwdHeader(THEN, from_name="Somebody"), quote_text="so")
    assert place(reply) == (None, "42", 0, None)
    assert row(said(reply_to=reply)).flags == ("reply_elsewhere",)


def test_an_album_is_one_row_per_picture_with_one_id() -> None:
    big = 13_579_246_801_357_924_680  # above 2**53: a float would lose its end
    album = [
        said("caption", media=picture(photo(1)), grouped_id=big),
        said("", media=picture(photo(2)), grouped_id=big),
    ]
    made = rows(album, PEERS, GROUP, NOW, raw=False)
    assert [one.album_id for one in made] == [str(big), str(big)]
    assert [one.text for one in made] == ["caption", ""]
    assert [[found.source_id for found in one.attachments] for one in made] == [["1"], ["2"]]


# --- what became of it --------------------------------------------------------------------------------------------------


def test_views_forwards_and_replies_are_as_told_or_unknown() -> None:
    made = row(said(views=5, forwards=0, replies=types.MessageReplies(3, 0)))
    assert (made.views, made.forwards, made.reply_count) == (5, 0, 3)
    made = row(said())
    assert (made.views, made.forwards, made.reply_count) == (None, None, None)


def test_reactions_keep_their_counts_and_none_is_not_unknown() -> None:
    given_by_people = types.MessageReactions(
        [
            types.ReactionCount(types.ReactionEmoji("👍"), 3),
            types.ReactionCount(types.ReactionCustomEmoji(2**62), 2),
            types.ReactionCount(types.ReactionPaid(), 50),
            types.ReactionCount(types.ReactionEmpty(), 1),
        ]
    )
    assert row(said(reactions=given_by_people)).reactions == (("👍", 3), (f"custom:{2**62}", 2), ("paid", 50))
    assert row(said()).reactions == ()


def test_a_forwarded_message_says_where_it_first_stood() -> None:
    origin = types.MessageFwdHeader(THEN, from_id=types.PeerChannel(600), channel_post=12)
    assert row(said(fwd_from=origin)).forwarded_from == ForwardedFrom(CHANNEL.chat_id, "12", None, "Apollo News", THEN)


def test_a_forwarded_message_of_a_person_says_who() -> None:
    origin = types.MessageFwdHeader(THEN, from_id=user(7))
    assert row(said(fwd_from=origin)).forwarded_from == ForwardedFrom(None, None, "7", "Ada Byron", THEN)


def test_a_forward_of_somebody_hidden_has_a_name_only() -> None:
    origin = types.MessageFwdHeader(THEN, from_name="Somebody")
    assert row(said(fwd_from=origin)).forwarded_from == ForwardedFrom(None, None, None, "Somebody", THEN)


def test_what_is_odd_about_a_message_is_flagged_in_one_order() -> None:
    message = said(
        pinned=True,
        noforwards=True,
        media=types.MessageMediaPhoto(spoiler=True, photo=photo()),
        restriction_reason=[types.RestrictionReason("all", "terms", "no")],
        reply_to=types.MessageReplyHeader(reply_to_msg_id=1, reply_to_peer_id=user(8)),
        via_bot_id=10,
    )
    assert row(message).flags == ("pinned", "protected", "spoiler", "restricted", "reply_elsewhere", "via_bot")


@pytest.mark.parametrize(
    ("action", "flag", "text"),
    [
        (types.MessageActionPinMessage(), "pin_message", "Ada Byron pinned a message"),
        (types.MessageActionChatAddUser([7]), "chat_add_user", "Ada Byron joined"),
        (
            types.MessageActionSetMessagesTTL(60),
            "set_messages_ttl",
            "Ada Byron set messages to be deleted after 1 minute",
        ),
        (types.MessageActionEmpty(), "empty", ""),
    ],
)
def test_what_happened_in_a_chat_is_a_service_row_named_by_its_action(action: Any, flag: str, text: str) -> None:
    made = row(done(action, from_id=user(7)))
    assert (made.kind, made.text, made.flags, made.author_name) == ("service", text, (flag,), "Ada Byron")
    assert made.attachments == ()


@pytest.mark.parametrize(
    ("chat", "link"),
    [
        (CHANNEL, "https://t.me/apollo_news/42"),
        (GROUP, "https://t.me/c/500/42"),
        (BASIC, None),
        (PERSON, None),
    ],
)
def test_a_message_has_a_link_where_telegram_has_one(chat: ChatFacts, link: str | None) -> None:
    assert row(said(chat=chat), chat).permalink == link


def test_a_supergroup_tells_which_basic_group_it_was() -> None:
    moved = done(types.MessageActionChannelMigrateFrom("Old friends", 70))
    assert migrated_from([said(), moved]) == (-70, "Old friends")
    assert migrated_from([said(), types.MessageEmpty(1, None)]) is None


# --- pictures and files ---------------------------------------------------------------------------------------------------


def photo(number: int = 900, sizes: list[Any] | None = None, reference: bytes = REFERENCE, **fields: Any) -> Any:
    return types.Photo(
        number,
        SECRET,
        reference,
        THEN,
        [types.PhotoSize("x", 800, 600, 50_000)] if sizes is None else sizes,
        4,
        **fields,
    )


def picture(shown: Any = None, **fields: Any) -> Any:
    return types.MessageMediaPhoto(photo=shown or photo(), **fields)


def document(number: int, mime: str, *attributes: Any, name: str | None = None, size: int = 1234) -> Any:
    named = [types.DocumentAttributeFilename(name)] if name is not None else []
    return types.Document(number, SECRET, REFERENCE, THEN, mime, size, 2, [*attributes, *named])


def file(*arguments: Any, **fields: Any) -> Any:
    return types.MessageMediaDocument(document=document(*arguments, **fields))


def carried(shown: Any) -> list[Attachment]:
    return list(row(said(media=shown)).attachments)


def only(shown: Any) -> Attachment:
    (found,) = carried(shown)
    return found


def handle(found: Attachment) -> media.FileHandle:
    assert isinstance(found.handle, media.FileHandle)
    return found.handle


def test_the_largest_size_of_a_photo_is_chosen_wherever_it_stands() -> None:
    sizes = [
        types.PhotoStrippedSize("i", b"blurred"),
        types.PhotoSizeProgressive("y", 1280, 960, [9_000, 180_000, 40_000]),
        types.PhotoSize("m", 320, 240, 20_000),
        types.PhotoCachedSize("w", 9999, 9999, b"inline"),
        types.PhotoPathSize("j", b"outline"),
        types.PhotoSizeEmpty("s"),
    ]
    found = only(picture(photo(sizes=sizes)))
    assert (found.kind, found.source_id, found.declared_mime, found.name) == ("photo", "900", "image/jpeg", None)
    assert (found.declared_size, found.width, found.height, found.reason) == (180_000, 1280, 960, None)
    assert handle(found).location.thumb_size == "y"
    assert (handle(found).dc_id, handle(found).size, handle(found).message_id) == (4, 180_000, 42)


def test_a_moving_photo_is_its_still_picture_and_not_the_film() -> None:
    film = types.VideoSize("u", 9999, 9999, 5_000_000)
    found = only(picture(photo(video_sizes=[film])))
    assert (handle(found).location.thumb_size, found.declared_mime) == ("x", "image/jpeg")


def test_a_photo_with_nothing_but_a_preview_has_no_bytes() -> None:
    found = only(
        picture(photo(sizes=[types.PhotoStrippedSize("i", b"blurred"), types.PhotoSizeProgressive("y", 9, 9, [])]))
    )
    assert (found.kind, found.source_id, found.reason, found.handle) == ("photo", "900", "no_bytes", None)


@pytest.mark.parametrize("gone", [None, types.PhotoEmpty(900)])
def test_a_photo_that_destroyed_itself_is_told_without_an_error(gone: Any) -> None:
    made = row(said(media=types.MessageMediaPhoto(photo=gone, ttl_seconds=10)))
    assert [(found.kind, found.source_id, found.reason) for found in made.attachments] == [("photo", "", "no_bytes")]
    assert made.flags == ()


def test_a_live_photo_is_a_picture_and_a_film_beside_it() -> None:
    found = carried(picture(live_photo=True, video=document(901, "video/mp4")))
    assert [(one.position, one.kind, one.source_id, one.reason) for one in found] == [
        (0, "photo", "900", None),
        (1, "video", "901", "not_an_image"),
    ]


def test_a_video_lists_the_cover_its_sender_chose_and_no_other_quality_of_it() -> None:
    shown = types.MessageMediaDocument(
        document=document(1, "video/mp4"), alt_documents=[document(2, "video/mp4")], video_cover=photo(3)
    )
    assert [(one.kind, one.source_id, one.reason) for one in carried(shown)] == [
        ("document", "1", "not_an_image"),
        ("video_cover", "3", None),
    ]


def webpage(**fields: Any) -> Any:
    return types.MessageMediaWebPage(types.WebPage(1, "https://example.org", "example.org", 0, **fields))


def test_the_picture_of_a_link_preview_is_labelled_as_one() -> None:
    found = only(webpage(photo=photo(5)))
    assert (found.kind, found.source_id, found.declared_size, found.reason) == ("link_preview", "5", 50_000, None)


@pytest.mark.parametrize(
    "shown", [webpage(), types.MessageMediaWebPage(types.WebPageEmpty(1)), types.MessageMediaEmpty(), poll("Yes"), None]
)
def test_what_shows_no_picture_lists_none(shown: Any) -> None:
    assert carried(shown) == []


STICKER = types.DocumentAttributeSticker("🚀", types.InputStickerSetEmpty())
FILM = types.DocumentAttributeVideo(2.0, 640, 360)
SONG = types.DocumentAttributeAudio(200, title="A song", performer="A band")
SOUND = types.DocumentAttributeAudio(3, voice=True)


@pytest.mark.parametrize(
    ("mime", "attributes", "kind", "reason"),
    [
        ("image/webp", [STICKER, types.DocumentAttributeImageSize(512, 512)], "sticker", None),
        ("application/x-tgsticker", [STICKER], "sticker", "not_an_image"),
        ("video/webm", [STICKER, FILM], "sticker", "not_an_image"),
        ("video/mp4", [types.DocumentAttributeAnimated(), FILM], "gif", "not_an_image"),
        ("image/gif", [types.DocumentAttributeAnimated()], "gif", None),
        ("video/mp4", [FILM], "video", "not_an_image"),
        ("Video/MP4; codecs=x", [FILM], "video", "not_an_image"),
        ("audio/ogg", [SOUND], "voice", "not_an_image"),
        ("audio/mpeg", [SONG], "audio", "not_an_image"),
        ("video/mp4", [types.DocumentAttributeVideo(2.5, 240, 240, round_message=True)], "video_note", "not_an_image"),
        ("application/pdf", [], "document", "not_an_image"),
        ("application/zip", [], "document", "not_an_image"),
        ("text/plain", [], "document", "not_an_image"),
        ("image/png", [], "document", None),
        ("image/heic", [], "document", None),
        ("application/octet-stream", [], "document", None),
        ("application/x-never-heard-of", [], "document", None),
        ("", [], "document", None),
    ],
)
def test_a_file_is_asked_for_only_where_it_may_be_a_picture(
    mime: str, attributes: list[Any], kind: str, reason: str | None
) -> None:
    found = only(file(5, mime, *attributes))
    assert (found.kind, found.declared_mime, found.reason) == (kind, mime, reason)


@pytest.mark.parametrize(
    ("mime", "name", "reason"),
    [
        ("text/plain", "scan.PNG", None),
        ("application/zip", "scan.jpeg", None),
        ("text/plain", "scan.png.txt", "not_an_image"),
        ("video/mp4", "funny.gif", "not_an_image"),
    ],
)
def test_a_name_of_a_picture_makes_the_bytes_decide_except_for_films(mime: str, name: str, reason: str | None) -> None:
    assert only(file(5, mime, name=name)).reason == reason


def test_a_file_keeps_its_name_size_and_measures() -> None:
    found = only(
        file(2**62, "image/png", types.DocumentAttributeImageSize(4000, 3000), name="böse.png", size=7_000_000)
    )
    assert (found.source_id, found.name, found.declared_size) == (str(2**62), "böse.png", 7_000_000)
    assert (found.width, found.height, found.position) == (4000, 3000, 0)
    assert (handle(found).location.thumb_size, handle(found).dc_id, handle(found).size) == ("", 2, 7_000_000)


GEO = types.GeoPoint(1.0, 2.0, SECRET)


@pytest.mark.parametrize(
    ("shown", "kind"),
    [
        (types.MessageMediaGeo(GEO), "location"),
        (types.MessageMediaGeoLive(GEO, 60), "location"),
        (types.MessageMediaVenue(GEO, "Pad 39", "", "", "", ""), "location"),
        (types.MessageMediaContact("+0", "Ada", "", "", 7), "contact"),
        (types.MessageMediaDice(6, "🎲"), "dice"),
        (types.MessageMediaGame(types.Game(1, SECRET, "g", "G", "", types.PhotoEmpty(1))), "game"),
        (types.MessageMediaInvoice("Soup", "", "EUR", 100, ""), "invoice"),
        (types.MessageMediaGiveaway([600], 1, THEN), "giveaway"),
        (types.MessageMediaGiveawayResults(600, 1, 1, 0, [7], THEN), "giveaway_results"),
        (types.MessageMediaUnsupported(), "unsupported"),
        (types.MessageMediaStory(user(7), 3), "story"),
        (types.MessageMediaStory(user(7), 3, story=types.StoryItemDeleted(3)), "story"),
        (types.MessageMediaDocument(), "document"),
        (types.MessageMediaDocument(video=True, ttl_seconds=5), "video"),
        (types.MessageMediaDocument(document=types.DocumentEmpty(5)), "document"),
    ],
)
def test_media_without_bytes_are_named_and_never_asked_for(shown: Any, kind: str) -> None:
    assert carried(shown) == [Attachment(0, kind, "", reason="no_bytes")]


def test_paid_media_are_listed_one_by_one_bought_or_not() -> None:
    shown = types.MessageMediaPaidMedia(
        10,
        [
            types.MessageExtendedMedia(picture(photo(1))),
            types.MessageExtendedMediaPreview(w=300, h=200),
            types.MessageExtendedMediaPreview(video_duration=9),
        ],
    )
    assert [(one.position, one.kind, one.source_id, one.width, one.reason) for one in carried(shown)] == [
        (0, "photo", "1", 800, None),
        (1, "photo", "", 300, "no_bytes"),
        (2, "video", "", None, "no_bytes"),
    ]


def test_a_bought_invoice_shows_what_was_bought() -> None:
    bought = types.MessageExtendedMedia(picture(photo(1)))
    found = only(types.MessageMediaInvoice("Soup", "", "EUR", 100, "", extended_media=bought))
    assert (found.kind, found.source_id) == ("photo", "1")


def test_a_story_that_is_still_there_shows_its_picture() -> None:
    shown = types.MessageMediaStory(user(7), 3, story=types.StoryItem(3, THEN, THEN, picture(photo(1))))
    found = only(shown)
    assert (found.kind, found.source_id, found.declared_size, found.reason) == ("story", "1", 50_000, None)


def test_pictures_of_a_poll_are_listed() -> None:
    shown = poll("Yes", shown=picture(photo(1)))
    shown.poll.answers[0].media = picture(photo(2))
    assert [found.source_id for found in carried(shown)] == ["1", "2"]


def test_a_game_shows_its_picture() -> None:
    found = only(types.MessageMediaGame(types.Game(1, SECRET, "g", "G", "", photo(4))))
    assert (found.kind, found.source_id, found.reason) == ("game", "4", None)


def test_a_new_chat_photo_is_a_picture_of_its_service_row() -> None:
    (found,) = row(done(types.MessageActionChatEditPhoto(photo(6)))).attachments
    assert (found.kind, found.source_id, handle(found).message_id) == ("photo", "6", 43)


def test_a_new_wallpaper_is_listed() -> None:
    paper = types.WallPaper(1, SECRET, "slug", document(8, "image/jpeg"))
    (found,) = row(done(types.MessageActionSetChatWallPaper(paper), PERSON), PERSON).attachments
    assert (found.kind, found.source_id) == ("wallpaper", "8")


def test_a_message_fetched_again_gives_the_same_picture_a_new_reference() -> None:
    fresh = media.find(said(media=picture(photo(900, reference=b"fresh"))), "900")
    assert fresh is not None
    assert fresh.location.file_reference == b"fresh"


@pytest.mark.parametrize(
    "message",
    [
        None,
        types.MessageEmpty(42, None),
        said("edited"),
        said(media=picture(photo(901))),
        said(media=types.MessageMediaPhoto(ttl_seconds=3)),
        said(media=picture(photo(900, sizes=[]))),
    ],
)
def test_a_message_that_shows_something_else_now_has_no_reference_for_the_old_picture(message: Any) -> None:
    assert media.find(message, "900") is None


def test_what_has_no_id_is_never_found() -> None:
    assert media.find(said(media=types.MessageMediaPhoto(ttl_seconds=3)), "") is None


def test_the_keys_to_a_file_are_never_shown() -> None:
    found = only(picture())
    shown = repr(found) + repr(handle(found)) + str(handle(found))
    assert "message_id=42" in shown
    assert str(SECRET) not in shown
    assert "reference" not in shown
    assert "location" not in shown.lower()


def test_a_handle_can_be_a_key_of_a_dictionary() -> None:
    assert {handle(only(picture())): 1}[handle(only(picture()))] == 1


# --- raw ------------------------------------------------------------------------------------------------------------------


def test_raw_is_the_whole_payload_as_json_without_the_keys_of_this_account() -> None:
    message = said(
        "Look",
        media=picture(photo(sizes=[types.PhotoStrippedSize("i", b"\x00\xff")])),
        reply_to=types.MessageReplyHeader(reply_to_msg_id=1, poll_option=b"\x01"),
    )
    made = row(message, raw=True)
    assert made.raw is not None
    held = json.loads(made.raw)
    assert (held["_"], held["message"], held["date"]) == ("Message", "Look", THEN.isoformat())
    assert held["media"]["photo"]["id"] == 900
    assert held["media"]["photo"]["sizes"][0]["bytes"] == base64.b64encode(b"\x00\xff").decode()
    assert (held["media"]["photo"]["access_hash"], held["media"]["photo"]["file_reference"]) == (None, None)
    assert str(SECRET) not in made.raw
    assert base64.b64encode(REFERENCE).decode() not in made.raw


def test_raw_is_json_also_where_python_would_write_something_else() -> None:
    made = row(said(media=types.MessageMediaGeo(types.GeoPoint(float("nan"), float("inf"), SECRET))), raw=True)
    assert made.raw is not None
    assert json.loads(made.raw, parse_constant=pytest.fail)["media"]["geo"]["long"] is None


def test_raw_never_shows_what_it_does_not_know() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "access_hash=1"

    made = row(said(views=Odd()), raw=True)
    assert made.raw is not None
    assert json.loads(made.raw)["views"] == "Odd"


# --- odd content ----------------------------------------------------------------------------------------------------------


class Broken:
    """Something of a layer to come: whatever is asked of it raises."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        raise ValueError(name)


FIELDS = sorted(name for name in vars(said()) if not name.startswith("_") and name not in ("id", "date"))


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize(
    "value",
    [Broken(), object(), -1, "?", b"\xff", [Broken()], [None], {}],
    ids="broken object number text bytes list none dict".split(),
)
def test_one_odd_field_never_costs_the_row(value: Any, raw: bool) -> None:
    for name in FIELDS:
        for message in (said("Hello", from_id=user(7), media=picture()), done(types.MessageActionPinMessage())):
            setattr(message, name, value)
            made = row(message, raw=raw)
            assert (made.message_id, made.created_at) == (str(message.id), THEN), name
            if made.kind == "message" and name not in ("message", "media", "rich_message"):
                assert made.text == "Hello", name
                assert [found.source_id for found in made.attachments] == ["900"], name


def test_a_row_that_lacks_something_says_so_and_keeps_the_rest() -> None:
    message = said("Hello", from_id=user(7), media=picture(), pinned=True)
    message.reactions = Broken()
    made = row(message)
    assert made.flags == ("pinned", "partial")
    assert made.reactions is None  # unknown, not none
    assert (made.text, made.author_name, len(made.attachments)) == ("Hello", "Ada Byron", 1)


def test_an_odd_message_does_not_cost_its_neighbours_theirs() -> None:
    class Stranger:
        id = 41
        date = THEN

    made = rows([said("a", id=40), Stranger(), said("b", id=42)], PEERS, GROUP, NOW, raw=True)
    assert [(one.message_id, one.created_at, "partial" in one.flags) for one in made] == [
        ("40", THEN, False),
        ("41", THEN, True),
        ("42", THEN, False),
    ]


def test_media_nobody_has_heard_of_are_named_by_their_class() -> None:
    class MessageMediaHologram:
        pass

    assert carried(MessageMediaHologram()) == [Attachment(0, "hologram", "", reason="no_bytes")]


def test_media_nobody_has_heard_of_still_show_their_photo() -> None:
    class MessageMediaHologram:
        photo = photo(3)

    assert [found.source_id for found in carried(MessageMediaHologram())] == ["3"]


def test_an_odd_item_of_paid_media_keeps_those_before_it() -> None:
    odd = types.MessageExtendedMedia(types.MessageMediaPhoto(photo=photo(2, sizes=5)))
    found = carried(types.MessageMediaPaidMedia(1, [types.MessageExtendedMedia(picture(photo(1))), odd]))
    assert [(one.kind, one.reason) for one in found] == [("photo", None), ("photo", "no_bytes")]
