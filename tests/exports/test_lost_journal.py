"""A journal that is lost or damaged is built anew from the parts, and nothing that is there is asked for again."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from help.exports import PLATFORMS, changed, content, export_webex, notes, pictures_asked, pictures_in, source

import chatframes as cf

pytestmark = pytest.mark.usefixtures("small_parts")


def forget_rows(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM messages WHERE part = 1")


def forget_a_table(db: sqlite3.Connection) -> None:
    db.execute("DROP TABLE retries")


def another_table(db: sqlite3.Connection) -> None:
    db.execute("DROP TABLE sources")
    db.execute("CREATE TABLE sources (mine TEXT)")


def odd_facts(db: sqlite3.Connection) -> None:
    db.execute("UPDATE parts SET facts = '{\"no such\": 1'")


def odd_windows(db: sqlite3.Connection) -> None:
    db.execute("UPDATE covered SET since = 'yesterday'")


@pytest.mark.parametrize("harm", [forget_rows, forget_a_table, another_table, odd_facts, odd_windows])
def test_a_journal_that_is_half_damaged_is_mended_from_the_parts(
    world: Any, truth: dict[str, Any], folder: Path, harm: Any
) -> None:
    with closing(sqlite3.connect(folder / ".chatframes" / "journal.sqlite")) as journal, journal:
        harm(journal)
    asked = pictures_asked(world, "webex")
    assert content(cf.read_parquet(folder)) == truth  # the parts are whole
    cf.report(folder)
    export_webex(world, folder)
    assert pictures_asked(world, "webex") == asked
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)


def test_pages_of_the_journal_that_are_damaged_are_found_and_it_is_rebuilt(
    world: Any, truth: dict[str, Any], folder: Path
) -> None:
    journal = folder / ".chatframes" / "journal.sqlite"
    data = bytearray(journal.read_bytes())
    data[4096 * 2 :] = bytes(len(data) - 4096 * 2)
    journal.write_bytes(data)
    assert not cf.verify(folder)
    asked = pictures_asked(world, "webex")
    told = export_webex(world, folder)
    assert pictures_asked(world, "webex") == asked
    assert ".chatframes/journal.sqlite was damaged" in notes(told)
    assert "was built anew from the 3 parts" in notes(told)
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)


def test_a_journal_of_a_newer_version_is_left_alone(world: Any, folder: Path) -> None:
    with closing(sqlite3.connect(folder / ".chatframes" / "journal.sqlite")) as journal, journal:
        journal.execute("UPDATE facts SET value = 99 WHERE name = 'version'")
    before = (folder / ".chatframes" / "journal.sqlite").read_bytes()
    for read in (cf.read_parquet, cf.scan, cf.report, cf.verify, lambda folder: export_webex(world, folder)):
        with pytest.raises(cf.ConfigError, match="was written by a newer version of chatframes: update chatframes"):
            read(folder)
    assert (folder / ".chatframes" / "journal.sqlite").read_bytes() == before


def test_without_its_journal_and_a_part_an_export_reads_again_what_is_missing(
    world: Any, truth: dict[str, Any], folder: Path
) -> None:
    (folder / ".chatframes" / "journal.sqlite").unlink()
    (folder / "data" / "part-00001.parquet").unlink()
    changed(folder / "data" / "part-00000.parquet", (4, b"\xff" * 3000))
    assert not cf.verify(folder)
    held = pictures_in(folder / "data" / "part-00002.parquet")
    asked = pictures_asked(world, "webex")
    told = export_webex(world, folder)
    again = {name for name, number in pictures_asked(world, "webex").items() if number != asked.get(name)}
    assert not again & held
    assert content(cf.read_parquet(folder)) == truth
    assert cf.verify(folder)
    assert "built anew" in notes(told)


def test_a_foreign_part_is_not_adopted_when_the_journal_is_lost(
    world: Any, truth: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    cf.export(source("telegram"), tmp_path / "foreign", config=world.config, progress=False)
    shutil.copy(tmp_path / "foreign" / "data" / "part-00000.parquet", folder / "data" / "part-00009.parquet")
    (folder / ".chatframes" / "journal.sqlite").unlink()
    told = export_webex(world, folder)
    assert "part-00009.parquet was a part of another export" in notes(told)
    assert content(cf.read_parquet(folder)) == truth


class Harm:
    """Does something bad to a folder, chosen by chance."""

    def __init__(self, seed: int, folder: Path, others: Path) -> None:
        self.chance, self.folder, self.others = random.Random(seed), folder, others
        self.ways = [
            self.flip,
            self.cut,
            self.lengthen,
            self.remove,
            self.zero,
            self.swap,
            self.copy,
            self.bring_another,
            self.lose_the_journal,
            self.flip_the_journal,
            self.spoil_the_manifest,
        ]

    def do(self) -> None:
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            if any((self.folder / "data").iterdir()):
                self.chance.choice(self.ways)()

    def part(self) -> Path:
        return self.chance.choice(sorted((self.folder / "data").iterdir()))

    def _flip(self, path: Path, times: int) -> None:
        data = bytearray(path.read_bytes())
        for _ in range(times if data else 0):
            data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
        path.write_bytes(data)

    def flip(self) -> None:
        part = self.part()
        before = part.stat()
        self._flip(part, self.chance.choice((1, 5)))
        if self.chance.random() < 0.5:  # as when the disk itself forgets: then verify must be asked
            os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
            cf.verify(self.folder)

    def cut(self) -> None:
        part = self.part()
        part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])

    def lengthen(self) -> None:
        part = self.part()
        part.write_bytes(part.read_bytes() + b"more")

    def remove(self) -> None:
        self.part().unlink()

    def zero(self) -> None:
        part = self.part()
        part.write_bytes(bytes(part.stat().st_size))

    def swap(self) -> None:
        one, two = self.part(), self.part()
        first, second = one.read_bytes(), two.read_bytes()
        one.write_bytes(second)
        two.write_bytes(first)

    def copy(self) -> None:
        (self.folder / "data" / "part-00055.parquet").write_bytes(self.part().read_bytes())

    def bring_another(self) -> None:
        other = self.chance.choice(sorted(self.others.glob("*/data/*")))
        shutil.copy(other, self.folder / "data" / f"part-0000{self.chance.randrange(6)}.parquet")

    def lose_the_journal(self) -> None:
        (self.folder / ".chatframes" / "journal.sqlite").unlink(missing_ok=True)

    def flip_the_journal(self) -> None:
        journal = self.folder / ".chatframes" / "journal.sqlite"
        if journal.exists():
            self._flip(journal, self.chance.choice((1, 3, 50)))

    def spoil_the_manifest(self) -> None:
        (self.folder / ".chatframes" / "manifest.json").write_bytes(b"{junk")


@pytest.fixture(scope="module")
def others(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished folder of each service."""
    base = tmp_path_factory.mktemp("others")
    for platform in PLATFORMS:
        cf.export(source(platform), base / platform, images=True, config=world.config, progress=False)
    return base


@pytest.mark.long
@pytest.mark.parametrize("seed", range(45))
def test_whatever_happens_to_a_folder_the_same_export_again_makes_it_whole(
    world: Any, others: Path, tmp_path: Path, seed: int
) -> None:
    platform = PLATFORMS[seed % 3]
    folder = Path(shutil.copytree(others / platform, tmp_path / "apollo"))
    Harm(seed, folder, others).do()
    said = []
    for read in (cf.read_parquet, cf.report, lambda place: cf.scan(place).read_all()):
        try:
            read(folder)
        except cf.ConfigError as error:
            said.append(str(error))
    assert all(words.isprintable() and words.endswith(".") for words in said)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.IncompleteWarning)
        cf.export(source(platform), folder, images=True, config=world.config, progress=False)
        if not cf.verify(folder):  # a bit of a uid in the journal has no checksum: verify sees what came of it
            cf.export(source(platform), folder, images=True, config=world.config, progress=False)
    assert content(cf.read_parquet(folder)) == content(cf.read_parquet(others / platform))
    assert cf.verify(folder)
