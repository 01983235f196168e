"""Read the environment: the path of config.json, and the credentials of each service."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..services import services
from .checks import Secret

__all__ = ["Environment"]


class Environment:
    """Environment variables that matter to chatframes. Empty ones count as missing; case is ignored.

    Parameters
    ----------
    variables : mapping of str to str, optional
        The variables; by default those of this process.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        variables = os.environ if variables is None else variables
        self._variables = {name.upper(): Secret(value) for name, value in variables.items() if value}

    @property
    def config_path(self) -> str | None:
        """The path in ``CHATFRAMES_CONFIG``."""
        path = self._variables.get("CHATFRAMES_CONFIG")
        return None if path is None else path.get_secret_value()

    def credentials(self, service: str) -> dict[str, Secret]:
        """Return the credentials of one service, under their names in config.json."""
        names = services()[service].credentials.names
        values = {name: self._variables.get(variable_of(service, name)) for name in names}
        return {name: value for name, value in values.items() if value is not None}


def variable_of(service: str, name: str) -> str:
    """Return the name of a credential's variable: ``WEBEX_ACCESS_TOKEN``."""
    return f"{service}_{name}".upper()
