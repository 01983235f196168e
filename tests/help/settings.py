"""Helpers for the tests of the settings: credentials that look real, and short ways to read a setting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from telethon.crypto import AuthKey
from telethon.sessions import StringSession

from chatframes.errors import ConfigError
from chatframes.services import services
from chatframes.settings.checks import text_of
from chatframes.settings.merge import Config, load_config
from chatframes.world.mtproto.server import PUBLIC_KEY

ROOT = Path(__file__).parents[2]
CANARY = "canary-Zm9vYmFy-4711"
APP = {"api_id": 12345, "api_hash": "0123456789abcdef0123456789ABCDEF"}
SERVER = {"dc_id": 2, "address": "127.0.0.1", "port": 4433, "public_key": PUBLIC_KEY}
REDDIT_APP = {"client_id": "Rid", "client_secret": "Rsecret"}
REDDIT_LOGIN = {"username": "Rname", "password": "R pässword: 1"}
TRIO = {"client_id": "Cid", "client_secret": "Csecret", "refresh_token": "Crefresh"}


def write(folder: Path, text: str | dict, name: str = "config.json") -> Path:
    path = folder / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
    path.chmod(0o600)
    return path


def complaint(data: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def token(config: Config) -> str | None:
    return config.webex.access_token and config.webex.access_token.get_secret_value()


def app(config: Config) -> dict[str, str]:
    values = {name: getattr(config.telegram, name) for name in ("api_id", "api_hash", "session")}
    return {name: value.get_secret_value() for name, value in values.items() if value is not None}


def session_string(ipv6: bool = False) -> str:
    session = StringSession()
    session.set_dc(2, "::1" if ipv6 else "127.0.0.1", 443)
    session.auth_key = AuthKey(bytes(range(256)))
    return session.save()


def reddit(config: Config) -> dict[str, str]:
    values = {name: text_of(getattr(config.reddit, name)) for name in services()["reddit"].credentials.names}
    return {name: value for name, value in values.items() if value is not None}
