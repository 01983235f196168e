"""What a notebook's user gets, in a real kernel: cells, queued cells, the stop button, nested loops.

nbclient sends one cell at a time and cannot show most of this.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from help.holding import HoldingWebex
from help.kernels import AWAITED, BLOCKING, INTERRUPT_SECONDS, OLD_WAY, Kernel, assert_nothing_is_left, cell

OWN_RUN = "df = asyncio.run(cf.fetch_async(cf.Webex({room!r}), images=True, config={config!r}))"
WIDGETS_BEFORE = """
import ipywidgets
widgets = lambda: ipywidgets.widgets.widget._instances
before = set(widgets())
"""
PANEL = """
panel = cf.FetchPanel(cf.Webex({room!r}), images=True, config={config!r}, remember=False)
panel.fetch()
panel.wait()
"""
HIDE_NEST_ASYNCIO2 = """
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == "nest_asyncio2":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Hidden())
"""
TRY_TO_ENABLE = """
try:
    said = cf.enable_nested_loops()
except RuntimeError as error:
    said = f"RuntimeError: {error}"
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    """A kernel nobody has patched, shared by the tests below."""
    with Kernel() as kernel:
        yield kernel


@pytest.fixture(scope="module")
def nested_kernel() -> Iterator[Kernel]:
    """A kernel in which nested loops have been enabled, twice."""
    with Kernel() as kernel:
        kernel.run("how = cf.enable_nested_loops(); again = cf.enable_nested_loops()")
        yield kernel


@pytest.fixture
def server() -> Iterator[HoldingWebex]:
    with HoldingWebex(messages=12, answered=4) as server:
        yield server


def send_two_cells(kernel: Kernel, first: str, server: HoldingWebex) -> tuple[str, str]:
    """Send a fetch, and a second cell that certainly reaches the kernel while the fetch is running."""
    kernel.run("second = None")
    fetching = kernel.send(cell(first, server))
    server.until_holding(8)
    queued = kernel.send("second = 'ran'")
    kernel.until_all_sent_has_arrived()
    assert not kernel.answered(fetching)
    server.release()
    return fetching, queued


def interrupt_a_fetch(kernel: Kernel, template: str, server: HoldingWebex) -> str:
    """Press stop while eight pictures are under way; return the name of what ended the cell."""
    fetching = kernel.send(cell(template, server))
    server.until_holding(8)
    pressed = time.monotonic()
    kernel.interrupt()
    reply = kernel.reply(fetching)
    seconds = time.monotonic() - pressed
    print(f"the cell ended {seconds:.2f} s after the interrupt")
    assert seconds < INTERRUPT_SECONDS
    assert reply["status"] == "error"
    return str(reply["ename"])


def assert_what_was_read_is_kept(kernel: Kernel) -> None:
    assert kernel.value("outcomes(cf.last_result())") == (12, 4, 8)


@pytest.mark.parametrize("template", [BLOCKING, AWAITED], ids=["blocking", "awaited"])
def test_a_cell_fetches_a_chat_with_its_pictures(kernel: Kernel, server: HoldingWebex, template: str) -> None:
    server.release()
    kernel.run(cell(template, server))
    assert kernel.value("len(df), int(df['n_images'].sum())") == (12, 12)
    assert_nothing_is_left(kernel, server)


@pytest.mark.parametrize("template", [BLOCKING, AWAITED], ids=["blocking", "awaited"])
def test_a_cell_queued_while_a_fetch_runs_is_run_after_it(kernel: Kernel, server: HoldingWebex, template: str) -> None:
    fetching, queued = send_two_cells(kernel, template, server)
    assert kernel.reply(fetching)["status"] == "ok"
    assert kernel.reply(queued)["status"] == "ok"
    assert kernel.value("second") == "ran"
    assert kernel.value("len(df)") == 12


@pytest.mark.parametrize(
    ("template", "ended_by"),
    [(BLOCKING, "KeyboardInterrupt"), (AWAITED, "CancelledError")],
    ids=["blocking", "awaited"],
)
def test_the_stop_button_ends_a_fetch_and_what_was_read_is_kept(
    kernel: Kernel, server: HoldingWebex, template: str, ended_by: str
) -> None:
    assert interrupt_a_fetch(kernel, template, server) == ended_by
    assert_nothing_is_left(kernel, server)
    assert_what_was_read_is_kept(kernel)


def test_a_panel_whose_cell_was_stopped_goes_on_and_closing_it_leaves_nothing(
    kernel: Kernel, server: HoldingWebex
) -> None:
    kernel.run(WIDGETS_BEFORE)
    assert interrupt_a_fetch(kernel, PANEL, server) == "KeyboardInterrupt"
    assert len(kernel.value("[repr(task) for task in asyncio.all_tasks(loop.get())]")) > 0, "it fetches on"
    kernel.run("panel.close(); panel.wait()")
    assert_nothing_is_left(kernel, server)
    assert kernel.value("len(set(widgets()) - before)") == 0


@pytest.mark.parametrize("template", [BLOCKING, AWAITED], ids=["blocking", "awaited"])
def test_a_cell_that_was_stopped_can_be_run_again(kernel: Kernel, server: HoldingWebex, template: str) -> None:
    interrupt_a_fetch(kernel, template, server)
    server.until_nobody_is_connected()
    server.release()
    kernel.run(cell(template, server))
    assert kernel.value("len(df), int(df['n_images'].sum())") == (12, 12)
    assert_nothing_is_left(kernel, server)


def test_while_a_fetch_is_awaited_the_cells_other_tasks_go_on(kernel: Kernel, server: HoldingWebex) -> None:
    # The fetch can only finish when the other task has asked the server to let go.
    kernel.run("from urllib.request import urlopen")
    ask = f"lambda: urlopen({server.base_url + '/release'!r}).close()"
    kernel.run(f"other = asyncio.create_task(asyncio.to_thread({ask}))\n{cell(AWAITED, server)}\nawait other")
    assert kernel.value("len(df), int(df['n_images'].sum())") == (12, 12)


def test_enabling_nested_loops_is_refused_where_only_nest_asyncio_is_installed(kernel: Kernel) -> None:
    kernel.run(HIDE_NEST_ASYNCIO2 + TRY_TO_ENABLE + "del sys.meta_path[0]")
    said = kernel.value("said")
    assert said.startswith("RuntimeError: Nothing was patched: under ipykernel 7.")
    assert "lose queued cells" in said
    assert "Install nest-asyncio2" in said
    assert kernel.value("asyncio.run.__module__") == "asyncio.runners"


def test_importing_and_using_chatframes_patches_nothing(kernel: Kernel, server: HoldingWebex) -> None:
    server.release()
    kernel.run(cell(BLOCKING, server))
    assert kernel.value("asyncio.run.__module__, hasattr(asyncio, '_nest_patched')") == ("asyncio.runners", False)


def test_in_a_notebook_nested_loops_are_nest_asyncio2s(nested_kernel: Kernel) -> None:
    assert nested_kernel.value("how, again") == ("nest_asyncio2", "nest_asyncio2")
    assert nested_kernel.value("asyncio.run.__module__") == "nest_asyncio2"


@pytest.mark.parametrize("template", [OWN_RUN, BLOCKING, AWAITED], ids=["asyncio.run", "blocking", "awaited"])
def test_with_nested_loops_enabled_a_queued_cell_is_not_lost(
    nested_kernel: Kernel, server: HoldingWebex, template: str
) -> None:
    fetching, queued = send_two_cells(nested_kernel, template, server)
    assert nested_kernel.reply(fetching)["status"] == "ok"
    assert nested_kernel.reply(queued)["status"] == "ok"
    assert nested_kernel.value("second") == "ran"
    assert nested_kernel.value("len(df)") == 12


def test_the_stop_button_ends_an_asyncio_run_in_a_cell_and_leaves_nothing(
    nested_kernel: Kernel, server: HoldingWebex
) -> None:
    assert interrupt_a_fetch(nested_kernel, OWN_RUN, server) == "KeyboardInterrupt"
    assert_nothing_is_left(nested_kernel, server)
    assert_what_was_read_is_kept(nested_kernel)


@pytest.mark.long
def test_nest_asyncio_itself_loses_the_queued_cell_and_is_refused(server: HoldingWebex) -> None:
    # The negative control: this is what the background loop is for. Cells are answered in order, so a cell that is
    # still unanswered after a later one has been answered is lost for good.
    with Kernel() as kernel:
        kernel.run("import nest_asyncio" + TRY_TO_ENABLE.replace("cf.enable_nested_loops()", "nest_asyncio.apply()"))
        kernel.run(TRY_TO_ENABLE)
        said = kernel.value("said")
        assert said.startswith("RuntimeError: Nested loops are not safe here: nest_asyncio has already been applied")
        assert "Restart the kernel" in said
        fetching, queued = send_two_cells(kernel, OLD_WAY, server)
        assert kernel.reply(fetching)["status"] == "ok"
        assert kernel.value("len(df), second") == (12, None)
        assert not kernel.answered(queued)
