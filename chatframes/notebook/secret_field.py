"""A field for a secret that must not be saved with the notebook: it is emptied as soon as its text arrives."""

from __future__ import annotations

import asyncio
from typing import Any

from ..settings.checks import Secret

__all__ = ["SecretField"]

WAIT_SECONDS, WAIT_STEPS = 0.5, 10
TAKEN = "taken: type again to replace it"


class SecretField:
    """Moves what is typed into a widget to a `Secret`, so that the widget's own value stays empty.

    A page sends the text of a field when the user leaves the field or presses Enter, and a widget's value may be saved
    with the notebook. So the text is kept here, until it is used.

    Parameters
    ----------
    widget : ipywidgets.Text or ipywidgets.Password
        The field; from now on it sends its text when it is left, not at every key.

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
        widget.continuous_update = False  # otherwise each letter would be taken alone
        self.widget = widget
        self._hint = widget.placeholder
        self._secret = Secret("")
        widget.observe(self._typed, "value")

    def _typed(self, change: Any) -> None:
        if change["new"]:  # it is empty when we empty it
            self._secret = Secret(str(change["new"]))
            self.widget.placeholder = TAKEN
            self.widget.value = ""

    @property
    def empty(self) -> bool:
        """Whether nothing has been typed since the last `take`."""
        return not self._secret.get_secret_value().strip()

    async def wait_for_input(self) -> None:
        """Wait up to half a second for what was typed: a button's click may arrive before its field's text.

        In a kernel with subshells each widget's messages have a thread of their own.
        """
        for _ in range(WAIT_STEPS):
            if not self.empty:
                return
            await asyncio.sleep(WAIT_SECONDS / WAIT_STEPS)

    def take(self) -> Secret:
        """Return what was typed last, and forget it; an empty secret when nothing was typed."""
        secret, self._secret = self._secret, Secret("")
        self.widget.placeholder = self._hint
        return secret
