"""Say until when the server must have taken a request, and begun its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx

__all__ = ["Deadline", "body_in_pieces", "has_body", "head_seconds"]

WRITE_BYTES = 2**16  # the write time-out restarts with each piece of this size
HEAD_READS = 2  # read time-outs, after which the lines before a body must have come


def head_seconds(seconds: dict[str, float | None]) -> float | None:
    """Return how long an answer may take to begin; `seconds` is the time-outs by name, as httpx gives them."""
    read = seconds.get("read")
    return None if read is None else (seconds.get("connect") or 0.0) + HEAD_READS * read


class Deadline:
    """When an answer must have begun: its lines before the body may come one by one, or be endless."""

    def __init__(self, seconds: dict[str, float | None]) -> None:
        self._write = seconds.get("write")
        self._head = head_seconds(seconds)
        self.timeout = asyncio.timeout(self._head)
        self._writing = False

    def writes(self) -> None:
        """The server has to take a piece of the body now."""
        self._expire_in(self._write, writing=True)

    def written(self) -> None:
        """The answer has to begin now."""
        self._expire_in(self._head, writing=False)

    def _expire_in(self, seconds: float | None, *, writing: bool) -> None:
        self._writing = writing
        with suppress(RuntimeError):  # the answer came before the whole body was sent: the deadline is over
            self.timeout.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    def error(self) -> httpx.TransportError | None:
        """What is to be raised when this deadline has ended the request."""
        if not self.timeout.expired():
            return None
        if self._writing:
            return httpx.WriteTimeout("the server took no data in time")
        return httpx.ReadTimeout("no answer had begun in time")


def has_body(request: httpx.Request) -> bool:
    """Whether a request brings a body."""
    return request.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in request.headers


def body_in_pieces(request: httpx.Request, deadline: Deadline) -> AsyncIterator[bytes] | None:
    """Return the request's body in pieces; the deadline runs while the server has not taken a piece."""
    if not has_body(request):
        return None

    async def pieces() -> AsyncIterator[bytes]:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for chunk in request.stream:
            for start in range(0, len(chunk), WRITE_BYTES):
                deadline.writes()
                yield chunk[start : start + WRITE_BYTES]
        deadline.written()

    return pieces()
