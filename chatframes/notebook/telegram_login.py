"""The form that a `TelegramLogin` shows in a notebook: one field at a time, emptied as soon as its text arrives.

Buttons are pressed on the kernel's threads, and answers come on the library's; a lock lets one of them at a time change
the form. Each press begins a new attempt; the answer to an attempt that is no longer the current one is not shown.
"""

from __future__ import annotations

import asyncio
import io
import logging
import threading
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import ipywidgets

from .. import loop
from ..errors import AuthError, ChatframesError
from ..page.cells import close_all
from ..page.html import Html, show_html
from ..settings.checks import Secret
from .secret_field import SecretField

__all__ = ["LoginCard"]

_log = logging.getLogger("chatframes")
_WIDE = {"width": "26em"}
MOST_LOOKS = 75  # waits of four seconds for a QR code to be scanned: five minutes


class Login(Protocol):
    """The parts of a `TelegramLogin` that the form uses."""

    @property
    def state(self) -> str: ...

    def describe(self) -> str: ...

    def send_code(self, phone: object) -> Coroutine[Any, Any, str]: ...

    def sign_in(self, code: object) -> Coroutine[Any, Any, str]: ...

    def check_password(self, password: object) -> Coroutine[Any, Any, str]: ...

    @property
    def link(self) -> Secret | None: ...

    def ask_for_qr(self) -> Coroutine[Any, Any, str]: ...

    def wait_for_scan(self) -> Coroutine[Any, Any, str]: ...

    def close(self) -> Coroutine[Any, Any, str]: ...


class LoginCard:
    """A form for one login.

    Attributes
    ----------
    box : ipywidgets.VBox
        What to display. It holds the next field, its buttons, and a line that says how it went. A typed phone number,
        code or password is taken out of its field at once, so none is saved with the notebook.
    closed : bool
        Whether the form was closed; it cannot be opened again.
    """

    def __init__(self, login: Login, done: Callable[[], None] | None = None) -> None:
        self._login = login
        self._done = done
        self.phone = ipywidgets.Text(
            description="Phone",
            placeholder="+ country code and number",
            tooltip="The phone number of your Telegram account, beginning with + and the country code",
            layout=_WIDE,
        )
        self.code = ipywidgets.Password(
            description="Code",
            placeholder="from your Telegram app",
            tooltip="Telegram has sent it as a message to your Telegram app",
            layout=_WIDE,
        )
        self.password = ipywidgets.Password(
            description="Password",
            placeholder="of two-step verification",
            tooltip="The password you chose in Telegram under Privacy and Security, Two-Step Verification",
            layout=_WIDE,
        )
        self.button = ipywidgets.Button(button_style="primary")
        self.again = ipywidgets.Button(
            description="Start over", tooltip="Give the phone number again, for another code or another account"
        )
        self.qr_button = ipywidgets.Button(
            description="QR code instead", tooltip="Log in by scanning a QR code with your Telegram app"
        )
        # Empty unless a code can be scanned now: others could scan a code that is saved with the notebook.
        self.qr = ipywidgets.Image(format="png", layout={"width": "240px", "display": "none"})
        self.status = ipywidgets.HTML()
        self._buttons = ipywidgets.HBox()
        self.box = ipywidgets.VBox()
        self._steps: dict[str, tuple[Callable[[object], Coroutine[Any, Any, str]], SecretField]] = {
            "new": (login.send_code, SecretField(self.phone)),
            "code sent": (login.sign_in, SecretField(self.code)),
            "password needed": (login.check_password, SecretField(self.password)),
        }
        self.button.on_click(self._pressed)
        self.qr_button.on_click(self._pressed_qr)
        self.again.on_click(self._pressed_again)
        self.closed = False
        self._lock = threading.RLock()
        self._attempt = object()
        self._ask_for(login.state)

    def close(self) -> None:
        """Take the form off the page, end the step that is running, and close the connection."""
        with self._lock:
            if self.closed:
                return
            self.closed, self._attempt = True, object()
            self._empty()
            for widget in (*self._controls(), self.qr, self.status, self._buttons, self.box):
                close_all(widget)
        loop.begin(self._close_login())

    async def _close_login(self) -> None:
        try:
            await self._login.close()
        except Exception as error:
            _log_where(error)

    # --- what is shown ------------------------------------------------------------------------------------------------

    def _ask_for(self, state: str, message: str | None = None) -> None:
        """Show the field and the buttons for a state of the login, and a message."""
        self._asked = state
        self._empty()
        match state:
            case "new":
                self.button.description = "Send me a code"
                self._arrange(self.phone, self.button, self.qr_button)
            case "qr shown":
                self._arrange(self.qr, self.again)
            case "code sent":
                self.button.description = "Log in"
                self._arrange(self.code, self.button, self.again)
            case "password needed":
                self.button.description = "Log in"
                self._arrange(self.password, self.button, self.again)
            case _:
                self.box.children = (self.status,)
        self._say(message or _MESSAGES.get(state) or self._login.describe())
        self._enable(True)

    def _arrange(self, first: Any, *buttons: Any) -> None:
        self._buttons.children = buttons
        self.box.children = (first, self._buttons, self.status)

    def _empty(self) -> None:
        for _, field in self._steps.values():
            field.take()
        self._show_qr(None)

    def _controls(self) -> tuple[Any, ...]:
        return self.phone, self.code, self.password, self.button, self.again, self.qr_button

    def _enable(self, enabled: bool) -> None:
        # The fields too: in a kernel with subshells a button and its field may be handled in different threads, so that
        # the click is handled before the text.
        for control in self._controls():
            control.disabled = not enabled

    def _say(self, message: str) -> None:
        show_html(self.status, Html.escape(message))

    def _show_qr(self, link: Secret | None) -> None:
        shown = io.BytesIO()
        if link is not None:
            import segno

            segno.make(link.get_secret_value(), error="m").save(shown, kind="png", scale=6, border=4)
        self.qr.value = shown.getvalue()
        self.qr.layout.display = None if link is not None else "none"

    # --- what is pressed ----------------------------------------------------------------------------------------------

    def _pressed(self, _: object) -> None:
        with self._lock:
            if self._may_press():
                step, field = self._steps[self._asked]
                self._begin(lambda attempt: self._take_step(step, field))

    def _pressed_qr(self, _: object) -> None:
        with self._lock:
            if self._may_press():
                self._begin(self._show_codes)

    def _pressed_again(self, _: object) -> None:
        with self._lock:
            if self._may_press():
                scanning = self._asked == "qr shown"
                self._ask_for("new", _PHONE_AGAIN)
                if scanning:  # no other step can begin until the scanning is ended
                    self._begin(lambda attempt: self._login.close(), _PHONE_AGAIN)

    def _may_press(self) -> bool:
        return not self.closed and not self.button.disabled  # a second click may arrive after the first

    def _begin(self, step: Callable[[object], Coroutine[Any, Any, object]], message: str | None = None) -> None:
        """Start a step, without waiting for it: the kernel stays free."""
        attempt = self._attempt = object()
        self._enable(False)
        self._say("One moment …")
        loop.begin(self._run_step(attempt, step, message, self._asked, self._login.state))

    # --- on the library's loop ----------------------------------------------------------------------------------------

    async def _run_step(
        self,
        attempt: object,
        step: Callable[[object], Coroutine[Any, Any, object]],
        message: str | None,
        asked: str,
        before: str,
    ) -> None:
        """Run a step and show the next field; after a failure that is mostly the same field again."""
        failed = True
        try:
            if attempt is self._attempt:  # otherwise it was ended before it began
                await step(attempt)
            failed = False
        except ChatframesError as error:
            message = str(error)
        except asyncio.CancelledError:
            message = "This login was ended before it was done: press the button again."
        except Exception as error:
            message = f"This went wrong ({type(error).__name__}): press the button again."
            _log_where(error)
        with self._lock:
            if attempt is not self._attempt:
                return
            state = self._login.state
            self._ask_for(asked if failed and state in (before, "qr shown") else state, message)
        if state == "done" and self._done is not None:
            self._done()

    async def _take_step(self, step: Callable[[object], Coroutine[Any, Any, object]], field: SecretField) -> None:
        await field.wait_for_input()
        await step(field.take())

    async def _show_codes(self, attempt: object) -> None:
        """Show one QR code after another, each while it is valid, until one is scanned or the user starts over."""
        try:
            await self._login.ask_for_qr()
            for _ in range(MOST_LOOKS):
                if self._login.state != "qr shown" or not self._show_code(attempt, self._login.link):
                    return
                await self._login.wait_for_scan()
            if self._login.state == "qr shown":
                raise AuthError(_NOT_SCANNED)
        except Exception:
            if self._login.state == "qr shown" and attempt is self._attempt:
                await self._login.close()  # a code that is no longer shown must not work
            raise

    def _show_code(self, attempt: object, link: Secret | None) -> bool:
        """Show the QR code of a link; return False if another attempt has begun."""
        with self._lock:
            if attempt is not self._attempt:
                return False
            if self._asked != "qr shown":
                self._ask_for("qr shown")
            self._show_qr(link)
            return True


_MESSAGES = {
    "qr shown": "In your Telegram app open Settings, Devices, Link Desktop Device, and point the camera at this.",
    "new": "Telegram will send a code to your Telegram app.",
    "code sent": "A code is in your Telegram app, as a message from Telegram.",
    "password needed": "The code was right. This account has a password as well.",
}
_PHONE_AGAIN = "Give the phone number again."
_NOT_SCANNED = "Nobody scanned the QR code in five minutes: press “QR code instead” for a new one."


def _log_where(error: Exception) -> None:
    """Log where an error happened, without its text, which might quote what was typed."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("a step of logging in to Telegram went wrong (%s)\n%s", type(error).__name__, frames)
