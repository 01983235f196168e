"""Write the code that fetches what is chosen in a panel, to be copied into a cell."""

from __future__ import annotations

from ..page.html import plain
from ..services import services
from ..settings.images import ImageSettings
from ..sources import Source

__all__ = ["code_for"]


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
    lines = [
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
    return "\n".join(line for line in lines if line is not None)


def _images(images: ImageSettings) -> str:
    return "True" if images == ImageSettings(True) else f"cf.{images!r}"
