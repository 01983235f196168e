"""Read the body of an attachment: its headers and first bytes say whether to go on, its bytes are counted meanwhile."""

from __future__ import annotations

from dataclasses import replace

from ..images.shown import ImageBytes
from ..images.sniff import HEAD_BYTES, is_raster, sniff
from ..model import Attachment, Body, Outcome
from .bandwidth import Passage, Total
from .byte_budget import ByteBudget
from .clock import Clock
from .pace import Pace
from .verdict import not_an_image, of_picture, too_large

__all__ = ["OVER_BUDGET", "BodyReader"]

OVER_BUDGET = Outcome("skipped", "budget", error="the pictures of this call came to all that they may together")


class BodyReader:
    """Reads the bodies of one call's attachments.

    Parameters
    ----------
    cap : int
        Reading stops at so many bytes.
    clock : Clock
    budget : ByteBudget
        Bounds the bytes in memory.
    total : Total
        Bounds the bytes of all pictures.
    keep_undecodable : bool
        See `Downloader`.
    """

    def __init__(self, cap: int, clock: Clock, budget: ByteBudget, total: Total, *, keep_undecodable: bool) -> None:
        self._cap = cap
        self._clock = clock
        self._budget = budget
        self._total = total
        self._keep_undecodable = keep_undecodable

    async def read(self, body: Body, attachment: Attachment, passage: Passage, without_end: set[str]) -> Outcome:
        """Read one body to its end, or as far as it is wanted; for `without_end` see `of_picture`."""
        base = Outcome(
            "failed",
            http_status=body.http_status,
            name=body.name,
            declared_mime=body.declared_mime,
            declared_size=body.declared_size,
            note=body.note,
        )
        if body.declared_size is not None:
            passage.expected_bytes = min(body.declared_size, self._cap)
        pace = Pace(self._clock, self._cap if body.declared_size is None else body.declared_size)
        pieces, size = list[bytes](), 0
        chunks = aiter(body.chunks)
        while size < HEAD_BYTES and (chunk := await anext(chunks, b"")):
            pieces.append(chunk)
            size += len(chunk)
            pace.excuse(await passage.pay(len(chunk)))
            pace.check(size)
        mime = sniff(b"".join(piece[:HEAD_BYTES] for piece in pieces))
        if not is_raster(mime):
            return not_an_image(attachment, base, mime, empty=size == 0)
        expected = body.declared_size
        if expected is not None and expected > self._cap:
            return too_large(base, mime, f"{expected} bytes", self._cap)
        reserved = await self._budget.reserve(self._cap if expected is None else expected)
        taken, kept = 0, 0
        try:
            pace.restart()
            while True:
                more = max(size, expected or 0) - taken
                if more > 0 and not self._total.take(more, taken):
                    return replace(base, status="skipped", reason="budget", mime=mime, error=OVER_BUDGET.error)
                taken += more
                if size > self._cap or not (chunk := await anext(chunks, b"")):
                    break
                pieces.append(chunk)
                size += len(chunk)
                pace.excuse(await passage.pay(len(chunk)))
                pace.check(size)
            if size > self._cap:
                return too_large(base, mime, "more", self._cap)
            data = ImageBytes(pieces[0] if len(pieces) == 1 else b"".join(pieces))  # it copies, too
            outcome = of_picture(
                base,
                mime,
                data,
                without_end,
                says_its_end=body.says_its_end,
                keep_undecodable=self._keep_undecodable,
            )
            kept = len(outcome.data or b"")
            return outcome
        finally:
            self._total.give_back(taken - kept)
            self._budget.give_back(reserved)
