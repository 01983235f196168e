"""A service that another distribution brings is like those built in: no line of chatframes changes for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

import chatframes as cf

TOY = Path(__file__).parents[1] / "toy_service"
REPOSITORY = Path(cf.__file__).parent.parent
PHOTO = REPOSITORY / "chatframes" / "world" / "community" / "photos" / "clock.jpg"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Build the toy's wheel, install it into a new environment, and let a user's program run there."""
    folder = tmp_path_factory.mktemp("toy")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "-q", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(folder), str(TOY)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    paths = json.loads(
        subprocess.run(
            [python, "-c", "import json, sysconfig; print(json.dumps(sysconfig.get_paths()))"],
            check=True, capture_output=True,
        ).stdout
    )  # fmt: skip
    subprocess.run(
        [*pip, "install", "-q", "--no-deps", "--no-index", "--target", paths["purelib"], str(wheel)],
        check=True, capture_output=True,
    )  # fmt: skip
    # chatframes and what it needs come from where the tests run.
    links = f"import site; site.addsitedir({sysconfig.get_paths()['purelib']!r})\n"
    (Path(paths["purelib"]) / "chatframes-of-the-tests.pth").write_text(links, encoding="utf-8")
    program = folder / "try_it.py"
    program.write_bytes((TOY / "try_it.py").read_bytes())
    home = {"HOME": str(folder), "PYTHONPATH": str(REPOSITORY)}
    ran = subprocess.run(
        [python, str(program), str(PHOTO)],
        cwd=folder, env={**os.environ, **home}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    result: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return result


def test_it_is_fetched_page_by_page_into_the_usual_table(told: dict[str, Any]) -> None:
    assert told["rows"] == 35
    assert told["texts"] == ["message 0", "message 34"]
    assert told["pages"] == 4


def test_a_picture_comes_through_the_gate_and_a_hostile_link_is_refused(told: dict[str, Any]) -> None:
    assert sorted(told["media"]) == [["ok", None], ["skipped", "blocked_address"]]
    assert told["picture"]
    assert told["key to pictures"] == ["Bearer canary-of-toychat"], "its own origin; the hostile link was never asked"


def test_its_chats_are_listed(told: dict[str, Any]) -> None:
    assert told["chats"] == [{"id": "lobby", "title": "Lobby"}]


def test_its_section_has_its_own_keys_and_its_credential_from_the_environment_is_masked(told: dict[str, Any]) -> None:
    assert "page_size=10" in told["repr"]
    assert "api_key=Secret('********')" in told["repr"]
    assert "canary" not in told["repr"]
    assert 'unknown key "page_sise" in "toychat": did you mean "page_size"?' in told["wrong key"]
    assert "toychat.page_size is 500, but may be 1 to 100 (default 10)." in told["wrong value"]


def test_its_report_is_like_any(told: dict[str, Any]) -> None:
    assert told["report"]["source"] == "ToyChat('lobby')"
    assert (told["report"]["status"], told["report"]["messages"], told["report"]["pages"]) == ("complete", 35, 4)
    assert "Lobby (ToyChat): 35 messages, complete" in told["printed"]


def test_errors_name_it_among_the_others(told: dict[str, Any]) -> None:
    assert "cf.Reddit('lobby') or toychat.ToyChat('lobby')" in told["a text"]


def test_the_panel_fetches_it_by_clicking_and_gives_the_code(told: dict[str, Any]) -> None:
    assert told["panel rows"] == 35
    assert "import chatframes as cf\nimport toychat\n" in told["panel code"]
    assert "toychat.ToyChat('lobby')" in told["panel code"]
