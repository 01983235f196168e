"""The faults of the sandbox's Reddit, by name.

Each fault is one function, as in ``fault.py``: it sees a call and may change the answer, or give its own. All can be
combined: a picture is afflicted by at most one fault, and no page is refused more than twice by faults that pass.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from email.utils import formatdate
from time import time
from typing import Any

from ..calls import HTML_PAGE, Answer, Call, html
from ..fault import Act, Fault, Go, Share, registered

FAULTS: dict[str, Fault] = {}
_API = ("listing", "search", "comments", "morechildren", "info", "about", "share")
_TOKEN_USES = 10
_CALLS_BEFORE_A_DAY = 12
# Where nobody should follow: this machine, on a port that is not allowed, in three spellings.
_HERE = ("127.0.0.1", "[::ffff:127.0.0.1]", "2130706433")


def fault(*on: str, share: Share = "none") -> Callable[[Act], Act]:
    """Register a function as the fault of its name."""
    return registered(FAULTS, on, share)


def refused(status: int, message: str, reason: str = "", **headers: str) -> Answer:
    """An error as Reddit words it; ``retry_after="1"`` becomes the header."""
    body = {"message": message, "error": status} | ({"reason": reason} if reason else {})
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    wait = float(named["Retry-After"]) if named.get("Retry-After", "").isdigit() else None
    return Answer(status, body, headers=named, wait_seconds=wait)


def unauthorized() -> Answer:
    """What a token that is not known, or no longer, gets."""
    bearer = 'Bearer realm="reddit", error="invalid_token"'
    return refused(401, "Unauthorized", www_authenticate=bearer)


# The API


@fault(*_API)
def reddit_token_expires(call: Call, go: Go) -> Answer:
    """The access token expires after 10 requests, each later one after 150."""
    used = call.memory.setdefault("uses of tokens", {})
    used[call.token] = used.get(call.token, 0) + 1
    if used[call.token] > (_TOKEN_USES if call.token == next(iter(used)) else 150):
        return unauthorized()
    return go(call)


@fault(*_API)
def reddit_rate_limit(call: Call, go: Go) -> Answer:
    """Every 7th request is refused with 429 and Retry-After: 1."""
    if call.number % 7 == 3 and call.refused_now():
        return refused(429, "Too Many Requests", retry_after="1")
    return go(call)


@fault(*_API)
def reddit_rate_limit_date(call: Call, go: Go) -> Answer:
    """Every 7th request is refused with 429 and a Retry-After that is a date, one to two seconds away."""
    if call.number % 7 == 1 and call.refused_now():
        now = int(time())
        dates = {"retry_after": formatdate(now + 2, usegmt=True), "date": formatdate(now, usegmt=True)}
        answer = refused(429, "Too Many Requests", **dates)
        answer.wait_seconds = 1.0  # what is left at least, whatever the fraction of this second
        return answer
    return go(call)


@fault(*_API)
def reddit_rate_limit_bare(call: Call, go: Go) -> Answer:
    """Every 7th request is refused with 429 and no Retry-After."""
    return refused(429, "Too Many Requests") if call.number % 7 == 5 and call.refused_now() else go(call)


@fault(*_API)
def reddit_server_error(call: Call, go: Go) -> Answer:
    """Every 5th request is answered by 503 with an HTML body."""
    return html(503) if call.number % 5 == 4 and call.refused_now() else go(call)


@fault(*_API)
def reddit_html_page(call: Call, go: Go) -> Answer:
    """Every 6th request is answered by a login page, with status 200."""
    return html(200) if call.number % 6 == 3 and call.refused_now() else go(call)


@fault(*_API)
def reddit_broken_json(call: Call, go: Go) -> Answer:
    """Every 6th answer is JSON that stops in the middle."""
    if call.number % 6 == 2 and call.refused_now():
        return Answer(body=b'{"kind": "Listing", "data": {"after": null, "children": [')
    return go(call)


@fault(*_API)
def reddit_reset(call: Call, go: Go) -> Answer:
    """Every 6th request ends in a reset connection."""
    return Answer(way="reset") if call.number % 6 == 1 and call.refused_now() else go(call)


@fault(*_API)
def reddit_odd_headers(call: Call, go: Go) -> Answer:
    """The headers of the budget hold "10.0", "nan" and nothing."""
    answer = go(call)
    answer.headers |= {"x-ratelimit-used": "10.0", "x-ratelimit-remaining": "nan", "x-ratelimit-reset": ""}
    return answer


@fault(*_API)
def reddit_day_long(call: Call, go: Go) -> Answer:
    """From the 12th request on nothing is left of the budget, for a day."""
    answer = go(call)
    if call.number >= _CALLS_BEFORE_A_DAY:
        answer.headers |= {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "86400"}
        answer.wait_seconds = 86_400.0
    return answer


@fault("listing")
def reddit_cursor_loop(call: Call, go: Go) -> Answer:
    """The third page of a list leads back to the second, once."""
    answer = go(call)
    asked = call.query.get("after")
    if answer.status == 200 and asked and isinstance(answer.payload, dict):
        first = call.memory.setdefault(f"first cursor of {call.path}", asked)
        if asked != first and not call.memory.get(f"looped {call.path}"):
            call.memory[f"looped {call.path}"] = True
            answer.payload["data"]["after"] = first
    return answer


@fault("comments")
def reddit_comments_gone(call: Call, go: Go) -> Answer:
    """The comments of two posts are never to be had: 500."""
    return html(500) if call.last in call.broken else go(call)


@fault("morechildren")
def reddit_orphans(call: Call, go: Go) -> Answer:
    """An expansion gives a few comments whose parents come later, before all others, and repeats one."""
    answer = go(call)
    if answer.status == 200 and isinstance(answer.payload, dict):
        things: list[Any] = answer.payload["json"]["data"]["things"]
        names = {thing["data"]["name"] for thing in things}
        strays = [
            {"kind": "t1", "data": {**comment, "replies": ""}}
            for comment in call.memory["comments"].get(call.last, ())
            if comment["parent_id"].startswith("t1_") and not {comment["name"], comment["parent_id"]} & names
        ]
        answer.payload["json"]["data"]["things"] = [*strays[-3:], *things, *things[:1]]
    return answer


# Pictures. Each meets at most one of these.


@fault("picture", share="some")
def reddit_image_gone(call: Call, go: Go) -> Answer:
    """404, for ever, the original and its copies."""
    return Answer(404, body=b"")


@fault("picture", share="some")
def reddit_image_forbidden(call: Call, go: Go) -> Answer:
    """403, for ever, the original and its copies."""
    return Answer(403, body=b"")


@fault("picture", share="some")
def reddit_image_busy(call: Call, go: Go) -> Answer:
    """429 with Retry-After: 1 at the first two tries."""
    return Answer(429, headers={"Retry-After": "1"}) if call.attempt <= 2 else go(call)


@fault("picture", share="some")
def reddit_image_error(call: Call, go: Go) -> Answer:
    """503 at the first two tries."""
    return html(503) if call.attempt <= 2 else go(call)


@fault("picture", share="some")
def reddit_image_html(call: Call, go: Go) -> Answer:
    """A page that calls itself image/jpeg, always."""
    return Answer(body=HTML_PAGE, content_type="image/jpeg")


@fault("picture", share="some")
def reddit_image_cut(call: Call, go: Go) -> Answer:
    """The connection closes in the middle, below the Content-Length, always."""
    answer = go(call)
    answer.way = "cut"
    return answer


@fault("picture", share="some")
def reddit_image_reset(call: Call, go: Go) -> Answer:
    """The connection is reset before the first header, at the first try."""
    return Answer(way="reset") if call.attempt == 1 else go(call)


@fault("picture", share="some")
def reddit_image_packed(call: Call, go: Go) -> Answer:
    """Content-Encoding: gzip, although nobody asked for it."""
    answer = go(call)
    if answer.status == 200:
        answer.body = gzip.compress(answer.body, mtime=0)
        answer.headers["Content-Encoding"] = "gzip"
    return answer


@fault("picture", share="some")
def reddit_image_moved(call: Call, go: Go) -> Answer:
    """302 to a stranger's host, where the picture is."""
    return Answer(302, headers={"Location": f"{call.foreign_url}/moved/{call.path}"})


@fault("picture", share="some")
def reddit_image_to_private(call: Call, go: Go) -> Answer:
    """302 to a port of this machine that is none of anybody's business, and that counts who comes."""
    here = _HERE[zlib.crc32(call.last.encode()) % len(_HERE)]
    return Answer(302, headers={"Location": f"http://{here}:{call.memory['hostile port']}/admin"})


@fault("picture", share="some")
def reddit_image_loop(call: Call, go: Go) -> Answer:
    """302 in a circle."""
    turn = "?turn=2" if "turn" not in call.query else ""
    return Answer(302, headers={"Location": f"{call.base_url}/{call.path}{turn}"})


@fault("picture", share="some")
def reddit_image_empty(call: Call, go: Go) -> Answer:
    """200 and nothing, always."""
    return Answer(body=b"", content_type="image/jpeg")
