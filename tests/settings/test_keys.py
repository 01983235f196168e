"""The keys of the settings, their table in docs/settings.md and the example file say the same."""

from __future__ import annotations

import dataclasses
import doctest
import json

import pytest
from help.key_table import describe_keys, markdown_table
from help.settings import ROOT

from chatframes.settings import merge as config_module
from chatframes.settings.file import strip_comments
from chatframes.settings.merge import Config, load_config


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(config_module).failed == 0


def test_the_table_in_the_docs_is_the_one_the_settings_give():
    assert markdown_table() in (ROOT / "docs" / "settings.md").read_text("utf-8")


def test_the_example_file_holds_every_key_at_its_default_and_explains_it():
    text = (ROOT / "example-config.json").read_text("utf-8")
    assert load_config(ROOT / "example-config.json") == dataclasses.replace(Config(), path=ROOT / "example-config.json")
    data = json.loads(strip_comments(text))
    open_keys = [key for key in describe_keys() if not key.secret]
    assert {(section, name) for section in data for name in data[section]} == {
        (section, key.name) for key in open_keys for section in key.sections
    }
    for key in open_keys:
        for section in key.sections:
            assert json.dumps(data[section][key.name]) == json.dumps(key.default)
    for key in describe_keys():
        lines = [line for line in text.splitlines() if f'"{key.name}"' in line]
        assert any("//" in line for line in lines), f"{key.name} is not explained"
        assert not key.secret or all(line.strip().startswith("//") for line in lines)


def test_the_table_of_settings_has_a_row_for_every_key():
    rows = markdown_table().splitlines()[2:]
    assert len(rows) == len(describe_keys())
    assert all(row.count("|") == 6 for row in rows)
    assert all(key.meaning for key in describe_keys())


@pytest.mark.parametrize("key", describe_keys(), ids=lambda key: f"{key.sections[0]}.{key.name}")
def test_the_docs_explain_every_key_with_its_default(key):
    rows = [line for line in (ROOT / "docs" / "settings.md").read_text("utf-8").splitlines() if line.startswith("|")]
    about = [row for row in rows if f"`{key.name}`" in row.split("|")[1]]
    assert about, f"docs/settings.md has no row for {key.name}; .ci/settings_table.py writes the table"
    default = key.default if isinstance(key.default, str) else json.dumps(key.default)
    assert any(key.secret or f"`{default}`" in row for row in about)
    assert any(key.allowed in row for row in about)
