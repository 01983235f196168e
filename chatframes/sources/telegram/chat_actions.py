"""Say what service messages about the chat itself tell: its members, its name, its topics, its settings."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from .peers import marked_id
from .said import compact
from .told import Cast, Teller, Told, did, length, oneself, people

__all__ = ["ACTIONS"]


def _added(action: Any, cast: Cast) -> Told:
    who = people(action.users)
    if who == (cast.author,):
        return Told("member_joined", f"{cast.who} joined", who)
    return Told("member_added", f"{cast.who} added {cast.names(who)}", who)


def _removed(action: Any, cast: Cast) -> Told:
    if action.user_id == cast.author:
        return Told("member_left", f"{cast.who} left", people([action.user_id]))
    return Told("member_removed", f"{cast.who} removed {cast.name(action.user_id)}", people([action.user_id]))


def _joined_by_link(action: Any, cast: Cast) -> Told:
    by = f" of {cast.name(action.inviter_id)}" if action.inviter_id else ""
    facts = {"inviter_id": str(action.inviter_id)} if action.inviter_id else {}
    return Told("member_joined", f"{cast.who} joined by a link{by}", oneself(cast), facts)


def _chat_created(action: Any, cast: Cast) -> Told:
    return Told("created", f'{cast.who} created "{action.title}"', people(action.users), {"title": action.title})


def _became_supergroup(action: Any, cast: Cast) -> Told:
    marked = str(marked_id(types.PeerChannel(action.channel_id)))
    return Told("migrated", "This group became a supergroup", (), {"to_chat_id": marked})


def _was_group(action: Any, cast: Cast) -> Told:
    facts = compact(from_chat_id=str(marked_id(types.PeerChat(action.chat_id))), title=action.title)
    return Told("migrated", f'The group "{action.title}" became this supergroup', (), facts)


def _topic_created(action: Any, cast: Cast) -> Told:
    return Told("topic_created", f'{cast.who} opened the topic "{action.title}"', (), {"title": action.title})


def _topic_edited(action: Any, cast: Cast) -> Told:
    said = []
    if action.title is not None:
        said.append(f'renamed the topic to "{action.title}"')
    if action.closed is not None:
        said.append("closed the topic" if action.closed else "opened the topic again")
    if action.hidden is not None:
        said.append("hid the topic" if action.hidden else "showed the topic again")
    if not said:
        said.append("changed the topic's icon")
    facts = {name: getattr(action, name) for name in ("title", "closed", "hidden")}
    facts = {name: value for name, value in facts.items() if value is not None}
    return Told("topic_edited", f"{cast.who} {' and '.join(said)}", (), facts)


def _lifetime(action: Any, cast: Cast) -> Told:
    facts = compact(
        seconds=action.period, from_user_id=str(action.auto_setting_from) if action.auto_setting_from else None
    )
    if not action.period:
        return Told("auto_delete", f"{cast.who} switched off the deletion of messages", (), {"seconds": 0} | facts)
    return Told("auto_delete", f"{cast.who} set messages to be deleted after {length(action.period)}", (), facts)


def _theme(action: Any, cast: Cast) -> Told:
    emoji = getattr(action.theme, "emoticon", None) or getattr(getattr(action.theme, "gift", None), "title", None)
    if not emoji:
        return Told("theme_changed", f"{cast.who} took back the chat's theme")
    return Told("theme_changed", f"{cast.who} changed the chat's theme to {emoji}", (), {"theme": emoji})


def _protected(action: Any, cast: Cast) -> Told:
    facts = {"protected": bool(action.new_value)}
    verb = "forbade" if action.new_value else "allowed"
    return Told("protection_changed", f"{cast.who} {verb} saving and forwarding", (), facts)


def _protection_asked(action: Any, cast: Cast) -> Told:
    facts = {"protected": bool(action.new_value)} | compact(expired=action.expired)
    verb = "forbid" if action.new_value else "allow"
    return Told("protection_requested", f"{cast.who} asked to {verb} saving and forwarding", (), facts)


def _community(action: Any, cast: Cast) -> Told:
    if action.community_id is None:
        return Told("community_changed", f"{cast.who} took the chat out of its community")
    facts = {"community_id": str(action.community_id)}
    return Told("community_changed", f"{cast.who} put the chat into a community", (), facts)


ACTIONS: dict[type, Teller] = {
    types.MessageActionChatAddUser: _added,
    types.MessageActionChatDeleteUser: _removed,
    types.MessageActionChatJoinedByLink: _joined_by_link,
    types.MessageActionChatJoinedByRequest: lambda action, cast: Told(
        "member_joined", f"{cast.who} joined after a request was accepted", oneself(cast)
    ),
    types.MessageActionChatJoinedViaCommunity: lambda action, cast: Told(
        "member_joined",
        f"{cast.who} joined through a community",
        oneself(cast),
        {"community_id": str(action.community_id)},
    ),
    types.MessageActionChatCreate: _chat_created,
    types.MessageActionChannelCreate: lambda action, cast: Told(
        "created", f'{cast.who} created "{action.title}"', (), {"title": action.title}
    ),
    types.MessageActionChatMigrateTo: _became_supergroup,
    types.MessageActionChannelMigrateFrom: _was_group,
    types.MessageActionChatEditTitle: lambda action, cast: Told(
        "renamed", f'{cast.who} renamed the chat to "{action.title}"', (), {"title": action.title}
    ),
    types.MessageActionChatEditPhoto: did("photo_changed", "changed the chat's photo"),
    types.MessageActionChatDeletePhoto: did("photo_deleted", "deleted the chat's photo"),
    types.MessageActionSetChatWallPaper: did("wallpaper_changed", "changed the chat's wallpaper"),
    types.MessageActionSetChatTheme: _theme,
    types.MessageActionSetMessagesTTL: _lifetime,
    types.MessageActionNoForwardsToggle: _protected,
    types.MessageActionNoForwardsRequest: _protection_asked,
    types.MessageActionPinMessage: did("pinned", "pinned a message"),
    types.MessageActionHistoryClear: lambda action, cast: Told("history_cleared", "The history was cleared"),
    types.MessageActionChangeCommunity: _community,
    types.MessageActionChangeCreator: lambda action, cast: Told(
        "owner_changed", f"{cast.name(action.new_creator_id)} owns the chat now", people([action.new_creator_id])
    ),
    types.MessageActionNewCreatorPending: lambda action, cast: Told(
        "owner_pending", f"{cast.name(action.new_creator_id)} will own the chat", people([action.new_creator_id])
    ),
    types.MessageActionTopicCreate: _topic_created,
    types.MessageActionTopicEdit: _topic_edited,
    types.MessageActionBoostApply: lambda action, cast: Told(
        "boosted", f"{cast.who} boosted the chat {action.boosts} times", (), {"boosts": action.boosts}
    ),
}
