"""Each of Telegram's refusals is read as what it says: a wait, an end of the session, a chat one may not see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from telethon import errors
from telethon.errors import rpc_message_to_error
from telethon.tl import functions, types

import chatframes as cf
from chatframes.sources.telegram.link import TelegramError, TelegramLink
from chatframes.sources.telegram.names import refused
from chatframes.sources.telegram.signing_in import REVOKED, LoginClient
from chatframes.transfer.backoff import RetryBudget
from chatframes.transfer.lanes import Turn

REQUEST = functions.messages.GetDialogsRequest(None, 0, types.InputPeerEmpty(), 100, 0)


def refusal(code: int, name: str) -> Exception:
    error: Exception = rpc_message_to_error(types.RpcError(code, name), REQUEST)
    return error


class Refusing:
    """A link whose every request is refused; counts them, and what was waited."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked, self.waited = error, 0, 0
        self.forgotten = False

    async def _answer(self, seconds: float, request: Any, sender: Any = None) -> Any:
        self.asked += 1
        raise self.error

    def ask(self) -> Any:
        async def forget() -> None:
            self.forgotten = True

        def wait(*_: Any) -> None:
            self.waited += 1
            if self.waited > 3:
                raise cf.RateLimited("Enough.")

        @asynccontextmanager
        async def turn(*_: Any) -> AsyncIterator[Turn]:
            yield Turn(None, None)

        patience = SimpleNamespace(
            turn_to_ask=turn,
            max_retry_wait_seconds=300.0,
            asked_to_wait=wait,
            retries=RetryBudget(),
        )
        patience.clock = SimpleNamespace(monotonic=lambda: 0.0)
        account = SimpleNamespace(closed=asyncio.Event(), how_to_log_in="log in again")
        link: Any = SimpleNamespace(
            patience=patience, account=account, clock=patience.clock, _answer=self._answer, _forget=forget
        )
        link._wait = lambda *_: None
        link._refused_for_now = lambda error, kind: TelegramLink._refused_for_now(link, error, kind)
        return asyncio.run(TelegramLink.ask(link, REQUEST))


@pytest.mark.parametrize(
    ("code", "name", "kind", "says"),
    [
        (420, "FROZEN_METHOD_INVALID", TelegramError, "FROZEN_METHOD_INVALID"),
        (420, "PREMIUM_SUB_ACTIVE_UNTIL_5", TelegramError, "FloodError|PREMIUM_SUB_ACTIVE"),
        (406, "FILEREF_UPGRADE_NEEDED", TelegramError, "FILEREF_UPGRADE_NEEDED"),
        (406, "SOMETHING_NEW", TelegramError, "SOMETHING_NEW"),
        (406, "CHANNEL_PRIVATE", TelegramError, "CHANNEL_PRIVATE"),
        (403, "PREMIUM_ACCOUNT_REQUIRED", TelegramError, "PREMIUM_ACCOUNT_REQUIRED"),
        (406, "AUTH_KEY_DUPLICATED", cf.AuthError, "logged out or revoked: log in again"),
        (401, "SESSION_REVOKED", cf.AuthError, "logged out or revoked: log in again"),
        (401, "USER_DEACTIVATED", cf.AuthError, "deleted or banned this account"),
        (401, "USER_DEACTIVATED_BAN", cf.AuthError, "deleted or banned this account"),
        (400, "BOT_METHOD_INVALID", cf.AuthError, "a bot's"),
    ],
)
def test_a_refusal_that_will_not_change_is_asked_for_once(
    code: int, name: str, kind: type[Exception], says: str
) -> None:
    refusing = Refusing(refusal(code, name))
    with pytest.raises(kind, match=says):
        refusing.ask()
    assert (refusing.asked, refusing.waited) == (1, 0)
    assert refusing.forgotten == (kind is cf.AuthError and "bot" not in says)


@pytest.mark.parametrize("name", ["FLOOD_WAIT_5", "FLOOD_PREMIUM_WAIT_9", "SLOWMODE_WAIT_3", "FLOOD_SOMETHING"])
def test_a_refusal_that_asks_to_wait_is_waited_for(name: str) -> None:
    refusing = Refusing(refusal(420, name))
    with pytest.raises(cf.RateLimited):
        refusing.ask()
    assert refusing.waited == refusing.asked == 4


def test_what_telethon_calls_an_error_of_the_key_mostly_is_none() -> None:
    """The negative control: by Telethon's classes these would have ended the login."""
    for name in ("FILEREF_UPGRADE_NEEDED", "PREMIUM_CURRENTLY_UNAVAILABLE", "SOMETHING_NEW"):
        assert isinstance(refusal(406, name), errors.AuthKeyError)
        assert not isinstance(refusal(406, name), REVOKED)


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("CHANNEL_PRIVATE", cf.ChatNotFound, "not a member, or was banned"),
        ("CHAT_ADMIN_REQUIRED", cf.ChatNotFound, "not a member, or was banned"),
        ("USERNAME_NOT_OCCUPIED", cf.ChatNotFound, "check the spelling"),
        ("PEER_ID_INVALID", cf.ChatNotFound, "knows no chat"),
        ("FROZEN_METHOD_INVALID", cf.AuthError, "has frozen this account"),
        ("MSG_ID_INVALID", TelegramError, "MSG_ID_INVALID"),
    ],
)
def test_a_refused_chat_is_a_sentence_that_says_why(name: str, kind: type[Exception], says: str) -> None:
    error = refused(TelegramError(name), "Games")
    assert isinstance(error, kind)
    assert re.search(says, str(error))
    assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("code", "name", "says"),
    [
        (406, "UPDATE_APP_TO_LOGIN", "pip install -U telethon"),
        (406, "PHONE_PASSWORD_FLOOD", "too often"),
        (406, "SOMETHING_NEW", "refused this step"),
        (401, "SESSION_REVOKED", "begin again"),
    ],
)
def test_a_refused_login_says_what_to_do(code: int, name: str, says: str) -> None:
    client: Any = SimpleNamespace(session=None)
    assert says in str(LoginClient(client)._sentence(refusal(code, name)))
