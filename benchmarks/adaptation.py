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
import time
from collections import Counter

from download_contenders import downloaded_by_chatframes
from side_by_side import Figures, ask, conclude, fresh, interleaved, of, ratios, serving, spread

AT_ONCE = 20
SERVERS = {"5": [5], "8": [8], "20": [20], "20, then 5, then 20": [20, 5, 20]}


def contend(name: str, port: int, images: int) -> None:
    """Run one contender in this process and print what it took; imports are not counted."""
    import chatframes.transfer.downloads
    import chatframes.transfer.link  # noqa: F401

    urls = [f"http://127.0.0.1:{port}/{number}" for number in range(images)]
    begun = time.perf_counter()
    statuses = Counter(asyncio.run(downloaded_by_chatframes(urls, adaptive=name == "adaptive", keep=False)))
    print(json.dumps({"wall": time.perf_counter() - begun, "lost": images - statuses["ok"]}))


def figures(name: str, allowed: list[int], images: int, latency_ms: float) -> Figures:
    """Run one contender against a fresh server."""
    phase = -(-images // len(allowed))
    server = ["--latency-ms", latency_ms, "--phase", phase, "--allowed", *allowed]
    with serving("image_server.py", *server) as (port, _):
        got = fresh(__file__, "--contend", name, "--port", port, "--images", images) | ask(port)
    least = sum(phase / width for width in allowed) * latency_ms / 1000
    return got | {"least": got["wall"] / least, "asked": got["requests"] / images, "ms": got["wall"] / images * 1000}


def compare(title: str, allowed: list[int], options: argparse.Namespace) -> None:
    images = {"adaptive": options.images, "fixed": options.images if allowed == [AT_ONCE] else options.images // 5}
    results = interleaved(
        list(images), options.rounds, lambda name: figures(name, allowed, images[name], options.latency_ms)
    )
    print(f"\nallows {title}; {options.latency_ms:g} ms, {options.rounds} rounds")
    for name, some in results.items():
        print(
            f"  {name:9} {images[name]:5} pictures, {spread(of(some, 'wall'))} s, "
            f"{spread(of(some, 'least'))} x the least, {spread(ratios(results, 'fixed', name, 'ms'))} x as fast as "
            f"fixed; requests each {spread(of(some, 'asked'), 3)}, refused {spread(of(some, 'refused'), 0)}, "
            f"lost {spread(of(some, 'lost'), 0)}, most at once in the end {spread(of(some, 'late_peak'), 0)}",
            flush=True,
        )
    learnt, what = results["adaptive"], f"a server that allows {title}"
    if len(allowed) > 1:
        files = [refused / images["adaptive"] for refused in of(learnt, "refused")]
        conclude(f"{what}: refusals for each picture", files, most=0.2, digits=3)
        conclude(f"{what}: most at once in the end", of(learnt, "late_peak"), least=11, digits=0)
    else:
        conclude(f"{what}: wall / least possible", of(learnt, "least"), most=1.3 if allowed == [8] else None)
        conclude(f"{what}: requests for each picture", of(learnt, "asked"), most=1.03, digits=3)
    faster = ratios(results, "fixed", "adaptive", "ms")
    conclude(f"{what}: times faster than a fixed 20", faster, least=2.1 if allowed == [8] else None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=list(SERVERS), choices=list(SERVERS))
    parser.add_argument("--contend", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--turning", action="store_true", help="only the server that changes its mind")
    options = parser.parse_args()
    if options.contend:
        contend(options.contend, options.port, options.images)
    else:
        for title in ["20, then 5, then 20"] if options.turning else options.only:
            compare(title, SERVERS[title], options)
