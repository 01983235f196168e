"""Fields for what must not be saved with a notebook: emptied the moment something typed reaches the kernel."""

from __future__ import annotations

import asyncio
from typing import Any

from ..settings.checks import Secret

__all__ = ["SecretField"]

COMES_SECONDS, COMES_STEPS = 0.5, 10
TAKEN = "taken: type again to replace it"


class SecretField:
    """Takes what is typed out of a widget at once, so that no state of the widget ever holds it.

    A page sends what stands in a field when somebody leaves it or presses Enter, and a widget's value may be saved
    with the notebook; so it is kept here instead, until it is used.

    Parameters
    ----------
    widget : ipywidgets.Text or ipywidgets.Password
        The field, which sends nothing at every key from now on.

    Examples
    --------
    >>> import ipywidgets
    >>> widget = ipywidgets.Password()
    >>> field = SecretField(widget)
    >>> widget.value = "22222"
    >>> widget.value, widget.placeholder
    ('', 'taken: type again to replace it')
    >>> field.take().get_secret_value()
    '22222'
    """

    def __init__(self, widget: Any) -> None:
        widget.continuous_update = False  # or it would be taken letter by letter
        self.widget = widget
        self._hint = widget.placeholder
        self._kept = Secret("")
        widget.observe(self._typed, "value")

    def _typed(self, change: Any) -> None:
        if change["new"]:  # else it is we who empty it
            self._kept = Secret(str(change["new"]))
            self.widget.placeholder = TAKEN
            self.widget.value = ""

    @property
    def empty(self) -> bool:
        """Whether nothing has been typed since it was taken last."""
        return not self._kept.get_secret_value().strip()

    async def come(self) -> None:
        """Wait a moment for what was typed, if it is not there: a button may be heard before the field beside it.

        A kernel with subshells hears each widget in the thread where that widget spoke last.
        """
        for _ in range(COMES_STEPS):
            if not self.empty:
                return
            await asyncio.sleep(COMES_SECONDS / COMES_STEPS)

    def take(self) -> Secret:
        """Return what was typed last, and forget it; an empty secret when there is nothing."""
        kept, self._kept = self._kept, Secret("")
        self.widget.placeholder = self._hint
        return kept
