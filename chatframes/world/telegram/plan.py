"""Who meets which contradiction of the sandbox's Telegram: chosen among the messages of Project Apollo."""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from telethon.tl import types

from ..community.people import END
from ..fault import chosen
from .records import TelegramWorld

NEWER_ID = 0xDEADBEE5  # of a constructor that no layer has
OTHER_NAME = "apollo_archive"  # that Project Apollo goes by too, with two_names
EDITED_AT = END  # while a client reads, as far as the sandbox's time goes
_LATECOMERS = 3


class NewerMedia(types.MessageMediaUnsupported):  # type: ignore[misc]  # telethon has no types
    """What a message carries, in a shape that only a later layer knows."""

    def _bytes(self) -> bytes:
        return struct.pack("<I", NEWER_ID)

    def __bytes__(self) -> bytes:
        return self._bytes()


@dataclass(slots=True)
class Plan:
    """Messages of the main chat, by id; `withheld` leads from chat and id to the name of the fault.

    `coming` are the messages that are not written yet, the oldest first; `edits` the new words of some messages.
    """

    main: int  # the chat's marked id
    newer: set[int] = field(default_factory=set)
    doomed: set[int] = field(default_factory=set)
    coming: list[Any] = field(default_factory=list)
    edits: dict[int, str] = field(default_factory=dict)
    edited: bool = False  # whether it has happened
    withheld: dict[tuple[str, str], str] = field(default_factory=dict)

    def keep_back(self, id_: int, fault: str) -> None:
        """No client need get this message."""
        self.withheld.setdefault((str(self.main), str(id_)), fault)


def plan_for(world: TelegramWorld, faults: Collection[str], seed: int) -> Plan:
    """Choose for the contradictions among `faults`; what messages carry is changed in `world`."""
    main = next(chat for chat in world.chats if getattr(chat.entity, "username", None) == "apollo")
    plan = Plan(main.marked_id)
    if "two_names" in faults:  # then Telegram says neither in the old place
        names = [types.Username("apollo", editable=True, active=True), types.Username(OTHER_NAME, active=True)]
        main.entity.username, main.entity.usernames = None, names
    while "arriving_messages" in faults and len(plan.coming) < _LATECOMERS and len(main.messages) > 1:
        if getattr(main.messages[-1], "media", None) is not None:
            break
        plan.coming.insert(0, main.messages.pop())
        plan.keep_back(plan.coming[0].id, "arriving_messages")
    answered = {getattr(getattr(one, "reply_to", None), "reply_to_msg_id", None) for one in main.messages}
    plain = {
        str(message.id): message
        for message in main.messages
        if isinstance(message, types.Message) and message.media is None and message.id not in answered
    }
    if "newer_layer" in faults:
        for id_ in chosen(seed, "newer_layer", plain, 150):
            plain.pop(id_).media = NewerMedia()
            plan.newer.add(int(id_))
            plan.keep_back(int(id_), "newer_layer")
    if "vanishing_messages" in faults:
        plan.doomed = {int(id_) for id_ in chosen(seed, "vanishing_messages", plain, 12)}
    if "mended_messages" in faults:
        worded = [id_ for id_, one in plain.items() if one.message and int(id_) not in plan.doomed]
        plan.edits = {int(id_): f"{plain[id_].message} (mended)" for id_ in chosen(seed, "mended_messages", worded, 5)}
    return plan
