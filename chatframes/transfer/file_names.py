"""Read the file name that a Content-Disposition header gives, by RFC 6266 and as servers really write it."""

from __future__ import annotations

import codecs
import contextlib
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import quote, unquote_to_bytes

__all__ = ["file_name"]

# A parameter: its name, then a text in quotes (the last may be missing), or what stands before the next semicolon.
_PARAMETER = re.compile(
    r';?\s*([\w!#$&+\-.^`|~*]+(?:\s+\*)?)\s*=\s*(?:"((?:\\.|[^"\\])*)"?|([^;]*))'
    r'|"(?:\\.|[^"\\])*"|;|[^;]+',  # none: the kind, or what nobody understands
    re.DOTALL,
)
_EXTENDED = re.compile(r"([\w!#$%&+\-^{}~]+)'[^']*'(.*)", re.DOTALL)  # charset'language'value
_WORD = r"=\?[^?\s]+\?[bq]\?[^?\s]*\?="
_WORDS = re.compile(rf"{_WORD}(?:\s*{_WORD})*", re.IGNORECASE)
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape"})  # codecs of Python alone


def file_name(disposition: str | None) -> str | None:
    r"""Return the file name that the header gives, without any folder; None when it gives none.

    ``filename*`` wins over ``filename``; one that cannot be decoded is passed over.

    Examples
    --------
    >>> file_name("attachment; filename=\"____.png\"; filename*=UTF-8''%E8%B3%87%E6%96%99.png")
    '資料.png'
    """
    given = _parameters(disposition or "")
    for name in (_extended(given), _plain(given.get("filename"))):
        if name is not None:
            last = re.sub(r"[\x00-\x1f\x7f]", "", name).replace("\\", "/").rpartition("/")[2].strip()
            if last not in ("", ".", ".."):
                return last
    return None


def _parameters(disposition: str) -> dict[str, str]:
    """Return the parameters by their names in small letters; of two with one name, the first."""
    given: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(disposition):
        if name:
            # A backslash protects a quote or itself; before other letters it is one of a Windows path.
            given.setdefault(
                re.sub(r"\s", "", name.lower()), re.sub(r'\\(["\\])', r"\1", quoted) if quoted else bare.strip()
            )
    return given


def _extended(given: dict[str, str]) -> str | None:
    """Decode ``filename*`` by RFC 8187, also where it comes in numbered parts as in a mail."""
    value = given.get("filename*")
    if value is not None:
        return _decoded(value)
    parts, encoded = list[str](), list[str]()
    while True:
        number = len(parts)
        if (part := given.get(f"filename*{number}*")) is not None:
            encoded.append(part)
        elif (part := given.get(f"filename*{number}")) is not None:
            encoded.append(quote(part.encode("latin-1", "replace")))  # this part is as it is
        else:
            break
        parts.append(part)
    if not parts:
        return None
    return _decoded("".join(encoded)) if "filename*0*" in given else _plain("".join(parts))


def _decoded(value: str) -> str | None:
    """Decode a value in a charset that it names at its beginning; None when it cannot be."""
    found = _EXTENDED.fullmatch(value)
    if found is None:
        return None
    try:
        if codecs.lookup(found[1]).name.replace("-", "_") in _NO_CHARSETS:
            return None
        return _whole(unquote_to_bytes(found[2].encode("latin-1")).decode(found[1]))
    except (UnicodeError, LookupError):  # not of that charset, or of one that there is not
        return None


def _whole(name: str) -> str:
    """Return the name; raises UnicodeError when it holds half of a character, which some charsets can write."""
    name.encode()
    return name


def _plain(name: str | None) -> str | None:
    """Return a plain name: the raw UTF-8 that many servers send, or encoded as in a mail."""
    if name is None:
        return None
    with contextlib.suppress(UnicodeError):  # it is Latin-1, or was decoded already
        name = name.encode("latin-1").decode("utf-8")
    try:
        return _WORDS.sub(lambda words: _whole(str(make_header(decode_header(words[0])))), name)
    except (HeaderParseError, UnicodeError, LookupError, ValueError):
        return name
