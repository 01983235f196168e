"""What is clicked while a cell runs: in a front end with subshells (JupyterLab) it is heard at once, in any other later.

The test plays the page: it sends the message that a click sends.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from help.holding import ROOM, HoldingWebex
from help.kernels import AWAITED, BLOCKING, OLD_WAY, Kernel, assert_nothing_is_left, cell

CLICKS = [True, False, True]
WIDGET = """
import ipywidgets, threading
from urllib.request import urlopen

box, heard = ipywidgets.Checkbox(description="Download images"), []

def on_click(change):
    where = "main" if threading.current_thread() is threading.main_thread() else "beside"
    {body}
    heard.append((change["new"], where))
    if len(heard) == {clicks}:
        urlopen({base_url!r} + "/release").close()

box.observe(on_click, "value")
"""
FETCHES = "change['new'] = len(cf.fetch(cf.Webex({room!r}), config={config!r}, progress=False))"

WAYS = pytest.mark.parametrize("template", [BLOCKING, AWAITED], ids=["blocking", "awaited"])


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with Kernel() as kernel:
        yield kernel


@pytest.fixture(scope="module")
def subshell(kernel: Kernel) -> str:
    return kernel.new_subshell()


@pytest.fixture
def server() -> Iterator[HoldingWebex]:
    with HoldingWebex(messages=12, answered=4) as server:
        yield server


def show_widget(kernel: Kernel, server: HoldingWebex, body: str = "") -> str:
    """Make a checkbox whose handler lets the server go at the last click; return its model id."""
    kernel.run(WIDGET.format(body=body or "pass", clicks=len(CLICKS), base_url=server.base_url))
    return str(kernel.value("box.model_id"))


def fetch_body(server: HoldingWebex) -> str:
    return FETCHES.format(room=ROOM, config=server.config)


def click_during(kernel: Kernel, template: str, server: HoldingWebex, box: str, subshell: str | None) -> str:
    """Send a fetch, and clicks that reach the kernel while it runs."""
    if subshell is not None:
        # ipykernel 7.4 answers a widget where it spoke last: in the main thread, until a page with subshells was heard.
        kernel.change(box, subshell=subshell, value=False)
        assert kernel.value("box.value") is kernel.value("box.value", subshell=subshell) is False
    fetching = kernel.send(cell(template, server))
    server.until_holding(8)
    for click in CLICKS:
        kernel.change(box, subshell=subshell, value=click)
    kernel.until_all_sent_has_arrived()
    return fetching


def assert_all_is_there(kernel: Kernel, server: HoldingWebex, fetching: str) -> None:
    assert kernel.reply(fetching)["status"] == "ok"
    assert kernel.value("outcomes(df)") == (12, 12, 0)
    assert kernel.value("box.value") is CLICKS[-1]
    assert_nothing_is_left(kernel, server)


@pytest.mark.parametrize("fetches", [False, True], ids=["", "the handler fetches"])
@pytest.mark.parametrize(
    ("template", "beside"),
    [(BLOCKING, True), (AWAITED, True), (AWAITED, False)],
    ids=["blocking, with a subshell", "awaited, with a subshell", "awaited, without"],
)
def test_a_click_is_heard_while_the_fetch_runs(
    kernel: Kernel, server: HoldingWebex, subshell: str, template: str, beside: bool, fetches: bool
) -> None:
    # The fetch ends only when the handler has let the server go, so the handler has run before.
    box = show_widget(kernel, server, fetch_body(server) if fetches else "")
    fetching = click_during(kernel, template, server, box, subshell if beside else None)
    assert_all_is_there(kernel, server, fetching)
    where = "beside" if beside else "main"
    assert kernel.value("heard") == [(12 if fetches else click, where) for click in CLICKS]


@pytest.mark.parametrize("fetches", [False, True], ids=["", "the handler fetches"])
def test_without_a_subshell_a_click_during_a_blocking_fetch_is_heard_after_it(
    kernel: Kernel, server: HoldingWebex, subshell: str, fetches: bool
) -> None:
    box = show_widget(kernel, server, fetch_body(server) if fetches else "")
    fetching = click_during(kernel, BLOCKING, server, box, None)
    assert not kernel.answered(fetching)
    assert kernel.value("heard, box.value", subshell=subshell) == ([], False)
    server.release()
    assert_all_is_there(kernel, server, fetching)
    assert kernel.value("heard") == [(12 if fetches else click, "main") for click in CLICKS]


@WAYS
def test_the_very_first_click_on_a_widget_is_heard_sooner_or_later(
    kernel: Kernel, server: HoldingWebex, subshell: str, template: str
) -> None:
    box = show_widget(kernel, server)
    fetching = kernel.send(cell(template, server))
    server.until_holding(8)
    kernel.change(box, subshell=subshell, value=True)
    kernel.until_all_sent_has_arrived()
    server.release()
    assert_all_is_there(kernel, server, fetching)
    assert [click for click, _ in kernel.value("heard")] == [True]


@pytest.mark.long
def test_with_nest_asyncio_a_click_is_lost(server: HoldingWebex) -> None:
    # The negative control: messages are handled in order, so what has not been heard when a later cell answers is lost.
    with Kernel() as kernel:
        kernel.run("import nest_asyncio; nest_asyncio.apply()")
        box = show_widget(kernel, server)
        fetching = click_during(kernel, OLD_WAY, server, box, None)
        server.release()
        assert kernel.reply(fetching)["status"] == "ok"
        assert kernel.value("len(df), heard, box.value") == (12, [], False)
