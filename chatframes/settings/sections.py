"""List the sections of config.json, one for each service and one for downloads, and the values of their keys."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, get_args

import annotated_types
from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from ..services import services
from .checks import Secret
from .keys import GENERAL_KEYS, STRICT, DownloadsConfig

__all__ = ["allowed_values", "config_file", "credentials_in", "is_secret", "keys_of", "sections"]


@functools.cache
def sections() -> dict[str, type[BaseModel]]:
    """Return the model of every section, by its name."""
    return {name: service.section for name, service in services().items()} | {"downloads": DownloadsConfig}


@functools.cache
def config_file() -> type[BaseModel]:
    """Return the model of a whole config.json: defaults for all services at the top, then a section each."""
    general: dict[str, Any] = {name: (meaning | None, None) for name, meaning in GENERAL_KEYS.items()}
    parts: dict[str, Any] = {name: (model, model()) for name, model in sections().items()}
    return create_model("ConfigFile", __config__=STRICT, **general, **parts)


def credentials_in(data: dict[str, Any], service: str) -> dict[str, Any]:
    """Return the credentials that a service's section of a config.json holds."""
    section = data.get(service)
    if not isinstance(section, dict):
        return {}
    return {name: section[name] for name in services()[service].credentials.names if section.get(name) is not None}


def is_secret(section: str, name: str) -> bool:
    """Whether a key of a section holds a secret."""
    return Secret in get_args(sections()[section].model_fields[name].annotation)


def keys_of(path: Sequence[str]) -> type[BaseModel]:
    """Return the model of a section, or of a section within one: ``("telegram", "server")``."""
    model = sections()[path[0]]
    for name in path[1:]:
        model = _within(model.model_fields[name]) or model
    return model


def allowed_values(section: str, name: str) -> str:
    """Return the allowed values of a key in words: ``1 to 200``; `section` may be nested: ``telegram.server``."""
    info = keys_of(section.split(".")).model_fields[name]
    low = next((m.ge for m in info.metadata if isinstance(m, annotated_types.Ge)), None)
    high = next((m.le for m in info.metadata if isinstance(m, annotated_types.Le)), None)
    if low is not None:
        return f"{low} to {high}"
    if info.annotation is bool:
        return "true or false"
    if info.annotation is not None and tuple in (info.annotation, getattr(info.annotation, "__origin__", None)):
        return 'a list of "host:port"'
    if Secret in get_args(info.annotation):
        return "secret"
    inner = _within(info)
    return "a string" if inner is None else f"null, or {{{', '.join(inner.model_fields)}}}"


def _within(info: FieldInfo) -> type[BaseModel] | None:
    """Return the model of the section that a key holds; None when it holds a plain value."""
    kinds = (info.annotation, *get_args(info.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
