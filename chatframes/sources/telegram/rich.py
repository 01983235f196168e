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
    parts = dict(vars(node))
    for name, value in (("title", parts.pop("title", None)), *parts.items()):  # the title comes first
        for child in value if isinstance(value, list) else (value,):
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


def _inline(text: Any, said: Said) -> str:
    if isinstance(text, types.TextConcat):
        return "".join(_inline(part, said) for part in text.texts or ())
    inner = getattr(text, "text", None) or getattr(text, "alt", None) or getattr(text, "source", None) or ""
    plain = inner if isinstance(inner, str) else _inline(inner, said)
    if isinstance(text, types.TextUrl):
        said.links.append(text.url)
    elif isinstance(text, types.TextAutoUrl):
        said.links.append(plain)
    elif isinstance(text, types.TextButton):
        said.link(getattr(text.type, "url", None))
    elif isinstance(text, types.TextMention):
        said.mentions.append(plain)
    elif isinstance(text, types.TextMentionName):
        said.mentions.append(str(text.user_id))
    return plain
