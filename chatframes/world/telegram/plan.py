"""Who meets which contradiction of the sandbox's Telegram: chosen among the messages of Project Apollo."""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass, field

from telethon.tl import types

from ..fault import chosen
from .records import TelegramWorld

NEWER_ID = 0xDEADBEE5  # of a constructor that no layer has


class NewerMedia(types.MessageMediaUnsupported):  # type: ignore[misc]  # telethon has no types
    """What a message carries, in a shape that only a later layer knows."""

    def _bytes(self) -> bytes:
        return struct.pack("<I", NEWER_ID)

    def __bytes__(self) -> bytes:
        return self._bytes()


@dataclass(slots=True)
class Plan:
    """Messages of the main chat, by id; `withheld` leads from chat and id to the name of the fault."""

    main: int  # the chat's marked id
    newer: set[int] = field(default_factory=set)
    doomed: set[int] = field(default_factory=set)
    withheld: dict[tuple[str, str], str] = field(default_factory=dict)

    def keep_back(self, id_: int, fault: str) -> None:
        """No client need get this message."""
        self.withheld.setdefault((str(self.main), str(id_)), fault)


def plan_for(world: TelegramWorld, faults: Collection[str], seed: int) -> Plan:
    """Choose for the contradictions among `faults`; what messages carry is changed in `world`."""
    main = next(chat for chat in world.chats if getattr(chat.entity, "username", None) == "apollo")
    plan = Plan(main.marked_id)
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
    return plan
