"""Say which picture is downloaded next: the newest, the oldest, the smallest, or what a function of the user's says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model import Attachment, Message
from ..settings.images import ImageOrder
from ..transfer.downloads import AS_FOUND

__all__ = ["Ranking"]

LAST = (True, 0)  # behind every one that has a rank
MOST_CHARACTERS = 200  # of the words of a stranger's error


class Ranking:
    """The ranks of attachments; the least comes first, and None, NaN and what cannot be ranked come last.

    Attributes
    ----------
    problem : str or None
        A sentence, once a function of the user's has failed, or has returned what cannot be compared.

    Examples
    --------
    >>> ranking = Ranking("smallest")
    >>> pictures = [Attachment(0, "photo", "", declared_size=size) for size in (1, 2, None)]
    >>> small, large, unknown = (ranking.of(None, picture) for picture in pictures)
    >>> small < large < unknown
    True
    """

    def __init__(self, order: ImageOrder) -> None:
        self._key = _KEYS[order] if isinstance(order, str) else order
        self._is_ours = isinstance(order, str)  # whose values are numbers, which need no care
        self.problem: str | None = None

    def of(self, message: Message, attachment: Attachment) -> Any:
        """Return the rank of an attachment of a message."""
        if self._key is None:
            return AS_FOUND
        if self.problem is not None:
            return LAST
        try:
            value = self._key(message, attachment)
            if value is None or value != value:
                return LAST
            return False, value if self._is_ours else _Comparable(value, self)
        except Exception as error:  # it is a function of the user's
            self.failed(error)
            return LAST

    def failed(self, error: Exception) -> None:
        """Note that a function of the user's does not say what comes first."""
        try:
            said = str(error).partition("\n")[0][:MOST_CHARACTERS]
        except Exception:  # it is an error of the user's, too
            said = ""
        self.problem = self.problem or (
            f"images: order= failed ({type(error).__name__}{f': {said}' if said else ''}), so the rest of the pictures "
            "was downloaded as it was found. Return values that can be compared with each other, or None."
        )


class _Comparable:
    """A value whose comparison never raises: it may be anything that a function of the user's has returned."""

    __slots__ = ("_ranking", "_value")

    def __init__(self, value: Any, ranking: Ranking) -> None:
        self._value, self._ranking = value, ranking

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Comparable) and self._compared(lambda: self._value == other._value)

    def __lt__(self, other: _Comparable) -> bool:
        return self._compared(lambda: self._value < other._value)

    __hash__ = None  # type: ignore[assignment]

    def _compared(self, compare: Callable[[], Any]) -> bool:
        try:
            return bool(compare())
        except Exception as error:
            self._ranking.failed(error)
            return False


def _newest(message: Message, attachment: Attachment) -> float | None:
    return None if message.created_at is None else -message.created_at.timestamp()


def _oldest(message: Message, attachment: Attachment) -> float | None:
    return None if message.created_at is None else message.created_at.timestamp()


def _smallest(message: Message, attachment: Attachment) -> int | None:
    return attachment.declared_size


_KEYS: dict[str, Callable[[Message, Attachment], Any]] = {
    "newest": _newest,
    "oldest": _oldest,
    "smallest": _smallest,
}
