"""Parse the package's own files."""

from __future__ import annotations

import ast
import gc


def parsed(source: str) -> ast.Module:
    """Return the tree of a source text.

    Garbage is not collected meanwhile: in Python 3.11 what a collection runs may parse, too, and this parsing then
    ends in a SystemError ("AST constructor recursion depth mismatch").
    """
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()
