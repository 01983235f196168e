"""From pages of messages to a table, and from there to a file and back, against the usual ways with pandas.

    python benchmarks/frames.py                        # 100,000 messages, three rounds
    python benchmarks/frames.py --messages 100000 1000000 --rounds 1      # and ten times as many: is it linear?
    python benchmarks/frames.py files                  # write and read: 100,000 messages, then 500 pictures

Pages: answers of Webex with 1,000 messages each, as bytes in memory. "pandas" is json.loads and pandas.DataFrame of the
list of dicts, which has the seven keys of an answer as columns; "chatframes" reads the same bytes through all that
comes after the network and makes its 43 columns. Memory is what the process grows by at most, the pages not counted.
Files: `write_parquet` and `read_parquet` against `DataFrame.to_parquet` and `pandas.read_parquet` of the same table;
with pictures, against pictures as base64 in a column, too. Each contender runs in a fresh process, in shuffled order.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from side_by_side import Figures, conclude, fresh, interleaved, measured, of, ratios, spread
from webex_room import PERSON, ROOM, stamp, webex_id

PAGE = 1000
WORDS = "The figures of last week are in, and two of them look wrong to me; could somebody with access check them?"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def pages(messages: int) -> Iterator[bytes]:
    """Yield answers of Webex, newest first, as their bytes."""
    for first in range(0, messages, PAGE):
        numbers = range(first, min(first + PAGE, messages))
        yield json.dumps({"items": [message(number) for number in numbers]}).encode()


def message(number: int) -> dict[str, object]:
    return {
        "id": webex_id("MESSAGE", f"00000000-0000-4000-8000-{number:012d}"),
        "roomId": ROOM,
        "roomType": "group",
        "text": f"{number}: {WORDS[: 20 + number % 80]}",
        "personId": PERSON,
        "personEmail": f"person{number % 50}@example.com",
        "created": stamp(NOW - timedelta(seconds=20 * number)),
    }


# --- contenders, each in its own process ------------------------------------------------------------------------------


def with_pandas(answers: list[bytes]) -> Any:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for answer in answers:
        rows += json.loads(answer)["items"]
    return pd.DataFrame(rows)


def with_chatframes(answers: list[bytes]) -> Any:
    from chatframes.sources.webex.rows import row
    from chatframes.table.batches import to_batch
    from chatframes.table.frame import build

    batches = []
    for answer in answers:
        items = json.loads(answer)["items"]
        batches.append(to_batch([(row(item, ROOM, "Room", NOW, raw=False), ()) for item in items]))
    return build(batches)


def only_dicts(answers: list[bytes]) -> Any:
    return [item for answer in answers for item in json.loads(answer)["items"]]


def same_dicts(answers: list[bytes]) -> Any:
    """A dict for each row, with all columns of the table."""
    from chatframes.sources.webex.rows import row
    from chatframes.table.batches import to_batch

    rows: list[dict[str, Any]] = []
    for answer in answers:
        pairs = [(row(item, ROOM, "Room", NOW, raw=False), ()) for item in json.loads(answer)["items"]]
        rows += [{**cells, "images": []} for cells in to_batch(pairs).table.to_pylist()]
    return rows


READERS = {"chatframes": with_chatframes, "pandas": with_pandas, "dicts": only_dicts, "same dicts": same_dicts}


def read_pages(name: str, messages: int) -> Figures:
    answers = list(pages(messages))
    READERS[name](answers[:1])  # imports
    figures: Figures = {}
    with measured(figures):
        made = READERS[name](answers)
    assert len(made) == messages
    return figures


def photo(number: int) -> bytes:
    """Return what no codec makes smaller, like a picture."""
    return random.Random(number).randbytes(50_000 + number * 7919 % 350_000)


def use_file(name: str, messages: int, pictures: int, folder: str) -> Figures:
    """Write a table and read it again; return the figures of both."""
    import pandas as pd

    import chatframes as cf

    frame = with_chatframes(list(pages(messages)))
    if pictures:
        frame["images"] = [[{"bytes": photo(number), "path": f"{number}.jpg"}] for number in range(messages)]
    if name == "base64":
        frame["images"] = [[base64.b64encode(one["bytes"]).decode() for one in cell] for cell in frame["images"]]
    path = Path(folder, f"{name}.parquet")
    growths, reading = [], Figures()
    for _ in range(2):  # the first time loads libraries; the second time reuses memory
        writing = Figures()
        with measured(writing):
            if name == "chatframes":
                cf.write_parquet(frame, path)
            else:
                frame.to_parquet(path)
        with measured(reading):
            found = cf.read_parquet(path) if name == "chatframes" else pd.read_parquet(path)
        assert len(found) == messages
        growths.append(writing["grown_mib"])
    walls = {"write_wall": writing["wall"], "write_cpu": writing["cpu"], "read_wall": reading["wall"]}
    return {**walls, "read_cpu": reading["cpu"], "grown_mib": max(growths), "mb": path.stat().st_size / 1e6}


# --- what is compared -------------------------------------------------------------------------------------------------


def contender(*arguments: object) -> Figures:
    """Run one in a process of its own; its name comes last."""
    *others, name = arguments
    return fresh(__file__, *others, "--contend", name)


def compare_pages(sizes: list[int], rounds: int, names: list[str]) -> None:
    each = {}
    for messages in sizes:
        run = partial(contender, "--messages", messages)
        results = interleaved(names, rounds, run)
        print(f"\n{messages:,} messages in pages of {PAGE}, {rounds} rounds")
        for name, some in results.items():
            microseconds = [cpu / messages * 1e6 for cpu in of(some, "cpu")]
            print(
                f"  {name:12} {spread(microseconds, 1):>20} us of CPU each, {spread(of(some, 'wall')):>20} s, "
                f"grows by {spread(of(some, 'grown_mib'), 0)} MiB",
                flush=True,
            )
        if "chatframes" not in names:
            continue
        each[messages] = [cpu / messages * 1e6 for cpu in of(results["chatframes"], "cpu")]
        what = f"{messages:,} messages to a table"
        conclude(f"{what}: us of CPU for each (43 when it was set)", each[messages], most=21.5, digits=1)
        conclude(f"{what}: CPU / pandas' with seven columns", ratios(results, "chatframes", "pandas", "cpu"))
        for other, said in (("same dicts", "dicts with the same columns"), ("dicts", "the answers' dicts")):
            grown = ratios(results, "chatframes", other, "grown_mib") if other in names else []
            conclude(f"{what}: memory / that of {said}", grown, most=0.25)
    if len(each) > 1:
        least, most = min(sizes), max(sizes)
        growth = [big / small for big, small in zip(each[most], each[least], strict=True)]
        conclude(f"time for each of {most:,} / of {least:,} messages", growth, most=1.15)


def compare_files(messages: int, pictures: int, rounds: int) -> None:
    names = ["chatframes", "pandas", *(["base64"] if pictures else [])]
    with tempfile.TemporaryDirectory() as folder:
        run = partial(contender, "files", "--messages", messages, "--pictures", pictures, "--folder", folder)
        results = interleaved(names, rounds, run)
    what = f"{pictures:,} pictures of 50 to 400 KB" if pictures else f"{messages:,} messages"
    print(f"\n{what}, {rounds} rounds")
    for name, some in results.items():
        print(
            f"  {name:12} written in {spread(of(some, 'write_wall')):>20} s, grows by "
            f"{spread(of(some, 'grown_mib'), 0)} MiB; read in {spread(of(some, 'read_wall')):>20} s; "
            f"{some[-1]['mb']:.1f} MB",
            flush=True,
        )
    for other in names[1:]:
        said = "pandas'" if other == "pandas" else "base64's"
        for key, verb in (("write_cpu", "written"), ("read_cpu", "read")):
            conclude(f"{what} {verb}: CPU / {said}", ratios(results, "chatframes", other, key))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["pages", "files"], default="pages")
    parser.add_argument("--messages", type=int, nargs="*", default=[100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=list(READERS), choices=list(READERS), help="of pages")
    parser.add_argument("--contend", help=argparse.SUPPRESS)
    parser.add_argument("--pictures", type=int, default=500, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend and options.what == "pages":
        print(json.dumps(read_pages(options.contend, options.messages[0])))
    elif options.contend:
        print(json.dumps(use_file(options.contend, options.messages[0], options.pictures, options.folder)))
    elif options.what == "pages":
        compare_pages(options.messages, options.rounds, options.only)
    else:
        compare_files(options.messages[0], 0, options.rounds)
        compare_files(options.pictures, options.pictures, options.rounds)
