"""A finished export with three small parts, for tests that damage a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from help.exports import content, export_webex

import chatframes as cf
from chatframes.exports import store

SMALL = 25  # rows


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=60, images=12) as world:
        yield world


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PART_ROWS", SMALL)


@pytest.fixture(scope="module")
def done(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three parts, which no test may change."""
    folder = tmp_path_factory.mktemp("done") / "apollo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "PART_ROWS", SMALL)
        export_webex(world, folder)
    return folder


@pytest.fixture(scope="module")
def truth(done: Path) -> dict[str, Any]:
    return content(cf.read_parquet(done))


@pytest.fixture
def folder(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "apollo"))
