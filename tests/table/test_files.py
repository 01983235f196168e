"""One Parquet file: written whole or not at all, and opened by everybody."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from help.sampling import sampled, tried
from help.undecodable import DECODED, UNDECODABLE
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from PIL import Image

from chatframes.errors import ConfigError
from chatframes.images.shown import ImageBytes
from chatframes.model import Attachment, ForwardedFrom, Message, Outcome
from chatframes.table.arrow import iter_row_groups, prepare
from chatframes.table.batches import to_batch
from chatframes.table.details import details
from chatframes.table.files import read_parquet, write_parquet
from chatframes.table.frame import attachments, build
from chatframes.table.schema import ATTACHMENTS, MESSAGES

NOW = datetime(2026, 11, 1, 12, 30, 15, 123456, tzinfo=UTC)
REPORT = {"version": 1, "status": "complete", "sources": []}
MIB = 1024 * 1024


def picture(number: int) -> Outcome:
    buffer = io.BytesIO()
    Image.new("RGB", (4 + number, 3), (number, 0, 0)).save(buffer, "PNG" if number % 2 else "JPEG")
    data = ImageBytes(buffer.getvalue())
    return Outcome("ok", data=data, mime="image/png" if number % 2 else "image/jpeg", size=len(data), attempts=1)


def chat(rows: int, *, images: bool = True) -> pd.DataFrame:
    """A chat that uses every column, with and without nulls."""
    pairs: list[tuple[Message, list[Outcome]]] = []
    for at in range(rows):
        full: dict[str, object] = {}
        files = ()
        if at % 2:
            full = {
                "edited_at": NOW, "author_id": "p1", "author_name": "Ann Ünal", "author_kind": "person", "title": "T",
                "markup": "<b>x</b>", "parent_id": "0", "topic": "news", "album_id": "al", "mentions": ("p2",),
                "links": ("https://example.com/?a=1", "b"), "reactions": (("👍", at),), "score": -at,
                "views": 2**53 + 1, "forwards": at, "reply_count": 0, "flags": ("pinned",), "permalink": "https://example.com",
                "raw": '{"a": null}', "forwarded_from": ForwardedFrom("c", None, None, "Bo", NOW - timedelta(days=400)),
                "action": "member_added", "subjects": ("p3", "p4"), "author_handle": "@ann", "quote": "as she said",
                "parent_chat_id": "other", "topic_id": "7", "details": {"dice": {"value": at}, "buttons": [{"text": "Go"}]},
            }  # fmt: skip
            files = tuple(
                Attachment(position, "voice", f"f{position}", url="https://x", duration_ms=1_500, alt="👍")
                for position in range(3)
            )
        written = NOW - timedelta(days=1) + timedelta(seconds=at)
        message = Message(
            "webex", "room", "Apollo", str(at), written, NOW, text=f"nr {at}\0", attachments=files, **full
        )  # type: ignore[arg-type]
        off = Outcome("skipped", "disabled")
        fates = [picture(at % 7), Outcome("failed", "gone", http_status=404), picture(at % 5)] if images else [off] * 3
        pairs.append((message, fates[: len(files)]))
    return build([to_batch(pairs)], REPORT)


FRAMES = {
    "a chat": lambda: chat(30),
    "a chat without pictures": lambda: chat(10, images=False),
    "no rows": lambda: chat(0),
    "attachments": lambda: attachments(chat(30)),
    "no attachments": lambda: attachments(chat(0)),
}
frames = pytest.mark.parametrize("frame", [pytest.param(make(), id=name) for name, make in FRAMES.items()])


@frames
def test_a_frame_comes_back_exactly(frame: pd.DataFrame, tmp_path: Path) -> None:
    write_parquet(frame, tmp_path / "chat.parquet")
    back = read_parquet(tmp_path / "chat.parquet")
    assert_frame_equal(back, frame)
    assert back.attrs == frame.attrs == {"chatframes": REPORT, "schema_version": 2}
    assert os.listdir(tmp_path) == ["chat.parquet"]
    if "images" in back:
        assert all(type(image["bytes"]) is ImageBytes for cell in back["images"] for image in cell)


TEXTS = st.tuples(st.text(st.characters(exclude_categories=())), st.none() | st.text())


@tried(given(st.lists(TEXTS, max_size=10)), few=20)
def test_texts_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "texts.parquet"
    messages = [
        Message("webex", "room", text, str(at), NOW, NOW, text=text, title=title)
        for at, (text, title) in enumerate(texts)
    ]
    frame = build([to_batch([(message, []) for message in messages])])
    write_parquet(frame, path)
    assert_frame_equal(read_parquet(path), frame)


@frames
def test_the_schema_of_the_file_is_always_the_same(frame: pd.DataFrame, tmp_path: Path) -> None:
    write_parquet(frame, tmp_path / "chat.parquet")
    schema = pq.read_schema(tmp_path / "chat.parquet")
    assert schema.equals(ATTACHMENTS if "media" not in frame else MESSAGES)
    assert prepare(frame)[1].metadata == schema.metadata


@frames
def test_plain_pandas_writes_and_reads_it_and_we_read_that_again(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_parquet(tmp_path / "plain.parquet")
    assert_frame_equal(read_parquet(tmp_path / "plain.parquet"), frame)
    write_parquet(frame, tmp_path / "ours.parquet")
    plain = pd.read_parquet(tmp_path / "ours.parquet")
    assert plain.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()
    assert plain.attrs == frame.attrs
    write_parquet(plain, tmp_path / "again.parquet")
    assert_frame_equal(read_parquet(tmp_path / "again.parquet"), frame)


def test_attachments_of_a_frame_that_plain_pandas_read(tmp_path: Path) -> None:
    frame = chat(12)
    write_parquet(frame, tmp_path / "ours.parquet")
    assert_frame_equal(attachments(pd.read_parquet(tmp_path / "ours.parquet")), attachments(frame))


def by_duckdb(source: Path, target: Path) -> None:
    with duckdb.connect() as connection:
        connection.read_parquet(str(source)).to_parquet(str(target))


def by_polars(source: Path, target: Path) -> None:
    pl.read_parquet(source).with_columns(pl.col("chat_name").cast(pl.Categorical)).write_parquet(target)


@pytest.mark.parametrize("rewrite", [by_duckdb, by_polars])
@frames
def test_a_file_rewritten_by_another_tool_reads_the_same(
    frame: pd.DataFrame, rewrite: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    write_parquet(frame, tmp_path / "ours.parquet")
    rewrite(tmp_path / "ours.parquet", tmp_path / "theirs.parquet")
    assert_frame_equal(read_parquet(tmp_path / "theirs.parquet"), frame)


DOCS = Path(__file__).parents[2] / "docs" / "table.md"
LINES = dict(re.findall(r"^\| ([\w.]+ [\d.]+(?:, streaming)?) \| `([^|]+)` \|$", DOCS.read_text("utf-8"), re.MULTILINE))


def test_the_documented_lines_reach_the_first_picture(tmp_path: Path) -> None:
    path = str(tmp_path / "chat.parquet")
    write_parquet(chat(8), path)
    known = {"pd": pd, "duckdb": duckdb, "pl": pl, "ds": pyarrow.dataset, "path": path}
    tried = [name for name in LINES if name.startswith(("pandas", "DuckDB", "Polars", "pyarrow"))]
    assert [bytes(eval(LINES[name], known)) for name in tried] == [picture(1).data] * 4
    assert len(LINES) == 10


OPENERS = {
    "pandas": """
        import pandas as pd
        frame = pd.read_parquet(path)
        images = [image["bytes"] for cell in frame["images"] for image in cell]
        assert str(frame["score"].dtype) == "Int32" and str(frame["created_at"].dtype) == "datetime64[us, UTC]"
        assert frame["text"].str.startswith("nr").all() and frame.attrs["chatframes"]["status"] == "complete"
        rows = len(frame)
        """,
    "duckdb": """
        import duckdb
        counted = duckdb.sql(f"select count(*) from '{path}' where kind = 'message' and text like 'nr%'")
        rows = counted.fetchall()[0][0]
        images = [row[0] for row in duckdb.sql(f"select unnest(images).bytes from '{path}'").fetchall()]
        """,
    "polars": """
        import polars as pl
        frame = pl.read_parquet(path)
        rows = frame.filter(pl.col("text").str.starts_with("nr")).height
        column = frame.select(pl.col("images").explode()).unnest("images")["bytes"].drop_nulls()
        images = column.to_list()
        """,
    "datasets": """
        import io
        from datasets import load_dataset
        data = load_dataset("parquet", data_files=path, split="train")
        rows, images = len(data), []
        for row in data:
            for image in row["images"]:
                image.load()
                buffer = io.BytesIO()
                image.save(buffer, "PNG")
                images.append(buffer.getvalue())
        tidy = load_dataset("parquet", data_files=path.replace("chat", "tidy"), split="train")
        assert sum(row["image"] is not None and row["image"].size[1] == 3 for row in tidy) == len(images)
        assert all(eval(line).size == (5, 3) for line in sys.argv[2:]), "the lines of docs/table.md"
        """,
}


@pytest.mark.parametrize("reader", OPENERS)
def test_others_open_it_without_chatframes(reader: str, tmp_path: Path) -> None:
    frame = chat(30)
    write_parquet(frame, tmp_path / "chat.parquet")
    write_parquet(attachments(frame), tmp_path / "tidy.parquet")
    check = """
        sizes = [Image.open(io.BytesIO(data)).size for data in images]
        assert "chatframes" not in sys.modules
        print(rows, sizes)
        """
    head = "import io, sys\nfrom PIL import Image\npath = sys.argv[1]\n"
    lines = [line for name, line in LINES.items() if name.startswith("datasets")]
    assert len(lines) == 2
    done = subprocess.run(
        [sys.executable, "-c", head + dedent(OPENERS[reader]) + dedent(check), tmp_path / "chat.parquet", *lines],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    expected = [(4 + number, 3) for at in range(1, 30, 2) for number in (at % 7, at % 5)]
    assert done.stdout.splitlines()[-1] == f"30 {expected}"


COUNT_ROWS = """
    import sys
    from datasets import load_dataset
    path = sys.argv[1]
    data = load_dataset("parquet", data_files=path, split="train", streaming=True)
    rows = list(data)
    tidy = list(load_dataset("parquet", data_files=path.replace("chat", "tidy"), split="train", streaming=True))
    decoded = [type(image).__name__ != "dict" for row in rows for image in row["images"]]
    print(len(rows), len(tidy), len(decoded), all(decoded), any(decoded))
    """


def rows_of_datasets(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", dedent(COUNT_ROWS), path],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(path.parent / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.splitlines()[-1]


def chat_of(pictures: list[bytes]) -> pd.DataFrame:
    """A chat with one picture to a message."""
    pairs = []
    for at, data in enumerate(pictures):
        outcome = Outcome("ok", data=ImageBytes(data), size=len(data), note="undecodable")
        pairs.append(
            (Message("webex", "c", "C", f"{at}", NOW, NOW, attachments=(Attachment(0, "file", "f"),)), [outcome])
        )
    return build([to_batch(pairs)])


@pytest.mark.parametrize("kept", sampled([True, False], 1))
def test_a_reading_of_datasets_comes_to_every_row_whatever_pictures_there_are(kept: bool, tmp_path: Path) -> None:
    pictures = {**DECODED, **(UNDECODABLE if kept else {})}
    frame = chat_of([make() for make in pictures.values()])
    write_parquet(frame, tmp_path / "chat.parquet")
    write_parquet(attachments(frame), tmp_path / "tidy.parquet")
    number = len(pictures)
    assert rows_of_datasets(tmp_path / "chat.parquet") == f"{number} {number} {number} {not kept} {not kept}"
    assert_frame_equal(read_parquet(tmp_path / "chat.parquet"), frame)


@pytest.mark.parametrize("name", sampled(UNDECODABLE, 20))
def test_the_bytes_decide_whether_datasets_is_told_to_decode(name: str) -> None:
    for pictures, decode in (([], True), ([UNDECODABLE[name]()], False)):
        frame = chat_of([*pictures, DECODED["JPEG RGB"]()])
        for table, column in ((frame, "images"), (attachments(frame), "image")):
            told = json.loads(prepare(table)[1].metadata[b"huggingface"])["info"]["features"][column]
            assert told.get("feature", told).get("decode", True) is decode


def test_pandas_notes_hold_a_time_within_a_record_too() -> None:
    # fastparquet looks it up there, and opens no file without it.
    for frame in (chat(2), chat(0).assign(mine=[])):
        notes = json.loads(prepare(frame)[1].metadata[b"pandas"])["columns"]
        assert [one["name"] for one in notes] == [*frame.columns, "forwarded_from.created_at"]
        assert notes[-1]["numpy_type"] == "datetime64[us]"


def test_columns_can_be_chosen_and_come_in_the_order_asked(tmp_path: Path) -> None:
    frame = chat(6)
    write_parquet(frame, tmp_path / "chat.parquet")
    for columns in (["text", "uid"], ["images"], ["media", "platform"], ["uid", "reactions"]):
        assert_frame_equal(read_parquet(tmp_path / "chat.parquet", columns=columns), frame[columns])
    with pytest.raises(ConfigError, match=r"no column 'imagse': did you mean 'images'\?"):
        read_parquet(tmp_path / "chat.parquet", columns=["imagse"])


def test_a_filtered_frame_with_columns_of_ones_own_is_kept(tmp_path: Path) -> None:
    frame = chat(20)
    frame = frame[frame["n_images"] > 0].assign(score_mine=[0.5] * 10, seen=True, count=range(10), label=None)
    frame["tags"] = [["a"] if at == 9 else [] for at in range(10)]
    write_parquet(frame, tmp_path / "chat.parquet")
    back = read_parquet(tmp_path / "chat.parquet")
    assert_frame_equal(back[MESSAGES.names], frame[MESSAGES.names].reset_index(drop=True), check_categorical=False)
    assert back["tags"].map(list).tolist() == frame["tags"].tolist()
    for name in ("score_mine", "seen", "count"):
        assert back[name].tolist() == frame[name].tolist()
        assert back[name].dtype == frame[name].dtype
    assert pd.read_parquet(tmp_path / "chat.parquet")["count"].tolist() == list(range(10))


def test_a_frame_keyed_by_its_uid_is_written_with_it(tmp_path: Path) -> None:
    frame = chat(4)
    write_parquet(frame.set_index("uid"), tmp_path / "chat.parquet")
    assert_frame_equal(read_parquet(tmp_path / "chat.parquet"), frame)


def test_times_and_periods_of_ones_own_are_kept_without_a_warning(tmp_path: Path) -> None:
    frame = chat(3)
    berlin = frame["created_at"].dt.tz_convert("Europe/Berlin")
    frame["berlin"], frame["month"] = berlin, frame["created_at"].dt.tz_convert(None).dt.to_period("M")
    write_parquet(frame, tmp_path / "chat.parquet")
    back = read_parquet(tmp_path / "chat.parquet")
    assert back["berlin"].tolist() == berlin.tolist()
    assert str(back["berlin"].dt.tz) == "Europe/Berlin"
    assert back["month"].tolist() == frame["month"].tolist()


def test_columns_that_were_dropped_come_back_as_nulls(tmp_path: Path) -> None:
    frame = chat(4)
    write_parquet(frame.drop(columns=["images", "score", "platform", "forwarded_from"]), tmp_path / "chat.parquet")
    back = read_parquet(tmp_path / "chat.parquet")
    assert back.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()
    assert back["images"].tolist() == [[]] * 4
    assert back[["score", "platform", "forwarded_from"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f.assign(mine=[object()] * len(f)), "Your column 'mine' cannot be stored"),
        (lambda f: f.assign(score="many"), "Column 'score' holds a value that its type"),
        (lambda f: f.assign(images=[["a.png"]] * len(f)), "is a value of type str: write a dict"),
        (lambda f: f.drop(columns="uid"), "no column 'uid'"),
        (lambda f: pd.concat([f, f[["text"]]], axis="columns"), "Column 'text' is there twice"),
    ],
)
def test_a_frame_that_cannot_be_written_says_why_and_leaves_the_file(
    spoil: Callable[[pd.DataFrame], pd.DataFrame], words: str, tmp_path: Path
) -> None:
    write_parquet(chat(2), tmp_path / "chat.parquet")
    with pytest.raises(ConfigError, match=words):
        write_parquet(spoil(chat(4)), tmp_path / "chat.parquet")
    assert len(read_parquet(tmp_path / "chat.parquet")) == 2
    assert os.listdir(tmp_path) == ["chat.parquet"]


def test_attrs_that_are_no_json_are_refused(tmp_path: Path) -> None:
    frame = chat(2)
    frame.attrs["when"] = NOW
    with pytest.raises(ConfigError, match=r"frame\.attrs must be plain JSON"):
        write_parquet(frame, tmp_path / "chat.parquet")


class FullDisk(io.FileIO):
    """A file on a disk with room for so many bytes."""

    room = 0

    def write(self, data: object) -> int:  # type: ignore[override]
        size = memoryview(data).nbytes  # type: ignore[arg-type]
        if self.tell() + size > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)  # type: ignore[arg-type]


@pytest.mark.parametrize("room", [0, 4, 2_000, 20_000])
@pytest.mark.filterwarnings("error")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chat.parquet"
    old = chat(3)
    write_parquet(old, path)
    monkeypatch.setattr(FullDisk, "room", room)
    monkeypatch.setattr("builtins.open", lambda file, mode, opener: FullDisk(file, mode.replace("b", "")))
    with pytest.raises(OSError, match=r"chat\.parquet: the disk is full \(.* free, the pictures alone need") as caught:
        write_parquet(chat(200), path)
    monkeypatch.undo()
    assert caught.value.errno == errno.ENOSPC
    assert "as it was" in str(caught.value)
    assert_frame_equal(read_parquet(path), old)
    assert os.listdir(tmp_path) == ["chat.parquet"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), OSError(errno.EIO, "broken"), KeyboardInterrupt()])
def test_a_failure_before_the_bytes_are_safe_leaves_the_old_file(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chat.parquet"
    old = chat(3)
    write_parquet(old, path)

    def fail(handle: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        write_parquet(chat(9), path)
    monkeypatch.undo()
    assert_frame_equal(read_parquet(path), old)
    assert os.listdir(tmp_path) == ["chat.parquet"]


def test_a_process_killed_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "chat.parquet"
    write_parquet(chat(3), path)
    script = """
        import os, signal, sys
        from chatframes.table.files import read_parquet, write_parquet
        frame = read_parquet(sys.argv[1])
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
        write_parquet(frame.iloc[:1], sys.argv[1])
        """
    done = subprocess.run([sys.executable, "-c", dedent(script), path], timeout=60)
    assert done.returncode == -9
    assert len(read_parquet(path)) == 3
    strays = [name for name in os.listdir(tmp_path) if name != "chat.parquet"]
    assert all(name.startswith(".") for name in strays)
    assert len(pd.read_parquet(tmp_path)) == 3, "readers of the folder must not see the stray file"


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere does not exist; create it first"):
        write_parquet(chat(1), tmp_path / "nowhere" / "chat.parquet")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_parquet(chat(1), tmp_path)


def test_a_folder_one_may_not_write_to_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(PermissionError, match=r"is not allowed \(Permission denied\); choose another folder\.$"):
        write_parquet(chat(1), tmp_path / "chat.parquet")


@pytest.mark.posix
def test_behind_a_link_the_file_itself_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "link.parquet").symlink_to(tmp_path / "store" / "chat.parquet")
    write_parquet(chat(2), tmp_path / "link.parquet")
    assert (tmp_path / "link.parquet").is_symlink()
    assert len(read_parquet(tmp_path / "store" / "chat.parquet")) == 2


@pytest.mark.parametrize("content", [b"", b"PAR1", b"<html>", b"PAR1" + bytes(500) + b"PAR1"])
def test_a_broken_file_gives_one_clear_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(ConfigError, match=r"x\.parquet could not be read: it is cut short, damaged, or not a Parquet"):
        read_parquet(tmp_path / "x.parquet")


def test_a_file_cut_in_its_middle_gives_one_clear_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write_parquet(chat(200), path)
    data = path.read_bytes()
    path.write_bytes(data[:2_000] + bytes(4_000) + data[6_000:])
    with pytest.raises(ConfigError, match=r"x\.parquet could not be read"):
        read_parquet(path)


def test_a_file_that_is_not_ours_gives_one_clear_sentence(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ConfigError, match="holds no table of messages: the columns 'uid' and 'created_at' are missing"):
        read_parquet(tmp_path / "x.parquet")
    pd.DataFrame({"created_at": ["2026-10-01"]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ConfigError, match="holds no table of messages: the column 'uid' is missing"):
        read_parquet(tmp_path / "x.parquet")
    write_parquet(chat(1), tmp_path / "chat.parquet")
    wrong = pd.read_parquet(tmp_path / "chat.parquet").assign(score="many")
    wrong.to_parquet(tmp_path / "y.parquet")
    with pytest.raises(ConfigError, match=r"Column 'score' of the file is .*string, not int32"):
        read_parquet(tmp_path / "y.parquet")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_parquet(tmp_path / "z.parquet")
    with pytest.raises(ConfigError, match="is a folder"):
        read_parquet(tmp_path)


def large(rows: int, size_bytes: int, shared: bytes) -> pd.DataFrame:
    frame = chat(0).reindex(range(rows)).astype(chat(0).dtypes)
    frame["uid"] = [str(at) for at in range(rows)]
    frame["images"] = [[{"bytes": shared, "path": "a.jpg"}] for _ in range(rows)]
    assert len(shared) == size_bytes
    return frame


@pytest.mark.parametrize(("value", "unit"), [(2**62, "us"), (-(2**62), "us"), (2**40, "s")])
def test_times_that_nothing_could_show_give_one_clear_sentence(tmp_path: Path, value: int, unit: str) -> None:
    times = pa.array([value, None], pa.timestamp(unit))
    pq.write_table(pa.table({"uid": ["a", "b"], "created_at": times}), tmp_path / "chat.parquet")
    with pytest.raises(ConfigError, match=r"'created_at' of the file holds times outside the years 1 to 9999: .*\.$"):
        read_parquet(tmp_path / "chat.parquet")


@pytest.mark.parametrize("kind", [MESSAGES.field("media").type, pa.list_(pa.null())])
def test_a_null_among_attachments_is_none_of_them(tmp_path: Path, kind: pa.DataType) -> None:
    media = pa.array([[None], [], None], kind)
    pq.write_table(pa.table({"uid": ["a", "b", "c"], "created_at": [NOW] * 3, "media": media}), tmp_path / "x.parquet")
    frame = read_parquet(tmp_path / "x.parquet")
    assert [list(cell or ()) for cell in frame["media"]] == [[], [], []]
    assert len(attachments(frame)) == 0


@pytest.mark.parametrize("data", ["text", 10**12])
def test_pictures_without_bytes_give_one_clear_sentence(tmp_path: Path, data: object) -> None:
    table = {"uid": ["a"], "created_at": [NOW], "images": [[{"bytes": data, "path": "p"}]]}
    pq.write_table(pa.table(table), tmp_path / "x.parquet")
    with pytest.raises(ConfigError, match="The bytes of a picture in the table are "):
        read_parquet(tmp_path / "x.parquet")


def test_row_groups_close_at_8_mib_of_pictures_or_5000_rows() -> None:
    pictures = [table.num_rows for table in iter_row_groups(*prepare(large(20, 3 * MIB, bytes(3 * MIB))))]
    assert pictures == [2] * 10
    assert [table.num_rows for table in iter_row_groups(*prepare(large(3, 9 * MIB, bytes(9 * MIB))))] == [1, 1, 1]
    assert [table.num_rows for table in iter_row_groups(*prepare(large(12_000, 1, b"x")))] == [5_000, 5_000, 2_000]
    assert list(iter_row_groups(*prepare(chat(0)))) == []


def test_text_is_compressed_and_pictures_are_left_alone(tmp_path: Path) -> None:
    write_parquet(chat(20), tmp_path / "chat.parquet")
    group = pq.read_metadata(tmp_path / "chat.parquet").row_group(0)
    columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
    heavy = columns.pop("images.list.element.bytes")
    assert heavy.compression == "UNCOMPRESSED"
    assert not heavy.has_dictionary_page
    assert heavy.statistics is None
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert columns["uid"].statistics.has_min_max


def test_writing_and_reading_need_memory_for_a_few_pictures_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = large(200, MIB, os.urandom(MIB))
    before = pa.total_allocated_bytes()
    peaks = []
    real = pq.ParquetWriter.write_table

    def watched(self: pq.ParquetWriter, table: pa.Table, *args: object, **options: object) -> None:
        peaks.append(pa.total_allocated_bytes())
        real(self, table, *args, **options)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", watched)
    write_parquet(frame, tmp_path / "large.parquet")
    assert (tmp_path / "large.parquet").stat().st_size > 200 * MIB
    assert len(peaks) >= 25, "row group by row group"
    assert max(peaks) - before < 60 * MIB
    held = []
    iterate = pq.ParquetFile.iter_batches

    def watching(*args: object, **options: object) -> object:
        for batch in iterate(*args, **options):
            held.append(pa.total_allocated_bytes())
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", watching)
    back = read_parquet(tmp_path / "large.parquet")
    assert sum(len(cell[0]["bytes"]) for cell in back["images"]) == 200 * MIB
    assert max(held) - before < 60 * MIB


@pytest.mark.parametrize("name", ["x.csv", "x.JSON", "x.xlsx", "x.feather"])
def test_a_name_of_another_kind_of_file_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"write_parquet\(\) writes Parquet"):
        write_parquet(build([]), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_parquet(build([]), "~/x.parquet")
    assert (tmp_path / "x.parquet").is_file()
    assert len(read_parquet("~/x.parquet")) == 0


def test_a_table_that_is_not_one_of_messages_is_written_with_a_warning(tmp_path: Path) -> None:
    polls = details(build([]), "poll")
    with pytest.warns(UserWarning, match="written as nulls. Its own to_parquet") as said:
        write_parquet(polls, tmp_path / "polls.parquet")
    assert [each.filename for each in said] == [__file__]
