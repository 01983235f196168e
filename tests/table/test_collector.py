"""Python's garbage collector is on again after a table is made, whatever happens meanwhile."""

from __future__ import annotations

import gc
import os
import sys
import threading
from types import FrameType
from typing import Any

import pytest

from chatframes.table.collector import collector_paused


@pytest.mark.parametrize("before", [True, False])
def test_the_collector_is_as_it_was_even_after_an_interrupt_as_soon_as_it_is_off(before: bool) -> None:
    paused = collector_paused.__wrapped__.__code__

    def interrupt(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code is paused and event == "line" and not gc.isenabled():
            sys.settrace(None)
            raise KeyboardInterrupt
        return interrupt

    traced = sys.gettrace()
    (gc.enable if before else gc.disable)()
    try:
        sys.settrace(interrupt)
        with pytest.raises(KeyboardInterrupt), collector_paused():
            raise KeyboardInterrupt  # for the case that the collector was off, and no line is traced
        assert gc.isenabled() == before
    finally:
        sys.settrace(traced)
        gc.enable()


@pytest.mark.posix
def test_a_child_that_is_forked_during_another_threads_pause_has_its_collector() -> None:
    paused, done = threading.Event(), threading.Event()

    def pause() -> None:
        with collector_paused():
            paused.set()
            done.wait(60)

    other = threading.Thread(target=pause)
    other.start()
    paused.wait(60)
    child = os.fork()
    if child == 0:
        os._exit(0 if gc.isenabled() else 1)
    done.set()
    other.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert gc.isenabled()
