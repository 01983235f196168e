"""Several frames become one: each message once, types kept, and one report about all sources."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from help.undecodable import saved
from pandas.testing import assert_frame_equal

import chatframes as cf
from chatframes.errors import ConfigError
from chatframes.images.shown import ImageBytes
from chatframes.model import Attachment, Message, Outcome
from chatframes.table.batches import to_batch
from chatframes.table.frame import attachments, build
from chatframes.table.report import Report
from chatframes.table.schema import MESSAGES
from chatframes.table.source_report import Missing, SourceReport

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PICTURE = Outcome("ok", data=ImageBytes(saved("PNG")), mime="image/png")


def told(name: str, messages: int, **facts: Any) -> Report:
    source = SourceReport(f"Webex('{name}')", messages=messages, status=facts.pop("of_source", "complete"))
    return Report(created_at=f"2026-11-0{messages}T00:00:00Z", sources=(source,), seconds=1.5, **facts)


def chat(ids: str, report: Report | None, *, chat_id: str = "c", pictures: bool = True, hours: int = 0) -> pd.DataFrame:
    pairs = []
    for letter in ids:
        at = NOW - timedelta(days=ord(letter))
        message = Message(
            "webex", chat_id, f"Chat {chat_id}", letter, at, NOW + timedelta(hours=hours), text=f"{letter} at {hours}",
            reactions=(("👍", 1),) if letter in "ace" else None, parent_id="a" if letter == "b" else None,
            attachments=(Attachment(0, "file", "f"),),
        )  # fmt: skip
        pairs.append((message, [PICTURE if pictures else Outcome("skipped", "disabled")]))
    return build([to_batch(pairs)], report.to_dict() if report else None)


def test_rows_reports_and_pictures_of_all_frames_are_there() -> None:
    one = chat("abc", told("one", 3, images_ok=3, image_bytes=30, skipped={"too_large": 1}, symptoms=("slow",)))
    two = chat("de", told("two", 2, images_ok=2, image_bytes=20, skipped={"too_large": 2, "budget": 1}), chat_id="d")
    both = cf.concat([one, two])
    assert both["message_id"].tolist() == list("edcba"), "in the order of time"
    report = cf.report(both)
    assert [source.source for source in report.sources] == ["Webex('one')", "Webex('two')"]
    assert (report.images_ok, report.image_bytes, report.skipped) == (5, 50, {"too_large": 3, "budget": 1})
    assert (report.seconds, report.symptoms, report.created_at) == (3.0, ("slow",), "2026-11-02T00:00:00Z")
    assert (report.status, report.in_hand) == ("complete", 5)
    assert len(attachments(both)) == 5
    assert both["images"].iloc[0][0]["bytes"] is two["images"].iloc[0][0]["bytes"], "a picture is not copied"
    assert "Webex('one')" in str(report)


def test_the_types_are_those_of_fetch_and_the_frame_is_like_one_that_was_fetched_at_once() -> None:
    parts = [chat("abc", None), chat("de", None, chat_id="d"), chat("", None)]
    both = cf.concat(parts)
    assert_frame_equal(both, cf.concat([both]), check_categorical=False)
    assert both.dtypes.astype(str).tolist() == chat("abc", None).dtypes.astype(str).tolist()
    assert list(both.columns) == MESSAGES.names
    assert both.index.equals(pd.RangeIndex(5))
    assert isinstance(both["chat_name"].dtype, pd.CategoricalDtype)


def test_a_reply_finds_its_parent_in_the_other_frame() -> None:
    both = cf.concat([chat("b", None), chat("a", None)]).set_index("message_id")
    assert (both.loc["b", "thread_id"], both.loc["b", "depth"]) == ("a", 1)


@pytest.mark.parametrize("turned", [False, True])
def test_a_message_in_several_frames_is_kept_once(turned: bool) -> None:
    old, new = chat("abc", told("one", 3)), chat("bcd", told("one", 4), hours=5)
    frames = [new, old] if turned else [old, new]
    both = cf.concat(frames).set_index("message_id")
    assert both["text"].to_dict() == {"a": "a at 0", "b": "b at 5", "c": "c at 5", "d": "d at 5"}
    without = cf.concat([chat("abc", None, pictures=False, hours=9), *frames]).set_index("message_id")
    assert without["text"].to_dict() == both["text"].to_dict(), "pictures count for more than being new"
    assert without["n_images"].tolist() == [1] * 4


def test_frames_of_one_call_share_their_report() -> None:
    frame = chat("abcde", told("one", 5))
    both = cf.concat([frame.iloc[:2], frame.iloc[2:]])
    assert_frame_equal(both, frame)
    assert cf.report(both).sources == cf.report(frame).sources
    # Pictures that were filled in since, piece by piece, make no other call of it.
    halves = [
        chat(ids, told("one", 5, images_ok=len(ids), skipped={"disabled": 5 - len(ids)})) for ids in ("abc", "de")
    ]
    report = cf.report(cf.concat(halves))
    assert (report.sources, report.seconds) == (cf.report(frame).sources, 1.5)
    assert (report.images_ok, report.skipped) == (5, {})
    assert cf.report(cf.concat([halves[0], chat("d", told("one", 5), pictures=False)])).images_ok == 3
    # Of a stream only the last frame carries the report.
    assert cf.report(cf.concat([chat("ab", None), chat("cde", told("one", 5))])).sources == cf.report(frame).sources
    with pytest.raises(ConfigError, match="carries no report"):
        cf.report(cf.concat([chat("ab", None)]))


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (["complete", "complete"], "complete"),
        (["complete", "open"], "open"),
        (["open", "partial"], "partial"),
        (["failed", "failed"], "failed"),
        (["complete", "failed"], "partial"),
    ],
)
def test_the_status_is_as_if_all_had_been_fetched_at_once(statuses: list[str], status: str) -> None:
    frames = [chat("", told(f"{at}", at + 1, status=each, of_source=each)) for at, each in enumerate(statuses)]
    assert cf.report(cf.concat(frames)).status == status


def test_what_is_missing_of_each_source_stays(tmp_path: Path) -> None:
    source = SourceReport("Reddit('r/a')", status="partial", missing=Missing(3, ("x", "y")), notes=("A note.",))
    both = cf.concat([chat("a", told("one", 1)), chat("b", Report(status="partial", sources=(source,)))])
    assert cf.report(both).sources[1] == source
    cf.write_parquet(both, tmp_path / "a.parquet")
    assert cf.report(cf.read_parquet(tmp_path / "a.parquet")).sources[1] == source
    json.dumps(both.attrs)


def test_own_columns_come_along_and_are_null_where_a_frame_has_none() -> None:
    one = chat("abc", None).assign(mine=[1, 2, 3], kind_of=pd.Categorical(list("xyx")), only=True)
    two = chat("de", None, chat_id="d").assign(mine=[4, 5], kind_of=pd.Categorical(list("zx")))
    one.attrs["by"], two.attrs["by"] = "me", "you"
    both = cf.concat([one, two]).set_index("message_id")
    in_order = {
        **dict(zip(one["message_id"], one["mine"], strict=True)),
        **dict(zip(two["message_id"], two["mine"], strict=True)),
    }
    assert both["mine"].to_dict() == in_order
    assert set(both["kind_of"].cat.categories) == {"x", "y", "z"}
    assert both["only"].isna().sum() == 2
    assert both.attrs["by"] == "me"
    mixed = cf.concat([one, two.assign(kind_of=pd.Categorical([1, 2], ordered=True))])
    assert mixed["kind_of"].tolist()[:2] == [1, 2]


def test_frames_that_went_through_other_hands_are_taken(tmp_path: Path) -> None:
    frame = chat("abc", told("one", 3))
    frame.to_parquet(tmp_path / "plain.parquet")
    by_pandas = pd.read_parquet(tmp_path / "plain.parquet")
    assert isinstance(by_pandas["media"].iloc[0], np.ndarray)
    keyed = chat("de", None, chat_id="d").set_index("uid")
    without = chat("f", None, chat_id="e").drop(columns=["raw", "images", "score"])
    both = cf.concat({"a": by_pandas, "b": keyed, "c": without})
    assert len(both) == 6
    assert both["media"].map(type).eq(list).all()
    assert both["n_images"].sum() == 6
    assert cf.report(both).sources[0].source == "Webex('one')"
    assert cf.concat(iter([by_pandas, keyed])).shape[0] == 5


def test_plain_concat_of_two_frames_is_mended_by_ours() -> None:
    twice = pd.concat([chat("abc", None), chat("cd", None, hours=3)])
    assert cf.concat([twice])["text"].tolist() == ["d at 3", "c at 3", "b at 0", "a at 0"]


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        ([], "There is nothing to put together"),
        (chat("a", None), r"takes a list of frames.*write concat\(\[frame, other\]\)"),
        (5, "takes a list of frames, not a value of type int"),
        ([chat("a", None), None], "and number 2 is a value of type NoneType"),
        ([chat("a", None), pd.DataFrame({"a": [1]})], "frame number 2 is none: the column 'uid' is not there"),
        ([attachments(chat("a", None))], "frame number 1 is none"),
        ([chat("a", None).assign(score="many")], "Column 'score' holds a value that its type"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(frames: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        cf.concat(frames)
