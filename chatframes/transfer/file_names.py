"""Read the file name that a Content-Disposition header gives, by RFC 6266 and as servers really write it."""

from __future__ import annotations

import contextlib
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import unquote_to_bytes

__all__ = ["file_name"]

# A parameter: its name, then a text in quotes (the last may be missing), or what stands before the next semicolon.
_PARAMETER = re.compile(r';?\s*([\w!#$&+\-.^`|~*]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"?|([^;]*))|;|[^;]+', re.DOTALL)
_EXTENDED = re.compile(r"([\w!#$%&+\-^{}~]+)'[^']*'(.*)", re.DOTALL)  # charset'language'value
_WORDS = re.compile(r"\s*(=\?[^?\s]+\?[bq]\?[^?\s]*\?=\s*)+", re.IGNORECASE)


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
            given.setdefault(name.lower(), re.sub(r'\\(["\\])', r"\1", quoted) if quoted else bare.strip())
    return given


def _extended(given: dict[str, str]) -> str | None:
    """Decode ``filename*`` by RFC 8187, also where it comes in numbered parts as in a mail."""
    value = given.get("filename*")
    if value is None and not any(name.startswith("filename*0") for name in given):
        return None
    if value is None:
        parts, encoded = list[str](), "filename*0*" in given
        while (part := given.get(f"filename*{len(parts)}*", given.get(f"filename*{len(parts)}"))) is not None:
            parts.append(part)
        value = "".join(parts)
        if not encoded:
            return _plain(value)
    found = _EXTENDED.fullmatch(value)
    if found is None:
        return None
    try:
        return unquote_to_bytes(found[2].encode("latin-1")).decode(found[1])
    except (UnicodeError, LookupError):  # not of that charset, or of one that there is not
        return None


def _plain(name: str | None) -> str | None:
    """Return a plain name: the raw UTF-8 that many servers send, or encoded as in a mail."""
    if name is None:
        return None
    with contextlib.suppress(UnicodeError):  # it is Latin-1, or was decoded already
        name = name.encode("latin-1").decode("utf-8")
    if _WORDS.fullmatch(name):
        try:
            return str(make_header(decode_header(name)))
        except (HeaderParseError, UnicodeError, LookupError, ValueError):
            return name
    return name
