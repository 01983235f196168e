"""What the README and the docs say is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import chatframes as cf

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ALL = "\n".join([README, *(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")))])
TUNING = re.findall(r"`(\"\w+\": [^`]*)`", ALL)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_first_example_runs_as_printed() -> None:
    names: dict[str, object] = {}
    exec(blocks("python")[0], names)  # the README's own text
    assert len(names["df"]) == 300
    assert names["df"]["n_images"].sum() == 60


def test_the_first_two_commands_install_with_extras_and_stand_alone() -> None:
    first, second = blocks("sh")[:2]
    for command in (first, second):
        assert command.count("\n") == 1
        assert "-m venv" in command
        assert "--group" not in command  # older pips do not know dependency groups
    assert "chatframes demo" in first
    assert "pytest" in second


@pytest.mark.parametrize("settings", TUNING)
def test_every_tuning_line_is_a_config_that_loads(settings: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{" + settings + "}", encoding="utf-8")
    cf.load_config(path)


def test_every_tuning_line_was_found() -> None:
    assert len(TUNING) == 7


def test_every_name_that_is_called_exists() -> None:
    called = set(re.findall(r"\bcf\.(\w+)\(", ALL))
    assert len(called) > 10
    assert called <= set(cf.__all__)


def test_every_way_to_name_a_telegram_chat_finds_the_sandboxs() -> None:
    ways = {way for way in re.findall(r"cf\.(Telegram\([^)]*\))", ALL) if "name" not in way.split(",")[0]}
    assert len(ways) > 3
    with cf.sandbox(messages=120, images=0) as world:
        for way in ways:
            source = eval(way, {"Telegram": cf.Telegram})  # the README's own text
            assert len(cf.fetch(source, config=world.config, progress=False)) == (source.limit or 120)


def test_every_section_the_demo_speaks_of_exists() -> None:
    program = (ROOT / "chatframes" / "world" / "demo.py").read_text(encoding="utf-8")
    named = re.findall(r"\"(Your first real [^\"]+)\"", program)
    assert len(named) == 3
    for section in named:
        assert f"\n## {section}\n" in README


def test_every_file_the_readme_links_to_exists() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
