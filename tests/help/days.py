"""Script what happens in the sandbox's chats day by day: new messages, edits, deletions, other pictures.

Each service does it as its documentation says. Webex: a deleted message is in no list, and its id is answered with 404.
Telegram: a deleted id comes as an empty message, and an edit may bring another picture. Reddit: a deleted or removed
comment stays in its thread without its words where others have answered it, else only its id gives it; a post leaves
the lists, and its id gives it without its words.

What is true is kept here, from the sandbox's own records, and nothing of it comes from what a client has read.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from telethon.tl import types

from chatframes.world.community.people import Run
from chatframes.world.webex.records import message_id, room_id

GONE = ("deleted", "removed")
SPARE = 7  # of Telegram's photos: one for each day of a week


@dataclass(frozen=True)
class State:
    """What is true of one message, or what a table says of it.

    `reach` is the time that decides whether a look-back reaches it: its own, or of a comment its post's.
    `is_shown`: whether somebody who reads the chat meets it at all, be it without its words.
    """

    created: datetime
    reach: datetime
    text: str
    edited: datetime | None
    gone: str | None  # "deleted" or "removed"
    pictures: tuple[str, ...]
    is_shown: bool = True
    is_touched: bool = False  # deleted while the test looked on

    def same(self, other: State) -> bool:
        """Whether both say the same in a table."""
        return (self.text, self.edited, self.gone, self.pictures) == (
            other.text,
            other.edited,
            other.gone,
            other.pictures,
        )


def states_of(frame: pd.DataFrame) -> dict[str, State]:
    """What a table says, by message id; the hashes are those of the bytes that are in it."""
    from hashlib import sha256

    found = {}
    for row in frame.to_dict("records"):
        edited = None if pd.isna(row["edited_at"]) else row["edited_at"].to_pydatetime()
        gone = next((flag for flag in GONE if flag in row["flags"]), None)
        pictures = tuple(sha256(picture["bytes"]).hexdigest() for picture in row["images"])
        made = row["created_at"].to_pydatetime()
        found[row["message_id"]] = State(made, made, row["text"], edited, gone, pictures)
    return found


class Days:
    """One chat of the sandbox, as time goes by. `now` is the end of what has happened."""

    platform = ""

    def __init__(self, world: Any, start: datetime) -> None:
        self.world, self.now, self.chance = world, start, random.Random(f"{self.platform} {start}")
        records = {"webex": "Project Apollo", "telegram": "@apollo", "reddit": "r/apollo"}
        told = world.expected(records[self.platform], platform=self.platform)
        self._touched: set[str] = set()
        self._take(told)
        self.pass_to(start)

    def _take(self, told: Sequence[Mapping[str, Any]]) -> None:
        times = {record["message_id"]: record["created_at"] for record in told}
        self._all = {record["message_id"]: self._state(record, times) for record in told}

    def _state(self, record: Mapping[str, Any], times: Mapping[str, datetime]) -> State:
        gone = next((flag for flag in GONE if flag in record["flags"]), None)
        pictures = tuple(media["sha256"] for media in record["media"] if media["is_image"])
        made = record["created_at"]
        return State(made, made, record["text"], record["edited_at"], gone, pictures)

    def truth(self) -> dict[str, State]:
        """What is true now, of every message that was ever written."""
        return {id_: state for id_, state in self._all.items() if state.created < self.now}

    def pass_to(self, now: datetime) -> None:
        """Let everything be written that is written until `now`."""
        self.now = now
        self._show()

    def listed(self) -> dict[str, State]:
        """What somebody meets who reads the chat now, without its ids."""
        return {id_: state for id_, state in self.truth().items() if state.is_shown}

    def pick(self, since: datetime, until: datetime, **wanted: bool) -> list[str]:
        """Pick a message of these days that nothing has happened to yet; return its id alone, or nothing.

        It is one of words without pictures, unless `wanted` says otherwise.
        """
        ids = [
            id_
            for id_, state in self.truth().items()
            if since <= state.reach and state.created < until and id_ not in self._touched and not state.gone
            if self._fits(id_, state, **wanted)
        ]
        chosen = self.chance.sample(ids, min(1, len(ids)))
        self._touched.update(chosen)
        return chosen

    def _fits(self, id_: str, state: State, *, pictures: bool = False) -> bool:
        return bool(state.pictures) == pictures and bool(state.text)

    def edit(self, id_: str, words: str) -> str:
        """Let a message say something else from now on."""
        moment = (self.now - timedelta(hours=1)).replace(microsecond=0)
        self._all[id_] = replace(self._all[id_], text=words, edited=moment)
        self._edit(id_, words, moment)
        return id_

    def delete(self, id_: str, how: str = "deleted") -> str:
        """Let somebody delete a message, or, at Reddit, let a moderator remove it."""
        self._all[id_] = replace(self._all[id_], gone=how, is_shown=False, is_touched=True)
        self._delete(id_, how)
        return id_

    def hide(self, id_: str) -> str:
        """Leave a message out of every list, though its id still gives it whole: nobody has deleted it."""
        self._all[id_] = replace(self._all[id_], is_shown=False)
        self._hide(id_)
        return id_

    def _show(self) -> None:
        raise NotImplementedError

    def _hide(self, id_: str) -> None:
        raise NotImplementedError

    def _edit(self, id_: str, words: str, moment: datetime) -> None:
        raise NotImplementedError

    def _delete(self, id_: str, how: str) -> None:
        raise NotImplementedError


class WebexDays(Days):
    platform = "webex"

    def __init__(self, world: Any, start: datetime) -> None:
        self._server = world._webex
        chat = self._server.community.chats[0]
        self._chat, self._messages = chat, {message_id(each.key): each for each in chat.messages}
        super().__init__(world, start)

    def _fits(self, id_: str, state: State, **wanted: bool) -> bool:
        message = self._messages[id_]
        return message.card is None and super()._fits(id_, state, **wanted)

    def _show(self) -> None:
        here = [(id_, each) for id_, each in self._messages.items() if each.created_at < self.now]
        here = [(id_, each) for id_, each in here if not self._all[id_].gone]
        chat = replace(self._chat, messages=tuple(each for _, each in here))
        self._server._rooms[room_id(chat)] = chat
        for id_ in self._messages:
            self._server._places.pop(id_, None)
        self._server._places |= {id_: (chat, place) for place, (id_, _) in enumerate(here)}

    def _edit(self, id_: str, words: str, moment: datetime) -> None:
        self._messages[id_] = replace(self._messages[id_], runs=(Run(words),), edited_at=moment)
        self._show()

    def _delete(self, id_: str, how: str) -> None:
        self._show()

    def _hide(self, id_: str) -> None:
        plan = self._server._plan
        self._server._plan = replace(plan, hidden={*plan.hidden, id_})


class TelegramDays(Days):
    platform = "telegram"

    def __init__(self, world: Any, start: datetime) -> None:
        stock = world._telegram.stock()
        self._room = stock.rooms[stock.plan.main]
        self._coming: list[Any] = list(self._room.chat.messages)
        while self._room.ids:
            self._room.delete(len(self._room.ids) - 1)
        self._spare: list[Any] = []
        super().__init__(world, start)

    def _take(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Leave some photos out, never to be posted: the pictures that edits will bring."""
        super()._take(told)
        alone = [each for each in self._coming if isinstance(getattr(each, "media", None), types.MessageMediaPhoto)]
        self._spare = [each for each in alone if len(self._all[str(each.id)].pictures) == 1][-SPARE:]
        self._coming = [each for each in self._coming if each not in self._spare]
        self._other = {each.id: self._all.pop(str(each.id)).pictures for each in self._spare}

    def _fits(self, id_: str, state: State, **wanted: bool) -> bool:
        message = self._room.chat.messages[place] if (place := self._room.place(int(id_))) is not None else None
        if not isinstance(message, types.Message) or not message.message or message.edit_hide:
            return False
        return message.message == state.text and super()._fits(id_, state, **wanted)

    def _show(self) -> None:
        while self._coming and self._coming[0].date < self.now:
            self._room.add(self._coming.pop(0))

    def _edit(self, id_: str, words: str, moment: datetime) -> None:
        place = self._room.place(int(id_))
        assert place is not None
        self._room.edit(place, words, moment)

    def _delete(self, id_: str, how: str) -> None:
        place = self._room.place(int(id_))
        assert place is not None
        self._room.delete(place)

    def other_picture(self, id_: str) -> str:
        """Let an edit bring another picture, one that was shown nowhere yet."""
        place = self._room.place(int(id_))
        assert place is not None
        new = self._spare.pop()
        message = self._room.chat.messages[place]
        message.media = new.media
        self.edit(id_, f"{message.message} (with another picture)")
        self._all[id_] = replace(self._all[id_], pictures=self._other[new.id])
        return id_


class RedditDays(Days):
    platform = "reddit"

    def __init__(self, world: Any, start: datetime) -> None:
        self._made = world._reddit.world()
        self._board = self._made.subreddits["apollo"]
        self._posts = {post["name"]: post for post in self._board.posts}
        self._comments = {each["name"]: each for post in self._posts for each in self._made.comments[post]}
        self._uncounted = {
            name: post["num_comments"] - len(self._made.comments[name]) for name, post in self._posts.items()
        }
        super().__init__(world, start)

    def _state(self, record: Mapping[str, Any], times: Mapping[str, datetime]) -> State:
        pictures = tuple(media["sha256"] for media in record["media"] if media["is_image"])
        return replace(super()._state(record, times), reach=times[record["thread_id"]], pictures=pictures)

    def _fits(self, id_: str, state: State, *, post: bool = False, answered: bool = False, **wanted: bool) -> bool:
        has_answers = any(
            each["parent_id"] == id_ and self._all[each["name"]].created < self.now for each in self._comments.values()
        )
        plain = post or has_answers == answered
        if post and (not self._posts.get(id_, {}).get("is_self") or self._posts[id_].get("poll_data")):
            return False
        return (id_ in self._posts) == post and plain and super()._fits(id_, state, **wanted)

    def _show(self) -> None:
        here = {id_ for id_, state in self._all.items() if state.created < self.now}
        self._board.posts[:] = [post for name, post in self._posts.items() if name in here]
        for name, post in self._posts.items():
            below = [each for each in self._comments.values() if each["link_id"] == name and each["name"] in here]
            self._made.comments[name] = below
            post["num_comments"] = len(below) + self._uncounted[name]
        for id_, state in self._all.items():
            if state.is_touched:  # people go on voting
                thing = self._posts.get(id_) or self._comments[id_]
                thing["score"] -= 1

    def _edit(self, id_: str, words: str, moment: datetime) -> None:
        thing = self._posts.get(id_) or self._comments[id_]
        field = "selftext" if id_ in self._posts else "body"
        thing |= {field: words, f"{field}_html": f"<p>{words}</p>", "edited": moment.timestamp()}

    def _delete(self, id_: str, how: str) -> None:
        thing = self._posts.get(id_) or self._comments[id_]
        word, category = f"[{how}]", {"deleted": "deleted", "removed": "moderator"}[how]
        if id_ in self._posts:
            thing |= {"selftext": word, "selftext_html": None, "removed_by_category": category}
            self._made.plan.removed.add(id_)  # from the lists
        else:
            thing |= {"body": word, "body_html": f"<p>{word}</p>", "collapsed_reason_code": how.upper()}
            if any(each["parent_id"] == id_ for each in self._made.comments[thing["link_id"]]):
                self._all[id_] = replace(self._all[id_], is_shown=True)
            else:
                self._made.plan.unwritten[id_] = thing["link_id"]  # in the thread; its id still gives it
        if how == "deleted" or id_ not in self._posts:
            thing["author"] = "[deleted]"
            thing.pop("author_fullname", None)

    def _hide(self, id_: str) -> None:
        if id_ in self._posts:
            self._made.plan.removed.add(id_)
        else:
            self._made.plan.unwritten[id_] = self._comments[id_]["link_id"]


DAYS: dict[str, type[Days]] = {each.platform: each for each in (WebexDays, TelegramDays, RedditDays)}


class Book:
    """What an export ought to hold, call after call, by what its docs promise.

    What was written, changed or deleted in the days that a call reads is as it is now. What was before them stays as
    it was read; a page that reaches further back may bring it as it is now, which is no mistake.
    """

    def __init__(self, days: Days, look_back: timedelta, *, drop: bool = False) -> None:
        self._days, self._look_back, self._drop = days, look_back, drop
        self.held: dict[str, State] = {}
        self.left_as_it_was: set[str] = set()
        self._read_at: datetime | None = None

    def border(self) -> datetime:
        """How far back the next call looks."""
        return datetime.min.replace(tzinfo=UTC) if self._read_at is None else self._read_at - self._look_back

    def mistakes(self, found: Mapping[str, State]) -> list[str]:
        """Compare what a table holds after a call with what it ought to hold."""
        border, wrong = self.border(), []
        for id_, true in self._days.truth().items():
            allowed = self._allowed(true, self.held.get(id_), border)
            state = found.get(id_)
            if not any(state is each or (state and each and state.same(each)) for each in allowed):
                wrong.append(f"{id_}: {state} where {allowed} would be right")
        return [*wrong, *(f"{id_} was never written" for id_ in found.keys() - self._days.truth().keys())]

    def note(self, found: Mapping[str, State]) -> None:
        """Take what a table holds after a call as what it held before the next one."""
        border, truth = self.border(), self._days.truth()
        self.left_as_it_was |= {
            id_ for id_, state in found.items() if truth[id_].reach < border and not state.same(truth[id_])
        }
        self.held = {
            id_: replace(truth[id_], text=state.text, edited=state.edited, gone=state.gone, pictures=state.pictures)
            for id_, state in found.items()
        }
        self._read_at = self._days.now

    def _allowed(self, true: State, old: State | None, border: datetime) -> list[State | None]:
        is_reached = true.reach >= border
        if true.gone is None:
            return [true] if is_reached and true.is_shown else [old, true]
        told = replace(true, text=f"[{true.gone}]") if true.is_touched else true
        now = old if old is not None and old.gone else replace(old, gone=true.gone) if old else told
        if old is None and not true.is_shown:
            now = None
        if self._drop and true.gone == "deleted":
            now = None
        asked_by_id = true.created >= border
        return [now] if is_reached or asked_by_id else [old, now]
