"""The ids of the sandbox's Telegram, as long as real ones."""

from __future__ import annotations

from random import Random

from ..community.people import Person
from .drafts import Room


class Ids:
    """Ids by key: `users` of people and bots, `rooms` (not marked) of rooms; both follow from the seed."""

    def __init__(self, seed: int, people: tuple[Person, ...], rooms: list[Room]) -> None:
        self.seed, self.random = seed, Random(f"chatframes/telegram/{seed}/ids")
        self.users = {person.key: self.random.randint(5_000_000_000, 7_999_999_999) for person in people}
        self.rooms = {room.key: self._room(room) for room in rooms}
        self._albums: dict[int, int] = {}

    def _room(self, room: Room) -> int:
        if room.person is not None:
            return self.users[room.person.key]
        if room.kind == "group":
            return self.random.randint(400_000_000, 999_999_999)
        return self.random.randint(1_200_000_000, 2_400_000_000)

    def marked(self, room: Room) -> int:
        """The one number that names a chat among all: groups are negative, channels begin with -100."""
        id_ = self.rooms[room.key]
        if room.kind in ("supergroup", "channel"):
            return -1_000_000_000_000 - id_
        return id_ if room.person is not None else -id_

    def access_hash(self, key: str) -> int:
        """63 bits for a person or a room."""
        return Random(f"chatframes/telegram/{self.seed}/access/{key}").getrandbits(63)

    def album(self, number: int) -> int | None:
        """The grouped id of an album; None for 0, which is no album."""
        if not number:
            return None
        if number not in self._albums:
            self._albums[number] = 13_900_000_000_000_000 + self.random.getrandbits(48)
        return self._albums[number]
