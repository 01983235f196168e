"""One service message of each kind, for ``sandbox(content=True)``: what happened, and whom it concerns.

Written from Telegram's schema (layer 229) and from what its apps write in the middle of a chat.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from telethon.tl import types

from ..community.people import END
from ..sample import Sample, Seen
from .place import Place

HIDDEN = "payload-that-nobody-sees"


def happenings(place: Place) -> list[Sample]:
    """The service messages; who acts is the message's author.

    Some come in private chats or to bots only; they are sent here all the same, so that a client meets every kind.
    """
    some = (_members(place), _chat(place), _calls(place), _gifts(place), _sales(place), _apps(place), _asked(place))
    return [one for those in some for one in those]


def _did(name: str, action: Any, word: str, *words: str, **seen: Any) -> Sample:
    return Sample(f"service: {name}", {"action": action}, Seen(words=words, action=word, **seen))


def _members(place: Place) -> list[Sample]:
    ada, ben = place.people[3], place.people[4]
    added, removed = types.MessageActionChatAddUser, types.MessageActionChatDeleteUser
    two = [ada.id, ben.id]
    return [
        _did("one added", added([ada.id]), "member_added", ada.name, subjects=(str(ada.id),)),
        _did("two added", added(two), "member_added", ada.name, ben.name, subjects=(str(ada.id), str(ben.id))),
        _did("one removed", removed(ben.id), "*", ben.name, subjects=(str(ben.id),)),
        Sample(
            "service: one left",
            {"action": removed(ada.id), "from_id": types.PeerUser(ada.id)},
            Seen(words=(ada.name,), action="member_left", subjects=(str(ada.id),)),
        ),
        Sample(
            "service: joined by a link",
            {"action": types.MessageActionChatJoinedByLink(place.people[0].id), "from_id": types.PeerUser(ben.id)},
            Seen(words=(ben.name,), action="*"),
        ),
        Sample(
            "service: let in",
            {"action": types.MessageActionChatJoinedByRequest(), "from_id": types.PeerUser(ada.id)},
            Seen(words=(ada.name,), action="*"),
        ),
        Sample(
            "service: joined by a community",
            {"action": types.MessageActionChatJoinedViaCommunity(77), "from_id": types.PeerUser(ada.id)},
            Seen(words=(ada.name,), action="member_joined"),
        ),
        Sample(
            "service: new owner to be",
            {"action": types.MessageActionNewCreatorPending(ada.id)},
            Seen(words=(ada.name,), action="*", subjects=(str(ada.id),)),
        ),
        Sample(
            "service: new owner",
            {"action": types.MessageActionChangeCreator(ben.id)},
            Seen(words=(ben.name,), action="*", subjects=(str(ben.id),)),
        ),
    ]


def _chat(place: Place) -> list[Sample]:
    photo = types.MessageActionChatEditPhoto
    near = types.MessageActionGeoProximityReached(
        types.PeerUser(place.people[3].id), types.PeerUser(place.people[4].id), 120
    )
    return [
        _did("renamed", types.MessageActionChatEditTitle("Board games"), "renamed", "Board games"),
        _did("picture removed", types.MessageActionChatDeletePhoto(), "*"),
        Sample(
            "service: new picture",
            {"action": photo(place.photo())},
            Seen(action="*", media=({"kind": "photo", "is_image": True},)),
        ),
        Sample(
            "service: pinned",
            {"action": types.MessageActionPinMessage(), "reply_to": types.MessageReplyHeader(reply_to_msg_id=1)},
            Seen(action="pinned", parent_id="1"),
        ),
        _did("timer", types.MessageActionSetMessagesTTL(86_400), "*"),
        _did("theme", types.MessageActionSetChatTheme(types.ChatTheme("🌌")), "*", "🌌"),
        _did("history cleared", types.MessageActionHistoryClear(), "*"),
        _did("screenshot", types.MessageActionScreenshotTaken(), "*"),
        _did("wallpaper", types.MessageActionSetChatWallPaper(types.WallPaperNoFile(1)), "*"),
        _did("saving forbidden", types.MessageActionNoForwardsToggle(False, True), "*"),
        _did("saving asked for", types.MessageActionNoForwardsRequest(True, False), "*"),
        _did("put into a community", types.MessageActionChangeCommunity(77), "*"),
        _did("price of messages", types.MessageActionPaidMessagesPrice(15), "*", "15"),
        _did("signed up", types.MessageActionContactSignUp(), "*"),
        _did("near", near, "*", "120"),
        _did("boosted", types.MessageActionBoostApply(4), "*", "4"),
        _did("to-do done", types.MessageActionTodoCompletions([1], []), "*"),
        _did(
            "to-do more",
            types.MessageActionTodoAppendTasks([types.TodoItem(9, types.TextWithEntities("Buy batteries", []))]),
            "*", "Buy batteries",
        ),
        _did(
            "poll: one more answer",
            types.MessageActionPollAppendAnswer(types.PollAnswer(types.TextWithEntities("Sunday", []), b"9")),
            "*", "Sunday",
        ),
        _did(
            "poll: an answer less",
            types.MessageActionPollDeleteAnswer(types.PollAnswer(types.TextWithEntities("Monday", []), b"8")),
            "*", "Monday",
        ),
    ]  # fmt: skip


def _calls(place: Place) -> list[Sample]:
    ada, group = place.people[3], types.InputGroupCall(1, 2)
    call, hung_up = types.MessageActionPhoneCall, types.PhoneCallDiscardReasonHangup()
    missed, busy = types.PhoneCallDiscardReasonMissed(), types.PhoneCallDiscardReasonBusy()
    tomorrow = END + timedelta(days=1)
    return [
        _did("call", call(1, duration=61, reason=hung_up), "call", details={"call": {"seconds": 61}}),
        _did("call with pictures", call(4, video=True, duration=600), "call", details={"call": {"seconds": 600}}),
        _did("missed call", call(2, reason=missed), "call", holds={"call": ("missed",)}),
        _did("busy", call(3, reason=busy), "call", holds={"call": ()}),
        _did("conference", types.MessageActionConferenceCall(9, duration=75), "*", holds={"call": (75,)}),
        _did("group call", types.MessageActionGroupCall(group, duration=320), "*", holds={"call": (320,)}),
        _did("group call to come", types.MessageActionGroupCallScheduled(group, tomorrow), "*"),
        _did(
            "called in", types.MessageActionInviteToGroupCall(group, [ada.id]), "*", ada.name, subjects=(str(ada.id),)
        ),
    ]


def _gifts(place: Place) -> list[Sample]:
    words = types.TextWithEntities("Happy birthday!", [])
    star = types.StarGift(7, place.sticker(), stars=50, convert_stars=40, title="Comet")
    money = types.MessageActionPaymentSent("EUR", 1_900)
    unique = types.StarGiftUnique(8, 7, "Comet", HIDDEN, 12, [], 100, 500)
    refused = types.MessageActionSuggestedPostApproval(True, reject_comment="Too late")
    prize = types.MessageActionPrizeStars(250, HIDDEN, types.PeerChannel(place.news), 3)
    return [
        _did(
            "gift of months",
            types.MessageActionGiftPremium("EUR", 1_500, 90, message=words),
            "gift", "Happy birthday!",
            holds={"gift": (90,)},
        ),
        _did(
            "gift of a star",
            types.MessageActionStarGift(star, message=types.TextWithEntities("For the dome", [])),
            "gift", "For the dome",
            holds={"gift": (50,)},
        ),
        _did("gift of stars", types.MessageActionGiftStars("EUR", 999, 500), "gift", holds={"gift": (500,)}),
        _did(
            "gift code",
            types.MessageActionGiftCode(30, HIDDEN, message=types.TextWithEntities("You won", [])),
            "*", "You won",
        ),
        _did("paid", money, "*", "EUR"),
        _did("gift of coins", types.MessageActionGiftTon("USD", 1_000, "TON", 2_000_000_000), "gift"),
        _did("gift, one of its kind", types.MessageActionStarGiftUnique(unique), "*", "Comet"),
        _did("prize", prize, "*", "250"),
        _did("post paid for", types.MessageActionSuggestedPostSuccess(types.StarsAmount(70, 0)), "*", "70"),
        _did("post refused", refused, "*", "Too late"),
        _did("messages paid back", types.MessageActionPaidMessagesRefunded(2, 30), "*"),
        _did("giveaway begins", types.MessageActionGiveawayLaunch(), "*"),
        _did("giveaway ends", types.MessageActionGiveawayResults(3, 1), "*", "3"),
    ]  # fmt: skip


def _sales(place: Place) -> list[Sample]:
    """What is bought, offered and paid back."""
    ada, charge = place.people[3], types.PaymentCharge(HIDDEN, HIDDEN)
    unique, price = types.StarGiftUnique(8, 7, "Comet", HIDDEN, 12, [], 100, 500), types.StarsAmount(70, 0)
    received = types.MessageActionPaymentSentMe("EUR", 1_900, HIDDEN.encode(), charge)
    back = types.MessageActionPaymentRefunded(types.PeerUser(ada.id), "XTR", 250, charge, HIDDEN.encode())
    offer = types.MessageActionStarGiftPurchaseOffer(unique, price, END + timedelta(days=2))
    declined = types.MessageActionStarGiftPurchaseOfferDeclined(unique, price)
    return [
        _did("paid to a bot", received, "*", "EUR", hides=(HIDDEN,)),
        _did("paid back", back, "*", "250", subjects=(str(ada.id),), hides=(HIDDEN,)),
        _did("post paid back", types.MessageActionSuggestedPostRefund(payer_initiated=True), "*"),
        _did("offer for a gift", offer, "*", "70", "Comet", "12", hides=(HIDDEN,), holds={"gift": ("Comet",)}),
        _did("offer declined", declined, "*", "Comet", hides=(HIDDEN,), holds={"gift": ("Comet", "70")}),
    ]


def _asked(place: Place) -> list[Sample]:
    """What somebody suggested, or gave to a bot: of that the kinds are seen, and never the values."""
    ada, ben = place.people[3], place.people[4]
    shared = types.MessageActionRequestedPeer(1, [types.PeerUser(ada.id), types.PeerUser(ben.id)])
    given = types.RequestedPeerUser(ada.id, first_name="Ada", last_name="Sent")
    received = types.MessageActionRequestedPeerSentMe(2, [given])
    asked = [types.SecureValueTypeEmail(), types.SecureValueTypePassport()]
    value = types.SecureValue(asked[0], HIDDEN.encode(), plain_data=types.SecurePlainEmail(HIDDEN))
    sealed = types.SecureCredentialsEncrypted(HIDDEN.encode(), HIDDEN.encode(), HIDDEN.encode())
    passport = types.MessageActionSecureValuesSentMe([value], sealed)
    return [
        _did("shared with a bot", shared, "*", ada.name, ben.name, subjects=(str(ada.id), str(ben.id))),
        _did("shared with me, a bot", received, "*", ada.name, subjects=(str(ada.id),)),
        _did("documents", types.MessageActionSecureValuesSent(asked), "*", holds={"action": ("email", "passport")}),
        _did("documents for me, a bot", passport, "*", holds={"action": ("email",)}, hides=(HIDDEN,)),
        _did("words to me, a bot", types.MessageActionWebViewDataSentMe("Rows", HIDDEN), "*", "Rows", hides=(HIDDEN,)),
        _did("bot made", types.MessageActionManagedBotCreated(ben.id), "*", ben.name, subjects=(str(ben.id),)),
        _did("birthday", types.MessageActionSuggestBirthday(types.Birthday(9, 12, 1984)), "*", "1984"),
        Sample(
            "service: picture suggested",
            {"action": types.MessageActionSuggestProfilePhoto(place.photo())},
            Seen(action="*", media=({"kind": "photo", "is_image": True},)),
        ),
    ]  # fmt: skip


def _apps(place: Place) -> list[Sample]:
    return [
        _did("an app's own words", types.MessageActionCustomAction("Ben joined Telegram"), "*", "Ben joined Telegram"),
        _did("a site let in", types.MessageActionBotAllowed(domain="sky.apollo.example"), "*", "sky.apollo.example"),
        _did("a page's words", types.MessageActionWebViewDataSent("Seats chosen"), "*", "Seats chosen"),
        _did("score", types.MessageActionGameScore(1, 4_200), "*", "4200"),
        _did("nothing", types.MessageActionEmpty(), "*"),
    ]
