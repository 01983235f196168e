"""Begin to write a folder: it is made, locked and tried out before the first request."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from .folder import Folder, folder_at, make_places, try_out
from .lock import held
from .recovery import refuse_strangers
from .trouble import trouble_said

__all__ = ["entered"]


def entered(path: Path, lock: ExitStack) -> tuple[Folder, bool, bool]:
    """Become the only one who writes a folder, and try out whether that works.

    Parameters
    ----------
    path : Path
        As the user named it.
    lock : ExitStack
        Holds the lock until it is closed.

    Returns
    -------
    tuple of Folder, bool and bool
        The folder, whether no call has been in it, and whether it was there.

    Raises
    ------
    ConfigError
        Another process writes it, it holds something else, or it is no folder.
    OSError
        It cannot be written; a sentence says why.
    """
    folder = folder_at(path, "export")
    is_first, keep_root = not os.path.exists(folder.journal), os.path.exists(folder.root)
    with trouble_said(folder):
        refuse_strangers(folder)
        make_places(folder)
    lock.enter_context(held(folder))
    with trouble_said(folder):
        try_out(folder)
    return folder, is_first, keep_root
