"""Fetch pictures with a cap of bytes per second, and compare with what the server sent in any ten seconds.

    python benchmarks/bandwidth.py                     # 2 MB/s, for fifteen seconds
    python benchmarks/bandwidth.py --cap 10000000 --picture-bytes 200000 --seconds 30

The server notes when each picture was handed to the system; the first and the last second are left out.
"""

from __future__ import annotations

import argparse
import json
import time
from importlib import import_module

from side_by_side import Figures, ask, conclude, fresh, serving
from webex_room import ROOM, config_for

SPAN_SECONDS = 10.0


def contend(port: int, cap: int) -> Figures:
    for module in ("chatframes.api", "chatframes.sources.webex.service"):
        import_module(module)
    import chatframes as cf

    begun = time.perf_counter()
    config = config_for(port, max_bytes_per_second=cap)
    frame = cf.fetch(cf.Webex(ROOM), images=True, config=config, progress=False)
    return {"wall": time.perf_counter() - begun, "found": int(frame["n_images"].sum())}


def spans(sent: list[list[float]]) -> list[float]:
    """Return the bytes in every span of ten seconds that begins at a tenth of a second."""
    begin, end = sent[0][0] + 1, sent[-1][0] - 1
    starts = [begin + tenth / 10 for tenth in range(max(0, int((end - begin - SPAN_SECONDS) * 10)))]
    return [sum(size for moment, size in sent if start <= moment < start + SPAN_SECONDS) for start in starts]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cap", type=int, default=2_000_000, help="bytes per second")
    parser.add_argument("--picture-bytes", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--latency-ms", type=float, default=20)
    parser.add_argument("--contend", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        print(json.dumps(contend(options.contend, options.cap)))
    else:
        messages = int(options.cap * options.seconds / options.picture_bytes)
        room = ["--messages", messages, "--picture-bytes", options.picture_bytes, "--latency-ms", options.latency_ms]
        with serving("webex_room.py", *room) as (port,):
            figures = fresh(__file__, "--contend", port, "--cap", options.cap)
            sent = ask(port)["sent"]
        assert figures["found"] == messages
        shares = [size / SPAN_SECONDS / options.cap * 100 for size in spans(sent)]
        print(f"{messages} pictures in {figures['wall']:.1f} s; of the cap in any ten seconds: ", end="")
        print(f"{min(shares):.1f} to {max(shares):.1f} %")
        off = max(abs(share - 100) for share in shares)
        conclude("bytes in any 10 s: % away from the cap, at worst", [off], most=5, digits=1)
