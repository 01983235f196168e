"""What the benchmarks share: contenders in fresh processes, their ratios with spread, and lines for the summary table.

It imports nothing outside the standard library, as it also runs in the environments of contenders.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SUMMARY = "CHATFRAMES_BENCHMARK_SUMMARY"  # a file that gets the lines of the summary, set by all.py
Figures = dict[str, Any]


def fresh(script: str, *arguments: object, python: str = sys.executable, stdin: str = "", **options: Any) -> Figures:
    """Run a script in a process of its own; return the JSON object in the last line that it prints."""
    command = [python, script, *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, **options)
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise subprocess.CalledProcessError(done.returncode, command)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def interleaved(names: Sequence[str], rounds: int, run: Callable[[str], Figures]) -> dict[str, list[Figures]]:
    """Let every contender run once in each round, in shuffled order; figures at the same place are of one round."""
    results: dict[str, list[Figures]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in random.sample(names, len(names)):
            results[name].append(run(name))
    return results


def ratios(results: dict[str, list[Figures]], name: str, against: str, key: str = "wall") -> list[float]:
    """Return one ratio for each round; none where the other did not run."""
    return [one[key] / other[key] for one, other in zip(results[name], results.get(against, []), strict=False)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return median, least and most, as ``1.09 [0.97-1.13]``."""
    if not values:
        return "-"
    median, least, most = statistics.median(values), min(values), max(values)
    return f"{median:.{digits}f}" + (f" [{least:.{digits}f}-{most:.{digits}f}]" if len(values) > 1 else "")


def of(figures: Sequence[Figures], key: str) -> list[float]:
    """Return what each round has under this key."""
    return [one[key] for one in figures]


def conclude(
    what: str, values: Sequence[float], *, most: float | None = None, least: float | None = None, digits: int = 2
) -> None:
    """Print one line of the summary, with its aim and whether the median reaches it."""
    if not values:
        return
    median = statistics.median(values)
    missed = (most is not None and median > most) or (least is not None and median < least)
    aim = f"at most {most:g}" if most is not None else f"at least {least:g}" if least is not None else "-"
    line = {"what": what, "aim": aim, "figure": spread(values, digits), "reached": "missed" if missed else "reached"}
    if most is None and least is None:
        line["reached"] = "-"
    print(f"=> {what}: {line['figure']} (aim: {aim}; {line['reached']})", flush=True)
    if place := os.environ.get(SUMMARY):
        with open(place, "a") as file:
            file.write(json.dumps(line) + "\n")


@contextmanager
def measured(figures: Figures) -> Iterator[None]:
    """Note seconds and seconds of CPU of a block, and the growth of memory in MiB (on Linux) while it ran."""
    peak_at_start = _peak_mib(reset=True)
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    figures["wall"], figures["cpu"] = time.perf_counter() - wall, time.process_time() - cpu
    figures["grown_mib"] = _peak_mib() - peak_at_start


def _peak_mib(*, reset: bool = False) -> float:
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins here
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    except OSError:  # another system: the mark of the whole process
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def serving(script: str, *arguments: object) -> Iterator[list[int]]:
    """Run a server of this folder in a process of its own; yield the ports that it prints."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield [int(port) for port in server.stdout.readline().split()]
    finally:
        server.terminate()
        server.communicate()


def ask(port: int, path: str = "stats") -> Figures:
    """Return what the server counted since it was asked last."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
        return dict(json.load(answer))
