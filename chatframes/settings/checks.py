"""What a single value in config.json may be; none is repeated in a complaint, for it may be a credential."""

from __future__ import annotations

import binascii
import ipaddress
import re
from base64 import urlsafe_b64decode
from typing import Any, NoReturn
from urllib.parse import urlsplit

from pydantic import SecretStr

from ..errors import ConfigError

__all__ = [
    "Secret",
    "api_hash",
    "api_id",
    "client_id",
    "endpoint",
    "header_value",
    "ip_address",
    "is_session_string",
    "password",
    "private_hosts",
    "rsa_key",
    "session",
    "text_of",
    "user_agent",
    "username",
]

LARGEST_API_ID = 2**31 - 1  # it travels as 32 bits
_HOST_AND_PORT = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?)):([0-9]{1,5})")
_SESSION_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_SESSION_STRING_BYTES = (263, 275)  # a data centre, its address (IPv4 or IPv6), a port, a key of 256 bytes


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


def header_value(value: Secret | None) -> Secret | None:
    """Refuse what could not stand in a header: the HTTP client would print it in its error."""
    if value is None:
        return None
    text = _filled_in(value)
    if text.lower().startswith("bearer "):
        raise ValueError("begins with 'Bearer': give the token alone")
    if not all("!" <= letter <= "~" for letter in text):
        raise ValueError("holds a space, a line break or a letter that no credential has: copy it again, whole")
    return Secret(text)


def _filled_in(value: Secret) -> str:
    text = value.get_secret_value().strip()
    if not text:
        raise ValueError("is empty: fill it in, or take the key out")
    return text


def client_id(value: Secret | None) -> Secret | None:
    """Check the id of a Reddit app: it travels before a colon."""
    if value is not None and ":" in value.get_secret_value():
        raise ValueError("holds a colon, which no id of an app has: give the id alone")
    return value


def username(value: Secret | None) -> Secret | None:
    """Check the name of a Reddit account, which people write with u/ or without."""
    if value is None:
        return None
    text = re.sub("^/?u/", "", _filled_in(value))
    if not text or not all("!" <= letter <= "~" and letter != "/" for letter in text):
        raise ValueError("is no name of an account: give what stands after u/")
    return Secret(text)


def password(value: Secret | None) -> Secret | None:
    """Check a password, which may be anything that can be sent."""
    if value is None:
        return None
    text = value.get_secret_value()
    if not text:
        raise ValueError("is empty: fill it in, or take the key out")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("holds what is no letter in UTF-8: type it again")
    return value


def user_agent(value: object) -> object:
    """Check what a program calls itself; it stands in a header of every request."""
    text = text_of(value)
    if not isinstance(text, str):
        return text
    text = text.strip()
    if not (7 <= len(text) <= 200 and all(" " <= letter <= "~" for letter in text)):
        raise ValueError(
            "must be 7 to 200 plain ASCII characters in one line, such as linux:my-notebooks:1.0 (by /u/name)"
        )
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


def api_id(value: object) -> object:
    """Check a Telegram api_id, which people write with quotes or without."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = Secret(str(value))
    if not isinstance(value, SecretStr):
        return value
    text = _filled_in(Secret(value.get_secret_value()))
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= LARGEST_API_ID):
        raise ValueError("is no number such as 123456: copy it from https://my.telegram.org")
    return Secret(str(int(text)))


def api_hash(value: Secret | None) -> Secret | None:
    """Check a Telegram api_hash."""
    if value is None:
        return None
    text = _filled_in(value)
    if not re.fullmatch("[0-9a-fA-F]{32}", text):
        raise ValueError("must be 32 letters and digits (0 to 9, a to f): copy it from https://my.telegram.org, whole")
    return Secret(text)


def session(value: Secret | None) -> Secret | None:
    """Check a Telegram session: a name, under which a login is kept, or the login itself as a string."""
    if value is None:
        return None
    text = _filled_in(value)
    if re.match(r"\d+:", text):
        raise ValueError(
            "is a bot's token, and Telegram shows bots no history: take it out, and log in with an account of yours "
            "(chatframes login telegram)"
        )
    if not (_SESSION_NAME.fullmatch(text) or is_session_string(text)):
        raise ValueError(
            "is neither a name (letters, digits, '_', '-' and '.', at most 64 and no path) nor a whole session string "
            "of Telethon's"
        )
    return Secret(text)


def is_session_string(text: str) -> bool:
    """Whether a text is a whole session string of Telethon's, as far as one can see without Telethon."""
    if not text.isascii() or text[:1] != "1":
        return False
    try:
        return len(urlsafe_b64decode(text[1:])) in _SESSION_STRING_BYTES
    except binascii.Error:
        return False


def ip_address(value: object) -> object:
    """Check the address of a Telegram server: numbers, since Telegram uses no names."""
    text = text_of(value)
    if isinstance(text, str):
        try:
            return ipaddress.ip_address(text.strip()).compressed
        except ValueError:
            pass
        raise ValueError("is an IP address, such as 127.0.0.1")
    return text


def rsa_key(value: object) -> object:
    """Check the public key of a Telegram server."""
    text = text_of(value)
    if not isinstance(text, str):
        return text
    import rsa  # Telethon's own; nobody else needs it

    try:
        rsa.PublicKey.load_pkcs1(text.encode())
    except Exception:
        known = False
    else:
        known = True
    if not known:
        raise ValueError("is a public RSA key in PEM (-----BEGIN RSA PUBLIC KEY-----), with its line breaks as \\n")
    return text
