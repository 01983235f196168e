"""One constructed object of Telegram's own types for each kind of media and action, with what a row must say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from telethon.tl import types as t

WHEN = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 10, 8, tzinfo=UTC)
SECRET = "not-to-be-shown"
PLACE = t.GeoPoint(10.75, 59.91, 77)


def words(text: str, *entities: Any) -> Any:
    return t.TextWithEntities(text, list(entities))


def document(number: int = 5, mime: str = "image/webp", *attributes: Any) -> Any:
    return t.Document(number, 77, b"reference", WHEN, mime, 1000, 2, list(attributes))


def photo(number: int = 9) -> Any:
    return t.Photo(number, 77, b"reference", WHEN, [t.PhotoSize("x", 800, 600, 50_000)], 2)


GIFT = t.StarGift(1, document(), 50, 40, title="Cake")
UNIQUE = t.StarGiftUnique(2, 1, "Cake", SECRET, 7, [], 10, 100)
CALL = t.InputGroupCall(1, 2)
CHARGE = t.PaymentCharge(SECRET, SECRET)


@dataclass(frozen=True)
class Kept:
    """What a row says: its text, its links, its details (of an action, without its name), whom it concerns."""

    thing: Any
    text: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    action: str | None = None
    subjects: tuple[str, ...] = ()


def _answers(*texts: str) -> list[Any]:
    return [t.PollAnswer(words(text), bytes([48 + number])) for number, text in enumerate(texts)]


_POLL = t.MessageMediaPoll(
    t.Poll(
        1,
        words("Which, says x.org?", t.MessageEntityUrl(12, 5)),
        _answers("Left 🌙", "Right"),
        0,
        closed=True,
        quiz=True,
    ),
    t.PollResults(
        results=[t.PollAnswerVoters(b"0", voters=3), t.PollAnswerVoters(b"1", voters=4, correct=True)],
        total_voters=7,
        solution="Because",
    ),
)

MEDIA = [
    Kept(t.MessageMediaEmpty()),
    Kept(t.MessageMediaPhoto(photo=photo())),
    Kept(t.MessageMediaDocument(document=document())),
    Kept(t.MessageMediaUnsupported(), details={"unread": ["MessageMediaUnsupported"]}),
    Kept(
        _POLL,
        "Which, says x.org?\nLeft 🌙\nRight",
        {
            "poll": {
                "question": "Which, says x.org?",
                "options": [{"text": "Left 🌙", "votes": 3}, {"text": "Right", "votes": 4, "correct": True}],
                "total": 7,
                "closed": True,
                "quiz": True,
                "explanation": "Because",
            }
        },
        ("x.org",),
    ),
    Kept(
        t.MessageMediaToDo(
            t.TodoList(words("Pack"), [t.TodoItem(1, words("Fuel")), t.TodoItem(2, words("Food"))]),
            [t.TodoCompletion(2, t.PeerUser(7), WHEN)],
        ),
        "Pack\nFuel\nFood",
        {
            "todo": {
                "title": "Pack",
                "items": [
                    {"text": "Fuel", "done": False},
                    {"text": "Food", "done": True, "done_by": "7", "done_at": WHEN.isoformat()},
                ],
            }
        },
    ),
    Kept(t.MessageMediaGeo(PLACE), "59.91, 10.75", {"place": {"latitude": 59.91, "longitude": 10.75}}),
    Kept(
        t.MessageMediaGeoLive(PLACE, 900, heading=45),
        "59.91, 10.75",
        {"place": {"latitude": 59.91, "longitude": 10.75, "live_seconds": 900, "heading_degrees": 45}},
    ),
    Kept(
        t.MessageMediaVenue(PLACE, "The ridge", "Hill road 4", "foursquare", "id", "park"),
        "The ridge\nHill road 4",
        {
            "place": {
                "latitude": 59.91,
                "longitude": 10.75,
                "title": "The ridge",
                "address": "Hill road 4",
                "type": "park",
                "provider": "foursquare",
            }
        },
    ),
    Kept(
        t.MessageMediaContact("+15550100", "Ada", "Byron", SECRET, 7),
        "Ada Byron\n+15550100",
        {"contact": {"name": "Ada Byron", "phone": "+15550100", "user_id": "7"}},
    ),
    Kept(t.MessageMediaDice(6, "🎲"), "🎲 6", {"dice": {"emoji": "🎲", "value": 6}}),
    Kept(
        t.MessageMediaInvoice("Mug", "Of clay", "EUR", 1500, SECRET),
        "Mug\nOf clay\n15.00 EUR",
        {"invoice": {"title": "Mug", "description": "Of clay", "currency": "EUR", "amount": 1500}},
    ),
    Kept(
        t.MessageMediaGame(t.Game(1, 77, "tetris", "Tetris", "Blocks fall", photo())),
        "Tetris\nBlocks fall",
        {"game": {"title": "Tetris", "description": "Blocks fall", "short_name": "tetris"}},
    ),
    Kept(
        t.MessageMediaPaidMedia(
            25, [t.MessageExtendedMedia(t.MessageMediaPhoto(photo=photo())), t.MessageExtendedMediaPreview()]
        ),
        "",
        {"paid_media": {"stars": 25, "items": 2, "bought": 1}},
    ),
    Kept(
        t.MessageMediaGiveaway([600], 3, LATER, months=6, prize_description="A cake", countries_iso2=["NO"]),
        "Giveaway: 3 prizes\nTelegram Premium for 6 months\nA cake",
        {
            "giveaway": {
                "prizes": 3,
                "until": LATER.isoformat(),
                "months": 6,
                "description": "A cake",
                "channel_ids": ["-1000000000600"],
                "countries": ["NO"],
            }
        },
    ),
    Kept(
        t.MessageMediaGiveawayResults(600, 12, 2, 1, [7, 8], LATER, stars=500),
        "Giveaway ended: 2 winners\n500 Stars",
        {
            "giveaway": {
                "winners": 2,
                "until": LATER.isoformat(),
                "winner_ids": ["7", "8"],
                "unclaimed": 1,
                "stars": 500,
                "channel_ids": ["-1000000000600"],
                "launch_message_id": "12",
            }
        },
    ),
    Kept(
        t.MessageMediaStory(
            t.PeerUser(7),
            12,
            story=t.StoryItem(
                12,
                WHEN,
                LATER,
                t.MessageMediaPhoto(photo=photo()),
                caption="See x.org",
                entities=[t.MessageEntityUrl(4, 5)],
            ),
        ),
        "See x.org",
        {"story": {"id": "12", "author_id": "7", "caption": "See x.org"}},
        ("x.org",),
    ),
    Kept(t.MessageMediaVideoStream(CALL), "Live stream", {"video_stream": {"rtmp": False}}),
    Kept(
        t.MessageMediaWebPage(
            t.WebPage(
                1,
                "https://example.org/x",
                "example.org/x",
                0,
                type="article",
                site_name="Example",
                title="A title",
                description="Of a page",
                photo=photo(),
            )
        ),
        "",
        {
            "preview": {
                "url": "https://example.org/x",
                "title": "A title",
                "description": "Of a page",
                "site": "Example",
                "type": "article",
            }
        },
        ("https://example.org/x",),
    ),
]


def done(thing: Any, action: str, text: str, *subjects: str, **facts: Any) -> Kept:
    return Kept(thing, text, facts, (), action, subjects)


_MESSAGE = words("Happy birthday!")

ACTIONS = [
    done(t.MessageActionEmpty(), "other", ""),
    done(t.MessageActionCustomAction("Bob joined the game"), "other", "Bob joined the game"),
    done(t.MessageActionChatAddUser([8, 9]), "member_added", "Ada added Bob and Cat", "8", "9"),
    done(t.MessageActionChatDeleteUser(8), "member_removed", "Ada removed Bob", "8"),
    done(t.MessageActionChatJoinedByLink(8), "member_joined", "Ada joined by a link of Bob", "7", inviter_id="8"),
    done(t.MessageActionChatJoinedByRequest(), "member_joined", "Ada joined after a request was accepted", "7"),
    done(
        t.MessageActionChatJoinedViaCommunity(44),
        "member_joined",
        "Ada joined through a community",
        "7",
        community_id="44",
    ),
    done(t.MessageActionChatCreate("Games", [7, 8]), "created", 'Ada created "Games"', "7", "8", title="Games"),
    done(t.MessageActionChannelCreate("News"), "created", 'Ada created "News"', title="News"),
    done(
        t.MessageActionChatMigrateTo(600),
        "migrated",
        "This group became a supergroup",
        to_chat_id="-1000000000600",
    ),
    done(
        t.MessageActionChannelMigrateFrom("Old", 70),
        "migrated",
        'The group "Old" became this supergroup',
        from_chat_id="-70",
        title="Old",
    ),
    done(
        t.MessageActionChatEditTitle("Board games"),
        "renamed",
        'Ada renamed the chat to "Board games"',
        title="Board games",
    ),
    done(t.MessageActionChatEditPhoto(photo()), "photo_changed", "Ada changed the chat's photo"),
    done(t.MessageActionChatDeletePhoto(), "photo_deleted", "Ada deleted the chat's photo"),
    done(t.MessageActionSuggestProfilePhoto(photo()), "photo_suggested", "Ada suggested a profile photo"),
    done(
        t.MessageActionSetChatWallPaper(t.WallPaper(1, 77, SECRET, document())),
        "wallpaper_changed",
        "Ada changed the chat's wallpaper",
    ),
    done(
        t.MessageActionSetChatTheme(t.ChatTheme("🎄")),
        "theme_changed",
        "Ada changed the chat's theme to 🎄",
        theme="🎄",
    ),
    done(
        t.MessageActionSetMessagesTTL(86_400),
        "auto_delete",
        "Ada set messages to be deleted after 1 day",
        seconds=86_400,
    ),
    done(
        t.MessageActionNoForwardsToggle(False, True),
        "protection_changed",
        "Ada forbade saving and forwarding",
        protected=True,
    ),
    done(
        t.MessageActionNoForwardsRequest(True, False),
        "protection_requested",
        "Ada asked to allow saving and forwarding",
        protected=False,
    ),
    done(t.MessageActionPinMessage(), "pinned", "Ada pinned a message"),
    done(t.MessageActionHistoryClear(), "history_cleared", "The history was cleared"),
    done(
        t.MessageActionChangeCommunity(44), "community_changed", "Ada put the chat into a community", community_id="44"
    ),
    done(t.MessageActionChangeCreator(8), "owner_changed", "Bob owns the chat now", "8"),
    done(t.MessageActionNewCreatorPending(8), "owner_pending", "Bob will own the chat", "8"),
    done(t.MessageActionTopicCreate("Optics", 0), "topic_created", 'Ada opened the topic "Optics"', title="Optics"),
    done(
        t.MessageActionTopicEdit("Lenses", closed=True),
        "topic_edited",
        'Ada renamed the topic to "Lenses" and closed the topic',
        title="Lenses",
        closed=True,
    ),
    done(t.MessageActionBoostApply(2), "boosted", "Ada boosted the chat 2 times", boosts=2),
    done(
        t.MessageActionPhoneCall(1, duration=61, video=True, reason=t.PhoneCallDiscardReasonHangup()),
        "call",
        "Video call, 61 seconds",
        call={"seconds": 61, "reason": "hung up", "video": True},
    ),
    done(
        t.MessageActionConferenceCall(1, missed=True, other_participants=[t.PeerUser(8)]),
        "call",
        "Group call, missed",
        "8",
        call={"seconds": None, "reason": "missed"},
    ),
    done(
        t.MessageActionGroupCall(CALL, duration=120),
        "call",
        "Ada ended the video chat, 2 minutes",
        call={"seconds": 120, "reason": None},
    ),
    done(
        t.MessageActionGroupCallScheduled(CALL, LATER),
        "call_scheduled",
        "Ada planned a video chat for 2026-10-08T00:00:00+00:00",
        call={"seconds": None, "reason": None, "scheduled_at": LATER.isoformat()},
    ),
    done(t.MessageActionInviteToGroupCall(CALL, [8]), "call_invited", "Ada invited Bob to the video chat", "8"),
    done(t.MessageActionScreenshotTaken(), "screenshot", "Ada took a screenshot"),
    done(t.MessageActionContactSignUp(), "signed_up", "Ada joined Telegram", "7"),
    done(t.MessageActionGameScore(1, 250), "game_score", "Ada scored 250", score=250),
    done(
        t.MessageActionGeoProximityReached(t.PeerUser(8), t.PeerUser(9), 50),
        "came_near",
        "Bob is within 50 m of Cat",
        "8",
        "9",
        metres=50,
    ),
    done(
        t.MessageActionBotAllowed(domain="example.org"),
        "bot_allowed",
        "Ada let the bot write by example.org",
        domain="example.org",
    ),
    done(t.MessageActionManagedBotCreated(8), "bot_created", "Ada created the bot Bob", "8"),
    done(
        t.MessageActionSecureValuesSent([t.SecureValueTypeEmail()]),
        "passport_sent",
        "Ada sent documents of Telegram Passport",
        documents=["Email"],
    ),
    done(
        t.MessageActionSecureValuesSentMe(
            [t.SecureValue(t.SecureValueTypePhone(), SECRET.encode(), plain_data=t.SecurePlainPhone(SECRET))],
            t.SecureCredentialsEncrypted(b"", b"", b""),
        ),
        "passport_sent",
        "Ada sent documents of Telegram Passport",
        documents=["Phone"],
    ),
    done(
        t.MessageActionRequestedPeer(1, [t.PeerUser(8), t.PeerChannel(600)]),
        "contact_shared",
        "Ada shared Bob and News with the bot",
        "8",
        "-1000000000600",
    ),
    done(
        t.MessageActionRequestedPeerSentMe(1, [t.RequestedPeerUser(9)]),
        "contact_shared",
        "Ada shared Cat with the bot",
        "9",
    ),
    done(
        t.MessageActionWebViewDataSent("Order"),
        "web_app_data",
        'Ada sent data of "Order" to the bot',
        button="Order",
    ),
    done(
        t.MessageActionWebViewDataSentMe("Order", SECRET),
        "web_app_data",
        'Ada sent data of "Order" to the bot',
        button="Order",
    ),
    done(
        t.MessageActionSuggestBirthday(t.Birthday(9, 12, 1815)),
        "birthday_suggested",
        "Ada suggested a birthday: 1815-12-09",
        birthday="1815-12-09",
    ),
    done(
        t.MessageActionTodoCompletions([1, 2], [3]),
        "tasks_completed",
        "Ada completed 2 tasks and reopened 1 task",
        done=[1, 2],
        undone=[3],
    ),
    done(
        t.MessageActionTodoAppendTasks([t.TodoItem(4, words("Water"))]),
        "tasks_added",
        "Ada added to the list:\nWater",
        tasks=["Water"],
    ),
    done(
        t.MessageActionPollAppendAnswer(_answers("Both")[0]),
        "poll_option_added",
        'Ada added the option "Both"',
        option="Both",
    ),
    done(
        t.MessageActionPollDeleteAnswer(_answers("Both")[0]),
        "poll_option_removed",
        'Ada removed the option "Both"',
        option="Both",
    ),
    done(
        t.MessageActionGiftPremium("EUR", 1_499, 90, message=_MESSAGE),
        "gift",
        "Ada gave Telegram Premium for 90 days\nHappy birthday!",
        gift={
            "kind": "premium",
            "days": 90,
            "currency": "EUR",
            "amount": 1_499,
            "price": "14.99 EUR",
            "message": "Happy birthday!",
        },
    ),
    done(
        t.MessageActionGiftCode(90, SECRET, boost_peer=t.PeerChannel(600), via_giveaway=True),
        "gift",
        "Ada gave a code for Telegram Premium for 90 days",
        "-1000000000600",
        gift={"kind": "premium_code", "days": 90, "from_giveaway": True},
    ),
    done(
        t.MessageActionGiftStars("EUR", 199, 100, transaction_id=SECRET),
        "gift",
        "Ada gave 100 Stars",
        gift={"kind": "stars", "stars": 100, "price": "1.99 EUR"},
    ),
    done(
        t.MessageActionGiftTon("USD", 300, "TON", 1_500_000_000),
        "gift",
        "Ada gave 1.5 TON",
        gift={"kind": "ton", "given": "1.5 TON", "price": "3.00 USD"},
    ),
    done(
        t.MessageActionStarGift(GIFT, message=_MESSAGE, peer=t.PeerUser(8)),
        "gift",
        'Ada gave the gift "Cake" for 50 Stars\nHappy birthday!',
        "8",
        gift={"kind": "star_gift", "id": "1", "title": "Cake", "stars": 50, "message": "Happy birthday!"},
    ),
    done(
        t.MessageActionStarGiftUnique(UNIQUE, transferred=True, resale_amount=t.StarsAmount(900, 0)),
        "gift",
        'Ada passed on "Cake #7"',
        gift={
            "kind": "unique_gift",
            "id": "2",
            "title": "Cake",
            "number": 7,
            "transferred": True,
            "price": "900 Stars",
        },
    ),
    done(
        t.MessageActionStarGiftPurchaseOffer(UNIQUE, t.StarsAmount(900, 500_000_000), LATER),
        "gift_offer",
        'Ada offered 900.5 Stars for "Cake #7"',
        gift={"kind": "offer", "title": "Cake", "price": "900.5 Stars", "expires_at": LATER.isoformat()},
    ),
    done(
        t.MessageActionStarGiftPurchaseOfferDeclined(UNIQUE, t.StarsTonAmount(2_000_000_000)),
        "gift_offer_declined",
        'Ada declined the offer of 2 TON for "Cake #7"',
        gift={"kind": "offer", "title": "Cake", "price": "2 TON", "declined": True},
    ),
    done(
        t.MessageActionPrizeStars(500, SECRET, t.PeerChannel(600), 12),
        "prize",
        "500 Stars were won in a giveaway",
        "-1000000000600",
        prize={"stars": 500, "giveaway_message_id": "12"},
    ),
    done(t.MessageActionGiveawayLaunch(500), "giveaway", "Ada started a giveaway of 500 Stars", stars=500),
    done(
        t.MessageActionGiveawayResults(3, 0),
        "giveaway_ended",
        "The giveaway has ended: 3 winners",
        winners=3,
        unclaimed=0,
    ),
    done(
        t.MessageActionPaymentSent("JPY", 1_500),
        "payment",
        "Ada paid 1500 JPY",
        payment={"currency": "JPY", "amount": 1_500, "price": "1500 JPY"},
    ),
    done(
        t.MessageActionPaymentSentMe("EUR", 1_500, SECRET.encode(), CHARGE),
        "payment",
        "Ada paid 15.00 EUR",
        payment={"currency": "EUR", "amount": 1_500, "price": "15.00 EUR"},
    ),
    done(
        t.MessageActionPaymentRefunded(t.PeerUser(8), "XTR", 50, CHARGE),
        "refund",
        "50 Stars were paid back",
        "8",
        payment={"currency": "XTR", "amount": 50, "price": "50 Stars"},
    ),
    done(t.MessageActionPaidMessagesPrice(5), "price_changed", "Each message costs 5 Stars now", stars=5),
    done(
        t.MessageActionPaidMessagesRefunded(3, 15),
        "refund",
        "Ada paid back 15 Stars for 3 messages",
        payment={"messages": 3, "stars": 15},
    ),
    done(
        t.MessageActionSuggestedPostApproval(rejected=True, reject_comment="Too long"),
        "post_rejected",
        "Ada rejected the suggested post: Too long",
        rejected=True,
        comment="Too long",
    ),
    done(
        t.MessageActionSuggestedPostSuccess(t.StarsAmount(20, 0)),
        "payment",
        "The suggested post was published for 20 Stars",
        payment={"price": "20 Stars"},
    ),
    done(
        t.MessageActionSuggestedPostRefund(payer_initiated=True),
        "refund",
        "The price of the suggested post was paid back: it was deleted by its author",
        payment={"by_payer": True},
    ),
]
