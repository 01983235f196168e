"""Define the keys that an admin may set: those that several services share, and those of all downloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from . import checks
from .checks import Secret

__all__ = [
    "GENERAL_KEYS",
    "STRICT",
    "ChunkDays",
    "Connections",
    "Downloads",
    "DownloadsConfig",
    "Endpoint",
    "Fetches",
    "KeepaliveConnections",
    "Limits",
    "Secret",
]

STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

# One meaning and one range for each key, wherever it stands.
Downloads = Annotated[
    int,
    Field(
        ge=1,
        le=200,
        description="Downloads of images at once, in the whole process. Lower it on a slow network.",
    ),
]
Fetches = Annotated[
    int,
    Field(ge=1, le=50, description="Windows of time read at once. Lower it when the service limits the rate."),
]
ChunkDays = Annotated[
    int,
    Field(
        ge=1,
        le=3650,
        description="A range is cut into ceil(days / this) equal windows. Raise it for large rooms.",
    ),
]
Connections = Annotated[
    int,
    Field(
        ge=1,
        le=1000,
        description="Connections open at once, for everything: pages, images and token renewal.",
    ),
]
KeepaliveConnections = Annotated[
    int, Field(ge=0, le=1000, description="Idle connections kept open for the next request.")
]
Endpoint = Annotated[
    str,
    BeforeValidator(checks.endpoint),
    Field(description="Where the service is: for a gateway or an emulator. https, or http on this machine."),
]

# Keys that may also stand at the top level of config.json, as defaults for every service that has the key.
GENERAL_KEYS = {
    "max_concurrent_image_downloads": Downloads,
    "max_concurrent_fetches": Fetches,
    "parallel_fetch_chunk_days": ChunkDays,
    "max_connections": Connections,
    "max_keepalive_connections": KeepaliveConnections,
}


class DownloadsConfig(BaseModel):
    """The admin's settings for all services."""

    model_config = STRICT

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
    adaptive: bool = Field(
        True,
        description="Fewer requests at once to a host that refuses some (HTTP 429, 503, time-outs), and more again "
        "later, up to the service's limits; false: always as many as these allow.",
    )
    max_bytes_per_second: int | None = Field(
        None,
        ge=1024,
        le=10**12,
        description="Bytes of attachments a second, of all services together; null: no limit.",
    )
    max_total_bytes: int | None = Field(
        None,
        ge=1,
        le=10**15,
        description="Bytes of all pictures of one call; the rest is skipped. null: no limit.",
    )
    cache_dir: Annotated[str | None, BeforeValidator(checks.folder)] = Field(
        None,
        description="The whole path of a folder of its own (it may begin with ~), in which pictures are kept, for all "
        "calls and processes of this user, so that none is asked for twice; null: none are kept.",
    )
    max_cache_bytes: int = Field(
        2 * 2**30,
        ge=1,
        le=10**15,
        description="Bytes that the pictures in cache_dir take at most; the least recently used go.",
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """The admin's limits for one service.

    Attributes
    ----------
    parallel_fetch_chunk_days, max_connections, max_keepalive_connections : int or None
        None where the service has no such key.
    downloads_key : str
        The key of config.json that sets `max_concurrent_downloads`.
    """

    service: str
    max_concurrent_downloads: int
    max_concurrent_fetches: int
    parallel_fetch_chunk_days: int | None
    max_connections: int | None
    max_keepalive_connections: int | None
    downloads_key: str
