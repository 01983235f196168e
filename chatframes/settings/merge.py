"""Merge the admin's settings (config.json, environment) with the user's (arguments of the call), once per call.

An admin limits what the process may do (`Config`, `Limits`); a user says whether to download images, and how large
they may be (`ImageSettings`). Neither type has the other's keys, so neither owner can override the other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import ConfigError
from ..services import Service, service_called, services
from ..warn import warn
from ..words import number_or_kind
from .checks import text_of
from .config import Config
from .environment import Environment, variable_of
from .file import find_file, read_file, shielded
from .images import ImageSettings, image_settings
from .keys import GENERAL_KEYS, Limits
from .mistakes import first_mistake, wrong_credentials
from .sections import config_file, credentials_in, is_secret, sections

__all__ = ["Config", "ConfigLike", "Settings", "load_config", "merge", "with_credentials"]

_IMAGE_KEY = "max_concurrent_image_downloads"
_NO_KEYS = Limits("", 20, 1, None, None, None, _IMAGE_KEY)  # the limits of a service without a section in config.json

ConfigLike = Config | Mapping[str, Any] | str | os.PathLike[str] | None


def load_config(path_or_dict: ConfigLike = None) -> Config:
    """Read the admin's settings.

    Parameters
    ----------
    path_or_dict : str, os.PathLike, mapping, Config or None
        The path of a config.json (``//`` comments are allowed), or its content as a mapping. None takes the file in
        ``$CHATFRAMES_CONFIG``, else the config.json in the working folder or the nearest folder above it, else the
        defaults. A Config is returned as it is.

    Returns
    -------
    Config
        Frozen. A service's credentials come as one set from one place: from `path_or_dict` if it has any, else from
        the environment (``WEBEX_ACCESS_TOKEN``, or ``WEBEX_CLIENT_ID``, ``WEBEX_CLIENT_SECRET`` and
        ``WEBEX_REFRESH_TOKEN``; ``TELEGRAM_API_ID``, ``TELEGRAM_API_HASH`` and, unless the login is kept under the
        name "default", ``TELEGRAM_SESSION``; ``REDDIT_CLIENT_ID``, ``REDDIT_CLIENT_SECRET`` and, for what only your
        account sees, ``REDDIT_REFRESH_TOKEN``, or ``REDDIT_USERNAME`` and ``REDDIT_PASSWORD``), else from the file
        that was found. ``TELEGRAM_SESSION`` as a mere name and ``REDDIT_USER_AGENT`` are no credentials, and may
        come from another place.

    Raises
    ------
    ConfigError
        The file is missing or no JSON, or a key is unknown, misplaced, of the wrong type or out of range. The message
        says what to write instead and never holds a credential.

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
        # The argument is rebound, so that a traceback with local variables shows no string of it.
        data = path_or_dict = shielded(path_or_dict)
        place = "config="
    else:
        path = find_file(path_or_dict, environment.config_path)
        data = read_file(path) if path else {}
        place = str(path)
    for service in services().values():
        _choose_credentials(data, service, environment, place, explicit=path_or_dict is not None)
    _spread_defaults(data, place)
    searched = path_or_dict is None and environment.config_path is None
    checked = _checked(data, place, searched=searched)
    config = Config(**{name: getattr(checked, name) for name in sections()}, path=path)
    for name in services():
        _warn_when_crowded(_limits(config, name))
    if searched and path is not None:
        _warn_when_sent_elsewhere(config, environment, path)
    return config


def with_credentials(config: Config, service: str, place: str, **values: Any) -> Config:
    """Return a copy of the settings with credentials from another place, checked like all others.

    Parameters
    ----------
    config : Config
        The settings to add them to; not changed.
    service : str
        The service's name, such as ``"webex"``.
    place : str
        The place they come from, for error messages: ``"--session"``.
    **values : str or Secret
        The credentials, by their names in config.json.

    Raises
    ------
    ConfigError
        One of them is malformed.

    Examples
    --------
    >>> config = with_credentials(Config(), "telegram", "--session", session="work")
    >>> config.telegram.session.get_secret_value()
    'work'
    """
    section = config.section(service_called(service).name)
    current = {name: getattr(section, name) for name in section.model_fields_set}
    checked = _checked({service: current | shielded(values)}, place, searched=False)
    return config.with_section(service, getattr(checked, service))


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one call: the admin's, the user's, and whether to keep the raw answers."""

    config: Config
    images: ImageSettings
    raw: bool = False

    @property
    def max_total_bytes(self) -> int | None:
        """The lower one of the admin's and the user's limits of this call's pictures, in bytes."""
        bounds = self.config.downloads.max_total_bytes, self.images.total_bytes
        return min((bound for bound in bounds if bound is not None), default=None)

    def limits(self, service: str) -> Limits:
        """Return the admin's limits for one service."""
        return _limits(self.config, service)


def merge(config: ConfigLike = None, images: object = None, raw: bool = False) -> Settings:
    """Merge the settings of admin and user; each call does this once.

    Parameters
    ----------
    config
        As for `load_config`.
    images
        As for `image_settings`.
    raw : bool
        Whether to keep the service's own JSON of every message.

    Raises
    ------
    ConfigError
        A setting of either is wrong.

    Examples
    --------
    >>> merge({}, images=True).limits("webex").max_concurrent_downloads
    20
    """
    if not isinstance(raw, bool):
        raise ConfigError(f"raw= is {number_or_kind(raw)}: write True or False.")
    return Settings(load_config(config), image_settings(images), raw)


def _choose_credentials(
    data: dict[str, Any], service: Service, environment: Environment, place: str, *, explicit: bool
) -> None:
    """Leave one set of credentials in `data`; sets of two places are never mixed, since they may be of two accounts."""
    configured = credentials_in(data, service.name)
    names = {name: f"{service.name}.{name}" for name in service.credentials.names}
    from_environment = environment.credentials(service.name)
    label = service.credentials.label
    if configured and label is not None and _is_a_label(service, from_environment):
        if not explicit or label not in configured:
            _checked({service.name: from_environment}, "The environment", searched=False)
            data[service.name][label] = configured[label] = from_environment[label]
        from_environment = {}
    elif from_environment and _is_a_label(service, configured):
        from_environment, configured = {**configured, **from_environment, **(configured if explicit else {})}, {}
    if from_environment and not (explicit and configured):
        configured, place = from_environment, "The environment"
        names = {name: variable_of(service.name, name) for name in names}
        section = data.setdefault(service.name, {})
        if isinstance(section, dict):
            _checked({service.name: from_environment}, place, searched=False)
            others = {name: value for name, value in section.items() if name not in names}
            data[service.name] = others | from_environment
    if problem := wrong_credentials(service, configured, names):
        raise ConfigError(f"{place}: {problem}")


def _is_a_label(service: Service, credentials: Mapping[str, Any]) -> bool:
    """Whether the credentials consist of a label alone (see `Credentials.label`)."""
    text = text_of(credentials.get(service.credentials.label or ""))
    return len(credentials) == 1 and isinstance(text, str) and service.credentials.is_label(text)


def _warn_when_sent_elsewhere(config: Config, environment: Environment, path: Path) -> None:
    """Warn when a config.json that was found by searching sends the environment's credentials to another address."""
    for service in services().values():
        if not any(is_secret(service.name, name) for name in environment.credentials(service.name)):
            continue
        for key in service.endpoints:
            where = getattr(config.section(service.name), key)
            if where != service.section.model_fields[key].default:
                warn(
                    f"{path} sends the {service.title} credentials of the environment to {where}: if that is not "
                    f"meant, take {key} out; if it is, name the file in CHATFRAMES_CONFIG or pass it as config=.",
                )


def _spread_defaults(data: dict[str, Any], place: str) -> None:
    """Copy the keys of the top level into each service that has the key and does not set it itself."""
    for service in services().values():
        section, own = data.get(service.name), service.downloads_key
        if isinstance(section, dict) and own != _IMAGE_KEY and _IMAGE_KEY in section:
            if own in section:
                raise ConfigError(f"{place}: {service.name} holds both {own} and {_IMAGE_KEY}: take one out.")
            section[own] = section.pop(_IMAGE_KEY)
    for key in GENERAL_KEYS:
        for service in services().values() if data.get(key) is not None else ():
            section = data.setdefault(service.name, {})
            own = service.downloads_key if key == _IMAGE_KEY else key
            if isinstance(section, dict) and own in service.section.model_fields:
                section.setdefault(own, data[key])


def _checked(data: dict[str, Any], place: str, *, searched: bool) -> BaseModel:
    try:
        return config_file().model_validate(data)
    except ValidationError as error:
        problem = first_mistake(error, data, searched=searched)
    # Raised outside the except block, so that pydantic's error, which holds the values, is not its context.
    raise ConfigError(f"{place}: {problem}")


def _limits(config: Config, name: str) -> Limits:
    if name not in services():  # a source of a service that has no descriptor
        return replace(_NO_KEYS, service=name)
    service, section = services()[name], config.section(name)
    return Limits(
        name,
        getattr(section, service.downloads_key, _NO_KEYS.max_concurrent_downloads),
        getattr(section, "max_concurrent_fetches", 1),  # 1 where each page leads to the next
        getattr(section, "parallel_fetch_chunk_days", None),
        getattr(section, "max_connections", None),
        getattr(section, "max_keepalive_connections", None),
        service.downloads_key,
    )


def _warn_when_crowded(limits: Limits) -> None:
    wanted = limits.max_concurrent_downloads + limits.max_concurrent_fetches
    if limits.max_connections is not None and wanted * 10 > limits.max_connections * 8:
        warn(
            f"{limits.service}: {limits.max_concurrent_downloads} downloads and {limits.max_concurrent_fetches} "
            f"fetches at once take more than 80 % of {limits.max_connections} connections: lower "
            f"{limits.downloads_key}, or raise max_connections to {-(-wanted * 10 // 8)} or more.",
        )
