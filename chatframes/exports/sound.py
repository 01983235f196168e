"""Find out what of a damaged part is whole: each page has a checksum, and each picture its hash."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..images.headers import inspect
from ..table.files import UNREADABLE
from ..table.schema import MESSAGES
from .fitting import Fitting
from .parts import footer_of
from .rows import Row, with_pictures

__all__ = ["is_sound", "sound_rows"]

WORDS = pa.schema([field for field in MESSAGES if field.name != "images"])

# What becomes of a picture that is damaged: nothing is known of it any more, and another call with pictures fetches it.
LOST = {
    "status": "skipped",
    "reason": "disabled",
    "mime": None,
    "size": None,
    "width": None,
    "height": None,
    "sha256": None,
    "http_status": None,
    "elapsed_ms": None,
    "error": None,
    "note": None,
}


def sound_rows(path: Path, export: str | None, expected: set[str] | None) -> Iterator[tuple[pa.Table, int]]:
    """Yield the rows of a part that are whole, with the number of their pictures that are not.

    Parameters
    ----------
    path : Path
        The part. Of one that is not of this export, or has no checksums, nothing can be known, and nothing is yielded.
    export : str or None
        The id of the export.
    expected : set of str or None
        The uids that the part is to hold; None where nobody knows that any more.
    """
    footer = footer_of(path)
    if footer is None or footer.export is None or footer.export != export:
        return
    seen: set[str] = set()
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            rows, damaged = _rows(file, group)
            wanted = [row for row in rows if (expected is None or row["uid"] in expected) and row["uid"] not in seen]
            seen |= {row["uid"] for row in wanted}
            lost = sum(damaged.get(row["uid"], 0) for row in wanted)
            if wanted:
                yield pa.Table.from_pylist(wanted, schema=MESSAGES), lost


def is_sound(path: Path) -> bool:
    """Whether every row of a part can be read, and every picture is the one that was fetched."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                rows = Fitting().group(file, group, MESSAGES).to_pylist()
                if any(_damaged(row) for row in rows):
                    return False
    except UNREADABLE:
        return False
    return True


def _rows(file: pq.ParquetFile, group: int) -> tuple[list[Row], dict[str, int]]:
    """Return the rows of a row group whose words are whole, and how many pictures each has lost."""
    try:
        rows = Fitting().group(file, group, WORDS).to_pylist()
    except UNREADABLE:
        return [], {}
    try:
        pictures = file.read_row_group(group, columns=["images"])["images"].to_pylist()
    except UNREADABLE:
        pictures = [None] * len(rows)
    damaged = {}
    for row, images in zip(rows, pictures, strict=True):
        row["images"] = images or []
        if places := _damaged(row):
            damaged[row["uid"]] = len(places)
            _take_out(row, places)
    return rows, damaged


def _damaged(row: Row) -> set[int]:
    """Return the places of the attachments whose pictures are not what was fetched."""
    return {
        place
        for place, (entry, picture) in enumerate(with_pictures(row))
        if entry["status"] == "ok" and not _is_the_picture(entry, picture)
    }


def _is_the_picture(entry: dict[str, Any], picture: dict[str, Any] | None) -> bool:
    data = b"" if picture is None else picture["bytes"] or b""
    return sha256(data).hexdigest() == entry["sha256"] and inspect(data).mime is not None


def _take_out(row: Row, places: set[int]) -> None:
    media, images = [], []
    for place, (entry, picture) in enumerate(with_pictures(row)):
        if place in places:
            size = entry["declared_size"] or entry["size"]
            entry, picture = entry | LOST | {"declared_size": size, "attempts": 0}, None
        media.append(entry)
        if picture is not None:
            images.append(picture)
    row |= {"media": media, "images": images, "n_images": len(images)}
