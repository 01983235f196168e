"""Take pictures from the disk cache, and put them there, without holding up the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ..images.shown import ImageBytes
from ..model import Outcome
from .byte_budget import ByteBudget
from .disk_cache import DiskCache, Note
from .verdict import of_picture, too_large

__all__ = ["KeptPictures"]

THREADS = 4  # a disk is quick; a network drive has its waits

T = TypeVar("T")


class KeptPictures:
    """The disk cache, as one call uses it.

    Parameters
    ----------
    folder : Path
    most_bytes : int
        See `DiskCache`.
    max_size_bytes : int
        A larger picture is ``skipped/too_large``, as if it came from its service.
    keep_undecodable : bool
        See `Downloader`.
    """

    def __init__(self, folder: Path, most_bytes: int, max_size_bytes: int, *, keep_undecodable: bool) -> None:
        self._cache = DiskCache(folder, most_bytes)
        self._cap = max_size_bytes
        self._keep_undecodable = keep_undecodable
        self._disk = ThreadPoolExecutor(THREADS, "chatframes-cache")

    @property
    def problem(self) -> str | None:
        """A sentence, once the folder cannot be used or written."""
        return self._cache.problem

    async def outcome(self, key: str, budget: ByteBudget) -> Outcome | None:
        """Return the outcome of a picture that was kept, as a download now would have it; None where there is none.

        Nothing is raised: what cannot be taken from the disk is downloaded.
        """
        try:
            return await self._outcome(key, budget)
        except Exception:  # too little memory, say, or the interpreter ends
            return None

    async def _outcome(self, key: str, budget: ByteBudget) -> Outcome | None:
        note = await self._on_disk(lambda: self._cache.find(key))
        if note is None:
            return None
        base = Outcome("failed", name=note.name, declared_mime=note.declared_mime, declared_size=note.declared_size)
        if note.size > self._cap:
            return too_large(base, note.mime, f"{note.size} bytes", self._cap)
        reserved = await budget.reserve(note.size)
        try:
            data = await self._on_disk(lambda: self._cache.picture(note, key))
            if data is None:
                return None
            # What lacks its end mark was the same at two tries before it was kept.
            found = of_picture(
                base,
                note.mime,
                ImageBytes(data),
                {note.sha256},
                says_its_end=True,
                keep_undecodable=self._keep_undecodable,
            )
            return found if found.status != "failed" else None
        finally:
            budget.give_back(reserved)

    async def keep(self, key: str, outcome: Outcome) -> None:
        """Keep a picture that has been downloaded."""
        data, sha256 = outcome.data, outcome.sha256
        if outcome.status == "ok" and data and sha256:
            note = Note(sha256, len(data), outcome.mime, outcome.name, outcome.declared_mime, outcome.declared_size)
            with suppress(Exception):  # the picture is there: whatever the disk does, nothing of it is lost
                await self._on_disk(lambda: self._cache.keep(key, note, data))

    def close(self) -> None:
        """End the threads."""
        self._disk.shutdown(wait=False, cancel_futures=True)

    async def _on_disk(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, function)
