"""Define Config: the admin's settings, checked and complete."""

from __future__ import annotations

from dataclasses import field, make_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..services import services
from .keys import DownloadsConfig
from .sections import sections

__all__ = ["Config"]


class _Config:
    """The admin's settings, checked and complete; `load_config` makes one.

    Credentials are masked wherever it is shown or dumped. Pickling one that holds any raises `ConfigError`.

    Attributes
    ----------
    webex, telegram, reddit, downloads
        One frozen model for each section of config.json; a service of another distribution has one too.
    path : pathlib.Path or None
        The file it came from; None for a dict or the defaults.
    """

    downloads: DownloadsConfig
    path: Path | None

    if TYPE_CHECKING:

        def __init__(self, **values: Any) -> None: ...

        def __getattr__(self, name: str) -> Any: ...

    def section(self, name: str) -> Any:
        """Return the section of a service, or the section ``"downloads"``; frozen."""
        return getattr(self, name)

    def with_section(self, name: str, section: BaseModel) -> Config:
        """Return a copy with one section replaced."""
        return replace(self, **{name: section})  # type: ignore[type-var]

    def __repr__(self) -> str:
        lines = [f"Config(path={str(self.path) if self.path else None!r}"]
        lines += [f"  {name}: {getattr(self, name)}" for name in sections()]
        return "\n".join(lines) + ")"


def _config_class() -> type[_Config]:
    """Build the class, with a field for each service."""
    service_fields: list[tuple[str, Any, Any]] = [
        (name, service.section.__name__, field(default_factory=service.section)) for name, service in services().items()
    ]
    other_fields: list[tuple[str, Any, Any]] = [
        ("downloads", "DownloadsConfig", field(default_factory=DownloadsConfig)),
        ("path", "Path | None", None),
    ]
    names = {"__doc__": _Config.__doc__, "__module__": __name__, "__qualname__": "Config"}
    return make_dataclass(
        "Config", service_fields + other_fields, bases=(_Config,), namespace=names, frozen=True, repr=False
    )


if TYPE_CHECKING:
    Config = _Config
else:
    Config = _config_class()
