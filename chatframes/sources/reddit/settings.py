"""Define the section "reddit" of config.json: the admin's limits and the credentials."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, field_validator

from ...services import Credentials
from ...settings.checks import Secret, filled_in, header_value, text_of
from ...settings.keys import STRICT, Connections, Downloads, Endpoint, KeepaliveConnections

__all__ = ["CREDENTIALS", "NAME", "RedditConfig"]

NAME = "reddit"  # of the service: in config.json, in messages, and for its gate


def _client_id(value: Secret | None) -> Secret | None:
    """Check the id of a Reddit app. It is sent as ``id:secret``, so it cannot hold a colon."""
    if value is not None and ":" in value.get_secret_value():
        raise ValueError("holds a colon, which no id of an app has: give the id alone")
    return value


def _username(value: Secret | None) -> Secret | None:
    """Check the name of a Reddit account, written with u/ or without."""
    if value is None:
        return None
    text = re.sub("^/?u/", "", filled_in(value))
    if not text or not all("!" <= letter <= "~" and letter != "/" for letter in text):
        raise ValueError("is no name of an account: give what stands after u/")
    return Secret(text)


def _password(value: Secret | None) -> Secret | None:
    """Check a password: any text that UTF-8 can encode."""
    if value is None:
        return None
    text = value.get_secret_value()
    if not text:
        raise ValueError("is empty: fill it in, or take the key out")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("holds a character that UTF-8 cannot encode: type it again")
    return value


def _user_agent(value: object) -> object:
    """Check the name of a program, which is sent in a header of every request."""
    text = text_of(value)
    if not isinstance(text, str):
        return text
    text = text.strip()
    if not (7 <= len(text) <= 200 and all(" " <= letter <= "~" for letter in text)):
        raise ValueError(
            "must be 7 to 200 plain ASCII characters in one line, such as linux:my-notebooks:1.0 (by /u/name)"
        )
    return text


class RedditConfig(BaseModel):
    """The admin's settings for Reddit. Frozen; credentials are masked in every repr and dump.

    Among the credentials, `user_agent` is no secret, and may be given in another place than the others.
    """

    model_config = STRICT

    max_concurrent_image_downloads: Downloads = 20
    max_connections: Connections = 100
    max_keepalive_connections: KeepaliveConnections = 20
    reddit_url: Endpoint = Field(
        "https://www.reddit.com",
        description="Where its site is, which gives tokens: for a gateway or an emulator, as base_url.",
    )
    oauth_url: Endpoint = Field(
        "https://oauth.reddit.com", description="Where its API is: for a gateway or an emulator, as base_url."
    )
    client_id: Annotated[Secret | None, AfterValidator(_client_id)] = Field(
        None, description="Of your own app; with client_secret alone it reads what is public."
    )
    client_secret: Secret | None = Field(None, description="Of the same app.")
    refresh_token: Secret | None = Field(
        None, description="Of an account that has let the app in; or give username and password."
    )
    username: Annotated[Secret | None, AfterValidator(_username)] = Field(
        None, description='Of the account that made the app (a "script"); or give refresh_token.'
    )
    password: Annotated[Secret | None, AfterValidator(_password)] = Field(None, description="Of the same account.")
    user_agent: Annotated[str | None, BeforeValidator(_user_agent)] = Field(
        None, description="What the program calls itself, 7 to 200 characters; one is made up where none is given."
    )

    _can_travel = field_validator("client_id", "client_secret", "refresh_token")(header_value)


_APP, _ACCOUNT = ("client_id", "client_secret"), ("username", "password")

CREDENTIALS = Credentials(
    names=(*_APP, "refresh_token", *_ACCOUNT, "user_agent"),
    needs=dict.fromkeys((*_APP, "refresh_token"), _APP) | dict.fromkeys(_ACCOUNT, (*_APP, *_ACCOUNT)),
    either=(("refresh_token",), _ACCOUNT),
    label="user_agent",
    asked=(("client_id", "Client id"), ("client_secret", "Client secret")),
)
