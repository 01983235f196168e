"""Showing a table with large pictures in it: 50 rows of 5 MB, ours against plain bytes in plain pandas.

    python benchmarks/display.py

Prints the milliseconds of what a notebook asks a frame for (its HTML), median and range of several times.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from chatframes.images import ImageBytes

PHOTO = Path(__file__).parent.parent / "chatframes" / "sandbox" / "photos" / "coffee.jpg"
ROWS, SIZE_BYTES = 50, 5_000_000


def cells(kind: Callable[[bytes], bytes]) -> list[list[dict[str, object]]]:
    photo = PHOTO.read_bytes()
    return [[{"bytes": kind(photo + bytes(SIZE_BYTES - len(photo))), "path": f"{n}.jpg"}] for n in range(ROWS)]


def milliseconds(frame: pd.DataFrame, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        with pd.option_context("display.max_rows", ROWS + 10):
            frame._repr_html_()  # what a notebook calls
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def main() -> None:
    rows = {"author_name": ["somebody"] * ROWS, "text": ["look at this"] * ROWS}
    for name, kind, times in (("chatframes", ImageBytes, 15), ("plain bytes", bytes, 3)):
        taken = milliseconds(pd.DataFrame({**rows, "images": cells(kind)}), times)
        print(f"{name:12} {statistics.median(taken):8.1f} ms [{min(taken):.1f}-{max(taken):.1f}]")


if __name__ == "__main__":
    main()
