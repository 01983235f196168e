"""Compare a table with the records that the sandbox was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from chatframes.model import ACTIONS
from chatframes.table.detail_keys import DETAIL_KEYS
from chatframes.table.details import details

FIELDS = [
    "platform", "chat_id", "chat_name", "message_id", "created_at", "edited_at", "author_id", "author_name",
    "author_kind", "text", "markup", "parent_id", "thread_id", "depth", "mentions", "links",
]  # fmt: skip

MORE_FIELDS = [
    "kind", "topic", "album_id", "reactions", "views", "forwards", "reply_count", "forwarded_from", "flags", "permalink",
]  # fmt: skip


def plain(value: Any) -> Any:
    """A cell as plain Python: null is None, sequences are lists."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{name: plain(record[name]) for name in FIELDS} for record in frame.to_dict("records")]


def check(
    frame: pd.DataFrame,
    expected: Sequence[Mapping[str, Any]],
    *,
    images: bool = True,
    fates: Mapping[str, tuple[str, str | None]] | None = None,
    broken: frozenset[str] | set[str] = frozenset(),
) -> None:
    """Every id once and in order, every field, every picture's SHA-256; `fates` are the outcomes of afflicted files.

    Messages in `broken` were never deciphered by the service: only their ids can be held against the truth.
    """
    assert undocumented(frame) == []
    assert set(frame["action"].dropna()) <= ACTIONS
    assert sorted(frame["message_id"]) == sorted(record["message_id"] for record in expected)
    by_id = {record["message_id"]: record for record in expected}
    whole = frame[~frame["message_id"].isin(list(broken))]
    assert list(whole["message_id"]) == [r["message_id"] for r in expected if r["message_id"] not in broken]
    for row in rows(whole):
        truth = by_id[row["message_id"]]
        assert row == {name: plain(truth[name]) for name in FIELDS}
    for record in frame.to_dict("records"):
        if record["message_id"] not in broken:
            check_media(record, by_id[record["message_id"]]["media"], images=images, fates=fates or {})


def undocumented(frame: pd.DataFrame) -> list[str]:
    """Keys of `details` that are not listed in docs/table.md, and fields of another type than the one told there."""
    keys = sorted({key for text in frame["details"].dropna() for key in json.loads(text)})
    odd = [key for key in keys if key not in DETAIL_KEYS]
    for key in set(keys) - set(odd):
        types = details(frame, key).dtypes.astype(str)
        odd += [f"{key}.{name}: {types[name]}" for name, told in DETAIL_KEYS[key].items() if types[name] != told]
    return odd


def check_media(
    row: Mapping[str, Any],
    expected: Sequence[Mapping[str, Any]],
    *,
    images: bool,
    fates: Mapping[str, tuple[str, str | None]],
) -> None:
    assert [cell["source_id"] for cell in row["media"]] == [record["source_id"] for record in expected]
    assert row["n_media"] == len(expected)
    pictures = iter(row["images"])
    for cell, record in zip(row["media"], expected, strict=True):
        fate = (cell["status"], cell["reason"])
        if not images:
            assert fate == ("skipped", "disabled") or (not record["is_image"] and fate[0] == "skipped"), cell
        elif record["source_id"] in fates:
            assert fate == fates[record["source_id"]], cell
            assert fate != ("ok", None) or next(pictures)["bytes"]  # other bytes than the record's
        elif not record["is_image"]:
            assert fate == ("skipped", record.get("reason") or "not_an_image")
            assert cell["name"] == record["name"]
            assert cell["declared_mime"] == record["declared_mime"]
        else:
            assert fate == ("ok", None), cell
            known = ("sha256", "mime", "size", "width", "height")
            assert {name: cell[name] for name in known} == {name: record[name] for name in known}
            data = next(pictures)["bytes"]
            assert hashlib.sha256(data).hexdigest() == record["sha256"]
    assert next(pictures, None) is None


def check_more(
    frame: pd.DataFrame, expected: Sequence[Mapping[str, Any]], fields: Sequence[str] = tuple(MORE_FIELDS)
) -> None:
    """The columns that only some services have."""
    by_id = {record["message_id"]: record for record in expected}
    for row in frame.to_dict("records"):
        truth = by_id[row["message_id"]]
        for name in fields:
            assert same(row[name]) == same(truth[name]), (name, row["message_id"])


def same(value: Any) -> Any:
    """A cell and a record's field in one shape: pairs and structs alike."""
    value = plain(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [
            (item["key"], item["count"])
            if isinstance(item, dict)
            else (tuple(item) if isinstance(item, list) else item)
            for item in value
        ]
    return value
