"""The form that a `TelegramLogin` shows in a notebook: one field at a time, emptied as soon as it is used."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Protocol

import ipywidgets

from .. import blocking
from ..errors import ChatframesError
from ..markup import escaped
from ..values import Secret

__all__ = ["LoginCard"]

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
        What to display. It holds the one field that is next, a button, and a line that says how it went; a typed
        phone number, code or password is in it only until the button is pressed, so none is saved with the notebook.
    """

    def __init__(self, login: Login, done: Callable[[], None] | None = None) -> None:
        self._login = login
        self._done = done
        # Not at every key: what is typed reaches the kernel, and the notebook's own state, as late as possible.
        typed = {"continuous_update": False, "layout": _WIDE}
        self.phone = ipywidgets.Text(
            description="Phone",
            placeholder="+ country code and number",
            tooltip="The phone number of your Telegram account, beginning with + and the country code",
            **typed,
        )
        self.code = ipywidgets.Password(
            description="Code",
            placeholder="from your Telegram app",
            tooltip="Telegram has sent it as a message to your Telegram app",
            **typed,
        )
        self.password = ipywidgets.Password(
            description="Password",
            placeholder="of two-step verification",
            tooltip="The password you chose in Telegram under Privacy and Security, Two-Step Verification",
            **typed,
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
        self.box = ipywidgets.VBox()
        self.button.on_click(self._pressed)
        self.qr_button.on_click(self._pressed_qr)
        self.again.on_click(self._pressed_again)
        self._scanning: Future[str] | None = None
        self._looks = 0
        self._asked = ""
        self._ask_for(login.state)

    def close(self) -> None:
        """Hang up where a QR code is shown: nobody will scan it any more."""
        if self._looks:
            self._pressed_again(None)

    def _ask_for(self, state: str, told: str | None = None) -> None:
        """Show what belongs to a state: the field that is next, and what there is to know."""
        self._asked = state
        told = told or _TOLD.get(state) or self._login.describe()
        for field in (self.phone, self.code, self.password):
            field.value = ""
        self._show_qr(None)
        match state:
            case "new":
                self.button.description = "Send me a code"
                self.box.children = (self.phone, ipywidgets.HBox((self.button, self.qr_button)), self.status)
            case "qr shown":
                self.box.children = (self.qr, self.again, self.status)
            case "code sent":
                self.button.description = "Log in"
                self.box.children = (self.code, ipywidgets.HBox((self.button, self.again)), self.status)
            case "password needed":
                self.button.description = "Log in"
                self.box.children = (self.password, ipywidgets.HBox((self.button, self.again)), self.status)
            case _:
                self.box.children = (self.status,)
        self._say(told)
        self._let_press(True)

    def _let_press(self, may: bool) -> None:
        self.button.disabled = self.again.disabled = self.qr_button.disabled = not may

    def _say(self, told: str) -> None:
        self.status.value = escaped(told)

    def _show_qr(self, link: Secret | None) -> None:
        shown = io.BytesIO()
        if link is not None:
            import segno

            segno.make(link.get_secret_value(), error="m").save(shown, kind="png", scale=6, border=4)
        self.qr.value = shown.getvalue()
        self.qr.layout.display = None if link is not None else "none"

    def _pressed_again(self, _: object) -> None:
        scanned, self._looks = self._looks, 0
        self._scanning = None
        self._ask_for("new", "Give the phone number again.")
        if scanned:
            self._hang_up()

    def _pressed_qr(self, _: object) -> None:
        """Show a QR code and wait for it to be scanned, without keeping the kernel."""
        self._let_press(False)
        self._say("One moment …")
        self._looks = 0
        self._scan(self._login.ask_for_qr())

    def _scan(self, doing: Coroutine[Any, Any, str]) -> None:
        self._scanning = asyncio.run_coroutine_threadsafe(doing, blocking.loop())
        self._scanning.add_done_callback(_back_here(self._show_scanned))

    def _show_scanned(self, done: Future[str]) -> None:
        """Show the code that is good now and look again, or what comes after it; like all of this where we are."""
        if done is not self._scanning:
            return  # somebody has started over
        self._scanning = None
        went_well = not done.cancelled() and done.exception() is None
        if went_well and self._login.state == "qr shown":
            if self._looks < MOST_LOOKS:
                link, first = self._login.link, not self._looks
                self._looks += 1
                self._scan(self._login.wait_for_scan())  # from here on somebody can start over
                if first:
                    self._ask_for("qr shown")
                self._show_qr(link)
                return
            self._ask_for("new", "nobody has scanned the QR code: press the button for another one")
        else:
            self._asked = "new"
            self._show(done, self._login.state)  # what went wrong begins again with the phone number
        # After a shutdown nobody is connected, and a new loop would have to be started to find that out.
        if self._login.state == "qr shown" and not done.cancelled():
            self._hang_up()

    def _hang_up(self) -> None:
        """End a QR code that nobody is to scan any more; until that is done, no other step can begin."""
        self._let_press(False)
        ended = _back_here(lambda _: self._let_press(True))
        asyncio.run_coroutine_threadsafe(self._login.close(), blocking.loop()).add_done_callback(ended)

    def _pressed(self, _: object) -> None:
        """Start the step, without waiting for it: the kernel stays free."""
        step: Callable[[object], Coroutine[Any, Any, str]]
        match self._asked:
            case "new":
                step, field = self._login.send_code, self.phone
            case "code sent":
                step, field = self._login.sign_in, self.code
            case _:
                step, field = self._login.check_password, self.password
        try:
            doing = step(field)  # reads and empties it
        except ChatframesError as error:
            self._ask_for(self._asked, str(error))
            return
        self._let_press(False)
        self._say("One moment …")
        before = self._login.state
        show = _back_here(lambda done: self._show(done, before))
        asyncio.run_coroutine_threadsafe(doing, blocking.loop()).add_done_callback(show)

    def _show(self, done: Future[str], before: str) -> None:
        told = None
        try:
            done.result()
        except ChatframesError as error:
            told = str(error)
        except CancelledError:
            told = "This login was ended before it was done: press the button again."
        except Exception as error:
            told = f"This went wrong ({type(error).__name__}): press the button again."
        state = self._login.state
        self._ask_for(self._asked if told and state == before else state, told)
        if state == "done" and self._done is not None:
            self._done()


_TOLD = {
    "qr shown": "In your Telegram app open Settings, Devices, Link Desktop Device, and point the camera at this.",
    "new": "Telegram sends a code to your Telegram app.",
    "code sent": "A code is in your Telegram app, as a message from Telegram.",
    "password needed": "The code was right. This account has a password as well.",
}


def _back_here(show: Callable[[Future[str]], None]) -> Callable[[Future[str]], None]:
    """Let a callback run where we are now: in a kernel that is its own loop, which alone speaks to the browser."""
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        return show
    context = copy_context()

    def hand_over(done: Future[str]) -> None:
        with suppress(RuntimeError):  # that loop is closed: nobody looks any more
            here.call_soon_threadsafe(show, done, context=context)

    return hand_over
