"""Run a real JupyterLab with a real browser, and use it as a person does: with mouse, keyboard and menus.

>>> with Lab() as lab, lab.page("try", ["1 + 1"]) as page:
...     page.run_all()
...     page.until_ran(1)
...     page.output(1)
'2'

Code cells are numbered from 1, so after "Run All Cells" cell 3 has the prompt ``[3]:``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
import psutil
from help.kernels import PATIENCE_SECONDS, REPOSITORY, clean_environment
from nbformat import NotebookNode
from playwright.sync_api import Dialog, Error, Locator, Request, expect, sync_playwright
from playwright.sync_api import Page as BrowserPage

VIEWPORT = {"width": 1280, "height": 1000}
SERVER_SWITCHES = """
    --no-browser --allow-root --ip=127.0.0.1 --port=0 --IdentityProvider.token= --ServerApp.password=
    --ServerApp.disable_check_xsrf=True --ServerApp.terminals_enabled=False --LabApp.news_url=None
    --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.extension_manager=readonly
    --LanguageServerManager.autodetect=False --KernelManager.transport=ipc
""".split()
# As `python -m jupyterlab`, without what checks IRIs, which takes a second and more to import (see conftest.py).
START_LAB = "import sys; sys.modules['rfc3987_syntax'] = None; from jupyterlab.labapp import main; sys.exit(main())"
CHROMIUM_SWITCHES = [
    *"--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run --disable-sync".split(),
    *"--disable-background-networking --disable-component-update".split(),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # WebSockets are not routed below
]
NO_QUESTIONS = {  # Lab asks which kernel to start when it is slow to hear of the notebook's own
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false"},
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"autoStartDefaultKernel": True},
}


class Lab:
    """A JupyterLab on loopback in a folder of its own, and a browser; use it in a ``with`` block.

    Kernels import the repository's chatframes, and ``~`` is a folder inside `folder`.
    """

    def __enter__(self) -> Lab:
        self._top = Path(tempfile.mkdtemp(prefix="cf-"))  # short: the paths of sockets have a limit
        self.folder, self.home = self._top / "work", self._top / "home"
        for folder in (self.folder, self.home):
            folder.mkdir(parents=True)
        for name, values in NO_QUESTIONS.items():
            path = self._top / "settings" / name
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(values), encoding="utf-8")
        self._log = (self._top / "log").open("w+", encoding="utf-8")
        self._server = psutil.Popen(
            [sys.executable, "-c", START_LAB, *SERVER_SWITCHES, f"--ServerApp.root_dir={self.folder}"],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._start_browser()  # while the server starts
            self.url = self._until_it_answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "_browser"):
            self._browser.close()
        if hasattr(self, "_play"):
            self._play.stop()
        started = [self._server, *self._server.children(recursive=True)] if self._server.is_running() else []
        for process in started:  # kernels have process groups of their own
            with_patience(process.terminate)
        for process in psutil.wait_procs(started, timeout=PATIENCE_SECONDS / 4)[1]:
            with_patience(process.kill)
        psutil.wait_procs(started, timeout=PATIENCE_SECONDS / 4)
        self._log.close()
        shutil.rmtree(self._top, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        """Return the environment of the server, and so of its kernels."""
        known = clean_environment(self._top / "jupyter")
        known = {name: value for name, value in known.items() if not name.startswith("REDDIT_")}
        return {**known, "HOME": str(self.home), "JUPYTERLAB_SETTINGS_DIR": str(self._top / "settings")}

    def _start_browser(self) -> None:
        self._play = sync_playwright().start()
        self._browser = self._play.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=CHROMIUM_SWITCHES,
            env={**os.environ, "HOME": str(self.home)},
        )

    def _until_it_answers(self) -> str:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up and self._server.poll() is None:
            for file in (self._top / "jupyter").glob("jpserver-*.json"):
                try:
                    url = f"http://127.0.0.1:{json.loads(file.read_text(encoding='utf-8'))['port']}"
                    self._ask(url + "/api/status").close()
                except (ValueError, OSError):
                    continue  # half written, or not listening yet
                return url
            time.sleep(0.05)
        self._log.seek(0)
        raise AssertionError(f"JupyterLab does not answer; it said:\n{self._log.read()}")

    @staticmethod
    def _ask(url: str, method: str = "GET") -> Any:
        # Without the proxies of whoever runs the tests.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(urllib.request.Request(url, method=method), timeout=PATIENCE_SECONDS)

    def notebook(self, name: str, cells: list[str]) -> Path:
        """Write a notebook of these code cells into the folder."""
        path = self.folder / f"{name}.ipynb"
        code = [nbformat.v4.new_code_cell(source.strip("\n"), id=f"cell-{at}") for at, source in enumerate(cells, 1)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=code, metadata=kernel), path)
        return path

    @contextmanager
    def page(self, name: str, cells: list[str] | None = None) -> Iterator[Page]:
        """Open a notebook of the folder, written from `cells` if they are given; end its kernel afterwards.

        It fails when a script failed, a dialog opened or anything was asked of another address meanwhile.
        """
        path = self.folder / f"{name}.ipynb" if cells is None else self.notebook(name, cells)
        # Service workers could fetch past the route.
        context = self._browser.new_context(viewport=VIEWPORT, service_workers="block")
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        try:
            page = Page(context.new_page(), self.url, path)
            try:
                page.open()
                yield page
            except BaseException:
                page.screenshot("failed")
                raise
            page.assert_no_trouble()
        finally:
            context.close()
            for session in json.load(self._ask(self.url + "/api/sessions")):
                self._ask(f"{self.url}/api/sessions/{session['id']}", "DELETE").close()


def with_patience(end: Any) -> None:
    """Ask a process to end that may have ended."""
    with suppress(psutil.NoSuchProcess):
        end()


class Page:
    """One notebook open in JupyterLab. What it finds, it finds in the notebook: Lab has labels of its own."""

    def __init__(self, page: BrowserPage, url: str, path: Path) -> None:
        self.browser, self.path = page, path
        self.notebook = page.locator(".jp-Notebook")
        self.troubles: list[str] = []
        self._url = url
        elsewhere = re.compile(rf"^(?!{re.escape(url)}/)", re.IGNORECASE)
        page.context.route(elsewhere, lambda route, request: self._refuse(route, request))
        page.on("pageerror", lambda error: self.troubles.append(f"script error: {error}"))
        page.on("dialog", self._dismiss)

    def _refuse(self, route: Any, request: Request) -> None:
        self.troubles.append(f"asked another address: {request.url[:200]}")
        route.abort()

    def _dismiss(self, dialog: Dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def assert_no_trouble(self) -> None:
        """Fail when a script failed, a dialog opened, or anything was asked of another address."""
        shown = self.browser.locator(".jp-Dialog").all_inner_texts()
        assert [*self.troubles, *(f"Lab's dialog: {text}" for text in shown)] == []

    # --- cells --------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Open the notebook and wait until its kernel is idle."""
        self.browser.goto(f"{self._url}/lab/tree/{self.path.name}?reset", wait_until="commit")
        self.notebook.locator(".jp-CodeCell").first.wait_for()
        self.until_idle()

    def until_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.browser.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()

    def cell(self, number: int) -> Locator:
        """Return a code cell, scrolled to: what is out of sight is not rendered."""
        cell = self.notebook.locator(".jp-CodeCell").nth(number - 1)
        # Not Playwright's own way: it waits until the cell stands still, and Lab replaces cells while it loads.
        cell.evaluate("cell => cell.scrollIntoView({block: 'nearest'})")
        return cell

    def menu(self, *names: str) -> None:
        """Choose something from the menus: ``page.menu("Run", "Run All Cells")``."""
        self.browser.locator(".lm-MenuBar-itemLabel").get_by_text(names[0], exact=True).click()
        for name in names[1:]:
            self.browser.locator(".lm-Menu-itemLabel").get_by_text(name, exact=True).click()

    def run_all(self) -> None:
        """Choose "Run All Cells" from the menu."""

        def choose() -> None:
            self._focus(1)
            self.menu("Run", "Run All Cells")

        self._until_begun(1, choose)

    def run(self, number: int) -> None:
        """Run one cell with Ctrl+Enter; do not wait for its end."""

        def press() -> None:
            self._focus(number)
            self.browser.keyboard.press("Control+Enter")

        self._until_begun(number, press)

    def _until_begun(self, number: int, act: Callable[[], None]) -> None:
        """Do something that runs a cell, once more where Lab, which is still loading, did not hear it."""
        before = self.prompt(number)
        prompt = self.notebook.locator(".jp-CodeCell").nth(number - 1).locator(".jp-InputPrompt")
        for last in (False, True):
            act()
            try:
                expect(prompt).not_to_have_text(before, timeout=5_000)
                return
            except AssertionError:
                if last:
                    raise

    def _focus(self, number: int) -> None:
        self.cell(number).locator(".cm-content").click()

    def prompt(self, number: int) -> str:
        """Return what stands before a cell: ``[ ]:``, ``[*]:`` or ``[3]:``."""
        return self.cell(number).locator(".jp-InputPrompt").inner_text().strip()

    def until_ran(self, number: int, count: int | None = None) -> None:
        """Wait until a cell has run, as execution `count` if one is given."""
        prompt = self.notebook.locator(".jp-CodeCell").nth(number - 1).locator(".jp-InputPrompt")
        expect(prompt).to_have_text(re.compile(rf"^\[{count or '[0-9]+'}\]:$"), timeout=PATIENCE_SECONDS * 1000)

    def area(self, number: int) -> Locator:
        """Return the place of a cell's output."""
        return self.cell(number).locator(".jp-OutputArea").first

    def output(self, number: int) -> str:
        """Return the text a person sees below a cell."""
        outputs = self.cell(number).locator(".jp-OutputArea-output")
        return "\n".join(text.strip() for text in outputs.all_inner_texts())

    def errors(self) -> list[str]:
        """Return the tracebacks of all cells."""
        return self.notebook.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()

    def until_output(self, number: int, text: str | re.Pattern[str]) -> None:
        """Wait until a text stands in a cell's output."""
        expect(self.area(number)).to_contain_text(text, timeout=PATIENCE_SECONDS * 1000)

    def pictures(self, number: int) -> int:
        """Count the decoded pictures in a cell's output, once the browser is done with all of them."""
        images = self.area(number).locator("img")
        for image in images.all():
            image.scroll_into_view_if_needed()  # one that loads lazily waits for this
        images.evaluate_all("images => Promise.allSettled(images.map(image => image.decode()))")
        return int(images.evaluate_all("images => images.filter(image => image.naturalWidth > 0).length"))

    # --- widgets ------------------------------------------------------------------------------------------------------

    def labelled(self, label: str) -> Locator:
        """Return the one control with this label, as a screen reader finds it."""
        return self.notebook.get_by_label(label, exact=True)

    def click_checkbox(self, label: str) -> None:
        """Click a checkbox with the mouse."""
        self.notebook.get_by_role("checkbox", name=label, exact=True).click()

    def type_into(self, label: str, text: str | int) -> None:
        """Replace what a field holds by what is typed, and press Enter."""
        self.labelled(label).click()
        self.browser.keyboard.press("Control+A")
        self.browser.keyboard.type(str(text))
        self.browser.keyboard.press("Enter")

    def press_button(self, name: str) -> None:
        """Press a button with the mouse."""
        self.notebook.get_by_role("button", name=name, exact=True).click()

    def pick(self, label: str, option: str) -> None:
        """Pick an option of a dropdown."""
        self.labelled(label).select_option(label=option)

    # --- what is kept -------------------------------------------------------------------------------------------------

    def saved(self) -> NotebookNode:
        """Press Ctrl+S and return the notebook that was written."""
        self._focus(1)
        with self.browser.expect_response(
            lambda answer: answer.request.method == "PUT" and self.path.name in answer.url
        ):
            self.browser.keyboard.press("Control+S")
        return nbformat.read(self.path, as_version=nbformat.NO_CONVERT)

    def screenshot(self, name: str, cell: int | None = None) -> Path:
        """Keep a picture of the window, or of one cell, under the test's name; return where."""
        kept = Path(os.environ.get("CHATFRAMES_SCREENSHOTS") or REPOSITORY / "outputs" / "screenshots")
        test = os.environ.get("PYTEST_CURRENT_TEST", "page").rpartition("::")[2].split(" (")[0]
        path = kept / (re.sub(r"[^\w.-]+", "-", f"{test}--{name}") + ".png")
        kept.mkdir(parents=True, exist_ok=True)
        try:
            (self.browser if cell is None else self.cell(cell)).screenshot(path=path)
        except Error:
            if name != "failed":  # which must not hide why
                raise
        return path
