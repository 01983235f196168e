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

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .api import chats as chats
    from .api import chats_async as chats_async
    from .api import fetch as fetch
    from .api import fetch_async as fetch_async
    from .api import last_result as last_result
    from .api import shutdown as shutdown
    from .api import stream as stream
    from .blocking import enable_nested_loops as enable_nested_loops
    from .config import Config as Config
    from .config import load_config as load_config
    from .errors import AuthError as AuthError
    from .errors import ChatframesError as ChatframesError
    from .errors import ChatNotFound as ChatNotFound
    from .errors import ConfigError as ConfigError
    from .errors import IncompleteWarning as IncompleteWarning
    from .errors import RateLimited as RateLimited
    from .errors import ServiceError as ServiceError
    from .image_settings import ImageSettings as ImageSettings
    from .login import TelegramLogin as TelegramLogin
    from .model import Event as Event
    from .notebook.controls import ImageControls as ImageControls
    from .notebook.gallery import gallery as gallery
    from .notebook.panel import FetchPanel as FetchPanel
    from .notebook.preview import preview as preview
    from .sandbox import sandbox as sandbox
    from .sources.reddit import Reddit as Reddit
    from .sources.telegram import Telegram as Telegram
    from .sources.webex import Webex as Webex
    from .table.activity import plot_activity as plot_activity
    from .table.files import read_parquet as read_parquet
    from .table.files import write_parquet as write_parquet
    from .table.frame import attachments as attachments
    from .table.report import Report as Report
    from .table.report import report as report

# Where each public name lives. Nothing is imported before it is used, so that `import chatframes` is quick.
_HOMES = {
    "api": "chats chats_async fetch fetch_async last_result shutdown stream",
    "blocking": "enable_nested_loops",
    "config": "Config load_config",
    "errors": "AuthError ChatNotFound ChatframesError ConfigError IncompleteWarning RateLimited ServiceError",
    "image_settings": "ImageSettings",
    "login": "TelegramLogin",
    "model": "Event",
    "notebook.controls": "ImageControls",
    "notebook.gallery": "gallery",
    "notebook.panel": "FetchPanel",
    "notebook.preview": "preview",
    "sources.reddit": "Reddit",
    "sources.telegram": "Telegram",
    "sources.webex": "Webex",
    "table.activity": "plot_activity",
    "table.files": "read_parquet write_parquet",
    "table.frame": "attachments",
    "table.report": "Report report",
    "sandbox": "sandbox",
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
