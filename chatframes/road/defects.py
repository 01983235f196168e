"""What a user is told when something of ours breaks."""

from __future__ import annotations

import traceback
from pathlib import Path

from ..errors import ServiceError


def unexpected(error: Exception) -> ServiceError:
    """Return what a user is told of a defect of ours, or of a source's."""
    # The text of a foreign error may hold anything, a URL with a token included; where it happened does not.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return ServiceError(
        f"a defect of chatframes: {type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}; "
        "please report it"
    )
