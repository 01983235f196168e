"""Check the header of a JPEG: its frame, and the tables that decoders read before the picture itself."""

from __future__ import annotations

from .headers import ImageFacts
from .problems import BROKEN, CUT

__all__ = ["jpeg_problem"]

# Baseline, extended or progressive, also with arithmetic coding. Pillow decodes no others.
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)


def jpeg_problem(data: bytes, facts: ImageFacts) -> str | None:
    """Return why Pillow would not open a JPEG; None when its header and its end are as they should be."""
    at, frame, quantizations = 2, b"", set[int]()
    while at + 4 <= len(data) and data[at + 1] != 0xDA:  # up to the first scan
        marker = data[at + 1]
        if data[at] != 0xFF or marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:  # padding, or without a body
            at += 2 if data[at] == 0xFF and marker != 0xFF else 1
            continue
        length = max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        body = data[at + 4 : at + 2 + length]
        if marker == 0xC4 and not _huffman_is_good(body):
            return BROKEN
        if marker == 0xDB:
            found = _quantizations(body)
            if found is None:
                return BROKEN
            quantizations |= found
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if marker not in _FRAMES:
                return BROKEN
            frame = body
        at += 2 + length
    if not _frame_is_good(frame, quantizations):
        return BROKEN
    return None if facts.whole else CUT


def _frame_is_good(frame: bytes, quantizations: set[int]) -> bool:
    """Whether a frame has 8 bits and 1, 3 or 4 colours, each with its table."""
    if len(frame) < 6 or frame[0] != 8 or frame[5] not in (1, 3, 4) or len(frame) != 6 + 3 * frame[5]:
        return False
    colours = [frame[at : at + 3] for at in range(6, len(frame), 3)]
    return all(1 <= size >> 4 <= 4 and 1 <= size & 15 <= 4 and table in quantizations for _, size, table in colours)


def _quantizations(body: bytes) -> set[int] | None:
    """Return the numbers of the quantization tables in a segment; None when it is broken."""
    found, at = set[int](), 0
    while at < len(body):
        found.add(body[at] & 15)
        at += 1 + (128 if body[at] >> 4 else 64)
    return found if at == len(body) and max(found, default=0) < 4 else None


def _huffman_is_good(body: bytes) -> bool:
    """Whether each Huffman table of a segment is whole, and gives no code twice."""
    at = 0
    while at + 17 <= len(body):
        kind, counts = body[at], body[at + 1 : at + 17]
        symbols = body[at + 17 : at + 17 + sum(counts)]
        codes = 0
        for bits, count in enumerate(counts, 1):
            codes += count << (16 - bits)
        at += 17 + sum(counts)
        if kind & 0xEC or sum(counts) > 256 or at > len(body) or codes > 1 << 16:
            return False
        if kind < 16 and max(symbols, default=0) > 15:  # of the first value of a block: a number of bits
            return False
    return at == len(body)
