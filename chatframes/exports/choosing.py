"""Choose rows of an export by day and by chat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import ConfigError
from ..page.html import plain
from ..services import services
from ..sources import Source, missing_members
from ..windows import Bounds
from ..words import did_you_mean, kind_of
from .earlier import chat_called, identity_of
from .folder import Folder
from .opening import readable_journal
from .parts import row_groups

__all__ = ["Chats", "Choice", "chosen_chats"]

MOST_NAMES = 5  # in a sentence


@dataclass(slots=True)
class Chats:
    """The chats that are wanted: by their ids or names, and by the messages that a source has brought."""

    names: dict[str | None, set[str]] = field(default_factory=dict)  # by platform; None is any
    uids: set[str] = field(default_factory=set)

    def add(self, platform: str | None, name: str | None) -> None:
        """Want the chat of this id or name, too."""
        self.names.setdefault(platform, set()).update([] if name is None else [name])

    def rows(self, table: pa.Table) -> Any:
        """Return which rows of a table are theirs."""
        here = _is_in(table["uid"], self.uids)
        for platform, names in self.names.items():
            named = pc.or_(_is_in(table["chat_id"], names), _is_in(table["chat_name"], names))
            here = pc.or_(here, named if platform is None else pc.and_(named, _is_in(table["platform"], {platform})))
        return here


class Choice:
    """Which rows are wanted."""

    def __init__(self, days: Bounds | None, chats: Chats | None) -> None:
        self._days, self._chats = days, chats

    def may_hold(self, times: Callable[[], pa.Table]) -> bool:
        """Whether a row group holds messages of the wanted days; `times` reads when they were written.

        Its statistics would say as much, but asked for those of a damaged footer, Arrow ends the whole process.
        """
        return self._days is None or bool(pc.any(self._in_days(times()), min_count=0).as_py())

    def rows(self, table: pa.Table) -> pa.Table | None:
        """Return which rows of a table are wanted; None for all of them."""
        mask = None if self._days is None else self._in_days(table)
        if self._chats is not None:
            here = self._chats.rows(table)
            mask = here if mask is None else pc.and_(mask, here)
        return None if mask is None else pc.fill_null(mask, False)

    def _in_days(self, table: pa.Table) -> Any:
        assert self._days is not None
        mask = pc.less(table["created_at"], self._days.until)
        if self._days.since is not None:
            mask = pc.and_(mask, pc.greater_equal(table["created_at"], self._days.since))
        return mask


def _is_in(column: Any, values: set[str]) -> Any:
    return pc.is_in(column.cast(pa.string()), pa.array(sorted(values), pa.string()))  # a null is in none


def chosen_chats(folder: Folder, wanted: object) -> Chats:
    """Find the chats that somebody names, each by an id, a name, as it was exported, or by its source.

    Raises
    ------
    ConfigError
        One of them is not in the export.
    """
    listed = wanted if isinstance(wanted, list | tuple | set | frozenset) else [wanted]
    here = _names(folder)
    chats = Chats()
    with readable_journal(folder) as journal:
        for exported in [] if journal is None else journal.sources():
            here[None] |= {name for name in (exported.chat_id, exported.chat_name) if name}
        for each in listed:
            platform, name, identities = _named(each)
            called_so = [(id_, facts) for id_ in identities if journal and (facts := journal.source_called(id_))]
            if platform is None and name in here[None]:
                chats.add(None, name)
            elif called_so:
                for identity, facts in called_so:
                    chats.uids |= set(journal.of_source(facts.id) if journal else ())
                    chats.add(identity.partition(" ")[0], facts.chat_id)
            elif name in here.get(platform, ()):
                chats.add(platform, name)
            else:
                hint = did_you_mean(name, sorted(here[None]), f"its chats are {_some(here[None])}.")
                raise ConfigError(f"{plain(folder.root)} holds no chat {name!r}: {hint}")
    return chats


def _some(names: set[str]) -> str:
    more = ", ..." if len(names) > MOST_NAMES else ""
    return ", ".join(map(repr, sorted(names)[:MOST_NAMES])) + more if names else "none"


def _named(chat: object) -> tuple[str | None, str, list[str]]:
    """Return the platform and the name of a chat, as far as somebody says them, and what the journal may call it."""
    if isinstance(chat, str):
        return None, chat, [chat_called(service, chat) for service in services()]
    if isinstance(chat, int) and not isinstance(chat, bool):  # an id may be a number
        return _named(str(chat))
    if missing_members(chat, Source):
        raise ConfigError(
            f"chats= holds {kind_of(chat)}: name chats by id or name, or give sources, such as chats='Project Apollo'."
        )
    source = cast(Source, chat)
    service = services().get(source.service)
    name = source.label if service is None else str(getattr(source, service.chat_key, source.label))
    return source.service, name, [identity_of(source).chat]


def _names(folder: Folder) -> dict[str | None, set[str]]:
    """Return the ids and names of the chats that are in the parts, by platform; those of all under None."""
    found: dict[str | None, set[str]] = {None: set()}
    for path in folder.parts().values():
        for table in row_groups(path, ["platform", "chat_id", "chat_name"]):
            texts = table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))
            for row in texts.group_by(texts.column_names).aggregate([]).to_pylist():
                names = {row["chat_id"], row["chat_name"]} - {None}
                found.setdefault(row["platform"], set()).update(names)
                found[None] |= names
    return found
