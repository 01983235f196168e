"""Send the requests of a login to Telegram, and turn every failure into one of our errors.

Phone numbers, codes and passwords are passed as `Secret`. No error of Telethon's is the cause or context of ours,
since it holds the request with these in it.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Literal, TypeVar

from telethon import TelegramClient, errors, utils
from telethon.tl import functions, types

from ...errors import AuthError, ChatframesError, ConfigError, RateLimited, ServiceError
from ...settings.checks import Secret
from ...transfer.clock import SYSTEM, Clock
from .store import StoredSession
from .unreadable import UPDATE_TELETHON

__all__ = ["LOST", "REVOKED", "CodeExpired", "LoginClient", "WrongPhone", "session_ended"]

T = TypeVar("T")

STEP_SECONDS = 60.0  # Telethon itself waits without limit
LOOK_AGAIN_SECONDS = 4.0  # between two looks whether a QR code was scanned; each code lasts half a minute
MAX_MOVES = 2  # from one data centre to another, until the account's own is found

_MOVED = (errors.PhoneMigrateError, errors.NetworkMigrateError, errors.UserMigrateError)
# Telethon's AuthKeyError is any refusal with the code 406, most of which end no session.
REVOKED = (errors.UnauthorizedError, errors.AuthKeyDuplicatedError, errors.AuthKeyNotFound)
LOST = (OSError, asyncio.IncompleteReadError, BufferError)  # a TimeoutError is an OSError
_TRY_LATER = "wait a day, or log in with Telegram's own app first."
_TOO_OFTEN = (errors.PhoneNumberFloodError, errors.PhonePasswordFloodError)
_REFUSALS: dict[type[Exception], str] = {
    errors.PhoneNumberInvalidError: "Telegram knows no such phone number: give it whole, beginning with '+' and the "
    "country code.",
    errors.PhoneNumberUnoccupiedError: "Nobody has a Telegram account with this phone number: give the account's own, "
    "or make one in Telegram's app.",
    errors.PhoneNumberBannedError: "Telegram has banned this phone number: write to recover@telegram.org if that is a "
    "mistake.",
    errors.PhoneNumberAppSignupForbiddenError: "Telegram lets only its own app make an account for this phone number.",
    errors.PhonePasswordProtectedError: "Telegram lets this phone number log in through its own app only.",
    errors.PhoneCodeInvalidError: "This is not the code that Telegram sent: look at its newest message in your app, "
    "and try again.",
    errors.PasswordHashInvalidError: "This is not the account's password (of two-step verification): try again.",
    errors.SrpIdInvalidError: "Telegram wants the password once more: try again.",
    errors.SrpPasswordChangedError: "The account's password has just been changed: try again with the new one.",
    errors.SendCodeUnavailableError: "Telegram sends no more codes for now: use the newest one you got, or "
    + _TRY_LATER,
    errors.ApiIdInvalidError: "Telegram does not know this api_id with this api_hash: copy both again from "
    "https://my.telegram.org, whole.",
    errors.ApiIdPublishedFloodError: "This api_id is known to everybody, and Telegram refuses it: make your own at "
    "https://my.telegram.org.",
}
_REFUSALS[errors.UpdateAppToLoginError] = "Telegram wants a newer client: run `pip install -U telethon`, and try again."
_OF_THE_PHONE = (
    errors.PhoneNumberInvalidError,
    errors.PhoneNumberUnoccupiedError,
    errors.PhoneNumberBannedError,
    errors.PhoneNumberAppSignupForbiddenError,
    errors.PhonePasswordProtectedError,
)
_REFUSALS[errors.PhoneCodeEmptyError] = _REFUSALS[errors.PhoneCodeInvalidError]


def session_ended(error: Exception | None, how_to_log_in: str) -> AuthError:
    """Return our error for one of `REVOKED`, or for a session that ended in the middle of a call."""
    if isinstance(error, errors.UserDeactivatedError | errors.UserDeactivatedBanError):
        return AuthError("Telegram has deleted or banned this account: its own app says more.")
    return AuthError(f"This Telegram session was logged out or revoked: {how_to_log_in}.")


class WrongPhone(AuthError):
    """With this phone number nobody can log in, whatever the code: another number must be given."""


class CodeExpired(AuthError):
    """The code has expired or was withdrawn: another one must be sent."""


class LoginClient:
    """The client of one login that is under way.

    Parameters
    ----------
    client : telethon.TelegramClient
        A connected client; this object closes it.
    clock : Clock
        Used to say when to try again.

    Notes
    -----
    Every step raises AuthError, ConfigError, RateLimited (with `retry_at`) or ServiceError, and can then be repeated.
    """

    def __init__(self, client: TelegramClient, clock: Clock = SYSTEM) -> None:
        self._client = client
        self._clock = clock
        self._session = client.session  # kept here, since Telethon drops it when it logs out

    async def who(self) -> str | None:
        """Return the name of the account that is logged in, or None."""
        me = await self._ask(self._client.get_me)
        return None if me is None else utils.get_display_name(me) or me.username or str(me.id)

    async def send_code(self, phone: Secret) -> None:
        """Make Telegram send a code to the account of this phone number; a second one comes as a text message."""
        if utils.parse_phone(phone.get_secret_value()) is None:
            raise ConfigError("This is no phone number: give it whole, beginning with '+' and the country code.")
        await self._ask(lambda: self._client.send_code_request(phone.get_secret_value()))

    async def sign_in(self, code: Secret) -> bool:
        """Log in with the code; return False when the account's password is needed as well."""
        digits = Secret(re.sub(r"[\s-]", "", code.get_secret_value()))
        if not digits:
            raise ConfigError("The code is empty: give the one that Telegram sent.")

        async def step() -> bool:
            try:
                await self._client.sign_in(code=digits.get_secret_value())
            except errors.SessionPasswordNeededError:
                return False
            return True

        done = await self._ask(step)
        if done:
            self._keep()
        return done

    async def check_password(self, password: Secret) -> None:
        """Log in with the account's password, after the code."""
        await self._ask(lambda: self._client.sign_in(password=password.get_secret_value()))
        self._keep()

    async def login_link(self, *, wait: bool = False) -> Secret | Literal["done", "password needed"]:
        """Return a link for a QR code: once the account's own app has opened it, this client is logged in.

        Parameters
        ----------
        wait : bool
            Wait a few seconds first, so that the previous link can be opened.

        Returns
        -------
        Secret, "done" or "password needed"
            The link to show now, which may differ from the previous one. "done" when a link was opened and this client
            is logged in; "password needed" when the account's password is needed as well.
        """
        if wait:
            await self._clock.sleep(LOOK_AGAIN_SECONDS)
        # Telethon's own way waits for an update, and our clients receive none; asking again gives the same answer.
        answer = await self._ask(self._login_token)
        if answer is None:
            return "password needed"
        if isinstance(answer, types.auth.LoginToken):
            token = base64.urlsafe_b64encode(answer.token).decode("ascii").rstrip("=")
            return Secret(f"tg://login?token={token}")
        await self._ask(lambda: self._client._on_login(answer.authorization.user))
        self._keep()
        return "done"

    async def _login_token(self) -> Any:
        """Return Telegram's answer; None when the link was opened and the account's password is needed as well."""
        try:
            request = functions.auth.ExportLoginTokenRequest(self._client.api_id, self._client.api_hash, [])
            answer = await self._client(request)
            if isinstance(answer, types.auth.LoginTokenMigrateTo):  # the account lives at another data centre
                await self._client._switch_dc(answer.dc_id)
                answer = await self._client(functions.auth.ImportLoginTokenRequest(answer.token))
        except errors.SessionPasswordNeededError:
            return None
        return answer

    async def log_out(self) -> None:
        """End the session at Telegram, unless Telegram has ended it already, and delete it here."""
        if not await self._ask(self._client.log_out) and await self.who() is not None:
            raise ServiceError(
                "Telegram did not end the session: try again, or end it in Telegram under Settings, Devices."
            )
        self._session.delete()

    async def close(self) -> None:
        """Disconnect; Telethon then saves the session."""
        await self._client.disconnect()

    def _keep(self) -> None:
        if isinstance(self._session, StoredSession):
            self._session.keep_login()

    async def _ask(self, step: Callable[[], Awaitable[T]]) -> T:
        for _ in range(MAX_MOVES + 1):
            try:
                async with asyncio.timeout(STEP_SECONDS):
                    if not self._client.is_connected():  # Telethon stops reconnecting after a while
                        await self._client.connect()
                    return await step()
            except _MOVED as error:  # Telethon has switched data centres already
                problem: ChatframesError = self._sentence(error)
            except Exception as error:
                problem = self._sentence(error)
                break
        raise problem

    def _sentence(self, error: Exception) -> ChatframesError:
        """Return our error for any error of a step."""
        if isinstance(error, ChatframesError):
            return error
        seconds: Any = getattr(error, "seconds", None)
        if isinstance(seconds, int):  # FLOOD_WAIT and the like
            again = self._clock.now() + timedelta(seconds=seconds)
            return RateLimited(
                f"Telegram asks to wait {seconds:,} s before the next try: come back at {again:%Y-%m-%d %H:%M} UTC.",
                again,
            )
        if isinstance(error, _TOO_OFTEN):
            return RateLimited(f"This phone number was tried too often: {_TRY_LATER}")
        if isinstance(error, errors.PhoneCodeExpiredError):
            return CodeExpired("This code has expired: ask for another one.")
        for kind, sentence in _REFUSALS.items():
            if isinstance(error, kind):
                return WrongPhone(sentence) if isinstance(error, _OF_THE_PHONE) else AuthError(sentence)
        if isinstance(error, REVOKED):
            return AuthError("Telegram has ended this session: begin again.")
        if isinstance(error, errors.RPCError):
            name = str(error.message)
            safe_name = name if re.fullmatch("[A-Z_]+", name) else type(error).__name__
            return ServiceError(f"Telegram refused this step ({safe_name}): try again later.")
        if isinstance(error, errors.TypeNotFoundError):
            return ServiceError(f"Telegram sent something that {UPDATE_TELETHON}, then begin again.")
        if isinstance(error, LOST):
            return ServiceError("Telegram could not be reached: is there a network, or a firewall in between?")
        return ServiceError(f"This step of logging in went wrong ({type(error).__name__}): begin again.")
