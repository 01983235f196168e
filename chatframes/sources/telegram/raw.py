"""Write the payload of a message as JSON, without the keys that belong to this account."""

from __future__ import annotations

import base64
import json
import math
from datetime import datetime
from typing import Any

__all__ = ["as_json"]


def as_json(message: Any) -> str:
    """Return an object of the protocol as JSON text."""
    return json.dumps(_payload(message), ensure_ascii=True)


_ACCOUNT_KEYS = frozenset(("access_hash", "file_reference"))  # keys of this account, useless to any other


def _payload(value: Any) -> Any:
    """Return a value of the protocol as plain JSON values."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, dict):
        return {str(key): None if key in _ACCOUNT_KEYS else _payload(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_payload(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "to_dict"):
        return _payload(value.to_dict())
    return type(value).__name__  # never a repr, which could show the keys left out above
