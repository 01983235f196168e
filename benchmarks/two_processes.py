"""Fetch from one account in two processes at once, and count at the server how many requests are under way together.

    python benchmarks/two_processes.py                 # a server without a limit, and one that allows 8 at once

Each process fetches the same room of 1,000 messages with a picture each. "aiohttp": two processes that download the
same pictures with a semaphore of 20 each. A refusal (429, ``Retry-After: 1``) takes as long as an answer, and counts.
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
from importlib import import_module

from side_by_side import Figures, ask, conclude, of, serving, spread
from webex_room import ROOM, config_for

MOST, MOST_LATE = 20, 10  # together; and two seconds after the first request, where 8 are allowed


def contend(name: str, port: int, messages: int) -> Figures:
    """Fetch in this process, once a line has come in."""
    for module in ("aiohttp", "chatframes.api", "chatframes.sources.webex.service"):
        import_module(module)
    print("ready", flush=True)
    sys.stdin.readline()
    begun = time.perf_counter()
    if name == "aiohttp":
        from download_contenders import with_aiohttp

        asyncio.run(with_aiohttp([f"http://127.0.0.1:{port}/v1/contents/{number}" for number in range(messages)]))
        lost = 0  # nobody counts them
    else:
        import chatframes as cf

        frame = cf.fetch(cf.Webex(ROOM), images=True, config=config_for(port), progress=False)
        lost = messages - int(frame["n_images"].sum())
    return {"wall": time.perf_counter() - begun, "lost": lost}


def both(name: str, port: int, messages: int) -> Figures:
    """Let two processes begin together; return what they took, and what the server counted."""
    ask(port)
    command = [sys.executable, __file__, "--contend", name, "--port", str(port), "--messages", str(messages)]
    with tempfile.TemporaryDirectory() as home:  # which holds the file with the locks
        environment = {**os.environ, "HOME": home}
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
        running = [subprocess.Popen(command, **options) for _ in range(2)]  # type: ignore[call-overload]
        for process in running:
            process.stdout.readline()
        for process in running:
            process.stdin.write("\n")
            process.stdin.flush()
        answers = [json.loads(process.communicate()[0]) for process in running]
    counted = ask(port)
    walls, lost = max(answer["wall"] for answer in answers), sum(answer["lost"] for answer in answers)
    return {**counted, "wall": walls, "lost": lost, "asked": counted["requests"] / messages / 2}


def compare(allowed: int | None, options: argparse.Namespace) -> None:
    limit = [] if allowed is None else ["--allowed", allowed]
    names = ["chatframes", "aiohttp"] if allowed is None else ["chatframes"]
    room = ["--messages", options.messages, "--latency-ms", options.latency_ms, "--picture-bytes", 20_000]
    title = "a server without a limit" if allowed is None else f"a server that allows {allowed}"
    print(f"\ntwo processes, {title}, {options.messages} pictures each, {options.latency_ms:g} ms")
    with serving("webex_room.py", *room, *limit) as (port,):
        for name in names:
            some = [both(name, port, options.messages) for _ in range(options.rounds)]
            print(
                f"  {name:12} {spread(of(some, 'wall'))} s; under way together at most {max(of(some, 'under_way'))}, "
                f"after two seconds {max(of(some, 'late_under_way'))}; requests for each picture "
                f"{spread(of(some, 'asked'), 3)}, lost {sum(of(some, 'lost'))}",
                flush=True,
            )
            aim = MOST if name == "chatframes" else None
            said = "" if name == "chatframes" else f" ({name})"
            conclude(f"two processes, {title}: most at once{said}", [max(of(some, "under_way"))], most=aim, digits=0)
            if allowed is not None:
                late = [max(of(some, "late_under_way"))]
                conclude(f"two processes, {title}: most at once after 2 s", late, most=MOST_LATE, digits=0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contend", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        print(json.dumps(contend(options.contend, options.port, options.messages)))
    else:
        compare(None, options)
        compare(8, options)
