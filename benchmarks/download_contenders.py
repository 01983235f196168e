"""The ways to download a list of pictures that downloads.py compares; each keeps every picture, and returns all bytes.

Each imports only what it needs, as some run in environments of their own.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from importlib import import_module
from pathlib import Path
from typing import Any

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


async def with_pyreqwest(urls: list[str]) -> int:
    builder: Any = import_module("pyreqwest.client").ClientBuilder()
    semaphore = asyncio.Semaphore(AT_ONCE)
    async with builder.build() as client:

        async def one(url: str) -> Any:
            async with semaphore:
                response = await client.get(url).build().send()
                return await response.bytes()

        return sum(len(body) for body in await asyncio.gather(*map(one, urls)))


async def with_daft(urls: list[str]) -> int:
    daft: Any = import_module("daft")
    frame = daft.from_pydict({"url": urls})
    download = daft.col("url").download(max_connections=AT_ONCE)
    return sum(map(len, frame.with_column("bytes", download).to_pydict()["bytes"]))


async def with_curl(urls: list[str]) -> int:
    return await asyncio.to_thread(run_curl, urls)


def run_curl(urls: list[str]) -> int:
    """Download to files, as curl keeps nothing."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "list")
        listed.write_text("".join(f'url = "{url}"\noutput = "{folder}/{n}"\n' for n, url in enumerate(urls)))
        command = ["curl", "-s", "--fail", "--parallel", "--parallel-immediate", "--parallel-max", str(AT_ONCE)]
        subprocess.run([*command, "--config", str(listed)], check=True)
        return sum(Path(folder, str(number)).stat().st_size for number in range(len(urls)))


async def with_chatframes(urls: list[str]) -> int:
    outcomes = await downloaded_by_chatframes(urls)
    bad = [outcome for outcome in outcomes if outcome.status != "ok"]
    assert not bad, (len(bad), bad[0])
    return sum(outcome.size or 0 for outcome in outcomes)


async def downloaded_by_chatframes(urls: list[str], *, adaptive: bool = True, keep: bool = True) -> list[Any]:
    """Return the outcome of each picture; without the pictures themselves, where they are not to be kept."""
    import httpx

    from chatframes.model import Attachment, Outcome
    from chatframes.transfer.clock import SYSTEM
    from chatframes.transfer.downloads import Downloader
    from chatframes.transfer.gate import gate
    from chatframes.transfer.http import Anonymous, Http
    from chatframes.transfer.link import Link
    from chatframes.transfer.patience import Patience

    outcomes: list[Any] = []
    everything = asyncio.Event()

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome if keep else outcome.status)
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
    return outcomes


CONTENDERS: dict[str, Callable[[list[str]], Coroutine[Any, Any, int]]] = {
    "chatframes": with_chatframes,
    "aiohttp": with_aiohttp,
    "httpx": with_httpx,
    "curl": with_curl,
    "pyreqwest": with_pyreqwest,
    "daft": with_daft,
}
# Imports are not counted.
IMPORTS = {
    "chatframes": ["httpx", "aiohttp", "chatframes.transfer.downloads", "chatframes.transfer.link"],
    "curl": [],
    "pyreqwest": ["pyreqwest.client"],
}


def contend(name: str, urls: list[str]) -> dict[str, float]:
    """Run one contender in this process; return what it took, that of its own processes included."""
    import time

    for module in IMPORTS.get(name, [name]):
        import_module(module)

    def cpu() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    cpu_begun, begun = cpu(), time.perf_counter()
    size = asyncio.run(CONTENDERS[name](urls))
    wall, used = time.perf_counter() - begun, cpu() - cpu_begun
    who = resource.RUSAGE_CHILDREN if name == "curl" else resource.RUSAGE_SELF
    kilobyte = 1 if sys.platform == "darwin" else 1024
    peak_mb = resource.getrusage(who).ru_maxrss * kilobyte / 2**20
    return {"wall": wall, "cpu": used, "cpu_ms": used * 1000 / len(urls), "bytes": size, "peak_mb": peak_mb}
