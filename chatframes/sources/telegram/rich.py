"""Read a rich message, which is made of blocks: headings, lists, tables, pictures with captions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telethon.tl import types

from .said import Said

_PLAIN_WORDS = ("title", "description", "source", "author")  # fields of blocks that hold words as plain text


def rich_text(rich: Any, said: Said) -> None:
    """Add the lines and the links of a rich message, top to bottom."""
    for block in rich.blocks or ():
        said.lines += _lines(block, said)
    if rich.part:
        said.details["rich_message"] = {"part": True}


def _lines(node: Any, said: Said) -> Iterator[str]:
    """Yield the lines of text of a block and of the blocks in it."""
    if isinstance(node, types.PageBlockUnsupported):
        said.unread.append(type(node).__name__)
    for name, child in _children(node):
        kind = type(child).__name__
        if isinstance(child, str):
            if child and name in _PLAIN_WORDS:
                yield child
        elif kind.startswith("Text"):
            if line := _inline(child, said):
                yield line
        elif kind.startswith("Page"):
            yield from _lines(child, said)
    said.link(getattr(node, "url", None))
    if isinstance(node, types.PageButton):
        said.link(getattr(node.type, "url", None))


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a block with their names; the title comes first."""
    parts = dict(vars(node))
    for name, value in (("title", parts.pop("title", None)), *parts.items()):
        for child in value if isinstance(value, list) else (value,):
            yield name, child


def _inline(text: Any, said: Said) -> str:
    if isinstance(text, types.TextConcat):
        return "".join(_inline(part, said) for part in text.texts or ())
    inner = getattr(text, "text", None) or getattr(text, "alt", None) or getattr(text, "source", None) or ""
    plain = inner if isinstance(inner, str) else _inline(inner, said)
    match text:
        case types.TextUrl():
            said.links.append(text.url)
        case types.TextAutoUrl():
            said.links.append(plain)
        case types.TextButton():
            said.link(getattr(text.type, "url", None))
        case types.TextMention():
            said.mentions.append(plain)
        case types.TextMentionName():
            said.mentions.append(str(text.user_id))
    return plain
