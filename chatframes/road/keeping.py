"""Say which pictures of a call are kept on the disk, and what they are known by there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..model import Attachment
from ..settings.merge import Settings
from ..transfer.kept_pictures import KeptPictures

__all__ = ["kept_pictures", "lasting_name"]


def kept_pictures(settings: Settings) -> KeptPictures | None:
    """Return the disk cache, if the admin has named a folder for it and pictures are wanted."""
    downloads, images = settings.config.downloads, settings.images
    if downloads.cache_dir is None or not images.enabled:
        return None
    folder, cap = Path(downloads.cache_dir), images.max_size_bytes
    return KeptPictures(folder, downloads.max_cache_bytes, cap, keep_undecodable=images.keep_undecodable)


def lasting_name(chat: Any, attachment: Attachment, service: str) -> str | None:
    """Return what a picture is known by for good; None where its source says nothing of the kind.

    Examples
    --------
    >>> class Chat:
    ...     def cache_key(self, attachment):
    ...         return attachment.source_id
    >>> lasting_name(Chat(), Attachment(0, "photo", "abc"), "toy")
    'toy abc'
    """
    if not hasattr(chat, "cache_key"):
        return None
    try:
        key = chat.cache_key(attachment)
    except Exception:  # what its source cannot make out is downloaded each time
        return None
    return None if key is None else f"{service} {key}"
