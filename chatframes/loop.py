"""One background event loop for the whole process, and the two ways onto it: blocking and awaited.

Every coroutine of the library runs on this loop, whoever calls it, so that one gate and one client per account serve
every cell, script and widget. Both ways wait in small steps, because a waiting kernel hears an interrupt only when it
wakes, and both cancel what they started and see it end before they return.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, TypeVar

from .errors import ChatframesError

__all__ = ["begin", "call_soon", "enable_nested_loops", "get", "run", "run_async", "stop"]

T = TypeVar("T")

STEP_SECONDS = 0.2
CLEAN_UP_SECONDS = 1.5  # an interrupted cell has two seconds to end
AGAIN_SECONDS = 0.1

_lock = threading.RLock()  # a collected stream may come here while its own thread is inside
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None


def get() -> asyncio.AbstractEventLoop:
    """Return the library's event loop, started on first use."""
    global _loop, _thread
    with _lock:
        if _loop is None:
            new = asyncio.new_event_loop()
            thread = threading.Thread(target=_serve, args=(new,), name="chatframes", daemon=True)
            thread.start()
            _loop, _thread = new, thread  # only now: an interrupt before it leaves nothing half begun
        return _loop


def call_soon(function: Callable[[], object]) -> None:
    """Call a function on the library's loop, behind what was given to it before."""
    with _lock:  # or `stop` could close the loop in between
        get().call_soon_threadsafe(function)


def begin(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Begin a coroutine on the library's loop, and do not wait for it; `stop` ends it."""
    with _lock:
        return asyncio.run_coroutine_threadsafe(coroutine, get())


def _serve(the_loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(the_loop)
    while True:
        try:
            return the_loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            pass  # asyncio raises these through the loop as well as to whoever awaits: the other calls go on


_FROM_WITHIN = (
    "chatframes was called from its own event loop (from a progress callback, say), where waiting would never end; "
    "call it from your own thread instead"
)
_STOPPED = (
    "the call was ended before it was done, as shutdown() does to what is running; last_result() has what was read"
)


class _Call:
    """One coroutine on the loop. Unlike its future, `ended` says when its clean-up is over, too."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], too_late: Callable[[T], None] | None) -> None:
        if threading.current_thread() is _thread:
            coroutine.close()
            raise RuntimeError(_FROM_WITHIN)
        self.ended = threading.Event()
        self._coroutine = coroutine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._unwanted = False
        self._too_late: Callable[[Any], None] = too_late or (lambda result: None)
        self._results: list[Any] = []
        self._left = False

    def start(self) -> None:
        with _lock:  # or `stop` could come between, and nobody would ever run it
            self._loop = get()
            self.future: Future[Any] = asyncio.run_coroutine_threadsafe(self._run(), self._loop)

    def abandon(self) -> None:
        """Cancel it, `leave` it and wait for its clean-up, even when an interrupt struck in the middle of `start`."""
        cancelled = False
        if self._loop is None:
            self._coroutine.close()
        elif not self.ended.is_set():
            with suppress(RuntimeError):  # the loop has been closed, and this with it
                self._loop.call_soon_threadsafe(self._cancel)  # first of all: a second interrupt may strike anywhere
                cancelled = True
        self.leave()
        if cancelled:
            self.ended.wait(CLEAN_UP_SECONDS)

    def leave(self) -> None:
        """Say that nobody waits any more: `too_late` gets a result that is there all the same, or still comes."""
        with _lock:
            self._left = True
            results = list(self._results)
        for result in results:
            self._too_late(result)

    def _cancel(self) -> None:
        self._unwanted = True
        if self._task is not None:
            self._task.cancel()
        else:
            self.ended.set()  # it has not begun, and will not

    async def _run(self) -> Any:
        self._task = asyncio.current_task()
        try:
            if self._unwanted:
                self._coroutine.close()
                raise asyncio.CancelledError
            result = await self._coroutine
            with _lock:
                self._results.append(result)
                left = self._left
            if left:
                self._too_late(result)
            return result
        finally:
            self.ended.set()


def run(coroutine: Coroutine[Any, Any, T], too_late: Callable[[T], None] | None = None) -> T:
    """Run a coroutine to its end from ordinary code, a notebook cell or any thread.

    An interrupt (or any exception while waiting) cancels it and waits for its clean-up first. `too_late` gets
    the result of a coroutine that the interrupt came too late for.
    """
    call = _Call(coroutine, too_late)
    try:
        call.start()
        while not call.ended.wait(STEP_SECONDS):
            pass
        result: T = call.future.result()
        return result
    except ChatframesError as error:
        raise error.with_traceback(None) from None  # it says what to do; fifteen frames of ours would only hide that
    except CancelledError:  # by whoever stopped the loop: we have cancelled nothing yet
        raise ChatframesError(_STOPPED) from None
    except KeyboardInterrupt as error:
        call.abandon()
        raise error.with_traceback(None) from None  # where in our waiting it struck says nothing
    except BaseException:
        call.abandon()
        raise


async def run_async(coroutine: Coroutine[Any, Any, T], too_late: Callable[[T], None] | None = None) -> T:
    """Run a coroutine on the library's loop and await it on the caller's; `too_late` as for `run`."""
    call = _Call(coroutine, too_late)
    call.start()
    inner = asyncio.wrap_future(call.future)
    try:
        while not inner.done():
            await asyncio.wait((inner,), timeout=STEP_SECONDS)
        if inner.cancelled():  # by whoever stopped the loop: our caller's task goes on
            raise ChatframesError(_STOPPED)
        result: T = inner.result()
        return result
    except ChatframesError as error:
        raise error.with_traceback(None) from None
    except GeneratorExit:  # the caller's loop was closed under us: nothing can be awaited any more
        call.future.cancel()
        raise
    except BaseException:
        call.leave()
        if call.future.cancel() or inner.cancel():
            await _see_it_end(call)
        raise


async def _see_it_end(call: _Call) -> None:
    caller = asyncio.get_running_loop()
    give_up = caller.time() + CLEAN_UP_SECONDS
    while not call.ended.is_set() and caller.time() < give_up:  # noqa: ASYNC110 (another loop's event)
        await asyncio.sleep(0.01)


def stop(clean_up: Callable[[], Awaitable[None]] | None = None) -> None:
    """Cancel what runs on the loop, run `clean_up` there, and end the thread. The next use starts a new one."""
    global _loop, _thread
    if threading.current_thread() is _thread:
        raise RuntimeError(_FROM_WITHIN)
    with _lock:
        old, thread = _loop, _thread
        _loop = _thread = None
    if old is None or thread is None or not thread.is_alive():
        return
    asyncio.run_coroutine_threadsafe(_wind_down(clean_up), old).result(timeout=10)
    old.call_soon_threadsafe(old.stop)
    thread.join(timeout=10)
    old.close()


async def _wind_down(clean_up: Callable[[], Awaitable[None]] | None) -> None:
    patience = CLEAN_UP_SECONDS
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        # Somebody else's code may swallow a cancellation (Telethon, when it is just connecting again) and go on:
        # what does not end in the time our own code has for its clean-up is told again, and again.
        ended, _ = await asyncio.wait(tasks, timeout=patience)
        await asyncio.gather(*ended, return_exceptions=True)  # or asyncio would print what they ended with
        patience = AGAIN_SECONDS
    if clean_up is not None:
        await clean_up()
    await asyncio.get_running_loop().shutdown_asyncgens()


def _forget_after_fork() -> None:
    # Threads do not survive a fork, and the parent's loop belongs to the parent.
    global _loop, _thread, _lock
    _loop = _thread = None
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
atexit.register(stop)


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
    RuntimeError
        When only nest-asyncio is installed and it is not safe here; nothing has been patched then.

    Examples
    --------
    >>> import chatframes as cf
    >>> cf.enable_nested_loops() in ("nest_asyncio", "nest_asyncio2")
    True
    """
    already = next((name for name in ("nest_asyncio2", "nest_asyncio") if _patched_by(name)), None)
    reason = _why_not_nest_asyncio()
    if already == "nest_asyncio" and reason:
        raise RuntimeError(
            f"nest_asyncio has already been applied in this process, and {reason}. Restart the kernel and call "
            "chatframes.enable_nested_loops() in its place"
        )
    if already:
        return already
    if reason is None:
        import nest_asyncio

        nest_asyncio.apply()
        return "nest_asyncio"
    try:
        import nest_asyncio2
    except ImportError:
        raise RuntimeError(f"not patched: {reason}. Install nest-asyncio2 (1.7.4 or later) and call again") from None
    nest_asyncio2.apply()
    return "nest_asyncio2"


def _patched_by(name: str) -> bool:
    """Whether that package has replaced `asyncio.run` in this process."""
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
