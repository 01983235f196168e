"""Print the table of all keys of config.json, in Markdown, as it stands in the docs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from chatframes.services import services
from chatframes.settings.environment import variable_of
from chatframes.settings.sections import allowed_values, is_secret, sections


@dataclass(frozen=True)
class Key:
    """One key, and the sections it may stand in with that meaning."""

    name: str
    sections: tuple[str, ...]
    default: int | bool | str | tuple[str, ...] | None
    allowed: str
    meaning: str
    secret: bool


def describe_keys() -> list[Key]:
    """Return every key that exists, in the order of example-config.json."""
    keys: dict[tuple[str, str | None], Key] = {}  # what two services mean by client_id are two keys
    for section, model in sections().items():
        service = services().get(section)
        for name, info in model.model_fields.items():
            here = (name, info.description)
            places = (*keys[here].sections, section) if here in keys else (section,)
            allowed = allowed_values(section, name)
            if service is not None and name in service.credentials.names:
                allowed = f"{allowed}; or {variable_of(section, name)}"
            keys[here] = Key(name, places, info.default, allowed, info.description or "", is_secret(section, name))
    return list(keys.values())


def markdown_table() -> str:
    """Return the table of all keys."""
    lines = ["| key | section | default | may be | meaning |", "|---|---|---|---|---|"]
    for key in describe_keys():
        default = key.default if isinstance(key.default, str) else json.dumps(key.default)
        cells = (
            f"`{key.name}`",
            ", ".join(key.sections),
            "none" if key.secret else f"`{default}`",
            key.allowed,
            key.meaning,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown_table(), end="")
