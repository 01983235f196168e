"""One room of ToyChat, opened: its pages and its pictures."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from chatframes.errors import AuthError
from chatframes.model import Attachment, Body, Chat, Message, Page, Window
from chatframes.transfer.clients import Endpoint, open_link
from chatframes.transfer.clock import Clock
from chatframes.transfer.http import Http
from chatframes.transfer.link import Link
from chatframes.windows import EPOCH

from .source import NAME

if TYPE_CHECKING:
    from chatframes.sources import Context


class ApiKey:
    """The one credential, which cannot be renewed."""

    def __init__(self, key: SecretStr | None) -> None:
        self._key = key

    async def token(self, http: Http) -> SecretStr:
        if self._key is None:
            raise AuthError("No ToyChat credentials are configured: set TOYCHAT_API_KEY.")
        return self._key

    async def renew(self, http: Http, stale: SecretStr) -> None:
        raise AuthError("ToyChat refused the API key (HTTP 401): copy it again.")


def connect(context: Context) -> AbstractAsyncContextManager[Link]:
    config, downloads = context.settings.config.section(NAME), context.settings.config.downloads
    key = config.api_key.get_secret_value() if config.api_key else ""
    endpoint = Endpoint(
        NAME,
        config.base_url,
        hashlib.sha256(key.encode()).hexdigest()[:16],
        max_connections=config.max_connections,
        max_keepalive_connections=config.max_keepalive_connections,
        allowed_private_hosts=frozenset(downloads.allowed_private_hosts),
        trust_env=downloads.trust_env,
    )
    return open_link(
        endpoint,
        ApiKey(config.api_key),
        pages=1,
        downloads=config.max_concurrent_image_downloads,
        clock=context.clock,
        emit=context.emit,
        count=context.count,
        max_retry_wait_seconds=downloads.max_retry_wait_seconds,
        adaptive=downloads.adaptive,
    )


async def list_chats(context: Context) -> list[Chat]:
    async with connect(context) as link:
        answer = await link.json(f"{link.base_url}/rooms")
    return [Chat(room["name"], room["name"].title(), "group", None) for room in answer.payload["rooms"]]


@dataclass(slots=True)
class Room:
    """An `OpenChat`."""

    id: str
    name: str
    link: Link
    page_size: int
    clock: Clock
    notes: list[str] = field(default_factory=list)

    async def messages(self, window: Window) -> AsyncGenerator[Page, None]:
        before = window.until.timestamp()
        while True:
            url = f"{self.link.base_url}/rooms/{self.id}?before={before}&limit={self.page_size}"
            payload = (await self.link.json(url)).payload
            self.link.count("page")
            rows = [self._row(item) for item in payload["messages"]]
            if payload["more"] and rows and rows[-1].created_at > window.since:
                before = rows[-1].created_at.timestamp()
                yield Page(rows, Window(rows[-1].created_at, window.until))
            else:
                yield Page(rows, Window(max(window.since, EPOCH), window.until))
                return

    def _row(self, item: dict[str, Any]) -> Message:
        return Message(
            platform=NAME,
            chat_id=self.id,
            chat_name=self.name,
            message_id=item["id"],
            created_at=datetime.fromtimestamp(item["at"], UTC),
            fetched_at=self.clock.now(),
            text=item["text"],
            attachments=tuple(
                Attachment(position, "photo", url, url) for position, url in enumerate(item.get("pictures", ()))
            ),
        )

    def read(self, attachment: Attachment) -> AbstractAsyncContextManager[Body]:
        url = attachment.url or ""
        return self.link.download(url, foreign=not self.link.http.is_api(url))
