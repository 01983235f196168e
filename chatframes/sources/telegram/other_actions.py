"""Say what service messages about calls, bots, lists and polls tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from telethon.tl import types

from .said import compact, iso
from .told import Cast, Teller, Told, did, ids_of, length, oneself, people

__all__ = ["ACTIONS"]

_REASONS = {
    types.PhoneCallDiscardReasonMissed: "missed",
    types.PhoneCallDiscardReasonBusy: "declined",
    types.PhoneCallDiscardReasonHangup: "hung up",
    types.PhoneCallDiscardReasonDisconnect: "disconnected",
    types.PhoneCallDiscardReasonMigrateConferenceCall: "made a group call",
}


def _phone_call(action: Any, cast: Cast) -> Told:
    reason = _REASONS.get(type(action.reason))
    what = "Video call" if action.video else "Call"
    ending = length(action.duration) if action.duration else reason
    facts = {"seconds": action.duration, "reason": reason} | compact(video=action.video)
    return Told("call", f"{what}, {ending}" if ending else what, (), {"call": facts})


def _conference(action: Any, cast: Cast) -> Told:
    ending = "missed" if action.missed else length(action.duration) if action.duration else None
    facts = {"seconds": action.duration, "reason": "missed" if action.missed else None} | compact(
        video=action.video, active=action.active
    )
    what = "Group video call" if action.video else "Group call"
    return Told("call", f"{what}, {ending}" if ending else what, ids_of(action.other_participants), {"call": facts})


def _group_call(action: Any, cast: Cast) -> Told:
    facts = {"call": {"seconds": action.duration, "reason": None}}
    if action.duration is None:
        return Told("call_started", f"{cast.who} started a video chat", (), facts)
    return Told("call", f"{cast.who} ended the video chat, {length(action.duration)}", (), facts)


def _group_call_planned(action: Any, cast: Cast) -> Told:
    when = iso(action.schedule_date)
    facts = {"call": {"seconds": None, "reason": None, "scheduled_at": when}}
    return Told("call_scheduled", f"{cast.who} planned a video chat for {when}", (), facts)


def _invited(action: Any, cast: Cast) -> Told:
    who = people(action.users)
    return Told("call_invited", f"{cast.who} invited {cast.names(who)} to the video chat", who)


def _near(action: Any, cast: Cast) -> Told:
    both = ids_of([action.from_id, action.to_id])
    text = f"{cast.names(both[:1])} is within {action.distance} m of {cast.names(both[1:])}"
    return Told("came_near", text, both, {"metres": action.distance})


def _bot_allowed(action: Any, cast: Cast) -> Told:
    where = action.domain or getattr(action.app, "title", None)
    facts = compact(
        domain=action.domain,
        app=getattr(action.app, "title", None),
        attach_menu=action.attach_menu,
        from_request=action.from_request,
    )
    return Told("bot_allowed", f"{cast.who} let the bot write" + (f" by {where}" if where else ""), (), facts)


def _passport(kinds: list[Any], cast: Cast) -> Told:
    names = [type(kind).__name__.removeprefix("SecureValueType") for kind in kinds]
    return Told("passport_sent", f"{cast.who} sent documents of Telegram Passport", (), {"documents": names})


def _shared(peers: Iterable[Any], cast: Cast) -> Told:
    who = ids_of(peers)
    return Told("contact_shared", f"{cast.who} shared {cast.names(who)} with the bot", who)


def _requested(peer: Any) -> Any:
    """Return the peer that a requested peer stands for."""
    for name, kind in (("user_id", types.PeerUser), ("chat_id", types.PeerChat), ("channel_id", types.PeerChannel)):
        if (number := getattr(peer, name, None)) is not None:
            return kind(number)
    return None


def _birthday(action: Any, cast: Cast) -> Told:
    day = action.birthday
    date = "-".join(f"{part:02d}" for part in (day.year, day.month, day.day) if part)
    return Told("birthday_suggested", f"{cast.who} suggested a birthday: {date}", (), {"birthday": date})


def _tasks_done(action: Any, cast: Cast) -> Told:
    facts = {"done": list(action.completed or ()), "undone": list(action.incompleted or ())}
    said = [
        f"{verb} {len(tasks)} task{'s' if len(tasks) != 1 else ''}"
        for verb, tasks in (("completed", facts["done"]), ("reopened", facts["undone"]))
        if tasks
    ]
    return Told("tasks_completed", f"{cast.who} {' and '.join(said) or 'changed a list'}", (), facts)


def _tasks_added(action: Any, cast: Cast) -> Told:
    titles = [item.title.text for item in action.list or ()]
    return Told("tasks_added", "\n".join([f"{cast.who} added to the list:", *titles]), (), {"tasks": titles})


def _option(verb: str, action: Any, cast: Cast) -> Told:
    text = action.answer.text.text
    return Told(f"poll_option_{verb}", f'{cast.who} {verb} the option "{text}"', (), {"option": text})


ACTIONS: dict[type, Teller] = {
    types.MessageActionEmpty: lambda action, cast: Told("other", ""),
    types.MessageActionSuggestProfilePhoto: did("photo_suggested", "suggested a profile photo"),
    types.MessageActionPhoneCall: _phone_call,
    types.MessageActionConferenceCall: _conference,
    types.MessageActionGroupCall: _group_call,
    types.MessageActionGroupCallScheduled: _group_call_planned,
    types.MessageActionInviteToGroupCall: _invited,
    types.MessageActionScreenshotTaken: did("screenshot", "took a screenshot"),
    types.MessageActionCustomAction: lambda action, cast: Told("other", action.message),
    types.MessageActionContactSignUp: lambda action, cast: Told(
        "signed_up", f"{cast.who} joined Telegram", oneself(cast)
    ),
    types.MessageActionGameScore: lambda action, cast: Told(
        "game_score", f"{cast.who} scored {action.score}", (), {"score": action.score}
    ),
    types.MessageActionGeoProximityReached: _near,
    types.MessageActionBotAllowed: _bot_allowed,
    types.MessageActionManagedBotCreated: lambda action, cast: Told(
        "bot_created", f"{cast.who} created the bot {cast.name(action.bot_id)}", people([action.bot_id])
    ),
    types.MessageActionSecureValuesSent: lambda action, cast: _passport(action.types, cast),
    types.MessageActionSecureValuesSentMe: lambda action, cast: _passport(
        [value.type for value in action.values], cast
    ),
    types.MessageActionRequestedPeer: lambda action, cast: _shared(action.peers, cast),
    types.MessageActionRequestedPeerSentMe: lambda action, cast: _shared(map(_requested, action.peers), cast),
    types.MessageActionWebViewDataSent: lambda action, cast: Told(
        "web_app_data", f'{cast.who} sent data of "{action.text}" to the bot', (), {"button": action.text}
    ),
    types.MessageActionWebViewDataSentMe: lambda action, cast: Told(
        "web_app_data", f'{cast.who} sent data of "{action.text}" to the bot', (), {"button": action.text}
    ),
    types.MessageActionSuggestBirthday: _birthday,
    types.MessageActionTodoCompletions: _tasks_done,
    types.MessageActionTodoAppendTasks: _tasks_added,
    types.MessageActionPollAppendAnswer: lambda action, cast: _option("added", action, cast),
    types.MessageActionPollDeleteAnswer: lambda action, cast: _option("removed", action, cast),
}
