"""Read Adaptive Cards: the words a reader sees in order, the addresses, the pictures and the buttons.

Elements are taken from a stack, not by functions that call themselves: no card is nested too deeply.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ...words import without_credentials
from ..plain_text import can_be_clicked, links_in, of_markdown
from .card_elements import ELEMENTS, NOT_KEPT, Element
from .card_parts import Cards, Picture, json_type, shown_by_buttons, size_bytes

__all__ = ["read_cards"]

CARD_TYPE = "application/vnd.microsoft.card.adaptive"
MOST_CARD_BYTES = 64 * 1024  # of `details`; what a card holds beyond that is in its text, and in raw
MOST_LEVELS = 40  # elements in one another, in `details`: two levels of JSON each
MOST_UNREAD = 20  # names
LONGEST_NAME = 60  # characters
LONGEST_SETTING = 200  # characters of a field that is no words
LARGEST_SETTING = 10**18  # a number that is longer says nothing to a reader

_NAMES = {name.casefold(): name for name in (*ELEMENTS, *NOT_KEPT)}
# Of an element that nobody knows: what most elements call their words and children.
_UNKNOWN = Element(
    markdown=("text",),
    words=("title", "label", "altText", "description", "codeSnippet"),
    children=(
        *((key, "Element") for key in ("items", "body", "columns", "rows", "cells", "pages", "content")),
        ("inlines", "TextRun"),
        ("facts", "Fact"),
        ("images", "Image"),
        ("actions", "Action"),
        ("selectAction", "selectAction"),
    ),
    links=("url",),
)


def read_cards(attachments: Sequence[Any]) -> Cards:
    """Return what the cards among a message's attachments say; whatever is odd in them, nothing is raised."""
    reader = _Reader()
    for attachment in attachments:
        kind, content = (
            (attachment.get("contentType"), attachment.get("content"))
            if isinstance(attachment, Mapping)
            else (None, None)
        )
        if isinstance(content, Mapping) and (kind == CARD_TYPE or content.get("type") == "AdaptiveCard"):
            reader.read(content)
        else:
            reader.not_read(kind if isinstance(kind, str) and kind else "attachment")
    return reader.found


class _Into(Protocol):
    def append(self, element: dict[str, Any], /) -> None: ...


@dataclass(frozen=True, slots=True)
class _Only:
    """The place of an element that is no list of them."""

    parent: dict[str, Any]
    key: str

    def append(self, element: dict[str, Any], /) -> None:
        self.parent[self.key] = element


@dataclass(frozen=True, slots=True)
class _Step:
    """An element that waits to be read.

    Attributes
    ----------
    node : object
        The element as it came.
    default : str
        What it is where it does not say so.
    into : list, _Only or None
        Where it is kept for `details`; None if that is full.
    level : int
        How many elements it lies in.
    line : list of str or None
        The line that its words belong to; None if they have one of their own.
    """

    node: Any
    default: str
    into: _Into | None
    level: int
    line: list[str] | None = None


@dataclass(frozen=True, slots=True)
class _EndOfLine:
    line: list[str]
    separator: str


class _Reader:
    def __init__(self) -> None:
        self.found = Cards()
        self._room_bytes = MOST_CARD_BYTES
        self._room_for_buttons_bytes = MOST_CARD_BYTES
        self._can_be_shown: set[str] = set()  # ids of hidden elements that a button shows
        self._steps: list[_Step | _EndOfLine] = []

    def read(self, card: Mapping[str, Any]) -> None:
        """Read one card."""
        instead = card.get("fallbackText")
        if isinstance(instead, str) and instead:
            self.found.instead.append(instead)
        self._can_be_shown = set(shown_by_buttons(card))
        self._steps = [_Step(card, "AdaptiveCard", self.found.cards, 0)]
        while self._steps:
            step = self._steps.pop()
            if isinstance(step, _EndOfLine):
                self._add_lines([step.separator.join(step.line)])
            elif isinstance(step.node, list):
                self._put_off(step.node, step.default, step.into, step.level, step.line)
            elif isinstance(step.node, str) and step.default == "TextRun":
                self._element({"text": step.node}, step)
            elif not isinstance(step.node, Mapping):
                self.not_read(f"{step.default}: {json_type(step.node)}")
            elif self._can_be_seen(step.node):
                self._element(step.node, step)

    def not_read(self, name: str) -> None:
        """Note something that could not be read."""
        if len(self.found.unread) < MOST_UNREAD:
            self.found.unread[name[:LONGEST_NAME]] = None

    def _can_be_seen(self, node: Mapping[str, Any]) -> bool:
        if node.get("isVisible") is not False:
            return True
        name = node.get("id")
        return isinstance(name, str) and name in self._can_be_shown

    def _element(self, node: Mapping[str, Any], step: _Step) -> None:
        name, element = self._kind(node, step.default)
        instead = node.get("fallback")
        if element is _UNKNOWN and isinstance(instead, Mapping):
            self._steps.append(replace(step, node=instead))
        elif element is not None:
            self._known_element(node, name, element, step)

    def _known_element(self, node: Mapping[str, Any], name: str, element: Element, step: _Step) -> None:
        out: dict[str, Any] = {"type": name} | ({"isVisible": False} if node.get("isVisible") is False else {})
        words = self._words(node, name, element, out)
        self._addresses(node, name, element, out)
        self._settings(node, element, out)
        if step.default == "selectAction":
            words = []  # what it is called is heard, and not seen
        elif name.startswith("Action."):
            self._button(out)
        line = self._say(words, name, element, step.line)
        held = [(key, default) for key, default in element.children if node.get(key) is not None]
        kept = self._keep(out, held, step)
        for key, default in reversed(held):
            self._put_off_field(
                node[key], f"{name}.{key}", replace(step, default=default, line=line), out if kept else None
            )

    def _kind(self, node: Mapping[str, Any], default: str) -> tuple[str, Element | None]:
        """Return the name of an element and what is read of it: None for what is not kept."""
        name = node.get("type")
        if not isinstance(name, str):
            if name is not None or default not in ELEMENTS:
                self.not_read(f"{default}: type")
            return (default, ELEMENTS[default]) if default in ELEMENTS else ("unknown", _UNKNOWN)
        known = _NAMES.get(name.casefold())
        if known is None:
            self.not_read(name)
            return name[:LONGEST_NAME], _UNKNOWN
        return known, ELEMENTS.get(known)

    def _words(self, node: Mapping[str, Any], name: str, element: Element, out: dict[str, Any]) -> list[str]:
        words = []
        for key in (*element.markdown, *element.words):
            text = self._text(node, name, key)
            if not text or _is_not_shown(node, name, key, out):
                continue
            if key in element.markdown:
                read = of_markdown(text)
                text, links = read.text, read.links
            else:
                links = tuple(links_in(text))
            self.found.links += links
            out[key] = text
            words.append(text)
        return words

    def _text(self, node: Mapping[str, Any], name: str, key: str) -> str:
        value = node.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return json.dumps(value) if abs(value) < LARGEST_SETTING else ""
        if value is not None:
            self.not_read(f"{name}.{key}")
        return ""

    def _addresses(self, node: Mapping[str, Any], name: str, element: Element, out: dict[str, Any]) -> None:
        for key in element.links:
            address = self._text(node, name, key).strip()
            if can_be_clicked(address):
                self.found.links.append(address)
                out[key] = address
                if name == "MediaSource":
                    self.found.films.append((address, self._text(node, name, "mimeType")))
        for key in element.pictures:
            value = node.get(key)
            address = (
                self._text(value, name, "url") if isinstance(value, Mapping) else self._text(node, name, key)
            ).strip()
            if not address or address.casefold().startswith("icon:"):
                continue
            self.found.pictures.append(Picture(address, out.get("altText") if key in ("url", "poster") else None))
            if can_be_clicked(address):
                out[key] = without_credentials(address)

    def _settings(self, node: Mapping[str, Any], element: Element, out: dict[str, Any]) -> None:
        for key in element.shown:
            value = node.get(key)
            short = isinstance(value, str) and len(value) <= LONGEST_SETTING
            if short or (isinstance(value, int | float) and abs(value) < LARGEST_SETTING):
                out[key] = value

    def _button(self, out: Mapping[str, Any]) -> None:
        button = {"text": out.get("title", "")} | ({"url": out["url"]} if "url" in out else {})
        self._room_for_buttons_bytes -= size_bytes(button)
        if self._room_for_buttons_bytes < 0:
            self.found.cut = True
        else:
            self.found.buttons.append(button)

    def _keep(self, out: dict[str, Any], held: Sequence[tuple[str, str]], step: _Step) -> bool:
        """Keep an element for `details`, if there is room; return whether it is kept."""
        size = size_bytes(out) + sum(len(key) + 8 for key, _ in held)
        if step.into is None or size > self._room_bytes or step.level >= MOST_LEVELS:
            self.found.cut = True
            return False
        self._room_bytes -= size
        step.into.append(out)
        return True

    def _put_off_field(self, value: object, name: str, step: _Step, out: dict[str, Any] | None) -> None:
        """Put off the elements in a field of an element; `out` is what is kept of that one."""
        key = name.rpartition(".")[2]
        if isinstance(value, list):
            into = None if out is None else out.setdefault(key, [])
            self._put_off(value, step.default, into, step.level + 1, step.line)
        elif isinstance(value, Mapping):
            self._put_off([value], step.default, None if out is None else _Only(out, key), step.level + 1, step.line)
        else:
            self.not_read(name)

    def _put_off(
        self, nodes: Sequence[Any], default: str, into: _Into | None, level: int, line: list[str] | None
    ) -> None:
        self._steps += [_Step(node, default, into, level, line) for node in reversed(nodes)]

    def _say(self, words: list[str], name: str, element: Element, line: list[str] | None) -> list[str] | None:
        """Say the words of an element, on a line of their own or on one that is begun; return the latter."""
        if line is None and element.one_line:
            line = []
            self._steps.append(_EndOfLine(line, "" if name == "RichTextBlock" else " "))
        if line is None:
            self._add_lines(words)
        else:
            line += words
        return line

    def _add_lines(self, words: Sequence[str]) -> None:
        self.found.lines += [text.strip() for text in words if text.strip()]


def _is_not_shown(node: Mapping[str, Any], name: str, key: str, out: Mapping[str, Any]) -> bool:
    """Whether a field's text is covered: a password by dots, a placeholder by what has been filled in."""
    style = node.get("style")
    hidden = key == "value" and isinstance(style, str) and style.casefold() == "password"
    return name.startswith("Input.") and (hidden or (key == "placeholder" and "value" in out))
