"""A Webex server with one room on loopback that holds back its later pictures until it is told to release them.

Tests can so interrupt, join or fork a call at a known moment: they wait for what the server has seen, and never sleep.
"""

from __future__ import annotations

import asyncio
import base64
import io
import threading
from collections.abc import Callable
from typing import Any

from aiohttp import web
from help.fakes import picture
from PIL import Image

from chatframes.world.serving import stop_listening

ROOM = "Held room"
ROOM_ID = base64.urlsafe_b64encode(b"ciscospark://us/ROOM/00000000-0000-4000-8000-000000000001").decode().rstrip("=")
PATIENCE_SECONDS = 60  # only a failing test waits this long


class HoldingWebex:
    """A room of `messages` messages, one picture each; the newest `answered` pictures are sent at once.

    `asked` counts the pictures asked for; each has at least `size_bytes`. With `hold_pages` the messages are held back,
    too; `most_held` is the largest `held` so far.

    Use it in a ``with`` block. `held` counts picture requests being held, and requests for ``/hold``, which are held
    too; `open_connections` counts TCP connections.
    A call with `config` has as many downloads at once as pictures are held: when all of these are being held, the
    others, which come first, have been received.
    """

    def __init__(self, messages: int = 12, answered: int = 4, size_bytes: int = 0, *, hold_pages: bool = False) -> None:
        self.messages, self.answered, self.size_bytes = messages, answered, size_bytes
        self.hold_pages = hold_pages
        self.held = self.most_held = self.open_connections = self.asked = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="holding-webex")

    def __enter__(self) -> HoldingWebex:
        with self._changed:
            self._thread.start()
            assert self._changed.wait_for(lambda: hasattr(self, "port"), PATIENCE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    @property
    def config(self) -> dict[str, Any]:
        return {
            "webex": {
                "base_url": self.base_url,
                "access_token": "a-token-of-nobody",
                "max_concurrent_image_downloads": max(1, self.messages - self.answered),
            },
            "downloads": {"adaptive": False},  # a server that answers nobody teaches no width
        }

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def release(self) -> None:
        """Send every picture, from now on; a request for ``/release`` does the same."""
        self._loop.call_soon_threadsafe(self._released.set)

    def until(self, reached: Callable[[HoldingWebex], bool], what: str) -> None:
        """Wait until what the server has seen makes `reached` true."""
        with self._changed:
            came = self._changed.wait_for(lambda: reached(self), PATIENCE_SECONDS)
            seen = f"the server holds {self.held} pictures on {self.open_connections} connections"
        if not came:
            self.release()  # so that whoever still waits can end, and the failure be read
            raise AssertionError(f"never came: {what}; {seen}")

    def until_holding(self, pictures: int) -> None:
        """Wait until that many picture requests are being held."""
        self.until(lambda server: server.held >= pictures, f"{pictures} pictures asked for")

    def until_nobody_is_connected(self) -> None:
        """Wait until every connection has been closed by the client."""
        self.until(lambda server: server.open_connections == 0, "the last connection closed")

    # --- the server's thread ------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._released, self._closing = asyncio.Event(), asyncio.Event()
        web_server = _Counting(self._answer, self)
        listener = await self._loop.create_server(web_server, "127.0.0.1", 0)
        with self._changed:
            self.port: int = listener.sockets[0].getsockname()[1]
            self._changed.notify_all()
        await self._closing.wait()
        self._released.set()
        await stop_listening(listener)
        await web_server.shutdown(timeout=0.1)
        await asyncio.sleep(0)  # transports close in the loop's next round

    def count(self, *, held: int = 0, connections: int = 0) -> None:
        with self._changed:
            self.held += held
            self.most_held = max(self.most_held, self.held)
            self.open_connections += connections
            self._changed.notify_all()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path.removeprefix("/v1/")
        if path == "release":
            self._released.set()
            return web.Response()
        if path == "people/me":
            return web.json_response({"id": "me", "type": "person"})
        if path == "people":
            return web.json_response({"items": [{"id": "ann", "displayName": "Ann", "type": "person"}]})
        if path in ("rooms", f"rooms/{ROOM_ID}"):
            room = {"id": ROOM_ID, "title": ROOM, "type": "group", "created": "2026-10-01T00:00:00.000Z"}
            return web.json_response({"items": [room]} if path == "rooms" else room)
        if path == "messages":
            if self.hold_pages:
                await self._hold()
            end = int(request.query.get("beforeMessage", f"message{self.messages}").removeprefix("message"))
            items = [self._message(number) for number in reversed(range(end))]
            before = request.query.get("before", "9")
            return web.json_response({"items": [item for item in items if item["created"] < before]})
        if path == "hold":
            await self._hold()
            return web.Response()
        number = int(path.removeprefix("contents/"))
        self.asked += 1
        if number < self.messages - self.answered:
            await self._hold()
        if self.size_bytes:
            return web.Response(body=picture(number, self.size_bytes), content_type="image/jpeg")
        return web.Response(body=_picture(number), content_type="image/png")

    async def _hold(self) -> None:
        self.count(held=1)
        try:
            await self._released.wait()
        finally:
            self.count(held=-1)

    def _message(self, number: int) -> dict[str, Any]:
        return {
            "id": f"message{number:03d}",
            "roomId": ROOM_ID,
            "text": f"picture {number}",
            "personId": "ann",
            "personEmail": "ann@example.com",
            "created": f"2026-10-01T10:00:00.{number:03d}Z",
            "files": [f"{self.base_url}/contents/{number}"],
        }


def outcomes(frame: Any) -> tuple[int, int, int]:
    """Return how many rows a table has, pictures in hand, and attachments that the end of the call cut off."""
    cut = sum(one["reason"] == "cancelled" for media in frame["media"] for one in media)
    return len(frame), int(frame["n_images"].sum()), cut


class _Counting(web.Server):
    """aiohttp's server, telling of connections."""

    def __init__(self, handler: Any, owner: HoldingWebex) -> None:
        super().__init__(handler, access_log=None)
        self._owner = owner

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._owner.count(connections=1)

    def connection_lost(self, handler: Any, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._owner.count(connections=-1)


def _picture(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (number % 256, 90, 160)).save(file, "PNG")
    return file.getvalue()
