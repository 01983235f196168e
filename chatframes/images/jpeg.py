"""Check a JPEG from marker to marker: its frame, its tables and the headers of its scans, up to its end.

What is between the markers is not decoded: decoders forgive what they find there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from .exif import turns_well
from .headers import ImageFacts
from .problems import BROKEN, CUT

__all__ = ["jpeg_problem"]

# Baseline, extended or progressive, also with arithmetic coding. Pillow decodes no others.
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
_PROGRESSIVE, _ARITHMETIC = (0xC2, 0xCA), (0xC9, 0xCA)
_START_OF_SCAN, _END, _HUFFMAN, _QUANTIZATION, _JFIF, _APPLICATION = 0xDA, 0xD9, 0xC4, 0xDB, 0xE0, 0xE1
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
# Segments that decoders read or pass over; they refuse what is neither here nor a frame nor a table.
_PASSED_OVER = frozenset({0xCC, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE})
_NOT_LOOKED_AT = _PASSED_OVER - {_JFIF, _APPLICATION}  # profiles, thumbnails and comments, which may be long
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")  # those left out have no body, or are no markers
_EARLY_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")  # before the first scan
_NO_MARKERS = b"\x00\x01\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xff"
MAX_SEGMENTS = 10_000  # an ordinary JPEG has about thirty
KNOWN_TABLES_BYTES = 1_024  # most files have the tables of the standard, 420 bytes; those of others are smaller still
MOST_BLOCKS = 10  # in a unit of a scan, as libjpeg has it


@dataclass(slots=True)
class _Before:
    """What the segments before a scan have said."""

    marker: int = 0  # of the frame
    frame: bytes = b""
    quantizations: set[int] = field(default_factory=set)
    codes: set[int] = field(default_factory=set)  # of Huffman tables: 0 to 3, and 16 to 19
    exif: bytes = b""
    xmp: bytes = b""
    has_resolution: bool = False
    has_single_scan: bool = False  # the first holds every colour, and decoders refuse a second one


def jpeg_problem(data: bytes, facts: ImageFacts) -> str | None:
    """Return why Pillow would not open a JPEG; None when its header, its scans and its end are as they should be."""
    seen, scans = _Before(), 0
    for marker, body in _segments(data):
        if marker == _END:
            return None if scans and facts.whole else CUT
        if body is None:
            return CUT
        if marker == _START_OF_SCAN:
            scans += 1
            if not _frame_is_good(seen) or not _scan_is_good(body, seen):
                return BROKEN
            if seen.has_single_scan if scans > 1 else not _turns_well(seen):
                return BROKEN
            seen.has_single_scan = seen.marker not in _PROGRESSIVE and body[0] == seen.frame[5]
        elif not _take(marker, body, seen):
            return BROKEN
    return CUT


def _segments(data: bytes) -> Iterator[tuple[int, bytes | None]]:
    """Yield the marker and the body of each segment; the body is None where the file ends inside it.

    A body that nobody looks at is left empty: to copy those costs as much as all the rest.
    """
    at, marker_here = 2, _EARLY_MARKER
    for _ in range(MAX_SEGMENTS):
        if data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in _NO_MARKERS:  # as nearly always
            marker, at = data[at + 1], at + 2
        else:
            found = marker_here.search(data, at)
            if found is None:
                return
            marker, at = found[1][0], found.end()
        if marker == _END:
            yield marker, b""
            return
        length = int.from_bytes(data[at : at + 2], "big")
        is_whole = at + max(2, length) <= len(data)
        ends = at if marker in _NOT_LOOKED_AT else at + length
        yield marker, data[at + 2 : ends] if is_whole else None
        at += max(2, length)
        if marker == _START_OF_SCAN:
            marker_here = _MARKER


def _take(marker: int, body: bytes, seen: _Before) -> bool:
    """Add a segment that is no scan; False if decoders refuse it."""
    if marker == _HUFFMAN:
        codes = _known_tables(body) if len(body) <= KNOWN_TABLES_BYTES else _huffman_tables(body)
        seen.codes |= codes or set()
        return codes is not None
    if marker == _QUANTIZATION:
        found = _quantizations(body)
        seen.quantizations |= found or set()
        return found is not None
    if marker == _JFIF and body.startswith(b"JFIF"):
        seen.has_resolution = seen.has_resolution or body[7:8] in (b"\1", b"\2")
    if marker == _APPLICATION and body.startswith(b"Exif\0\0"):
        seen.exif += body[6:] if seen.exif else body
    if marker == _APPLICATION and body.startswith(_XMP):
        seen.xmp = body.partition(b"\0")[2]
    if marker in _FRAMES and not seen.frame:
        seen.marker, seen.frame = marker, body
        return True
    return marker in _PASSED_OVER


def _turns_well(seen: _Before) -> bool:
    if not seen.exif:
        return True
    return turns_well(seen.exif, seen.xmp, read_at_first=not seen.has_resolution)


def _frame_is_good(seen: _Before) -> bool:
    """Whether a frame has 8 bits and 1, 3 or 4 colours, each with its table."""
    frame = seen.frame
    if len(frame) < 6 or frame[0] != 8 or frame[5] not in (1, 3, 4) or len(frame) != 6 + 3 * frame[5]:
        return False
    return all(
        1 <= size >> 4 <= 4 and 1 <= size & 15 <= 4 and table in seen.quantizations
        for _, size, table in _colours(frame)
    )


def _colours(frame: bytes) -> list[bytes]:
    """Return each colour's number, size and table."""
    return [frame[at : at + 3] for at in range(6, len(frame), 3)]


def _scan_is_good(header: bytes, seen: _Before) -> bool:
    """Whether a scan is of colours of the frame, and its tables are there."""
    number = header[0] if header else 0
    if not 1 <= number <= 4 or len(header) != 4 + 2 * number:
        return False
    sizes = {colour: (size >> 4) * (size & 15) for colour, size, _ in _colours(seen.frame)}
    chosen = [(header[at], header[at + 1]) for at in range(1, 1 + 2 * number, 2)]
    if any(colour not in sizes for colour, _ in chosen):
        return False
    if number > 1 and sum(sizes[colour] for colour, _ in chosen) > MOST_BLOCKS:
        return False
    first, last, bits = header[-3:]
    if seen.marker in _PROGRESSIVE and not _pass_is_good(first, last, bits, number):
        return False
    if seen.marker in _ARITHMETIC:
        return True
    return all(_codes_are_there(table, first, bits, seen) for _, table in chosen)


def _pass_is_good(first: int, last: int, bits: int, number: int) -> bool:
    """Whether one pass of a progressive picture is a possible one."""
    before, after = bits >> 4, bits & 15
    if (last != 0) if first == 0 else (number != 1 or not first <= last < 64):
        return False
    return after <= 13 and (before == 0 or before == after + 1)


def _codes_are_there(table: int, first: int, bits: int, seen: _Before) -> bool:
    first_table, other_table = table >> 4, 16 + (table & 15)
    if seen.marker not in _PROGRESSIVE:  # a film's frames leave out the usual tables, and decoders know them
        known = seen.codes | {0, 1, 16, 17}
        return first_table in known and other_table in known
    if first:
        return other_table in seen.codes
    return bits >> 4 > 0 or first_table in seen.codes  # a refinement of the first value needs none


def _quantizations(body: bytes) -> set[int] | None:
    """Return the numbers of the quantization tables in a segment; None when it is broken."""
    found, at = set[int](), 0
    while at < len(body):
        found.add(body[at] & 15)
        at += 1 + (128 if body[at] >> 4 else 64)
    return found if at == len(body) and max(found, default=0) < 4 else None


@lru_cache(maxsize=64)
def _known_tables(body: bytes) -> frozenset[int] | None:
    return _huffman_tables(body)


def _huffman_tables(body: bytes) -> frozenset[int] | None:
    """Return the numbers of the Huffman tables in a segment; None unless each is whole, and gives no code twice."""
    found, at = set[int](), 0
    while at + 17 <= len(body):
        kind, counts = body[at], body[at + 1 : at + 17]
        symbols = body[at + 17 : at + 17 + sum(counts)]
        codes = 0
        for bits, count in enumerate(counts, 1):
            codes += count << (16 - bits)
        at += 17 + sum(counts)
        if kind & 0xEC or sum(counts) > 256 or at > len(body) or codes > 1 << 16:
            return None
        if kind < 16 and max(symbols, default=0) > 15:  # of the first value of a block: a number of bits
            return None
        found.add(kind)
    return frozenset(found) if at == len(body) else None
