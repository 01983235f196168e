"""Compare what an export holds with what a fetch gives, and count what the sandbox was asked for."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

import chatframes as cf
from chatframes import api, loop
from chatframes.exports.order import Order
from chatframes.exports.run import exporting
from chatframes.settings.merge import merge

PLATFORMS = ["webex", "telegram", "reddit"]
# These differ between two readings of the same message.
OF_THE_READING = ["fetched_at"]
OF_A_DOWNLOAD = ("attempts", "elapsed_ms", "http_status", "url", "error")


def source(platform: str, **arguments: Any) -> Any:
    chats = {
        "webex": lambda: cf.Webex("Project Apollo", **arguments),
        "telegram": lambda: cf.Telegram("@apollo", **arguments),
        "reddit": lambda: cf.Reddit("r/apollo", **({"posts": "all", "comments": "all"} | arguments)),
    }
    return chats[platform]()


def content(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Everything that a table says, by uid, in a form that can be compared."""
    rows = frame.drop(columns=OF_THE_READING).astype(object).where(lambda f: f.notna() | f.map(_is_list), None)
    return {row["uid"]: {name: _plain(value) for name, value in row.items()} for row in rows.to_dict("records")}


def _is_list(value: Any) -> bool:
    return isinstance(value, list | dict)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name not in OF_A_DOWNLOAD}
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return value


def pictures_asked(world: Any, platform: str) -> dict[str, int]:
    """How often the sandbox was asked for the bytes of each attachment."""
    stats = world.stats()
    asked = {
        "webex": lambda: stats["content_gets"],
        "telegram": lambda: stats["telegram"]["file_requests"],
        "reddit": lambda: stats["reddit"]["picture_gets"],
    }
    return dict(asked[platform]())


def pages_asked(world: Any, platform: str) -> int:
    """How many pages of messages the sandbox has answered."""
    stats = world.stats()
    asked = {
        "webex": lambda: stats["requests"].get("messages", 0),
        "telegram": lambda: stats["telegram"]["calls"].get("messages.getHistory", 0),
        "reddit": lambda: sum(stats["reddit"]["calls"].values()),
    }
    return int(asked[platform]())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "data").iterdir())


class Kill:
    """Ends its own process with SIGKILL at the n-th time that something happens: a point is reached, an event comes."""

    def __init__(self, point: str | None = None, times: int = 1) -> None:
        self.point, self.left = point, times

    def __call__(self, point: str) -> None:
        if self.point in (None, point):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def event(self, event: cf.Event) -> None:
        self(event.kind)


def order(sources: Any, folder: Path, config: Any, *, reach: Any = lambda point: None, **arguments: Any) -> Order:
    images = arguments.pop("images", True)
    return Order(
        [sources] if not isinstance(sources, list) else sources, merge(config, images), folder, reach=reach, **arguments
    )


def run(order: Order, emit: Any = lambda event: None) -> cf.Report:
    return loop.run(exporting(order, emit, api.clock)).report


def in_a_child(order: Order, emit: Any = lambda event: None) -> int:
    """Run an export in a process of its own; return how that ended: 0, or minus the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            run(order, emit)
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def pictures_in(part: Path) -> set[str]:
    """The attachments whose pictures are in a part, as plain pyarrow reads it."""
    cells = pq.read_table(part, columns=["media"])["media"].to_pylist()
    return {entry["source_id"] for cell in cells for entry in cell if entry["status"] == "ok"}


def pictures_held(folder: Path) -> set[str]:
    """The attachments whose pictures are in the parts that stand in `data/`."""
    return set().union(*map(pictures_in, (folder / "data").iterdir()))


def export_webex(world: Any, folder: Path, **arguments: Any) -> cf.Report:
    arguments = {"images": True} | arguments
    return cf.export(source("webex"), folder, config=world.config, progress=False, **arguments)


def changed(part: Path, *changes: tuple[int, bytes], keep_time: bool = False) -> None:
    """Write bytes into a part; its size stays."""
    before = part.stat()
    data = bytearray(part.read_bytes())
    for place, new in changes:
        place %= len(data)
        data[place : place + len(new)] = new
    part.write_bytes(data)
    assert part.stat().st_size == before.st_size
    if keep_time:  # as when the disk itself forgets
        os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))


def notes(report: cf.Report) -> str:
    return " ".join(note for source in report.sources for note in source.notes)
