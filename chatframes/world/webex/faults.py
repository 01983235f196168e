"""The faults of the sandbox's Webex, by name: one function for each."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from email.utils import formatdate
from time import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from ..calls import HTML_PAGE, Answer, Call, Way, html
from ..fault import Act, Fault, Go, Share, registered

FAULTS: dict[str, Fault] = {}
NOT_FOUND = "The requested resource could not be found."
UNAUTHORIZED = "The request requires a valid access token set in the Authorization request header."
_FILES = ("contents", "head")


def fault(*on: str, share: Share = "none") -> Callable[[Act], Act]:
    """Register a function as the fault of its name; it sees the calls of the kinds `on`."""
    return registered(FAULTS, on, share)


def refusal(status: int, message: str, **headers: str) -> Answer:
    """An error as Webex words it; ``retry_after="1"`` becomes the header."""
    body = {
        "message": message,
        "errors": [{"description": message}],
        "trackingId": f"SANDBOX_{zlib.crc32(message.encode()):08x}",
    }
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    wait = float(named["Retry-After"]) if status == 429 and named.get("Retry-After", "").isdigit() else None
    return Answer(status, body, headers=named, wait_seconds=wait)


# Tokens and pages


@fault("me", "people", "person", "rooms", "room", "messages", "message", "contents", "head")
def token_expires(call: Call, go: Go) -> Answer:
    """The access token expires after 20 requests, each later one after 150; an expired one stays refused."""
    used = call.memory.setdefault("uses of tokens", {})
    used[call.token] = used.get(call.token, 0) + 1
    if used[call.token] > (20 if call.token == next(iter(used)) else 150):
        call.memory.setdefault("expired tokens", set()).add(call.token)
        return refusal(401, UNAUTHORIZED)
    return go(call)


@fault("messages", "message")
def slow_pages(call: Call, go: Go) -> Answer:
    """Every page takes 0.3 seconds longer."""
    answer = go(call)
    answer.delay_seconds += 0.3
    return answer


@fault("messages")
def gateway_timeout(call: Call, go: Go) -> Answer:
    """504 with an HTML body whenever more than 200 messages are asked for."""
    asked = call.query.get("max", "50")
    return html(504) if asked.isdigit() and int(asked) > 200 else go(call)


@fault("messages")
def rate_limit(call: Call, go: Go) -> Answer:
    """Every 7th page is refused with 429 and Retry-After: 1."""
    if call.number % 7 == 3 and call.refused_now():
        return refusal(429, "Too many requests", retry_after="1")
    return go(call)


@fault("messages")
def rate_limit_date(call: Call, go: Go) -> Answer:
    """Every 7th page is refused with 429 and a Retry-After that is a date, one to two seconds away."""
    if call.number % 7 == 1 and call.refused_now():
        now = int(time())
        dates = {"retry_after": formatdate(now + 2, usegmt=True), "date": formatdate(now, usegmt=True)}
        answer = refusal(429, "Too many requests", **dates)
        answer.wait_seconds = 1.0  # what is left at least, whatever the fraction of this second
        return answer
    return go(call)


@fault("messages")
def rate_limit_bare(call: Call, go: Go) -> Answer:
    """Every 7th page is refused with 429 and no Retry-After."""
    return refusal(429, "Too many requests") if call.number % 7 == 5 and call.refused_now() else go(call)


@fault("messages")
def server_error(call: Call, go: Go) -> Answer:
    """Every 5th page is a 502 with an HTML body."""
    return html(502) if call.number % 5 == 4 and call.refused_now() else go(call)


@fault("messages")
def html_page(call: Call, go: Go) -> Answer:
    """Every 6th page is a login page, with status 200."""
    return html(200) if call.number % 6 == 3 and call.refused_now() else go(call)


@fault("messages")
def cut_page(call: Call, go: Go) -> Answer:
    """Every 6th page breaks off in the middle of its JSON, below its Content-Length."""
    answer = go(call)
    if answer.status == 200 and call.number % 6 == 2 and call.refused_now():
        answer.way = "cut"
    return answer


@fault("messages")
def lost_anchor(call: Call, go: Go) -> Answer:
    """Every 4th page behind a beforeMessage is 404, once."""
    if "beforeMessage" in call.query:
        asked = call.memory["anchored"] = call.memory.get("anchored", 0) + 1
        if asked % 4 == 2 and call.refused_now():
            return refusal(404, NOT_FOUND)
    return go(call)


@fault("messages")
def gone_anchor(call: Call, go: Go) -> Answer:
    """Up to three messages can no longer be paged behind: 404 for their beforeMessage, for ever."""
    anchor = call.query.get("beforeMessage")
    if anchor is None:
        return go(call)
    seen: list[str] = call.memory.setdefault("anchors", [])
    if anchor not in seen:
        seen.append(anchor)
    lost = seen.index(anchor) in (1, 4, 7)
    return refusal(404, NOT_FOUND) if lost else go(call)


@fault("messages", "rooms")
def short_pages(call: Call, go: Go) -> Answer:
    """No page holds more than 37 messages or 2 rooms, whatever is asked for."""
    call.page_cap = 2 if call.kind == "rooms" else 37
    return go(call)


@fault("messages")
def empty_pages(call: Call, go: Go) -> Answer:
    """The first page of a range, and every third later one, is empty and leads to another that is not."""
    anchor = call.query.get("beforeMessage", "")
    if "cursor" in call.query or zlib.crc32(anchor.encode()) % 3:
        return go(call)
    query = urlencode({**call.query, "cursor": "more"})
    return Answer(payload={"items": []}, links={"next": f"{call.base_url}/messages?{query}"})


@fault("messages")
def next_link_null(call: Call, go: Go) -> Answer:
    """The next link carries max=null (which is refused when asked for)."""
    answer = go(call)
    if "next" in answer.links:
        head, _, query = answer.links["next"].partition("?")
        kept = [pair for pair in query.split("&") if not pair.startswith("max=")]
        answer.links["next"] = f"{head}?{'&'.join([*kept, 'max=null'])}"
    return answer


@fault("messages")
def wrong_host_next(call: Call, go: Go) -> Answer:
    """The next link leads to a foreign host, which takes note of credentials and gives nothing."""
    answer = go(call)
    if "next" in answer.links:
        url = urlsplit(answer.links["next"])
        answer.links["next"] = f"{call.foreign_url}{url.path}?{url.query}"
    return answer


@fault("messages", "message")
def whole_seconds(call: Call, go: Go) -> Answer:
    """Some times of whole seconds have no fraction and another zone's spelling: 2026-10-18T14:26:16+00:00."""
    answer = go(call)
    payload = answer.payload or {}
    for item in payload.get("items", [payload]):
        if item is not None and item.get("id") in call.memory["whole seconds"] and "created" in item:
            item["created"] = item["created"].replace(".000Z", "+00:00")
    return answer


@fault("messages", "message")
def item_errors(call: Call, go: Go) -> Answer:
    """Some messages come undeciphered and without a time; alone they heal at the second try, two never do."""
    answer = go(call)
    if answer.status != 200 or answer.payload is None:
        return answer
    if call.kind == "messages":
        items = [
            _undeciphered(item) if item is not None and item.get("id") in call.broken else item
            for item in answer.payload["items"]
        ]
        answer.payload = {"items": items}
    elif call.last in call.broken and not (call.broken[call.last] and call.attempt > 1):
        answer.payload = _undeciphered(answer.payload)
    return answer


def _undeciphered(item: dict[str, Any]) -> dict[str, Any]:
    reason = "Key management server failed to respond appropriately."
    errors = {"text": {"code": "kms_failure", "reason": reason}}
    return {
        "id": item["id"],
        "roomId": item["roomId"],
        "text": "eyJhbGciOiJkaXIi..c2FuZGJveA",
        "errors": errors,
    }


# Files. An image meets at most one of these.


@fault(*_FILES, share="some")
def locked(call: Call, go: Go) -> Answer:
    """423 with Retry-After: 1 at the first try: still being scanned."""
    return refusal(423, "File is being scanned", retry_after="1") if call.attempt == 1 else go(call)


@fault(*_FILES, share="some")
def gone(call: Call, go: Go) -> Answer:
    """404, for ever."""
    return refusal(404, NOT_FOUND)


@fault(*_FILES, share="some")
def infected(call: Call, go: Go) -> Answer:
    """410, for ever."""
    return refusal(410, "File is infected")


@fault(*_FILES, share="some")
def unscannable(call: Call, go: Go) -> Answer:
    """428, unless allow=unscannable is in the query."""
    return go(call) if call.query.get("allow") == "unscannable" else refusal(428, "File can not be scanned")


@fault(*_FILES, share="some")
def file_rate_limit(call: Call, go: Go) -> Answer:
    """429 with Retry-After: 1 at the first try."""
    return refusal(429, "Too many requests", retry_after="1") if call.attempt == 1 else go(call)


@fault(*_FILES, share="some")
def file_server_error(call: Call, go: Go) -> Answer:
    """503 at the first try."""
    return html(503) if call.attempt == 1 else go(call)


@fault("contents", share="some")
def cut_files(call: Call, go: Go) -> Answer:
    """The connection closes in the middle, below the Content-Length, at the first try."""
    return _sent(go(call), "cut" if call.attempt == 1 else "whole")


@fault("contents", share="some")
def reset_files(call: Call, go: Go) -> Answer:
    """The connection is reset before the first header, at the first try."""
    return _sent(go(call), "reset" if call.attempt == 1 else "whole")


@fault("contents", share="some")
def short_files(call: Call, go: Go) -> Answer:
    """No length is given and the connection closes in the middle, at the first try."""
    return _sent(go(call), "unsized" if call.attempt == 1 else "whole")


@fault("contents", share="some")
def no_length(call: Call, go: Go) -> Answer:
    """No length is given; the file is whole."""
    return _sent(go(call), "chunked")


@fault("contents", share="one")
def trickle(call: Call, go: Go) -> Answer:
    """One image begins well, then comes at a byte every 0.2 seconds."""
    return _sent(go(call), "trickle")


@fault(*_FILES, share="one")
def lying_length(call: Call, go: Go) -> Answer:
    """One image is said to have 100 bytes (HEAD) and never ends (GET, without a length)."""
    answer = go(call)
    if call.kind == "head":
        answer.body = answer.body[:100]
    return _sent(answer, "endless")


@fault(*_FILES, share="some")
def wrong_type(call: Call, go: Go) -> Answer:
    """A picture that calls itself application/octet-stream, or image/PNG with a charset, or IMAGE/JPEG."""
    answer = go(call)
    types = ("application/octet-stream", "image/PNG; charset=binary", "IMAGE/JPEG")
    answer.content_type = types[zlib.crc32(call.last.encode()) % 3]
    return answer


@fault(*_FILES, share="some")
def odd_names(call: Call, go: Go) -> Answer:
    """File names meant to harm: paths, control characters, quotes, endless ones."""
    names = (
        "../../etc/passwd.jpg",
        r"..\\..\\evil.jpg",
        "con.jpg",
        "a" * 900 + ".jpg",
        "%2e%2e%2fx.jpg",
        r"\"x\".jpg",
    )
    answer = go(call)
    name = names[zlib.crc32(call.last.encode()) % len(names)]
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@fault(*_FILES, share="some")
def html_files(call: Call, go: Go) -> Answer:
    """A login page that calls itself image/jpeg, always."""
    return Answer(body=HTML_PAGE, content_type="image/jpeg")


@fault("contents", share="some")
def gzip_files(call: Call, go: Go) -> Answer:
    """Content-Encoding: gzip, although nobody asked for it."""
    answer = go(call)
    answer.body = gzip.compress(answer.body, mtime=0)
    answer.headers["Content-Encoding"] = "gzip"
    return answer


@fault(*_FILES, share="some")
def redirect_files(call: Call, go: Go) -> Answer:
    """302 to a foreign host, which serves the bytes and takes note of credentials and cookies."""
    return Answer(302, headers={"Location": f"{call.foreign_url}/files/{call.last}?signature=c2lnbmVk"})


@fault("messages", "message", share="some")
def foreign_files(call: Call, go: Go) -> Answer:
    """The message itself names a file on a foreign host, which takes note of credentials and cookies."""
    answer = go(call)
    payload = answer.payload or {}
    for item in payload.get("items", [payload]):
        for place, url in enumerate((item or {}).get("files", ())):
            source_id = url.rpartition("/")[2]
            if call.afflicted.get(source_id) == "foreign_files":
                item["files"][place] = f"{call.foreign_url}/files/{source_id}?signature=c2lnbmVk"
    return answer


def _sent(answer: Answer, way: Way) -> Answer:
    if answer.status == 200:
        answer.way = way
    return answer
