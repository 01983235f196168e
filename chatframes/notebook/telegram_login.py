"""The form that a `TelegramLogin` shows in a notebook: one field at a time, emptied as soon as something is typed.

Buttons are pressed on the kernel's threads, and answers come on the library's; a lock lets one of them at a time change
the form. Each press is a turn: what still comes of a turn that somebody has ended is not shown.
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
MOST_LOOKS = 75  # at a QR code that nobody scans: five minutes


class Login(Protocol):
    """What the form needs of a login."""

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
        What to display. It holds the one field that is next, its buttons, and a line that says how it went; a typed
        phone number, code or password is taken out of its field at once, so none is saved with the notebook.
    closed : bool
        Whether it was taken away, for good.
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
        # Empty whenever nothing is to be scanned: a code that is saved with a notebook could be scanned by others.
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
        self._turn = object()
        self._ask_for(login.state)

    def close(self) -> None:
        """Take the form off the page, end what is under way, and hang up."""
        with self._lock:
            if self.closed:
                return
            self.closed, self._turn = True, object()
            self._empty()
            for widget in (*self._controls(), self.qr, self.status, self._buttons, self.box):
                close_all(widget)
        loop.begin(self._hang_up())

    async def _hang_up(self) -> None:
        try:
            await self._login.close()
        except Exception as error:
            _note(error)

    # --- what is shown ------------------------------------------------------------------------------------------------

    def _ask_for(self, state: str, told: str | None = None) -> None:
        """Show what belongs to a state: the field that is next, and what there is to know."""
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
        self._say(told or _TOLD.get(state) or self._login.describe())
        self._let_press(True)

    def _arrange(self, first: Any, *buttons: Any) -> None:
        self._buttons.children = buttons
        self.box.children = (first, self._buttons, self.status)

    def _empty(self) -> None:
        for _, field in self._steps.values():
            field.take()
        self._show_qr(None)

    def _controls(self) -> tuple[Any, ...]:
        return self.phone, self.code, self.password, self.button, self.again, self.qr_button

    def _let_press(self, may: bool) -> None:
        # The fields as well: a kernel with subshells hears a widget in the thread where it spoke last, and a button
        # that is heard in another one than its field could be heard first.
        for control in self._controls():
            control.disabled = not may

    def _say(self, told: str) -> None:
        show_html(self.status, Html.escape(told))

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
                self._begin(lambda turn: self._give(step, field))

    def _pressed_qr(self, _: object) -> None:
        with self._lock:
            if self._may_press():
                self._begin(self._show_codes)

    def _pressed_again(self, _: object) -> None:
        with self._lock:
            if self._may_press():
                scanning = self._asked == "qr shown"
                self._ask_for("new", _AGAIN)
                if scanning:  # until that is ended, no other step can begin
                    self._begin(lambda turn: self._login.close(), _AGAIN)

    def _may_press(self) -> bool:
        return not self.closed and not self.button.disabled  # a second click may have been on its way

    def _begin(self, step: Callable[[object], Coroutine[Any, Any, object]], said: str | None = None) -> None:
        """Start a step, without waiting for it: the kernel stays free."""
        turn = self._turn = object()
        self._let_press(False)
        self._say("One moment …")
        doing = self._carry_out(turn, step, said, self._asked, self._login.state)
        loop.begin(doing)

    # --- on the library's loop ----------------------------------------------------------------------------------------

    async def _carry_out(
        self,
        turn: object,
        step: Callable[[object], Coroutine[Any, Any, object]],
        told: str | None,
        asked: str,
        before: str,
    ) -> None:
        """Take a step and show what comes next; after one that went wrong that is mostly the same again."""
        failed = True
        try:
            if turn is self._turn:  # else it was ended before it began
                await step(turn)
            failed = False
        except ChatframesError as error:
            told = str(error)
        except asyncio.CancelledError:
            told = "This login was ended before it was done: press the button again."
        except Exception as error:
            told = f"This went wrong ({type(error).__name__}): press the button again."
            _note(error)
        with self._lock:
            if turn is not self._turn:
                return
            state = self._login.state
            self._ask_for(asked if failed and state in (before, "qr shown") else state, told)
        if state == "done" and self._done is not None:
            self._done()

    async def _give(self, step: Callable[[object], Coroutine[Any, Any, object]], field: SecretField) -> None:
        await field.come()
        await step(field.take())

    async def _show_codes(self, turn: object) -> None:
        """Show a QR code that is good now, and the next one, until one is scanned or somebody ends that."""
        try:
            await self._login.ask_for_qr()
            for _ in range(MOST_LOOKS):
                if self._login.state != "qr shown" or not self._shows(turn, self._login.link):
                    return
                await self._login.wait_for_scan()
            if self._login.state == "qr shown":
                raise AuthError(_NOBODY)
        except Exception:
            if self._login.state == "qr shown" and turn is self._turn:
                await self._login.close()  # a link that is shown no more should let nobody in
            raise

    def _shows(self, turn: object, link: Secret | None) -> bool:
        with self._lock:
            if turn is not self._turn:
                return False
            if self._asked != "qr shown":
                self._ask_for("qr shown")
            self._show_qr(link)
            return True


_TOLD = {
    "qr shown": "In your Telegram app open Settings, Devices, Link Desktop Device, and point the camera at this.",
    "new": "Telegram will send a code to your Telegram app.",
    "code sent": "A code is in your Telegram app, as a message from Telegram.",
    "password needed": "The code was right. This account has a password as well.",
}
_AGAIN = "Give the phone number again."
_NOBODY = "Nobody scanned the QR code in five minutes: press “QR code instead” for a new one."


def _note(error: Exception) -> None:
    """Log where something went wrong, without the error's own words: they might quote what was typed."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("a step of logging in to Telegram went wrong (%s)\n%s", type(error).__name__, frames)
