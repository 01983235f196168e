"""Find the chat that a user names, and list the chats of an account."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Literal

from telethon import utils
from telethon.tl import functions, types

from ...errors import AuthError, ChatNotFound, IncompleteWarning, ServiceError
from ...model import Chat
from ...warn import warn
from .. import Context
from ..candidates import choose_by_title, recent_first
from .addresses import USERNAME, ChatName, parse
from .connect import connect
from .dialogs import Entity, Unlisted, dialogs, fetch_entity, with_id
from .link import TelegramError, TelegramLink
from .peers import name_of, username_of
from .unreadable import Unreadable

Kind = Literal["person", "bot", "group", "supergroup", "channel"]


async def list_chats(context: Context) -> list[Chat]:
    """Return the chats of this account, most recently active first."""
    unlisted = Unlisted()
    async with connect(context) as link:
        chats = [as_chat(entity, when) async for entity, when in dialogs(link, unlisted)]
    if unlisted:
        warn(str(unlisted), IncompleteWarning)
    return recent_first(chats)


async def find(link: TelegramLink, chat: str) -> Entity:
    """Return the chat that a user names; Telegram is asked at most once per process and name.

    Raises
    ------
    ChatNotFound
    """
    account = link.account
    async with account.chat_locks[chat]:
        if (entity := account.chats.get(chat)) is not None:
            return entity
        parsed = parse(chat)
        try:
            match parsed.how:
                case "me":
                    entity = account.me
                case "name":
                    entity = await _by_name(link, parsed.name)
                case "phone":
                    entity = await _by_phone(link, parsed.name)
                case "id":
                    entity = await _by_id(link, parsed)
                case "title":
                    entity = await _by_title(link, parsed.name)
        except TelegramError as error:
            raise refused(error, chat) from None
        if isinstance(entity, types.ChatForbidden | types.ChannelForbidden):
            raise ChatNotFound(f"This account is no longer in the Telegram chat {chat!r}: it left, or was banned.")
        account.chats[chat] = entity
        return entity


async def notes_on(link: TelegramLink, chat: str, entity: Entity) -> list[str]:
    """Return what the report says where a link names less than the chat that is read."""
    parsed = parse(chat)
    notes = [parsed.note] if parsed.note else []
    if parsed.is_comment and isinstance(entity, types.Channel):
        group = "a chat of its own"
        with suppress(TelegramError, Unreadable):
            answer = await link.ask(functions.channels.GetFullChannelRequest(utils.get_input_channel(entity)))
            if (linked := answer.full_chat.linked_chat_id) is not None:
                marked = utils.get_peer_id(types.PeerChannel(linked))
                group = f"the chat {marked}: chatframes.Telegram({marked}) fetches them"
        notes.append(f"comments on a channel's posts are in its discussion group, {group}")
    return notes


def refused(error: TelegramError, chat: str) -> Exception:
    """Return the error that says what Telegram's refusal means for this chat."""
    match error.name:
        case "CHANNEL_PRIVATE" | "CHAT_FORBIDDEN" | "CHAT_ADMIN_REQUIRED" | "USER_BANNED_IN_CHANNEL":
            return ChatNotFound(
                f"Telegram does not let this account read {chat!r} ({error.name}): it is not a member, or was banned."
            )
        case "PHONE_NOT_OCCUPIED" | "PHONE_NUMBER_INVALID":
            return ChatNotFound(
                f"Telegram shows this account nobody with the phone {chat!r}: give the person's name, as "
                'chats("telegram") lists it.'
            )
        case "FROZEN_METHOD_INVALID":
            return AuthError(
                "Telegram has frozen this account, and lets it read nothing: see the message in Telegram's own app."
            )
        case "USERNAME_NOT_OCCUPIED" | "USERNAME_INVALID":
            return ChatNotFound(f"Nothing on Telegram is called {chat!r}: check the spelling, or give the title or id.")
        case "CHANNEL_INVALID" | "CHAT_ID_INVALID" | "PEER_ID_INVALID" | "PEER_ID_NOT_SUPPORTED":
            return ChatNotFound(
                f"Telegram knows no chat {chat!r} for this account ({error.name}): "
                'see chats("telegram") for those it is in.'
            )
    return error


def kind_of(entity: Entity) -> Kind:
    """Return the kind of a chat."""
    if isinstance(entity, types.User):
        return "bot" if entity.bot else "person"
    if isinstance(entity, types.Chat | types.ChatForbidden):
        return "group"
    return "supergroup" if getattr(entity, "megagroup", False) or getattr(entity, "gigagroup", False) else "channel"


def title_of(entity: Entity) -> str:
    """Return the title of a chat, or the name of a person."""
    if isinstance(entity, types.User):
        return name_of(entity) or ""
    return entity.title or ""


def goes_on_as(entity: Entity) -> int | None:
    """Return the marked id of the supergroup that a basic group has become; None for any other chat."""
    successor = getattr(entity, "migrated_to", None)
    return None if successor is None else int(utils.get_peer_id(types.PeerChannel(successor.channel_id)))


def as_chat(entity: Entity, last_activity: datetime | None) -> Chat:
    """Return one row of `chats("telegram")`."""
    kinds = {"person": "direct", "bot": "direct", "supergroup": "group"}
    kind = "upgraded" if goes_on_as(entity) is not None else kinds.get(kind_of(entity), kind_of(entity))
    return Chat(str(utils.get_peer_id(entity)), title_of(entity), kind, last_activity)


async def _by_name(link: TelegramLink, name: str) -> Entity:
    row = link.account.session.get_entity_rows_by_username(name.lower())
    if row is not None:
        with suppress(TelegramError, LookupError):  # the name may have passed to another account
            entity = await fetch_entity(link, *row)
            names = {(username_of(entity) or "").lower()}
            names |= {other.username.lower() for other in getattr(entity, "usernames", None) or () if other.active}
            if name.lower() in names:
                return entity
    answer = await link.ask(functions.contacts.ResolveUsernameRequest(name))
    wanted = utils.get_peer_id(answer.peer)
    link.account.session.save()  # so that the name need not be looked up again, not even by the next process
    return with_id(wanted, (*answer.users, *answer.chats))


async def _by_phone(link: TelegramLink, phone: str) -> Entity:
    answer = await link.ask(functions.contacts.ResolvePhoneRequest(phone))
    link.account.session.save()
    return with_id(utils.get_peer_id(answer.peer), (*answer.users, *answer.chats))


async def _by_id(link: TelegramLink, parsed: ChatName) -> Entity:
    for marked in parsed.ids:
        row = link.account.session.get_entity_rows_by_id(marked)
        if row is not None:
            with suppress(TelegramError, LookupError):
                return await fetch_entity(link, *row)
    # A new session knows no access hashes, so look among the chats of the account.
    unlisted = Unlisted()
    listed = {utils.get_peer_id(entity): entity async for entity, _ in dialogs(link, unlisted)}
    link.account.session.save()
    for marked in parsed.ids:
        if marked in listed:
            return listed[marked]
    titled = [entity for entity in listed.values() if title_of(entity) == parsed.name]
    if len(titled) == 1:
        return titled[0]
    # A basic group needs no access hash. One that was upgraded to a supergroup is in no list.
    for group in [marked for marked in parsed.ids if utils.resolve_id(marked)[1] is types.PeerChat]:
        with suppress(TelegramError, LookupError):
            return await fetch_entity(link, group, 0)
    if unlisted:
        raise ServiceError(f"No chat with the id {parsed.name} was found, and {unlisted}")
    raise ChatNotFound(
        f'This Telegram account is in no chat with the id {parsed.name}: see chats("telegram") for all of them.'
    )


async def _by_title(link: TelegramLink, title: str) -> Entity:
    unlisted = Unlisted()
    listed = [(entity, as_chat(entity, when)) async for entity, when in dialogs(link, unlisted)]
    link.account.session.save()
    instead = f"if it is a public name, write '@{title}'" if USERNAME.fullmatch(title) else ""
    # A group that became a supergroup mostly kept its title: the title means the one that people write in.
    living = {utils.get_peer_id(entity): chat.title for entity, chat in listed}
    chats = [chat for entity, chat in listed if living.get(goes_on_as(entity)) != chat.title]
    try:
        chosen = choose_by_title(title, chats, what="Telegram chat", service="telegram", instead=instead)
    except ChatNotFound:
        if unlisted and not any(chat.title.strip().casefold() == title.casefold() for chat in chats):
            raise ServiceError(f"No chat {title!r} was found, and {unlisted}") from None
        raise
    return next(entity for entity, chat in listed if chat is chosen)
