"""The user's half of the settings as widgets: whether to download images, and how large they may be."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import ipywidgets

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..page.cells import bundle
from ..page.html import Html, show_html
from ..settings.images import ImageSettings
from . import remembered

__all__ = ["ImageControls"]

MIB = 2**20
SMALLEST_MIB, LARGEST_MIB = 0.01, 2047  # a column of Arrow's holds 2 GiB
DEFAULT = ImageSettings(enabled=False)


class ImageControls:
    """A toggle and a size limit, to be passed to any call: ``images=controls``.

    They are read once, when the call begins. At first downloading is off, with 10 MiB; later, what this user chose
    last. How many downloads there are at once is the admin's, and stands in config.json.

    Parameters
    ----------
    enabled : bool, optional
        Download images; unless given, as chosen last.
    max_size_bytes : int, optional
        Leave out images above this size: up to 2,047 MiB (of 1,048,576 bytes).
    remember : bool
        Keep what is chosen for the next time, in a file of this user's (``~/.chatframes/choices.json``).

    Attributes
    ----------
    settings : ImageSettings
        What is chosen now.
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
            raise ConfigError("ImageControls: remember is True or False")
        last = _remembered() if remember else DEFAULT
        first = ImageSettings(
            last.enabled if enabled is None else enabled,
            last.max_size_bytes if max_size_bytes is None else max_size_bytes,
        )
        if not _fits(first):
            raise ConfigError(
                f"ImageControls: max_size_bytes is {first.max_size_bytes}, but the control goes from {SMALLEST_MIB} to "
                f"{LARGEST_MIB:,} MiB (of {MIB:,} bytes): pass an ImageSettings to the call"
            )
        self._remember = remember
        self._bytes = first.max_size_bytes  # exactly: a number of MiB may be a rounded one
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
        for one in self.choices:
            one.observe(self._changed, "value")

    @property
    def settings(self) -> ImageSettings:
        """What is chosen now; a snapshot, which later clicks do not change."""
        return ImageSettings(bool(self.toggle.value), self._bytes)

    def __repr__(self) -> str:
        return f"ImageControls({self._said()})"

    def _said(self) -> str:
        settings = self.settings
        return f"images up to {self.size.value:,g} MiB" if settings.enabled else "images off"

    def _explain(self, more: str = "") -> None:
        settings = self.settings
        if settings.enabled:
            said = (
                f"Images of more than {self.size.value:,g} MiB are left out, and the report says so. The limit may be "
                f"{SMALLEST_MIB} to {LARGEST_MIB:,} MiB; a change counts from the next fetch on."
            )
        else:
            said = "Only text is fetched; each image keeps its place in the table, as “skipped, disabled”."
        small = Html('<div style="font-size:90%;opacity:.8">{} {}</div>')
        show_html(self.explained, small.format(said, more))

    def _changed(self, change: Any) -> None:
        if change["owner"] is self.size:
            if not math.isfinite(change["new"]):  # no number at all, which a page cannot show either
                self.size.value = change["old"]
                return
            self._bytes = round(change["new"] * MIB)
        self.size.disabled = not self.toggle.value
        trouble = remembered.remember(images=asdict(self.settings)) if self._remember else ""
        self._explain(trouble)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self.box, repr(self))


def _remembered() -> ImageSettings:
    kept = remembered.recall().get("images")
    if not isinstance(kept, dict):
        return DEFAULT
    try:
        found = ImageSettings(kept.get("enabled", False), kept.get("max_size_bytes", DEFAULT.max_size_bytes))
    except ConfigError:  # the file was written by hand
        return DEFAULT
    return found if _fits(found) else DEFAULT


def _fits(settings: ImageSettings) -> bool:
    return SMALLEST_MIB <= settings.max_size_bytes / MIB <= LARGEST_MIB
