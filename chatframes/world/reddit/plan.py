"""Who meets which contradiction of the sandbox's Reddit: chosen from the drafts of r/apollo when the world is made."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from ..community.people import END
from ..fault import chosen
from .drafts import Board, Draft, Shot
from .pictures import Shelf
from .trees import DEEPEST

ENDS = (245, 673)  # posts: where searches and lists of far more are reported to end
MORE_THAN_THERE_ARE = 7
EDITED_AT = END  # while a client reads, as far as the sandbox's time goes
_LATECOMERS = 2  # new posts; one more is held back


@dataclass(slots=True)
class Plan:
    """Fullnames, by what becomes of them.

    Attributes
    ----------
    unlisted : set of str
        Posts that no list reaches.
    nameless : set of str
        Posts and comments in whose place answers hold a null, or a thing without an id.
    only_named : set of str
        Comments that stubs name and no thread or expansion gives; `lost` of them are not to be had by id either.
    lost : set of str
        See `only_named`.
    closed : set of str
        Posts of which no comment can be asked for by itself.
    miscounted : set of str
        Posts whose ``num_comments`` is not true.
    pinned : str
        An old post that stands above the newest one; empty without.
    removed : set of str
        Posts that were removed after a list had named them; grows while clients read.
    arriving, arrived : set of str
        Posts that come into the lists while they are read, and those that have come.
    unwritten : dict of str to str
        Comments that are not written yet: from the fullname to the post's.
    edited : dict of str to str
        Posts that are edited when they were `shown` once, and their new words.
    shown : set of str
        See `edited`.
    copied : set of str
        Pictures, by host and path, that only Reddit's copies give.
    withheld : dict of str to str
        What exists though no client need get it: from the fullname to the name of the fault.
    """

    unlisted: set[str] = field(default_factory=set)
    nameless: set[str] = field(default_factory=set)
    only_named: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    miscounted: set[str] = field(default_factory=set)
    pinned: str = ""
    removed: set[str] = field(default_factory=set)
    arriving: set[str] = field(default_factory=set)
    arrived: set[str] = field(default_factory=set)
    unwritten: dict[str, str] = field(default_factory=dict)
    edited: dict[str, str] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    copied: set[str] = field(default_factory=set)
    withheld: dict[str, str] = field(default_factory=dict)

    def remove(self, post: str) -> None:
        """Let a post vanish from the lists; its comments stay, for who knows it."""
        self.removed.add(post)
        self.withheld[post] = "reddit_cursor_dies"  # whatever else befell it

    def arrive(self) -> None:
        """Let the posts that are still to come come into the lists."""
        self.arrived |= self.arriving
        self.arriving.clear()

    def _keep_back(self, drafts: Iterable[Draft], fault: str) -> None:
        for draft in drafts:
            self.withheld.setdefault(draft.name, fault)


def plan_for(board: Board, faults: Collection[str], seed: int) -> Plan:
    """Choose for the contradictions among `faults`; what posts say of themselves is changed in the drafts.

    Each post and each comment meets one of them at most.
    """
    plan = Plan()
    free = {post.name: post for post in board.posts}
    if "reddit_new_posts" in faults and len(free) > 2 * _LATECOMERS:
        names = list(free)
        for name in (*names[:_LATECOMERS], names[len(names) // 2]):
            plan.arriving.add(name)
            plan._keep_back(_whole(free.pop(name)), "reddit_new_posts")
    if "reddit_pinned_old" in faults and len(board.posts) > 1:
        plan.pinned = board.posts[-1].name
        free.pop(plan.pinned).stickied = True
    if "reddit_list_ends_early" in faults and len(free) > 1:
        ends = [end for end in ENDS if end < len(free)] or [len(free) * 2 // 3]
        for name in list(free)[random.Random(seed).choice(ends) :]:
            plan.unlisted.add(name)
            plan._keep_back(_whole(free.pop(name)), "reddit_list_ends_early")
    if "reddit_odd_children" in faults and len(free) > 2:
        for name in chosen(seed, "reddit_odd_children", free, 15):
            plan.nameless.add(name)
            plan._keep_back(_whole(free.pop(name)), "reddit_odd_children")
    if "reddit_edited_posts" in faults:
        worded = [name for name, post in free.items() if _is_only_words(post)]
        plan.edited = {name: f"{free[name].said.text} (mended)" for name in chosen(seed, "edited", worded, 3)}
    _miscount(plan, free, faults, seed)
    _hide_comments(plan, [*free.values(), *(post for post in board.posts if post.name == plan.pinned)], faults, seed)
    return plan


def _is_only_words(post: Draft) -> bool:
    said = bool(post.said.text) and post.removed_by is None and not post.said.text.startswith("[")
    return said and not (post.shown or post.poll or post.original or post.crossposts)


def lose_linked_pictures(plan: Plan, boards: Iterable[Board], shelf: Shelf, seed: int) -> None:
    """Leave of half of the pictures that posts link nothing but Reddit's copies; a copy is what can be had then."""
    linking = {
        one.shot.source_id: one.shot
        for post in boards
        for draft in post.posts
        for one in draft.shown
        if one.how == "direct" and one.shot.shape in ("image", "animated", "foreign") and shelf.path_of(one.shot)
    }
    copies: dict[str, Shot] = {}
    for source_id in chosen(seed, "reddit_copy_elsewhere", linking, 2):
        shot = linking[source_id]
        plan.copied.add(shelf.path_of(shot))
        copies[source_id] = replace(shot, file=shelf.copy_of(shot).file)
    for board in boards:
        for post in board.posts:
            for draft in (post, *(comment for comment, _ in post.tree())):
                draft.shown[:] = [one._replace(shot=copies.get(one.shot.source_id, one.shot)) for one in draft.shown]


def _whole(post: Draft) -> list[Draft]:
    return [post, *(comment for comment, _ in post.tree())]


def _miscount(plan: Plan, free: dict[str, Draft], faults: Collection[str], seed: int) -> None:
    talked = [name for name, post in free.items() if post.answers]
    if "reddit_counts_none" in faults:
        for name in chosen(seed, "reddit_counts_none", talked, 3):
            plan.miscounted.add(name)
            free[name].uncounted = -sum(1 for _ in free[name].tree())
    if "reddit_counts_more" in faults:
        left = [name for name in free if name not in plan.miscounted]
        for name in chosen(seed, "reddit_counts_more", left, 3):
            plan.miscounted.add(name)
            free[name].uncounted += MORE_THAN_THERE_ARE


def _hide_comments(plan: Plan, posts: list[Draft], faults: Collection[str], seed: int) -> None:
    """Nothing hangs below what is hidden, so that a name stands for one comment."""
    ends = {comment.name: comment for post in posts for comment, _ in post.tree() if not comment.answers}
    for fault, one_in, places in (
        ("reddit_stub_lost", 8, (plan.only_named, plan.lost)),
        ("reddit_stub_by_name", 8, (plan.only_named,)),
        ("reddit_odd_children", 20, (plan.nameless,)),
    ):
        for name in chosen(seed, fault, ends, one_in) if fault in faults else ():
            for place in places:
                place.add(name)
            comment = ends.pop(name)
            if fault != "reddit_stub_by_name":
                plan._keep_back([comment], fault)
    if "reddit_new_comments" in faults:
        for name in chosen(seed, "reddit_new_comments", ends, 10):
            comment = ends.pop(name)
            plan.unwritten[name] = comment.top.name
            comment.top.uncounted -= 1
            plan._keep_back([comment], "reddit_new_comments")
    if "reddit_comment_closed" in faults:
        deep = {post.name: [one for one, depth in post.tree() if depth >= DEEPEST] for post in posts}
        for name in chosen(seed, "reddit_comment_closed", (name for name, those in deep.items() if those), 2):
            plan.closed.add(name)
            plan._keep_back(deep[name], "reddit_comment_closed")
