"""What a single value in config.json may be; none is repeated in a complaint, for it may be a credential."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, NoReturn
from urllib.parse import urlsplit

from pydantic import SecretStr

from ..errors import ConfigError

__all__ = ["Secret", "endpoint", "filled_in", "header_value", "private_hosts", "text_of"]

_HOST_AND_PORT = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?)):([0-9]{1,5})")


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


def text_of(value: object) -> object:
    """Return the text of what is no secret after all: every string of a configuration arrives as a `Secret`."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def endpoint(value: object) -> object:
    """Check and tidy a base_url; the value itself is never repeated, it might hold a password."""
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


def header_value(value: Secret | None) -> Secret | None:
    """Refuse what could not stand in a header: the HTTP client would print it in its error."""
    if value is None:
        return None
    text = filled_in(value)
    if text.lower().startswith("bearer "):
        raise ValueError("begins with 'Bearer': give the token alone")
    if not all("!" <= letter <= "~" for letter in text):
        raise ValueError("holds a space, a line break or a letter that no credential has: copy it again, whole")
    return Secret(text)


def filled_in(value: Secret) -> str:
    """Return the text of a credential, without the space around it; refuse an empty one."""
    text = value.get_secret_value().strip()
    if not text:
        raise ValueError("is empty: fill it in, or take the key out")
    return text


def private_hosts(value: object) -> object:
    """Check and tidy a list of addresses, each with its port; none stands for more than itself."""
    if not isinstance(value, list | tuple):
        return value
    tidied = [_host_and_port(text_of(item)) for item in value]
    if None in tidied:
        raise ValueError(
            'lists exact addresses with their ports, such as "10.0.0.5:8080", "[::1]:8080" or "media.local:443", '
            f"without scheme, path or wildcard, and item {tidied.index(None) + 1} is none"
        )
    return tuple(dict.fromkeys(tidied))


def _host_and_port(item: object) -> str | None:
    """Return an address as links are compared with it, or None."""
    parts = _HOST_AND_PORT.fullmatch(item.strip().lower()) if isinstance(item, str) and item.isascii() else None
    if parts is None or not 1 <= int(parts[3]) <= 65535:
        return None
    six, host, port = parts[1], parts[2], int(parts[3])
    try:
        if six:
            return f"[{ipaddress.IPv6Address(six).compressed}]:{port}"
        # A name that ends in a number is an address to a browser, and 127.1 is one to a resolver.
        if re.fullmatch("[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2]):
            host = str(ipaddress.IPv4Address(host))
    except ValueError:
        return None
    return None if ".." in host else f"{host}:{port}"
