"""A Reddit of one subreddit on loopback, whose answers a test gives, and that counts what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

NEWEST = 1_790_000_000  # 2026-09-21; the posts of `posts()` are ten minutes apart, going back from here
STEP_SECONDS = 600
Things = list[dict[str, Any]]
Script = Callable[[str, dict[str, str]], Any]


def post(name: str, created: float = NEWEST, **fields: Any) -> dict[str, Any]:
    """A post as it stands in a listing."""
    data = {
        "id": name, "name": f"t3_{name}", "title": f"Title {name}", "selftext": "", "is_self": True, "author": "somebody",
        "subreddit": "tiny", "subreddit_id": "t5_tiny", "created_utc": float(created), "num_comments": 0,
        "permalink": f"/r/tiny/comments/{name}/title/", "stickied": False,
    }  # fmt: skip
    return {"kind": "t3", "data": {**data, **fields}}


def posts(count: int, **fields: Any) -> Things:
    """So many posts, the newest first."""
    return [post(f"p{number:04}", NEWEST - number * STEP_SECONDS, **fields) for number in range(count)]


def comment(name: str, parent: str, of: str, *replies: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A comment of the post `of`, its replies below it."""
    data = {
        "id": name, "name": f"t1_{name}", "body": f"Comment {name}", "author": "somebody else", "subreddit": "tiny",
        "subreddit_id": "t5_tiny", "created_utc": NEWEST + 60.0, "parent_id": parent, "link_id": f"t3_{of}",
        "replies": listing(list(replies)) if replies else "",
    }  # fmt: skip
    return {"kind": "t1", "data": {**data, **fields}}


def stub(parent: str, *children: Any, count: int | None = None) -> dict[str, Any]:
    """A place where comments are left out."""
    data = {"parent_id": parent, "children": list(children), "count": len(children) if count is None else count}
    return {"kind": "more", "data": data}


def listing(children: Sequence[Any], after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": list(children), "after": after}}


def page(there: Things, query: dict[str, str]) -> dict[str, Any]:
    """The page of a list that a query asks for; an "after" that is not in the list gives nothing, as Reddit does."""
    names = [one["data"]["name"] for one in there]
    if "after" in query and query["after"] not in names:
        return listing([])
    start = names.index(query["after"]) + 1 if "after" in query else 0
    return listing(there[start : start + 100], names[start + 99] if start + 100 < len(there) else None)


class Tiny:
    """What the server has counted, and the config that leads to it."""

    def __init__(self, port: int) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        url = f"http://127.0.0.1:{port}"
        self.config = {
            "reddit": {"reddit_url": url, "oauth_url": url, "client_id": "id", "client_secret": "secret"},
            "downloads": {"allowed_private_hosts": [f"127.0.0.1:{port}"]},
        }

    def of(self, path: str) -> list[dict[str, str]]:
        """The queries of all requests to a path that ends so."""
        return [query for asked, query in self.asked if asked.endswith(path)]


class Answer:
    """An answer that is not JSON with status 200."""

    def __init__(self, status: int, body: Any = b"", **headers: str) -> None:
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers.setdefault("Content-Type", "text/html" if isinstance(body, bytes) else "application/json")


@contextmanager
def tiny_reddit(script: Script) -> Iterator[Tiny]:
    """Serve what `script` gives for a path and its query (or form): JSON, an `Answer`, or None for 404."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: the client does not wait for the second

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self.serve("")

        def do_POST(self) -> None:
            self.serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

        def serve(self, form: str) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(form or parts.query).items()}
            tiny.asked.append((parts.path, query))
            answer = script(parts.path, query)
            if parts.path == "/api/v1/access_token" and not isinstance(answer, Answer):
                answer = {"access_token": "token", "expires_in": 3600, "token_type": "bearer", "scope": "*"}
            if not isinstance(answer, Answer):
                answer = Answer(404, {"error": 404}) if answer is None else Answer(200, answer)
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tiny = Tiny(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield tiny
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
