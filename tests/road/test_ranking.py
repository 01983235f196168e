"""Which picture comes next: by time, by size, by a function of the user's, whatever that returns."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from chatframes.model import Attachment, Message
from chatframes.road.ranking import Ranking

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
MINUTES = [3, 1, None, 4, 2]
SIZES = [30, None, 10, 20, 10]


def drawn(order: Any) -> tuple[list[int], str | None]:
    """The places of five attachments as a heap gives them out, and what the ranking says about it."""
    ranking, heap = Ranking(order), []
    for place, (minute, size) in enumerate(zip(MINUTES, SIZES, strict=True)):
        at = None if minute is None else NOON + timedelta(minutes=minute)
        message = Message("webex", "a chat", "its name", str(place), at, NOON, text=f"number {place}")
        attachment = Attachment(0, "photo", str(place), declared_size=size)
        heapq.heappush(heap, (ranking.of(message, attachment), place))
    return [heapq.heappop(heap)[1] for _ in SIZES], ranking.problem


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, [0, 1, 2, 3, 4]),
        ("newest", [3, 0, 4, 1, 2]),
        ("oldest", [1, 4, 0, 3, 2]),
        ("smallest", [2, 4, 3, 0, 1]),
        (lambda message, attachment: message.text[::-1], [0, 1, 2, 3, 4]),
        (lambda message, attachment: attachment.declared_size, [2, 4, 3, 0, 1]),
        (lambda message, attachment: float("nan") if attachment.declared_size == 30 else 1, [1, 2, 3, 4, 0]),
        (lambda message, attachment: (attachment.kind, -int(message.message_id)), [4, 3, 2, 1, 0]),
        (lambda message, attachment: 7, [0, 1, 2, 3, 4]),
    ],
)
def test_the_least_comes_first_and_what_is_unknown_last(order: Any, expected: list[int]) -> None:
    assert drawn(order) == (expected, None)


def _raises(message: Message, attachment: Attachment) -> int:
    if message.message_id == "1":
        raise RuntimeError("no such\nthing")
    return -int(message.message_id)


class Unsayable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def _raises_unsayable(message: Message, attachment: Attachment) -> int:
    raise Unsayable


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (_raises_unsayable, "order= failed (Unsayable), so"),
        (_raises, "order= failed (RuntimeError: no such), so"),
        (lambda message, attachment: message.message_id if attachment.declared_size else 0, "(TypeError: '<' not supp"),
        (lambda message, attachment: {message.message_id}.union, "(TypeError: "),
        (lambda message, attachment: np.array([1, 2]), "(ValueError: The truth value of an array"),
    ],
)
def test_what_fails_is_one_sentence_and_every_picture_has_its_turn(order: Callable[..., Any], says: str) -> None:
    places, problem = drawn(order)
    assert sorted(places) == [0, 1, 2, 3, 4]
    assert problem is not None
    assert says in problem
    assert "\n" not in problem
    assert problem.endswith(".")
