"""The keys that `details` of a message may have: the one list of them, which docs/table.md explains.

A service may add a key, or a field of one: here, and in docs/table.md, which says whose it is. A test holds both
together.
"""

from __future__ import annotations

__all__ = ["DETAIL_KEYS"]

# Dtypes of pandas; ANY holds lists and objects, and a TIME is ISO text in the JSON.
TEXT, WHOLE, NUMBER, YES_NO, TIME, ANY = "str", "Int64", "float64", "boolean", "datetime64[us, UTC]", "object"

# Of each key, its fields with the types that they have in a table. A key whose value is no object is its own field.
# Values may have more fields than these, where a service says more.
DETAIL_KEYS: dict[str, dict[str, str]] = {
    "action": {"name": TEXT},
    "announcement": {"announcement": TEXT},
    "author_flair": {"author_flair": TEXT},
    "awards": {"awards": ANY},
    "buttons": {"buttons": ANY},
    "call": {"seconds": WHOLE, "reason": TEXT},
    "card": {},
    "collection": {"collection": ANY},
    "contact": {"name": TEXT, "phone": TEXT},
    "crosspost": {"id": TEXT, "chat": TEXT, "title": TEXT, "author": TEXT, "url": TEXT},
    "dice": {"emoji": TEXT, "value": WHOLE},
    "distinguished": {"distinguished": TEXT},
    "event": {"start": TIME, "end": TIME, "live": YES_NO},
    "fact_check": {"text": TEXT, "country": TEXT},
    "fallback_text": {"fallback_text": TEXT},
    "game": {"title": TEXT, "description": TEXT},
    "gift": {"kind": TEXT, "title": TEXT, "stars": WHOLE, "price": TEXT},
    "giveaway": {"prizes": WHOLE, "winners": WHOLE, "until": TIME},
    "imported_from": {"name": TEXT, "created_at": TIME},
    "invoice": {"title": TEXT, "description": TEXT, "amount": WHOLE, "currency": TEXT},
    "more_cards": {"more_cards": ANY},
    "original_author": {"original_author": TEXT},
    "paid_media": {"stars": WHOLE, "items": WHOLE, "bought": WHOLE},
    "payment": {"amount": WHOLE, "currency": TEXT, "price": TEXT},
    "place": {"latitude": NUMBER, "longitude": NUMBER, "title": TEXT, "address": TEXT},
    "poll": {"question": TEXT, "options": ANY, "total": WHOLE, "closed": YES_NO, "closes_at": TIME},
    "preview": {"url": TEXT, "title": TEXT, "description": TEXT, "site": TEXT},
    "prize": {"stars": WHOLE},
    "removal": {"by": TEXT, "name": TEXT, "reason": TEXT},
    "reply": {"author_id": TEXT, "author_name": TEXT, "created_at": TIME},
    "reply_to_story": {"id": TEXT, "author_id": TEXT},
    "restricted": {"restricted": ANY},
    "rich_message": {"part": YES_NO},
    "story": {"id": TEXT, "author_id": TEXT, "caption": TEXT},
    "todo": {"title": TEXT, "items": ANY},
    "unread": {"unread": ANY},
    "video_stream": {"rtmp": YES_NO},
}
