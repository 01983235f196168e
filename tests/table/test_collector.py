"""Python's garbage collector is on again after a table is made, whatever happens meanwhile."""

from __future__ import annotations

import gc
import sys
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
