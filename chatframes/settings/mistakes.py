"""What is wrong with a setting, said in one sentence: which key, where, and what to write instead.

Values are never repeated, except numbers: a string in the wrong place may be a credential.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from .. import words
from .keys import (
    ALONE,
    CREDENTIALS,
    EITHER,
    GENERAL_KEYS,
    NEEDS,
    SECTIONS,
    allowed_values,
    keys_of,
)

__all__ = ["admin_keys", "first_mistake", "nearest", "shown", "wrong_credentials"]

# What the seed design, and people who read it, write in config.json for what a user decides.
USER_KEYS = frozenset({"enabled", "max_size_bytes", "image_processing", "imageProcessing", "images"})
_FOR_THE_USER = (
    "belongs to the user, not to the admin: take it out, and give images=ImageSettings(enabled=True, "
    "max_size_bytes=10_485_760) to each call"
)
_OLD_DOWNLOADS = "max_concurrent_downloads"
_TYPES = {
    "int_type": "a whole number, without quotes",
    "bool_type": "true or false, without quotes",
    "string_type": "a string, in quotes",
    "tuple_type": 'a list, in brackets: ["10.0.0.5:8080"]',
}


def first_mistake(error: ValidationError, *, searched: bool) -> str:
    """Return the first thing wrong in a config.json; `searched` tells that nobody named the file."""
    mistake = error.errors(include_url=False)[0]
    *above, name = (str(part) for part in mistake["loc"])
    section = ".".join(above)
    key = ".".join((*above, shown(name)))
    match mistake["type"]:
        case "extra_forbidden":
            return _unknown(section, name, searched=searched)
        case "missing":
            return f"{section} has no {name}: it needs {', '.join(keys_of(above).model_fields)}."
        case "greater_than_equal" | "less_than_equal":
            return f"{key} is {mistake['input']}, but may be {_allowed(section, name)}."
        case "value_error":
            verb = str(mistake["ctx"]["error"])
            return f"{key} {verb if name in CREDENTIALS.get(section, ()) else f'must be one that {verb}'}."
        case kind if kind in _TYPES:
            what = "no string" if name in CREDENTIALS.get(section, ()) else _kind(mistake["input"])
            return f"{key} is {what}, but must be {_TYPES[kind]}{_range(section, name)}."
        case _:
            return f"{key} is {_kind(mistake['input'])}, but must be a section: {{ ... }}."


def wrong_credentials(service: str, given: Mapping[str, Any], names: Mapping[str, str]) -> str | None:
    """Return what is wrong with a set: half there, or two in one; `names` says how each is written."""

    def listed(some: Iterable[str]) -> str:
        return " and ".join(names[name] for name in some)

    ways = [[name for name in way if name in given] for way in EITHER.get(service, ())]
    if ways and all(ways):
        return f"{listed(ways[0])} is one way to log in and {listed(ways[1])} another: choose one, take the other out."
    alone, needs = ALONE.get(service), {name: NEEDS[service].get(name, ()) for name in given}
    missing = [name for name in CREDENTIALS[service] if name not in given and any(name in n for n in needs.values())]
    if not missing or alone in given:
        return None
    useless = [name for name in CREDENTIALS[service] if not set(missing).isdisjoint(needs.get(name, ()))]
    return f"{listed(useless)} is of no use without {listed(missing)}: add {'it' if len(missing) == 1 else 'them'}" + (
        f", or give {names[alone]} alone." if alone else "."
    )


def admin_keys() -> frozenset[str]:
    """Return every key that belongs in config.json, for telling a user who gives one to images=."""
    return frozenset({_OLD_DOWNLOADS, *(name for model in SECTIONS.values() for name in model.model_fields)})


def nearest(name: str, known: list[str]) -> str:
    """Return ``did you mean "x"?``, or the list of what there is."""
    return words.did_you_mean(name.lower(), known, f"the keys there are: {', '.join(known)}.", '"{}"'.format)


def shown(name: object) -> str:
    """Return a key as it may be printed: somebody may have put a token where a key belongs."""
    text = str(name)
    return text if len(text) <= 40 else f"{text[:6]}… ({len(text)} characters)"


def _unknown(section: str, name: str, *, searched: bool) -> str:
    key = f'"{shown(name)}"'
    where = f'"{section}"' if section else "the top level"
    if name in USER_KEYS:
        return f"{key} in {where} {_FOR_THE_USER}."
    if name == _OLD_DOWNLOADS:
        right = "max_concurrent_media_downloads" if section == "telegram" else "max_concurrent_image_downloads"
        place = '; it stands in a service\'s section, such as "webex"' if section == "downloads" else ""
        return f'{key} in {where} is called "{right}"{place}.'
    homes = [home for home, model in SECTIONS.items() if name in model.model_fields and home != section]
    if homes:
        there = " or ".join(f'"{home}"' for home in homes)
        top = " or at the top level" if name in GENERAL_KEYS and section else ""
        return f"{key} has no meaning in {where}: it belongs in {there}{top}."
    known = list(keys_of(section.split(".")).model_fields) if section else [*SECTIONS, *GENERAL_KEYS]
    near = words.nearest(name.lower(), known)
    if not near:
        for home, model in SECTIONS.items():
            if other := words.nearest(name.lower(), model.model_fields, cutoff=0.8):
                return f'unknown key {key} in {where}: did you mean "{other}", in "{home}"?'
    stranger = (
        " If this file belongs to another program, name yours in the environment variable CHATFRAMES_CONFIG."
        if searched and not section and not near
        else ""
    )
    return f"unknown key {key} in {where}: {nearest(name, known)}{stranger}"


def _allowed(section: str, name: str) -> str:
    homes = [section] if section else [home for home, model in SECTIONS.items() if name in model.model_fields]
    info = keys_of(homes[0].split(".")).model_fields[name]
    return allowed_values(homes[0], name) + ("" if info.is_required() else f" (default {info.default})")


def _range(section: str, name: str) -> str:
    numeric = name in GENERAL_KEYS or (section and " to " in allowed_values(section, name))
    return f": {_allowed(section, name)}" if numeric else ""


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value}"
        case str() | SecretStr():
            return "a string"
        case Mapping():
            return "a section"
        case list() | tuple():
            return "a list"
        case _:
            return words.kind_of(value)
