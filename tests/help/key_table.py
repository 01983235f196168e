"""Import the script that writes the table of settings, as a module."""

from __future__ import annotations

import importlib.util
import sys

from help.settings import ROOT

_spec = importlib.util.spec_from_file_location("settings_table", ROOT / ".ci" / "settings_table.py")
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["settings_table"] = _module
_spec.loader.exec_module(_module)

describe_keys, markdown_table = _module.describe_keys, _module.markdown_table
