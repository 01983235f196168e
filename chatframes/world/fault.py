"""The machinery shared by all faults of the sandbox: they are registered by name and wrapped around an answer.

A fault sees a call and may change the answer, or give its own. Which faults there are stands in the ``faults.py`` of
each service, and in ``contradictions.py`` those that nothing refuses: answers that look whole and do not fit each
other. To add one, write a function there with the decorator. Faults can be combined: an image meets at most one
of those that have a share, and no page is refused more than twice by faults that pass.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

from .calls import Answer, Call

_BYTES = frozenset({"contents", "head", "picture"})  # the kinds of calls of which a fault takes only its share

Go = Callable[[Call], Answer]
Act = Callable[[Call, Go], Answer]
Share = Literal["some", "one", "none"]


@dataclass(frozen=True, slots=True)
class Fault:
    """`on` names the kinds of calls it meets; `share` says how many images: some, one, or none of its own."""

    name: str
    does: str
    on: frozenset[str]
    act: Act
    share: Share


def registered(table: dict[str, Fault], on: Iterable[str], share: Share) -> Callable[[Act], Act]:
    """A decorator that puts a function into a table of faults, under its name."""

    def register(act: Act) -> Act:
        name: str = getattr(act, "__name__")  # noqa: B009 - a Callable need not have one
        table[name] = Fault(name, (act.__doc__ or "").strip(), frozenset(on), act, share)
        return act

    return register


def answer_with(table: dict[str, Fault], names: Collection[str], call: Call, go: Go) -> Answer:
    """What `go` answers with the faults `names` of a table around it; the first of the table is the outermost."""
    for name, fault in reversed(table.items()):
        spared = fault.share != "none" and call.kind in _BYTES and call.afflicted.get(call.last) != name
        if name in names and call.kind in fault.on and not spared:
            go = _around(fault.act, go)
    return go(call)


def chosen(seed: int, fault: str, ids: Iterable[str], one_in: int) -> list[str]:
    """About one of `one_in` of the ids, always the same ones for a seed; one at least, where there is any."""
    numbers = {id_: zlib.crc32(f"{seed}/{fault}/{id_}".encode()) for id_ in ids}
    some = [id_ for id_, number in numbers.items() if number % one_in == 0]
    return some or sorted(numbers, key=numbers.__getitem__)[:1]


def _around(act: Act, go: Go) -> Go:
    return lambda call: act(call, go)


def share_out(table: dict[str, Fault], names: Collection[str], source_ids: Iterable[str]) -> dict[str, str]:
    """Which image meets which of the faults `names`: in turn, so that as many again stay well."""
    shares = [fault for name, fault in table.items() if name in names and fault.share != "none"]
    turns = cycle([*shares, *[None] * max(1, 4 - len(shares))])
    shared: dict[str, str] = {}
    for source_id, fault in zip(source_ids, turns, strict=False):
        if fault is not None and not (fault.share == "one" and fault.name in shared.values()):
            shared[source_id] = fault.name
    return shared
