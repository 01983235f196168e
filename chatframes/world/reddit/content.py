"""One post or comment of each kind that Reddit knows, for ``sandbox(content=True)``: see ``world/sample.py``.

Written from what Reddit's API is documented and reported to give, with ``raw_json=1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..community.people import END
from ..sample import Sample, Seen
from .drafts import Shot, Shown
from .pictures import Shelf, metadata, preview
from .rare import rare_comments, rare_posts

_URL, _OTHER = "https://files.apollo.example/plan?a=1&region=us", "https://wiki.apollo.example/optics"
# Who removed a post, as removed_by_category says it; the first two are its author.
_REMOVERS = (
    "deleted", "author", "moderator", "reddit", "automod_filtered", "copyright_takedown", "content_takedown",
    "anti_evil_ops", "community_ops",
)  # fmt: skip
FLAIR_ID = "0f5bd3a4-0000-11ee-8000-0e5f1b9d7c21"


@dataclass(frozen=True, slots=True)
class Kinds:
    """The posts, and the comments below the first of them."""

    posts: list[Sample]
    comments: list[Sample]


def kinds(shelf: Shelf) -> Kinds:
    """Everything; pictures are put onto the shelf."""
    return Kinds(
        [*_texts(), *_links(shelf), *_galleries(shelf), *_polls(), *_crossposts(shelf), *_gone(), *rare_posts(shelf)],
        [*_comments(shelf), *rare_comments(shelf)],
    )


def _self(name: str, text: str, **more: Any) -> Sample:
    seen = {"words": (text,), **more}
    sends = seen.pop("sends", {})
    return Sample(name, {"selftext": text, **sends}, Seen(**seen))


def shown(shot: Shot, **more: Any) -> dict[str, Any]:
    """An attachment that is a picture, of these bytes."""
    assert shot.file is not None
    return {"is_image": True, "sha256": shot.file.sha256, **more}


def _texts() -> list[Sample]:
    flair = {"link_flair_text": "Optics & co", "link_flair_template_id": FLAIR_ID}
    reference = f"See [the plan][1].\n\n[1]: {_OTHER}"
    return [
        _self("text", "Nothing but words."),
        _self("text: Markdown", "**Bold** and *slanted*, as typed", markup=("**Bold** and *slanted*",)),
        _self(
            "text: entities", f"&#x200B;\n\nHello&nbsp;there, 3 &lt; 4, see {_URL}",
            words=("there, 3 < 4", _URL), links=(_URL,), source_only=("&#x200B;", "&nbsp;", "&lt;"),
            markup=("&#x200B;",),
        ),
        _self("text: addresses", f"Read {_URL}, [the wiki]({_OTHER}) and <{_OTHER}?x=2>.", words=("Read",),
              links=(_URL, _OTHER, f"{_OTHER}?x=2")),
        _self("text: an address by reference", reference, words=("See",), links=(_OTHER,)),
        _self("text: an address as Reddit's editor escapes it", r"At https://wiki.apollo.example/first\_light now",
              words=("now",), links=("https://wiki.apollo.example/first_light",)),
        _self("text: hidden", "The end: >!Ben did it!<", markup=("Ben did it",)),
        _self("text: edited, nobody knows when", "Mended long ago", flags=("edited",), sends={"edited": True}),
        _self("text: edited", "Mended", sends={"edited": END.timestamp() - 60}),
        _self("flair", "With a flair", topic="Optics & co", topic_id=FLAIR_ID, sends=flair),
        _self("for adults, spoiler, locked", "Hush", flags=("over_18", "spoiler", "locked"),
              sends={"over_18": True, "spoiler": True, "locked": True}),
        _self("by the moderators", "Rules", flags=("distinguished", "pinned"),
              sends={"distinguished": "moderator", "stickied": True}),
    ]  # fmt: skip


def _link(url: str, **more: Any) -> dict[str, Any]:
    return {"is_self": False, "url": url, "url_overridden_by_dest": url, "selftext": "", **more}


def _links(shelf: Shelf) -> list[Sample]:
    direct, dead, around = shelf.image(), shelf.image(), shelf.external()
    stranger, in_text, own, bare = (
        shelf.foreign("everything/side.png", "id=1&region=us"), shelf.foreign("everything/text.jpg", "x=1"),
        shelf.image(), shelf.image(slug="everything"),
    )  # fmt: skip
    shelf.pictures.pop(shelf.path_of(dead))
    copy = shelf.copy_of(dead)
    embed = {"oembed": {"title": "A film of the launch", "provider_name": "Tube"}, "type": "tube.example"}
    return [
        Sample("link", _link(_OTHER), Seen(links=(_OTHER,))),
        Sample(
            "link with a preview", _link(_OTHER, **preview(around)),
            Seen(links=(_OTHER,), media=(shown(around, kind="link_preview"),)),
        ),
        Sample("link with words", _link(_URL, selftext="Worth it"), Seen(words=("Worth it",), links=(_URL,))),
        Sample(
            "embedded video", _link(_URL, media=embed, secure_media=embed, post_hint="rich:video"), Seen(links=(_URL,))
        ),
        Sample(
            "picture", _link(direct.url or "", **preview(direct), post_hint="image"),
            Seen(links=(direct.url or "",), media=(shown(direct, kind="photo"),)),
        ),
        Sample(
            "picture of a stranger", _link(stranger.url or ""),
            Seen(links=(stranger.url or "",), media=(shown(stranger),)),
        ),
        Sample(
            "picture that is gone, and its copy", _link(dead.url or "", **preview(dead), post_hint="image"),
            Seen(links=(dead.url or "",), media=(shown(copy),)),
        ),
        Sample(
            "pictures linked in a text", {"selftext": f"My build:\n\n[front]({own.url}) and {in_text.url}"},
            Seen(words=("My build:",), links=(own.url or "", in_text.url or ""), media=(shown(own), shown(in_text))),
        ),
        Sample(
            "picture in a text", {"selftext": f"Look:\n\n{bare.preview_url}", **metadata([Shown(bare, "bare")])},
            Seen(words=("Look:",), links=(bare.preview_url or "",), media=(shown(bare),)),
        ),
    ]  # fmt: skip


def _gallery(shelf: Shelf) -> tuple[dict[str, Any], list[Shot]]:
    """Two pictures, the first with a caption and a way out, as a post of its own carries them."""
    shots = [shelf.image(), shelf.image()]
    items = [
        {"media_id": shots[0].key, "id": 1, "caption": "First light & more", "outbound_url": _OTHER},
        {"media_id": shots[1].key, "id": 2, "caption": "The second night"},
    ]
    fields = {
        "is_gallery": True,
        "gallery_data": {"items": items},
        **metadata([Shown(one, "gallery") for one in shots]),
    }
    return fields, shots


def _galleries(shelf: Shelf) -> list[Sample]:
    fields, shots = _gallery(shelf)
    media = (shown(shots[0]), shown(shots[1]))
    url = "https://www.reddit.com/gallery/everything"
    words = ("Two nights.", "First light & more", "The second night")
    sends = _link(url, **{**fields, "selftext": "Two nights."})
    return [Sample("gallery", sends, Seen(words=words, links=(url, _OTHER), media=media))]


def _polls() -> list[Sample]:
    def poll(*votes: int | None, ends: float) -> dict[str, Any]:
        options = [
            {"text": text, "id": str(number), **({} if one is None else {"vote_count": one})}
            for number, (text, one) in enumerate(zip(("Friday", "Saturday"), votes, strict=True))
        ]
        total = 41 if None in votes else sum(one or 0 for one in votes)
        return {"options": options, "total_vote_count": total, "voting_end_timestamp": int(ends * 1000)}

    def seen(*votes: int | None, total: int, closed: bool) -> Seen:
        options = [{"text": text, "votes": one} for text, one in zip(("Friday", "Saturday"), votes, strict=True)]
        return Seen(
            words=("Vote!", "Friday", "Saturday"),
            details={"poll": {"options": options, "total": total, "closed": closed}},
        )

    ended, never = END.timestamp() - 9_000, 4_102_444_800.0  # the second is in 2100
    return [
        Sample(
            "poll", {"selftext": "Vote!", "poll_data": poll(30, 12, ends=ended)}, seen(30, 12, total=42, closed=True)
        ),
        Sample(
            "poll: votes not shown", {"selftext": "Vote!", "poll_data": poll(None, None, ends=never)},
            seen(None, None, total=41, closed=False),
        ),
    ]  # fmt: skip


def _crossposts(shelf: Shelf) -> list[Sample]:
    def original(id_: str, **more: Any) -> dict[str, Any]:
        told: dict[str, Any] = {
            "id": id_, "name": f"t3_{id_}", "subreddit": "origin", "subreddit_id": "t5_origin", "author": "writer_x",
            "author_fullname": "t2_writer", "title": "The original", "created_utc": END.timestamp() - 900_000.0,
            "permalink": f"/r/origin/comments/{id_}/the_original/", "is_self": True, "selftext": "", "over_18": False,
        }  # fmt: skip
        return told | more

    def crosspost(name: str, one: dict[str, Any], seen: Seen, **more: Any) -> Sample:
        fields = {"crosspost_parent": one["name"], "crosspost_parent_list": [one], **more}
        return Sample(f"crosspost of {name}", fields, seen)

    fields, shots = _gallery(shelf)
    gallery, single = "https://www.reddit.com/gallery/1origb", shelf.image()
    holds = {"crosspost": ("origin",)}
    text, there = f"The whole story, see {_OTHER}", "/r/origin/comments/1origa/the_original/"
    media = (shown(shots[0]), shown(shots[1]))
    return [
        crosspost(
            "a text", original("1origa", selftext=text),
            Seen(words=(text,), links=(f"https://www.reddit.com{there}", _OTHER), holds=holds),
            **_link(there),
        ),
        crosspost(
            "a gallery", original("1origb", **_link(gallery), **fields),
            Seen(words=("First light & more", "The second night"), links=(gallery, _OTHER), media=media, holds=holds),
            **_link(gallery),
        ),
        crosspost(
            "a picture", original("1origc", **_link(single.url or ""), **preview(single)),
            Seen(links=(single.url or "",), media=(shown(single),), holds=holds),
            **_link(single.url or ""),
        ),
    ]  # fmt: skip


def _gone() -> list[Sample]:
    posts = []
    for who in _REMOVERS:
        by_author = who in ("deleted", "author")
        fields: dict[str, Any] = {"removed_by_category": who, "selftext": "[deleted]" if by_author else "[removed]"}
        if who in ("reddit", "content_takedown", "anti_evil_ops"):
            fields["selftext"] = "[ Removed by Reddit ]"
        seen = Seen(flags=("deleted",) if by_author else ("removed",))
        posts.append(Sample(f"post removed: {who}", fields, seen))
    return posts


def _comments(shelf: Shelf) -> list[Sample]:
    def said(name: str, body: str, seen: Seen, **more: Any) -> Sample:
        return Sample(f"comment: {name}", {"body": body, **more}, seen)

    nobody = {"author": "[deleted]", "author_fullname": None, "collapsed_reason_code": "DELETED"}
    by_reddit, about = "[ Removed by Reddit ]", 'It said "[removed]" there'
    linked, own, stranger = shelf.image(), shelf.image(), shelf.foreign("everything/mine.JPG", "x=2")
    signed = linked.preview_url or ""
    return [
        said("text", "Nothing but words.", Seen(words=("Nothing but words.",))),
        said("removed", "[removed]", Seen(flags=("removed",)), author="[deleted]", author_fullname=None),
        said("deleted", "[deleted]", Seen(flags=("deleted",)), author="[deleted]", author_fullname=None),
        said("removed by Reddit", by_reddit, Seen(flags=("removed",))),
        said("removed by Reddit, account gone", by_reddit, Seen(flags=("removed",)), **nobody),
        said(
            "about a removal", about, Seen(words=(about,), unflagged=("removed",))
        ),
        said("edited, nobody knows when", "Mended", Seen(words=("Mended",), flags=("edited",)), edited=True),
        said(
            "entities", "&#x200B;\n\nTom &amp; Jerry&nbsp;at 5",
            Seen(words=("Tom & Jerry",), source_only=("&#x200B;", "&amp;", "&nbsp;")),
        ),
        said("addresses", f"[the plan]({_URL}) or {_OTHER}", Seen(links=(_URL, _OTHER))),
        said(
            "signed picture", f"Mine: {signed}",
            Seen(words=("Mine:",), links=(signed,), media=(shown(linked),)),
        ),
        said("picture linked", f"[mine]({own.url})", Seen(links=(own.url or "",), media=(shown(own),))),
        said(
            "picture of a stranger", f"Look {stranger.url}",
            Seen(links=(stranger.url or "",), media=(shown(stranger),)),
        ),
    ]  # fmt: skip
