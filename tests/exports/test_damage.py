"""A damaged part is never taken for a true one: readers say so, and the same export again mends it."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from help.exports import (
    changed,
    content,
    export_webex,
    notes,
    order,
    pages_asked,
    pictures_asked,
    pictures_held,
    pictures_in,
    run,
    source,
)

import chatframes as cf
from chatframes.exports import recovery
from chatframes.exports import verify as verifying

pytestmark = pytest.mark.usefixtures("small_parts")


def a_part_with_pictures(folder: Path) -> Path:
    return next(path for path in sorted((folder / "data").iterdir()) if any(pq.read_table(path)["images"].to_pylist()))


def in_a_picture(part: Path) -> int:
    """A place in the middle of the last picture of a part."""
    picture = [each["bytes"] for cell in pq.read_table(part)["images"].to_pylist() for each in cell][-1]
    return part.read_bytes().index(picture) + len(picture) // 2


def test_a_damaged_part_that_is_to_be_written_anew_is_mended_first(
    world: Any, truth: dict[str, Any], folder: Path
) -> None:
    part = sorted((folder / "data").iterdir())[-1]
    picture = in_a_picture(part) if any(pq.read_table(part)["images"].to_pylist()) else part.stat().st_size // 2
    changed(part, (picture, b"damage"), keep_time=True)
    with closing(sqlite3.connect(folder / ".chatframes" / "journal.sqlite")) as journal, journal:
        journal.execute("UPDATE messages SET digest = x'00' WHERE part = 2")  # all of it was edited since
    told = export_webex(world, folder)
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)
    assert told.status == "complete"
    assert "part-00002.parquet was not what had been written" in notes(told)


@pytest.mark.parametrize("keep_time", [False, True])
def test_only_the_picture_that_is_damaged_is_asked_for_again(
    world: Any, truth: dict[str, Any], folder: Path, keep_time: bool
) -> None:
    part = a_part_with_pictures(folder)
    place = in_a_picture(part)
    changed(part, (place, b"damage"), keep_time=keep_time)
    if keep_time:  # only who reads every byte can see it, and remembers it for the next call
        assert "which keeps what is whole of it and fetches the rest" in str(cf.verify(folder))
    asked, pages = pictures_asked(world, "webex"), pages_asked(world, "webex")
    told = export_webex(world, folder, look_back_days=0)
    again = {name: n - asked[name] for name, n in pictures_asked(world, "webex").items() if n != asked[name]}
    assert set(again.values()) == {1}
    assert len(again) <= 8  # those that share a page of the file with it
    assert pages_asked(world, "webex") == pages + 1  # of what is new: every message is there
    assert "to be fetched again): it is now" in notes(told)
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)
    (orphan,) = (folder / ".chatframes" / "orphans").iterdir()
    assert orphan.name.startswith(part.name)


def test_words_that_are_damaged_are_read_again_and_the_pictures_of_whole_parts_are_not(
    world: Any, truth: dict[str, Any], folder: Path
) -> None:
    part = sorted((folder / "data").iterdir())[1]
    changed(part, (4, b"\xff" * 3000))
    asked = pictures_asked(world, "webex")
    held = {each for path in (folder / "data").iterdir() if path != part for each in pictures_in(path)}
    export_webex(world, folder)
    again = {name for name, number in pictures_asked(world, "webex").items() if number != asked.get(name)}
    assert not again & held
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)


def no_footer(part: Path) -> None:
    changed(part, (-800, b"\0" * 800))


def no_beginning(part: Path) -> None:
    changed(part, (0, b"\0" * 2000))


def random_bytes(part: Path) -> None:
    part.write_bytes(random.Random(3).randbytes(part.stat().st_size))


def a_folder_instead(part: Path) -> None:
    part.unlink()
    part.mkdir()


def empty(part: Path) -> None:
    part.write_bytes(b"")


HARMS = [no_footer, no_beginning, random_bytes, empty, a_folder_instead]


@pytest.mark.parametrize("harm", HARMS)
def test_every_reader_says_which_part_is_damaged_and_the_export_mends_it(
    world: Any, truth: dict[str, Any], folder: Path, harm: Any
) -> None:
    part = sorted((folder / "data").iterdir())[1]
    harm(part)
    for read in (
        cf.read_parquet,
        lambda folder: cf.scan(folder).read_all(),
        lambda folder: cf.read_parquet(folder, chats="Project Apollo", columns=["text"]),
    ):
        with pytest.raises(cf.ConfigError, match=rf"{part.name}.*(same export again|verify)") as error:
            read(folder)
        assert "\n" not in str(error.value)
    assert part.name in str(cf.verify(folder))
    export_webex(world, folder)
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_is_found_and_mended(world: Any, truth: dict[str, Any], folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    part = chance.choice(sorted((folder / "data").iterdir()))
    places = [chance.randrange(part.stat().st_size) for _ in range(chance.choice((1, 1, 3)))]
    new = [(place, bytes([part.read_bytes()[place] ^ 1 << chance.randrange(8)])) for place in places]
    changed(part, *new, keep_time=seed % 2 == 0)
    verdict = cf.verify(folder)
    assert not verdict
    assert "run the same export again" in str(verdict).lower()
    export_webex(world, folder)
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)


def test_what_the_service_no_longer_gives_stays_as_far_as_it_is_whole_and_the_rest_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatframes.exports.parts.ROW_GROUP_ROWS", 5)
    with cf.sandbox(messages=20, images=2) as world:
        export_webex(world, tmp_path)
        part = tmp_path / "data" / "part-00000.parquet"
        before = content(cf.read_parquet(tmp_path))
        with pq.ParquetFile(part) as file:
            lost = set(file.read_row_group(1)["uid"].to_pylist())
            kept = set(file.read_row_group(2)["uid"].to_pylist())
            at = file.metadata.row_group(1).column(0).data_page_offset
        gone = {before[uid]["message_id"] for uid in lost | kept}
        server = world._webex
        server._plan = replace(server._plan, hidden={*server._plan.hidden, *gone}, gone={*server._plan.gone, *gone})
        changed(part, (at + 40, b"\xff" * 20))
        report = export_webex(world, tmp_path, look_back_days=0)
        after = content(cf.read_parquet(tmp_path))
    assert kept <= after.keys()
    assert after.keys() == before.keys() - lost
    assert "of a damaged or missing part have not come again" in notes(report)
    assert "of a damaged or missing part have not come again" in notes(cf.report(tmp_path))


def test_a_part_of_another_export_is_no_part_of_this_one(
    world: Any, truth: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    cf.export(source("telegram"), foreign, config=world.config, progress=False)
    shutil.copy(foreign / "data" / "part-00000.parquet", folder / "data" / "part-00009.parquet")
    assert "is a part of another export" in str(cf.verify(folder))
    told = export_webex(world, folder)
    assert "part-00009.parquet was a part of another export" in notes(told)
    shutil.copy(foreign / "data" / "part-00000.parquet", folder / "data" / "part-00001.parquet")
    export_webex(world, folder)
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)
    assert len(list((folder / ".chatframes" / "orphans").iterdir())) == 2


def test_an_older_copy_of_a_part_is_brought_up_to_date(world: Any, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export_webex(world, folder, images=False)
    shutil.copytree(folder / "data", tmp_path / "backup")
    export_webex(world, folder)
    truth = content(cf.read_parquet(folder))
    shutil.copy(tmp_path / "backup" / "part-00000.parquet", folder / "data")
    export_webex(world, folder)
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)


def test_a_stranger_s_folder_is_refused_and_left_as_it_is(world: Any, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    pq.write_table(pq.read_table(_some_table(tmp_path)), data / "part-00000.parquet")
    with pytest.raises(cf.ConfigError, match=r"holds 'part-00000\.parquet', which is no part of an export"):
        export_webex(world, tmp_path)
    assert [path.name for path in data.iterdir()] == ["part-00000.parquet"]
    assert not (tmp_path / ".chatframes").exists()


def _some_table(folder: Path) -> Path:
    import pyarrow as pa

    pq.write_table(pa.table({"mine": [1, 2]}), folder / "mine.parquet")
    return folder / "mine.parquet"


def test_verify_takes_no_part_that_is_being_replaced_for_a_damaged_one(
    world: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = Path(shutil.copytree(folder, tmp_path / "newer"))
    with closing(sqlite3.connect(newer / ".chatframes" / "journal.sqlite")) as journal, journal:
        journal.execute("UPDATE messages SET digest = x'00' WHERE part = 1")
    export_webex(world, newer, look_back_days=100)
    real, looks = verifying.is_written, []

    def replaced_meanwhile(path: Path, sha256: str) -> bool:
        looks.append(path.name)
        if looks.count("part-00001.parquet") == 1:
            shutil.copytree(newer, folder, dirs_exist_ok=True)
        return real(path, sha256)

    monkeypatch.setattr(verifying, "is_written", replaced_meanwhile)
    verdict = cf.verify(folder)
    assert verdict, str(verdict)
    assert (verdict.messages, looks.count("part-00001.parquet")) == (60, 2)


@pytest.mark.parametrize(
    "name", ["part-000000.parquet", "part-0000٠.parquet", "part-00000.parquet.gz", "PART-1.PARQUET"]
)
def test_another_name_for_the_number_of_a_part_hides_no_part(
    world: Any, truth: dict[str, Any], folder: Path, name: str
) -> None:
    shutil.copy(folder / "data" / "part-00000.parquet", folder / "data" / name)
    assert not cf.verify(folder)
    export_webex(world, folder)
    assert content(cf.read_parquet(folder)) == truth
    assert not (folder / "data" / name).exists()
    assert cf.verify(folder)


@pytest.mark.posix
def test_a_pipe_among_the_parts_is_no_part(world: Any, truth: dict[str, Any], folder: Path) -> None:
    os.mkfifo(folder / "data" / "part-00009.parquet")
    (folder / "data" / "part-00001.parquet").unlink()
    os.mkfifo(folder / "data" / "part-00001.parquet")
    assert not cf.verify(folder)
    with pytest.raises(cf.ConfigError, match="part-0000"):
        cf.read_parquet(folder)
    export_webex(world, folder)
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)


@pytest.mark.posix
def test_what_a_link_leads_to_is_not_removed(world: Any, folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / ".chatframes" / "tmp").rmdir()
    (folder / ".chatframes" / "tmp").symlink_to(mine)
    with pytest.raises(cf.ConfigError, match=r"tmp leads to another place, and export\(\) removes what"):
        export_webex(world, folder)
    assert (mine / "notes.txt").read_text(encoding="utf-8") == "mine"


STEPS = ["sync", "set_aside", "keep_name", "_adopt"]


@pytest.mark.parametrize("step", STEPS)
def test_mending_that_is_cut_off_anywhere_goes_on(
    world: Any, truth: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    part = a_part_with_pictures(folder)
    changed(part, (in_a_picture(part), b"damage"))

    def cut_off(*_: Any, **__: Any) -> None:
        raise SystemError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(recovery, step, cut_off)
        with pytest.raises(SystemError):
            export_webex(world, folder)
    assert len(pq.read_table(folder / "data", columns=["uid"])) == 60  # plain readers see every message
    export_webex(world, folder)
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)


@pytest.mark.parametrize("first", [{"images": False}, {"images": {"enabled": True, "max_size_bytes": 1}}])
def test_a_part_whose_pictures_come_later_is_mended_before(
    world: Any, truth: dict[str, Any], tmp_path: Path, first: dict[str, Any]
) -> None:
    export_webex(world, tmp_path, **first)
    part = tmp_path / "data" / "part-00001.parquet"
    changed(part, (part.stat().st_size // 3, b"\xff" * 50), keep_time=True)
    told = export_webex(world, tmp_path)
    assert content(cf.read_parquet(tmp_path)) == truth
    assert cf.verify(tmp_path)
    assert "part-00001.parquet was not what had been written" in notes(told)


def test_the_control_a_damaged_part_that_is_not_looked_at_stays_damaged(
    world: Any, truth: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = a_part_with_pictures(folder)
    changed(part, (in_a_picture(part), b"damage"), keep_time=True)
    run(order(source("webex"), folder, world.config))
    assert not cf.verify(folder)
    assert pictures_held(folder)


READS_DAMAGED_FOOTERS = """
import random, sys
from pathlib import Path
import pyarrow.parquet as pq
import chatframes as cf
folder = Path(sys.argv[1])
part = sorted((folder / "data").iterdir())[0]
whole = part.read_bytes()
footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
chance, said = random.Random(0), 0
for _ in range(int(sys.argv[3])):
    damaged = bytearray(whole)
    damaged[chance.randrange(footer, len(whole) - 8)] ^= 1 << chance.randrange(8)
    part.write_bytes(damaged)
    try:
        if sys.argv[2] == "an export":
            cf.read_parquet(folder, since="2026-10-01")
        elif sys.argv[2] == "a file":
            cf.read_parquet(part)
        elif sys.argv[2] == "a gallery":
            cf.gallery(folder)
        else:
            groups = pq.ParquetFile(part).metadata
            [[groups.row_group(n).column(at).statistics for at in range(groups.num_columns)] for n in range(groups.num_row_groups)]
    except (Exception if sys.argv[2] == "the statistics" else cf.ConfigError):
        said += 1
print(said)
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("reader", "tries"), [("an export", 500), ("a file", 500), ("a gallery", 500), ("the statistics", 5000)]
)
def test_a_damaged_footer_ends_no_process_and_is_said_in_a_sentence(folder: Path, reader: str, tries: int) -> None:
    command = [sys.executable, "-W", "ignore", "-c", READS_DAMAGED_FOOTERS, str(folder), reader, str(tries)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if reader == "the statistics":
        assert done.returncode < 0  # the control: Arrow ended the process
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert int(done.stdout) > tries // 10
