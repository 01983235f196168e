"""Fetch from the sandbox's Telegram, with a clock that can be made to run faster."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pandas as pd
import pytest

import chatframes as cf
from chatframes.transfer.clock import Clock
from chatframes.world.sandbox import World

APOLLO = cf.Telegram("@apollo")


def hurry(monkeypatch: pytest.MonkeyPatch, times: float) -> None:
    """Let the library's clock run faster than the wall's, so that its waits and deadlines cost a test little."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / times)

    monkeypatch.setattr("chatframes.api.clock", Clock(monotonic=lambda: time.monotonic() * times, sleep=sleep))


def fetch(world: World, source: cf.Telegram = APOLLO, **options: Any) -> pd.DataFrame:
    return cf.fetch(source, config=world.config, **{"images": True, "progress": False, **options})


def telegram(world: World) -> dict[str, Any]:
    stats: dict[str, Any] = world.stats()["telegram"]
    return stats
