"""Count the links to pages that show pictures: only an address that names a picture itself is followed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ...model import Message

# Hosts whose pages are there to show pictures, as of 2026-11; with a beginning of the path where others are something
# else. A direct address of a picture on one of them is none of these: it is an attachment.
_HOSTS = {
    "imgur.com": "", "m.imgur.com": "", "i.imgur.com": "", "giphy.com": "/gifs/", "tenor.com": "/view/",
    "gfycat.com": "", "redgifs.com": "", "flickr.com": "/photos/", "flic.kr": "", "gyazo.com": "", "prnt.sc": "",
    "postimg.cc": "", "ibb.co": "", "imgbb.com": "", "deviantart.com": "", "instagram.com": "/p/",
    "pinterest.com": "/pin/", "photos.app.goo.gl": "", "pbs.twimg.com": "/media/", "reddit.com": "/gallery/",
    "old.reddit.com": "/gallery/",
}  # fmt: skip
_PARTS = re.compile(r"https?://(?:www\.)?(?P<host>[^/?#:]+)(?::\d+)?(?P<path>/[^?#]*)?", re.IGNORECASE)


class PicturePages:
    """Counts such links by their hosts, each once for a message."""

    def __init__(self) -> None:
        self.hosts: Counter[str] = Counter()

    def look_at(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if message.links:
                here = {attachment.url for attachment in message.attachments}
                shown = (message.message_id, message.forwarded_from and message.forwarded_from.message_id)
                for url in message.links:
                    host = _host(url)
                    is_itself = host.endswith("reddit.com") and f"t3_{url.rstrip('/').rpartition('/')[2]}" in shown
                    if host and not is_itself and url.partition("#")[0] not in here:
                        self.hosts[host] += 1

    @property
    def note(self) -> str | None:
        """What the report says of them; None when there are none."""
        if not self.hosts:
            return None
        most = ", ".join(f"{host} {count:,}" for host, count in self.hosts.most_common(3))
        others = ", …" if len(self.hosts) > 3 else ""
        return (
            f"links: {self.hosts.total():,} lead to pages that show pictures ({most}{others}), which are not followed: "
            "only an address that names a picture itself is"
        )


def _host(url: str) -> str:
    """Return the host of such a page; "" for any other address."""
    parts = _PARTS.match(url)
    if parts is None:
        return ""
    host, path = parts["host"].lower(), parts["path"] or "/"
    begins = _HOSTS.get(host)
    return host if begins is not None and len(path) > 1 and path.startswith(begins) else ""
