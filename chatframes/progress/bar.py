"""The line that shows a call's progress in a terminal: tqdm's bar, with our words around it."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm

from .tally import Tally

__all__ = ["Bar"]

NO_END = 10_000  # the columns of what is no terminal


class _WithoutMonitor(tqdm):  # type: ignore[type-arg]
    monitor_interval = 0  # no thread beside ours


class Bar:
    """Shows a `Tally`: messages read, attachments done of those known so far, how fast, and what is waited for."""

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
        # Without attachments there is no bar to fill. How fast and how long still is ours to say in any case.
        filled = f" |{{bar}}| {bar.n}/{bar.total}" if bar.total else ""  # at least as wide as it is written here
        bar.bar_format = "{desc}" + filled + "{postfix}"
        bar.set_description_str(messages, refresh=False)
        room = (bar.format_dict["ncols"] or NO_END) - len(messages) - len(filled)
        bar.set_postfix_str(", ".join(_fitting(parts, room)), refresh=False)
        bar.refresh()

    def close(self) -> None:
        """Leave the last state standing."""
        self._bar.close()


def _fitting(parts: list[str], room: int) -> list[str]:
    """Return the first part, and those of the others that a line has room for: half a number would be none."""
    kept: list[str] = []
    for part in parts:
        if not kept or len(part) + len(", ") <= room:
            kept.append(part)
            room -= len(part) + len(", ")
    return kept
