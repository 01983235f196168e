"""A warning names the line of whoever called, also when something is noticed on the library's own thread."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

import chatframes as cf
from chatframes import loop
from chatframes.warn import warn

CELLS = {
    "a blocking call": "\nloop.run(noticing())\n",
    "an awaited call": "async def cell():\n    await loop.run_async(noticing())\nasyncio.run(cell())\n",
    "an export": "\ncf.export([cf.Webex('Apollo')] * 2, folder, config={'nonsense': 1})\n",
}


async def noticing() -> None:
    warn("Something is odd.")


@pytest.mark.parametrize("cell", CELLS)
def test_a_warning_names_the_line_of_the_cell_that_called(cell: str, tmp_path: Path) -> None:
    known = {"asyncio": asyncio, "loop": loop, "noticing": noticing, "cf": cf, "folder": tmp_path / "apollo"}
    with pytest.warns(UserWarning, match=r"is odd|named twice") as seen, suppress(cf.ConfigError):
        exec(compile(CELLS[cell], "<cell 1>", "exec"), known)  # as IPython runs it
    assert [(each.filename, each.lineno) for each in seen] == [("<cell 1>", 2)]


def test_a_warning_that_is_an_error_stays_one() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.filters", [("error", None, UserWarning, None, 0)])
        with pytest.raises(UserWarning, match="Something is odd"):
            loop.run(noticing())
