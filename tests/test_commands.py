"""The commands, as somebody uses them who does not write Python: lists, bounds, mistakes, an interrupt."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import chatframes as cf
from chatframes import commands
from chatframes.__main__ import main
from chatframes.commands_words import in_terminal_words

OF_PYTHON = re.compile(r"\b(?!https?)\w+=['\"\w]|\w\(\w*\)|\bcf\.|chatframes\.\w|max_size_bytes|\bNone\b|\bTrue\b")


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=40, images=4) as world:
        yield world


@pytest.fixture(scope="module")
def config(world: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(json.dumps(world.config), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_chats_are_listed_as_the_other_commands_take_them(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chats", "--config", config]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {shlex.split(line)[-1].partition(":")[0] for line in lines} == {"webex", "telegram"}
    (kitchen,) = [line for line in lines if "Kitchen" in line]
    assert re.match(r"\d{4}-\d\d-\d\d  group     Kitchen  ", kitchen)
    out = ["--config", config, "--quiet", "--output", str(tmp_path / "kitchen.parquet")]
    assert main(["fetch", shlex.split(kitchen)[-1], *out]) == 0
    assert set(cf.read_parquet(tmp_path / "kitchen.parquet")["chat_name"]) == {"Kitchen"}


def test_a_list_that_fails_takes_no_other_with_it(
    world: Any, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = json.loads(Path(config).read_text(encoding="utf-8"))
    broken["webex"]["access_token"] = "x" * 40
    (tmp_path / "config.json").write_text(json.dumps(broken), encoding="utf-8")
    (tmp_path / "config.json").chmod(0o600)
    assert main(["chats", "--config", str(tmp_path / "config.json")]) == 3
    said = capsys.readouterr()
    assert "telegram:" in said.out
    assert said.err.startswith("chatframes: ")
    assert main(["chats", "webex", "--config", str(tmp_path / "config.json")]) == 1
    (tmp_path / "empty.json").write_text("{}", encoding="utf-8")
    assert main(["chats", "--config", str(tmp_path / "empty.json")]) == 2
    assert "`chatframes chats webex` says what it needs." in capsys.readouterr().err


def test_bounds_of_a_service_are_options(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--config", config, "--output", str(tmp_path / "out")]
    chats = ["telegram:@apollo", "reddit:r/apollo"]
    assert main(["export", *chats, "--limit", "7", "--posts", "1", "--comments", "0", *out]) == 0
    counts = cf.read_parquet(tmp_path / "out", columns=["platform"])["platform"].value_counts()
    assert counts.to_dict() == {"telegram": 7, "reddit": 1}
    *report, _ = capsys.readouterr().out.splitlines()
    assert OF_PYTHON.findall("\n".join(report)) == []
    assert main(["fetch", "webex:Kitchen", "--limit", "7", *out]) == 2
    assert "--limit is for chats of telegram, and none is named" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("webex:", "'webex:' names no chat: write webex:'Project Apollo', say."),
        ("webex:Kitchen --max-size 5", "--max-size 5 is about pictures, and they are downloaded with --images only"),
        ("webex:Kitchen --since 2026-13-01", "--since 2026-13-01 is not a date"),
        ("webex:Kitchen --since 2026-10-31 --until 2026-10-01", "--since 2026-10-31 is not before --until 2026-10-01"),
        ("webex:Kitchen --tz Europe/Olso", "Europe/Olso"),
        ("telegram:@apollo --limit 0", "--limit 0: limit must be a whole number, 1 or more"),
        ("reddit:r/apollo --posts x", "--posts x: posts must be a whole number"),
        ("reddit:r/apollo --sort newest", "newest"),
        ("telegram:https://t.me/share/url?url=x", "telegram"),
        ("webex:Kitchen --config nowhere.json", "--config names nowhere.json, and there is no such file"),
    ],
)
def test_a_mistake_is_said_in_the_words_of_the_command(
    config: str, tmp_path: Path, typed: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["fetch", "--config", config, "--output", str(tmp_path / "out.parquet")]
    assert main([*out, *typed.split()]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert OF_PYTHON.findall(said.err) == []
    assert said.out.startswith("chatframes fetch: status=failed error=ConfigError seconds=")


@pytest.mark.parametrize("size", ["0", "-1", "nan", "inf", "2048", "large"])
def test_a_size_that_is_none_is_a_wrong_command(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fetch", "webex:Kitchen", "--images", "--max-size", size, "--output", "x.parquet"])
    assert ended.value.code == 2
    assert f"'{size}' is no size: write megabytes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "words"), [("export", "the same command goes on"), ("fetch", "nothing was written")]
)
def test_an_interrupt_ends_with_a_line_for_logs(
    command: str, words: str, config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, command, interrupted)
    assert main([command, "webex:Kitchen", "--config", config, "--output", str(tmp_path / "x.parquet")]) == 130
    said = capsys.readouterr()
    assert re.fullmatch(rf"chatframes {command}: status=stopped seconds=\d+\.\d output=.*\n", said.out)
    assert words in said.err


def test_a_defect_leaves_a_line_for_logs_too(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "fetch", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["fetch", "webex:Kitchen", "--config", config, "--output", str(tmp_path / "x.parquet")])
    assert "status=failed error=ZeroDivisionError" in capsys.readouterr().out


def test_the_help_says_what_each_exit_status_means(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("fetch", "export"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        said = capsys.readouterr().out
        for status in ("0  complete", "3  partial", "1  failed", "2  the command is wrong", "130  interrupted"):
            assert status in said
        assert "--limit N" in said


@pytest.mark.parametrize(
    ("python", "terminal"),
    [
        ("Webex(room): this address is of another site.", "webex: this address is of another site."),
        ("Reddit('r/a', posts=5, comments=2) failed", "reddit:r/a --posts 5 --comments 2 failed"),
        ("cf.Webex('Project Apollo') is", "webex:'Project Apollo' is"),
        ("use images=False, or export(...)", "leave out --images, or chatframes export"),
        ("leave out limit= and write posts= instead", "leave out limit= and write --posts instead"),
        ("https://a.example/x?limit=5&since=3 is no chat", "https://a.example/x?limit=5&since=3 is no chat"),
        (
            "Without an account: world = chatframes.sandbox(), and config=world.config in the call.",
            "Without an account: ",
        ),
        ("4 more lines; report(frame).sources holds all", "4 more lines; the report in Python holds all"),
        ("chatframes.report(folder) says what is missing.", "The report, which is printed without --quiet, says what"),
    ],
)
def test_sentences_for_python_are_put_into_the_words_of_the_terminal(python: str, terminal: str) -> None:
    assert in_terminal_words(python).startswith(terminal)


@pytest.mark.parametrize("command", ["fetch webex:Kitchen --output", "export webex:Kitchen --output", "verify"])
def test_an_empty_name_is_not_the_working_folder(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), ""])
    assert ended.value.code == 2
    assert "the name is empty" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
