"""Where logins are kept: small files of our own in ``~/.chatframes/telegram``, which nobody else can read.

A login is written once, when somebody has logged in, and no process that merely uses it ever writes that file again;
so no two of them can lock or lose it. What they learn about chats (names and access hashes) goes to a second file,
which may be lost at any time and is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from telethon.sessions import StringSession

from ...errors import ConfigError
from ...replace_file import replace_file
from ...settings.checks import Secret
from .settings import TelegramConfig, is_session_string

__all__ = ["StoredSession", "open_session", "session_file", "session_name"]

DEFAULT_NAME = "default"
VERSION = 1
MAX_PEOPLE = 5000  # of those met last; chats are few, and all are kept
_NOBODY = Secret("")
_LOG_IN_ANEW = "move it away, and log in again with `chatframes login telegram`"

Row = tuple[int, int, str | None, str | None, str | None]  # marked id, access hash, username, phone, name


class StoredSession(StringSession):  # type: ignore[misc]
    """A Telethon session that is kept in the user's own folder, under a name.

    Parameters
    ----------
    name : str
        Of the file; `session_name` gives the one that a configuration means.

    Raises
    ------
    ConfigError
        There is a file of that name which is no session of ours, or cannot be read.

    Warns
    -----
    UserWarning
        Others could read the file; its mode has been mended.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._login = _read_login(session_file(name))
        super().__init__(self._login.get_secret_value())
        self._rows: dict[int, Row] = {}
        self._ids: dict[str, int] = {}
        self._entities = self._rows.values()  # what Telethon searches
        self._learn(_read_rows(_names_file(name), self._login))
        self._saved = dict(self._rows)

    def __repr__(self) -> str:
        return f"StoredSession({self.name!r})"

    def clone(self, to_instance: Any = None) -> Any:
        """Return an empty session, for a connection whose login is not to be kept."""
        return to_instance or StringSession()

    def process_entities(self, tlo: Any) -> None:
        """Remember the people and chats in an answer, each as it was met last."""
        self._learn(self._entities_to_rows(tlo))

    def keep_login(self) -> None:
        """Write the login down: this session's key is one that somebody has just logged in with."""
        self._login = Secret(StringSession.save(self))
        if self._login:
            self._rows.clear()  # learnt with the login before, perhaps another account's
            self._ids.clear()
            with suppress(OSError):
                _names_file(self.name).unlink()
            _write(session_file(self.name), {"version": VERSION, "session": self._login})
            self._saved = {}

    def save(self) -> None:
        """Write down what was learnt about people and chats since the last time; without a login, nothing.

        The login itself is `keep_login`'s: Telethon calls this with keys nobody has logged in with, too.
        """
        if not self._login or self._rows == self._saved:
            return
        path = session_file(self.name)
        with suppress(ConfigError):  # it is only a help, and whoever opens the session next is told
            if _read_login(path) == self._login:  # else somebody logged out, or in again as somebody else
                self._write_names()

    def close(self) -> None:
        """Save; Telethon calls it last."""
        self.save()

    def delete(self) -> None:
        """Forget the login, and what was learnt with it."""
        with suppress(ConfigError, OSError):  # a file that stays opens nothing any more
            if self._login and _read_login(session_file(self.name)) == self._login:
                _names_file(self.name).unlink(missing_ok=True)
                session_file(self.name).unlink(missing_ok=True)
        self._login = _NOBODY

    def _learn(self, rows: Iterable[Row]) -> None:
        for row in rows:
            marked_id, access_hash, username, _, name = row
            self._rows.pop(marked_id, None)  # to the end: those met last are kept
            self._rows[marked_id] = (marked_id, access_hash, username, None, name)
            if username is not None:
                before = self._ids.get(username, marked_id)
                self._ids[username] = marked_id
                if before != marked_id and self._rows[before][2] == username:  # the name went to somebody else
                    self._rows[before] = (*self._rows[before][:2], None, None, self._rows[before][4])

    def _write_names(self) -> None:
        """Add ours to what other processes have learnt meanwhile; the later one to write wins."""
        path = _names_file(self.name)
        changed = [row for marked_id, row in self._rows.items() if self._saved.get(marked_id) != row]
        self._learn(_read_rows(path, self._login))
        self._learn(changed)
        people = [marked_id for marked_id in self._rows if marked_id > 0]
        forgotten = set(people[:-MAX_PEOPLE])
        rows = [
            [marked_id, access_hash, username, name]
            for marked_id, access_hash, username, _, name in self._rows.values()
            if marked_id not in forgotten
        ]
        _write(path, {"version": VERSION, "login": _fingerprint(self._login), "entities": rows})
        self._saved = dict(self._rows)


def open_session(config: TelegramConfig) -> StringSession:
    """Return the session that a configuration means.

    A session string stays in memory: nothing of it, and nothing learnt with it, is written anywhere.

    Raises
    ------
    ConfigError
        There is a file of that name, but it is no session of ours.
    """
    given = _given(config)
    if not is_session_string(given.get_secret_value()):
        return StoredSession(session_name(config))
    session = _string_session(given)
    if session is None:
        raise ConfigError("telegram.session is a session string that Telethon does not understand: make a new one.")
    return session


def session_name(config: TelegramConfig) -> str:
    """Return what a session is called, in sentences and for its file; of a session string, nothing of itself.

    An emulator's sessions have names of their own: logging in to a sandbox must not cost the login to Telegram.
    """
    given = _given(config)
    if is_session_string(given.get_secret_value()):
        return f"session string {_fingerprint(given)[:8]}"
    name = given.get_secret_value()
    if config.server is None:
        return name
    return f"{name}@{config.server.address.replace(':', '-')}-{config.server.port}"


def session_file(name: str) -> Path:
    """Return where the login of that name is kept; the home folder is looked up anew each time."""
    return Path.home() / ".chatframes" / "telegram" / f"{name}.session"


def _names_file(name: str) -> Path:
    return session_file(name).with_name(f"{name}.names")


def _given(config: TelegramConfig) -> Secret:
    return config.session or Secret(DEFAULT_NAME)


def _fingerprint(login: Secret) -> str:
    """Tell logins apart without telling anything about them."""
    return hashlib.sha256(login.get_secret_value().encode()).hexdigest()[:32]


def _string_session(text: Secret) -> StringSession | None:
    try:
        return StringSession(text.get_secret_value())
    except Exception:  # struct's, base64's, ipaddress's
        return None


def _read_login(path: Path) -> Secret:
    """Return the login kept in a file, empty when there is none."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _NOBODY
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): mend that, or {_LOG_IN_ANEW}.") from None
    if os.name == "posix" and mode & 0o077:
        with suppress(OSError):
            path.chmod(0o600)
        warnings.warn(
            f"{path} opens a Telegram account, and others could read it: its mode is 600 now. If anybody may have, "
            "end the session in Telegram under Settings, Devices, and log in again.",
            stacklevel=2,
        )
    login, problem = _login_in(path)
    if problem:
        raise ConfigError(f"{path} {problem}: {_LOG_IN_ANEW}.")
    return login


def _login_in(path: Path) -> tuple[Secret, str | None]:
    """Return the login, or what is wrong; nothing is raised from here, whose local variables hold the plain text."""
    try:
        raw = path.read_bytes()
        if raw.startswith(b"SQLite format 3"):
            return _NOBODY, "is a session of Telethon's own kind (SQLite), which chatframes does not use"
        data = json.loads(raw)
        version, text = data["version"], data["session"]
    except FileNotFoundError:
        return _NOBODY, None
    except OSError as error:
        return _NOBODY, f"cannot be read ({error.strerror})"
    except (ValueError, TypeError, KeyError, RecursionError):
        return _NOBODY, "is no session that chatframes wrote"
    if version != VERSION:
        return _NOBODY, "was written by another version of chatframes"
    login = Secret(text) if isinstance(text, str) and is_session_string(text) else _NOBODY
    session = _string_session(login) if login else None
    if session is None or session.auth_key is None:
        return _NOBODY, "is damaged"
    return login, None


def _read_rows(path: Path, login: Secret) -> list[Row]:
    """Return what was learnt with this very login: access hashes are of no use to another account."""
    try:
        data = json.loads(path.read_bytes())
        if data["version"] != VERSION or data["login"] != _fingerprint(login):
            return []
        return [
            (marked_id, access_hash, username, None, name)
            for marked_id, access_hash, username, name in data["entities"]
            if type(marked_id) is int
            and type(access_hash) is int
            and isinstance(username, str | None)
            and isinstance(name, str | None)
        ]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return []  # whatever is wrong with it, it is only a help


def _write(path: Path, data: dict[str, Any]) -> None:
    """Put a whole file in the place of another, readable by its owner only from its first byte on."""
    problem = _written(path, data)
    if problem:
        raise ConfigError(f"{path} cannot be written ({problem}), and Telegram logins are kept there: mend that.")


def _written(path: Path, data: dict[str, Any]) -> str | None:
    try:
        for folder in (path.parent.parent, path.parent):
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        if os.name == "posix" and path.parent.stat().st_mode & 0o077:
            path.parent.chmod(0o700)
        with replace_file(path, mode=0o600) as file:
            file.write(json.dumps(data, default=Secret.get_secret_value).encode())
    except OSError as error:
        return error.strerror
    return None
