"""Store logins in small files in ``~/.chatframes/telegram`` that only the user can read.

A login is written once, when the user has logged in. Processes that use it never write that file, so they can neither
lock nor lose it. What they learn about chats (names and access hashes) goes into a second file, which may be lost at
any time and is then written again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from telethon.sessions import StringSession

from ...errors import ConfigError
from ...replace_file import replace_file
from ...settings.checks import Secret
from ...warn import warn
from .settings import TelegramConfig, is_session_string

__all__ = ["StoredSession", "open_session", "session_file", "session_name"]

DEFAULT_NAME = "default"
VERSION = 1
MAX_PEOPLE = 5000  # the most recent ones; chats are few, and all are kept
_NO_LOGIN = Secret("")
_LOG_IN_AGAIN = "move it away, and log in again with `chatframes login telegram`"

Row = tuple[int, int, str | None, str | None, str | None]  # marked id, access hash, username, phone, name


class StoredSession(StringSession):  # type: ignore[misc]
    """A Telethon session that is kept in the user's own folder, under a name.

    Parameters
    ----------
    name : str
        The name of the file; `session_name` returns it for a configuration.

    Raises
    ------
    ConfigError
        The file of that name was not written by chatframes, or cannot be read.

    Warns
    -----
    UserWarning
        Others could read the file; its mode has been set to 600.
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
        """Return an empty session, for a connection whose login is not stored."""
        return to_instance or StringSession()

    def process_entities(self, tlo: Any) -> None:
        """Remember the people and chats in an answer; newer facts replace older ones."""
        self._learn(self._entities_to_rows(tlo))

    def keep_login(self) -> None:
        """Store the login; called when the user has just logged in with this session's key."""
        self._login = Secret(StringSession.save(self))
        if self._login:
            self._rows.clear()  # learnt with the previous login, which may be of another account
            self._ids.clear()
            with suppress(OSError):
                _names_file(self.name).unlink()
            _write(session_file(self.name), {"version": VERSION, "session": self._login})
            self._saved = {}

    def save(self) -> None:
        """Store what was learnt about people and chats since the last time; without a login, store nothing.

        The login itself is stored by `keep_login`, since Telethon also calls this for keys that are not logged in.
        """
        if not self._login or self._rows == self._saved:
            return
        path = session_file(self.name)
        with suppress(ConfigError):  # the names only save requests; opening the session next time raises the error
            if _read_login(path) == self._login:  # else another process has logged out or in meanwhile
                self._write_names()

    def close(self) -> None:
        """Save; Telethon calls this when it disconnects."""
        self.save()

    def delete(self) -> None:
        """Delete the login and what was learnt with it."""
        with suppress(ConfigError, OSError):  # a file that cannot be deleted holds an ended login
            if self._login and _read_login(session_file(self.name)) == self._login:
                _names_file(self.name).unlink(missing_ok=True)
                session_file(self.name).unlink(missing_ok=True)
        self._login = _NO_LOGIN

    def _learn(self, rows: Iterable[Row]) -> None:
        for row in rows:
            marked_id, access_hash, username, _, name = row
            self._rows.pop(marked_id, None)  # moved to the end, so that the most recent ones are kept
            self._rows[marked_id] = (marked_id, access_hash, username, None, name)
            if username is not None:
                before = self._ids.get(username, marked_id)
                self._ids[username] = marked_id
                if before != marked_id and self._rows[before][2] == username:  # the name now belongs to another peer
                    self._rows[before] = (*self._rows[before][:2], None, None, self._rows[before][4])

    def _write_names(self) -> None:
        """Merge our names with those that other processes have stored meanwhile; ours replace theirs."""
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
    """Return the session of a configuration.

    A session string stays in memory: neither it nor anything learnt with it is written to a file.

    Raises
    ------
    ConfigError
        The file of that name was not written by chatframes, or the session string is damaged.
    """
    configured = _configured(config)
    if not is_session_string(configured.get_secret_value()):
        return StoredSession(session_name(config))
    session = _string_session(configured)
    if session is None:
        raise ConfigError("telegram.session is a session string that Telethon does not understand: make a new one.")
    return session


def session_name(config: TelegramConfig) -> str:
    """Return the name of a session in messages and of its file; a session string is named by a hash.

    The sessions of an emulator have other names, so that a login to a sandbox never replaces the login to Telegram.
    """
    configured = _configured(config)
    if is_session_string(configured.get_secret_value()):
        return f"session string {_fingerprint(configured)[:8]}"
    name = configured.get_secret_value()
    if config.server is None:
        return name
    return f"{name}@{config.server.address.replace(':', '-')}-{config.server.port}"


def session_file(name: str) -> Path:
    """Return the file of the login of that name; the home folder is looked up on each call."""
    return Path.home() / ".chatframes" / "telegram" / f"{name}.session"


def _names_file(name: str) -> Path:
    return session_file(name).with_name(f"{name}.names")


def _configured(config: TelegramConfig) -> Secret:
    return config.session or Secret(DEFAULT_NAME)


def _fingerprint(login: Secret) -> str:
    """Return a hash that stands for a login and from which it cannot be read."""
    return hashlib.sha256(login.get_secret_value().encode()).hexdigest()[:32]


def _string_session(text: Secret) -> StringSession | None:
    try:
        return StringSession(text.get_secret_value())
    except Exception:  # of struct, base64 or ipaddress
        return None


def _read_login(path: Path) -> Secret:
    """Return the login in a file; an empty one when there is no file."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _NO_LOGIN
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): make it readable, or {_LOG_IN_AGAIN}.") from None
    if os.name == "posix" and mode & 0o077:
        with suppress(OSError):
            path.chmod(0o600)
        warn(
            f"{path} opens a Telegram account, and others could read it: its mode is 600 now. If somebody may have "
            "read it, end the session in Telegram under Settings, Devices, and log in again.",
        )
    login, problem = _login_in(path)
    if problem:
        raise ConfigError(f"{path} {problem}: {_LOG_IN_AGAIN}.")
    return login


def _login_in(path: Path) -> tuple[Secret, str | None]:
    """Return the login, or what is wrong with the file.

    Nothing is raised here, since the local variables hold the plain text and a traceback may print them.
    """
    try:
        raw = path.read_bytes()
        if raw.startswith(b"SQLite format 3"):
            return _NO_LOGIN, "is a session of Telethon's own kind (SQLite), which chatframes does not use"
        data = json.loads(raw)
        version, text = data["version"], data["session"]
    except FileNotFoundError:
        return _NO_LOGIN, None
    except OSError as error:
        return _NO_LOGIN, f"cannot be read ({error.strerror})"
    except (ValueError, TypeError, KeyError, RecursionError):
        return _NO_LOGIN, "is no session that chatframes wrote"
    if version != VERSION:
        return _NO_LOGIN, "was written by another version of chatframes"
    login = Secret(text) if isinstance(text, str) and is_session_string(text) else _NO_LOGIN
    session = _string_session(login) if login else None
    if session is None or session.auth_key is None:
        return _NO_LOGIN, "is damaged"
    return login, None


def _read_rows(path: Path, login: Secret) -> list[Row]:
    """Return what was learnt with this login; the access hashes of another account are useless."""
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
        return []  # a damaged file is ignored, since the names only save requests


def _write(path: Path, data: dict[str, Any]) -> None:
    """Write or replace a file that only its owner can ever read."""
    problem = _written(path, data)
    if problem:
        raise ConfigError(
            f"{path} cannot be written ({problem}), and Telegram logins are stored there: make its folder writable."
        )


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
