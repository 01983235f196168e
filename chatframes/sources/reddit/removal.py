"""Tell what was done to a post or a comment: removed, deleted by its author, locked, edited, pinned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .fields import Thing, text

GONE = (None, "[deleted]")  # what Reddit gives for an author who is not told
_BY_AUTHOR = ("deleted", "author")
# Fields that hold who removed something, or why: most are filled in for moderators only.
_SAYS_REMOVED = ("removed", "removed_by", "banned_by", "banned_at_utc", "removal_reason", "spam")
# Where no field says so, words stand in place of the text: "[removed]", "[deleted by user]", "[ Removed by Reddit on
# account of violating the [content policy](/help/contentpolicy). ]"; without an author, whatever else is said in them.
_WITHIN = r"(?:[^\]\n]|\](?=\())*"
_IN_PLACE = re.compile(r"\[\s*(removed|deleted)(?:\s+by\b" + _WITHIN + r")?\s*\]", re.IGNORECASE)
_IN_PLACE_OF_NOBODY = re.compile(r"\[\s*(removed|deleted)\b" + _WITHIN + r"\]", re.IGNORECASE)
_LONGEST = 400  # characters of such words


def flags_of(thing: Thing, body: str) -> Iterator[str]:
    """Yield what is odd about a post or a comment."""
    removed = is_removed(thing, body)
    is_set = {
        "over_18": thing.get("over_18") is True,
        "spoiler": thing.get("spoiler") is True,
        "removed": removed,
        "deleted": is_deleted(thing, body, removed),
        "edited": thing.get("edited") is True,  # without a time, as very old ones say it
        "pinned": thing.get("stickied") is True,
        "locked": thing.get("locked") is True,
        "quarantine": thing.get("quarantine") is True,
        "distinguished": bool(text(thing, "distinguished")),
        "submitter": thing.get("is_submitter") is True,
        "original_content": thing.get("is_original_content") is True,
        "promoted": thing.get("promoted") is True or thing.get("is_created_from_ads_ui") is True,
    }
    yield from (flag for flag, holds in is_set.items() if holds)


def action_of(flags: Iterable[str]) -> str | None:
    """Return what was done to it last, as far as the payload says so."""
    return next((action for action in ("removed", "deleted", "locked") if action in flags), None)


def is_removed(thing: Thing, body: str) -> bool:
    """Whether somebody else than its author took it away: a moderator, a filter or Reddit."""
    category = text(thing, "removed_by_category")
    if category and category not in _BY_AUTHOR:
        return True
    return any(map(thing.get, _SAYS_REMOVED)) or _word_in_place(thing, body) == "removed"


def is_deleted(thing: Thing, body: str, removed: bool) -> bool:
    """Whether its author took it away; `removed` is whether somebody else did."""
    if text(thing, "removed_by_category") in _BY_AUTHOR or _word_in_place(thing, body) == "deleted":
        return True
    if removed or thing.get("author") not in GONE:
        return False
    return not (body or thing.get("is_self") is False)  # text and link stay when only the account behind them goes


def _word_in_place(thing: Thing, body: str) -> str | None:
    """Return "removed" or "deleted" where such words stand in place of the text, or of the title of a text."""
    place = body or text(thing, "title")
    if len(place) > _LONGEST or not place.lstrip().startswith("["):
        return None
    found = (_IN_PLACE_OF_NOBODY if thing.get("author") in GONE else _IN_PLACE).fullmatch(place.strip())
    return found[1].lower() if found is not None else None


def who_removed(thing: Thing, flags: Iterable[str]) -> dict[str, Any]:
    """Return who removed something and why, as far as the payload says so; `flags` say whether somebody did."""
    if "removed" not in flags and "deleted" not in flags:
        return {}
    told = {
        "by": text(thing, "removed_by_category") or None,
        "name": text(thing, "removed_by") or text(thing, "banned_by") or None,
        "reason": text(thing, "removal_reason") or text(thing, "mod_reason_title") or None,
    }
    return {key: value for key, value in told.items() if value}
