"""HTML is a type: a text becomes HTML by being escaped, and nothing but HTML gets onto a page."""

from __future__ import annotations

import ast
from pathlib import Path

import ipywidgets
import pytest
from help.parsing import parsed
from markupsafe import Markup

import chatframes as cf
from chatframes.page.html import Html, show_html

pytestmark = pytest.mark.quick

HOSTILE = "<b onclick='x'>\u202e\"&"
DEAD = "&lt;b onclick=&#x27;x&#x27;&gt; &quot;&amp;"


def test_whatever_is_put_into_html_is_escaped_and_cannot_turn_the_writing_around() -> None:
    assert Html('<i title="{}">{x}</i>').format(HOSTILE, x=HOSTILE) == f'<i title="{DEAD}">{DEAD}</i>'
    assert Html("<br>").join([HOSTILE, Html("<i>")]) == f"{DEAD}<br><i>"
    assert Html("<i>") + HOSTILE == f"<i>{DEAD}"
    assert HOSTILE + Html("<i>") == f"{DEAD}<i>"
    assert Html("<i>%s</i>") % HOSTILE == f"<i>{DEAD}</i>"


def test_html_of_somebody_else_is_a_text_to_us() -> None:
    class Claims:
        def __html__(self) -> str:
            return "<script>"

        def __str__(self) -> str:
            return "<i>"

    assert Html.escape(Claims()) == Html("{}").format(Markup("<i>")) == "&lt;i&gt;"


def test_what_a_widget_gets_is_a_plain_text() -> None:
    widget = ipywidgets.HTML()
    show_html(widget, Html("<b>{}</b>").format(HOSTILE))
    assert (type(widget.value), widget.value) == (str, f"<b>{DEAD}</b>")


def test_html_gets_onto_our_pages_by_one_way() -> None:
    """mypy cannot see into ipywidgets: nobody else may write to one of its HTML widgets."""
    for path in sorted(Path(cf.__file__).parent.rglob("*.py")):
        tree = parsed(path.read_text(encoding="utf-8"))
        made = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and _makes_html(node.value)]
        names = {ast.unparse(target) for node in made for target in node.targets}
        for node in made:
            for keyword in node.value.keywords:  # type: ignore[attr-defined]
                shown = ast.unparse(keyword.value)
                assert keyword.arg != "value" or shown.startswith(("str(Html", "str(small_html")), f"{path}: {shown}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                written = {ast.unparse(target).removesuffix(".value") for target in node.targets if _is_value(target)}
                assert not written & names, f"{path}: {ast.unparse(node)}"


def _makes_html(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("ipywidgets.HTML", "HTML")


def _is_value(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "value"
