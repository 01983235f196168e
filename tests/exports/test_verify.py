"""`verify` finds what is wrong with an export, and what it says mends it; the commands tell logs how they ended."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from help.exports import content, source

import chatframes as cf
from chatframes.__main__ import main
from chatframes.exports import store


@pytest.fixture(scope="module")
def whole(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that no test may change."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "PART_ROWS", 25)
        cf.export(source("webex"), folder, images=True, config=world.config, progress=False)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(store, "PART_ROWS", 25)
    return Path(shutil.copytree(whole, tmp_path / "out"))


def flip_a_bit(folder: Path) -> None:
    path = folder / "data" / "part-00001.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(folder: Path) -> None:
    path = folder / "data" / "part-00000.parquet"
    path.write_bytes(path.read_bytes()[:-100])


def remove(folder: Path) -> None:
    (folder / "data" / "part-00001.parquet").unlink()


def copy(folder: Path) -> None:
    shutil.copy(folder / "data" / "part-00000.parquet", folder / "data" / "part-00007.parquet")


def leave_a_stranger(folder: Path) -> None:
    (folder / "data" / "notes.txt").write_text("mine", encoding="utf-8")


def lose_the_journal(folder: Path) -> None:
    (folder / ".chatframes" / "journal.sqlite").unlink()


def spoil_the_journal(folder: Path) -> None:
    (folder / ".chatframes" / "journal.sqlite").write_bytes(b"SQLite format 3\0 no more")


def test_a_damaged_picture_is_found_though_its_part_was_written_anew_with_it(folder: Path) -> None:
    parts = sorted((folder / "data").iterdir())
    number, table = next((n, t) for n, t in enumerate(map(pq.read_table, parts)) if any(t["images"].to_pylist()))
    path, rows = parts[number], table["images"].to_pylist()
    picture = next(row[0] for row in rows if row)
    middle = len(picture["bytes"]) // 2
    picture["bytes"] = picture["bytes"][:middle] + b"damage" + picture["bytes"][middle + 6 :]
    at = table.schema.get_field_index("images")
    pq.write_table(table.set_column(at, table.schema.field(at), pa.array(rows, table.schema.field(at).type)), path)
    with closing(sqlite3.connect(folder / ".chatframes" / "journal.sqlite")) as journal, journal:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        journal.execute(
            "UPDATE parts SET sha256 = ?, bytes = ? WHERE number = ?", (digest, path.stat().st_size, number)
        )
    assert "has other pictures than its column media says" in str(cf.verify(folder))


@pytest.mark.parametrize("harm", [flip_a_bit, cut, remove, copy, leave_a_stranger, lose_the_journal, spoil_the_journal])
def test_what_is_wrong_is_found_and_running_it_again_mends_it(world: Any, folder: Path, harm: Any) -> None:
    truth = content(cf.read_parquet(folder))
    assert cf.verify(folder)
    harm(folder)
    verdict = cf.verify(folder)
    assert not verdict
    assert all(problem.endswith((".",)) for problem in verdict.problems)
    if harm is flip_a_bit:
        assert "Run the same export again, which keeps what is whole of it" in str(verdict)
    if harm in (lose_the_journal, spoil_the_journal):  # the parts are whole, and verify has made no empty journal
        assert content(cf.read_parquet(folder)) == truth
    told = cf.export(source("webex"), folder, images=True, config=world.config, progress=False)
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)
    moved = [note for note in told.sources[0].notes if "it is now .chatframes/orphans/" in note.replace("\\", "/")]
    assert len(moved) == (harm not in (remove, lose_the_journal))
    if harm is leave_a_stranger:
        assert moved[0].split()[0].replace("\\", "/") == "data/notes.txt"
        (moved,) = (folder / ".chatframes" / "orphans").iterdir()
        assert moved.read_text(encoding="utf-8") == "mine"


@pytest.fixture
def config(world: Any, tmp_path: Path) -> str:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(world.config), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_the_command_exports_and_its_last_line_says_how_it_ended(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chats = ["webex:Project Apollo", "telegram:@apollo"]
    out = str(tmp_path / "out")
    assert main(["export", *chats, "--images", "--quiet", "--config", config, "--output", out]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("chatframes export: status=complete messages=120 pictures=24 failed=0 seconds=")
    assert main(["verify", out]) == 0
    assert "nothing is wrong with 1 part, 120 messages, 24 pictures" in capsys.readouterr().out
    (tmp_path / "out" / "data" / "part-00000.parquet").unlink()
    assert main(["verify", out]) == 1
    file = tmp_path / "one.parquet"
    assert main(["fetch", chats[0], "--since", "2026-10-20", "--config", config, "--output", str(file)]) == 0
    assert 0 < len(cf.read_parquet(file)) < 60


@pytest.mark.filterwarnings("default")
def test_the_command_tells_a_partial_result_from_a_failure_and_from_a_mistake(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--config", config, "--quiet", "--output", str(tmp_path / "out")]
    assert main(["export", "webex:Project Apollo", "webex:No such room", *out]) == 3
    assert "status=partial" in capsys.readouterr().out.splitlines()[-1]
    assert main(["export", "webex:No such room", *out[:-1], str(tmp_path / "other")]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("chatframes export: status=failed error=ChatNotFound seconds=")
    assert line.endswith(f" output={tmp_path / 'other'}")
    assert main(["export", "webx:Project Apollo", *out]) == 2
    assert "did you mean 'webex'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["export", "--nonsense"])
    assert ended.value.code == 2


def test_a_file_that_cannot_be_written_is_refused_before_the_first_request(
    world: Any, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = world.stats()["requests"]
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    places = {
        "table.csv": "is the name of another kind of file: name it .parquet",
        "": "is a folder: add a file name to it",
        "not/there.parquet": "does not exist; create it first",
        "file/one.parquet": "takes no file (Not a directory); choose another one",
    }
    for place, words in places.items():
        command = ["fetch", "webex:Project Apollo", "--config", config, "--output", str(tmp_path / place)]
        assert main(command) == 2
        said = capsys.readouterr()
        assert words in said.err
        assert said.out.startswith("chatframes fetch: status=failed error=ConfigError seconds=")
    assert world.stats()["requests"] == asked
    assert not list(tmp_path.glob("*.parquet"))
