"""Keep what this user chose last in a small file of the user's own; config.json belongs to the admin."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

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
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(recall() | choices, file)
        beside.replace(path)
        return ""
    except OSError as error:
        return (
            f"This cannot be remembered for the next time ({error.strerror or type(error).__name__}: {path}). "
            "Pass remember=False to stop trying."
        )
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
