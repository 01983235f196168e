"""The pictures of `image_server` in a room of a Webex: one in each message, so that an export has something to export.

    python benchmarks/webex_room.py --messages 5000 --picture-bytes 200000 --latency-ms 20

Prints its port. ``GET /stats`` returns and resets how many pictures and pages were asked for; ``GET /edit/<n>`` lets
message n say something else.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from image_server import PHOTO, Server, picture

APART = timedelta(minutes=5)


def webex_id(kind: str, key: str) -> str:
    """An id as Webex makes them."""
    return base64.urlsafe_b64encode(f"ciscospark://us/{kind}/{key}".encode()).decode().rstrip("=")


ROOM = webex_id("ROOM", "00000000-0000-4000-8000-000000000001")
PERSON = webex_id("PEOPLE", "00000000-0000-4000-8000-000000000002")


def config_for(port: int, **downloads: object) -> dict[str, object]:
    """Return what chatframes needs to fetch from the room."""
    host = f"127.0.0.1:{port}"
    webex = {"base_url": f"http://{host}/v1", "access_token": "benchmark"}
    return {"webex": webex, "downloads": {"allowed_private_hosts": [host], **downloads}}


class Room(Server):
    """Webex's answers for one room, whose newest message was written a moment ago."""

    messages = pages = 0
    port = 0
    end = datetime.now(UTC)
    edited: set[int] = set()  # noqa: RUF012 - one server a process

    def data_received(self, data: bytes) -> None:
        path = data.split(b" ", 2)[1].decode()
        if self.buffer or not data.endswith(b"\r\n\r\n") or path.startswith("/v1/contents/"):
            super().data_received(data)
        elif path == "/stats":
            stats = {"pictures": Server.requests, "pages": Room.pages, **self.counted()}
            Room.pages = 0
            self.answer(json.dumps(stats).encode(), b"application/json")
        elif path.startswith("/edit/"):
            Room.edited.add(int(path.removeprefix("/edit/")))
            self.answer(b"{}", b"application/json")
        elif path.startswith("/v1/"):
            Room.pages += 1
            body = json.dumps(self.told(path.removeprefix("/v1/"))).encode()
            asyncio.get_running_loop().call_later(self.latency_seconds, self.answer, body, b"application/json")
        else:
            super().data_received(data)

    def told(self, path: str) -> object:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "people":
            return {"items": [self.person()]}
        if parts.path == "people/me":
            return self.person()
        if parts.path == "messages":
            return {"items": self.page(query)}
        return {"id": ROOM, "title": "Pictures", "type": "group", "created": stamp(self.made(0))}

    def person(self) -> dict[str, object]:
        return {"id": PERSON, "displayName": "Ada", "emails": ["ada@example.com"], "type": "person"}

    def page(self, query: dict[str, str]) -> list[dict[str, object]]:
        size, before = int(query.get("max", "50")), query.get("before")
        newest = Room.messages - 1
        if before is not None:
            behind = Room.end - datetime.fromisoformat(before)
            newest -= max(0, -(-behind // APART))
        return [self.message(number) for number in range(newest, max(newest - size, -1), -1)]

    def message(self, number: int) -> dict[str, object]:
        said = f"words of message {number}" + (" in another way" if number in Room.edited else "")
        message: dict[str, object] = {
            "id": webex_id("MESSAGE", f"00000000-0000-4000-8000-{number:012d}"),
            "roomId": ROOM,
            "roomType": "group",
            "text": said,
            "personId": PERSON,
            "personEmail": "ada@example.com",
            "created": stamp(self.made(number)),
            "files": [f"http://127.0.0.1:{Room.port}/v1/contents/{number}"],
        }
        return message | ({"updated": stamp(Room.end)} if number in Room.edited else {})

    def made(self, number: int) -> datetime:
        return Room.end - (Room.messages - 1 - number) * APART - timedelta(minutes=1)


def stamp(moment: datetime) -> str:
    """A time as Webex writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def main(options: argparse.Namespace) -> None:
    Room.messages, Server.latency_seconds = options.messages, options.latency_ms / 1000
    Server.allowed, Server.slow_refusals = options.allowed, bool(options.allowed)
    photo = PHOTO.read_bytes()
    numbers = range(min(options.messages, 500))
    Server.bodies = [picture(photo, number, options.picture_bytes or None) for number in numbers]
    server = await asyncio.get_running_loop().create_server(Room, "127.0.0.1", 0)
    Room.port = server.sockets[0].getsockname()[1]
    print(Room.port, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--picture-bytes", type=int, default=0, help="of each picture; 0: 50 to 400 KB")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--allowed", type=int, nargs="*", default=[], help="more pictures at once are refused")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(options))
