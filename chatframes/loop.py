"""One background event loop for the whole process, and two ways to run a coroutine on it: `run` and `run_async`.

Every coroutine of the library runs on this loop, so one gate and one client per account serve every cell, script and
widget. Both functions wait in small steps, because a waiting kernel notices an interrupt only when it wakes up. When
they are interrupted they cancel the coroutine and wait for its end before they return.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, TypeVar

from . import kept
from .errors import ChatframesError
from .warn import calling_line, note_caller

__all__ = ["begin", "call_soon", "get", "run", "run_async", "stop"]

T = TypeVar("T")

STEP_SECONDS = 0.2
CLEAN_UP_SECONDS = 1.5  # an interrupted cell has two seconds to end
CANCEL_AGAIN_SECONDS = 0.1

_lock = threading.RLock()  # the garbage collector may end a stream here while its own thread holds the lock
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None


def get() -> asyncio.AbstractEventLoop:
    """Return the library's event loop, started on first use."""
    global _loop, _thread
    with _lock:
        if _loop is None:
            new = asyncio.new_event_loop()
            thread = threading.Thread(target=_run_loop, args=(new,), name="chatframes", daemon=True)
            thread.start()
            _loop, _thread = new, thread  # last, so that an interrupt before this line leaves nothing half started
        return _loop


def call_soon(function: Callable[[], object]) -> None:
    """Call a function on the library's loop, after the functions that were passed here before."""
    with _lock:  # otherwise `stop` could close the loop in between
        get().call_soon_threadsafe(function)


def begin(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine on the library's loop without waiting for it; `stop` ends it."""
    with _lock:
        return asyncio.run_coroutine_threadsafe(coroutine, get())


def _run_loop(the_loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(the_loop)
    while True:
        try:
            return the_loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            pass  # the caller gets these from its own future; asyncio raises them here too, and other calls must go on


_CALLED_ON_THE_LOOP = (
    "A function of chatframes was called from its own event loop (from a progress callback, say), where waiting would "
    "never end: call it from your own thread instead."
)
_STOPPED = (
    "The call was ended before it was done, as shutdown() does to running calls: last_result() has what was read."
)


class _Call:
    """One coroutine on the loop. `ended` is set when its clean-up is over; `future` may be done before that."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], too_late: Callable[[T], None] | None) -> None:
        if threading.current_thread() is _thread:
            coroutine.close()
            raise RuntimeError(_CALLED_ON_THE_LOOP)
        self.ended = threading.Event()
        self._line = calling_line()
        self._coroutine = coroutine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._unwanted = False
        self._too_late: Callable[[Any], None] = too_late or (lambda result: None)
        self._results: list[Any] = []
        self._left = False

    def start(self) -> None:
        with _lock:  # otherwise `stop` could come between, and the coroutine would never run
            self._loop = get()
            self.future: Future[Any] = asyncio.run_coroutine_threadsafe(self._run(), self._loop)

    def abandon(self) -> None:
        """Cancel the coroutine, `leave` it and wait for its clean-up, even when an interrupt came during `start`."""
        cancelled = False
        if self._loop is None:
            self._coroutine.close()
        elif not self.ended.is_set():
            with suppress(RuntimeError):  # the loop has been closed, and the coroutine with it
                self._loop.call_soon_threadsafe(self._cancel)  # at once: a second interrupt may come at any line
                cancelled = True
        self.leave()
        if cancelled:
            self.ended.wait(CLEAN_UP_SECONDS)

    def leave(self) -> None:
        """Note that the caller has stopped waiting: a result, now or later, goes to `too_late`."""
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
            self.ended.set()  # it has not started, and will not start

    async def _run(self) -> Any:
        self._task = asyncio.current_task()
        note_caller(self._line)
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

    An interrupt (or any exception while waiting) cancels it and waits for its clean-up. If the coroutine finished just
    before that, `too_late` gets its result.
    """
    call = _Call(coroutine, too_late)
    try:
        call.start()
        while not call.ended.wait(STEP_SECONDS):
            pass
        result: T = call.future.result()
        return result
    except ChatframesError as error:
        raise error.with_traceback(None) from None  # fifteen frames of the library would hide what to do
    except CancelledError:  # by `stop`: nothing has been cancelled here
        raise ChatframesError(_STOPPED) from None
    except KeyboardInterrupt as error:
        call.abandon()
        raise error.with_traceback(None) from None  # the line of the wait where it came tells nothing
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
        if inner.cancelled():  # by `stop`; the caller's own task goes on
            raise ChatframesError(_STOPPED)
        result: T = inner.result()
        return result
    except ChatframesError as error:
        raise error.with_traceback(None) from None
    except GeneratorExit:  # the caller's loop has been closed: nothing can be awaited on it
        call.future.cancel()
        raise
    except BaseException:
        call.leave()
        if call.future.cancel() or inner.cancel():
            await _wait_for_end(call)
        raise


async def _wait_for_end(call: _Call) -> None:
    caller = asyncio.get_running_loop()
    give_up = caller.time() + CLEAN_UP_SECONDS
    while not call.ended.is_set() and caller.time() < give_up:  # noqa: ASYNC110 (another loop's event)
        await asyncio.sleep(0.01)


def stop() -> None:
    """Cancel what runs on the loop, close what the process keeps, and end the thread. The next use starts a new one."""
    global _loop, _thread
    if threading.current_thread() is _thread:
        raise RuntimeError(_CALLED_ON_THE_LOOP)
    with _lock:
        old, thread = _loop, _thread
        _loop = _thread = None
    if old is None or thread is None or not thread.is_alive():
        kept.forget()  # nothing can be closed without a loop
        return
    asyncio.run_coroutine_threadsafe(_wind_down(), old).result(timeout=10)
    old.call_soon_threadsafe(old.stop)
    thread.join(timeout=10)
    old.close()


async def _wind_down() -> None:
    timeout = CLEAN_UP_SECONDS
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        # A library may swallow a cancellation and go on (Telethon does while it reconnects), so a task that has not
        # ended in the time for a clean-up is cancelled again, until it ends.
        ended, _ = await asyncio.wait(tasks, timeout=timeout)
        await asyncio.gather(*ended, return_exceptions=True)  # otherwise asyncio prints their exceptions
        timeout = CANCEL_AGAIN_SECONDS
    await kept.close_all()
    await asyncio.get_running_loop().shutdown_asyncgens()


def _forget_after_fork() -> None:
    # Threads do not survive a fork, and the parent may have held the lock.
    global _loop, _thread, _lock
    _loop = _thread = None
    _lock = threading.RLock()


kept.after_fork(_forget_after_fork)
atexit.register(stop)
