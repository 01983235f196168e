"""Find the chat with a given title among those that an account can see."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence

from ..errors import ChatNotFound
from ..model import Chat
from .addresses import tidy

__all__ = ["choose_by_title", "recent_first"]

MOST_SHOWN = 8  # candidates in one message; a longer list would not be read
MOST_ALIKE = 5  # titles
LEAST_ALIKE = 0.4  # 0 is not at all, 1 the same; lower than for keys: titles are long, and people remember a part


def recent_first(chats: Iterable[Chat]) -> list[Chat]:
    """Return chats by their last activity, the latest first; those without any come last.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> chats = [Chat("1", "Silent", "group", None), Chat("2", "Lively", "group", datetime(2026, 10, 1, tzinfo=UTC))]
    >>> [chat.title for chat in recent_first(chats)]
    ['Lively', 'Silent']
    """
    return sorted(chats, key=lambda chat: chat.last_activity.timestamp() if chat.last_activity else 0, reverse=True)


def choose_by_title(title: str, chats: Sequence[Chat], *, what: str, service: str, instead: str = "") -> Chat:
    """Return the one chat with this title; if there is none, ignore case, and spaces and unseen characters around it.

    Parameters
    ----------
    title : str
        The title as the user wrote it.
    chats : sequence of Chat
        All that this account can see.
    what : str
        The word for such a chat: ``Webex room``, say.
    service : str
        The name of the service, as `chats` takes it.
    instead : str
        What to do if the text was no title. With it, only chats with a similar title are shown.

    Raises
    ------
    ChatNotFound
        No chat has this title, or more than one has; the message lists candidates.

    Examples
    --------
    >>> rooms = [Chat("1", "Standup", "group", None), Chat("2", "Project Apollo", "group", None)]
    >>> choose_by_title("standup", rooms, what="Webex room", service="webex").id
    '1'
    >>> choose_by_title("Projekt Apolo", rooms, what="Webex room", service="webex")
    Traceback (most recent call last):
        ...
    chatframes.errors.ChatNotFound: No Webex room of this account is called 'Projekt Apolo'. Did you mean one of these?
      'Project Apollo'  (group, last active never)  2
    See chats("webex") for all of them.
    """
    matches = [chat for chat in chats if chat.title == title]
    if not matches:
        folded = _folded(title)
        matches = [chat for chat in chats if _folded(chat.title) == folded]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ChatNotFound(
            f"{len(matches)} {what}s are called {title!r}: give the id of one of them:\n{_listed(matches)}"
        )
    titles = difflib.get_close_matches(title, [chat.title for chat in chats], n=MOST_ALIKE, cutoff=LEAST_ALIKE)
    alike = [chat for chat in chats if chat.title in titles]
    missing = f"No {what} of this account is called {title!r}"
    if instead:
        hint = f": {instead}." + (f" Or did you mean one of these?\n{_listed(alike)}" if alike else "")
    elif chats:
        hint = f". Did you mean one of these?\n{_listed(alike or chats)}"
    else:
        hint = f": it is in no {what.split()[-1]} at all."
    raise ChatNotFound(f'{missing}{hint}\nSee chats("{service}") for all of them.')


def _folded(title: str) -> str:
    """Return what is the same in all ways to write a title; pages and apps copy other spaces than they show."""
    return " ".join(unicodedata.normalize("NFC", tidy(title)).casefold().split())


def _listed(chats: Iterable[Chat]) -> str:
    return "\n".join(
        f"  {chat.title!r}  ({chat.kind}, last active {str(chat.last_activity or 'never')[:10]})  {chat.id}"
        for chat in recent_first(chats)[:MOST_SHOWN]
    )
