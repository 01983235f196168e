"""Define the user's settings of a call: whether to download images, how large they may be, and which come first."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..words import nearest, number_or_kind
from .mistakes import admin_keys, unknown_key

__all__ = ["ImageOrder", "ImageSettings", "image_settings", "refuse_order"]

MAX_SIZE_BYTES = 10 * 2**20
KEYS = ["enabled", "max_size_bytes", "keep_undecodable", "total_bytes", "bytes_per_second", "order"]
ORDERS = ("newest", "oldest", "smallest")
LEAST = {"total_bytes": 1, "bytes_per_second": 1024}
LARGEST_SIZE_BYTES = 2**31 - 1  # Arrow counts the bytes of a binary column in 32 bits

# One of ORDERS, or a function of a message and one of its attachments that returns what they are sorted by.
ImageOrder = str | Callable[[Any, Any], Any] | None


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """The user's settings for one call: whether to download images, how large they may be, and which come first.

    Parameters
    ----------
    enabled : bool
        Download images.
    max_size_bytes : int
        Leave out images above this size, 1 to 2,147,483,647 bytes; by default 10 MiB.
    keep_undecodable : bool
        Also keep images that Pillow does not open (HEIC, or more than 178,956,970 pixels), which are otherwise
        ``skipped/undecodable``. A file with such an image tells `datasets` to hand out bytes and decode nothing.
    total_bytes : int or None
        Leave out images once those of this call come to so many bytes: the rest is ``skipped/budget``. It can only
        lower what config.json allows, and so can `bytes_per_second`.
    bytes_per_second : int or None
        Download no faster than this, on average, in this call.
    order : {"newest", "oldest", "smallest"}, callable or None
        Which image is downloaded next, of those known so far; None takes them as they are found. A callable is called
        with a message and one of its attachments, which have the fields of the table (``message.created_at``,
        ``attachment.declared_size``); it returns what to sort by. The least comes first, and None last. For `fetch` and
        `fill_images` only: `stream` and `export` keep the order of time.

    Raises
    ------
    ConfigError
        A value is of the wrong type or out of range.

    Examples
    --------
    >>> ImageSettings(enabled=True)
    ImageSettings(enabled=True, max_size_bytes=10485760)
    """

    enabled: bool
    max_size_bytes: int = MAX_SIZE_BYTES
    keep_undecodable: bool = False
    total_bytes: int | None = None
    bytes_per_second: int | None = None
    order: ImageOrder = None

    def __post_init__(self) -> None:
        size = self.max_size_bytes
        for name in ("enabled", "keep_undecodable"):
            if not isinstance(value := getattr(self, name), bool):
                raise ConfigError(f"images: {name} is {number_or_kind(value)}: write True or False.")
        if not isinstance(size, int) or isinstance(size, bool):
            raise ConfigError(f"images: max_size_bytes is {number_or_kind(size)}: write a whole number of bytes.")
        if not 1 <= size <= LARGEST_SIZE_BYTES:
            raise ConfigError(
                f"images: max_size_bytes is {size}, but may be 1 to {LARGEST_SIZE_BYTES} (default {MAX_SIZE_BYTES})."
            )
        for name, least in LEAST.items():
            if (bound := getattr(self, name)) is None:
                continue
            if not isinstance(bound, int) or isinstance(bound, bool):
                raise ConfigError(f"images: {name} is {number_or_kind(bound)}: write a whole number of bytes, or None.")
            if bound < least:
                raise ConfigError(f"images: {name} is {bound}, but may be {least} or more, or None (the default).")
        _check_order(self.order)

    def __repr__(self) -> str:
        kept = ", keep_undecodable=True" if self.keep_undecodable else ""
        bounds = "".join(f", {name}={bound}" for name in LEAST if (bound := getattr(self, name)) is not None)
        by = f", order={self._order_said}" if self.order is not None else ""
        return f"ImageSettings(enabled={self.enabled}, max_size_bytes={self.max_size_bytes}{kept}{bounds}{by})"

    @property
    def _order_said(self) -> str:
        return repr(self.order) if isinstance(self.order, str) else str(getattr(self.order, "__name__", "a callable"))


def _check_order(order: object) -> None:
    if order is None or (isinstance(order, str) and order in ORDERS):
        return
    what = 'write "newest", "oldest", "smallest", or a function of a message and an attachment.'
    if isinstance(order, str):
        near = nearest(order, ORDERS)
        what = what if near is None else f'did you mean "{near}"?'
        raise ConfigError(f"images: order is a text that names no order: {what}")
    if not callable(order):
        raise ConfigError(f"images: order is {number_or_kind(order)}: {what}")
    if inspect.iscoroutinefunction(order):
        raise ConfigError("images: order is an async function: write a plain one, which is called for each attachment.")
    try:
        inspect.signature(order).bind(None, None)
    except ValueError:  # of some built-in functions nothing is known
        return
    except TypeError:
        raise ConfigError(
            "images: order is called with a message and one of its attachments, and does not take these two: "
            "write order=lambda message, attachment: ..."
        ) from None


def refuse_order(images: ImageSettings, verb: str) -> None:
    """Raise ConfigError if an order is set in a call that keeps the order of time.

    Examples
    --------
    >>> refuse_order(ImageSettings(True), "export")
    """
    if images.order is not None:
        raise ConfigError(
            f"images: order= is for fetch and fill_images; {verb} keeps the order of time, since it holds only what is "
            "under way: take it out."
        )


# The generated __init__ is wrapped: its signature stays, and a misspelt keyword is answered with the nearest one.
ImageSettings.__init__ = checks_keywords(ImageSettings.__init__)  # type: ignore[method-assign]


def image_settings(images: object) -> ImageSettings:
    """Turn the value of ``images=`` into `ImageSettings`.

    Parameters
    ----------
    images : None, bool, ImageSettings, mapping, or anything with a ``.settings``
        None and False are off, True is on up to 10 MiB, a mapping has the keys of `ImageSettings`. The
        ``.settings`` of a widget are read once, when this is called.

    Raises
    ------
    ConfigError
        It is none of these, or holds a key that belongs in config.json or is unknown.

    Examples
    --------
    >>> image_settings({"enabled": True, "max_size_bytes": 1_000_000})
    ImageSettings(enabled=True, max_size_bytes=1000000)
    """
    if images is None or isinstance(images, bool):
        return ImageSettings(bool(images))
    if not isinstance(images, ImageSettings | Mapping):
        images = getattr(images, "settings", images)
    if isinstance(images, ImageSettings):
        return images
    if not isinstance(images, Mapping):
        raise ConfigError(
            f"images= is {number_or_kind(images)}: give True, False, ImageSettings(enabled=True, max_size_bytes=...), "
            "a dict with these keys, or a widget that has .settings."
        )
    for key in images:
        if key in admin_keys():
            raise ConfigError(f'images: "{key}" is the admin\'s and not part of a call: it belongs in config.json.')
        if key not in KEYS:
            raise ConfigError(f"images: {unknown_key(str(key), KEYS)}")
    if "enabled" not in images:
        raise ConfigError('images: the key "enabled" is missing: write {"enabled": True, ...}.')
    return ImageSettings(**images)
