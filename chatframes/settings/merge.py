"""Settings: the admin's from config.json and the environment, the user's from the call, merged once at the door.

Two owners, two types. An admin limits what the process may do (`Config`, `Limits`); a user says whether to download
images, and how large (`ImageSettings`). Neither type has a place for the other's keys, so neither can override them.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from ..errors import ConfigError
from .checks import is_session_string, text_of
from .file import Environment, credentials_in, find_file, read_file, shielded
from .images import ImageSettings, image_settings, kind_of
from .keys import (
    CREDENTIALS,
    GENERAL_KEYS,
    NAMES,
    SECTIONS,
    ConfigFile,
    DownloadsConfig,
    Limits,
    RedditConfig,
    Service,
    TelegramConfig,
    WebexConfig,
    is_secret,
)
from .mistakes import first_mistake, wrong_credentials

__all__ = [
    "Config",
    "ConfigLike",
    "DownloadsConfig",
    "Limits",
    "RedditConfig",
    "Settings",
    "TelegramConfig",
    "WebexConfig",
    "load_config",
    "merge",
    "with_credentials",
]

_SERVICES: tuple[Service, ...] = get_args(Service)
_IMAGE_KEY, _MEDIA_KEY = "max_concurrent_image_downloads", "max_concurrent_media_downloads"


@dataclass(frozen=True, repr=False)
class Config:
    """The admin's settings, checked and complete; `load_config` makes one.

    Credentials are masked wherever it is shown or dumped. Pickling one that holds any raises `ConfigError`.

    Attributes
    ----------
    webex, telegram, reddit, downloads
        One frozen model for each section of config.json.
    path : pathlib.Path or None
        The file it came from; None for a dict or the defaults.
    """

    webex: WebexConfig = field(default_factory=WebexConfig)
    telegram: TelegramConfig = field(default_factory=TelegramConfig)
    reddit: RedditConfig = field(default_factory=RedditConfig)
    downloads: DownloadsConfig = field(default_factory=DownloadsConfig)
    path: Path | None = None

    def __repr__(self) -> str:
        lines = [f"Config(path={str(self.path) if self.path else None!r}"]
        lines += [f"  {name}: {getattr(self, name)}" for name in SECTIONS]
        return "\n".join(lines) + ")"


ConfigLike = Config | Mapping[str, Any] | str | os.PathLike[str] | None


def load_config(path_or_dict: ConfigLike = None) -> Config:
    """Read the admin's settings.

    Parameters
    ----------
    path_or_dict : str, os.PathLike, mapping, Config or None
        A config.json (``//`` comments are allowed), or what would stand in one. None looks at
        ``$CHATFRAMES_CONFIG``, then for config.json in the working folder and every folder above it, and is content
        with the defaults. A Config is returned as it is.

    Returns
    -------
    Config
        Frozen. A service's credentials come as one set from one place: from `path_or_dict` if it has any, else from
        the environment (``WEBEX_ACCESS_TOKEN``, or ``WEBEX_CLIENT_ID``, ``WEBEX_CLIENT_SECRET`` and
        ``WEBEX_REFRESH_TOKEN``; ``TELEGRAM_API_ID``, ``TELEGRAM_API_HASH`` and, unless the login is kept under the
        name "default", ``TELEGRAM_SESSION``; ``REDDIT_CLIENT_ID``, ``REDDIT_CLIENT_SECRET`` and, for what only your
        account sees, ``REDDIT_REFRESH_TOKEN``, or ``REDDIT_USERNAME`` and ``REDDIT_PASSWORD``), else from the file
        that was found. What is no credential, ``TELEGRAM_SESSION`` as a mere name and ``REDDIT_USER_AGENT``, goes
        with those of another place.

    Raises
    ------
    ConfigError
        The file is missing or no JSON, or a key is unknown, misplaced, of the wrong type or out of range. It says
        what to write instead and never holds a credential.

    Warns
    -----
    UserWarning
        Others can read a file that holds credentials, or downloads and fetches take most of the connections.

    Examples
    --------
    >>> load_config({"webex": {"max_concurrent_image_downloads": 30}}).webex.max_concurrent_image_downloads
    30
    """
    if isinstance(path_or_dict, Config):
        return path_or_dict
    environment = Environment()
    path = None
    if isinstance(path_or_dict, Mapping):
        data = path_or_dict = shielded(path_or_dict)  # rebound: a traceback with local variables shows no string
        place = "config="
    else:
        path = find_file(path_or_dict, environment.chatframes_config)
        data = read_file(path) if path else {}
        place = str(path)
    for service in CREDENTIALS:
        _choose_credentials(data, service, environment, place, explicit=path_or_dict is not None)
    _spread_defaults(data, place)
    searched = path_or_dict is None and environment.chatframes_config is None
    checked = _checked(data, place, searched=searched)
    config = Config(checked.webex, checked.telegram, checked.reddit, checked.downloads, path)
    for name in _SERVICES:
        _warn_when_crowded(_limits(config, name))
    if searched and path is not None:
        _warn_when_sent_elsewhere(config, environment, path)
    return config


def with_credentials(config: Config, service: Service, place: str, **values: str) -> Config:
    """Return the same settings with credentials given in another place, checked as any.

    Parameters
    ----------
    config : Config
        What they are added to; it stays as it is.
    service : str
        ``"webex"``, ``"telegram"`` or ``"reddit"``.
    place : str
        Where they were given, for the error: ``"--session"``.
    **values : str
        The credentials, by their names in config.json.

    Raises
    ------
    ConfigError
        One of them cannot be right.

    Examples
    --------
    >>> config = with_credentials(Config(), "telegram", "--session", session="work")
    >>> config.telegram.session.get_secret_value()
    'work'
    """
    section = getattr(config, service)
    kept = {name: getattr(section, name) for name in section.model_fields_set}
    checked = _checked({service: kept | shielded(values)}, place, searched=False)
    return replace(config, **{service: getattr(checked, service)})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything one call goes by: the admin's part, the user's part, and whether to keep the raw answers."""

    config: Config
    images: ImageSettings
    raw: bool = False

    def limits(self, service: Service) -> Limits:
        """Return what the admin allows for one service."""
        return _limits(self.config, service)


def merge(config: ConfigLike = None, images: object = None, raw: bool = False) -> Settings:
    """Merge both owners' settings: the only door, once per call.

    Parameters
    ----------
    config
        As for `load_config`.
    images
        As for `image_settings`.
    raw : bool
        Keep the service's own JSON of every message.

    Raises
    ------
    ConfigError
        Something is wrong in either.

    Examples
    --------
    >>> merge({}, images=True).limits("webex").max_concurrent_downloads
    20
    """
    if not isinstance(raw, bool):
        raise ConfigError(f"raw= is {kind_of(raw)}: write True or False.")
    return Settings(load_config(config), image_settings(images), raw)


def _choose_credentials(
    data: dict[str, Any], service: str, environment: Environment, place: str, *, explicit: bool
) -> None:
    """Leave one set of credentials in `data`: two places might belong to two accounts, and are never mixed."""
    given = credentials_in(data, service)
    names = {name: f"{service}.{name}" for name in CREDENTIALS[service]}
    outside = environment.credentials(service)
    if given and _is_a_name(service, outside):
        name = NAMES[service]
        if not explicit or name not in given:
            _checked({service: outside}, "the environment", searched=False)
            data[service][name] = given[name] = outside[name]
        outside = {}
    elif outside and _is_a_name(service, given):
        outside, given = {**given, **outside, **(given if explicit else {})}, {}
    if outside and not (explicit and given):
        given, place = outside, "the environment"
        names = {name: f"{service}_{name}".upper() for name in names}
        section = data.setdefault(service, {})
        if isinstance(section, dict):
            _checked({service: outside}, place, searched=False)
            data[service] = {name: value for name, value in section.items() if name not in names} | outside
    if problem := wrong_credentials(service, given, names):
        raise ConfigError(f"{place}: {problem}")


def _is_a_name(service: str, credentials: Mapping[str, Any]) -> bool:
    """Whether these are but a name (see `NAMES`); a session string of Telegram's is more than that."""
    text = text_of(credentials.get(NAMES.get(service, "")))
    return len(credentials) == 1 and isinstance(text, str) and not is_session_string(text)


def _warn_when_sent_elsewhere(config: Config, environment: Environment, path: Path) -> None:
    """A config.json that merely lies in the folder must not quietly redirect the environment's credentials."""
    elsewhere = []
    for service, key in (("webex", "base_url"), ("reddit", "reddit_url"), ("reddit", "oauth_url")):
        where = getattr(getattr(config, service), key)
        if where != SECTIONS[service].model_fields[key].default:
            elsewhere.append((service, where, key))
    if (server := config.telegram.server) is not None:
        elsewhere.append(("telegram", f"{server.address} (port {server.port})", "server"))
    for service, where, key in elsewhere:
        if any(is_secret(service, name) for name in environment.credentials(service)):
            warnings.warn(
                f"{path} sends the {service.capitalize()} credentials of the environment to {where}: if that is not "
                f"meant, take {key} out; if you do, name the file in CHATFRAMES_CONFIG or pass it as config=.",
                stacklevel=3,
            )


def _spread_defaults(data: dict[str, Any], place: str) -> None:
    """Give each service the keys of the top level that mean something there and that it does not set itself."""
    telegram = data.get("telegram")
    if isinstance(telegram, dict) and _IMAGE_KEY in telegram:
        if _MEDIA_KEY in telegram:
            raise ConfigError(f"{place}: telegram holds both {_MEDIA_KEY} and {_IMAGE_KEY}: take one out.")
        telegram[_MEDIA_KEY] = telegram.pop(_IMAGE_KEY)
    for key in GENERAL_KEYS:
        for service in _SERVICES if data.get(key) is not None else ():
            section = data.setdefault(service, {})
            own = _downloads_key(service) if key == _IMAGE_KEY else key
            if isinstance(section, dict) and own in SECTIONS[service].model_fields:
                section.setdefault(own, data[key])


def _checked(data: dict[str, Any], place: str, *, searched: bool) -> ConfigFile:
    try:
        return ConfigFile.model_validate(data)
    except ValidationError as error:
        problem = first_mistake(error, searched=searched)
    # Raised out here so that pydantic's error, which carries the values, is not even its context.
    raise ConfigError(f"{place}: {problem}")


def _downloads_key(service: Service) -> str:
    return _MEDIA_KEY if service == "telegram" else _IMAGE_KEY


def _limits(config: Config, service: Service) -> Limits:
    if service not in _SERVICES:
        raise ConfigError(f"no service is called {service!r}: there are {', '.join(_SERVICES)}.")
    section, key = getattr(config, service), _downloads_key(service)
    return Limits(
        service,
        getattr(section, key),
        getattr(section, "max_concurrent_fetches", 1),  # Reddit's pages depend on one another
        getattr(section, "parallel_fetch_chunk_days", None),
        getattr(section, "max_connections", None),
        getattr(section, "max_keepalive_connections", None),
        key,
    )


def _warn_when_crowded(limits: Limits) -> None:
    wanted = limits.max_concurrent_downloads + limits.max_concurrent_fetches
    if limits.max_connections is not None and wanted * 10 > limits.max_connections * 8:
        warnings.warn(
            f"{limits.service}: {limits.max_concurrent_downloads} downloads and {limits.max_concurrent_fetches} "
            f"fetches at once take more than 80 % of {limits.max_connections} connections: lower "
            f"{limits.downloads_key}, or raise max_connections to {-(-wanted * 10 // 8)} or more.",
            stacklevel=3,
        )
