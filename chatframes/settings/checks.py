"""Check single values of config.json. No error message repeats a value, since it may be a credential."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Any, NoReturn
from urllib.parse import urlsplit

from pydantic import SecretStr

from ..errors import ConfigError

__all__ = ["Secret", "endpoint", "filled_in", "folder", "header_value", "private_hosts", "text_of"]

_HOST_AND_PORT = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?)):([0-9]{1,5})")


class Secret(SecretStr):
    """A credential: shown as ``'********'``, and never written by pickle.

    A masked copy in another process would fail there as a refused token. So pickling a credential, or anything that
    holds one, raises `ConfigError` at once.
    """

    def _display(self) -> str:
        return "********"

    def __reduce__(self) -> NoReturn:
        raise ConfigError(
            "A credential is never pickled: let the other process read config.json or the environment itself."
        )

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self


def text_of(value: object) -> object:
    """Return the text of a value that is not secret: every string of a configuration arrives as a `Secret`."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def endpoint(value: object) -> object:
    """Check and tidy the address of a service. Errors never repeat it, since it might hold a password."""
    url = text_of(value)
    if not isinstance(url, str):
        return url
    if not url.isascii() or any(letter <= " " or letter in "\\?#\x7f" for letter in url):
        raise ValueError("is plain ASCII without spaces, '?' and '#', such as https://chat.example.com/v1")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.netloc.endswith(":"):
        raise ValueError("is a whole address, such as https://chat.example.com/v1")
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


def folder(value: object) -> object:
    """Check the path of a folder, and put the home folder in the place of a leading ``~``."""
    text = text_of(value)
    if not isinstance(text, str):
        return text
    path = os.path.expanduser(text)
    if not os.path.isabs(path) or any(letter < " " for letter in path):
        raise ValueError("is a whole path, such as ~/.cache/chatframes or /scratch/pictures")
    return path


def header_value(value: Secret | None) -> Secret | None:
    """Refuse a credential that cannot be sent in a header: the HTTP client would print it in its error."""
    if value is None:
        return None
    text = filled_in(value)
    if text.lower().startswith("bearer "):
        raise ValueError("begins with 'Bearer': give the token alone")
    if not all("!" <= letter <= "~" for letter in text):
        raise ValueError(
            "holds a space, a line break or a character that no credential has: copy the whole value again"
        )
    return Secret(text)


def filled_in(value: Secret) -> str:
    """Return the text of a credential, without the space around it; raise ValueError when it is empty."""
    text = value.get_secret_value().strip()
    if not text:
        raise ValueError("is empty: fill it in, or take the key out")
    return text


def private_hosts(value: object) -> object:
    """Check and tidy a list of exact addresses with their ports; wildcards and ranges are refused."""
    if not isinstance(value, list | tuple):
        return value
    tidied = [_host_and_port(text_of(item)) for item in value]
    if None in tidied:
        raise ValueError(
            'lists exact addresses with their ports, such as "10.0.0.5:8080", "[::1]:8080" or "media.local:443", '
            f"without scheme, path or wildcard: correct item {tidied.index(None) + 1}"
        )
    return tuple(dict.fromkeys(tidied))


def _host_and_port(item: object) -> str | None:
    """Return an address in the form in which links are compared with it; None when it is malformed."""
    parts = _HOST_AND_PORT.fullmatch(item.strip().lower()) if isinstance(item, str) and item.isascii() else None
    if parts is None or not 1 <= int(parts[3]) <= 65535:
        return None
    ipv6, host, port = parts[1], parts[2], int(parts[3])
    try:
        if ipv6:
            return f"[{ipaddress.IPv6Address(ipv6).compressed}]:{port}"
        # Browsers and resolvers read a name that ends in a number, such as 127.1, as an address.
        if re.fullmatch("[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2]):
            host = str(ipaddress.IPv4Address(host))
    except ValueError:
        return None
    return None if ".." in host else f"{host}:{port}"
