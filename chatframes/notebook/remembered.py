"""Keep what this user chose last in a small file of the user's own; config.json belongs to the admin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..replace_file import replace_file

__all__ = ["recall", "remember"]


def _file() -> Path:
    return Path.home() / ".chatframes" / "choices.json"


def recall() -> dict[str, Any]:
    """Return the choices that were kept; empty if there is no file, or a damaged one."""
    try:
        file = _file()
        data = json.loads(file.read_bytes()) if file.is_file() else None  # reading a pipe would never end
    except (OSError, ValueError, RecursionError, RuntimeError):  # the last: there is no home folder
        return {}
    return data if isinstance(data, dict) else {}


def remember(**choices: Any) -> str:
    """Add choices to those kept before; if that fails, return why in a sentence and leave the file as it was."""
    try:
        path = _file()
    except RuntimeError:
        return (
            "This cannot be remembered for the next time: there is no home folder. Pass remember=False to stop trying."
        )
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with replace_file(path, mode=0o600) as file:
            file.write(json.dumps(recall() | choices).encode())
        return ""
    except OSError as error:
        return (
            f"This cannot be remembered for the next time ({error.strerror or type(error).__name__}: {path}). "
            "Pass remember=False to stop trying."
        )
