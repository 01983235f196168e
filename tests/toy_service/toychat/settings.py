"""What an admin may set for ToyChat, and the credential that it takes."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator

from chatframes.services import Credentials
from chatframes.settings.checks import Secret, header_value
from chatframes.settings.keys import STRICT, Connections, Downloads, Endpoint, KeepaliveConnections


class ToyChatConfig(BaseModel):
    """The admin's settings for ToyChat. Frozen; the credential is masked in every repr and dump."""

    model_config = STRICT

    max_concurrent_image_downloads: Downloads = 20
    max_connections: Connections = 100
    max_keepalive_connections: KeepaliveConnections = 20
    base_url: Endpoint = "https://toychat.example.com"
    page_size: int = Field(10, ge=1, le=100, description="Messages that one request brings.")
    api_key: Secret | None = Field(None, description="Of your account at ToyChat.")

    _can_travel = field_validator("api_key")(header_value)


CREDENTIALS = Credentials(names=("api_key",), asked=(("api_key", "API key"),))
