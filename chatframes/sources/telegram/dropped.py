"""Keep Telethon from sending requests again by itself after a connection was lost.

It would send everything that was under way, whether anybody still waits for the answer or not, and whatever Telegram
has asked for since: more at once than the gate allows, and in the middle of a flood wait. With this, whoever waits is
told as soon as the connection is back, and asks again through the gate.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from telethon.network.mtprotosender import MTProtoSender
from telethon.tl import TLRequest

__all__ = ["MOST_DROPS", "Dropped", "asked_again_by_us", "never_sends_again"]

MOST_DROPS = 8  # of one request, one after another: perhaps it is what the connection breaks of
_MARK = "_chatframes_asks_again"


class Dropped(ConnectionError):
    """The connection was lost while a request was under way, and is back."""


def asked_again_by_us(request: TLRequest) -> TLRequest:
    """Return the request, marked as one whose sender asks again after `Dropped`."""
    setattr(request, _MARK, True)
    return request


def never_sends_again(sender: MTProtoSender) -> None:
    """Have the marked requests of a sender fail with `Dropped` when it has reconnected, and forget those given up."""
    connect, queue, pending = sender._connect, sender._send_queue._deque, sender._pending_state

    async def connect_and_tell() -> None:
        await connect()
        # Nothing has been sent yet: Telethon queues what is pending right after this, and then sends what is queued.
        under_way = list(pending.values())
        pending.clear()
        pending.update((state.msg_id, state) for state in _kept(under_way))
        kept = _kept(queue)
        queue.clear()
        queue.extend(kept)

    sender._connect = connect_and_tell


def _kept(states: Iterable[Any]) -> list[Any]:
    """Tell those who ask again themselves; return the others, but not those for whose answer nobody waits."""
    kept = []
    for state in states:
        if state.future.done():
            continue
        if getattr(state.request, _MARK, False):
            state.future.set_exception(Dropped("the connection was lost"))
        else:
            kept.append(state)
    return kept
