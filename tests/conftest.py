"""Keep the settings of whoever runs the tests out of them, mark and order them, and skip those whose tool is missing."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings

import chatframes as cf

# The same cases every time, and no time limit for one: what fails in CI fails at home too.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")

# jsonschema imports what checks IRIs, which compiles 38 grammars then; no notebook here has an IRI.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the collector of garbage away from the half million objects of the collected tests: a tenth of all time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000)  # 700 looks at all of a sandbox's records again and again while they are made
        gc.enable()


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run each test in an empty folder and home, without config.json, credentials or proxies; shut down afterwards."""
    for name in list(os.environ):
        if name.startswith(("WEBEX_", "TELEGRAM_", "REDDIT_", "CHATFRAMES_CONFIG")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    mine = Path(mkdtemp(dir=tmp_path_factory.getbasetemp()))  # `mktemp` looks at all folders there are, each time
    for name in ("empty", "home"):
        (mine / name).mkdir()
    monkeypatch.chdir(mine / "empty")
    monkeypatch.setenv("HOME", str(mine / "home"))  # where logins and choices are kept
    yield
    cf.shutdown()


def _missing(tool: str) -> str | None:
    if tool == "posix":
        return None if os.name == "posix" else "this is no POSIX system"
    if tool == "browser":
        return None if shutil.which("chromium") else "Chromium is not installed (Debian: apt-get install chromium)"
    answer = (
        subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False) if shutil.which("unshare") else None
    )
    return (
        None if answer is not None and answer.returncode == 0 else "no network namespace can be made here (unshare -n)"
    )


# The files that take longest come first, so that no worker is left alone with one at the end.
LONGEST_FIRST = (
    "notebook/test_lab.py house/test_notebooks.py sources/telegram/test_fetch.py sources/reddit/test_fetch.py "
    "sources/webex/test_fetch.py notebook/test_kernel_interrupts.py world/telegram/test_clients.py test_loop.py "
    "sources/telegram/test_login.py notebook/test_kernel.py road/test_scenarios.py table/test_files.py test_api.py "
    "notebook/test_kernel_widgets.py sources/test_other_distributions.py notebook/test_gallery.py world/test_demo.py "
    "world/reddit/test_contradictions.py world/test_sandbox.py world/reddit/test_server.py "
    "world/test_webex_contradictions.py world/telegram/test_contradictions.py exports/test_disk.py"
).split()
# The working loop, under a minute: the fast tests that tell most when they break.
QUICK = (
    "house/test_house.py house/test_services.py house/test_surface.py images page/test_html.py progress settings "
    "sources/telegram/test_history.py sources/telegram/test_rows.py sources/reddit/test_listing.py table "
    "test_api.py test_keywords.py test_windows.py transfer/test_gate.py transfer/test_link.py"
).split()


def _place(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).as_posix()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark and order the tests, and skip or refuse what a missing tool makes impossible."""
    for item in items:
        if _place(item).startswith(tuple(QUICK)) and not item.get_closest_marker("long"):
            item.add_marker(pytest.mark.quick)
    order = {place: position for position, place in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(_place(item), len(order)))
    _without_tools(items)


def _without_tools(items: list[pytest.Item]) -> None:
    """Skip what needs a tool that is absent, with the reason; under CHATFRAMES_CI=1 absence fails instead."""
    for tool in ("browser", "namespace", "posix"):
        marked = [item for item in items if item.get_closest_marker(tool)]
        reason = _missing(tool) if marked else None
        if reason and os.environ.get("CHATFRAMES_CI") == "1":
            raise pytest.UsageError(f"CHATFRAMES_CI=1, but {reason}")
        if reason:
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=reason))
