"""In a console, which shows text and no update of a display, a call still ends with a line that says how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from help.kernels import Kernel


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with Kernel() as running:
        running.run("world = cf.sandbox()")
        yield running
        running.run("world.close()")


def texts(outputs: list[tuple[str, Any]]) -> list[str]:
    """What a console prints: the text of each display, and the streams."""
    return [
        content["text"] if kind == "stream" else content["data"].get("text/plain", "")
        for kind, content in outputs
        if kind in ("stream", "display_data")
    ]


def html(outputs: list[tuple[str, Any]]) -> list[str]:
    return [content["data"]["text/html"] for kind, content in outputs if "text/html" in content.get("data", {})]


CASES = {
    "done": ("df = cf.fetch(cf.Webex('Project Apollo'), config=world.config)", "done in"),
    "done, with pictures": ("df = cf.fetch(cf.Webex('Project Apollo'), config=world.config, images=True)", "of images"),
    "awaited": ("df = await cf.fetch_async(cf.Webex('Project Apollo'), config=world.config)", "done in"),
    "failed": ("df = cf.fetch(cf.Webex('no such room'), config=world.config)", "failed in"),
    "nothing to read": (
        "df = cf.fetch(cf.Webex('Project Apollo', until='2001-01-01'), config=world.config)",
        "0 messages",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_console_gets_a_last_line_of_text(kernel: Kernel, name: str) -> None:
    code, ending = CASES[name]
    outputs = kernel.outputs(code, allow_stdin=True)
    first, *_, last = texts(outputs)
    assert first == "chatframes is fetching"
    assert ending in last
    assert html(outputs)[-1] == "", "a page shows nothing more than before"


@pytest.mark.parametrize(
    "front_end", [{"allow_stdin": True, "cellId": "a1"}, {"allow_stdin": False}], ids=["a page", "a whole notebook"]
)
def test_who_shows_the_card_gets_no_second_line(kernel: Kernel, front_end: dict[str, Any]) -> None:
    outputs = kernel.outputs(CASES["done"][0], **front_end)
    assert texts(outputs) == ["chatframes is fetching"]
    assert "done in" in str(html(outputs)[-1])
