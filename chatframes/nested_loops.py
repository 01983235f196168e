"""Make ``asyncio.run(...)`` work inside notebook cells, for users who ask for it; chatframes itself never needs it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from .errors import ConfigError

__all__ = ["enable_nested_loops"]


def enable_nested_loops() -> str:
    """Let your own ``asyncio.run(...)`` work inside notebook cells (opt-in; chatframes itself never needs it).

    Patches asyncio for the whole process, with nest-asyncio where that is safe and with nest-asyncio2 where
    nest-asyncio would make a notebook lose queued cells (ipykernel 7.1 and later) or break ``asyncio.run``
    (Python 3.12 and later). Calling it again changes nothing.

    Returns
    -------
    str
        The name of the package that did it.

    Raises
    ------
    ConfigError
        When the running loop, or the loops that ``asyncio.run`` would make, are not asyncio's own (uvloop's, say): no
        package can patch those. Nothing has been patched then.
    RuntimeError
        When only nest-asyncio is installed and it is not safe here; nothing has been patched then.

    Examples
    --------
    >>> import chatframes as cf
    >>> cf.enable_nested_loops() in ("nest_asyncio", "nest_asyncio2")
    True
    """
    foreign = _foreign_loop()
    if foreign is not None:
        raise ConfigError(
            f"Nested loops are not possible here: the loop is {foreign}, and only loops of asyncio itself can be "
            "patched. Nothing was patched. Await the _async form (await chatframes.fetch_async(...)), or call "
            "chatframes.fetch(...), which needs no patching."
        )
    applied = next((name for name in ("nest_asyncio2", "nest_asyncio") if _patched_by(name)), None)
    reason = _why_not_nest_asyncio()
    if applied == "nest_asyncio" and reason:
        raise RuntimeError(
            f"Nested loops are not safe here: nest_asyncio has already been applied in this process, and {reason}. "
            "Restart the kernel and call chatframes.enable_nested_loops() in its place."
        )
    if applied:
        return applied
    if reason is None:
        import nest_asyncio

        nest_asyncio.apply()
        return "nest_asyncio"
    try:
        import nest_asyncio2
    except ImportError:
        raise RuntimeError(
            f"Nothing was patched: {reason}. Install nest-asyncio2 (1.7.4 or later) and call again."
        ) from None
    nest_asyncio2.apply()
    return "nest_asyncio2"


def _foreign_loop() -> str | None:
    """Name the kind of the running loop, or of those made here, if it is not one of asyncio's own."""
    try:
        running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    made = asyncio.new_event_loop()
    made.close()
    for loop in (running, made):
        if loop is not None and not isinstance(loop, asyncio.BaseEventLoop):
            return f"{type(loop).__module__}.{type(loop).__qualname__}"
    return None


def _patched_by(name: str) -> bool:
    """Whether the package `name` has replaced `asyncio.run` in this process."""
    return name in sys.modules and asyncio.run.__module__ == name


def _why_not_nest_asyncio() -> str | None:
    if sys.version_info >= (3, 12):
        return "nest_asyncio breaks asyncio.run(..., loop_factory=...) on Python 3.12 and later"
    kernel = sys.modules.get("ipykernel")
    if kernel is not None and "IPKernelApp" in _ipython_config():
        version = tuple(int(part) for part in str(kernel.__version__).split(".")[:2])
        if version >= (7, 1):
            return f"under ipykernel {kernel.__version__} nest_asyncio makes notebooks lose queued cells"
    return None


def _ipython_config() -> Any:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return {} if shell is None else shell.config
