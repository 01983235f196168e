"""Services: what the rest of the house knows of each, and which there are. The one place that loads code by name."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from .errors import ConfigError
from .model import Chat

__all__ = ["Credentials", "Field", "Login", "Service", "load", "service_called", "services"]

BUILT_IN = (
    "chatframes.sources.webex.service:SERVICE",
    "chatframes.sources.telegram.service:SERVICE",
    "chatframes.sources.reddit.service:SERVICE",
)
ENTRY_POINTS = "chatframes.services"  # the group under which another distribution names its own
TAKEN = frozenset({"downloads", "path"})  # what else a Config holds


@dataclass(frozen=True, slots=True)
class Credentials:
    """Which keys of a service's section are credentials, and how they go together.

    Attributes
    ----------
    names : tuple of str
        The keys, in the order they are spoken of. ``NAME`` of the service ``toy`` is ``TOY_NAME`` in the environment.
    needs : mapping of str to tuple of str
        What each is of no use without.
    alone : str, optional
        The one that is enough by itself.
    either : pair of tuples of str, optional
        Two ways to log in that exclude each other.
    label : str, optional
        The one that alone only says which login is meant, or who is asking. So it goes with credentials of another
        place.
    is_label : callable
        Whether a value of `label` is no more than that.
    asked : tuple of (key, text) pairs
        What a form asks for, and what a person calls it.
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
    """How somebody logs in where that takes steps, and not credentials alone.

    Attributes
    ----------
    is_ready : callable
        Whether a service's section holds what the steps begin with; until then a form asks for `Credentials.asked`.
    begin : callable
        Gets a `Config`, gives the login whose steps are to be taken.
    form : str
        ``"module:Class"`` of its form in a notebook, made as ``Class(login, done)``, with a `box` and a ``close()``.
    other_label, other_tooltip : str
        Of the button beside the form that goes back to the credentials.
    log_in, log_out : callable
        The steps in a terminal. Both get the `Credentials.label` that was given, or None.
    """

    is_ready: Callable[[Any], bool]
    begin: Callable[[Any], Any]
    form: str
    other_label: str
    other_tooltip: str
    log_in: Callable[[str | None], None]
    log_out: Callable[[str | None], None]


Values = Mapping[str, Any]  # of a form: the value of each field by its name


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a form asks for besides the days: a keyword of the service's source.

    Attributes
    ----------
    name : str
        The keyword.
    label : str
        What stands before it.
    kind : str
        ``"text"``, ``"number"`` (a whole number or nothing), ``"number or all"``, or ``"choice"``.
    hint, tooltip : str
        What stands in it while it is empty, and what it explains when pointed at.
    missing : str
        What to say when nothing was written into a text that is needed; empty where it is not.
    options : callable
        Of a choice: what may be chosen, as (text, value) pairs, given the values of the other fields.
    applies : callable
        Whether it means anything, given the values of the other fields; else the source's own default holds.
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
        """What stands before the name of a source in code: ``cf.``."""
        return "cf." if self.module == "chatframes" else f"{self.module}."

    def written(self, chat: str) -> str:
        """Return the code of a source: ``cf.Webex('Project Apollo')``."""
        return f"{self.prefix}{self.source.__name__}({chat!r})"

    def is_configured(self, section: Any) -> bool:
        """Whether a section holds credentials of its own."""
        names = [name for name in self.credentials.names if name != self.credentials.label]
        return any(getattr(section, name) is not None for name in names)


def load(place: str) -> Any:
    """Return what ``"module:name"`` names."""
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
    found: dict[str, Service] = {}
    for place in BUILT_IN:
        service = load(place)
        found[service.name] = service
    for entry in entry_points(group=ENTRY_POINTS):
        problem = _add(entry, found)
        if problem:
            warnings.warn(
                f"the service {entry.name!r} of {entry.value.partition(':')[0]} is left out: {problem}.", stacklevel=2
            )
    return found


def _add(entry: EntryPoint, found: dict[str, Service]) -> str:
    """Add another distribution's service; return why that cannot be, or nothing."""
    try:
        service = entry.load()
    except Exception as error:  # whatever it is, it must not take the other services with it
        return f"importing it raised {type(error).__name__}"
    if not isinstance(service, Service):
        return f"{entry.value} is not a chatframes.services.Service"
    if service.name in found or service.name in TAKEN or not service.name.isidentifier():
        return f"the name {service.name!r} is taken or is no identifier"
    found[service.name] = service
    return ""


def service_called(name: object) -> Service:
    """Return the service of that name.

    Raises
    ------
    ConfigError
        There is none; the message lists those there are.
    """
    found = services().get(str(name).lower())
    if found is None:
        raise ConfigError(f"no service is called {name!r}: there are {', '.join(services())}.")
    return found
