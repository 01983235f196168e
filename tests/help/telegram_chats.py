"""Fetch from the sandbox's Telegram."""

from __future__ import annotations

from typing import Any

import pandas as pd

import chatframes as cf
from chatframes.world.sandbox import World

APOLLO = cf.Telegram("@apollo")


def fetch(world: World, source: cf.Telegram = APOLLO, **options: Any) -> pd.DataFrame:
    return cf.fetch(source, config=world.config, **{"images": True, "progress": False, **options})


def telegram(world: World) -> dict[str, Any]:
    stats: dict[str, Any] = world.stats()["telegram"]
    return stats
