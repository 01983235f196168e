"""Write the code that fetches what is chosen in a panel, to be copied into a cell."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ConfigError
from ..page.html import Html, lines, plain
from ..services import services
from ..settings.images import ImageSettings
from ..sources import Source
from .status_line import capitalized

__all__ = ["code_for", "code_html"]

_CODE = "user-select:all;white-space:pre-wrap;overflow-wrap:anywhere;padding:8px;background:rgba(128,128,128,.12)"


def code_for(source: Source, images: ImageSettings, *, title: str = "", config: str = "") -> str:
    """Return Python code that fetches this source.

    Parameters
    ----------
    source, images
        What is chosen in the panel.
    title : str
        The title of the chat, for a comment; it may hold any characters.
    config : str
        The name of the variable that holds the configuration; its contents are never part of the code.

    Examples
    --------
    >>> from chatframes.sources.webex.source import Webex
    >>> print(code_for(Webex("Project Apollo", since="2026-10-01"), ImageSettings(True)))
    import chatframes as cf
    <BLANKLINE>
    df = cf.fetch(
        cf.Webex('Project Apollo', since='2026-10-01'),
        images=True,
    )
    """
    service = services()[source.service]
    written = [
        "import chatframes as cf",
        None if service.module == "chatframes" else f"import {service.module}",
        "",
        "df = cf.fetch(",
        f"    # {plain(title)}" if title else None,
        f"    {service.prefix}{source!r},",
        f"    images={_images(images)}," if images.enabled else None,
        f"    config={config}," if config else None,
        ")",
    ]
    return "\n".join(line for line in written if line is not None)


def code_html(write: Callable[[], str]) -> Html:
    """Return what `write` returns as HTML to be copied or, where something is wrong with the choice, what that is."""
    try:
        return Html('The same as code:<pre style="{}">{}</pre>').format(_CODE, lines(write()))
    except ConfigError as error:
        return Html("<div>{}</div>").format(lines(capitalized(str(error))))


def _images(images: ImageSettings) -> str:
    return "True" if images == ImageSettings(True) else f"cf.{images!r}"
