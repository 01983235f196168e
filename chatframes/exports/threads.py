"""Find the depth and the thread of replies, from what the journal knows of their parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ..table.frame import MAX_DEPTH
from ..table.schema import MESSAGES
from .facts import Indexed
from .journal import Journal

__all__ = ["Threads"]

Place = tuple[str | None, int | None]  # thread and depth


class Threads:
    """The places of messages in their threads.

    Parameters
    ----------
    journal : Journal
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def resolve(self, table: pa.Table, found: Sequence[Indexed], earlier: Mapping[str, Indexed]) -> pa.Table:
        """Return new rows with the places that are known by now; `found` gets them, too.

        `earlier` are the rows that are in no part yet.
        """
        here = {each.uid: each for each in found}
        parents = {each.parent for each in found if each.parent is not None} - here.keys()
        known = self._journal.threads(sorted(parents)) if parents else {}
        changed = False
        for each in _parents_first(here):
            if each.depth is not None and each.thread is not None:
                continue
            if each.parent is None:
                place: Place = (each.message_id, -1)
            elif each.parent in here:
                place = (here[each.parent].thread, here[each.parent].depth)
            elif each.parent in earlier:
                place = (earlier[each.parent].thread, earlier[each.parent].depth)
            elif each.parent in known:
                place = (known[each.parent][1], known[each.parent][2])
            else:
                continue
            changed |= _take(each, place)
        if not changed:
            return table
        for name, values in (("depth", [e.depth for e in found]), ("thread_id", [e.thread for e in found])):
            kind = MESSAGES.field(name)
            table = table.set_column(MESSAGES.get_field_index(name), kind, pa.array(values, kind.type))
        return table

    def found_since(self, part: int) -> dict[str, dict[str, Any]]:
        """Return the places of messages of a part that were not known when they were written."""
        found: dict[str, dict[str, Any]] = {}
        uids = self._journal.without_thread(part)
        places = self._journal.threads(uids)
        for uid in uids:
            thread, depth = self._place(uid)
            if (thread, depth) != places[uid][1:3]:
                found[uid] = {"depth": depth, "thread_id": thread}
        return found

    def _place(self, uid: str) -> Place:
        """Walk up to the first message whose place is known; a circle of replies has none."""
        path: list[tuple[str | None, int | None]] = []
        seen: set[str] = set()
        at: str | None = uid
        place: Place = (None, None)
        while at is not None and at not in seen:
            seen.add(at)
            row = self._journal.threads([at]).get(at)
            if row is None:
                break
            parent, thread, depth, message_id = row
            path.append((thread, depth))
            if thread is not None and depth is not None:
                break
            if parent is None:
                place = (message_id, -1)
            at = parent
        for thread, depth in reversed(path):
            above, above_depth = place
            if depth is None and above_depth is not None and above_depth < MAX_DEPTH:
                depth = above_depth + 1
            place = (thread or above, depth)
        return place


def _take(each: Indexed, above: Place) -> bool:
    before = (each.thread, each.depth)
    if each.depth is None and above[1] is not None and above[1] < MAX_DEPTH:
        each.depth = above[1] + 1
    each.thread = each.thread or above[0]
    return before != (each.thread, each.depth)


def _parents_first(here: dict[str, Indexed]) -> list[Indexed]:
    """Return messages so that each comes after its parent, where that is among them and not in a circle."""
    ordered: dict[str, Indexed] = {}
    for start in here.values():
        path: list[Indexed] = []
        at: Indexed | None = start
        while at is not None and at.uid not in ordered and at not in path:
            path.append(at)
            at = here.get(at.parent) if at.parent is not None else None
        ordered |= {each.uid: each for each in reversed(path)}
    return list(ordered.values())
