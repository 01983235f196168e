"""Reddit's answers when nothing goes wrong: lists, searches, threads, and the comments behind a stub."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from ..calls import Answer, Call
from .faults import refused
from .listings import (
    SORTS,
    found,
    listing,
    ordered,
    page,
    thing,
)
from .records import RedditWorld, Subreddit
from .trees import DEEPEST, Thread

Thing = dict[str, Any]
SITE = "https://www.reddit.com"
_REFUSED = {"private": (403, "Forbidden"), "quarantined": (403, "Forbidden"), "banned": (404, "Not Found")}


class Answers:
    """Answers calls out of a world."""

    def __init__(self, world: Callable[[], RedditWorld]) -> None:
        self._world = world

    def __call__(self, call: Call) -> Answer:
        """What is answered on a good day."""
        answers: dict[str, Callable[[Call], Answer]] = {
            "listing": self._listing,
            "search": self._search,
            "comments": self._comments,
            "morechildren": self._more,
            "info": self._info,
            "about": self._about,
            "share": self._share,
        }
        answer = answers.get(call.kind)
        return answer(call) if answer else refused(404, "Not Found")

    def _subreddits(self, names: str) -> list[Subreddit] | Answer:
        """The subreddits of a listing; the refusal when there is none to show."""
        subreddits = self._world().subreddits
        if names.lower() in ("all", "popular"):
            return [subreddit for subreddit in subreddits.values() if subreddit.kind == "public"]
        named = [subreddits[name] for name in names.lower().split("+") if name in subreddits]
        if not named:
            return Answer(302, headers={"Location": f"/subreddits/search?q={names}"})
        public = [subreddit for subreddit in named if subreddit.kind == "public"]
        return public or self._closed(named[0])

    def _closed(self, subreddit: Subreddit) -> Answer:
        return refused(*_REFUSED[subreddit.kind], reason=subreddit.kind)

    def _listing(self, call: Call) -> Answer:
        pieces = pieces_of(call.path)
        some = self._subreddits(pieces[1])
        if isinstance(some, Answer):
            return some
        posts = self._listed(some)
        sort = pieces[2] if len(pieces) > 2 else "hot"
        return Answer(payload=page(ordered(posts, sort, call.query.get("t", "all")), call.query))

    def _search(self, call: Call) -> Answer:
        pieces, query = pieces_of(call.path), call.query
        within = pieces[1] if len(pieces) > 2 and query.get("restrict_sr") in ("1", "on", "true") else "all"
        some = self._subreddits(within)
        if isinstance(some, Answer):
            return some
        hits = found(self._listed(some), query.get("q", ""))
        return Answer(payload=page(ordered(hits, query.get("sort", "relevance"), query.get("t", "all")), query))

    def _listed(self, some: list[Subreddit]) -> list[Thing]:
        plan = self._world().plan
        hidden = plan.unlisted | plan.removed | plan.arriving
        return [post for one in some for post in one.posts if post["name"] not in hidden]

    def _post(self, fullname: str) -> Thing | Answer:
        for subreddit in self._world().subreddits.values():
            for post in subreddit.posts:
                if post["name"] == fullname:
                    return post if subreddit.kind == "public" else self._closed(subreddit)
        return refused(404, "Not Found")

    def _comments(self, call: Call) -> Answer:
        post = self._post(call.last)
        if isinstance(post, Answer):
            return post
        pieces = pieces_of(call.path)
        pieces = pieces[pieces.index("comments") :]
        root = call.query.get("comment") or (pieces[3] if len(pieces) > 3 else "")
        asked = call.query.get("limit", "200")
        limit = int(asked) if asked.isdigit() else 200
        tree = self._thread(call.last).tree(limit, f"t1_{root}" if root else None, _depth(call))
        return Answer(payload=[listing([thing("t3", post)]), tree])

    def _thread(self, post: str) -> Thread:
        plan = self._world().plan
        written = [one for one in self._world().comments.get(post, []) if one["name"] not in plan.unwritten]
        return Thread(post, written, plan.only_named)

    def _more(self, call: Call) -> Answer:
        ids = [id_ for id_ in call.query.get("children", "").split(",") if id_]
        things = self._thread(call.last).expansion(ids, _depth(call))
        return Answer(payload={"json": {"errors": [], "data": {"things": things}}})

    def _info(self, call: Call) -> Answer:
        names = call.query.get("id", "").split(",")[:100]
        comments = {one["name"]: one for those in self._world().comments.values() for one in those}
        things = []
        for name in names:
            if name in self._world().plan.lost:
                continue
            if name.startswith("t5_"):
                things += [self._told(one) for one in self._world().subreddits.values() if one.id == name]
            elif name in comments:
                things.append(thing("t1", {**comments[name], "replies": ""}))
            elif isinstance(post := self._post(name), dict):
                things.append(thing("t3", post))
        return Answer(payload=listing(things))

    def _about(self, call: Call) -> Answer:
        some = self._subreddits(call.last)
        if isinstance(some, Answer):
            return some
        return Answer(payload=self._told(some[0]))

    def _told(self, one: Subreddit) -> Thing:
        data = {"id": one.id.removeprefix("t5_"), "name": one.id, "display_name": one.name, "title": one.name}
        more = {"created_utc": one.created_at.timestamp(), "subreddit_type": one.kind, "over18": False}
        return thing("t5", data | more)

    def _share(self, call: Call) -> Answer:
        path = self._world().share_links.get(call.path.rstrip("/"))
        if path is None:
            return refused(404, "Not Found")
        return Answer(302, headers={"Location": f"{SITE}{path}?utm_source=share&utm_medium=web"})


def _depth(call: Call) -> int:
    """How many levels of comments are asked for; as many as there are without a number."""
    asked = call.query.get("depth", "")
    return int(asked) if asked.isdigit() and int(asked) else DEEPEST


def pieces_of(path: str) -> list[str]:
    """The pieces of a path, as it is written in every way."""
    return path.removesuffix(".json").strip("/").split("/")


def kind_of(method: str, pieces: list[str]) -> tuple[str, str]:
    """What is asked for, in a word, and the fullname or name it is about."""
    match (method, pieces):
        case ("GET", ["r", _, "comments", id_, *_] | ["comments", id_, *_]):
            return "comments", f"t3_{id_}"
        case ("GET", ["r", name]):
            return "listing", name
        case ("GET", ["r", name, sort]) if sort in SORTS:
            return "listing", name
        case ("GET", ["r", _, "search"] | ["search"]):
            return "search", ""
        case (("GET" | "POST"), ["api", "morechildren"]):
            return "morechildren", ""
        case ("GET", ["api", "info"]):
            return "info", ""
        case ("GET", ["r", name, "about"]):
            return "about", name
        case ("GET", ["r", _, "s", _]):
            return "share", ""
    return "other", ""


def escaped(value: Any) -> Any:
    """What Reddit makes of its texts for whoever does not ask for raw_json."""
    if isinstance(value, str):
        return escape(value, quote=False)
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return {name: escaped(item) for name, item in value.items()} if isinstance(value, dict) else value
