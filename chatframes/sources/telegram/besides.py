"""Add to a row what a message says besides its own text: its action, its media, its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...model import Message
from . import chat_actions, other_actions, payments
from .buttons import read_buttons
from .content import SILENT, read_media
from .media import snake
from .peers import Peers
from .rich import rich_text
from .said import Said, compact
from .told import Cast, Teller

__all__ = ["ACTIONS", "action", "beneath", "media", "take_unread"]

ACTIONS: dict[type, Teller] = {**chat_actions.ACTIONS, **other_actions.ACTIONS, **payments.ACTIONS}
OWN_KEYS = frozenset(("call", "gift", "payment", "prize"))  # of an action's details; the others stand under "action"


def action(row: Message, message: Any, peers: Peers) -> None:
    """Fill in what a service message tells."""
    if message.action is None:
        return
    name = snake(type(message.action).__name__, "MessageAction")
    row.details = {**row.details, "action": {"name": name}}
    teller = ACTIONS.get(type(message.action))
    if teller is None:
        row.action = "other"
        take_unread(row, [type(message.action).__name__])
        return
    author = int(row.author_id) if row.author_id is not None else None
    who = row.author_name or (peers.called(author) if author is not None else "Somebody")
    told = teller(message.action, Cast(who, author, peers.called))
    row.action, row.subjects = told.action, tuple(map(str, told.subjects))
    said = Said()
    said.line(told.text)
    said.words(told.quoted)
    _take(row, said)
    facts = {key: value for key, value in told.details.items() if key not in OWN_KEYS}
    own = {key: value for key, value in told.details.items() if key in OWN_KEYS}
    row.details = {**row.details, **own, "action": {"name": name, **facts}}


def media(row: Message, message: Any) -> None:
    """Add what polls, places, previews, rich messages and so on say."""
    if message.rich_message is None and (message.media is None or type(message.media) in SILENT):
        return
    said = Said(links=list(row.links))
    try:
        if message.media is not None:
            read_media(message.media, said)
        if message.rich_message is not None:
            rich_text(message.rich_message, said)
    finally:  # an odd part costs what comes after it, and nothing that was read before
        row.links = ()  # they are the first ones of `said`
        _take(row, said)


def beneath(row: Message, message: Any) -> None:
    """Add what stands beneath a message: its buttons, and what others say about it."""
    if message.reply_markup is None and message.factcheck is None and not message.restriction_reason:
        return
    said = Said(links=list(row.links))
    read_buttons(message.reply_markup, said)
    checked = getattr(message.factcheck, "text", None)
    if checked is not None:
        words = Said(links=said.links)
        said.details["fact_check"] = compact(text=words.words(checked), country=message.factcheck.country)
    if message.restriction_reason:
        said.details["restricted"] = [compact(reason=one.reason, text=one.text) for one in message.restriction_reason]
    row.links = ()
    _take(row, said)


def _take(row: Message, said: Said) -> None:
    """Add what a part of the message says to its row."""
    if said.lines:
        row.text = "\n".join([row.text, *said.lines] if row.text else said.lines)
    row.links += tuple(said.links)
    row.mentions += tuple(said.mentions)
    if said.details:
        row.details = {**row.details, **said.details}
    take_unread(row, said.unread)


def take_unread(row: Message, names: Sequence[str]) -> None:
    if names:
        known = row.details.get("unread", [])
        row.details = {**row.details, "unread": list(dict.fromkeys([*known, *names]))}
