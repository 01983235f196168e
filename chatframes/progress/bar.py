"""Show a call's progress in a terminal: one line with tqdm's bar and our own words."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm

from .tally import Tally

__all__ = ["Bar"]

NO_TERMINAL_COLUMNS = 10_000  # taken as the width where the output is no terminal, so that nothing is left out


class _WithoutMonitor(tqdm):  # type: ignore[type-arg]
    monitor_interval = 0  # no thread beside ours


class Bar:
    """Shows a `Tally`: messages read, attachments done of those known so far, the rate, and what the call waits for."""

    def __init__(self) -> None:
        self._bar: Any = _WithoutMonitor(desc="fetching", bar_format="{desc}", total=0, miniters=0, dynamic_ncols=True)
        self._noticed = 0

    def draw(self, tally: Tally, now: float) -> None:
        """Show how far a call is."""
        bar, event = self._bar, tally.event
        for note in tally.notices[self._noticed :]:
            bar.write(note)
        self._noticed = len(tally.notices)
        bar.total, bar.n = event.attachments_total, event.attachments_done
        messages, *parts = tally.in_brief(now)
        # Without attachments there is no bar. The rate and the time left come from the tally, not from tqdm.
        filled = f" |{{bar}}| {bar.n}/{bar.total}" if bar.total else ""  # tqdm's bar is at least as wide as this text
        bar.bar_format = "{desc}" + filled + "{postfix}"
        bar.set_description_str(messages, refresh=False)
        room = (bar.format_dict["ncols"] or NO_TERMINAL_COLUMNS) - len(messages) - len(filled)
        bar.set_postfix_str(", ".join(_fitting(parts, room)), refresh=False)
        bar.refresh()

    def close(self) -> None:
        """Leave the last line on the screen."""
        self._bar.close()


def _fitting(parts: list[str], room: int) -> list[str]:
    """Return the first part, and of the others those that fit whole: a number cut short would be wrong."""
    kept: list[str] = []
    for part in parts:
        if not kept or len(part) + len(", ") <= room:
            kept.append(part)
            room -= len(part) + len(", ")
    return kept
