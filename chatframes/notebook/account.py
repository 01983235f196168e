"""The chats of an account in a panel: asking for their list, and logging in where that or a fetch is refused."""

from __future__ import annotations

from collections.abc import Callable

from ..api import listing
from ..errors import AuthError, ChatframesError
from ..services import services
from ..settings.merge import Config
from ..sources import Source
from .credentials import LoginSteps
from .jobs import Jobs
from .picker import ChatPicker
from .status_line import StatusLine

__all__ = ["Account"]

ASKING = "Asking for the chats …"


class Account:
    """The account that a panel reads with.

    Parameters
    ----------
    config : Config
        The configuration it begins with.
    config_name : str
        What that configuration is called in the user's code; empty where the code needs none.
    source : Source or None
        What is chosen at first.
    line : StatusLine
        Where it says what goes on.
    jobs : Jobs
        Runs what it starts.
    changed : callable
        Called when the list or the configuration is another one.

    Attributes
    ----------
    config : Config
        With the credentials of a login, when there was one.
    config_name : str
        As above; after a login it is the panel's own.
    picker : ChatPicker
        The chats, to choose from.
    login : LoginSteps
        The place of the forms to log in.
    listed : bool
        Whether the list has been asked for.
    closed : bool
        Whether the panel is closed: no form is shown any more.
    """

    def __init__(
        self,
        config: Config,
        config_name: str,
        source: Source | None,
        line: StatusLine,
        jobs: Jobs,
        changed: Callable[[], None],
    ) -> None:
        self.config, self.config_name = config, config_name
        self.listed = self.closed = False
        self._line, self._jobs, self._changed = line, jobs, changed
        self.picker = ChatPicker(self._list, self._start_over, source, _first_service(config))
        self.login = LoginSteps(self._logged_in, jobs)

    def ask_to_log_in(self, service: str, error: ChatframesError) -> str:
        """Show the form that is needed, if one is, and return what to add to the error."""
        if not isinstance(error, AuthError) or service != self.picker.service or self.closed:
            return ""
        self.login.ask(services()[service], self.config)
        return "\nOr fill in the form below."

    def _list(self, service: str) -> None:
        self.listed = True
        self._jobs.begin("list", self._show_chats(service), self._line.say_defect)

    async def _show_chats(self, service: str) -> None:
        self._line.say(ASKING)
        message = ""
        try:
            chats = await listing(service, self.config)
            if service == self.picker.service:
                self.picker.chats.show(chats)
        except ChatframesError as error:
            message = str(error) + self.ask_to_log_in(service, error)
        finally:
            self._line.replace(ASKING, message)
        self._changed()

    def _start_over(self) -> None:
        """Clear what was shown and asked for when another service is chosen."""
        self._jobs.cancel("list")
        self.login.clear()
        self._line.say("")

    def _logged_in(self, config: Config) -> None:
        self.config, self.config_name = config, "panel.config"
        self._changed()
        if self.picker.lists_chats:
            self.picker.load()
        else:
            self._line.say("Thank you: press Fetch.")


def _first_service(config: Config) -> str:
    """Return the first service that is configured, or else the first of all."""
    configured = (name for name, service in services().items() if service.is_configured(config.section(name)))
    return next(configured, next(iter(services())))
