"""Learn the titles of a chat's topics: its messages name them by number only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from telethon.tl import functions, types

from ...errors import RateLimited, ServiceError
from .asking import IDS_PER_REQUEST, Asking
from .conversation import GENERAL, topic_ids
from .link import TelegramError
from .unreadable import Unreadable

TITLES_MISSING = "the titles of some topics are missing: Telegram did not give them; their ids are in topic_id"


@dataclass(slots=True)
class Topics:
    """The topics of one chat.

    Parameters
    ----------
    asking : Asking
    chat_id : str
    forum : bool
        Whether the chat has topics now. Its messages may be in topics all the same.
    titles : dict of int to str
        Titles by id, as far as they are known; added to.
    """

    asking: Asking
    chat_id: str
    forum: bool
    titles: dict[int, str]
    _asked: set[int] = field(default_factory=set)

    async def learn(self, messages: Sequence[Any], answer: Any) -> None:
        """Learn the titles of the topics of these messages; each is asked for once.

        A topic's title is the one it has now; of one that was deleted, the one it was opened with.
        """
        self._take(getattr(answer, "topics", None) or ())
        wanted = {*topic_ids(messages, self.chat_id, forum=self.forum)} - self.titles.keys() - self._asked
        self._asked |= wanted
        ids = sorted(wanted)
        try:
            for first in range(0, len(ids), IDS_PER_REQUEST):
                await self._ask(ids[first : first + IDS_PER_REQUEST])
        except (ServiceError, RateLimited):  # no message is given up for a title
            if TITLES_MISSING not in self.asking.notes:
                self.asking.notes.append(TITLES_MISSING)

    async def _ask(self, ids: list[int]) -> None:
        asking = self.asking
        try:
            answer = await asking.link.ask(functions.messages.GetForumTopicsByIDRequest(asking.peer, ids))
        except Unreadable as error:
            self._take(error.first_list())
        except TelegramError:  # the chat has no list of topics, or not any more
            pass
        else:
            self._take(answer.topics)
        if GENERAL in ids:
            self.titles.setdefault(GENERAL, "General")
        unnamed = [id_ for id_ in ids if id_ not in self.titles]
        for id_, message in (await asking.by_id(unnamed)).items() if unnamed else ():
            if isinstance(message.action, types.MessageActionTopicCreate):
                self.titles[id_] = message.action.title

    def _take(self, topics: Sequence[Any]) -> None:
        for topic in topics:
            if isinstance(topic, types.ForumTopic) and topic.title:
                self.titles[topic.id] = topic.title
