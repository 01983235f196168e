"""The house stays walkable: imports go downward, doors are where the page says, the door opens quickly."""

from __future__ import annotations

import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import chatframes as cf

PACKAGE = Path(cf.__file__).parent

HEAVY = ("telethon", "asyncpraw", "pyarrow", "pandas", "ipywidgets", "httpx", "aiohttp", "pydantic", "PIL", "tqdm")


MODULES = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")
    for path in PACKAGE.rglob("*.py")
    if path.stem != "__main__"
)


def test_the_public_surface_is_what_all_says() -> None:
    assert cf.__all__ == sorted(
        [
            "AuthError",
            "ChatNotFound",
            "ChatframesError",
            "Config",
            "ConfigError",
            "Event",
            "FetchPanel",
            "ImageControls",
            "ImageSettings",
            "IncompleteWarning",
            "RateLimited",
            "Reddit",
            "Report",
            "ServiceError",
            "Telegram",
            "TelegramLogin",
            "Webex",
            "attachments",
            "chats",
            "chats_async",
            "enable_nested_loops",
            "fetch",
            "fetch_async",
            "gallery",
            "last_result",
            "load_config",
            "plot_activity",
            "preview",
            "read_parquet",
            "report",
            "sandbox",
            "shutdown",
            "stream",
            "write_parquet",
        ]
    )
    assert set(cf.__all__) <= set(dir(cf))


@pytest.mark.parametrize("name", cf.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    value = getattr(cf, name)
    assert inspect.getdoc(value)
    if inspect.isfunction(value):
        for parameter in inspect.signature(value).parameters:
            assert parameter in inspect.getdoc(value) or name.endswith("_async")


@pytest.mark.parametrize("name", MODULES)
def test_every_example_in_a_docstring_runs(name: str) -> None:
    module = importlib.import_module(f"chatframes.{name}".rstrip("."))
    # enable_nested_loops patches the process; it is tried in processes of its own.
    examples = [e for e in doctest.DocTestFinder().find(module) if "enable_nested_loops" not in e.name]
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for example in examples:
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


def test_importing_chatframes_imports_nothing_heavy() -> None:
    code = f"import sys, chatframes; print([name for name in {HEAVY!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'fetsch'"):
        cf.fetsch  # noqa: B018
