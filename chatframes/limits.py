"""What an admin may set in config.json: every key, its default, what it may be and what it means."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, NoReturn
from urllib.parse import urlsplit

import annotated_types
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from .errors import ConfigError

__all__ = [
    "ConfigFile",
    "DownloadsConfig",
    "Key",
    "Limits",
    "RedditConfig",
    "Secret",
    "Service",
    "TelegramConfig",
    "WebexConfig",
    "describe_keys",
    "markdown_table",
]

Service = Literal["webex", "telegram", "reddit"]


class Secret(SecretStr):
    """A credential: shown as ``'********'``, and never written by pickle.

    A masked copy would only surface later, as a refused token; so pickling one, or anything that holds one,
    raises `ConfigError`.
    """

    def _display(self) -> str:
        return "********"

    def __reduce__(self) -> NoReturn:
        raise ConfigError(
            "a credential is never pickled: let the other process read config.json or the environment itself."
        )

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self


def _endpoint(value: object) -> object:
    """Check and tidy a base_url; the value itself is never repeated, it might hold a password."""
    # Every string of a configuration arrives as a Secret (see config.py); this is the one that is none.
    url = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(url, str):
        return url
    if not url.isascii() or any(letter <= " " or letter in "\\?#\x7f" for letter in url):
        raise ValueError("is plain ASCII without spaces, '?' and '#', such as https://webexapis.com/v1")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.netloc.endswith(":"):
        raise ValueError("is a whole address, such as https://webexapis.com/v1")
    if "@" in parts.netloc:
        raise ValueError("holds no user name and no password: credentials have their own keys")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError("begins with https:// (http:// only for 127.0.0.1, ::1 and localhost)")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# One meaning and one range for each key, wherever it stands.
_Downloads = Annotated[
    int,
    Field(
        ge=1,
        le=200,
        description="Downloads of images at once, in the whole process. Lower it on a slow network.",
    ),
]
_Fetches = Annotated[
    int,
    Field(ge=1, le=50, description="Windows of time read at once. Lower it when the service limits the rate."),
]
_ChunkDays = Annotated[
    int,
    Field(
        ge=1,
        le=3650,
        description="A range is cut into ceil(days / this) equal windows. Raise it for large rooms.",
    ),
]
_Connections = Annotated[
    int,
    Field(
        ge=1,
        le=1000,
        description="Connections open at once, for everything: pages, images and token renewal.",
    ),
]
_Keepalive = Annotated[int, Field(ge=0, le=1000, description="Idle connections kept open for the next request.")]
_Endpoint = Annotated[
    str,
    BeforeValidator(_endpoint),
    Field(description="Where the service is: for a gateway or an emulator. https, or http on this machine."),
]

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class WebexConfig(BaseModel):
    """The admin's settings for Webex. Frozen; credentials are masked in every repr and dump."""

    model_config = _STRICT
    credentials: ClassVar[tuple[str, ...]] = ("access_token", "client_id", "client_secret", "refresh_token")

    max_concurrent_image_downloads: _Downloads = 20
    max_concurrent_fetches: _Fetches = 5
    parallel_fetch_chunk_days: _ChunkDays = 7
    max_connections: _Connections = 100
    max_keepalive_connections: _Keepalive = 20
    base_url: _Endpoint = "https://webexapis.com/v1"
    allow_unscannable: bool = Field(
        False, description="Also download files that Webex could not scan for malware (encrypted ones, say)."
    )
    access_token: Secret | None = Field(
        None, description="A token: personal (12 hours), of a bot, or of an integration (14 days)."
    )
    client_id: Secret | None = Field(None, description="Of an integration, whose token is then renewed by itself.")
    client_secret: Secret | None = Field(None, description="Of the same integration.")
    refresh_token: Secret | None = Field(None, description="Of the same integration; lasts 90 days.")

    @field_validator(*credentials)
    @classmethod
    def _can_travel(cls, value: Secret | None) -> Secret | None:
        """Refuse what could not stand in a header: the HTTP client would print it in its error."""
        if value is None:
            return None
        text = value.get_secret_value().strip()
        if not text:
            raise ValueError("is empty: fill it in, or take the key out")
        if text.lower().startswith("bearer "):
            raise ValueError("begins with 'Bearer': give the token alone")
        if not all("!" <= letter <= "~" for letter in text):
            raise ValueError("holds a space, a line break or a letter that no credential has: copy it again, whole")
        return Secret(text)


class TelegramConfig(BaseModel):
    """The admin's settings for Telegram."""

    model_config = _STRICT

    max_concurrent_media_downloads: _Downloads = Field(
        20, description="The same for Telegram, where max_concurrent_image_downloads is understood too."
    )
    max_concurrent_fetches: _Fetches = 5
    parallel_fetch_chunk_days: _ChunkDays = 7


class RedditConfig(BaseModel):
    """The admin's settings for Reddit."""

    model_config = _STRICT

    max_concurrent_image_downloads: _Downloads = 20
    max_connections: _Connections = 100
    max_keepalive_connections: _Keepalive = 20


class DownloadsConfig(BaseModel):
    """The admin's settings for all services."""

    model_config = _STRICT

    max_retry_wait_seconds: int = Field(
        300,
        ge=0,
        le=86_400,
        description="The longest wait for a page that a service may ask for; images wait at most 60.",
    )


class ConfigFile(BaseModel):
    """A whole config.json: defaults for all services at the top, then a section each."""

    model_config = _STRICT

    max_concurrent_image_downloads: _Downloads | None = None
    max_concurrent_fetches: _Fetches | None = None
    parallel_fetch_chunk_days: _ChunkDays | None = None
    max_connections: _Connections | None = None
    max_keepalive_connections: _Keepalive | None = None
    webex: WebexConfig = WebexConfig()
    telegram: TelegramConfig = TelegramConfig()
    reddit: RedditConfig = RedditConfig()
    downloads: DownloadsConfig = DownloadsConfig()


SECTIONS: dict[str, type[BaseModel]] = {
    "webex": WebexConfig,
    "telegram": TelegramConfig,
    "reddit": RedditConfig,
    "downloads": DownloadsConfig,
}
GENERAL_KEYS = tuple(name for name in ConfigFile.model_fields if name not in SECTIONS)
CREDENTIALS: dict[str, tuple[str, ...]] = {"webex": WebexConfig.credentials}


@dataclass(frozen=True, slots=True)
class Limits:
    """What an admin allows for one service.

    Attributes
    ----------
    parallel_fetch_chunk_days, max_connections, max_keepalive_connections : int or None
        None where the service has no such thing.
    downloads_key : str
        The key an admin would change to alter `max_concurrent_downloads`.
    """

    service: Service
    max_concurrent_downloads: int
    max_concurrent_fetches: int
    parallel_fetch_chunk_days: int | None
    max_connections: int | None
    max_keepalive_connections: int | None
    downloads_key: str


@dataclass(frozen=True, slots=True)
class Key:
    """One key of config.json, for documentation."""

    name: str
    sections: tuple[str, ...]
    default: int | bool | str | None
    allowed: str
    meaning: str
    secret: bool


def describe_keys() -> list[Key]:
    """Return every key that exists, as config.json understands it, in the order of example-config.json.

    Examples
    --------
    >>> describe_keys()[0].name, describe_keys()[0].default
    ('max_concurrent_image_downloads', 20)
    """
    keys: dict[str, Key] = {}
    for section, model in SECTIONS.items():
        for name, info in model.model_fields.items():
            sections = (*keys[name].sections, section) if name in keys else (section,)
            secret = name in CREDENTIALS.get(section, ())
            allowed = f"secret; or {section.upper()}_{name.upper()}" if secret else allowed_values(section, name)
            keys[name] = Key(name, sections, info.default, allowed, info.description or "", secret)
    return list(keys.values())


def allowed_values(section: str, name: str) -> str:
    """Return what a key may be, in words: ``1 to 200``."""
    info = SECTIONS[section].model_fields[name]
    low = next((m.ge for m in info.metadata if isinstance(m, annotated_types.Ge)), None)
    high = next((m.le for m in info.metadata if isinstance(m, annotated_types.Le)), None)
    if info.annotation is bool:
        return "true or false"
    return "a string" if low is None else f"{low} to {high}"


def markdown_table() -> str:
    """Return the table of all keys, in Markdown, as it stands in the README."""
    lines = ["| key | section | default | may be | meaning |", "|---|---|---|---|---|"]
    for key in describe_keys():
        default = "none" if key.default is None else f"`{str(key.default).lower()}`"
        cells = (f"`{key.name}`", ", ".join(key.sections), default, key.allowed, key.meaning)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
