"""A service owns itself: nothing outside its package mentions it by name, whatever the house does with all of them."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from help.parsing import parsed

import chatframes as cf
from chatframes.services import services

PACKAGE = Path(cf.__file__).parent
# Their own packages, the list of them, the public names, the sandbox that plays them, and Telegram's form, which is
# reached only through its descriptor.
OWN = ("sources/webex/", "sources/telegram/", "sources/reddit/", "world/", "__init__.py", "notebook/telegram_login.py")
NAMES = re.compile("|".join(services()), re.IGNORECASE)


def mentions(path: Path) -> Iterator[str]:
    """Yield where a file mentions a service, but for its docstrings and what lists the services that are built in."""
    text = path.read_text(encoding="utf-8")
    docstrings = set()
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["BUILT_IN"]:
            docstrings |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.start[0] not in docstrings and NAMES.search(token.string):
            yield f"{path.relative_to(PACKAGE)}:{token.start[0]}: {token.string[:60]}"


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(PACKAGE.rglob("*.py")) if not str(path.relative_to(PACKAGE)).startswith(OWN)],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_no_service_is_mentioned_by_name_outside_its_package(path: Path) -> None:
    assert list(mentions(path)) == []


def test_the_look_for_names_finds_them() -> None:
    assert list(mentions(PACKAGE / "sources" / "webex" / "service.py"))
