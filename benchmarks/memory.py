"""Download many pictures in one call, and see whether memory grows with their number.

    python benchmarks/memory.py                        # 2,000 and 10,000 pictures
    python benchmarks/memory.py --pictures 20000 200000            # takes a quarter of an hour

chatframes streams a room of that many messages with a picture of 10 KB each, and every batch is dropped when it came.
"aiohttp" downloads the same pictures with a semaphore of 20 and a task for each, and drops each when it came. What
counts is how much the process grows at most, and the growth for each thousand pictures more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from importlib import import_module
from typing import Any

from side_by_side import Figures, ask, conclude, fresh, interleaved, measured, of, serving, spread
from webex_room import ROOM, config_for

NAMES = ["chatframes", "aiohttp"]


async def with_chatframes(port: int, pictures: int) -> dict[str, Any]:
    import chatframes as cf

    found, failed = 0, {}
    async for batch in cf.stream(cf.Webex(ROOM), images=True, config=config_for(port)):
        found += int(batch["n_images"].sum())
        if "chatframes" in batch.attrs:  # in the last one
            failed = batch.attrs["chatframes"]["images"]["failed"]
    return {"found": found, "failed": failed}


async def with_aiohttp(port: int, pictures: int) -> dict[str, Any]:
    import aiohttp

    semaphore = asyncio.Semaphore(20)
    async with aiohttp.ClientSession() as session:

        async def one(number: int) -> int:
            async with semaphore, session.get(f"http://127.0.0.1:{port}/v1/contents/{number}") as response:
                return len(await response.read())

        sizes = await asyncio.gather(*map(one, range(pictures)))
    return {"found": sum(map(bool, sizes)), "failed": {}}


def contend(name: str, port: int, pictures: int) -> Figures:
    modules = {"aiohttp": ["aiohttp"], "chatframes": ["chatframes.api", "chatframes.sources.webex.service", "pandas"]}
    for module in modules[name]:
        import_module(module)
    figures: Figures = {}
    with measured(figures):
        told = asyncio.run({"chatframes": with_chatframes, "aiohttp": with_aiohttp}[name](port, pictures))
    return figures | told


def compare(pictures: int, rounds: int) -> dict[str, list[Figures]]:
    with serving("webex_room.py", "--messages", pictures, "--picture-bytes", 10_000) as (port,):

        def run(name: str) -> Figures:
            ask(port)
            figures = fresh(__file__, "--contend", name, "--port", port, "--pictures", pictures)
            return figures | {"asked": ask(port)["pictures"] / pictures}

        results = interleaved(NAMES, rounds, run)
    print(f"\n{pictures:,} pictures in one call")
    for name, some in results.items():
        print(
            f"  {name:12} grows by {spread(of(some, 'grown_mib'), 0):>16} MiB, {spread(of(some, 'wall'), 1):>18} s, "
            f"{some[-1]['found']:,} came whole, failed {some[-1]['failed']}, "
            f"requests for each {spread(of(some, 'asked'), 3)}",
            flush=True,
        )
    found, failed = results["chatframes"][-1]["found"], results["chatframes"][-1]["failed"]
    assert found == pictures, (found, failed)
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, nargs="*", default=[2000, 10_000])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--contend", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        print(json.dumps(contend(options.contend, options.port, options.pictures[0])))
    else:
        each = {pictures: compare(pictures, options.rounds) for pictures in options.pictures}
        least, most = min(each), max(each)
        requests = of(each[most]["chatframes"], "asked")
        conclude(f"{most:,} pictures in one call: requests for each", requests, most=1.0, digits=3)
        for name in NAMES:
            grown = [of(each[pictures][name], "grown_mib") for pictures in (least, most)]
            print(f"{name}: {spread(grown[0], 0)} MiB for {least:,}, {spread(grown[1], 0)} MiB for {most:,}")
            if most > least:
                more = [(big - small) / (most - least) * 1000 for small, big in zip(*grown, strict=True)]
                said = "" if name == "chatframes" else f" ({name})"
                aim = 1.0 if name == "chatframes" else None
                conclude(f"one call: MiB more for each 1,000 pictures more{said}", more, most=aim)
