"""Turns the sandbox's community into Reddit's JSON, and into the truth that a table must equal.

Both are written from the same drafts, each by its own rules: the truth never looks at the JSON, and nothing here knows
how chatframes reads Reddit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from ..community.people import Community
from . import pictures
from .drafts import (
    Board,
    Draft,
    Kind,
    token,
    user_id,
    username,
)
from .everything import NAME, everything
from .pictures import Picture, Shelf
from .plan import Plan, lose_linked_pictures, plan_for
from .truth import Record, truth
from .writing import Writer

__all__ = ["Picture", "RedditWorld", "Subreddit", "build_reddit"]

Thing = dict[str, Any]


@dataclass(slots=True)
class Subreddit:
    """A subreddit as the server keeps it; `posts` are the data of t3, the newest first."""

    name: str
    id: str
    kind: Kind
    created_at: datetime
    posts: list[Thing]


@dataclass(slots=True)
class RedditWorld:
    """Everything there is.

    Attributes
    ----------
    subreddits : dict of str to Subreddit
        By the name in small letters.
    comments : dict of str to list of dict
        For each post's fullname all its comments, the data of t1 without ``replies``: parents before answers, the
        best of siblings first, each with its ``depth`` from 0.
    pictures : dict of str to Picture
        By host and path, without the query; the host is one of Reddit's, or ``foreign``.
    pages : set of str
        Foreign paths that are HTML pages.
    share_links : dict of str to str
        From the path of a share link to the permalink's.
    truth : dict of str to list of dict
        ``chats``, ``people`` and ``messages``, as the table has them.
    plan : Plan
        Who meets which contradiction.
    """

    subreddits: dict[str, Subreddit]
    comments: dict[str, list[Thing]]
    pictures: dict[str, Picture]
    pages: set[str]
    share_links: dict[str, str]
    truth: dict[str, list[Record]]
    plan: Plan


def build_reddit(
    community: Community,
    messages: int,
    images: int,
    *,
    reddit_url: str,
    foreign_url: str,
    faults: Collection[str] = (),
    content: bool = False,
) -> RedditWorld:
    """Build the Reddit of a community; the same arguments always give the same one.

    Parameters
    ----------
    community : Community
        Who there is, since when, and the seed.
    messages : int
        Posts and comments in r/apollo, exactly.
    images : int
        Pictures that reading it brings, exactly, a picture counted in each row that shows it; at most four for each
        message.
    reddit_url, foreign_url : str
        Where the site with its picture hosts is, and where the strangers' sites are.
    faults : collection of str
        The contradictions are chosen for.
    content : bool
        Have one more subreddit, with one post or comment of each kind of content.
    """
    shelf = Shelf(community.seed, reddit_url, foreign_url)
    writer = Writer(community, messages, images, shelf)
    boards = writer.boards()
    plan = plan_for(boards[0], faults, community.seed)
    if "reddit_copy_elsewhere" in faults:
        lose_linked_pictures(plan, boards, shelf, community.seed)
    people = (*community.people, writer.voices.moderator)
    telling = _Telling(community.seed, shelf)
    ordered = sorted(boards, key=lambda board: board.name != "telescopes")  # what is repeated comes first
    subreddits = {board.name.lower(): telling.subreddit(board) for board in ordered}
    shared = [post for board in boards if board.kind == "public" for post in subreddits[board.name].posts[:2]]
    records, names = truth(community.seed, people, boards), [*(board.name.lower() for board in boards), NAME]
    if content:
        made, told, chat = everything(community.seed, people, shelf, lambda some: truth(community.seed, people, some))
        subreddit = subreddits[NAME] = telling.subreddit(made.board)
        for things in (subreddit.posts, *(telling.comments[post["name"]] for post in subreddit.posts)):
            made.say(things)
        records["messages"] += told
        records["chats"].append(chat)
    return RedditWorld(
        dict(sorted(subreddits.items(), key=lambda item: names.index(item[0]))),
        telling.comments,
        shelf.pictures,
        shelf.pages,
        {f"/r/{post['subreddit']}/s/{token(10, 'share', post['name'])}": post["permalink"] for post in shared},
        records,
        plan,
    )


class _Telling:
    """Turns drafts into what Reddit answers with ``raw_json=1``."""

    def __init__(self, seed: int, shelf: Shelf) -> None:
        self.seed, self.shelf = seed, shelf
        self.comments: dict[str, list[Thing]] = {}
        self._posts: dict[Draft, Thing] = {}

    def subreddit(self, board: Board) -> Subreddit:
        """A subreddit with its posts; their comments go to `comments`."""
        posts = [self._post(draft, board) for draft in board.posts]
        for draft, post in zip(board.posts, posts, strict=True):
            self._posts[draft] = post
            self.comments[draft.name] = [self._comment(comment, board, depth) for comment, depth in draft.tree()]
            post["num_comments"] = len(self.comments[draft.name]) + draft.uncounted
        return Subreddit(board.name, board.id, board.kind, board.created_at, posts)

    def _both(self, draft: Draft, board: Board) -> Thing:
        """What posts and comments have in common; who has no account any more has no id either."""
        author, moment = draft.author, draft.when.timestamp()
        common: Thing = {
            "subreddit": board.name, "subreddit_id": board.id, "subreddit_name_prefixed": f"r/{board.name}",
            "subreddit_type": "private" if board.kind == "private" else "public", "id": draft.id, "name": draft.name,
            "author": username(author) if author else "[deleted]", "author_is_blocked": False,
            "author_flair_text": None, "author_flair_css_class": None, "author_flair_template_id": None,
            "author_flair_text_color": "dark" if author is None else None, "author_flair_background_color": None,
            "created": moment, "created_utc": moment,
            "edited": draft.edited_at.timestamp() if draft.edited_at else False,
            "score": draft.score, "ups": draft.score, "downs": 0, "likes": None, "gilded": 0, "gildings": {},
            "all_awardings": [], "awarders": [], "total_awards_received": 0, "top_awarded_type": None,
            "distinguished": draft.distinguished, "stickied": draft.stickied, "locked": draft.locked,
            "archived": False, "saved": False, "can_gild": False, "can_mod_post": False, "send_replies": True,
            "no_follow": False, "approved_at_utc": None, "approved_by": None, "banned_at_utc": None,
            "banned_by": None, "mod_note": None, "mod_reason_by": None, "mod_reason_title": None,
            "mod_reports": [], "user_reports": [], "num_reports": None, "removal_reason": None,
            "report_reasons": None, "treatment_tags": [], "permalink": board.path(draft),
        }  # fmt: skip
        if author is not None:
            common |= {
                "author_fullname": user_id(self.seed, author), "author_premium": False,
                "author_patreon_flair": False, "author_flair_richtext": [], "author_flair_type": "text",
            }  # fmt: skip
        return common | pictures.metadata(draft.shown if draft.original is None else ())

    def _comment(self, draft: Draft, board: Board, depth: int) -> Thing:
        post, parent = draft.top, draft.parent
        assert parent is not None
        return self._both(draft, board) | {
            "body": draft.said.text, "body_html": _html(draft.said.text), "parent_id": parent.name,
            "link_id": post.name, "depth": depth, "controversiality": 0, "collapsed": draft.author is None,
            "is_submitter": draft.author is not None and draft.author is post.author,
            "score_hidden": draft.score_hidden, "collapsed_reason": None,
            "collapsed_reason_code": "DELETED" if draft.author is None else None,
            "collapsed_because_crowd_control": None, "comment_type": None, "associated_award": None,
            "unrepliable_reason": None,
        }  # fmt: skip

    def _post(self, draft: Draft, board: Board) -> Thing:
        text, link = draft.said.text, draft.link
        is_self = link is None
        url = link or f"https://www.reddit.com{board.path(draft)}"
        post = self._both(draft, board) | {
            "title": draft.title, "selftext": text, "selftext_html": _html(text) if text else None,
            "is_self": is_self, "url": url, "domain": _domain(url, board) if link else f"self.{board.name}",
            "thumbnail": _thumbnail(draft, is_self), "thumbnail_width": None, "thumbnail_height": None,
            "over_18": draft.over_18, "spoiler": draft.spoiler, "quarantine": board.kind == "quarantined",
            "link_flair_text": draft.flair, "link_flair_type": "text", "link_flair_richtext": [],
            "link_flair_css_class": "flair" if draft.flair else None, "link_flair_background_color": "",
            "link_flair_text_color": "dark", "removed_by_category": draft.removed_by, "removed_by": None,
            "is_robot_indexable": draft.removed_by is None, "is_crosspostable": draft.removed_by is None,
            "num_crossposts": draft.crossposts, "num_comments": 0, "upvote_ratio": 0.97, "hide_score": False,
            "media": None, "secure_media": None, "media_embed": {}, "secure_media_embed": {}, "is_video": False,
            "is_reddit_media_domain": bool(draft.shown) and draft.shown[0].shot.shape in ("image", "animated", "video"),
            "media_only": False, "is_meta": False, "is_original_content": False, "category": None,
            "content_categories": None, "discussion_type": None, "clicked": False, "visited": False, "hidden": False,
            "pinned": False, "contest_mode": False, "suggested_sort": None, "allow_live_comments": False,
            "is_created_from_ads_ui": False, "view_count": None, "pwls": 6, "wls": 6,
            "subreddit_subscribers": 1_204,
        }  # fmt: skip
        if draft.flair:
            post["link_flair_template_id"] = "0f5bd3a4-0000-11ee-8000-0e5f1b9d7c21"
        if draft.poll:
            post["poll_data"] = _poll(draft)
        if not is_self:
            post["url_overridden_by_dest"] = url
        return post | self._media(draft)

    def _media(self, draft: Draft) -> Thing:
        """Where Reddit keeps what a post shows, beside media_metadata."""
        if draft.original is not None:
            return {"crosspost_parent": draft.original.name, "crosspost_parent_list": [{**self._posts[draft.original]}]}
        if draft.is_gallery:
            return {"is_gallery": True, "gallery_data": pictures.gallery_data(draft)}
        if draft.url is None or not draft.shown:
            return {}
        shot, last = draft.shown[0].shot, draft.shown[-1].shot
        if shot.shape == "video":
            film = pictures.video(shot)
            fields = {"is_video": True, "media": film, "secure_media": film, "post_hint": "hosted:video"}
            return fields | pictures.preview(last)
        hint = {} if shot.shape == "foreign" else {"post_hint": "link" if shot.shape == "external" else "image"}
        # A stranger's picture has a preview of Reddit's, which nobody needs.
        return hint | pictures.preview(self.shelf.copy_of(shot) if shot.shape == "foreign" else shot)


def _html(text: str) -> str:
    """A text as Reddit renders it, roughly."""
    paragraphs = "\n\n".join(f"<p>{escape(part, quote=False)}</p>" for part in text.split("\n\n"))
    return f'<!-- SC_OFF --><div class="md">{paragraphs}\n</div><!-- SC_ON -->'


def _domain(url: str, board: Board) -> str:
    if url.startswith("/"):
        return f"self.{board.name}"
    parts = urlsplit(url)
    hosted = parts.path.split("/")[1] if parts.path.count("/") > 1 else ""
    return hosted if hosted.endswith("redd.it") else parts.hostname or ""


def _thumbnail(draft: Draft, is_self: bool) -> str:
    if draft.over_18:
        return "nsfw"
    if draft.spoiler:
        return "spoiler"
    return "self" if is_self else "image" if draft.shown else "default"


def _poll(draft: Draft) -> Thing:
    options = [{"text": text, "id": str(19_000_000 + number)} for number, text in enumerate(draft.poll)]
    return {
        "options": options, "total_vote_count": 41, "user_selection": None,
        "voting_end_timestamp": int(draft.when.timestamp() + 3 * 86_400) * 1000, "is_prediction": False,
        "prediction_status": None, "resolved_option_id": None, "total_stake_amount": None, "tournament_id": None,
        "user_won_amount": None, "vote_updates_remained": None,
    }  # fmt: skip
