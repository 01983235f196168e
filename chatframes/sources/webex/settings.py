"""Define the section "webex" of config.json: the admin's limits and the credentials."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator

from ...services import Credentials
from ...settings.checks import Secret, header_value
from ...settings.keys import STRICT, ChunkDays, Connections, Downloads, Endpoint, Fetches, KeepaliveConnections

__all__ = ["CREDENTIALS", "NAME", "WebexConfig"]

NAME = "webex"  # of the service: in config.json, in messages, and for its gate


class WebexConfig(BaseModel):
    """The admin's settings for Webex. Frozen; credentials are masked in every repr and dump."""

    model_config = STRICT

    max_concurrent_image_downloads: Downloads = 20
    max_concurrent_fetches: Fetches = 5
    parallel_fetch_chunk_days: ChunkDays = 7
    max_connections: Connections = 100
    max_keepalive_connections: KeepaliveConnections = 20
    base_url: Endpoint = "https://webexapis.com/v1"
    allow_unscannable: bool = Field(
        False, description="Also download files that Webex could not scan for malware (encrypted ones, say)."
    )
    access_token: Secret | None = Field(
        None, description="A token: personal (12 hours), of a bot, or of an integration (14 days)."
    )
    client_id: Secret | None = Field(None, description="Of an integration, whose token is then renewed by itself.")
    client_secret: Secret | None = Field(None, description="Of the same integration.")
    refresh_token: Secret | None = Field(None, description="Of the same integration; lasts 90 days.")

    _can_travel = field_validator("access_token", "client_id", "client_secret", "refresh_token")(header_value)


_INTEGRATION = ("client_id", "client_secret", "refresh_token")

CREDENTIALS = Credentials(
    names=("access_token", *_INTEGRATION),
    needs=dict.fromkeys(_INTEGRATION, _INTEGRATION),
    alone="access_token",
    asked=(("access_token", "Access token"),),
)
