"""Compare downloads that learn how many at once a server takes with a fixed 20, at servers that refuse.

    python benchmarks/adaptation.py                  # servers that allow 5, 8 and 20, and one that allows 20, 5, 20
    python benchmarks/adaptation.py --rounds 1 --latency-ms 100

The servers answer 429 with ``Retry-After: 1`` to what is too much. Each contender of a round runs in a fresh process,
in shuffled order. A fixed width takes so long that it gets a fifth of the pictures: compare the times per picture.
"least" is the time that as many pictures take when always as many are under way as the server allows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
AT_ONCE = 20
SERVERS = {"5": [5], "8": [8], "20": [20], "20, then 5, then 20": [20, 5, 20]}


async def fetch(urls: list[str], *, adaptive: bool) -> Counter[str]:
    import httpx

    from chatframes.model import Attachment, Outcome
    from chatframes.transfer.clock import SYSTEM
    from chatframes.transfer.downloads import Downloader
    from chatframes.transfer.gate import gate
    from chatframes.transfer.http import Anonymous, Http
    from chatframes.transfer.link import Link
    from chatframes.transfer.patience import Patience

    outcomes: list[Outcome] = []
    everything = asyncio.Event()

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if len(outcomes) == len(urls):
            everything.set()

    base = urls[0].rpartition("/")[0]
    http = Http("benchmark", base, Anonymous(), httpx.Limits(max_connections=100, max_keepalive_connections=20))
    the_gate = gate("benchmark")
    waits = the_gate.waits_of(base)
    patience = Patience("benchmark", the_gate, waits, SYSTEM, lambda event: None, 300, adaptive=adaptive)
    link = Link(http, patience)
    downloader = Downloader(the_gate.downloads, AT_ONCE, 10_485_760, SYSTEM)
    with the_gate.downloads.limited_to(AT_ONCE):
        working = asyncio.create_task(downloader.run())
        for number, url in enumerate(urls):
            attachment = Attachment(0, "file", str(number), url)
            downloader.submit(str(number), attachment, lambda a: link.download(a.url or ""), done)
        await everything.wait()
        working.cancel()
        await asyncio.wait((working,))
        await http.aclose()
    return Counter(outcome.status for outcome in outcomes)


def contend(name: str, port: int, images: int) -> None:
    """Run one contender in this process and print what it took; imports are not counted."""
    import chatframes.transfer.downloads
    import chatframes.transfer.link  # noqa: F401

    urls = [f"http://127.0.0.1:{port}/{number}" for number in range(images)]
    began = time.perf_counter()
    statuses = asyncio.run(fetch(urls, adaptive=name == "adaptive"))
    print(json.dumps({"wall": time.perf_counter() - began, "lost": images - statuses["ok"]}))


def figures(name: str, allowed: list[int], images: int, latency_ms: float) -> dict[str, Any]:
    """Run one contender against a fresh server."""
    phase = -(-images // len(allowed))
    command = [sys.executable, str(HERE / "image_server.py"), "--latency-ms", str(latency_ms), "--phase", str(phase)]
    server = subprocess.Popen([*command, "--allowed", *map(str, allowed)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline().split()[0])
        contender = [sys.executable, __file__, "--contend", name, "--port", str(port), "--images", str(images)]
        got: dict[str, Any] = json.loads(subprocess.run(contender, check=True, capture_output=True, text=True).stdout)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats") as answer:
            got |= json.load(answer)
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()  # type: ignore[union-attr]
    least = sum(phase / width for width in allowed) * latency_ms / 1000
    return got | {"least": got["wall"] / least, "asked": got["requests"] / images, "ms": got["wall"] / images * 1000}


def compare(title: str, allowed: list[int], options: argparse.Namespace) -> None:
    images = {"adaptive": options.images, "fixed": options.images if allowed == [AT_ONCE] else options.images // 5}
    rounds = []
    for _ in range(options.rounds):
        names = random.sample(list(images), len(images))
        rounds.append({name: figures(name, allowed, images[name], options.latency_ms) for name in names})
    print(f"\nallows {title}; {options.latency_ms:g} ms, {options.rounds} rounds")
    for name in images:
        of = [figures[name] for figures in rounds]
        faster = [figures["fixed"]["ms"] / figures[name]["ms"] for figures in rounds]
        print(
            f"  {name:9} {images[name]:5} pictures, {spread(of, 'wall')} s, {spread(of, 'least')} x the least, "
            f"{statistics.median(faster):.2f} [{min(faster):.2f}-{max(faster):.2f}] x as fast as fixed; "
            f"requests each {spread(of, 'asked', 3)}, refused {spread(of, 'refused', 0)}, "
            f"lost {spread(of, 'lost', 0)}, most at once in the end {spread(of, 'late_peak', 0)}",
            flush=True,
        )


def spread(of: list[dict[str, Any]], key: str, digits: int = 2) -> str:
    values = [one[key] for one in of]
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=list(SERVERS), choices=list(SERVERS))
    parser.add_argument("--contend", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        contend(options.contend, options.port, options.images)
    else:
        for title in options.only:
            compare(title, SERVERS[title], options)
