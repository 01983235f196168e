"""The three scenarios the way they were done before chatframes: every page first, then the pictures with a semaphore.

Webex and Reddit use plain httpx for pictures, 20 at once, with limits and time-outs of 100 connections and 10 to 60 s;
Telegram uses Telethon. Pictures become base64 in a list of dicts, and that a DataFrame. At Webex that way also asked
for each file's size first, with HEAD; `webex_without_head` leaves that out.
"""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

AT_ONCE, RANGES, DAYS, MAX_BYTES = 20, 5, 30, 10_485_760
END = datetime(2026, 11, 1, tzinfo=UTC)  # of the sandbox
Rows = list[dict[str, Any]]


def client() -> Any:
    import httpx

    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    return httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(connect=10.0, read=60.0, write=10.0, pool=5.0))


async def pictures(urls: list[str], headers: dict[str, str] | None = None, *, head: bool = False) -> dict[str, str]:
    """Download all pictures, and return them as base64 by their address; what fails is left out."""
    import httpx

    semaphore = asyncio.Semaphore(AT_ONCE)
    async with client() as http:

        async def one(url: str) -> tuple[str, str]:
            async with semaphore:
                try:
                    if head and int((await http.head(url, headers=headers)).headers["Content-Length"]) > MAX_BYTES:
                        return url, ""
                    response = await http.get(url, headers=headers)
                except httpx.HTTPError:
                    return url, ""
                is_picture = response.headers.get("Content-Type", "").startswith("image/")
                return url, base64.b64encode(response.content).decode() if is_picture else ""

        return {url: text for url, text in await asyncio.gather(*map(one, urls)) if text}


async def webex(served: dict[str, Any], *, head: bool = True) -> tuple[int, int]:
    """Five ranges of six days at once, in pages of 1,000; then the files."""
    config = served["config"]["webex"]
    headers = {"Authorization": f"Bearer {config['access_token']}"}
    at_once = asyncio.Semaphore(RANGES)
    async with client() as http:

        async def one_range(since: datetime, until: datetime) -> Rows:
            rows: Rows = []
            async with at_once:
                while True:
                    before = until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                    query = {"roomId": served["room"], "max": 1000, "before": before}
                    response = await http.get(f"{config['base_url']}/messages", params=query, headers=headers)
                    response.raise_for_status()
                    items = response.json()["items"]
                    rows += [item for item in items if datetime.fromisoformat(item["created"]) >= since]
                    if len(items) < 1000 or len(rows) < len(items):
                        return rows
                    until = datetime.fromisoformat(items[-1]["created"])
                    if until < since:
                        return rows

        step = timedelta(days=DAYS // RANGES)
        ranges = [(END - step * (number + 1), END - step * number) for number in range(RANGES)]
        rows = [row for some in await asyncio.gather(*(one_range(*each) for each in ranges)) for row in some]
    urls = [url for row in rows for url in row.get("files", ())]
    return table(rows, await pictures(urls, headers, head=head), "files")


async def webex_without_head(served: dict[str, Any]) -> tuple[int, int]:
    return await webex(served, head=False)


async def reddit(served: dict[str, Any]) -> tuple[int, int]:
    """50 posts, one after the other, each with 20 of its comments; then the pictures."""
    import asyncpraw

    rows: Rows = []
    async with asyncpraw.Reddit(**served["config"]["reddit"], check_for_updates=False) as client:
        subreddit = await client.subreddit("apollo")
        async for post in subreddit.new(limit=50):
            rows.append({"id": post.fullname, "text": post.selftext, "files": linked(post)})
            await post.load()
            while len(some := written(post.comments)) < 20 and len(some) < len(post.comments.list()):
                await post.comments.replace_more(limit=1)
            for comment in some[:20]:
                rows.append({"id": comment.fullname, "text": comment.body, "files": linked(comment)})
    return table(rows, await pictures([url for row in rows for url in row["files"]]), "files")


def written(comments: Any) -> list[Any]:
    """Return the comments that are there; others are named only in a "load more"."""
    return [comment for comment in comments.list() if hasattr(comment, "body")]


def linked(thing: Any) -> list[str]:
    """Return the addresses of the pictures of a post or comment."""
    metadata = getattr(thing, "media_metadata", None) or {}
    sources = [each.get("s", {}) for each in metadata.values() if isinstance(each, dict)]
    found = [source.get("u") or source.get("gif") for source in sources]
    url = getattr(thing, "url", "")
    return [one for one in found if one] or ([url] if url.endswith((".jpg", ".jpeg", ".png", ".gif", ".webp")) else [])


async def telegram(served: dict[str, Any]) -> tuple[int, int]:
    """All messages with Telethon, then their pictures."""
    from telegram import with_telethon

    messages, sizes = await with_telethon(served["config"]["telegram"], images=True)
    return messages, sum(map(bool, sizes))


def table(rows: Rows, found: dict[str, str], column: str) -> tuple[int, int]:
    """Make the DataFrame; return its rows and pictures."""
    import pandas as pd

    for row in rows:
        row["images"] = [found[url] for url in row.get(column, ()) if url in found]
    frame = pd.DataFrame(rows, dtype=object)  # as text it would fail on half a character, which some messages hold
    return len(frame), int(frame["images"].map(len).sum())


WAYS = {
    "webex": {"seed": webex, "no HEAD": webex_without_head},
    "telegram": {"seed": telegram},
    "reddit": {"seed": reddit},
}
