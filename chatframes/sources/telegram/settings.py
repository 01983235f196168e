"""Define the section "telegram" of config.json: the admin's limits and the credentials."""

from __future__ import annotations

import binascii
import ipaddress
import re
from base64 import urlsafe_b64decode
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr

from ...services import Credentials
from ...settings.checks import Secret, filled_in, text_of
from ...settings.keys import STRICT, ChunkDays, Downloads, Fetches

__all__ = ["CREDENTIALS", "NAME", "TelegramConfig", "TelegramServer", "is_session_string"]

NAME = "telegram"  # of the service: in config.json, in messages, and for its gate

LARGEST_API_ID = 2**31 - 1  # it is sent as a signed number of 32 bits
_SESSION_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_SESSION_STRING_BYTES = (263, 275)  # a data centre, its address (IPv4 or IPv6), a port, a key of 256 bytes


def _api_id(value: object) -> object:
    """Check a Telegram api_id, written with quotes or without."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = Secret(str(value))
    if not isinstance(value, SecretStr):
        return value
    text = filled_in(Secret(value.get_secret_value()))
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= LARGEST_API_ID):
        raise ValueError("is no number such as 123456: copy it from https://my.telegram.org")
    return Secret(str(int(text)))


def _api_hash(value: Secret | None) -> Secret | None:
    """Check a Telegram api_hash."""
    if value is None:
        return None
    text = filled_in(value)
    if not re.fullmatch("[0-9a-fA-F]{32}", text):
        raise ValueError("must be 32 letters and digits (0 to 9, a to f): copy it from https://my.telegram.org, whole")
    return Secret(text)


def _session(value: Secret | None) -> Secret | None:
    """Check a Telegram session: the name under which a login is kept, or a session string."""
    if value is None:
        return None
    text = filled_in(value)
    if re.match(r"\d+:", text):
        raise ValueError(
            "is a bot's token, and Telegram shows bots no history: take it out, and log in with an account of yours "
            "(chatframes login telegram)"
        )
    if not (_SESSION_NAME.fullmatch(text) or is_session_string(text)):
        raise ValueError(
            "is neither a name (letters, digits, '_', '-' and '.', at most 64 and no path) nor a whole session string "
            "of Telethon's"
        )
    return Secret(text)


def is_session_string(text: str) -> bool:
    """Whether a text looks like a complete session string of Telethon's; checked without importing Telethon."""
    if not text.isascii() or text[:1] != "1":
        return False
    try:
        return len(urlsafe_b64decode(text[1:])) in _SESSION_STRING_BYTES
    except binascii.Error:
        return False


def _ip_address(value: object) -> object:
    """Check the address of a Telegram server: an IP address, since Telegram uses no host names."""
    text = text_of(value)
    if isinstance(text, str):
        try:
            return ipaddress.ip_address(text.strip()).compressed
        except ValueError:
            pass
        raise ValueError("is an IP address, such as 127.0.0.1")
    return text


def _rsa_key(value: object) -> object:
    """Check the public key of a Telegram server."""
    text = text_of(value)
    if not isinstance(text, str):
        return text
    import rsa  # Telethon's own

    try:
        rsa.PublicKey.load_pkcs1(text.encode())
    except Exception:
        is_key = False
    else:
        is_key = True
    if not is_key:
        raise ValueError("is a public RSA key in PEM (-----BEGIN RSA PUBLIC KEY-----), with its line breaks as \\n")
    return text


class TelegramServer(BaseModel):
    """The address of an emulator or gateway that is used instead of Telegram itself."""

    model_config = STRICT

    dc_id: int = Field(ge=1, le=1000, description="The number of its data centre.")
    address: Annotated[str, BeforeValidator(_ip_address), Field(description="Its IP address.")]
    port: int = Field(ge=1, le=65535, description="Its TCP port.")
    public_key: Annotated[str, BeforeValidator(_rsa_key), Field(repr=False, description="Its public RSA key, as PEM.")]

    def __str__(self) -> str:
        return f"{self.address} (port {self.port})"


class TelegramConfig(BaseModel):
    """The admin's settings for Telegram. Frozen; credentials are masked in every repr and dump."""

    model_config = STRICT

    max_concurrent_media_downloads: Downloads = Field(
        20, description="The same for Telegram, where max_concurrent_image_downloads is understood too."
    )
    max_concurrent_fetches: Fetches = 5
    parallel_fetch_chunk_days: ChunkDays = 7
    server: TelegramServer | None = Field(
        None, description="An emulator or gateway to speak to in Telegram's place; public_key is an RSA key in PEM."
    )
    api_id: Annotated[Secret | None, BeforeValidator(_api_id)] = Field(
        None, description="Of your own app, from https://my.telegram.org; a number, with or without quotes."
    )
    api_hash: Annotated[Secret | None, AfterValidator(_api_hash)] = Field(
        None, description="Of the same app: 32 letters and digits."
    )
    session: Annotated[Secret | None, AfterValidator(_session)] = Field(
        None,
        description='The name a login is kept under (by default "default"), or a session string of Telethon\'s.',
    )


CREDENTIALS = Credentials(
    names=("api_id", "api_hash", "session"),
    needs=dict.fromkeys(("api_id", "api_hash", "session"), ("api_id", "api_hash")),
    label="session",
    is_label=lambda text: not is_session_string(text),
    asked=(("api_id", "api_id"), ("api_hash", "api_hash")),
)
