"""The rules of the house: public names and their documents, examples that run, a quick import, whole sentences."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from help.parsing import parsed

import chatframes as cf

PACKAGE = Path(cf.__file__).parent

HEAVY = ("telethon", "asyncpraw", "pyarrow", "pandas", "ipywidgets", "httpx", "aiohttp", "pydantic", "PIL", "tqdm")

# What is raised, or called, with a sentence for people.
RAISED = frozenset(
    "AuthError ChatNotFound ChatframesError CodeExpired ConfigError FileNotFoundError IsADirectoryError RateLimited "
    "RuntimeError ServiceError StatusError TypeError UnknownKeyword refused_login warn".split()
)
PARTS = sorted(
    path.name for path in PACKAGE.iterdir() if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))
)

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
            "concat",
            "details",
            "enable_nested_loops",
            "export",
            "export_async",
            "fetch",
            "fetch_async",
            "fill_images",
            "fill_images_async",
            "gallery",
            "last_result",
            "load_config",
            "members",
            "plot_activity",
            "plot_metrics",
            "preview",
            "read_parquet",
            "report",
            "sandbox",
            "scan",
            "shutdown",
            "stream",
            "verify",
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
    if ">>>" not in inspect.getsource(module):
        return  # looking for examples takes ten times as long as looking for none
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


def first_and_last(text: ast.expr) -> list[tuple[str, str]]:
    """Return the literal beginning and end of each text that an expression can have; "" where a value stands."""
    match text:
        case ast.Constant(value=str(value)):
            return [(value, value)]
        case ast.JoinedStr(values=[first, *_] as parts):
            return [tuple(part.value if isinstance(part, ast.Constant) else "" for part in (first, parts[-1]))]
        case ast.IfExp(body=body, orelse=orelse):
            return first_and_last(body) + first_and_last(orelse)
        case ast.BinOp(left=left, right=right):
            beginnings, ends = first_and_last(left) or [("", "")], first_and_last(right) or [("", "")]
            return [(beginning, end) for beginning, _ in beginnings for _, end in ends]
        case _:
            return []


def texts_for_people(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the beginning and the end of every text of an error or a warning in a file."""
    for node in ast.walk(parsed(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).rpartition(".")[2] in RAISED:
            yield from first_and_last(node.args[0])


def texts_in(part: str) -> list[tuple[str, str, str]]:
    """Return (file, beginning, end) of every text for people in a folder or a file of the package."""
    files = [PACKAGE / part] if part.endswith(".py") else sorted((PACKAGE / part).rglob("*.py"))
    return [(path.name, *text) for path in files for text in texts_for_people(path)]


@pytest.mark.parametrize("part", PARTS)
def test_an_error_is_a_sentence_with_a_capital_letter_and_a_full_stop(part: str) -> None:
    texts = texts_in(part)
    # A first word such as "images:", "config=" or "Reddit(what)" is code, and stays as it is.
    small = [(file, first) for file, first, _ in texts if re.match(r"[a-z][a-z' -]*( |$)", first)]
    endless = [(file, last) for file, _, last in texts if last and not last.endswith((".", "?", "?\n"))]
    assert (small, endless) == ([], [])


@pytest.mark.parametrize(
    ("part", "at_least"),
    [("api.py", 1), ("services.py", 1), ("windows.py", 1)]
    + [(folder, 6) for folder in ("notebook", "settings", "sources", "table", "transfer", "world")],
)
def test_the_check_finds_the_sentences_that_it_is_about(part: str, at_least: int) -> None:
    assert len(texts_in(part)) >= at_least
