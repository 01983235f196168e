"""Three chats from end to end, against the way they were read before: all pages first, then pictures with a semaphore.

    python benchmarks/scenarios.py               # at 50 ms, three rounds; twenty minutes, most of it Telegram's
    python benchmarks/scenarios.py --only webex reddit --rounds 1
    python benchmarks/scenarios.py --only telegram --scale 4     # a fourth of its messages and pictures

Webex: 5,000 messages of 30 days with 800 pictures. Telegram: 10,000 messages with 1,200 pictures. Reddit: 50 posts with
20 comments each and about 300 pictures. "seed" is the way it was done before, which asked for the size of each of
Webex's files with HEAD first; "no HEAD" leaves that out. "paging": chatframes without pictures; "filling": the
pictures alone, for a table that is there. The whole should take little more than the longer of these two. Each
contender runs in a fresh process, in shuffled order, against the same sandbox in a process of its own. Imports are not
counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import seed_way
from side_by_side import HERE, Figures, conclude, fresh, interleaved, of, ratios, spread

# Messages and pictures of the sandbox; at Reddit 50 of its 71 posts have about 300 of the pictures.
SIZES = {"webex": (5000, 800), "telegram": (10_000, 1200), "reddit": (1500, 435)}
MODULES = ["pandas", "httpx", "chatframes.api", "chatframes.exports.filling", "chatframes.transfer.transport"]


def contend(name: str, scenario: str, served: dict[str, Any]) -> Figures:
    """Run one contender in this process."""
    libraries = {"webex": [], "telegram": ["telethon"], "reddit": ["asyncpraw"]}[scenario]
    for module in (*MODULES, *libraries, f"chatframes.sources.{scenario}.service"):
        import_module(module)
    import chatframes as cf

    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.json")
        config.write_text(json.dumps(served["config"]))
        config.chmod(0o600)
        source: Any = {
            "webex": cf.Webex(served["room"], since="2026-10-02", until="2026-10-31"),
            "telegram": cf.Telegram("@apollo"),
            "reddit": cf.Reddit("r/apollo", posts=50, comments=20),
        }[scenario]
        options: dict[str, Any] = {"config": config, "progress": False}
        texts = cf.fetch(source, **options) if name == "filling" else None
        cpu, wall = time.process_time(), time.perf_counter()
        if (way := seed_way.WAYS[scenario].get(name)) is not None:
            rows, found = asyncio.run(way(served))
        else:
            frame = cf.fetch(source, images=name == "chatframes", **options) if texts is None else texts
            frame = cf.fill_images(frame, **options) if name == "filling" else frame
            rows, found = len(frame), int(frame["n_images"].sum())
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "rows": rows, "found": found}


@contextmanager
def sandbox(messages: int, images: int, latency_ms: float) -> Iterator[str]:
    """Run the sandbox in a process of its own; yield what a client needs, as JSON."""
    command = [sys.executable, str(HERE / "sandbox_server.py"), "--latency-ms", str(latency_ms)]
    command += ["--messages", str(messages), "--images", str(images)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline()
    finally:
        server.communicate()


def compare(scenario: str, options: argparse.Namespace) -> None:
    ways = list(seed_way.WAYS[scenario])
    names = ["chatframes", *ways, "paging", "filling"]
    messages, images = (number // options.scale for number in SIZES[scenario])
    with sandbox(messages, images, options.latency_ms) as served:

        def run(name: str) -> Figures:
            return fresh(__file__, "--contend", name, "--scenario", scenario, stdin=served, env=os.environ)

        results = interleaved(names, options.rounds, run)
    print(f"\n{scenario}: {options.latency_ms:g} ms, {options.rounds} rounds")
    for name in names:
        some = results[name]
        print(
            f"  {name:12} {spread(of(some, 'wall')):>22} s  {spread(of(some, 'cpu')):>20} s of CPU, "
            f"{some[-1]['rows']} rows, {some[-1]['found']} pictures",
            flush=True,
        )
    longer = [
        one["wall"] / max(paging["wall"], filling["wall"])
        for one, paging, filling in zip(results["chatframes"], results["paging"], results["filling"], strict=True)
    ]
    size = "" if options.scale == 1 else f", 1/{options.scale} of it"
    for way in ways:
        said = "before" if way == "seed" else f"before, {way}"
        conclude(f"{scenario}'s scenario{size}: times faster than {said}", ratios(results, way, "chatframes"), least=2)
    conclude(f"{scenario}'s scenario{size}: wall / longer of paging and pictures alone", longer, most=1.1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=int, default=1, help="divide messages and pictures by this")
    parser.add_argument("--only", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--contend", help=argparse.SUPPRESS)
    parser.add_argument("--scenario", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        print(json.dumps(contend(options.contend, options.scenario, json.loads(sys.stdin.readline()))))
    else:
        for scenario in options.only:
            compare(scenario, options)
