"""Forms for what a service lets one in by, where none is configured or it was refused; kept in memory only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from ..config import Config, with_credentials
from ..errors import ConfigError
from ..limits import Service
from ..login import TelegramLogin
from ..markup import escaped
from ..values import Secret
from .login import LoginCard

__all__ = ["CredentialsForm", "LoginSteps"]

# Which keys of config.json are asked for, with what a person calls them.
_FIELDS: dict[str, tuple[tuple[str, str], ...]] = {
    "webex": (("access_token", "Access token"),),
    "telegram": (("api_id", "api_id"), ("api_hash", "api_hash")),
    "reddit": (("client_id", "Client id"), ("client_secret", "Client secret")),
}
_KEPT = (
    "It is kept in this kernel's memory only, never in the notebook. To have it found the next time, put it into the "
    "environment."
)


class CredentialsForm:
    """Password fields for one service, emptied as soon as they are read.

    Parameters
    ----------
    service : str
        "webex", "telegram" or "reddit".
    config : Config
        What the credentials are added to.
    done : callable
        Called with the new `Config`.

    Attributes
    ----------
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(self, service: Service, config: Config, done: Callable[[Config], None]) -> None:
        self._service, self._config, self._done = service, config, done
        self.fields = {
            name: ipywidgets.Password(
                description=label,
                continuous_update=False,  # what is typed reaches the kernel as late as possible
                layout={"width": "32em"},
                style={"description_width": "8em"},
            )
            for name, label in _FIELDS[service]
        }
        self.button = ipywidgets.Button(description="Use", button_style="primary")
        self.status = ipywidgets.HTML(value=escaped(_KEPT))
        self.box = ipywidgets.VBox((*self.fields.values(), self.button, self.status))
        self.button.on_click(lambda _: self._pressed())

    def _pressed(self) -> None:
        given: dict[str, Any] = {name: _taken(field) for name, field in self.fields.items()}
        missing = [label for name, label in _FIELDS[self._service] if not given[name]]
        if missing:
            self.status.value = escaped(f"{missing[0]} is empty: fill it in")
            return
        try:
            config = with_credentials(self._config, self._service, "the form", **given)
        except ConfigError as error:
            self.status.value = escaped(error)
            return
        self._done(config)


class LoginSteps:
    """Where a panel asks for what a service lets one in by: a form at a time, or none.

    Parameters
    ----------
    let_in : callable
        Called with the `Config` to go on with.

    Attributes
    ----------
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(self, let_in: Callable[[Config], None]) -> None:
        self.box = ipywidgets.VBox()
        self._let_in = let_in
        self._card: LoginCard | None = None

    def ask(self, service: Service, config: Config) -> None:
        """Show the form that is next: Telegram's own steps, once there is an app to take them with."""
        self.clear()
        if service == "telegram" and config.telegram.api_id is not None:
            self._card = LoginCard(TelegramLogin(config), done=lambda: self._done(config))
            self.box.children = (self._card.box,)
        else:
            self.box.children = (CredentialsForm(service, config, self._done).box,)

    def clear(self) -> None:
        """Show nothing, and hang up."""
        card, self._card = self._card, None
        self.box.children = ()
        if card is not None:
            card.close()

    def _done(self, config: Config) -> None:
        self.clear()
        self._let_in(config)


def _taken(field: Any) -> Secret:
    value, field.value = Secret(str(field.value).strip()), ""
    return value
