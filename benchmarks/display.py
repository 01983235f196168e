"""Measure how long it takes to show tables and pictures in a notebook.

    python benchmarks/display.py
    python benchmarks/display.py --browser    # in a real JupyterLab, with Chromium

Prints milliseconds (median and range of several runs) for two things: showing 50 rows with a picture of 5 MB each, ours
against plain bytes in plain pandas; and making and showing a gallery of 500 pictures. It also prints how many bytes the
gallery's first page adds to the notebook's file, against the bytes of all the pictures. With a browser it prints the
seconds from Ctrl+Enter until every picture of the first page is decoded on the screen, and the same for the next page.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

import chatframes as cf
from chatframes.images.shown import ImageBytes

PHOTO = Path(__file__).parent.parent / "chatframes" / "world" / "community" / "photos" / "coffee.jpg"
ROWS, SIZE_BYTES = 50, 5_000_000
PICTURES = 500


def cells(kind: Callable[[bytes], bytes]) -> list[list[dict[str, object]]]:
    photo = PHOTO.read_bytes()
    return [[{"bytes": kind(photo + bytes(SIZE_BYTES - len(photo))), "path": f"{n}.jpg"}] for n in range(ROWS)]


def milliseconds(show: Callable[[], object], times: int) -> str:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        show()
        taken.append((time.perf_counter() - started) * 1000)
    return f"{statistics.median(taken):8.1f} ms [{min(taken):.1f}-{max(taken):.1f}]"


def shown(frame: pd.DataFrame) -> None:
    with pd.option_context("display.max_rows", ROWS + 10):
        frame._repr_html_()  # what a notebook calls


def states(widget: Any) -> Iterator[dict[str, Any]]:
    """What Jupyter saves of a widget and all within it."""
    yield widget.get_state()
    for child in getattr(widget, "children", ()):
        yield from states(child)


BROWSER_CELLS = [
    f"""import chatframes as cf
with cf.sandbox(messages=3_000, images={PICTURES}) as world:
    df = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)""",
    "cf.gallery(df)",
]


def in_a_browser(times: int = 5) -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from help.labs import Lab

    all_seen = "document.querySelectorAll('.jp-Notebook img').length >= 24 && " + (
        "[...document.querySelectorAll('.jp-Notebook img')].every(image => image.complete && image.naturalWidth > 0)"
    )
    with Lab() as lab, lab.page("gallery", BROWSER_CELLS) as page:
        page.run_all()
        page.until_ran(2)
        page.browser.wait_for_function(all_seen)
        for name, act in (
            ("shown", lambda: page.run(2)),
            ("turned over", lambda: page.area(2).get_by_role("button", name="Next").first.click()),
        ):
            seconds = []
            for _ in range(times):
                before = page.area(2).locator("img").first.element_handle()
                source = before.get_attribute("src")
                started = time.perf_counter()
                act()
                page.browser.wait_for_function(
                    f"source => {{ const first = document.querySelector('.jp-Notebook img');"
                    f" return first && (first !== source.element || first.src !== source.src) && {all_seen}; }}",
                    arg={"element": before, "src": source},
                    polling=20,
                )
                seconds.append(time.perf_counter() - started)
            print(f"gallery {name:12} {statistics.median(seconds):5.2f} s [{min(seconds):.2f}-{max(seconds):.2f}]")


def main() -> None:
    if "--browser" in sys.argv[1:]:
        in_a_browser()
        return
    rows = {"author_name": ["somebody"] * ROWS, "text": ["look at this"] * ROWS}
    for name, kind, times in (("chatframes", ImageBytes, 15), ("plain bytes", bytes, 3)):
        frame = pd.DataFrame({**rows, "images": cells(kind)})
        print(f"50 rows of 5 MB, {name:12}", milliseconds(lambda frame=frame: shown(frame), times))

    with cf.sandbox(messages=3_000, images=PICTURES) as world, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)
    print(f"gallery of {PICTURES} pictures      ", milliseconds(lambda: cf.gallery(frame)._repr_mimebundle_(), 5))
    gallery = cf.gallery(frame)
    page = len(gallery._repr_mimebundle_()["text/html"])
    widgets = len(json.dumps(list(states(gallery.box)), default=str))
    whole = sum(4 * len(one["bytes"]) // 3 for images in frame["images"] for one in images)
    print(
        f"  adds {(page + widgets) / 1e6:.2f} MB to the notebook's file; all pictures as they are: {whole / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
