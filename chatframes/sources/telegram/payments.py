"""Say what service messages about gifts, prizes and payments tell."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from .said import STARS, TON_DIGITS, compact, iso, money
from .told import Cast, Teller, Told, ids_of

__all__ = ["ACTIONS"]


def _gift(text: str, subjects: tuple[int, ...] = (), message: Any = None, **facts: Any) -> Told:
    words = getattr(message, "text", None)
    return Told("gift", text, subjects, {"gift": compact(**facts, message=words)}, message)


def _premium(action: Any, cast: Cast) -> Told:
    return _gift(
        f"{cast.who} gave Telegram Premium for {action.days} days",
        message=action.message,
        kind="premium",
        days=action.days,
        currency=action.currency,
        amount=action.amount,
        price=money(action.currency, action.amount),
    )


def _code(action: Any, cast: Cast) -> Told:
    return _gift(
        f"{cast.who} gave a code for Telegram Premium for {action.days} days",
        ids_of([action.boost_peer]),
        action.message,
        kind="premium_code",
        days=action.days,
        currency=action.currency,
        amount=action.amount,
        from_giveaway=action.via_giveaway,
        unclaimed=action.unclaimed,
    )


def _stars(action: Any, cast: Cast) -> Told:
    price = money(action.currency, action.amount)
    return _gift(f"{cast.who} gave {action.stars} Stars", kind="stars", stars=action.stars, price=price)


def _ton(action: Any, cast: Cast) -> Told:
    given = money(action.crypto_currency, action.crypto_amount)
    return _gift(f"{cast.who} gave {given}", kind="ton", given=given, price=money(action.currency, action.amount))


def _star_gift(action: Any, cast: Cast) -> Told:
    gift = action.gift
    stars = getattr(gift, "stars", None)
    title = getattr(gift, "title", None)
    what = f'the gift "{title}"' if title else "a gift"
    return _gift(
        f"{cast.who} gave {what}" + (f" for {stars} Stars" if stars else ""),
        ids_of([action.peer or action.to_id]),
        action.message,
        kind="star_gift",
        id=str(gift.id),
        title=title,
        stars=stars,
        refunded=action.refunded,
        converted=action.converted,
        name_hidden=action.name_hidden,
    )


def _unique(gift: Any) -> str:
    title, number = getattr(gift, "title", None), getattr(gift, "num", None)
    return f'"{title} #{number}"' if number else f'"{title}"' if title else "a gift"


def _unique_gift(action: Any, cast: Cast) -> Told:
    gift = action.gift
    verb = "upgraded" if action.upgrade else "passed on" if action.transferred else "gave"
    return _gift(
        f"{cast.who} {verb} {_unique(gift)}",
        ids_of([action.peer]),
        action.message,
        kind="unique_gift",
        id=str(gift.id),
        title=getattr(gift, "title", None),
        number=getattr(gift, "num", None),
        upgraded=action.upgrade,
        transferred=action.transferred,
        refunded=action.refunded,
        price=_stars_price(action.resale_amount),
    )


def _stars_price(price: Any) -> str | None:
    """Return a price in Telegram's own money, or in TON."""
    if isinstance(price, types.StarsTonAmount):
        return money("TON", price.amount)
    if not isinstance(price, types.StarsAmount):
        return None
    if not price.nanos:
        return money(STARS, price.amount)
    return f"{price.amount + price.nanos / 10**TON_DIGITS:.9g} Stars"


def _offer(action: Any, cast: Cast) -> Told:
    price = _stars_price(action.price)
    facts = {"gift": compact(kind="offer", title=getattr(action.gift, "title", None), price=price)}
    facts["gift"] |= compact(
        accepted=getattr(action, "accepted", None),
        declined=getattr(action, "declined", None),
        expires_at=iso(getattr(action, "expires_at", None)),
    )
    return Told("gift_offer", f"{cast.who} offered {price} for {_unique(action.gift)}", (), facts)


def _offer_declined(action: Any, cast: Cast) -> Told:
    price = _stars_price(action.price)
    facts = {"gift": compact(kind="offer", title=getattr(action.gift, "title", None), price=price, declined=True)}
    how = "The offer ran out" if action.expired else f"{cast.who} declined the offer"
    facts["gift"] |= compact(expired=action.expired)
    return Told("gift_offer_declined", f"{how} of {price} for {_unique(action.gift)}", (), facts)


def _prize(action: Any, cast: Cast) -> Told:
    return Told(
        "prize",
        f"{action.stars} Stars were won in a giveaway",
        ids_of([action.boost_peer]),
        {
            "prize": compact(
                stars=action.stars, unclaimed=action.unclaimed, giveaway_message_id=str(action.giveaway_msg_id)
            )
        },
    )


def _giveaway(action: Any, cast: Cast) -> Told:
    with_stars = f" of {action.stars} Stars" if action.stars else ""
    return Told("giveaway", f"{cast.who} started a giveaway{with_stars}", (), compact(stars=action.stars))


def _giveaway_ended(action: Any, cast: Cast) -> Told:
    facts = {"winners": action.winners_count, "unclaimed": action.unclaimed_count}
    return Told("giveaway_ended", f"The giveaway has ended: {action.winners_count} winners", (), facts)


def _payment(action: Any, cast: Cast) -> Told:
    price = money(action.currency, action.total_amount)
    facts = compact(
        currency=action.currency,
        amount=action.total_amount,
        price=price,
        recurring=action.recurring_init or action.recurring_used,
        subscribed_until=iso(action.subscription_until_date),
    )
    return Told("payment", f"{cast.who} paid {price}", (), {"payment": facts})


def _refund(action: Any, cast: Cast) -> Told:
    price = money(action.currency, action.total_amount)
    facts = compact(currency=action.currency, amount=action.total_amount, price=price)
    return Told("refund", f"{price} were paid back", ids_of([action.peer]), {"payment": facts})


def _message_price(action: Any, cast: Cast) -> Told:
    facts = {"stars": action.stars} | compact(direct_messages=action.broadcast_messages_allowed)
    text = f"Each message costs {action.stars} Stars now" if action.stars else "Messages cost nothing now"
    return Told("price_changed", text, (), facts)


def _messages_refunded(action: Any, cast: Cast) -> Told:
    facts = {"payment": {"messages": action.count, "stars": action.stars}}
    return Told("refund", f"{cast.who} paid back {action.stars} Stars for {action.count} messages", (), facts)


def _post_judged(action: Any, cast: Cast) -> Told:
    price = _stars_price(action.price)
    facts = compact(
        rejected=action.rejected,
        balance_too_low=action.balance_too_low,
        comment=action.reject_comment,
        scheduled_at=iso(action.schedule_date),
        price=price,
    )
    if action.balance_too_low:
        text = "The suggested post was not published: the balance is too low"
    else:
        verb = "rejected" if action.rejected else "accepted"
        text = f"{cast.who} {verb} the suggested post" + (f": {action.reject_comment}" if action.reject_comment else "")
    return Told("post_rejected" if action.rejected else "post_accepted", text, (), facts)


def _post_paid(action: Any, cast: Cast) -> Told:
    price = _stars_price(action.price)
    return Told("payment", f"The suggested post was published for {price}", (), {"payment": compact(price=price)})


def _post_refunded(action: Any, cast: Cast) -> Told:
    who = "its author" if action.payer_initiated else "the channel"
    facts = {"payment": {"by_payer": bool(action.payer_initiated)}}
    return Told("refund", f"The price of the suggested post was paid back: it was deleted by {who}", (), facts)


ACTIONS: dict[type, Teller] = {
    types.MessageActionGiftPremium: _premium,
    types.MessageActionGiftCode: _code,
    types.MessageActionGiftStars: _stars,
    types.MessageActionGiftTon: _ton,
    types.MessageActionStarGift: _star_gift,
    types.MessageActionStarGiftUnique: _unique_gift,
    types.MessageActionStarGiftPurchaseOffer: _offer,
    types.MessageActionStarGiftPurchaseOfferDeclined: _offer_declined,
    types.MessageActionPrizeStars: _prize,
    types.MessageActionGiveawayLaunch: _giveaway,
    types.MessageActionGiveawayResults: _giveaway_ended,
    types.MessageActionPaymentSent: _payment,
    types.MessageActionPaymentSentMe: _payment,
    types.MessageActionPaymentRefunded: _refund,
    types.MessageActionPaidMessagesPrice: _message_price,
    types.MessageActionPaidMessagesRefunded: _messages_refunded,
    types.MessageActionSuggestedPostApproval: _post_judged,
    types.MessageActionSuggestedPostSuccess: _post_paid,
    types.MessageActionSuggestedPostRefund: _post_refunded,
}
