"""The keys that `details` of a message may have: the one list of them, which docs/table.md explains.

A service may add a key, or a field of one: here, and in docs/table.md, which says whose it is. A test holds both
together.
"""

from __future__ import annotations

__all__ = ["DETAIL_KEYS"]

# Dtypes of pandas; ANY holds lists and objects.
TEXT, WHOLE, NUMBER, YES_NO, ANY = "str", "Int64", "float64", "boolean", "object"

# Of each key, its fields with the types that they have in a table. A key whose value is no object is its own field.
DETAIL_KEYS: dict[str, dict[str, str]] = {
    "action": {"action": TEXT},
    "buttons": {"buttons": ANY},
    "call": {"seconds": WHOLE, "reason": TEXT},
    "card": {},
    "contact": {"name": TEXT, "phone": TEXT},
    "crosspost": {},
    "dice": {"emoji": TEXT, "value": WHOLE},
    "gift": {},
    "imported_from": {"imported_from": TEXT},
    "invoice": {"title": TEXT, "description": TEXT, "amount": WHOLE, "currency": TEXT},
    "original_author": {"original_author": TEXT},
    "place": {"latitude": NUMBER, "longitude": NUMBER, "title": TEXT, "address": TEXT},
    "poll": {"question": TEXT, "options": ANY, "total": WHOLE, "closed": YES_NO},
    "preview": {"url": TEXT, "title": TEXT, "description": TEXT, "site": TEXT},
    "story": {},
    "unread": {"unread": ANY},
}
