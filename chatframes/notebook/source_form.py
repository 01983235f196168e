"""Widgets for the fields of a service's source, made from the `Field` descriptions of the service."""

from __future__ import annotations

import inspect
import threading
from typing import Any

import ipywidgets

from ..errors import ConfigError
from ..services import Field, Service
from ..sources import Source
from .fields import NARROW, WIDE, number_or_all, whole_number

__all__ = ["SourceForm"]


class SourceForm:
    """Widgets for the fields of one service.

    Parameters
    ----------
    service : Service
        The service that describes the fields.
    first : Source, optional
        What is filled in at first; None is the defaults of the source.

    Attributes
    ----------
    widgets : dict of str to ipywidgets.ValueWidget
        One for each field, by its name.
    choices : tuple of ipywidgets.ValueWidget
        The same, in order.
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(self, service: Service, first: Source | None = None) -> None:
        self._fields = {field.name: field for field in service.fields}
        self._defaults = _defaults(service)
        self._lock = threading.RLock()  # a fetch asks on the loop's thread, clicks come on the kernel's
        self._refreshing = False
        values = {name: getattr(first, name, self._defaults[name]) for name in self._fields}
        self.widgets = {name: _widget(field, values) for name, field in self._fields.items()}
        self.choices = tuple(self.widgets.values())
        self.box = ipywidgets.VBox(self._rows())
        self._refresh()
        for widget in self.choices:
            widget.observe(lambda _: self._refresh(), "value")

    def values(self) -> dict[str, Any]:
        """Return the keywords of the source.

        Raises
        ------
        ConfigError
            A required text is missing, or something that must be a number is not one.
        """
        with self._lock:
            written = {name: widget.value for name, widget in self.widgets.items()}
            disabled = {name for name, widget in self.widgets.items() if widget.disabled}
        return {
            name: self._defaults[name] if name in disabled else _read(field, written[name])
            for name, field in self._fields.items()
        }

    def _rows(self) -> list[Any]:
        wide = [self.widgets[name] for name, field in self._fields.items() if field.wide]
        narrow = [self.widgets[name] for name, field in self._fields.items() if not field.wide]
        return [*wide, *([ipywidgets.HBox(narrow, layout={"flex_flow": "row wrap"})] if narrow else [])]

    def _refresh(self) -> None:
        """Update the options of each choice, and disable fields that do not apply: both may depend on other fields."""
        with self._lock:
            if self._refreshing:
                return
            self._refreshing = True
            try:
                for name, field in self._fields.items():
                    widget = self.widgets[name]
                    if field.kind == "choice":
                        _set_options(widget, field, self._current(), self._defaults[name])
                    widget.disabled = not field.applies(self._current())
            finally:
                self._refreshing = False

    def _current(self) -> dict[str, Any]:
        values = {name: widget.value for name, widget in self.widgets.items()}
        return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}


def _defaults(service: Service) -> dict[str, Any]:
    """Return the default value of each field; an empty text for those that are required."""
    parameters = inspect.signature(service.source).parameters
    defaults = {field.name: parameters[field.name].default for field in service.fields}
    return {name: "" if value is inspect.Parameter.empty else value for name, value in defaults.items()}


def _widget(field: Field, values: dict[str, Any]) -> Any:
    look = WIDE if field.wide else NARROW
    value = values[field.name]
    if field.kind == "choice":
        options = field.options(values)
        return ipywidgets.Dropdown(description=field.label, options=options, value=value, tooltip=field.tooltip, **look)
    return ipywidgets.Text(
        description=field.label,
        placeholder=field.hint,
        value="" if value is None else str(value),
        tooltip=field.tooltip,
        **look,
    )


def _set_options(widget: Any, field: Field, values: dict[str, Any], default: Any) -> None:
    options = tuple(field.options(values))
    if widget.options != options:
        value = widget.value
        widget.options = options
        widget.value = value if value in [allowed for _, allowed in options] else default


def _read(field: Field, value: Any) -> Any:
    """Return the value of a field as the source takes it."""
    if field.kind == "choice":
        return value
    text = value.strip()
    if field.kind == "number or all":
        return number_or_all(text, field.label)
    if field.kind == "number":
        return whole_number(text, field.label, f"write one, or nothing for {field.hint}") if text else None
    if not text and field.missing:
        raise ConfigError(field.missing)
    return text or None
