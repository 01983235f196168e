"""Run every benchmark in a small form, about five minutes in all, and print one summary table.

    python benchmarks/all.py                           # on a quiet machine; close what else is running
    python benchmarks/all.py --contenders all          # also with pyreqwest and Daft, in environments it makes (once)
    python benchmarks/all.py --only downloads memory

The large forms are in the description of each script, and in README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from side_by_side import HERE, SUMMARY

SMALL = {
    "downloads": ["downloads.py --rounds 2 --latency-ms 20 100", "downloads.py --rounds 1 --latency-ms 100 --tls"],
    "scenarios": [
        "scenarios.py --rounds 1 --only webex reddit",
        "scenarios.py --rounds 1 --only telegram --scale 4",
    ],
    "frames": ["frames.py --rounds 1 --messages 20000 100000", "frames.py files --rounds 1 --messages 50000"],
    "memory": ["memory.py --pictures 10000 20000"],  # from 1,000 on it would be what is loaded and kept ready at first
    "adaptation": ["adaptation.py --rounds 1 --only 8", "adaptation.py --rounds 1 --turning"],
    "two_processes": ["two_processes.py --rounds 1 --messages 500"],
    "bandwidth": ["bandwidth.py"],
}


def run(command: str, summary: Path, contenders: str) -> None:
    words = command.split()
    if words[0] == "downloads.py" and contenders == "all":
        words += ["--contenders", "all"]
    print(f"\n# python benchmarks/{' '.join(words)}", flush=True)
    begun = time.perf_counter()
    environment = {**os.environ, SUMMARY: str(summary)}
    done = subprocess.run([sys.executable, str(HERE / words[0]), *words[1:]], env=environment)
    ended = "" if done.returncode == 0 else f", and failed with {done.returncode}"
    print(f"# {time.perf_counter() - begun:.0f} s{ended}", flush=True)


def table(summary: Path) -> str:
    lines = [json.loads(line) for line in summary.read_text().splitlines()]
    rows = ["| what | aimed at | figure | |", "|---|---|---|---|"]
    rows += [f"| {line['what']} | {line['aim']} | {line['figure']} | {line['reached']} |" for line in lines]
    return "\n".join(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(SMALL), choices=list(SMALL))
    parser.add_argument("--contenders", choices=["all", "there"], default="there")
    options = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder, "summary")
        summary.touch()
        for name in options.only:
            for command in SMALL[name]:
                run(command, summary, options.contenders)
        load = f", load {os.getloadavg()[1]:.1f} of the last five minutes" if hasattr(os, "getloadavg") else ""
        print(f"\n{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores{load};")
        print(f"{time.perf_counter() - begun:.0f} s; medians, and the range where there were several rounds:\n")
        print(table(summary))
