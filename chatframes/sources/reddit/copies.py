"""Read a picture at its own address, or Reddit's copy of it where that address fails for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace

from ...images.sniff import sniff
from ...model import RETRYABLE, Attachment, Body, Outcome, Refusal
from ...transfer.gate import IMAGE_WAIT_SECONDS
from ...transfer.verdict import not_an_image

COPY = "copy"  # `note` of such a picture
FAILURES_OF_ONE_ADDRESS = 2  # that may pass by themselves: then the copy is asked for
_PAGES = ("text/html", "application/json")  # what many a dead link gives with status 200

Open = Callable[[str], AbstractAsyncContextManager[Body]]


class Copies:
    """Opens pictures; remembers how often an address failed in a way that may pass by itself."""

    def __init__(self, open_address: Open) -> None:
        self._open = open_address
        self._failures: Counter[str] = Counter()

    @asynccontextmanager
    async def read(self, attachment: Attachment) -> AsyncIterator[Body]:
        """Open the picture of an attachment; its handle is the address of the copy, if there is one, or asks for it.

        Raises
        ------
        Refusal
            Neither can be had.
        """
        url, copy = attachment.url, attachment.handle
        if url is None:
            raise Refusal("skipped", "no_bytes", "Reddit gives no address for it")
        if not isinstance(copy, str):
            async with AsyncExitStack() as stack:
                try:
                    body = await stack.enter_async_context(self._open(url))
                except Refusal as refusal:
                    found = await copy() if callable(copy) and refusal.reason not in RETRYABLE else None
                    if found is None:
                        raise
                    body = replace(await _instead(stack, self._open(found), attachment, refusal), note=COPY)
                yield body
            return
        places = [url, copy] if self._failures[url] < FAILURES_OF_ONE_ADDRESS else [copy, url]
        async with AsyncExitStack() as stack:
            try:
                body = await _picture(stack, self._open(places[0]), attachment)
            except Refusal as refusal:
                if places[0] == url and self._may_recover(url, refusal):
                    raise
                body = await _instead(stack, self._open(places[1]), attachment, refusal)
                places.reverse()
            try:
                yield body if places[0] == url else replace(body, note=COPY)
            except Refusal as refusal:  # in the middle of its bytes
                if places[0] == url:
                    # A host that trickles gets one more try only.
                    self._failures[url] += FAILURES_OF_ONE_ADDRESS if refusal.reason == "too_slow" else 1
                raise

    def _may_recover(self, url: str, refusal: Refusal) -> bool:
        """Whether to try the address again, rather than the copy now."""
        if refusal.reason not in RETRYABLE or (refusal.retry_after_seconds or 0.0) > IMAGE_WAIT_SECONDS:
            return False
        self._failures[url] += 1
        return True


async def _instead(
    stack: AsyncExitStack, opened: AbstractAsyncContextManager[Body], attachment: Attachment, refusal: Refusal
) -> Body:
    """Open the other address; if that fails for good as well, the first refusal counts."""
    try:
        return await _picture(stack, opened, attachment)
    except Refusal as other:
        raise (other if other.reason in RETRYABLE else refusal) from None


async def _picture(stack: AsyncExitStack, opened: AbstractAsyncContextManager[Body], attachment: Attachment) -> Body:
    """Return the opened body if its first bytes are not those of a page; else it is closed, and refused."""
    async with AsyncExitStack() as own:
        body = await own.enter_async_context(opened)
        chunks = aiter(body.chunks)
        first = await anext(chunks, b"")
        mime = sniff(first) if first else None
        if mime in _PAGES or not first:
            said = Outcome("failed", http_status=body.http_status, declared_mime=body.declared_mime)
            said = not_an_image(attachment, said, mime, empty=not first)
            raise Refusal(said.status, said.reason or "bad_response", said.error, http_status=said.http_status)
        stack.push_async_exit(own.pop_all())
        return replace(body, chunks=_chained(first, chunks))


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
