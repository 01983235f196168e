"""Writes the sandbox's subreddits: the posts, their authors and times, and the comments below them.

Nothing here is Reddit's own shape yet, but everything that trips a reader of Reddit is placed here: galleries without
an order or with holes, pictures that only a signed address gives, one picture in several rows, crossposts, threads
deeper than a page shows, and what is left of deleted things.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from random import Random

from ..community import talk
from ..community.people import END, Community
from .drafts import (
    Board,
    Draft,
    Kind,
    Shown,
    base36,
    token,
)
from .oddities import Oddities
from .pictures import Shelf
from .voices import Voices

MAIN = "apollo"
BUSY_POSTS = 1_200  # more than Reddit lists
_ROWS_PER_POST = 21
_LONG = 200  # from so many rows on there is a long thread
_LEVELS = 14
_GALLERY = 8  # pictures, where there is room
_MOST = 20  # what Reddit takes
_ROWS_HOLD = 4  # pictures for each row, on the average
_SHARE_OF_POSTS = 0.85


class Writer:
    """Writes the Reddit of one community."""

    def __init__(self, community: Community, messages: int, images: int, shelf: Shelf) -> None:
        self.count, self.images, self.shelf = messages, images, shelf
        self.seed, self.since = community.seed, community.since
        self.random = Random(f"chatframes/reddit/{self.seed}")
        self.voices = Voices(community, shelf, self.random)
        self.oddities = Oddities(self.voices, shelf, self.random)
        self.rows_left, self.images_left = messages, images

    def boards(self) -> list[Board]:
        """Everything; call once."""
        telescopes = self._board("telescopes")
        telescopes.posts = self._telescopes()  # first: their posts are repeated in the other one
        apollo = self._board(MAIN)
        apollo.posts = self._apollo(*telescopes.posts[:2])
        busy = self._board("busy")
        busy.posts = self._busy()
        silent: list[tuple[str, Kind]] = [
            ("empty", "public"), ("backstage", "private"), ("offtopic", "quarantined"), ("gone", "banned")
        ]  # fmt: skip
        boards = [apollo, telescopes, *(self._board(name, kind) for name, kind in silent), busy]
        self._number(boards)
        return boards

    def _board(self, name: str, kind: Kind = "public") -> Board:
        return Board(name, f"t5_{token(5, self.seed, 'subreddit', name)}", kind, self.since - timedelta(days=400))

    def _number(self, boards: list[Board]) -> None:
        """Give ids, which grow with time all over Reddit, and put the newest posts first."""
        posts = [post for board in boards for post in board.posts]
        comments = [draft for post in posts for draft, _ in post.tree()]
        for drafts, first in ((posts, "1p0q7za"), (comments, "nk3fa2c")):
            number = int(first, 36) + self.seed % 1_000 * 1_000_000
            for draft in sorted(drafts, key=lambda draft: (draft.when, draft.written)):
                number += self.random.randrange(1, 90)
                draft.id = base36(number)
        for board in boards:
            board.posts.sort(key=lambda post: int(post.id, 36), reverse=True)

    # the main subreddit

    def _apollo(self, gallery: Draft, direct: Draft) -> list[Draft]:
        if not self.count:
            return []
        most = max(1, round(self.count / _ROWS_PER_POST), min(self.count // 14, _ROWS_PER_POST))
        posts: list[Draft] = []
        for images, make in self.oddities.posts(gallery, direct):
            if len(posts) < most and self._take(1, images):
                posts.append(make())
        self._crowd(posts)
        usual = most - len(posts)
        self.rows_left -= usual
        comments = self._odd_comments(posts, direct)
        posts += self._usual_posts(usual)
        self._talk(posts, comments)
        return posts

    def _take(self, rows: int, images: int) -> bool:
        """Take so much from what is still to be written, if the rest of the pictures finds room in the rest."""
        rows, left = self.rows_left - rows, self.images_left - images
        if rows < 0 or not 0 <= left <= _ROWS_HOLD * rows:
            return False
        self.rows_left, self.images_left = rows, left
        return True

    def _crowd(self, posts: list[Draft]) -> None:
        """Let three posts be of one second."""
        same = [post for post in posts[5:] if post.original is None and not post.stickied][:3]
        for post in same:
            post.when, post.edited_at = same[0].when, None

    # what is usual

    def _usual_posts(self, count: int) -> list[Draft]:
        """Posts with most of the pictures that are left, in the sizes people post them."""
        alone = not self.rows_left
        share = self.images_left if alone else int(self.images_left * _SHARE_OF_POSTS)
        most = _MOST if alone else _GALLERY
        posts: list[Draft] = []
        for number in range(count):
            fair = share / (count - number)
            size = min(most, share, round(self.random.uniform(0.5, 1.5) * fair))
            if alone and number == count - 1:
                size = share
            elif size == 2:  # galleries of two are rare
                size = 1
            posts.append(self._usual_post(size))
            share -= size
            self.images_left -= size
        return posts

    def _usual_post(self, size: int) -> Draft:
        if size > 1:
            return self.oddities.gallery(size)
        if size:
            return self.oddities.linking(Shown(self.shelf.image(), "direct"))
        title, *more = self.random.choice(talk.CONVERSATIONS)
        if self.random.random() < 0.2:
            post = self.voices.post(title)
            post.url = f"https://www.example.org/night-sky?page={self.random.randrange(99)}"
            return post
        return self.voices.post(title, self.random.choice([*more, talk.LONG_PARAGRAPH.replace("{i}", "{n}")]))

    def _talk(self, posts: list[Draft], comments: list[Draft]) -> None:
        """Write the comments still missing, and put the pictures still missing into them."""
        usual: list[Draft] = []
        if self.count >= _LONG:
            usual += self._thread(posts[0])
        weights = [self.random.choice((0.0, 0.4, 1.0, 1.0, 1.5, 2.0)) for _ in posts]
        weights[0] = max(sum(weights) * 0.18, 1.0)
        if len(posts) > 4:  # some stay without any
            weights[-2:] = 0.0, 0.0
        while self.rows_left:
            post = self.random.choices(posts, weights)[0]
            some = list(islice(self.voices.some_talk(post), self.rows_left))
            self.rows_left -= len(some)
            usual += some
        if self.count >= _LONG:
            posts[0].uncounted = 2  # as on Reddit: there is more than there is
        self.random.shuffle(usual)
        while self.images_left:
            for draft in islice(usual or comments, self.images_left):
                self.voices.share(draft)
                self.images_left -= 1

    def _thread(self, post: Draft) -> list[Draft]:
        """A thread that goes deeper than any page shows."""
        levels = [self.voices.answer(post, "How deep can a thread go?")]
        for level in range(1, _LEVELS):
            levels.append(self.voices.answer(levels[-1], f"At least {level}."))
        self.rows_left -= _LEVELS
        return levels

    def _odd_comments(self, posts: list[Draft], direct: Draft) -> list[Draft]:
        """A third of the rows is left to other talk."""
        drafts: list[Draft] = []
        spare = self.rows_left // 3 + (_LEVELS if self.count >= _LONG else 0)
        for rows, images, make in self.oddities.comments(posts, direct) if posts else ():
            if self.rows_left - rows >= spare and self._take(rows, images):
                drafts += make()
        return drafts

    # the other subreddits

    def _telescopes(self) -> list[Draft]:
        """Eight posts; the first two are repeated elsewhere."""
        span = END - self.since
        posts = [self.oddities.gallery(3), self.oddities.linking(Shown(self.shelf.image(), "direct"))]
        posts += [self.oddities.linking(Shown(self.shelf.image(), "direct")), self.oddities.gallery(3)]
        posts += [self._usual_post(0) for _ in range(4)]
        for number, post in enumerate(posts):
            share = 0.004 * (number + 1) if number < 2 else number / 8.5
            post.when, post.edited_at = (self.since + span * share).replace(microsecond=0), None
            for _ in range(number % 3):
                list(islice(self.voices.some_talk(post), 3))
        return posts

    def _busy(self) -> list[Draft]:
        """More posts than Reddit lists, and nothing below them."""
        step, team = (END - self.since) // (BUSY_POSTS + 1), self.voices.team
        posts = []
        for number in range(1, BUSY_POSTS + 1):
            when = (self.since + step * number).replace(microsecond=0)
            posts.append(self.voices.post(f"Check {number:04d}", "All quiet.", when, author=team[number % len(team)]))
        return posts
