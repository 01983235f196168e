"""What the cards of a message say, once they have been read, and what their reader asks about a value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Cards", "Picture", "json_type", "shown_by_buttons", "size_bytes"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a card: its address (or its own bytes, as a data: URI), and the words in its place."""

    url: str
    alt: str | None = None


@dataclass(slots=True)
class Cards:
    """What the cards of a message say.

    Attributes
    ----------
    lines, links : list of str
        The words and the addresses, in reading order.
    pictures : list of Picture
        The pictures, in order.
    films : list of (str, str)
        The address and the declared type of each film or sound.
    buttons : list of dict
        The `text` of each, and its `url` if it opens one.
    cards : list of dict
        What can be seen of each card.
    unread : dict
        Its keys are the names of what could not be read.
    instead : list of str
        The texts for apps that cannot show the cards.
    cut : bool
        Whether something that can be seen is in neither `cards` nor `buttons`, for its size.
    """

    lines: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    films: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[dict[str, str]] = field(default_factory=list)
    cards: list[dict[str, Any]] = field(default_factory=list)
    unread: dict[str, None] = field(default_factory=dict)
    instead: list[str] = field(default_factory=list)
    cut: bool = False


def shown_by_buttons(card: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids of the elements that a button of the card shows."""
    nodes: list[Any] = [card]
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes += node
        elif isinstance(node, Mapping):
            nodes += node.values()
            kind, targets = node.get("type"), node.get("targetElements")
            if isinstance(kind, str) and kind.casefold() == "action.togglevisibility" and isinstance(targets, list):
                yield from filter(None, map(_shown_by_target, targets))


def _shown_by_target(target: object) -> str | None:
    if isinstance(target, Mapping):
        target = None if target.get("isVisible") is False else target.get("elementId")
    return target if isinstance(target, str) else None


def size_bytes(value: object) -> int:
    """Return how many bytes a value takes as JSON, written as widely as Python writes it, with the comma behind it."""
    return len(json.dumps(value)) + 2


def json_type(value: object) -> str:
    """Return what JSON calls a value that is no list and no object."""
    return {type(None): "null", str: "string", bool: "boolean"}.get(type(value), "number")
