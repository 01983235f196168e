"""Where the tests of the settings run."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def quiet_place(tmp_path, monkeypatch):
    """An empty working folder and an environment without any of ours."""
    for name in os.environ:
        if name.upper().startswith(("WEBEX_", "TELEGRAM_", "REDDIT_", "CHATFRAMES_CONFIG")):
            monkeypatch.delenv(name)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"
