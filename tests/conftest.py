"""What every test stands on: no settings of the person who runs them, and tools that CI must have."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import settings

import chatframes as cf

# The same cases every time, however slow the machine: what fails in CI fails at home too.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run in an empty folder and home, without anybody's config.json, environment or proxies; forget waits afterwards."""
    for name in list(os.environ):
        if name.startswith(("WEBEX_", "TELEGRAM_", "REDDIT_", "CHATFRAMES_CONFIG")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # where logins and choices are kept
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a tool that is absent, with the reason; under CHATFRAMES_CI=1 absence fails instead."""
    for tool in ("browser", "namespace", "posix"):
        marked = [item for item in items if item.get_closest_marker(tool)]
        reason = _missing(tool) if marked else None
        if reason and os.environ.get("CHATFRAMES_CI") == "1":
            raise pytest.UsageError(f"CHATFRAMES_CI=1, but {reason}")
        if reason:
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=reason))
