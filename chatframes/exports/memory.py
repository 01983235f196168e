"""Give memory back to the system that allocators keep for later: pictures of many sizes leave them full of holes."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable

import pyarrow as pa

__all__ = ["give_back"]


def give_back() -> None:
    """Return what pyarrow's pool and the C library hold and nobody uses."""
    pa.default_memory_pool().release_unused()
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], object]:
    """Return glibc's malloc_trim; elsewhere a function that does nothing."""
    if sys.platform == "linux":
        try:
            trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
        except (OSError, AttributeError):
            pass
        else:
            return trim
    return lambda kept_bytes: None
