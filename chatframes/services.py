"""Describe each service to the rest of the package, and list the services there are.

This is the one module that loads code by name.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from .errors import ConfigError
from .model import Chat
from .warn import warn

__all__ = ["Credentials", "Field", "Login", "Service", "load", "service_called", "services"]

BUILT_IN = (
    "chatframes.sources.webex.service:SERVICE",
    "chatframes.sources.telegram.service:SERVICE",
    "chatframes.sources.reddit.service:SERVICE",
)
ENTRY_POINTS = "chatframes.services"  # the group in which another distribution registers its service
RESERVED_NAMES = frozenset({"downloads", "path"})  # a Config has attributes of these names already


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a service: which keys of its section hold them, and which of them belong together.

    Attributes
    ----------
    names : tuple of str
        The keys, in the order in which messages list them. The key ``secret`` of the service ``toy`` is the
        environment variable ``TOY_SECRET``.
    needs : mapping of str to tuple of str
        For each key, the other keys that must be given with it.
    alone : str, optional
        A key that is enough by itself.
    either : pair of tuples of str, optional
        Two ways to log in that exclude each other.
    label : str, optional
        A key that by itself only says which login is meant, or which program is asking. It may therefore be given in
        another place than the other credentials.
    is_label : callable
        Whether a value of `label` is only such a label.
    asked : tuple of (key, text) pairs
        The keys that a form asks for, each with the text shown beside it.
    """

    names: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alone: str | None = None
    either: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    label: str | None = None
    is_label: Callable[[str], bool] = lambda text: True
    asked: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """The login of a service where it takes several steps, such as a code sent to a phone.

    Attributes
    ----------
    is_ready : callable
        Whether a service's section holds what the first step needs; until then a form asks for `Credentials.asked`.
    begin : callable
        Takes a `Config` and returns a new login, with no step done yet.
    form : str
        ``"module:Class"`` of its form in a notebook. It is created as ``Class(login, done)`` and has a `box` and a
        ``close()``.
    other_label, other_tooltip : str
        Text and tooltip of the button beside the form that goes back to the credentials.
    log_in, log_out : callable
        Log in and log out in a terminal. Both get the value of `Credentials.label`, or None.
    """

    is_ready: Callable[[Any], bool]
    begin: Callable[[Any], Any]
    form: str
    other_label: str
    other_tooltip: str
    log_in: Callable[[str | None], None]
    log_out: Callable[[str | None], None]


Values = Mapping[str, Any]  # the values of a form, by the names of its fields


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form: a keyword of the service's source other than its days.

    Attributes
    ----------
    name : str
        The keyword.
    label : str
        The text shown before it.
    kind : str
        ``"text"``, ``"number"`` (a whole number or nothing), ``"number or all"``, or ``"choice"``.
    hint, tooltip : str
        The text shown while it is empty, and the text shown when the mouse is over it.
    missing : str
        The message shown when a required text is empty; ``""`` where the text is optional.
    options : callable
        For a choice: takes the values of the other fields and returns the (text, value) pairs to choose from.
    applies : callable
        Takes the values of the other fields and returns whether this field has a meaning; where it has none, the
        source's own default is used.
    wide : bool
        Whether it takes a line of its own.
    """

    name: str
    label: str
    kind: Literal["text", "number", "number or all", "choice"] = "text"
    hint: str = ""
    tooltip: str | None = None
    missing: str = ""
    options: Callable[[Values], Sequence[tuple[str, Any]]] = lambda values: ()
    applies: Callable[[Values], bool] = lambda values: True
    wide: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its name, its settings, its source, and what the verbs and the panel can do with it.

    Built-in services are listed in `BUILT_IN`. Another distribution brings one by an entry point of the group
    ``chatframes.services`` that names its `Service`; CONTRIBUTING.md shows how.

    Attributes
    ----------
    name : str
        Its section of config.json, the `service` of its sources, and the beginning of its environment variables.
    title : str
        What people call it.
    section : type
        The frozen pydantic model of its section of config.json (see `chatframes.settings.keys`).
    credentials : Credentials
    source : type
        The class of its sources. It takes `chat_key` first, and ``since``, ``until`` and ``tz`` as keywords.
    chat_key : str
        The argument of `source` that names the chat.
    example : str
        A name of a chat, for error messages.
    module : str
        Where users import `source` from.
    downloads_key : str
        The key of `section` that bounds downloads at once.
    endpoints : tuple of str
        The keys of `section` that say where the service is: where credentials go.
    list_chats : callable, optional
        ``await list_chats(context)`` gives the chats an account can see, as `Chat` records.
    login : Login, optional
        The steps of logging in, where it takes steps.
    fields : tuple of Field
        What the panel asks for. Where `list_chats` is None, one of them is `chat_key`.
    """

    name: str
    title: str
    section: type[Any]
    credentials: Credentials
    source: type[Any]
    chat_key: str
    example: str
    module: str = "chatframes"
    downloads_key: str = "max_concurrent_image_downloads"
    endpoints: tuple[str, ...] = ()
    list_chats: Callable[[Any], Awaitable[list[Chat]]] | None = None
    login: Login | None = None
    fields: tuple[Field, ...] = ()

    @property
    def prefix(self) -> str:
        """The module name in front of the source in code: ``cf.``."""
        return "cf." if self.module == "chatframes" else f"{self.module}."

    @property
    def typed(self) -> str:
        """A chat as the command line takes it: ``webex:'Project Apollo'``."""
        return f"{self.name}:{shlex.quote(self.example)}"

    def written(self, chat: str) -> str:
        """Return the code that creates a source: ``cf.Webex('Project Apollo')``."""
        return f"{self.prefix}{self.source.__name__}({chat!r})"

    def is_configured(self, section: Any) -> bool:
        """Whether a section holds credentials of its own."""
        names = [name for name in self.credentials.names if name != self.credentials.label]
        return any(getattr(section, name) is not None for name in names)


def load(place: str) -> Any:
    """Import and return the object that ``"module:name"`` names."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


@functools.cache
def services() -> dict[str, Service]:
    """Return every service by its name, those built in first.

    Warns
    -----
    UserWarning
        Another distribution's service cannot be used; the others can.
    """
    by_name: dict[str, Service] = {}
    for place in BUILT_IN:
        service = load(place)
        by_name[service.name] = service
    for entry in entry_points(group=ENTRY_POINTS):
        problem = _add(entry, by_name)
        if problem:
            warn(f"The service {entry.name!r} of {entry.value.partition(':')[0]} is left out: {problem}.")
    return by_name


def _add(entry: EntryPoint, by_name: dict[str, Service]) -> str:
    """Add another distribution's service; return what is wrong with it, or ``""``."""
    try:
        service = entry.load()
    except Exception as error:  # foreign code may raise anything, and must not stop the other services
        return f"importing it raised {type(error).__name__}"
    if not isinstance(service, Service):
        return f"{entry.value} is not a chatframes.services.Service"
    if service.name in by_name or service.name in RESERVED_NAMES or not service.name.isidentifier():
        return f"the name {service.name!r} is taken or is no identifier"
    by_name[service.name] = service
    return ""


def service_called(name: object) -> Service:
    """Return the service of that name.

    Raises
    ------
    ConfigError
        There is no such service; the message lists those there are.
    """
    service = services().get(str(name).lower())
    if service is None:
        raise ConfigError(f"No service is called {name!r}: there are {', '.join(services())}.")
    return service
