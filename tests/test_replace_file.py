"""A file is written whole or not at all, also where a folder cannot promise to survive a power cut."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from chatframes.replace_file import replace_file


def failing(number: int):  # type: ignore[no-untyped-def]
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    "number", [errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EROFS, errno.ENOTTY]
)
def test_a_folder_that_cannot_fsync_is_written_to(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", failing(number))
    for content in (b"old", b"new"):
        with replace_file(tmp_path / "a") as file:
            file.write(content)
        assert (tmp_path / "a").read_bytes() == content
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_where_fsync_says_that_bytes_are_lost_the_older_file_stays(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", failing(number))
    with pytest.raises(OSError, match=os.strerror(number)), replace_file(tmp_path / "a") as file:
        file.write(b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_whose_own_name_cannot_be_kept_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def only_the_file(handle: int) -> None:
        asked.append(handle)
        if len(asked) == 2:
            raise OSError(errno.EIO, "the folder cannot")

    monkeypatch.setattr(os, "fsync", only_the_file)
    with replace_file(tmp_path / "a") as file:
        file.write(b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
