"""The house stays walkable: imports go downward, doors are where the page says, the door opens quickly."""

from __future__ import annotations

import ast
import doctest
import functools
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import chatframes as cf

PACKAGE = Path(cf.__file__).parent

# From the bottom up. A module may import what stands above it in this list, never what stands below.
FLOORS = """
    errors model windows values limits mistakes config_file images markup image_settings config blocking
    tally notebook notebook.display notebook.card progress notebook.choices
    transfer transfer.clock transfer.guard transfer.transport transfer.answers transfer.http transfer.gate transfer.patience transfer.link transfer.downloads
    table table.schema table.batches table.frame table.arrow table.files table.activity table.report
    sources sources.webex.rows sources.webex.people sources.webex.auth sources.webex.room sources.webex
    sources.telegram.media sources.telegram.markup sources.telegram.peers sources.telegram.rows
    sources.telegram.store sources.telegram.signing_in sources.telegram.pace sources.telegram.account
    sources.telegram.link sources.telegram.names sources.telegram.history sources.telegram.chat sources.telegram
    sources.reddit.listing sources.reddit.pictures sources.reddit.rows sources.reddit.names sources.reddit.pace
    sources.reddit.account sources.reddit.reader sources.reddit.posts sources.reddit.comments sources.reddit.threads
    sources.reddit.chat sources.reddit
    reading pipeline api notebook.controls notebook.thumbnails notebook.tile notebook.gallery notebook.preview
    notebook.fields notebook.login login notebook.days notebook.jobs notebook.entries notebook.saving
    notebook.chat_list notebook.reddit_place notebook.picker notebook.credentials notebook.code notebook.panel
    sandbox.photos sandbox.talk sandbox.world sandbox.writing sandbox.calls sandbox.faults sandbox.serving
    sandbox.telegram_drafts sandbox.telegram_things sandbox.telegram_voices sandbox.telegram_writing sandbox.telegram_ids
    sandbox.telegram_shelf sandbox.telegram_media sandbox.telegram_truth sandbox.telegram_records
    sandbox.mtproto_handshake sandbox.mtproto_messages sandbox.mtproto sandbox.telegram_faults
    sandbox.telegram_login sandbox.telegram_stock sandbox.telegram_methods sandbox.telegram_server
    sandbox.webex_records sandbox.webex_server
    sandbox.reddit_drafts sandbox.reddit_pictures sandbox.reddit_voices sandbox.reddit_oddities sandbox.reddit_writing
    sandbox.reddit_truth sandbox.reddit_records sandbox.reddit_listings sandbox.reddit_trees sandbox.reddit_faults
    sandbox.reddit_answers sandbox.reddit_server sandbox
""".split()
HEAVY = ("telethon", "asyncpraw", "pyarrow", "pandas", "ipywidgets", "httpx", "aiohttp", "pydantic", "PIL", "tqdm")


@functools.cache
def modules() -> dict[str, ast.Module]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(name: str, tree: ast.Module, known: set[str]) -> set[str]:
    """The modules of the house that a module imports, wherever in it the import stands."""
    package = name if (PACKAGE / name.replace(".", "/")).is_dir() else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("chatframes.") for alias in node.names if alias.name.startswith("chatframes.")
            }
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".") if package else []
                base = ".".join([*up[: len(up) - node.level + 1], *([node.module] if node.module else [])])
            elif base.split(".")[0] != "chatframes":
                continue
            else:
                base = base.removeprefix("chatframes").lstrip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                found.add(inner if inner in known else base)
    return found & known - {name, ""}


def test_every_module_has_its_floor() -> None:
    assert set(modules()) - {"", "__main__"} == set(FLOORS)


@pytest.mark.parametrize("name", FLOORS)
def test_imports_go_downward_only(name: str) -> None:
    trees = modules()
    for other in imported(name, trees[name], set(trees)):
        assert FLOORS.index(other) < FLOORS.index(name), f"{name} imports {other}, which is not below it"


def test_transfer_knows_no_table_and_table_no_network() -> None:
    for name, tree in modules().items():
        text = ast.unparse(tree)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if name.startswith("transfer"):
            assert "import pandas" not in text
            assert not {"webex", "telegram", "reddit"} & {word.lower() for word in names}
        if name.startswith("table"):
            assert not any(f"import {heavy}" in text for heavy in ("httpx", "aiohttp", "asyncio"))
        if not name.startswith("sandbox") and name not in ("", "__main__"):
            assert "sandbox" not in {
                part for module in imported(name, tree, set(modules())) for part in module.split(".")
            }


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


@pytest.mark.parametrize("name", ["", *FLOORS])
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
