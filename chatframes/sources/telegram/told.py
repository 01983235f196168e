"""What a service message tells, and the words for telling it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .peers import marked_id

__all__ = ["Cast", "Teller", "Told", "did", "ids_of", "length", "oneself", "people"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a service message tells.

    Attributes
    ----------
    action : str
        What happened, in our words, the same ones for every service.
    text : str
        The sentence.
    subjects : sequence of int
        Marked ids of whom it concerns.
    details : dict
        Facts for the column `details`.
    quoted : object or None
        A text with entities that somebody wrote, which comes on a line of its own.
    """

    action: str
    text: str
    subjects: tuple[int, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    quoted: Any = None


@dataclass(frozen=True, slots=True)
class Cast:
    """Who did it, and how people are called."""

    who: str
    author: int | None
    name: Callable[[int], str]

    def names(self, ids: Iterable[int]) -> str:
        """Return names as one lists them in a sentence."""
        named = [self.name(one) for one in ids]
        return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


Teller = Callable[[Any, Cast], Told]


def ids_of(peers: Iterable[Any] | None) -> tuple[int, ...]:
    """Return the marked ids of peers."""
    return tuple(marked for peer in peers or () if (marked := marked_id(peer)) is not None)


def people(ids: Iterable[Any] | None) -> tuple[int, ...]:
    """Return the ids of people, who need no mark."""
    return tuple(int(one) for one in ids or ())


def did(action: str, words: str) -> Teller:
    """Return a teller for an action that needs no other words than who did it."""
    return lambda _, cast: Told(action, f"{cast.who} {words}")


def length(seconds: int) -> str:
    """Return a length of time in the largest unit that is whole."""
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds and seconds % unit == 0 and seconds >= unit:
            return f"{seconds // unit} {name if seconds != unit else name[:-1]}"
    return f"{seconds} seconds"


def oneself(cast: Cast) -> tuple[int, ...]:
    """Return the author, whom the action concerns."""
    return () if cast.author is None else (cast.author,)
