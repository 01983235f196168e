"""Why a picture's bytes are not good, in words; the reasons in `media` have theirs in table/report_text.py."""

from __future__ import annotations

__all__ = ["BROKEN", "CUT", "pixels_problem"]

CUT = "the file ends too early"
BROKEN = "its header is broken"
# Pillow's Image.MAX_IMAGE_PIXELS is 89,478,485 (a quarter GiB of RGB); it warns above, and refuses above twice that.
PILLOW_MAX_PIXELS = 178_956_970


def pixels_problem(width: int, height: int) -> str | None:
    """Say that a picture has more pixels than Pillow decodes; None when it has not.

    Examples
    --------
    >>> pixels_problem(15_000, 13_000)
    '15000 x 13000 pixels are more than Pillow opens'
    """
    return f"{width} x {height} pixels are more than Pillow opens" if width * height > PILLOW_MAX_PIXELS else None
