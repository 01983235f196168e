"""Messages become a DataFrame."""

from __future__ import annotations

import dataclasses
import io
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from help.sampling import tried
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import chatframes as cf
from chatframes.errors import ConfigError
from chatframes.images.shown import ImageBytes
from chatframes.model import Attachment, ForwardedFrom, Message, Outcome
from chatframes.table.arrow import image_bytes
from chatframes.table.batches import to_batch
from chatframes.table.frame import attachments, build
from chatframes.table.schema import ATTACHMENTS, MEDIA, MESSAGES

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def message(message_id: str = "1", **fields: object) -> Message:
    given_fields = {"created_at": NOW - timedelta(days=2), "fetched_at": NOW} | fields
    return Message("webex", "room", "Apollo", message_id, **given_fields)  # type: ignore[arg-type]


def frame_of(*messages: Message, **options: object) -> pd.DataFrame:
    pairs = [(m, [Outcome("skipped", "disabled")] * len(m.attachments)) for m in messages]
    return build([to_batch(pairs)], **options)  # type: ignore[arg-type]


def png(shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def picture(shade: int = 0) -> Outcome:
    data = png(shade)
    return Outcome("ok", data=data, mime="image/png", size=len(data), width=4, height=3, attempts=1)


FILES = tuple(Attachment(at, "file", f"file-{at}", name=f"{at}.bin", declared_size=9) for at in range(3))


@pytest.mark.parametrize("rows", [0, 1])
def test_the_types_are_the_same_with_and_without_rows(rows: int) -> None:
    frame = frame_of(*[message(attachments=FILES)] * rows)
    assert list(frame.columns) == MESSAGES.names
    expected = {
        pa.string(): "str",
        pa.int16(): "Int16",
        pa.int32(): "Int32",
        pa.int64(): "Int64",
        pa.timestamp("us", "UTC"): "datetime64[us, UTC]",
    }
    for field in MESSAGES:
        if pa.types.is_dictionary(field.type):
            assert frame[field.name].dtype == "category"
            assert frame[field.name].cat.categories.dtype == "str"
        else:
            assert str(frame[field.name].dtype) == expected.get(field.type, "object"), field.name
    tidy = attachments(frame)
    assert list(tidy.columns) == ATTACHMENTS.names
    assert tidy.dtypes.astype(str).to_dict() == attachments(build([])).dtypes.astype(str).to_dict()
    assert len(tidy) == 3 * rows


def test_every_field_of_a_message_arrives() -> None:
    origin = ForwardedFrom("c", "m", "a", "Ann", NOW - timedelta(days=9))
    full = message(
        edited_at=NOW - timedelta(days=1), author_id="p1", author_name="Ann", author_kind="person", title="T",
        text="hello", markup="<b>hello</b>", parent_id="0", thread_id="0", depth=1, topic="news", album_id="al",
        mentions=("p2", "p3"), links=("https://example.com",), reactions=(("👍", 2),), score=-3, views=2**40,
        forwards=4, reply_count=5, forwarded_from=origin, flags=("pinned",), permalink="https://example.com/1",
        raw='{"id": 1}', kind="service", origin="api", action="member_added", subjects=["p4"], author_handle="@ann",
        quote="as said", parent_chat_id="other", topic_id="7", details={"dice": {"value": 6, "emoji": "🎲"}},
    )  # fmt: skip
    row = frame_of(full).iloc[0]
    for field in dataclasses.fields(Message):
        if field.name in ("attachments", "mentions", "links", "flags", "reactions", "forwarded_from",
                          "subjects", "details"):  # fmt: skip
            continue
        assert row[field.name] == getattr(full, field.name), field.name
    assert row["uid"] == full.uid == "webex:room:1"
    assert row["mentions"] == ["p2", "p3"]
    assert row["links"] == ["https://example.com"]
    assert row["flags"] == ["pinned"]
    assert row["subjects"] == ["p4"]
    assert row["details"] == '{"dice":{"emoji":"🎲","value":6}}'
    assert row["reactions"] == [{"key": "👍", "count": 2}]
    assert row["forwarded_from"] == dataclasses.asdict(origin)


def test_what_a_service_does_not_say_is_null_and_lists_are_empty() -> None:
    row = frame_of(message()).iloc[0]
    assert row["reactions"] is None
    assert row["forwarded_from"] is None
    assert [row[name] for name in ("mentions", "links", "flags", "subjects", "media", "images")] == [[]] * 6
    assert row["text"] == ""
    nulls = ["edited_at", "author_id", "title", "markup", "parent_id", "score", "views", "raw", "details", "quote"]
    assert row[nulls].isna().all()
    assert {field.name for field in [*MESSAGES, *ATTACHMENTS] if pa.types.is_nested(field.type)} == {
        "mentions", "links", "reactions", "forwarded_from", "flags", "subjects", "media", "images", "image"
    }  # fmt: skip


def test_every_attachment_has_its_fate_and_only_pictures_that_are_ok_have_bytes() -> None:
    fates = [picture(1), Outcome("failed", "gone", http_status=404, error="x" * 500), picture(2)]
    frame = build([to_batch([(message(attachments=FILES), fates)])])
    row = frame.iloc[0]
    assert (row["n_media"], row["n_images"]) == (3, 2)
    assert [cell["status"] for cell in row["media"]] == ["ok", "failed", "ok"]
    assert all(list(cell) == [field.name for field in MEDIA] for cell in row["media"])
    assert row["media"][1]["error"] == "x" * 200
    assert row["media"][1]["size"] is None
    assert row["media"][1]["declared_size"] == 9
    assert [image["bytes"] for image in row["images"]] == [png(1), png(2)]
    assert [image["path"] for image in row["images"]] == ["webex-room-1-0.png", "webex-room-1-2.png"]
    assert all(type(image["bytes"]) is ImageBytes for image in row["images"])


def test_what_the_bytes_say_wins_over_what_was_announced() -> None:
    announced = Attachment(0, "file", "f", name="a.bin", declared_mime="text/plain", width=1, height=1)
    frame = build([to_batch([(message(attachments=(announced,)), [dataclasses.replace(picture(), name="b.png")])])])
    cell = frame["media"][0][0]
    assert (cell["name"], cell["width"], cell["mime"], cell["declared_mime"]) == ("b.png", 4, "image/png", "text/plain")


def test_one_picture_in_many_messages_is_held_once() -> None:
    outcome = picture()
    batch = to_batch([(message(str(at), attachments=FILES[:1]), [outcome]) for at in range(20)])
    assert len(batch.images) == 20
    assert sum(image_bytes(build([batch]))) == 20 * len(png())
    assert len({id(cell[0]["bytes"]) for cell in build([batch])["images"]}) == 1


def test_an_outcome_without_its_bytes_is_not_called_ok() -> None:
    frame = build([to_batch([(message(attachments=FILES[:1]), [Outcome("ok")])])])
    assert frame["media"][0][0]["status"] == "failed"
    assert frame["media"][0][0]["reason"] == "internal"
    assert frame["images"][0] == []


def test_a_missing_outcome_is_an_error_not_a_hole() -> None:
    with pytest.raises(ValueError, match="zip"):
        to_batch([(message(attachments=FILES), [picture()])])


def test_rows_are_sorted_by_time_then_chat_then_id_by_length_and_value() -> None:
    early, late = NOW - timedelta(days=3), NOW - timedelta(days=2)
    wanted = [
        dataclasses.replace(message(message_id, created_at=at), chat_id=chat)
        for at, chat, message_id in [
            (early, "a", "9"), (early, "a", "10"), (early, "a", "100"), (early, "b", "1"), (late, "a", "2"),
            (None, "a", "1"), (None, "a", "02"), (None, "b", "3"),
        ]
    ]  # fmt: skip
    shuffled = wanted[:]
    random.Random(1).shuffle(shuffled)
    frame = build([to_batch([(m, [])]) for m in shuffled])
    assert frame["uid"].tolist() == [m.uid for m in wanted]
    assert frame.index.tolist() == list(range(len(wanted)))


def test_a_message_seen_twice_is_kept_once_where_it_has_most_pictures() -> None:
    without = (message(attachments=FILES[:1], text="first"), [Outcome("failed", "timeout")])
    with_picture = (message(attachments=FILES[:1], text="second"), [picture()])
    other = (message("2"), [])
    frame = build([to_batch([without, other]), to_batch([with_picture, without, other])])
    assert frame["text"].tolist() == ["second", ""]
    assert frame["n_images"].tolist() == [1, 0]
    same = build([to_batch([(message(text="first"), [])]), to_batch([(message(text="second"), [])])])
    assert same["text"].tolist() == ["first"]


@tried(given(st.lists(st.text(st.characters(exclude_categories=())), max_size=20)), few=30)
def test_any_text_fits_and_valid_text_is_unchanged(texts: list[str]) -> None:
    frame = frame_of(*[message(str(at), text=text, author_name=text) for at, text in enumerate(texts)])
    frame = frame.set_index("message_id")
    for at, text in enumerate(texts):
        row = frame.loc[str(at)]
        try:
            text.encode()
        except UnicodeEncodeError:
            assert row["flags"] == ["text_repaired"]
            assert row["text"] == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        else:
            assert row["text"] == row["author_name"] == text
            assert row["flags"] == []


def test_halves_of_a_pair_are_joined_and_a_half_alone_is_replaced() -> None:
    frame = frame_of(message("1", text="\ud83d\ude00 \ud83d!"), message("2", mentions=("\ud83d",)), message("3"))
    assert frame["text"][0] == "😀 \ufffd!"
    assert frame["mentions"][1] == ["\ufffd"]
    assert frame["flags"].tolist() == [["text_repaired"], ["text_repaired"], []]


def test_a_text_without_end_is_cut_and_says_so() -> None:
    frame = frame_of(message("1", text="x" * 1_000_001, markup="y" * 1_000_001), message("2", text="x" * 1_000_000))
    assert frame["text"].str.len().tolist() == [1_000_000, 1_000_000]
    assert frame["flags"].tolist() == [["text_truncated"], []]


@pytest.mark.parametrize(
    ("moment", "kept"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), False),
        (datetime(1969, 12, 31, tzinfo=UTC), False),
        (datetime(1970, 1, 1, tzinfo=UTC), True),
        (NOW + timedelta(hours=23), True),
        (NOW + timedelta(hours=25), False),
        (datetime(9999, 12, 31, tzinfo=UTC), False),
    ],
)
def test_an_impossible_time_becomes_null_and_says_so(moment: datetime, kept: bool) -> None:
    row = frame_of(message(created_at=moment)).iloc[0]
    assert (row["created_at"] == moment) is kept
    assert row["flags"] == ([] if kept else ["created_out_of_range"])


def test_a_number_out_of_range_becomes_null_and_says_so() -> None:
    large = Attachment(0, "file", "f", declared_size=2**70)
    frame = frame_of(message("1", score=2**31, views=9_007_199_254_740_993), message("2", attachments=(large,)))
    assert frame["score"].isna().all()
    assert frame["views"][0] == 9_007_199_254_740_993
    assert frame["media"][1][0]["declared_size"] is None
    assert frame["flags"].tolist() == [["score_out_of_range"], ["declared_size_out_of_range"]]


def test_depth_and_root_of_replies_are_filled_from_their_parents() -> None:
    chain = [message("0"), *(message(str(at), parent_id=str(at - 1)) for at in range(1, 50))]
    frame = frame_of(*chain, message("90", parent_id="not here"), message("91", parent_id="90"))
    frame = frame.set_index("message_id")
    assert [frame.loc[str(at), "depth"] for at in range(50)] == list(range(50))
    assert set(frame.loc["0":"49", "thread_id"]) == {"0"}
    assert frame.loc[["90", "91"], ["depth", "thread_id"]].isna().all(axis=None)
    assert str(frame["depth"].dtype) == "Int16"
    assert str(frame["thread_id"].dtype) == "str"


def test_what_the_source_knows_of_a_thread_is_kept() -> None:
    known = message("1", parent_id="gone", thread_id="root", depth=5)
    frame = frame_of(known, message("2", parent_id="1"), message("3", parent_id="2", thread_id="own", depth=9))
    assert frame["thread_id"].tolist() == ["root", "root", "own"]
    assert frame["depth"].tolist() == [5, 6, 9]


def test_a_circle_of_replies_ends() -> None:
    circle = [message("1", parent_id="3"), message("2", parent_id="1"), message("3", parent_id="2")]
    frame = frame_of(*circle, message("4", parent_id="4"), message("5", parent_id="3"))
    assert frame["depth"].isna().all()
    assert frame["thread_id"].isna().all()


def test_replies_are_not_followed_into_another_chat() -> None:
    elsewhere = dataclasses.replace(message("1"), chat_id="other")
    frame = frame_of(elsewhere, message("2", parent_id="1")).set_index("message_id")
    assert pd.isna(frame.loc["2", "depth"])


def test_batches_of_a_stream_leave_open_what_only_the_whole_can_tell() -> None:
    frame = frame_of(message("1"), message("2", parent_id="1"), resolve=False)
    assert frame["depth"].isna().all()


def test_the_report_travels_in_the_attrs_as_plain_json() -> None:
    frame = frame_of(message(), attrs={"status": "complete", "sources": ({"gaps": ()},)})
    assert frame.attrs == {"chatframes": {"status": "complete", "sources": [{"gaps": []}]}, "schema_version": 2}
    assert json.loads(json.dumps(frame.attrs)) == frame.attrs
    with pytest.raises(TypeError):
        frame_of(message(), attrs={"when": NOW})


def test_attachments_count_what_is_in_hand() -> None:
    first = message("1", attachments=FILES, text="look", author_id="p1", author_name="Ann")
    fates = [picture(1), Outcome("skipped", "not_an_image", mime="application/pdf"), picture(2)]
    second = message("2", attachments=FILES[:2])
    frame = build([to_batch([(first, fates), (second, [Outcome("failed", "dns"), picture(3)]), (message("3"), [])])])
    tidy = attachments(frame)
    assert tidy["status"].value_counts().to_dict() == {"ok": 3, "skipped": 1, "failed": 1}
    assert len(tidy) == frame["n_media"].sum() == 5
    assert tidy["uid"].tolist() == ["webex:room:1"] * 3 + ["webex:room:2"] * 2
    assert tidy["position"].tolist() == [0, 1, 2, 0, 1]
    assert [image and image["bytes"] for image in tidy["image"]] == [png(1), None, png(2), None, png(3)]
    assert tidy["caption"].tolist() == ["look"] * 3 + [""] * 2
    assert tidy["author_name"].fillna("?").tolist() == ["Ann"] * 3 + ["?"] * 2
    assert (tidy["chat_name"] == "Apollo").all()
    assert (tidy["created_at"] == NOW - timedelta(days=2)).all()
    assert len(attachments(frame[frame["message_id"] == "2"])) == 2


def test_attachments_of_another_frame_say_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="'media' is not there"):
        attachments(build([]).drop(columns="media"))


@pytest.mark.parametrize(
    "call",
    [
        cf.attachments,
        cf.members,
        cf.plot_activity,
        cf.preview,
        lambda folder: cf.details(folder, "poll"),
        lambda folder: cf.concat([folder]),
    ],
    ids=["attachments", "members", "plot_activity", "preview", "details", "concat"],
)
@pytest.mark.parametrize("folder", ["apollo/", Path("apollo")], ids=["str", "Path"])
def test_a_folder_in_the_place_of_a_table_is_told_how_to_become_one(call: Any, folder: Any) -> None:
    with pytest.raises(cf.ConfigError, match=r"give it what cf\.read_parquet\(folder\) returns\.$"):
        call(folder)
