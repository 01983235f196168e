"""One message of each kind of content, beside what a reader of the app sees of it.

The samples of a service stand in its ``content.py``, written from the service's documentation, and
``sandbox(content=True)`` sends them in a chat called Everything. What a sample shows is said in the columns of the
table, as far as their description settles it: where it leaves the form open, only what must be found is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TITLE = "Everything"  # of the chats that hold one message of each kind


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader of the app sees of a message, and what the row must hold of it.

    Attributes
    ----------
    words : tuple of str
        In ``text``, each once and in this order.
    links : tuple of str
        What could be clicked, in this order; nothing else may be in ``links`` but addresses of attachments.
    hides : tuple of str
        What nobody sees: in no column but ``raw``.
    source_only : tuple of str
        Signs that ``markup`` may have, and ``text`` has not.
    action : str or None
        Of a service row; ``*`` is any word.
    subjects : tuple of str
        The ids of whom the action concerns.
    quote, parent_id, parent_chat_id, topic, topic_id : str or None
        As in the table.
    flags, unflagged : tuple of str
        Which must be there, and which must not; others may.
    markup : tuple of str
        What stands in ``markup``, its tags included.
    details : mapping
        What must be in ``details``, under documented keys; it may hold more.
    holds : mapping of str to tuple
        Values that must stand somewhere below a key of ``details``.
    media : tuple of mapping
        For each attachment what is known of it.
    """

    words: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    source_only: tuple[str, ...] = ()
    action: str | None = None
    subjects: tuple[str, ...] = ()
    quote: str | None = None
    parent_id: str | None = None
    parent_chat_id: str | None = None
    topic: str | None = None
    topic_id: str | None = None
    flags: tuple[str, ...] = ()
    unflagged: tuple[str, ...] = ()
    markup: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    holds: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    media: tuple[Mapping[str, Any], ...] = ()

    def record(self) -> dict[str, Any]:
        """As a plain record, lists for tuples."""
        return {
            name: list(value) if isinstance(value := getattr(self, name), tuple) else value for name in self.__slots__
        }


@dataclass(frozen=True, slots=True)
class Sample:
    """A message: its `name` says which kind it is, `sends` is what the service sends for it."""

    name: str
    sends: Any
    seen: Seen
