"""A mistake in a call, or a file that went missing, is said truly and spoils no later export."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from help.exports import source

import chatframes as cf
from chatframes.errors import ServiceError
from chatframes.exports.standing import Standing
from chatframes.model import Window
from chatframes.table.source_report import Span

WEEK = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 8, tzinfo=UTC))


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=30, images=2) as world:
        yield world


@pytest.fixture(scope="module")
def done(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder with one part, which no test may change."""
    folder = tmp_path_factory.mktemp("done") / "apollo"
    export(world, [source("webex"), source("telegram"), source("reddit", posts=5)], folder)
    return folder


def export(world: Any, sources: Any, folder: Path) -> cf.Report:
    return cf.export(sources, folder, config=world.config, progress=False)


def test_a_misspelt_chat_is_said_once_and_leaves_nothing_behind(world: Any, tmp_path: Path) -> None:
    misspelt = cf.Webex("Project Apolo 13")
    with pytest.raises(cf.ChatNotFound):
        export(world, misspelt, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.warns(cf.IncompleteWarning):
        told = export(world, [source("webex"), misspelt], tmp_path / "out")
    assert [each.status for each in told.sources] == ["complete", "failed"]
    assert cf.report(tmp_path / "out").status == "complete"
    with pytest.raises(cf.ChatNotFound):
        export(world, misspelt, tmp_path / "out")
    assert export(world, source("webex"), tmp_path / "out").status == "complete"
    assert len(cf.read_parquet(tmp_path / "out")) == 30


def test_a_failed_first_call_leaves_what_was_there_before_it(world: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(cf.ChatNotFound):
        export(world, cf.Webex("Project Apolo 13"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_verify_says_that_nothing_was_exported_yet(world: Any, tmp_path: Path) -> None:
    export(world, source("webex"), tmp_path)
    assert cf.verify(tmp_path)
    (tmp_path / "data" / "part-00000.parquet").unlink()
    with closing(sqlite3.connect(tmp_path / ".chatframes" / "journal.sqlite")) as journal, journal:
        journal.execute("DELETE FROM parts")
        journal.execute("DELETE FROM covered")
    assert "holds nothing yet" in str(cf.verify(tmp_path))


def lose_a_part(part: Path) -> None:
    part.unlink()


def cut_a_part(part: Path) -> None:
    part.write_bytes(part.read_bytes()[:-10])


def add_a_part(part: Path) -> None:
    shutil.copy(part, part.with_name("part-00007.parquet"))


@pytest.mark.parametrize(
    ("harm", "words"),
    [(lose_a_part, "is missing"), (cut_a_part, r"bytes where .* were written"), (add_a_part, "is not in its journal")],
)
def test_a_folder_whose_parts_are_not_what_was_written_is_not_read_in_silence(
    done: Path, tmp_path: Path, harm: Any, words: str
) -> None:
    folder = Path(shutil.copytree(done, tmp_path / "copy"))
    harm(folder / "data" / "part-00000.parquet")
    for read in (cf.read_parquet, cf.scan, cf.report):
        with pytest.raises(cf.ConfigError, match=rf"is not whole: part-.*{words}.*verify.*export again"):
            read(folder)


def test_a_part_that_is_taking_its_place_is_read(done: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(done, tmp_path / "copy"))
    with closing(sqlite3.connect(folder / ".chatframes" / "journal.sqlite")) as journal, journal:
        journal.execute("INSERT INTO prepared VALUES (0, 'new', '[]', '{}')")
        journal.execute("UPDATE parts SET bytes = 1")
    assert len(cf.read_parquet(folder)) > 60


def test_chats_are_chosen_by_whatever_names_them(done: Path) -> None:
    frame = cf.read_parquet(done)
    assert frame["platform"].nunique() == 3
    for platform, id_or_name in (("webex", "Project Apollo"), ("telegram", "@apollo"), ("reddit", "r/apollo")):
        rows = frame[frame["platform"] == platform]
        named_by = [source(platform), rows["chat_id"].iloc[0], [source(platform, since="2026-10-01")]]
        for named in [*named_by, *([id_or_name] if platform != "webex" else [])]:  # two chats have Webex's title
            found = cf.read_parquet(done, columns=["uid"], chats=named)
            assert list(found["uid"]) == list(rows["uid"])
    telegram = int(frame["chat_id"][frame["platform"] == "telegram"].iloc[0])
    two = cf.read_parquet(done, columns=["platform"], chats=[telegram, cf.Webex("Project Apollo")])
    assert set(two["platform"]) == {"telegram", "webex"}
    assert len(cf.read_parquet(done, chats="@apollo", since="2020-01-01", until="2020-01-02")) == 0


@pytest.mark.parametrize(
    ("chats", "words"),
    [
        ("Project Apolo", "holds no chat 'Project Apolo': did you mean 'Project Apollo'"),
        (["@apollo", "@nobody-like-it"], "holds no chat '@nobody-like-it': its chats are '"),
        (cf.Webex("Project Apolo"), "did you mean 'Project Apollo'"),
        ([3.5], "chats= holds a value of type float: name chats by id or name"),
    ],
)
def test_a_chat_that_is_not_in_the_export_is_said(done: Path, chats: Any, words: str) -> None:
    with pytest.raises(cf.ConfigError, match=words):
        cf.read_parquet(done, chats=chats)


@pytest.mark.parametrize("name", ["data", ".chatframes", "above"])
def test_a_file_where_a_folder_is_needed_is_named(world: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    folder = tmp_path / "above" / "out" if name == "above" else tmp_path
    with pytest.raises(OSError, match=rf"{name} is no folder, and one is needed there; move it away or choose another"):
        export(world, source("webex"), folder)
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


def test_the_report_and_the_gallery_of_a_single_file_are_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "one.parquet").write_bytes(b"")
    for look in (cf.report, cf.gallery):
        name = rf"cf\.{look.__name__}\(cf\.read_parquet\('.*one\.parquet'\)\)"
        with pytest.raises(cf.ConfigError, match=rf"is a file.*{name}\."):
            look(tmp_path / "one.parquet")
    with pytest.raises(cf.ConfigError, match=r"is a file, and verify\(\) needs the folder"):
        cf.verify(tmp_path / "one.parquet")


def test_a_narrower_call_does_not_narrow_the_report_of_the_folder(world: Any, tmp_path: Path) -> None:
    days = {"since": "2026-10-02", "until": "2026-10-31"}
    whole = export(world, source("webex", **days), tmp_path).sources[0]
    told = export(world, source("webex", since="2026-10-20", until="2026-10-22"), tmp_path)
    assert told == cf.report(tmp_path)
    assert (told.sources[0].requested, told.sources[0].covered) == (whole.requested, whole.covered)
    assert (told.status, told.sources[0].messages) == ("complete", whole.messages)


def test_a_gap_of_an_earlier_call_stays_in_the_report_until_it_is_read(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatframes.sources.webex.chat import Room

    async def refuse(room: Any, url: str) -> Any:
        raise ServiceError("Webex is having lunch.")

    export(world, source("webex", since="2026-10-20", until="2026-10-22"), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Room, "_list", refuse)
        with pytest.warns(cf.IncompleteWarning, match="lunch"):
            export(world, source("webex", since="2026-10-18", until="2026-10-25"), tmp_path)
    with pytest.warns(cf.IncompleteWarning, match="is not whole"):
        told = export(world, source("webex", since="2026-10-20", until="2026-10-22"), tmp_path)
    assert told.status == "partial"
    stretches = [(gap.since, gap.until) for gap in told.sources[0].gaps]
    days = ["2026-10-18T00:00:00Z", "2026-10-20T00:00:00Z", "2026-10-23T00:00:00Z", "2026-10-26T00:00:00Z"]
    assert stretches == [(days[0], days[1]), (days[2], days[3])]
    told = export(world, source("webex", since="2026-10-18", until="2026-10-25"), tmp_path)
    assert (told.status, told.sources[0].gaps) == ("complete", ())


def test_notes_about_the_chat_stay_and_the_last_number_counts() -> None:
    first = Standing().joined(WEEK, Span("2026-10-01", None), ("limit=20: older ones stay", "it is a supergroup now"))
    then = first.joined(WEEK, Span("2026-10-03", None), ("limit=50: older ones stay",))
    assert then.notes == ("limit=50: older ones stay", "it is a supergroup now")
    assert then.requested == Span("2026-10-01", None)
    assert then.windows == (WEEK,)
    day = timedelta(days=1)
    first_day = Window(WEEK.since, WEEK.since + day)
    for asked, left in (
        (WEEK, (first_day,)),
        (Window(WEEK.since + 2 * day, WEEK.until), (Window(WEEK.since, WEEK.since + 2 * day),)),
    ):
        assert then.answered(asked, [first_day]).windows == left


def test_a_number_of_messages_is_that_of_a_call_and_takes_nothing_away(world: Any, tmp_path: Path) -> None:
    before = export(world, source("telegram", limit=10, until="2026-10-20"), tmp_path).sources[0]
    told = export(world, source("telegram", limit=10), tmp_path).sources[0]
    assert before.messages == 10
    assert 10 < told.messages <= 20
    assert told.status == "complete"
    assert any(note.startswith("limit=10") for note in told.notes)


def test_a_call_for_all_of_it_answers_what_an_earlier_one_could_not_read(world: Any, tmp_path: Path) -> None:
    with pytest.warns(cf.IncompleteWarning, match="is not whole"):  # Reddit's list ends before these days
        export(world, source("reddit", since="2026-09-01", posts=5), tmp_path)
    assert export(world, source("reddit", posts=5), tmp_path).status in ("complete", "open")


def test_the_same_call_for_a_number_up_to_a_day_brings_nothing_more(world: Any, tmp_path: Path) -> None:
    numbers = [
        export(world, source("telegram", limit=5, until="2026-10-20"), tmp_path).sources[0].messages for _ in range(3)
    ]
    assert numbers == [5, 5, 5]


NO_FOLDERS = [
    ("~nobody-like-it/x", "leads to no folder"),
    ("a\0b", r"The folder's name 'a\\x00b' holds a character that no path may hold"),
    ("half \ud83d", r"The folder's name 'half \\ud83d' holds a character"),
    ("", "needs the name of a folder, not an empty name"),
    ("  ", "needs the name of a folder, not an empty name"),
    (None, "needs the name of a folder, not a value of type NoneType"),
    (7, "needs the name of a folder, not a value of type int"),
    (b"apollo", "a value of type bytes"),
    ("s3://bucket/apollo", "s3:// begins an address: name a folder"),
    ("https://example.com/apollo", "https:// begins an address"),
]


@pytest.mark.parametrize(("name", "words"), NO_FOLDERS)
@pytest.mark.parametrize("verb", ["export", "read_parquet", "scan", "report", "verify"])
def test_what_is_no_name_of_a_folder_is_said_in_a_sentence(verb: str, name: Any, words: str) -> None:
    if verb == "report" and not isinstance(name, str):
        words = "report"  # takes frames, too, and says so
    if verb == "read_parquet":
        words = words.replace("a folder, not", "a file or a folder, not")
    before = (source("webex"),) if verb == "export" else ()
    with pytest.raises(cf.ConfigError, match=words) as error:
        getattr(cf, verb)(*before, name)
    assert str(error.value).endswith(".")
    assert str(error.value).isprintable()


@pytest.mark.parametrize("place", ["data", ".chatframes"])
def test_an_export_into_the_inside_of_another_is_refused(world: Any, done: Path, place: str) -> None:
    with pytest.raises(cf.ConfigError, match=r"is inside the export .* name that folder to go on with it"):
        export(world, source("webex"), done / place)
    assert cf.verify(done)


def test_a_name_that_is_too_long_is_said(world: Any, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 300)
    with pytest.raises(OSError, match="the path is too long for this file system; choose a shorter one"):
        export(world, source("webex"), long)
    for read in (cf.scan, cf.report, cf.verify):
        with pytest.raises(cf.ConfigError, match=r"File name too long|found no export"):
            read(long)
    with pytest.raises((cf.ConfigError, FileNotFoundError), match=r"too long|There is no file"):
        cf.read_parquet(long)


def test_one_folder_by_two_names_is_one(
    world: Any, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(done, tmp_path / "rel2")
    monkeypatch.chdir(tmp_path)
    for name in ("./rel/../rel2", "rel2/", "../" + tmp_path.name + "/rel2"):
        assert len(cf.read_parquet(name)) == len(cf.read_parquet(done))
        assert cf.verify(name)
        assert cf.report(name) == cf.report(done)
        assert cf.scan(name).read_all().num_rows == len(cf.read_parquet(done))


def test_nothing_that_is_said_of_a_folder_moves_the_cursor(world: Any, done: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(done, tmp_path / "apollo\x1b[31m"))
    (folder / "data" / "evil\x1b[2J\nchatframes: nothing is wrong.parquet").write_bytes(b"x")
    with closing(sqlite3.connect(folder / ".chatframes" / "journal.sqlite")) as journal, journal:
        journal.execute("UPDATE sources SET chat_name = ?", ("Apollo\x1b[31m\u202e\nstatus: complete",))
    told = export(world, source("webex"), folder)
    (folder / "data" / "evil\x1b[2J\nchatframes: nothing is wrong.parquet").write_bytes(b"x")
    for text in (str(cf.verify(folder)), str(told), str(cf.report(folder))):
        assert all(line.isprintable() for line in text.split("\n"))
    assert len(str(cf.verify(folder)).split("\n")) == 2
    with pytest.raises(cf.ConfigError) as error:
        cf.read_parquet(folder, chats="no such\x1b[2J chat")
    assert str(error.value).isprintable()


def test_the_folder_around_an_export_is_not_made(world: Any, tmp_path: Path) -> None:
    with pytest.raises(cf.ConfigError, match=r"there is no folder .*mistyped\. Make that first, or correct the path"):
        export(world, source("webex"), tmp_path / "mistyped" / "apollo")
    assert list(tmp_path.iterdir()) == []
