"""Log in to Telegram in small steps, from a notebook, a script or the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from ... import loop
from ...errors import AuthError, ChatframesError, ConfigError, ServiceError
from ...keywords import checks_keywords
from ...services import load
from ...settings.checks import Secret
from ...settings.merge import ConfigLike, load_config
from ...transfer.clock import SYSTEM
from ...words import kind_of
from .settings import NAME, TelegramConfig, is_session_string

if TYPE_CHECKING:
    from .signing_in import LoginClient

__all__ = ["TelegramLogin"]

State = Literal["new", "code sent", "qr shown", "password needed", "done"]
_Step = Callable[[], Coroutine[Any, Any, None]]

FORM = "chatframes.notebook.telegram_login:LoginCard"  # its form in a notebook
_NO_APP = (
    "Logging in to Telegram takes an app of your own: get api_id and api_hash at https://my.telegram.org (API "
    "development tools), and set TELEGRAM_API_ID and TELEGRAM_API_HASH."
)


class TelegramLogin:
    """Log in to Telegram, once: the login is kept in your home folder, and every later call finds it.

    In a notebook it shows itself as a small form, with a QR code as an alternative. In code it is three steps; the last
    one is needed only for accounts with a password (two-step verification)::

        login = cf.TelegramLogin()
        await login.send_code(getpass("Phone, with country code: "))
        await login.sign_in(getpass("Code: "))
        await login.check_password(getpass("Password: "))

    Parameters
    ----------
    config : str, os.PathLike, mapping, Config or None
        As for `load_config`. It holds `api_id`, `api_hash` and the name of the `session` (by default "default").

    Attributes
    ----------
    state : str
        "new", "code sent", "qr shown", "password needed" or "done".
    link : Secret or None
        The link in the QR code while "qr shown": opened in Telegram's own app, it logs this session in.

    Raises
    ------
    AuthError
        No api_id is configured.

    Notes
    -----
    Each step takes a str, or anything with a ``.value`` (an ``ipywidgets.Password``), which is read and emptied at
    once. It returns the sentence of `describe`. It raises AuthError, ConfigError, RateLimited or ServiceError, which
    say what to do, and can then be repeated. No input is kept, shown or repeated in an error.

    Examples
    --------
    >>> login = TelegramLogin({"telegram": {"api_id": 12345, "api_hash": "0123456789abcdef0123456789abcdef"}})
    >>> login.state
    'new'
    """

    @checks_keywords
    def __init__(self, config: ConfigLike = None) -> None:
        self._telegram: TelegramConfig = load_config(config).section(NAME)
        if self._telegram.api_id is None:
            raise AuthError(_NO_APP)
        self._state: State = "new"
        self._link: Secret | None = None
        self._who: str | None = None
        self._client: LoginClient | None = None
        self._client_loop: asyncio.AbstractEventLoop | None = None
        self._under_way: asyncio.Task[None] | None = None
        self._card: Any = None

    @property
    def state(self) -> State:
        """How far the login is."""
        return self._state

    @property
    def link(self) -> Secret | None:
        """The link in the QR code, while one is shown."""
        return self._link if self._state == "qr shown" else None

    def describe(self) -> str:
        """Return one sentence that says what to do next."""
        match self._state:
            case "new":
                return "Next, send_code(phone) with your phone number; Telegram then sends a code to your Telegram app."
            case "code sent":
                return "Next, sign_in(code) with the code that Telegram has sent to your Telegram app."
            case "qr shown":
                return "Next, scan the QR code with your Telegram app (Settings, Devices, Link Desktop Device)."
            case "password needed":
                return "Next, check_password(password) with the password of your account (two-step verification)."
            case "done":
                return f"Logged in to Telegram as {self._who}." if self._who else "Logged in to Telegram."

    def __repr__(self) -> str:
        return f"TelegramLogin: {self.describe()}"

    def check(self) -> Coroutine[Any, Any, str]:
        """Check whether this session is logged in already; `state` is then "done"."""
        return self._run(self._check)

    def send_code(self, phone: object) -> Coroutine[Any, Any, str]:
        """Make Telegram send a code. If the session is logged in already, none is sent and `state` is "done".

        Parameters
        ----------
        phone : str or widget
            The account's phone number, with the country code.
        """
        secret = _secret_from(phone, "phone number")
        return self._run(lambda: self._send_code(secret))

    def ask_for_qr(self) -> Coroutine[Any, Any, str]:
        """Ask for a link to be shown as a QR code, in place of a phone number; `state` is then "qr shown"."""
        return self._run(self._ask_for_qr)

    def wait_for_scan(self) -> Coroutine[Any, Any, str]:
        """Wait a few seconds for the QR code to be scanned; `state` is then "done" or "password needed".

        While `state` stays "qr shown" it has not been scanned: show `link`, which may have changed, and wait again.
        """
        return self._run(self._wait_for_scan)

    def sign_in(self, code: object) -> Coroutine[Any, Any, str]:
        """Log in with the code; `state` is then "done" or "password needed".

        Parameters
        ----------
        code : str or widget
            What Telegram sent.
        """
        secret = _secret_from(code, "code")
        return self._run(lambda: self._sign_in(secret))

    def check_password(self, password: object) -> Coroutine[Any, Any, str]:
        """Log in with the account's password, which comes after the code.

        Parameters
        ----------
        password : str or widget
            Of Telegram's two-step verification.
        """
        secret = _secret_from(password, "password", strip=False)
        return self._run(lambda: self._check_password(secret))

    def log_out(self) -> Coroutine[Any, Any, str]:
        """End the session at Telegram, and delete it on this machine."""
        return self._run(self._log_out)

    def close(self) -> Coroutine[Any, Any, str]:
        """Disconnect at any point of the login; a step that is under way is cancelled.

        A finished login has disconnected by itself, and stays done.
        """
        return self._on_library_loop(self._cancel_and_close)

    def _ipython_display_(self) -> None:
        from ...page.cells import close_on_rerun, show

        if self._card is None or self._card.closed:
            self._card = load(FORM)(self)
            close_on_rerun(self._card)
        show(self._card.box, repr(self))

    def _run(self, step: _Step) -> Coroutine[Any, Any, str]:
        return self._on_library_loop(lambda: self._one_at_a_time(step))

    async def _on_library_loop(self, step: _Step) -> str:
        """Run a step on the library's event loop, to which all clients of Telegram belong."""
        if asyncio.get_running_loop() is loop.get():
            await step()
        else:
            await loop.run_async(step())
        return self.describe()

    async def _one_at_a_time(self, step: _Step) -> None:
        """Run a step as a task that `close` can cancel; raises ConfigError while another one is under way."""
        if self._is_busy():
            raise ConfigError("Another step of this login is under way: wait for its end.")
        task = self._under_way = asyncio.ensure_future(step())
        try:
            await asyncio.wait((task,))
        finally:
            if not task.done():  # the caller was cancelled
                await _cancelled(task)
        if task.cancelled():  # by close(), which disconnects next
            self._begin_again()
        else:
            task.result()

    def _is_busy(self) -> bool:
        return self._under_way is not None and not self._under_way.done()

    def _begin_again(self) -> None:
        self._link = None
        if self._state != "done":
            self._state = "new"

    async def _check(self) -> None:
        client = await self._connected()
        self._who = await client.who()
        if self._who is not None:
            await self._finish()
            return
        if self._telegram.session and is_session_string(self._telegram.session.get_secret_value()):
            raise AuthError(
                "Nobody is logged in to the configured session string, and no login can be kept in one: give a name as "
                "session, or nothing."
            )
        self._state = "new"

    async def _send_code(self, phone: Secret) -> None:
        if self._state in ("new", "done"):
            await self._check()
        if self._state != "done":
            await (await self._connected()).send_code(phone)
            self._state = "code sent"

    async def _ask_for_qr(self) -> None:
        if self._state in ("new", "done"):
            await self._check()
        if self._state != "done":
            await self._take_link(await (await self._connected()).login_link())

    async def _wait_for_scan(self) -> None:
        if self._state != "qr shown":
            raise ConfigError(f"No QR code is shown now. {self.describe()}")
        await self._take_link(await (await self._connected()).login_link(wait=True))

    async def _take_link(self, link: Secret | Literal["done", "password needed"]) -> None:
        if isinstance(link, Secret):
            self._link, self._state = link, "qr shown"
            return
        self._link = None
        if link == "done":
            await self._finish()
        else:
            self._state = "password needed"

    async def _sign_in(self, code: Secret) -> None:
        if self._state != "code sent":
            raise ConfigError(f"No code is asked for now. {self.describe()}")
        from .signing_in import CodeExpired, WrongPhone

        client = await self._connected()
        try:
            done = await client.sign_in(code)
        except (CodeExpired, WrongPhone):
            self._state = "new"
            raise
        if done:
            await self._finish()
        else:
            self._state = "password needed"

    async def _check_password(self, password: Secret) -> None:
        if self._state != "password needed":
            raise ConfigError(f"No password is asked for now. {self.describe()}")
        await (await self._connected()).check_password(password)
        await self._finish()

    async def _log_out(self) -> None:
        await (await self._connected()).log_out()
        await self._close()
        self._state, self._who = "new", None

    async def _finish(self) -> None:
        self._state = "done"
        if self._who is None and self._client is not None:
            with suppress(ChatframesError):  # the login is complete without the name
                self._who = await self._client.who()
        await self._close()

    async def _cancel_and_close(self) -> None:
        if self._under_way is not None and not self._under_way.done():
            await _cancelled(self._under_way)  # its caller wakes up before the connection closes
        await self._close()

    async def _close(self) -> None:
        self._begin_again()  # a code or QR code is valid only on this connection
        client, self._client = self._client, None
        if client is not None and self._client_loop is asyncio.get_running_loop():
            await client.close()

    async def _connected(self) -> LoginClient:
        if self._client is not None and self._client_loop is not asyncio.get_running_loop():
            self._client, state, self._state = None, self._state, "new"
            if state in ("code sent", "qr shown", "password needed"):
                raise ServiceError("This login was ended by shutdown(): begin again with send_code(phone).")
        if self._client is None:
            self._client = await _client_for(self._telegram)
            self._client_loop = asyncio.get_running_loop()
        return self._client


async def _client_for(telegram: TelegramConfig) -> LoginClient:
    from .account import client_for_login  # Telethon takes a while to import

    return await client_for_login(telegram, SYSTEM)


async def _cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # retrieved, so that asyncio does not print it


def _secret_from(typed: object, what: str, *, strip: bool = True) -> Secret:
    """Return a typed text as a `Secret`; a widget that holds it is emptied."""
    if isinstance(typed, Secret | str) or not hasattr(typed, "value"):
        text = typed.get_secret_value() if isinstance(typed, Secret) else typed
    else:
        text = typed.value
        typed.value = ""
    if not isinstance(text, str):
        raise ConfigError(f"The {what} is {kind_of(text)}: give a str, or a widget to type into.")
    secret = Secret(text.strip() if strip else text)
    if not secret:
        raise ConfigError(f"The {what} is empty: fill it in.")
    return secret
