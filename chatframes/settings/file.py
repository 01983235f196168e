"""Find and read a config.json, which may hold comments."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ..errors import ConfigError
from ..services import services
from ..warn import warn
from ..words import kind_of
from .checks import Secret
from .mistakes import known_keys
from .sections import credentials_in, is_secret

__all__ = ["find_file", "read_file", "shielded", "strip_comments"]

FILE_NAME = "config.json"

# Strings are matched too, so that the // of an address inside one is not taken for a comment.
_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\r\n]*')


def find_file(config: object, environment_path: str | None) -> Path | None:
    """Return the file to read: `config`, else `environment_path`, else the nearest config.json upward."""
    if config is None and environment_path is None:
        here = Path.cwd()
        return next((folder / FILE_NAME for folder in (here, *here.parents) if (folder / FILE_NAME).is_file()), None)
    if config is not None and not isinstance(config, str | os.PathLike):
        raise ConfigError(f"config= is {kind_of(config)}: give a path, a dict or a Config.")
    path = Path(os.fsdecode(config if config is not None else environment_path or "")).expanduser()
    if not path.is_file():
        origin = "config=" if config is not None else "The environment variable CHATFRAMES_CONFIG"
        # Anything but a path of a JSON file may be a credential in the wrong place, and is not repeated.
        if path.suffix != ".json" and path.is_dir():
            raise ConfigError(f"{origin} names a folder: name the {FILE_NAME} in it.")
        what = f"names {path}" if path.suffix == ".json" else "is no path of a config.json"
        raise ConfigError(f"{origin} {what}, and there is no such file: correct the path.")
    return path


def read_file(path: Path) -> dict[str, Any]:
    """Return the content of a config.json, with every string as a `Secret`.

    Raises
    ------
    ConfigError
        The file cannot be read or is no JSON object. The error gives line and column, and never the text there.
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

    Any string may be a credential in the wrong place. As a `Secret` it is hidden in reprs, in tracebacks that print
    local variables, and in the errors of pydantic.
    """
    if isinstance(value, Mapping):
        return {str(key): shielded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shielded(item) for item in value]
    if isinstance(value, SecretStr):
        return Secret(value.get_secret_value())
    return Secret(value) if isinstance(value, str) else value


def strip_comments(text: str) -> str:
    """Replace ``//`` comments by spaces, so that every other character keeps its line and column."""
    return _STRING_OR_COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else " " * len(m[0]), text)


def _parsed(path: Path) -> tuple[dict[str, Any], str | None]:
    """Return the data, or what is wrong with it.

    Nothing is raised here, since the local variables hold the plain text and a traceback may print them.
    """
    repeated: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        repeated.extend(name for name in names if names.count(name) > 1)
        return dict(pairs)

    try:
        data = json.loads(strip_comments(path.read_text("utf-8-sig")), object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        ends = error.doc[error.pos : error.pos + 1] in ("}", "]") and error.doc[: error.pos].rstrip().endswith(",")
        hint = ": take out the comma before it" if ends else ""
        return {}, f"line {error.lineno}, column {error.colno}: this is not JSON ({error.msg}){hint}."
    except OSError as error:
        return {}, f"cannot be read ({error.strerror})."
    except UnicodeDecodeError:
        return {}, "this is not text in UTF-8: save it as UTF-8."
    except (ValueError, RecursionError):
        return {}, "this is not JSON that a config.json could hold: a number is too long, or it nests too deep."
    if not isinstance(data, dict):
        return {}, f'this is not a section: a config.json looks like {{"{next(iter(services()))}": {{ ... }}}}.'
    if repeated:
        which = f'the key "{repeated[0]}"' if repeated[0] in known_keys() else "a key"
        return {}, f"{which} stands twice in one section: take one out."
    return shielded(data), None


def _warn_when_open(path: Path) -> None:
    if path.stat().st_mode & 0o044:
        warn(
            f"{path} holds credentials and others can read it: run `chmod 600 {path.name}`, or move them to the "
            "environment.",
        )
