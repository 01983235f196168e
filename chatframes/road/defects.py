"""Turn an unexpected exception into a `ServiceError` that is safe to show."""

from __future__ import annotations

import traceback
from pathlib import Path

from ..errors import ServiceError


def unexpected(error: Exception) -> ServiceError:
    """Return the error a user sees for a defect of chatframes or of a source."""
    # The text of an exception may hold anything, even a URL with a token, so only its type and place are shown.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return ServiceError(
        f"This is a defect of chatframes: {type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}. "
        "Please report it."
    )
