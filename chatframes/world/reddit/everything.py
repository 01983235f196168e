"""The subreddit of ``sandbox(content=True)``, r/everything: as Reddit's JSON and as truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ..community.people import END, Person
from ..sample import TITLE, Sample
from .content import Kinds, kinds
from .drafts import Board, Draft, Said, base36
from .pictures import Shelf
from .truth import Record

NAME = TITLE.lower()
_BOARD_ID = "t5_9every"
_FIRST_POST, _FIRST_COMMENT = int("1z0q7za", 36), int("nz3fa2c", 36)  # above all others
Thing = dict[str, Any]


class Everything:
    """The drafts of its posts and comments, and what their samples send and say."""

    def __init__(self, seed: int, people: tuple[Person, ...], shelf: Shelf) -> None:
        self.seed, self.people = seed, [one for one in people if one.kind == "person" and not one.left][:3]
        self.kinds: Kinds = kinds(shelf)
        self.board = Board(NAME, _BOARD_ID, "public", END - timedelta(days=9))
        self._samples: dict[str, Sample] = {}
        first = self._post(0, self.kinds.posts[0])
        self.board.posts = [first, *(self._post(n, one) for n, one in enumerate(self.kinds.posts[1:], 1))][::-1]
        for number, sample in enumerate(self.kinds.comments):
            when = END - timedelta(minutes=len(self.kinds.comments) - number)
            comment = Draft(when, self.people[number % 3], Said(), parent=first, id=base36(_FIRST_COMMENT + number))
            first.answers.append(comment)
            self._samples[comment.name] = sample

    def _post(self, number: int, sample: Sample) -> Draft:
        when = END - timedelta(hours=len(self.kinds.posts) + 1 - number)
        draft = Draft(when, self.people[number % 3], Said(), sample.name, id=base36(_FIRST_POST + number))
        self._samples[draft.name] = sample
        return draft

    def say(self, things: list[Thing]) -> None:
        """Let posts, or comments, send what their samples do."""
        for one in things:
            one |= self._samples[one["name"]].sends
            if one.get("author_fullname", "") is None:
                del one["author_fullname"]

    def tell(self, records: list[Record]) -> list[Record]:
        """Let the records of posts and comments say what is seen of them."""
        return [self._told(record, self._samples[record["message_id"]]) for record in records]

    def _told(self, record: Record, sample: Sample) -> Record:
        gone = sample.sends.get("author") == "[deleted]"
        seen = sample.seen.record()
        seen["parent_id"] = record["parent_id"]
        for position, one in enumerate(seen["media"]):
            seen["media"][position] = {"position": position, "source_id": "", "reason": None, **one}
        names = ("text", "markup", "links", "mentions", "topic", "forwarded_from", "reply_count", "depth", "score")
        kept = {name: value for name, value in record.items() if name not in names}
        if gone:
            kept |= {"author_id": None, "author_name": None, "author_kind": "deleted"}
        return {**kept, **seen, "sample": sample.name, "author_handle": kept["author_name"]}


def everything(
    seed: int, people: tuple[Person, ...], shelf: Shelf, truth: Callable[[list[Board]], dict[str, list[Record]]]
) -> tuple[Everything, list[Record], Record]:
    """The subreddit, its records and its chat; `truth` is what writes the usual records of boards."""
    made = Everything(seed, people, shelf)
    usual = truth([made.board])
    return made, made.tell(usual["messages"]), usual["chats"][0]
