"""Chats from Webex, Telegram and Reddit as pandas DataFrames, pictures included.

>>> import chatframes as cf
>>> with cf.sandbox() as world:
...     df = cf.fetch(cf.Webex("Project Apollo"), images=True, config=world.config, progress=False)
>>> print(len(df))
300
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__ as __version__

if TYPE_CHECKING:
    from .api import chats as chats
    from .api import chats_async as chats_async
    from .api import fetch as fetch
    from .api import fetch_async as fetch_async
    from .api import shutdown as shutdown
    from .api import stream as stream
    from .errors import AuthError as AuthError
    from .errors import ChatframesError as ChatframesError
    from .errors import ChatNotFound as ChatNotFound
    from .errors import ConfigError as ConfigError
    from .errors import IncompleteWarning as IncompleteWarning
    from .errors import RateLimited as RateLimited
    from .errors import ServiceError as ServiceError
    from .export_api import export as export
    from .export_api import export_async as export_async
    from .exports.filling import fill_images as fill_images
    from .exports.filling import fill_images_async as fill_images_async
    from .exports.reading import read_parquet as read_parquet
    from .exports.reading import report as report
    from .exports.reading import scan as scan
    from .exports.verify import verify as verify
    from .model import Event as Event
    from .nested_loops import enable_nested_loops as enable_nested_loops
    from .notebook.gallery import gallery as gallery
    from .notebook.image_controls import ImageControls as ImageControls
    from .notebook.metrics import plot_metrics as plot_metrics
    from .notebook.panel import FetchPanel as FetchPanel
    from .notebook.preview import preview as preview
    from .page.activity import plot_activity as plot_activity
    from .page.members import members as members
    from .results import last_result as last_result
    from .settings.images import ImageSettings as ImageSettings
    from .settings.merge import Config as Config
    from .settings.merge import load_config as load_config
    from .sources.reddit.source import Reddit as Reddit
    from .sources.telegram.login import TelegramLogin as TelegramLogin
    from .sources.telegram.source import Telegram as Telegram
    from .sources.webex.source import Webex as Webex
    from .table.concat import concat as concat
    from .table.details import details as details
    from .table.files import write_parquet as write_parquet
    from .table.frame import attachments as attachments
    from .table.report import Report as Report
    from .world.sandbox import sandbox as sandbox

# Where each public name lives. Nothing is imported before it is used, so that `import chatframes` is quick.
_HOMES = {
    "api": "chats chats_async fetch fetch_async shutdown stream",
    "errors": "AuthError ChatNotFound ChatframesError ConfigError IncompleteWarning RateLimited ServiceError",
    "export_api": "export export_async",
    "exports.filling": "fill_images fill_images_async",
    "exports.reading": "read_parquet report scan",
    "exports.verify": "verify",
    "model": "Event",
    "nested_loops": "enable_nested_loops",
    "notebook.gallery": "gallery",
    "notebook.image_controls": "ImageControls",
    "notebook.metrics": "plot_metrics",
    "notebook.panel": "FetchPanel",
    "notebook.preview": "preview",
    "page.activity": "plot_activity",
    "page.members": "members",
    "results": "last_result",
    "settings.images": "ImageSettings",
    "settings.merge": "Config load_config",
    "sources.reddit.source": "Reddit",
    "sources.telegram.login": "TelegramLogin",
    "sources.telegram.source": "Telegram",
    "sources.webex.source": "Webex",
    "table.concat": "concat",
    "table.details": "details",
    "table.files": "write_parquet",
    "table.frame": "attachments",
    "table.report": "Report",
    "world.sandbox": "sandbox",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'chatframes' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
