"""Read Reddit's Markdown: the words a reader sees, the addresses in it, and the people it names.

The signs of Markdown stay in the words; only the entities in which Reddit's editor and its users write some characters
are resolved, and none inside an address or a piece of code, where they are no entities.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..plain_text import without_entities
from .fields import OFFICIAL

URL = r"https?://[^\s<>\"\[\]]+"
LONGEST_ENTITY = 33  # characters; HTML's longest is &CounterClockwiseContourIntegral;
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_IN_LINE = re.compile(rf"(?P<url>{URL})|(?P<code>`[^`]*`)|(?P<entity>{_ENTITY.pattern})", re.IGNORECASE)
# An address, bare or as a target; a target within Reddit; an address of which the beginning is left out.
_LINKS = re.compile(
    rf"(?P<url>{URL})|\]\(\s*(?P<path>/[^\s()]+)|(?<![\w@/.:-])(?P<www>www\.[^\s<>\"\[\]/]+\.[^\s<>\"\[\]]+)",
    re.IGNORECASE,
)
_PERSON = re.compile(r"(?<![\w/])/?(u/[A-Za-z0-9_-]{1,40})")
_ESCAPED = re.compile(r"\\([_*~()\\])")
_PUNCTUATION = ".,;:!?'*|`…。、，！？”’»"


def plain(markdown: str) -> str:
    """Return a text with its entities resolved."""
    if "&" not in markdown:
        return markdown
    lines, is_code = markdown.split("\n"), False
    for number, line in enumerate(lines):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif "&" in line and not is_code and not line.startswith(("    ", "\t")):
            lines[number] = _IN_LINE.sub(_resolved, line)
    return "\n".join(lines)


def links_in(markdown: str) -> Iterator[str]:
    """Yield the addresses in a text, in order."""
    for found in _LINKS.finditer(markdown):
        if (url := found["url"]) is not None:
            yield without_punctuation(url)
        elif (path := found["path"]) is not None:
            path = without_punctuation(path)
            yield f"https:{path}" if path.startswith("//") else OFFICIAL + path
        else:
            yield f"http://{without_punctuation(found['www'])}"


def people_in(markdown: str) -> list[str]:
    """Return the people a text names, as u/name, each once."""
    return list(dict.fromkeys(_PERSON.findall(markdown)))


def without_punctuation(url: str) -> str:
    """Return a URL found in a text without the punctuation, or the entities, of the sentence after it."""
    end = _end_before_entities(url)
    surplus = url.count(")", 0, end) - url.count("(", 0, end)
    while end and (url[end - 1] in _PUNCTUATION or (url[end - 1] == ")" and surplus > 0)):
        surplus -= url[end - 1] == ")"
        end -= 1
    return _ESCAPED.sub(r"\1", url[:end])


def _resolved(found: re.Match[str]) -> str:
    if found["code"] is not None:
        return found[0]
    if (url := found["url"]) is not None:
        end = _end_before_entities(url)
        return url[:end] + without_entities(url[end:])
    return without_entities(found[0])


def _end_before_entities(url: str) -> int:
    """Return where a URL ends, leaving out entities that stand behind it."""
    end = len(url)
    while url.endswith(";", 0, end):
        start = url.rfind("&", max(0, end - LONGEST_ENTITY), end)
        if start < 0 or _ENTITY.fullmatch(url, start, end) is None:
            break
        end = start
    return end
