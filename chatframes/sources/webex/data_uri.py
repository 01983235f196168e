"""Read a picture that an address itself holds (``data:image/png;base64,…``), as if it had been downloaded."""

from __future__ import annotations

import binascii
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote_to_bytes

from ...model import Body, Refusal

__all__ = ["open_data_uri"]

CHUNK_BYTES = 64 * 1024


@asynccontextmanager
async def open_data_uri(uri: str) -> AsyncGenerator[Body, None]:
    """Open what a data: URI holds; raises Refusal if it cannot be decoded. Nothing is sent anywhere."""
    head, comma, rest = uri.partition(",")
    mime, *parameters = head[len("data:") :].split(";")
    try:
        data = unquote_to_bytes(rest)
        if any(parameter.strip().lower() == "base64" for parameter in parameters):
            data = b"".join(data.split()).rstrip(b"=")
            data = binascii.a2b_base64(data + b"=" * (-len(data) % 4), strict_mode=True)
    except (ValueError, UnicodeEncodeError):
        comma = ""
    if not comma:
        raise Refusal("skipped", "bad_url", "a data: address that cannot be decoded")
    yield Body(_chunks(data), declared_mime=mime.strip().lower()[:100] or None, declared_size=len(data))


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]
