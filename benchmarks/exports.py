"""Measure exports: memory, pictures to Parquet against img2dataset and Daft, reading, rewriting, running again.

    python benchmarks/exports.py memory              # 0.2, 0.5, 1 and 2 GB of pictures; takes 2 GB of disk at a time
    python benchmarks/exports.py pictures --contenders all    # 5,000, three rounds
    python benchmarks/exports.py reading             # the text columns of 2 GB, a part written anew, a second run

Every export runs in a fresh process against the server of `webex_room.py` in a process of its own: a room with one
picture in each message. img2dataset and Daft get the addresses of the same pictures as a list, each in an environment
of its own (img2dataset wants pandas before 3), and ask for them with the settings of `CONTENDERS`; imports are not
counted. chatframes reads the messages as well, and keeps of each picture its fate, type, wholeness and SHA-256.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from environments import python_of
from side_by_side import ask, fresh, ratios, serving, spread
from webex_room import ROOM, config_for

SIZES_GB = (0.2, 0.5, 1.0, 2.0)
PICTURE_BYTES = 200_000
ENVIRONMENT = {**os.environ, "NO_ALBUMENTATIONS_UPDATE": "1"}  # which img2dataset would ask the network for
TEXT_COLUMNS = ["created_at", "author_name", "text"]


# --- contenders, each in its own process ------------------------------------------------------------------------------


def with_chatframes(port: int, pictures: int, folder: str) -> dict[str, Any]:
    import chatframes as cf
    import chatframes.exports.run
    import chatframes.sources.webex.source

    start = _memory_kb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins here
    begin = time.perf_counter()
    cf.export(cf.Webex(ROOM), folder, images=True, config=config_for(port), progress=False)
    wall = time.perf_counter() - begin
    return {"wall": wall, "start_kb": start, "growth_mib": (_memory_kb("VmHWM") - start) / 1024}


def with_img2dataset(port: int, pictures: int, folder: str) -> dict[str, Any]:
    from img2dataset import download  # type: ignore[import-not-found]

    listed = Path(f"{folder}.txt")
    listed.write_text("\n".join(f"http://127.0.0.1:{port}/v1/contents/{number}" for number in range(pictures)))
    begin = time.perf_counter()
    download(
        url_list=str(listed),
        output_folder=folder,
        output_format="parquet",
        resize_mode="no",
        disable_all_reencoding=True,
        processes_count=1,
        thread_count=20,
        number_sample_per_shard=1000,
    )
    return {"wall": time.perf_counter() - begin}


def with_daft(port: int, pictures: int, folder: str) -> dict[str, Any]:
    import daft  # type: ignore[import-not-found]

    urls = [f"http://127.0.0.1:{port}/v1/contents/{number}" for number in range(pictures)]
    begin = time.perf_counter()
    frame = daft.from_pydict({"url": urls})
    frame.with_column("bytes", daft.col("url").download(on_error="null")).write_parquet(folder)
    return {"wall": time.perf_counter() - begin}


def reading(port: int, pictures: int, folder: str) -> dict[str, Any]:
    """Read the words of an export with plain pandas; what was read is counted by the system."""
    import pandas as pd
    import pyarrow.parquet  # noqa: F401

    pd.read_parquet(Path(folder, "data"), columns=["uid"])  # what pyarrow loads at the first call
    walls = []
    for _ in range(5):
        before, begin = _bytes_read(), time.perf_counter()
        rows = len(pd.read_parquet(Path(folder, "data"), columns=TEXT_COLUMNS))
        walls.append(time.perf_counter() - begin)
    assert rows == pictures
    return {"wall": statistics.median(walls), "spread": [min(walls), max(walls)], "bytes": _bytes_read() - before}


def rewriting(port: int, pictures: int, folder: str) -> dict[str, Any]:
    """Run an export again after one message was edited; time the rewriting of its part."""
    import chatframes as cf
    from chatframes import api, loop
    from chatframes.exports.order import Order
    from chatframes.exports.run import exporting
    from chatframes.settings.merge import merge

    times: dict[str, float] = {}

    def reach(point: str) -> None:
        times.setdefault(point, time.perf_counter())

    order = Order([cf.Webex(ROOM)], merge(config_for(port), True), Path(folder), reach=reach)
    loop.run(exporting(order, lambda event: None, api.clock))
    return {"wall": times["done"] - times["rewrite begun"], "bytes": _largest(folder)}


CONTENDERS = {
    "chatframes": with_chatframes,
    "img2dataset": with_img2dataset,
    "daft": with_daft,
    "reading": reading,
    "rewriting": rewriting,
}


def _memory_kb(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])


def _bytes_read() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])  # rchar: what it asked the system for, cached or not


def _largest(folder: str) -> int:
    return max(path.stat().st_size for path in Path(folder, "data").iterdir())


# --- what is measured -------------------------------------------------------------------------------------------------


@contextmanager
def room(messages: int, picture_bytes: int, latency_ms: float) -> Iterator[int]:
    """Start the server; yield its port."""
    options = ["--messages", messages, "--picture-bytes", picture_bytes, "--latency-ms", latency_ms]
    with serving("webex_room.py", *options) as (port,):
        yield port


def run(name: str, port: int, pictures: int, folder: Path, python: str = sys.executable) -> dict[str, Any]:
    """Run one contender in a fresh process; return its figures, and what the server was asked for."""
    ask(port, "stats")
    arguments = ("--contend", name, port, pictures, folder)
    return fresh(__file__, *arguments, python=python, cwd=folder.parent, env=ENVIRONMENT) | ask(port)


def run_again(name: str, port: int, pictures: int, folder: Path, python: str) -> dict[str, Any]:
    """Run a contender, once more if it crashes, which is said."""
    try:
        return run(name, port, pictures, folder, python)
    except subprocess.CalledProcessError as error:
        print(f"{name} ended with {error.returncode} and is run once more", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        return run(name, port, pictures, folder, python)


def memory(place: Path) -> None:
    grown = {}
    for size in SIZES_GB:
        pictures = int(size * 1e9 / PICTURE_BYTES)
        with room(pictures, PICTURE_BYTES, 0) as port:
            figures = run("chatframes", port, pictures, place / "memory")
        assert figures["pictures"] == pictures
        grown[size] = figures["growth_mib"]
        print(
            f"{size:g} GB: {figures['growth_mib']:.0f} MiB above {figures['start_kb'] / 1024:.0f} MiB, "
            f"{figures['wall']:.1f} s",
            flush=True,
        )
        shutil.rmtree(place / "memory")
    slope = statistics.linear_regression(list(grown), list(grown.values())).slope
    print(f"slope: {slope:.1f} MiB for each GB")


def pictures(place: Path, count: int, rounds: int, latency_ms: float, pythons: dict[str, str]) -> None:
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in pythons}
    for _ in range(rounds):
        for name in random.sample(list(pythons), len(pythons)):
            with room(count, 0, latency_ms) as port:
                figures = run_again(name, port, count, place / name, pythons[name])
            assert figures["pictures"] >= count, figures
            results[name].append(figures)
            shutil.rmtree(place / name)
    print(f"{count} pictures of 50 to 400 KB, {latency_ms:g} ms, {rounds} rounds")
    for name, some in results.items():
        against = spread(ratios(results, name, "chatframes"))
        print(f"{name:12} {spread([one['wall'] for one in some], 1)} s   x chatframes: {against}")


def again(place: Path) -> None:
    count, folder = int(2e9 / PICTURE_BYTES), place / "reading"
    with room(count, PICTURE_BYTES, 0) as port:
        first = run("chatframes", port, count, folder)
        print(f"2 GB exported: {first['wall']:.1f} s, {first['pictures']} pictures, {first['pages']} other requests")
        read = run("reading", port, count, folder)
        print(
            f"{', '.join(TEXT_COLUMNS)} of {count} rows: {read['bytes'] / 1e6:.2f} MB read, {read['wall']:.3f} s "
            f"[{read['spread'][0]:.3f}-{read['spread'][1]:.3f}]"
        )
        runs = [run("chatframes", port, count, folder) for _ in range(3)]
        walls = [figures["wall"] for figures in runs]
        print(
            f"run again: {statistics.median(walls):.2f} s [{min(walls):.2f}-{max(walls):.2f}], "
            f"{runs[-1]['pictures']} pictures, {runs[-1]['pages']} other requests"
        )
        rewrites = []
        for number in range(3):
            ask(port, f"edit/{count - 1000 - number}")
            rewrites.append(run("rewriting", port, count, folder))
        walls = [figures["wall"] for figures in rewrites]
        print(
            f"a part of {rewrites[0]['bytes'] / 2**20:.0f} MiB written anew: {statistics.median(walls):.2f} s "
            f"[{min(walls):.2f}-{max(walls):.2f}]"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contend"]:
        name, port, number, folder = sys.argv[2:]
        print(json.dumps(CONTENDERS[name](int(port), int(number), folder)))
        sys.exit()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["memory", "pictures", "reading"])
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency-ms", type=float, default=20)
    parser.add_argument("--contenders", choices=["all", "there"], default="there", help="all: make what is not there")
    parser.add_argument("--place", type=Path, help="where the exports are written; else the system's folder for such")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.place) as made:
        place = Path(made)
        if options.what == "memory":
            memory(place)
        elif options.what == "reading":
            again(place)
        else:
            make = options.contenders == "all"
            others = {name: python for name in ("img2dataset", "daft") if (python := python_of(name, make=make))}
            pictures(
                place, options.pictures, options.rounds, options.latency_ms, {"chatframes": sys.executable} | others
            )
