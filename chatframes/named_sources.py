"""What a call names to be read: one source, a list of them, or a frame of `chats`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from .errors import ConfigError
from .services import Service, services
from .sources import Source, missing_members
from .warn import warn

__all__ = ["Sources", "sources_of"]

Sources = Source | Sequence[Source] | pd.DataFrame


def sources_of(sources: object) -> tuple[Source, ...]:
    """Return one source or a list of sources as a tuple, each once.

    Parameters
    ----------
    sources : Source, list of Source, or pandas.DataFrame
        As the user gave them; a frame is one of `chats`.

    Raises
    ------
    ConfigError
        It is something else; the sentence says what to write.
    """
    if isinstance(sources, str):
        raise ConfigError(_how_to_write(sources))
    if isinstance(sources, pd.DataFrame):
        sources = _listed_chats(sources)
    listed = tuple(sources) if isinstance(sources, list | tuple) else (sources,)
    if not listed:
        raise ConfigError("There is nothing to fetch: `sources` is an empty list. Put at least one source into it.")
    for source in listed:
        missing = missing_members(source, Source)
        if missing:
            kind = type(source).__name__
            lacks = "" if "open" in missing else f" (it has no {', no '.join(missing)})"
            raise ConfigError(
                f"A value of type {kind} is not a source{lacks}: write {_examples()}, or a list of sources."
            )
    return _each_once(listed)


def _each_once(listed: tuple[Source, ...]) -> tuple[Source, ...]:
    """Return sources without those that are there twice, and warn of them."""
    once: list[Source] = []
    for source in listed:
        if source not in once:
            once.append(source)
    if len(once) < len(listed):
        twice = next(source for source in once if listed.count(source) > 1)
        more = f" (and {len(listed) - len(once) - 1} more)" if len(listed) - len(once) > 1 else ""
        warn(f"{twice.label} is named twice{more}: it is read once.")
    return tuple(once)


def _how_to_write(name: str) -> str:
    """Return the sentence about a text in the place of a source: first the services that understand it."""
    able = [service for service in services().values() if _understands(service, name)]
    if not able:  # it is not shown: it may be an invitation, which lets anybody in
        return f"This text is not a source: write {_examples()}."
    begins = [service for service in able if _beginning(service.example) == _beginning(name) != ""]
    linked = [
        service for service in able if re.match(r"[\w.-]+\.\w+/", name) and _understands(service, f"https://{name}")
    ]
    *others, last = [service.written(name) for service in begins or linked or able]
    return f"{name!r} is not a source: write {', '.join(others)}{' or ' if others else ''}{last}."


def _understands(service: Service, name: str) -> bool:
    try:
        service.source(name)
    except ConfigError:
        return False
    return True


def _beginning(name: str) -> str:
    """Return what shows of which service a name is: ``@`` or ``r/``."""
    found = re.match(r"@|\w/", name.lstrip("/"))
    return found[0] if found else ""


def _listed_chats(frame: pd.DataFrame) -> list[Source]:
    """Return the sources of the chats that `chats` has listed, or of those that were kept of them."""
    service = services().get(str(frame.attrs.get("service")))
    if service is None or "id" not in frame.columns:
        raise ConfigError(
            "This frame does not say which service its chats are of: give the frame of chats(), filtered or not, or "
            f"write a list of sources, such as {_examples()}."
        )
    return [service.source(id_) for id_ in frame["id"]]


def _examples() -> str:
    """Return how to write a chat of each service: ``cf.Webex('…'), cf.Telegram('…') or cf.Reddit('…')``."""
    *others, last = [service.written(service.example) for service in services().values()]
    return f"{', '.join(others)} or {last}" if others else last
