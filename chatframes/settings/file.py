"""Finding and reading a config.json, which may hold comments."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ..errors import ConfigError
from ..services import services
from ..words import kind_of
from .checks import Secret
from .mistakes import known_keys
from .sections import credentials_in, is_secret

__all__ = ["find_file", "read_file", "shielded", "strip_comments"]

FILE_NAME = "config.json"

# A string is matched so that the // of an address inside it is not taken for a comment.
_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\r\n]*')


def find_file(given: object, named: str | None) -> Path | None:
    """Return the file to read: the one given, else the one `named` by the environment, else the nearest upward."""
    if given is None and named is None:
        here = Path.cwd()
        return next((folder / FILE_NAME for folder in (here, *here.parents) if (folder / FILE_NAME).is_file()), None)
    if given is not None and not isinstance(given, str | os.PathLike):
        raise ConfigError(f"config= is {kind_of(given)}: give a path, a dict or a Config.")
    path = Path(os.fsdecode(given if given is not None else named or "")).expanduser()
    if not path.is_file():
        origin = "config=" if given is not None else "the environment variable CHATFRAMES_CONFIG"
        named = f"names {path}" if path.suffix == ".json" else "is no path of a config.json"  # it may be a credential
        raise ConfigError(f"{origin} {named}, and there is no such file: correct the path.")
    return path


def read_file(path: Path) -> dict[str, Any]:
    """Return what a config.json holds, its strings shielded.

    Raises
    ------
    ConfigError
        The file cannot be read or is no JSON object; line and column are given, its text is not.
    """
    data, problem = _parsed(path)
    if problem:
        raise ConfigError(f"{path}: {problem}")
    secrets = any(is_secret(service, name) for service in services() for name in credentials_in(data, service))
    if secrets and os.name == "posix":
        _warn_when_open(path)
    return data


def shielded(value: Any) -> Any:
    """Return a copy of parsed JSON in which every string is a `Secret`.

    Any string may be a credential in the wrong place. Shielded, it shows in no repr, no traceback that prints local
    variables and no error of pydantic's.
    """
    if isinstance(value, Mapping):
        return {str(key): shielded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shielded(item) for item in value]
    if isinstance(value, SecretStr):
        return Secret(value.get_secret_value())
    return Secret(value) if isinstance(value, str) else value


def strip_comments(text: str) -> str:
    """Blank out ``//`` comments, so that every other character keeps its line and column."""
    return _STRING_OR_COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else " " * len(m[0]), text)


def _parsed(path: Path) -> tuple[dict[str, Any], str | None]:
    """Return the data, or what is wrong; nothing raised from here, whose local variables hold the plain text."""
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice.extend(name for name in names if names.count(name) > 1)
        return dict(pairs)

    try:
        data = json.loads(strip_comments(path.read_text("utf-8-sig")), object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        return {}, f"line {error.lineno}, column {error.colno}: this is not JSON ({error.msg})."
    except OSError as error:
        return {}, f"cannot be read ({error.strerror})."
    except UnicodeDecodeError:
        return {}, "this is not text in UTF-8: save it as UTF-8."
    except (ValueError, RecursionError):
        return {}, "this is not JSON that a config.json could hold: a number is too long, or it nests too deep."
    if not isinstance(data, dict):
        return {}, f'this is not a section: a config.json looks like {{"{next(iter(services()))}": {{ ... }}}}.'
    if twice:
        which = f'the key "{twice[0]}"' if twice[0] in known_keys() else "a key"
        return {}, f"{which} stands twice in one section: take one out."
    return shielded(data), None


def _warn_when_open(path: Path) -> None:
    if path.stat().st_mode & 0o044:
        warnings.warn(
            f"{path} holds credentials and others can read it: run `chmod 600 {path.name}`, or move them to the "
            "environment.",
            stacklevel=4,
        )
