"""A loopback server that hands out images as fast as Python can: one process, one raw asyncio protocol.

``GET /<n>`` answers, after the latency, with a JPEG whose bytes are a pure function of n, 50 to 400 KB long. It counts
requests and the most at once, and prints its port when it listens; ``GET /stats`` returns and resets the counts.

With ``--allowed 8`` it answers 429 with ``Retry-After: 1`` to each request beyond 8 in flight; ``--allowed 20 5 20
--phase 300`` allows another number after each 300 pictures. With ``--certificate FILE`` it speaks TLS; the counts are
then given on a second port, which it prints too. With ``--slow-refusals`` a refusal takes as long as an answer, so that
all that is asked for at once is seen: ``under_way`` counts it, ``late_under_way`` from two seconds after the first.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import ssl
import struct
import time
from pathlib import Path

PHOTO = Path(__file__).parent.parent / "chatframes" / "world" / "community" / "photos" / "coffee.jpg"
LATE_SECONDS = 2.0
MOST_SENT = 10_000


def picture(photo: bytes, number: int, size: int | None = None) -> bytes:
    """Return the photo made distinct, and as large as a picture in a chat: with comment segments after its start."""
    size = size or 50_000 + number * 7919 % 350_000
    comments = bytearray()
    while len(photo) + len(comments) < size:
        length = min(65_533, max(16, size - len(photo) - len(comments)))
        comments += b"\xff\xfe" + struct.pack(">H", length) + f"{number:012d}".encode().ljust(length - 2, b".")
    return photo[:2] + bytes(comments) + photo[2:]


class Server(asyncio.Protocol):
    latency_seconds = 0.0
    bodies: list[bytes] = []  # noqa: RUF012 - one server a process
    allowed: list[int] = []  # noqa: RUF012 - empty: any number
    phase = 1
    slow_refusals = False
    requests = in_flight = peak = refused = served = late_peak = 0
    asked_now = under_way = late_under_way = 0  # refused or not
    begun = 0.0
    sent: list[tuple[float, int]] = []  # noqa: RUF012 - when which bytes left

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            path = self.buffer.split(b" ", 2)[1]
            self.buffer = self.buffer[end + 4 :]
            if path == b"/stats":
                self.answer(json.dumps(self.counted()).encode(), b"application/json")
                continue
            self.note_request()
            if self.is_too_much():
                Server.refused += 1
                asyncio.get_running_loop().call_later(self.latency_seconds * self.slow_refusals, self.refuse)
                continue
            Server.in_flight += 1
            Server.peak = max(Server.peak, Server.in_flight)
            if Server.allowed and Server.served // Server.phase >= len(Server.allowed) - 1:
                Server.late_peak = max(Server.late_peak, Server.in_flight)  # in the last phase
            number = int(path.rpartition(b"/")[2].partition(b"?")[0])
            if self.latency_seconds:
                asyncio.get_running_loop().call_later(self.latency_seconds, self.send, number)
            else:
                self.send(number)

    def note_request(self) -> None:
        now = time.monotonic()
        Server.begun = Server.begun or now
        Server.requests += 1
        Server.asked_now += 1
        Server.under_way = max(Server.under_way, Server.asked_now)
        if now > Server.begun + LATE_SECONDS:
            Server.late_under_way = max(Server.late_under_way, Server.asked_now)

    def counted(self) -> dict[str, object]:
        """Return what was counted, and begin anew."""
        names = ("requests", "peak", "refused", "late_peak", "under_way", "late_under_way", "sent")
        counts = {name: getattr(Server, name) for name in names}
        Server.requests = Server.peak = Server.in_flight
        Server.refused = Server.served = Server.late_peak = Server.under_way = Server.late_under_way = 0
        Server.begun, Server.sent = 0.0, []
        return counts

    def refuse(self) -> None:
        Server.asked_now -= 1
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")

    def is_too_much(self) -> bool:
        phase = min(Server.served // Server.phase, len(Server.allowed) - 1)
        return bool(Server.allowed) and Server.in_flight >= Server.allowed[phase]

    def send(self, number: int) -> None:
        Server.in_flight -= 1
        Server.asked_now -= 1
        Server.served += 1
        if not self.transport.is_closing():
            body = Server.bodies[number % len(Server.bodies)]
            if len(Server.sent) < MOST_SENT:
                Server.sent.append((time.monotonic(), len(body)))
            self.answer(body, b"image/jpeg")

    def answer(self, body: bytes, kind: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (kind, len(body))
        self.transport.writelines([head, body])


async def main(options: argparse.Namespace) -> None:
    Server.latency_seconds, Server.allowed, Server.phase = options.latency_ms / 1000, options.allowed, options.phase
    Server.slow_refusals = options.slow_refusals
    photo = PHOTO.read_bytes()
    Server.bodies = [picture(photo, number, options.picture_bytes or None) for number in range(500)]
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0, ssl=context)
    plain = server if context is None else await loop.create_server(Server, "127.0.0.1", 0)
    print(*(one.sockets[0].getsockname()[1] for one in (server, plain)), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--allowed", type=int, nargs="*", default=[])
    parser.add_argument("--phase", type=int, default=1)
    parser.add_argument("--slow-refusals", action="store_true")
    parser.add_argument("--picture-bytes", type=int, default=0, help="of each picture; 0: 50 to 400 KB")
    parser.add_argument("--certificate", help="a PEM file with its key")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(options))
