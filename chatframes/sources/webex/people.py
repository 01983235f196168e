"""Look up the names of authors, in batches, and remember them for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from ... import kept
from ...errors import ChatframesError
from ...model import Message
from ...transfer.link import Link, StatusError
from .rows import list_in, texts_in

BATCH = 50  # 85 are documented; with long ids the URL then passes 5,000 characters
KEPT_SECONDS = 3600.0  # people change their names, but seldom, and a process may run for months
MOST_KEPT = 50_000  # people; some 20 MB
NOT_FOUND = "not every author could be looked up: an e-mail address or nothing stands for the name"


@dataclass(frozen=True, slots=True)
class Person:
    """Name and kind of an author, as the table shows them."""

    name: str | None
    kind: str  # person, bot, deleted, unknown
    email: str | None = None


UNKNOWN = Person(None, "unknown")
DELETED = Person(None, "deleted")


# By address and credential, since what an account may see of a person is its own; with the time of the look-up.
_known: dict[str, dict[str, tuple[float, Person]]] = kept.new_dict()


class People:
    """The authors met in one call.

    Parameters
    ----------
    link : Link
    notes : list of str
        Gets a note for the report if somebody could not be looked up.
    account : str
        Where and with what credential they are looked up: calls with the same one share what they have found.
    """

    def __init__(self, link: Link, notes: list[str], account: str) -> None:
        self._link = link
        self._notes = notes
        self._known = _known.setdefault(account, {})
        self._people: dict[str, asyncio.Future[Person]] = {}

    async def fill(self, messages: Iterable[Message]) -> None:
        """Fill in the names and kinds of authors; where Webex gives no name, the e-mail address stays."""
        messages = list(messages)
        wanted = {m.author_id for m in messages if m.author_id}
        new = sorted(wanted - self._people.keys())
        for person_id in new:
            self._people[person_id] = asyncio.get_running_loop().create_future()
        new = [person_id for person_id in new if not self._is_known(person_id)]
        try:
            for start in range(0, len(new), BATCH):
                await self._look_up(new[start : start + BATCH])
        finally:  # so that no other task waits for ever, whatever happened
            for person_id in new:
                if not self._people[person_id].done():
                    self._people[person_id].set_result(UNKNOWN)
        for message in messages:
            if message.author_id:
                found = self._people[message.author_id]
                person = found.result() if found.done() else await asyncio.shield(found)
                message.author_name = person.name or message.author_name
                message.author_handle = message.author_handle or person.email
                message.author_kind = person.kind

    def _is_known(self, person_id: str) -> bool:
        """Whether an earlier call has found somebody, not long ago; their future then has its result."""
        when, person = self._known.get(person_id, (-KEPT_SECONDS, UNKNOWN))
        if person is UNKNOWN or self._link.clock.monotonic() >= when + KEPT_SECONDS:
            return False
        self._people[person_id].set_result(person)
        return True

    def _keep(self, people: dict[str, Person]) -> None:
        if len(self._known) + len(people) > MOST_KEPT:
            self._known.clear()
        now = self._link.clock.monotonic()
        self._known.update((person_id, (now, person)) for person_id, person in people.items())

    async def _look_up(self, ids: list[str]) -> None:
        people: dict[str, Person] = {}
        try:
            people = await self._ask(ids)
            self._keep(people)
        except ChatframesError:
            pass  # a message without the author's name is better than none: the e-mail address stands for it
        finally:
            if people.keys() < {*ids} and NOT_FOUND not in self._notes:
                self._notes.append(NOT_FOUND)
            for person_id in ids:
                self._people[person_id].set_result(people.get(person_id, UNKNOWN))

    async def _ask(self, ids: list[str]) -> dict[str, Person]:
        query = ",".join(quote(person_id, safe="", errors="replace") for person_id in ids)
        try:
            answer = await self._link.json(f"{self._link.base_url}/people?id={query}")
        except StatusError as error:
            if error.status not in (400, 404) or len(ids) == 1:
                raise
            # One bad id must not cost the others their names, so each half is asked for alone.
            half = len(ids) // 2
            return {**await self._ask_or_nothing(ids[:half]), **await self._ask_or_nothing(ids[half:])}
        people = {person_id: DELETED for person_id in ids if person_id in list_in(answer.payload, "notFoundIds")}
        for item in list_in(answer.payload, "items"):
            if isinstance(item, dict) and item.get("id") in ids:
                people[item["id"]] = _person(item)
        return people

    async def _ask_or_nothing(self, ids: list[str]) -> dict[str, Person]:
        try:
            return await self._ask(ids)
        except StatusError:
            return {}


def _person(item: dict[str, object]) -> Person:
    first, last, display, nick = (
        value if isinstance(value := item.get(key), str) else ""
        for key in ("firstName", "lastName", "displayName", "nickName")
    )
    kind = item.get("type")
    return Person(
        display or nick or f"{first} {last}".strip() or None,
        str(kind) if kind in ("person", "bot") else "unknown",
        next(filter(None, texts_in(item, "emails")), None),
    )
