"""Tell a server that is slow from one that has fallen silent."""

from __future__ import annotations

from contextlib import suppress

from telethon.network.mtprotosender import MTProtoSender
from telethon.tl import functions

from ...transfer.clock import Clock
from .account import Account

# Without a single byte for so long, a server is asked for a sign of life. One that gives none is asked twice, over
# another connection, which takes less than a minute in all.
SILENT_SECONDS, PONG_SECONDS = 12.0, 6.0


async def too_long_for(account: Account, clock: Clock, seconds: float, sender: MTProtoSender | None) -> str:
    """Sleep until a request has taken too long; return what is wrong."""
    began = clock.monotonic()
    while sender is not None and clock.monotonic() - began + SILENT_SECONDS + PONG_SECONDS < seconds:
        before = _bytes_received(sender)
        await clock.sleep(SILENT_SECONDS)
        if _bytes_received(sender) == before:
            _ping(sender)
            await clock.sleep(PONG_SECONDS)
            if _bytes_received(sender) == before:
                account.unreachable = True
                return f"silent for {SILENT_SECONDS + PONG_SECONDS:.0f} s"
    await clock.sleep(max(seconds - (clock.monotonic() - began), 0))
    return f"no answer within {seconds:.0f} s"


def _bytes_received(sender: MTProtoSender) -> int:
    return getattr(sender._connection, "bytes_received", 0)


def _ping(sender: MTProtoSender) -> None:
    """Ask for a sign of life, whose bytes are counted; nobody waits for the answer itself."""
    with suppress(ConnectionError):
        sender.send(functions.PingRequest(0)).add_done_callback(lambda ended: ended.cancelled() or ended.exception())
