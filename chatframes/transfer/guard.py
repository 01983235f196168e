"""Decide which addresses a download may reach: anyone can post a link, and it may point into the local network.

A URL is checked before anything is sent, and the addresses of its host are checked when the connection is made.
The checked addresses are the ones connected to, so that a second answer of the name server cannot replace them.
"""

from __future__ import annotations

import functools
import re
import socket
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

PORTS = frozenset({80, 443, 8080, 8443})
# Not public, although ipaddress calls some of them global: ranges that embed IPv4 addresses or lead into
# transition networks, and 168.63.129.16, which is internal at Azure.
_DENIED = [
    ip_network(net)
    for net in (
        "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16",
        "3fff::/20", "5f00::/16", "fec0::/10", "192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32",
    )
]  # fmt: skip
_NAT64 = ip_network("64:ff9b::/96")  # stands for the IPv4 address in its last 32 bits
_NO_HOST = re.compile(r"[\x00-\x20\x7f%\\<>^|{}\"`@]")
_CONTROL = re.compile(r"[\x00-\x1f]")
_PLAIN_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]+)?(?=[/?#]|\Z)")
# Python versions differ in what else they accept in brackets.
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\](:\d*)?")
_DOTS = str.maketrans("。｡．", "...")

Reason = Literal["bad_url", "blocked_address", "blocked_port"]


class Blocked(Exception):
    """A link is not followed; `reason` says why. Never reaches a user."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets only those http(s) links through that lead to the public internet.

    Parameters
    ----------
    allowed : frozenset of str
        Exact ``host:port`` (``[host]:port`` of IPv6), in lower case, that are let through wherever they lead.
    """

    allowed: frozenset[str] = frozenset()

    def check_url(self, url: str) -> None:
        """Check a URL as it is written.

        Raises
        ------
        Blocked
        """
        origin = plain_origin(url)
        if origin and not _CONTROL.search(url):
            _check_origin(self, origin)
        else:
            self._check_parts(url)

    def _check_parts(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in ("http", "https") or parts.username is not None or _NO_HOST.search(host):
            raise Blocked("bad_url", "not an http(s) URL that can be followed")
        if "[" in parts.netloc and not _IPV6.fullmatch(parts.netloc):
            raise Blocked("bad_url", "a URL whose brackets hold no IPv6 address")
        if _CONTROL.search(url) or url.startswith(" ") or "\\" in parts.netloc:
            raise Blocked("bad_url", "a URL with characters that no URL has")
        if not host.strip(".") or len(host) > 253 or max(map(len, host.split("."))) > 63:
            raise Blocked("bad_url", "a URL whose host no name server knows")
        port = {"http": 80, "https": 443}[parts.scheme] if port is None else port
        literal = _literal(host)
        self.check(host, port, [] if literal is None else [literal])

    def check(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Check every address of a host; a single address that is not public blocks it.

        Raises
        ------
        Blocked
        """
        if self._lets_through(host, port):
            return
        if not all(map(is_public, addresses)):
            raise Blocked(
                "blocked_address",
                "leads to an address that is not public; an admin can name it in allowed_private_hosts of config.json",
            )
        if port not in PORTS:
            ports = ", ".join(map(str, sorted(PORTS)))
            raise Blocked(
                "blocked_port", f"port {port} is not one of {ports}; see allowed_private_hosts of config.json"
            )

    def _lets_through(self, host: str, port: int) -> bool:
        host = host.lower().strip("[]")
        return f"{f'[{host}]' if ':' in host else host}:{port}" in self.allowed


@functools.lru_cache(maxsize=256)  # most links of a chat lead to few hosts; what is blocked is looked at each time
def _check_origin(guard: Guard, origin: str) -> None:
    guard._check_parts(origin)


def plain_origin(url: str) -> str:
    """Return the part of a URL before its path, where that is plainly written; else an empty text.

    Examples
    --------
    >>> plain_origin("https://example.com:8443/a.jpg?b"), plain_origin("https://user@example.com/")
    ('https://example.com:8443', '')
    """
    found = _PLAIN_ORIGIN.match(url)
    return found[0] if found else ""


def is_public(address: str) -> bool:
    """Whether an address, with any IPv4 address embedded in it, belongs to the public internet."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip in _NAT64:
        ip = IPv4Address(ip.packed[-4:])
    denied = any(ip in network for network in _DENIED if network.version == ip.version)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not denied


def _literal(host: str) -> str | None:
    """Return the address that a host is written as, in any notation; None when it is a name."""
    plain = unicodedata.normalize("NFKC", host.translate(_DOTS)).rstrip(".")
    try:
        return str(ip_address(plain))
    except ValueError:
        pass
    try:
        # Resolvers of operating systems accept these notations too: 127.1, 0x7f000001, 2130706433.
        return socket.inet_ntoa(socket.inet_aton(plain)) if re.fullmatch(r"[0-9a-fA-FxX.]+", plain) else None
    except OSError:
        return None
