"""Logging in to Telegram, in small steps that a notebook, a script and the command line share."""

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
from .settings import TelegramConfig, is_session_string
from .source import NAME

if TYPE_CHECKING:
    from .signing_in import LoginClient

__all__ = ["TelegramLogin"]

State = Literal["new", "code sent", "qr shown", "password needed", "done"]
_Step = Callable[[], Coroutine[Any, Any, None]]

FORM = "chatframes.notebook.telegram_login:LoginCard"  # what it shows in a notebook
_NO_APP = (
    "logging in to Telegram takes an app of your own: get api_id and api_hash at https://my.telegram.org (API "
    "development tools), and set TELEGRAM_API_ID and TELEGRAM_API_HASH"
)


class TelegramLogin:
    """Log in to Telegram, once: the login is kept in your home folder, and every later call finds it.

    In a notebook it shows itself as a small form, with a QR code for whoever prefers that. In code it is three steps,
    the last one only for accounts with a password (two-step verification)::

        login = cf.TelegramLogin()
        await login.send_code(getpass("Phone, with country code: "))
        await login.sign_in(getpass("Code: "))
        await login.check_password(getpass("Password: "))

    Parameters
    ----------
    config : str, os.PathLike, mapping, Config or None
        As for `load_config`: it holds `api_id`, `api_hash` and, unless it is "default", the name of the `session`.

    Attributes
    ----------
    state : str
        "new", "code sent", "qr shown", "password needed" or "done".
    link : Secret or None
        While "qr shown": what the QR code holds, a link that logs in whoever opens it in Telegram's own app.

    Raises
    ------
    AuthError
        There is no api_id.

    Notes
    -----
    Each step takes a str, or anything with a ``.value`` (an ``ipywidgets.Password``), which is read and emptied at
    once. It returns the sentence of `describe`, and raises AuthError, ConfigError, RateLimited or ServiceError, which
    say what to do; then it can be repeated. Nothing typed in is kept, shown or repeated in an error.

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
        """What the QR code holds, while one is shown."""
        return self._link if self._state == "qr shown" else None

    def describe(self) -> str:
        """Return one sentence that says what is next."""
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
        """Look whether somebody is logged in already; `state` is "done" then."""
        return self._run(self._check)

    def send_code(self, phone: object) -> Coroutine[Any, Any, str]:
        """Let Telegram send a code; whoever is logged in already gets none, and is done.

        Parameters
        ----------
        phone : str or widget
            The account's phone number, with the country code.
        """
        given = _taken(phone, "phone number")
        return self._run(lambda: self._send_code(given))

    def ask_for_qr(self) -> Coroutine[Any, Any, str]:
        """Ask for a link to be shown as a QR code, in place of a phone number; `state` is then "qr shown"."""
        return self._run(self._ask_for_qr)

    def wait_for_scan(self) -> Coroutine[Any, Any, str]:
        """Wait a few seconds for the QR code to be scanned; `state` is then "done" or "password needed".

        While it is "qr shown" nobody has scanned it: show `link`, which may have changed, and wait again.
        """
        return self._run(self._wait_for_scan)

    def sign_in(self, code: object) -> Coroutine[Any, Any, str]:
        """Log in with the code; `state` is then "done" or "password needed".

        Parameters
        ----------
        code : str or widget
            What Telegram sent.
        """
        given = _taken(code, "code")
        return self._run(lambda: self._sign_in(given))

    def check_password(self, password: object) -> Coroutine[Any, Any, str]:
        """Log in with the account's password, which comes after the code.

        Parameters
        ----------
        password : str or widget
            Of Telegram's two-step verification.
        """
        given = _taken(password, "password", strip=False)
        return self._run(lambda: self._check_password(given))

    def log_out(self) -> Coroutine[Any, Any, str]:
        """End the session at Telegram, and forget it on this machine."""
        return self._run(self._log_out)

    def close(self) -> Coroutine[Any, Any, str]:
        """Hang up, wherever the login is; a step that is under way ends with that.

        A finished login has hung up by itself, and stays done.
        """
        return self._there(self._end)

    def _ipython_display_(self) -> None:
        from ...page.cells import close_on_rerun, show

        if self._card is None or self._card.closed:
            self._card = load(FORM)(self)
            close_on_rerun(self._card)
        show(self._card.box, repr(self))

    def _run(self, step: _Step) -> Coroutine[Any, Any, str]:
        return self._there(lambda: self._alone(step))

    async def _there(self, step: _Step) -> str:
        """Take a step on the library's loop, where every client of Telegram lives, whatever loop the caller is on."""
        if asyncio.get_running_loop() is loop.get():
            await step()
        else:
            await loop.run_async(step())
        return self.describe()

    async def _alone(self, step: _Step) -> None:
        """Take a step in a task of its own, which `close` can end, and only if no other one is under way."""
        if self._is_busy():
            raise ConfigError("another step of this login is under way: wait for its end.")
        doing = self._under_way = asyncio.ensure_future(step())
        try:
            await asyncio.wait((doing,))
        finally:
            if not doing.done():  # whoever waits for it is cancelled
                await _cancelled(doing)
        if doing.cancelled():  # by close(), which is about to hang up
            self._begin_again()
        else:
            doing.result()

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
                "nobody is logged in to the session string that is configured, and no login can be kept in one: give "
                "a name as session, or nothing"
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
            raise ConfigError(f"no QR code is shown now. {self.describe()}")
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
            raise ConfigError(f"no code is asked for now. {self.describe()}")
        from .signing_in import CodeExpired

        client = await self._connected()
        try:
            done = await client.sign_in(code)
        except CodeExpired:
            self._state = "new"
            raise
        if done:
            await self._finish()
        else:
            self._state = "password needed"

    async def _check_password(self, password: Secret) -> None:
        if self._state != "password needed":
            raise ConfigError(f"no password is asked for now. {self.describe()}")
        await (await self._connected()).check_password(password)
        await self._finish()

    async def _log_out(self) -> None:
        await (await self._connected()).log_out()
        await self._close()
        self._state, self._who = "new", None

    async def _finish(self) -> None:
        self._state = "done"
        if self._who is None and self._client is not None:
            with suppress(ChatframesError):  # the login is there all the same
                self._who = await self._client.who()
        await self._close()

    async def _end(self) -> None:
        if self._under_way is not None and not self._under_way.done():
            await _cancelled(self._under_way)  # whoever waits for it is woken first
        await self._close()

    async def _close(self) -> None:
        self._begin_again()  # what was begun goes with the connection
        client, self._client = self._client, None
        if client is not None and self._client_loop is asyncio.get_running_loop():
            await client.close()

    async def _connected(self) -> LoginClient:
        if self._client is not None and self._client_loop is not asyncio.get_running_loop():
            self._client, begun, self._state = None, self._state, "new"
            if begun in ("code sent", "qr shown", "password needed"):
                raise ServiceError("this login was ended by shutdown(): begin again with send_code(phone)")
        if self._client is None:
            self._client = await _client_for(self._telegram)
            self._client_loop = asyncio.get_running_loop()
        return self._client


async def _client_for(telegram: TelegramConfig) -> LoginClient:
    from .account import client_for_login  # Telethon takes a while to import

    return await client_for_login(telegram, SYSTEM)


async def _cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task and see it end, however it does."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # or asyncio would print it


def _taken(given: object, what: str, *, strip: bool = True) -> Secret:
    """Take a text out of where it was typed in, and leave nothing there."""
    if isinstance(given, Secret | str) or not hasattr(given, "value"):
        text = given.get_secret_value() if isinstance(given, Secret) else given
    else:
        text = given.value
        given.value = ""
    if not isinstance(text, str):
        raise ConfigError(f"the {what} is {kind_of(text)}: give a str, or a widget to type into.")
    secret = Secret(text.strip() if strip else text)
    if not secret:
        raise ConfigError(f"the {what} is empty: fill it in.")
    return secret
