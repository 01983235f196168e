"""Rooms whose answers contradict each other, by chance: what is not read is told, and what is whole is seldom doubted."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest
from help.fickle_webex import FAULTS, START, FickleRoom

from chatframes.sources.webex.rows import stamp
from chatframes.windows import Bounds

ROOMS = 120


def fickle(seed: int) -> FickleRoom:
    chance = random.Random(seed)
    faults = frozenset(chance.sample(FAULTS, chance.choice([0, 1, 1, 2, 3])))
    return FickleRoom(seed, faults, chance.choice([0, 1, 2, 5, 20, 100, 400]), chance.choice([10, 12, 25, 100, 1000]))


def read(seed: int) -> tuple[bool, bool]:
    """Read one room; return whether the report is honest, and whether it doubts what is whole."""
    room, chance = fickle(seed), random.Random(-seed - 1)
    until = START + timedelta(days=chance.choice([0, 3, 20]), milliseconds=1)
    since = chance.choice([None, START - timedelta(days=chance.choice([1, 10, 60, 300]))])
    reading, ids = asyncio.run(room.read(Bounds(since, until)))
    report = reading.report()
    inside = {item["id"]: item["created"] for item in room.there if since is None or stamp(since) <= item["created"]}
    lost = inside.keys() - ids
    untold = [
        id_ for id_ in lost if not any((gap.since or "") <= inside[id_] <= (gap.until or "9") for gap in report.gaps)
    ]
    honest = len(untold) <= report.missing.count and not (lost and report.status == "complete")
    return honest, not lost and report.status != "complete"


def test_no_hole_is_silent_and_few_rooms_are_doubted_that_are_whole() -> None:
    results = {seed: read(seed) for seed in range(ROOMS)}
    assert [seed for seed, (honest, _) in results.items() if not honest] == []
    assert sum(doubted for _, doubted in results.values()) <= ROOMS / 20


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_delivered(fault: str) -> None:
    for seed in range(20):
        room = FickleRoom(seed, frozenset({fault}), 200, 25)
        asyncio.run(room.read(Bounds(None, START + timedelta(days=1))))
        if fault == "anchors_included" or room.delivered[fault]:
            return
    pytest.fail("in none of the rooms")
