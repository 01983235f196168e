"""Hold rows against what the sandbox says is seen of the messages of each kind (``sandbox(content=True)``)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from help.truth import plain

MOST_OF_A_CARD = 64 * 1024  # characters of `details.card`
Row = Mapping[str, Any]


def wrong_with(row: Row, seen: Mapping[str, Any]) -> list[str]:
    """What a row lacks, or holds though nobody sees it: a sentence each."""
    row = {name: plain(value) for name, value in row.items()}
    details = json.loads(row["details"]) if row["details"] else {}
    return [
        *_words(row["text"], seen),
        *_links(row, seen),
        *_named(row, seen),
        *_details(details, seen),
        *_media(row, seen["media"]),
        *_hidden(row, details, seen),
        *(_markup(row) if row["platform"] != "reddit" and row["markup"] else []),
    ]


def _words(text: str, seen: Mapping[str, Any]) -> Iterator[str]:
    at = 0
    for words in seen["words"]:
        found = text.find(words, at)
        if found < 0:
            yield f"text lacks {words!r}{' in its place' if words in text else ''}: {text[:200]!r}"
        elif text.count(words) > 1 and not any(words in other for other in seen["words"] if other != words):
            yield f"text says {words!r} twice: {text[:200]!r}"
        at = max(at, found + len(words))
    yield from (f"text holds {sign!r}" for sign in seen["source_only"] if sign in text)


def _links(row: Row, seen: Mapping[str, Any]) -> Iterator[str]:
    """Addresses of attachments may stand among the links; so may ways to write and to call."""
    wanted = [_bare(link) for link in seen["links"]]
    others = {_bare(cell["url"]) for cell in row["media"] if cell["url"]} - {*wanted}
    links = [_bare(link) for link in row["links"] if not link.startswith(("mailto:", "tel:"))]
    if (found := [link for link in links if link not in others]) != wanted:
        yield f"links are {found}, not {wanted}"


def _bare(url: str) -> str:
    return url.removeprefix("https://").removeprefix("http://")


def _named(row: Row, seen: Mapping[str, Any]) -> Iterator[str]:
    if seen["action"] == "*" and not row["action"]:
        yield "no action"
    names = ("quote", "parent_id", "parent_chat_id", "topic", "topic_id")
    for name in (*names, *(["action"] if seen["action"] not in ("*", None) else [])):
        if (seen[name] is not None or name in ("quote", "parent_chat_id")) and row[name] != seen[name]:
            yield f"{name} is {row[name]!r}, not {seen[name]!r}"
    if seen["subjects"] and row["subjects"] != seen["subjects"]:
        yield f"subjects are {row['subjects']}, not {seen['subjects']}"
    if _handle(row["author_handle"]) != _handle(seen["author_handle"]):
        yield f"author_handle is {row['author_handle']!r}, not {seen['author_handle']!r}"
    yield from (f"no flag {flag!r} among {row['flags']}" for flag in seen["flags"] if flag not in row["flags"])
    yield from (f"there is a flag {flag!r}" for flag in seen["unflagged"] if flag in row["flags"])
    yield from (f"markup lacks {piece!r}: {row['markup']!r}" for piece in seen["markup"] if piece not in row["markup"])


def _handle(handle: str | None) -> str | None:
    return handle.removeprefix("@").removeprefix("u/") if handle else None


def _details(details: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[str]:
    if not _holds(details, seen["details"]):
        yield f"details are {details}, without {seen['details']}"
    for key, values in seen["holds"].items():
        leaves = list(_leaves(details.get(key)))
        if key not in details:
            yield f"details have no {key!r}"
        elif key != "card":
            lost = [value for value in values if not any(_is(leaf, value) for leaf in leaves)]
            yield from (f"details.{key} lacks {value!r}: {details[key]}" for value in lost)
        elif (size := len(json.dumps(details[key], ensure_ascii=False).encode())) > MOST_OF_A_CARD:
            yield f"details.card has {size} bytes"


def _holds(value: Any, wanted: Any) -> bool:
    """Whether a value has all that is wanted, and perhaps more keys; what is None may be absent."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(_holds(value.get(key), one) for key, one in wanted.items())
    if isinstance(wanted, list):
        same = isinstance(value, list) and len(value) == len(wanted)
        return same and all(_holds(one, other) for one, other in zip(value, wanted, strict=True))
    return bool(value == wanted)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    else:
        yield value


def _is(leaf: Any, value: Any) -> bool:
    """Whether a leaf is a value, or a text that says it; an id is a text."""
    if isinstance(value, str):
        return isinstance(leaf, str) and value.lower() in leaf.lower()
    return str(leaf) == str(value)


def _media(row: Row, wanted: list[Mapping[str, Any]]) -> Iterator[str]:
    """What is known of each attachment; what has no bytes may stand among them."""
    cells = [cell for cell in row["media"] if cell["reason"] != "no_bytes"]
    if len(cells) < len(wanted):
        yield f"{len(cells)} attachments, not {len(wanted)}"
    for cell, one in zip(cells, wanted, strict=False):
        for name in ("kind", "alt", "duration_ms", "name", "sha256"):
            if name in one and (name != "sha256" or one.get("is_image")) and cell[name] != one[name]:
                yield f"media.{name} is {cell[name]!r}, not {one[name]!r}"
        if one.get("is_image") and cell["status"] != "ok":
            yield f"a picture is {cell['status']}/{cell['reason']}"


class _Tags(HTMLParser):
    """Takes HTML apart: its text, and whether its tags close in the order in which they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.open, self.crossing = "", list[str](), False

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open += [] if tag in ("br", "img", "hr") else [tag]

    def handle_endtag(self, tag: str) -> None:
        self.crossing |= not self.open or self.open.pop() != tag


def _markup(row: Row) -> Iterator[str]:
    """Without its tags HTML is what is said, white space aside; Webex's Markdown has no tags."""
    tags = _Tags()
    tags.feed(row["markup"])
    tags.close()
    if tags.crossing or tags.open:
        yield f"tags cross or stay open: {row['markup']!r}"
    said, told = ("".join(text.split()) for text in (row["text"], tags.text))
    if "<" in row["markup"] and told not in said:
        yield f"markup says {tags.text!r}, text {row['text'][:200]!r}"


def _hidden(row: Row, details: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[str]:
    shown = " ".join([row["text"], row["markup"] or "", json.dumps(details), *row["links"], str(row["media"])])
    yield from (f"what nobody sees is in the row: {hidden[:40]!r}" for hidden in seen["hides"] if hidden in shown)
