"""Make messages for tests of the road that need no service."""

from __future__ import annotations

from datetime import UTC, datetime

from chatframes.model import Attachment, Message

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def message(message_id: str, created_at: datetime | None = NOON, pictures: int = 0) -> Message:
    """Return a message with so many pictures."""
    return Message(
        platform="toy",
        chat_id="chat",
        chat_name="Chat",
        message_id=message_id,
        created_at=created_at,
        fetched_at=NOON,
        text=message_id,
        attachments=tuple(
            Attachment(at, "photo", f"https://pictures.example/{message_id}/{at}", f"{message_id}/{at}")
            for at in range(pictures)
        ),
    )
