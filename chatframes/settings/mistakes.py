"""Word the mistakes in a setting: which key, where, and what to write instead.

Nothing that may be a credential is repeated: no string, and no key that is not similar to a known one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import SecretStr, ValidationError

from ..services import Service, services
from ..words import nearest
from .keys import GENERAL_KEYS
from .sections import allowed_values, keys_of, sections

__all__ = ["admin_keys", "first_mistake", "known_keys", "unknown_key", "wrong_credentials"]

# Names under which people have put the user's settings into config.json.
USER_KEYS = frozenset({"enabled", "max_size_bytes", "image_processing", "imageProcessing", "images"})
_FOR_THE_USER = (
    "belongs to the user, not to the admin: take it out, and give images=ImageSettings(enabled=True, "
    "max_size_bytes=10_485_760) to each call"
)
# Words of small letters joined by underscores, and not long: no token and no secret of a service looks so.
_PLAIN_KEY = re.compile(r"(?!.{31})[a-z]+(_[a-z]+)+")
_OLD_DOWNLOADS = "max_concurrent_downloads"
_TYPES = {
    "int_type": "a whole number, without quotes",
    "bool_type": "true or false, without quotes",
    "string_type": "a string, in quotes",
    "tuple_type": 'a list, in brackets: ["10.0.0.5:8080"]',
}


def first_mistake(error: ValidationError, data: Mapping[str, Any], *, searched: bool) -> str:
    """Return the first mistake in the `data` of a config.json; `searched` if the file was found by searching."""
    mistake = error.errors(include_url=False)[0]
    *above, name = (str(part) for part in mistake["loc"])
    section = ".".join(above)
    key = ".".join((*above, name))
    match mistake["type"]:
        case "extra_forbidden":
            return _unknown(section, name, _position(data, above, name), searched=searched)
        case "missing":
            return f"{section} has no {name}: it needs {', '.join(keys_of(above).model_fields)}."
        case "greater_than_equal" | "less_than_equal":
            return f"{key} is {mistake['input']}, but may be {_allowed(section, name)}."
        case "value_error":
            verb = str(mistake["ctx"]["error"])
            return f"{key} {verb if _is_credential(section, name) else f'must be one that {verb}'}."
        case kind if kind in _TYPES:
            what = "no string" if _is_credential(section, name) else _kind(mistake["input"])
            return f"{key} is {what}, but must be {_TYPES[kind]}{_range(section, name)}."
        case _:
            return f"{key} is {_kind(mistake['input'], numbers=False)}, but must be a section: {{ ... }}."


def wrong_credentials(service: Service, configured: Mapping[str, Any], names: Mapping[str, str]) -> str | None:
    """Return what is wrong with a set of credentials: it is incomplete, or it is two sets in one.

    `names` holds the name of each credential as the user writes it.
    """
    credentials = service.credentials

    def listed(keys: Iterable[str]) -> str:
        return " and ".join(names[name] for name in keys)

    ways = [[name for name in way if name in configured] for way in credentials.either or ()]
    if ways and all(ways):
        return f"{listed(ways[0])} is one way to log in and {listed(ways[1])} another: choose one, take the other out."
    alone, needs = credentials.alone, {name: credentials.needs.get(name, ()) for name in configured}
    missing = [
        name
        for name in credentials.names
        if name not in configured and any(name in needed for needed in needs.values())
    ]
    if not missing or alone in configured:
        return None
    useless = [name for name in credentials.names if not set(missing).isdisjoint(needs.get(name, ()))]
    verb, them = "is" if len(useless) == 1 else "are", "it" if len(missing) == 1 else "them"
    way_out = f", or give {names[alone]} alone" if alone else ""
    return f"{listed(useless)} {verb} of no use without {listed(missing)}: add {them}{way_out}."


def known_keys() -> frozenset[str]:
    """Return every key that may stand anywhere in a config.json."""
    return frozenset({*sections(), *GENERAL_KEYS, *admin_keys()})


def admin_keys() -> frozenset[str]:
    """Return every key that belongs in config.json, to recognize one that a user gives to images=."""
    return frozenset({_OLD_DOWNLOADS, *(name for model in sections().values() for name in model.model_fields)})


def unknown_key(name: str, known: Sequence[str], where: str = "", position: int | None = None) -> str:
    """Return the sentence about a key that does not exist.

    The key itself is shown only where it is similar to a known one, or made of plain words: it may be a token in the
    wrong place.

    Examples
    --------
    >>> unknown_key("max_conections", ["max_connections"], '"webex"')
    'unknown key "max_conections" in "webex": did you mean "max_connections"?'
    >>> unknown_key("0123456789abcdef", ["api_id", "api_hash"], '"telegram"', 2)
    'unknown key in "telegram" (number 2 there): the keys there are: api_id, api_hash.'
    """
    near = _near(name, known)
    where = where and f" in {where}"
    if near is not None:
        return f'unknown key "{name}"{where}: did you mean "{near}"?'
    key = f' "{name}"' if name in USER_KEYS or _PLAIN_KEY.fullmatch(name) else ""
    place = f" (number {position} there)" if position is not None else ""
    return f"unknown key{key}{where}{place}: the keys there are: {', '.join(known)}."


def _near(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known key that a name is a misspelling of, or None."""
    key = nearest(name.lower(), known, cutoff)
    is_plain = key is not None and re.fullmatch("[A-Za-z_ -]+", name) and len(name) <= len(key) + 6
    return key if is_plain else None  # a longer or less plain name may be a credential


def _unknown(section: str, name: str, position: int | None, *, searched: bool) -> str:
    where = f'"{section}"' if section else "the top level"
    if name in USER_KEYS:
        return f'"{name}" in {where} {_FOR_THE_USER}.'
    if name == _OLD_DOWNLOADS:
        service = services().get(section)
        right = service.downloads_key if service is not None else "max_concurrent_image_downloads"
        place = f'; it stands in a service\'s section, such as "{next(iter(services()))}"' if service is None else ""
        return f'"{name}" in {where} is called "{right}"{place if section else ""}.'
    homes = [home for home, model in sections().items() if name in model.model_fields and home != section]
    if homes:
        there = " or ".join(f'"{home}"' for home in homes)
        top = " or at the top level" if name in GENERAL_KEYS and section else ""
        return f'"{name}" has no meaning in {where}: it belongs in {there}{top}.'
    known = list(keys_of(section.split(".")).model_fields) if section else [*sections(), *GENERAL_KEYS]
    if _near(name, known) is not None:
        return unknown_key(name, known, where)
    for home, model in sections().items():
        if other := _near(name, model.model_fields, cutoff=0.8):
            return f'unknown key "{name}" in {where}: did you mean "{other}", in "{home}"?'
    hint = (
        " If this file belongs to another program, name yours in the environment variable CHATFRAMES_CONFIG."
        if searched and not section
        else ""
    )
    return unknown_key(name, known, where, position) + hint


def _position(data: Mapping[str, Any], above: Sequence[str], name: str) -> int | None:
    section: Any = data
    for part in above:
        section = section.get(part) if isinstance(section, Mapping) else None
    keys = [str(key) for key in section] if isinstance(section, Mapping) else []
    return keys.index(name) + 1 if name in keys else None


def _is_credential(section: str, name: str) -> bool:
    service = services().get(section)
    return service is not None and name in service.credentials.names


def _allowed(section: str, name: str) -> str:
    homes = [section] if section else [home for home, model in sections().items() if name in model.model_fields]
    info = keys_of(homes[0].split(".")).model_fields[name]
    return allowed_values(homes[0], name) + ("" if info.is_required() else f" (default {_default(info.default)})")


def _default(value: object) -> object:
    return "null" if value is None else value


def _range(section: str, name: str) -> str:
    numeric = name in GENERAL_KEYS or (section and " to " in allowed_values(section, name))
    return f": {_allowed(section, name)}" if numeric else ""


def _kind(value: object, *, numbers: bool = True) -> str:
    """Return the kind of a value in words; a number itself, unless it may be a credential."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value}" if numbers else "a number"
        case str() | SecretStr():
            return "a string"
        case Mapping():
            return "a section"
        case list() | tuple():
            return "a list"
        case _:
            return f"a {type(value).__name__}"
