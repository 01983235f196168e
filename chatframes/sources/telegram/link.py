"""Give one call access to a Telegram account: `ask` sends a request, `part` fetches a piece of a file.

Requests are retried here, with waits. Whole files are retried by the downloader, so every problem with one is raised
as a `Refusal`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from telethon import errors
from telethon.errors.rpcerrorlist import rpc_errors_dict
from telethon.network.mtprotosender import MTProtoSender
from telethon.tl import TLRequest, functions, types

from ...errors import AuthError, ServiceError
from ...model import Emit, Refusal
from ...transfer.backoff import backoff_seconds
from ...transfer.clock import Clock
from ...transfer.gate import IMAGE_WAIT_SECONDS
from ...transfer.lanes import NO_TURN
from ...transfer.patience import Patience
from ...transfer.pulse import GONE_SECONDS
from . import account as accounts
from .account import Account
from .dropped import MOST_DROPS, Dropped
from .signing_in import LOST, REVOKED, session_ended
from .silence import too_long_for
from .unreadable import Unreadable

T = TypeVar("T")
ASK_ATTEMPTS = 6
ASK_SECONDS = 60.0  # Telethon itself waits without limit
PART_SECONDS = 60.0
RECONNECT_SECONDS = 30.0
PART_ATTEMPTS = 2  # after these the try of the whole file has failed
SOON_SECONDS = 0.1
HISTORY = functions.messages.GetHistoryRequest
ENDED = "the session was logged out or revoked"
GONE = f"has not answered for {GONE_SECONDS:.0f} s, and cannot be reached any more"
BOTS_SEE_NOTHING = "This Telegram session is a bot's, and Telegram shows bots no history: log in as yourself."


_NAMES = {kind: name for name, kind in rpc_errors_dict.items()}


def name_of(error: Any) -> str:
    """Return Telegram's own name of an error, which Telethon's errors do not hold if they have a class of their own."""
    return _NAMES.get(type(error)) or str(error.message)


class TelegramError(ServiceError):
    """Telegram refused a request, and no retry will change that."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Telegram answered {name}, which trying again does not change; if it stays so, report it.")
        self.name = name


@dataclass(frozen=True, slots=True)
class TelegramLink:
    """A shared `Account` as one call uses it, with the waits and counts of that call.

    Telegram limits each kind of request by itself, so waits are kept by the name of the request.
    """

    account: Account
    patience: Patience

    @property
    def clock(self) -> Clock:
        return self.patience.clock

    @property
    def emit(self) -> Emit:
        return self.patience.emit

    @property
    def count(self) -> Callable[[str], None]:
        return self.patience.count

    async def ask(self, request: TLRequest) -> Any:
        """Return Telegram's answer.

        Raises
        ------
        AuthError, RateLimited, TelegramError, Unreadable, ServiceError
        """
        patience, kind = self.patience, type(request).__name__
        seconds_left = patience.max_retry_wait_seconds
        failures = drops = 0
        ended: Exception | None = None
        while True:
            async with patience.turn_to_ask(kind, partial(self._wait, kind, seconds_left)) as turn:
                seconds_left -= turn.waited_seconds
                asked_at = self.clock.monotonic()
                try:
                    answer = await self._answer(ASK_SECONDS, request)
                    patience.retries.succeeded()
                    return answer
                except errors.FloodError as error:
                    if not _asks_to_wait(error):
                        raise TelegramError(name_of(error)) from None
                    self._refused_for_now(error, kind)
                    continue
                except REVOKED as error:
                    logged_out, ended = True, error
                except errors.BotMethodInvalidError:
                    raise AuthError(BOTS_SEE_NOTHING) from None
                except (errors.ServerError, errors.TimedOutError, errors.InvalidDCError) as error:
                    logged_out, trouble = False, name_of(error)
                except errors.RPCError as error:
                    raise TelegramError(name_of(error)) from None
                except TimeoutError as error:
                    logged_out, trouble = False, str(error)
                    self.account.reconnect_after_silence(self.account.client._sender, asked_at, self.clock.monotonic())
                except LOST as error:
                    logged_out, trouble = False, "the connection was lost"
                    if self._is_back(error, drops := drops + 1):
                        continue  # there is nothing else to wait for
            if logged_out or self.account.closed.is_set():
                await self._forget()
                raise session_ended(ended, self.account.how_to_log_in)
            failures += 1
            seconds_left -= await self._before_trying_again(failures, trouble, seconds_left)

    async def _before_trying_again(self, failures: int, trouble: str, seconds_left: float) -> float:
        """Wait after a page has failed so often, and see to the connection; return the seconds waited."""
        if self._is_gone():
            raise ServiceError(f"Telegram {GONE}: try again later.")
        self.count("retry")
        if failures >= ASK_ATTEMPTS or not self.patience.retries.take():
            raise ServiceError(f"Telegram failed {failures} times on one page: {trouble}. Try again later.")
        waited = await self.patience.pause(backoff_seconds(failures, self.clock), seconds_left, trouble)
        await self._reconnect()
        return waited

    async def _wait(self, kind: str, seconds_left: float, waited: float) -> float:
        """Wait until a page may be asked for, having waited before; return the seconds of this wait."""
        seconds = await self.patience.wait_for_page(seconds_left - waited, kind)
        if kind == HISTORY.__name__:
            await self.account.pace.take(self.clock, self.patience.gate.pages)
            # Checked again: in a wait for the pace, the service could ask for another one.
            seconds += await self.patience.wait_for_page(seconds_left - waited - seconds, kind)
        return seconds

    def _is_back(self, error: BaseException, drops: int) -> bool:
        """Whether the connection that was lost is there again; the request is then repeated."""
        if not isinstance(error, Dropped) or drops > MOST_DROPS:
            return False
        self.count("retry")
        return True

    async def part(self, location: Any, dc_id: int, offset: int, limit: int) -> bytes:
        """Return the bytes of a file from `offset` on, at most `limit`.

        Raises
        ------
        Refusal
            The part could not be read; the error holds the outcome.
        errors.FileMigrateError, errors.BadRequestError
            The file is at another data centre, or its reference has expired; the caller handles both.
        """
        request = functions.upload.GetFileRequest(location, offset, limit)
        for attempt in range(1, PART_ATTEMPTS + 1):
            answer = await self._part(request, dc_id)
            if isinstance(answer, types.upload.File):
                return bytes(answer.bytes)
            if self.account.revoked:
                raise Refusal("failed", "unauthorized", ENDED)
            if attempt == PART_ATTEMPTS:
                raise answer
            self.count("retry")
            try:
                await self._reconnect()
            except (AuthError, ServiceError):
                raise answer from None
        raise AssertionError("unreachable")

    async def _part(self, request: TLRequest, dc_id: int) -> Any:
        """Return Telegram's answer, or a `Refusal` after which another try makes sense; raise any other one."""
        for _ in range(MOST_DROPS):
            try:
                return await self._part_once(request, dc_id)
            except Dropped:
                self.count("retry")
        return Refusal("failed", "connect", "the connection was lost")

    async def _part_once(self, request: TLRequest, dc_id: int) -> Any:
        if self.account.revoked:
            raise Refusal("failed", "unauthorized", ENDED)
        if self._is_gone():
            raise Refusal("failed", "connect", GONE, retry_after_seconds=math.inf)
        kind = type(request).__name__
        sender, asked_at, answer, turn = None, 0.0, None, NO_TURN
        try:
            sender = await self._within(RECONNECT_SECONDS, self.account.sender(dc_id))
            turn = await self.patience.turn_for_image(self.account.host_of(dc_id), kind)
            asked_at = self.clock.monotonic()
            answer = await self._answer(PART_SECONDS, request, sender)
        except errors.FloodError as error:
            if not _asks_to_wait(error):
                raise
            seconds = self._refused_for_now(error, kind)
            turn.refused(seconds)
            # The next try makes a short wait itself, together with the other files of this account.
            again = 0.0 if seconds <= IMAGE_WAIT_SECONDS else seconds
            raise Refusal("failed", "rate_limited", name_of(error), retry_after_seconds=again) from None
        except REVOKED:
            if sender is None or dc_id in (0, self.account.session.dc_id):
                await self._forget()  # the session itself has ended, and no other file can be read
                raise Refusal("failed", "unauthorized", ENDED) from None
            await self.account.drop_sender(dc_id, sender)  # only the login at that data centre may have ended
            return Refusal("failed", "unauthorized", ENDED)
        except (errors.ServerError, errors.TimedOutError) as error:
            return Refusal("failed", "http_5xx", name_of(error))
        except TimeoutError as error:
            turn.timed_out()
            if sender is None:  # the other data centre takes connections, and says nothing
                self.account.unreachable = True
            else:
                self.account.reconnect_after_silence(sender, asked_at, self.clock.monotonic())
            return Refusal("failed", "timeout", str(error))
        except Dropped:
            raise
        except LOST:
            return Refusal("failed", "connect", "the connection was lost")
        except Unreadable as error:
            raise Refusal("failed", "bad_response", str(error)) from None
        finally:
            turn.end(answered=answer is not None)
        if not isinstance(answer, types.upload.File):
            raise Refusal("failed", "bad_response", "Telegram redirects to a content network, which is not supported")
        return answer

    async def _answer(self, seconds: float, request: TLRequest, sender: Any = None) -> Any:
        """Send a request and return the answer; note when Telegram has answered, if only with an error."""
        account = self.account
        asked = sender or account.client._sender
        try:
            # Telethon never answers what is in its queue when it gives up.
            answer = await self._within(
                seconds, account.send(request, sender, asks_again=True), asked._disconnected, asked
            )
        except (errors.RPCError, Unreadable):
            account.heard_at, account.unreachable = self.clock.monotonic(), False
            raise
        account.heard_at, account.unreachable = self.clock.monotonic(), False
        return answer

    def _is_gone(self) -> bool:
        return self.account.unreachable and self.clock.monotonic() - self.account.heard_at >= GONE_SECONDS

    async def _forget(self) -> None:
        """Close the account, whose session has ended; what is still waiting ends with that reason."""
        self.account.revoked = True
        await accounts.forget(self.account)

    async def _within(
        self,
        seconds: float,
        step: Awaitable[T],
        given_up: asyncio.Future[Any] | None = None,
        sender: MTProtoSender | None = None,
    ) -> T:
        """Await a step for at most `seconds`, and only while the account is open and the connection not given up.

        With a `sender`, less long when not a single byte comes from it.
        """
        task = asyncio.ensure_future(step)
        too_long = asyncio.ensure_future(too_long_for(self.account, self.clock, seconds, sender))
        closed = asyncio.ensure_future(self.account.closed.wait())
        try:
            ends = {task, too_long, closed} | ({given_up} if given_up is not None else set())
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if given_up is not None and given_up.done() and not task.done():
                await asyncio.wait((task,), timeout=SOON_SECONDS)  # the request may know why
            if not task.done() and too_long.done():
                raise TimeoutError(too_long.result())
            if not task.done() or task.cancelled():  # Telethon cancels open requests when it disconnects
                raise ConnectionError("disconnected")
            return task.result()
        finally:
            for waiting in (task, too_long, closed):
                waiting.cancel()
            task.add_done_callback(
                lambda ended: ended.cancelled() or ended.exception()
            )  # so that asyncio prints nothing

    async def _reconnect(self) -> None:
        # Telethon itself tries five times to restore a lost connection; this is for the time after.
        if not self.account.client.is_connected() and not self.account.closed.is_set():
            try:
                await self._within(RECONNECT_SECONDS, self.account.connect())
            except REVOKED:
                await self._forget()
            except (*LOST, errors.RPCError, errors.SecurityError):
                pass  # the next try will raise it

    def _refused_for_now(self, error: Any, kind: str) -> float:
        seconds = float(max(getattr(error, "seconds", 0) or 0, 1))
        self.patience.asked_to_wait(seconds, kind)
        if kind == HISTORY.__name__:
            self.account.pace.complain(self.clock)  # pages adapt by their pace, pictures by the width of their lane
        return seconds


def _asks_to_wait(error: Any) -> bool:
    """Whether a refusal ends by itself; not every one with that code does: a frozen account's does not."""
    return getattr(error, "seconds", None) is not None or name_of(error).startswith("FLOOD")
