"""What an admin may set in config.json: every key, its default, what it may be and what it means."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args

import annotated_types
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from . import checks
from .checks import Secret

__all__ = [
    "ConfigFile",
    "DownloadsConfig",
    "Key",
    "Limits",
    "RedditConfig",
    "Secret",
    "Service",
    "TelegramConfig",
    "TelegramServer",
    "WebexConfig",
    "describe_keys",
    "markdown_table",
]

Service = Literal["webex", "telegram", "reddit"]


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
    BeforeValidator(checks.endpoint),
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

    _can_travel = field_validator(*credentials)(checks.header_value)


class TelegramServer(BaseModel):
    """Where to reach an emulator or gateway of Telegram in place of Telegram itself."""

    model_config = _STRICT

    dc_id: int = Field(ge=1, le=1000, description="The number of its data centre.")
    address: Annotated[str, BeforeValidator(checks.ip_address), Field(description="Its IP address.")]
    port: int = Field(ge=1, le=65535, description="Its TCP port.")
    public_key: Annotated[
        str, BeforeValidator(checks.rsa_key), Field(repr=False, description="Its public RSA key, as PEM.")
    ]


class TelegramConfig(BaseModel):
    """The admin's settings for Telegram. Frozen; credentials are masked in every repr and dump."""

    model_config = _STRICT
    credentials: ClassVar[tuple[str, ...]] = ("api_id", "api_hash", "session")

    max_concurrent_media_downloads: _Downloads = Field(
        20, description="The same for Telegram, where max_concurrent_image_downloads is understood too."
    )
    max_concurrent_fetches: _Fetches = 5
    parallel_fetch_chunk_days: _ChunkDays = 7
    server: TelegramServer | None = Field(
        None, description="An emulator or gateway to speak to in Telegram's place; public_key is an RSA key in PEM."
    )
    api_id: Annotated[Secret | None, BeforeValidator(checks.api_id)] = Field(
        None, description="Of your own app, from https://my.telegram.org; a number, with or without quotes."
    )
    api_hash: Annotated[Secret | None, AfterValidator(checks.api_hash)] = Field(
        None, description="Of the same app: 32 letters and digits."
    )
    session: Annotated[Secret | None, AfterValidator(checks.session)] = Field(
        None,
        description='The name a login is kept under ("default" unless told), or a session string of Telethon\'s.',
    )


class RedditConfig(BaseModel):
    """The admin's settings for Reddit. Frozen; credentials are masked in every repr and dump.

    Of the credentials, `user_agent` is no secret, and may stand in another place than the others.
    """

    model_config = _STRICT
    credentials: ClassVar[tuple[str, ...]] = (
        "client_id", "client_secret", "refresh_token", "username", "password", "user_agent",
    )  # fmt: skip

    max_concurrent_image_downloads: _Downloads = 20
    max_connections: _Connections = 100
    max_keepalive_connections: _Keepalive = 20
    reddit_url: _Endpoint = Field(
        "https://www.reddit.com",
        description="Where its site is, which gives tokens: for a gateway or an emulator, as base_url.",
    )
    oauth_url: _Endpoint = Field(
        "https://oauth.reddit.com", description="Where its API is: for a gateway or an emulator, as base_url."
    )
    client_id: Annotated[Secret | None, AfterValidator(checks.client_id)] = Field(
        None, description="Of your own app; with client_secret alone it reads what is public."
    )
    client_secret: Secret | None = Field(None, description="Of the same app.")
    refresh_token: Secret | None = Field(
        None, description="Of an account that has let the app in; or give username and password."
    )
    username: Annotated[Secret | None, AfterValidator(checks.username)] = Field(
        None, description='Of the account that made the app (a "script"); or give refresh_token.'
    )
    password: Annotated[Secret | None, AfterValidator(checks.password)] = Field(
        None, description="Of the same account."
    )
    user_agent: Annotated[str | None, BeforeValidator(checks.user_agent)] = Field(
        None, description="What the program calls itself, 7 to 200 characters; one is made up where none is given."
    )

    _can_travel = field_validator("client_id", "client_secret", "refresh_token")(checks.header_value)


class DownloadsConfig(BaseModel):
    """The admin's settings for all services."""

    model_config = _STRICT

    max_retry_wait_seconds: int = Field(
        300,
        ge=0,
        le=86_400,
        description="The longest wait for a page that a service may ask for; images wait at most 60.",
    )
    allowed_private_hosts: Annotated[tuple[str, ...], BeforeValidator(checks.private_hosts)] = Field(
        (), description="Private addresses that links in messages may lead to; others are refused."
    )
    trust_env: bool = Field(
        False,
        description="Use the proxies of the environment (HTTP_PROXY ...); the proxy then decides which addresses "
        "links may reach.",
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
CREDENTIALS: dict[str, tuple[str, ...]] = {
    "webex": WebexConfig.credentials,
    "telegram": TelegramConfig.credentials,
    "reddit": RedditConfig.credentials,
}
_INTEGRATION = ("client_id", "client_secret", "refresh_token")
_APP, _ACCOUNT = ("client_id", "client_secret"), ("username", "password")
# What each of them is of no use without, which one is enough by itself, and which of two ways exclude each other.
NEEDS: dict[str, dict[str, tuple[str, ...]]] = {
    "webex": dict.fromkeys(_INTEGRATION, _INTEGRATION),
    "telegram": dict.fromkeys(TelegramConfig.credentials, ("api_id", "api_hash")),
    "reddit": dict.fromkeys((*_APP, "refresh_token"), _APP) | dict.fromkeys(_ACCOUNT, (*_APP, *_ACCOUNT)),
}
ALONE = {"webex": "access_token"}
EITHER: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {"reddit": (("refresh_token",), _ACCOUNT)}
# Alone it only says which login is meant, or who is asking: so it goes with the credentials of another place.
NAMES = {"telegram": "session", "reddit": "user_agent"}


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
    default: int | bool | str | tuple[str, ...] | None
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
    keys: dict[tuple[str, str | None], Key] = {}  # what two services mean by client_id are two keys
    for section, model in SECTIONS.items():
        for name, info in model.model_fields.items():
            here = (name, info.description)
            sections = (*keys[here].sections, section) if here in keys else (section,)
            allowed = allowed_values(section, name)
            if name in CREDENTIALS.get(section, ()):
                allowed = f"{allowed}; or {section.upper()}_{name.upper()}"
            keys[here] = Key(name, sections, info.default, allowed, info.description or "", is_secret(section, name))
    return list(keys.values())


def is_secret(section: str, name: str) -> bool:
    """Whether a key of a section is a credential that nobody may see."""
    return Secret in get_args(SECTIONS[section].model_fields[name].annotation)


def keys_of(section: Sequence[str]) -> type[BaseModel]:
    """Return the model of a section, or of a section within one: ``("telegram", "server")``."""
    model = SECTIONS[section[0]]
    return model if len(section) == 1 else TelegramServer  # the only one within another


def allowed_values(section: str, name: str) -> str:
    """Return what a key may be, in words: ``1 to 200``; `section` as in ``telegram.server``."""
    info = keys_of(section.split(".")).model_fields[name]
    low = next((m.ge for m in info.metadata if isinstance(m, annotated_types.Ge)), None)
    high = next((m.le for m in info.metadata if isinstance(m, annotated_types.Le)), None)
    if info.annotation is bool:
        return "true or false"
    if name == "allowed_private_hosts":
        return 'a list of "host:port"'
    if Secret in get_args(info.annotation):
        return "secret"
    if name == "server":
        return f"null, or {{{', '.join(TelegramServer.model_fields)}}}"
    return "a string" if low is None else f"{low} to {high}"


def markdown_table() -> str:
    """Return the table of all keys, in Markdown, as it stands in the README."""
    lines = ["| key | section | default | may be | meaning |", "|---|---|---|---|---|"]
    for key in describe_keys():
        default = (
            "none" if key.secret else f"`{key.default if isinstance(key.default, str) else json.dumps(key.default)}`"
        )
        cells = (f"`{key.name}`", ", ".join(key.sections), default, key.allowed, key.meaning)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
