"""Forms for the credentials of a service, shown when they are missing or refused; kept in memory only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets

from ..errors import ConfigError
from ..page.cells import Closable, close_all
from ..page.html import Html, show_html
from ..services import Service, load
from ..settings.merge import Config, with_credentials
from .jobs import Jobs
from .secret_field import SecretField

__all__ = ["CredentialsForm", "LoginSteps"]

_KEPT = (
    "What you give is taken out of its field at once and kept in this kernel's memory only; it is not saved with the "
    "notebook. To have it found the next time, put it into the environment."
)


class CredentialsForm:
    """Password fields for one service, emptied as soon as something is typed into them.

    Parameters
    ----------
    service : Service
        The service whose credentials are asked for.
    config : Config
        The configuration the credentials are added to.
    done : callable
        Called with the new `Config`, on the library's loop.
    jobs : Jobs
        Runs what a press of the button starts.

    Attributes
    ----------
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(self, service: Service, config: Config, done: Callable[[Config], None], jobs: Jobs) -> None:
        self._service, self._config, self._done, self._jobs = service, config, done, jobs
        self.fields = {
            name: ipywidgets.Password(description=label, layout={"width": "32em"}, style={"description_width": "8em"})
            for name, label in service.credentials.asked
        }
        self._secrets = {name: SecretField(field) for name, field in self.fields.items()}
        self.button = ipywidgets.Button(description="Use", button_style="primary")
        self.status = ipywidgets.HTML(value=str(Html.escape(_KEPT)))
        self.box = ipywidgets.VBox((*self.fields.values(), self.button, self.status))
        self.button.on_click(lambda _: self._jobs.begin("use", self._use()))

    async def _use(self) -> None:
        for field in self._secrets.values():
            await field.wait_for_input()
        missing = [label for name, label in self._service.credentials.asked if self._secrets[name].empty]
        if missing:  # the other fields keep what was typed
            show_html(self.status, Html.escape(f"{missing[0]} is empty: fill it in"))
            return
        values: dict[str, Any] = {name: field.take() for name, field in self._secrets.items()}
        try:
            config = with_credentials(self._config, self._service.name, "the form", **values)
        except ConfigError as error:
            show_html(self.status, Html.escape(error))
            return
        self._done(config)

    def close(self) -> None:
        """Take the form off the page, and forget what was typed."""
        for field in self._secrets.values():
            field.take()
        close_all(self.box)


class LoginSteps:
    """The place in a panel where a service's credentials are asked for, one form at a time.

    Parameters
    ----------
    logged_in : callable
        Called with the `Config` to go on with, on the library's loop.
    jobs : Jobs
        Runs what a press of a button starts.

    Attributes
    ----------
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(self, logged_in: Callable[[Config], None], jobs: Jobs) -> None:
        self.box = ipywidgets.VBox()
        self._logged_in, self._jobs = logged_in, jobs
        self._lock = threading.RLock()  # it may be cleared while the library's thread asks
        self._form: Closable | None = None

    def ask(self, service: Service, config: Config) -> None:
        """Show the next form: the service's own login if it can begin, otherwise fields for its keys."""
        login = service.login
        if login is None or not login.is_ready(config.section(service.name)):
            self._ask_for_keys(service, config)
            return
        card = load(login.form)(login.begin(config), done=lambda: self._done(config))
        other = ipywidgets.Button(description=login.other_label, tooltip=login.other_tooltip)
        other.on_click(lambda _: self._ask_for_keys(service, config))
        self._show(card, card.box, other)

    def clear(self) -> None:
        """Remove the form that is shown; a login that was begun ends, and its connection is closed."""
        with self._lock:
            form, self._form = self._form, None
            shown, self.box.children = self.box.children, ()
            if form is not None:
                form.close()
            for widget in shown:
                close_all(widget)

    def _ask_for_keys(self, service: Service, config: Config) -> None:
        form = CredentialsForm(service, config, self._done, self._jobs)
        self._show(form, form.box)

    def _show(self, form: Closable, *widgets: Any) -> None:
        with self._lock:
            self.clear()
            self._form = form
            self.box.children = widgets

    def _done(self, config: Config) -> None:
        self.clear()
        self._logged_in(config)
