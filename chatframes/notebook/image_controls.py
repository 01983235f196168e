"""Widgets for the settings a user chooses: whether to download images, and how large they may be."""

from __future__ import annotations

import math
from typing import Any

import ipywidgets

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..page.cells import bundle
from ..page.html import Html, show_html
from ..settings.images import ImageSettings, image_settings
from . import remembered

__all__ = ["ImageControls", "controls_for"]

MIB = 2**20
SMALLEST_MIB, LARGEST_MIB = 0.01, 2047  # a column of Arrow's holds 2 GiB
DEFAULT = ImageSettings(enabled=False)


class ImageControls:
    """A toggle and a size limit, to be passed to any call: ``images=controls``.

    They are read once, when the call begins. The first time downloading is off, with 10 MiB; later they show what this
    user chose last. How many downloads run at once is set by the admin, in config.json.

    Parameters
    ----------
    enabled : bool, optional
        Download images; None is what was chosen last.
    max_size_bytes : int, optional
        Leave out images above this size: up to 2,047 MiB (of 1,048,576 bytes). None is what was chosen last.
    remember : bool
        Keep what is chosen for the next time, in this user's file ``~/.chatframes/choices.json``.

    Attributes
    ----------
    settings : ImageSettings
        What is chosen now.
    keep_undecodable : bool
        As in `ImageSettings`; False at first, and there is no widget for it.
    box : ipywidgets.VBox
        The widgets, to be put into a layout of your own.

    Raises
    ------
    ConfigError
        A value is of the wrong type or out of range.

    Examples
    --------
    >>> controls = ImageControls(enabled=True, remember=False)
    >>> controls.settings
    ImageSettings(enabled=True, max_size_bytes=10485760)
    """

    @checks_keywords
    def __init__(
        self, enabled: bool | None = None, max_size_bytes: int | None = None, *, remember: bool = True
    ) -> None:
        if not isinstance(remember, bool):
            raise ConfigError("ImageControls() cannot take this remember=: write True or False.")
        last = _last_choice() if remember else DEFAULT
        first = ImageSettings(
            last.enabled if enabled is None else enabled,
            last.max_size_bytes if max_size_bytes is None else max_size_bytes,
        )
        if not _fits(first):
            raise ConfigError(
                f"ImageControls() cannot take max_size_bytes={first.max_size_bytes}: the control goes from "
                f"{SMALLEST_MIB} to {LARGEST_MIB:,} MiB (of {MIB:,} bytes). For other sizes pass an "
                "ImageSettings to the call."
            )
        self._remember = remember
        self._bytes = first.max_size_bytes  # exact, while the number of MiB shown is rounded
        self.keep_undecodable = False
        self.toggle = ipywidgets.Checkbox(
            value=first.enabled, description="Download images", indent=False, layout={"width": "auto"}
        )
        self.size = ipywidgets.BoundedFloatText(
            value=round(first.max_size_bytes / MIB, 3),
            min=SMALLEST_MIB,
            max=LARGEST_MIB,
            description="Largest image (MiB)",
            disabled=not first.enabled,
            style={"description_width": "initial"},
            layout={"width": "15em", "margin": "2px 2px 2px 24px"},
        )
        self.explained = ipywidgets.HTML()
        self.choices = (self.toggle, self.size)
        self.box = ipywidgets.VBox((ipywidgets.HBox(self.choices), self.explained))
        self._explain()
        for widget in self.choices:
            widget.observe(self._changed, "value")

    @property
    def settings(self) -> ImageSettings:
        """What is chosen now, as a copy that later clicks do not change."""
        return ImageSettings(bool(self.toggle.value), self._bytes, self.keep_undecodable)

    def __repr__(self) -> str:
        enabled = self.settings.enabled
        return f"ImageControls({f'images up to {self.size.value:,g} MiB' if enabled else 'images off'})"

    def _explain(self, more: str = "") -> None:
        settings = self.settings
        if settings.enabled:
            explanation = (
                f"Images of more than {self.size.value:,g} MiB are left out, and the report says so. The limit may be "
                f"{SMALLEST_MIB} to {LARGEST_MIB:,} MiB; a change counts from the next fetch on."
            )
        else:
            explanation = "Only text is fetched; each image keeps its place in the table, as “skipped, disabled”."
        small = Html('<div style="font-size:90%;opacity:.8">{} {}</div>')
        show_html(self.explained, small.format(explanation, more))

    def _changed(self, change: Any) -> None:
        if change["owner"] is self.size:
            if not math.isfinite(change["new"]):  # infinite or not a number, which a page cannot show
                self.size.value = change["old"]
                return
            self._bytes = round(change["new"] * MIB)
        self.size.disabled = not self.toggle.value
        chosen = {"enabled": self.settings.enabled, "max_size_bytes": self._bytes}
        problem = remembered.remember(images=chosen) if self._remember else ""
        self._explain(problem)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self.box, repr(self))


def controls_for(images: object, remember: bool) -> ImageControls:
    """Return controls that show the value of ``images=``; those that it is, if it is controls already."""
    if isinstance(images, ImageControls):
        return images
    if images is None:
        return ImageControls(remember=remember)
    chosen = image_settings(images)
    controls = ImageControls(chosen.enabled, chosen.max_size_bytes, remember=remember)
    controls.keep_undecodable = chosen.keep_undecodable
    return controls


def _last_choice() -> ImageSettings:
    images = remembered.recall().get("images")
    if not isinstance(images, dict):
        return DEFAULT
    try:
        settings = ImageSettings(images.get("enabled", False), images.get("max_size_bytes", DEFAULT.max_size_bytes))
    except ConfigError:  # the file was written by hand
        return DEFAULT
    return settings if _fits(settings) else DEFAULT


def _fits(settings: ImageSettings) -> bool:
    return SMALLEST_MIB <= settings.max_size_bytes / MIB <= LARGEST_MIB
