"""Compare downloads of pictures by chatframes, plain aiohttp and plain httpx, the latter two with a semaphore of 20.

    python benchmarks/downloads.py                      # 500 pictures at 0, 20 and 100 ms, five rounds
    python benchmarks/downloads.py --images 5000 --rounds 3
    python benchmarks/downloads.py --images 20000 --latency-ms 0 --rounds 1 --only chatframes

In every round each of them runs in a fresh process, in shuffled order, against the same server process; compare the
ratios within a round. All of them keep every picture in memory. chatframes also finds out what each picture is,
whether it is whole, its size in pixels and its SHA-256, which the other two do not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
AT_ONCE = 20


async def with_aiohttp(urls: list[str]) -> int:
    import aiohttp

    semaphore = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession() as session:

        async def one(url: str) -> bytes:
            async with semaphore, session.get(url) as response:
                return await response.read()

        return sum(len(body) for body in await asyncio.gather(*map(one, urls)))


async def with_httpx(urls: list[str]) -> int:
    import httpx

    semaphore = asyncio.Semaphore(AT_ONCE)
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    timeout = httpx.Timeout(connect=10.0, read=60.0, write=10.0, pool=5.0)
    async with httpx.AsyncClient(limits=limits, timeout=timeout) as client:

        async def one(url: str) -> bytes:
            async with semaphore:
                return (await client.get(url)).content

        return sum(len(body) for body in await asyncio.gather(*map(one, urls)))


async def with_chatframes(urls: list[str]) -> int:
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
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    http = Http("benchmark", base, Anonymous(), limits)
    the_gate = gate("benchmark")
    patience = Patience("benchmark", the_gate, the_gate.waits_of(base), SYSTEM, lambda event: None, 300)
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
    bad = [outcome for outcome in outcomes if outcome.status != "ok"]
    assert not bad, (len(bad), bad[0])
    return sum(outcome.size or 0 for outcome in outcomes)


CONTENDERS = {"chatframes": with_chatframes, "aiohttp": with_aiohttp, "httpx": with_httpx}


def contend(name: str, port: int, images: int) -> None:
    """Run one contender in this process and print what it took; imports are not counted."""
    import aiohttp  # noqa: F401
    import httpx  # noqa: F401

    if name == "chatframes":
        import chatframes.transfer.downloads
        import chatframes.transfer.link  # noqa: F401
    urls = [f"http://127.0.0.1:{port}/{number}" for number in range(images)]
    cpu, wall = time.process_time(), time.perf_counter()
    size = asyncio.run(CONTENDERS[name](urls))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu_ms": cpu * 1000 / images, "bytes": size, "peak_mb": peak_mb}))


def round_of(names: list[str], port: int, images: int) -> dict[str, dict[str, Any]]:
    figures = {}
    for name in random.sample(names, len(names)):
        command = [sys.executable, __file__, "--contend", name, "--port", str(port), "--images", str(images)]
        figures[name] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats") as answer:
            figures[name] |= json.load(answer)
    assert len({f["bytes"] for f in figures.values()}) == 1, "the contenders did not get the same bytes"
    return figures


def compare(latency_ms: float, images: int, rounds: int, names: list[str]) -> None:
    server = subprocess.Popen(
        [sys.executable, str(HERE / "image_server.py"), "--latency-ms", str(latency_ms)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        results = [round_of(names, port, images) for _ in range(rounds)]
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()
    bound = latency_ms / 1000 * images / AT_ONCE
    print(f"\n{images} pictures, {latency_ms:g} ms, {rounds} rounds; latency bound {bound:.2f} s")
    print(
        f"{'':12}{'wall s':>8}{'CPU ms/picture':>16}{'wall/aiohttp':>24}{'CPU/aiohttp':>24}"
        f"{'requests':>10}{'peak':>6}{'MB':>7}"
    )
    for name in names:
        of = [result[name] for result in results]
        row = f"{name:12}{median(of, 'wall'):8.2f}{median(of, 'cpu_ms'):16.2f}"
        for key in ("wall", "cpu_ms"):
            ratios = [r[name][key] / r["aiohttp"][key] for r in results if "aiohttp" in r]
            shown = f"{statistics.median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}]" if ratios else "-"
            row += f"{shown:>24}"
        print(row + f"{of[-1]['requests']:10}{max(f['peak'] for f in of):6}{median(of, 'peak_mb'):7.0f}")


def median(figures: list[dict[str, Any]], key: str) -> float:
    return statistics.median(f[key] for f in figures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--latency-ms", type=float, nargs="*", default=[0, 20, 100])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--contend", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        contend(options.contend, options.port, options.images)
    else:
        for latency_ms in options.latency_ms:
            compare(latency_ms, options.images, options.rounds, options.only)
