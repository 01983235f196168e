"""Posts and comments of the rarer kinds, one of each, for ``sandbox(content=True)``.

Written from Reddit's API documentation and from answers of it that were published, with ``raw_json=1``. The last ones
show what no answer holds: of an app, a live thread, a talk or a broadcast there is the address, and what was typed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..community.people import END
from ..sample import Sample, Seen
from .drafts import Shot, Shown
from .pictures import Shelf, metadata, preview, video

_SITE = "https://www.reddit.com"


def rare_posts(shelf: Shelf) -> list[Sample]:
    """Films, events, collections, awards; then what lives elsewhere than in the API."""
    return [_film(shelf), *_facts(), *_elsewhere()]


def rare_comments(shelf: Shelf) -> list[Sample]:
    """Emotes of Reddit's and of a subreddit's, and a picture of Giphy's."""
    moving, still = shelf.foreign("everything/joy.gif", "e=1"), shelf.foreign("everything/dome.png", "e=2")
    free, own, giphy = "emote|free_emotes_pack|joy", "emote|t5_9every|dome", shelf.giphy()
    of_all = _sticker(free, e="AnimatedImage", m="image/gif", s={"x": 60, "y": 60, "gif": moving.url})
    of_one = _sticker(own, e="Image", m="image/png", s={"x": 60, "y": 60, "u": still.url})
    return [
        _comment("emote", f"Yes ![img]({free})", of_all, moving, "Yes", kind="sticker", alt="joy"),
        _comment("emote of a subreddit", f"![img]({own}) No", of_one, still, "No", kind="sticker"),
        _comment("GIF of Giphy's", f"![gif]({giphy.key})", metadata([Shown(giphy, "img")]), giphy, kind="gif"),
    ]


def _sticker(key: str, **more: Any) -> dict[str, Any]:
    return {"media_metadata": {key: {"status": "valid", "t": "sticker", "id": key, **more}}}


def _comment(name: str, body: str, entry: dict[str, Any], shot: Shot, *words: str, **shown: Any) -> Sample:
    assert shot.file is not None
    media = ({"is_image": True, "sha256": shot.file.sha256, **shown},)
    return Sample(f"comment: {name}", {"body": body, **entry}, Seen(words=words, media=media))


def _film(shelf: Shelf) -> Sample:
    film, poster = shelf.video(), shelf.external()
    assert poster.file is not None
    told = video(film)
    sends = {
        "is_self": False, "selftext": "", "url": film.url, "url_overridden_by_dest": film.url, "is_video": True,
        "post_hint": "hosted:video", "media": told, "secure_media": told, **preview(poster),
    }  # fmt: skip
    shown = {"is_image": True, "sha256": poster.file.sha256}
    media = ({"kind": "video", "duration_ms": 21_000, "is_image": False}, shown)
    return Sample("video", sends, Seen(links=(film.url or "",), media=media))


def _facts() -> list[Sample]:
    day = datetime(2026, 11, 7, 18, tzinfo=UTC)
    event = {"event_start": day.timestamp(), "event_end": day.timestamp() + 7_200, "event_is_live": False}
    collection = {
        "collection_id": "c0ffee00-0000-11ee-8000-0e5f1b9d7c21", "subreddit_id": "t5_9every", "title": "First nights",
        "description": "", "author_name": "writer_x", "display_layout": "TIMELINE", "link_ids": [],
        "permalink": f"{_SITE}/r/everything/collection/c0ffee00-0000-11ee-8000-0e5f1b9d7c21",
    }  # fmt: skip
    awards = [{"name": "Gold", "count": 2, "coin_price": 500}, {"name": "Bright idea", "count": 1, "coin_price": 100}]
    counted = [{"name": one["name"], "count": one["count"]} for one in awards]
    kept = {"id": collection["collection_id"], "title": "First nights"}
    return [
        _text("event", "Open dome", {"event": ("2026-11-07", "18:00", "20:00")}, **event),
        _text("collection", "Night one", {"collection": tuple(kept.values())}, collections=[collection]),
        Sample(
            "awards", {"selftext": "Thank you", "all_awardings": awards, "total_awards_received": 3},
            Seen(words=("Thank you",), details={"awards": counted}),
        ),
    ]  # fmt: skip


def _text(name: str, text: str, holds: dict[str, tuple[Any, ...]], **fields: Any) -> Sample:
    return Sample(name, {"selftext": text, **fields}, Seen(words=(text,), holds=holds))


def _elsewhere() -> list[Sample]:
    here = f"{_SITE}/r/everything/comments/1z0app/app/"
    app = f"This post contains content not supported on old Reddit. [Click here to view the full post]({here})"
    whole = Seen(unflagged=("partial",))
    live, show = f"{_SITE}/live/abc123", f"{_SITE}/rpan/r/everything/1z0rpan"
    stakes = {
        "options": [{"id": "1", "text": "Home"}, {"id": "2", "text": "Away"}], "total_stake_amount": 90,
        "is_prediction": True, "total_vote_count": None, "voting_end_timestamp": int(END.timestamp() - 9_000) * 1000,
    }  # fmt: skip
    sides = [{"text": "Home", "votes": None}, {"text": "Away", "votes": None}]
    return [
        Sample("app", {"selftext": app}, Seen(links=(here,), flags=("partial",), details={"unread": ["app"]})),
        Sample("live thread", _link(live), Seen(links=(live,), unflagged=("partial",))),
        Sample("broadcast", _link(show, rpan_video={"hls_url": "https://films.example/a.m3u8"}), Seen(links=(show,))),
        Sample("live audio", {"selftext": "", "live_audio": {"is_live": False, "room_id": "r1"}}, whole),
        Sample(
            "prediction", {"selftext": "Who wins?", "poll_data": stakes},
            Seen(words=("Who wins?", "Home", "Away"), details={"poll": {"options": sides}}),
        ),
        _text("chat", "Game day", {}, discussion_type="CHAT"),
    ]  # fmt: skip


def _link(url: str, **more: Any) -> dict[str, Any]:
    return {"is_self": False, "url": url, "url_overridden_by_dest": url, "selftext": "", **more}
